"""R² from moments, as of rows that are elsewhere, is R² of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiqa
from aiqa import metric
from aiqa.errors import MetricError
from aiqa.metrics.catalogue import compare, infer, requests
from aiqa.metrics.lazy_table import lazy_scored_table
from aiqa.metrics.table import ScoredTable
from aiqa.scan.execute import execute
from aiqa.scan.predictions import AnswerColumns
from aiqa.scan.statistics import takes_rows


def _table(frame: pl.DataFrame, weighted: bool, fetch_rows: int) -> ScoredTable:
    model = aiqa.model("m", aiqa.column("said"), task="regression")
    dataset = aiqa.dataset("d", "d.csv", label="y", weight="w" if weighted else None)
    both = AnswerColumns("said"), AnswerColumns("old")
    return lazy_scored_table(frame, model, dataset, *both, fetch_rows=fetch_rows)


def _told(table: ScoredTable, one: Any, versus: bool) -> Any:
    asked = requests(one, table, versus_champion=versus)
    assert any(map(takes_rows, asked)) is (not table.far)
    answers = execute(table.frame, asked)
    found: Any = (compare if versus else infer)(one, table, answers, 0)[()]
    if isinstance(found, MetricError):
        return str(found)
    gain: Any = found.gain if versus else found
    ends = [side(alpha) for side in (gain.lower, gain.upper) for alpha in (0.001, 0.05, 0.4)]
    values = [found.challenger, found.champion] if versus else []
    return [gain.value, *values, *ends, gain.n]


@pytest.mark.parametrize("versus", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@given(
    rows=st.lists(
        st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 3)),
        min_size=2,
        max_size=30,
    )
)
@settings(max_examples=25, deadline=None)
def test_moments_tell_what_rows_tell(rows: list[tuple[int, ...]], weighted: bool, versus: bool) -> None:
    frame = pl.DataFrame(rows, schema=["y", "said", "old", "w"], orient="row").cast(pl.Float64)
    if weighted and (frame["w"] > 0).sum() < 4:
        return  # moments are for very many rows; of two or three the rarest bounds differ
    here, there = (_told(_table(frame, weighted, at), metric.r2, versus) for at in (len(rows), 0))
    assert there == (here if isinstance(here, str) else pytest.approx(here, rel=1e-6, abs=1e-6))


def test_many_rows_by_either_bound() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(100, 1, 20_000)
    frame = pl.DataFrame(
        {"y": y, "said": y + rng.standard_t(5, 20_000), "old": y + 1, "w": rng.random(20_000)}
    )
    for one in (metric.r2, metric.r2(method="t")):
        here, there = (_told(_table(frame, True, at), one, False) for at in (20_000, 0))
        assert there == pytest.approx(here, rel=1e-8)
