"""Slices as one family: what survives a correction, and thousands of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aiqa import metric
from aiqa.config import DEFAULT_POLICY
from aiqa.declare.gate import AtLeast, Between, Requirement
from aiqa.evidence.build import PARTS, gate_record
from aiqa.judge.family import decide_family
from aiqa.judge.values import judge_values
from aiqa.publish.words import measured, slice_lines, slices_of
from aiqa.stats.inference import Inference
from aiqa.stats.multiplicity import adjust
from aiqa.stats.proportions import proportion
from aiqa.verdict import Verdict

SLICES = st.lists(st.tuples(st.integers(5, 60), st.floats(0, 1)), min_size=1, max_size=25)


def family(rows: list[tuple[int, float]]) -> dict[Any, Inference]:
    return {(("k", k),): proportion(round(share * n), n) for k, (n, share) in enumerate(rows)}


def p_value(n: int, share: float, low: float, high: float) -> float:
    right = round(share * n)
    return float(min(stats.binom.cdf(right, n, low), stats.binom.sf(right - 1, n, high)))


@settings(deadline=None, max_examples=150)
@given(rows=SLICES, severity=st.sampled_from(["block", "warn"]), both=st.booleans())
def test_those_fail_that_survive_the_correction_of_all_p_values(
    rows: list[tuple[int, float]], severity: str, both: bool
) -> None:
    requirement: Requirement = Between(0.4, 0.8) if both else AtLeast(0.4)
    _, parts = decide_family(family(rows), requirement, 0.95, 1, severity)
    p_values = [p_value(n, share, 0.4, 0.8 if both else 1.0) for n, share in rows]
    adjusted = adjust([min(1.0, p) for p in p_values], "holm" if severity == "block" else "bh")
    clear = {k for k, p in enumerate(adjusted) if abs(p - 0.05) > 1e-9}
    failing = {part.slice[0][1] for part in parts if part.judgement.verdict is Verdict.FAIL}
    assert failing & clear == {k for k in clear if adjusted[k] <= 0.05}


def test_where_all_are_hopeless_all_fail() -> None:
    rows = family([(200, 0.1)] * 300)
    for severity in ("block", "warn"):
        judgement, parts = decide_family(rows, AtLeast(0.9), 0.95, 1, severity)
        assert judgement.verdict is Verdict.FAIL
        assert {part.judgement.verdict for part in parts} == {Verdict.FAIL}


@pytest.mark.parametrize("slices", [PARTS, PARTS + 2500])
def test_evidence_keeps_the_worst_slices_and_counts_the_others(slices: int) -> None:
    found = family([(100, (k % 101) / 100) for k in range(slices)])
    gate = metric.accuracy.by("k") >= 0.5
    judged = judge_values(gate.requirement, found, DEFAULT_POLICY)
    record = gate_record(gate, "g", DEFAULT_POLICY, judged, node=None, seconds=0.0)
    assert len(record.parts) == PARTS
    assert slices_of(record) == slices
    told = Counter(part.verdict for part in record.parts) + Counter(record.more_parts)
    assert told == Counter(part.judgement.verdict for part in judged.parts)
    values = [part.estimate.value for part in record.parts if part.estimate and part.verdict is Verdict.FAIL]
    assert values == sorted(values)
    assert f"worst of {slices:,} slices" in (measured(record) or "")
    left = slice_lines(record, 5)[-1]
    assert left.startswith(f"and {slices - 5:,} more: ")
    assert left.endswith(f" {told[Verdict.PASS]:,} pass")
