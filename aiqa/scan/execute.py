"""Requests in, states out, on the engine that the table belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import narwhals as nw

from aiqa.errors import DataError, nearest
from aiqa.scan import plan, queries
from aiqa.scan.engines import ROW, Engine, engine_of, handed_over
from aiqa.scan.expr import Schema, call, col, compile_expr, reads_as_pattern
from aiqa.scan.frames import in_engine
from aiqa.scan.literals import family_of
from aiqa.scan.lower import lower, simplified
from aiqa.scan.quoting import quoted, unquoted
from aiqa.scan.statistics import Answers, Binned, Count, Moments, Request, Sample, Scalar, SliceKey

AT_ONCE = 8
"""Queries that run together and share a scan; more would only raise the memory."""


def execute(frame: Any, requests: Iterable[Request]) -> Answers:
    """Compute every requested statistic in few scans of one table.

    Parameters
    ----------
    frame : frame of Polars, DuckDB or Spark, or a narwhals frame
        The table. A lazy frame of Polars is read in batches (streaming), so files may be larger than memory;
        relations of DuckDB and DataFrames of Spark are scanned where they are. Others become Polars'.
    requests : iterable of Request
        Repeats cost nothing.

    Returns
    -------
    dict
        For each request the states by slice; slices in the order of their values, null last. Without
        ``by`` there is one slice, ``()``, also when the table is empty.

    Raises
    ------
    DataError
        If a column does not exist or has the wrong type, or a weight is missing, negative or infinite.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"country": ["BR", "PT", "BR"], "amount": [1.0, 2.0, 3.0]})
    >>> request = Request(Count(col("amount") > 1.5), by=("country",))
    >>> execute(frame, [request])[request]
    {(('country', 'BR'),): 1, (('country', 'PT'),): 1}
    """
    wanted = tuple(dict.fromkeys(requests))
    native = in_engine(frame)
    engine = engine_of(native)
    table = _as_text(engine.open(native))
    schema = engine.schema(table)
    for request in wanted:
        _check(request, schema)
    names = {name: other for name in schema if (other := engine.quoted(name)) != name}
    if not names:
        return _answered(engine, table, schema, wanted)
    asked = {request: quoted(request, names) for request in wanted}
    known = {names.get(name, name): dtype for name, dtype in schema.items()}
    answers = _answered(engine, table, known, tuple(dict.fromkeys(asked.values())))
    return {request: unquoted(answers[other], request) for request, other in asked.items()}


def _answered(engine: Engine, table: nw.LazyFrame[Any], schema: Schema, wanted: Sequence[Request]) -> Answers:
    weights = {name: _bad_weight(name) for name in _weights(wanted)}
    answers = _run(engine, table, schema, (*wanted, *weights.values()))
    for name, request in weights.items():
        if answers.pop(request)[()]:
            raise _weight_error(engine, table, schema, name, request)
    return {request: answers[request] for request in wanted}


def schema_of(table: Any) -> dict[str, str]:
    """Return the columns and the text of their types, in Polars' words.

    Raises
    ------
    DataError
        If the table cannot be opened.
    """
    native = in_engine(table)
    engine = engine_of(native)
    return engine.schema(engine.open(native))


def _as_text(table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the table with categories as their strings."""
    dtypes = table.collect_schema()
    kinds = (nw.Categorical, nw.Enum)
    categories = [name for name, dtype in dtypes.items() if isinstance(dtype, kinds)]
    return table.with_columns(nw.col(*categories).cast(nw.String)) if categories else table


def _run(engine: Engine, table: nw.LazyFrame[Any], schema: Schema, wanted: Sequence[Request]) -> Answers:
    answers: Answers = {}
    for asked in plan.passes(wanted):
        idle = [request for request in asked if _finds_nothing(request, answers)]
        answers |= {request: _nothing(request, answers) for request in idle}
        busy = {request: plan.filled(request, answers) for request in asked if request not in answers}
        found = _take(engine, table, schema, tuple(dict.fromkeys(busy.values())))
        answers |= {request: _nothing(request, answers) | found[ready] for request, ready in busy.items()}
    return answers


