"""Rows split by slice: one stable sort of the slice codes, then views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

Arrays = dict[str, np.ndarray[Any, Any]]


def split(
    frame: pl.DataFrame, by: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[tuple[Any, ...], Arrays]]:
    """Yield each slice's values of `by` and its arrays of `columns`, rows in their order.

    Slices come in the order of their values, null last; without `by` there is one.
    """
    arrays = {name: frame[name].to_numpy() for name in columns}
    if not by:
        yield (), arrays
        return
    values, order, ends = _groups(frame.select(by))
    for key, start, end in zip(values, [0, *ends], ends, strict=False):
        yield key, {name: array[order[start:end]] for name, array in arrays.items()}


def parts(
    frame: pl.DataFrame, by: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[tuple[Any, ...], pl.DataFrame]]:
    """Yield each slice's values of `by` and its rows, as :func:`split` does, in a frame of `columns`."""
    wanted = frame.select(columns)
    if not by:
        yield (), wanted
        return
    values, order, ends = _groups(frame.select(by))
    for key, start, end in zip(values, [0, *ends], ends, strict=False):
        yield key, wanted[order[start:end]]


def _groups(keys: pl.DataFrame) -> tuple[list[tuple[Any, ...]], np.ndarray[Any, Any], list[int]]:
    grouped = (
        keys.with_row_index("__aiqa_row")
        .group_by(keys.columns, maintain_order=True)
        .agg(pl.col("__aiqa_row"))
        .sort(keys.columns, nulls_last=True)
    )
    order = grouped["__aiqa_row"].explode().to_numpy()
    ends = grouped["__aiqa_row"].list.len().cum_sum().to_list()
    return grouped.drop("__aiqa_row").rows(), order, ends
