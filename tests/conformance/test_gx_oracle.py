"""Great Expectations itself, on pandas, against ours on the same random tables, for every type.

``AIQA_EXAMPLES`` says how many tables a type; ``make conformance`` takes many.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from aiqa.declare.expectation import Expectation, expectation_of
from aiqa.expectations.validate import validate
from aiqa.gx.native import quiet_context, validated
from tests.conformance.questions import ARGUMENTS, Kwargs, questions

pytestmark = pytest.mark.filterwarnings("ignore")
EXAMPLES = int(os.environ.get("AIQA_EXAMPLES", "12"))
# Great Expectations takes 30 ms a question, so that making a counterexample small would take minutes.
LAX = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
COUNTS = ("element_count", "unexpected_count", "missing_count", "observed_value", "unexpected_percent")
FORMATS = ("BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE")
ONLY_THE_VERDICT = {
    "column_values_to_be_of_type": "a column of objects is looked at value by value, ours by its type",
    "column_values_to_be_in_type_list": "the same",
    "column_distinct_values_to_be_in_set": "theirs no longer tells the observed values",
    "column_distinct_values_to_contain_set": "the same",
    "column_distinct_values_to_equal_set": "the same",
}
Oracle = Callable[[pd.DataFrame, Expectation, str], dict[str, Any]]


@pytest.fixture(scope="module")
def oracle(gx: Any) -> Iterator[Oracle]:
    """Ask Great Expectations; its import takes seconds, so one context serves the module."""
    with quiet_context() as context:
        asset = context.data_sources.add_pandas("oracle").add_dataframe_asset("oracle")
        batches = asset.add_batch_definition_whole_dataframe("oracle")

        def ask(frame: pd.DataFrame, expectation: Expectation, result_format: str) -> dict[str, Any]:
            batch = batches.get_batch({"dataframe": frame})
            [found] = validated(batch, [expectation], {"result_format": result_format})
            assert isinstance(found, dict), found
            return found

        yield ask


def _comparable(value: Any) -> Any:
    """Floats to eleven digits, nine behind the point; a pandas NaN and a null are the same missing value."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(value) if math.isinf(value) else round(float(f"{value:.11g}"), 9)
    if isinstance(value, (list, tuple)):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return None if value == "NaT" else value


def _told(result: dict[str, Any]) -> dict[str, Any]:
    plain = json.loads(json.dumps(result, default=str))
    return {key: _comparable(plain.get(key)) for key in COUNTS}


def _theirs_is_wrong(type_: str, kwargs: Kwargs) -> bool:
    tells_pairs_twice = "column_A" in kwargs and kwargs["column_A"] == kwargs["column_B"]
    takes_no_notice_of_the_condition = (
        type_ == "column_pair_values_to_be_in_set" and "row_condition" in kwargs
    )
    return tells_pairs_twice or takes_no_notice_of_the_condition


@pytest.mark.parametrize("type_", sorted(ARGUMENTS))
def test_same_verdict_and_counts(oracle: Oracle, type_: str) -> None:
    @settings(LAX, max_examples=EXAMPLES)
    @given(question=questions(type_))
    def hold(question: tuple[pd.DataFrame, Kwargs]) -> None:
        frame, kwargs = question
        if _theirs_is_wrong(type_, kwargs):
            return
        expectation = expectation_of(f"expect_{type_}", kwargs)
        [ours] = validate(frame, [expectation]).to_json()["results"]
        theirs = oracle(frame, expectation, "SUMMARY")
        if theirs["exception_info"]["raised_exception"]:
            assert type_ in (
                "column_values_to_match_json_schema",
                "column_pair_values_to_be_in_set",
            )  # a text that is no JSON is unexpected, to us
            return
        assert ours["exception_info"]["raised_exception"] is False, ours["exception_info"]
        assert ours["success"] is theirs["success"]
        if type_ not in ONLY_THE_VERDICT:
            assert _told(ours["result"]) == _told(theirs["result"])

    hold()


ALIKE = ("column_values_to_be_between", "column_values_to_not_be_null", "column_values_to_match_regex",
         "column_pair_values_to_be_equal", "multicolumn_sum_to_equal")  # fmt: skip


def _totals(counts: list[dict[str, Any]]) -> dict[str, int]:
    """Add up counts of one value: Great Expectations counts each NaN by itself, as none equals another."""
    totals: dict[str, int] = {}
    for counted in counts:
        key = repr(_comparable(counted["value"]))
        totals[key] = totals.get(key, 0) + counted["count"]
    return totals


def _whole(result: dict[str, Any]) -> dict[str, Any]:
    plain = json.loads(json.dumps(result, default=str))
    return {
        key: _totals(value) if key == "partial_unexpected_counts" else _comparable(value)
        for key, value in plain.items()
    }


@pytest.mark.parametrize("result_format", FORMATS)
@pytest.mark.parametrize("type_", ALIKE)
def test_same_result_in_every_format(oracle: Oracle, type_: str, result_format: str) -> None:
    @settings(LAX, max_examples=max(3, EXAMPLES // 3))
    @given(question=questions(type_))
    def hold(question: tuple[pd.DataFrame, Kwargs]) -> None:
        frame, kwargs = question
        columns = {kwargs.get(name) for name in ("column", "column_A", "column_B")}
        if columns & {"o", "d", "t"}:  # values that JSON writes in another way
            return
        if _theirs_is_wrong(type_, kwargs):
            return
        expectation = expectation_of(f"expect_{type_}", kwargs)
        [ours] = validate(frame, [expectation], result_format=result_format).to_json()["results"]
        theirs = oracle(frame, expectation, result_format)
        if "partial_unexpected_counts" not in theirs["result"]:  # theirs gives up on values of several types
            ours["result"].pop("partial_unexpected_counts", None)
        assert _whole(ours["result"]) == _whole(theirs["result"])
        assert set(ours) == set(theirs)

    hold()
