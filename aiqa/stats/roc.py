"""The area under the ROC curve: of rows, of bins, in slices, by several methods.

DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988), exact with ties and weights, from one sort; clusters as
Obuchowski, Biometrics 53 (1997). What makes the default bounds sound is in :mod:`aiqa.stats.ranked`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.curves import roc_area
from aiqa.stats.groups import numbered
from aiqa.stats.inference import Inference
from aiqa.stats.proportions import wilson_lower, wilson_upper
from aiqa.stats.ranked import Ranked, Statistic, infer, inferred, measure
from aiqa.stats.row_ranks import Rows, on_rows
from aiqa.stats.special import expit, logit, ndtri
from aiqa.stats.steps import Bools, Steps, checked, steps_by, steps_of

METHODS = ("delong", "delong-logit", "hanley-mcneil", "newcombe", "wilson")
"""Intervals of one area by name, beside the default; but for Wilson's sound in large classes only."""
AREA = Statistic(roc_area, "delong", joined=True)


def auc(
    truth: Bools,
    score: NDArray[Any],
    weight: NDArray[Any] | None = None,
    *,
    clusters: NDArray[np.int64] | None = None,
    method: str | None = None,
) -> Inference:
    """Infer the area under the ROC curve.

    Parameters
    ----------
    truth : array of bool, shape (n,)
        Whether a row is positive; both kinds must carry weight.
    score : array of float, shape (n,)
        Finite.
    weight : array of float, shape (n,), optional
    clusters : array of int, shape (n,), optional
        Which rows belong together: from 0 up.
    method : {"delong", "delong-logit", "hanley-mcneil", "newcombe", "wilson"}, optional
        By default DeLong's variance on the logit scale with t, widened for rows that were not seen. By name:

        - "delong": the normal interval, as pROC's (DeLong and others, Biometrics 44, 1988).
        - "delong-logit": the same on the logit scale.
        - "hanley-mcneil": their formula for exponential scores (Radiology 143, 1982).
        - "newcombe": its score interval (Newcombe, Statistics in Medicine 25, 2006, method 5).
        - "wilson": as of a share in as many trials as the rarer class has rows, the widest that the
          variance can be (van Dantzig's bound).

    Raises
    ------
    ValueError
        If one of the classes has no weight, or there is no such method.

    Examples
    --------
    >>> truth = np.array([False, False, True, True])
    >>> auc(truth, np.array([0.1, 0.3, 0.2, 0.4])).value
    0.75
    """
    truth, score, weight = checked(truth, score, weight)
    if clusters is None:
        return infer_area(area_of(steps_of(truth, score, weight, joined=True)), method)
    require_both(truth, weight)
    of = Rows(truth.astype(np.int64), weight, clusters)
    return infer_area(on_rows(AREA, truth, score, of).ranked(of), method)


def require_both(truth: Bools, weight: NDArray[Any] | None) -> None:
    """Refuse rows of one class only."""
    heavy = truth if weight is None else truth[weight > 0]
    if heavy.all() or not heavy.any():
        raise ValueError("ranks need rows of both classes")


def area_of(steps: Steps) -> Ranked:
    """Return the area under the ROC curve with DeLong's moments, from rows or from bins.

    Of bins that may hold unequal scores the area is off by at most half of the pairs that share one.

    Raises
    ------
    ValueError
        If one of the classes has no rows.
    """
    ranked = measure(AREA, steps)
    if steps.mixed is None:
        return ranked
    pairs = float((steps.positive * steps.negative)[steps.mixed].sum())
    bound = pairs / float(steps.positive.sum() * steps.negative.sum()) / 2
    return replace(ranked, slack=(bound, bound))


def infer_area(ranked: Ranked, method: str | None = None) -> Inference:
    """Infer an area from its moments by a named method; see :func:`auc`."""
    if method is None:
        return infer(ranked)
    if method not in _BOUNDS:
        raise ValueError(f"no method {method!r}: there are {', '.join(METHODS)}")
    bound = _BOUNDS[method]

    def one(alpha: float, side: int) -> float:
        found = bound(ranked, alpha, side) if ranked.df > 0 else side * math.inf
        return min(1.0, max(0.0, found + side * ranked.slack[side > 0]))

    return inferred(ranked, method, one)


def _delong(ranked: Ranked, alpha: float, side: int) -> float:
    return ranked.value - side * ndtri(alpha) * math.sqrt(ranked.variance)


def _delong_logit(ranked: Ranked, alpha: float, side: int) -> float:
    value = ranked.value
    if not 1e-12 < value < 1 - 1e-12:
        return value
    error = math.sqrt(ranked.variance) / (value * (1 - value))
    return expit(logit(value) - side * ndtri(alpha) * error)


def _hanley_mcneil(ranked: Ranked, alpha: float, side: int) -> float:
    positive, negative = ranked.sizes
    a = ranked.value
    outscoring, outscored = a / (2 - a), 2 * a * a / (1 + a)
    variance = a * (1 - a) + (positive - 1) * (outscoring - a * a) + (negative - 1) * (outscored - a * a)
    return a - side * ndtri(alpha) * math.sqrt(max(0.0, variance) / (positive * negative))


def _newcombe(ranked: Ranked, alpha: float, side: int) -> float:
    """Return the area at which the observed one is just plausible, by bisection."""
    positive, negative = ranked.sizes
    half = (positive + negative) / 2 - 1

    def plausible(area: float) -> bool:
        spread = 1 + half * ((1 - area) / (2 - area) + area / (1 + area))
        variance = area * (1 - area) * spread / (positive * negative)
        return abs(ranked.value - area) <= -ndtri(alpha) * math.sqrt(variance)

    inside, outside = ranked.value, float(side > 0)
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if plausible(middle) else (inside, middle)
    return outside


def _wilson(ranked: Ranked, alpha: float, side: int) -> float:
    trials = min(ranked.sizes)
    return (wilson_lower if side < 0 else wilson_upper)(ranked.value * trials, trials, alpha)


_BOUNDS: dict[str, Callable[[Ranked, float, int], float]] = dict(
    zip(METHODS, (_delong, _delong_logit, _hanley_mcneil, _newcombe, _wilson), strict=True)
)


def auc_by(
    truth: Bools, score: NDArray[Any], group: NDArray[Any], weight: NDArray[Any] | None = None
) -> dict[Any, Inference]:
    """Infer the area under the ROC curve in each group of rows, from one sort of all.

    Groups without rows of both classes are left out.

    Parameters
    ----------
    truth, score, weight
        As in :func:`auc`.
    group : array, shape (n,)
        What can be sorted.

    Examples
    --------
    >>> truth, score = np.array([False, True, False, True]), np.array([0.1, 0.3, 0.4, 0.2])
    >>> {name: area.value for name, area in auc_by(truth, score, np.array(["a", "a", "b", "b"])).items()}
    {'a': 1.0, 'b': 0.0}
    """
    truth, score, weight = checked(truth, score, weight)
    names, codes = numbered(group)
    found = zip(names.tolist(), steps_by(truth, score, weight, codes, len(names), joined=True), strict=True)
    return {name: infer(area_of(steps)) for name, steps in found if min(steps.rows) > 0}
