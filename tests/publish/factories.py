"""Stored runs for tests of sinks: evidence on disk, of just now unless a test says otherwise."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import Any

from aiqa.evidence.record import Evidence
from aiqa.evidence.store import write
from aiqa.publish.sink import Sink
from tests.evidence.factories import a_mixed_run

_COUNT = itertools.count(1)


def fresh(**changes: Any) -> Evidence:
    """Return a mixed run with an id of its own that ended this moment."""
    return a_mixed_run(**{"run_id": f"run-{next(_COUNT):04d}", "started": ago(3.21), **changes})


def ago(seconds: float) -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds)).isoformat()


def stored(out: Path, **changes: Any) -> tuple[Evidence, Path]:
    evidence = fresh(**changes)
    return evidence, write(evidence, out)


class Recorder:
    """A sink that remembers what it got, and raises what it is told to."""

    def __init__(self, name: str = "recorder", error: BaseException | None = None) -> None:
        self.name = name
        self.error = error
        self.got: list[str] = []

    def send(self, evidence: Evidence, folder: Path) -> str:
        self.got.append(evidence.run_id)
        if self.error is not None:
            raise self.error
        return f"{self.name}: {folder.name}"


def as_sink(recorder: Recorder) -> Sink:
    """Return it as what the library takes; a type checker proves that it fits."""
    return recorder
