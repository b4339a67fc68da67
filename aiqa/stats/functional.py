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
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.stats.bootstrap import infer_sample
from aiqa.stats.inference import Inference
from aiqa.stats.linear import Linear, infer_linear
from aiqa.stats.resampling import Sample
from aiqa.stats.skewed import REAL, Domain, Scale

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
    reach : (float, float), optional
        Of a mean: where the values of its rows lie.
    firm : bool
        Whether no row can lie beyond `reach`; otherwise that is where one that was not seen lies on average.
    smooth : bool
        Whether the value is a smooth function of the weights; that of a quantile goes by steps.
    grouped : callable, optional
        From the group of each row, from 0, and their number to the same functional of groups as rows: where
        that can be said exactly, as of means.

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
    reach: Domain | None = None
    firm: bool = True
    smooth: bool = True
    grouped: Callable[[NDArray[np.int64], int], Functional] | None = None

    def linear(self, clusters: Clusters = None) -> Linear:
        """Return the value with what each independent unit (row or cluster) contributes to its error."""
        influence = self.influence(self.weight)
        linear = Linear.of_rows(self.value(self.weight), influence, self.weight, self.n, self.count)
        of_unit = linear if clusters is None else linear.clustered(clusters, self.weight)
        return replace(of_unit, displaced=self._displaced(influence, clusters, of_unit.moment(2)))

    def _displaced(
        self, influence: Floats, clusters: Clusters, variance: float
    ) -> tuple[float, float] | None:
        """Return the value where each unit counts less and more by its part in half a standard error."""
        if not (self.smooth and 0 < variance < math.inf):
            return None
        tilt = influence
        if clusters is not None:
            tilt = np.bincount(clusters, weights=influence).astype(float)[clusters]
        elif self.count is not None:
            tilt = np.divide(influence, self.count, out=np.zeros(len(influence)), where=self.count > 0)
        half = tilt / (2 * math.sqrt(variance))
        return self.value(self.weight * (1 - half)), self.value(self.weight * (1 + half))


def mean_of(values: NDArray[Any], weight: NDArray[Any] | None = None, *, domain: Domain = REAL) -> Functional:
    """Return the weighted mean of `values`, which lie in the `domain`, as a functional.

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

    def grouped(groups: NDArray[np.int64], size: int) -> Functional:
        total = np.bincount(groups, weights=weight, minlength=size).astype(float)
        sums = np.bincount(groups, weights=values if weight is None else weights * values, minlength=size)
        return mean_of(np.divide(sums, total, out=np.zeros(size), where=total > 0), total, domain=domain)

    weights = np.ones(len(values)) if weight is None else np.asarray(weight, dtype=float)
    reach = domain if math.isfinite(domain[1] - domain[0]) else None
    return Functional(weights, value, influence, len(values), domain, reach=reach, grouped=grouped)


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

    def grouped(groups: NDArray[np.int64], size: int) -> Functional:
        return function_of(function, [part.grouped(groups, size) for part in parts if part.grouped], gradient)

    first = parts[0]
    smooth = all(part.smooth for part in parts)
    fields: dict[str, Any] = {"n": first.n, "count": first.count, "smooth": smooth, **told}
    if all(part.grouped for part in parts):
        fields["grouped"] = grouped
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
    domain = _difference(first.domain, second.domain)
    return function_of(
        lambda a, b: a - b,
        (first, second),
        lambda *_: (1.0, -1.0),
        domain=domain,
        support=first.support,
        support_of=first.support_of,
        reach=_difference(first.reach, second.reach),
        firm=first.firm and second.firm,
    )


@overload
def _difference(first: Domain, second: Domain) -> Domain: ...
@overload
def _difference(first: Domain | None, second: Domain | None) -> Domain | None: ...
def _difference(first: Domain | None, second: Domain | None) -> Domain | None:
    if first is None or second is None:
        return None
    return first[0] - second[1], first[1] - second[0]


METHODS = ("linearised", "t", "bootstrap", "bootstrap-t", "bca", "percentile", "poisson", "jackknife")
"""How any functional can be inferred, by the method's usual name."""
REPLICATES = 2000
"""Resamples of a bootstrap, where nobody says how many."""
MANY, MANY_ROWS, BLOCKS = 4_000, 10_000, 1_000
"""Beyond so many units, or so many rows where they cannot be grouped, this many blocks are drawn from."""


