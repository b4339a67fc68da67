"""Quantities as functions of the weights of rows: one form for errors, clusters, pairs and resampling.

Every smooth metric is a function of its rows' weights. Its derivative by each row's weight (the influence
function; the infinitesimal jackknife of Jaeckel, 1972, and Efron, JASA 76, 1981) gives its error, alone or
against another quantity of the same rows; summed by cluster it gives the error where rows belong together;
and the function itself, at resampled weights, gives its bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.linear import REAL, Domain, Linear, Scale, infer_linear

Floats = NDArray[np.float64]
Clusters = NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, eq=False)
class Functional:
    """A quantity as a function of the weights of its rows.

    Parameters
    ----------
    weight : ndarray of float, shape (n,)
        The weights of the rows; all ones, or for rows that stand for several (cells, bins) their number.
    value : callable
        From weights, shape (n,), to the value; NaN where it is not defined on them.
    influence : callable
        From weights, shape (n,), to the derivative of the value by each row's weight, times that weight;
        the sum over all rows is 0.
    n : int
        Rows of the table.
    domain : (float, float)
        Where the truth must lie.
    scale : {"identity", "logit", "log", "fisher"}
        On which scale its error is closest to normal.
    count : ndarray of float, shape (n,), optional
        How many rows each stands for: with unequal weights the effective number, w² / w2. Default: one.
    support, support_of : optional
        As in :class:`~aiqa.stats.inference.Inference`.

    Examples
    --------
    >>> rows = mean_of(np.array([1.0, 2.0, 6.0]))
    >>> rows.value(rows.weight), rows.influence(rows.weight).tolist()
    (3.0, [-0.6666666666666666, -0.3333333333333333, 1.0])
    """

    weight: Floats
    value: Callable[[Floats], float]
    influence: Callable[[Floats], Floats]
    n: int
    domain: Domain = REAL
    scale: Scale = "identity"
    count: Floats | None = None
    support: int | None = None
    support_of: str = "rows"

    def linear(self, clusters: Clusters = None) -> Linear:
        """Return the value with what each independent unit (row or cluster) contributes to its error."""
        linear = Linear.of_rows(
            self.value(self.weight), self.influence(self.weight), self.weight, self.n, self.count
        )
        return linear if clusters is None else linear.clustered(clusters, self.weight)


def mean_of(values: NDArray[Any], weight: NDArray[Any] | None = None, *, domain: Domain = REAL) -> Functional:
    """Return the weighted mean of `values` as a functional.

    Examples
    --------
    >>> mean_of(np.array([1.0, 2.0, 6.0])).linear().value
    3.0
    """

    def value(weights: Floats) -> float:
        total = float(weights.sum())
        return float(weights @ values) / total if total > 0 else math.nan

    def influence(weights: Floats) -> Floats:
        moved: Floats = weights * (values - value(weights)) / weights.sum()
        return moved

    weights = np.ones(len(values)) if weight is None else np.asarray(weight, dtype=float)
    return Functional(weights, value, influence, len(values), domain)


def function_of(
    function: Callable[..., float],
    parts: Sequence[Functional],
    gradient: Callable[..., Sequence[float]],
    **told: Any,
) -> Functional:
    """Return a smooth function of quantities of the same rows (the delta method).

    Parameters
    ----------
    function : callable
        From the values of the parts to the value.
    parts : sequence of Functional
        Of the same rows and weights.
    gradient : callable
        From the values of the parts to the derivative by each.
    **told
        Fields of :class:`Functional` that differ from those of the first part (``domain=``, ``scale=``).

    Examples
    --------
    >>> x, y = mean_of(np.array([1.0, 3.0])), mean_of(np.array([2.0, 2.0]))
    >>> ratio = function_of(lambda a, b: a / b, (x, y), lambda a, b: (1 / b, -a / b**2))
    >>> ratio.linear().value
    1.0
    """

    def values(weights: Floats) -> list[float]:
        return [part.value(weights) for part in parts]

    def influence(weights: Floats) -> Floats:
        slopes = gradient(*values(weights))
        moved: Floats = sum(
            (slope * part.influence(weights) for slope, part in zip(slopes, parts, strict=True)),
            np.zeros(len(weights)),
        )
        return moved

    first = parts[0]
    fields: dict[str, Any] = {"n": first.n, "count": first.count, **told}
    return Functional(first.weight, lambda weights: float(function(*values(weights))), influence, **fields)


def average(parts: Sequence[Functional], shares: Sequence[float], **told: Any) -> Functional:
    """Return a weighted mean, with fixed `shares`, of quantities of the same rows."""

    def mean(*values: float) -> float:
        return float(sum(share * value for share, value in zip(shares, values, strict=True)))

    return function_of(mean, parts, lambda *_: list(shares), **told)


def embedded(functional: Functional, rows: NDArray[np.intp], weight: Floats) -> Functional:
    """Return a quantity of some of the rows as a quantity of all of them, whose weights are `weight`."""

    def influence(weights: Floats) -> Floats:
        moved = np.zeros(len(weights))
        moved[rows] = functional.influence(weights[rows])
        return moved

    return replace(
        functional,
        weight=weight,
        value=lambda weights: functional.value(weights[rows]),
        influence=influence,
        n=len(weight),
    )


def difference(first: Functional, second: Functional) -> Functional:
    """Return one quantity minus another of the same rows."""
    domain = (first.domain[0] - second.domain[1], first.domain[1] - second.domain[0])
    return function_of(
        lambda a, b: a - b,
        (first, second),
        lambda *_: (1.0, -1.0),
        domain=domain,
        support=first.support,
        support_of=first.support_of,
    )


METHODS = ("linearised", "bootstrap", "bca", "percentile", "poisson", "jackknife")
"""How any functional can be inferred, by the method's usual name."""


def infer(
    functional: Functional,
    *,
    clusters: Clusters = None,
    method: str | None = None,  # noqa: ARG001
    seed: int = 0,  # noqa: ARG001
) -> Inference:
    """Infer a functional from its rows, or from its clusters.

    Parameters
    ----------
    functional : Functional
    clusters : ndarray of int, shape (n,), optional
        Which rows belong together. Default: each by itself.
    method : str, optional
        One of ``METHODS``. Default "linearised".
    seed : int
        Of a bootstrap.

    Examples
    --------
    >>> infer(mean_of(np.arange(10.0))).method
    'linearised t'
    """
    linear = functional.linear(clusters)
    return infer_linear(
        linear,
        functional.n,
        scale=functional.scale,
        domain=functional.domain,
        support=functional.support,
        support_of=functional.support_of,
    )
