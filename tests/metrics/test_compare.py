"""Two models on the same rows: signs, units, joint errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import aiqa
from aiqa import metric
from aiqa.errors import MetricError
from aiqa.metrics.compare import ComparisonEstimate

_RNG = np.random.default_rng(0)
_N = 600
_TRUTH = _RNG.integers(0, 2, _N)
_GOOD = np.clip(0.25 + 0.5 * _TRUTH + _RNG.normal(0, 0.2, _N), 0.01, 0.99)
_POOR = np.clip(_GOOD + _RNG.normal(0, 0.3, _N), 0.01, 0.99)
_THREE = _RNG.integers(0, 3, _N)


def _answers(noise: float) -> Any:
    scores = np.eye(3)[_THREE] + np.random.default_rng(1).gamma(noise, size=(_N, 3))
    return scores / scores.sum(axis=1, keepdims=True)


def _share_right(y_true: Any, y_pred: Any) -> float:
    return float((y_true == y_pred).mean())


CLASSIFICATION = [
    metric.accuracy,
    metric.balanced_accuracy,
    metric.precision,
    metric.recall,
    metric.f1,
    metric.roc_auc,
    metric.average_precision,
    metric.log_loss,
    metric.brier,
    metric(_share_right),
]


@pytest.mark.parametrize("of", CLASSIFICATION, ids=lambda of: of.id)
def test_binary(of: Any) -> None:
    result = aiqa.compare(of, y_true=_TRUTH, champion=_POOR, challenger=_GOOD)
    for score, value in ((_POOR, result.champion), (_GOOD, result.challenger)):
        given: dict[str, Any] = {"y_score": score, "y_pred": (score >= 0.5).astype(int)}
        assert value == pytest.approx(aiqa.evaluate(of, y_true=_TRUTH, **given).value, abs=1e-12)
    assert result.difference == pytest.approx(result.challenger - result.champion, abs=1e-12)
    assert result.low <= result.difference <= result.high
    loss = of.name in ("log_loss", "brier")
    assert (result.high < 0) if loss else (result.low > 0)
    assert result.p_value < 0.01


@pytest.mark.parametrize("of", CLASSIFICATION, ids=lambda of: of.id)
def test_swapping_the_models_swaps_the_signs(of: Any) -> None:
    one = aiqa.compare(of, y_true=_TRUTH, champion=_POOR, challenger=_GOOD)
    other = aiqa.compare(of, y_true=_TRUTH, champion=_GOOD, challenger=_POOR)
    assert one.difference == pytest.approx(-other.difference, abs=1e-12)
    assert one.low == pytest.approx(-other.high, abs=0.15 * (one.high - one.low))


@pytest.mark.parametrize(
    "of",
    [
        metric.f1(average="macro"),
        metric.recall(average="weighted"),
        metric.precision(average="micro"),
        metric.precision(label=1),
        metric.roc_auc(average="macro"),
        metric.average_precision(average="weighted"),
        metric.log_loss,
        metric.brier,
    ],
    ids=lambda of: of.id,
)
def test_multiclass(of: Any) -> None:
    result = aiqa.compare(of, y_true=_THREE, champion=_answers(3.0), challenger=_answers(1.0))
    better = -1 if of.name in ("log_loss", "brier") else 1
    assert better * result.difference > 0
    assert result.p_value < 0.05


def test_scorers() -> None:
    result = aiqa.compare(metric.scorer("jaccard"), y_true=_TRUTH, champion=_POOR, challenger=_GOOD)
    assert 0 < result.low < result.difference < result.high


def test_each_class_is_compared() -> None:
    for of in (metric.recall(average="each"), metric.roc_auc(average="each")):
        parts = aiqa.compare(of, y_true=_THREE, champion=_answers(3.0), challenger=_answers(1.0))
        assert list(parts) == [0, 1, 2]
        assert all(part.difference > 0 for part in parts.values())


@pytest.mark.parametrize("name", ["mae", "rmse", "r2", "median_absolute_error"])
def test_regression(name: str) -> None:
    truth = _RNG.normal(size=_N)
    good, poor = truth + _RNG.normal(0, 0.5, _N), truth + _RNG.normal(0, 1, _N)
    result = aiqa.compare(name, y_true=truth, champion=poor, challenger=good)
    assert result.challenger == pytest.approx(aiqa.evaluate(name, y_true=truth, y_pred=good).value, abs=1e-12)
    assert (result.low > 0) if name == "r2" else (result.high < 0)
    weighted = aiqa.compare(
        name, y_true=truth, champion=poor, challenger=good, sample_weight=_RNG.uniform(0.5, 2, _N)
    )
    assert weighted.difference * result.difference > 0


@pytest.mark.parametrize("of", [*CLASSIFICATION, metric.log_loss], ids=lambda of: of.id)
def test_a_model_against_itself_has_gained_nothing(of: Any) -> None:
    result = aiqa.compare(of, y_true=_TRUTH, champion=_GOOD, challenger=_GOOD)
    assert result.difference == 0
    assert result.low <= 0 <= result.high
    assert result.p_value == 1.0


def test_joint_errors_are_smaller_than_those_of_two_samples() -> None:
    near = np.clip(_GOOD + _RNG.normal(0, 0.05, _N), 0.01, 0.99)
    for name in ("accuracy", "roc_auc", "brier", "f1"):
        result = aiqa.compare(name, y_true=_TRUTH, champion=_GOOD, challenger=near)
        alone = aiqa.evaluate(name, y_true=_TRUTH, y_score=_GOOD)
        assert result.high - result.low < alone.high - alone.low


def test_a_function_says_whether_more_is_better() -> None:
    def cost(y_true: Any, y_pred: Any) -> float:
        return float(np.abs(y_true - y_pred).sum())

    of = metric(cost, higher_is_better=False)
    result = aiqa.compare(of, y_true=_TRUTH, champion=_POOR, challenger=_GOOD, task="regression")
    assert result.difference == result.challenger - result.champion < 0


def test_labels_and_scores_are_told_apart() -> None:
    labels = aiqa.compare("accuracy", y_true=_TRUTH, champion=_POOR >= 0.5, challenger=_GOOD >= 0.5)
    scores = aiqa.compare("accuracy", y_true=_TRUTH, champion=_POOR, challenger=_GOOD)
    assert labels == scores
    words = np.array(["no", "yes"])
    named = aiqa.compare(
        "accuracy",
        y_true=words[_TRUTH],
        champion=words[(_POOR >= 0.5).astype(int)],
        challenger=words[(_GOOD >= 0.5).astype(int)],
    )
    assert named == labels


def test_slices_are_compared_each() -> None:
    region = np.array(["north", "south"])[np.arange(_N) % 2]
    parts = aiqa.compare("accuracy", y_true=_TRUTH, champion=_POOR, challenger=_GOOD, by={"region": region})
    assert set(parts) == {"north", "south"}
    assert isinstance(parts["north"], ComparisonEstimate)
    assert parts["north"].n == _N / 2


def test_it_prints_a_sentence() -> None:
    text = str(aiqa.compare("accuracy", y_true=_TRUTH, champion=_POOR, challenger=_GOOD))
    assert "from 0." in text
    assert "p " in text


def test_wrong_lengths_name_the_model() -> None:
    with pytest.raises(MetricError, match="champion's prediction has shape"):
        aiqa.compare("mae", y_true=[1.5, 2.5], champion=[1.0], challenger=[1.0, 2.0])


def test_bounds_of_the_difference_hold_at_every_look() -> None:
    given: dict[str, Any] = {"y_true": _TRUTH, "champion": _POOR, "challenger": _GOOD}
    for name in ("accuracy", "roc_auc", "negative_flips"):
        once, daily = (aiqa.compare(name, **given, anytime=anytime) for anytime in (False, True))
        assert daily.low < once.low
        assert daily.high > once.high
        if name != "negative_flips":
            assert daily.p_value > once.p_value
