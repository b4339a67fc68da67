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
from aiqa.scan.statistics import Answers, Counts, Quantiles, Repeats, Request
from aiqa.stats.distances import js_divergence, stability_index

BINS = 10
MOST_VALUES = 1000
"""Different values above which a column of texts is a key, whose distribution tells nothing."""
_NUMBERS = ("integer", "float", "decimal")
_KINDS = (*_NUMBERS, "string", "boolean")


@dataclass(frozen=True, slots=True)
class ColumnSkew:
    """How far one column has moved.

    Parameters
    ----------
    column : str
    psi : float or None
        Population stability index over bins of equal frequency in training, or over values; missing values
        are a bin of their own. None where there are too many different values.
    js_distance : float or None
        The square root of the Jensen-Shannon divergence (base 2), from 0 to 1, over the same.
    missing : tuple of float
        Shares of rows without a value, in training and in serving.
    unseen : float
        Share of serving rows with a value that training has not; 0 for numbers.
    """

    column: str
    psi: float | None
    js_distance: float | None
    missing: tuple[float, float]
    unseen: float

    def __str__(self) -> str:
        psi = "too many values" if self.psi is None else f"PSI {self.psi:.3f}"
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
        return tuple(one for one in self.columns if one.psi is not None and one.psi > self.limit)

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
        Default: all of numbers, texts and truth values; times move on by themselves.
    limit : float, default 0.2
        The PSI above which a column counts as skewed: a usual rule of thumb, not a test.

    Raises
    ------
    DataError
        If a data set has no rows, or a named column is not there.

    Examples
    --------
    >>> import polars as pl
    >>> old, new = pl.DataFrame({"kind": ["a", "b"] * 50}), pl.DataFrame({"kind": ["a"] * 90 + ["c"] * 10})
    >>> skew(old, new).success
    False
    """
    if not limit > 0:
        raise DeclarationError(f"limit= is a PSI above 0, not {limit!r}")
    both = opened(training, name="training"), opened(serving, name="serving")
    named = _named(both, columns)
    alike = [name for name in named if _kind(both[0], name) == _kind(both[1], name)]
    comparable = [name for name in alike if _kind(both[0], name) in ("number", "string", "boolean")]
    found = sorted(
        _compared(both, comparable), key=lambda one: -math.inf if one.psi is None else one.psi, reverse=True
    )
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


def _compared(both: tuple[Opened, Opened], names: Sequence[str]) -> list[ColumnSkew]:
    training = both[0]
    numbers = [name for name in names if _kind(training, name) == "number"]
    cuts = _cuts(training, numbers, [name for name in names if name not in numbers])
    asked = {name: Request(Counts((_binned(name, cuts[name]),))) for name in names if cuts[name] is not None}
    counts = [execute(table.native, asked.values()) for table in both] if asked else [{}, {}]
    present = {name: Request(Counts((col(name).is_null(),))) for name in names}
    missing = [execute(table.native, present.values()) for table in both] if names else [{}, {}]
    return [
        _column(name, asked.get(name), counts, tuple(_share(found, present[name], name) for found in missing))
        for name in names
    ]


def _cuts(
    training: Opened, numbers: Sequence[str], others: Sequence[str]
) -> dict[str, tuple[float, ...] | None]:
    """Return where numbers are cut; nothing for others, and None for those of too many values."""
    probabilities = tuple(place / BINS for place in range(1, BINS))
    quantiles = {name: Request(Quantiles(call("to_float", col(name)), probabilities)) for name in numbers}
    different = {name: Request(Repeats((col(name),))) for name in others}
    answers: Answers = execute(training.native, [*quantiles.values(), *different.values()])
    edges: dict[str, tuple[float, ...] | None] = {}
    for name, request in quantiles.items():
        state = answers[request][()]
        found = [state.linear(place) for place in range(len(probabilities))] if state.n else []
        edges[name] = tuple(sorted({edge for edge in found if edge is not None and math.isfinite(edge)}))
    few = {name: answers[request][()].distinct <= MOST_VALUES for name, request in different.items()}
    return edges | {name: () if few[name] else None for name in others}


def _binned(name: str, edges: tuple[float, ...] | None) -> Expr:
    return call("bin", call("to_float", col(name)), edges) if edges else col(name)


def _share(found: Answers, request: Request, name: str) -> float:
    counts = {key: state.n for (key,), state in found[request][()].items()}
    rows: int = sum(counts.values())
    if not rows:
        raise DataError("a data set without rows cannot be compared", column=name)
    missing: int = counts.get(True, 0)
    return missing / rows


def _column(
    name: str, request: Request | None, counts: list[Answers], missing: tuple[float, ...]
) -> ColumnSkew:
    shares = (missing[0], missing[1])
    if request is None:
        return ColumnSkew(name, None, None, shares, 0.0)
    reference, own = ({key: state.n for (key,), state in found[request][()].items()} for found in counts)
    keys = [*reference, *(key for key in own if key not in reference)]
    arrays = [np.array([part.get(key, 0) for key in keys]) for part in (own, reference)]
    bits = max(float(js_divergence(*arrays)), 0.0) / math.log(2)
    distances = float(stability_index(*arrays)), math.sqrt(bits)
    strange = sum(count for key, count in own.items() if key not in reference and isinstance(key, str))
    return ColumnSkew(name, *distances, shares, strange / sum(own.values()))
