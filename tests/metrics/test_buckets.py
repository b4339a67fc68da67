"""Slices by ranges of a number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiqa
from aiqa import metric
from aiqa.errors import DataError, DeclarationError

EDGES = [-1.0, 2.5, 100.0]
RANGES = aiqa.bucket("amount", EDGES)
NUMBERS = st.one_of(
    st.none(), st.just(math.nan), st.sampled_from(EDGES), st.floats(-10, 200), st.just(math.inf)
)


@settings(deadline=None, max_examples=60)
@given(st.lists(NUMBERS, min_size=1, max_size=30))
@pytest.mark.parametrize("of", [metric.accuracy, metric.mae, metric.roc_auc], ids=lambda of: of.name)
def test_every_row_is_in_the_slice_that_its_number_says(of: Any, amounts: list[float | None]) -> None:
    truth = [row % 2 for row in range(len(amounts))]
    frame = pl.DataFrame({"y": truth, "p": truth, "amount": amounts}, schema_overrides={"amount": pl.Float64})
    answer: dict[str, Any] = {"y_score" if of.name == "roc_auc" else "y_pred": "p"}
    found = aiqa.evaluate(of.by(RANGES), frame, y_true="y", **answer)
    expected: dict[str | None, int] = {}
    for amount in amounts:
        missing = amount is None or math.isnan(amount)
        label = None if missing else RANGES.labels[sum(amount >= edge for edge in EDGES)]  # type: ignore[operator]
        expected[label] = expected.get(label, 0) + 1
    assert set(found) == set(expected)
    for label, count in expected.items():
        assert isinstance(found[label], Exception) or found[label].n == count


def test_ranges_cross_with_columns_and_come_in_their_order() -> None:
    frame = {
        "y": np.arange(6) % 2,
        "p": np.ones(6, dtype=int),
        "amount": [200, 3, 1, 150, 2, 0],
        "c": list("aabbab"),
    }
    found = aiqa.evaluate(
        metric.accuracy.by(aiqa.bucket("amount", [2, 100]), "c"), frame, y_true="y", y_pred="p"
    )
    assert list(found) == [("< 2", "b"), ("[2, 100)", "a"), (">= 100", "a"), (">= 100", "b")]


def test_a_bucket_of_text_is_an_error_of_its_column() -> None:
    with pytest.raises(DataError, match="numbers is needed") as caught:
        aiqa.evaluate(
            metric.accuracy.by(aiqa.bucket("c", [1])),
            {"y": [0], "p": [0], "c": ["a"]},
            y_true="y",
            y_pred="p",
        )
    assert caught.value.column == "c"


@pytest.mark.parametrize("edges", [[], [2, 1], [1, 1], [math.nan], [0, math.inf]])
def test_edges_rise(edges: list[float]) -> None:
    with pytest.raises(DeclarationError, match="rising numbers"):
        aiqa.bucket("amount", edges)


def test_a_bucket_travels_and_has_a_name() -> None:
    gate = metric.recall.by(RANGES, "country") >= 0.5
    assert aiqa.from_json(gate.to_json()) == gate
    assert gate.id == "recall-by-amount-country"
