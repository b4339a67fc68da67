"""Training and serving, column by column, against the metrics that gates use."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

import aiqa
from aiqa.errors import AiqaError

RNG = np.random.default_rng(7)
TRAINING = pl.DataFrame(
    {
        "amount": RNG.normal(0, 1, 2000),
        "same": RNG.integers(0, 5, 2000),
        "kind": RNG.choice(["a", "b", "c"], 2000),
        "id": [f"k{number}" for number in range(2000)],
        "old": [1] * 2000,
        "type": [1] * 2000,
    }
)
SERVING = pl.DataFrame(
    {
        "amount": RNG.normal(1, 1, 1000),
        "same": RNG.integers(0, 5, 1000),
        "kind": [["a", "b", "d", None][place] for place in RNG.integers(0, 4, 1000)],
        "id": [f"k{number}" for number in range(1000)],
        "new": [1] * 1000,
        "type": ["1"] * 1000,
    }
)


def test_what_moved_comes_first() -> None:
    found = aiqa.skew(TRAINING, SERVING)
    assert [one.column for one in found.columns][-1] == "id"
    assert {one.column for one in found.skewed} == {"amount", "kind"}
    assert (found.lacking, found.added) == (("old",), ("new",))
    assert found.retyped == {"type": ("Int64", "String")}
    assert not found.success
    by_name = {one.column: one for one in found.columns}
    assert by_name["kind"].unseen == pytest.approx((SERVING["kind"] == "d").sum() / 1000)
    assert by_name["kind"].missing[1] == pytest.approx(SERVING["kind"].null_count() / 1000)
    assert (by_name["id"].psi, by_name["id"].by_value) == (0.0, False)


@pytest.mark.parametrize("column", ["amount", "kind"])
def test_distances_are_those_of_the_definition(column: str) -> None:
    [found] = aiqa.skew(TRAINING, SERVING, columns=[column]).columns
    if column == "amount":
        cuts = np.quantile(TRAINING[column].to_numpy(), np.linspace(0, 1, 11)[1:-1])
        codes = [np.searchsorted(cuts, part[column].to_numpy(), side="left") for part in (TRAINING, SERVING)]
        p, q = (np.bincount(code, minlength=10) / len(code) for code in codes)
    else:
        keys = ["a", "b", "c", "d", None]
        p, q = (
            np.array([part[column].eq_missing(key).sum() for key in keys]) / part.height
            for part in (TRAINING, SERVING)
        )
    assert found.js_distance == pytest.approx(jensenshannon(p, q, base=2))
    if column == "amount":
        assert found.psi == pytest.approx(float(np.sum((q - p) * np.log(q / p))), rel=1e-3)


@pytest.mark.parametrize(
    "convert",
    [
        pl.DataFrame.lazy,
        pl.DataFrame.to_pandas,
        pl.DataFrame.to_arrow,
        lambda f: duckdb.from_arrow(f.to_arrow()),
    ],
)
def test_any_frame_gives_the_same(convert: Any) -> None:
    names = ["amount", "same", "kind"]
    frames = [frame.select(names) for frame in (TRAINING, SERVING)]
    expected, found = aiqa.skew(*frames), aiqa.skew(*map(convert, frames))
    assert repr(found) == repr(expected)


def test_the_same_data_are_not_skewed() -> None:
    found = aiqa.skew(TRAINING, TRAINING)
    assert found.success
    assert all(one.psi in (0, None) for one in found.columns)
    assert repr(found).startswith("0 of 6 columns are skewed")
    assert "<pre>" in found._repr_html_()


def test_columns_of_nothing_and_of_several_types() -> None:
    empty = pl.DataFrame({"x": pl.Series([None, None], dtype=pl.Float64), "y": [1, 2]})
    found = aiqa.skew(empty, empty)
    assert {one.column: one.missing for one in found.columns} == {"x": (1.0, 1.0), "y": (0.0, 0.0)}
    mixed = pd.DataFrame({"o": [1, "a"], "y": [1, 2]})
    assert [one.column for one in aiqa.skew(mixed, mixed).columns] == ["y"]


@pytest.mark.parametrize(
    ("training", "told", "message"),
    [
        (TRAINING, {"columns": ["amuont"]}, "did you mean 'amount'"),
        (TRAINING.head(0), {}, "without rows"),
        (TRAINING, {"limit": 0}, "above 0"),
        ([1], {}, "no frame"),
    ],
)
def test_what_cannot_be_compared(training: Any, told: dict[str, Any], message: str) -> None:
    with pytest.raises(AiqaError, match=message):
        aiqa.skew(training, SERVING, **told)


def _psi(training: list[object], serving: list[object]) -> float:
    [found] = aiqa.skew(pl.DataFrame({"x": training}), pl.DataFrame({"x": serving})).columns
    return found.psi


@pytest.mark.parametrize(
    ("training", "serving"),
    [
        ([0] * 95 + [1] * 5, [0] * 5 + [1] * 95),
        ([0.0] * 95 + [10.0, 20.0, 30.0, 40.0, 50.0], [50.0] * 100),
        (
            [0.0] * 50 + [float(place) for place in range(50)],
            [-1.0] * 50 + [float(place) for place in range(50)],
        ),
        ([1] * 100, [999] * 100),
        ([1] * 100, [-999] * 100),
        ([float("inf"), 1.0] * 50, [1.0] * 100),
        ([1.0] * 100, [float("nan")] * 100),
        (["a"] * 100, [f"z{place}" for place in range(5000)]),
        ([[1]] * 100, [None] * 100),
        ([False] * 100, [True] * 100),
    ],
)
def test_a_total_shift_is_seen(training: list[object], serving: list[object]) -> None:
    assert _psi(training, serving) > 1
    assert _psi(training, training) == pytest.approx(0)


@given(
    st.lists(st.integers(0, 4) | st.integers(-(10**6), 10**6), min_size=1, max_size=60),
    st.lists(st.integers(0, 4) | st.integers(-(10**6), 10**6), min_size=1, max_size=60),
)
def test_values_that_are_few_are_told_apart(training: list[int], serving: list[int]) -> None:
    [found] = aiqa.skew(pl.DataFrame({"x": training}), pl.DataFrame({"x": serving})).columns
    if len(set(training)) < 20:
        unseen = [value for value in serving if value not in training]
        assert found.unseen == pytest.approx(len(unseen) / len(serving))
    assert found.psi >= 0


@pytest.mark.parametrize("told", [{"limit": 0}, {"limit": "a"}, {"columns": "x"}])
def test_wrong_arguments_are_refused(told: dict[str, object]) -> None:
    frame = pl.DataFrame({"x": [1]})
    with pytest.raises(AiqaError):
        aiqa.skew(frame, frame, **told)  # type: ignore[arg-type]
