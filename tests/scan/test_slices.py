"""Slices and what is summed up by rising score in them, against plain Python."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiqa.scan.execute import execute
from aiqa.scan.slices import slices_of, split
from aiqa.scan.states import merge
from aiqa.scan.statistics import Request, Rows, ScoreHistogram, ScoreSteps
from aiqa.stats.roc import area_of
from aiqa.stats.score_histogram import cuts_of

COLUMNS: dict[str, list[Any]] = {
    "small integers": [3, -2, 3, 0],
    "far integers": [3, 2**60, -(2**62), 3],
    "one integer": [7, 7, 7],
    "integers and nulls": [3, None, 1, None],
    "texts": ["b", "a", "b", "é"],
    "texts and nulls": [None, "b", "a", None],
    "truths": [True, False, True],
    "floats": [0.5, -0.5, float("inf"), 0.5],
    "dates": [dt.date(2026, 1, 2), dt.date(2025, 1, 2), None],
    "nulls": [None, None],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_values_in_order_and_each_rows_place(name: str) -> None:
    column = COLUMNS[name]
    found = slices_of(pl.DataFrame({"x": column}), ["x"])
    known = sorted({value for value in column if value is not None})
    assert [key[0] for key in found.keys] == [*known, *([None] if None in column else [])]
    assert found.codes is not None
    assert [found.keys[code][0] for code in found.codes] == column


def test_nan_is_one_value() -> None:
    found = slices_of(pl.DataFrame({"x": [float("nan"), 1.0, float("nan")]}), ["x"])
    assert found.codes is not None
    assert found.codes.tolist() == [1, 0, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["u", "v", None]), st.integers(-2, 2), st.booleans()), max_size=25))
def test_crossed_columns(rows: list[tuple[Any, ...]]) -> None:
    schema = {"g": pl.String, "k": pl.Int32, "b": pl.Boolean}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("row")
    found = slices_of(frame, ["g", "k", "b"])
    expected: dict[Any, list[int]] = {}
    for row, key in enumerate(rows):
        expected.setdefault(key, []).append(row)
    order = sorted(expected, key=lambda key: (key[0] is None, key))
    assert found.keys == order
    parts = split(frame, found, ["row"])
    assert [part["row"].tolist() for part in parts] == [expected[key] for key in order]


def test_without_columns_there_is_one_slice_even_of_no_rows() -> None:
    nothing = pl.DataFrame({"y": [], "s": []}, schema={"y": pl.Int64, "s": pl.Float64})
    for statistic in (ScoreSteps("y", "s"), Rows(("s",))):
        whole, sliced = Request(statistic), Request(statistic, ("y",))
        answers = execute(nothing, [whole, sliced])
        assert list(answers[whole]) == [()]
        assert answers[sliced] == {}


def _table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 900)
    return pl.DataFrame(
        {
            "y": truth,
            "s": rng.normal(size=900) + (truth == 2),
            "w": rng.uniform(0, 2, 900),
            "g": np.array(["a", "b", "c"])[rng.integers(0, 3, 900)],
        }
    )


@pytest.mark.parametrize("weight", [None, "w"])
def test_steps_and_histograms_by_slice(weight: str | None) -> None:
    table = _table()
    cuts = cuts_of(table["s"].to_numpy(), 64).tobytes()
    steps = Request(ScoreSteps("y", "s", 2, weight=weight), ("g",))
    histogram = Request(ScoreHistogram("y", "s", 2, weight=weight, cuts=cuts), ("g",))
    answers = execute(table.lazy(), [steps, histogram])
    assert list(answers[steps]) == [(("g", "a"),), (("g", "b"),), (("g", "c"),)]
    for key, exact in answers[steps].items():
        area, binned = area_of(exact), area_of(answers[histogram][key].steps)
        assert abs(area.value - binned.value) <= binned.slack[0]
        assert 0 < binned.slack[0] < 0.05
        assert exact.n == answers[histogram][key].n == (table["g"] == key[0][1]).sum()


def test_falling_scores_mirror_the_area() -> None:
    rising, falling = (Request(ScoreSteps("y", "s", 2, falling=falling)) for falling in (False, True))
    answers = execute(_table(), [rising, falling])
    areas = [area_of(answers[request][()]).value for request in (rising, falling)]
    assert sum(areas) == pytest.approx(1)


def test_histograms_of_parts_add_up() -> None:
    table = _table()
    request = Request(ScoreHistogram("y", "s", 1, cuts=cuts_of(table["s"].to_numpy(), 32).tobytes()))
    whole, first, second = (
        execute(part, [request])[request][()] for part in (table, table[:200], table[200:])
    )
    merged = merge(first, second)
    assert area_of(merged.steps) == area_of(whole.steps)
    with pytest.raises(TypeError, match="do not add up"):
        merge(1, whole)
