"""Statistics that are computed from arrays: whole columns taken at once, then split by slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from aiqa.scan.lower import Lowered
from aiqa.scan.queries import Query, columns_of, slice_key, slicer_column
from aiqa.scan.ranks import states_of
from aiqa.scan.slices import Slices, parts, slices_of, split
from aiqa.scan.statistics import Answers, Request, ScoreSteps, SliceKey, Table


def columnwise(low: Lowered, requests: Sequence[Request]) -> Query:
    """Take whole columns, for statistics that are computed from arrays."""
    needed = sorted(frozenset().union(*map(columns_of, requests)))

    def read(result: pl.DataFrame) -> Answers:
        slices = {by: slices_of(result, list(map(slicer_column, by))) for by in {r.by for r in requests}}
        return {request: _states(result, request, slices[request.by]) for request in requests}

    return Query(tuple(requests), low.table.select(*needed), read)


def _states(result: pl.DataFrame, request: Request, slices: Slices) -> dict[SliceKey, Any]:
    statistic = request.statistic
    found: Iterable[Any]
    if isinstance(statistic, ScoreSteps):
        found = states_of(result, slices, statistic)
    elif isinstance(statistic, Table):
        found = parts(result, slices, statistic.columns)
    else:
        found = split(result, slices, statistic.columns)  # type: ignore[union-attr]
    return dict(zip((slice_key(request.by, key) for key in slices.keys), found, strict=True))
