"""Expectations of aiqa's own: references, freshness, gaps, schemas that may grow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiqa
from aiqa import expect
from aiqa.declare.durations import duration
from aiqa.declare.expectation import Expectation
from aiqa.errors import DeclarationError

ORDERS = pl.DataFrame(
    {
        "order": [1, 2, 3, 4, 5],
        "customer": ["a", "b", None, "x", "a"],
        "shop": [1, 1, 2, 2, 9],
        "at": [dt.datetime(2026, 1, day) for day in (1, 2, 3, 9, 10)],  # noqa: DTZ001
    }
)
CUSTOMERS = pl.DataFrame({"id": ["a", "b", "c", None], "shop": [1, 1, 2, 2]})


def _duckdb(frame: pl.DataFrame) -> Any:
    return duckdb.from_arrow(frame.to_arrow())


def _found(expectation: Expectation, frame: Any = ORDERS, **told: Any) -> dict[str, Any]:
    [found] = aiqa.validate(frame, [expectation], **told).results
    assert not found["exception_info"]["raised_exception"], found
    return found


def test_foreign_keys_on_every_engine(spark: Callable[[pl.DataFrame], Any]) -> None:
    expectation = expect.column_values_to_refer_to("customer", "customers", "id")
    for own in (ORDERS, ORDERS.lazy(), _duckdb(ORDERS), spark(ORDERS)):
        for other in (CUSTOMERS, _duckdb(CUSTOMERS), spark(CUSTOMERS)):
            found = _found(expectation, own, tables={"customers": other}, result_format="COMPLETE")
            assert found["success"] is False
            assert found["result"]["missing_count"] == 1
            assert found["result"]["unexpected_list"] == ["x"]


def test_foreign_keys_of_several_columns_name_their_rows() -> None:
    expectation = expect.column_values_to_refer_to(
        ["customer", "shop"], "customers", ["id", "shop"], mostly=0.5
    )
    found = _found(
        expectation,
        tables={"customers": CUSTOMERS},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["order"]},
    )
    assert found["success"] is True
    assert found["result"]["unexpected_list"] == [
        {"customer": "x", "shop": 2},
        {"customer": "a", "shop": 9},
    ]
    assert [row["order"] for row in found["result"]["unexpected_index_list"]] == [4, 5]


@settings(deadline=None, max_examples=50)
@given(
    own=st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=8),
    other=st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=6),
)
def test_foreign_keys_are_membership(own: list[int | None], other: list[int | None]) -> None:
    frames = [pl.DataFrame({"k": pl.Series(values, dtype=pl.Int64)}) for values in (own, other)]
    found = _found(expect.column_values_to_refer_to("k", "other"), frames[0], tables={"other": frames[1]})
    strangers = [value for value in own if value is not None and value not in other]
    assert found["result"]["unexpected_count"] == len(strangers)
    assert found["result"]["partial_unexpected_list"] == strangers


def test_what_a_foreign_key_cannot_refer_to() -> None:
    tables = {"customers": CUSTOMERS}
    wrong = [
        (expect.column_values_to_refer_to("customer", "custmers"), "did you mean 'customers'"),
        (expect.column_values_to_refer_to("customer", "customers", "idd"), "has no column 'idd'"),
        (expect.column_values_to_refer_to("customer", "customers", ["id", "shop"]), "cannot refer to 2"),
        (expect.column_values_to_refer_to("order", "customers", "id"), ""),
    ]
    report = aiqa.validate(ORDERS, [expectation for expectation, _ in wrong], tables=tables)
    for found, (_, message) in zip(report.results, wrong, strict=True):
        assert found["exception_info"]["raised_exception"]
        assert message in found["exception_info"]["exception_message"]


@pytest.mark.parametrize(
    ("within", "now", "holds"),
    [
        ("1d", "2026-01-10T18:00:00", True),
        ("1d", "2026-01-11T00:00:01", False),
        ("1d12h", dt.datetime(2026, 1, 11, 12, tzinfo=dt.UTC), True),
        ("2w", dt.date(2026, 1, 20), True),
        ("1s", None, False),
    ],
)
def test_freshness(within: str, now: Any, holds: bool) -> None:
    found = _found(expect.column_max_to_be_recent("at", within, now=now))
    assert found["success"] is holds
    assert found["result"]["observed_value"] == dt.datetime(2026, 1, 10)  # noqa: DTZ001


def test_freshness_of_dates_and_zones_and_of_nothing() -> None:
    frame = ORDERS.with_columns(day=pl.col("at").dt.date(), zoned=pl.col("at").dt.replace_time_zone("UTC"))
    for column in ("day", "zoned"):
        assert _found(expect.column_max_to_be_recent(column, "2d", now="2026-01-11"), frame)["success"]
    assert not _found(expect.column_max_to_be_recent("at", "2d"), ORDERS.head(0))["success"]


def test_gaps_on_every_engine(spark: Callable[[pl.DataFrame], Any]) -> None:
    for frame in (ORDERS, ORDERS.lazy(), _duckdb(ORDERS), spark(ORDERS)):
        found = _found(expect.column_gaps_to_be_at_most("at", "5d"), frame)
        assert found["success"] is False
        assert found["result"]["observed_value"] == "6 days, 0:00:00"
        assert found["result"]["details"]["from"].day == 3
        assert _found(expect.column_gaps_to_be_at_most("at", "6d"), frame)["success"]
        assert _found(expect.column_gaps_to_be_at_most("order", 1), frame)["success"]


def test_gaps_of_few_values_and_of_some_rows() -> None:
    assert _found(expect.column_gaps_to_be_at_most("at", "1s"), ORDERS.head(1))["success"]
    some = expect.column_gaps_to_be_at_most("at", "2d", row_condition="order < 4", condition_parser="pandas")
    assert _found(some)["success"]
    [found] = aiqa.validate(ORDERS, [expect.column_gaps_to_be_at_most("at", 5)]).results
    assert "is no distance" in found["exception_info"]["exception_message"]


SCHEMA = {"order": "int64", "customer": "str", "shop": "int64", "at": "datetime64"}


@pytest.mark.parametrize(
    ("schema", "rules", "mismatched", "holds"),
    [
        (SCHEMA, {}, None, True),
        (SCHEMA | {"shop": "int32"}, {}, {"wider": ["shop"]}, False),
        (SCHEMA | {"shop": "int32"}, {"wider_types": "allow"}, {"wider": ["shop"]}, True),
        (SCHEMA | {"shop": "str"}, {"wider_types": "allow"}, {"other_type": ["shop"]}, False),
        (SCHEMA | {"more": "str"}, {}, {"missing": ["more"]}, False),
        (SCHEMA | {"more": "str"}, {"missing_columns": "allow"}, {"missing": ["more"]}, True),
        ({"order": "int"}, {}, {"new": ["customer", "shop", "at"]}, False),
        ({"order": "int"}, {"new_columns": "allow"}, {"new": ["customer", "shop", "at"]}, True),
        (dict(reversed(SCHEMA.items())), {}, None, True),
    ],
)
def test_schemas_may_evolve_as_said(
    schema: dict[str, str], rules: dict[str, Any], mismatched: dict[str, Any] | None, holds: bool
) -> None:
    found = _found(expect.table_schema_to_be(schema, **rules))
    assert found["success"] is holds
    assert found["result"].get("details", {}).get("mismatched") == mismatched


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90d", dt.timedelta(90)),
        ("1d12h", dt.timedelta(1.5)),
        ("1.5h", dt.timedelta(hours=1.5)),
        ("2w", dt.timedelta(14)),
    ],
)
def test_lengths_of_time(text: str, length: dt.timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "90", "d", "5y", "-1d", "1d and more", "999999999999d"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(DeclarationError, match="no length of time"):
        duration(text)
