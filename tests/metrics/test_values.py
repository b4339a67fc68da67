"""Values equal scikit-learn's, with and without weights, for every metric of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.declare.metrics import METRIC_NAMES
from aiqa.errors import MetricError
from aiqa.metrics.catalogue import CATALOGUE

Array = NDArray[Any]


@dataclass(frozen=True)
class Labelled:
    truth: Array
    said: Array
    score: Array
    weight: Array | None


@st.composite
def labelled(draw: st.DrawFn, classes: int) -> Labelled:
    """Rows in which every class occurs, with tied scores and some weights of zero."""
    n = draw(st.integers(2 * classes, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    said = np.where(rng.random(n) < draw(st.floats(0, 1)), truth, rng.integers(0, classes, n))
    score = rng.dirichlet(np.ones(classes), n)
    weight = np.round(rng.uniform(0, 3, n)) + (np.arange(n) < classes)
    return Labelled(truth, said, score, draw(st.sampled_from([None, weight])))


BINARY: dict[str, Callable[..., float]] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
}
SCORED: dict[str, Callable[..., float]] = {
    "roc_auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
}
REGRESSION: dict[str, Callable[..., float]] = {
    "mae": sk.mean_absolute_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "median_absolute_error": sk.median_absolute_error,
}


def test_the_catalogue_is_what_can_be_declared() -> None:
    assert set(CATALOGUE) == {*METRIC_NAMES, "function", "scorer"}


@settings(deadline=None, max_examples=25)
@given(labelled(2), st.sampled_from(sorted(BINARY)))
def test_binary_labels(of: Labelled, name: str) -> None:
    said = of.said if of.weight is None else np.where(of.weight > 0, of.said, 0)
    assume(name != "precision" or said.any())
    ours = aiqa.evaluate(name, y_true=of.truth, y_pred=said, sample_weight=of.weight)
    assert ours.value == pytest.approx(BINARY[name](of.truth, said, sample_weight=of.weight), abs=1e-9)
    assert ours.low <= ours.value <= ours.high
    assert ours.low < ours.high


@settings(deadline=None, max_examples=25)
@given(labelled(2), st.sampled_from(sorted(SCORED)))
def test_binary_scores(of: Labelled, name: str) -> None:
    score = of.score[:, 1].round(1)
    ours = aiqa.evaluate(name, y_true=of.truth, y_score=score, sample_weight=of.weight)
    assert ours.value == pytest.approx(SCORED[name](of.truth, score, sample_weight=of.weight), abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(
    labelled(4),
    st.sampled_from(["precision", "recall", "f1"]),
    st.sampled_from(["macro", "weighted", "micro"]),
)
def test_averages_over_classes(of: Labelled, name: str, average: str) -> None:
    """But for classes without trials, which scikit-learn takes as 0."""
    told: dict[str, Any] = {"y_true": of.truth, "y_pred": of.said, "sample_weight": of.weight}
    expected = BINARY[name](of.truth, of.said, average=average, sample_weight=of.weight, zero_division=0)
    try:
        ours = aiqa.evaluate(getattr(metric, name)(average=average), **told)
    except MetricError:
        with pytest.warns(UndefinedMetricWarning):
            BINARY[name](of.truth, of.said, average=average, sample_weight=of.weight)
        return
    assert ours.value == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(labelled(3), st.sampled_from(["precision", "recall", "f1"]))
def test_each_class(of: Labelled, name: str) -> None:
    names = np.array(["ant", "bee", "cow"])
    ours = aiqa.evaluate(
        getattr(metric, name)(average="each"),
        y_true=names[of.truth],
        y_pred=names[of.said],
        sample_weight=of.weight,
    )
    expected = BINARY[name](of.truth, of.said, average=None, sample_weight=of.weight, zero_division=np.nan)
    assert list(ours) == ["ant", "bee", "cow"]
    for estimate, value in zip(ours.values(), np.atleast_1d(expected), strict=True):
        if isinstance(estimate, MetricError):
            assert np.isnan(value)
        else:
            assert estimate.value == pytest.approx(value, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(labelled(3), st.sampled_from(["macro", "weighted"]))
def test_multiclass_scores(of: Labelled, average: str) -> None:
    ours = aiqa.evaluate(
        [
            metric.roc_auc(average=average),
            metric.average_precision(average=average),
            metric.log_loss,
            metric.brier,
        ],
        y_true=of.truth,
        y_score=of.score,
        sample_weight=of.weight,
    )
    weight = of.weight
    expected = [
        sk.roc_auc_score(of.truth, of.score, multi_class="ovr", average=average, sample_weight=weight),
        sk.average_precision_score(of.truth, of.score, average=average, sample_weight=weight),
        sk.log_loss(of.truth, of.score, sample_weight=weight),
        sk.brier_score_loss(of.truth, of.score, sample_weight=weight),
    ]
    assert [estimate.value for estimate in ours.values()] == pytest.approx(expected, abs=1e-9)


def test_one_class_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 3, 90), rng.dirichlet([1, 1, 1], 90)
    one = aiqa.evaluate(metric.roc_auc(label=2), y_true=truth, y_score=score)
    assert one.value == pytest.approx(sk.roc_auc_score(truth == 2, score[:, 2]), abs=1e-12)
    each = aiqa.evaluate(metric.roc_auc(average="each"), y_true=truth, y_score=score)
    assert each[2] == one
    negative = aiqa.evaluate(
        metric.average_precision(label=0), y_true=truth % 2, y_score=score[:, 0], classes=[0, 1]
    )
    assert negative.value == pytest.approx(
        sk.average_precision_score(truth % 2 == 0, -score[:, 0]), abs=1e-12
    )


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0.1, 9)), min_size=2, max_size=30
    ),
    st.sampled_from(sorted(REGRESSION)),
    st.booleans(),
)
def test_regression(rows: list[tuple[float, float, float]], name: str, weighted: bool) -> None:
    truth, said, weight = (np.array(column) for column in zip(*rows, strict=True))
    assume(np.ptp(truth) > 1e-3)
    weights = weight if weighted else None
    ours = aiqa.evaluate(name, y_true=truth, y_pred=said, sample_weight=weights)
    expected = REGRESSION[name](truth, said, sample_weight=weights)
    assert ours.value == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert ours.low <= ours.value <= ours.high


SCORERS = [
    ("f1_macro", "multiclass"),
    ("matthews_corrcoef", "multiclass"),
    ("roc_auc_ovo", "multiclass"),
    ("neg_log_loss", "multiclass"),
    ("top_k_accuracy", "multiclass"),
    ("f1", "binary"),
    ("jaccard", "binary"),
    ("neg_brier_score", "binary"),
    ("average_precision", "binary"),
    ("neg_log_loss", "binary"),
    ("explained_variance", "regression"),
    ("neg_mean_absolute_percentage_error", "regression"),
]


class _Answers:
    """An estimator that answers what it was told, for scikit-learn's own scorers."""

    _estimator_type = "classifier"

    def __init__(self, labels: Array, said: Array, score: Array) -> None:
        self.classes_, self._said, self._score = labels, said, score

    def fit(self, rows: Array) -> None: ...

    def predict(self, _: Array) -> Array:
        return self._said

    def predict_proba(self, _: Array) -> Array:
        return self._score

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
        )


