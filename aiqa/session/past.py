"""Values held against those of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from aiqa.declare.gate import SUFFIX, AsUsual, Policy
from aiqa.declare.values import Declaration
from aiqa.errors import AiqaError, DeclarationError, MetricError
from aiqa.evidence.history import Asked, usable
from aiqa.judge.family import SliceKey
from aiqa.judge.results import observed
from aiqa.judge.usual import decide_usual, unknown_past, usual_of
from aiqa.judge.values import Judged, judge_values
from aiqa.session.job import Case, Job
from aiqa.session.subjects import Subjects
from aiqa.stats.inference import Inference, exact


def against_past(job: Job, case: Case, policy: Policy, subjects: Subjects) -> Job:
    """Hold what an expectation observes against earlier runs, whether it holds or not."""

    def conclude(answers: Any) -> Judged:
        judged = job.conclude(answers)
        result = (judged.result or {}).get("result", {})
        value = observed(result)
        if value is None:
            raise DeclarationError(f"{case.gate.claim} observes no number that could be as usual")
        found = exact(value, int(result.get("element_count") or 0))
        unit = "" if "observed_value" in result else " %"
        return replace(_judge_usual(case, found, policy, subjects, unit), result=judged.result)

    return replace(job, conclude=conclude)


def _judge_usual(case: Case, found: Inference, policy: Policy, subjects: Subjects, unit: str = "") -> Judged:
    requirement = cast("AsUsual", case.gate.requirement)
    check, claim = case.check, case.gate.claim
    asked = Asked(
        check.name,
        (case.gate_id, case.gate_id.removesuffix(SUFFIX[AsUsual])),
        cast("Declaration", claim).to_json(),
        None if check.model is None else check.model.name,
        None if check.dataset is None else check.dataset.name,
    )
    confidence = cast("float | None", policy.confidence)
    try:
        past = usable(subjects.history.past(asked), subjects.subject(check), requirement, subjects.branch)
    except AiqaError as error:
        return Judged(unknown_past(found, confidence, str(error)))
    usual = usual_of(past, requirement)
    return Judged(decide_usual(found, usual, len(past), requirement, confidence, unit), usual=usual)


def judge_value(
    case: Case, found: Mapping[SliceKey, Inference | MetricError], policy: Policy, subjects: Subjects
) -> Judged:
    """Judge values by a requirement, or the whole by earlier runs."""
    if not isinstance(case.gate.requirement, AsUsual):
        return judge_values(case.gate.requirement, found, policy)
    whole = found[()]
    if isinstance(whole, MetricError):
        raise whole
    return _judge_usual(case, whole, policy, subjects, f" {whole.unit}".rstrip())
