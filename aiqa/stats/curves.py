"""Statistics of ranks as functions of the weights at each step of rising score, with their derivatives.

Each takes the weights of positive and of negative rows by step, ``(p, q)``, and returns the value and its
derivatives by the weight of a positive and of a negative row at each step (the influence function). A row's
influence sums to 0 over the table. Exact with ties, O(steps).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_THREADED = 10_000


class Curve(NamedTuple):
    """A statistic at some weights: its value and its derivatives by the weights, shape (steps,) each."""

    value: float
    by_positive: Floats
    by_negative: Floats


CurveOf = Callable[[Floats, Floats], Curve]


def roc_area(p: Floats, q: Floats) -> Curve:
    """Compute the area under the ROC curve: the chance that a positive row outscores a negative one.

    The derivatives are DeLong's placements less the value (DeLong, DeLong & Clarke-Pearson, Biometrics 44,
    1988): his variance is their sum of squares over the rows, but for m/(m-1).

    Examples
    --------
    >>> roc_area(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0])).value
    0.875
    """
    positive, negative = float(p.sum()), float(q.sum())
    below = _midway(q)
    below /= negative
    value = total(p, below) / positive
    above = _midway(p)
    above /= -positive
    above += 1 - value
    below -= value
    below /= positive
    above /= negative
    return Curve(share(value), below, above)


def _midway(weights: Floats) -> Floats:
    """Return the weight of all lower steps and half of the own."""
    half: Floats = np.cumsum(weights)
    half -= weights / 2
    return half


def total(weights: Floats, values: Floats) -> float:
    """Return the sum of products, in one thread: those that BLAS takes for it cost more than they save."""
    if len(weights) < _THREADED:
        return float(np.dot(weights, values))
    return float(np.einsum("i,i->", weights, values))


def share(value: float) -> float:
    """Return the value without what rounding has put beyond [0, 1]."""
    return min(1.0, max(0.0, value))


def partial_area(p: Floats, q: Floats, max_fpr: float) -> Curve:
    """Compute the area under the ROC curve up to a false positive rate, in [0, max_fpr].

    The curve is cut by linear interpolation, as pROC and scikit-learn do. A negative row's derivative counts
    what it takes the place of at the cut (the derivative of an integral up to a quantile).

    Examples
    --------
    >>> partial_area(np.array([0.0, 1.0]), np.array([1.0, 1.0]), 1.0).value
    0.75
    """
    positive, negative = float(p.sum()), float(q.sum())
    higher = negative - np.cumsum(q)
    hit = (positive - np.cumsum(p)) / positive
    room = max_fpr * negative - higher
    inside = np.clip(np.divide(room, q, out=(room > 0).astype(float), where=q > 0), 0.0, 1.0)
    taken, own = q * inside / negative, p / positive
    height = hit + inside * own / 2
    value = total(taken, height)
    cut = int(np.argmax(room > 0))
    level = float(hit[cut] + inside[cut] * own[cut])
    beaten = np.cumsum(taken) - taken + taken * inside / 2
    loss = inside * (height - level) - (value - level * max_fpr)
    return Curve(value, (beaten - value) / positive, loss / negative)


def mcclish(curve: Curve, max_fpr: float) -> Curve:
    """Standardise a partial area: 0.5 for a random model, 1 for a perfect one.

    McClish, Medical Decision Making 9 (1989); scikit-learn's ``roc_auc_score(max_fpr=)``.
    """
    least = max_fpr**2 / 2
    scale = 0.5 / (max_fpr - least)
    value = 0.5 + scale * (curve.value - least)
    return Curve(value, curve.by_positive * scale, curve.by_negative * scale)
