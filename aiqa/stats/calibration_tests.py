"""Tests of calibration: Spiegelhalter's z, and Hosmer and Lemeshow's chi-square.

A test says whether a departure is more than chance, not whether it matters: with enough rows both reject
models that nobody would call badly calibrated (at 100,000 rows a slope of 0.97 nine times in ten). To say how
large a departure may be, gate the calibration error, slope or intercept.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from aiqa.errors import MetricError
from aiqa.stats.reliability import Diagram, Floats, Forecasts, diagram
from aiqa.stats.special import ndtr


class FitTest(NamedTuple):
    """A test's statistic, its p-value, and the degrees of freedom of a chi-square."""

    statistic: float
    p_value: float
    df: int | None = None


def spiegelhalter_z(of: Forecasts) -> FitTest:
    """Test calibration by the Brier score (Spiegelhalter, Statistics in Medicine 5, 1986).

    z = sum of w (y - p)(1 - 2p) over the root of its variance, the sum of w² (1 - 2p)² p (1 - p): standard
    normal if the probabilities are right. Where rows belong together, the variance is the sum of the
    squares of the clusters' sums. The p-value is two-sided.

    Raises
    ------
    MetricError
        If no probability differs from 0, 1/2 and 1: there is nothing to test with.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> test = spiegelhalter_z(forecasts(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.6, 0.9])))
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (-0.8729, 0.3827)
    """
    apart = of.weight * of.residual * (1 - 2 * of.probability)
    if of.clusters is None:
        expected = of.weight * (1 - 2 * of.probability)
        variance = float(expected**2 @ (of.probability * (1 - of.probability)))
    else:
        sums = of.together(apart)
        variance = float(sums @ sums)
    if not variance > 0:
        raise MetricError("spiegelhalter_z needs probabilities other than 0, 1/2 and 1")
    z = float(apart.sum()) / math.sqrt(variance)
    return FitTest(z, 2 * ndtr(-abs(z)))


def hosmer_lemeshow(of: Forecasts, *, groups: int = 10) -> FitTest:
    """Test calibration in groups of equal size (Hosmer & Lemeshow, Communications in Statistics A9, 1980).

    Groups end at quantiles of the probabilities (type 7; equal ones are one). Their squared gaps, each over
    its variance p (1 - p) / n by the mean probability p, add up to chi-square with groups - 2 degrees of
    freedom. With weights n is Kish's effective number. Where rows belong together, the sum is divided by
    how much larger that makes the variances, on average (Rao & Scott, JASA 76, 1981).

    Raises
    ------
    MetricError
        If fewer than three groups are left, or a group of probabilities that are all 0 or 1 was wrong.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> said = np.repeat([0.2, 0.5, 0.8], 10)
    >>> came = np.concatenate([np.arange(10) < hits for hits in (3, 5, 8)])
    >>> hosmer_lemeshow(forecasts(came, said), groups=3).statistic.__round__(3)
    0.625
    """
    drawn = diagram(of, bins=groups, binning="quantile")
    if len(drawn.share) < 3:
        raise MetricError(
            f"hosmer_lemeshow needs at least 3 groups of different probabilities, not {len(drawn.share)}"
        )
    variance = drawn.probability * (1 - drawn.probability) / drawn.size
    if ((variance <= 0) & (drawn.gap != 0)).any():
        raise MetricError("hosmer_lemeshow is infinite: rows came otherwise that had a probability of 0 or 1")
    terms = np.divide(drawn.gap**2, variance, out=np.zeros(len(variance)), where=variance > 0)
    statistic = float(terms.sum()) / _design_effect(of, drawn, variance)
    df = len(terms) - 2
    return FitTest(statistic, _beyond(statistic, df), df)


def _design_effect(of: Forecasts, drawn: Diagram, variance: Floats) -> float:
    if of.clusters is None:
        return 1.0
    inside = variance > 0
    return max(1.0, float((drawn.noise[inside] ** 2 / variance[inside]).mean()))


def _beyond(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic))
