"""Means of bounded values in the order in which they came: confidence sequences that assume no more.

Waudby-Smith & Ramdas, Journal of the Royal Statistical Society B 86 (2024). Both hold at every look at once,
for any values of [low, high] of which each has the same mean whatever came before it. They need the values in
order, so they are for programs and notebooks; gates use :mod:`aiqa.stats.sequential`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference

Floats = NDArray[np.float64]
_TUNED_TO = 0.05
"""The error rate for which bets are sized; they hold for any."""
_LARGEST_BET = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """Values of [0, 1], and of each what those before it told.

    Parameters
    ----------
    value : ndarray of float, shape (n,)
    mean : ndarray of float, shape (n,)
        Before each value; 1/2 at first.
    bet : ndarray of float, shape (n,)
        How much to bet, by the variance of those before it.
    """

    value: Floats
    mean: Floats
    bet: Floats

    @classmethod
    def of(cls, value: Floats) -> _Past:
        times = np.arange(1, len(value) + 1)
        means = (0.5 + np.cumsum(value)) / (times + 1)
        variances = (0.25 + np.cumsum((value - means) ** 2)) / (times + 1)
        before = np.concatenate([[0.25], variances[:-1]])
        bet = np.sqrt(-2 * math.log(_TUNED_TO) / (before * times * np.log1p(times)))
        return cls(value, np.concatenate([[0.5], means[:-1]]), bet)


_Bound = Callable[[_Past, float], float]


def empirical_bernstein(
    values: Sequence[float] | Floats, *, low: float = 0.0, high: float = 1.0
) -> Inference:
    """Infer the mean of bounded values by the predictable plug-in empirical Bernstein sequence.

    Their theorem 2, in closed form. :func:`betting` is tighter.

    Parameters
    ----------
    values : sequence of float, shape (n,)
        In the order in which they came.
    low, high : float, default 0 and 1
        What no value can be beyond.

    Raises
    ------
    ValueError
        If there is no value, or one is beyond the bounds.

    Examples
    --------
    >>> print(empirical_bernstein([0.4, 0.6] * 500).estimate())
    0.5000 [0.4880, 0.5119], n 1,000
    """
    unit = _unit(values, low, high)
    return _scaled(unit, low, high, "empirical Bernstein confidence sequence", _bernstein_lower)


def _bernstein_lower(past: _Past, alpha: float) -> float:
    bet = np.minimum(past.bet, _LARGEST_BET)
    cost = 4 * (past.value - past.mean) ** 2 * (-np.log1p(-bet) - bet) / 4
    bounds = (np.cumsum(bet * past.value) - np.cumsum(cost) + math.log(alpha)) / np.cumsum(bet)
    return max(0.0, float(bounds.max()))


def betting(values: Sequence[float] | Floats, *, low: float = 0.0, high: float = 1.0) -> Inference:
    """Infer the mean of bounded values by betting against each mean.

    The capital of one who bets that the mean exceeds m (their theorem 3, each side by itself): m is below
    the bound once it has ever reached 1 / alpha.

    Parameters
    ----------
    values : sequence of float, shape (n,)
        In the order in which they came.
    low, high : float, default 0 and 1
        What no value can be beyond.

    Raises
    ------
    ValueError
        If there is no value, or one is beyond the bounds.

    Examples
    --------
    >>> print(betting([0.4, 0.6] * 500).estimate())
    0.5000 [0.4898, 0.5101], n 1,000
    """
    unit = _unit(values, low, high)
    return _scaled(unit, low, high, "betting confidence sequence", _betting_lower)


def _betting_lower(past: _Past, alpha: float) -> float:
    def refuted(mean: float) -> bool:
        bet = np.minimum(past.bet, _LARGEST_BET / mean)
        capital = np.cumsum(np.log1p(bet * (past.value - mean)))
        return float(capital.max()) >= -math.log(alpha)

    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def _unit(values: Sequence[float] | Floats, low: float, high: float) -> Floats:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not len(array):
        raise ValueError("a mean needs values, in one dimension")
    if not ((array >= low) & (array <= high)).all():
        raise ValueError(f"values lie between {low:g} and {high:g}; say low= and high=")
    unit: Floats = (array - low) / (high - low)
    return unit


def _scaled(unit: Floats, low: float, high: float, method: str, bound: _Bound) -> Inference:
    past, mirrored = _Past.of(unit), _Past.of(1 - unit)
    width, value = high - low, float(unit.mean())
    below = lru_cache(maxsize=64)(lambda alpha: min(value, bound(past, alpha)))
    above = lru_cache(maxsize=64)(lambda alpha: max(value, 1 - bound(mirrored, alpha)))
    return Inference(
        low + width * value,
        len(unit),
        method,
        lambda alpha: low + width * below(alpha),
        lambda alpha: low + width * above(alpha),
        always=True,
    )
