"""Plans: what a gate takes is what the gate, simulated, then does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from aiqa import champion, expect, metric
from aiqa.declare.gate import Gate, Policy
from aiqa.declare.metric import Metric
from aiqa.errors import ConfigError
from aiqa.judge.decide import decide
from aiqa.judge.plan import Assumptions, Have, Plan, needs_the_model, plan
from aiqa.stats.inference import Estimate, Inference
from aiqa.stats.paired import paired_proportions
from aiqa.stats.proportions import f1, proportion
from aiqa.stats.sequential import at_every_look
from aiqa.verdict import Verdict

POLICY = Policy(0.95, "block", "warn", 1, False)


def planned(gate: Gate, policy: Policy = POLICY, have: Have | None = None, **assumed: Any) -> Plan:
    return plan(gate, policy, Assumptions(**assumed), have=have)


def infer(name: str, x: int, n: int) -> Inference:
    return f1(proportion(x, n)) if name == "f1" else proportion(x, n)


def share_of(name: str, value: float) -> float:
    return value / (2 - value) if name == "f1" else value


@pytest.mark.parametrize("of", [metric.accuracy, metric.recall, metric.precision, metric.f1])
@pytest.mark.parametrize("claim", ["at least", "at most"])
def test_so_many_rows_decide_so_often(of: Metric, claim: str) -> None:
    gate = of >= 0.8 if claim == "at least" else of <= 0.2
    found = planned(gate)
    rng = np.random.default_rng(1)
    assert found.passes_at is not None
    assert found.fails_at is not None
    for n, truth, verdict in (
        (found.to_pass, found.passes_at, Verdict.PASS),
        (found.to_fail, found.fails_at, Verdict.FAIL),
    ):
        assert n is not None
        draws = rng.binomial(n, share_of(of.name, truth), 1500)
        seen = {int(x): decide(infer(of.name, int(x), n), gate.requirement, 0.95).verdict for x in set(draws)}
        assert np.mean([seen[int(x)] is verdict for x in draws]) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    ("gate", "of"),
    [
        (metric.specificity >= 0.8, "negatives"),
        (metric.npv >= 0.8, "rows called otherwise"),
        (metric.jaccard >= 0.8, "rows of the class or called so"),
        (metric.negative_flips <= 0.02, "rows"),
        (metric.recall(average="micro") >= 0.8, "rows"),
    ],
)
def test_other_shares_are_planned_alike(gate: Gate, of: str) -> None:
    found = planned(gate)
    assert (found.of, found.method) == (of, "exact binomial")


def test_rows_at_hand_show_what_they_are_said_to() -> None:
    found = planned(metric.recall >= 0.8, have=Have(5000, 400))
    assert found.have == 400
    assert found.detects is not None
    assert found.enough is False
    draws = np.random.default_rng(2).binomial(400, 0.8 + found.detects, 1500)
    assert np.mean([proportion(int(x), 400).lower(0.05) >= 0.8 for x in draws]) == pytest.approx(
        0.8, abs=0.04
    )
    assert planned(metric.recall >= 0.8, have=Have(5000, 400), effects={"recall": 0.2}).enough
    assert found.rows == math.ceil((found.to_pass or 0) / (400 / 5000))


@pytest.mark.parametrize(
    ("gate", "truth"),
    [
        (metric.accuracy.no_worse_than(champion, margin=0.01), 0.0),
        (metric.accuracy.better_than(champion), 0.01),
        (metric.accuracy.within(champion, margin=0.02), 0.0),
    ],
)
def test_comparisons_are_planned_by_disagreement(gate: Gate, truth: float) -> None:
    found = planned(gate, disagreement=0.08)
    assert found.passes_at == pytest.approx(truth)
    assert found.to_pass is not None
    shares = [(0.08 + truth) / 2, (0.08 - truth) / 2, 0.92]
    rows = np.random.default_rng(3).multinomial(found.to_pass, shares, 1000)
    verdicts = [
        decide(paired_proportions(int(b), int(c), found.to_pass), gate.requirement, 0.95).verdict
        for b, c, _ in rows
    ]
    assert np.mean([verdict is Verdict.PASS for verdict in verdicts]) == pytest.approx(0.8, abs=0.05)


def test_a_range_needs_both_ends_proven() -> None:
    gate = metric.accuracy.between(0.8, 0.9)
    found = planned(gate)
    assert found.to_pass is not None
    draws = np.random.default_rng(4).binomial(found.to_pass, 0.85, 1500)
    verdicts = [decide(proportion(int(x), found.to_pass), gate.requirement, 0.95).verdict for x in draws]
    assert np.mean([verdict is Verdict.PASS for verdict in verdicts]) == pytest.approx(0.8, abs=0.06)


def test_a_gate_at_every_look_takes_more() -> None:
    daily = planned(metric.accuracy >= 0.9, Policy(anytime=True).over(POLICY))
    assert daily.to_pass is not None
    assert daily.to_pass > 1.5 * (planned(metric.accuracy >= 0.9).to_pass or 0)
    draws = np.random.default_rng(5).binomial(daily.to_pass, daily.passes_at or 0, 800)
    passed = [at_every_look(proportion(int(x), daily.to_pass)).lower(0.05) >= 0.9 for x in draws]
    assert np.mean(passed) == pytest.approx(0.8, abs=0.08)
    assert "at every look" in str(daily.method)


def test_an_area_is_planned_by_positives_and_their_share() -> None:
    rare = planned(metric.roc_auc >= 0.8, prevalence=0.02)
    counted = planned(metric.roc_auc >= 0.8, have=Have(10_000, 200))
    assert rare.to_pass == counted.to_pass
    assert rare.rows == pytest.approx(50 * (rare.to_pass or 0), rel=0.01)
    assert any("100 at least" in note for note in planned(metric.roc_auc >= 0.5, effects={"": 0.4}).notes)


def test_confidence_is_the_gates_own_and_clusters_count_less() -> None:
    sure = planned(metric.accuracy >= 0.9, Policy(confidence=0.999).over(POLICY))
    assert (sure.to_pass or 0) > 2 * (planned(metric.accuracy >= 0.9).to_pass or 0)
    clustered = planned(metric.accuracy >= 0.9, design_effect=2.0)
    assert clustered.to_pass == pytest.approx(2 * (planned(metric.accuracy >= 0.9).to_pass or 0), abs=2)
    told = plan(metric.accuracy >= 0.9, POLICY, Assumptions(), cluster="customer")
    assert "rows of one customer belong together: --design-effect says by what they count less" in told.notes


def present(value: float, error: float, n: int = 1000) -> Estimate:
    return Estimate(value, value - 1.6449 * error, value + 1.6449 * error, n, "t", 0.95, "each-side")


def test_without_a_formula_the_present_interval_is_scaled() -> None:
    gate = metric.brier <= 0.2
    assert "no formula" in planned(gate).notes[0]
    found = plan(gate, POLICY, Assumptions(), have=Have(1000), present=present(0.19, 0.008))
    assert found.detects == pytest.approx((1.6449 + 0.8416) * 0.008, rel=1e-3)
    assert found.to_pass == pytest.approx(1000 * ((1.6449 + 0.8416) * 0.008 / 0.01) ** 2, rel=1e-3)
    asked = plan(gate, POLICY, Assumptions(effects={"brier": 0.005}), present=present(0.19, 0.008))
    assert asked.to_pass == pytest.approx(4 * (found.to_pass or 0), rel=0.01)


@pytest.mark.parametrize("none", [present(0.19, 0.0), Estimate(0.1, -math.inf, math.inf, 5, "t", 0.95)])
def test_what_has_no_interval_cannot_be_scaled(none: Estimate) -> None:
    found = plan(metric.brier <= 0.2, POLICY, Assumptions(), have=Have(5), present=none)
    assert (found.to_pass, found.detects) == (None, None)
    assert "no interval that could be scaled" in found.notes[0]


def test_an_interval_is_not_scaled_to_next_to_nothing() -> None:
    found = plan(metric.brier <= 0.9, POLICY, Assumptions(), present=present(0.19, 0.008))
    assert found.to_pass is None
    assert found.enough
    assert "a quarter of the rows" in found.notes[0]


def test_what_only_the_model_can_count_it_is_asked_for() -> None:
    told = Assumptions()
    for gate in (metric.precision >= 0.8, metric.brier <= 0.2, metric.roc_auc.no_worse_than(champion)):
        assert needs_the_model(gate, told)
    for gate in (metric.recall >= 0.8, metric.roc_auc >= 0.8, expect.column_to_exist("a").gate()):
        assert not needs_the_model(gate, told)
    found = plan(metric.precision >= 0.8, POLICY, told, have=Have(900, 90), present=present(0.85, 0.02))
    assert (found.have, found.have_of, found.enough) == (1000, "rows", False)


@pytest.mark.parametrize(
    ("gate", "note"),
    [
        (expect.column_to_exist("a").gate(), "counted in all rows"),
        ((metric.accuracy >= 0.9).policy(confidence=None), "nothing to plan"),
        (metric.accuracy >= 1.0, "leaves room"),
        (metric.f1(average="macro") >= 0.8, "no formula"),
        (metric.specificity(average="micro") >= 0.8, "no formula"),
        (metric.recall.at(fpr=0.01) >= 0.8, "no formula"),
        (metric.precision.no_worse_than(champion), "no formula"),
        (metric.accuracy.by("country") >= 0.8, "in each slice"),
        (metric.latency(quantile=0.99) <= 5, "with fewer than 299 there is no upper bound"),
        (metric.cold_start.no_worse_than(champion), "with fewer than 5 there is no upper bound"),
        (metric.throughput >= 5, "makes the calls that decide it"),
        (metric.model_size <= 5, "counted exactly"),
    ],
)
def test_what_cannot_be_planned_is_said(gate: Gate, note: str) -> None:
    assert any(note in told for told in planned(gate, gate.own_policy.over(POLICY)).notes)


def test_an_impossible_truth_is_said_to_be_one() -> None:
    found = planned(metric.accuracy >= 0.98, effects={"": 0.05})
    assert found.to_pass is None
    assert "smaller --effect" in found.notes[0]


@pytest.mark.parametrize(
    "assumed",
    [{"power": 1.0}, {"power": 0.3}, {"disagreement": 0.0}, {"prevalence": 1.0}, {"design_effect": 0.5}],
)
def test_impossible_assumptions_are_refused(assumed: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Assumptions(**assumed)


def test_a_plan_in_words() -> None:
    lines = list(planned(metric.recall >= 0.8, have=Have(5000, 400, "country=NZ", 3)).sentences())
    assert lines == [
        "1,043 positives (13,038 rows) prove a value of 0.83 (exact binomial)",
        "1,164 positives refute a value of 0.77",
        "400 positives at hand prove a distance of 0.04874: too few",
        "in each of 3 slices; the smallest is country=NZ",
    ]
