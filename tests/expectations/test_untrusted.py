"""What comes from elsewhere (names, values, queries, arguments) gives a verdict or an error of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import aiqa
from aiqa import expect
from aiqa.declare.expectation import Expectation, expectation_of
from aiqa.errors import DataError, DeclarationError
from aiqa.scan.source import open_dataset

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = [dt.datetime(2026, 1, 1, 0, 30, tzinfo=BERLIN), dt.datetime(2026, 1, 2, 0, 30, tzinfo=BERLIN)]
LOCAL = pl.DataFrame({"t": pl.Series(MOMENTS).dt.convert_time_zone("Europe/Berlin")})


def _found(frame: Any, *expectations: Expectation, **told: Any) -> list[dict[str, Any]]:
    return list(aiqa.validate(frame, expectations, **told).results)


def _holds(frame: Any, expectation: Expectation, **told: Any) -> bool:
    [found] = _found(frame, expectation, **told)
    assert not found["exception_info"]["raised_exception"], found["exception_info"]
    return bool(found["success"])


def _error(frame: Any, expectation: Expectation, **told: Any) -> str:
    [found, other] = _found(frame, expectation, expect.table_column_count_to_be_between(1), **told)
    assert found["exception_info"]["raised_exception"], found
    assert other["success"] is True
    return str(found["exception_info"]["exception_message"])


@pytest.mark.parametrize(
    ("expectation", "holds"),
    [
        (expect.column_values_to_be_between("t", dt.datetime(2025, 12, 31, 23, 30, tzinfo=dt.UTC)), True),
        (expect.column_values_to_be_between("t", dt.datetime(2025, 12, 31, 23, 31, tzinfo=dt.UTC)), False),
        (expect.column_values_to_be_between("t", MOMENTS[0], MOMENTS[1]), True),
        (expect.column_values_to_be_between("t", "2025-12-31", "2026-02-01"), True),
        (expect.column_values_to_be_in_set("t", [moment.astimezone(dt.UTC) for moment in MOMENTS]), True),
        (expect.column_values_to_be_between("t", MOMENTS[1], row_condition='t > "2026-01-01"'), True),
    ],
)
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_moments_are_compared_in_any_zone(expectation: Expectation, holds: bool, engine: str) -> None:
    assert _holds(LOCAL, expectation, engine=engine) is holds
    assert _holds(LOCAL.to_pandas(), expectation, engine=engine) is holds


def test_columns_of_different_zones_are_compared() -> None:
    frame = LOCAL.with_columns(u=pl.col("t").dt.convert_time_zone("America/New_York"))
    assert _holds(frame, expect.column_pair_values_to_be_equal("t", "u"))


def test_a_date_is_not_compared_with_a_time_of_day() -> None:
    frame = pl.DataFrame({"d": [dt.date(2026, 1, 1)], "at": [dt.time(9)]})
    assert "'2026-01-01 12:00'" in _error(frame, expect.column_values_to_be_between("d", "2026-01-01 12:00"))
    assert "times of day" in _error(frame, expect.column_min_to_be_between("at", dt.date(2026, 1, 1)))


@pytest.mark.parametrize("name", ["^a.*$", "*"])
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_name_that_engines_read_as_a_pattern_is_refused(name: str, engine: str) -> None:
    frame = pl.DataFrame({"a1": [9, 9], name: [1, 2]})
    message = _error(frame, expect.column_max_to_be_between(name, 2, 2), engine=engine)
    assert "rename the column" in message
    assert _holds(frame, expect.column_max_to_be_between("a1", 9, 9), engine=engine)
    with pytest.raises(DataError, match="rename the column"):
        open_dataset(aiqa.dataset("d", frame, label=name), Path())


def test_a_name_of_aiqas_own_is_refused() -> None:
    with pytest.raises(DataError, match="__aiqa_"):
        _found(pl.DataFrame({"__aiqa_low0": [1]}), expect.table_row_count_to_equal(1))


def test_spark_reads_names_with_dots_and_backticks(spark: Callable[[pl.DataFrame], Any]) -> None:
    frame = spark(pl.DataFrame({"a.b": [1, 2, None], "we`ird": ["x", "x", "y"], "n": [1.0, 2.0, 5.0]}))
    between = expect.column_values_to_be_between("a.b", 1, 1)
    format_ = {"result_format": "COMPLETE", "unexpected_index_column_names": ["we`ird"]}
    [found] = _found(frame, between, result_format=format_, slices=["we`ird"])
    assert found["result"]["unexpected_list"] == [2]
    assert found["result"]["unexpected_index_list"] == [{"a.b": 2, "we`ird": "x"}]
    assert found["result"]["unexpected_by_slice"] == {
        "we`ird": [{"value": "x", "element_count": 2, "unexpected_count": 1}]
    }
    assert _holds(frame, expect.column_value_z_scores_to_be_less_than("a.b", 3, double_sided=True))
    assert _holds(frame, expect.compound_columns_to_be_unique(["a.b", "we`ird"]))


class _UnrunnableError(Exception):
    pass


@pytest.mark.parametrize(
    "expectation",
    [
        expect.column_kl_divergence_to_be_less_than("l", {"values": ["a"], "weights": [1]}, 1),
        expect.column_min_to_be_between("n", "a"),
        expect.column_values_to_be_between("n", "a"),
        expectation_of("expect_column_values_to_be_between", {"colunm": "n"}),
        expectation_of("expect_column_values_to_be_betwen", {"column": "n"}),
    ],
)
def test_what_cannot_be_decided_is_the_error_of_one(expectation: Expectation) -> None:
    frame = pl.DataFrame({"n": [1, 2], "l": [[1], [2]]})
    assert _error(frame, expectation)


def test_whatever_breaks_is_the_error_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from aiqa.expectations import catalogue

    def broken(_: Any) -> Any:
        raise _UnrunnableError("no matter")

    monkeypatch.setitem(catalogue.CATALOGUE, "expect_column_to_exist", broken)
    assert _error(pl.DataFrame({"x": [1]}), expect.column_to_exist("x")) == "_UnrunnableError: no matter"


@pytest.mark.parametrize(
    "make",
    [
        lambda: expect.column_quantile_values_to_be_between(
            "n", {"quantiles": [0.5], "value_ranges": [["a", "b"]]}
        ),
        lambda: expect.column_kl_divergence_to_be_less_than("n", {"bins": ["a", "b"], "weights": [1]}, 1),
        lambda: expect.column_kl_divergence_to_be_less_than(
            "n", {"bins": [float("-inf"), float("inf")], "weights": [1]}, 1
        ),
        lambda: expect.column_values_to_be_between("n", Decimal("sNaN")),
    ],
)
def test_arguments_that_no_data_meet_are_refused(make: Callable[[], Expectation]) -> None:
    with pytest.raises(DeclarationError):
        make()


def test_decimals_bound_quantiles() -> None:
    ranges = {"quantiles": [0.5], "value_ranges": [[Decimal("1.5"), Decimal(2)]]}
    assert _holds(pl.DataFrame({"n": [1, 2, 3]}), expect.column_quantile_values_to_be_between("n", ranges))


def test_no_pair_is_in_an_empty_set() -> None:
    frame = pl.DataFrame({"a": [1], "b": [2]})
    assert not _holds(frame, expect.column_pair_values_to_be_in_set("a", "b", []))


def test_flags_have_a_median_quantiles_and_gaps() -> None:
    frame = pl.DataFrame({"b": [True, False, True]})
    ranges = {"quantiles": [0.5], "value_ranges": [[1, 1]]}
    for engine in ("polars", "duckdb"):
        assert _holds(frame, expect.column_median_to_be_between("b", 1, 1), engine=engine)
        assert _holds(frame, expect.column_quantile_values_to_be_between("b", ranges), engine=engine)
        assert _holds(frame, expect.column_gaps_to_be_at_most("b", 1), engine=engine)


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_one_nan_hides_no_outlier(engine: str) -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0] * 500 + [1e9, float("nan")]})
    for expectation in (
        expect.column_value_z_scores_to_be_less_than("x", 3, double_sided=True),
        expect.column_values_to_not_be_outliers("x", method="std", multiplier=3),
        expect.column_values_to_not_be_outliers("x"),
    ):
        [found] = _found(frame, expectation, engine=engine)
        assert found["result"]["unexpected_count"] == 2  # the NaN lies in no range


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_order_looks_past_a_nan(engine: str) -> None:
    [found] = _found(
        pl.DataFrame({"x": [5.0, float("nan"), 1.0]}),
        expect.column_values_to_be_increasing("x"),
        engine=engine,
    )
    assert found["result"]["partial_unexpected_list"][1] == 1.0


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_sums_of_a_row_do_not_overflow(engine: str) -> None:
    frame = pl.DataFrame({"i": [2**63 - 1, -1], "u": pl.Series([2**64 - 1, 1], dtype=pl.UInt64)})
    assert not _holds(frame, expect.multicolumn_sum_to_equal(["i", "i"], -2), engine=engine)
    both = expect.multicolumn_sum_to_equal(["i", "u"], 2**64 + 2**63 - 2, mostly=0.5)
    assert _holds(frame, both, engine=engine)


def test_hundreds_of_alternatives_are_no_recursion() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [1, 2], "s": ["x1", "x2"]})
    many = range(1000)
    assert _holds(frame, expect.column_pair_values_to_be_in_set("a", "b", [(i, i) for i in many]))
    assert _holds(frame, expect.column_values_to_match_regex_list("s", [f"x{i}$" for i in many]))
    condition = " or ".join(f"a == {i}" for i in many)
    assert _holds(frame, expect.column_values_to_be_between("a", 1, 2, row_condition=condition))


@pytest.mark.parametrize(
    "query",
    [
        "drop table t",
        "select 1; drop table t",
        "select 1) as q; drop table t; select * from (select 1",
        "insert into t values (3)",
        "copy (select 1) to 'written.csv'",
        "attach 'written.db' as z",
    ],
)
def test_a_query_only_reads(query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    connection = duckdb.connect()
    connection.sql("create table t as select 1 as x")
    for frame in (connection.table("t"), pl.DataFrame({"x": [1]})):
        assert _error(frame, expect.unexpected_rows_expectation(query))
    assert connection.sql("select * from t").fetchall() == [(1,)]
    assert not list(tmp_path.iterdir())


def test_a_query_over_a_frame_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("x\n1\n")
    query = f"select * from read_csv('{tmp_path / 'secret.csv'}')"
    assert "Permission" in _error(pl.DataFrame({"x": [1]}), expect.unexpected_rows_expectation(query))


def test_a_query_over_intervals_is_answered() -> None:
    frame = pl.DataFrame({"x": [1, 2], "for": [dt.timedelta(days=1), None]})
    query = expect.unexpected_rows_expectation("select * from {batch} where x > 1")
    for engine in ("polars", "duckdb"):
        [found] = _found(frame, query, engine=engine, result_format="COMPLETE")
        assert found["result"]["observed_value"] == 1


def test_errors_name_no_values() -> None:
    frame = pl.DataFrame({"email": ["ann@example.org", "b"], "n": [1, 2]})
    for expectation in (
        expect.column_max_to_be_between("email", 1),
        expect.unexpected_rows_expectation("select * from {batch} where cast(email as int) > 0"),
        expect.unexpected_rows_expectation("select error(email) from {batch}"),
    ):
        for engine in ("polars", "duckdb"):
            [found] = _found(frame, expectation, engine=engine)
            assert "ann@" not in str(found)


def test_pandas_values_without_a_type_cost_the_others_nothing() -> None:
    for strange in ([2**70, 1], [1j, 2j]):
        frame = pd.DataFrame({"ok": [1, 2], "strange": strange})
        assert _holds(frame, expect.column_values_to_be_between("ok", 1, 2))


@pytest.mark.filterwarnings("ignore")
def test_results_that_cannot_be_written_are_one_error(gx: Any) -> None:
    frame = pd.DataFrame({"ok": [1, 2], "strange": [1j, 2j]})
    assert "cannot be written" in _error(frame, expect.column_values_to_be_in_set("strange", [3]))


@pytest.mark.filterwarnings("ignore")
def test_pandas_columns_with_numbers_for_names(gx: Any) -> None:
    frame = pd.DataFrame([[1, {}], [3, 4]])
    assert _holds(frame, expect.column_values_to_not_be_null("1"))
    assert _holds(frame, expect.column_values_to_be_between("0", 1, 3))


@pytest.mark.filterwarnings("ignore")
def test_unexpected_rows_of_pandas_are_told_by_their_labels(gx: Any) -> None:
    frame = pd.DataFrame({"a": [1, 5, 1]}, index=[10, 20, 30])
    expectation = expect.column_values_to_be_in_set("a", [5])
    ours, theirs = (
        _found(frame, expectation, result_format="COMPLETE", engine=engine)[0]["result"]
        for engine in ("auto", "gx")
    )
    assert ours["unexpected_index_list"] == theirs["unexpected_index_list"] == [10, 30]
    assert ours["unexpected_index_query"] == theirs["unexpected_index_query"]
    [polars] = _found(pl.from_pandas(frame), expectation, result_format="COMPLETE")
    assert "unexpected_index_query" not in polars["result"]
    assert polars["result"]["unexpected_index_list"] == [0, 2]


@pytest.mark.parametrize("given", [pl.Series([1]), pd.Series([1]), {"a": [1]}, None, np.zeros(3)])
def test_what_is_no_frame_is_refused(given: Any) -> None:
    with pytest.raises(DataError, match="no frame"):
        _found(given, expect.table_row_count_to_equal(1))


@pytest.mark.parametrize(
    "format_", [None, 5, {"partial_unexpected_count": "a"}, {"partial_unexpected_count": -1}]
)
def test_a_result_format_is_checked(format_: Any) -> None:
    with pytest.raises(DeclarationError):
        _found(pl.DataFrame({"a": [1]}), expect.column_to_exist("a"), result_format=format_)


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_steps_of_narrow_numbers_do_not_wrap(engine: str) -> None:
    for values in (pl.Series([-100, 100, 101], dtype=pl.Int8), pl.Series([-9 * 10**18, 9 * 10**18])):
        [found] = _found(pl.DataFrame({"n": values}), expect.column_gaps_to_be_at_most("n", 5), engine=engine)
        assert found["success"] is False
        assert found["result"]["observed_value"] == values[1] - values[0]
    narrow = pl.DataFrame({"a": [100], "b": [100]}, schema={"a": pl.Int8, "b": pl.Int8})
    assert _holds(narrow, expect.multicolumn_sum_to_equal(["a", "b"], 200), engine=engine)


def test_moments_are_apart_by_time_and_not_by_the_clock_on_the_wall() -> None:
    before, after = (dt.datetime(2026, 3, 29, hour, 30, tzinfo=BERLIN) for hour in (1, 3))
    frame = pl.DataFrame({"t": pl.Series([before, after]).dt.convert_time_zone("Europe/Berlin")})
    for engine in ("polars", "duckdb"):
        assert _holds(frame, expect.column_gaps_to_be_at_most("t", "1h"), engine=engine)
    now = dt.datetime(2026, 3, 29, 5, 30, tzinfo=BERLIN)
    assert _holds(frame, expect.column_max_to_be_recent("t", "2h", now=now))


def test_a_moment_in_the_future_is_a_wrong_clock() -> None:
    frame = pl.DataFrame({"t": [dt.datetime(2099, 1, 1)]})  # noqa: DTZ001
    assert not _holds(frame, expect.column_max_to_be_recent("t", "1d", now="2026-01-01"))
    assert _holds(frame, expect.column_max_to_be_recent("t", "1d", now="2098-12-31T12:00"))


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_narrow_floats_are_what_they_are(engine: str) -> None:
    frame = pl.DataFrame({"f": pl.Series([0.1, 0.05], dtype=pl.Float32)})
    assert not _holds(frame, expect.column_values_to_be_between("f", None, 0.1), engine=engine)
    assert not _holds(frame, expect.column_max_to_be_between("f", None, 0.1), engine=engine)


def test_decimals_lie_within_endless_bounds() -> None:
    frame = pl.DataFrame({"d": [Decimal("1.5")]})
    for bounds in ((float("-inf"), float("inf")), (None, float("inf"))):
        assert _holds(frame, expect.column_values_to_be_between("d", *bounds))
    assert not _holds(frame, expect.column_values_to_be_between("d", float("inf")))


def test_a_schema_is_ordered_as_it_was_written() -> None:
    frame = pl.DataFrame({"z": [1], "a": [1]})
    assert _holds(frame, expect.table_schema_to_be({"z": "int", "a": "int"}, ordered=True))
    assert not _holds(frame, expect.table_schema_to_be({"a": "int", "z": "int"}, ordered=True))
    assert _holds(frame, expect.table_schema_to_be([("z", "int"), ("a", "int")], ordered=True))


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ([1, 2], [1.0, 2.0]),
        ([1, None], [1, 2]),
        (pl.Series([1], dtype=pl.UInt64), pl.Series([1], dtype=pl.Int8)),
        (["a"], pl.Series(["a", "b"], dtype=pl.Categorical)),
        (pl.Series(["a"], dtype=pl.Categorical), pl.Series(["a"], dtype=pl.Enum(["a", "b"]))),
        ([Decimal("1.0")], [Decimal("1.00")]),
        ([dt.date(2026, 1, 1)], [dt.datetime(2026, 1, 1)]),  # noqa: DTZ001
        (MOMENTS, [moment.astimezone(dt.UTC) for moment in MOMENTS]),
        ([None, None], [1]),
    ],
)
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_keys_refer_to_keys_of_another_type(own: Any, theirs: Any, engine: str) -> None:
    other = pl.DataFrame({"k": theirs})
    assert _holds(
        pl.DataFrame({"k": own}),
        expect.column_values_to_refer_to("k", "o"),
        engine=engine,
        tables={"o": other},
    )


def test_keys_of_types_that_are_never_equal_are_refused() -> None:
    told = {"tables": {"o": pl.DataFrame({"k": ["1"]})}}
    message = _error(pl.DataFrame({"k": [1]}), expect.column_values_to_refer_to("k", "o"), **told)
    assert "Int64 cannot refer to values of type String" in message


@pytest.mark.filterwarnings("ignore")
def test_keys_refer_to_a_table_with_a_column_of_no_type() -> None:
    other = pd.DataFrame({"k": ["a"], "strange": [{1: 2, "x": object}]})
    expectation = expect.column_values_to_refer_to("k", "o")
    assert _holds(pl.DataFrame({"k": ["a"]}), expectation, tables={"o": other})


def test_a_json_schema_fetches_nothing() -> None:
    frame = pl.DataFrame({"s": ["1"]})
    for reference in ("http://127.0.0.1:9/x", "file:///etc/passwd", "#/nope"):
        message = _error(frame, expect.column_values_to_match_json_schema("s", {"$ref": reference}))
        assert message == f"json_schema refers to {reference!r}, which is not in it"
    within = {"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}
    assert _holds(frame, expect.column_values_to_match_json_schema("s", within))


def test_a_query_may_end_in_a_comment() -> None:
    frame = pl.DataFrame({"x": [1, 2]})
    for end in ("", ";", "; -- all", ";\n-- all\n", " -- all", "\n-- a\n;\n-- b"):
        query = f"select * from {{batch}} where x > 1{end}"
        assert not _holds(frame, expect.unexpected_rows_expectation(query))


def test_reports_of_every_shape_are_printed() -> None:
    frame = pl.DataFrame({"s": ["a", "b"]})
    same = "select * from {batch}"
    report = aiqa.validate(
        frame,
        [
            expect.column_distinct_values_to_be_in_set("s", ["a"]),
            expect.column_distinct_values_to_contain_set("s", ["a", "c"]),
            expect.query_results_to_match_comparison(same, "other", same),
        ],
        tables={"other": frame},
    )
    assert repr(report).count("expectations hold") == 1
    assert "<table>" in report._repr_html_()


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    frame = pl.DataFrame({"amount": [1]})
    assert "did you mean 'amount'" in _error(frame, expect.column_values_to_be_between("AMOUNT", 0))
