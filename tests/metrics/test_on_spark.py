"""Metrics of a table on Spark are those of the same rows on Polars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa import metric
from aiqa.declare.source import Dataset, Model
from aiqa.errors import MetricError, SizeError
from aiqa.metrics import catalogue, ranking
from aiqa.metrics.catalogue import compare, infer, requests
from aiqa.metrics.lazy_table import lazy_scored_table
from aiqa.metrics.table import ScoredTable, scored_table
from aiqa.scan.execute import execute
from aiqa.scan.predictions import AnswerColumns, Predictions

Spark = Callable[[pl.DataFrame], Any]
ROWS = 400
CLASSES = ("a", "b", "c")
SHARES = [
    metric.accuracy,
    metric.accuracy.by("g"),
    metric.precision,
    metric.f1,
    metric.mcc,
    metric.recall.at(threshold=0.3),
    metric.expected_cost(costs={"fn": 5, "fp": 1}),
]
ADDS_UP = {
    "binary": [
        *SHARES,
        metric.log_loss,
        metric.log_loss.by(aiqa.bucket("x", [-0.5, 0.5])),
        metric.brier,
        metric.roc_auc,
        metric.roc_auc.by("g"),
        metric.roc_auc(label=0),
    ],
    "multiclass": [
        metric.accuracy,
        metric.f1(average="macro"),
        metric.f1(average="each"),
        metric.log_loss,
        metric.brier,
        metric.roc_auc(average="each"),
    ],
    "regression": [
        metric.mae,
        metric.mae.by("g"),
        metric.mse,
        metric.rmse,
        metric.mape,
        metric.smape,
        metric.mean_error,
        metric.pinball(q=0.9),
        metric.r2,
    ],
}
TAKES_ROWS = {
    "binary": [metric.average_precision, metric.ece, metric.recall.at(fpr=0.1), metric.brier_skill],
    "multiclass": [metric.roc_auc(average="macro"), metric.calibration_slope(label="b")],
    "regression": [metric.median_absolute_error, metric.r2.by("g")],
}
COMPARED = {
    "binary": [metric.accuracy, metric.f1, metric.log_loss, metric.brier, metric.roc_auc],
    "multiclass": [metric.accuracy, metric.log_loss],
    "regression": [metric.mae, metric.mse, metric.r2],
}


def _frame(task: str) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    x = rng.normal(size=ROWS)
    columns: dict[str, Any] = {"x": x, "w": rng.integers(0, 5, ROWS) / 2, "g": rng.choice(["u", "v"], ROWS)}
    if task == "regression":
        columns |= {"y": x + 3, "said": x + 3 + rng.normal(size=ROWS), "old": x + 3 + rng.normal(size=ROWS)}
    elif task == "binary":
        chance = 1 / (1 + np.exp(-x))
        columns |= {"y": (rng.random(ROWS) < chance).astype(int), "p": chance.round(3), "q": chance**2}
    else:
        truth = rng.integers(0, 3, ROWS)
        for name in ("p", "q"):
            scores = rng.dirichlet([1, 1, 1], ROWS) + 0.5 * np.eye(3)[truth]
            columns |= {f"{name}{k}": of for k, of in enumerate((scores / scores.sum(1, keepdims=True)).T)}
        columns["y"] = np.array(CLASSES)[truth]
    return pl.DataFrame(columns)


_ANSWERS: dict[str, list[AnswerColumns]] = {
    "binary": [AnswerColumns(score=("p",)), AnswerColumns(score=("q",))],
    "multiclass": [
        AnswerColumns(score=tuple(f"{name}{k}" for k in range(3)), classes=CLASSES) for name in "pq"
    ],
    "regression": [AnswerColumns("said"), AnswerColumns("old")],
}


def _declared(task: str, weighted: bool) -> tuple[Model, Dataset]:
    model = aiqa.model("m", aiqa.column("unused"), task=task)
    return model, aiqa.dataset("d", "d.csv", label="y", weight="w" if weighted else None)


def _here(task: str, weighted: bool) -> ScoredTable:
    frame = _frame(task)
    given = [
        Predictions(
            None if of.prediction is None else frame[of.prediction].to_numpy(),
            None if not of.score else np.squeeze(frame[list(of.score)].to_numpy()),
            of.classes,
        )
        for of in _ANSWERS[task]
    ]
    model, dataset = _declared(task, weighted)
    return scored_table(frame, model, dataset, given[0], given[1])


def _there(task: str, weighted: bool, spark: Spark, fetch_rows: int) -> ScoredTable:
    frame = spark(_frame(task)).repartition(3).persist()
    return lazy_scored_table(frame, *_declared(task, weighted), *_ANSWERS[task], fetch_rows=fetch_rows)


def _found(table: ScoredTable, metrics: list[Any], compared: list[Any]) -> dict[Any, Any]:
    """Take all statistics in one execution, as a run does, and tell values and bounds."""
    asked = [r for m in metrics for r in requests(m, table, versus_champion=False)]
    asked += [r for m in compared for r in requests(m, table, versus_champion=True)]
    answers = execute(table.frame, asked)
    found = {("of", repr(m), key): of for m in metrics for key, of in infer(m, table, answers, 0).items()}
    for m in compared:
        both: dict[Any, Any] = dict(compare(m, table, answers, 0))
        found |= {("gain", repr(m), key): of.gain for key, of in both.items()}
    return {key: _told(of) for key, of in found.items()}


def _told(found: Any) -> Any:
    if isinstance(found, MetricError):
        return str(found)
    told = found.value, found.lower(0.05), found.upper(0.05), found.n
    return pytest.approx(told, rel=1e-6, abs=1e-9, nan_ok=True)


def _values(told: Any) -> Any:
    return told if isinstance(told, str) else told.expected


@pytest.mark.parametrize(
    ("task", "weighted"), [("binary", False), ("binary", True), ("multiclass", False), ("regression", True)]
)
def test_metrics_that_add_up_are_equal_on_polars_and_spark(task: str, weighted: bool, spark: Spark) -> None:
    expected = _found(_here(task, weighted), ADDS_UP[task], COMPARED[task])
    found = _found(_there(task, weighted, spark, fetch_rows=0), ADDS_UP[task], COMPARED[task])
    assert found.keys() == expected.keys()
    for key, told in found.items():
        # The joint histogram bounds a difference of areas from coarse cells: never too narrow.
        if key[0] == "gain" and "roc_auc" in key[1]:
            value, low, high, n = _values(told)
            exact = _values(expected[key])
            assert (value, n) == pytest.approx((exact[0], exact[3]), abs=1e-9)
            assert low <= exact[1] + 2e-3
            assert high >= exact[2] - 2e-3
            assert high - low == pytest.approx(exact[2] - exact[1], rel=0.05)
        elif "roc_auc" in key[1]:  # whose bounds ask how far steps are apart, which bins split further
            exact = _values(expected[key])
            assert _values(told) == pytest.approx(exact, abs=1e-3), key
            assert _values(told)[0] == pytest.approx(exact[0], rel=1e-9), key
        else:
            assert _values(told) == expected[key], key


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_metrics_of_rows_fetch_few_and_refuse_many(task: str, spark: Spark) -> None:
    near = _there(task, False, spark, fetch_rows=ROWS)
    expected = _found(_here(task, False), TAKES_ROWS[task], [])
    for key, told in _found(near, TAKES_ROWS[task], []).items():
        # Rows come in another order, and bootstraps draw others.
        assert _values(told) == pytest.approx(_values(expected[key]), rel=0.02, abs=0.02), key
    far = _there(task, False, spark, fetch_rows=ROWS - 1)
    for one in TAKES_ROWS[task]:
        with pytest.raises(SizeError, match="at most 399 are fetched"):
            requests(one, far, versus_champion=False)


def test_wide_bins_say_how_far_the_area_may_be_off(spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "_ADDED_BINS", 16)
    far, one = _there("binary", False, spark, fetch_rows=0), metric.roc_auc
    [exact] = _found(_here("binary", False), [one], []).values()
    [binned] = _found(far, [one], []).values()
    value, low, high, _ = _values(exact)
    wide = _values(binned)
    assert 0 < abs(wide[0] - value) < 0.5 / 16
    assert wide[1] <= low
    assert wide[2] >= high


def test_every_metric_adds_up_or_says_that_it_takes_rows(spark: Spark) -> None:
    """No metric of the catalogue collects rows of a table that is too large, whatever it does otherwise."""
    from aiqa.scan.statistics import takes_rows

    tables = [_there(task, False, spark, fetch_rows=0) for task in ("binary", "multiclass", "regression")]
    seen = 0
    for name, spec in catalogue.CATALOGUE.items():
        for table in tables if spec.family is not None and name not in ("function", "scorer") else []:
            try:
                asked = requests(getattr(metric, name), table, versus_champion=False)
            except MetricError:
                continue
            seen += 1
            assert not any(map(takes_rows, asked)), name
    assert seen > 20


@pytest.mark.parametrize("cluster", ["who", "week"])
def test_clusters_count_where_rows_may_be_fetched(cluster: str, spark: Spark) -> None:
    frame = _frame("binary").with_columns(
        pl.Series("who", [f"c{k % 37}" for k in range(ROWS)]),
        pl.Series("t", [dt.datetime(2025, 12, 1, 5) + dt.timedelta(hours=9 * k) for k in range(ROWS)]),  # noqa: DTZ001
    )
    model = aiqa.model("m", aiqa.column(score="p"), task="binary")
    dataset = aiqa.dataset("d", "d.csv", label="y", time="t", cluster=cluster)
    here = scored_table(frame, model, dataset, Predictions(score=frame["p"].to_numpy()))
    there = lazy_scored_table(spark(frame), model, dataset, AnswerColumns(score=("p",)), fetch_rows=ROWS)
    for one in (metric.accuracy, metric.log_loss):
        [ours], [theirs] = (list(_found(of, [one], []).values()) for of in (here, there))
        assert _values(theirs) == ours
