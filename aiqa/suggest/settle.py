"""From a table to a suggestion: profile a part of it, keep what holds on the rest and on all of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from aiqa.declare.source import Dataset
from aiqa.expectations.validate import validate
from aiqa.judge.number import number
from aiqa.scan.literals import family_of
from aiqa.scan.opened import UNTYPED
from aiqa.scan.source import Table
from aiqa.suggest.profile import Column, profiled
from aiqa.suggest.rules import of_column
from aiqa.suggest.suggested import Dropped, Suggested, Suggestion

EVERY = 5
"""One row in so many is kept apart."""
_TYPES = {"integer": "int", "string": "str", "boolean": "bool", "float": "float"}
_NAMES = ("list", "struct", "array", "binary", "duration")
_ONE_TYPE = {"Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"}


def suggest(table: Table) -> Suggestion:
    """Profile four rows in five, and keep the expectations that hold on the fifth and on all.

    Parameters
    ----------
    table : Table
        An open data set; see :func:`aiqa.scan.source.open_dataset`.

    Raises
    ------
    DataError
        If the table cannot be read.

    Examples
    --------
    >>> import polars as pl
    >>> from pathlib import Path
    >>> from aiqa import dataset
    >>> from aiqa.scan.source import open_dataset
    >>> orders = pl.DataFrame({"order_id": range(1000), "paid": [True, False] * 500})
    >>> suggest(open_dataset(dataset("orders", orders), Path())).expectations[3]
    column_values_to_be_unique(column='order_id')
    """
    rows = table.rows
    profile, held_out = _split(table.frame)
    named, unnamed = _usable(table.columns)
    columns, failed = profiled(profile, named, table.dataset.pii)
    apart = rows // EVERY
    found = [*_schema(table.columns), *(one for column in columns for one in of_column(column))]
    kept, fallen = _holding(held_out, found, "rows kept apart") if apart else (found, [])
    kept, fallen_then = _holding(table.frame, [_row_count(rows), *kept], "all rows")
    dropped = (*unnamed, *_without(columns, failed), *fallen, *fallen_then)
    return Suggestion(_declared(table.dataset, columns), tuple(kept), dropped, rows - apart, apart)


def _split(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Keep every fifth row apart: the same rows whenever the table is read."""
    row = "row"
    while row in frame.collect_schema():
        row += "_"
    apart = pl.col(row) % EVERY == EVERY - 1
    numbered = frame.with_row_index(row)
    return numbered.filter(~apart).drop(row), numbered.filter(apart).drop(row)


def _usable(columns: Mapping[str, str]) -> tuple[dict[str, str], list[Dropped]]:
    usable = {name: dtype for name, dtype in columns.items() if name and dtype != UNTYPED}
    left = [
        Dropped(f"column {name!r}", "it has no name or no type") for name in columns if name not in usable
    ]
    return usable, left


def _without(columns: Iterable[Column], failed: Mapping[str, Exception]) -> list[Dropped]:
    unread = {name: f"it cannot be profiled ({type(error).__name__})" for name, error in failed.items()}
    empty = {one.name: "it has no value" for one in columns if not one.present}
    return [Dropped(f"column {name!r}", why) for name, why in (unread | empty).items()]


def _declared(dataset: Dataset, columns: Sequence[Column]) -> Dataset:
    """Add what the profile tells: which columns are personal, and which one is the time."""
    found = [one for one in columns if one.personal and one.name not in dataset.pii]
    pii = (*dataset.pii, *(one.name for one in found))
    times = [one for one in columns if one.family == "datetime" and one.name not in (*pii, dataset.label)]
    if len(times) > 1:
        times = [one for one in times if not one.found["unordered"]]
    time = times[0].name if len(times) == 1 else None
    return dataclasses.replace(dataset, pii=pii, time=dataset.time or time)


# The table as a whole


def _row_count(rows: int) -> Suggested:
    told = f"{rows:,} rows; from half to twice as many: say how the table may grow"
    counted = {"min_value": max(1, rows // 2), "max_value": 2 * rows}
    return Suggested("table_row_count_to_be_between", counted, told)


def _schema(columns: Mapping[str, str]) -> list[Suggested]:
    schema = {name: kind for name, dtype in columns.items() if (kind := _type(dtype)) and name}
    arguments: dict[str, Any] = {"schema": schema}
    if len(schema) < len(columns):
        arguments["new_columns"] = "allow"
    told = f"{len(columns)} columns and their types"
    # To an expectation a name such as $PARAMETER is no column.
    unsafe = any(name.startswith("$") for name in schema)
    return [] if unsafe or not schema else [Suggested("table_schema_to_be", arguments, told)]


def _type(dtype: str) -> str | None:
    """Return the name that an expectation has for a type, None where it has none or there is no value."""
    family, own = family_of(dtype), dtype.split("(")[0].lower()
    if dtype in _ONE_TYPE:
        return own
    if family == "null":
        return None
    return _TYPES.get(family, family) if family != "other" else own if own in _NAMES else None


# What holds


def _holding(frame: Any, suggested: Sequence[Suggested], where: str) -> tuple[list[Suggested], list[Dropped]]:
    """Return what holds there, loosened once where it must be, and what does not."""
    tight = _failing(frame, suggested)
    looser = {place: again for place in tight if (again := suggested[place].loosened()) is not None}
    loose = dict(zip(looser, _failures(frame, list(looser.values())), strict=True))
    lost = {place: why for place, why in tight.items() if loose.get(place, why) is not None}
    kept = [looser.get(place, one) for place, one in enumerate(suggested) if place not in lost]
    return kept, [Dropped(suggested[place].about, f"{why} of {where}") for place, why in lost.items()]


def _failing(frame: Any, suggested: Sequence[Suggested]) -> dict[int, str]:
    """Return the places of those that do not hold, and why."""
    whys = enumerate(_failures(frame, suggested))
    return {place: why for place, why in whys if why is not None}


def _failures(frame: Any, suggested: Sequence[Suggested]) -> list[str | None]:
    """Return why each does not hold, None where it does; values of the data are not told."""
    if not suggested:
        return []
    shape = {"result_format": "BASIC", "partial_unexpected_count": 0}
    results = validate(frame, [one.expectation for one in suggested], result_format=shape).results
    return [None if found["success"] else _why(found) for found in results]


def _why(found: Mapping[str, Any]) -> str:
    result = found["result"]
    if found["exception_info"]["raised_exception"]:
        return "could not be decided"
    if not result.get("unexpected_count"):
        return "does not hold"
    return f"does not hold of {number(100 * result['unexpected_count'] / result['element_count'])} %"
