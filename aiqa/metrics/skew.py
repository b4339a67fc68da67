"""``aiqa.skew``: how far the data that a model is asked about are from those that it learned from."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aiqa.errors import DataError, DeclarationError, nearest
from aiqa.scan.execute import execute
from aiqa.scan.expr import Expr, call, col
from aiqa.scan.literals import family_of
from aiqa.scan.opened import UNTYPED, Opened, opened
from aiqa.scan.statistics import Answers, Counts, Quantiles, Request, Values
from aiqa.stats.distances import js_divergence, stability_index

BINS = 10
PROBABILITIES = tuple(place / BINS for place in range(1, BINS))
FEW = 20
"""Fewer different numbers than these are told apart one by one."""
MOST_VALUES = 1000
"""Different values above which a column of texts is a key, whose distribution tells nothing."""
OTHER = "\0other"
"""Stands for all values that training has not."""
_NUMBERS = ("integer", "float", "decimal")
_COUNTED = ("number", "string", "boolean")


@dataclass(frozen=True, slots=True)
class ColumnSkew:
    """How far one column has moved.

    Parameters
    ----------
    column : str
    psi : float
        Population stability index over bins of equal frequency in training, or over values where there are
        few; missing values (null and NaN) are a bin of their own.
    js_distance : float
        The square root of the Jensen-Shannon divergence (base 2), from 0 to 1, over the same.
    missing : tuple of float
        Shares of rows without a value, in training and in serving.
    unseen : float
        Share of serving rows in a bin, or with a value, that training has not.
    by_value : bool
        False where only missing and present rows are told apart: keys, times and nested values.
    """

    column: str
    psi: float
    js_distance: float
    missing: tuple[float, float]
    unseen: float
    by_value: bool = True

    def __str__(self) -> str:
        psi = f"PSI {self.psi:.3f}" if self.by_value else f"PSI {self.psi:.3f} of missing rows alone"
        missing = " -> ".join(f"{share:.1%}" for share in self.missing)
        unseen = f", {self.unseen:.1%} unseen" if self.unseen else ""
        return f"{self.column}: {psi}, missing {missing}{unseen}"


@dataclass(frozen=True, repr=False)
class Skew:
    """What differs between two data sets.

    Parameters
    ----------
    columns : tuple of ColumnSkew
        Those that both have, the one that moved most first.
    limit : float
        The PSI above which a column counts as skewed.
    lacking, added : tuple of str
        Columns that serving lacks, and those that training has not.
    retyped : mapping
        Columns of another type: both types.
    """

    columns: tuple[ColumnSkew, ...]
    limit: float
    lacking: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] | None = None

    @property
    def skewed(self) -> tuple[ColumnSkew, ...]:
        """The columns whose PSI is above the limit."""
        return tuple(one for one in self.columns if one.psi > self.limit)

    @property
    def success(self) -> bool:
        """Whether no column is skewed, lacking or of another type."""
        return not (self.skewed or self.lacking or self.retyped)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"

    def _lines(self) -> list[str]:
        lines = [f"{len(self.skewed)} of {len(self.columns)} columns are skewed (PSI above {self.limit:g})"]
        lines += [f"  {one}" for one in self.columns]
        lines += [f"  {name}: serving lacks it" for name in self.lacking]
        lines += [f"  {name}: training has not" for name in self.added]
        retyped = (self.retyped or {}).items()
        return lines + [f"  {name}: {one} in training, {other} in serving" for name, (one, other) in retyped]


def skew(training: Any, serving: Any, *, columns: Sequence[str] | None = None, limit: float = 0.2) -> Skew:
    """Compare the data that a model is asked about with those that it learned from, column by column.

    Parameters
    ----------
    training, serving : frames of pandas, Polars, Arrow, DuckDB or Spark
        Scanned where they are: serving once, training once more to cut its bins.
    columns : sequence of str, optional
        Default: all that both have. Of times, which move on by themselves, of nested values and of texts with
        more than 1,000 different ones only the missing rows are compared.
    limit : float, default 0.2
        The PSI above which a column counts as skewed: a usual rule of thumb, not a test.

    Raises
    ------
    DataError
        If a data set has no rows, or a named column is not there.
    DeclarationError
        If the limit is no PSI, or `columns` no list.

    Examples
    --------
    >>> import polars as pl
    >>> old, new = pl.DataFrame({"kind": ["a", "b"] * 50}), pl.DataFrame({"kind": ["a"] * 90 + ["c"] * 10})
    >>> skew(old, new).success
    False
    """
    if not isinstance(limit, (int, float)) or not limit > 0:
        raise DeclarationError(f"limit= is a PSI above 0, not {limit!r}")
    if isinstance(columns, str):
        raise DeclarationError(f"columns= is a list of names: [{columns!r}]")
    both = opened(training, name="training"), opened(serving, name="serving")
    named = _named(both, columns)
    alike = [name for name in named if _are_alike(both, name)]
    typed = [name for name in alike if _kind(both[0], name) != "untyped"]
    found = sorted(_compared(both, typed), key=lambda one: one.psi, reverse=True)
    retyped = {name: (both[0].columns[name], both[1].columns[name]) for name in named if name not in alike}
    lacking = [name for name in both[0].columns if name not in both[1].columns]
    added = [name for name in both[1].columns if name not in both[0].columns]
    return Skew(tuple(found), limit, tuple(lacking), tuple(added), retyped)


def _named(both: tuple[Opened, Opened], columns: Sequence[str] | None) -> list[str]:
    shared = [name for name in both[0].columns if name in both[1].columns]
    for name in columns or ():
        if name not in shared:
            raise DataError(f"not both data sets have a column {name!r}{nearest(name, shared)}", column=name)
    return shared if columns is None else list(columns)


def _kind(table: Opened, name: str) -> str:
    dtype = table.columns[name]
    family = "untyped" if dtype == UNTYPED else family_of(dtype)
    return "number" if family in _NUMBERS else family


def _are_alike(both: tuple[Opened, Opened], name: str) -> bool:
    kinds = {_kind(table, name) for table in both}
    return len(kinds) == 1 or "null" in kinds


def _compared(both: tuple[Opened, Opened], names: Sequence[str]) -> list[ColumnSkew]:
    if not names:
        return []
    places = _places(both[0], [name for name in names if _kind(both[1], name) != "null"])
    missing = {name: Request(Counts((_is_missing(name),))) for name in names}
    asked = {name: Request(Counts((place,))) for name, place in places.items()}
    found = [execute(table.native, [*missing.values(), *asked.values()]) for table in both]
    return [
        _column(
            name,
            [_counts(answers, missing[name], name) for answers in found],
            None if name not in asked else [_counts(answers, asked[name], name) for answers in found],
        )
        for name in names
    ]


def _places(training: Opened, names: Sequence[str]) -> dict[str, Expr]:
    """Return the bin or value that each column is counted by; none for keys, times and nested values."""
    kinds = {name: _kind(training, name) for name in names}
    quantiles = {
        name: Request(Quantiles(call("to_float", col(name)), PROBABILITIES))
        for name in names
        if kinds[name] == "number"
    }
    values = {
        name: Request(Values(_value(name, kind), FEW if kind == "number" else MOST_VALUES + 1))
        for name, kind in kinds.items()
        if kind in _COUNTED
    }
    answers = execute(training.native, [*quantiles.values(), *values.values()])
    places: dict[str, Expr] = {}
    for name, request in values.items():
        found = answers[request][()]
        if kinds[name] == "number":
            few = len(found) < FEW
            edges = _edges_around(found) if few else _edges(answers[quantiles[name]][()])
            places[name] = call("bin", call("to_float", col(name)), edges)
        elif len(found) <= MOST_VALUES:
            known = call("if", call("is_in", col(name), found), call("to_text", col(name)), OTHER)
            places[name] = call("if", col(name).is_null(), None, known)
    return places


def _value(name: str, kind: str) -> Expr:
    return call("to_float", col(name)) if kind == "number" else col(name)


def _is_missing(name: str) -> Expr:
    return col(name).is_null() | call("is_nan", col(name))


def _edges(state: Any) -> tuple[float, ...]:
    """Return where bins begin that are closed at the right; a value that takes a tenth has its own."""
    found = [state.linear(place) for place in range(len(PROBABILITIES))] if state.n else []
    finite = [edge for edge in found if math.isfinite(edge)]
    tied = {edge for edge in finite if finite.count(edge) > 1}
    return tuple(sorted({*tied, *(math.nextafter(edge, math.inf) for edge in finite)}))


def _edges_around(values: Sequence[float]) -> tuple[float, ...]:
    """Return where bins begin so that each value has its own, and what lies between them another."""
    numbers = [value for value in values if not math.isnan(value)]
    return tuple(sorted({*numbers, *(math.nextafter(value, math.inf) for value in numbers)}))


def _counts(found: Answers, request: Request, name: str) -> dict[Any, int]:
    counts = {key: state.n for (key,), state in found[request][()].items()}
    if not sum(counts.values()):
        raise DataError("a data set without rows cannot be compared", column=name)
    return counts


def _column(
    name: str, missing: Sequence[Mapping[Any, int]], counts: Sequence[Mapping[Any, int]] | None
) -> ColumnSkew:
    shares = tuple(part.get(True, 0) / sum(part.values()) for part in missing)
    reference, own = missing if counts is None else counts
    keys = [*reference, *(key for key in own if key not in reference)]
    arrays = [np.array([part.get(key, 0) for key in keys]) for part in (own, reference)]
    bits = max(float(js_divergence(*arrays)), 0.0) / math.log(2)
    distances = float(stability_index(*arrays)), math.sqrt(bits)
    strange = (
        0 if counts is None else sum(own[key] for key in own if key not in reference and key is not None)
    )
    return ColumnSkew(
        name, *distances, (shares[0], shares[1]), strange / sum(own.values()), counts is not None
    )
