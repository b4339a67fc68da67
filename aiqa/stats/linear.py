"""A statistic and what its units contribute to its error; t bounds of statistics with a known variance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.skewed import REAL, Domain, Influences, infer_influences, quantile_t

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A statistic and what each independent unit contributes to its error.

    Parameters
    ----------
    value : float
    influence : ndarray of float, shape (units,)
        The derivative of `value` by the weight of each unit (row or cluster), times that weight.
    effective : float
        Kish's effective number of units, (sum of w)² / (sum of w²).
    count : ndarray of float, shape (units,), or None
        How many rows a unit stands for, where it stands for several equal ones.
    n : int
        Rows of the table.
    units : str
        "rows" or "clusters".
    displaced : (float, float), optional
        As in :class:`~aiqa.stats.skewed.Influences`.
    """

    value: float
    influence: Floats
    effective: float
    n: int
    count: Floats | None = None
    units: str = "rows"
    displaced: tuple[float, float] | None = None

    @classmethod
    def of_rows(
        cls, value: float, influence: Floats, weight: Floats, n: int, count: Floats | None = None
    ) -> Linear:
        """Put an influence together with the effective number of its rows."""
        counts = np.ones(len(weight)) if count is None else count
        squares = np.divide(weight**2, counts, out=np.zeros(len(weight)), where=counts > 0)
        total = float(squares.sum())
        return cls(value, influence, float(weight.sum()) ** 2 / total if total > 0 else 0.0, n, count)

    def clustered(self, clusters: NDArray[np.int64], weight: Floats) -> Linear:
        """Return the same with clusters as units: their influences are the sums of their rows'."""
        size = int(clusters.max()) + 1
        total: Floats = np.bincount(clusters, weights=weight, minlength=size).astype(float)
        present = np.bincount(clusters, minlength=size) > 0
        influence = np.bincount(clusters, weights=self.influence, minlength=size)[present].astype(float)
        effective = float(total.sum() ** 2 / (total @ total)) if total.any() else 0.0
        return Linear(self.value, influence, effective, self.n, units="clusters")

    def moment(self, order: int) -> float:
        """Return the sum over units of their influence to this power: the error's central moments."""
        if self.count is None:
            return float((self.influence**order).sum())
        counted = self.count > 0
        return float((self.influence[counted] ** order / self.count[counted] ** (order - 1)).sum())


def t_inference(
    value: float,
    variance: float,
    df: float,
    n: int,
    method: str,
    *,
    domain: Domain = REAL,
    support: int | None = None,
    support_of: str = "rows",
) -> Inference:
    """Return ``value ± t · sqrt(variance)``, cut at the `domain`; all of it where df is 0."""
    error = math.sqrt(variance) if df > 0 else math.inf

    def reach(alpha: float) -> float:
        return quantile_t(alpha, df) * error if error > 0 else 0.0

    return Inference(
        value,
        n,
        method,
        lambda alpha: max(domain[0], value - reach(alpha)),
        lambda alpha: min(domain[1], value + reach(alpha)),
        support,
        support_of,
    )


def infer_linear(linear: Linear, n: int, **how: Any) -> Inference:
    """Infer a statistic from what its units contribute to its error.

    Parameters
    ----------
    linear : Linear
    n : int
        Rows of the table.
    **how
        As in :func:`~aiqa.stats.skewed.infer_influences`.
    """
    second, third, fourth = (linear.moment(order) for order in (2, 3, 4))
    of = Influences(linear.value, linear.effective, second, third, fourth, linear.displaced)
    return infer_influences(of, n, **how)
