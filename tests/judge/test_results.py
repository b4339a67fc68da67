"""How the result of an expectation reads."""

from __future__ import annotations

from typing import Any

import pytest

from aiqa.judge.results import judge_result

ROWS = {"element_count": 10, "missing_count": 2, "unexpected_count": 2, "unexpected_percent": 25.0}
SLICES = {"country": [{"value": "BR", "element_count": 4, "unexpected_count": 2}], "channel": []}


@pytest.mark.parametrize(
    ("result", "mostly", "reason"),
    [
        (ROWS, 1.0, "2 of 8 values (25 %) are not as expected, and none may be"),
        (ROWS, 0.9, "2 of 8 values (25 %) are not as expected, and at most 10 % may be"),
        ({**ROWS, "unexpected_count": 0}, 1.0, "all 8 values are as expected"),
        ({"observed_value": 3.5}, 1.0, "it is 3.5"),
        ({"observed_value": ["a", "b"]}, 1.0, "found a, b"),
        ({"observed_value": {"self": 3, "other": 4}}, 1.0, "self: 3; other: 4"),
        ({"unexpected_count": 1, "missing_count": 2}, 1.0, "1 unexpected and 2 missing"),
        ({"observed_value": None}, 1.0, "there is no value"),
        ({}, 1.0, "not told, as it is a value of the data"),
        ({"details": {"age": "3 days"}}, 1.0, "not told, as it is a value of the data, age 3 days"),
        (
            {"observed_value": None, "details": {"observed_partition": {"weights": [1.0]}}},
            1.0,
            "it has no bound: values were seen that have no weight",
        ),
        (
            {"observed_value": "6 days, 0:00:00", "details": {"from": "2026-01-03", "to": "2026-01-09"}},
            1.0,
            "it is 6 days, 0:00:00, from 2026-01-03 to 2026-01-09",
        ),
        ({"observed_value": {}, "details": {"mismatched": {"other_type": ["x"], "new": ["y", "z"]}}}, 1.0,
         "other type: x; new: y, z"),
        ({"evaluated_expectations": 3, "successful_expectations": 2}, 1.0, "2 of 3 expectations hold"),
    ],
)  # fmt: skip
def test_reasons(result: dict[str, Any], mostly: float, reason: str) -> None:
    assert judge_result({"success": False, "result": result}, mostly).reason == reason


def test_the_slice_with_most_of_them_is_named() -> None:
    found = judge_result({"success": False, "result": {**ROWS, "unexpected_by_slice": SLICES}})
    assert found.reason.endswith("; most where country is 'BR': 2 of 4")


@pytest.mark.parametrize(
    ("success", "reason"), [(True, "it is there"), (False, "it is not there, or elsewhere")]
)
def test_a_column_is_there_or_not(success: bool, reason: str) -> None:
    config = {"type": "expect_column_to_exist"}
    assert judge_result({"success": success, "expectation_config": config, "result": {}}).reason == reason


def test_a_column_of_another_type_is_told_with_the_type_that_it_has() -> None:
    result = {
        "observed_value": {"n": "String"},
        "details": {"mismatched": {"other_type": ["n"], "missing": ["m"]}},
    }
    reason = judge_result({"success": False, "result": result}).reason
    assert reason == "other type: n (String); missing: m"


def test_the_slice_is_told_that_has_more_than_its_part() -> None:
    slices = {
        "plan": [
            {"value": "free", "element_count": 500, "unexpected_count": 80},
            {"value": "pro", "element_count": 100, "unexpected_count": 60},
        ]
    }
    counts = {"element_count": 1000, "unexpected_count": 160, "unexpected_percent": 16.0}
    found = {"success": False, "result": {**counts, "unexpected_by_slice": slices}}
    assert judge_result(found).reason.endswith("most where plan is 'pro': 60 of 100")
    slices["plan"].pop()
    assert "most where" not in judge_result(found).reason
