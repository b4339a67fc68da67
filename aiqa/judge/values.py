"""A gate's quantity, whole or in slices, as one judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from aiqa.declare.gate import Policy, Requirement
from aiqa.errors import MetricError
from aiqa.judge.decide import Judgement, decide
from aiqa.judge.family import Part, SliceKey, decide_family
from aiqa.judge.usual import Usual
from aiqa.stats.inference import Inference
from aiqa.stats.sequential import looked_at


@dataclass(frozen=True, slots=True)
class Judged:
    """All that judging a gate brought to light."""

    judgement: Judgement
    parts: tuple[Part, ...] = ()
    challenger: float | None = None
    champion: float | None = None
    p_value: float | None = None
    result: dict[str, Any] | None = None
    usual: Usual | None = None


def judge_values(
    requirement: Requirement, found: Mapping[SliceKey, Inference | MetricError], policy: Policy
) -> Judged:
    """Judge what the catalogue found: one value under the key ``()``, or a family of slices.

    Raises
    ------
    MetricError
        If there is one value and it is not defined.
    """
    confidence = cast("float | None", policy.confidence)
    if policy.anytime:
        found = {
            key: _at_every_look(value, cast("bool | int", policy.anytime)) for key, value in found.items()
        }
    if set(found) != {()}:
        judgement, parts = decide_family(
            found, requirement, confidence, int(policy.min_support), policy.severity
        )
        return Judged(judgement, parts)
    inference = found[()]
    if isinstance(inference, MetricError):
        raise inference
    return Judged(decide(inference, requirement, confidence))


def _at_every_look(found: Inference | MetricError, anytime: bool | int) -> Inference | MetricError:
    return found if isinstance(found, MetricError) else looked_at(found, anytime)
