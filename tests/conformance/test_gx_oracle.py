"""Great Expectations itself, on pandas, against ours on the same random tables."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiqa import expect
from aiqa.declare.expectation import Expectation
from aiqa.expectations.validate import validate

Oracle = Callable[[pd.DataFrame, Expectation, str], dict[str, Any]]


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    """Ask Great Expectations; its import takes seconds, so one context serves the module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            gx: Any = pytest.importorskip("great_expectations")
        except SystemExit:
            pytest.skip("Great Expectations ends the process: pyspark without grpcio")
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("oracle").add_dataframe_asset("oracle")
        batches = asset.add_batch_definition_whole_dataframe("oracle")

    def ask(frame: pd.DataFrame, expectation: Expectation, result_format: str) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            name = "".join(word.title() for word in expectation.type.split("_"))
            theirs = getattr(gx.expectations, name)(**expectation.kwargs.as_dict())
            batch = batches.get_batch({"dataframe": frame})
            found: dict[str, Any] = batch.validate(theirs, result_format=result_format).to_json_dict()
            return found

    return ask


NUMBERS = st.one_of(
    st.lists(st.one_of(st.none(), st.floats(-9, 9).map(lambda x: round(x, 1))), max_size=12),
    st.lists(st.integers(-5, 5), max_size=12),
)
TEXTS = st.lists(st.one_of(st.none(), st.text("ab1é ", max_size=4)), max_size=12)
SHARES = st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.9, 1.0])
BOUNDS = st.tuples(st.integers(-6, 6), st.integers(-6, 6)).map(lambda pair: (min(pair), max(pair)))


@st.composite
def questions(draw: st.DrawFn) -> tuple[pd.DataFrame, Expectation]:
    numbers, texts = draw(NUMBERS), draw(TEXTS)
    rows = min(len(numbers), len(texts))
    frame = pd.DataFrame(
        {"x": pd.Series(numbers[:rows], dtype=None), "s": pd.Series(texts[:rows], dtype="object")}
    )
    if frame["x"].dtype == object:
        frame["x"] = frame["x"].astype("float64")
    mostly, (low, high) = draw(SHARES), draw(BOUNDS)
    strict: dict[str, Any] = {"strict_min": draw(st.booleans()), "strict_max": draw(st.booleans())}
    column = draw(st.sampled_from(["x", "s"]))
    declared = [
        expect.column_values_to_not_be_null(column, mostly=mostly),
        expect.column_values_to_be_unique(column, mostly=mostly),
        expect.column_values_to_be_between("x", low, high, mostly=mostly, **strict),
        expect.column_values_to_be_in_set("x", [low, high, 0.5], mostly=mostly),
        expect.column_values_to_be_in_set("s", ["a", "b", "1"], mostly=mostly),
        expect.column_values_to_match_regex(
            "s", draw(st.sampled_from(["^a", "b$", r"\d", "é|1", "a(?!b)"])), mostly=mostly
        ),
        expect.column_value_lengths_to_be_between("s", 1, 3, mostly=mostly, **strict),
        expect.column_mean_to_be_between("x", low, high, **strict),
        expect.table_row_count_to_be_between(2, 8, **strict),
        expect.column_to_exist(draw(st.sampled_from(["x", "y"])), draw(st.sampled_from([None, 1]))),
        expect.table_columns_to_match_set(
            draw(st.lists(st.sampled_from(["x", "s", "y"]), min_size=1, unique=True)),
            exact_match=draw(st.booleans()),
        ),
    ]
    return frame, draw(st.sampled_from(declared))


def _comparable(result: Any) -> Any:
    """Floats to nine digits; a pandas NaN and a null are the same missing value."""
    if isinstance(result, dict):
        return {
            key: _totals(value) if key == "partial_unexpected_counts" else _comparable(value)
            for key, value in result.items()
        }
    if isinstance(result, list):
        return [_comparable(value) for value in result]
    if isinstance(result, float):
        return None if math.isnan(result) else round(result, 9)
    return result


def _totals(counts: list[dict[str, Any]]) -> dict[str, int]:
    """Add up counts of one value: Great Expectations counts each NaN by itself, as none equals another."""
    totals: dict[str, int] = {}
    for counted in counts:
        key = repr(_comparable(counted["value"]))
        totals[key] = totals.get(key, 0) + counted["count"]
    return totals


@pytest.mark.filterwarnings("ignore")
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(question=questions(), result_format=st.sampled_from(["BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"]))
def test_same_verdict_and_result(
    oracle: Oracle, question: tuple[pd.DataFrame, Expectation], result_format: str
) -> None:
    frame, expectation = question
    report = validate(frame, [expectation], result_format=result_format).to_json()
    [ours] = report["results"]
    theirs = oracle(frame, expectation, result_format)
    assert ours["success"] is theirs["success"]
    assert _comparable(ours["result"]) == _comparable(json.loads(json.dumps(theirs["result"])))
    assert ours["exception_info"] == theirs["exception_info"]
    assert ours["expectation_config"]["type"] == theirs["expectation_config"]["type"]
    assert set(ours) == set(theirs)
