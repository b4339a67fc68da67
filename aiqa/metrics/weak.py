"""A metric in all slices by some columns and their crosses, on each half of the rows by itself.

Values of too few rows are left out before columns are crossed, since no cross of theirs has more (the rule of
Agrawal & Srikant, "Fast algorithms for mining association rules", VLDB 1994), and crosses of too few before
anything is computed of them. Each set of columns is then one column of cell numbers, and one scan takes the
statistics of both halves by all of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.bucket import Bucket
from aiqa.declare.folded import OTHER, Folded
from aiqa.declare.metric import Metric, SliceBy, column_of
from aiqa.declare.search import Search
from aiqa.declare.source import PERIODS, Dataset
from aiqa.errors import DataError, MetricError, nearest
from aiqa.metrics import catalogue, multilabel
from aiqa.metrics.question import Comparison, Parts
from aiqa.metrics.table import ScoredTable
from aiqa.scan.execute import execute
from aiqa.scan.halves import halves
from aiqa.scan.slices import slices_of
from aiqa.scan.statistics import Answers, SliceKey
from aiqa.stats.groups import dense

RANGES, FEW = 5, 20
"""Into how many ranges numbers of more than so many different values are cut."""
SEARCHED, TESTED = 0, 1
AT_ONCE = 2**27
"""So many cell numbers are held at once; with more rows a scan takes fewer sets of columns."""
_MOST_CELLS = 2**62
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """The slices by a column that have the rows, and the place of each row's: -1 where it is in none."""

    name: str
    values: list[Any]
    places: Whole


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The slices by a set of columns that have the rows, and twice the place of each row's, plus its half.

    Rows of no such slice have the place after the last.
    """

    name: str
    keys: list[SliceKey]
    numbers: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """What both halves of the rows say of a metric in every slice; made by :func:`in_halves`."""

    metric: Metric
    search: Search
    table: ScoredTable
    seed: int
    versus_champion: bool
    keys: dict[str, list[SliceKey]]
    answers: Answers

    def whole(self) -> Parts:
        """Return what the half that is searched says of all its rows."""
        return self._inferred(SEARCHED, lambda key: key == ())

    def searched(self) -> Parts:
        """Return what the half that is searched says of each slice that has the rows."""
        return self._inferred(SEARCHED, lambda key: key != ())

    def tested(self, keys: Iterable[SliceKey]) -> Parts:
        """Return what the other half says of these slices."""
        wanted = set(keys)
        near = wanted | {key[:-1] for key in wanted if len(key) > 1}  # the last pair may be a class
        found = self._inferred(TESTED, lambda key: key in near)
        missing = MetricError("no row of it is in the half that tests")
        return {key: found.get(key, missing) for key in wanted}

    def _inferred(self, half: int, wanted: Callable[[SliceKey], bool]) -> Parts:
        found: Parts = {}
        for name, keys in self.keys.items():
            chosen = {2 * place + half: key for place, key in enumerate(keys) if wanted(key)}
            if chosen:
                found |= self._of_cells(name, chosen)
        return found

    def _of_cells(self, name: str, chosen: dict[int, SliceKey]) -> Parts:
        """Infer the metric in these cells; of each class or label, where it is one of each."""
        metric = _by_cells(self.metric, name)
        asked = catalogue.requests(metric, self.table, versus_champion=self.versus_champion)
        there = [key for key in self.answers[asked[0]] if key[0][1] in chosen]
        some: Answers = {request: {key: self.answers[request][key] for key in there} for request in asked}
        answer: Any = catalogue.compare if self.versus_champion else catalogue.infer
        found = answer(metric, self.table, some, self.seed)
        return {
            chosen[key[0][1]] + key[1:]: one.gain if isinstance(one, Comparison) else one
            for key, one in found.items()
        }


def _by_cells(metric: Metric, name: str) -> Metric:
    return replace(metric, slices=(name,), search=None)


def belonging_of(dataset: Dataset, table: ScoredTable) -> tuple[str, ...]:
    """Return the columns by which rows stay together: the cluster, the keys, or of many labels the row."""
    if dataset.cluster is not None:
        own = dataset.cluster in table.frame.collect_schema() or dataset.cluster not in PERIODS
        return (dataset.cluster if own else f"aiqa:{dataset.cluster}",)
    return dataset.keys or ((multilabel.ROW,) if table.labels else ())


def in_halves(
    metric: Metric, table: ScoredTable, belonging: tuple[str, ...], seed: int, *, versus_champion: bool
) -> Halves:
    """Take a metric with a :class:`~aiqa.declare.search.Search` on both halves of the rows.

    Parameters
    ----------
    metric : Metric
    table : ScoredTable
    belonging : tuple of str
        The columns that say which rows stay together: a cluster, or a key; none: each row is for itself.
    seed : int
        Of the halves, and of bootstraps.
    versus_champion : bool
        Whether it is the gain on the champion.

    Raises
    ------
    DataError
        If a column is not there, or a half would be empty.
    MetricError
        If the metric cannot be taken of this table.
    """
    if table.fetch_rows is not None:
        raise MetricError(
            f"{metric!r} searches for slices on the rows themselves, which are on Spark: search a sample, as "
            "a Polars frame"
        )
    search = metric.search or Search()
    half = _halves(table, belonging, seed)
    least = search.min_support * max(1, len(table.labels))
    columns = [_column(one, table, half == SEARCHED, least) for one in metric.slices]
    sets = [(), *_crosses(columns, search.depth)]
    many = max(1, AT_ONCE // table.rows)
    keys: dict[str, list[SliceKey]] = {}
    answers: Answers = {}
    for start in range(0, len(sets), many):
        cells = [
            _cells(f"aiqa:cells{start + place}", by, half, least if by else 1)
            for place, by in enumerate(sets[start : start + many])
        ]
        keys |= {one.name: one.keys for one in cells}
        answers |= _answers(metric, table, cells, versus_champion=versus_champion)
    return Halves(metric, search, table, seed, versus_champion, keys, answers)


def _answers(
    metric: Metric, table: ScoredTable, cells: Sequence[_Cells], *, versus_champion: bool
) -> Answers:
    numbered = pl.DataFrame({one.name: one.numbers for one in cells}).lazy()
    frame = pl.concat([table.frame, numbered], how="horizontal")
    asked = [
        request
        for one in cells
        for request in catalogue.requests(_by_cells(metric, one.name), table, versus_champion=versus_champion)
    ]
    return execute(frame, asked)


def _halves(table: ScoredTable, belonging: tuple[str, ...], seed: int) -> NDArray[np.int8]:
    for name in belonging:
        _require(name, table)
    told = table.frame.select(belonging) if belonging else pl.LazyFrame({"row": np.arange(table.rows)})
    half = halves(told.collect(), seed)
    if half.min() == half.max():
        raise DataError("all rows belong together, so that no half of them can test what the other finds")
    return half


def _require(name: str, table: ScoredTable) -> None:
    schema = table.frame.collect_schema()
    if name not in schema:
        raise DataError(f"no column {name!r}{nearest(name, schema)}", column=name)


def _column(one: SliceBy, table: ScoredTable, searched: NDArray[np.bool_], least: int) -> _Column:
    name = column_of(one)
    _require(name, table)
    column = table.frame.select(name).collect()[name]
    if column.dtype.is_nested():
        raise DataError(f"slices are made by single values, not by {column.dtype}", column=name)
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    values, places = _sliced(one, column, searched)
    kept = np.flatnonzero(np.bincount(places[searched], minlength=len(values)) >= least)
    number = np.full(len(values), -1)
    number[kept] = np.arange(len(kept))
    return _Column(name, [values[at] for at in kept.tolist()], number[places])


def _sliced(one: SliceBy, column: pl.Series, searched: NDArray[np.bool_]) -> tuple[list[Any], Whole]:
    """Return the slices by one column, and the place of each row's."""
    bucket = _quintiles(one, column, searched) if isinstance(one, str) else one
    if isinstance(bucket, Bucket):
        if not column.dtype.is_numeric():
            raise DataError(f"a column of numbers is needed, not of {column.dtype}", column=column.name)
        numbers = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
        places = np.searchsorted(np.asarray(bucket.edges), numbers, side="right").astype(np.int64)
        places[np.isnan(numbers)] = len(bucket.labels)
        return [*bucket.labels, None], places
    slices = slices_of(column.to_frame(), [column.name])
    values, places = [key[0] for key in slices.keys], np.asarray(slices.codes)
    if not isinstance(one, Folded):
        return values, places
    common = np.bincount(places, minlength=len(values)) >= one.min_support
    kept = common | np.array([value is None for value in values])
    number = np.where(kept, np.arange(len(values)), len(values))
    return [*values, OTHER], number[places]


