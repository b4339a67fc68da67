"""Truth against answers in cells: agreement, association and costs, with their derivatives.

Every measure here is a function of the weights of the cells. Its derivative by them gives its error, alone or
against another model on the same rows (:mod:`aiqa.stats.cells`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]
Average = Literal["macro", "weighted", "balanced"]


class Table:
    """Weights by truth and answer, with their sums.

    Parameters
    ----------
    truth, said : ndarray of int, shape (cells,)
        Class codes; cells may repeat.
    weight : ndarray of float, shape (cells,)
    classes : int

    Attributes
    ----------
    total : float
    truly, called, hit : ndarray of float, shape (classes,)
        The weight of each class, that is called so, and that is both.
    """

    __slots__ = ("called", "classes", "hit", "more", "said", "total", "truly", "truth", "weight")

    def __init__(self, truth: Codes, said: Codes, weight: Floats, classes: int) -> None:
        self.truth, self.said, self.weight, self.classes = truth, said, weight, classes
        self.total = float(weight.sum())
        self.truly = _sums(truth, weight, classes)
        self.called = _sums(said, weight, classes)
        self.hit = _sums(truth, weight * (truth == said), classes)
        self.more: tuple[int, int, float] | None = None

    def plus(self, truth: int, said: int, weight: float) -> Table:
        """Return the sums with the weight of one more cell, which the cells themselves are kept without.

        Examples
        --------
        >>> Table.of([[20, 5], [10, 15]]).plus(0, 1, 2.0).called.tolist()
        [30.0, 22.0]
        """
        table: Table = object.__new__(Table)
        table.truth, table.said, table.weight, table.classes = (
            self.truth,
            self.said,
            self.weight,
            self.classes,
        )
        table.total = self.total + weight
        table.truly, table.called, table.hit = self.truly.copy(), self.called.copy(), self.hit.copy()
        table.truly[truth] += weight
        table.called[said] += weight
        if truth == said:
            table.hit[truth] += weight
        table.more = truth, said, weight
        return table

    @classmethod
    def of(cls, matrix: Sequence[Sequence[float]] | Floats) -> Table:
        """Return the table of a square confusion matrix: truth in rows, answers in columns.

        Examples
        --------
        >>> Table.of([[20, 5], [10, 15]]).total
        50.0
        """
        counts = np.asarray(matrix, dtype=float)
        truth, said = (code.ravel() for code in np.indices(counts.shape))
        return cls(truth, said, counts.ravel(), len(counts))

    @property
    def present(self) -> Bools:
        """Which classes there are, in truth or among the answers."""
        return (self.truly > 0) | (self.called > 0)

    def mean_of(self, matrix: Floats) -> float:
        """Return the mean over the weight of what `matrix`, shape (classes, classes), gives each cell."""
        total = float(self.weight @ matrix[self.truth, self.said])
        if self.more is not None:
            truth, said, weight = self.more
            total += weight * float(matrix[truth, said])
        return total / self.total


def _sums(codes: Codes, weight: Floats, classes: int) -> Floats:
    return np.bincount(codes, weights=weight, minlength=classes).astype(float)


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """The derivative of a measure by the weight of any cell, also of those in which nothing was seen.

    It is ``truth[i] + said[j] + (i == j) * same[i] + each[i, j]`` at truth i and answer j.

    Parameters
    ----------
    truth, said, same : ndarray of float, shape (classes,)
    each : ndarray of float, shape (classes, classes), optional
    truths, answers : ndarray of bool, shape (classes,), optional
        Among which classes a further row may fall without changing what is averaged over. Default: all.
    """

    truth: Floats
    said: Floats
    same: Floats
    each: Floats | None = None
    truths: Bools | None = None
    answers: Bools | None = None

    def at(self, truth: Codes, said: Codes) -> Floats:
        """Return the derivatives at cells."""
        slopes: Floats = self.truth[truth] + self.said[said] + np.where(truth == said, self.same[truth], 0.0)
        return slopes if self.each is None else slopes + self.each[truth, said]

    def of_one(self, truth: int, said: int) -> float:
        """Return the derivative at one cell."""
        slope = float(self.truth[truth] + self.said[said])
        if truth == said:
            slope += float(self.same[truth])
        return slope if self.each is None else slope + float(self.each[truth, said])

    def times(self, factor: float) -> Slopes:
        """Return the derivatives of a function of the measure whose own derivative is `factor`."""
        each = None if self.each is None else factor * self.each
        return Slopes(
            factor * self.truth, factor * self.said, factor * self.same, each, self.truths, self.answers
        )

    def furthest(self, side: int) -> tuple[Codes, Floats]:
        """Return for each truth the answer that moves the measure furthest to this `side`, and its slope."""
        codes = np.arange(len(self.said))
        best = self._by_rank(side) if self.each is None else self._among_all(side, self.each)
        slopes = self.at(codes, best)
        return best, slopes if self.truths is None else np.where(self.truths, slopes, -side * math.inf)

    def _open(self, side: int) -> Floats:
        said: Floats = side * self.said
        return said if self.answers is None else np.where(self.answers, said, -math.inf)

    def _among_all(self, side: int, each: Floats) -> Codes:
        best: Codes = (self._open(side) + side * (np.diag(self.same) + each)).argmax(axis=1)
        return best

    def _by_rank(self, side: int) -> Codes:
        """Compare each truth's own class with the best of the others, which is the best or the next to it."""
        said, codes = self._open(side), np.arange(len(self.said))
        order = np.argsort(said)[-2:]
        other = np.where(codes == order[-1], order[0], order[-1])
        best: Codes = np.where((said + side * self.same >= said[other]) | (other == codes), codes, other)
        return best


