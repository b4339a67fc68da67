"""Each expectation's verdict, counts and errors; Great Expectations itself is asked in tests/conformance."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest

from aiqa import expect
from aiqa.declare.expect import BEYOND_GX, EXPECTATION_NAMES
from aiqa.declare.expectation import Expectation, expectation_of
from aiqa.errors import DataError, DeclarationError
from aiqa.expectations.catalogue import CATALOGUE, claim, outcome, without_values
from aiqa.scan.execute import execute, schema_of

FRAME = pl.DataFrame(
    {
        "id": [2**53, 2**53 + 1, 2**53 + 2, 2**53 + 2],
        "x": [1.0, 2.0, None, float("nan")],
        "s": ["a", "bb", None, "Ann"],
        "d": [dt.date(2026, 1, day) for day in (1, 2, 3, 4)],
        "l": [[1], [2], [3], [4]],
        "n": [None, None, None, None],
    }
)


def _result(
    expectation: Expectation, frame: pl.DataFrame = FRAME, result_format: str = "SUMMARY"
) -> dict[str, Any]:
    claimed = claim(expectation, schema_of(frame), result_format)
    return outcome(expectation, *claimed.conclude(execute(frame, claimed.requests)))


def test_the_catalogue_is_what_can_be_declared() -> None:
    assert {name.removeprefix("expect_") for name in CATALOGUE} == set(EXPECTATION_NAMES)
    assert len(set(EXPECTATION_NAMES) - BEYOND_GX) == 60


@pytest.mark.parametrize(
    ("expectation", "success", "unexpected"),
    [
        (expect.column_values_to_be_between("id", 2**53 + 1), False, 1),
        (expect.column_values_to_be_between("id", 2**53, strict_min=True), False, 1),
        (expect.column_values_to_be_between("id", None, 2**53 + 2, strict_max=True), False, 2),
        (expect.column_values_to_be_in_set("id", [2**53 + 1, 2**53 + 2]), False, 1),
        (expect.column_values_to_be_unique("id"), False, 2),
        (expect.column_values_to_be_unique("id", mostly=0.5), True, 2),
        (expect.column_values_to_be_between("x", 0, 9), False, 1),
        (expect.column_values_to_be_between("x", 0, 9, mostly=2 / 3), True, 1),
        (expect.column_values_to_not_be_null("x"), False, 1),
        (expect.column_values_to_not_be_null("x", mostly=0.75), True, 1),
        (expect.column_values_to_be_between("d", "2026-01-02", dt.date(2026, 1, 3)), False, 2),
        (expect.column_values_to_be_in_set("d", [dt.date(2026, 1, 1)], mostly=0.25), True, 3),
        (expect.column_values_to_match_regex("s", "(?i)^a"), False, 1),
        (expect.column_values_to_be_between("s", "a", "z"), False, 1),
        (expect.column_value_lengths_to_be_between("s", 2, 3), False, 1),
        (expect.column_value_lengths_to_be_between("s", 1, 3, strict_min=True, strict_max=True), False, 2),
        (expect.column_values_to_be_between("n", 0, 1), True, 0),
        (expect.column_values_to_be_in_set("n", ["a", 1]), True, 0),
        (expect.column_values_to_match_regex("n", "a"), True, 0),
        (expect.column_value_lengths_to_be_between("n", 1), True, 0),
        (expect.column_values_to_be_unique("n"), True, 0),
        (expect.column_values_to_not_be_null("n"), False, 4),
    ],
)
def test_map_expectations(expectation: Expectation, success: bool, unexpected: int) -> None:
    for result_format in ("BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"):
        found = _result(expectation, result_format=result_format)
        assert found["success"] is success
        assert found["result"].get("unexpected_count", unexpected) == unexpected


@pytest.mark.parametrize(
    ("expectation", "success", "observed"),
    [
        (expect.column_mean_to_be_between("id", 2**53), True, 2.0**53 + 1),
        (expect.column_mean_to_be_between("x", 0), False, None),
        (expect.column_mean_to_be_between("n", 0), False, None),
        (expect.column_mean_to_be_between("n"), False, None),
        (expect.column_mean_to_be_between("id"), True, 2.0**53 + 1),
        (expect.table_row_count_to_be_between(4, 4), True, 4),
        (expect.table_row_count_to_be_between(4, strict_min=True), False, 4),
        (expect.table_row_count_to_be_between(None, 5, strict_max=True), True, 4),
    ],
)
def test_aggregates(expectation: Expectation, success: bool, observed: Any) -> None:
    found = _result(expectation)
    assert (found["success"], found["result"]) == (success, {"observed_value": observed})


@pytest.mark.parametrize(
    ("expectation", "success"),
    [
        (expect.column_to_exist("x"), True),
        (expect.column_to_exist("y"), False),
        (expect.column_to_exist("x", 1), True),
        (expect.column_to_exist("x", 0), False),
        (expect.column_to_exist("id", 0), True),
        (expect.column_to_exist("x", 99), False),
        (expect.table_columns_to_match_set(["n", "l", "d", "s", "x", "id"]), True),
        (expect.table_columns_to_match_set({"x", "id"}), False),
        (expect.table_columns_to_match_set({"x", "id"}, exact_match=False), True),
        (expect.table_columns_to_match_set(["x", "y"], exact_match=False), False),
    ],
)
def test_tables(expectation: Expectation, success: bool) -> None:
    assert _result(expectation)["success"] is success


def test_mismatched_columns_are_named() -> None:
    found = _result(expect.table_columns_to_match_set(["id", "x", "y"]), FRAME.select("id", "x", "s"))
    assert found["result"] == {
        "observed_value": ["id", "s", "x"],
        "details": {"mismatched": {"unexpected": ["s"], "missing": ["y"]}},
    }


def test_an_empty_table() -> None:
    empty = FRAME[:0]
    assert _result(expect.column_values_to_not_be_null("x"), empty)["success"]
    assert _result(expect.column_values_to_be_between("x", 0), empty)["success"]
    assert not _result(expect.column_mean_to_be_between("x", 0), empty)["success"]
    assert _result(expect.column_values_to_be_between("x", 0), empty)["result"]["unexpected_percent"] is None


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        (expect.column_values_to_not_be_null("idd"), "no column 'idd'; did you mean 'id'"),
        (expect.column_mean_to_be_between("idd", 1), "no column 'idd'"),
        (expect.column_mean_to_be_between("s", 1), "type String have no mean"),
        (expect.column_values_to_be_between("s", 1, 2), "type String cannot be compared with 1"),
        (expect.column_values_to_be_between("id", "a"), "type Int64 cannot be compared with 'a'"),
        (expect.column_values_to_be_between("d", "soon"), "'soon' is no date"),
        (expect.column_values_to_be_between("l", 1), "cannot be compared with 1"),
        (expect.column_values_to_be_in_set("l", [1]), "cannot be looked up in a set"),
        (expect.column_value_lengths_to_be_between("id", 1), "are no text, and have no length"),
    ],
)
def test_data_that_cannot_be_held_against_it(expectation: Expectation, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        claim(expectation, schema_of(FRAME))
    assert raised.value.column is not None


@pytest.mark.parametrize(
    "declare",
    [
        lambda: expect.column_values_to_be_between("x"),
        lambda: expect.column_values_to_be_between("x", 2, 1),
        lambda: expect.table_row_count_to_be_between(2, 1),
        lambda: expect.table_row_count_to_be_between(1.5),  # type: ignore[arg-type]
        lambda: expect.column_value_lengths_to_be_between("x", 1.5),  # type: ignore[arg-type]
        lambda: expect.column_value_lengths_to_be_between("x"),
        lambda: expect.column_values_to_be_in_set("x", "abc"),
        lambda: expect.column_values_to_match_regex("x", 5),  # type: ignore[arg-type]
        lambda: expect.column_values_to_not_be_null(5),  # type: ignore[arg-type]
        lambda: expect.column_values_to_not_be_null("x", mostly=1.5),
        lambda: expect.column_to_exist("x", -1),
        lambda: expect.column_values_to_match_regex("x", "("),
        lambda: claim(Expectation("expect_column_values_to_be_nice"), {}),
        lambda: claim(expectation_of("expect_column_to_exist", {"colum": "x"}), {"x": "Int64"}),
        lambda: claim(expect.column_to_exist("x"), {}, "SUMARY"),
        lambda: claim(expect.column_to_exist("x"), {}, {"unexpected_index_colum_names": ["x"]}),
    ],
)
def test_what_is_declared_wrongly(declare: Any) -> None:
    with pytest.raises(DeclarationError):
        declare()


def test_evidence_holds_no_values_of_rows() -> None:
    secret = pl.DataFrame({"name": ["Ann Secret", "Ann Secret", "Bob Secret"]})
    for expectation in (
        expect.column_values_to_be_in_set("name", ["x"]),
        expect.column_values_to_be_unique("name"),
        expect.column_values_to_match_regex("name", "^x"),
        expect.column_value_lengths_to_be_between("name", 99),
    ):
        for result_format in ("BASIC", "SUMMARY", "COMPLETE"):
            found = _result(expectation, secret, result_format)
            assert "Secret" in json.dumps(found)
            stripped = without_values(found)
            assert "Secret" not in json.dumps(stripped)
            assert stripped["result"]["unexpected_count"] == found["result"]["unexpected_count"]


def test_declared_bounds_travel_in_the_configuration() -> None:
    found = _result(expect.column_values_to_be_in_set("s", {"b", "a"}, severity="warning"))
    assert found["expectation_config"] == {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "s", "value_set": ["a", "b"]},
        "meta": {},
        "severity": "warning",
    }
