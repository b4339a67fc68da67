"""Statistics that are a few numbers: the aggregates that an engine takes, and the states these make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw

from aiqa.scan.expr import Schema, compile_expr, may_be_nan
from aiqa.scan.literals import family_of
from aiqa.scan.states import ExtremesState, MomentsState, TotalState, moved
from aiqa.scan.statistics import Count, Extremes, Moments, Statistic, Total


def terms(
    index: int, statistic: Statistic, schema: Schema, widest: Any, *, spread: bool = False
) -> list[nw.Expr]:
    """Return the aggregates of the statistic that stands at `index`; `widest` holds exact sums.

    Of the columns that :func:`prepared` adds, where `spread` is the same.
    """
    if isinstance(statistic, Moments):
        x, w, d = map(nw.col, _columns_of(index))
        if statistic.weight:
            return _weighted_moments(x, w, d, statistic.order)
        if _is_column(statistic, spread):
            return _moments(x, statistic.order)
        return _moments(compile_expr(statistic.term, schema).cast(nw.Float64), statistic.order)
    if isinstance(statistic, Extremes):
        x = _without_nan(statistic.term, schema)
        return [x.min(), x.max()]
    if isinstance(statistic, Total):
        return _total(statistic, schema, widest)
    if isinstance(statistic, Count) and statistic.where is not None:
        condition = compile_expr(statistic.where, schema)
        return [nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64).sum()]
    return [nw.len()]


def state(statistic: Statistic, values: list[Any]) -> Any:
    """Return the state that the aggregates make."""
    if isinstance(statistic, Moments):
        return _moments_state(statistic, values)
    if isinstance(statistic, Extremes):
        return ExtremesState(*values)
    if isinstance(statistic, Total):
        return TotalState(values[0], as_whole(values[1]) if values[0] else 0)
    return int(values[0] or 0)


def prepared(
    frame: Any, schema: Schema, statistics: Sequence[Statistic], groups: list[str], *, spread: bool = False
) -> Any:
    """Add each weighted term, its weight and its distance from the mean of its slice.

    As columns of their own, because sums of sums within slices do not stream. Where rows are spread over
    machines, the distance is from the mean of all rows: that of a slice would bring its rows together.
    Computed terms without weights become columns too: engines would compute them anew for each moment.
    """
    own, apart, means = [], [], []
    for index, statistic in enumerate(statistics):
        if not isinstance(statistic, Moments) or not _is_column(statistic, spread):
            continue
        x, w, d = _columns_of(index)
        term = compile_expr(statistic.term, schema).cast(nw.Float64)
        if statistic.weight is None:
            own.append(term.alias(x))
            continue
        weight = nw.when(~term.is_null()).then(nw.col(statistic.weight).cast(nw.Float64))
        own += [term.alias(x), weight.alias(w)]
        total, heavy = (nw.col(x) * nw.col(w)).sum(), nw.col(w).sum()
        means.append((total / heavy).alias(f"{d}_mean"))
        mean = total.over(*groups) / heavy.over(*groups) if groups else total / heavy
        apart.append((nw.col(x) - (nw.col(f"{d}_mean") if spread else mean)).alias(d))
    if not own:
        return frame
    known = frame.with_columns(*own)
    if spread and means:
        known = known.join(known.select(*means), how="cross")
    return known.with_columns(*apart) if apart else known


def _is_column(statistic: Moments, spread: bool) -> bool:
    return statistic.weight is not None or spread or statistic.term.op != "col"


def _without_nan(term: Any, schema: Schema) -> nw.Expr:
    value: nw.Expr = compile_expr(term, schema)
    return nw.when(~value.is_nan()).then(value) if may_be_nan(term, schema) else value


def _total(statistic: Total, schema: Schema, widest: Any) -> list[nw.Expr]:
    value: nw.Expr = compile_expr(statistic.term, schema)
    names = sorted(statistic.term.columns)
    whole = all(family_of(schema[name]) in ("integer", "boolean") for name in names)
    return [value.count(), (value.cast(widest) if whole else value).sum()]


def as_whole(total: Any) -> Any:
    """Return the whole number that an engine gives as a decimal, where it is wider than its own."""
    places = total.as_tuple().exponent if isinstance(total, Decimal) else None
    return int(total) if places == 0 else total


def _columns_of(index: int) -> tuple[str, str, str]:
    return f"__aiqa_x{index}", f"__aiqa_w{index}", f"__aiqa_d{index}"


def _moments(x: nw.Expr, order: int) -> list[nw.Expr]:
    """Polars' moments are computed by recurrence and merged, so that they do not cancel."""
    higher = [x.skew(), x.kurtosis()] if order == 4 else []
    return [x.count(), x.mean(), x.min(), x.max(), x.var(ddof=0), *higher]


def _weighted_moments(x: nw.Expr, w: nw.Expr, apart: nw.Expr, order: int) -> list[nw.Expr]:
    sums = [*_powers(w, apart, 2), *_powers(w * w, apart, 2)]
    if order == 4:
        sums += [*_powers(w * w * w, apart, 3), *_powers(w * w * w * w, apart, 4)]
    return [x.count(), (x * w).sum() / w.sum(), x.min(), x.max(), *(term.sum() for term in sums)]


def _powers(w: nw.Expr, apart: nw.Expr, order: int) -> list[nw.Expr]:
    """Return w, w d, w d² and so on."""
    terms = [w]
    for _ in range(order):
        terms.append(terms[-1] * apart)
    return terms


def _moments_state(statistic: Moments, values: list[Any]) -> MomentsState:
    n, *rest = values
    mean, low, high, *sums = (math.nan if value is None else value for value in rest)
    if statistic.weight is None:
        return _plain_state(n, mean, low, high, sums)
    orders = (3, 3, 4, 5) if statistic.order == 4 else (3, 3, 0, 0)
    each = iter(sums)
    powers = [tuple(next(each) for _ in range(order)) for order in orders]
    off = powers[0][1] / powers[0][0] if powers[0][0] > 0 else 0.0  # from the centre of the sums to the mean
    (w, _, m2), (w2, cross2, spread2), cubes, fourths = (moved(of, -off) for of in powers)
    return MomentsState(n, w, w2, mean, max(m2, 0.0), spread2, low, high, cross2, cubes, fourths)


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
