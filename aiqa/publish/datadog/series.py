"""The series that a run becomes: built once, for every way to Datadog.

Each name with each set of tag values is one custom metric, which costs: so tags say what lasts (project,
check, gate, owner), never what changes from run to run (run ids, commits, rows).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aiqa.config import DatadogSettings
from aiqa.evidence.record import CheckRecord, Evidence, GateRecord, PartRecord
from aiqa.publish.facts import distinct_gates, ended_at, slice_value
from aiqa.publish.names import Names

MAX_TAG = 200
MAX_SLICES = 100
# What an Agent reports for DogStatsD's counts, so that both ways to Datadog mean the same.
COUNT_INTERVAL = 10
TYPES = {"count": 1, "gauge": 3}
_NOT_ALLOWED = re.compile(r"[^\w\-:./]+")


@dataclass(frozen=True, slots=True)
class Point:
    """One number of one series, at the end of the run.

    Raises
    ------
    ValueError
        If the value is not finite.
    """

    metric: str
    type: Literal["gauge", "count"]
    value: float
    timestamp: int
    tags: tuple[str, ...]

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"{self.metric} is {self.value}: Datadog takes finite numbers only")

    def payload(self) -> dict[str, Any]:
        """Return it as an element of ``series`` in Datadog's ``v2/series``."""
        interval = {"interval": COUNT_INTERVAL} if self.type == "count" else {}
        return {
            "metric": self.metric,
            "type": TYPES[self.type],
            **interval,
            "points": [{"timestamp": self.timestamp, "value": self.value}],
            "tags": list(self.tags),
        }


def series(evidence: Evidence, settings: DatadogSettings, environ_tags: Sequence[str] = ()) -> list[Point]:
    """Return what Datadog is told of a run.

    Of each gate the gauges ``gate.value``, ``gate.low``, ``gate.high`` and ``gate.threshold`` and the count
    ``gate.verdict``; of slices by the columns in ``settings.slices`` the gauge ``gate.slice_value``; of the
    run the gauge ``run.seconds`` and the counts ``run.verdict`` and ``run.gates`` (all five verdicts, also
    those that are 0). Names begin with ``settings.prefix``.

    Parameters
    ----------
    evidence : Evidence
    settings : DatadogSettings
    environ_tags : sequence of str
        ``env:...``, ``service:...``, ``version:...``.
    """
    build = _Builder(evidence, settings, environ_tags)
    return [*build.of_run(), *build.of_gates()]


class _Builder:
    def __init__(self, evidence: Evidence, settings: DatadogSettings, environ_tags: Sequence[str]) -> None:
        self._evidence = evidence
        self._prefix = settings.prefix.rstrip(".")
        self._slices = frozenset(settings.slices)
        self._moment = math.floor(ended_at(evidence))
        # Two tags that Datadog would write alike must not share one series.
        self._tag = Names(_pair, MAX_TAG)
        own = [self._tag("project", evidence.project), self._tag("tier", evidence.tier)]
        self._own = (*own, *(_clean(tag)[:MAX_TAG] for tag in (*settings.tags, *environ_tags)))

    def of_run(self) -> Iterator[Point]:
        evidence = self._evidence
        yield self._point("run.seconds", "gauge", evidence.seconds, ())
        yield self._point("run.verdict", "count", 1, (f"verdict:{evidence.verdict}",))
        for verdict, count in evidence.counts().items():
            yield self._point("run.gates", "count", count, (f"verdict:{verdict}",))

    def of_gates(self) -> Iterator[Point]:
        for check, gate in distinct_gates(self._evidence):
            tags = self._tags_of(check, gate)
            for name, value in _numbers(gate):
                yield self._point(f"gate.{name}", "gauge", value, tags)
            yield self._point("gate.verdict", "count", 1, (*tags, f"verdict:{gate.verdict}"))
            for part, value in _slice_values(gate, self._slices):
                slice_tags = tuple(
                    self._tag(f"slice_{key}", slice_value(of)) for key, of in part.slice.items()
                )
                yield self._point("gate.slice_value", "gauge", value, (*tags, *slice_tags))

    def _point(
        self, name: str, kind: Literal["gauge", "count"], value: float, tags: tuple[str, ...]
    ) -> Point:
        unique = tuple(dict.fromkeys((*self._own, *tags)))
        return Point(f"{self._prefix}.{name}", kind, float(value), self._moment, unique)

    def _tags_of(self, check: CheckRecord, gate: GateRecord) -> tuple[str, ...]:
        told = {
            "check": check.name,
            "gate": gate.id,
            "model": check.model,
            "dataset": check.dataset,
            "owner": check.owner,
        }
        return tuple(self._tag(key, value) for key, value in told.items() if value)


def _numbers(gate: GateRecord) -> Iterator[tuple[str, float]]:
    estimate = gate.estimate
    bounds = (estimate.low, estimate.high) if estimate and estimate.confidence is not None else (None, None)
    told = zip(
        ("value", "low", "high", "threshold"),
        (estimate.value if estimate else None, *bounds, gate.threshold),
        strict=True,
    )
    yield from ((name, value) for name, value in told if value is not None)


def _slice_values(gate: GateRecord, allowed: frozenset[str]) -> list[tuple[PartRecord, float]]:
    # The judge puts the worst first.
    found = [
        (part, part.estimate.value)
        for part in gate.parts
        if part.estimate is not None and part.slice and allowed.issuperset(part.slice)
    ]
    return found[:MAX_SLICES]


def _pair(key: str, value: str) -> str:
    # The first colon parts a tag's key from its value.
    return _clean(f"{key.replace(':', '_')}:{_NOT_ALLOWED.sub('_', value).strip('_') or 'none'}")


def _clean(tag: str) -> str:
    """Write a tag as Datadog stores it: lower case, its alphabet, a letter first, no underscore last."""
    cleaned = _NOT_ALLOWED.sub("_", tag.lower()).strip("_")
    return cleaned if cleaned[:1].isalpha() else f"tag_{cleaned}"
