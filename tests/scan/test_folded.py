"""Slices of common values, the others together: every engine against plain Python, and parts added up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from functools import reduce
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiqa.declare.folded import OTHER
from aiqa.scan.execute import execute
from aiqa.scan.expr import call, col
from aiqa.scan.states import merge
from aiqa.scan.statistics import Answers, Common, Count, Counts, Moments, Request, Rows, Sample, ScoreSteps
from tests.scan.cases import TABLES, TYPES

COLUMNS = ("x", "k", "s", "t", "b", "d")
Y = col("g")


def common(column: str, min_support: int) -> Common:
    return Common(column, col(column), min_support)


def plain(value: Any) -> Any:
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def expected_counts(frame: pl.DataFrame, column: str, min_support: int) -> dict[Any, int]:
    values = [plain(value) for value in frame[column].to_list()]
    rows = Counter(values)
    return dict(Counter(value if value is None or rows[value] >= min_support else OTHER for value in values))


def found_counts(answers: Answers, request: Request) -> dict[Any, int]:
    return {plain(key[0][1]): rows for key, rows in answers[request].items()}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(frame=TABLES, column=st.sampled_from(COLUMNS), min_support=st.integers(2, 4))
def test_rare_values_of_any_type_are_one_slice_and_null_another(
    frame: pl.DataFrame, column: str, min_support: int
) -> None:
    request = Request(Count(), (common(column, min_support),))
    expected = expected_counts(frame, column, min_support)
    for table in (frame, frame.lazy(), duckdb.from_arrow(frame.to_arrow())):
        assert found_counts(execute(table, [request]), request) == expected


@pytest.mark.parametrize("column", COLUMNS)
def test_spark_folds_alike(spark: Callable[[pl.DataFrame], Any], column: str) -> None:
    rows = [
        *[(1.0, 1, "a", "u", None, True, None)] * 3,
        *[(math.nan, 2, "b", "v", None, False, None)] * 3,
        (2.0, 3, "(other)", "u", None, None, None),
        (3.0, 4, None, "u", None, True, None),
        (None, None, "é1", "v", None, True, None),
    ]
    frame = pl.DataFrame(rows, schema=TYPES, orient="row").with_columns(
        t=pl.datetime(2026, 1, pl.col("k").fill_null(9)), d=pl.col("k").cast(pl.Decimal(12, 2))
    )
    for min_support in (2, 9):
        request = Request(Count(), (common(column, min_support),))
        found = found_counts(execute(spark(frame), [request]), request)
        assert found == expected_counts(frame, column, min_support)


@settings(deadline=None, max_examples=30)
@given(frame=TABLES, min_support=st.integers(2, 4))
def test_whole_columns_and_crosses_are_folded_alike(frame: pl.DataFrame, min_support: int) -> None:
    by = (common("s", min_support), "g", Common("x", col("x"), min_support))
    counts, rows = Request(Count(), by), Request(Rows(("k",)), by)
    answers = execute(frame.lazy(), [counts, rows])
    assert list(answers[counts]) == list(answers[rows])
    assert list(answers[counts].values()) == [len(arrays["k"]) for arrays in answers[rows].values()]
    assert sum(answers[counts].values()) == frame.height


@settings(deadline=None, max_examples=30)
@given(frame=TABLES, cut=st.integers(0, 14), min_support=st.integers(2, 4))
def test_states_of_parts_add_up_with_the_values_kept_of_the_whole(
    frame: pl.DataFrame, cut: int, min_support: int
) -> None:
    parts = [frame[:cut], frame[cut:]]
    folded = common("s", min_support)
    counts = [execute(part, [folded.count])[folded.count] for part in parts]
    kept = folded.kept(reduce(merge, counts))
    for statistic in (Counts((Y,)), Count(), Moments(call("to_float", col("b")), order=2)):
        resolved = Request(statistic, (kept,))
        states = reduce(merge, [execute(part, [resolved])[resolved] for part in parts])
        whole = Request(statistic, (folded,))
        expected = execute(frame, [whole])[whole]
        assert states.keys() == expected.keys()
        if not isinstance(statistic, Moments):
            assert states == expected


def test_a_sample_waits_for_the_count_of_its_folded_slices() -> None:
    frame = pl.DataFrame({"s": ["a", "a", "b", "c"], "x": [1, 2, 3, 4]})
    request = Request(Sample(("x",), col("x") > 2, 5), (common("s", 2),))
    found = execute(frame, [request])[request]
    assert {key[0][1]: [row[1] for row in rows] for key, rows in found.items()} == {"a": [], OTHER: [3, 4]}


def test_ranks_of_folded_slices() -> None:
    frame = pl.DataFrame(
        {"s": ["a"] * 4 + ["b", "c"], "y": [0, 1, 0, 1, 1, 0], "p": [0.1, 0.2, 0.3, 0.4, 0.9, 0.1]}
    )
    request = Request(ScoreSteps("y", "p"), (common("s", 2),))
    assert [key[0][1] for key in execute(frame, [request])[request]] == ["a", OTHER]
