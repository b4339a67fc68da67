"""Great Expectations' own test definitions, for the types that we know."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aiqa import expect
from aiqa.declare.expectation import Expectation
from aiqa.expectations.catalogue import CATALOGUE
from aiqa.expectations.validate import validate

_PROJECT = Path(__file__).parents[2]
CASES = Path(os.environ.get("AIQA_CONFORMANCE", _PROJECT / "../shared/conformance")) / "gx_cases.json"
MOMENTS = {
    "now()": dt.datetime.now(),  # noqa: DTZ005 - the columns have no zone
    "datetime(2003, 1, 1)": dt.datetime(2003, 1, 1),  # noqa: DTZ001
    "datetime(1969, 1, 1)": dt.datetime(1969, 1, 1),  # noqa: DTZ001
}


def _cases() -> Iterator[Any]:
    if not CASES.is_file():
        reason = "no conformance cases: set AIQA_CONFORMANCE to their folder"
        yield pytest.param({}, {}, marks=pytest.mark.skip(reason=reason), id="missing")
        return
    for dataset in json.loads(CASES.read_text())["datasets"].values():
        for case in dataset["cases"]:
            if case["type"] in CATALOGUE:
                yield pytest.param(dataset, case, id=case["id"])


def _frame(dataset: dict[str, Any]) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {}
    for name, values in dataset["data"].items():
        try:
            columns[name] = _column(values, dataset["schema"].get(name, ""))
        except TypeError:  # numbers and texts in one column, which no typed table holds
            columns[name] = pl.Series([None if value is None else str(value) for value in values])
    return pl.DataFrame(columns)


def _column(values: list[Any], kind: str) -> pl.Series:
    if not kind.startswith("datetime"):
        return pl.Series(values, strict=True)
    formats = ("%b %d %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
    texts = pl.Series(values, dtype=pl.String)
    parsed = [texts.str.to_datetime(format_, strict=False) for format_ in formats]
    return parsed[0].fill_null(parsed[1])


def _declared(case: dict[str, Any]) -> Expectation:
    kwargs = {name: _argument(value) for name, value in case["kwargs"].items()}
    declared = getattr(expect, case["type"].removeprefix("expect_"))(**kwargs)
    assert isinstance(declared, Expectation)
    return declared


def _argument(value: Any) -> Any:
    return MOMENTS[value["$PARAMETER"]] if isinstance(value, dict) else value


@pytest.mark.parametrize(("dataset", "case"), list(_cases()))
def test_case(dataset: dict[str, Any], case: dict[str, Any]) -> None:
    if "row_condition" in case["kwargs"]:
        pytest.skip("row conditions are not in this version")
    [found] = validate(_frame(dataset), [_declared(case)]).results
    assert not found["exception_info"]["raised_exception"], found
    assert found["success"] is case["success"]
    if case["observed_value"] is not None:
        assert found["result"]["observed_value"] == pytest.approx(
            case["observed_value"], abs=case["tolerance"]
        )
    if case["unexpected_list"] is not None:
        assert found["result"]["partial_unexpected_list"] == case["unexpected_list"]
