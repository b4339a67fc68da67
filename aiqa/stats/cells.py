"""Cells of truth and the answers of one or two models: what measures of them tell, alone and compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.contingency import Codes, Floats, Measure, Slopes, Table
from aiqa.stats.effective import cluster_sums
from aiqa.stats.functional import Functional
from aiqa.stats.gaffke import doubt_of_cluster, freedom_of, infer_doubted
from aiqa.stats.inference import Inference
from aiqa.stats.linear import Linear
from aiqa.stats.skewed import REAL, Domain
from aiqa.stats.special import ndtri


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The occupied cells of a confusion table of one or two models; with clusters, of each cluster.

    Parameters
    ----------
    truth : ndarray of int, shape (cells,)
    said : tuple of ndarray of int, each (cells,)
        What each model answered.
    n : ndarray of int, shape (cells,)
        Rows.
    w, w2 : ndarray of float, shape (cells,)
        Sums of the weights, positive, and of their squares.
    classes : int
    cluster : ndarray of int, shape (cells,), optional
    """

    truth: Codes
    said: tuple[Codes, ...]
    n: NDArray[np.int64]
    w: Floats
    w2: Floats
    classes: int
    cluster: Codes | None = None

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.n.sum())

    def table(self, model: int, weight: Floats | None = None) -> Table:
        """Return truth against one model's answers."""
        return Table(self.truth, self.said[model], self.w if weight is None else weight, self.classes)


class Term(NamedTuple):
    """A measure of one of the models, and the factor that it counts with."""

    measure: Measure
    factor: float = 1.0
    model: int = 0


def contrast(measure: Measure, factor: float = 1.0) -> tuple[Term, Term]:
    """Return the difference of a measure of the first model and of the second, times a factor."""
    return Term(measure, factor, 0), Term(measure, -factor, 1)


@dataclass(frozen=True, slots=True, eq=False)
class CellStatistic:
    """A sum of measures of the models, such as one alone or a difference.

    Parameters
    ----------
    cells : Cells
    terms : sequence of Term
    domain : (float, float)
        Where the truth must lie.
    support, support_of : optional
        As in :class:`~aiqa.stats.inference.Inference`.
    """

    cells: Cells
    terms: Sequence[Term]
    domain: Domain = REAL
    support: int | None = None
    support_of: str = "rows"

    def value(self, weight: Floats) -> float:
        """Return the value at other weights of the cells; NaN where it is not defined."""
        return self._at(self._tables(weight))[0]

    def influence(self, weight: Floats) -> Floats:
        """Return the derivative by each cell's weight, times that weight."""
        moved: Floats = weight * self._slope(self._at(self._tables(weight))[1])
        return moved

    def functional(self) -> Functional:
        """Return it in the form that resampling takes."""
        cells = self.cells
        return Functional(
            cells.w,
            self.value,
            self.influence,
            cells.rows,
            self.domain,
            count=cells.w**2 / cells.w2,
            support=self.support,
            support_of=self.support_of,
        )

    def infer(self) -> Inference:
        """Infer it by Gaffke's bound, linearised; see :mod:`aiqa.stats.gaffke`."""
        cells = self.cells
        tables = self._tables(cells.w)
        value, slopes = self._at(tables)
        low, high = (self._doubted(tables, slopes, side) for side in (-1, 1))
        return infer_doubted(
            value,
            cells.rows,
            low,
            high,
            domain=self.domain,
            freedom=None if cells.cluster is None else freedom_of(cells.w, cells.cluster),
            support=self.support,
            support_of=self.support_of,
        )

    def wald(self) -> Inference:
        """Infer it by the normal interval of the delta method, which is not sound where errors are few.

        For kappa that is the interval of Fleiss, Cohen & Everitt (Psychological Bulletin 72, 1969).
        """
        linear, (low, high) = self.functional().linear(self.cells.cluster), self.domain
        value, error = linear.value, math.sqrt(linear.moment(2))
        return Inference(
            value,
            self.cells.rows,
            "wald",
            lambda alpha: max(low, value + ndtri(alpha) * error),
            lambda alpha: min(high, value - ndtri(alpha) * error),
            self.support,
            self.support_of,
        )

    def _tables(self, weight: Floats) -> list[Table]:
        return [self.cells.table(term.model, weight) for term in self.terms]

    def _at(self, tables: Sequence[Table]) -> tuple[float, list[Slopes]]:
        measured = [term.measure(table) for term, table in zip(self.terms, tables, strict=True)]
        value = sum(term.factor * value for term, (value, _) in zip(self.terms, measured, strict=True))
        return float(value), [slopes for _, slopes in measured]

    def _slope(self, slopes: Sequence[Slopes]) -> Floats:
        """Return the derivative by the weight of each cell."""
        total = np.zeros(len(self.cells.truth))
        for term, slope in zip(self.terms, slopes, strict=True):
            total += term.factor * slope.at(self.cells.truth, self.cells.said[term.model])
        return total

    def _doubted(self, tables: Sequence[Table], slopes: Sequence[Slopes], side: int) -> Linear:
        """Linearise with a row more in the cell that moves the value furthest to this side."""
        cells = self.cells
        truth, answers, reach = self._worst(slopes, side)
        size = self._doubt(slopes, reach)
        value, moved = self._at(
            [table.plus(truth, said, size) for table, said in zip(tables, answers, strict=True)]
        )
        own = sum(
            term.factor * slope.of_one(truth, said)
            for term, slope, said in zip(self.terms, moved, answers, strict=True)
        )
        units = cells.w * self._slope(moved)
        count = None
        if cells.cluster is None:
            count = np.append(cells.w**2 / cells.w2, 1.0)
        else:
            units = cluster_sums(units, cells.cluster, cells.w)
        return Linear(value, np.append(units, size * own), math.nan, cells.rows, count)

    def _worst(self, slopes: Sequence[Slopes], side: int) -> tuple[int, list[int], Floats]:
        """Return the cell, and how far a row of each class may move the value to this side."""
        moved, answers = np.zeros(self.cells.classes), []
        for term, slope in zip(self.terms, slopes, strict=True):
            said, far = slope.furthest(side if term.factor > 0 else -side)
            answers.append(said)
            moved += side * term.factor * far
        truth = int(moved.argmax())
        return truth, [int(said[truth]) for said in answers], np.maximum(moved, 0.0)

    def _doubt(self, slopes: Sequence[Slopes], reach: Floats) -> float:
        """Return the weight of the row of doubt: a typical row's, or that of so many as fail together."""
        cells = self.cells
        if cells.cluster is None:
            return float(cells.w2.sum() / cells.w.sum())
        share = reach / reach.max() if reach.max() > 0 else np.ones(len(reach))
        return doubt_of_cluster(cells.w, cells.w2, self._slope(slopes), share[cells.truth], cells.cluster)
