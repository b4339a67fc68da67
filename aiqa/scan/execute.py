"""The planner and the Polars engine: requests in, states out, in as few scans as pay."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from aiqa.errors import DataError, nearest
from aiqa.scan.batches import Lowered, lower
from aiqa.scan.expr import Expr, Schema, call, col, compile_expr
from aiqa.scan.literals import family_of
from aiqa.scan.ranks import states_of
from aiqa.scan.slices import Slices, parts, slices_of, split
from aiqa.scan.statistics import (
    Answers,
    Binned,
    Count,
    Counts,
    CountState,
    Moments,
    MomentsState,
    Request,
    Rows,
    Sample,
    ScoreSteps,
    SliceKey,
    Slicer,
    Statistic,
    Table,
)

FUSED = 60
"""Scalar statistics a query: one query of everything costs more than it saves."""
AT_ONCE = 8
"""Queries that run together and share a scan; more would only raise the memory."""


@dataclass(frozen=True, slots=True)
class _Query:
    """A lazy query and how its result becomes answers."""

    lazy: pl.LazyFrame
    read: Callable[[pl.DataFrame], Answers]


def execute(frame: Any, requests: Iterable[Request]) -> Answers:
    """Compute every requested statistic in few scans of one table.

    Parameters
    ----------
    frame : polars.LazyFrame, polars.DataFrame or a narwhals frame
        The table. A lazy frame is read in batches (streaming), so files may be larger than memory.
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
    table = _lazy(frame)
    schema = schema_of(table)
    for request in wanted:
        _check(request, schema)
    engine = "in-memory" if _is_eager(frame) else "streaming"
    weights = {name: _bad_weight(name) for name in _weights(wanted)}
    answers = _run(table, schema, (*wanted, *weights.values()), engine)
    for name, request in weights.items():
        if answers.pop(request)[()]:
            raise _weight_error(table, schema, name, request)
    return {request: answers[request] for request in wanted}


def schema_of(table: pl.LazyFrame) -> dict[str, str]:
    """Return the columns and the text of their types.

    Raises
    ------
    DataError
        If the table cannot be opened.
    """
    try:
        return {name: str(dtype) for name, dtype in table.collect_schema().items()}
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _as_data_error(error) from error


def _is_eager(frame: Any) -> bool:
    return isinstance(nw.to_native(frame, pass_through=True), pl.DataFrame)


def _lazy(frame: Any) -> pl.LazyFrame:
    """Return the frame as Polars sees it, categories as their strings."""
    native = nw.to_native(frame, pass_through=True)
    if not isinstance(native, (pl.DataFrame, pl.LazyFrame)):
        native = nw.from_native(native).lazy().collect("polars").to_polars()
    lazy: pl.LazyFrame = native.lazy()
    return lazy.with_columns(pl.selectors.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))


def _run(table: pl.LazyFrame, schema: Schema, wanted: Sequence[Request], engine: Any) -> Answers:
    counts = {
        request: Request(Count(request.statistic.where), request.by)
        for request in wanted
        if isinstance(request.statistic, Sample)
    }
    lowered = lower(table, schema, tuple(dict.fromkeys((*wanted, *counts.values()))))
    first = [request for request in lowered.requests if not isinstance(request.statistic, Sample)]
    found = _answers(_plan(lowered.table, lowered.schema, first), engine)
    answers = {lowered.original[request]: answer for request, answer in found.items()}
    return answers | _samples(lowered, counts, answers, engine)


def _samples(lowered: Lowered, counts: dict[Request, Request], answers: Answers, engine: Any) -> Answers:
    """Look for examples only where the first scan counted any."""
    there = {sample for sample, count in counts.items() if any(answers[count].values())}
    wanted = [request for request, original in lowered.original.items() if original in there]
    found = _answers(_plan(lowered.table, lowered.schema, wanted), engine)
    examples = {lowered.original[request]: answer for request, answer in found.items()}
    return {
        sample: {key: examples.get(sample, {}).get(key, []) for key in answers[count]}
        for sample, count in counts.items()
    }


def _answers(planned: Iterable[_Query], engine: Any) -> Answers:
    queries = list(planned)
    answers: Answers = {}
    for start in range(0, len(queries), AT_ONCE):
        batch = queries[start : start + AT_ONCE]
        for query, result in zip(batch, _collect([query.lazy for query in batch], engine), strict=True):
            answers |= query.read(result)
    return answers


