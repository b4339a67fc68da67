"""From a declaration to answers in each slice: needs, slices, and errors that stay where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.metrics import catalogue
from aiqa.metrics.table import ScoredTable, scored_table
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions
from aiqa.stats.inference import Inference

_RNG = np.random.default_rng(0)
_N = 300
_COUNTRY = np.array(["BR", "PT", "XX"])[np.minimum(np.arange(_N) // 120, 2)]
_TRUTH = np.where(_COUNTRY == "XX", 0, _RNG.integers(0, 2, _N))
_SCORE = np.clip(_RNG.random(_N) / 2 + _TRUTH / 2.5, 0, 1)


def _binary(
    given: Predictions | None = None, champion: Predictions | None = None, **more: Any
) -> ScoredTable:
    frame = pl.DataFrame({"y": _TRUTH, "country": _COUNTRY, "w": _RNG.uniform(0, 2, _N), **more})
    model = aiqa.model("m", aiqa.column(score="p"), task="binary")
    dataset = aiqa.dataset("orders", "orders.csv", label="y")
    return scored_table(frame, model, dataset, given or Predictions(score=_SCORE), champion)


def _infer(of: Metric, table: ScoredTable) -> dict[Any, Any]:
    return catalogue.infer(
        of, table, execute(table.frame, catalogue.requests(of, table, versus_champion=False)), 0
    )


def _compare(of: Metric, table: ScoredTable) -> dict[Any, Any]:
    return catalogue.compare(
        of, table, execute(table.frame, catalogue.requests(of, table, versus_champion=True)), 0
    )


def _mean_score(y_true: Any, y_score: Any) -> float:
    return float(y_score.mean() - y_true.mean())


BY_COUNTRY = [
    metric.accuracy,
    metric.balanced_accuracy,
    metric.recall,
    metric.f1(average="macro"),
    metric.roc_auc,
    metric.average_precision,
    metric.brier,
    metric.precision.at(top=20),
    metric.recall.at(fpr=0.2),
    metric(_mean_score, needs="score"),
]


@pytest.mark.parametrize("of", BY_COUNTRY, ids=lambda of: of.id)
def test_a_slice_equals_the_metric_of_its_rows(of: Metric) -> None:
    parts = _infer(of.by("country"), _binary())
    for country in ("BR", "PT"):
        rows = np.equal(_COUNTRY, country)
        alone = aiqa.evaluate(
            of, y_true=_TRUTH[rows], y_score=_SCORE[rows], y_pred=(_SCORE[rows] >= 0.5).astype(int)
        )
        part = parts[(("country", country),)]
        assert part.value == pytest.approx(alone.value, abs=1e-12)
        assert part.n == rows.sum() == alone.n
        assert part.estimate().low == pytest.approx(alone.low, abs=1e-12)


@pytest.mark.parametrize("of", BY_COUNTRY, ids=lambda of: of.id)
def test_a_slice_of_one_class_is_its_own_error(of: Metric) -> None:
    part = _infer(of.by("country"), _binary())[(("country", "XX"),)]
    defined = {"accuracy", "brier", "precision", "function"}
    assert isinstance(part, Inference if of.name in defined else MetricError)


def test_classes_come_after_slices_and_fail_alone() -> None:
    parts = _infer(metric.recall(average="each").by("country"), _binary())
    assert list(parts)[:2] == [(("country", "BR"), ("class", 0)), (("country", "BR"), ("class", 1))]
    assert isinstance(parts[(("country", "XX"), ("class", 0))], Inference)
    error = parts[(("country", "XX"), ("class", 1))]
    assert isinstance(error, MetricError)
    assert "no row is of class 1" in str(error)


def test_null_is_a_slice() -> None:
    table = _binary(channel=["web", None, "app"] * (_N // 3))
    assert {key[0][1] for key in _infer(metric.accuracy.by("channel"), table)} == {"web", "app", None}


def test_slices_of_no_weight_are_their_own_error() -> None:
    frame = pl.DataFrame({"y": [0, 1, 0, 1], "g": ["a", "a", "b", "b"], "w": [0.0, 0.0, 1.0, 1.0]})
    model = aiqa.model("m", aiqa.column(score="p"), task="binary")
    dataset = aiqa.dataset("orders", "orders.csv", label="y", weight="w")
    table = scored_table(frame, model, dataset, Predictions(score=np.array([0.1, 0.9, 0.2, 0.8])))
    for of in (metric.accuracy, metric.roc_auc, metric.brier, metric.balanced_accuracy):
        parts = _infer(of.by("g"), table)
        assert isinstance(parts[(("g", "a"),)], MetricError), of
        assert parts[(("g", "b"),)].value in (1.0, pytest.approx(0.04))


def test_support_is_what_limits_precision() -> None:
    table = _binary()
    called = int((_SCORE >= 0.5).sum())
    recall, precision = _infer(metric.recall, table)[()], _infer(metric.precision, table)[()]
    assert (recall.n, recall.support, recall.support_of) == (_N, _TRUTH.sum(), "rows of the class")
    assert (precision.n, precision.support) == (_N, called)
    assert _infer(metric.accuracy, table)[()].support is None
    assert _infer(metric.roc_auc, table)[()].support == min(_TRUTH.sum(), _N - _TRUTH.sum())


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (metric.roc_auc, "roc_auc needs scores: the challenger gives labels only"),
        (metric.log_loss, "log_loss needs scores"),
        (metric.precision.at(threshold=0.3), "precision needs scores"),
        (metric(_mean_score, needs="score"), "needs scores"),
        (metric.scorer("roc_auc"), "needs scores"),
        (metric.mae, "mae is a metric of regression models, not of binary ones"),
        (metric.psi("amount", reference="r"), "compares two data sets"),
        (metric.scorer("roc_auk"), "did you mean 'roc_auc'"),
        (metric.recall(label=7), "there is no such class"),
        (metric.recall(label=1, average="macro"), "not both"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(of: Metric, why: str) -> None:
    table = _binary(Predictions(_TRUTH))
    with pytest.raises(MetricError, match=why):
        catalogue.requests(of, table, versus_champion=False)


def test_a_comparison_needs_a_champion_that_can_answer() -> None:
    with pytest.raises(MetricError, match="declares none"):
        catalogue.requests(metric.accuracy, _binary(), versus_champion=True)
    table = _binary(champion=Predictions(_TRUTH))
    with pytest.raises(MetricError, match="the champion gives labels only"):
        catalogue.requests(metric.roc_auc, table, versus_champion=True)


def test_scores_of_a_decision_function_have_no_loss_where_they_look_like_probabilities() -> None:
    table = _binary(Predictions(score=_SCORE, probabilistic=False))
    assert _infer(metric.roc_auc, table)[()].value == _infer(metric.roc_auc, _binary())[()].value
    for of in (metric.log_loss, metric.brier, metric.scorer("neg_brier_score")):
        with pytest.raises(MetricError, match=r"needs probabilities.*only rank"):
            catalogue.requests(of, table, versus_champion=False)


def test_scores_that_are_no_probabilities_rank_but_have_no_loss() -> None:
    table = _binary(Predictions(score=_SCORE * 3 - 1))
    assert _infer(metric.roc_auc, table)[()].value == pytest.approx(
        _infer(metric.roc_auc, _binary())[()].value
    )
    for of in (metric.log_loss, metric.brier, metric.scorer("neg_log_loss")):
        with pytest.raises(MetricError, match=r"needs probabilities.*outside \[0, 1\]") as caught:
            catalogue.requests(of, table, versus_champion=False)
        assert caught.value.row == int(np.argmax((_SCORE * 3 - 1 < 0) | (_SCORE * 3 - 1 > 1)))
    with pytest.raises(MetricError, match="does not sum to 1"):
        aiqa.evaluate("log_loss", y_true=[0, 1, 2], y_score=np.full((3, 3), 0.2))


def test_several_classes_need_to_be_told_which() -> None:
    for of in (metric.precision, metric.roc_auc):
        with pytest.raises(MetricError, match="needs label="):
            aiqa.evaluate(of, y_true=[0, 1, 2], y_pred=[0, 1, 1], y_score=np.eye(3))
    with pytest.raises(MetricError, match="no micro average"):
        aiqa.evaluate(metric.roc_auc(average="micro"), y_true=[0, 1, 2], y_score=np.eye(3))


def test_slices_are_compared_each_with_its_own_errors() -> None:
    table = _binary(champion=Predictions(score=np.roll(_SCORE, 1)))
    parts = _compare(metric.roc_auc.by("country"), table)
    assert parts[(("country", "BR"),)].gain.value > 0
    assert isinstance(parts[(("country", "XX"),)], MetricError)


def test_gains_of_losses_are_positive_where_the_challenger_is_better() -> None:
    table = _binary(champion=Predictions(score=np.full(_N, 0.5)))
    for of in (metric.brier, metric.log_loss, metric.roc_auc):
        part = _compare(of, table)[()]
        assert part.gain.value > 0
        assert catalogue.higher_is_better(of) == (of.name == "roc_auc")


def test_metrics_of_one_table_share_their_statistics() -> None:
    table = _binary()
    asked = [
        catalogue.requests(of, table, versus_champion=False)
        for of in (metric.accuracy, metric.f1, metric.recall, metric.balanced_accuracy)
    ]
    assert len(set(asked)) == 1


def _raises(y_true: Any, y_pred: Any) -> float:
    raise KeyError("gone")


def _gives_nan(y_true: Any, y_pred: Any) -> float:
    return float("nan")


def test_functions_that_fail_say_so() -> None:
    for function, why in ((_raises, "_raises raised KeyError"), (_gives_nan, "gave nan")):
        with pytest.raises(MetricError, match=why):
            aiqa.evaluate(function, y_true=[0, 1], y_pred=[0, 1])
    with pytest.raises(MetricError, match="no parameter sample_weight"):
        aiqa.evaluate(_gives_nan, y_true=[0, 1], y_pred=[0, 1], sample_weight=[1, 2])


def test_resamples_on_which_a_function_is_not_defined_widen_its_bounds() -> None:
    def ratio(y_true: Any, y_pred: Any) -> float:
        return float(y_pred.sum()) / float(y_true.sum())

    truth = np.array([1] + [0] * 9)
    estimate = aiqa.evaluate(ratio, y_true=truth, y_pred=truth, task="regression")
    assert estimate.value == 1.0
    assert estimate.high == float("inf")
