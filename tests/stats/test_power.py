"""Sizes of evaluations against statsmodels, against brute force, and against the gates themselves."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower, TTestPower
from statsmodels.stats.proportion import proportion_effectsize

from aiqa import power
from aiqa.stats.paired import paired_proportions as infer_paired
from aiqa.stats.power.design import Alternative
from aiqa.stats.proportions import f1 as infer_f1
from aiqa.stats.proportions import proportion as infer_proportion
from aiqa.stats.roc import auc as infer_auc

SIDES: dict[Alternative, str] = {"greater": "larger", "less": "smaller", "two-sided": "two-sided"}


# Shares


@settings(max_examples=40)
@given(
    null=st.floats(0.05, 0.9),
    step=st.floats(0.05, 0.3),
    alpha=st.sampled_from([0.05, 0.01, 0.2]),
    wanted=st.sampled_from([0.5, 0.8, 0.9]),
)
def test_the_exact_plan_is_the_smallest_by_brute_force(
    null: float, step: float, alpha: float, wanted: float
) -> None:
    truth = null + step * (1 - null)
    n = np.arange(1, 3000)
    passes = np.asarray(stats.binom.isf(alpha, n, null)).astype(int) + 1
    found = np.asarray(stats.binom.sf(passes - 1, n, truth))
    assume((found >= wanted).any())
    plan = power.proportion(null, truth, power=wanted, alpha=alpha)
    assert plan.count == n[(found >= wanted).argmax()]
    assert plan.power == pytest.approx(found[plan.count - 1], rel=1e-9)
    assert plan.passes_from == passes[plan.count - 1]


@pytest.mark.parametrize("n", [59, 432, 2000])
def test_the_exact_plan_is_that_of_the_gate(n: int) -> None:
    plan = power.proportion(0.92, n=n, power=0.8)
    assert plan.passes_from is not None
    assert infer_proportion(plan.passes_from, n).lower(0.05) >= 0.92
    assert infer_proportion(plan.passes_from - 1, n).lower(0.05) < 0.92
    assert power.proportion(0.92, plan.truth, n=n).power == pytest.approx(0.8, abs=1e-9)


def test_fewer_failures_than_a_limit_are_more_successes_than_the_rest() -> None:
    more, less = (
        power.proportion(0.92, 0.95, power=0.8),
        power.proportion(0.08, 0.05, power=0.8, alternative="less"),
    )
    assert more.count == less.count
    assert more.power == pytest.approx(less.power)
    assert more.passes_from is not None
    assert less.passes_from == more.count - more.passes_from
    assert infer_proportion(less.passes_from, less.count).upper(0.05) <= 0.08


def test_a_large_plan_is_as_good_as_a_small_one() -> None:
    plan = power.proportion(0.92, 0.9205, power=0.8)
    assert plan.power >= 0.8
    assert plan.count == pytest.approx(power.proportion(0.92, 0.9205, power=0.8, method="normal").n, rel=0.02)


@pytest.mark.parametrize("rate", [0.2, 0.03, 0.001])
def test_rows_without_a_failure_prove_few_failures(rate: float) -> None:
    n = power.zero_failures(rate)
    assert infer_proportion(0, n).upper(0.05) <= rate < infer_proportion(0, n - 1).upper(0.05)


@settings(max_examples=40)
@given(
    null=st.floats(0.05, 0.95),
    truth=st.floats(0.05, 0.95),
    wanted=st.floats(0.3, 0.99),
    side=st.sampled_from(list(SIDES)),
)
def test_arcsine_plans_are_those_of_statsmodels(
    null: float, truth: float, wanted: float, side: Alternative
) -> None:
    assume(abs(truth - null) > 0.02)
    assume(side == "two-sided" or (truth > null) == (side == "greater"))
    effect = proportion_effectsize(truth, null)
    one = power.proportion(null, truth, power=wanted, alternative=side, method="arcsine")
    expected = NormalIndPower(ddof=0).power(effect, one.n, 0.05, ratio=0, alternative=SIDES[side])
    assert expected == pytest.approx(wanted, abs=1e-8) or one.n == 2.0
    two = power.two_proportions(null, truth, power=wanted, alternative=side, method="arcsine", ratio=2.0)
    expected = NormalIndPower().power(effect, two.n, 0.05, ratio=2.0, alternative=SIDES[side])
    assert expected == pytest.approx(wanted, abs=1e-8) or two.n == 2.0


def test_recall_counts_positives_and_precision_rows_called_so() -> None:
    share = power.proportion(0.8, 0.9, power=0.8)
    rare = power.recall(0.8, 0.9, power=0.8, prevalence=0.02)
    assert (rare.count, rare.of, rare.rows) == (share.count, "positives", math.ceil(share.count / 0.02))
    assert power.precision(0.8, 0.9, power=0.8, called=0.1).rows == 10 * share.count


def test_f1_is_planned_through_its_share() -> None:
    plan = power.f1(0.8, 0.85, power=0.8)
    assert plan.passes_from is not None
    assert infer_f1(infer_proportion(plan.passes_from, plan.count)).lower(0.05) >= 0.8
    assert infer_f1(infer_proportion(plan.passes_from - 1, plan.count)).lower(0.05) < 0.8
    assert power.f1(0.8, n=plan.count, power=plan.power).truth == pytest.approx(0.85, abs=1e-6)


# Pairs


@pytest.mark.parametrize(
    ("disagreement", "gain", "margin"), [(0.05, 0.0, 0.01), (0.1, 0.02, 0.0), (0.2, 0.0, 0.03)]
)
def test_paired_plans_have_their_power_with_tangos_bound(
    disagreement: float, gain: float, margin: float
) -> None:
    plan = power.paired_proportions(disagreement, gain, margin=margin, power=0.8)
    shares = [(disagreement + gain) / 2, (disagreement - gain) / 2, 1 - disagreement]
    rows = np.random.default_rng(1).multinomial(plan.count, shares, size=2000)
    passed = np.mean([infer_paired(int(b), int(c), plan.count).lower(0.05) > -margin for b, c, _ in rows])
    assert passed == pytest.approx(0.8, abs=0.035)


def test_pairs_take_fewer_rows_than_two_samples() -> None:
    paired = power.paired_proportions(0.05, 0.02, power=0.8).n
    assert paired < power.two_proportions(0.9, 0.92, power=0.8).n / 3


# Means


@settings(max_examples=30)
@given(
    effect=st.floats(0.05, 1.5), wanted=st.floats(0.2, 0.99), side=st.sampled_from(["greater", "two-sided"])
)
def test_t_plans_are_those_of_statsmodels(effect: float, wanted: float, side: Alternative) -> None:
    one = power.mean(3.0, 3.0 + 2 * effect, sd=2.0, power=wanted, alternative=side)
    if one.n > 4:
        assert TTestPower().power(effect, one.n, 0.05, alternative=SIDES[side]) == pytest.approx(
            wanted, abs=1e-7
        )
    two = power.two_means(2 * effect, sd=2.0, power=wanted, ratio=1.5, alternative=side)
    if two.n > 4:
        expected = TTestIndPower().power(effect, two.n, 0.05, ratio=1.5, alternative=SIDES[side])
        assert expected == pytest.approx(wanted, abs=1e-7)


def test_a_loss_is_to_be_less_and_pairs_are_correlated() -> None:
    more = power.mean(0.5, 0.6, sd=1.0, power=0.8)
    less = power.mean(0.5, 0.4, sd=1.0, power=0.8, alternative="less")
    assert more.n == pytest.approx(less.n)
    loose, tight = (power.paired_means(0.1, sd=1.0, correlation=rho, power=0.8).n for rho in (0.0, 0.9))
    assert tight < loose / 8


# Areas


def areas(positives: int, negatives: int, area: float, runs: int) -> list[Any]:
    rng, separation = np.random.default_rng(2), math.sqrt(2) * stats.norm.ppf(area)
    truth = np.arange(positives + negatives) < positives
    return [infer_auc(truth, rng.normal(size=len(truth)) + separation * truth) for _ in range(runs)]


def test_area_plans_have_their_power_with_normal_scores() -> None:
    plan = power.auc(0.8, 0.85, power=0.8, negatives=4, method="binormal")
    found = areas(plan.count, 4 * plan.count, 0.85, 400)
    assert np.mean([one.lower(0.05) > 0.8 for one in found]) == pytest.approx(0.8, abs=0.06)


def test_safe_area_plans_take_more_and_have_more() -> None:
    told: dict[str, Any] = {"power": 0.8, "negatives": 4}
    sizes = [
        power.auc(0.8, 0.85, method=method, **told).n
        for method in ("binormal", "hanley-mcneil", "obuchowski")
    ]
    assert sizes == sorted(sizes)
    assert sizes[2] < 2 * sizes[0]


def test_two_areas_are_a_pair_that_does_not_correlate() -> None:
    apart = power.two_aucs(0.8, 0.85, power=0.8)
    together = power.paired_aucs(0.8, 0.85, power=0.8, correlation=0.0)
    assert apart.n == together.n
    assert power.paired_aucs(0.8, 0.85, power=0.8, correlation=0.9).n < apart.n / 5


# What all have in common

PLANS: list[Callable[..., power.Design]] = [
    lambda **told: power.proportion(0.8, method="normal", **told),
    lambda **told: power.proportion(0.8, method="arcsine", **told),
    lambda truth=None, **told: power.two_proportions(0.8, truth, **told),
    lambda truth=None, **told: power.paired_proportions(0.3, None if truth is None else truth - 0.8, **told),
    lambda **told: power.mean(0.8, sd=0.3, **told),
    lambda truth=None, **told: power.two_means(None if truth is None else truth - 0.8, sd=0.3, **told),
    lambda **told: power.auc(0.8, **told),
    lambda **told: power.auc(0.8, method="hanley-mcneil", **told),
    lambda **told: power.auc(0.8, method="binormal", **told),
    lambda truth=None, **told: power.paired_aucs(0.8, None if truth is None else 0.4 + truth / 2, **told),
]


@pytest.mark.parametrize("plan", PLANS)
@settings(max_examples=15)
@given(
    truth=st.floats(0.82, 0.99),
    wanted=st.floats(0.5, 0.98),
    alpha=st.sampled_from([0.05, 0.001]),
    deff=st.sampled_from([1.0, 1.95]),
    side=st.sampled_from(["greater", "two-sided"]),
)
def test_each_of_the_three_gives_back_the_others(
    plan: Callable[..., power.Design],
    truth: float,
    wanted: float,
    alpha: float,
    deff: float,
    side: Alternative,
) -> None:
    told: dict[str, Any] = {"alpha": alpha, "design_effect": deff, "alternative": side}
    sized = plan(truth=truth, power=wanted, **told)
    assume(sized.n > 2.01 * deff)
    assert plan(truth=truth, n=sized.n, **told).power == pytest.approx(wanted, abs=1e-6)
    assert plan(n=sized.n, power=wanted, **told).effect == pytest.approx(sized.effect, rel=1e-5)
    single = plan(truth=truth, power=wanted, alpha=alpha, alternative=side)
    assert sized.n == pytest.approx(deff * single.n, rel=1e-6) or single.n <= 2.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: power.proportion(0.9, 0.95), "say two of"),
        (lambda: power.proportion(0.9, 0.95, n=10, power=0.8), "say two of"),
        (lambda: power.proportion(0.9, 0.85, power=0.8), "no n proves more"),
        (lambda: power.proportion(0.9, 0.9, power=0.8, method="normal"), "no n tells"),
        (lambda: power.proportion(0.9, 1.2, power=0.8), "does not lie between"),
        (lambda: power.proportion(0.9, 0.95, power=0.04), "alpha < power"),
        (lambda: power.proportion(0.9, 0.95, n=-3), "positive number"),
        (lambda: power.proportion(0.9, n=3, power=0.8), "prove nothing"),
        (lambda: power.proportion(0.9, 0.95, power=0.8, alternative="two-sided"), "one-sided"),
        (lambda: power.mean(0.5, 0.4, sd=1.0, power=0.8), "no n has this power"),
        (lambda: power.mean(0.5, 0.6, sd=0.0, power=0.8), "sd must be"),
        (lambda: power.auc(0.9, n=2, power=0.99), "prove nothing|so few rows"),
        (lambda: power.auc(0.8, 0.9, power=0.8, negatives=0), "negatives for each"),
        (lambda: power.recall(0.8, 0.9, power=0.8, prevalence=0), "a share of rows"),
        (lambda: power.paired_proportions(0.0, 0.0, power=0.8), "share of rows above 0"),
        (lambda: power.paired_proportions(0.01, 0.02, power=0.8), "does not lie between"),
        (lambda: power.zero_failures(0.0), "between 0 and 1"),
        (lambda: power.proportion(0.5, 0.500001, power=0.8), "too many to look at"),
        (lambda: power.design_effect(0.5, 0.1), "size >= 1"),
    ],
)
def test_questions_without_an_answer_are_refused(wrong: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_plan_reads_as_a_sentence() -> None:
    plan = power.recall(0.8, 0.9, power=0.8, prevalence=0.02)
    assert str(plan).startswith("82 positives (4,100 rows) prove more than 0.8 in 8")
    assert plan.effect == pytest.approx(0.1)


def test_rows_of_clusters_count_less() -> None:
    assert power.design_effect(1, 0.5) == 1
    assert power.design_effect(10, 1) == 10
    assert power.design_effect(10, 0.1, cv=0.5) == pytest.approx(1 + (10 * 1.25 - 1) * 0.1)


# ease.ml/ci


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("n > 0.8 +/- 0.05", {"n": 1}),
        ("n - o > 0.02 +/- 0.01", {"n": 1, "o": -1}),
        (" n-1.1*o>-.5+/-1e-2", {"n": 1, "o": -1.1}),
        ("2 * n + n - o * 3 < 0.1 +/- 0.01", {"n": 3, "o": -3}),
        ("-n + o < 0.1 +/- 0.01", {"n": -1, "o": 1}),
    ],
)
def test_conditions_are_read(text: str, terms: dict[str, float]) -> None:
    (clause,) = power.parse_condition(text).clauses
    assert dict(clause.terms) == terms
    assert clause.above == (">" in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n",
        "n > 0.8",
        "n > 0.8 +/-",
        "n > 0.8 +/- 0",
        "n - n > 0 +/- 0.1",
        "n > 0.8 +/- 0.1 d < 0.1 +/- 0.1",
        "n > 0.8 +/- 0.1 /\\",
        "x > 0.8 +/- 0.1",
        "3 > 0.8 +/- 0.1",
        "2 * 3 > 0.8 +/- 0.1",
        "nn > 0.8 +/- 0.1",
        "__import__('os') > 0 +/- 1",
        "n > 0.8 +/- 0.1" + " " * 2000,
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"where|must be above 0|nothing is left|cannot read|at most"):
        power.parse_condition(text)


@given(st.text(alphabet="nod+-*/\\<>. 0123456789e", max_size=40))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert power.parse_condition(text).clauses


def test_tolerance_goes_where_the_coefficients_are() -> None:
    """The best split of 0.01 over n and 1.1 o, by search, takes what the closed form says."""
    told = power.condition_size("n - 1.1 * o > 0.01 +/- 0.01", reliability=0.99, steps=1).labelled
    parts = np.linspace(0.001, 0.009, 80_001)
    searched = np.maximum(1 / parts**2, 1.1**2 / (0.01 - parts) ** 2).min() * math.log(2 / 0.01) / 2
    assert told == pytest.approx(searched, rel=1e-4)


def test_a_clause_on_disagreement_needs_no_labels_and_saves_some() -> None:
    alone = power.condition_size("n - o > 0.02 +/- 0.01", reliability=0.999)
    beside = power.condition_size("n - o > 0.02 +/- 0.01 /\\ d < 0.1 +/- 0.01", reliability=0.999)
    assert beside.method == "bennett"
    assert beside.labelled < alone.labelled / 5
    assert beside.unlabelled > 0 == alone.unlabelled
    by_hand = power.condition_size(
        "n - o > 0.02 +/- 0.01 /\\ d < 0.1 +/- 0.01", reliability=0.999, disagreement=0.1 + 2 * 0.01
    )
    assert by_hand == beside


def test_a_test_set_that_is_replaced_after_a_pass_costs_no_more() -> None:
    sizes = {
        adaptivity: power.condition_size("n > 0.8 +/- 0.05", adaptivity=adaptivity).labelled
        for adaptivity in ("none", "full", "first-change")
    }
    assert sizes["none"] == sizes["first-change"] < sizes["full"]


@pytest.mark.parametrize(
    "told", [{"reliability": 1.0}, {"steps": 0}, {"adaptivity": "some"}, {"disagreement": 0.0}]
)
def test_impossible_test_sets_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs a reliability|share of rows"):
        power.condition_size("n - o > 0.02 +/- 0.01", **told)
