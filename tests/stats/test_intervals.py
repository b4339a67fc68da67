"""Shares, means, quantiles and pairs against scipy and definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import median_absolute_error

import aiqa
from aiqa.errors import MetricError
from aiqa.stats.approximate_bootstrap import abc
from aiqa.stats.distances import psi
from aiqa.stats.effective import effective_size
from aiqa.stats.functional import infer, mean_of
from aiqa.stats.independent import independent_difference
from aiqa.stats.paired import mcnemar, paired_proportions
from aiqa.stats.proportions import proportion
from aiqa.stats.quantiles import quantile, quantile_difference, weighted_quantile


@settings(deadline=None)
@given(st.integers(1, 300), st.data(), st.booleans())
def test_shares_equal_scipy(trials: int, data: st.DataObject, wilson: bool) -> None:
    successes = data.draw(st.integers(0, trials))
    ours = proportion(successes, trials, method="wilson" if wilson else "clopper-pearson").estimate()
    theirs = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson" if wilson else "exact")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_equals_the_binomial_test(gained: int, lost: int) -> None:
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 100))
def test_tango_is_antisymmetric_and_inside(gained: int, lost: int, rest: int) -> None:
    n = gained + lost + rest + 1
    one, other = (
        paired_proportions(gained, lost, n).estimate(),
        paired_proportions(lost, gained, n).estimate(),
    )
    assert one.low == pytest.approx(-other.high, abs=1e-9)
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert one.low < one.high


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30).filter(lambda x: np.ptp(x) > 1e-3))
def test_t_of_a_mean_is_scipys(values: list[float]) -> None:
    x = np.array(values)
    ours = infer(mean_of(x), method="t").estimate()
    theirs = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-9)


def test_weights_reduce_the_effective_rows() -> None:
    hit = np.repeat([1.0, 0.0], [30, 20])
    even, uneven = np.ones(50), 1.0 + (np.arange(50) % 2)
    assert effective_size(hit, even, even, 50).size == pytest.approx(50)
    assert effective_size(hit, uneven, uneven**2, 50).size == pytest.approx(45)
    alike = effective_size(np.ones(1), np.array([30.0]), np.array([60.0]), 20)
    assert alike.size == pytest.approx(15)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=30))
def test_weighted_median_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    values, weight = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    weight[0] += 1
    zeros = np.zeros(len(values))
    assert weighted_quantile(values, None, 0.5) == pytest.approx(median_absolute_error(zeros, values))
    assert weighted_quantile(values, weight, 0.5) == pytest.approx(
        median_absolute_error(zeros, values, sample_weight=weight)
    )


def test_median_bounds_are_scipys_and_do_not_depend_on_the_scale_of_weights() -> None:
    x = np.random.default_rng(0).normal(size=81)
    ours = quantile(float(np.median(x)), x, None, 0.5).estimate(0.95)
    theirs: Any = stats.quantile_test(x, q=0, p=0.5).confidence_interval(0.95)
    assert (ours.low, ours.high) == (theirs.low, theirs.high)
    weighted = quantile(float(np.median(x)), x, np.full(81, 3.0), 0.5).estimate(0.95)
    assert (weighted.low, weighted.high) == (ours.low, ours.high)


def test_few_rows_have_no_bound_of_a_median_above() -> None:
    estimate = quantile(2.0, np.array([1.0, 2.0, 3.0]), None, 0.5, floor=0.0).estimate(0.95)
    assert (estimate.low, estimate.high) == (0.0, math.inf)


def _quantile(values: Any) -> Any:
    return quantile(weighted_quantile(values, None, 0.5), values, None, 0.5)


def test_the_nearer_two_columns_the_nearer_the_bounds_of_their_difference() -> None:
    rng = np.random.default_rng(0)
    one, noise = rng.exponential(size=(2, 400))
    alike, apart = one + 0.1 * noise, np.roll(one, 1)
    near, far = (quantile_difference(one, other, None, 0.5) for other in (alike, apart))
    assert near.upper(0.05) - near.lower(0.05) < 0.4 * (far.upper(0.05) - far.lower(0.05))
    own = independent_difference(_quantile(one), _quantile(apart))
    assert (far.lower(0.05), far.upper(0.05)) == pytest.approx((own.lower(0.05), own.upper(0.05)), rel=0.1)
    same = quantile_difference(one, one, np.full(400, 2.0), 0.5)
    assert same.value == 0.0
    assert same.upper(0.05) < 0.2 * (own.upper(0.05) - own.value)


def test_clusters_widen_the_difference_of_quantiles() -> None:
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(60), 10)
    one, other = rng.exponential(size=(2, 600)) + rng.exponential(size=(2, 60))[:, clusters]
    rows, grouped = (quantile_difference(one, other, None, 0.5, by) for by in (None, clusters))
    assert grouped.value == rows.value
    assert grouped.lower(0.05) < rows.lower(0.05) < rows.upper(0.05) < grouped.upper(0.05)
    assert "60 clusters" in grouped.method


def test_differences_of_quantiles_are_wrong_as_often_as_they_say() -> None:
    """Two models with errors of one law, correlated: no difference is the truth."""
    rng = np.random.default_rng(0)
    wrong = np.zeros(2)
    for _ in range(400):
        first, noise = rng.normal(size=(2, 120))
        found = quantile_difference(np.abs(first), np.abs(0.7 * first + 0.714 * noise), None, 0.8)
        wrong += [found.lower(0.05) > 0, found.upper(0.05) < 0]
    assert (wrong <= 0.05 * 400 + 3 * math.sqrt(0.05 * 0.95 * 400)).all()
    assert wrong.sum() > 4


def test_psi_of_samples_of_one_source_is_not_proven_to_drift() -> None:
    rng = np.random.default_rng(0)
    lows = []
    for seed in range(100):
        own, reference = (rng.multinomial(200, np.full(10, 0.1)) for _ in range(2))
        inference = psi(own, reference, seed)
        lows.append(inference.lower(0.05))
        assert inference.upper(0.05) >= inference.value
    assert np.mean(np.array(lows) > 0.02) <= 0.05


def test_psi_finds_a_shift() -> None:
    inference = psi(np.array([500, 100, 400]), np.array([200, 500, 300]), 0)
    assert inference.lower(0.05) > 0.5


@pytest.mark.parametrize("method", ["linearised", "jackknife"])
def test_quantiles_of_two_models_by_other_methods_are_near_the_default(method: str) -> None:
    rng = np.random.default_rng(0)
    truth, noise, other = rng.normal(size=(3, 400))
    told: dict[str, Any] = {"y_true": truth, "champion": truth + 1.2 * other, "challenger": truth + noise}
    default = aiqa.compare("median_absolute_error", **told)
    ours = aiqa.compare("median_absolute_error", **told, method=method)
    assert ours.difference == default.difference
    assert ours.low < ours.difference < ours.high
    assert 0.5 < (ours.high - ours.low) / (default.high - default.low) < 1.5


def test_bounds_without_drawing_know_what_they_cannot_do() -> None:
    alike = mean_of(np.ones(10))
    assert abc(alike).upper(0.05) == math.inf
    with pytest.raises(MetricError, match="smooth functions"):
        abc(mean_of(np.arange(6000.0)))
    clusters = np.arange(200) // 4
    rows = np.repeat(np.random.default_rng(0).exponential(size=50), 4)
    drawn, apart = (abc(mean_of(rows), clusters=by).estimate() for by in (clusters, None))
    assert drawn.high - drawn.low > 1.7 * (apart.high - apart.low)
