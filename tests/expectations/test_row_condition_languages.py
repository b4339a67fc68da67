"""Row conditions, language by language, against what runs them: pandas, Great Expectations, Spark, DuckDB."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiqa.errors import AiqaError, DataError, DeclarationError
from aiqa.expectations.kind import Untyped
from aiqa.expectations.row_condition import condition_of
from aiqa.scan.execute import execute
from aiqa.scan.expr import OPERATIONS, Expr, call, col, compile_expr
from aiqa.scan.statistics import Counts, Request

NAN = float("nan")
DAY, NOON, MAY = dt.datetime(2023, 1, 1), dt.datetime(2023, 1, 1, 12), dt.datetime(2023, 5, 2)  # noqa: DTZ001
SCHEMA: dict[str, Any] = {
    "x": pl.Float64,
    "k": pl.Int64,
    "m": pl.Int64,
    "s": pl.String,
    "f": pl.Boolean,
    "b": pl.Boolean,
    "t": pl.Datetime("us"),
    "n": pl.Float64,
}
ROWS = [
    (1.0, 1, 1, "a", True, True, DAY, None),
    (None, 2, None, None, False, None, None, None),
    (NAN, 0, 0, "b", True, False, NOON, None),
    (2.5, -1, 2, "it's", False, True, MAY, None),
    (-0.5, 1, None, "5", True, None, DAY, None),
]


def _frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return frame.with_columns(pl.col("k").alias("two words"))


FRAME = _frame(ROWS)
NUMBERED = FRAME.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
PLAIN = NUMBERED.with_columns(pl.col("x").fill_nan(None))


def _schema(frame: pl.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.schema.items()}


def _picked(frame: pl.DataFrame, expr: Expr) -> list[int]:
    numbered = nw.from_native(frame.with_row_index("row"))
    picked: list[int] = numbered.filter(compile_expr(expr, _schema(frame))).to_native()["row"].to_list()
    return picked


def _scanned(native: Any, expr: Expr) -> list[int]:
    """The rows for which it is true, as a scan of any engine finds them."""
    request = Request(Counts((col("row"), call("if", expr, True, False))))
    return sorted(row for row, true in execute(native, [request])[request][()] if true)


def _rows(condition: Any, parser: str | None = "pandas", **told: Any) -> list[int]:
    return _scanned(NUMBERED, condition_of(condition, parser, _schema(FRAME), **told))


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(" ".join)


COLUMN = st.sampled_from(["x", "k", "m", "n", "`two words`"])
NUMBER = st.sampled_from(["1", "0", "-1", "0.5", "-2", "2*1", "1e3"])
COMPUTED = st.one_of(
    COLUMN,
    COLUMN,
    COLUMN.map("-{}".format),
    _joined(COLUMN, st.sampled_from("+-*/"), COLUMN | NUMBER).map("({})".format),
    _joined(st.sampled_from("xm"), st.sampled_from(["** 2", "** 3", "** 0.5"])),
)
COMPARISON = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
EQUALITY = st.sampled_from(["==", "!="])
FOUND = st.sampled_from(["in", "not in", "==", "!="])
NUMBERS = st.lists(st.sampled_from(["1", "0.5", "-1", "None", "True", "'a'"]), max_size=3)
TEXTS = st.lists(st.sampled_from(["'a'", "'b'", "None", "''"]), max_size=3)
MOMENTS = ["'2023-01-01'", "'2023'", "'2023-05'", "'2023-01-01 12:00'", "'5/2/2023'", "20230101", "2024"]
SIMPLE = st.one_of(
    _joined(COMPUTED, COMPARISON, COMPUTED | NUMBER),
    _joined(NUMBER, COMPARISON, COMPUTED),
    _joined(NUMBER, COMPARISON, COLUMN, COMPARISON, NUMBER | COLUMN),
    _joined(st.sampled_from("xkm"), FOUND, NUMBERS.map(lambda values: f"[{', '.join(values)}]")),
    _joined(NUMBERS.map(lambda values: f"[{', '.join(values)}]"), FOUND, st.sampled_from("xkm")),
    _joined(st.just("s"), FOUND, TEXTS.map(lambda values: f"[{', '.join(values)}]")),
    _joined(st.just("s"), st.one_of(FOUND, COMPARISON), st.sampled_from(["'a'", "'b'", "''"])),
    _joined(
        st.sampled_from("bf"),
        st.sampled_from(["in", "not in"]),
        st.sampled_from(["[True]", "[True, None]", "[None]", "[]", "[1]"]),
    ),
    _joined(st.sampled_from("bf"), COMPARISON, st.sampled_from(["True", "False", "1", "0"])),
    _joined(st.sampled_from("xsbtfkm"), EQUALITY, st.just("None")),
    _joined(st.just("t"), st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(MOMENTS)),
    _joined(st.just("t"), EQUALITY, st.sampled_from(["20230101", "2024"])),
    st.tuples(st.sampled_from("xsbtfknm"), st.sampled_from(["isnull", "isna", "notnull", "notna"])).map(
        lambda parts: f"{parts[0]}.{parts[1]}()"
    ),
    st.tuples(st.sampled_from("xsbtfm"), EQUALITY).map(lambda parts: f"{parts[0]} {parts[1]} {parts[0]}"),
    st.sampled_from(
        ["b == f", "b != f", "x == f", "x < f", "x != 'a'", "x == 'a'", "k == '1'", "f == 'a'", "f", "s == 5",
         "x.between(0, 1)", "x.isin([1, 0.5])", "s.isin(['a', None])", "(x + 1).isnull()", "(k / k) != 1",
         "x.isnull() == False", "x == x == x", "t not in [None]", "s != 5",
         "k % 3 == 1", "k // 2 == -1", "x % 2 < 1", "x // 3 == 0",
         "x.abs() >= 1", "k.abs() == 1", "s.str.len() > 1", "s.str.len() != 1"]
    ),
)  # fmt: skip
JOIN = st.sampled_from(["and", "or", "&", "|"])
CONDITION = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        _joined(inner.map("({})".format), JOIN, inner.map("({})".format)),
        _joined(SIMPLE, JOIN, SIMPLE),
        _joined(st.just("b"), JOIN, inner.map("({})".format)),
        inner.map("not ({})".format),
        inner.map("~({})".format),
        inner.map("({}) == True".format),
        inner.map("({}) != f".format),
    ),
    max_leaves=5,
)
RANDOM = st.lists(
    st.tuples(
        st.one_of(st.none(), st.just(NAN), st.integers(-4, 4).map(lambda k: k / 2)),
        st.integers(-2, 2),
        st.none() | st.integers(-2, 2),
        st.none() | st.sampled_from(["a", "b", "ab", "1", ""]),
        st.booleans(),
        st.none() | st.booleans(),
        st.none() | st.sampled_from([DAY, NOON, MAY]),
        st.none(),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(rows=RANDOM, condition=CONDITION)
def test_a_query_selects_what_pandas_selects(rows: list[tuple[Any, ...]], condition: str) -> None:
    frame = _frame(rows)
    theirs = frame.to_pandas().query(condition, engine="python").index.tolist()
    assert _picked(frame, condition_of(condition, "pandas", _schema(frame), pandas=True)) == theirs


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("x != 1", [1, 2, 3, 4]),
        ("~(x == 1)", [1, 2, 3, 4]),
        ('`two words` > 0 & x > 0 | s == "it\'s"', [0, 3]),
        ("not `two words` > 0 and x == x", [3]),
        ("b", [0, 3]),
        ("~b", [2]),
        ("b or f", [0, 2, 3]),
        ("s == '&' or s == '`'", []),
        ("t == '2023-01-01'", [0, 4]),
        ("t in ['2023-01-01', '2023-05-02 00:00']", [0, 3, 4]),
        ("t > '2023-02'", [3]),
        ("s == 5", [4]),
        ("s in [5, 'a']", [0, 4]),
        ("s != 5", [0, 1, 2, 3]),
        ("s.str.contains('^[ab]$')", [0, 2]),
        ("~s.str.contains('^[ab]$', na=False)", [1, 3, 4]),
        ("s.str.startswith('it')", [3]),
        ("s.str.endswith('s') | s.str.startswith('.')", [3]),
        ("k > 2 ** 3 - 8 + 4 / 4", [1]),
        ("k in [" + ", ".join(map(str, range(1, 3000))) + "]", [0, 1, 4]),
    ],
)
def test_a_query(condition: str, rows: list[int]) -> None:
    assert _rows(condition) == rows
    assert _rows(condition, None) == rows


@pytest.mark.parametrize("op", ["//", "%"])
def test_whole_division_where_engines_can(op: str) -> None:
    if op in OPERATIONS:
        assert condition_of(f"k {op} 2 == 1", "pandas", {"k": "Int64"}).any(op)
    else:
        with pytest.raises(DeclarationError, match=f"'k {op} 2' of the row condition .* engine='gx'"):
            condition_of(f"k {op} 2 == 1", "pandas", {"k": "Int64"})


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ("x > @limit", "the syntax"),
        ("x > 1 if f else b", "'x > 1 if f else b'"),
        ("x.mean() > 1", r"'x.mean\(\)'"),
        ("`two words`.cumsum() > 1", r"'`two words`.cumsum\(\)'"),
        ("index > 1", "'index'"),
        ("x", "'x' as a condition"),
        ("not k", "'k' as a condition"),
        ("True", "'True' as a condition"),
        ("1 < 2", "'1 < 2'"),
        ("x is None", "'x is None'"),
        ("x in 1", "'x in 1'"),
        ("x in [k, 1]", r"'\[k, 1\]'"),
        ("x < [1]", r"'x < \[1\]'"),
        ("x ** k > 1", r"'x \*\* k'"),
        ("x ** 0 == 1", r"'x \*\* 0'"),
        ("x > 9 ** 9 ** 9", r"'9 \*\* 9 \*\* 9'"),
        ("x > 1 / 0", "'1 / 0'"),
        ("s + 'a' == 'b'", r"\"s \+ 'a'\""),
        ("s == b'a'", "\"b'a'\""),
        ("x > 0 ^ f", r"'0 \^ f'"),
        ("x.isin(1)", r"'x.isin\(1\)'"),
        ("s.str.contains('a', case=False)", "contains"),
        ("s.str.contains('(')", "is no regular expression"),
        ("__import__('os').system('true')", "__import__"),
        ("f" + " and f" * 3 + " and " + "(" * 3000 + "f" + ")" * 3000, "not understood"),
    ],
)
def test_what_of_a_query_is_not_understood(condition: str, part: str) -> None:
    with pytest.raises(DeclarationError, match=part):
        condition_of(condition, "pandas", _schema(FRAME))


@pytest.mark.parametrize(
    ("condition", "parser", "message"),
    [
        ("xx > 1", "pandas", "no column 'xx'; did you mean 'x'"),
        ('col("xx") > 1', "great_expectations", "no column 'xx'"),
        ("xx > 1", "spark", "no column 'xx'"),
        ("x < 'a'", "pandas", "a number cannot be compared with 'a'"),
        ("x < s", "pandas", "a number cannot be compared with a string"),
        ("s > 9", "pandas", "a string cannot be compared with 9"),
        ("t > 'tomorrow'", "pandas", "'tomorrow' is no datetime"),
        ("l == 1", "pandas", "cannot be compared with 1"),
        ("d > '2023-01-01 12:00'", "pandas", "cannot be compared with the moment"),
        ("x = 'a'", "spark", "a number cannot be compared with 'a'"),
        ("t > 5", "spark", "a datetime cannot be compared with 5"),
        ("b = 'yes'", "spark", "a boolean cannot be compared with 'yes'"),
    ],
)
def test_what_the_data_do_not_allow(condition: str, parser: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        condition_of(condition, parser, _schema(FRAME) | {"d": "Date", "l": "List(Int64)"})
    assert caught.value.column is not None


def test_a_column_of_mixed_objects_is_left_to_great_expectations() -> None:
    for parser in ("pandas", "spark"):
        with pytest.raises(Untyped):
            condition_of("y = 9" if parser == "spark" else "y == 9", parser, {"y": "Object"})


def test_dates_and_other_moments() -> None:
    frame = pl.DataFrame({"d": [dt.date(2023, 1, 1), None, dt.date(2023, 5, 2)]})
    for condition in ("d > '2023-01-01'", "d >= '2023-05'", "d in ['2023-05-02']", "d == '5/2/2023'"):
        assert _picked(frame, condition_of(condition, "pandas", _schema(frame))) == [2]
    zoned = pl.DataFrame({"t": [DAY, None, MAY]}).with_columns(pl.col("t").dt.replace_time_zone("UTC"))
    for condition in ("t > '2023-01-01'", "t > '2023-01-01T00:00Z'", "t > '2023-01-01T02:00+02:00'"):
        assert _picked(zoned, condition_of(condition, "pandas", _schema(zoned))) == [2]


SQL = {
    "x = 1": [0],
    "X == 1 OR `two words` <> 1": [0, 1, 2, 3],
    "NOT m > 1 AND x IS NOT NULL": [0],
    "NOT (m = 1)": [2, 3],
    "m IS NULL OR s IS NULL": [1, 4],
    "m in (1, null)": [0],
    "m NOT IN (1, NULL)": [],
    "m not in (1)": [2, 3],
    "m BETWEEN 0 and 1 AND b": [0],
    "m NOT BETWEEN 0 AND 1": [3],
    "s = 'it''s' or s = \"a\"": [0, 3],
    r"s = 'it\'s'": [3],
    "s LIKE 'it%'": [3],
    "s NOT LIKE '_' and !b": [],
    "s LIKE '_'": [0, 2, 4],
    "not b": [2],
    "b = true and f <> FALSE": [0],
    "b OR f": [0, 2, 3, 4],
    "t > '2023-01-01 06:00:00'": [2, 3],
    "t = DATE '2023-01-01' or t = timestamp '2023-05-02 00:00:00'": [0, 3, 4],
    "k + 1 > m * 2 - 1": [0, 2],
    "-k > 0 AND (k) < +.5e0": [3],
    "k = '1'": [0, 4],
    "(k > 1) = b": [2],
    "m = NULL": [],
    "NOT (m = NULL)": [],
}


@pytest.mark.parametrize("condition", SQL)
def test_sql(condition: str) -> None:
    assert _scanned(PLAIN, condition_of(condition, "spark", _schema(PLAIN))) == SQL[condition]


def test_spark_selects_the_same(spark: Callable[[pl.DataFrame], Any]) -> None:
    table = spark(PLAIN)
    theirs = {text: sorted(row.row for row in table.filter(text).select("row").collect()) for text in SQL}
    assert theirs == SQL


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ("x >", "the end"),
        ("x = 1 2", "'2'"),
        ("x", "'x'"),
        ("x + 1 AND b", r"'x \+ 1 AND b'"),
        ("length(s) > 1", r"'length\(s\) > 1'"),
        ("x <=> 1", "'<=> 1'"),
        ("x = 5L", "'5L'"),
        ("x / 2 > 1", "'/ 2 > 1'"),
        ("a.b = 1", "'a.b = 1'"),
        ("1 = 1", "'1 = 1'"),
        ("x IN (k)", r"'k\)'"),
        ("x NOT = 1", "'= 1'"),
        ("'a' IS NULL", "\"'a' IS NULL\""),
        ("1 IN (1)", r"'1 IN \(1\)'"),
        ("x LIKE 'a'", "\"x LIKE 'a'\""),
        ("x = 1 -- so", "'-- so'"),
        ("x = 1 /* so */", r"'/\* so"),
        ("s + 1 = 2", r"'s \+ 1 = 2'"),
        ("OR b", "'OR b'"),
        ("(" * 3000 + "b" + ")" * 3000, "its depth"),
    ],
)
def test_what_of_sql_is_not_understood(condition: str, part: str) -> None:
    with pytest.raises(DeclarationError, match=part):
        condition_of(condition, "spark", _schema(FRAME))


def test_every_language_on_other_engines() -> None:
    duckdb = pytest.importorskip("duckdb")
    table = duckdb.from_arrow(NUMBERED.to_arrow())
    queries = ["x != 1", "~(x > 1 or b)", "x.isnull()", "s in ['a', None]", "(x > 1) == f", "m == None",
               "k + 1 >= x ** 2", "s.str.contains('a')", "t >= '2023-05'", "b == 1", "n == 1"]  # fmt: skip
    for text, parser in [*((text, "pandas") for text in queries), *((text, "spark") for text in SQL)]:
        expr = condition_of(text, parser, _schema(FRAME))
        assert _scanned(table, expr) == _scanned(NUMBERED, expr), text


GX = [
    ('col("x") > 1', [3]),
    ('col("x")!=1', [3, 4]),
    ('col("two words") <= -1e0', [3]),
    (" col(\"s\") == 'a' ", [0]),
    ('col("s") == 5', [4]),
    ('col("s").notNull()', [0, 2, 3, 4]),
    ('col("t") <= date("2023-01-01")', [0, 4]),
    ("col(\"t\") > date ( ' 2023-01-01' )", [2, 3]),
    ('col("k") == "1"', [0, 4]),
]


@pytest.mark.parametrize(("condition", "rows"), GX)
def test_the_language_of_great_expectations(condition: str, rows: list[int]) -> None:
    for parser in ("great_expectations", "great_expectations__experimental__"):
        expr = condition_of(condition, parser, _schema(FRAME))
        assert _picked(FRAME.with_columns(pl.col("x").fill_nan(None)), expr) == rows


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ('col("x") > 5 and col("k") < 3', r"' ?and col\(\"k\"\) < 3'|and col"),
        ("col('x') > 5", "col"),
        ('col("x") = 5', "col"),
        ('col("x") > ""', "col"),
        ('col("x")', "col"),
        ("x > 5", "x > 5"),
        ("", "''"),
    ],
)
def test_what_of_their_language_is_not_understood(condition: str, part: str) -> None:
    with pytest.raises(DeclarationError, match=part):
        condition_of(condition, "great_expectations", _schema(FRAME))


@pytest.fixture(scope="module")
def own(gx: Any) -> Any:
    """Great Expectations' conditions, and its engine that selects rows by them."""
    return gx.expectations.row_conditions, gx.execution_engine.PandasExecutionEngine()


