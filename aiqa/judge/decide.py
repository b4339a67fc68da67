"""One quantity against one requirement: pass, fail or inconclusive.

A requirement is a one-sided claim judged at error rate alpha = 1 - confidence: ``pass`` where the lower
one-sided bound reaches the threshold, ``fail`` where the upper one stays below it, otherwise
``inconclusive`` (the rule of Karlaš et al., "Building continuous integration services for machine
learning", KDD 2020, with exact bounds in place of Hoeffding's). So a model that sits exactly on the
threshold passes in at most alpha of the runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from aiqa.declare.gate import (
    VERSUS_CHAMPION,
    AtLeast,
    AtMost,
    BetterThan,
    Between,
    NoWorseThan,
    Requirement,
    Within,
)
from aiqa.judge.number import number, percent
from aiqa.stats.inference import Estimate, Inference
from aiqa.verdict import Verdict

POWER = 0.8
_NORMAL = NormalDist()
_HOPELESS = 1e4
_DEVIATIONS_AT_EVERY_LOOK = 3.0
"""About how many standard errors such bounds are away, at any n and confidence that people use."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one quantity, with its reason in words."""

    verdict: Verdict
    reason: str
    estimate: Estimate | None = None
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that a requirement allows; open ends are infinite."""

    low: float = -math.inf
    high: float = math.inf
    strict: bool = False

    def holds(self, value: float) -> bool:
        """Tell whether one number is allowed."""
        on_a_bound = self.strict and value in (self.low, self.high) and math.isfinite(value)
        return self.low <= value <= self.high and not on_a_bound

    @property
    def bounds(self) -> list[float]:
        """The ends that are not open."""
        return [bound for bound in (self.low, self.high) if math.isfinite(bound)]

    def bound_near(self, value: float) -> float:
        """Return the bound that `value` is closest to."""
        return min(self.bounds, key=lambda bound: abs(value - bound))


def allowed(requirement: Requirement) -> Interval:
    """Return what a requirement allows its estimate (for comparisons: the gain) to be."""
    match requirement:
        case AtLeast(threshold, strict):
            return Interval(low=threshold, strict=strict)
        case AtMost(threshold, strict):
            return Interval(high=threshold, strict=strict)
        case Between(low, high):
            return Interval(low, high)
        case NoWorseThan(_, margin):
            return Interval(low=-margin)
        case Within(_, margin):
            return Interval(-margin, margin)
        case BetterThan(_, margin):
            return Interval(low=margin, strict=margin == 0)
    raise TypeError(f"{requirement!r} is decided by its result, not by an interval")


def decide(inference: Inference, requirement: Requirement, confidence: float | None) -> Judgement:
    """Judge one quantity.

    Parameters
    ----------
    inference : Inference
        The quantity, or for a comparison the challenger's gain on the champion.
    requirement : Requirement
    confidence : float or None
        None compares the point estimate, and the reason says so.
    """
    interval = allowed(requirement)
    estimate = inference.estimate(confidence, "each-side")
    if confidence is None or inference.method == "exact":
        verdict = Verdict.PASS if interval.holds(inference.value) else Verdict.FAIL
        return Judgement(verdict, _reason_of_point(inference, requirement), estimate)
    verdict = _verdict(estimate, interval)
    if verdict is Verdict.INCONCLUSIVE:
        return _undecided(inference, requirement, estimate, confidence)
    return Judgement(verdict, _reason(inference, requirement, verdict, estimate), estimate)


def refuted(inference: Inference, requirement: Requirement, alpha: float) -> bool:
    """Tell whether the data refute the requirement at this error rate: so does any larger one."""
    interval = allowed(requirement)
    if inference.method == "exact":
        return not interval.holds(inference.value)
    too_low = math.isfinite(interval.low) and inference.upper(alpha) < interval.low
    return too_low or (math.isfinite(interval.high) and inference.lower(alpha) > interval.high)


def needed(inference: Inference, requirement: Requirement, confidence: float) -> int | None:
    """Return the n of ``inference.support_of`` that decides with 80 % power at the present effect.

    By the normal approximation n' = n ((z_conf + z_power) s / |effect|)², with the standard error s read off
    the bound that faces the threshold. None where the estimate sits on the threshold.
    """
    threshold = allowed(requirement).bound_near(inference.value)
    effect = abs(inference.value - threshold)
    bound = _facing(inference, threshold, 1 - confidence)
    z = _DEVIATIONS_AT_EVERY_LOOK if inference.always else _NORMAL.inv_cdf(confidence)
    reach = (1 + _NORMAL.inv_cdf(POWER) / z) * abs(inference.value - bound)
    if reach > _HOPELESS * effect:
        return None
    return math.ceil(_support(inference) * (reach / effect) ** 2) if effect else None


def _support(inference: Inference) -> int:
    return inference.n if inference.support is None else inference.support


def _verdict(estimate: Estimate, interval: Interval) -> Verdict:
    # The whole interval inside: proven. The whole interval outside, on one side: refuted.
    if interval.holds(estimate.low) and interval.holds(estimate.high):
        return Verdict.PASS
    below, above = (
        _beyond(estimate.high, interval.low, interval),
        _beyond(interval.high, estimate.low, interval),
    )
    return Verdict.FAIL if below or above else Verdict.INCONCLUSIVE


def _beyond(value: float, bound: float, interval: Interval) -> bool:
    return value <= bound if interval.strict else value < bound


def _undecided(
    inference: Inference, requirement: Requirement, estimate: Estimate, confidence: float
) -> Judgement:
    support = f"{_support(inference):,} {inference.support_of}"
    low, value, high = _told(estimate, requirement)
    bounds = f"between {low} and {high}"
    reason = (
        f"{support} cannot tell: {_sure(inference, confidence)} on each side {_subject(requirement)} is "
        f"{bounds}, and {requirement} is required"
    )
    advice = _what_would_decide(inference, requirement, confidence, value)
    return Judgement(Verdict.INCONCLUSIVE, reason, estimate, f"Not proven either way: {advice}.")


def _what_would_decide(inference: Inference, requirement: Requirement, confidence: float, value: str) -> str:
    of, count = inference.support_of, needed(inference, requirement, confidence)
    if count is not None:
        return f"about {count:,} {of} would decide it if the value stays {value}"
    threshold = allowed(requirement).bound_near(inference.value)
    if not math.isfinite(_facing(inference, threshold, 1 - confidence)):
        return f"so few {of} set no bound on the side of the threshold, and more would"
    return f"the value sits on the threshold: more {of} alone will hardly decide it"


def _facing(inference: Inference, threshold: float, alpha: float) -> float:
    """Return the bound on the side of the threshold."""
    return inference.lower(alpha) if inference.value >= threshold else inference.upper(alpha)


def _sure(inference: Inference, confidence: float) -> str:
    looks = ", whenever one looks," if inference.always else ""
    return f"with {percent(confidence)} confidence{looks}"


def _reason(inference: Inference, requirement: Requirement, verdict: Verdict, estimate: Estimate) -> str:
    interval = allowed(requirement)
    sure = _sure(inference, estimate.confidence or 0.0)
    proven = verdict is Verdict.PASS
    low, _, high = _told(estimate, requirement)
    low_side = math.isfinite(interval.low) and (proven or estimate.high <= interval.low)
    if proven and math.isfinite(interval.low) and math.isfinite(interval.high):
        where = f"between {low} and {high}"
    elif proven:
        where = f"at least {low}" if low_side else f"at most {high}"
    else:
        where = f"at most {high}" if low_side else f"at least {low}"
    return f"{sure} {_subject(requirement)} is {where}, and {requirement} is required"


def _subject(requirement: Requirement) -> str:
    return "the gain on the champion" if isinstance(requirement, VERSUS_CHAMPION) else "it"


def _reason_of_point(inference: Inference, requirement: Requirement) -> str:
    how = "counted exactly" if inference.method == "exact" else "by the point estimate alone"
    value = _with_unit(number(inference.value, allowed(requirement).bounds), inference.unit)
    return f"{how} {_subject(requirement)} is {value}, and {requirement} is required"


def _told(estimate: Estimate, requirement: Requirement) -> tuple[str, str, str]:
    bounds = allowed(requirement).bounds
    low, value, high = (
        _with_unit(number(part, bounds), estimate.unit)
        for part in (estimate.low, estimate.value, estimate.high)
    )
    return low, value, high


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text
