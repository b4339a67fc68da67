"""The executor against NumPy on random tables, whole, sliced and in parts."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiqa.errors import DataError
from aiqa.scan.engines.polars import Polars
from aiqa.scan.execute import execute
from aiqa.scan.expr import Expr, call, col
from aiqa.scan.states import CountState, MomentsState, merge
from aiqa.scan.statistics import Count, Counts, Moments, Request, Rows, Sample

X = col("x")
NUMBERS = st.one_of(st.none(), st.integers(-40, 40).map(lambda k: k / 8))
TABLES = st.lists(
    st.tuples(NUMBERS, st.sampled_from(["u", "v", None]), st.sampled_from([0.0, 0.5, 1.0, 3.0])), max_size=25
).map(
    lambda rows: pl.DataFrame(rows, schema={"x": pl.Float64, "g": pl.String, "w": pl.Float64}, orient="row")
)
STATISTICS = (
    Count(),
    Count(X > 0),
    Moments(X),
    Moments(X, order=4),
    Moments(X * 2 + 1, "w"),
    Moments(X * 2 + 1, "w", 4),
    Counts((X > 0, col("g"))),
    Counts((call("bin", X, (-1.0, 0.0, 2.0)),), "w"),
)


def _ask(frame: Any, *statistics: Any, by: tuple[str, ...] = ()) -> list[Any]:
    requests = [Request(statistic, by) for statistic in statistics]
    answers = execute(frame, requests)
    return [answers[request] for request in requests]


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    if isinstance(one, MomentsState | CountState):
        pairs = [(getattr(one, name), getattr(other, name)) for name in type(one).__slots__]
        return all(np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True) for a, b in pairs)
    return bool(one == other)


def _moments(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> MomentsState:
    """The definition, in NumPy."""
    w, w2 = float(weights.sum()), float((weights**2).sum())
    mean = float((values * weights).sum() / w) if w else math.nan
    apart = values - mean if w else values * 0.0
    m2, spread2, cross2 = (float((weights**k * apart**p).sum()) for k, p in ((1, 2), (2, 2), (2, 1)))
    low, high = (values.min(), values.max()) if len(values) else (math.nan, math.nan)
    cubes, fourths = (tuple(float((weights**k * apart**p).sum()) for p in range(k + 1)) for k in (3, 4))
    return MomentsState(len(values), w, w2, mean, m2, spread2, low, high, cross2, cubes, fourths)


@settings(deadline=None, max_examples=50)
@given(frame=TABLES)
def test_moments_are_those_of_the_definition(frame: pl.DataFrame) -> None:
    plain, weighted = _ask(frame, Moments(X, order=4), Moments(X, "w", 4))
    there = frame.filter(pl.col("x").is_not_null())
    values, weights = there["x"].to_numpy(), there["w"].to_numpy()
    assert _close(plain[()], _moments(values, np.ones(len(values))))
    if weights.sum():
        assert _close(weighted[()], _moments(values, weights))
    else:
        assert (weighted[()].n, weighted[()].w) == (len(values), 0.0)


@settings(deadline=None, max_examples=50)
@given(frame=TABLES)
def test_slices_are_what_filtering_gives(frame: pl.DataFrame) -> None:
    sliced = _ask(frame, *STATISTICS, by=("g",))
    for value in frame["g"].unique():
        part = frame.filter(pl.col("g").eq_missing(value))
        for statistic, found in zip(STATISTICS, sliced, strict=True):
            assert _close(found[(("g", value),)], _ask(part, statistic)[0][()])
    assert all(len(found) == frame["g"].n_unique() for found in sliced)


@settings(deadline=None, max_examples=50)
@given(frame=TABLES, cut=st.integers(0, 25))
def test_parts_merged_are_the_whole(frame: pl.DataFrame, cut: int) -> None:
    head, tail, whole = (_ask(part, *STATISTICS) for part in (frame[:cut], frame[cut:], frame))
    for one, other, both in zip(head, tail, whole, strict=True):
        together = merge(one[()], other[()])
        if isinstance(together, MomentsState) and not together.w:
            assert (together.n, together.w) == (both[()].n, 0.0)
        else:
            assert _close(together, both[()])


@settings(deadline=None, max_examples=50)
@given(frame=TABLES, parts=st.integers(1, 4))
def test_merging_does_not_depend_on_the_order(frame: pl.DataFrame, parts: int) -> None:
    states = [_ask(frame[k::parts], Moments(X, "w", 4))[0][()] for k in range(parts)]
    forward, backward = states[0], states[-1]
    for state in states[1:]:
        forward = forward.merge(state)
    for state in states[-2::-1]:
        backward = backward.merge(state)
    assert forward.w == 0 or _close(forward, backward)


def test_rows_and_samples_do_not_add_up() -> None:
    with pytest.raises(TypeError, match="do not add up"):
        merge([1], [2])


@settings(deadline=None, max_examples=50)
@given(shift=st.sampled_from([1e6, -1e9]), seed=st.integers(0, 99))
def test_moments_of_values_far_from_zero(shift: float, seed: int) -> None:
    values = shift + np.random.default_rng(seed).normal(size=500)
    frame = pl.DataFrame({"x": values, "w": np.ones(500)})
    exact = math.fsum((value - math.fsum(values) / 500) ** 2 for value in values)
    for source in (frame, frame.lazy()):
        for state in _ask(source, Moments(X), Moments(X, "w")):
            assert state[()].m2 == pytest.approx(exact, rel=1e-6)


def test_counts_with_keys_weights_and_nulls() -> None:
    frame = pl.DataFrame({"x": [1.0, 1.0, None, math.nan], "w": [1.0, 2.0, 3.0, 4.0]})
    [found] = _ask(frame, Counts((X,), "w"))
    assert found[()][(1.0,)] == CountState(2, 3.0, 5.0)
    assert found[()][(None,)] == CountState(1, 3.0, 9.0)
    assert found[()][(math.nan,)] == CountState(1, 4.0, 16.0)


@pytest.mark.parametrize("lazy", [False, True])
def test_an_empty_table_has_one_whole_and_no_slices(lazy: bool) -> None:
    frame: Any = pl.DataFrame(schema={"x": pl.Float64, "g": pl.String, "w": pl.Float64})
    frame = frame.lazy() if lazy else frame
    count, moments, counts, rows, sample = _ask(
        frame, Count(X > 0), Moments(X), Counts((X,)), Rows(("x",)), Sample(("x",), X > 0)
    )
    assert (count, counts, sample) == ({(): 0}, {(): {}}, {(): []})
    assert (moments[()].n, moments[()].w, math.isnan(moments[()].mean)) == (0, 0.0, True)
    assert rows[()]["x"].shape == (0,)
    assert _ask(frame, Count(), Moments(X), Counts((X,)), Rows(("x",)), by=("g",)) == [{}, {}, {}, {}]


def test_a_nan_is_not_hidden() -> None:
    [found] = _ask(pl.DataFrame({"x": [1.0, math.nan]}), Moments(X))
    assert math.isnan(found[()].mean)
    assert math.isnan(found[()].m2)


@settings(deadline=None, max_examples=50)
@given(frame=TABLES)
def test_rows_keep_their_order_in_every_slice(frame: pl.DataFrame) -> None:
    frame = frame.with_row_index("row")
    [found] = _ask(frame.lazy(), Rows(("x", "row")), by=("g",))
    for ((_, value),), arrays in found.items():
        part = frame.filter(pl.col("g").eq_missing(value))
        assert arrays["row"].tolist() == part["row"].to_list()
        np.testing.assert_array_equal(arrays["x"], part["x"].to_numpy())


def test_slices_by_two_columns_in_the_order_of_their_values() -> None:
    frame = pl.DataFrame({"g": ["b", "a", None, "a"], "k": [1, 2, 1, 1], "x": [1.0, 2.0, 3.0, 4.0]})
    expected = [("a", 1), ("a", 2), ("b", 1), (None, 1)]
    for found in _ask(frame, Count(), Rows(("x",)), Moments(X), Counts((X,)), by=("g", "k")):
        assert list(found) == [(("g", g), ("k", k)) for g, k in expected]


@pytest.mark.parametrize("lazy", [False, True])
def test_samples_are_the_first_rows_with_their_places(lazy: bool) -> None:
    frame = pl.DataFrame({"x": [5.0, 1.0, 7.0, None, 9.0], "g": ["u", "u", "v", "v", "v"]})
    source = frame.lazy() if lazy else frame
    where = X > 4
    few, every, none = _ask(
        source, Sample(("x",), where, 2), Sample(("x",), where, None), Sample(("x",), X > 99)
    )
    assert few == {(): [(0, 5.0), (2, 7.0)]}
    assert every == {(): [(0, 5.0), (2, 7.0), (4, 9.0)]}
    assert none == {(): []}
    [sliced] = _ask(source, Sample(("g",), X > 6, 1), by=("g",))
    assert sliced == {(("g", "u"),): [], (("g", "v"),): [(2, "v")]}


def test_repeats_and_hundreds_of_statistics() -> None:
    frame = pl.DataFrame({"x": np.arange(1000.0)})
    requests = [Request(Count(bound > X)) for bound in range(3 * Polars.fused)]
    answers = execute(frame.lazy(), requests + requests)
    assert len(answers) == 3 * Polars.fused
    assert [answers[request][()] for request in requests] == list(range(3 * Polars.fused))


@pytest.mark.parametrize(
    "convert", [pl.DataFrame.lazy, nw.from_native, pl.DataFrame.to_arrow, pl.DataFrame.to_pandas]
)
def test_frames_of_several_libraries(convert: Any) -> None:
    frame = pl.DataFrame({"x": [1.0, None, 3.0], "g": ["a", "b", "a"]})
    assert _ask(convert(frame), Moments(X), Count(X > 0), by=("g",)) == _ask(
        frame, Moments(X), Count(X > 0), by=("g",)
    )
    assert isinstance(frame.to_arrow(), pa.Table)


@pytest.mark.parametrize(
    "request_",
    [
        Request(Count(col("amont") > 0)),
        Request(Count(), by=("amont",)),
        Request(Moments(X, "amont")),
        Request(Rows(("amont",))),
        Request(Sample(("amont",), X > 0)),
        Request(Counts((X, call("bin", col("amont"), (0.0,))))),
    ],
)
def test_an_unknown_column_is_named_with_the_nearest(request_: Request) -> None:
    with pytest.raises(DataError, match="no column 'amont'; did you mean 'amount'") as raised:
        execute(pl.DataFrame({"x": [1.0], "amount": [2.0]}), [request_])
    assert raised.value.column == "amont"


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, None])
def test_a_bad_weight_is_an_error_at_its_row(weight: float | None) -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0], "w": pl.Series([1.0, 0.0, weight])})
    with pytest.raises(DataError) as raised:
        _ask(frame, Moments(X, "w"))
    assert (raised.value.column, raised.value.row) == ("w", 2)


@pytest.mark.parametrize("expr", [Expr("col", ("s",)), col("t")])
def test_moments_need_numbers(expr: Expr) -> None:
    frame = pl.DataFrame({"s": ["1"], "t": [None]}, schema={"s": pl.String, "t": pl.Date})
    with pytest.raises(DataError, match="numbers"):
        _ask(frame, Moments(expr))


def test_an_error_of_the_engine_is_ours() -> None:
    frame = pl.LazyFrame({"s": ["a"]}).with_columns(pl.col("s").cast(pl.Int64))
    with pytest.raises(DataError, match="scan fails"):
        _ask(frame, Moments(col("s")))
