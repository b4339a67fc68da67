"""Random tables, and every statistic on them, for what must give the same in another way."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from aiqa.scan.expr import call, col, when
from aiqa.scan.statistics import (
    Count,
    Counts,
    Extremes,
    Frequent,
    Moments,
    Quantiles,
    Repeats,
    Request,
    Sample,
    Total,
    Values,
)

X, K, S, G, T, B = map(col, ("x", "k", "s", "g", "t", "b"))
BIG = 2**62
TYPES: dict[str, Any] = {
    "x": pl.Float64,
    "k": pl.Int64,
    "s": pl.String,
    "g": pl.String,
    "t": pl.Datetime("us"),
    "b": pl.Boolean,
    "d": pl.Decimal(12, 2),
}
ROWS = st.tuples(
    st.one_of(st.none(), st.just(math.nan), st.integers(-9, 9).map(lambda k: k / 4)),
    st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([BIG, -BIG])),
    st.one_of(st.none(), st.sampled_from(["a", "b", "bb", "é1", "a\n", "[1]", ""])),
    st.sampled_from(["u", "v", None]),
    st.one_of(st.none(), st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1))),  # noqa: DTZ001
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.integers(-500, 500).map(lambda k: Decimal(k) / 100)),
)
TABLES = st.lists(ROWS, max_size=14).map(lambda rows: pl.DataFrame(rows, schema=TYPES, orient="row"))
PRESENT = ~S.is_null()
MEAN = Request(Moments(when(call("is_finite", X), X)))
STATISTICS = (
    Count(),
    Count(X > 0),
    Count(~(X > 0)),
    Count(K >= BIG),
    Count(call("is_in", S, ("a", "é1"))),
    Count(call("length", S) >= 2),
    Count(call("matches", S, r"^[ab]+$")),
    Count(call("matches", S, r"\w\d")),
    Count(~call("matches", S, r"a(?!\n)")),
    Count(call("matches", K, "^-")),
    Count(call("parses", S, "json", None)),
    Count(T < call("previous", T)),
    Count(X <= call("previous", when(B, X))),
    Count(call("repeated", (S, G), None)),
    Count(call("repeated", (S,), PRESENT)),
    Count(X > call("answer", MEAN, "mean")),
    Count(call("to_text", K).eq("2")),
    Extremes(X),
    Extremes(K),
    Extremes(S),
    Extremes(T),
    Total(K),
    Total(B),
    Total(col("d")),
    Moments(when(call("is_finite", X), X), order=4),
    Counts((S, B)),
    Counts((call("bin", X, (-1.0, 0.0, 2.0)),)),
    Repeats((S, G)),
    Repeats((S,), PRESENT),
    Values(S, 3),
    Frequent(S, 5),
    Quantiles(X, (0.0, 0.25, 0.5, 1.0)),
    Sample(("s", "x"), X > 0, 2),
    Sample(("k",), call("repeated", (S,), PRESENT), None),
)


def comparable(value: Any) -> Any:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else pytest.approx(value, rel=1e-9, abs=1e-9)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, (list, tuple)):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return {tuple(map(repr, comparable(list(key)))): comparable(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return [comparable(getattr(value, field.name)) for field in dataclasses.fields(value)]
    return value
