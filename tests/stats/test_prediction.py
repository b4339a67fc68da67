"""Prediction intervals against SciPy's quantiles, and how often they are wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aiqa.stats.prediction import prediction_interval

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@given(
    k=st.integers(10, 40),
    alpha=st.sampled_from([0.001, 0.01, 0.1]),
    scale=st.floats(0.01, 100),
    shift=st.floats(-9, 9),
)
def test_values_without_accidents_have_students_interval(
    k: int, alpha: float, scale: float, shift: float
) -> None:
    values = shift + scale * np.linspace(-1, 1, k)
    half = stats.t.ppf(1 - alpha / 2, k - 1) * values.std(ddof=1) * math.sqrt(1 + 1 / k)
    low, high = prediction_interval(values.tolist(), alpha)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half))


@given(values=VALUES)
def test_it_mirrors_with_the_values(values: list[float]) -> None:
    low, high = prediction_interval(values)
    assert low <= high
    assert prediction_interval([-value for value in values]) == pytest.approx((-high, -low))
    assert prediction_interval(sorted(values)) == pytest.approx((low, high))


def test_an_accident_does_not_hide_the_next() -> None:
    usual = [10.0, 11.0, 9.0, 10.5, 9.5, 10.2, 9.8, 10.1, 9.9]
    assert prediction_interval([*usual, 500.0]) == pytest.approx(prediction_interval(usual))


def test_a_level_that_stays_becomes_usual() -> None:
    old = [10.0 + place % 3 for place in range(24)]
    assert prediction_interval([50.0, 50.0, 50.0, *old])[1] < 50
    assert prediction_interval([50.0, 51.0, 49.0, 50.5, 50.0, 49.0, 51.0, *old])[1] > 50


def test_values_that_are_mostly_equal_keep_the_others() -> None:
    low, high = prediction_interval([0.0] * 20 + [3.0])
    assert low == high == 0  # an accident: one of twenty
    low, high = prediction_interval([0.0] * 15 + [3.0, 2.0, 1.0, 1.0, 2.0])
    assert low < 0 < 3 < high
    assert prediction_interval([2.0] * 5) == (2.0, 2.0)


def test_one_value_tells_nothing() -> None:
    with pytest.raises(ValueError, match="two values"):
        prediction_interval([1.0])


@pytest.mark.parametrize("k", [10, 20, 30])
def test_false_alarms_are_as_rare_as_said(k: int) -> None:
    rng = np.random.default_rng(k)
    runs = rng.normal(size=(20_000, k + 1))
    alarms = 0
    for *past, value in runs.tolist():
        low, high = prediction_interval(past, 0.05)
        alarms += not low <= value <= high
    # Leaving out accidents costs a little: at most 0.062, measured, of a nominal 0.05.
    assert 0.04 < alarms / len(runs) < 0.068
