"""Two models on the same rows: Tango's score interval and McNemar's exact test."""

from __future__ import annotations

import math
from collections.abc import Callable

from aiqa.stats.inference import Inference
from aiqa.stats.special import betainc, ndtri


def paired_proportions(
    gained: float, lost: float, n: int, *, trials: float | None = None, support_of: str = "rows"
) -> Inference:
    """Infer the difference of two shares of the same rows.

    Tango's score interval (Statistics in Medicine 17, 1998), by bisection of its test statistic. It stays
    sound where the two never disagree.

    Parameters
    ----------
    gained, lost : float
        Rows that only the first, and only the second has right.
    n : int
        Rows of the table.
    trials : float, optional
        Rows that count, agreements included. Default: `n`.
    support_of : str
        What `trials` counts.

    Examples
    --------
    >>> print(paired_proportions(25, 18, 332).estimate())
    0.0211 [-0.0183, 0.0614], n 332
    """
    size = float(n) if trials is None else trials
    value = (gained - lost) / size

    def statistic(difference: float) -> float:
        return _tango(gained, lost, size, difference)

    def lower(alpha: float) -> float:
        z = -ndtri(alpha)
        return _bisect(lambda difference: statistic(difference) <= z, -1.0, value)

    def upper(alpha: float) -> float:
        z = -ndtri(alpha)
        return -_bisect(lambda difference: -statistic(-difference) <= z, -1.0, -value)

    return Inference(value, n, "tango", lower, upper, None if trials is None else round(trials), support_of)


def _tango(gained: float, lost: float, n: float, difference: float) -> float:
    """Return Tango's score statistic against a true `difference`."""
    linear = -gained - lost + (2 * n - gained + lost) * difference
    constant = -lost * difference * (1 - difference)
    share = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    distance = gained - lost - n * difference
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-12 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _bisect(plausible: Callable[[float], bool], low: float, high: float) -> float:
    """Return the smallest plausible number of [low, high], given that all above it are."""
    if plausible(low):
        return low
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if plausible(middle) else (middle, high)
    return low


def mcnemar(gained: float, lost: float) -> float:
    """Return the two-sided p-value of McNemar's exact test that neither model is right more often.

    Examples
    --------
    >>> round(mcnemar(25, 18), 6)
    0.360378
    """
    few, total = min(gained, lost), gained + lost
    return 1.0 if gained == lost else min(1.0, 2 * betainc(total - few, few + 1, 0.5))


def independent_difference(first: Inference, second: Inference) -> Inference:
    """Infer the difference of two quantities of independent rows by MOVER.

    The method of variance estimates recovery (Zou & Donner, Statistics in Medicine 27, 2008): each bound
    lies as far from the difference as the roots of the squared distances of the two nearer bounds say. With
    Wilson's bounds it is Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10).

    Examples
    --------
    >>> from aiqa.stats.proportion import proportion
    >>> pair = proportion(56, 70, method="wilson"), proportion(48, 80, method="wilson")
    >>> print(independent_difference(*pair).estimate())
    0.2000 [0.0524, 0.3339], n 150
    """
    value = first.value - second.value

    def lower(alpha: float) -> float:
        return value - math.hypot(first.value - first.lower(alpha), second.upper(alpha) - second.value)

    def upper(alpha: float) -> float:
        return value + math.hypot(first.upper(alpha) - first.value, second.value - second.lower(alpha))

    return Inference(value, first.n + second.n, f"independent rows, mover of {first.method}", lower, upper)
