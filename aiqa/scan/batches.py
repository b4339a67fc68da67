"""Operations that Polars runs a batch at a time: replaced by columns before the plan is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from aiqa.errors import DataError
from aiqa.scan.expr import BATCH_OPERATIONS, Expr, Schema, col, compile_expr
from aiqa.scan.statistics import Request


@dataclass(frozen=True, slots=True)
class Lowered:
    """A table with the columns that stand for batch operations, and the requests over it."""

    table: pl.LazyFrame
    schema: Schema
    requests: tuple[Request, ...]
    original: dict[Request, Request]


def lower(table: pl.LazyFrame, schema: Schema, requests: Sequence[Request]) -> Lowered:
    """Replace every batch operation of the requests by a column of the same values, still lazy."""
    columns: dict[Expr, str] = {}
    original = {_replaced(request, columns): request for request in requests}
    types = dict(schema)
    for expr, name in columns.items():
        values = nw.from_native(table).with_columns(compile_expr(expr.args[0], types).alias(name))
        dtype, function = _FUNCTIONS[expr.op](*expr.args[1:])
        batch = pl.col(name).map_batches(function, return_dtype=dtype, is_elementwise=True)
        table = nw.to_native(values).with_columns(batch)
        types[name] = str(dtype)
    return Lowered(table, types, tuple(original), original)


def _replaced(value: Any, columns: dict[Expr, str]) -> Any:
    """Walk requests, statistics, tuples and expressions; innermost operations first."""
    if isinstance(value, tuple):
        return tuple(_replaced(item, columns) for item in value)
    if isinstance(value, Expr):
        inner = Expr(value.op, _replaced(value.args, columns))
        if inner.op not in BATCH_OPERATIONS:
            return inner
        return col(columns.setdefault(inner, f"__aiqa_batch{len(columns)}"))
    if hasattr(value, "__dataclass_fields__"):
        return replace(value, **{f.name: _replaced(getattr(value, f.name), columns) for f in fields(value)})
    return value


def _matches(pattern: str) -> tuple[Any, Callable[[pl.Series], pl.Series]]:
    try:
        search = re.compile(pattern).search
    except re.error as error:
        raise DataError(f"{pattern!r} is no regular expression: {error}") from error

    def matches(texts: pl.Series) -> pl.Series:
        """Search each distinct text once."""
        distinct = texts.drop_nulls().unique()
        hits = pl.Series([search(str(text)) is not None for text in distinct], dtype=pl.Boolean)
        return texts.replace_strict(distinct, hits, default=None, return_dtype=pl.Boolean)

    return pl.Boolean(), matches


def _bin(edges: Sequence[float]) -> tuple[Any, Callable[[pl.Series], pl.Series]]:
    rising = np.asarray(edges, dtype=np.float64)

    def bin_(numbers: pl.Series) -> pl.Series:
        values = numbers.cast(pl.Float64).fill_nan(None)
        places = np.searchsorted(rising, values.fill_null(0.0).to_numpy(), side="right")
        found = pl.select(pl.when(values.is_not_null()).then(pl.Series(places, dtype=pl.Int64)))
        return found.to_series()

    return pl.Int64(), bin_


_FUNCTIONS: dict[str, Callable[..., tuple[Any, Callable[[pl.Series], pl.Series]]]] = {
    "matches": _matches,
    "bin": _bin,
}
