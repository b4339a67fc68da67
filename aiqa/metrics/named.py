"""Columns of the data set that a metric's options name: found, read, and refused where they are no use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.errors import MetricError, nearest
from aiqa.metrics.question import Question
from aiqa.metrics.rows import Columns

Floats = NDArray[np.float64]


def required(question: Question, names: Iterable[Any]) -> tuple[str, ...]:
    """Return the names of columns that the data set has.

    Raises
    ------
    MetricError
        If a name is none, or there is no such column; names the nearest.
    """
    given = tuple(names)
    known = question.table.columns
    for name in given:
        if not isinstance(name, str):
            raise MetricError(f"{question.metric!r} takes the name of a column, not {name!r}")
        if name not in known:
            own = [column for column in known if not column.startswith("aiqa:")]
            raise MetricError(
                f"{question.metric!r}: there is no column {name!r}{nearest(name, own)}", column=name
            )
    return given


def numbers(question: Question, columns: Columns, name: str) -> Floats:
    """Return a column of finite numbers.

    Raises
    ------
    MetricError
        If it holds anything else, with its first such row.
    """
    values = columns.extra[name]
    if values.dtype.kind not in "iuf":
        raise MetricError(f"{question.name} needs numbers in column {name!r}", column=name)
    if not np.isfinite(values).all():
        at = pl.col(name).is_null() | ~pl.col(name).is_finite()
        raise MetricError(
            f"{question.name}: column {name!r} is null, NaN or infinite",
            column=name,
            row=first_row(question, at),
        )
    return np.asarray(values, dtype=float)


def codes(question: Question, columns: Columns, name: str) -> NDArray[Any]:
    """Return a column as numbers that are equal where its values are.

    Raises
    ------
    MetricError
        If a value is missing, with its first such row.
    """
    values = columns.extra[name]
    numeric = values.dtype.kind in "iufb"
    missing = np.isnan(values) if values.dtype.kind == "f" else pl.Series(values).is_null().to_numpy()
    if missing.any():
        row = first_row(question, pl.col(name).is_null())
        raise MetricError(f"{question.name}: column {name!r} is missing", column=name, row=row)
    if numeric:
        return values
    if values.dtype.kind in "mM":
        return values.astype(np.int64)
    found: NDArray[Any] = pl.Series(values).cast(pl.String).cast(pl.Categorical).to_physical().to_numpy()
    return found


def first_row(question: Question, where: pl.Expr) -> int | None:
    """Return the first row of the whole table for which this holds; none, where the rows are elsewhere."""
    if question.table.fetch_rows is not None:
        return None
    found = question.table.frame.select(where.fill_null(value=True).arg_true().first()).collect().item()
    return None if found is None else int(found)
