"""Metrics of ranks by the catalogue: averages, clusters, methods by name, slices, bins of many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

import aiqa
from aiqa import metric
from aiqa.errors import DeclarationError, MetricError
from aiqa.metrics import ranking, ranking_rows

_N = 600
_RNG = np.random.default_rng(3)
_TRUTH = (_RNG.random(_N) < 0.3).astype(int)
_SCORE = np.round(1 / (1 + np.exp(-_RNG.normal(size=_N) - _TRUTH)), 2)
_OTHER = np.round(1 / (1 + np.exp(-_RNG.normal(size=_N) - _TRUTH / 2)), 2)
_WEIGHT = _RNG.integers(0, 4, _N).astype(float)
_CLASS = _RNG.integers(0, 4, _N)
_SHARES = _RNG.dirichlet(np.ones(4), _N) * 0.7 + 0.3 * np.eye(4)[_CLASS] * _RNG.random((_N, 1))
_SHARES /= _SHARES.sum(axis=1, keepdims=True)
_CLUSTER = _RNG.integers(0, 90, _N)
NAMES = ("roc_auc", "average_precision", "pr_auc")


def _one(of: Any, **given: Any) -> Any:
    return aiqa.evaluate(of, **{"y_true": _TRUTH, "y_score": _SCORE, **given})


def _pair(of: Any, **given: Any) -> Any:
    return aiqa.compare(of, **{"y_true": _TRUTH, "challenger": _SCORE, "champion": _OTHER, **given})


@pytest.mark.parametrize("weight", [None, _WEIGHT])
def test_values_of_options(weight: NDArray[Any] | None) -> None:
    told: dict[str, Any] = {"sample_weight": weight}
    for max_fpr in (0.05, 0.5):
        expected = sk.roc_auc_score(_TRUTH, _SCORE, max_fpr=max_fpr, **told)
        assert _one(metric.roc_auc(max_fpr=max_fpr), **told).value == pytest.approx(expected, abs=1e-12)
    assert _one(metric.roc_auc(max_fpr=1), **told) == _one("roc_auc", **told)
    heavy = slice(None) if weight is None else weight > 0
    weights = None if weight is None else weight[heavy]
    precision, recall, _ = sk.precision_recall_curve(_TRUTH[heavy], _SCORE[heavy], sample_weight=weights)
    found = _one(metric.pr_auc(points="all"), **told)
    assert found.value == pytest.approx(sk.auc(recall, precision), abs=1e-12)


def test_one_against_one() -> None:
    of: dict[str, Any] = {"y_true": _CLASS, "y_score": _SHARES}
    found = aiqa.evaluate(metric.roc_auc(average="ovo"), **of)
    assert found.value == pytest.approx(sk.roc_auc_score(_CLASS, _SHARES, multi_class="ovo"), abs=1e-12)
    assert found.low < found.value < found.high
    rest = aiqa.evaluate(metric.roc_auc(average="macro"), **of)
    assert (found.high - found.low) / (rest.high - rest.low) == pytest.approx(1, abs=0.2)
    drawn = aiqa.evaluate(metric.roc_auc(average="ovo", method="percentile", replicates=400), **of)
    assert drawn.value == pytest.approx(found.value, abs=1e-12)
    assert drawn.high - drawn.low == pytest.approx(found.high - found.low, rel=0.2)
    with pytest.raises(DeclarationError, match="average= must be"):
        metric.f1(average="ovo")


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_average_is_the_mean_of_each(average: str) -> None:
    of: dict[str, Any] = {"y_true": _CLASS, "y_score": _SHARES, "sample_weight": _WEIGHT}
    for name in NAMES:
        each = aiqa.evaluate(getattr(metric, name)(average="each"), **of)
        support = np.bincount(_CLASS, weights=_WEIGHT) if average == "weighted" else np.ones(4)
        expected = np.average([one.value for one in each.values()], weights=support)
        found = aiqa.evaluate(getattr(metric, name)(average=average), **of)
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.high - found.low < max(one.high - one.low for one in each.values())


@pytest.mark.parametrize("of", [*NAMES, metric.roc_auc(max_fpr=0.2)], ids=str)
def test_clusters_of_like_rows_widen_the_bounds(of: Any) -> None:
    places = np.repeat(np.arange(_N), 3)
    rows: dict[str, Any] = {"y_true": _TRUTH[places], "y_score": _SCORE[places]}
    once, clustered, naive = _one(of), _one(of, **rows, cluster=places), _one(of, **rows)
    assert clustered.value == pytest.approx(naive.value)
    assert naive.high - naive.low < 0.7 * (clustered.high - clustered.low)
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.15)
    pair = {"y_true": rows["y_true"], "challenger": rows["y_score"], "champion": _OTHER[places]}
    gain = _pair(of, **pair, cluster=places)
    assert gain.high - gain.low == pytest.approx(_pair(of).high - _pair(of).low, rel=0.15)
    assert "clusters" in gain.method


def test_averages_and_each_class_of_clusters() -> None:
    of: dict[str, Any] = {"y_true": _CLASS, "y_score": _SHARES}
    for average in ("macro", "ovo"):
        plain = aiqa.evaluate(metric.roc_auc(average=average), **of)
        found = aiqa.evaluate(metric.roc_auc(average=average), **of, cluster=_CLUSTER)
        assert found.value == pytest.approx(plain.value)
        assert "clusters" in found.method
    each = aiqa.evaluate(metric.average_precision(average="each"), **of, cluster=_CLUSTER)
    assert list(each) == [0, 1, 2, 3]


METHODS = ["delong", "delong-logit", "hanley-mcneil", "newcombe", "wilson", "bca", "poisson", "jackknife"]


@pytest.mark.parametrize("method", METHODS)
def test_methods_by_name(method: str) -> None:
    found, default = _one("roc_auc", method=method), _one("roc_auc")
    assert found.value == pytest.approx(default.value, abs=1e-12)
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(default.high - default.low, rel=1.0)
    assert method.split("-")[0] in found.method


def test_methods_that_a_form_does_not_have() -> None:
    with pytest.raises(MetricError, match="has no method 'delong'"):
        _one("average_precision", method="delong")
    with pytest.raises(MetricError, match="has no method 'wilson'"):
        _one(metric.roc_auc(max_fpr=0.1), method="wilson")
    with pytest.raises(MetricError, match="has no method 'hanley-mcneil'"):
        aiqa.evaluate(metric.roc_auc(average="macro"), y_true=_CLASS, y_score=_SHARES, method="hanley-mcneil")
    with pytest.raises(MetricError, match=r"compares two models by delong.*not by .wilson."):
        _pair("roc_auc", method="wilson")
    for impossible in (metric.roc_auc(max_fpr=0), metric.roc_auc(max_fpr="half"), metric.pr_auc(points="x")):
        with pytest.raises(MetricError, match=r"max_fpr|points="):
            _one(impossible)


@pytest.mark.parametrize("name", NAMES)
def test_comparisons_are_antisymmetric(name: str) -> None:
    there, back = _pair(name), _pair(name, challenger=_OTHER, champion=_SCORE)
    assert there.difference == pytest.approx(-back.difference)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p_value == pytest.approx(back.p_value)
    drawn = _pair(getattr(metric, name)(method="percentile", replicates=400))
    assert drawn.difference == pytest.approx(there.difference)


@pytest.mark.parametrize("weight", [None, _WEIGHT])
@pytest.mark.parametrize("of", [*NAMES, metric.roc_auc(max_fpr=0.3)], ids=str)
def test_slices_say_what_their_rows_say(of: Any, weight: NDArray[Any] | None) -> None:
    group = np.array(["north", "south", "west"])[_RNG.integers(0, 3, _N)]
    found = _one(of, sample_weight=weight, by={"g": group})
    assert list(found) == ["north", "south", "west"]
    for name, estimate in found.items():
        rows = group == name
        alone = _one(
            of,
            y_true=_TRUTH[rows],
            y_score=_SCORE[rows],
            sample_weight=None if weight is None else weight[rows],
        )
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (alone.value, alone.low, alone.high), abs=1e-12
        )
        assert (estimate.n, estimate.method) == (alone.n, alone.method)


def test_a_slice_of_one_class_leaves_the_others_alone() -> None:
    group = np.where(_TRUTH == 1, np.where(np.arange(_N) % 2, "a", "b"), "a")
    found = _one("roc_auc", by={"g": group})
    assert found["a"].value > 0.5
    assert str(found["b"]) == "roc_auc needs rows of both classes: every row is of class 1"


def test_bins_of_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    truth = (rng.random(200_000) < 0.1).astype(int)
    score = rng.normal(size=200_000) + truth
    exact = _one("roc_auc", y_true=truth, y_score=score)
    monkeypatch.setattr(ranking, "EXACT_ROWS", 10_000)
    for label in (1, 0):
        binned = _one(metric.roc_auc(label=label), y_true=truth, y_score=score)
        assert "bins within" in binned.method
        assert binned.value == pytest.approx(exact.value, abs=1e-4)
        assert binned.low < exact.low + 1e-4
    weighted = _one("roc_auc", y_true=truth, y_score=score, sample_weight=np.full(200_000, 2.0))
    assert weighted.value == pytest.approx(binned.value, abs=1e-4)
    other = {"y_true": truth, "challenger": score, "champion": score + rng.normal(size=200_000) / 5}
    for method in (None, "delong"):
        binned = _pair("roc_auc", **other, method=method)
        assert "bins within" in binned.method
        with monkeypatch.context() as context:
            context.setattr(ranking, "EXACT_ROWS", 10**9)
            exact = _pair("roc_auc", **other, method=method)
        assert binned.difference == pytest.approx(exact.difference, abs=1e-4)
        assert 1 < (binned.high - binned.low) / (exact.high - exact.low) < 1.15


def test_many_rows_are_resampled_by_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking_rows, "CELLS", 50)
    for name in NAMES:
        of = getattr(metric, name)(method="percentile", replicates=500)
        found, default = _one(of, y_score=_SCORE + 0.001 * np.arange(_N) / _N), _one(name)
        exact = _one(name, y_score=_SCORE + 0.001 * np.arange(_N) / _N)
        assert found.value == pytest.approx(exact.value, abs=1e-12)
        assert "50 bins of scores" in found.method
        assert found.high - found.low == pytest.approx(default.high - default.low, rel=0.35)


def test_each_of_two_labels_has_its_own_precision() -> None:
    each = _one(metric.average_precision(average="each"))
    assert each[1] == _one("average_precision")
    expected = sk.average_precision_score(1 - _TRUTH, -_SCORE)
    assert each[0].value == pytest.approx(expected, abs=1e-12)


def test_gates_on_a_frame() -> None:
    frame = pl.DataFrame({"y": _TRUTH, "score": _SCORE, "day": np.arange(_N) // 20})
    found = aiqa.evaluate("roc_auc", frame, y_true="y", y_score="score", cluster="day")
    assert "clusters" in found.method