def _collect(lazies: list[pl.LazyFrame], engine: Any) -> list[pl.DataFrame]:
    try:
        return pl.collect_all(lazies, engine=engine)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _as_data_error(error) from error


def _as_data_error(error: Exception) -> DataError:
    return DataError(f"the data cannot be read: {str(error).strip().splitlines()[0]}")


# What is asked for must be there.


def _check(request: Request, schema: Schema) -> None:
    for name in (*map(_column, request.by), *sorted(_columns(request.statistic))):
        if name not in schema:
            raise DataError(f"there is no column {name!r}{nearest(name, schema)}", column=name)
    term = getattr(request.statistic, "term", None)
    if term is not None and term.op == "col":
        _check_number(term.args[0], schema)
    binned = [_column(by) for by in request.by if isinstance(by, Binned)]
    for name in (*_weights([request]), *binned):
        _check_number(name, schema)


def _check_number(name: str, schema: Schema) -> None:
    if family_of(schema[name]) in ("string", "date", "datetime", "time", "other"):
        raise DataError(f"a column of numbers is needed, not of {schema[name]}", column=name)


def _columns(statistic: Statistic) -> frozenset[str]:
    exprs = [getattr(statistic, name, None) for name in ("where", "term")]
    exprs += getattr(statistic, "keys", ())
    plain = {*getattr(statistic, "columns", ()), getattr(statistic, "column", None)}
    plain.add(getattr(statistic, "weight", None))
    read = [expr.columns for expr in exprs if isinstance(expr, Expr)]
    return frozenset(plain - {None}).union(*read)


def _weights(requests: Iterable[Request]) -> list[str]:
    names = [getattr(request.statistic, "weight", None) for request in requests]
    return sorted({name for name in names if name is not None})


def _bad_weight(name: str) -> Request:
    weight = col(name)
    good = (weight >= 0) & call("is_finite", weight)
    return Request(Count(call("if", good, False, True)))


def _weight_error(table: pl.LazyFrame, schema: Schema, name: str, request: Request) -> DataError:
    bad = compile_expr(request.statistic.where, schema)  # type: ignore[union-attr]
    rows = nw.from_native(table.with_row_index("__aiqa_row")).filter(bad).head(1).to_native()
    row = int(rows.collect()["__aiqa_row"].item())
    return DataError("a weight must be a finite number, not negative, and not missing", column=name, row=row)


# The plan: scalars of the same slices fused, the rest a query each.


def _plan(table: pl.LazyFrame, schema: Schema, requests: Sequence[Request]) -> Iterator[_Query]:
    for by in dict.fromkeys(request.by for request in requests):
        scalars = [r for r in requests if r.by == by and isinstance(r.statistic, Count | Moments)]
        for start in range(0, len(scalars), FUSED):
            yield _scalars(table, schema, scalars[start : start + FUSED], by)
    for request in requests:
        if isinstance(request.statistic, Counts):
            yield _counts(table, schema, request, request.statistic)
        elif isinstance(request.statistic, Sample):
            yield _sample(table, schema, request, request.statistic)
    arrays = [request for request in requests if isinstance(request.statistic, Rows | Table | ScoreSteps)]
    if arrays:
        yield _columnwise(table, arrays)


def _key(by: Sequence[Slicer], values: Iterable[Any]) -> SliceKey:
    return tuple(_part(slicer, value) for slicer, value in zip(by, values, strict=True))


def _part(slicer: Slicer, value: Any) -> tuple[str, Any]:
    if isinstance(slicer, str):
        return slicer, _plain(value)
    return slicer.name, None if value is None else slicer.labels[value]


def _column(slicer: Slicer) -> str:
    """Return the one column that a slice is read from."""
    (name,) = (slicer,) if isinstance(slicer, str) else slicer.bin.columns
    return name


def _plain(value: Any) -> Any:
    """Make every NaN the same object, so that it can be found in a dict."""
    return math.nan if isinstance(value, float) and math.isnan(value) else value


def _by(by: Sequence[Slicer]) -> list[nw.Expr]:
    return [nw.col(_column(slicer)).alias(f"__aiqa_by{i}") for i, slicer in enumerate(by)]


