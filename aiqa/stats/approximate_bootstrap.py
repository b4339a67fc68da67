"""Bounds that BCa's bootstrap would come to, without drawing (ABC: approximate bootstrap confidence)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.stats.functional import Clusters, Functional
from aiqa.stats.inference import Inference, without_variation
from aiqa.stats.special import ndtr, ndtri

Floats = NDArray[np.float64]
MOST = 5000
"""It takes two values a row or cluster, so no more of them than this."""
_STEP = 0.001


def abc(functional: Functional, *, clusters: Clusters = None) -> Inference:
    """Infer a smooth function of rows by the ABC bounds.

    DiCiccio & Efron, Biometrika 79 (1992), in the nonparametric form of Efron & Tibshirani (An Introduction
    to the Bootstrap, 1993, 22.6) and R's ``boot::abc.ci``: acceleration, bias and curvature by numerical
    derivatives, and the function at the weights to which they move those of the rows.

    Parameters
    ----------
    functional : Functional
    clusters : ndarray of int, shape (n,), optional
        Which rows belong together. Default: each by itself.

    Raises
    ------
    MetricError
        If there are more than ``MOST`` rows (clusters), or the function is not smooth.

    Examples
    --------
    >>> from aiqa.stats.functional import mean_of
    >>> print(abc(mean_of(np.arange(10.0) ** 2)).estimate())
    28.5000 [14.1817, 48.1266], n 10
    """
    rows = np.arange(len(functional.weight)) if clusters is None else clusters
    unit = np.unique(rows, return_inverse=True)[1]
    units = int(unit.max()) + 1
    if units > MOST or not functional.smooth:
        raise MetricError(f"ABC bounds are for smooth functions of at most {MOST:,} rows or clusters")

    def at(times: Floats) -> float:
        return functional.value(functional.weight * times[unit])

    once = np.ones(units)
    value = at(once)
    moved = units * np.bincount(unit, weights=functional.influence(functional.weight)).astype(float)
    error = math.sqrt(float(moved @ moved)) / units
    if not error > 0:
        return without_variation(value, functional.n, "abc", functional.domain, units=units)
    step = _STEP / units
    twice = 0.0
    for place in range(units):
        shift = np.full(units, -step)
        shift[place] += _STEP
        twice += (at(once + shift) - 2 * value + at(once - shift)) / step**2
    acceleration = float((moved**3).sum()) / (6 * (units * error) ** 3)
    along = moved / (units * error)
    quadratic = (at(once + step * along) - 2 * value + at(once - step * along)) / (2 * error * step**2)
    curvature = twice / (2 * units**2) / error - quadratic
    bias = ndtri(2 * ndtr(acceleration) * ndtr(-curvature))

    def bound(z: float) -> float:
        away = bias + z
        low, high = functional.domain
        return min(high, max(low, at(once + away / (1 - acceleration * away) ** 2 * along)))

    return Inference(
        value,
        functional.n,
        "abc" if clusters is None else f"abc of {units:,} clusters",
        lambda alpha: min(value, bound(ndtri(alpha))),
        lambda alpha: max(value, bound(-ndtri(alpha))),
        functional.support,
        functional.support_of,
    )