@pytest.mark.parametrize(("name", "task"), SCORERS)
def test_scorers(name: str, task: str) -> None:
    rng = np.random.default_rng(1)
    n = 60
    if task == "regression":
        values = rng.normal(5, 1, n)
        near = values + rng.normal(size=n)
        ours = aiqa.evaluate(metric.scorer(name), y_true=values, y_pred=near)
        assert ours.value == pytest.approx(_regression_scorer(name, values, near), abs=1e-9)
        return
    classes = 2 if task == "binary" else 3
    labels = np.arange(classes)
    truth, said = rng.integers(0, classes, n), rng.integers(0, classes, n)
    score = rng.dirichlet(np.ones(classes), n)
    expected = sk.get_scorer(name)(_Answers(labels, said, score), truth, truth)
    answers = score[:, 1] if task == "binary" else score
    ours = aiqa.evaluate(metric.scorer(name), y_true=truth, y_pred=said, y_score=answers)
    assert ours.value == pytest.approx(expected, abs=1e-9)
    assert ours.low < ours.value < ours.high


def _regression_scorer(name: str, truth: Array, said: Array) -> float:
    function = {
        "explained_variance": sk.explained_variance_score,
        "neg_mean_absolute_percentage_error": lambda t, p: -sk.mean_absolute_percentage_error(t, p),
    }[name]
    return float(function(truth, said))


