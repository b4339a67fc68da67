"""Positives and negatives by bin of the score: a summary of any number of rows that adds up over parts.

Bins of equal width fail on skewed scores. These follow the scores: their edges are quantiles of a sample, and
a score that many rows share gets a bin of its own, so that ties stay ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.curves import Floats
from aiqa.stats.steps import Bools, Steps

BINS = 2**16
_SAMPLE = 2**20
_CHUNK = 2**24


@dataclass(frozen=True, slots=True, eq=False)
class ScoreHistogram:
    """The weights of positive and negative rows by bin of their score.

    Parameters
    ----------
    cuts : ndarray of float, shape (bins - 1,)
        Rising. A bin holds the scores from one cut, included, to the next, excluded.
    positive, negative : ndarray of float, shape (bins,)
        Sums of weights.
    positive2, negative2 : ndarray of float, shape (bins,)
        Sums of squared weights.
    rows : (int, int)
        Positive and negative rows that have weight.
    n : int
        All rows.
    """

    cuts: Floats
    positive: Floats
    negative: Floats
    positive2: Floats
    negative2: Floats
    rows: tuple[int, int]
    n: int

    def merge(self, other: ScoreHistogram) -> ScoreHistogram:
        """Return the histogram of both parts together.

        Raises
        ------
        ValueError
            If they have other cuts.
        """
        if not np.array_equal(self.cuts, other.cuts):
            raise ValueError("histograms of scores add up only where they have the same cuts")
        return ScoreHistogram(
            self.cuts,
            self.positive + other.positive,
            self.negative + other.negative,
            self.positive2 + other.positive2,
            self.negative2 + other.negative2,
            (self.rows[0] + other.rows[0], self.rows[1] + other.rows[1]),
            self.n + other.n,
        )

    @property
    def steps(self) -> Steps:
        """The bins as steps; those of both classes may hold unequal scores, but for one float wide ones."""
        wide = np.ones(len(self.positive), dtype=bool)
        wide[1:-1] = np.nextafter(self.cuts[:-1], np.inf) < self.cuts[1:]
        mixed = wide & (self.positive > 0) & (self.negative > 0)
        p, q, p2, q2 = self.positive, self.negative, self.positive2, self.negative2
        return Steps(p, q, p2, q2, self.rows, self.n, mixed)


def cuts_of(score: NDArray[Any], bins: int = BINS) -> Floats:
    """Choose cuts that follow the scores: quantiles of a sample of them, taken at even distances.

    Parameters
    ----------
    score : ndarray of float, shape (n,)
        Finite.
    bins : int
        About so many.

    Examples
    --------
    >>> cuts_of(np.array([0.1, 0.5, 0.5, 0.9])).round(3).tolist()
    [0.1, 0.1, 0.5, 0.5, 0.9, 0.9]
    """
    sample = np.sort(np.asarray(score, dtype=np.float64)[:: max(1, len(score) // _SAMPLE)])
    distinct = np.unique(sample)
    if len(distinct) <= bins // 2:
        shared = distinct
    else:
        picked = sample[np.linspace(0, len(sample) - 1, bins).astype(np.int64)]
        distinct, times = np.unique(picked, return_counts=True)
        shared = distinct[times > 1]
    cuts: Floats = np.unique(np.concatenate((distinct, np.nextafter(shared, np.inf))))
    return cuts


def histogram_of(
    truth: Bools, score: NDArray[Any], cuts: Floats, weight: NDArray[Any] | None = None
) -> ScoreHistogram:
    """Count rows by bin.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    score : ndarray of float, shape (n,)
        Finite.
    cuts : ndarray of float
        Of :func:`cuts_of`; parts of the same data must have the same.
    weight : ndarray of float, shape (n,), optional
        Not negative.

    Examples
    --------
    >>> truth, score = np.array([False, True, True]), np.array([0.1, 0.1, 0.7])
    >>> histogram_of(truth, score, np.array([0.5])).positive.tolist()
    [1.0, 1.0]
    """
    if weight is not None:
        return _weighed(truth, score, cuts, weight)
    counts = np.zeros((2, len(cuts) + 1))
    for start in range(0, len(truth), _CHUNK):
        part = slice(start, start + _CHUNK)
        for row, kind in enumerate((truth[part], ~truth[part])):
            # Sorting the scores takes a tenth of looking each of them up among the cuts.
            ends = np.searchsorted(np.sort(score[part][kind]), cuts)
            counts[row] += np.diff(ends, prepend=0, append=np.count_nonzero(kind))
    p, q = counts
    return ScoreHistogram(cuts, p, q, p, q, (int(p.sum()), int(q.sum())), len(truth))


def _weighed(truth: Bools, score: NDArray[Any], cuts: Floats, weight: NDArray[Any]) -> ScoreHistogram:
    bins = len(cuts) + 1
    place = np.searchsorted(cuts, score, side="right") + bins * ~truth
    (p, q), (p2, q2) = (
        np.bincount(place, weights=of, minlength=2 * bins).reshape(2, bins).astype(float)
        for of in (weight, weight * weight)
    )
    heavy = weight > 0
    rows = int(np.count_nonzero(truth & heavy)), int(np.count_nonzero(~truth & heavy))
    return ScoreHistogram(cuts, p, q, p2, q2, rows, len(truth))


def binned(steps: Steps, bins: int) -> Steps:
    """Return fewer steps, of about the same number of rows each; those that become one are mixed.

    Parameters
    ----------
    steps : Steps
    bins : int

    Examples
    --------
    >>> from aiqa.stats.steps import steps_of
    >>> steps = steps_of(np.array([False, True, True]), np.array([0.1, 0.3, 0.7]))
    >>> binned(steps, 2).positive.tolist()
    [0.0, 2.0]
    """
    if len(steps.positive) <= bins:
        return steps
    mass = steps.positive / steps.positive.sum() + steps.negative / steps.negative.sum()
    middle = np.cumsum(mass) - mass / 2
    bin_ = np.minimum((middle / 2 * bins).astype(np.int64), bins - 1)
    first = np.flatnonzero(np.diff(bin_, prepend=-1))
    p, q, p2, q2 = (
        np.add.reduceat(column, first)
        for column in (steps.positive, steps.negative, steps.positive2, steps.negative2)
    )
    several = np.add.reduceat((mass > 0).astype(np.int64), first) > 1
    mixed = several if steps.mixed is None else several | np.logical_or.reduceat(steps.mixed, first)
    return Steps(p, q, p2, q2, steps.rows, steps.n, mixed & (p > 0) & (q > 0))