def _names(prefix: str, count: int) -> list[str]:
    return [f"__aiqa_{prefix}{i}" for i in range(count)]


def _native(frame: Any) -> pl.LazyFrame:
    lazy: pl.LazyFrame = nw.to_native(frame)
    return lazy


def _scalars(table: pl.LazyFrame, schema: Schema, requests: list[Request], by: tuple[Slicer, ...]) -> _Query:
    groups = _names("by", len(by))
    frame = nw.from_native(table)
    frame = _centred(frame.with_columns(*_by(by)) if by else frame, schema, requests, groups)
    terms = [_terms(index, request.statistic, schema) for index, request in enumerate(requests)]
    named = [expr.alias(f"{i}.{j}") for i, exprs in enumerate(terms) for j, expr in enumerate(exprs)]
    sliced = frame.group_by(groups).agg(*named).sort(groups, nulls_last=True) if by else frame.select(*named)

    def read(result: pl.DataFrame) -> Answers:
        answers: Answers = {request: {} for request in requests}
        for row in result.iter_rows():
            values = iter(row)
            key = _key(by, [next(values) for _ in by])
            for request, exprs in zip(requests, terms, strict=True):
                answers[request][key] = _state(request.statistic, [next(values) for _ in exprs])
        return answers

    return _Query(_native(sliced), read)


def _centred(frame: Any, schema: Schema, requests: list[Request], groups: list[str]) -> Any:
    """Add each weighted term, its weight and its distance from the mean of its slice.

    As columns of their own, because sums of sums within slices do not stream.
    """
    own, apart = [], []
    for index, request in enumerate(requests):
        if not isinstance(request.statistic, Moments) or request.statistic.weight is None:
            continue
        x, w, d = _columns_of(index)
        term = compile_expr(request.statistic.term, schema).cast(nw.Float64)
        weight = nw.when(~term.is_null()).then(nw.col(request.statistic.weight).cast(nw.Float64))
        own += [term.alias(x), weight.alias(w)]
        total, heavy = (nw.col(x) * nw.col(w)).sum(), nw.col(w).sum()
        mean = total.over(*groups) / heavy.over(*groups) if groups else total / heavy
        apart.append((nw.col(x) - mean).alias(d))
    return frame.with_columns(*own).with_columns(*apart) if own else frame


def _columns_of(index: int) -> tuple[str, str, str]:
    return f"__aiqa_x{index}", f"__aiqa_w{index}", f"__aiqa_d{index}"


def _terms(index: int, statistic: Statistic, schema: Schema) -> list[Any]:
    if isinstance(statistic, Moments):
        if statistic.weight:
            x, w, d = map(nw.col, _columns_of(index))
            return _weighted_moments(x, w, d, statistic.order)
        return _moments(compile_expr(statistic.term, schema).cast(nw.Float64), statistic.order)
    if isinstance(statistic, Count) and statistic.where is not None:
        condition = compile_expr(statistic.where, schema)
        return [nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64).sum()]
    return [nw.len()]


def _moments(x: nw.Expr, order: int) -> list[nw.Expr]:
    """Polars' moments are computed by recurrence and merged, so that they do not cancel."""
    higher = [x.skew(), x.kurtosis()] if order == 4 else []
    return [x.count(), x.mean(), x.min(), x.max(), x.var(ddof=0), *higher]


def _weighted_moments(x: nw.Expr, w: nw.Expr, apart: nw.Expr, order: int) -> list[nw.Expr]:
    sums = [w, w * apart * apart, *_powers(w * w, apart, 2)]
    if order == 4:
        sums += [*_powers(w * w * w, apart, 3), *_powers(w * w * w * w, apart, 4)]
    return [x.count(), (x * w).sum() / w.sum(), x.min(), x.max(), *(term.sum() for term in sums)]


def _powers(w: nw.Expr, apart: nw.Expr, order: int) -> list[nw.Expr]:
    """Return w, w d, w d² and so on."""
    terms = [w]
    for _ in range(order):
        terms.append(terms[-1] * apart)
    return terms


def _state(statistic: Statistic, values: list[Any]) -> Any:
    if not isinstance(statistic, Moments):
        return values[0]
    n, *rest = values
    mean, low, high, *sums = (math.nan if value is None else value for value in rest)
    if statistic.weight is None:
        return _plain_state(n, mean, low, high, sums)
    w, m2, w2, cross2, spread2, *higher = sums
    cubes, fourths = tuple(higher[:4]), tuple(higher[4:])
    return MomentsState(n, w, w2, mean, m2, spread2, low, high, cross2, cubes, fourths)


