"""Two areas under ROC curves: on the same rows (DeLong's covariance), or on rows of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.independent import independent_difference
from aiqa.stats.inference import Inference
from aiqa.stats.linear import t_inference
from aiqa.stats.ranked import RARER, Ranked, infer, inferred
from aiqa.stats.roc import AREA, area_of, infer_area, require_both
from aiqa.stats.row_ranks import Rows, difference_of, on_rows
from aiqa.stats.special import ndtri
from aiqa.stats.steps import Bools, checked, steps_of

METHODS = ("delong",)
"""Intervals of a difference by name, beside the default."""


def auc_difference(
    truth: Bools,
    score: NDArray[Any],
    baseline: NDArray[Any],
    weight: NDArray[Any] | None = None,
    *,
    clusters: NDArray[np.int64] | None = None,
    method: str | None = None,
) -> Inference:
    """Infer the area of `score` minus the area of `baseline` on the same rows.

    Parameters
    ----------
    truth, score, weight, clusters
        As in :func:`aiqa.stats.roc.auc`.
    baseline : array of float, shape (n,)
    method : {"delong"}, optional
        By default DeLong's paired variance with t, widened for rows that were not seen; "delong": the normal
        interval, as pROC's ``roc.test``.

    Raises
    ------
    ValueError
        If one of the classes has no weight, or there is no such method.

    Examples
    --------
    >>> truth, score = np.array([False, False, True, True]), np.array([0.1, 0.3, 0.2, 0.4])
    >>> auc_difference(truth, score, np.zeros(4)).value
    0.25
    """
    truth, score, weight = checked(truth, score, weight)
    _, baseline, _ = checked(truth, baseline)
    require_both(truth, weight)
    of = Rows(truth.astype(np.int64), weight, clusters)
    first, second = (on_rows(AREA, truth, one, of) for one in (score, baseline))
    return infer_difference(difference_of(first, second).ranked(of), method)


def infer_difference(ranked: Ranked, method: str | None = None) -> Inference:
    """Infer a difference from its moments; see :func:`auc_difference`."""
    if method is None:
        return infer(ranked, scale="identity")
    if method not in METHODS:
        raise ValueError(f"no method {method!r}: there are {', '.join(METHODS)}")

    def bound(alpha: float, side: int) -> float:
        reach = -ndtri(alpha) * math.sqrt(ranked.variance) if ranked.df > 0 else math.inf
        return min(1.0, max(-1.0, ranked.value + side * (reach + ranked.slack[side > 0])))

    return inferred(ranked, "delong", bound)


def auc_difference_unpaired(
    truth: Bools,
    score: NDArray[Any],
    baseline_truth: Bools,
    baseline: NDArray[Any],
    weight: NDArray[Any] | None = None,
    baseline_weight: NDArray[Any] | None = None,
    *,
    method: str | None = None,
) -> Inference:
    """Infer the difference of two areas, each on rows of its own.

    Parameters
    ----------
    truth, score, weight
        As in :func:`aiqa.stats.roc.auc`.
    baseline_truth, baseline, baseline_weight
        The same of the other model, on other rows.
    method : {"delong"}, optional
        By default from the bounds of both (MOVER; Zou & Donner, Statistics in Medicine 27, 2008); "delong":
        Welch's t of DeLong's variances, as pROC's ``roc.test(paired=FALSE)``.

    Examples
    --------
    >>> truth, score = np.array([False, False, True, True]), np.array([0.1, 0.3, 0.2, 0.4])
    >>> auc_difference_unpaired(truth, score, truth, np.zeros(4)).value
    0.25
    """
    rows = checked(truth, score, weight), checked(baseline_truth, baseline, baseline_weight)
    first, second = (area_of(steps_of(*of, joined=True)) for of in rows)
    if method is None:
        return independent_difference(infer_area(first), infer_area(second))
    if method not in METHODS:
        raise ValueError(f"no method {method!r}: there are {', '.join(METHODS)}")
    variance = first.variance + second.variance
    sizes = [sum(one.sizes) - 1 for one in (first, second)]
    parts = [one.variance**2 / size for one, size in zip((first, second), sizes, strict=True)]
    df = variance**2 / sum(parts) if 0 < variance < math.inf else 0.0
    return t_inference(
        first.value - second.value,
        variance,
        df,
        first.n + second.n,
        "unpaired delong",
        domain=(-1.0, 1.0),
        support=min(first.support, second.support),
        support_of=RARER,
    )
