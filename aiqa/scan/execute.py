"""Requests in, states out, on the engine that the table belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw

from aiqa.errors import DataError, nearest
from aiqa.scan import plan, queries
from aiqa.scan.engines import ROW, Engine, engine_of, handed_over
from aiqa.scan.expr import NARROWING, Schema, call, col, compile_expr, reads_as_pattern
from aiqa.scan.frames import in_engine
from aiqa.scan.literals import family_of
from aiqa.scan.lower import lower, simplified
from aiqa.scan.narrowing import FIRST, Takers, narrowed
from aiqa.scan.parted import Parted
from aiqa.scan.quoting import quoted, unquoted
from aiqa.scan.statistics import Answers, Binned, Count, Moments, Request, Sample, Scalar, SliceKey
from aiqa.scan.work import Watch, Work

if TYPE_CHECKING:
    import polars as pl

_Take = Callable[[Sequence[Request], Work], Answers]
AT_ONCE = 8
"""Queries that run together and share a scan; more would only raise the memory."""


def execute(frame: Any, requests: Iterable[Request], watch: Watch | None = None) -> Answers:
    """Compute every requested statistic in few scans of one table.

    Parameters
    ----------
    frame : frame of Polars, DuckDB or Spark, a narwhals frame, or Parted
        The table. A lazy frame of Polars is read in batches (streaming), so files may be larger than memory;
        relations of DuckDB and DataFrames of Spark are scanned where they are. Others become Polars'. Of a
        table by parts, what an earlier run kept is not taken again.
    requests : iterable of Request
        Repeats cost nothing.
    watch : callable, optional
        Is told of each pass, once it is over.

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
    parted = frame if isinstance(frame, Parted) else None
    native = in_engine(frame if parted is None else parted.whole.frame)
    engine = engine_of(native)
    table = _as_text(engine.open(native))
    schema = engine.schema(table)
    for request in wanted:
        _check(request, schema)
    names = {name: other for name in schema if (other := engine.quoted(name)) != name}
    if not names:
        take = _taker(engine, table, schema, parted)
        return _answered(take, engine, table, schema, wanted, watch)
    asked = {request: quoted(request, names) for request in wanted}
    known = {names.get(name, name): dtype for name, dtype in schema.items()}
    take = _taker(engine, table, known, None)
    answers = _answered(take, engine, table, known, tuple(dict.fromkeys(asked.values())), watch)
    return {request: unquoted(answers[other], request) for request, other in asked.items()}


def _taker(engine: Engine, table: nw.LazyFrame[Any], schema: Schema, parted: Parted | None) -> _Take:
    """Return what takes the requests of a pass: from all rows, or part by part where states are kept."""
    if parted is None:
        return lambda requests, work: _take(engine, table, schema, requests, work)
    from aiqa.scan.incremental import Incremental

    def take(frame: pl.LazyFrame, requests: Sequence[Request], work: Work) -> Answers:
        return _exactly(engine, _as_text(engine.open(frame)), schema, requests, work)

    return Incremental(parted, schema, take).answers


def _answered(
    take: _Take,
    engine: Engine,
    table: nw.LazyFrame[Any],
    schema: Schema,
    wanted: Sequence[Request],
    watch: Watch | None,
) -> Answers:
    weights = {name: _bad_weight(name) for name in _weights(wanted)}
    answers = _run(take, schema, (*wanted, *weights.values()), watch)
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


def _run(take: _Take, schema: Schema, wanted: Sequence[Request], watch: Watch | None) -> Answers:
    answers: Answers = {}
    for asked in plan.passes(wanted):
        idle = [request for request in asked if _finds_nothing(request, answers)]
        answers |= {request: _nothing(request, answers) for request in idle}
        busy = {request: plan.filled(request, answers) for request in asked if request not in answers}
        ready = tuple(dict.fromkeys(busy.values()))
        needed = frozenset().union(*map(queries.columns_of, ready))
        work = Work(len(ready), tuple(name for name in schema if name in needed))
        with work.timed(watch if ready else None):
            found = take(ready, work)
        answers |= {request: _nothing(request, answers) | found[asked] for request, asked in busy.items()}
    return answers


def _finds_nothing(request: Request, answers: Answers) -> bool:
    return request.condition is not None and not any(answers[request.condition].values())


def _nothing(request: Request, answers: Answers) -> dict[SliceKey, Any]:
    """Return the empty sample of each slice that was counted."""
    counted = request.condition
    if counted is None or counted.by != request.by or not isinstance(request.statistic, Sample):
        return {}
    return {key: [] for key in answers[counted]}


def _take(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request], work: Work
) -> Answers:
    """Take the requests of one pass, in the way that suits where the rows are."""
    if engine.spread:
        from aiqa.scan import bins

        found = _exactly(engine, table, schema, bins.asked(requests), work)
        return {request: bins.read(request, found) for request in requests}
    if not set(NARROWING).isdisjoint(engine.lacks):
        return _exactly(engine, table, schema, requests, work)

    def every(asked: Sequence[Request]) -> Answers:
        return _exactly(engine, table, schema, asked, work)

    def first(asked: Sequence[Request]) -> Answers:
        return _exactly(engine, table.head(FIRST), schema, asked, work)

    take = Takers(every, first, every, lambda request: every([request])[request][()])
    return narrowed(requests, schema, take)


def _exactly(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request], work: Work
) -> Answers:
    """Take requests as they are, some of them on the engine that this one hands over to."""
    simple = {simplified(request, schema): request for request in requests}
    own: list[Request] = []
    rest: list[Request] = []
    for request in simple:
        exprs = (*plan.exprs_of(request.statistic), *(by.bin for by in request.by if isinstance(by, Binned)))
        lacking = any(expr.any(*engine.lacks) for expr in exprs)
        (rest if lacking else own).append(request)
    found = _collected(engine, table, schema, own, work)
    if rest:
        needed = frozenset().union(*map(queries.columns_of, rest))
        other, handed = handed_over(engine, table, [name for name in schema if name in needed])
        found |= _collected(other, handed, other.schema(handed), rest, work)
    return {simple[request]: answer for request, answer in found.items()}


def _collected(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request], work: Work
) -> Answers:
    planned = list(_queries(engine, table, schema, requests))
    work.queries += len(planned)
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
    for name in map(queries.slicer_column, request.by):
        if schema[name].startswith(_NESTED):
            raise DataError(f"slices are made by single values, not by {schema[name]}", column=name)
    binned = [queries.slicer_column(by) for by in request.by if isinstance(by, Binned) and by.bin.op == "bin"]
    for name in (*_weights([request]), *binned):
        _check_number(name, schema)


_NESTED = ("Array", "List", "Struct")


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
