"""Two models' scores of the same rows by bin: a summary that adds up, from which their areas are compared.

Histograms of each model by itself do not tell how far the two agree on the same rows, which is what a paired
comparison lives on. So rows are also counted by both scores at once, in coarser bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.curves import Floats
from aiqa.stats.ranked import Ranked, satterthwaite
from aiqa.stats.roc import AREA, area_of
from aiqa.stats.row_ranks import paired_pulls, spread_of
from aiqa.stats.score_histogram import ScoreHistogram, histogram_of
from aiqa.stats.steps import Bools

COARSE = 256
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class JointHistogram:
    """The weights of rows by bin of either model's score, and by both in coarse bins.

    Parameters
    ----------
    first, second : ScoreHistogram
        Of the same rows.
    cells, cells2 : ndarray of float, shape (2, coarse, coarse)
        Sums of weights and of squared weights: of negative and positive rows, by the coarse bin of the first
        score and of the second.
    """

    first: ScoreHistogram
    second: ScoreHistogram
    cells: Floats
    cells2: Floats

    def merge(self, other: JointHistogram) -> JointHistogram:
        """Return the histogram of both parts together; they must have the same cuts."""
        return JointHistogram(
            self.first.merge(other.first),
            self.second.merge(other.second),
            self.cells + other.cells,
            self.cells2 + other.cells2,
        )


def joint_histogram_of(
    truth: Bools,
    scores: tuple[NDArray[Any], NDArray[Any]],
    cuts: tuple[Floats, Floats],
    weight: NDArray[Any] | None = None,
) -> JointHistogram:
    """Count rows by the bins of two scores.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    scores : tuple of ndarray of float, each (n,)
        Finite.
    cuts : tuple of ndarray of float
        Of :func:`~aiqa.stats.score_histogram.cuts_of`, of each score.
    weight : ndarray of float, shape (n,), optional
        Not negative.

    Examples
    --------
    >>> truth, score = np.array([False, True, True]), np.array([0.1, 0.1, 0.7])
    >>> joint = joint_histogram_of(truth, (score, -score), (np.array([0.5]), np.array([-0.5])))
    >>> joint.cells.sum(axis=(1, 2)).tolist()
    [1.0, 2.0]
    """
    first, second = (histogram_of(truth, s, c, weight) for s, c in zip(scores, cuts, strict=True))
    bins = [np.searchsorted(coarse_cuts(c), s, side="right") for s, c in zip(scores, cuts, strict=True)]
    place = (truth * COARSE + bins[0]) * COARSE + bins[1]
    shape = (2, COARSE, COARSE)
    cells, cells2 = (
        np.bincount(place, weights=of, minlength=math.prod(shape)).reshape(shape).astype(float)
        for of in ((None, None) if weight is None else (weight, weight * weight))
    )
    return JointHistogram(first, second, cells, cells2)


def coarse_cuts(cuts: Floats) -> Floats:
    """Return the cuts at which coarse bins begin.

    Examples
    --------
    >>> coarse_cuts(np.array([0.25, 0.5])).tolist()
    [0.25, 0.5]
    """
    found: Floats = cuts[_starts(len(cuts) + 1)[1:] - 1]
    return found


def _starts(bins: int) -> Codes:
    """Return the first bin of each coarse one."""
    return np.unique(np.arange(COARSE) * bins // COARSE)


def difference_of_areas(joint: JointHistogram) -> Ranked:
    """Return the area of the first score minus that of the second, with the moments of its error.

    The areas are those of the fine bins, each within its own bound. The variance is that of the difference of
    placements in the coarse cells, enlarged by what placements vary within them (Minkowski's inequality), so
    that it is never too small.

    Raises
    ------
    ValueError
        If one of the classes has no rows.
    """
    models = [area_of(histogram.steps) for histogram in (joint.first, joint.second)]
    curves = [AREA.curve(h.positive, h.negative) for h in (joint.first, joint.second)]
    sides = [_side(joint, kind, [(c.by_negative, c.by_positive)[kind] for c in curves]) for kind in (1, 0)]
    sizes = models[0].sizes
    variance, df = satterthwaite([side[0] for side in sides], sizes)
    spreads = [
        tuple(spread_of(by, w) for by, w in ((c.by_positive, h.positive), (c.by_negative, h.negative)))
        for c, h in zip(curves, (joint.first, joint.second), strict=True)
    ]
    slack = models[0].slack[0] + models[1].slack[0]
    return Ranked(
        models[0].value - models[1].value,
        variance,
        sides[0][1] + sides[1][1],
        df,
        paired_pulls(models[0].pulls, models[1].pulls, spreads[0], spreads[1]),
        sizes,
        models[0].rows,
        models[0].n,
        "paired delong",
        (-1.0, 1.0),
        slack=(slack, slack),
    )


def _side(joint: JointHistogram, kind: int, derivatives: list[Floats]) -> tuple[float, float]:
    """Return what one class adds to the variance and to the third moment."""
    within, coarse = 0.0, []
    for histogram, derivative in zip((joint.first, joint.second), derivatives, strict=True):
        weight = (histogram.negative, histogram.positive)[kind]
        squares = (histogram.negative2, histogram.positive2)[kind]
        means = _means(derivative, weight)
        coarse.append(means)
        apart = derivative - np.repeat(means, np.diff(_starts(len(weight)), append=len(weight)))
        within += math.sqrt(float((squares * apart**2).sum()))
    gap = _padded(coarse[0])[:, None] - _padded(coarse[1])[None, :]
    cells, squares = joint.cells[kind], joint.cells2[kind]
    cubes = np.divide(squares**2, cells, out=np.zeros(cells.shape), where=cells > 0)
    spread = math.sqrt(float((squares * gap**2).sum())) + within
    return spread**2, float((cubes * gap**3).sum())


def _means(derivative: Floats, weight: Floats) -> Floats:
    """Return the mean derivative in each coarse bin."""
    starts = _starts(len(weight))
    sums, weights = (np.add.reduceat(of, starts) for of in (derivative * weight, weight))
    means: Floats = np.divide(sums, weights, out=np.zeros(len(sums)), where=weights > 0)
    return means


def _padded(means: Floats) -> Floats:
    return np.concatenate((means, np.zeros(COARSE - len(means))))
