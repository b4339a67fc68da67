"""Metrics of one's own: decorated functions of arrays and frames, and scikit-learn's scorers by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.errors import DeclarationError, MetricError
from aiqa.stats.inference import Estimate
from aiqa.stats.rows import METHODS

_RNG = np.random.default_rng(5)
_N = 240
_TRUTH = (_RNG.random(_N) < 0.4).astype(int)
_SCORE = np.clip(0.5 * _RNG.random(_N) + 0.4 * _TRUTH, 0, 1)
_WEIGHT = _RNG.integers(1, 4, _N)
_AMOUNT = _RNG.exponential(size=_N)
_CUSTOMER = np.arange(_N) // 4


@aiqa.metric
def overshoot(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    return float(np.average(y_pred - y_true, weights=sample_weight))


@aiqa.metric(higher_is_better=False, needs="score")
def promised(y_true: Any, y_score: Any) -> float:
    return float(abs(y_score.mean() - y_true.mean()))


@aiqa.metric
def amount_at_risk(frame: pl.DataFrame) -> float:
    missed = (pl.col("y_true") == 1) & (pl.col("y_pred") == 0)
    return float(frame.select((pl.col("amount") * missed).sum() / pl.col("amount").sum()).item())


@aiqa.metric(needs="frame", higher_is_better=False)
def columns_seen(frame: pl.DataFrame, scale: float = 1.0) -> float:
    return scale * len(frame.columns) + frame["amount"].mean() * 1e-9  # type: ignore[operator, return-value]


def _estimate(of: Any, **more: Any) -> Estimate:
    estimate: Estimate = aiqa.evaluate(of, y_true=_TRUTH, y_score=_SCORE, **more)
    return estimate


def test_decorated_functions_are_metrics() -> None:
    assert isinstance(overshoot, Metric)
    assert repr(overshoot >= 0.1) == "overshoot >= 0.1"
    assert repr(promised.by("g") <= 0.1) == "promised(higher_is_better=False, needs='score').by('g') <= 0.1"
    assert overshoot == metric(overshoot.function)
    assert overshoot.function(np.array([0.0, 1.0]), np.array([1.0, 1.0])) == 0.5
    assert aiqa.from_json(overshoot.to_json()).function is overshoot.function
    with pytest.raises(AttributeError, match="no metric of a function"):
        _ = metric.roc_auc.function


def test_they_are_known_by_name() -> None:
    assert aiqa.evaluate("promised", y_true=_TRUTH, y_score=_SCORE) == _estimate(promised)
    with pytest.raises(DeclarationError, match="did you mean 'accuracy'"):
        _estimate("acuracy")


def test_two_functions_of_one_name_are_not_mixed_up() -> None:
    def make(module: str) -> Metric:
        def twin(y_true: Any, y_pred: Any) -> float:
            return 0.0

        twin.__module__ = module
        return metric(twin)

    make("a"), make("b")
    with pytest.raises(DeclarationError, match="several metrics are named 'twin'"):
        _estimate("twin")


def test_a_name_defined_again_is_the_new_one() -> None:
    for value in (1.0, 2.0):

        @aiqa.metric
        def redefined(y_true: Any, y_pred: Any, value: float = value) -> float:
            return value + 1e-6 * float(y_pred.mean())

    assert _estimate("redefined").value == pytest.approx(2.0, abs=1e-5)


def test_weights_are_handed_over() -> None:
    said = (_SCORE >= 0.5).astype(int)
    expected = np.average(said - _TRUTH, weights=_WEIGHT)
    assert _estimate(overshoot, sample_weight=_WEIGHT).value == pytest.approx(expected)
    with pytest.raises(MetricError, match="no parameter sample_weight"):
        _estimate(promised, sample_weight=_WEIGHT)


@pytest.mark.parametrize("method", METHODS)
def test_methods_by_name(method: str) -> None:
    estimate = _estimate(overshoot, method=method)
    assert estimate.low < estimate.value < estimate.high
    assert estimate.method.startswith(
        ("wider of bca", "bca", "bootstrap percentile", "poisson bootstrap", "jackknife")
    )
    assert "1,000 resamples" in _estimate(overshoot(method="percentile", replicates=1000)).method


def test_methods_that_take_a_functional_are_not_there() -> None:
    with pytest.raises(MetricError, match=r"overshoot has no method 'linearised'; it has bootstrap, bca"):
        _estimate(overshoot, method="linearised")


def test_clusters_widen_what_repeats() -> None:
    rows = np.tile(np.arange(60), 4)
    given: dict[str, Any] = {"y_true": _TRUTH[rows], "y_score": _SCORE[rows]}
    alone = aiqa.evaluate(overshoot, **given)
    together = aiqa.evaluate(overshoot, **given, cluster=rows)
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(2.0, abs=0.4)


def test_a_frame_has_the_data_sets_columns_and_the_answers() -> None:
    seen: list[pl.DataFrame] = []

    @aiqa.metric
    def looks(frame: pl.DataFrame) -> float:
        seen.append(frame)
        return float(frame["amount"].mean())  # type: ignore[arg-type]

    data = pl.DataFrame(
        {
            "amount": _AMOUNT,
            "paid": np.array(["no", "yes"])[_TRUTH],
            "w": _WEIGHT,
            "shop": [None if i % 7 == 0 else i % 3 for i in range(_N)],
        }
    )
    aiqa.evaluate(looks, data, y_true="paid", y_score=_SCORE, sample_weight="w")
    first = seen[0]
    assert first.columns == ["amount", "paid", "w", "shop", "y_true", "y_pred", "y_score", "sample_weight"]
    assert first["y_true"].to_list() == data["paid"].to_list()
    assert set(first["y_pred"].to_list()) == {"no", "yes"}
    assert first["y_score"].to_numpy() == pytest.approx(_SCORE)
    assert first.schema["shop"] == pl.Int64
    assert first["shop"].null_count() == data["shop"].null_count()
    assert {frame.height for frame in seen} >= {_N}


def test_a_frame_of_a_slice() -> None:
    group = np.array(["a", "b", "a"] * (_N // 3))
    data = {"y": _TRUTH, "amount": _AMOUNT, "g": group}
    parts = aiqa.evaluate(amount_at_risk.by("g"), data, y_true="y", y_score=_SCORE)
    for name, part in parts.items():
        rows = group == name
        missed = rows & (_TRUTH == 1) & (_SCORE < 0.5)
        assert part.value == pytest.approx(_AMOUNT[missed].sum() / _AMOUNT[rows].sum())
        assert part.low < part.value < part.high
        assert part.n == rows.sum()


def test_a_frame_of_scores_of_several_classes_and_of_numbers() -> None:
    scores = _RNG.dirichlet(np.ones(3), 90)

    @aiqa.metric
    def width(frame: pl.DataFrame) -> float:
        return float(frame["y_score"].to_numpy().shape[1]) + 1e-6 * float(frame["y_true"].mean())  # type: ignore[arg-type]

    assert aiqa.evaluate(width, y_true=np.arange(90) % 3, y_score=scores).value == pytest.approx(3, abs=1e-5)

    @aiqa.metric
    def error(frame: pl.DataFrame) -> float:
        return float((frame["y_pred"] - frame["y_true"]).abs().mean())  # type: ignore[arg-type]

    found = aiqa.evaluate(error, y_true=_AMOUNT, y_pred=_AMOUNT + _SCORE)
    assert found.value == pytest.approx(_SCORE.mean())
    assert columns_seen.options.as_dict()["needs"] == "frame"
    seen = aiqa.evaluate(columns_seen, {"amount": _AMOUNT, "y": _TRUTH}, y_true="y", y_score=_SCORE)
    assert seen.value == pytest.approx(5, abs=1e-6)


def test_two_models() -> None:
    better = 0.5 * _SCORE + 0.5 * _TRUTH
    data = {"y": _TRUTH, "amount": _AMOUNT}
    result = aiqa.compare(amount_at_risk, data, y_true="y", champion=_SCORE, challenger=better)
    assert result.challenger < result.champion
    assert result.difference == pytest.approx(result.challenger - result.champion)
    loss = aiqa.compare(promised, y_true=_TRUTH, champion=_SCORE, challenger=better)
    assert loss.low <= loss.difference <= loss.high


def test_errors_name_the_function_and_its_line() -> None:
    def wants_more(y_true: Any, y_pred: Any) -> float:
        return {"a": 1.0}["b"]

    def fails_later(y_true: Any, y_pred: Any) -> float:
        if len(set(y_true.tolist())) < 2 or y_true[0] != _TRUTH[0]:
            raise KeyError("later")
        return float(y_pred.mean())

    line = wants_more.__code__.co_firstlineno + 1
    with pytest.raises(
        MetricError, match=rf"wants_more raised KeyError: 'b' \(.*test_functions.py, line {line}\)"
    ):
        _estimate(metric(wants_more))
    with pytest.raises(MetricError, match="fails_later raised KeyError on a resample of the rows: 'later'"):
        _estimate(metric(fails_later))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("neg_brier_score", lambda: -sk.brier_score_loss(_TRUTH, _SCORE)),
        ("neg_mean_poisson_deviance", lambda: -sk.mean_poisson_deviance(_TRUTH, _SCORE + 0.01)),
        ("matthews_corrcoef", lambda: sk.matthews_corrcoef(_TRUTH, _SCORE >= 0.5)),
    ],
)
def test_scorers_by_name(name: str, expected: Any) -> None:
    given: dict[str, Any] = {"y_pred": _SCORE + 0.01} if "poisson" in name else {"y_score": _SCORE}
    estimate = aiqa.evaluate(name, y_true=_TRUTH, **given)
    assert estimate.value == pytest.approx(expected())
    assert estimate.low < estimate.value < estimate.high


def test_scorers_of_a_regression_know_that_they_are() -> None:
    whole = np.arange(40) % 5
    estimate = aiqa.evaluate("neg_mean_poisson_deviance", y_true=whole, y_pred=whole + 1)
    assert estimate.value == pytest.approx(-sk.mean_poisson_deviance(whole, whole + 1))
    with pytest.raises(MetricError, match="did you mean 'neg_mean_poisson_deviance'"):
        aiqa.evaluate(metric.scorer("neg_mean_poison_deviance"), y_true=whole, y_pred=whole)


def test_a_metric_of_the_catalogue_comes_before_a_scorer() -> None:
    assert "DeLong" not in _estimate("roc_auc").method
    assert "resamples" not in _estimate("roc_auc").method
    assert "resamples" in _estimate(metric.scorer("roc_auc")).method


def test_a_function_cannot_take_the_name_of_a_metric() -> None:
    def roc_auc(y_true: Any, y_pred: Any) -> float:
        return float((y_true == y_pred).mean())

    with pytest.raises(DeclarationError, match="there is a metric 'roc_auc' already"):
        metric(roc_auc)
