"""The area under the ROC curve: exact with ties and weights, with DeLong's variance, alone and paired.

DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988); in O(n log n) by ranks as Sun & Xu, IEEE Signal
Processing Letters 21 (2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.linear import logit_inference, t_inference
from aiqa.stats.proportion import wilson_upper

Floats = NDArray[np.float64]
FEW = 100
"""Below so many of the rarer class, DeLong's bounds are too narrow and are widened."""


@dataclass(frozen=True, slots=True)
class Roc:
    """An area and what each row contributes to its error.

    Parameters
    ----------
    value : float
        The area, in [0, 1].
    influence : ndarray of float, shape (n,)
        Each row's weighted deviation of its placement from `value`, over its class's weight: their sum
        of squares, by class, is the variance.
    truth : ndarray of bool, shape (n,)
    sizes : (float, float)
        Kish's effective number of positives and of negatives: the plain counts, without weights.
    rows : (int, int)
        Positives and negatives.
    """

    value: float
    influence: Floats
    truth: NDArray[np.bool_]
    sizes: tuple[float, float]
    rows: tuple[int, int]


def roc(truth: NDArray[np.bool_], score: NDArray[Any], weight: NDArray[Any] | None = None) -> Roc:
    """Compute the area and the placements.

    Parameters
    ----------
    truth : array of bool, shape (n,)
        Whether a row is positive; both kinds must carry weight.
    score : array of float, shape (n,)
        Finite.
    weight : array of float, shape (n,), optional

    Raises
    ------
    ValueError
        If one of the classes has no weight.

    Examples
    --------
    >>> roc(np.array([False, True, True]), np.array([0.1, 0.1, 0.7])).value
    0.75
    """
    weights = np.ones(len(truth)) if weight is None else np.asarray(weight, dtype=float)
    positive = np.where(truth, weights, 0.0)
    negative = weights - positive
    totals = float(positive.sum()), float(negative.sum())
    if min(totals) <= 0:
        raise ValueError("the area under the ROC curve needs rows of both classes")
    below_negative, below_positive = _shares_below(score, negative / totals[1], positive / totals[0])
    value = float(np.clip(positive @ below_negative / totals[0], 0.0, 1.0))
    placement = np.where(truth, below_negative, 1.0 - below_positive)
    influence = (placement - value) * np.where(truth, positive / totals[0], negative / totals[1])
    sizes = _kish(positive), _kish(negative)
    return Roc(value, influence, truth, sizes, (int((positive > 0).sum()), int((negative > 0).sum())))


def _kish(weight: Floats) -> float:
    return float(weight.sum() ** 2 / (weight @ weight))


def _shares_below(score: NDArray[Any], *weights: Floats) -> list[Floats]:
    """Return for each row the weight of lower scores plus half of that of equal ones, for each weighting."""
    order = np.argsort(score)
    ranked = score[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    sizes = np.diff(np.append(starts, len(ranked)))
    answers = []
    for weight in weights:
        tied = np.add.reduceat(weight[order], starts)
        middle = np.cumsum(tied) - tied / 2
        share = np.empty(len(ranked))
        share[order] = np.repeat(middle, sizes)
        answers.append(share)
    return answers


def delong_variance(curve: Roc) -> tuple[float, float]:
    """Return DeLong's variance of the area and Satterthwaite's degrees of freedom.

    Infinite and 0 where a class has one row only.
    """
    return _variance(curve.influence, curve)


def _variance(influence: Floats, curve: Roc) -> tuple[float, float]:
    squares = influence**2
    sums = float(squares[curve.truth].sum()), float(squares[~curve.truth].sum())
    if min(curve.sizes) <= 1 + 1e-9:
        return math.inf, 0.0
    parts = [total * size / (size - 1) for total, size in zip(sums, curve.sizes, strict=True)]
    variance = sum(parts)
    if variance <= 1e-24:
        return 0.0, min(curve.sizes) - 1
    spread = sum(part**2 / (size - 1) for part, size in zip(parts, curve.sizes, strict=True))
    return variance, variance**2 / spread


def auc(
    truth: NDArray[np.bool_], score: NDArray[Any], weight: NDArray[Any] | None = None
) -> Inference:
    """Infer the area under the ROC curve; see :func:`roc` for the arguments.

    Bounds are DeLong's on the logit scale with Satterthwaite's t; with fewer than ``FEW`` of the rarer
    class the wider of them and of Wilson's with as many trials as it has rows.

    Examples
    --------
    >>> truth = np.array([False, False, True, True])
    >>> auc(truth, np.array([0.1, 0.2, 0.3, 0.4])).estimate().low < 0.5
    True
    """
    curve = roc(truth, score, weight)
    variance, df = delong_variance(curve)
    rarer = min(curve.sizes)
    return logit_inference(
        curve.value,
        variance,
        df,
        len(truth),
        method="delong-logit-t",
        conservative=rarer if rarer < FEW else None,
        support=min(curve.rows),
        support_of="rows of the rarer class",
    )


def auc_difference(
    truth: NDArray[np.bool_],
    score: NDArray[Any],
    baseline: NDArray[Any],
    weight: NDArray[Any] | None = None,
) -> Inference:
    """Infer the area of `score` minus the area of `baseline` on the same rows (paired DeLong with t).

    With fewer than ``FEW`` of the rarer class the variance is at least that of one comparison of a
    positive with a negative row, over the rarer class's rows (van Dantzig's argument). Where both
    rank all rows alike, the bounds are those of a share of 0 among the rarer class's rows.
    """
    first, second = roc(truth, score, weight), roc(truth, baseline, weight)
    variance, df = _variance(first.influence - second.influence, first)
    difference, rarer = first.value - second.value, min(first.sizes)
    name = "paired-delong-t"
    if rarer < FEW and df > 0:
        kernel = _kernel_variance(truth, score, baseline, weight) / rarer
        variance, name = max(variance, kernel), f"{name}, widened by van dantzig"
    if variance <= 0:
        return _no_disagreement(len(truth), rarer, min(first.rows))
    return t_inference(
        difference,
        variance,
        df,
        len(truth),
        name,
        domain=(-1.0, 1.0),
        support=min(first.rows),
        support_of="rows of the rarer class",
    )


def _no_disagreement(n: int, trials: float, support: int) -> Inference:
    return Inference(
        0.0,
        n,
        "wilson on no disagreement",
        lambda alpha: -wilson_upper(0.0, trials, alpha),
        lambda alpha: wilson_upper(0.0, trials, alpha),
        support,
        "rows of the rarer class",
    )


def _kernel_variance(
    truth: NDArray[np.bool_], score: NDArray[Any], baseline: NDArray[Any], weight: NDArray[Any] | None
) -> float:
    """Return the variance, over pairs of a positive and a negative row, of the difference of two orderings."""
    weights = np.ones(len(truth)) if weight is None else np.asarray(weight, dtype=float)
    negative = weights[~truth] / weights[~truth].sum()
    positive = weights[truth] / weights[truth].sum()
    few, many = (truth, ~truth) if truth.sum() <= (~truth).sum() else (~truth, truth)
    shares = (positive, negative) if few is truth else (negative, positive)
    first = second = 0.0
    for row, share in zip(np.flatnonzero(few), shares[0], strict=True):
        gap = np.sign(score[row] - score[many]) - np.sign(baseline[row] - baseline[many])
        first += share * float(shares[1] @ gap) / 2
        second += share * float(shares[1] @ gap**2) / 4
    return max(0.0, second - first**2)
