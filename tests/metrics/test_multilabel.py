"""Several labels a row, against scikit-learn on the matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

import aiqa
from aiqa import metric
from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.errors import DataError, MetricError
from aiqa.session import Case, Session

_RNG = np.random.default_rng(5)
_NAMES = ["spam", "abuse", "fraud"]
_TRUTH = (_RNG.random((400, 3)) < [0.1, 0.3, 0.6]).astype(int)
_SCORES = np.clip(_TRUTH * 0.3 + 0.7 * _RNG.random((400, 3)), 0, 1)
_LABELS = (_SCORES >= 0.5).astype(int)
_WEIGHT = _RNG.uniform(0.5, 2, 400)


def _evaluate(of: Any, **told: Any) -> Any:
    return aiqa.evaluate(of, y_true=_TRUTH, classes=_NAMES, **told)


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
@pytest.mark.parametrize("weight", [None, _WEIGHT], ids=["plain", "weighted"])
def test_averages_of_labels(average: str, weight: Any) -> None:
    for name, score in (("f1", sk.f1_score), ("recall", sk.recall_score), ("precision", sk.precision_score)):
        of = getattr(metric, name)(average=average)
        found = _evaluate(of, y_pred=_LABELS, sample_weight=weight)
        assert found.value == pytest.approx(score(_TRUTH, _LABELS, average=average, sample_weight=weight))
        assert found.low < found.value < found.high


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_averages_of_scores(average: str) -> None:
    for name, score in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        found = _evaluate(getattr(metric, name)(average=average), y_score=_SCORES)
        assert found.value == pytest.approx(score(_TRUTH, _SCORES, average=average))
        assert found.low < found.value < found.high


def test_one_label_is_a_binary_task_of_its_own() -> None:
    each = _evaluate(metric.recall(average="each"), y_pred=_LABELS)
    for code, name in enumerate(_NAMES):
        alone = aiqa.evaluate("recall", y_true=_TRUTH[:, code], y_pred=_LABELS[:, code])
        assert each[name] == alone == _evaluate(metric.recall(label=name), y_pred=_LABELS)


def test_rows_are_what_is_independent() -> None:
    """The same label three times over tells no more than once."""
    truth, labels = np.repeat(_TRUTH[:, :1], 3, axis=1), np.repeat(_LABELS[:, :1], 3, axis=1)
    once = aiqa.evaluate(metric.accuracy, y_true=truth[:, 0], y_pred=labels[:, 0])
    thrice = aiqa.evaluate(metric.accuracy, y_true=truth, y_pred=labels)
    assert thrice.value == pytest.approx(once.value)
    assert thrice.high - thrice.low == pytest.approx(once.high - once.low, rel=0.05)


def test_slices_and_comparisons() -> None:
    of = metric.f1(average="macro").by("country")
    country = _RNG.choice(["BR", "DE"], 400)
    found = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_LABELS, by={"country": country})
    for value in ("BR", "DE"):
        rows = country == value
        expected = sk.f1_score(_TRUTH[rows], _LABELS[rows], average="macro")
        assert found[value].value == pytest.approx(expected)
    worse = np.where(_RNG.random((400, 3)) < 0.2, 1 - _LABELS, _LABELS)
    pair = aiqa.compare(metric.f1(average="macro"), y_true=_TRUTH, champion=worse, challenger=_LABELS)
    assert pair.low > 0
    assert pair.champion == pytest.approx(sk.f1_score(_TRUTH, worse, average="macro"))


@pytest.mark.parametrize(
    ("of", "told", "message"),
    [
        (metric.f1, {"y_pred": _LABELS}, "needs label=.*or average="),
        (metric.f1(label="ham"), {"y_pred": _LABELS}, "no such label"),
        (metric.f1(label="spam"), {"y_pred": _LABELS[:, :2]}, r"shape \(400, 2\)"),
        (metric.roc_auc(average="macro"), {"y_pred": _LABELS}, "needs scores"),
    ],
)
def test_wrong_questions(of: Any, told: Any, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        _evaluate(of, **told)


def test_a_wrong_label_is_named_with_its_row() -> None:
    truth = _TRUTH.copy()
    truth[7, 1] = 2
    with pytest.raises(DataError, match="none of the classes") as caught:
        aiqa.evaluate(metric.f1(average="macro"), y_true=truth, y_pred=_LABELS, classes=_NAMES)
    assert (caught.value.column, caught.value.row) == ("abuse", 7)
    scores = _SCORES.copy()
    scores[9, 2] = np.nan
    with pytest.raises(MetricError, match="NaN") as told:
        _evaluate(metric.roc_auc(average="macro"), y_score=scores)
    assert told.value.row == 9


@pytest.mark.parametrize(
    "estimator",
    [RandomForestClassifier(20, random_state=0), OneVsRestClassifier(LogisticRegression())],
    ids=["list of pairs", "matrix"],
)
def test_gates_on_a_multi_label_model(estimator: Any, tmp_path: Path) -> None:
    features = _TRUTH + _RNG.normal(size=_TRUTH.shape)
    estimator.fit(features[:200], _TRUTH[:200])
    frame = pl.DataFrame(features, schema=["a", "b", "c"]).hstack(pl.DataFrame(_TRUTH, schema=_NAMES))[200:]
    mails = aiqa.dataset("mails", frame, label=_NAMES)
    model = aiqa.model("filter", estimator, task="multilabel", features=["a", "b", "c"])
    gates = [
        metric.roc_auc(average="macro") >= 0.5,
        metric.recall(average="each") >= 0.0,
        aiqa.expect.column_values_to_not_be_null("a").gate(),
    ]
    check = Check("mails", model=model, dataset=mails)
    found = Session(tmp_path, Config()).decide([Case(check, gate.id, gate) for gate in gates])
    assert [str(outcome.gate.verdict) for outcome in found] == ["pass", "pass", "pass"]
    probability = estimator.predict_proba(features[200:])
    if isinstance(probability, list):
        probability = np.column_stack([of_label[:, 1] for of_label in probability])
    estimate = found[0].gate.estimate
    assert estimate is not None
    expected = sk.roc_auc_score(_TRUTH[200:], probability, average="macro")
    assert estimate.value == pytest.approx(expected)
    assert found[2].gate.result is not None
    assert found[2].gate.result["result"]["element_count"] == 200
