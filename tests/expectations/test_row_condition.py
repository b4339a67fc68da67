"""Row conditions: the same rows as pandas' own query, and as SQL picks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiqa
from aiqa import expect
from aiqa.errors import AiqaError
from aiqa.expectations.row_condition import condition_of
from aiqa.scan.expr import compile_expr

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-3, 3).map(lambda k: k / 2)),
        st.integers(-2, 2),
        st.one_of(st.none(), st.sampled_from(["a", "b", "ab", "1"])),
        st.booleans(),
    ),
    min_size=1,
    max_size=10,
)
NUMBERS = st.sampled_from(["x", "k", "x + k", "k * 2", "-x", "1", "0.5", "-1", "`two words`"])
COMPARED = st.tuples(NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS).map(" ".join)
SIMPLE = st.one_of(
    COMPARED.filter(lambda text: any(name in text for name in "xkw")),
    st.sampled_from(
        ["s == 'a'", "s != 'a'", "'b' == s", "s < 'b'", "s in ['a', 'b']", "s not in ['a']", "x in [0.5, 1]",
         "x == [0.5, 1]", "x != [0.5]", "k in [1]", "x.isnull()", "s.notnull()", "x.isna()", "b", "b == True",
         "b == False",
         "-1 < x <= 1", "k == 1.5", "x == x", "x != x", "s == None", "x.notna()", "k in (1, 2)"]
    ),
)  # fmt: skip
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or ", " & ", " | "]), inner).map(
            lambda parts: f"({parts[0]}){parts[1]}({parts[2]})"
        ),
        inner.map(lambda text: f"not ({text})"),
        inner.map(lambda text: f"~({text})"),
    ),
    max_leaves=4,
)


def _picked(frame: pl.DataFrame, condition: Any, parser: str | None, **told: Any) -> list[int]:
    schema = {name: str(dtype) for name, dtype in frame.schema.items()}
    compiled = compile_expr(condition_of(condition, parser, schema, **told), schema)
    numbered = nw.from_native(frame.with_row_index("row"))
    picked: list[int] = numbered.filter(compiled).to_native()["row"].to_list()
    return picked


def _frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    schema = {"x": pl.Float64, "k": pl.Int64, "s": pl.String, "b": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("k").alias("two words"))


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None, max_examples=300)
@given(rows=ROWS, condition=CONDITIONS)
def test_the_rows_that_pandas_picks(rows: list[tuple[Any, ...]], condition: str) -> None:
    frame = _frame(rows)
    theirs: pd.DataFrame = frame.to_pandas().query(condition, engine="python")
    assert _picked(frame, condition, "pandas") == theirs.index.tolist()


def test_the_precedence_of_signs_in_a_query() -> None:
    frame = pl.DataFrame({"w": [0.56, 0.4, 0.9], "x": [0.1, 0.1, 0.1]})
    assert _picked(frame, "w!=0.56 & w<0.8 & x<0.8", "pandas") == [1]
    assert _picked(frame, "w==0.56 | w==0.9", None) == [0, 2]


@pytest.mark.parametrize(
    "sql",
    [
        "k = 1", "k <> 1 AND x > 0", "NOT (k = 1 OR x IS NULL)", "s IN ('a', 'b')", "s NOT IN ('a')",
        "x IS NOT NULL",
        "x BETWEEN 0 AND 1", "s = 'it''s' or k>=0", "`two words` = 1", "x != 0.5", "k in (1)",
        "b", "not b", "x < k",
    ],
)  # fmt: skip
def test_the_rows_that_sql_picks(sql: str) -> None:
    rows = [(0.5, 1, "a", True), (None, 2, None, False), (-1.0, 1, "it's", True), (2.0, 0, "b", False)]
    frame = _frame(rows).with_row_index("row")
    theirs = duckdb.from_arrow(frame.to_arrow()).filter(sql.replace("`", '"')).project("row").fetchall()
    assert _picked(frame.drop("row"), sql, "spark") == [row for (row,) in theirs]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('col("x").notNull()', [0, 2]),
        ('col("x").isNull()', [1]),
        ('col("x") > 0', [0]),
        ('col("s") == "a"', [0]),
        ('col("s") != "a"', [2]),
        ('col("t") >= date("2026-01-02")', [1, 2]),
        ('col("t") < "2026-01-02"', [0]),
    ],
)
def test_great_expectations_own_language(text: str, rows: list[int]) -> None:
    frame = pl.DataFrame(
        {
            "x": [1.0, None, -1.0],
            "s": ["a", None, "b"],
            "t": [dt.datetime(2026, 1, day) for day in (1, 2, 3)],  # noqa: DTZ001
        }
    )
    for parser in ("great_expectations", "great_expectations__experimental__"):
        assert _picked(frame, text, parser) == rows


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("gx")
def test_condition_objects_of_great_expectations() -> None:
    from great_expectations.expectations.row_conditions import Column

    frame = pl.DataFrame({"x": [1, 2, 3, None], "s": ["a", "b", None, "a"]})
    conditions = [
        (Column("x") > 1, [1, 2]),
        ((Column("x") > 1) & (Column("s").is_not_null()), [1]),
        ((Column("x") == 1) | (Column("s").is_null()), [0, 2]),
        (Column("x").is_in([1, 3]), [0, 2]),
        (Column("x").is_not_in([1, 3]), [1]),
        (Column("x") != 1, [1, 2]),
    ]
    for condition, rows in conditions:
        declared = expect.column_values_to_not_be_null("x", row_condition=condition)
        assert aiqa.from_json(declared.to_json()) == declared
        assert _picked(frame, declared.kwargs.as_dict()["row_condition"], None) == rows
    passed = {"type": "pass_through", "pass_through_filter": "x > 2"}
    assert _picked(frame, passed, None) == [2]


def test_a_number_and_a_text_are_compared_as_written_but_for_pandas() -> None:
    frame = pl.DataFrame({"y": ["9", "x"]})
    assert _picked(frame, "y == 9", "pandas") == [0]
    assert _picked(frame, "y == 9", "pandas", pandas=True) == []
    assert _picked(frame, "y != 9", "pandas", pandas=True) == [0, 1]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("x > ", "not understood"),
        ("x.mean() > 1", "not understood; engine='gx'"),
        ("__import__('os')", "not understood"),
        ("y > 1", "no column 'y'"),
        ("x // 0 > 1", "not understood"),
        ("1 < 2", "not understood"),
        ("x > 'a'", "cannot be compared"),
        ({"type": "?"}, "no condition"),
        ({"type": "comparison", "column": {"name": "x"}, "operator": "~", "parameter": 1}, "no operator"),
        (5, "a text or a condition"),
        ("(" * 300 + "x" + ")" * 300, "not understood"),
    ],
)
def test_what_is_no_condition(condition: Any, message: str) -> None:
    with pytest.raises(AiqaError, match=message):
        _picked(pl.DataFrame({"x": [1.0]}), condition, "pandas")


def test_an_expectation_on_some_rows() -> None:
    frame = pl.DataFrame({"x": [1, 50, 60], "country": ["BR", "PT", "BR"]})
    told: dict[str, Any] = {"row_condition": "country == 'BR'", "condition_parser": "pandas"}
    report = aiqa.validate(
        frame,
        [
            expect.column_values_to_be_between("x", 0, 10, **told),
            expect.column_max_to_be_between("x", 60, 60, **told),
            expect.table_row_count_to_equal(2, **told),
            expect.column_values_to_be_unique("country", **told),
            expect.column_values_to_be_increasing("x", **told),
        ],
    )
    assert [found["success"] for found in report.results] == [False, True, True, False, True]
    assert report.results[0]["result"]["element_count"] == 2
    assert report.results[0]["result"]["partial_unexpected_list"] == [60]