def infer(
    functional: Functional,
    *,
    clusters: Clusters = None,
    method: str | None = None,
    replicates: int | None = None,
    seed: int = 0,
) -> Inference:
    """Infer a functional from its rows, or from its clusters.

    Parameters
    ----------
    functional : Functional
    clusters : ndarray of int, shape (n,), optional
        Which rows belong together. Default: each by itself.
    method : str, optional
        One of ``METHODS``. Default "linearised". "bootstrap" is the bootstrap-t; see
        :func:`aiqa.stats.bootstrap.infer_sample`.
    replicates : int, optional
        Resamples of a bootstrap. Default ``REPLICATES``.
    seed : int
        Of a bootstrap.

    Examples
    --------
    >>> infer(mean_of(np.arange(10.0))).method
    'hall'
    >>> infer(mean_of(np.arange(10.0)), method="percentile", replicates=999).method
    'bootstrap percentile (999 resamples)'
    """
    told: dict[str, Any] = {
        "domain": functional.domain,
        "support": functional.support,
        "support_of": functional.support_of,
    }
    if method not in (None, "linearised", "t"):
        sample = _sample(functional, clusters, seed)
        return infer_sample(sample, method, replicates or REPLICATES, seed, functional.n, **told)
    linear = functional.linear(clusters)
    if not math.isfinite(linear.value):
        raise MetricError("the value is not a finite number: look for missing and infinite rows")
    return infer_linear(
        linear,
        functional.n,
        method="t" if method == "t" else None,
        scale=functional.scale,
        reach=functional.reach,
        firm=functional.firm,
        **told,
    )


def _sample(functional: Functional, clusters: Clusters, seed: int) -> Sample:
    """Return what a bootstrap draws from: rows or clusters, or where there are many, random blocks of them.

    Blocks cost one pass, and a draw then as much as of a small table (Kleiner, Talwalkar, Sarkar & Jordan,
    Journal of the Royal Statistical Society B 76, 2014). A quantity that is no function of means is
    represented by the mean of its influences: what that leaves out is smaller than its error by the root
    of the number of rows.
    """
    whole = _whole(functional, clusters)
    rows, units = len(functional.weight), len(whole.count)
    if functional.grouped is not None and (whole.unit is not None or units > MANY):
        groups, size, kind = _blocks(whole, seed)
        small = functional.grouped(groups if whole.unit is None else groups[whole.unit], size)
        return Sample(small.value, small.influence, small.weight, np.ones(size), units=kind)
    return whole if rows <= MANY_ROWS else _of_influences(whole, seed)


def _whole(functional: Functional, clusters: Clusters) -> Sample:
    parts = functional.value, functional.influence, functional.weight
    if clusters is None:
        rows = np.ones(len(functional.weight))
        return Sample(*parts, rows if functional.count is None else functional.count)
    present = np.bincount(clusters) > 0
    numbers = np.cumsum(present) - 1
    return Sample(*parts, np.ones(int(present.sum())), numbers[clusters], "clusters")


def _blocks(sample: Sample, seed: int) -> tuple[NDArray[np.int64], int, str]:
    """Return the group of each unit, their number, and what they are."""
    units = len(sample.count)
    if units <= MANY:
        return np.arange(units), units, sample.units
    groups = np.random.default_rng(seed).integers(0, BLOCKS, units, dtype=np.uint16)
    return groups.astype(np.int64), BLOCKS, f"blocks of {sample.units}"


def _of_influences(sample: Sample, seed: int) -> Sample:
    """Return the mean, over units or blocks of them, whose influences are those of a quantity."""
    moved = sample.contributions(sample.weight)
    moved = np.divide(moved, np.sqrt(sample.count), out=np.zeros(len(moved)), where=sample.count > 0)
    groups, size, kind = _blocks(sample, seed)
    sums = np.bincount(groups, weights=moved, minlength=size).astype(float)
    mean = mean_of(sample.at(sample.weight) + size * (sums - sums.mean()))
    return Sample(mean.value, mean.influence, mean.weight, np.ones(size), units=kind)
