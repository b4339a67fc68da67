"""Operating points: budgets, rates and the thresholds that they set."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_curve

import aiqa
from aiqa import metric
from aiqa.errors import MetricError
from aiqa.metrics import catalogue
from aiqa.metrics.catalogue import WITH_POINT
from aiqa.metrics.table import scored_table
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions
from aiqa.stats import point_draws, points
from aiqa.stats.functional import METHODS
from aiqa.stats.points import Falling, Point
from aiqa.stats.proportions import proportion

_RNG = np.random.default_rng(0)
_TRUTH = (_RNG.random(500) < 0.3).astype(int)
_SCORE = np.clip(_RNG.random(500) * 0.7 + 0.3 * _TRUTH, 0, 1)


def _value(of: Any, **more: Any) -> float:
    return float(aiqa.evaluate(of, y_true=_TRUTH, y_score=_SCORE, **more).value)


def test_threshold_says_who_is_called() -> None:
    called = _SCORE >= 0.6
    assert _value(metric.precision.at(threshold=0.6)) == pytest.approx(_TRUTH[called].mean())
    assert _value(metric.recall.at(threshold=0.6)) == pytest.approx(called[_TRUTH == 1].mean())
    assert _value(metric.accuracy.at(threshold=0.6)) == pytest.approx((called == _TRUTH).mean())


def test_top_takes_the_highest_scores() -> None:
    best = np.argsort(-_SCORE)[:40]
    assert _value(metric.precision.at(top=40)) == pytest.approx(_TRUTH[best].mean())
    assert _value(metric.recall.at(top=40)) == pytest.approx(_TRUTH[best].sum() / _TRUTH.sum())
    assert _value(metric.recall.at(top=10_000)) == 1.0


def test_top_that_ends_among_ties_is_the_mean_over_their_orders() -> None:
    truth, score = [1, 1, 0, 0, 0], [0.9, 0.5, 0.5, 0.5, 0.1]
    estimate = aiqa.evaluate(metric.precision.at(top=2), y_true=truth, y_score=score)
    assert estimate.value == pytest.approx((1 + 1 / 3) / 2)


def test_fpr_keeps_the_rate_with_the_lowest_threshold() -> None:
    fpr, tpr, _ = roc_curve(_TRUTH, _SCORE, drop_intermediate=False)
    assert _value(metric.recall.at(fpr=0.05)) == pytest.approx(tpr[fpr <= 0.05].max())
    assert _value(metric.recall.at(fpr=1.0)) == 1.0


def test_recall_and_precision_as_points() -> None:
    assert _value(metric.recall.at(recall=0.8)) >= 0.8
    precision, recall, _ = precision_recall_curve(_TRUTH, _SCORE)
    assert _value(metric.precision.at(recall=0.8)) == pytest.approx(precision[recall >= 0.8][-1])
    assert _value(metric.recall.at(precision=0.7)) == pytest.approx(recall[precision >= 0.7].max())
    assert _value(metric.precision.at(precision=0.7)) >= 0.7
    with pytest.raises(MetricError, match="no threshold reaches"):
        aiqa.evaluate(metric.precision.at(precision=1.0), y_true=[1, 0], y_score=[0.1, 0.9])
    with pytest.raises(MetricError, match="no threshold reaches"):
        aiqa.evaluate(metric.precision.at(fpr=0.0), y_true=[1, 0], y_score=[0.1, 0.9])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=20), st.integers(1, 25))
def test_budgets_are_spent_and_weights_are_repeats(rows: list[tuple[bool, int]], budget: int) -> None:
    truth, score = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float)
    at = Point("top", min(1.0, budget / len(rows)))
    tp, fp, fn, tn = Falling(truth, score).counts(at, np.ones(len(rows)))
    assert tp + fp == pytest.approx(min(budget, len(rows)))
    assert tp + fn == pytest.approx(truth.sum())
    twice = Falling(np.tile(truth, 2), np.tile(score, 2)).counts(at, np.ones(2 * len(rows)))
    assert twice == pytest.approx(2 * np.array([tp, fp, fn, tn]))


@pytest.mark.parametrize("point", [{"top": 50}, {"fpr": 0.1}, {"recall": 0.7}, {"precision": 0.6}], ids=str)
def test_intervals_count_the_estimation_of_the_threshold(point: dict[str, Any]) -> None:
    estimate = aiqa.evaluate(metric.recall.at(**point), y_true=_TRUTH, y_score=_SCORE)
    assert "threshold re-estimated" in estimate.method
    assert 0 <= estimate.low < estimate.value <= estimate.high <= 1


def test_a_perfect_top_still_has_an_interval() -> None:
    estimate = aiqa.evaluate(metric.precision.at(top=20), y_true=_TRUTH, y_score=_TRUTH.astype(float))
    assert estimate.value == 1.0
    assert estimate.low < 0.9


def test_weights_count_in_values_but_not_in_budgets() -> None:
    weight = np.where(_TRUTH == 1, 2.0, 1.0)
    best = np.argsort(-_SCORE)[:40]
    expected = np.average(_TRUTH[best], weights=weight[best])
    assert _value(metric.precision.at(top=40), sample_weight=weight) == pytest.approx(expected)


def _daily(time: Any) -> Any:
    n = 300
    rng = np.random.default_rng(1)
    truth = (rng.random(n) < 0.3).astype(int)
    score = rng.random(n) / 2 + truth / 3
    frame = pl.DataFrame({"y": truth, "when": time(n), "team": ["a", None, "b"] * (n // 3)})
    dataset = aiqa.dataset("orders", "orders.csv", label="y", time="when")
    model = aiqa.model("m", aiqa.column(score="p"), task="binary")
    return scored_table(frame, model, dataset, Predictions(score=score)), truth, score


def _at_hours(n: int) -> list[dt.datetime]:
    return [dt.datetime(2026, 9, 1, tzinfo=dt.UTC) + dt.timedelta(hours=i) for i in range(n)]


def test_a_budget_for_each_day() -> None:
    table, truth, score = _daily(_at_hours)
    of = metric.precision.at(top=5, per="day")
    answers = execute(table.frame, catalogue.requests(of, table, versus_champion=False))
    inference: Any = catalogue.infer(of, table, answers, 0)[()]
    days = np.arange(300) // 24
    best = np.concatenate(
        [np.flatnonzero(days == d)[np.argsort(-score[days == d])[:5]] for d in np.unique(days)]
    )
    assert inference.value == pytest.approx(truth[best].mean())
    assert inference.support == len(best)
    assert 0 < inference.lower(0.05) < inference.value < inference.upper(0.05) < 1


def test_a_budget_for_each_value_of_a_column_with_nulls() -> None:
    table, truth, score = _daily(_at_hours)
    of = metric.recall.at(top=10, per="team")
    answers = execute(table.frame, catalogue.requests(of, table, versus_champion=False))
    inference: Any = catalogue.infer(of, table, answers, 0)[()]
    teams = np.arange(300) % 3
    best = np.concatenate([np.flatnonzero(teams == t)[np.argsort(-score[teams == t])[:10]] for t in range(3)])
    assert inference.value == pytest.approx(truth[best].sum() / truth.sum())


def test_days_need_dates() -> None:
    table, _, _ = _daily(lambda n: [str(i) for i in range(n)])
    with pytest.raises(MetricError, match="'when' holds no dates"):
        catalogue.requests(metric.precision.at(top=5, per="day"), table, versus_champion=False)
    with pytest.raises(MetricError, match="declare the data set's time="):
        aiqa.evaluate(metric.precision.at(top=5, per="day"), y_true=[0, 1], y_score=[0.1, 0.9])


def test_two_models_at_one_point() -> None:
    better = np.clip(_SCORE + 0.2 * _TRUTH, 0, 1)
    for of in (metric.recall.at(fpr=0.1), metric.precision.at(top=150), metric.f1.at(threshold=0.6)):
        result = aiqa.compare(of, y_true=_TRUTH, champion=_SCORE, challenger=better)
        assert result.challenger == pytest.approx(aiqa.evaluate(of, y_true=_TRUTH, y_score=better).value)
        assert result.champion == pytest.approx(aiqa.evaluate(of, y_true=_TRUTH, y_score=_SCORE).value)
        assert 0 < result.low < result.difference < result.high
        assert result.p_value < 0.05


def test_two_models_with_a_budget_for_each_group() -> None:
    better = np.clip(_SCORE + 0.2 * _TRUTH, 0, 1)
    group = np.arange(500) % 12
    parts = aiqa.compare(
        metric.recall.at(top=12, per="group").by("all"),
        y_true=_TRUTH,
        champion=_SCORE,
        challenger=better,
        by={"all": np.zeros(500), "group": group},
    )
    assert 0 < parts[0.0].low < parts[0.0].difference < parts[0.0].high
    assert "12 groups" in parts[0.0].method


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (metric.roc_auc.at(top=5), "no operating point"),
        (metric.recall(label=0).at(top=5), "positive class"),
        (metric.recall(average="macro").at(threshold=0.5), "positive class of a binary"),
    ],
)
def test_points_that_make_no_sense(of: Any, why: str) -> None:
    with pytest.raises(MetricError, match=why):
        aiqa.evaluate(of, y_true=_TRUTH, y_score=_SCORE)


def test_points_need_their_class() -> None:
    with pytest.raises(MetricError, match="no row is of class 1"):
        aiqa.evaluate(metric.recall.at(top=1), y_true=[0, 0], y_score=[0.1, 0.9])
    with pytest.raises(MetricError, match="every row is of class 1"):
        aiqa.evaluate(metric.precision.at(fpr=0.1), y_true=[1, 1], y_score=[0.1, 0.9])
    with pytest.raises(MetricError, match="needs scores"):
        aiqa.evaluate(metric.precision.at(top=1), y_true=[1, 0], y_pred=[1, 0])


_COSTS = {"fn": 5, "fp": 1}
AT_A_POINT = [
    *(getattr(metric, name) for name in WITH_POINT if name not in ("fbeta", "expected_cost")),
    metric.fbeta(beta=2),
    metric.expected_cost(costs=_COSTS),
]


@pytest.mark.parametrize("of", AT_A_POINT, ids=lambda of: of.id)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_point_is_the_metric_at_the_threshold_that_it_sets(of: Any, weighted: bool) -> None:
    weight = np.where(np.arange(500) % 3, 1.0, 2.5) if weighted else None
    fpr, _, thresholds = roc_curve(_TRUTH, _SCORE, sample_weight=weight, drop_intermediate=False)
    threshold = float(thresholds[fpr <= 0.2][-1])
    given: dict[str, Any] = {"y_true": _TRUTH, "y_score": _SCORE, "sample_weight": weight}
    point = aiqa.evaluate(of.at(fpr=0.2), **given)
    assert point.value == pytest.approx(aiqa.evaluate(of.at(threshold=threshold), **given).value)
    assert point.low < point.value < point.high or of.name == "fpr"


@pytest.mark.parametrize("point", [{"fpr": 0.1}, {"recall": 0.7}, {"precision": 0.6}], ids=str)
def test_weights_count_as_repeats(point: dict[str, Any]) -> None:
    weight = np.arange(500) % 3
    rows = np.repeat(np.arange(500), weight)
    for of in (metric.recall, metric.precision, metric.mcc):
        repeated = aiqa.evaluate(of.at(**point), y_true=_TRUTH[rows], y_score=_SCORE[rows])
        assert _value(of.at(**point), sample_weight=weight) == pytest.approx(repeated.value)


@pytest.mark.parametrize("method", METHODS)
def test_methods_by_name(method: str) -> None:
    of = metric.recall.at(fpr=0.1)
    usual = aiqa.evaluate(of, y_true=_TRUTH, y_score=_SCORE)
    found = aiqa.evaluate(of, y_true=_TRUTH, y_score=_SCORE, method=method)
    assert (found.high - found.low) / (usual.high - usual.low) == pytest.approx(1, abs=0.3)
    assert ("re-estimated" in found.method) == (method == "bootstrap")


@pytest.mark.parametrize("method", [None, "linearised", "percentile"])
def test_clusters_of_repeats_are_no_more_certain_than_rows(method: str | None) -> None:
    of = metric.precision.at(recall=0.7)
    rows = np.tile(np.arange(500), 4)
    once = aiqa.evaluate(of, y_true=_TRUTH, y_score=_SCORE, method=method)
    given: dict[str, Any] = {"y_true": _TRUTH[rows], "y_score": _SCORE[rows], "method": method}
    four = aiqa.evaluate(of, **given, cluster=rows)
    assert four.value == pytest.approx(once.value)
    assert (four.low, four.high) == pytest.approx((once.low, once.high), abs=0.03)
    narrow = aiqa.evaluate(of, **given)
    assert narrow.high - narrow.low < 0.7 * (four.high - four.low)


def test_bins_of_many_scores_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(1500) < 0.2
    score = rng.normal(size=1500) + 2 * truth
    for of in (metric.recall.at(fpr=0.05), metric.precision.at(recall=0.8), metric.recall.at(top=200)):
        exact = aiqa.evaluate(of, y_true=truth, y_score=score)
        with monkeypatch.context() as patch:
            patch.setattr(points, "_SCORES", 100)
            binned = aiqa.evaluate(of, y_true=truth, y_score=score)
        assert binned.value == exact.value
        assert (binned.low, binned.high) == pytest.approx((exact.low, exact.high), abs=0.012)


def test_two_models_in_blocks_as_in_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random(1200) < 0.3).astype(int)
    score = rng.normal(size=1200) + 1.5 * truth
    other = score + rng.normal(size=1200) * 0.5
    given: dict[str, Any] = {"y_true": truth, "champion": other, "challenger": score}
    of = metric.recall.at(fpr=0.1)
    rows = aiqa.compare(of, **given)
    monkeypatch.setattr(point_draws, "_ROWS", 1000)
    blocks = aiqa.compare(of, **given)
    assert (blocks.low, blocks.high) == pytest.approx((rows.low, rows.high), abs=0.015)
    linear = aiqa.compare(of, **given, method="linearised")
    assert (linear.low, linear.high) == pytest.approx((rows.low, rows.high), abs=0.02)


def test_a_model_against_itself_is_no_different_but_not_for_sure() -> None:
    same = aiqa.compare(metric.recall.at(fpr=0.1), y_true=_TRUTH, champion=_SCORE, challenger=_SCORE)
    assert same.low < same.difference == 0 < same.high


def test_a_loss_is_compared_in_its_own_direction() -> None:
    better = np.clip(_SCORE + 0.2 * _TRUTH, 0, 1)
    cost = metric.expected_cost(costs=_COSTS).at(recall=0.8)
    result = aiqa.compare(cost, y_true=_TRUTH, champion=_SCORE, challenger=better)
    assert result.low <= result.difference < 0
    fpr = aiqa.compare(metric.fpr.at(recall=0.8), y_true=_TRUTH, champion=_SCORE, challenger=better)
    assert fpr.low < fpr.difference < fpr.high < 0


def test_days_that_all_agree_count_as_many_trials_as_there_are_days() -> None:
    day = np.arange(300) // 10
    truth = np.tile([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], 30)
    of = metric.precision.at(top=2, per="day_of_year")
    perfect = aiqa.evaluate(of, {"y": truth, "p": truth * 1.0, "day_of_year": day}, y_true="y", y_score="p")
    assert perfect.value == 1.0
    assert perfect.low == pytest.approx(proportion(30, 30).estimate().low)


def test_days_and_clusters_are_both_what_varies() -> None:
    rng = np.random.default_rng(4)
    columns = {"y": _TRUTH, "p": _SCORE, "group": rng.integers(0, 40, 500), "shop": np.arange(500) // 25}
    given: dict[str, Any] = {"y_true": "y", "y_score": "p"}
    of = metric.precision.at(top=4, per="group")
    both = aiqa.evaluate(of, columns, **given, cluster="shop")
    alone = aiqa.evaluate(of, columns, **given)
    assert both.value == alone.value
    assert both.low <= alone.low
    assert both.high >= alone.high


@pytest.mark.parametrize(
    ("of", "truth", "why"),
    [
        (metric.npv.at(fpr=1.0), [0, 1, 1], "every row is called"),
        (metric.recall.at(fpr=0.1), [0, 0, 0], "no row is of class 1"),
        (metric.specificity.at(recall=0.5), [1, 1, 1], "every row is of class 1"),
        (metric.expected_cost(costs={"fn": "amount"}).at(fpr=0.1), [0, 1, 1], "costs are numbers"),
        (metric.fbeta.at(fpr=0.1), [0, 1, 1], "needs beta="),
        (metric.recall(method="wilson").at(fpr=0.1), [0, 1, 1], "wilson takes the threshold as known"),
        (metric.fpr(average="micro"), [0, 1, 1], "no micro average"),
    ],
)
def test_points_that_are_not_defined(of: Any, truth: list[int], why: str) -> None:
    with pytest.raises(MetricError, match=why):
        aiqa.evaluate(of, y_true=truth, y_score=[0.1, 0.5, 0.9], classes=[0, 1])
