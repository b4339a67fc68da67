"""Scores of probabilistic forecasts of a number: intervals, quantiles, a normal distribution, an ensemble.

Each takes arrays and returns one loss a row, in the label's unit; smaller is better. All are proper: a
forecaster does best, on average, to say what they believe (Gneiting & Raftery, JASA 102, 2007).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def interval_score(truth: NDArray[Any], lower: NDArray[Any], upper: NDArray[Any], alpha: float) -> Floats:
    """Return Winkler's interval score (JASA 67, 1972; Gneiting & Raftery 2007, equation 43).

    The width, and 2 / alpha times what the truth lies outside.

    Parameters
    ----------
    truth, lower, upper : ndarray, shape (n,)
    alpha : float
        One less the level of the interval: 0.2 for one from the 10 % to the 90 % quantile.

    Examples
    --------
    >>> ends = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    >>> interval_score(np.array([0.5, 1.5]), *ends, 0.2).tolist()
    [1.0, 6.0]
    """
    below, above = np.maximum(lower - truth, 0.0), np.maximum(truth - upper, 0.0)
    return np.asarray(upper - lower + 2 / alpha * (below + above), dtype=float)


def crps_normal(truth: NDArray[Any], mean: NDArray[Any], scale: NDArray[Any]) -> Floats:
    """Return the continuous ranked probability score of normal forecasts.

    Gneiting & Raftery 2007, section 4.2. With z = (truth - mean) / scale: scale (z (2 Phi(z) - 1) + 2
    phi(z) - 1 / sqrt(pi)); the absolute error where the scale is 0.

    Examples
    --------
    >>> crps_normal(np.array([0.0, 2.0]), np.array([0.0, 1.0]), np.array([1.0, 0.0])).round(6).tolist()
    [0.233695, 1.0]
    """
    from scipy.special import ndtr

    away, scale = np.asarray(truth, dtype=float) - mean, np.asarray(scale, dtype=float)
    if (scale < 0).any():
        raise ValueError("the scale of a forecast is negative")
    certain = scale == 0
    z = away / np.where(certain, 1.0, scale)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    score = scale * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / math.sqrt(math.pi))
    return np.asarray(np.where(certain, np.abs(away), score))


def crps_ensemble(truth: NDArray[Any], members: NDArray[Any], *, fair: bool = False) -> Floats:
    """Return the continuous ranked probability score of ensembles (Gneiting & Raftery 2007, equation 21).

    The mean distance of the members from the truth, less half of their mean distance from each other. That of
    the m(m - 1) pairs with another, for the fair score, which judges the distribution that members are
    drawn from (Ferro, Quarterly J. Royal Meteorological Society 140, 2014), or that of all m² pairs.

    Parameters
    ----------
    truth : ndarray, shape (n,)
    members : ndarray, shape (n, m)
        For the fair score m is at least 2.
    fair : bool, default False

    Examples
    --------
    >>> crps_ensemble(np.array([0.0]), np.array([[1.0, 3.0]])).tolist()
    [1.5]
    """
    size = members.shape[1]
    ranked = np.sort(members, axis=1)
    # The sum over pairs of their distance, each pair once.
    apart = ranked @ (2 * np.arange(1, size + 1) - size - 1.0)
    away = np.abs(members - np.asarray(truth)[:, None]).mean(axis=1)
    return np.asarray(away - apart / (size * (size - 1 if fair else size)), dtype=float)


def crps_quantiles(truth: NDArray[Any], quantiles: NDArray[Any], levels: Sequence[float]) -> Floats:
    """Return twice the mean pinball loss of quantiles, which nears the CRPS as levels fill (0, 1) evenly.

    Laio & Tamea, Hydrology and Earth System Sciences 11 (2007).

    Parameters
    ----------
    truth : ndarray, shape (n,)
    quantiles : ndarray, shape (n, levels)
    levels : sequence of float
        Each in (0, 1).

    Examples
    --------
    >>> crps_quantiles(np.array([2.0]), np.array([[0.0, 1.0, 4.0]]), (0.1, 0.5, 0.9)).round(4).tolist()
    [0.6]
    """
    share = np.asarray(levels, dtype=float)
    away = np.asarray(truth)[:, None] - quantiles
    return np.asarray(2 * np.maximum(share * away, (share - 1) * away).mean(axis=1), dtype=float)


class Coverage(NamedTuple):
    """Where the coverage of one split-conformal predictor lies, and how likely such a low one is by chance.

    Parameters
    ----------
    value : float
        The observed coverage.
    a, b : float
        Of the beta distribution of the coverage over calibration sets.
    p_value : float
        The chance of so few covered rows, or fewer, in a valid procedure.
    """

    value: float
    a: float
    b: float
    p_value: float


def conformal_coverage(covered: int, n: int, calibration: int, alpha: float) -> Coverage:
    """Test the coverage of split-conformal intervals against what a valid procedure gives.

    Given its calibration rows, a predictor's coverage is Beta(m + 1 - l, l) with l = floor((m + 1) alpha),
    and the covered rows of a test set are beta-binomial (Vovk, ACML 2012; Angelopoulos & Bates, Foundations
    and Trends in Machine Learning 16, 2023, section 3.2). A binomial test against 1 - alpha would ignore
    that the calibration rows are a sample too.

    Parameters
    ----------
    covered, n : int
        Rows of the test set whose truth lies inside, and all of them.
    calibration : int
        Rows that the intervals were calibrated with.
    alpha : float
        One less the level of the intervals; at least 1 / (calibration + 1).

    Raises
    ------
    ValueError
        If the counts are impossible, or the calibration rows too few for `alpha`.

    Examples
    --------
    >>> test = conformal_coverage(873, 1000, 500, 0.1)
    >>> test.a, test.b, round(test.p_value, 4)
    (451, 50, 0.058)
    """
    if not (0 <= covered <= n and n > 0 and calibration > 0 and 0 < alpha < 1):
        raise ValueError(f"needs 0 <= covered <= n, n > 0, calibration > 0, 0 < alpha < 1: {covered} of {n}")
    least = math.floor((calibration + 1) * alpha + 1e-12)
    if least < 1:
        raise ValueError(
            f"{calibration} calibration rows are too few for alpha {alpha:g}: take 1 / alpha - 1"
        )
    from scipy.stats import betabinom

    a, b = calibration + 1 - least, least
    return Coverage(covered / n, a, b, float(betabinom.cdf(covered, n, a, b)))
