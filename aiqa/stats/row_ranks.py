"""Statistics of ranks with what each row contributes: for pairs of models, averages of classes, clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.curves import Floats, total
from aiqa.stats.functional import Functional
from aiqa.stats.ranked import RARER, Domain, Pull, Ranked, Statistic, kish, pull, satterthwaite
from aiqa.stats.steps import Steps

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Which rows there are, and which of them vary together.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        The class of each row.
    weight : ndarray of float, shape (n,), or None
    clusters : ndarray of int, shape (n,), or None
        Which rows belong together.
    """

    group: Ints
    weight: Floats | None = None
    clusters: Ints | None = None

    @property
    def weights(self) -> Floats:
        """The weights; ones where there are none."""
        return np.ones(len(self.group)) if self.weight is None else self.weight

    def size(self, of: Bools) -> float:
        """Return the effective number of these rows, or of the clusters that they are in."""
        if self.weight is None and self.clusters is None:
            return float(np.count_nonzero(of))
        weights = self.weights[of]
        if self.clusters is not None:
            weights = np.bincount(self.clusters[of], weights=weights).astype(float)
        return kish(weights, weights**2)

    def moments(self, influence: Floats) -> tuple[float, float, float]:
        """Return variance, third moment and degrees of freedom of a sum of influences.

        Rows vary by class; clusters as they are, by the sums of their rows' influences (Obuchowski,
        Biometrics 53, 1997), with as many degrees of freedom as the rarest class has clusters, less one.
        """
        classes = [self.group == code for code in np.flatnonzero(np.bincount(self.group))]
        sizes = [self.size(of) for of in classes]
        if self.clusters is None:
            squares = influence * influence
            parts = [float(squares[of].sum()) for of in classes]
            variance, df = satterthwaite(parts, sizes)
            return variance, total(squares, influence), df
        units = np.bincount(self.clusters, weights=influence).astype(float)
        whole = self.size(np.ones(len(self.group), dtype=bool))
        fewest = min(*sizes, whole)
        if fewest <= 1 + 1e-9:
            return math.inf, 0.0, 0.0
        squares = units * units
        return float(squares.sum()) * whole / (whole - 1), total(squares, units), fewest - 1


@dataclass(frozen=True, slots=True, eq=False)
class RowRanks:
    """A statistic of ranks and what each row contributes to it.

    Parameters
    ----------
    value : float
    influence : ndarray of float, shape (n,)
        Its derivative by each row's weight, times that weight.
    pulls : tuple of Pull
        What unseen rows would do; see :mod:`aiqa.stats.ranked`.
    spreads : tuple of float
        To each of them, the variance of the influence function over the rows of its class.
    sizes : (float, float)
        Effective numbers of positive and negative rows, or of clusters of them.
    rows : (int, int)
        Positive and negative rows with weight.
    name : str
    domain : (float, float)
    bias : float
    """

    value: float
    influence: Floats
    pulls: tuple[Pull, ...]
    spreads: tuple[float, ...]
    sizes: tuple[float, float]
    rows: tuple[int, int]
    name: str
    domain: Domain
    bias: float

    def embedded(self, rows: NDArray[np.intp], n: int) -> RowRanks:
        """Return the same as a statistic of `n` rows, of which these are its own."""
        influence = np.zeros(n)
        influence[rows] = self.influence
        return replace(self, influence=influence)

    def ranked(self, of: Rows) -> Ranked:
        """Return the moments of its error."""
        variance, third, df = of.moments(self.influence)
        return Ranked(
            self.value,
            variance,
            third,
            df,
            self.pulls,
            self.sizes,
            self.rows,
            len(self.influence),
            self.name if of.clusters is None else f"{self.name} of clusters",
            self.domain,
            self.bias,
        )


def on_rows(statistic: Statistic, truth: Bools, score: NDArray[Any], of: Rows) -> RowRanks:
    """Compute a statistic of the ranks of scores, and what each row contributes to it.

    Parameters
    ----------
    statistic : Statistic
    truth : ndarray of bool, shape (n,)
    score : ndarray of float, shape (n,)
    of : Rows

    Examples
    --------
    >>> from aiqa.stats.roc import AREA
    >>> truth, score = np.array([False, True, True]), np.array([0.1, 0.1, 0.7])
    >>> on_rows(AREA, truth, score, Rows(truth.astype(int))).influence.tolist()
    [0.0, -0.125, 0.125]
    """
    place, steps = places(truth, score)
    negative, positive = _by_step(place, of.weight, steps)
    curve = statistic.curve(positive, negative)
    influence = np.concatenate((curve.by_negative, curve.by_positive))[place]
    sizes = of.size(truth), of.size(~truth)
    heavy = truth if of.weight is None else truth[of.weight > 0]
    found = int(np.count_nonzero(heavy))
    return RowRanks(
        curve.value,
        influence if of.weight is None else influence * of.weight,
        (
            pull(curve.by_positive, negative, positive, sizes[0], *statistic.unseen),
            pull(curve.by_negative, positive, negative, sizes[1], *statistic.unseen),
        ),
        (spread_of(curve.by_positive, positive), spread_of(curve.by_negative, negative)),
        sizes,
        (found, len(heavy) - found),
        statistic.name,
        statistic.domain,
        0.0 if statistic.bias is None else statistic.bias(positive, negative, _units(truth, of)),
    )


