"""Statistics made queries: each a lazy table of results, and how these are read as states."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw
import polars as pl

from aiqa.scan.engines import ROW, Engine
from aiqa.scan.expr import Expr, compile_expr, may_be_nan
from aiqa.scan.lower import Lowered
from aiqa.scan.scalars import as_whole, prepared, state, terms
from aiqa.scan.states import CountState, QuantilesState, RepeatsState
from aiqa.scan.statistics import (
    Answers,
    Common,
    Counts,
    Frequent,
    Gap,
    Quantiles,
    Repeats,
    Request,
    Rows,
    Sample,
    ScoreSteps,
    SliceKey,
    Slicer,
    Sorted,
    Table,
    Values,
)
from aiqa.scan.statistics import Query as SqlQuery

Lazy = nw.LazyFrame[Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A lazy query, the requests that it serves, and how its result becomes their answers."""

    requests: tuple[Request, ...]
    lazy: Lazy
    read: Callable[[pl.DataFrame], Answers]


def slicer_column(slicer: Slicer) -> str:
    """Return the one column that a slice is read from."""
    if isinstance(slicer, str):
        return slicer
    (name,) = (slicer.value if isinstance(slicer, Common) else slicer.bin).columns
    return name


def columns_of(request: Request) -> frozenset[str]:
    """Return the columns that a request reads."""
    statistic = request.statistic
    exprs = [getattr(statistic, name, None) for name in ("where", "term")]
    exprs += getattr(statistic, "keys", ())
    plain = {*getattr(statistic, "columns", ()), getattr(statistic, "weight", None)}
    read = [expr.columns for expr in exprs if isinstance(expr, Expr)]
    return frozenset(plain - {None}).union(*read, map(slicer_column, request.by))


def scalars(engine: Engine, low: Lowered, requests: Sequence[Request]) -> Query:
    """Take many scalar statistics of the same slices at once."""
    by = requests[0].by
    groups = _names("by", by)
    statistics = [request.statistic for request in requests]
    frame = low.table.with_columns(*_by(by)) if by else low.table
    frame = prepared(frame, low.schema, statistics, groups, spread=engine.spread)
    asked = [
        terms(index, one, low.schema, engine.widest, spread=engine.spread)
        for index, one in enumerate(statistics)
    ]
    named = [expr.alias(f"{i}_{j}") for i, exprs in enumerate(asked) for j, expr in enumerate(exprs)]
    sliced = frame.group_by(groups).agg(*named).sort(groups, nulls_last=True) if by else frame.select(*named)

    def read(result: pl.DataFrame) -> Answers:
        answers: Answers = {request: {} for request in requests}
        for row in result.iter_rows():
            values = iter(row)
            key = slice_key(by, [next(values) for _ in by])
            for request, exprs in zip(requests, asked, strict=True):
                answers[request][key] = state(request.statistic, [next(values) for _ in exprs])
        return answers

    return Query(tuple(requests), sliced, read)


def single(engine: Engine, low: Lowered, request: Request) -> Query:
    """Take one statistic that needs a query of its own."""
    make: Any = _MAKERS[type(request.statistic)]
    query: Query = make(engine, low, request, request.statistic)
    return query


def slice_key(by: Sequence[Slicer], values: Iterable[Any]) -> SliceKey:
    """Return the key of a slice from the values of its columns."""
    return tuple(_part(slicer, value) for slicer, value in zip(by, values, strict=True))


def _part(slicer: Slicer, value: Any) -> tuple[str, Any]:
    if isinstance(slicer, str):
        return slicer, plain(value)
    return slicer.name, None if value is None else slicer.labels[value]  # type: ignore[union-attr]


def plain(value: Any) -> Any:
    """Make every NaN the same object, so that it can be found in a dict."""
    return math.nan if isinstance(value, float) and math.isnan(value) else value


def _by(by: Sequence[Slicer]) -> list[nw.Expr]:
    return [
        nw.col(slicer_column(slicer)).alias(name) for slicer, name in zip(by, _names("by", by), strict=True)
    ]


def _names(prefix: str, things: Sequence[Any]) -> list[str]:
    return [f"__aiqa_{prefix}{i}" for i in range(len(things))]


def _counts(_: Engine, low: Lowered, request: Request, counts: Counts) -> Query:
    keys, groups = _names("key", counts.keys), _names("by", request.by)
    exprs = [compile_expr(expr, low.schema).alias(key) for expr, key in zip(counts.keys, keys, strict=True)]
    w = nw.lit(1.0) if counts.weight is None else nw.col(counts.weight).cast(nw.Float64)
    frame = low.table.select(*_by(request.by), *exprs, w.alias("__aiqa_w"))
    weight = nw.col("__aiqa_w")
    sums = [nw.len().alias("n"), weight.sum().alias("w"), (weight * weight).sum().alias("w2")]
    grouped = frame.group_by(*groups, *keys).agg(*sums).sort(*groups, *keys, nulls_last=True)

    def read(result: pl.DataFrame) -> Answers:
        answer: dict[SliceKey, Any] = {} if request.by else {(): {}}
        for *values, n, w, w2 in result.iter_rows():
            within = slice_key(request.by, values[: len(request.by)])
            key = tuple(map(plain, values[len(request.by) :]))
            answer.setdefault(within, {})[key] = CountState(n, w, w2)
        return {request: answer}

    return Query((request,), grouped, read)