def _finds_nothing(request: Request, answers: Answers) -> bool:
    return request.condition is not None and not any(answers[request.condition].values())


def _nothing(request: Request, answers: Answers) -> dict[SliceKey, Any]:
    """Return the empty sample of each slice that was counted."""
    counted = request.condition
    if counted is None or counted.by != request.by or not isinstance(request.statistic, Sample):
        return {}
    return {key: [] for key in answers[counted]}


def _take(engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request]) -> Answers:
    """Take the requests of one pass; where rows are spread, histograms of scores as counts of their bins."""
    if not engine.spread:
        return _taken(engine, table, schema, requests)
    from aiqa.scan import bins

    found = _taken(engine, table, schema, bins.asked(requests))
    return {request: bins.read(request, found) for request in requests}


def _taken(engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request]) -> Answers:
    """Take the requests of one pass, some of them on the engine that this one hands over to."""
    simple = {simplified(request, schema): request for request in requests}
    own: list[Request] = []
    rest: list[Request] = []
    for request in simple:
        lacking = any(expr.any(*engine.lacks) for expr in plan.exprs_of(request.statistic))
        (rest if lacking else own).append(request)
    found = _collected(engine, table, schema, own)
    if rest:
        needed = frozenset().union(*map(queries.columns_of, rest))
        other, handed = handed_over(engine, table, [name for name in schema if name in needed])
        found |= _collected(other, handed, other.schema(handed), rest)
    return {simple[request]: answer for request, answer in found.items()}


def _collected(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request]
) -> Answers:
    planned = list(_queries(engine, table, schema, requests))
    answers: Answers = {}
    for start in range(0, len(planned), AT_ONCE):
        batch = planned[start : start + AT_ONCE]
        results = engine.collect([query.lazy for _, query in batch])
        for (original, query), result in zip(batch, results, strict=True):
            answers |= {original[request]: answer for request, answer in query.read(result).items()}
    return answers


def _queries(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request]
) -> Iterator[tuple[dict[Request, Request], queries.Query]]:
    for group in plan.groups(requests, engine):
        low = lower(engine, table, schema, group)
        first = low.requests[0]
        if isinstance(first.statistic, Scalar):
            query = queries.scalars(engine, low, low.requests)
        elif isinstance(first.statistic, queries.COLUMNWISE):
            from aiqa.scan.columnwise import columnwise

            query = columnwise(low, low.requests)
        else:
            query = queries.single(engine, low, first)
        yield low.original, query


# What is asked for must be there.


def _check(request: Request, schema: Schema) -> None:
    for name in sorted(queries.columns_of(request)):
        if name not in schema:
            raise DataError(f"there is no column {name!r}{nearest(name, schema)}", column=name)
        if reads_as_pattern(name):
            raise DataError("engines read this name as a pattern of several: rename the column", column=name)
    if isinstance(request.statistic, Moments) and request.statistic.term.op == "col":
        _check_number(request.statistic.term.args[0], schema)
    binned = [queries.slicer_column(by) for by in request.by if isinstance(by, Binned)]
    for name in (*_weights([request]), *binned):
        _check_number(name, schema)


def _check_number(name: str, schema: Schema) -> None:
    if family_of(schema[name]) in ("string", "date", "datetime", "time", "other"):
        raise DataError(f"a column of numbers is needed, not of {schema[name]}", column=name)


def _weights(requests: Iterable[Request]) -> list[str]:
    names = [getattr(request.statistic, "weight", None) for request in requests]
    return sorted({name for name in names if name is not None})


def _bad_weight(name: str) -> Request:
    weight = col(name)
    good = (weight >= 0) & call("is_finite", weight)
    return Request(Count(call("if", good, False, True)))


def _weight_error(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, name: str, request: Request
) -> DataError:
    bad = compile_expr(request.statistic.where, schema)  # type: ignore[union-attr]
    found = engine.numbered(table).filter(bad).select(ROW).sort(ROW).head(1)
    row = int(engine.collect([found])[0].item())
    return DataError("a weight must be a finite number, not negative, and not missing", column=name, row=row)
