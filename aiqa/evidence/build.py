"""Judgements as records."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from pathlib import Path
from typing import Any

from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation
from aiqa.declare.folded import OTHER
from aiqa.declare.gate import AsUsual, Gate, Met, Policy
from aiqa.errors import AiqaError, DataError
from aiqa.evidence.masking import mask
from aiqa.evidence.record import (
    CheckRecord,
    ErrorRecord,
    EstimateRecord,
    GateRecord,
    OtherRecord,
    PartRecord,
    UsualRecord,
)
from aiqa.judge.advice import advice_on_error, advice_on_failure
from aiqa.judge.decide import allowed
from aiqa.judge.family import Part
from aiqa.judge.run import blocks
from aiqa.judge.usual import Usual
from aiqa.judge.values import Judged
from aiqa.stats.inference import Estimate
from aiqa.verdict import Verdict

_LONGEST_MESSAGE = 2_000
PARTS = 1_000
"""So many slices of a gate are kept, the worst; the others are counted."""


def check_record(check: Check, root: Path) -> CheckRecord:
    """Return a check's record, still without gates; its file is relative to `root` where it lies there."""
    return CheckRecord(
        name=check.name,
        doc=check.doc,
        owner=check.owner,
        tier=check.tier,
        file=_relative(check.file, root),
        line=check.line,
        model=check.model.name if check.model else None,
        dataset=check.dataset.name if check.dataset else None,
    )


def _relative(file: str, root: Path) -> str:
    return Path(file).relative_to(root).as_posix() if Path(file).is_relative_to(root) else file


def gate_record(
    gate: Gate, gate_id: str, policy: Policy, judged: Judged, *, node: str | None, seconds: float
) -> GateRecord:
    """Return the record of a gate that was judged."""
    judgement = judged.judgement
    failed = judgement.verdict is Verdict.FAIL
    return GateRecord(
        **_common(gate, gate_id, policy, judgement.verdict, node, seconds),
        reason=judgement.reason,
        advice=advice_on_failure(gate) if failed else judgement.advice,
        threshold=_threshold(gate, judged),
        usual=_usual_record(judged.usual),
        estimate=estimate_record(judgement.estimate),
        challenger=judged.challenger,
        champion=judged.champion,
        p_value=judged.p_value,
        parts=tuple(_part_record(part) for part in judged.parts[:PARTS]),
        more_parts=Counter(part.judgement.verdict for part in judged.parts[PARTS:]),
        result=judged.result,
    )


def broken_gate_record(
    gate: Gate | None,
    gate_id: str,
    policy: Policy,
    error: BaseException,
    *,
    node: str | None = None,
    seconds: float = 0.0,
) -> GateRecord:
    """Return the record of a gate that could not be decided, or not even declared (`gate` None)."""
    described = describe(error)
    return GateRecord(
        **_common(gate, gate_id, policy, Verdict.ERROR, node, seconds),
        reason=described.message,
        advice=advice_on_error(error),
        error=described,
    )


def free_form_record(
    gate_id: str,
    policy: Policy,
    verdict: Verdict,
    reason: str,
    *,
    node: str | None,
    seconds: float,
    error: BaseException | None = None,
    gate: Gate | None = None,
) -> GateRecord:
    """Return the record of a check that asserts for itself, or of a gate that was never asked."""
    common = _common(gate, gate_id, policy, verdict, node, seconds)
    reason = mask(reason[:_LONGEST_MESSAGE])
    if verdict is not Verdict.ERROR or error is None:
        return GateRecord(**common, reason=reason)
    return GateRecord(**common, reason=reason, error=describe(error), advice=advice_on_error(error))


def describe(error: BaseException) -> ErrorRecord:
    """Return what went wrong and where, bounded in length; a foreign error with its type."""
    message = str(error) if isinstance(error, AiqaError) else f"{type(error).__name__}: {error}"
    place = error if isinstance(error, DataError) else DataError("")
    return ErrorRecord(
        type=type(error).__name__,
        message=mask(message[:_LONGEST_MESSAGE]),
        file=None if place.file is None else mask(place.file),
        column=place.column,
        row=place.row,
    )


def estimate_record(estimate: Estimate | None) -> EstimateRecord | None:
    """Return an estimate's record; a bound that is infinite is absent."""
    if estimate is None:
        return None
    return EstimateRecord(
        value=float(estimate.value),
        low=_finite(estimate.low),
        high=_finite(estimate.high),
        n=int(estimate.n),
        method=estimate.method,
        confidence=estimate.confidence,
        alternative=estimate.alternative,
        unit=estimate.unit,
        n_of=estimate.n_of,
    )


def _common(
    gate: Gate | None, gate_id: str, policy: Policy, verdict: Verdict, node: str | None, seconds: float
) -> dict[str, Any]:
    return {
        "id": gate_id,
        "claim": repr(gate) if gate is not None else gate_id,
        "kind": _kind(gate),
        "declaration": {} if gate is None else gate.to_json(),
        "verdict": verdict,
        "blocks": blocks(verdict, policy),
        "severity": policy.severity,
        "inconclusive": policy.inconclusive,
        "node": node,
        "seconds": round(seconds, 6),
    }


def _kind(gate: Gate | None) -> str:
    if gate is None:
        return "free-form"
    if isinstance(gate.claim, Expectation):
        return "expectation"
    return "comparison" if gate.needs_champion else "metric"


def _threshold(gate: Gate, judged: Judged) -> float | None:
    estimate = judged.judgement.estimate
    if estimate is None or isinstance(gate.requirement, Met):
        return None
    if isinstance(gate.requirement, AsUsual):
        return None if judged.usual is None else judged.usual.interval.bound_near(estimate.value)
    return allowed(gate.requirement).bound_near(estimate.value)


def _usual_record(usual: Usual | None) -> UsualRecord | None:
    return None if usual is None else UsualRecord(low=usual.low, high=usual.high, runs=usual.runs)


def _part_record(part: Part) -> PartRecord:
    return PartRecord(
        slice={column: _plain(value) for column, value in part.slice},
        verdict=part.judgement.verdict,
        reason=part.judgement.reason,
        estimate=estimate_record(part.judgement.estimate),
    )


def _plain(value: Any) -> str | int | float | bool | OtherRecord | None:
    if value is OTHER:
        return OtherRecord()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
