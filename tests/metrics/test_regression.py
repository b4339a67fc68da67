"""Metrics of a regression against scikit-learn, NumPy and their definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

import aiqa
from aiqa import metric
from aiqa.errors import MetricError

Floats = NDArray[np.float64]
_RNG = np.random.default_rng(0)
_N = 400
_TRUTH = _RNG.normal(10, 2, _N)
_NEAR = _TRUTH + _RNG.normal(0, 1, _N)
_FAR = _TRUTH + _RNG.normal(0, 1.4, _N)
_WEIGHT = _RNG.uniform(0.2, 3, _N)
_CLUSTER = np.arange(_N) // 5
EIGHTHS = st.integers(-40, 40).map(lambda k: k / 8)
ROWS = st.lists(
    st.tuples(EIGHTHS, EIGHTHS, st.sampled_from([0.0, 0.5, 1.0, 3.0])), min_size=2, max_size=30
).filter(lambda rows: len({truth for truth, _, weight in rows if weight}) > 1)
SKLEARN: dict[Any, Any] = {
    metric.mae: sk.mean_absolute_error,
    metric.mse: sk.mean_squared_error,
    metric.rmse: sk.root_mean_squared_error,
    metric.r2: sk.r2_score,
    metric.median_absolute_error: sk.median_absolute_error,
    metric.pinball: sk.mean_pinball_loss,
    metric.pinball(q=0.9): lambda *a, **k: sk.mean_pinball_loss(*a, alpha=0.9, **k),
}
ALL = [
    *SKLEARN,
    metric.mape,
    metric.smape,
    metric.mase,
    metric.mase(period=7),
    metric.absolute_error_quantile,
    metric.absolute_error_quantile(q=0.5),
]


def _value(of: Any, rows: Floats, **given: Any) -> float:
    return float(aiqa.evaluate(of, y_true=rows[0], y_pred=rows[1], task="regression", **given).value)


@settings(deadline=None, max_examples=25)
@given(ROWS)
def test_values_are_scikit_learns(rows: list[tuple[float, float, float]]) -> None:
    truth, said, weight = np.array(rows).T
    for of, theirs in SKLEARN.items():
        if of.name != "r2" or truth.min() < truth.max():
            assert _value(of, np.array([truth, said])) == pytest.approx(
                theirs(truth, said), rel=1e-9, abs=1e-9
            )
        expected = theirs(truth, said, sample_weight=weight)
        found = _value(of, np.array([truth, said]), sample_weight=weight)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(ROWS)
def test_relative_errors(rows: list[tuple[float, float, float]]) -> None:
    truth, said, weight = np.array(rows).T
    both = np.abs(truth) + np.abs(said)
    symmetric = np.divide(2 * np.abs(truth - said), both, out=np.zeros(len(both)), where=both > 0)
    expected = float(np.average(symmetric, weights=weight))
    assert _value("smape", np.array([truth, said]), sample_weight=weight) == pytest.approx(expected, abs=1e-9)
    above = truth + 6
    expected = sk.mean_absolute_percentage_error(above, said, sample_weight=weight)
    assert _value("mape", np.array([above, said]), sample_weight=weight) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(ROWS, st.sampled_from([0.1, 0.5, 0.9, 0.25]))
def test_quantiles_of_errors(rows: list[tuple[float, float, float]], share: float) -> None:
    """As NumPy's; with whole numbers as weights, as that of rows that often."""
    truth, said, weight = np.array(rows).T
    of, errors = metric.absolute_error_quantile(q=share), np.abs(truth - said)
    expected = np.quantile(errors, share, method="averaged_inverted_cdf")
    assert _value(of, np.array([truth, said])) == pytest.approx(expected)
    times = (2 * weight).astype(int)
    expected = np.quantile(np.repeat(errors, times), share, method="averaged_inverted_cdf")
    assert _value(of, np.array([truth, said]), sample_weight=weight) == pytest.approx(expected)


def test_bias_is_prediction_less_truth() -> None:
    assert _value("mean_error", np.array([[1.0, 2.5], [2.0, 4.0]])) == 1.25


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.id)
@pytest.mark.parametrize(
    "how", [{}, {"sample_weight": _WEIGHT}, {"cluster": _CLUSTER}], ids=["rows", "weights", "clusters"]
)
def test_alone_and_paired(of: Any, how: dict[str, Any]) -> None:
    alone = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_NEAR, **how)
    assert alone.low < alone.value < alone.high
    pair = aiqa.compare(of, y_true=_TRUTH, champion=_FAR, challenger=_NEAR, **how)
    assert pair.challenger == pytest.approx(alone.value, abs=1e-12)
    assert pair.difference == pytest.approx(pair.challenger - pair.champion, abs=1e-12)
    assert pair.low < pair.difference < pair.high
    swapped = aiqa.compare(of, y_true=_TRUTH, champion=_NEAR, challenger=_FAR, **how)
    tolerance = 0.15 * (pair.high - pair.low)
    assert (swapped.low, swapped.high) == pytest.approx((-pair.high, -pair.low), abs=tolerance)
    assert (pair.difference > 0) == (of.name == "r2")


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.id)
@pytest.mark.parametrize("weight", [None, _WEIGHT], ids=["plain", "weights"])
def test_each_row_a_cluster_is_no_clusters(of: Any, weight: Any) -> None:
    """Means come from the moments of a scan without clusters, and from rows with them."""
    plain = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_NEAR, sample_weight=weight)
    alone = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_NEAR, sample_weight=weight, cluster=np.arange(_N))
    assert alone.value == pytest.approx(plain.value, abs=1e-12)
    slack = 0.1 * (plain.high - plain.low) if "quantile" in of.name or "median" in of.name else 1e-9
    assert (alone.low, alone.high) == pytest.approx((plain.low, plain.high), abs=slack)