def places(truth: Bools, score: NDArray[Any]) -> tuple[Ints, int]:
    """Return the step of each row's score, of a positive one plus the number of steps, and that number."""
    step = np.unique(score, return_inverse=True)[1]
    steps = int(step.max()) + 1
    return step + steps * truth, steps


def _by_step(place: Ints, weights: Floats | None, steps: int) -> Floats:
    """Return the weights of negative and of positive rows by step: shape (2, steps)."""
    return np.bincount(place, weights=weights, minlength=2 * steps).reshape(2, steps).astype(float)


def _units(truth: Bools, of: Rows) -> tuple[float, float]:
    """Return the weight of one positive and of one negative row."""
    if of.weight is None:
        return 1.0, 1.0
    one, other = (of.weight[kind] for kind in (truth, ~truth))
    return total(one, one) / float(one.sum()), total(other, other) / float(other.sum())


def spread_of(derivative: Floats, weight: Floats) -> float:
    """Return the variance of the influence function over the rows of a class."""
    return total(weight, derivative * derivative) * float(weight.sum())


def mean_of(parts: Sequence[RowRanks], shares: Sequence[float]) -> RowRanks:
    """Return a weighted mean, with fixed shares, of statistics of the same rows."""
    pairs = list(zip(shares, parts, strict=True))
    rarest = min(parts, key=lambda part: min(part.sizes))
    return RowRanks(
        sum(share * part.value for share, part in pairs),
        sum((share * part.influence for share, part in pairs), np.zeros(len(rarest.influence))),
        tuple(one.averaged(share) for share, part in pairs for one in part.pulls),
        tuple(spread * share**2 for share, part in pairs for spread in part.spreads),
        rarest.sizes,
        rarest.rows,
        rarest.name,
        rarest.domain,
        sum(share * part.bias for share, part in pairs),
    )


def paired_pulls(
    first: Sequence[Pull],
    second: Sequence[Pull],
    first_spreads: Sequence[float],
    second_spreads: Sequence[float],
) -> tuple[Pull, ...]:
    """Return the pulls of a difference: of rows that one knows nothing of, and the other ranks as it does."""
    down = zip(first, second_spreads, strict=True)
    up = zip(second, first_spreads, strict=True)
    return (
        *(replace(one, spread=one.spread + spread, rows=one.paired) for one, spread in down),
        *(replace(one, shift=-one.shift, spread=one.spread + spread, rows=one.paired) for one, spread in up),
    )


def difference_of(first: RowRanks, second: RowRanks) -> RowRanks:
    """Return one statistic minus another of the same rows."""
    low, high = first.domain
    return RowRanks(
        first.value - second.value,
        first.influence - second.influence,
        paired_pulls(first.pulls, second.pulls, first.spreads, second.spreads),
        first.spreads,
        first.sizes,
        first.rows,
        f"paired {first.name}",
        (low - high, high - low),
        first.bias - second.bias,
    )


def functional_of(statistic: Statistic, place: Ints, steps: int, weight: Floats, **told: Any) -> Functional:
    """Return a statistic of ranks as a function of the weights of rows, or of cells that stand for rows.

    Parameters
    ----------
    statistic : Statistic
    place : ndarray of int, shape (rows,)
    steps : int
        As of :func:`places`.
    weight : ndarray of float, shape (rows,)
    **told
        Further fields of the functional.
    """

    def value(weights: Floats) -> float:
        negative, positive = _by_step(place, weights, steps)
        if not (positive.any() and negative.any()):
            return math.nan
        return statistic.curve(positive, negative).value

    def influence(weights: Floats) -> Floats:
        negative, positive = _by_step(place, weights, steps)
        curve = statistic.curve(positive, negative)
        moved: Floats = weights * np.concatenate((curve.by_negative, curve.by_positive))[place]
        return moved

    fields: dict[str, Any] = {"n": len(weight), "support_of": RARER, **told}
    return Functional(weight, value, influence, domain=statistic.domain, scale="logit", **fields)


def functional_of_cells(statistic: Statistic, steps: Steps) -> Functional:
    """Return a statistic of ranks as a function of the weights of cells: the classes of rows in each step.

    To resample a million rows that fall into a thousand bins takes the time of resampling two thousand rows.

    Parameters
    ----------
    statistic : Statistic
    steps : Steps
        Of rows, or of the bins of a histogram.
    """
    weight = np.concatenate((steps.negative, steps.positive))
    squares = np.concatenate((steps.negative2, steps.positive2))
    place = np.flatnonzero(weight > 0)
    return functional_of(
        statistic,
        place,
        len(steps.positive),
        weight[place],
        count=weight[place] ** 2 / squares[place],
        n=steps.n,
        support=min(steps.rows),
    )
