"""Operating points: budgets, rates and the thresholds that they set."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

import aiqa
from aiqa import metric
from aiqa.errors import MetricError
from aiqa.metrics import catalogue
from aiqa.metrics.operating import Point, falling
from aiqa.metrics.table import scored_table
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions

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
    at = falling(_TRUTH == 1, _SCORE, None)
    fewest = min(
        called.tp + called.fp
        for called in (at.at(Point("top", k)) for k in range(1, 501))
        if called.tp / called.positive >= 0.8
    )
    called = at.at(Point("recall", 0.8))
    assert called.tp + called.fp == pytest.approx(fewest)
    assert _value(metric.precision.at(precision=0.7)) >= 0.7
    with pytest.raises(MetricError, match="no threshold reaches"):
        aiqa.evaluate(metric.precision.at(precision=1.0), y_true=[1, 0], y_score=[0.1, 0.9])
    with pytest.raises(MetricError, match="no threshold reaches"):
        aiqa.evaluate(metric.precision.at(fpr=0.0), y_true=[1, 0], y_score=[0.1, 0.9])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=20), st.integers(1, 25))
def test_budgets_are_spent_and_repeats_are_weights(rows: list[tuple[bool, int]], budget: int) -> None:
    truth, score = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float)
    at = falling(truth, score, None)
    called = at.at(Point("top", budget))
    assert called.tp + called.fp == pytest.approx(min(budget, len(rows)))
    twice = at.at(Point("top", budget), np.concatenate([np.arange(len(rows))] * 2))
    assert (twice.tp, twice.fp) == pytest.approx((2 * called.tp, 2 * called.fp))


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