@pytest.mark.filterwarnings("ignore")
def test_objects_select_what_great_expectations_selects_in_pandas(own: Any) -> None:
    made, engine = own
    x, s, k, t, b = (made.Column(name) for name in ("x", "s", "two words", "t", "b"))
    conditions = [
        x > 1, x != 1, x.is_in([1, 2.5]), x.is_not_in([1]), x.is_null(), s.is_not_null(), s != "a", s == 5,
        s.is_not_in(["a"]), s.is_in([]), k >= 1, (x > 0) & (s != "a") & (k < 2), (x > 0) | s.is_null(),
        t > "2023-02-01", t <= DAY, t != DAY, b == True, b != True, x == "a",  # noqa: E712
        made.PassThroughCondition(pass_through_filter="x > 1 or s == 'a'"),
    ]  # fmt: skip
    frame = FRAME.with_columns(pl.col("x").fill_nan(None))
    for condition in conditions:
        theirs = engine._apply_row_condition_filter(frame.to_pandas(), condition, {}).index.tolist()
        for form in (condition, condition.dict()):
            assert _picked(frame, condition_of(form, None, _schema(frame), pandas=True)) == theirs, condition


@pytest.mark.filterwarnings("ignore")
def test_their_language_is_read_as_they_read_it(gx: Any) -> None:
    from great_expectations.expectations.expectation import _convert_string_to_condition

    for text, _ in GX:
        theirs = _convert_string_to_condition(text)
        for pandas in (False, True):
            expected = condition_of(theirs, None, _schema(FRAME), pandas=pandas)
            assert condition_of(text, "great_expectations", _schema(FRAME), pandas=pandas) == expected


