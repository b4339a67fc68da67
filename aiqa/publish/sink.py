"""What a sink is: something that takes evidence somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiqa.errors import AiqaError
from aiqa.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of sending one run to one sink.

    ``waits``: the outbox keeps it, so that ``aiqa push`` tries again.
    """

    sink: str
    sent: bool
    where: str | None = None
    problem: str | None = None
    run_id: str | None = None
    waits: bool = False


class UndeliverableError(AiqaError):
    """A sink will never take this run, so that it is not kept for another try."""


class Sink(Protocol):
    """One place where evidence goes.

    ``send`` raises on any trouble, within a few seconds; :func:`aiqa.publish.publish` turns that into a
    :class:`Delivery` and keeps the run in the outbox (not after an :class:`UndeliverableError`). Sending
    the same run twice must be harmless.
    """

    @property
    def name(self) -> str:
        """What names it in the closing line and in the outbox."""
        ...

    def send(self, evidence: Evidence, folder: Path) -> str:
        """Send `evidence`, whose files lie in `folder`; return where it went, for the closing line."""
        ...
