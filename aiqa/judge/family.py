"""All slices of a gate as one family.

"Every slice meets it" is an intersection-union claim: each slice is proven at the gate's own alpha (Berger
1982). "Some slice does not" is an alarm, and 20 alarms at 5 % each ring falsely in 64 % of runs. So only
slices that survive a correction fail: of a gate that blocks by Holm's, which keeps the chance of any false
alarm at alpha; of one that warns, where looking for what may be wrong is the point, by Benjamini &
Hochberg's, which finds more and keeps the share of false ones among the alarms at alpha.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aiqa.declare.gate import Requirement
from aiqa.errors import MetricError
from aiqa.judge.decide import Judgement, allowed, decide, refuted
from aiqa.judge.number import number
from aiqa.stats.inference import Inference
from aiqa.stats.multiplicity import Stepwise, rejected
from aiqa.verdict import Verdict

SliceKey = tuple[tuple[str, Any], ...]
CORRECTIONS: dict[str, Stepwise] = {"block": "holm", "warn": "bh"}
"""By the gate's severity, how its slices are spared false alarms."""
_NAMES = {"holm": "Holm", "bh": "Benjamini-Hochberg"}
_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.SKIPPED)


@dataclass(frozen=True, slots=True)
class Part:
    """One slice and its judgement."""

    slice: SliceKey
    judgement: Judgement


def decide_family(
    inferences: Mapping[SliceKey, Inference | MetricError],
    requirement: Requirement,
    confidence: float | None,
    min_support: int,
    severity: str = "block",
) -> tuple[Judgement, tuple[Part, ...]]:
    """Judge every slice, and all of them together; the parts come back worst first.

    A slice of fewer than `min_support` rows is skipped; one on which the metric is not defined (no positives,
    say) is inconclusive. No slice at all is an error: nothing was decided.
    """
    parts = [
        Part(key, _decide_slice(inference, requirement, confidence, min_support))
        for key, inference in inferences.items()
    ]
    parts = _spare_false_alarms(parts, inferences, requirement, confidence, CORRECTIONS[severity])
    ordered = tuple(sorted(parts, key=lambda part: _badness(part, requirement)))
    return _together(ordered, min_support), ordered


def name_of(key: SliceKey) -> str:
    """Name a slice for people: ``country=BR, channel=web``."""
    return ", ".join(f"{column}={'(missing)' if value is None else value}" for column, value in key)


def _decide_slice(
    inference: Inference | MetricError, requirement: Requirement, confidence: float | None, min_support: int
) -> Judgement:
    if isinstance(inference, MetricError):
        return Judgement(Verdict.INCONCLUSIVE, f"not defined here: {inference}")
    if inference.n < min_support:
        return Judgement(
            Verdict.SKIPPED,
            f"{inference.n:,} rows, fewer than min_support = {min_support:,}",
            inference.estimate(confidence, "each-side"),
        )
    return decide(inference, requirement, confidence)


def _spare_false_alarms(
    parts: list[Part],
    inferences: Mapping[SliceKey, Inference | MetricError],
    requirement: Requirement,
    confidence: float | None,
    correction: Stepwise,
) -> list[Part]:
    if confidence is None:
        return parts
    judged = [
        (part, inference)
        for part in parts
        if isinstance(inference := inferences[part.slice], Inference)
        and part.judgement.verdict is not Verdict.SKIPPED
    ]
    failing = [
        (part.slice, inference) for part, inference in judged if part.judgement.verdict is Verdict.FAIL
    ]
    tests = [partial(refuted, inference, requirement) for _, inference in failing]
    survive = rejected(tests, 1 - confidence, correction, of=len(judged))
    surviving = {failing[place][0] for place in survive}
    told = f"among {len(judged):,} slices it may be chance ({_NAMES[correction]})"
    return [part if part.slice in surviving else _spared(part, told) for part in parts]


def _spared(part: Part, told: str) -> Part:
    if part.judgement.verdict is not Verdict.FAIL:
        return part
    reason = f"{part.judgement.reason}; alone that would fail, but {told}"
    return replace(part, judgement=replace(part.judgement, verdict=Verdict.INCONCLUSIVE, reason=reason))


def _badness(part: Part, requirement: Requirement) -> tuple[int, float]:
    estimate = part.judgement.estimate
    if estimate is None:
        return _WORST_FIRST.index(part.judgement.verdict), 0.0
    interval = allowed(requirement)
    slack = min(estimate.value - interval.low, interval.high - estimate.value)
    return _WORST_FIRST.index(part.judgement.verdict), slack


def _together(parts: tuple[Part, ...], min_support: int) -> Judgement:
    if not parts:
        return Judgement(Verdict.ERROR, "no slice matched, so nothing was decided")
    verdicts = [part.judgement.verdict for part in parts]
    if all(verdict is Verdict.SKIPPED for verdict in verdicts):
        return Judgement(Verdict.SKIPPED, f"every slice has fewer than min_support = {min_support:,} rows")
    worst = parts[0].judgement
    counts = ", ".join(f"{verdicts.count(v):,} {v}" for v in _WORST_FIRST if v in verdicts)
    slices = "1 slice" if len(parts) == 1 else f"{len(parts):,} slices"
    value = f" at {number(worst.estimate.value)}" if worst.estimate else ""
    return Judgement(
        worst.verdict,
        f"{slices}: {counts}; worst {name_of(parts[0].slice)}{value}: {worst.reason}",
        worst.estimate,
        worst.advice,
    )
