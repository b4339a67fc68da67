"""Verdicts: what is proven passes, what is refuted fails, and the rest says how many rows it would take."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aiqa import champion, metric
from aiqa.declare.gate import Policy, Requirement
from aiqa.errors import MetricError
from aiqa.judge.decide import decide, needed, refuted
from aiqa.judge.family import SliceKey, decide_family, name_of
from aiqa.judge.number import number, percent
from aiqa.judge.run import blocks, run_verdict
from aiqa.judge.values import judge_values
from aiqa.stats.inference import Inference, exact
from aiqa.stats.proportions import proportion
from aiqa.stats.sequential import beta_binomial
from aiqa.verdict import Verdict

AT_LEAST = (metric.accuracy >= 0.8).requirement
AT_MOST = (metric.accuracy <= 0.8).requirement
BETWEEN = metric.accuracy.between(0.7, 0.9).requirement
NO_WORSE = metric.accuracy.no_worse_than(champion, margin=0.02).requirement
WITHIN = metric.accuracy.within(champion, margin=0.02).requirement
BETTER = metric.accuracy.better_than(champion).requirement


def normal(value: float, error: float, n: int = 1000) -> Inference:
    """Return a quantity whose estimator is normal: every number below can be had from scipy alone."""
    law = NormalDist(value, error)
    return Inference(value, n, "normal", law.inv_cdf, lambda a: law.inv_cdf(1 - a))


@pytest.mark.parametrize(
    ("requirement", "value", "error", "verdict"),
    [
        (AT_LEAST, 0.85, 0.01, Verdict.PASS),
        (AT_LEAST, 0.82, 0.02, Verdict.INCONCLUSIVE),
        (AT_LEAST, 0.80, 0.01, Verdict.INCONCLUSIVE),
        (AT_LEAST, 0.75, 0.01, Verdict.FAIL),
        (AT_MOST, 0.75, 0.01, Verdict.PASS),
        (AT_MOST, 0.85, 0.01, Verdict.FAIL),
        (AT_MOST, 0.79, 0.02, Verdict.INCONCLUSIVE),
        (BETWEEN, 0.80, 0.02, Verdict.PASS),
        (BETWEEN, 0.65, 0.02, Verdict.FAIL),
        (BETWEEN, 0.95, 0.02, Verdict.FAIL),
        (BETWEEN, 0.71, 0.02, Verdict.INCONCLUSIVE),
        (NO_WORSE, 0.0, 0.01, Verdict.PASS),
        (NO_WORSE, -0.05, 0.01, Verdict.FAIL),
        (NO_WORSE, -0.02, 0.01, Verdict.INCONCLUSIVE),
        (WITHIN, 0.0, 0.005, Verdict.PASS),
        (WITHIN, 0.05, 0.005, Verdict.FAIL),
        (WITHIN, -0.05, 0.005, Verdict.FAIL),
        (WITHIN, 0.015, 0.01, Verdict.INCONCLUSIVE),
        (BETTER, 0.05, 0.01, Verdict.PASS),
        (BETTER, -0.05, 0.01, Verdict.FAIL),
        (BETTER, 0.0, 0.0, Verdict.FAIL),
    ],
)
def test_verdicts(requirement: Requirement, value: float, error: float, verdict: Verdict) -> None:
    judged = decide(normal(value, error or 1e-12), requirement, 0.95)
    assert judged.verdict is verdict or error == 0.0
    if error == 0.0:
        assert decide(exact(value, 10), requirement, 0.95).verdict is verdict


@given(
    value=st.floats(-2, 2),
    error=st.floats(1e-3, 1),
    threshold=st.floats(-2, 2),
    confidence=st.floats(0.51, 0.999),
)
def test_a_verdict_is_what_the_one_sided_tests_say(
    value: float, error: float, threshold: float, confidence: float
) -> None:
    requirement = (metric(len) >= threshold).requirement
    z = (value - threshold) / error
    p_above, p_below = stats.norm.sf(z), stats.norm.cdf(z)
    alpha = 1 - confidence
    if min(abs(p_above - alpha), abs(p_below - alpha)) < 1e-6:
        return
    expected = Verdict.PASS if p_above < alpha else Verdict.FAIL if p_below < alpha else Verdict.INCONCLUSIVE
    assert decide(normal(value, error), requirement, confidence).verdict is expected


@given(
    value=st.floats(-2, 2),
    error=st.floats(1e-3, 1),
    threshold=st.floats(-2, 2),
    alpha=st.floats(1e-9, 0.49),
    above=st.booleans(),
)
def test_it_is_refuted_where_the_tests_p_value_is_small(
    value: float, error: float, threshold: float, alpha: float, above: bool
) -> None:
    gate = metric(len) <= threshold if above else metric(len) >= threshold
    z = (threshold - value) / error if above else (value - threshold) / error
    expected = float(stats.norm.cdf(z))
    if abs(expected - alpha) > 1e-6 * alpha:
        assert refuted(normal(value, error), gate.requirement, alpha) is (expected < alpha)


def test_a_model_at_the_threshold_passes_in_at_most_alpha_of_runs() -> None:
    draws = stats.norm(0.8, 0.02).rvs(4000, random_state=7)
    passed = sum(decide(normal(x, 0.02), AT_LEAST, 0.95).verdict is Verdict.PASS for x in draws)
    assert passed / 4000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_the_point_estimate_alone_decides_only_by_name() -> None:
    judged = decide(normal(0.801, 0.5), AT_LEAST, None)
    assert judged.verdict is Verdict.PASS
    assert "point estimate alone" in judged.reason
    assert decide(normal(0.799, 0.5), AT_LEAST, None).verdict is Verdict.FAIL


def test_an_open_end_is_no_bound_that_a_strict_gate_forbids() -> None:
    open_above = Inference(0.9, 10, "one-sided", lambda _: 0.85, lambda _: math.inf)
    assert decide(open_above, (metric.accuracy > 0.8).requirement, 0.95).verdict is Verdict.PASS


def test_an_exact_count_is_decided_as_it_is() -> None:
    judged = decide(exact(0.8, 100), AT_LEAST, 0.95)
    assert judged.verdict is Verdict.PASS
    assert "counted exactly" in judged.reason
    assert decide(exact(0.8, 100), (metric.accuracy > 0.8).requirement, 0.95).verdict is Verdict.FAIL


def test_an_inconclusive_gate_says_what_would_decide_it() -> None:
    judged = decide(normal(0.82, 0.02), AT_LEAST, 0.95)
    assert "1,000 rows cannot tell" in judged.reason
    assert judged.advice is not None
    count = needed(normal(0.82, 0.02), AT_LEAST, 0.95)
    assert f"{count:,} rows would decide it" in judged.advice


def test_the_needed_n_has_the_promised_power() -> None:
    count = needed(normal(0.82, 0.02), AT_LEAST, 0.95)
    assert count is not None
    error = 0.02 * math.sqrt(1000 / count)
    draws = stats.norm(0.82, error).rvs(4000, random_state=3)
    power = sum(decide(normal(x, error), AT_LEAST, 0.95).verdict is Verdict.PASS for x in draws) / 4000
    assert power == pytest.approx(0.8, abs=0.02)


def test_no_n_decides_a_value_on_the_threshold() -> None:
    assert needed(normal(0.8, 0.02), AT_LEAST, 0.95) is None
    advice = decide(normal(0.8, 0.02), AT_LEAST, 0.95).advice
    assert advice is not None
    assert "sits on the threshold" in advice


def test_too_few_rows_for_any_bound_are_not_called_a_value_on_the_threshold() -> None:
    few = Inference(0.82, 3, "order statistics", lambda _: -math.inf, lambda _: math.inf, support_of="calls")
    advice = decide(few, AT_LEAST, 0.95).advice
    assert (
        advice
        == "Not proven either way: so few calls set no bound on the side of the threshold, and more would."
    )


def key(name: str) -> SliceKey:
    return (("country", name),)


def test_slices_pass_together_when_each_is_proven() -> None:
    judged, parts = decide_family(
        {key("BR"): normal(0.9, 0.01), key("PT"): normal(0.85, 0.01)}, AT_LEAST, 0.95, 1
    )
    assert judged.verdict is Verdict.PASS
    assert [part.slice for part in parts] == [key("PT"), key("BR")]
    assert "worst country=PT" in judged.reason


def test_one_bad_slice_fails_the_gate_and_comes_first() -> None:
    judged, parts = decide_family(
        {key("BR"): normal(0.9, 0.01), key("PT"): normal(0.6, 0.01)}, AT_LEAST, 0.95, 1
    )
    assert judged.verdict is Verdict.FAIL
    assert parts[0].slice == key("PT")


def test_an_alarm_that_chance_explains_does_not_fail_a_gate() -> None:
    slices = {key(str(i)): normal(0.9, 0.01) for i in range(20)}
    slices[key("unlucky")] = normal(0.8 - 1.9 * 0.02, 0.02)
    alone, _ = decide_family({key("unlucky"): slices[key("unlucky")]}, AT_LEAST, 0.95, 1)
    judged, parts = decide_family(slices, AT_LEAST, 0.95, 1)
    assert alone.verdict is Verdict.FAIL
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "Holm" in parts[0].judgement.reason


def test_a_gate_that_warns_looks_for_slices_and_one_that_blocks_must_be_sure() -> None:
    slices = {key(str(i)): normal(0.9, 0.01) for i in range(6)}
    slices |= {key(f"weak{i}"): normal(0.8 - 2.1 * 0.02, 0.02) for i in range(4)}
    judged, parts = decide_family(slices, AT_LEAST, 0.95, 1, "warn")
    assert judged.verdict is Verdict.FAIL
    assert [part.slice for part in parts[:4]] == [key(f"weak{i}") for i in range(4)]
    assert decide_family(slices, AT_LEAST, 0.95, 1, "block")[0].verdict is Verdict.INCONCLUSIVE
    lone = {key(str(i)): normal(0.9, 0.01) for i in range(20)} | {key("one"): normal(0.8 - 0.038, 0.02)}
    assert "Benjamini-Hochberg" in decide_family(lone, AT_LEAST, 0.95, 1, "warn")[0].reason


def test_small_slices_are_skipped_and_counted() -> None:
    judged, parts = decide_family(
        {key("BR"): normal(0.9, 0.01), key("MT"): normal(0.1, 0.01, n=5)}, AT_LEAST, 0.95, 30
    )
    assert judged.verdict is Verdict.PASS
    assert [part.judgement.verdict for part in parts] == [Verdict.PASS, Verdict.SKIPPED]
    nothing, _ = decide_family({key("MT"): normal(0.1, 0.01, n=5)}, AT_LEAST, 0.95, 30)
    assert nothing.verdict is Verdict.SKIPPED


def test_a_slice_without_positives_is_inconclusive_not_green() -> None:
    judged, _ = decide_family(
        {key("BR"): normal(0.9, 0.01), key("MT"): MetricError("no positives")}, AT_LEAST, 0.95, 1
    )
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "no positives" in judged.reason


def test_no_slice_is_an_error() -> None:
    assert decide_family({}, AT_LEAST, 0.95, 1)[0].verdict is Verdict.ERROR


def test_a_gate_that_is_looked_at_daily_takes_more_to_decide() -> None:
    gate = metric.accuracy >= 0.8
    found: dict[SliceKey, Inference | MetricError] = {(): proportion(840, 1000)}
    policy = Policy(0.95, "block", "warn", 1, False)
    assert judge_values(gate.requirement, found, policy).judgement.verdict is Verdict.PASS
    judged = judge_values(gate.requirement, found, Policy(anytime=True).over(policy)).judgement
    assert judged.verdict is Verdict.PASS
    assert "whenever one looks" in judged.reason
    assert judged.estimate is not None
    assert judged.estimate.method == "beta-binomial confidence sequence"
    assert judged.estimate.low == beta_binomial(840, 1000).lower(1 - 0.95)
    late = judge_values(gate.requirement, found, Policy(anytime=10**6).over(policy)).judgement
    assert late.verdict is Verdict.INCONCLUSIVE
    assert "whenever one looks" in late.reason


def test_slices_too_are_judged_at_every_look() -> None:
    gate = metric.accuracy.by("country") >= 0.8
    slices: dict[SliceKey, Inference | MetricError] = {
        key("BR"): proportion(83, 90),
        key("PT"): MetricError("no rows"),
    }
    policy = Policy(0.95, "block", "warn", 1, True)
    parts = judge_values(gate.requirement, slices, policy).parts
    methods = [part.judgement.estimate.method for part in parts if part.judgement.estimate]
    assert methods == ["beta-binomial confidence sequence"]


@pytest.mark.parametrize(
    ("confidence", "text"),
    [(0.95, "95%"), (0.995, "99.5%"), (1 - 0.05 / 32, "99.84%"), (1 - 1e-9, "99.9999999%"), (0.51, "51%")],
)
def test_a_confidence_is_never_told_as_certainty(confidence: float, text: str) -> None:
    assert percent(confidence) == text


def test_slices_are_named_for_people() -> None:
    assert name_of((("country", "BR"), ("channel", None))) == "country=BR, channel=(missing)"


@pytest.mark.parametrize(
    ("verdict", "policy", "stops"),
    [
        (Verdict.FAIL, Policy(severity="block"), True),
        (Verdict.FAIL, Policy(severity="warn"), False),
        (Verdict.INCONCLUSIVE, Policy(inconclusive="warn"), False),
        (Verdict.INCONCLUSIVE, Policy(inconclusive="allow"), False),
        (Verdict.INCONCLUSIVE, Policy(inconclusive="block"), True),
        (Verdict.ERROR, Policy(severity="warn"), True),
        (Verdict.PASS, Policy(severity="block"), False),
        (Verdict.SKIPPED, Policy(severity="block"), False),
    ],
)
def test_what_a_verdict_does_is_policy(verdict: Verdict, policy: Policy, stops: bool) -> None:
    assert blocks(verdict, policy) is stops


@pytest.mark.parametrize(
    ("gates", "verdict"),
    [
        ([(Verdict.PASS, False)], Verdict.PASS),
        ([(Verdict.PASS, False), (Verdict.FAIL, False)], Verdict.PASS),
        ([(Verdict.ERROR, True), (Verdict.FAIL, True)], Verdict.FAIL),
        ([(Verdict.PASS, False), (Verdict.ERROR, True)], Verdict.ERROR),
        ([(Verdict.PASS, False), (Verdict.INCONCLUSIVE, True)], Verdict.INCONCLUSIVE),
        ([(Verdict.INCONCLUSIVE, False), (Verdict.SKIPPED, False)], Verdict.INCONCLUSIVE),
        ([(Verdict.INCONCLUSIVE, False), (Verdict.PASS, False)], Verdict.PASS),
        ([], Verdict.ERROR),
        ([(Verdict.SKIPPED, False)], Verdict.ERROR),
    ],
)
def test_the_verdict_of_a_run(gates: list[tuple[Verdict, bool]], verdict: Verdict) -> None:
    assert run_verdict(gates) is verdict


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.92345678, "0.9235"), (53012.34, "53,012.3"), (1.2e-5, "0.000012"), (-0.5, "-0.5")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_a_number_never_crosses_its_threshold_by_rounding() -> None:
    judged = decide(exact(0.919996, 10), (metric.accuracy >= 0.92).requirement, 0.95)
    assert judged.verdict is Verdict.FAIL
    assert "0.919996" in judged.reason
