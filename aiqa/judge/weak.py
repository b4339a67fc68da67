"""Which slices look weak where they were searched, and what the rows that were kept for it say of them.

Looking at thousands of slices finds weak ones by chance. So one half of the rows only says which slices are
worth a test, and the other, which had no part in that, tests these few (Cox, "A note on data-splitting for
the evaluation of significance levels", Biometrika 62, 1975); they are then judged as any family of slices
is. How they were chosen does not matter for the errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import cast

from aiqa.declare.gate import Policy, Requirement
from aiqa.declare.search import Search
from aiqa.errors import MetricError
from aiqa.judge.decide import Judgement, allowed, decide
from aiqa.judge.family import SliceKey
from aiqa.judge.values import Judged, judge_values
from aiqa.stats.inference import Inference
from aiqa.verdict import Verdict

MOST = 100
"""So many candidates are tested, the surest first: each one more costs all of them power."""

Found = Mapping[SliceKey, Inference | MetricError]


def candidates(searched: Found, requirement: Requirement, confidence: float | None) -> tuple[SliceKey, ...]:
    """Return the slices that fail where they were searched, each at the gate's confidence, the surest first.

    A cross of a slice that fails itself is left out, unless it is clearly worse: even the bound of its value
    is worse than the other's value, at an error rate shared by all such crosses (Bonferroni).
    """
    alpha = 0.5 if confidence is None else 1 - confidence
    weak = {
        key: found
        for key, found in searched.items()
        if isinstance(found, Inference) and decide(found, requirement, confidence).verdict is Verdict.FAIL
    }
    kept: dict[SliceKey, Inference] = {}
    shared = alpha / max(1, sum(len(key) > 1 for key in weak))
    for key in sorted(weak, key=len):
        parents = [weak[part] for part in _parts_of(key) if part in kept]
        if all(_is_clearly_worse(weak[key], parent, requirement, shared) for parent in parents):
            kept[key] = weak[key]
    return tuple(sorted(kept, key=lambda key: -_sureness(kept[key], requirement, alpha)))


def _parts_of(key: SliceKey) -> Iterator[SliceKey]:
    for size in range(1, len(key)):
        yield from combinations(key, size)


def _is_clearly_worse(one: Inference, other: Inference, requirement: Requirement, alpha: float) -> bool:
    too_low = one.value < allowed(requirement).low
    return one.upper(alpha) < other.value if too_low else one.lower(alpha) > other.value


def _sureness(found: Inference, requirement: Requirement, alpha: float) -> float:
    """Return how far the value is beyond what is allowed, in units of how far its bound is from it."""
    interval = allowed(requirement)
    too_low = found.value < interval.low
    beyond = interval.low - found.value if too_low else found.value - interval.high
    reach = found.upper(alpha) - found.value if too_low else found.value - found.lower(alpha)
    return beyond / reach if reach > 0 else math.inf


def judge_weak(
    searched: Found,
    chosen: Sequence[SliceKey],
    tested: Found,
    requirement: Requirement,
    policy: Policy,
    search: Search,
) -> Judged:
    """Judge the candidates by the half that tests them.

    Without any the gate passes: none was found, which is less than that there is none. Without a slice that
    could be searched it is skipped.

    Parameters
    ----------
    searched : mapping
        All slices that were searched.
    chosen : sequence
        Those that are candidates.
    tested : mapping
        What the other half says of these, or of as many as are tested.
    requirement : Requirement
    policy : Policy
    search : Search

    Raises
    ------
    MetricError
        If the metric is defined in no slice.
    """
    if not searched:
        reason = f"no slice has {search.min_support:,} rows in the half that is searched"
        return Judged(Judgement(Verdict.SKIPPED, reason))
    looked = _looked(searched)
    if not tested:
        return Judged(Judgement(Verdict.PASS, f"none of {looked} looks weak in the half that was searched"))
    judged = judge_values(requirement, tested, policy)
    left = len(chosen) > len(tested)
    surest = f", of which the {len(tested):,} surest were tested" if left else ""
    told = f"of {looked} {len(chosen):,} looked weak in the half that was searched{surest}; in the other, of "
    verdict = judged.judgement.verdict
    verdict = Verdict.INCONCLUSIVE if left and verdict is Verdict.PASS else verdict
    reason = told + judged.judgement.reason
    return replace(judged, judgement=replace(judged.judgement, verdict=verdict, reason=reason))


def _looked(searched: Found) -> str:
    errors = [found for found in searched.values() if isinstance(found, MetricError)]
    if len(errors) == len(searched):
        raise errors[0]
    undefined = f" ({len(errors):,} more have no such value)" if errors else ""
    return f"{len(searched) - len(errors):,} slices{undefined}"


def confidence_of(policy: Policy) -> float | None:
    """Return at which confidence slices are candidates."""
    return cast("float | None", policy.confidence)
