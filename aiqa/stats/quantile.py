"""Quantiles: order statistics, and weighted ones by Woodruff's method."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.special import betainc

Floats = NDArray[np.float64]


def weighted_median(values: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
    """Return the median; with weights the mean of the values at and just above half of the weight.

    (Hyndman & Fan's averaged inverted distribution function, The American Statistician 50, 1996: with
    equal weights the usual median.)

    Examples
    --------
    >>> weighted_median(np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 2.0]))
    6.0
    """
    if weight is None:
        return float(np.median(values))
    values, weight = values[weight > 0], weight[weight > 0]
    order = np.argsort(values)
    rising = np.cumsum(weight[order])
    half = rising[-1] / 2
    at = int(np.searchsorted(rising, half))
    exact = rising[at] - half <= np.finfo(float).eps * max(1.0, rising[-1])
    above = min(at + 1, len(order) - 1) if exact else at
    return float((values[order[at]] + values[order[above]]) / 2)


def quantile(
    value: float, values: NDArray[Any], weight: NDArray[Any] | None, share: float, *, floor: float = -math.inf
) -> Inference:
    """Infer a quantile by order statistics (exact, whatever the distribution).

    With weights by Woodruff (JASA 47, 1952): the same ranks among Kish's effective n, as shares of the
    weight.

    Parameters
    ----------
    value : float
        The point estimate.
    values : ndarray of float, shape (n,)
    weight : ndarray of float, shape (n,), optional
    share : float
        Which quantile: 0.5 is the median.
    floor : float
        The least that the truth can be.

    Examples
    --------
    >>> print(quantile(50.0, np.arange(101.0), None, 0.5).estimate())
    50.0000 [40.0000, 60.0000], n 101
    """
    n = len(values)
    order = np.argsort(values)
    ranked = values[order]
    weights = np.ones(n) if weight is None else weight[order]
    rising = np.cumsum(weights)
    kish = float(rising[-1] ** 2 / (weights @ weights))

    def at(rank: int) -> float:
        place = np.searchsorted(rising, rank / kish * rising[-1] * (1 - 1e-12))
        return float(ranked[min(int(place), n - 1)])

    def lower(alpha: float) -> float:
        rank = _rank_below(kish, share, alpha)
        return min(value, at(rank)) if rank >= 1 else floor

    def upper(alpha: float) -> float:
        rank = _rank_below(kish, 1 - share, alpha)
        return max(value, at(math.ceil(kish - 1e-9) + 1 - rank)) if rank >= 1 else math.inf

    name = "order statistics" if weight is None else f"woodruff (effective n {kish:.0f})"
    return Inference(value, n, name, lower, upper)


def _rank_below(n: float, share: float, alpha: float) -> int:
    """Return the largest r such that with probability <= alpha fewer than r of n lie below the quantile.

    0 where even the smallest value is no bound. The binomial distribution by the incomplete beta function.
    """
    low, high = 0, math.floor(n + 1e-9)
    while low < high:
        middle = (low + high + 1) // 2
        chance = 1.0 if n - middle + 1 <= 0 else betainc(n - middle + 1, middle, 1 - share)
        low, high = (middle, high) if chance <= alpha else (low, middle - 1)
    return low