def _plain_state(n: int, mean: float, low: float, high: float, sums: list[float]) -> MomentsState:
    size, variance = float(n), sums[0] if n else 0.0
    m2, higher = variance * n, []
    if len(sums) > 1:
        # Rows that are equal but for rounding may have a variance and no skewness.
        sure = n == 0 or math.isfinite(mean)
        shape = [0.0 if sure and not math.isfinite(part) else part for part in sums[1:]]
        m3, m4 = shape[0] * math.pow(variance, 1.5) * n, (shape[1] + 3) * variance**2 * n
        higher = [(size, 0.0, m2, m3), (size, 0.0, m2, m3, m4)]
    return MomentsState(n, size, size, mean, m2, m2, low, high, 0.0, *higher)


def _counts(table: pl.LazyFrame, schema: Schema, request: Request, counts: Counts) -> _Query:
    keys, groups = _names("key", len(counts.keys)), _names("by", len(request.by))
    exprs = [compile_expr(expr, schema).alias(name) for expr, name in zip(counts.keys, keys, strict=True)]
    w = nw.lit(1.0) if counts.weight is None else nw.col(counts.weight).cast(nw.Float64)
    frame = nw.from_native(table).select(*_by(request.by), *exprs, w.alias("__aiqa_w"))
    weight = nw.col("__aiqa_w")
    sums = [nw.len().alias("n"), weight.sum().alias("w"), (weight * weight).sum().alias("w2")]
    grouped = frame.group_by(*groups, *keys).agg(*sums).sort(*groups, *keys, nulls_last=True)

    def read(result: pl.DataFrame) -> Answers:
        answer: dict[SliceKey, Any] = {} if request.by else {(): {}}
        for *values, n, w, w2 in result.iter_rows():
            slice_key = _key(request.by, values[: len(request.by)])
            key = tuple(map(_plain, values[len(request.by) :]))
            answer.setdefault(slice_key, {})[key] = CountState(n, w, w2)
        return {request: answer}

    return _Query(_native(grouped), read)


def _sample(table: pl.LazyFrame, schema: Schema, request: Request, sample: Sample) -> _Query:
    numbered = nw.from_native(table.with_row_index("__aiqa_row"))
    value = nw.col(sample.column).alias("value")
    frame = numbered.filter(compile_expr(sample.where, schema)).select(*_by(request.by), "__aiqa_row", value)
    lazy, groups = _native(frame), _names("by", len(request.by))
    examples = pl.struct("__aiqa_row", "value")
    limit = sample.limit
    if groups:
        first = examples if limit is None else examples.head(limit)
        lazy = lazy.group_by(groups).agg(first).sort(groups, nulls_last=True)
    else:
        lazy = (lazy if limit is None else lazy.head(limit)).select(examples.implode())

    def read(result: pl.DataFrame) -> Answers:
        return {
            request: {
                _key(request.by, by): [tuple(example.values()) for example in found]
                for *by, found in result.iter_rows()
            }
        }

    return _Query(lazy, read)


def _columnwise(table: pl.LazyFrame, requests: list[Request]) -> _Query:
    """Take whole columns, for statistics that are computed from arrays."""
    needed = dict.fromkeys(name for r in requests for name in (*map(_column, r.by), *_columns(r.statistic)))

    def read(result: pl.DataFrame) -> Answers:
        slices = {by: slices_of(result, list(map(_column, by))) for by in {r.by for r in requests}}
        return {request: _states(result, request, slices[request.by]) for request in requests}

    return _Query(table.select(*needed), read)


def _states(result: pl.DataFrame, request: Request, slices: Slices) -> dict[SliceKey, Any]:
    statistic = request.statistic
    found: Iterable[Any]
    if isinstance(statistic, ScoreSteps):
        found = states_of(result, slices, statistic)
    elif isinstance(statistic, Table):
        found = parts(result, slices, statistic.columns)
    else:
        found = split(result, slices, statistic.columns)  # type: ignore[union-attr]
    return dict(zip((_key(request.by, key) for key in slices.keys), found, strict=True))
