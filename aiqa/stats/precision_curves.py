"""Statistics of the precision-recall curve as functions of the weights at each step; see ``curves``.

Both are too large in small samples, since each positive row counts in the precision at its own score: by 0.04
with 20 positive rows. The jackknife tells by how much (Quenouille, Biometrika 43, 1956): leaving a row of a
step out lowers the counts of that step and of all lower ones, so that all rows take two passes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.curves import Curve, Floats, share, total

Height = Callable[[Floats, Floats], Floats]
"""From the precision at each step and at the next higher one to the height of the curve there."""


def average_precision(p: Floats, q: Floats) -> Curve:
    """Compute average precision: the mean, over the positive rows, of the precision at their score.

    The step-wise sum, as scikit-learn's; see below for two other numbers that are called PR-AUC.

    Examples
    --------
    >>> round(average_precision(np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])).value, 4)
    0.8333
    """
    hit, called = _upwards(p), _upwards(p + q)
    precision = _ratio(hit, called)
    gained, diluted = _moved(p, precision, called)
    positive = float(p.sum())
    value = total(p, precision) / positive
    return Curve(share(value), (precision - value + gained - diluted) / positive, diluted / -positive)


def precision_recall_area(p: Floats, q: Floats) -> Curve:
    """Compute the area under the precision-recall curve by trapezoids between all its points.

    As scikit-learn's ``auc(recall, precision)``: precision is 1 at recall 0.

    Examples
    --------
    >>> round(precision_recall_area(np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])).value, 4)
    0.7917
    """
    hit, called = _upwards(p), _upwards(p + q)
    precision = _ratio(hit, called)
    middle = (precision + _before(precision, called)) / 2
    gained, diluted = _moved(p + np.concatenate(([0.0], p[:-1])), precision, called)
    positive = float(p.sum())
    value = total(p, middle) / positive
    by_positive = (middle - value + (gained - diluted) / 2) / positive
    return Curve(share(value), by_positive, diluted / (-2 * positive))


def highest_precision_area(p: Floats, q: Floats) -> Curve:
    """Compute the same between the points of the highest precision at each recall, as ROCR's ``aucpr``.

    Examples
    --------
    >>> round(highest_precision_area(np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])).value, 4)
    0.9167
    """
    at, of = np.flatnonzero(p > 0), np.cumsum(p > 0) - 1
    curve = precision_recall_area(p[at], np.add.reduceat(q, at))
    positive = float(p.sum())
    lowest = (_ratio(np.full(len(p), positive), _upwards(p + q)) - curve.value) / positive
    by_positive = np.where(of < 0, lowest, curve.by_positive[of])
    return Curve(curve.value, by_positive, np.where(of < 0, 0.0, curve.by_negative[of]))


def _upwards(weights: Floats) -> Floats:
    """Return the weight of each step and all higher ones."""
    sums: Floats = np.cumsum(weights[::-1])[::-1]
    return sums


def _ratio(part: Floats, whole: Floats) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return shares


def _before(precision: Floats, called: Floats) -> Floats:
    """Return the precision at the next higher step: 1 where nothing is called there."""
    before: Floats = np.append(np.where(called[1:] > 0, precision[1:], 1.0), 1.0)
    return before


def _moved(counted: Floats, precision: Floats, called: Floats) -> tuple[Floats, Floats]:
    """Return by how much a row raises, if it is positive, and lowers the precision at its and lower steps."""
    inverse = _ratio(counted, called)
    return np.cumsum(inverse), np.cumsum(inverse * precision)


def average_precision_bias(p: Floats, q: Floats, units: tuple[float, float]) -> float:
    """Return the jackknife's estimate of by how much :func:`average_precision` is too large.

    Parameters
    ----------
    p, q : ndarray of float, shape (steps,)
    units : (float, float)
        The weight of one positive and of one negative row.
    """
    return _bias(p, q, units, lambda precision, _: precision)


def precision_recall_area_bias(p: Floats, q: Floats, units: tuple[float, float]) -> float:
    """Return the same of :func:`precision_recall_area`."""
    return _bias(p, q, units, _middle)


def highest_precision_area_bias(p: Floats, q: Floats, units: tuple[float, float]) -> float:
    """Return the same of :func:`highest_precision_area`."""
    at = np.flatnonzero(p > 0)
    return _bias(p[at], np.add.reduceat(q, at), units, _middle, emptied=True)


def _middle(precision: Floats, before: Floats) -> Floats:
    middle: Floats = (precision + before) / 2
    return middle


def _bias(
    p: Floats, q: Floats, units: tuple[float, float], height: Height, *, emptied: bool = False
) -> float:
    """Return the sum, over all rows, of what leaving the row out adds to the value.

    `emptied` tells that a step without positive rows is no point of the curve.
    """
    positive, (one, other) = float(p.sum()), units
    if positive <= one:
        return 0.0
    hit, called = _upwards(p), _upwards(p + q)
    before = _before(_ratio(hit, called), called)
    heights = p * height(_ratio(hit, called), before)
    value = float(heights.sum()) / positive
    above = _upwards(heights) - heights
    gone = (p <= one) & emptied
    sums = above + _without(p, hit - one, called - one, before, height, one, gone)
    bias = total(p / one, sums / (positive - one) - value)
    sums = above + _without(p, hit, called - other, before, height, 0.0, np.zeros(len(p), bool))
    return bias + total(q / other, sums / positive - value)


def _without(
    p: Floats,
    hit: Floats,
    called: Floats,
    before: Floats,
    height: Height,
    one: float,
    gone: NDArray[np.bool_],
) -> Floats:
    """Return what a step and all lower ones add up to where a row is left out of it.

    Where its point is then `gone`, the next lower step follows on the next higher one.
    """
    precision = np.maximum(_ratio(hit, called), 0.0)
    lower = p * height(precision, _before(precision, called))
    joined = p[:-1] * height(precision[:-1], before[1:]) - lower[:-1]
    sums: Floats = np.cumsum(lower) - lower + (p - one) * height(precision, before)
    sums[1:] += np.where(gone[1:], joined, 0.0)
    return sums
