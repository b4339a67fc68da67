"""Great Expectations' own test definitions, on every engine."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from dateutil.parser import parse

from aiqa.declare.expectation import expectation_of
from aiqa.expectations.validate import validate

_PROJECT = Path(__file__).parents[2]
CASES = Path(os.environ.get("AIQA_CONFORMANCE", _PROJECT / "../shared/conformance")) / "gx_cases.json"
KEY = "pk_index"
Dataset = dict[str, Any]
Case = dict[str, Any]


def _datasets() -> Iterator[Any]:
    if not CASES.is_file():
        reason = "no conformance cases: set AIQA_CONFORMANCE to their folder"
        yield pytest.param({}, marks=pytest.mark.skip(reason=reason), id="missing")
        return
    for name, dataset in json.loads(CASES.read_text())["datasets"].items():
        yield pytest.param(dataset, id=name)


DATASETS = list(_datasets())


def _moments(values: list[Any]) -> list[Any]:
    return [None if value is None else parse(value) for value in values]


def _texts(values: list[Any]) -> list[Any]:
    return [None if value is None else str(value) for value in values]


def _typed_column(values: list[Any], kind: str) -> pl.Series:
    if kind.startswith(("datetime", "timestamp")):
        return pl.Series(_moments(values))
    try:
        return pl.Series(values, strict=True)
    except TypeError:  # numbers and texts in one column, which no typed table holds
        return pl.Series(_texts(values))


def _pandas_column(values: list[Any], kind: str) -> pd.Series[Any]:
    if kind.startswith(("datetime", "timestamp")):
        return pd.Series(pd.to_datetime(pd.Series(_moments(values), dtype="object")))
    if kind == "str":
        return pd.Series(_texts(values), dtype="object")
    texts = any(isinstance(value, str) for value in values)
    return pd.Series(values, dtype="object" if texts else None)


def _numbered(columns: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Add the key column, as Great Expectations' runner does where a case names unexpected rows."""
    rows = max(map(len, columns.values()), default=0)
    named = any(case["unexpected_index_list"] for case in dataset["cases"])
    return columns | ({KEY: list(range(rows))} if named else {})


def _typed(dataset: Dataset) -> pl.DataFrame:
    kinds = dataset["schema"]
    columns = {name: _typed_column(values, kinds.get(name, "")) for name, values in dataset["data"].items()}
    return pl.DataFrame(_numbered(columns, dataset))


def _pandas(dataset: Dataset) -> pd.DataFrame:
    kinds = dataset["schema"]
    columns = {name: _pandas_column(values, kinds.get(name, "")) for name, values in dataset["data"].items()}
    return pd.DataFrame(_numbered(columns, dataset))


def _comparable(value: Any) -> Any:
    if isinstance(value, (dt.datetime, dt.date)):
        return _comparable(value.isoformat())
    if isinstance(value, str):
        return value.split("+")[0].removesuffix("Z") if "T" in value else value
    if isinstance(value, (list, tuple)):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _approximately(value: Any, tolerance: float | None) -> Any:
    if isinstance(value, list):
        return [_approximately(item, tolerance) for item in value]
    if isinstance(value, dict):
        return {key: _approximately(item, tolerance) for key, item in value.items()}
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return pytest.approx(value, abs=tolerance or 1e-9) if number else value


def _hold(frame: Any, dataset: Dataset) -> None:
    expectations = [expectation_of(case["type"], case["kwargs"]) for case in dataset["cases"]]
    keyed = any(case["unexpected_index_list"] for case in dataset["cases"])
    complete: dict[str, Any] = {"result_format": "COMPLETE"}
    if keyed:
        complete["unexpected_index_column_names"] = [KEY]
    results = validate(frame, expectations, result_format=complete).results
    wrong = [
        told
        for case, found in zip(dataset["cases"], results, strict=True)
        for told in _differences(case, found)
    ]
    assert not wrong, "\n".join(wrong)


def _differences(case: Case, found: dict[str, Any]) -> Iterator[str]:
    title = f"{case['title']} {case['kwargs']}"
    if found["exception_info"]["raised_exception"]:
        yield f"{title}: {found['exception_info']['exception_message']}"
        return
    if found["success"] is not case["success"]:
        yield f"{title}: success is {found['success']}: {found['result']}"
    for key in ("observed_value", "unexpected_list", "unexpected_index_list"):
        if case[key] is None:
            continue
        wanted = _approximately(_comparable(case[key]), case["tolerance"])
        if _comparable(found["result"].get(key)) != wanted:
            yield f"{title}: {key} is {found['result'].get(key)}, not {case[key]}"


@pytest.mark.parametrize("dataset", DATASETS)
def test_polars(dataset: Dataset) -> None:
    _hold(_typed(dataset), dataset)
    _hold(_typed(dataset).lazy(), dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_duckdb(dataset: Dataset) -> None:
    _hold(duckdb.from_arrow(_typed(dataset).to_arrow()), dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_pandas(dataset: Dataset) -> None:
    _hold(_pandas(dataset), dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_spark(dataset: Dataset, spark: Callable[[pl.DataFrame], Any]) -> None:
    _hold(spark(_typed(dataset)), dataset)
