"""A value against those of earlier runs: as usual, or an anomaly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiqa.declare.gate import AsUsual
from aiqa.judge.decide import Interval, Judgement
from aiqa.judge.number import number, percent
from aiqa.stats.inference import Estimate, Inference
from aiqa.stats.prediction import prediction_interval
from aiqa.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Usual:
    """Where `runs` earlier runs put the value."""

    low: float
    high: float
    runs: int

    @property
    def interval(self) -> Interval:
        """The range as the values that it allows."""
        return Interval(self.low, self.high)

    def told(self, unit: str) -> str:
        """Say it, with the unit behind each number."""
        low, high = (number(bound) + unit for bound in (self.low, self.high))
        return f"between {low} and {high}, by {self.runs:,} earlier runs"


def usual_of(past: Sequence[float], requirement: AsUsual) -> Usual | None:
    """Return what is usual; None where there are too few earlier runs to tell.

    The range is widened to `margin` on both sides of its middle, where it is narrower.
    """
    if len(past) < requirement.at_least:
        return None
    low, high = prediction_interval(past, requirement.false_alarms)
    middle = (low + high) / 2
    return Usual(min(low, middle - requirement.margin), max(high, middle + requirement.margin), len(past))


def decide_usual(
    inference: Inference,
    usual: Usual | None,
    past: int,
    requirement: AsUsual,
    confidence: float | None,
    unit: str = "",
) -> Judgement:
    """Judge one quantity by what is usual of it.

    A value in the range passes. One outside fails if the whole of its own interval is: otherwise its rows are
    too few to tell an anomaly from chance.

    Parameters
    ----------
    inference : Inference
    usual : Usual or None
    past : int
        How many earlier runs there are.
    requirement : AsUsual
    confidence : float or None
        Of the value's own interval; None for the value alone.
    unit : str
        Follows numbers in the reason: ``" %"``.
    """
    estimate = inference.estimate(confidence, "each-side")
    if usual is None:
        return Judgement(
            Verdict.INCONCLUSIVE,
            f"what is usual takes {requirement.at_least:,} earlier runs on other data or models, and there "
            f"{'is' if past == 1 else 'are'} {past:,}",
            estimate,
            "It decides by itself once there are enough. Where the machine forgets its runs, let "
            '[tool.aiqa.history] source = "mlflow" bring them.',
        )
    value, beside = inference.value, (usual.low, usual.high)
    if usual.interval.holds(value):
        reason = f"it is {number(value, beside)}{unit}, as usual: {usual.told(unit)}"
        return Judgement(Verdict.PASS, reason, estimate)
    exact = confidence is None or inference.method == "exact"
    if exact or estimate.high < usual.low or estimate.low > usual.high:
        reason = f"it is {number(value, beside)}{unit}, and usual is {usual.told(unit)}"
        return Judgement(Verdict.FAIL, reason, estimate)
    return Judgement(Verdict.INCONCLUSIVE, _perhaps(estimate, usual), estimate, _PERHAPS)


def unknown_past(inference: Inference, confidence: float | None, why: str) -> Judgement:
    """Return the judgement where earlier runs cannot be read: nothing is known against the value."""
    return Judgement(
        Verdict.INCONCLUSIVE,
        f"what is usual cannot be told, as earlier runs cannot be read: {why}",
        inference.estimate(confidence, "each-side"),
        "Look at where [tool.aiqa.history] says that earlier runs are; the value itself is in the evidence.",
    )


_PERHAPS = "Rows of this run are too few to tell an anomaly from chance; if it comes again, it is none."


def _perhaps(estimate: Estimate, usual: Usual) -> str:
    beside = (usual.low, usual.high)
    low, value, high = (number(part, beside) for part in (estimate.low, estimate.value, estimate.high))
    sure = f"with {percent(estimate.confidence or 0.0)} confidence on each side"
    return f"it is {value}, and usual is {usual.told('')}; but {sure} it may be {low} to {high}"