PASSED = {"type": "pass_through", "pass_through_filter": "m != 1"}


def _compared(operator: str, parameter: Any, column: str = "m") -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


def test_objects_are_sql_but_for_tables_of_pandas() -> None:
    different = _compared("!=", 1)
    outside = _compared("NOT_IN", [1])
    for condition in (different, outside):
        assert _rows(condition, None) == [2, 3]
        assert _rows(condition, None, pandas=True) == [1, 2, 3, 4]
    assert _rows({"type": "and", "conditions": [different, _compared(">", 0)]}, None) == [3]
    assert _rows({"type": "or", "conditions": (different, _compared("==", 1))}, None) == [0, 2, 3]
    assert _rows(PASSED, "pandas") == _rows(PASSED, None) == [1, 2, 3, 4]
    assert _rows(PASSED, "spark") == [2, 3]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"type": "nor"}, "no condition of type 'nor'; did you mean 'or'"),
        ({"conditions": []}, "with 'type'"),
        ({"type": "and", "conditions": []}, "of no conditions"),
        ({"type": "nullity", "column": "x", "is_null": True}, "with 'name'"),
        (_compared("=~", 1), "no operator '=~'"),
        (_compared("IN", "abc"), "a list of values, not 'abc'"),
        (_compared("==", None), "parameter None"),
        (_compared("==", [1]), r"parameter \[1\]"),
        (_compared("==", NAN), "NaN is equal to nothing"),
        (_compared("==", {}), "compares with no dict"),
        (
            {"type": "or", "conditions": [{"type": "pass_through", "pass_through_filter": "x"}]},
            "a text among",
        ),
        (5, "not 5"),
    ],
)
def test_what_is_no_object_of_a_condition(condition: Any, message: str) -> None:
    with pytest.raises(AiqaError, match=message):
        condition_of(condition, None, _schema(FRAME))


def test_an_unknown_language() -> None:
    with pytest.raises(DeclarationError, match="no condition_parser 'panda'; did you mean 'pandas'"):
        condition_of("x > 1", "panda", _schema(FRAME))
