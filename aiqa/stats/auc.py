"""The area under the ROC curve: exact with ties and weights, with DeLong's variance, alone and paired.

DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988); in O(n log n) by ranks as Sun & Xu, IEEE Signal
Processing Letters 21 (2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.ranked import FEW, Bools, Floats, Ranked, class_weights, infer, infer_difference, ranked


def roc(truth: Bools, score: NDArray[Any], weight: NDArray[Any] | None = None) -> Ranked:
    """Compute the area and each row's placement: the share of the other class that it beats.

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
    positive, negative = class_weights(truth, weight)
    shares = positive / positive.sum(), negative / negative.sum()
    beaten_positive, beaten_negative = _shares_below(score, *shares)
    value = float(shares[0] @ beaten_negative)
    placement = np.where(truth, beaten_negative, 1.0 - beaten_positive)
    return ranked(value, (placement - value) * (shares[0] + shares[1]), positive, negative, "delong")


def _shares_below(score: NDArray[Any], *shares: Floats) -> list[Floats]:
    """Return for each row the share of lower scores plus half of that of equal ones, by each weighting."""
    order = np.argsort(score)
    sorted_score = score[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_score[1:] != sorted_score[:-1])))
    sizes = np.diff(np.append(starts, len(sorted_score)))
    answers = []
    for share in shares:
        tied = np.add.reduceat(share[order], starts)
        below = np.empty(len(order))
        below[order] = np.repeat(np.cumsum(tied) - tied / 2, sizes)
        answers.append(below)
    return answers


def auc(truth: Bools, score: NDArray[Any], weight: NDArray[Any] | None = None) -> Inference:
    """Infer the area under the ROC curve; see :func:`roc` for the arguments.

    Bounds are DeLong's on the logit scale with Satterthwaite's t; with fewer than ``FEW`` of the rarer
    class the wider of them and of Wilson's with as many trials as it has rows, and these alone for an
    area of 0 or 1.

    Examples
    --------
    >>> truth = np.array([False, False, True, True])
    >>> auc(truth, np.array([0.1, 0.2, 0.3, 0.4])).method
    'van dantzig-wilson'
    """
    return infer(roc(truth, score, weight))


def auc_difference(
    truth: Bools, score: NDArray[Any], baseline: NDArray[Any], weight: NDArray[Any] | None = None
) -> Inference:
    """Infer the area of `score` minus the area of `baseline` on the same rows (paired DeLong with t).

    With fewer than ``FEW`` of the rarer class the variance is at least that of comparing one positive
    with one negative row, over the rarer class's rows (van Dantzig's argument). Where both rank all
    rows alike, the bounds are those of a share of 0 among the rarer class's rows.
    """
    first, second = roc(truth, score, weight), roc(truth, baseline, weight)
    rarer = min(first.sizes)
    few = rarer < FEW
    at_least = _kernel_variance(truth, score, baseline, weight) / rarer if few else 0.0
    return infer_difference(first, second, at_least)


def _kernel_variance(
    truth: Bools, score: NDArray[Any], baseline: NDArray[Any], weight: NDArray[Any] | None
) -> float:
    """Return the variance over pairs of a positive and a negative row of the difference of two orderings."""
    positive, negative = class_weights(truth, weight)
    fewer, more = sorted((positive, negative), key=lambda share: int((share > 0).sum()))
    rows, others = np.flatnonzero(fewer), np.flatnonzero(more)
    first = second = 0.0
    for row in rows:
        gap = np.sign(score[row] - score[others]) - np.sign(baseline[row] - baseline[others])
        first += fewer[row] * float(more[others] @ gap) / 2
        second += fewer[row] * float(more[others] @ gap**2) / 4
    total = float(fewer.sum() * more.sum())
    return max(0.0, second / total - (first / total) ** 2)