Measure = Callable[[Table], tuple[float, Slopes]]
"""From a table to a value (NaN where it has none) and its slopes."""


class Ratio(NamedTuple):
    """A ratio of a class: coefficients of (hits, rows of it, rows called it, all rows) over the same."""

    above: tuple[float, float, float, float]
    below: tuple[float, float, float, float]


PRECISION = Ratio((1, 0, 0, 0), (0, 0, 1, 0))
RECALL = Ratio((1, 0, 0, 0), (0, 1, 0, 0))
JACCARD = Ratio((1, 0, 0, 0), (-1, 1, 1, 0))
SPECIFICITY = Ratio((1, -1, -1, 1), (0, -1, 0, 1))
NPV = Ratio((1, -1, -1, 1), (0, 0, -1, 1))
FPR = Ratio((-1, 0, 1, 0), (0, -1, 0, 1))


def fbeta(beta: float) -> Ratio:
    """Return the ratio (1 + b²) TP / ((1 + b²) TP + b² FN + FP) (van Rijsbergen, 1979).

    Examples
    --------
    >>> round(of_class(fbeta(1.0), 1)(Table.of([[20, 5], [10, 15]]))[0], 6)
    0.666667
    """
    b2 = beta**2
    return Ratio((1 + b2, 0, 0, 0), (0, b2, 1, 0))


def _ratios(table: Table, ratio: Floats) -> tuple[Floats, Floats, Bools]:
    """Return each class's value (0 without trials), its derivatives by the four, and which have trials."""
    parts = np.empty((4, table.classes))
    parts[0], parts[1], parts[2], parts[3] = table.hit, table.truly, table.called, table.total
    above, below = ratio @ parts
    defined = below > 1e-12 * table.total
    inverse = np.divide(1.0, below, out=np.zeros(table.classes), where=defined)
    values = above * inverse
    up, down = ratio[:, :, None]
    return values, (up - values * down) * inverse, defined


def of_class(ratio: Ratio, code: int) -> Measure:
    """Return the measure that is a ratio of one class; NaN where the class has no trials."""
    factors = np.array(ratio, dtype=float)

    def measure(table: Table) -> tuple[float, Slopes]:
        values, moved, defined = _ratios(table, factors)
        hit, truth, said, total = moved * (np.arange(table.classes) == code)
        slopes = Slopes(truth + total[code], said, hit)
        return float(values[code]) if defined[code] else math.nan, slopes

    return measure


def averaged(ratio: Ratio, kind: Average) -> Measure:
    """Return the measure that is a mean of a ratio over classes.

    Parameters
    ----------
    ratio : Ratio
        A class without trials counts as 0.
    kind : {"macro", "weighted", "balanced"}
        Every class that is present counts the same; by its rows; every class that has rows counts the same.

    Examples
    --------
    >>> round(averaged(RECALL, "balanced")(Table.of([[20, 5], [10, 15]]))[0], 6)
    0.7
    """
    factors = np.array(ratio, dtype=float)

    def measure(table: Table) -> tuple[float, Slopes]:
        values, moved, _ = _ratios(table, factors)
        present = table.truly > 0 if kind == "balanced" else table.present
        size = table.truly if kind == "weighted" else present.astype(float)
        shares = size / size.sum()
        value = float(shares @ values)
        hit, truth, said, total = shares * moved
        drift = (values - value) / table.total if kind == "weighted" else 0.0
        answers = None if kind == "balanced" else present
        return value, Slopes(truth + float(total.sum()) + drift, said, hit, truths=present, answers=answers)

    return measure


