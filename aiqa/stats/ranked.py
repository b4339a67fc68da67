"""Statistics of ranks: what each row contributes to their error, and bounds made from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.linear import logit_inference, t_inference
from aiqa.stats.proportion import wilson_upper

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FEW = 100
"""Below so many of the rarer class, DeLong's bounds are too narrow and are widened."""
_RARER = "rows of the rarer class"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A statistic of ranks in [0, 1] and what each row contributes to its error.

    Parameters
    ----------
    value : float
    influence : ndarray of float, shape (n,)
        The derivative of `value` by each row's weight, times that weight: their sum of squares is the
        variance, but for the correction for small classes.
    truth : ndarray of bool, shape (n,)
        Which rows are positive.
    sizes : (float, float)
        Kish's effective number of positives and of negatives: the plain counts, without weights.
    rows : (int, int)
        Positives and negatives that have weight.
    name : str
        How bounds made from the influence are called.
    """

    value: float
    influence: Floats
    truth: Bools
    sizes: tuple[float, float]
    rows: tuple[int, int]
    name: str


def class_weights(truth: Bools, weight: NDArray[Any] | None) -> tuple[Floats, Floats]:
    """Return the weights of the positive rows (0 on the others) and of the negative ones.

    Raises
    ------
    ValueError
        If one of the classes has no weight.
    """
    weights = np.ones(len(truth)) if weight is None else np.asarray(weight, dtype=float)
    positive = np.where(truth, weights, 0.0)
    negative = weights - positive
    if min(positive.sum(), negative.sum()) <= 0:
        raise ValueError("ranks need rows of both classes")
    return positive, negative


def ranked(value: float, influence: Floats, positive: Floats, negative: Floats, name: str) -> Ranked:
    """Put a statistic together with the sizes of its classes."""
    sizes = tuple(float(w.sum() ** 2 / (w @ w)) for w in (positive, negative))
    rows = tuple(int((w > 0).sum()) for w in (positive, negative))
    clipped = min(1.0, max(0.0, value))
    return Ranked(clipped, influence, positive > 0, (sizes[0], sizes[1]), (rows[0], rows[1]), name)


def variance(statistic: Ranked) -> tuple[float, float]:
    """Return the variance, a sum over both classes, and Satterthwaite's degrees of freedom.

    Each class's part is corrected by m/(m-1). Infinite and 0 where a class has one row only.
    """
    if min(statistic.sizes) <= 1 + 1e-9:
        return math.inf, 0.0
    squares = statistic.influence**2
    sums = float(squares[statistic.truth].sum()), float(squares[~statistic.truth].sum())
    parts = [total * size / (size - 1) for total, size in zip(sums, statistic.sizes, strict=True)]
    total = sum(parts)
    if total <= 1e-24:
        return 0.0, min(statistic.sizes) - 1
    spread = sum(part**2 / (size - 1) for part, size in zip(parts, statistic.sizes, strict=True))
    return total, total**2 / spread


def infer(statistic: Ranked) -> Inference:
    """Infer on the logit scale with t; with few of the rarer class the wider of that and Wilson's bounds.

    Examples
    --------
    >>> from aiqa.stats.auc import roc
    >>> truth = np.array([False, False, True, True])
    >>> infer(roc(truth, np.array([0.1, 0.2, 0.3, 0.4]))).estimate().low < 0.5
    True
    """
    rarer = min(statistic.sizes)
    return logit_inference(
        statistic.value,
        *variance(statistic),
        len(statistic.truth),
        method=f"{statistic.name}-logit-t",
        conservative=rarer if rarer < FEW else None,
        support=min(statistic.rows),
        support_of=_RARER,
    )


def infer_average(parts: Sequence[Ranked], shares: Floats) -> Inference:
    """Infer a weighted mean over classes, each against the rest, of the same rows.

    Parameters
    ----------
    parts : sequence of Ranked
    shares : ndarray of float, shape (len(parts),)
        They sum to 1 and are taken as known.
    """
    whole = average(parts, shares)
    rarest = min(min(part.sizes) for part in parts)
    total, df = _average_variance(whole.influence, rarest)
    return logit_inference(
        whole.value,
        total,
        df,
        len(whole.truth),
        method=f"{whole.name}-logit-t",
        conservative=None,
        support=min(whole.rows),
        support_of="rows of the rarest class",
    )


def average(parts: Sequence[Ranked], shares: Floats) -> Ranked:
    """Return the mean over classes; see :func:`infer_average`. Its sizes are those of the rarest class."""
    value = min(1.0, float(sum(share * part.value for share, part in zip(shares, parts, strict=True))))
    influence = np.sum([share * part.influence for share, part in zip(shares, parts, strict=True)], axis=0)
    rarest = min(parts, key=lambda part: min(part.sizes))
    return Ranked(value, influence, rarest.truth, rarest.sizes, rarest.rows, rarest.name)


def _average_variance(influence: Floats, rarest: float) -> tuple[float, float]:
    if rarest <= 1 + 1e-9:
        return math.inf, 0.0
    return float(influence @ influence) * rarest / (rarest - 1), rarest - 1


def infer_average_difference(first: Ranked, second: Ranked) -> Inference:
    """Infer the difference of two averages made by :func:`average` of the same rows, by paired t."""
    rarest = min(first.sizes)
    total, df = _average_variance(first.influence - second.influence, rarest)
    return _difference(first, second, total, df, f"paired-{first.name}-t")


def infer_difference(first: Ranked, second: Ranked, at_least: float = 0.0) -> Inference:
    """Infer the difference of two statistics of the same rows: the t interval of their joint influence.

    Parameters
    ----------
    first, second : Ranked
    at_least : float
        A variance that the estimated one must not stay below.
    """
    joint = Ranked(0.0, first.influence - second.influence, first.truth, first.sizes, first.rows, first.name)
    total, df = variance(joint)
    name = f"paired-{first.name}-t"
    if at_least > total:
        total, name = at_least, f"{name}, widened by van dantzig"
    return _difference(first, second, total, df, name)


def _difference(first: Ranked, second: Ranked, total: float, df: float, name: str) -> Inference:
    if total <= 1e-24:
        return _no_disagreement(first.value - second.value, first)
    return t_inference(
        first.value - second.value,
        total,
        df,
        len(first.truth),
        name,
        domain=(-1.0, 1.0),
        support=min(first.rows),
        support_of=_RARER,
    )


def _no_disagreement(value: float, of: Ranked) -> Inference:
    """Return the bounds of a share of which nothing was seen, where two models rank all rows alike."""
    trials = min(of.sizes)
    return Inference(
        value,
        len(of.truth),
        "wilson on no disagreement",
        lambda alpha: max(-1.0, value - wilson_upper(0.0, trials, alpha)),
        lambda alpha: min(1.0, value + wilson_upper(0.0, trials, alpha)),
        min(of.rows),
        _RARER,
    )
