"""Two models' losses on the same rows by ranks: Wilcoxon's test and the Hodges-Lehmann interval."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.special import ndtri

Floats = NDArray[np.float64]
EXACT = 50
"""Up to so many rows the distribution of the signed ranks is counted; beyond, it is taken for normal."""


def signed_rank(differences: Floats) -> tuple[Inference, float]:
    """Infer the pseudo-median of differences and test whether it is 0.

    The pseudo-median is the median of the means of all pairs of rows (each with itself, too): that of the
    distribution if it is symmetric. It is not the mean, and may even have the other sign. Point and interval
    are Hodges & Lehmann's (Annals of Mathematical Statistics 34, 1963), with the ranks of Wilcoxon's test
    (Biometrics Bulletin 1, 1945): exact for up to 50 rows from a continuous distribution, otherwise by
    normal approximation with continuity correction.

    Parameters
    ----------
    differences : ndarray of float, shape (n,)

    Returns
    -------
    inference : Inference
        Of the pseudo-median.
    p_value : float
        Two-sided, by :func:`scipy.stats.wilcoxon` without the differences that are 0; 1 where all are.

    Examples
    --------
    >>> inference, p_value = signed_rank(np.array([1.1, 2.2, -0.3, 4.1, 2.5, 0.7]))
    >>> round(inference.value, 6), p_value
    (1.65, 0.0625)
    """
    ranked = np.sort(differences)
    n = len(ranked)
    pairs = n * (n + 1) // 2
    average = _averages(ranked)
    value = (average((pairs + 1) // 2) + average(pairs // 2 + 1)) / 2

    def lower(alpha: float) -> float:
        rank = _rank(n, alpha)
        return min(value, average(rank)) if rank >= 1 else -math.inf

    def upper(alpha: float) -> float:
        rank = _rank(n, alpha)
        return max(value, average(pairs + 1 - rank)) if rank >= 1 else math.inf

    return Inference(value, n, "hodges-lehmann (pseudo-median)", lower, upper), _p_value(differences)


def _p_value(differences: Floats) -> float:
    from scipy import stats

    return float(stats.wilcoxon(differences).pvalue) if differences.any() else 1.0


def _averages(ranked: Floats) -> Callable[[int], float]:
    """Return the function that finds the k-th smallest mean of two rows.

    By bisection, counting pairs in sorted rows, so that the n²/2 pairs are never made.
    """

    def below(average: float) -> NDArray[np.intp]:
        """Count for each row the rows with which its mean is at most `average`."""
        return np.searchsorted(ranked, 2 * average - ranked, side="right")

    def reaches(average: float, k: int) -> bool:
        with_itself = int(np.searchsorted(ranked, average, side="right"))
        return (int(below(average).sum()) + with_itself) // 2 >= k

    def find(k: int) -> float:
        low, high = float(ranked[0]), float(ranked[-1])
        if reaches(low, k):
            return low
        close = np.finfo(float).eps * max(abs(low), abs(high))
        while high - low > close:
            middle = (low + high) / 2
            low, high = (low, middle) if reaches(middle, k) else (middle, high)
        last = below(high)
        paired = last > 0
        return float(((ranked[paired] + ranked[last[paired] - 1]) / 2).max())

    return find


def _rank(n: int, alpha: float) -> int:
    """Return the largest r such that with probability < alpha the sum of signed ranks is below r."""
    if n > EXACT:
        pairs = n * (n + 1) / 2
        error = math.sqrt(pairs * (2 * n + 1) / 12)
        return max(0, math.floor(pairs / 2 + 0.5 + ndtri(alpha) * error))
    return int(np.searchsorted(np.cumsum(_signed_ranks(n)), alpha))


def _signed_ranks(n: int) -> Floats:
    """Return the probabilities of the sums of the ranks that have a positive sign, from 0 to n(n+1)/2."""
    chances = np.ones(1)
    for rank in range(1, n + 1):
        shifted = np.zeros(len(chances) + rank)
        shifted[: len(chances)] += chances / 2
        shifted[rank:] += chances / 2
        chances = shifted
    return chances
