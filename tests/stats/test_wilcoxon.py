"""Ranks of differences against brute force, scipy and R."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aiqa.stats.wilcoxon import signed_rank


def _averages(x: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(len(x))
    return np.sort((x[first] + x[second]) / 2)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-8, 8).map(lambda k: k / 4), min_size=1, max_size=60))
def test_bounds_are_means_of_pairs(values: list[float]) -> None:
    x = np.array(values)
    averages, (inference, _) = _averages(x), signed_rank(x)
    assert inference.value == pytest.approx(float(np.median(averages)), abs=1e-12)
    for alpha in (0.2, 0.05, 0.01):
        low, high = inference.lower(alpha), inference.upper(alpha)
        assert low <= inference.value <= high
        for bound in (low, high):
            assert math.isinf(bound) or np.isclose(averages, bound, atol=1e-12).any()


def test_the_patients_of_hollander_and_wolfe() -> None:
    """R: wilcox.test(x, y, paired = TRUE, conf.int = TRUE)."""
    x = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    y = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    inference, p_value = signed_rank(x - y)
    estimate = inference.estimate()
    assert p_value == pytest.approx(0.0390625)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.46, 0.01, 0.786), abs=1e-9)


@pytest.mark.parametrize("n", [12, 50, 51, 400])
def test_the_interval_agrees_with_the_test(n: int) -> None:
    """Shifted to a bound, the differences have the p-value of that bound."""
    x = np.random.default_rng(n).normal(0.3, 1, n)
    inference, _ = signed_rank(x)
    for bound in (inference.lower(0.025), inference.upper(0.025)):
        beside = [stats.wilcoxon(x - bound - step).pvalue for step in (-1e-9, 1e-9)]
        assert min(beside) <= 0.05 * 1.02
        assert max(beside) >= 0.05 * 0.9


def test_large_samples_are_searched_and_not_spread_out() -> None:
    x = np.random.default_rng(0).exponential(size=20_000)
    estimate = signed_rank(x)[0].estimate()
    assert estimate.low < estimate.value < estimate.high
    assert estimate.high - estimate.low < 0.05


def test_no_difference_at_all() -> None:
    inference, p_value = signed_rank(np.zeros(30))
    assert (inference.value, inference.lower(0.05), inference.upper(0.05), p_value) == (0.0, 0.0, 0.0, 1.0)


def test_few_rows_bound_nothing() -> None:
    assert signed_rank(np.array([1.0, 2.0]))[0].lower(0.05) == -math.inf