def _repeats(_: Engine, low: Lowered, request: Request, repeats: Repeats) -> Query:
    keys, groups = _names("key", repeats.keys), _names("by", request.by)
    exprs = [compile_expr(expr, low.schema).alias(key) for expr, key in zip(repeats.keys, keys, strict=True)]
    table = low.table if repeats.where is None else low.table.filter(compile_expr(repeats.where, low.schema))
    counted = table.select(*_by(request.by), *exprs).group_by(*groups, *keys).agg(nw.len().alias("n"))
    rows = nw.col("n").cast(nw.Int64)
    shared = nw.when(rows > 1).then(rows).otherwise(nw.lit(0, dtype=nw.Int64))
    sums = [rows.sum().alias("all"), nw.len().alias("distinct"), shared.sum().alias("repeated")]
    if groups:
        summed = counted.group_by(*groups).agg(*sums).sort(*groups, nulls_last=True)
    else:
        summed = counted.select(*sums)

    def read(result: pl.DataFrame) -> Answers:
        found: dict[SliceKey, Any] = {}
        for row in result.iter_rows():
            found[slice_key(request.by, row[: len(groups)])] = RepeatsState(
                *(int(n or 0) for n in row[len(groups) :])
            )
        return {request: found}

    return Query((request,), summed, read)


def _sorted(_: Engine, low: Lowered, request: Request, values: Sorted) -> Query:
    table = low.table if values.where is None else low.table.filter(compile_expr(values.where, low.schema))

    def read(result: pl.DataFrame) -> Answers:
        found = result.to_series().to_numpy(writable=True)
        found.sort()
        return {request: {(): found}}

    return Query((request,), table.select(compile_expr(values.term, low.schema).alias("value")), read)


def _values(_: Engine, low: Lowered, request: Request, values: Values) -> Query:
    groups, term = _names("by", request.by), compile_expr(values.term, low.schema).alias("value")
    distinct = low.table.select(*_by(request.by), term).filter(~nw.col("value").is_null()).unique()
    first = _first(distinct.sort(*groups, "value", nulls_last=True), groups, "value", values.limit)
    return Query((request,), first, _grouped(request, lambda value: value))


def _frequent(_: Engine, low: Lowered, request: Request, frequent: Frequent) -> Query:
    groups, term = _names("by", request.by), compile_expr(frequent.term, low.schema).alias("value")
    there = low.table.select(*_by(request.by), term).filter(~nw.col("value").is_null())
    counted = there.group_by(*groups, "value").agg(nw.len().alias("n"))
    if groups:
        most = nw.col("n").max().over(*groups)
        counted = counted.with_columns(most.alias("most")).filter(nw.col("n") == nw.col("most")).drop("most")
    descending = [False] * len(groups) + [True, False]
    ordered = counted.sort(*groups, "n", "value", descending=descending, nulls_last=True)
    first = _first(ordered, groups, "value", frequent.limit).select(*groups, "value", "n")
    read = _grouped(request, lambda value, n: (value, n))

    def leading(result: pl.DataFrame) -> Answers:
        return {request: {key: _ties(found) for key, found in read(result)[request].items()}}

    return Query((request,), first, leading)


def _ties(found: tuple[tuple[Any, int], ...]) -> tuple[tuple[Any, int], ...]:
    return tuple(pair for pair in found if pair[1] == found[0][1])


def _quantiles(engine: Engine, low: Lowered, request: Request, quantiles: Quantiles) -> Query:
    """Number the values in their order and keep the places next to each quantile."""
    groups, value = _names("by", request.by), compile_expr(quantiles.term, low.schema)
    there = ~value.is_null()
    if may_be_nan(quantiles.term, low.schema):
        there = there & ~value.is_nan()
    frame = low.table.filter(there).select(*_by(request.by), value.alias("value"))
    if engine.ordered and not groups:
        return _selected(frame, request, quantiles)
    rank, size = nw.col("value").rank("ordinal"), nw.len()
    one = nw.lit(1).alias("__aiqa_one")
    partition = groups or ["__aiqa_one"]
    ranked = frame.with_columns(one).with_columns(
        (rank.over(*partition) - 1).cast(nw.Float64).alias("place"), size.over(*partition).alias("n")
    )
    places = [nw.lit(p) * (nw.col("n").cast(nw.Float64) - 1) for p in quantiles.probabilities]
    near = [(nw.col("place") == end) for place in places for end in (place.floor(), place.ceil())]
    kept = ranked.filter(reduce(or_, near)).select(*groups, "place", "value", "n")
    kept = kept.sort(*groups, "place", nulls_last=True)
    return Query((request,), kept, _places(request, quantiles))


