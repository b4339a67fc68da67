"""Average precision: the step-wise sum, with its influence function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.ranked import Bools, Floats, Ranked, class_weights, ranked


def average_precision(truth: Bools, score: NDArray[Any], weight: NDArray[Any] | None = None) -> Ranked:
    """Compute average precision: the mean, over the positive rows, of the precision at their score.

    The influence of a row is the derivative by its weight (the infinitesimal jackknife), exact with ties,
    in O(n log n): ``infer`` of :mod:`aiqa.stats.ranked` makes bounds of it.

    Parameters
    ----------
    truth : array of bool, shape (n,)
    score : array of float, shape (n,)
    weight : array of float, shape (n,), optional

    Raises
    ------
    ValueError
        If one of the classes has no weight.

    Examples
    --------
    >>> round(average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7])).value, 4)
    0.8333
    """
    positive, negative = class_weights(truth, weight)
    order = np.argsort(-score)
    falling = score[order]
    starts = np.flatnonzero(np.concatenate(([True], falling[1:] != falling[:-1])))
    hits = np.add.reduceat(positive[order], starts)
    hit, called = np.cumsum(hits), np.cumsum(np.add.reduceat((positive + negative)[order], starts))
    precision = np.divide(hit, called, out=np.zeros(len(hit)), where=called > 0)
    total = float(hit[-1])
    value = float(hits @ precision) / total
    influence = np.empty(len(order))
    sizes = np.diff(np.append(starts, len(order)))
    influence[order] = (
        _influence(positive[order], negative[order], hits, called, precision, value, sizes) / total
    )
    return ranked(value, influence, positive, negative, "linearised")


def _influence(
    positive: Floats,
    negative: Floats,
    hits: Floats,
    called: Floats,
    precision: Floats,
    value: float,
    sizes: NDArray[np.intp],
) -> Floats:
    """Return, in falling order of score, each row's weight times the derivative, times the positives."""
    inverse = np.divide(hits, called, out=np.zeros(len(hits)), where=called > 0)
    gained = np.repeat(np.cumsum(inverse[::-1])[::-1], sizes)
    diluted = np.repeat(np.cumsum((inverse * precision)[::-1])[::-1], sizes)
    own = np.repeat(precision, sizes) - value
    answer: Floats = positive * (own + gained - diluted) - negative * diluted
    return answer
