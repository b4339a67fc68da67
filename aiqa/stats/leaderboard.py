"""Scores of a test set that is asked again and again, told only where they are news.

Blum & Hardt, The Ladder: A Reliable Leaderboard for Machine Learning Competitions, ICML 2015. Who sees the
score of every try climbs to the test set's own noise. If a score is told only where it beats the best so far
by more than that noise, the best told score stays close to the truth, however many tries there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rung:
    """What may be told of one try.

    Parameters
    ----------
    loss : float
        The mean loss to tell: rounded, of this try if it is better, otherwise of the best before it.
    better : bool
        Whether this try is the best from now on.
    step : float
        By how much it had to be better: one paired standard error.
    """

    loss: float
    better: bool
    step: float


def ladder(
    losses: Sequence[float] | NDArray[np.float64], best: Sequence[float] | NDArray[np.float64] | None = None
) -> Rung:
    """Return what may be told of a model's losses on a test set (their algorithm 2, free of parameters).

    Parameters
    ----------
    losses : sequence of float, shape (n,)
        The losses of this try on each row.
    best : sequence of float, shape (n,), optional
        Those of the best try so far, on the same rows. Default: there is none.

    Raises
    ------
    ValueError
        If the two have other lengths, or none.

    Examples
    --------
    >>> first = ladder([1, 0, 1, 0, 1, 1, 0, 0])
    >>> first.loss, first.better
    (0.5, True)
    >>> again = ladder([1, 0, 1, 0, 1, 0, 0, 1], best=[1, 0, 1, 0, 1, 1, 0, 0])
    >>> again.loss, again.better
    (0.5, False)
    """
    own = np.asarray(losses, dtype=float)
    if own.ndim != 1 or not len(own) or not np.isfinite(own).all():
        raise ValueError("a try has one finite loss for each row")
    if best is None:
        return Rung(_rounded(own), better=True, step=0.0)
    others = np.asarray(best, dtype=float)
    if others.shape != own.shape:
        raise ValueError(
            f"the best try has {len(others):,} losses, and this one {len(own):,}: not the same rows"
        )
    step = float((own - others).std(ddof=1)) / math.sqrt(len(own)) if len(own) > 1 else math.inf
    better = float(own.mean()) < float(others.mean()) - step
    return Rung(_rounded(own if better else others), better, step)


def _rounded(losses: NDArray[np.float64]) -> float:
    """Round a mean to 1/n: what lies below says more of the rows than of the model."""
    n = len(losses)
    return round(float(losses.mean()) * n) / n
