"""Every statistic on every engine: the same states of the same rows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiqa.errors import DataError
from aiqa.scan.engines import engine_of
from aiqa.scan.execute import execute, schema_of
from aiqa.scan.expr import Expr, call
from aiqa.scan.plan import passes
from aiqa.scan.statistics import (
    Count,
    Query,
    Repeats,
    Request,
    Rows,
    Sample,
    counting,
)
from tests.scan.cases import BIG, MEAN, PRESENT, STATISTICS, TABLES, TYPES, S, X, comparable


def _same(frame: pl.DataFrame, other: Any, requests: list[Request]) -> None:
    ours, theirs = execute(frame, requests), execute(other, requests)
    for request in requests:
        assert comparable(theirs[request]) == comparable(ours[request]), request


def _duckdb(frame: pl.DataFrame) -> Any:
    return duckdb.from_arrow(frame.to_arrow())


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(frame=TABLES, by=st.sampled_from([(), ("g",), ("g", "b")]))
def test_duckdb_and_lazy_polars_give_what_polars_in_memory_gives(
    frame: pl.DataFrame, by: tuple[str, ...]
) -> None:
    requests = [Request(statistic, by) for statistic in STATISTICS]
    _same(frame, frame.lazy(), requests)
    _same(frame, _duckdb(frame), requests)


FIXED = pl.DataFrame(
    [
        (1.0, 1, "a", "u", dt.datetime(2020, 1, 1), True, Decimal("1.10")),  # noqa: DTZ001
        (math.nan, BIG, "b", "u", dt.datetime(2020, 1, 1), False, Decimal("2.20")),  # noqa: DTZ001
        (None, BIG, None, "v", dt.datetime(2020, 1, 2), None, None),  # noqa: DTZ001
        (3.0, None, "é1", None, dt.datetime(2020, 1, 5), True, Decimal("-3.30")),  # noqa: DTZ001
        (-2.5, 2, "b", "v", None, True, Decimal("0.00")),
        (3.0, -1, "a\n", "u", dt.datetime(2020, 1, 4), False, Decimal("1.10")),  # noqa: DTZ001
        (0.0, 2, "[1]", "v", dt.datetime(2020, 1, 9), False, Decimal("9.99")),  # noqa: DTZ001
    ],
    schema=TYPES,
    orient="row",
)


@pytest.mark.parametrize("by", [(), ("g",)])
def test_spark_gives_what_polars_gives(spark: Callable[[pl.DataFrame], Any], by: tuple[str, ...]) -> None:
    # Spark numbers rows by partition, so that their numbers are its own.
    statistics = [one for one in STATISTICS if not isinstance(one, Sample)]
    table = spark(FIXED)
    _same(FIXED, table, [Request(statistic, by) for statistic in statistics])
    samples = [Request(one, by) for one in STATISTICS if isinstance(one, Sample)]
    ours, theirs = execute(FIXED, samples), execute(table, samples)
    for request in samples:
        values = [[row[1:] for rows in found[request].values() for row in rows] for found in (ours, theirs)]
        assert values[0] == values[1]


def test_an_empty_table_of_spark(spark: Callable[[pl.DataFrame], Any]) -> None:
    _same(FIXED.head(0), spark(FIXED.head(0)), [Request(statistic) for statistic in STATISTICS])


def test_a_column_without_a_type_is_null_on_every_engine(spark: Callable[[pl.DataFrame], Any]) -> None:
    frame = pl.DataFrame({"x": [1, 2], "n": [None, None]})
    for table in (frame, frame.lazy(), _duckdb(frame), spark(frame)):
        assert schema_of(table) == {"x": "Int64", "n": "Null"}


def test_a_query_runs_on_the_table_s_own_engine(spark: Callable[[pl.DataFrame], Any]) -> None:
    sql = "select k, count(*) as n from __aiqa_batch where b group by k order by k nulls last"
    counted, rows, first = Query(sql), Query(sql, -1), Query(sql, 1)
    for table in (FIXED, _duckdb(FIXED), spark(FIXED)):
        answers = execute(table, [Request(counted), Request(rows), Request(first)])
        assert answers[Request(counted)][()] == 3
        assert answers[Request(rows)][()] == [{"k": 1, "n": 1}, {"k": 2, "n": 1}, {"k": None, "n": 1}]
        assert answers[Request(first)][()] == [{"k": 1, "n": 1}]
        with pytest.raises(DataError, match="query fails"):
            execute(table, [Request(Query("select nonsense from __aiqa_batch"))])


def test_digests_follow_the_content(spark: Callable[[pl.DataFrame], Any]) -> None:
    changed = FIXED.with_columns(k=pl.col("k").fill_null(7))
    for made in (lambda frame: frame, _duckdb, spark):
        one, same, other = (made(frame) for frame in (FIXED, FIXED, changed))
        engine = engine_of(one)
        assert engine.digest(one) == engine.digest(same) != engine.digest(other)


def test_whole_columns_come_from_every_engine() -> None:
    request = Request(Rows(("k",)))
    found = [execute(table, [request])[request][()]["k"].tolist() for table in (FIXED, _duckdb(FIXED))]
    assert str(found[0]) == str(found[1])


def test_engines_say_what_is_wrong() -> None:
    with pytest.raises(DataError, match="no frame"):
        engine_of({"x": [1]})
    with pytest.raises(DataError, match="no regular expression"):
        execute(_duckdb(FIXED), [Request(Count(call("matches", S, "(")))])


def test_passes_follow_what_rests_on_what() -> None:
    condition = X > call("answer", MEAN, "mean")
    above, rows = Request(Count(condition)), Request(Sample(("x",), condition, 3))
    assert [set(one) for one in passes([rows])] == [{MEAN}, {above}, {rows}]


def test_rows_are_looked_for_only_where_there_are_any() -> None:
    nothing, repeated = Sample(("x",), X > 99), Sample(("s",), Expr("repeated", ((S,), PRESENT)))
    answers = execute(FIXED, [Request(nothing), Request(repeated, ("g",))])
    assert answers[Request(nothing)][()] == []
    assert counting(repeated.where) == Repeats((S,), PRESENT)
    assert answers[Request(repeated, ("g",))][(("g", None),)] == []


def test_an_answer_that_is_missing_makes_a_condition_of_nothing() -> None:
    [request] = [Request(Count(X > call("answer", MEAN, "mean")))]
    assert execute(FIXED.head(0), [request])[request] == {(): 0}
