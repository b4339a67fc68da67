"""Row expressions: values first, and the semantics of null and NaN when they run."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiqa.errors import DataError, DeclarationError
from aiqa.scan.execute import execute
from aiqa.scan.expr import LOWERED, OPERATIONS, Expr, call, col
from aiqa.scan.statistics import Count, Counts, Request

NAN = float("nan")
FRAME = pl.DataFrame(
    {
        "x": [1.0, NAN, None, 3.0, math.inf],
        "i": [1, 2, None, 4, 4],
        "s": ["a", "bb", None, "éé", "bb"],
        "b": [True, False, None, True, False],
        "t": [dt.datetime(2026, 1, day) for day in (1, 1, 2, 9, 9)],  # noqa: DTZ001
    }
)
X, K, S, B = col("x"), col("i"), col("s"), col("b")


def _values(expr: Expr) -> dict[Any, int]:
    request = Request(Counts((expr,)))
    results = []
    for frame in (FRAME, FRAME.lazy()):
        found = execute(frame, [request])[request][()]
        results.append({key: state.n for (key,), state in found.items()})
    assert results[0] == results[1]
    return results[0]


def _true(expr: Expr) -> int:
    request = Request(Count(expr))
    return int(execute(FRAME, [request])[request][()])


def test_an_expression_equals_another_that_says_the_same() -> None:
    assert (X > 2) == (X > 2)
    assert hash(X + K) == hash(X + K)
    assert (X > 2).args == (X >= 2).args
    assert Expr(">", (X, 2)) not in {X >= 2, X > 3}
    assert (X + K * 2 - call("length", S)).columns == {"x", "i", "s"}


@pytest.mark.parametrize(
    ("expr", "rows"),
    [
        (X > 2, 2),
        (X < 2, 1),
        (X.eq(NAN), 0),
        (X.ne(3), 2),
        (X <= X, 3),
        (~(X > 2), 2),
        (X.is_null(), 1),
        (call("is_nan", X), 1),
        (call("is_nan", K), 0),
        (call("is_finite", X), 2),
        (call("is_finite", K), 4),
        ((K / 0) > 1, 4),
        ((K - K) / (K - K) >= 0, 0),
        (call("is_in", K, (4, 9)), 2),
        (~call("is_in", K, (4, 9)), 2),
        (call("is_in", S, ()), 0),
        (~call("is_in", S, ()), 4),
        (call("is_in", X, (1, 3)), 2),
        (B & (K > 1), 1),
        (B | (K > 1), 4),
        (call("if", K > 1, True, False), 3),
        (call("repeated", (S,), ~S.is_null()), 2),
        (call("length", S) >= 2, 3),
        (call("matches", S, r"^b+$"), 2),
        (~call("matches", S, r"b(?!b)"), 2),
        (call("matches", call("if", K > 1, S, "zz"), "z"), 2),
        (call("truncate", col("t"), "1d").eq(dt.datetime(2026, 1, 1)), 2),  # noqa: DTZ001
    ],
)
def test_rows_for_which_it_is_true(expr: Expr, rows: int) -> None:
    assert _true(expr) == rows


def test_arithmetic() -> None:
    assert _values(abs(-K) * 2 + 1 - K) == {2: 1, 3: 1, 5: 2, None: 1}
    assert _values(10 - K) == {9: 1, 8: 1, 6: 2, None: 1}
    assert _values(1 / K) == {1.0: 1, 0.5: 1, 0.25: 2, None: 1}
    assert _values(call("floor", call("sqrt", 1 + K))) == {1.0: 2, 2.0: 2, None: 1}
    assert _values(call("to_int", call("log", call("exp", call("to_float", K))) + 0.5)) == {
        1: 1,
        2: 1,
        4: 2,
        None: 1,
    }
    assert _values(call("clip", K, 2, 3)) == {2: 2, 3: 2, None: 1}
    assert _values(call("**", K, 2)) == {1: 1, 4: 1, 16: 2, None: 1}


@settings(deadline=None, max_examples=50)
@given(
    numbers=st.lists(st.one_of(st.none(), st.floats(-5, 5), st.just(NAN)), max_size=20),
    edges=st.lists(st.floats(-5, 5), max_size=6).map(sorted),
)
def test_bins_count_the_edges_below(numbers: list[float | None], edges: list[float]) -> None:
    request = Request(Counts((call("bin", X, tuple(edges)),)))
    found = execute(pl.DataFrame({"x": pl.Series(numbers, dtype=pl.Float64)}), [request])[request][()]
    expected: dict[tuple[int | None], int] = {}
    for number in numbers:
        missing = number is None or math.isnan(number)
        key = (None if missing else sum(edge <= number for edge in edges),)  # type: ignore[operator]
        expected[key] = expected.get(key, 0) + 1
    assert {key: state.n for key, state in found.items()} == expected


def test_a_regular_expression_reads_other_values_as_python_writes_them() -> None:
    assert _true(call("matches", B, "^True$")) == 2
    assert _true(call("matches", X, "inf")) == 1
    assert _true(call("matches", K, "^4$")) == 2


def test_unknown_operations_name_the_nearest() -> None:
    with pytest.raises(DeclarationError, match="did you mean 'matches'"):
        call("match", S)
    assert not set(OPERATIONS) & set(LOWERED)


def test_a_wrong_regular_expression_is_an_error() -> None:
    with pytest.raises(DataError, match="no regular expression"):
        _true(call("matches", S, "("))


def test_categories_behave_as_their_strings() -> None:
    frame = pl.DataFrame({"c": ["b", "a", None]}, schema={"c": pl.Categorical}).lazy()
    request = Request(
        Count((col("c") > "a") & call("is_in", col("c"), ("b",)) & (call("length", col("c")) < 2))
    )
    assert execute(frame, [request])[request] == {(): 1}
