"""Quantiles: order statistics, and weighted ones by Woodruff's method."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.functional import Functional, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.skewed import quantile_t
from aiqa.stats.special import betainc

Floats = NDArray[np.float64]


def weighted_quantile(values: NDArray[Any], weight: NDArray[Any] | None, share: float) -> float:
    """Return the value below which a `share` of the weight lies.

    Where the share falls between two values, their mean (Hyndman & Fan's averaged inverted distribution
    function, The American Statistician 50, 1996; NumPy's ``averaged_inverted_cdf``).

    Examples
    --------
    >>> weighted_quantile(np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 2.0]), 0.5)
    6.0
    """
    weights = np.ones(len(values)) if weight is None else weight
    values, weights = values[weights > 0], weights[weights > 0]
    if len(values) == 0:
        return math.nan
    order = np.argsort(values)
    rising = np.cumsum(weights[order])
    wanted = rising[-1] * share
    rounding = 4 * np.finfo(float).eps * rising[-1]
    at = min(int(np.searchsorted(rising, wanted - rounding)), len(order) - 1)
    above = min(at + 1, len(order) - 1) if rising[at] <= wanted + rounding else at
    return float((values[order[at]] + values[order[above]]) / 2)


def quantile_functional(
    values: NDArray[Any], weight: NDArray[Any] | None, share: float, *, floor: float = -math.inf
) -> Functional:
    """Return a quantile as a functional, its influence by the slope of the quantiles around it.

    (Woodruff, JASA 47, 1952: how far the quantile moves when the share does by a standard error or so.)

    Examples
    --------
    >>> quantile_functional(np.arange(5.0), None, 0.5).linear().value
    2.0
    """

    def value(weights: Floats) -> float:
        return weighted_quantile(values, weights, share)

    def influence(weights: Floats) -> Floats:
        total = float(weights.sum())
        step = 2 * math.sqrt(share * (1 - share) * float(weights @ weights)) / total
        low, high = max(0.0, share - step), min(1.0, share + step)
        ends = [weighted_quantile(values, weights, end) for end in (low, high)]
        slope = (ends[1] - ends[0]) / (high - low)
        below = (values < value(weights)) + (values == value(weights)) * 0.5
        moved: Floats = -weights / total * (below - float(weights @ below) / total) * slope
        return moved

    weights = np.ones(len(values)) if weight is None else weight
    return Functional(weights, value, influence, len(values), (floor, math.inf), smooth=False)


def clustered_trials(
    values: NDArray[Any], weight: NDArray[Any] | None, clusters: NDArray[np.int64], share: float
) -> float:
    """Return how many independent rows would tell as much of a quantile as these clusters.

    From the variance of the share of the weight below it, that of a share of independent rows, and the
    degrees of freedom (Korn & Graubard, Survey Methodology 24, 1998); at most Kish's number of rows.
    """
    below = (values <= weighted_quantile(values, weight, share)).astype(float)
    linear = mean_of(below, weight).linear(clusters)
    df, weights = linear.effective - 1, np.ones(len(values)) if weight is None else weight
    kish = float(weights.sum() ** 2 / (weights @ weights))
    if df < 1e-9:
        return 1.0
    variance = linear.moment(2) * linear.effective / df
    if variance <= 0:
        return min(kish, linear.effective)
    trials = linear.value * (1 - linear.value) / variance
    return min(kish, trials * (quantile_t(0.05, kish - 1) / quantile_t(0.05, df)) ** 2)


def quantile(
    value: float,
    values: NDArray[Any],
    weight: NDArray[Any] | None,
    share: float,
    *,
    clusters: NDArray[np.int64] | None = None,
    floor: float = -math.inf,
) -> Inference:
    """Infer a quantile by order statistics (exact, whatever the distribution).

    With weights or clusters by Woodruff (JASA 47, 1952): the same ranks among the effective n, as shares of
    the weight. The effective n is Kish's, of clusters that of :func:`clustered_trials`.

    Parameters
    ----------
    value : float
        The point estimate.
    values : ndarray of float, shape (n,)
    weight : ndarray of float, shape (n,), optional
    share : float
        Which quantile: 0.5 is the median.
    clusters : ndarray of int, shape (n,), optional
        Which rows belong together.
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
    size = float(rising[-1] ** 2 / (weights @ weights))
    if clusters is not None:
        size = clustered_trials(values, weight, clusters, share)

    def at(rank: int) -> float:
        place = np.searchsorted(rising, rank / size * rising[-1] * (1 - 1e-12))
        return float(ranked[min(int(place), n - 1)])

    def lower(alpha: float) -> float:
        rank = _rank_below(size, share, alpha)
        return min(value, at(rank)) if rank >= 1 else floor

    def upper(alpha: float) -> float:
        rank = _rank_below(size, 1 - share, alpha)
        return max(value, at(math.ceil(size - 1e-9) + 1 - rank)) if rank >= 1 else math.inf

    exact = weight is None and clusters is None
    name = "order statistics" if exact else f"woodruff (effective n {size:.0f})"
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
