"""The scored table by expressions is the one that arrays give, and refuses the same rows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiqa
from aiqa.declare.source import Dataset, Model
from aiqa.errors import DataError
from aiqa.metrics.lazy_table import lazy_scored_table
from aiqa.metrics.table import ScoredTable, scored_table
from aiqa.scan.predictions import AnswerColumns, Predictions

LABELS: dict[str, tuple[Any, ...]] = {
    "whole": (0, 1),
    "bool": (False, True),
    "text": ("no", "yes"),
    "real": (0.0, 1.0),
    "several": ("a", "b", "c"),
    "numbers": (3, 1, 2),
}
SCORES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))
WEIGHTS = st.one_of(
    st.none(), st.just(0.0), st.floats(0.01, 100), st.just(-1.0), st.just(math.inf), st.just(1e80)
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[pl.DataFrame, Model, Dataset, AnswerColumns]:
    kind = draw(st.sampled_from(sorted(LABELS)))
    classes = LABELS[kind]
    n = draw(st.integers(1, 12))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    odd = draw(st.sampled_from(["", "", "", "label", "prediction", "score", "weight"]))
    label = st.sampled_from([*classes, None] if odd == "label" else classes)
    binary = len(classes) == 2
    scores = st.one_of(SCORES, st.sampled_from([math.nan, 1.5])) if odd == "score" else SCORES
    dtype = pl.Series(classes).dtype
    weights = column(WEIGHTS if odd == "weight" else st.floats(0.5, 2))
    frame = pl.DataFrame({"y": column(label), "w": weights}, schema={"y": dtype, "w": pl.Float64})
    columns, size = AnswerColumns(), draw(st.sampled_from([0, 1 if binary else len(classes)]))
    if size == 0 or draw(st.booleans()):
        said = st.sampled_from([*classes, None]) if odd == "prediction" else st.sampled_from(classes)
        frame = frame.with_columns(pl.Series("said", column(said), dtype=dtype))
        columns = AnswerColumns("said")
    if size:
        names = tuple(f"p{k}" for k in range(size))
        frame = frame.with_columns(pl.Series(name, column(scores), dtype=pl.Float64) for name in names)
        columns = AnswerColumns(columns.prediction, names, () if binary else classes, draw(st.booleans()))
    model = aiqa.model(
        "m",
        aiqa.column(score="p0"),
        task="binary" if binary else "multiclass",
        classes=draw(st.sampled_from([(), classes])),
        threshold=draw(st.sampled_from([0.5, 0.25])) if binary else 0.5,
    )
    weighted = draw(st.booleans()) or odd == "weight"
    return frame, model, aiqa.dataset("d", "d.csv", label="y", weight="w" if weighted else None), columns


def _from_arrays(frame: pl.DataFrame, model: Model, dataset: Dataset, columns: AnswerColumns) -> ScoredTable:
    said = None if columns.prediction is None else frame[columns.prediction].to_numpy()
    names = list(columns.score)
    score = None if not names else frame[names[0]].to_numpy() if len(names) == 1 else frame[names].to_numpy()
    predictions = Predictions(said, score, columns.classes, columns.probabilistic)
    return scored_table(frame, model, dataset, predictions)


def _from_columns(frame: pl.DataFrame, model: Model, dataset: Dataset, columns: AnswerColumns) -> ScoredTable:
    return lazy_scored_table(frame, model, dataset, columns, fetch_rows=0)


def _made(make: Callable[..., ScoredTable], *case: Any) -> Any:
    try:
        return _told(make(*case))
    except DataError as error:
        return error


def _told(table: ScoredTable) -> Any:
    frame: pl.DataFrame = table.frame.lazy().collect()
    own = sorted(name for name in frame.columns if name.startswith("aiqa:") and "likeliest" not in name)
    improbable = table.challenger.improbable
    return (
        {name: frame[name].cast(pl.Float64).to_list() for name in own},
        (table.rows, table.classes, table.weight, table.cluster, table.task),
        (table.challenger.prediction, table.challenger.score, table.challenger.own, table.challenger.second),
        None if improbable is None else (str(improbable), improbable.row),
    )


@given(tables())
@settings(max_examples=150, deadline=None)
def test_expressions_and_arrays_make_the_same_table(
    case: tuple[pl.DataFrame, Model, Dataset, AnswerColumns],
) -> None:
    expected, ours = (_made(make, *case) for make in (_from_arrays, _from_columns))
    if isinstance(expected, DataError):
        assert type(ours) is type(expected)
        assert str(ours).partition(" (")[0] == str(expected).partition(" (")[0]
        assert (ours.row, ours.column) == (expected.row, expected.column) or ours.row is None
        return
    columns, *rest = ours
    assert rest == list(expected[1:])
    assert columns == {name: pytest.approx(values) for name, values in expected[0].items()}


@given(st.lists(st.tuples(st.floats(allow_nan=True), st.floats(-9, 9)), min_size=1, max_size=9))
def test_values_of_a_regression(rows: list[tuple[float, float]]) -> None:
    frame = pl.DataFrame(rows, schema={"y": pl.Float64, "said": pl.Float64}, orient="row")
    model = aiqa.model("m", aiqa.column("said"), task="regression")
    case = frame, model, aiqa.dataset("d", "d.csv", label="y"), AnswerColumns("said")
    expected, ours = (_made(make, *case) for make in (_from_arrays, _from_columns))
    assert str(ours) == str(expected)


@pytest.mark.parametrize("cluster", ["who", "day", "week", "month"])
def test_clusters_are_the_same_rows(cluster: str) -> None:
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=3 * k) for k in range(30)]
    frame = pl.DataFrame({"y": [0, 1] * 15, "p": [0.5] * 30, "who": list("abcde") * 6, "t": days})
    dataset = aiqa.dataset("d", "d.csv", label="y", time="t", cluster=cluster)
    model = aiqa.model("m", aiqa.column(score="p"), task="binary")
    case = frame, model, dataset, AnswerColumns(score=("p",))
    ours = lazy_scored_table(*case, fetch_rows=0).frame["aiqa:cluster"].to_list()
    theirs = _from_arrays(*case).frame.collect()["aiqa:cluster"].to_list()
    assert ours == theirs
    assert len(set(ours)) > 2


def test_a_label_of_many_values_is_none() -> None:
    frame = pl.DataFrame({"y": range(2_000), "p": [0.5] * 2_000})
    model = aiqa.model("m", aiqa.column(score="p"), task="binary")
    with pytest.raises(DataError, match="more than 1,000 different labels"):
        lazy_scored_table(
            frame, model, aiqa.dataset("d", "d.csv", label="y"), AnswerColumns(score=("p",)), fetch_rows=0
        )


def test_labels_that_scores_do_not_fit() -> None:
    frame = pl.DataFrame({"y": ["a", "b", "c"], "p": [0.5] * 3, "q": [0.5] * 3})
    model = aiqa.model("m", aiqa.column(score=("p", "q")), task="multiclass")
    dataset = aiqa.dataset("d", "d.csv", label="y")
    with pytest.raises(DataError, match="one column a class is needed"):
        lazy_scored_table(frame, model, dataset, AnswerColumns(score=("p", "q")), fetch_rows=0)
