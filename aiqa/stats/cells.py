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
from aiqa.stats.gaffke import doubt_weight, freedom_of, infer_doubted
from aiqa.stats.inference import Inference
from aiqa.stats.linear import Linear
from aiqa.stats.skewed import REAL, Domain


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
        return self._at(self.cells, weight)[0]

    def influence(self, weight: Floats) -> Floats:
        """Return the derivative by each cell's weight, times that weight."""
        moved: Floats = weight * _slope(self.cells, self.terms, self._at(self.cells, weight)[1])
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
        value, slopes = self._at(cells, cells.w)
        size = doubt_weight(cells.w, cells.w2, _slope(cells, self.terms, slopes), cells.cluster)
        low, high = (self._doubted(slopes, side, size) for side in (-1, 1))
        return infer_doubted(
            value,
            cells.rows,
            low,
            high,
            domain=self.domain,
            freedom=freedom_of(cells.w, cells.cluster),
            support=self.support,
            support_of=self.support_of,
        )

    def _at(self, cells: Cells, weight: Floats) -> tuple[float, list[Slopes]]:
        measured = [term.measure(cells.table(term.model, weight)) for term in self.terms]
        value = sum(term.factor * value for term, (value, _) in zip(self.terms, measured, strict=True))
        return float(value), [slopes for _, slopes in measured]

    def _doubted(self, slopes: Sequence[Slopes], side: int, size: float) -> Linear:
        """Linearise with a row more in the cell that moves the value furthest to this side."""
        cells = self._with_row(slopes, side, size)
        value, moved = self._at(cells, cells.w)
        influence = cells.w * _slope(cells, self.terms, moved)
        if cells.cluster is None:
            return Linear(value, influence, math.nan, cells.rows, cells.w**2 / cells.w2)
        return Linear(value, cluster_sums(influence, cells.cluster, cells.w), math.nan, cells.rows)

    def _with_row(self, slopes: Sequence[Slopes], side: int, size: float) -> Cells:
        cells, answers, total = self.cells, list(self.cells.said), np.zeros(self.cells.classes)
        for term, slope in zip(self.terms, slopes, strict=True):
            answers[term.model], moved = slope.furthest(int(math.copysign(side, side * term.factor)))
            total = total + term.factor * moved
        truth = int((side * total).argmax())
        said = tuple(np.append(old, new[truth]) for old, new in zip(cells.said, answers, strict=True))
        return Cells(
            np.append(cells.truth, truth),
            said,
            np.append(cells.n, 0),
            np.append(cells.w, size),
            np.append(cells.w2, size**2),
            cells.classes,
            None if cells.cluster is None else np.append(cells.cluster, cells.cluster.max() + 1),
        )


def _slope(cells: Cells, terms: Sequence[Term], slopes: Sequence[Slopes]) -> Floats:
    total = np.zeros(len(cells.truth))
    for term, slope in zip(terms, slopes, strict=True):
        total += term.factor * slope.at(cells.truth, cells.said[term.model])
    return total
