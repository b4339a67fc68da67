"""What a sink is: something that takes evidence somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiqa.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of sending one run to one sink."""

    sink: str
    sent: bool
    where: str | None = None
    problem: str | None = None


class Sink(Protocol):
    """One place where evidence goes.

    ``send`` raises on any trouble, within a few seconds; :func:`aiqa.publish.publish` turns that into a
    :class:`Delivery` and keeps the run in the outbox. Sending the same run twice must be harmless.
    """

    name: str

    def send(self, evidence: Evidence, folder: Path) -> str:
        """Send `evidence`, whose files lie in `folder`; return where it went, for the closing line."""
        ...
