"""Means of row losses."""

from __future__ import annotations

import math

from aiqa.stats.inference import FEW, Inference, without_variation
from aiqa.stats.linear import t_inference
from aiqa.stats.proportion import clopper_pearson_lower, clopper_pearson_upper

_NONE = 1e-30


def mean(
    value: float,
    spread2: float,
    w: float,
    w2: float,
    n: int,
    *,
    domain: tuple[float, float] = (-math.inf, math.inf),
    method: str = "t",
) -> Inference:
    """Infer a mean from the moments of its rows.

    The variance is the sum of w²(x - mean)² over (sum of w)², times m/(m-1), where m is Kish's effective
    n; the degrees of freedom are m - 1. Without weights this is the t interval (Student, 1908).

    Parameters
    ----------
    value : float
        The weighted mean.
    spread2 : float
        Sum of w²(x - mean)².
    w, w2 : float
        Sums of the weights and of their squares.
    n : int
        Rows.
    domain : (float, float)
        Where the truth must lie; bounds are cut there. Rows that are all equal show no variance to go by:
        with a finite domain they get the bounds of a share, otherwise fewer than ``FEW`` get the domain.

    Examples
    --------
    >>> print(mean(2.0, 2.0, 3.0, 3.0, 3).estimate())
    2.0000 [-0.4841, 4.4841], n 3
    """
    m = w**2 / w2
    df = m - 1 if m > 1 + 1e-9 else 0.0
    variance = spread2 / w**2 * m / (m - 1) if df > 0 else math.inf
    if variance <= _NONE and math.isfinite(domain[1] - domain[0]):
        return _constant(value, m, n, domain)
    if variance <= _NONE and m < FEW:
        return without_variation(value, n, method, domain)
    return t_inference(value, variance, df, n, method, domain=domain)


def _constant(value: float, m: float, n: int, domain: tuple[float, float]) -> Inference:
    low, width = domain[0], domain[1] - domain[0]
    successes = (value - low) / width * m
    return Inference(
        value,
        n,
        "clopper-pearson of a bounded mean",
        lambda alpha: min(value, low + width * clopper_pearson_lower(successes, m, alpha)),
        lambda alpha: max(value, low + width * clopper_pearson_upper(successes, m, alpha)),
    )