def _selected(frame: Lazy, request: Request, quantiles: Quantiles) -> Query:
    sides = ("lower", "higher")
    asked = [
        nw.col("value").quantile(p, interpolation=side).alias(f"{place}_{side}")  # type: ignore[arg-type]
        for place, p in enumerate(quantiles.probabilities)
        for side in sides
    ]

    def read(result: pl.DataFrame) -> Answers:
        n, *values = result.row(0)
        below, above = (tuple(values[side::2]) if n else () for side in (0, 1))
        return {request: {(): QuantilesState(n, quantiles.probabilities, below, above)}}

    return Query((request,), frame.select(nw.len().alias("n"), *asked), read)


def _places(request: Request, quantiles: Quantiles) -> Callable[[pl.DataFrame], Answers]:
    def read(result: pl.DataFrame) -> Answers:
        slices: dict[SliceKey, tuple[int, dict[int, Any]]] = {} if request.by else {(): (0, {})}
        for *by, place, value, n in result.iter_rows():
            key = slice_key(request.by, by)
            slices[key] = (n, slices.get(key, (n, {}))[1] | {int(place): value})
        return {request: {key: _state(quantiles, *found) for key, found in slices.items()}}

    return read


def _state(quantiles: Quantiles, n: int, values: dict[int, Any]) -> QuantilesState:
    places = [p * (n - 1) for p in quantiles.probabilities] if n else []
    below, above = (tuple(values[end(place)] for place in places) for end in (math.floor, math.ceil))
    return QuantilesState(n, quantiles.probabilities, below, above)


def _sample(engine: Engine, low: Lowered, request: Request, sample: Sample) -> Query:
    groups = _names("by", request.by)
    named = [
        nw.col(name).alias(alias)
        for name, alias in zip(sample.columns, _names("of", sample.columns), strict=True)
    ]
    numbered = low.table if ROW in low.schema else engine.numbered(low.table)
    found = numbered.filter(compile_expr(sample.where, low.schema)).select(*_by(request.by), ROW, *named)
    ordered = (
        found
        if engine.ordered and not groups and ROW not in low.schema
        else found.sort(*groups, ROW, nulls_last=True)
    )
    first = ordered if sample.limit is None else _first(ordered, groups, ROW, sample.limit)
    read = _grouped(request, lambda *row: row)

    def listed(result: pl.DataFrame) -> Answers:
        return {request: {key: list(found) for key, found in read(result)[request].items()}}

    return Query((request,), first, listed)


def _gap(_: Engine, low: Lowered, request: Request, gap: Gap) -> Query:
    value = compile_expr(gap.term, low.schema).alias("value")
    distinct = low.table.select(value).filter(~nw.col("value").is_null()).unique()
    before = distinct.with_columns(nw.col("value").shift(1).over(order_by="value").alias("before"))
    step = (nw.col("value") - nw.col("before")).alias("step")
    steps = before.filter(~nw.col("before").is_null()).with_columns(step)
    greatest = steps.sort("step", "value", descending=[True, False]).select("before", "value").head(1)

    def read(result: pl.DataFrame) -> Answers:
        return {request: {(): tuple(map(as_whole, result.row(0))) if result.height else (None, None)}}

    return Query((request,), greatest, read)


def _query(engine: Engine, low: Lowered, request: Request, query: SqlQuery) -> Query:
    lazy = engine.query(low.table, query.sql)
    if query.limit is None:
        counted = lazy.select(nw.len().alias("n"))
        return Query((request,), counted, lambda result: {request: {(): int(result.item())}})
    shown = lazy if query.limit < 0 else lazy.head(query.limit)
    return Query((request,), shown, lambda result: {request: {(): result.to_dicts()}})


def _first(ordered: Lazy, groups: Sequence[str], by: str, limit: int) -> Lazy:
    """Keep the first rows of each group."""
    if not groups:
        return ordered.head(limit)
    place = nw.col(by).rank("ordinal").over(*groups).alias("__aiqa_place")
    return (
        ordered.with_columns(place)
        .filter(nw.col("__aiqa_place") <= limit)
        .drop("__aiqa_place")
        .sort(*groups, by, nulls_last=True)
    )


def _grouped(request: Request, made: Callable[..., Any]) -> Callable[[pl.DataFrame], Answers]:
    """Read rows, the values of their slice first, as one tuple a slice."""

    def read(result: pl.DataFrame) -> Answers:
        found: dict[SliceKey, Any] = {} if request.by else {(): ()}
        for row in result.iter_rows():
            key = slice_key(request.by, row[: len(request.by)])
            found[key] = (*found.get(key, ()), made(*row[len(request.by) :]))
        return {request: found}

    return read


_MAKERS: dict[type, Callable[..., Query]] = {
    Counts: _counts,
    Repeats: _repeats,
    Sorted: _sorted,
    Values: _values,
    Frequent: _frequent,
    Quantiles: _quantiles,
    Gap: _gap,
    Sample: _sample,
    SqlQuery: _query,
}
COLUMNWISE = (Rows, Table, ScoreSteps)
"""Statistics that are computed from whole columns; see :mod:`aiqa.scan.columnwise`."""