@pytest.mark.parametrize("name", ["f1", "neg_log_loss", "neg_brier_score"])
def test_scorers_look_for_the_positive_label_whatever_it_is_called(name: str) -> None:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 2, 80)
    score = np.clip(rng.random(80) * 0.6 + codes * 0.3, 0, 1)
    said = (score > 0.5).astype(int)
    words = np.array(["zero", "good"])
    by_code = aiqa.evaluate(metric.scorer(name), y_true=codes, y_pred=said, y_score=score)
    by_word = aiqa.evaluate(
        metric.scorer(name), y_true=words[codes], y_pred=words[said], y_score=score, positive="good"
    )
    assert by_word == by_code


def test_scorers_take_weights() -> None:
    truth, said = np.array([0, 1, 2, 2, 1, 0] * 5), np.array([0, 1, 1, 2, 1, 2] * 5)
    weight = np.arange(1.0, 31.0)
    ours = aiqa.evaluate(metric.scorer("f1_macro"), y_true=truth, y_pred=said, sample_weight=weight)
    assert ours.value == pytest.approx(sk.f1_score(truth, said, average="macro", sample_weight=weight))


def _bias(y_true: Array, y_pred: Array) -> float:
    return float((y_pred - y_true).mean())


def _weighted_bias(y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
    return float(np.average(y_pred - y_true, weights=sample_weight))


def _share_of_dogs(y_true: Array, y_pred: Array) -> float:
    assert set(y_true) <= {"cat", "dog"}
    return float((y_pred == "dog").mean())


def _mean_score(y_true: Array, y_score: Array) -> float:
    return float(y_score.mean())


def test_functions_get_values_weights_labels_and_scores() -> None:
    truth, said, weight = np.array([1.5, 2.0, 3.0]), np.array([2.0, 2.0, 4.0]), np.array([1.0, 0.0, 2.0])
    assert aiqa.evaluate(_bias, y_true=truth, y_pred=said).value == pytest.approx(0.5)
    heavy = aiqa.evaluate(_weighted_bias, y_true=truth, y_pred=said, sample_weight=weight)
    assert heavy.value == pytest.approx(2.5 / 3)
    dogs = aiqa.evaluate(_share_of_dogs, y_true=["cat", "dog", "dog"], y_pred=["dog", "dog", "cat"])
    assert dogs.value == pytest.approx(2 / 3)
    assert aiqa.evaluate(_mean_score, y_true=[0, 1, 1], y_score=[0.1, 0.2, 0.6]).value == pytest.approx(0.3)
    wide = aiqa.evaluate(metric(_mean_score, needs="score"), y_true=[0, 1, 2], y_score=np.eye(3))
    assert wide.value == pytest.approx(1 / 3)


def test_the_interval_of_a_function_is_that_of_the_t_where_it_is_a_mean() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=400)
    said = truth + rng.normal(size=400)
    ours = aiqa.evaluate(_bias, y_true=truth, y_pred=said)
    error = (said - truth).std(ddof=1) / 20
    assert (ours.low, ours.high) == pytest.approx(
        (ours.value - 1.96 * error, ours.value + 1.96 * error), abs=0.25 * error
    )


@pytest.mark.parametrize(
    "of",
    [metric.roc_auc, metric.f1(average="macro"), metric.scorer("r2")],
    ids=lambda of: of.id,
)
def test_the_seed_decides(of: Metric) -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 100)
    regression = of.id == "r2"
    said = truth + rng.normal(size=100)
    given: dict[str, Any] = {"y_pred": said} if regression else {"y_score": said, "y_pred": said > 0.5}
    task = "regression" if regression else "binary"
    runs = [aiqa.evaluate(of, y_true=truth, task=task, seed=seed, **given) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert (runs[0] == runs[2]) == (of.name in ("roc_auc", "f1"))


def test_mase_is_of_no_unit() -> None:
    """Squares of the naive error that a float cannot hold are not taken."""
    truth, said = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 6.0]), np.array([1.5, 2.5, 2.5, 4.5, 4.5, 5.0])
    plain = aiqa.evaluate("mase", y_true=truth, y_pred=said, task="regression")
    tiny = aiqa.evaluate("mase", y_true=truth * 1e-200, y_pred=said * 1e-200, task="regression")
    assert (tiny.value, tiny.low, tiny.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_one_cluster_with_nearly_all_weight_bounds_nothing() -> None:
    """Its freedom is nearly none, and the share may be anything."""
    weight = np.where(np.arange(60) < 5, 1e4, 1e-4)
    found = aiqa.evaluate(
        "accuracy", y_true=[0, 1] * 30, y_pred=[0] * 60, sample_weight=weight, cluster=np.arange(60) // 5
    )
    assert (found.low, found.high) == (0, 1)
