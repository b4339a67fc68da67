"""Where evidence goes: one file a sink, and the outbox for what could not be sent."""

from aiqa.publish.dispatch import publish, push
from aiqa.publish.outbox import Outbox
from aiqa.publish.sinks import enabled_sinks

__all__ = ["Outbox", "enabled_sinks", "publish", "push"]