def accuracy(table: Table) -> tuple[float, Slopes]:
    """Return the share of rows that are called what they are.

    Examples
    --------
    >>> accuracy(Table.of([[20, 5], [10, 15]]))[0]
    0.7
    """
    none, value = np.zeros(table.classes), float(table.hit.sum()) / table.total
    return value, Slopes(none - value / table.total, none, none + 1 / table.total)


def share_called(code: int) -> Measure:
    """Return the measure that is the share of rows called one class."""

    def measure(table: Table) -> tuple[float, Slopes]:
        none, value = np.zeros(table.classes), float(table.called[code]) / table.total
        mine = (np.arange(table.classes) == code) / table.total
        return value, Slopes(none - value / table.total, mine, none)

    return measure


def mapped(measure: Measure, function: Callable[[float], float], slope: Callable[[float], float]) -> Measure:
    """Return a smooth function of a measure, given its derivative."""

    def of(table: Table) -> tuple[float, Slopes]:
        value, slopes = measure(table)
        return function(value), slopes.times(slope(value))

    return of


def mcc(table: Table) -> tuple[float, Slopes]:
    """Return Matthews' correlation coefficient, for several classes R_K.

    Matthews, Biochimica et Biophysica Acta 405 (1975); Gorodkin, Computational Biology and Chemistry 28
    (2004). Answers that are all the same have the value 0, as in scikit-learn; NaN where the truth is.

    Examples
    --------
    >>> round(mcc(Table.of([[200, 23], [43, 66]]))[0], 6)
    0.532583
    """
    n, truly, called = table.total, table.truly, table.called
    agreed, same = float(table.hit.sum()), np.full(table.classes, n)
    apart = n**2 - float(truly @ truly), n**2 - float(called @ called)
    if min(apart) <= 1e-12 * n**2:
        # The slopes of the covariance: they say which further row would bring the value off 0.
        flat = Slopes(agreed / 2 - called, agreed / 2 - truly, same)
        return math.nan if apart[0] <= 1e-12 * n**2 else 0.0, flat
    root = math.sqrt(apart[0] * apart[1])
    value = (agreed * n - float(truly @ called)) / root
    slopes = Slopes(
        (agreed / 2 - called) / root - value * (n - truly) / apart[0],
        (agreed / 2 - truly) / root - value * (n - called) / apart[1],
        same / root,
    )
    return value, slopes


def cohen_kappa(weights: str | None = None) -> Measure:
    """Return Cohen's kappa (Educational and Psychological Measurement 20, 1960), weighted too (1968).

    Its delta-method error is the asymptotic one of Fleiss, Cohen & Everitt (Psychological Bulletin 72, 1969).
    NaN where truth and answers are all of one class.

    Parameters
    ----------
    weights : {"linear", "quadratic"}, optional
        How far apart two classes are, by their order. Default: all the same.

    Examples
    --------
    >>> round(cohen_kappa()(Table.of([[200, 23], [43, 66]]))[0], 6)
    0.527086
    """

    def measure(table: Table) -> tuple[float, Slopes]:
        truth, said, each, seen, expected = _disagreement(table, weights)
        none = np.zeros(table.classes)
        if expected <= 1e-12:
            return math.nan, Slopes(none, none, none)
        unit, ratio = 1 / (table.total * expected), seen / expected
        slopes = Slopes(
            unit * ratio * (truth - expected) + unit * (seen - (each is None)),
            unit * ratio * (said - expected),
            none + unit if each is None else none,
            None if each is None else -each * unit,
        )
        return 1 - ratio, slopes

    return measure


def _disagreement(table: Table, weights: str | None) -> tuple[Floats, Floats, Floats | None, float, float]:
    """Return chance disagreement by truth and by answer, the weights, what is seen, and what chance gives."""
    truly, called = table.truly / table.total, table.called / table.total
    if weights is None:
        seen = 1 - float(table.hit.sum()) / table.total
        return 1 - called, 1 - truly, None, seen, 1 - float(truly @ called)
    ranks = np.arange(table.classes, dtype=float)
    each = np.abs(ranks[:, None] - ranks) ** (1 if weights == "linear" else 2)
    truth = each @ called
    return truth, truly @ each, each, table.mean_of(each), float(truly @ truth)


def expected_cost(costs: Floats) -> Measure:
    """Return the mean cost of a row, from the cost of each truth and answer, shape (classes, classes).

    Elkan, "The foundations of cost-sensitive learning" (IJCAI 2001).

    Examples
    --------
    >>> expected_cost(np.array([[0.0, 1.0], [5.0, 0.0]]))(Table.of([[20, 5], [10, 15]]))[0]
    1.1
    """

    def measure(table: Table) -> tuple[float, Slopes]:
        value, none = table.mean_of(costs), np.zeros(table.classes)
        return value, Slopes(none - value / table.total, none, none, costs / table.total)

    return measure
