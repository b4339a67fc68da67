"""Metrics of the confusion cells: scikit-learn's values, honest bounds where there is little to go by."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.stats.proportions import PROPORTIONS, proportion

Array = NDArray[Any]
Rows = tuple[Array, Array, Array | None]


@st.composite
def rows(draw: st.DrawFn, classes: int) -> Rows:
    """Truth in which every class occurs, answers in which it may not, and some weights of zero."""
    n = draw(st.integers(2 * classes, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    said = np.where(rng.random(n) < draw(st.floats(0, 1)), truth, rng.integers(0, classes, n))
    weight = np.round(rng.uniform(0, 3, n)) + (np.arange(n) < classes)
    return truth, said, draw(st.sampled_from([None, weight]))


def _averages(of: Metric, function: Callable[..., float], **told: Any) -> dict[Metric, Callable[..., float]]:
    return {
        of(average=kind): lambda *rows, kind=kind, **weight: function(
            *rows, average=kind, zero_division=0, **told, **weight
        )
        for kind in ("macro", "weighted", "micro")
    }


def _kappa(weights: str | None) -> Callable[..., float]:
    return lambda *rows, **weight: sk.cohen_kappa_score(*rows, weights=weights, **weight)


SEVERAL: dict[Metric, Callable[..., float]] = {
    metric.mcc: sk.matthews_corrcoef,
    metric.balanced_accuracy: sk.balanced_accuracy_score,
    metric.hamming_loss: sk.hamming_loss,
    **{
        metric.cohen_kappa(weights=w) if w else metric.cohen_kappa: _kappa(w)
        for w in (None, "linear", "quadratic")
    },
    **_averages(metric.precision, sk.precision_score),
    **_averages(metric.recall, sk.recall_score),
    **_averages(metric.f1, sk.f1_score),
    **_averages(metric.fbeta(beta=0.5), sk.fbeta_score, beta=0.5),
    **_averages(metric.jaccard, sk.jaccard_score),
}


def _has_a_gap(of: Metric, given_: Rows) -> bool:
    """Tell whether a class that there is has no precision, or no recall (weighted, that is accuracy)."""
    truth, said, weight = given_
    counted = np.ones(len(truth), dtype=bool) if weight is None else weight > 0
    true, called = set(truth[counted]), set(said[counted])
    kind = of.options.as_dict().get("average")
    if of.name == "precision" and kind in ("macro", "weighted"):
        return bool(true - called)
    return of.name == "recall" and kind == "macro" and bool(called - true)


@pytest.mark.parametrize("of", SEVERAL, ids=lambda of: of.id)
@settings(deadline=None, max_examples=15)
@given(given_=rows(4))
def test_values_are_scikit_learns(of: Metric, given_: Rows) -> None:
    """But for precision and recall of a class without trials, which scikit-learn takes as 0."""
    truth, said, weight = given_
    told: dict[str, Any] = {"y_true": truth, "y_pred": said, "sample_weight": weight, "classes": range(4)}
    if _has_a_gap(of, given_):
        with pytest.raises(MetricError, match="has no average over classes"):
            aiqa.evaluate(of, **told)
        return
    ours = aiqa.evaluate(of, **told)
    theirs = SEVERAL[of](truth, said, sample_weight=weight)
    assert ours.value == pytest.approx(theirs, abs=1e-9)
    assert ours.low <= ours.value <= ours.high
    assert ours.low < ours.high


BINARY: dict[Metric, Callable[..., float]] = {
    metric.specificity: lambda *rows, **weight: sk.recall_score(*rows, pos_label=0, **weight),
    metric.npv: lambda *rows, **weight: sk.precision_score(*rows, pos_label=0, **weight),
    metric.jaccard: sk.jaccard_score,
    metric.fbeta(beta=2): lambda *rows, **weight: sk.fbeta_score(*rows, beta=2, **weight),
    metric.mcc: sk.matthews_corrcoef,
    metric.cohen_kappa: sk.cohen_kappa_score,
    metric.approval_rate: lambda _, said, sample_weight: float(np.average(said, weights=sample_weight)),
    metric.expected_cost(costs={"fn": 5, "fp": 1, "tp": -2}): lambda truth, said, sample_weight: float(
        np.average(np.array([[0, 1], [5, -2]])[truth, said], weights=sample_weight)
    ),
}


@pytest.mark.parametrize("of", BINARY, ids=lambda of: of.id)
@settings(deadline=None, max_examples=20)
@given(given_=rows(2))
def test_binary_values(of: Metric, given_: Rows) -> None:
    truth, said, weight = given_
    seen = said if weight is None else said[weight > 0]
    assume(of.name != "npv" or not seen.all())
    ours = aiqa.evaluate(of, y_true=truth, y_pred=said, sample_weight=weight)
    assert ours.value == pytest.approx(BINARY[of](truth, said, sample_weight=weight), abs=1e-9)
    assert ours.low <= ours.value <= ours.high
    assert ours.low < ours.high


def test_averages_that_scikit_learn_lacks() -> None:
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    each = {
        k: sk.confusion_matrix(truth == k, said == k).ravel()
        for k in range(3)  # tn, fp, fn, tp
    }
    specificity = [tn / (tn + fp) for tn, fp, _, _ in each.values()]
    macro = aiqa.evaluate(metric.specificity(average="macro"), y_true=truth, y_pred=said)
    assert macro.value == pytest.approx(np.mean(specificity), abs=1e-12)
    micro = aiqa.evaluate(metric.npv(average="micro"), y_true=truth, y_pred=said)
    tn, fn = (sum(counts[i] for counts in each.values()) for i in (0, 2))
    assert micro.value == pytest.approx(tn / (tn + fn), abs=1e-12)
    exact = aiqa.evaluate(metric.recall(average="weighted"), y_true=truth, y_pred=said)
    accuracy = aiqa.evaluate("accuracy", y_true=truth, y_pred=said)
    assert (exact.low, exact.high) == (accuracy.low, accuracy.high)


_RNG = np.random.default_rng(1)
_TRUTH = (_RNG.random(400) < 0.3).astype(int)
_GOOD = np.where(_RNG.random(400) < 0.1, 1 - _TRUTH, _TRUTH)
_POOR = np.where(_RNG.random(400) < 0.1, 1 - _GOOD, _GOOD)
_COUNTS = {
    metric.accuracy: ((_GOOD == _TRUTH).sum(), 400),
    metric.recall: (_GOOD[_TRUTH == 1].sum(), _TRUTH.sum()),
    metric.specificity: ((1 - _GOOD[_TRUTH == 0]).sum(), 400 - _TRUTH.sum()),
    metric.precision: (_TRUTH[_GOOD == 1].sum(), _GOOD.sum()),
    metric.npv: ((1 - _TRUTH[_GOOD == 0]).sum(), 400 - _GOOD.sum()),
    metric.hamming_loss: ((_GOOD != _TRUTH).sum(), 400),
    metric.approval_rate: (_GOOD.sum(), 400),
}


@pytest.mark.parametrize("method", PROPORTIONS)
def test_shares_have_the_usual_intervals_by_name(method: str) -> None:
    for of, (hits, trials) in _COUNTS.items():
        ours = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD, method=method)
        theirs = proportion(int(hits), int(trials), method=method).estimate()
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12), of
        assert ours.method == method
    f1 = aiqa.evaluate(metric.f1(method=method), y_true=_TRUTH, y_pred=_GOOD)
    hits, trials = int((_TRUTH & _GOOD).sum()), int((_TRUTH | _GOOD).sum())
    low = proportion(hits, trials, method=method).lower(0.025)
    assert f1.low == pytest.approx(2 * low / (1 + low), abs=1e-12)


@pytest.mark.parametrize(
    ("of", "method", "why"),
    [
        (metric.mcc, "wilson", "mcc has no method 'wilson'"),
        (metric.f1(average="macro"), "wilson", "wilson is of shares of rows"),
        (metric.fbeta(beta=2), "clopper-pearson", "has no method"),
        (metric.recall, "tango", "tango compares two models"),
        (metric.recall, "wilsen", "did you mean 'wilson'"),
        (metric.fbeta, None, "fbeta needs beta="),
        (metric.fbeta(beta=0), None, "fbeta needs beta="),
        (metric.cohen_kappa(weights="cubic"), None, "'linear' or 'quadratic'"),
        (metric.expected_cost, None, "expected_cost needs costs="),
        (metric.expected_cost(costs=[[0, 1]]), None, "2 rows of 2 costs"),
        (metric.expected_cost(costs={"yes": {"no": 1}}), None, "no class 'yes'"),
        (metric.expected_cost(costs={"1": 3}), None, "is a mapping of predicted labels"),
        (metric.expected_cost(costs={"fn": [1]}), None, "a number or the name of a column"),
        (metric.negative_flips, None, "takes a champion"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(of: Metric, method: str | None, why: str) -> None:
    with pytest.raises(MetricError, match=why):
        aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD, method=method)


@pytest.mark.parametrize(
    ("of", "truth", "said", "why"),
    [
        (metric.specificity, [1, 1], [1, 0], "every row is of class 1"),
        (metric.npv, [0, 1], [1, 1], "every row is called 1"),
        (metric.jaccard, [0, 0], [0, 0], "no row is of class 1 or called so"),
        (metric.fbeta(beta=2), [0, 0], [0, 0], "no row is of class 1 or called so"),
        (metric.mcc, [1, 1, 1], [0, 1, 1], "two classes or more"),
        (metric.cohen_kappa, [1, 1, 1], [0, 1, 1], "two classes or more"),
        (metric.f1(average="macro"), [0, 0], [0, 1], "two classes or more"),
    ],
    ids=str,
)
def test_what_is_not_defined(of: Metric, truth: list[int], said: list[int], why: str) -> None:
    with pytest.raises(MetricError, match=why):
        aiqa.evaluate(of, y_true=truth, y_pred=said, classes=[0, 1])


ALL = [*BINARY, metric.balanced_accuracy, metric.f1, metric.f1(average="macro"), metric.hamming_loss]


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.id)
@pytest.mark.parametrize("n", [4, 40, 4000])
def test_without_an_error_nothing_is_certain(of: Metric, n: int) -> None:
    """Twenty rows without an error leave room for one in seven."""
    truth = np.arange(n) % 4 // 3
    estimate = aiqa.evaluate(of, y_true=truth, y_pred=truth, alternative="each-side")
    assert estimate.high - estimate.low > 2 / n
    compared = aiqa.compare(of, y_true=truth, champion=truth, challenger=truth, alternative="each-side")
    assert compared.difference == 0
    assert compared.low < -1 / n
    assert compared.high > 1 / n
    assert compared.p_value == 1.0


def test_answers_that_are_all_the_same() -> None:
    truth = np.arange(200) % 10 // 9
    mcc = aiqa.evaluate("mcc", y_true=truth, y_pred=np.zeros(200, dtype=int))
    kappa = aiqa.evaluate("cohen_kappa", y_true=truth, y_pred=np.zeros(200, dtype=int))
    assert (mcc.value, kappa.value) == (0.0, 0.0)
    for estimate in (mcc, kappa):
        assert -0.3 < estimate.low < 0 < estimate.high < 0.6


def test_a_class_that_never_occurs_is_left_out() -> None:
    """As scikit-learn does with the labels that it finds; of those declared, too."""
    truth, said = np.array([0, 0, 1, 1] * 10), np.array([0, 1, 1, 1] * 10)
    few = aiqa.evaluate(metric.f1(average="macro"), y_true=truth, y_pred=said)
    more = aiqa.evaluate(metric.f1(average="macro"), y_true=truth, y_pred=said, classes=[0, 1, 2, 3])
    assert few.value == more.value == pytest.approx(sk.f1_score(truth, said, average="macro"))
    assert (more.low, more.high) == pytest.approx((few.low, few.high), abs=1e-12)


def test_rows_without_weight_tell_nothing() -> None:
    weight = np.concatenate([np.ones(400), np.zeros(100)])
    truth, said = np.concatenate([_TRUTH, np.ones(100, int)]), np.concatenate([_GOOD, np.zeros(100, int)])
    for of in (metric.mcc, metric.f1(average="macro"), metric.npv):
        with_them = aiqa.evaluate(of, y_true=truth, y_pred=said, sample_weight=weight)
        without = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD, sample_weight=np.ones(400))
        assert (with_them.value, with_them.low, with_them.high) == (without.value, without.low, without.high)


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.id)
def test_weights_that_are_all_the_same_change_nothing(of: Metric) -> None:
    one = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD)
    other = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD, sample_weight=np.full(400, 7.0))
    assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=1e-9)


@pytest.mark.parametrize("of", [*ALL, metric.accuracy, metric.recall], ids=lambda of: of.id)
def test_rows_that_belong_together_count_less(of: Metric) -> None:
    """Each row eight times over tells as much as once, and a cluster a row is close to none."""
    eight = np.repeat(np.arange(400), 8)
    alone = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD)
    told: dict[str, Any] = {"y_true": _TRUTH[eight], "y_pred": _GOOD[eight]}
    clustered = aiqa.evaluate(of, cluster=eight, **told)
    blind = aiqa.evaluate(of, **told)
    assert clustered.value == pytest.approx(alone.value)
    assert (clustered.high - clustered.low) / (alone.high - alone.low) == pytest.approx(1, abs=0.15)
    assert blind.high - blind.low < 0.6 * (clustered.high - clustered.low)
    each = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD, cluster=np.arange(400))
    assert (each.high - each.low) / (alone.high - alone.low) == pytest.approx(1, abs=0.1)


def test_shares_of_clusters_by_name_are_korn_and_graubards() -> None:
    """The effective number of rows, and the t quantiles of clusters less one."""
    eight = np.repeat(np.arange(400), 8)
    wilson = aiqa.evaluate(
        "accuracy", y_true=_TRUTH[eight], y_pred=_GOOD[eight], cluster=eight, method="wilson"
    )
    alone = aiqa.evaluate("accuracy", y_true=_TRUTH, y_pred=_GOOD, method="wilson")
    assert "effective n 399" in wilson.method
    assert (wilson.low, wilson.high) == pytest.approx((alone.low, alone.high), abs=2e-3)


def test_thresholds_may_be_given_to_all_of_them() -> None:
    score = np.clip(0.2 + 0.5 * _TRUTH + _RNG.normal(0, 0.25, 400), 0, 1)
    for of in (metric.mcc, metric.specificity, metric.expected_cost(costs={"fn": 3, "fp": 1})):
        at = aiqa.evaluate(of.at(threshold=0.35), y_true=_TRUTH, y_score=score)
        assert at == aiqa.evaluate(of, y_true=_TRUTH, y_pred=(score >= 0.35).astype(int))
    clustered = aiqa.evaluate(
        metric.mcc.at(threshold=0.35), y_true=_TRUTH, y_score=score, cluster=np.arange(400) // 4
    )
    assert clustered.value == pytest.approx(sk.matthews_corrcoef(_TRUTH, score >= 0.35))
    with pytest.raises(MetricError, match="no operating point"):
        aiqa.evaluate(metric.brier.at(top=10), y_true=_TRUTH, y_score=score)


# Costs.


def _orders(n: int = 600) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    fraud = (rng.random(n) < 0.2).astype(int)
    said = np.where(rng.random(n) < 0.15, 1 - fraud, fraud)
    old = np.where(rng.random(n) < 0.25, 1 - fraud, fraud)
    amount = rng.lognormal(3, 1, n).round(2)
    columns = {"fraud": fraud, "said": said, "old": old, "amount": amount}
    return pl.DataFrame({**columns, "customer": np.arange(n) // 3, "w": rng.uniform(0.5, 2, n)})


def test_costs_in_a_column() -> None:
    orders = _orders()
    of = metric.expected_cost(costs={"fn": "amount", "fp": 5, "tp": -1})
    fraud, said, amount = (orders[name].to_numpy() for name in ("fraud", "said", "amount"))
    paid = np.select([fraud > said, fraud < said, said == 1], [amount, 5.0, -1.0], 0.0)
    names: dict[str, Any] = {"y_true": "fraud", "task": "binary"}
    estimate = aiqa.evaluate(of, orders, y_pred="said", **names)
    assert estimate.value == pytest.approx(paid.mean())
    assert estimate.high - estimate.value > estimate.value - estimate.low > 0
    heavy = aiqa.evaluate(of, orders, y_pred="said", sample_weight="w", **names)
    assert heavy.value == pytest.approx(np.average(paid, weights=orders["w"]))
    clustered = aiqa.evaluate(of, orders, y_pred="said", cluster="customer", **names)
    assert clustered.value == pytest.approx(estimate.value)
    pair = aiqa.compare(of, orders, challenger="said", champion="old", **names)
    assert pair.difference == pytest.approx(pair.challenger - pair.champion)
    assert pair.challenger == pytest.approx(estimate.value)
    assert pair.low < pair.difference < pair.high
    again = aiqa.compare(of, orders, challenger="said", champion="said", **names)
    assert again.low < 0 < again.high


def test_costs_are_the_same_in_any_form() -> None:
    orders = _orders()
    forms: tuple[Any, ...] = (
        {"fn": 5, "fp": 1},
        {0: {1: 1}, 1: {0: 5}},
        [[0, 1], [5, 0]],
        {"fn": "five", "fp": "one"},
    )
    told = [
        aiqa.evaluate(
            metric.expected_cost(costs=costs),
            orders.with_columns(five=pl.lit(5.0), one=pl.lit(1)),
            y_true="fraud",
            y_pred="said",
            task="binary",
        )
        for costs in forms
    ]
    assert told[0] == told[1] == told[2]
    assert told[3].value == pytest.approx(told[0].value)
    assert (told[3].low, told[3].high) == pytest.approx((told[0].low, told[0].high), abs=0.01)


def test_costs_of_several_classes() -> None:
    costs = [[0, 1, 4], [1, 0, 1], [4, 1, 0]]
    truth = _RNG.integers(0, 3, 300)
    said = np.clip(truth + _RNG.integers(-1, 2, 300), 0, 2)
    ours = aiqa.evaluate(metric.expected_cost(costs=costs), y_true=truth, y_pred=said)
    assert ours.value == pytest.approx(np.array(costs)[truth, said].mean())
    named = aiqa.evaluate(
        metric.expected_cost(costs={"a": {"b": 2.5}}),
        y_true=np.array(["a", "b", "c"])[truth],
        y_pred=np.array(["a", "b", "c"])[said],
    )
    assert named.value == pytest.approx(2.5 * np.mean((truth == 0) & (said == 1)))


@pytest.mark.parametrize(
    ("column", "why"), [(["a"] * 600, "must be numbers"), ([None] * 600, "must be numbers|missing")]
)
def test_costs_that_are_none(column: list[Any], why: str) -> None:
    orders = _orders().with_columns(amount=pl.Series(column))
    with pytest.raises(MetricError, match=why):
        aiqa.evaluate(
            metric.expected_cost(costs={"fn": "amount"}), orders, y_true="fraud", y_pred="said", task="binary"
        )


# Two models on the same rows.


def test_flips_are_shares_of_the_rows() -> None:
    told: dict[str, Any] = {"y_true": _TRUTH, "champion": _GOOD, "challenger": _POOR}
    negative, positive = (aiqa.compare(name, **told) for name in ("negative_flips", "positive_flips"))
    lost, gained = (
        ((_GOOD == _TRUTH) & (_POOR != _TRUTH)).sum(),
        ((_GOOD != _TRUTH) & (_POOR == _TRUTH)).sum(),
    )
    assert negative == proportion(int(lost), 400).estimate()
    assert positive == proportion(int(gained), 400).estimate()
    by_name = aiqa.compare(metric.negative_flips(method="wilson"), **told)
    assert by_name == proportion(int(lost), 400, method="wilson").estimate()
    clustered = aiqa.compare("negative_flips", cluster=np.arange(400) // 8, **told)
    assert clustered.value == negative.value
    assert clustered.high > negative.high


@pytest.mark.parametrize("of", [*ALL, metric.accuracy], ids=lambda of: of.id)
def test_pairs_have_joint_errors_and_signs(of: Metric) -> None:
    near = _GOOD.copy()
    near[:2] = 1 - near[:2]
    one = aiqa.compare(of, y_true=_TRUTH, champion=_GOOD, challenger=near)
    other = aiqa.compare(of, y_true=_TRUTH, champion=near, challenger=_GOOD)
    alone = aiqa.evaluate(of, y_true=_TRUTH, y_pred=_GOOD)
    assert one.difference == pytest.approx(-other.difference)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert one.low < one.difference < one.high
    assert one.high - one.low < 0.8 * (alone.high - alone.low)
    weighted = aiqa.compare(
        of, y_true=_TRUTH, champion=_GOOD, challenger=near, sample_weight=np.full(400, 3.0)
    )
    assert (weighted.low, weighted.high) == pytest.approx((one.low, one.high), abs=1e-9)


@pytest.mark.parametrize(
    ("of", "method", "why"),
    [
        (metric.recall(average="macro"), "tango", "shares of the same rows"),
        (metric.accuracy, "jeffreys", "of one share"),
        (metric.mcc, "mcnemar", "mcc has no method"),
    ],
    ids=str,
)
def test_methods_of_pairs_that_do_not_fit(of: Metric, method: str, why: str) -> None:
    with pytest.raises(MetricError, match=why):
        aiqa.compare(of, y_true=_TRUTH, champion=_GOOD, challenger=_POOR, method=method)


def test_pairs_in_clusters() -> None:
    eight = np.repeat(np.arange(400), 8)
    told: dict[str, Any] = {"y_true": _TRUTH[eight], "champion": _GOOD[eight], "challenger": _POOR[eight]}
    alone = aiqa.compare("accuracy", y_true=_TRUTH, champion=_GOOD, challenger=_POOR)
    for method in (None, "tango", "mcnemar", "wald", "bonett-price"):
        clustered = aiqa.compare("accuracy", cluster=eight, method=method, **told)
        assert clustered.high - clustered.low == pytest.approx(alone.high - alone.low, rel=0.15)
        assert clustered.p_value == pytest.approx(alone.p_value, rel=0.9, abs=1e-3)
    with pytest.raises(MetricError, match="no form for rows that belong together"):
        aiqa.compare("accuracy", cluster=eight, method="mcnemar-midp", **told)


def test_several_labels_a_row() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, (150, 3))
    said = np.where(rng.random((150, 3)) < 0.2, 1 - truth, truth)
    frame = {f"y{k}": truth[:, k] for k in range(3)} | {f"p{k}": said[:, k] for k in range(3)}
    ours = aiqa.evaluate(
        metric.f1(average="macro"), frame, y_true=["y0", "y1", "y2"], y_pred=["p0", "p1", "p2"]
    )
    assert ours.value == pytest.approx(sk.f1_score(truth, said, average="macro"))
    assert 0 < ours.low < ours.value < ours.high < 1
    assert not math.isnan(ours.high)


def test_averages_of_classes_without_trials_are_refused() -> None:
    truth = [0] * 30 + [1] * 30
    told: dict[str, Any] = {"y_true": truth, "y_pred": [0] * 27 + [1] * 2 + [2] + [1] * 27 + [0] * 2 + [2]}
    told["classes"] = [0, 1, 2]
    with pytest.raises(MetricError, match="no row is of class 2"):
        aiqa.evaluate(metric.recall(average="macro"), **told)
    assert aiqa.evaluate("balanced_accuracy", **told).value == pytest.approx(0.9)
    assert aiqa.evaluate(metric.f1(average="macro"), **told).value < 0.7
    swapped = {**told, "y_true": told["y_pred"], "y_pred": truth}
    with pytest.raises(MetricError, match="no row is called 2"):
        aiqa.evaluate(metric.precision(average="macro"), **swapped)
