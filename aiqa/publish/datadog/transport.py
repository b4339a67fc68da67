"""How points reach Datadog: what every way has in common, and the file for those who have no agent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiqa.evidence.store import replace_file
from aiqa.publish.datadog.series import Point
from aiqa.publish.sink import UndeliverableError

FILE = "datadog.jsonl"
# Datadog takes 512,000 bytes a request, and points from one hour ago to ten minutes ahead.
MAX_BYTES = 500_000
OLDEST_SECONDS = 3_600
NEWEST_SECONDS = 600


class Transport(Protocol):
    """One way to Datadog."""

    def send(self, points: Sequence[Point]) -> str:
        """Send the points, or raise; return where they went."""
        ...


def payloads(points: Sequence[Point]) -> Iterator[bytes]:
    """Yield the bodies of requests to ``v2/series``, each of at most 500,000 bytes."""
    batch: list[str] = []
    room = MAX_BYTES
    for point in points:
        element = json.dumps(point.payload(), separators=(",", ":"), allow_nan=False)
        if batch and len(element) + 1 > room:
            yield _body(batch)
            batch, room = [], MAX_BYTES
        batch.append(element)
        room -= len(element) + 1
    if batch:
        yield _body(batch)


def _body(elements: Sequence[str]) -> bytes:
    return f'{{"series":[{",".join(elements)}]}}'.encode()


def check_age(points: Sequence[Point]) -> None:
    """Raise where Datadog would drop the points without a word.

    Raises
    ------
    UndeliverableError
        If the run ended over an hour ago, or in a future that later tries will not wait for.
    """
    age = time.time() - min((point.timestamp for point in points), default=time.time())
    if age > OLDEST_SECONDS:
        raise UndeliverableError(
            f"the run ended {age / 3600:.1f} hours ago, and Datadog drops points older than 1 hour: "
            "not sent; its evidence has the numbers"
        )
    if age < -NEWEST_SECONDS:
        raise UndeliverableError(
            f"the run ended {-age / 60:.0f} minutes in the future, and Datadog drops points later than "
            "10 minutes ahead: not sent; look at this machine's clock"
        )


@dataclass(frozen=True, slots=True)
class FileTransport:
    """Writes ``datadog.jsonl`` in the run's folder: one line for each request that HTTP would send."""

    folder: Path

    def send(self, points: Sequence[Point]) -> str:
        """Write the payloads, replacing what an earlier try wrote."""
        file = self.folder / FILE
        replace_file(file, b"".join(body + b"\n" for body in payloads(points)))
        return str(file)
