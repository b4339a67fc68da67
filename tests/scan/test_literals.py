"""Comparisons of columns with plain values are exact: Python's own integers and fractions are the oracle."""

from __future__ import annotations

import datetime as dt
import operator
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiqa.errors import DataError
from aiqa.scan.execute import execute
from aiqa.scan.expr import call, col
from aiqa.scan.literals import compared, family_of, members
from aiqa.scan.statistics import Count, Request

OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
WHOLE = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**62 + 1]),
)
BOUNDS = st.one_of(
    WHOLE,
    st.sampled_from([2**63, -(2**63) - 1, 10**30, -(10**30), 10**400]),
    st.floats(-4, 4).map(lambda x: round(x, 1)),
    st.sampled_from([9007199254740993.0, 1e300, -1e300, 0.5]),
)


def _counted(values: list[Any], dtype: pl.DataType, op: str, bound: Any) -> int:
    request = Request(Count(call(op, col("x"), bound)))
    return int(execute(pl.DataFrame({"x": pl.Series(values, dtype=dtype)}), [request])[request][()])


@settings(deadline=None, max_examples=50)
@given(values=st.lists(WHOLE, max_size=6), op=st.sampled_from(sorted(OPERATORS)), bound=BOUNDS)
def test_whole_numbers_are_compared_exactly(values: list[int], op: str, bound: float) -> None:
    assert _counted(values, pl.Int64(), op, bound) == sum(OPERATORS[op](value, bound) for value in values)


@settings(deadline=None, max_examples=50)
@given(
    values=st.lists(st.floats(allow_nan=False, width=64), max_size=6),
    op=st.sampled_from(sorted(OPERATORS)),
    bound=BOUNDS,
)
def test_floats_are_compared_with_whole_numbers_exactly(values: list[float], op: str, bound: float) -> None:
    assert _counted(values, pl.Float64(), op, bound) == sum(OPERATORS[op](value, bound) for value in values)


@pytest.mark.parametrize("op", sorted(OPERATORS))
@pytest.mark.parametrize("bound", [-1, 0, 200, 256, 1000.5, float("inf"), float("-inf")])
def test_bounds_outside_a_small_type(op: str, bound: float) -> None:
    values = [0, 1, 200, 255]
    assert _counted(values, pl.UInt8(), op, bound) == sum(OPERATORS[op](value, bound) for value in values)


def test_a_literal_may_stand_on_the_left() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3]})
    request = Request(Count(call("<", 2, col("x"))))
    assert execute(frame, [request])[request] == {(): 1}


@pytest.mark.parametrize(
    ("values", "bound", "expected"),
    [
        ([dt.date(2026, 1, 1), dt.date(2026, 1, 3)], dt.date(2026, 1, 2), 1),
        ([dt.date(2026, 1, 1), dt.date(2026, 1, 3)], "2026-01-01", 2),
        ([dt.datetime(2026, 1, 1, 12), dt.datetime(2026, 1, 2)], dt.date(2026, 1, 2), 1),  # noqa: DTZ001
        ([dt.datetime(2026, 1, 1, 12)], "2026-01-01T11:00:00", 1),  # noqa: DTZ001
        ([dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)], dt.datetime(2026, 1, 1, 13), 0),  # noqa: DTZ001
        ([dt.datetime(2026, 1, 1, 12)], dt.datetime(2026, 1, 1, 11, tzinfo=dt.UTC), 1),  # noqa: DTZ001
        ([dt.time(9), dt.time(11)], dt.time(10), 1),
        ([Decimal("0.10"), Decimal("0.30")], 0.3, 1),
        (["a", "c"], "b", 1),
    ],
)
def test_other_types(values: list[Any], bound: Any, expected: int) -> None:
    frame = pl.DataFrame({"x": values})
    request = Request(Count(col("x") >= bound))
    assert execute(frame, [request])[request] == {(): expected}


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("Int64", "1"),
        ("String", 1),
        ("Date", dt.datetime(2026, 1, 1)),  # noqa: DTZ001
        ("Date", "yesterday"),
        ("Boolean", "yes"),
        ("List(Int64)", 1),
    ],
)
def test_what_cannot_be_compared_is_an_error_that_names_the_column(dtype: str, value: Any) -> None:
    with pytest.raises(DataError) as raised:
        compared("<", value, dtype, "amount")
    assert raised.value.column == "amount"
    assert repr(value) in str(raised.value)


@pytest.mark.parametrize(
    ("dtype", "wanted", "expected"),
    [
        ("Int64", (1.0, 2.5, "a", None, 2**53 + 1, 10**30), (1, 2**53 + 1)),
        ("Float64", (1, 2.5, "a", 2**53 + 1), (1.0, 2.5)),
        ("String", ("a", 1, None), ("a",)),
        ("Boolean", (1, True), (True,)),
        ("Boolean", (2, "x"), ()),
        ("Null", (1, "a"), ()),
    ],
)
def test_members_that_a_column_can_hold(
    dtype: str, wanted: tuple[Any, ...], expected: tuple[Any, ...]
) -> None:
    found = members(wanted, dtype)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(
    "dtype",
    [pl.Int8(), pl.UInt64(), pl.Float32(), pl.String(), pl.Enum(["a"]), pl.Datetime("us", "UTC"), pl.Date()],
)
def test_family_reads_what_polars_and_narwhals_write(dtype: pl.DataType) -> None:
    import narwhals as nw

    frame = nw.from_native(pl.DataFrame({"x": pl.Series([], dtype=dtype)}))
    assert family_of(str(dtype)) == family_of(str(frame.schema["x"])) != "other"


@pytest.mark.parametrize(
    ("op", "bound", "expected"),
    [(">=", 10**40, 0), ("<=", 10**40, 2), (">", -(10**40), 2), ("==", Decimal(10) ** 40, 0), ("<", 1.15, 1)],
)
def test_decimals_are_compared_with_what_they_cannot_hold(op: str, bound: Any, expected: int) -> None:
    frame = pl.DataFrame({"x": [Decimal("1.1"), None, Decimal("2.5")]})
    request = Request(Count(call(op, col("x"), bound)))
    assert execute(frame, [request])[request][()] == expected


def test_decimals_are_looked_up_among_other_numbers() -> None:
    frame = pl.DataFrame({"x": [Decimal("1.0"), None, Decimal("2.5"), Decimal("3.0")]})
    request = Request(Count(call("is_in", col("x"), (True, 2.5, 2.500001, 10**40))))
    assert execute(frame, [request])[request][()] == 2
