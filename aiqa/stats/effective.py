"""How many independent, equally weighted rows would tell as much as these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effective:
    """The effective number of rows behind a mean, and the degrees of freedom that it was found with.

    Parameters
    ----------
    size : float
    freedom : float or None
        Clusters less one; None where each row stands by itself.
    """

    size: float
    freedom: float | None = None


def effective_size(
    values: NDArray[Any],
    weight: NDArray[Any],
    squares: NDArray[Any],
    rows: int,
    clusters: NDArray[np.int64] | None = None,
) -> Effective:
    """Return the effective number of rows behind the weighted mean of `values`.

    Korn & Graubard, Survey Methodology 24 (1998): what the variance of the values is, over what the variance
    of their mean is; never more than the rows, nor than Kish's (sum of w)² / (sum of w²). Where the values
    show no variance, it is Kish's number, of the clusters if there are any.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Of rows, or of groups of rows that are alike.
    weight, squares : ndarray of float, shape (n,)
        The weight of each row, and its square; sums of both for groups.
    rows : int
    clusters : ndarray of int, shape (n,), optional

    Examples
    --------
    >>> hit, ones = np.array([1, 1, 0, 0]), np.ones(4)
    >>> effective_size(hit, ones, ones, 4).size
    4.0
    >>> effective_size(hit, ones, ones, 4, np.array([0, 0, 1, 1]))
    Effective(size=1.0, freedom=1.0)
    """
    total = float(weight.sum())
    mean = float(weight @ values) / total
    apart = values - mean
    spread = float(weight @ apart**2) / total
    kish = min(total**2 / float(squares.sum()), float(rows))
    if clusters is None:
        variance = float(squares @ apart**2) / total**2
        return Effective(min(kish, _ratio(spread, variance, kish)))
    sums = cluster_sums(weight * apart, clusters, weight)
    sizes = cluster_sums(weight, clusters, weight)
    number = len(sizes)
    variance = float(sums @ sums) / total**2 * number / (number - 1) if number > 1 else 0.0
    units = total**2 / float(sizes @ sizes)
    return Effective(min(kish, _ratio(spread, variance, units)), float(number - 1))


def cluster_sums(values: NDArray[Any], clusters: NDArray[np.int64], weight: NDArray[Any]) -> Floats:
    """Return the sum over each cluster that has weight."""
    size = int(clusters.max()) + 1
    present = np.bincount(clusters, weights=weight, minlength=size) > 0
    return np.bincount(clusters, weights=values, minlength=size)[present].astype(float)


def _ratio(spread: float, variance: float, otherwise: float) -> float:
    return spread / variance if variance > 1e-24 * spread > 0 else otherwise