def _quintiles(name: str, column: pl.Series, searched: NDArray[np.bool_]) -> Bucket | str:
    """Cut numbers at their quintiles in the half that is searched, unless they are few different ones."""
    if not column.dtype.is_numeric():
        return name
    values = column.filter(pl.Series(searched)).cast(pl.Float64).drop_nulls()
    values = values.filter(values.is_finite())
    if values.n_unique() <= FEW:
        return name
    shares = [place / RANGES for place in range(1, RANGES)]
    # As their labels write them.
    edges = {float(f"{edge:g}") for edge in np.quantile(values.to_numpy(), shares).tolist()}
    return Bucket(name, tuple(sorted(edges)))


def _crosses(columns: list[_Column], depth: int) -> Iterator[tuple[_Column, ...]]:
    """Yield the columns alone, then their crosses; no column with itself in other ranges."""
    for size in range(1, min(depth, len(columns)) + 1):
        for by in combinations(columns, size):
            if len({one.name for one in by}) == size:
                yield by


def _cells(name: str, by: tuple[_Column, ...], half: NDArray[np.int8], least: int) -> _Cells:
    shape = [len(one.values) for one in by]
    span = math.prod(shape)
    if span > _MOST_CELLS:
        names = ", ".join(one.name for one in by)
        raise MetricError(f"{names} have too many crosses to be told apart: raise min_support=")
    flat = np.zeros(len(half), np.int64)
    inside = np.ones(len(half), bool)
    for one in by:
        flat = flat * len(one.values) + one.places
        inside &= one.places >= 0
    used, places = dense(np.where(inside, flat, span), span + 1)
    enough = np.bincount(places[half == SEARCHED], minlength=len(used)) >= least
    kept = np.flatnonzero(enough & (used < span))
    number = np.full(len(used), len(kept), dtype=np.int64)
    number[kept] = np.arange(len(kept))
    crossed = np.array(np.unravel_index(used[kept], shape)).T.tolist() if by else [[]] * len(kept)
    keys = [tuple((one.name, one.values[at]) for one, at in zip(by, cell, strict=True)) for cell in crossed]
    return _Cells(name, keys, _small(2 * number[places] + half))


def _small(numbers: Whole) -> NDArray[Any]:
    # Many such columns are held at once.
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))