@pytest.mark.parametrize("of", [metric.mae, metric.rmse, metric.r2, metric.mase], ids=lambda of: of.id)
def test_rows_that_repeat_within_a_cluster_tell_nothing_more(of: Any) -> None:
    once = aiqa.evaluate(of, y_true=_TRUTH[:80], y_pred=_NEAR[:80], cluster=np.arange(80))
    four: dict[str, Any] = {"y_true": np.tile(_TRUTH[:80], 4), "y_pred": np.tile(_NEAR[:80], 4)}
    again = aiqa.evaluate(of, **four, cluster=np.tile(np.arange(80), 4))
    assert (again.low, again.high) == pytest.approx((once.low, once.high), rel=0.02)


@pytest.mark.parametrize("of", ["mae", "rmse", "mse", "pinball", "mean_error"])
def test_weights_that_are_all_equal_are_none(of: str) -> None:
    plain = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_NEAR)
    equal = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_NEAR, sample_weight=np.full(_N, 7.0))
    assert (equal.low, equal.high) == pytest.approx((plain.low, plain.high), rel=1e-9)


def test_the_root_of_the_bounds_is_the_bound_of_the_root() -> None:
    both = aiqa.evaluate(["mse", "rmse"], y_true=_TRUTH, y_pred=_NEAR)
    assert both["rmse"].low == pytest.approx(math.sqrt(both["mse"].low))
    assert both["rmse"].high == pytest.approx(math.sqrt(both["mse"].high))


def test_scaled_errors_are_in_the_order_of_time() -> None:
    truth, said = np.array([1.0, 4.0, 2.0, 8.0]), np.array([2.0, 4.0, 2.0, 8.0])
    assert _value("mase", np.array([truth, said])) == pytest.approx(0.25 / ((3 + 2 + 6) / 3))
    assert _value(metric.mase(period=2), np.array([truth, said])) == pytest.approx(0.25 / ((1 + 4) / 2))
    when = np.array(["2026-01-03", "2026-01-01", "2026-01-04", "2026-01-02"], dtype="datetime64[D]")
    found = _value("mase", np.array([truth, said]), time=when)
    assert found == pytest.approx(0.25 / ((4 + 7 + 1) / 3))


def test_each_slice_has_its_own_naive_forecast() -> None:
    truth = np.concatenate([np.arange(50.0), 10 * np.arange(50.0)])
    parts = aiqa.evaluate("mase", y_true=truth, y_pred=truth + 1, by={"shop": ["a"] * 50 + ["b"] * 50})
    assert parts["a"].value == pytest.approx(1.0)
    assert parts["b"].value == pytest.approx(0.1)


UNDEFINED: dict[str, tuple[Any, Floats, Floats, str]] = {
    "mape of 0": (metric.mape, np.array([1.0, 2.0, 0.0]), np.ones(3), r"the truth is 0.*\(row 2\)"),
    "mape of 0, clusters": (metric.mape, np.array([1.0, 0.0]), np.ones(2), "the truth is 0"),
    "r2 of a constant": (metric.r2, np.ones(5), np.arange(5.0), "the truth is the same in all rows"),
    "mase of a constant": (metric.mase, np.ones(5), np.arange(5.0), "the naive forecast has no error"),
    "mase of few rows": (metric.mase(period=9), np.arange(5.0), np.ones(5), "more rows than its period of 9"),
    "period": (metric.mase(period=0), np.arange(5.0), np.ones(5), "a number of rows, from 1 up"),
    "q": (metric.pinball(q=90), np.arange(5.0), np.ones(5), "a share between 0 and 1"),
    "q of a quantile": (metric.absolute_error_quantile(q=1), np.arange(5.0), np.ones(5), "between 0 and 1"),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_what_is_not_defined_says_why(case: str) -> None:
    of, truth, said, why = UNDEFINED[case]
    cluster = np.arange(len(truth)) if "clusters" in case else None
    with pytest.raises(MetricError, match=why):
        aiqa.evaluate(of, y_true=truth, y_pred=said, task="regression", cluster=cluster)


def test_a_bias_is_not_compared() -> None:
    with pytest.raises(MetricError, match="neither end of mean_error is the better one"):
        aiqa.compare("mean_error", y_true=_TRUTH, champion=_FAR, challenger=_NEAR)


def test_ranks_of_paired_losses() -> None:
    from scipy import stats

    pair = aiqa.compare("mae", y_true=_TRUTH, champion=_FAR, challenger=_NEAR, method="wilcoxon")
    gain = np.abs(_TRUTH - _NEAR) - np.abs(_TRUTH - _FAR)
    assert pair.p_value == pytest.approx(stats.wilcoxon(gain).pvalue)
    assert pair.low < pair.difference < pair.high < 0
    assert pair.difference != pytest.approx(pair.challenger - pair.champion, abs=1e-3)
    assert "pseudo-median" in pair.method


@pytest.mark.parametrize(
    ("given", "why"),
    [({"sample_weight": _WEIGHT}, "takes no weights"), ({"cluster": _CLUSTER}, "takes no clusters")],
)
def test_ranks_take_neither_weights_nor_clusters(given: dict[str, Any], why: str) -> None:
    with pytest.raises(MetricError, match=why):
        aiqa.compare("mae", y_true=_TRUTH, champion=_FAR, challenger=_NEAR, method="wilcoxon", **given)


def test_ranks_compare_two_models() -> None:
    with pytest.raises(MetricError, match="compares two models"):
        aiqa.evaluate("mae", y_true=_TRUTH, y_pred=_NEAR, method="wilcoxon")
