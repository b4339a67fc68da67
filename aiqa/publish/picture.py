"""The picture of a gate: where its interval lies against what is required, in per cent of a width."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aiqa.evidence.record import EstimateRecord, GateRecord
from aiqa.judge.decide import Interval, allowed
from aiqa.judge.number import number
from aiqa.publish import words

_MARGIN = 6.0
_ROOM_FOR_LABEL = 35.0


@dataclass(frozen=True, slots=True)
class Span:
    """From `left` over `width`, both in per cent; a side that goes on beyond the picture is open."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in per cent, what it is called, and where the words may stand (SVG's text-anchor)."""

    at: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw: the required range, the interval, the value, the thresholds; and it all in words."""

    required: Span | None
    interval: Span | None
    value: Mark
    thresholds: tuple[Mark, ...]
    description: str

    @property
    def labels(self) -> tuple[Mark, ...]:
        """What to write above the thresholds: one label for both where they would overlap."""
        first, *others = self.thresholds
        if not others or others[0].at - first.at > _ROOM_FOR_LABEL:
            return self.thresholds
        return (_mark((first.at + others[0].at) / 2, f"{first.text} to {others[0].text}"),)


def picture(gate: GateRecord) -> Picture | None:
    """Lay a gate's numbers out on a line; None where there is no number, or nothing to compare it with."""
    range_ = _required(gate)
    if gate.estimate is None or range_ is None:
        return None
    return _lay_out(gate, gate.estimate, range_)


def _required(gate: GateRecord) -> Interval | None:
    requirement = words.requirement_of(gate)
    if gate.usual is not None:
        return Interval(gate.usual.low, gate.usual.high)
    try:
        return None if requirement is None else allowed(requirement)
    except TypeError:  # an expectation is met or not: there is no range
        return None


def _lay_out(gate: GateRecord, estimate: EstimateRecord, range_: Interval) -> Picture:
    bounds = [bound for bound in (range_.low, range_.high) if math.isfinite(bound)]
    scale = _Scale.over([estimate.value, *bounds, *(_ends(estimate))])
    signed = words.is_gain(gate)
    found = words.estimate_text(estimate, bounds, signed)
    value = f"{number(estimate.value, bounds, signed)} {estimate.unit}".rstrip()
    return Picture(
        required=scale.span(range_.low, range_.high),
        interval=scale.span(*_ends(estimate)) if words.interval_text(estimate) else None,
        value=scale.mark(estimate.value, value),
        thresholds=tuple(scale.mark(bound, number(bound, signed=signed)) for bound in bounds),
        description=f"{found}; required: {words.needed(gate)}",
    )


def _ends(estimate: EstimateRecord) -> tuple[float, float]:
    low = -math.inf if estimate.low is None else estimate.low
    high = math.inf if estimate.high is None else estimate.high
    return low, high


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    width: float

    @classmethod
    def over(cls, values: list[float]) -> _Scale:
        finite = [value for value in values if math.isfinite(value)]
        low, high = min(finite), max(finite)
        width = high - low or abs(low) * 0.1 or 1.0
        middle = (high + low) / 2
        return cls(middle - width / 2, width)

    def place(self, value: float) -> float:
        share = (value - self.low) / self.width
        return min(max(_MARGIN + share * (100 - 2 * _MARGIN), 0.0), 100.0)

    def span(self, low: float, high: float) -> Span:
        left, right = self.place(low), self.place(high)
        return Span(round(left, 2), round(right - left, 2))

    def mark(self, value: float, text: str) -> Mark:
        return _mark(self.place(value), text)


def _mark(at: float, text: str) -> Mark:
    return Mark(round(at, 2), text, "start" if at < 15 else "end" if at > 85 else "middle")
