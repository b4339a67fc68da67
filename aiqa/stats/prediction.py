"""Where the next value lies, by those before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev

from aiqa.stats.special import stdtrit

_ACCIDENTS = 0.2
_FAR = 5.0
_DEVIATIONS_PER_MAD = 1.482602218505602
"""Of a normal distribution: one over the 0.75 quantile."""


def prediction_interval(values: Sequence[float], alpha: float = 0.01) -> tuple[float, float]:
    """Return the range in which one more value of the same kind lies with probability 1 - `alpha`.

    The exact interval of normal values, m ± t s √(1 + 1/k), with t the 1 - `alpha`/2 quantile of Student's t
    with k - 1 degrees of freedom (Hahn & Meeker, Statistical Intervals, 1991, section 4.4), of those that are
    at most five scaled median absolute deviations from the median (Hampel's identifier: Journal of the
    American Statistical Association 69, 1974): an accident among them must not hide the next. Where that
    would leave out more than a fifth, they are no accidents, and none is.

    Parameters
    ----------
    values : sequence of float
        At least two, finite; their order does not matter.
    alpha : float, default 0.01
        In (0, 1).

    Raises
    ------
    ValueError
        For fewer than two values.

    Examples
    --------
    >>> low, high = prediction_interval([10.0, 11.0, 9.0, 10.0, 12.0, 8.0, 10.0, 500.0])
    >>> round(low, 1), round(high, 1)
    (4.9, 15.1)
    """
    if len(values) < 2:
        raise ValueError("a prediction interval needs two values or more")
    middle = median(values)
    reach = _FAR * _DEVIATIONS_PER_MAD * median(abs(value - middle) for value in values)
    near = [value for value in values if abs(value - middle) <= reach]
    near = near if len(near) >= (1 - _ACCIDENTS) * len(values) else list(values)
    k, mean = len(near), fmean(near)
    half = -stdtrit(k - 1, alpha / 2) * stdev(near) * math.sqrt(1 + 1 / k)
    return mean - half, mean + half
