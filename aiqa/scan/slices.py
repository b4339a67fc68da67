"""Rows split by slice, in NumPy: each row's slice as a whole number, then one stable sort of these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.stats.groups import dense, numbered

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Which slices there are, and in which of them each row is.

    Parameters
    ----------
    keys : list of tuple
        The values of the columns in each slice, in their order, null last.
    codes : ndarray of int, shape (n,), or None
        The position in `keys`; None where there is one slice, the whole.
    """

    keys: list[tuple[Any, ...]]
    codes: NDArray[np.int64] | None = None

    @property
    def order(self) -> NDArray[np.intp]:
        """The rows, slice after slice."""
        # NumPy sorts numbers of 16 bits by their digits, eight times faster than longer ones.
        codes = np.zeros(0) if self.codes is None else self.codes
        return np.argsort(codes.astype(np.uint16) if len(self.keys) <= 2**16 else codes, kind="stable")

    @property
    def bounds(self) -> list[slice]:
        """Where each slice is in that order."""
        codes = np.zeros(0, np.int64) if self.codes is None else self.codes
        ends = np.cumsum(np.bincount(codes, minlength=len(self.keys))).tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def slices_of(frame: pl.DataFrame, by: Sequence[str]) -> Slices:
    """Number the slices of a table by the values of columns; without any there is one.

    Examples
    --------
    >>> slices = slices_of(pl.DataFrame({"x": ["b", None, "a"]}), ["x"])
    >>> slices.keys, slices.codes.tolist()
    ([('a',), ('b',), (None,)], [1, 2, 0])
    """
    if not by:
        return Slices([()])
    columns = [_numbered(frame[name]) for name in by]
    codes = columns[0][1]
    for values, column in columns[1:]:
        codes = codes * len(values) + column
    shape = [max(1, len(values)) for values, _ in columns]
    used, codes = dense(codes, math.prod(shape))
    places = np.array(np.unravel_index(used, shape)).T
    keys = [tuple(columns[i][0][place] for i, place in enumerate(row)) for row in places.tolist()]
    return Slices(keys, codes)


def _numbered(column: pl.Series) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the values of a column, in order, null last, and the position of each row's among them."""
    if column.dtype.is_integer() and not column.null_count():
        distinct, codes = numbered(column.to_numpy())
        return distinct.tolist(), codes
    values = column.unique().sort(nulls_last=True)
    if column.dtype == pl.String:
        known = values.drop_nulls()
        places = column.cast(pl.Enum(known)).to_physical().cast(pl.Int64).fill_null(len(known))
    else:
        numbers = pl.int_range(len(values), eager=True)
        places = column.replace_strict(values, numbers, return_dtype=pl.Int64)
    return values.to_list(), places.to_numpy().astype(np.int64, copy=False)


def split(frame: pl.DataFrame, slices: Slices, columns: Sequence[str]) -> Iterator[Arrays]:
    """Yield the arrays of `columns` in each slice, rows in their order."""
    arrays = {name: frame[name].to_numpy() for name in columns}
    if slices.codes is None:
        yield arrays
        return
    order = slices.order
    arrays = {name: array[order] for name, array in arrays.items()}
    for rows in slices.bounds:
        yield {name: array[rows] for name, array in arrays.items()}


def parts(frame: pl.DataFrame, slices: Slices, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the same as frames."""
    wanted = frame.select(columns)
    if slices.codes is None:
        yield wanted
        return
    ordered = wanted[slices.order]
    for rows in slices.bounds:
        yield ordered[rows]
