"""What statistics find: their states, and how those of two parts of the data are added up."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class MomentsState:
    """Rows n, sum of weights w, of squared weights w2; weighted mean; sum of w (x - mean)²; minimum, maximum.

    ``spread2`` is the sum of w² (x - mean)², for the variance of a weighted mean, and ``cross2`` that of
    w² (x - mean), without which two spreads could not be added (0 where all weights are equal). Of order 4,
    ``cubes`` and ``fourths`` are the sums of w³ (x - mean)^j, j from 0 to 3, and of w⁴ (x - mean)^j, j from 0
    to 4; otherwise empty. Where no row has weight, the mean is NaN; where there is no row, so are minimum
    and maximum.
    """

    n: int
    w: float
    w2: float
    mean: float
    m2: float
    spread2: float
    min: float
    max: float
    cross2: float = 0.0
    cubes: tuple[float, ...] = ()
    fourths: tuple[float, ...] = ()

    @property
    def spread(self) -> float | None:
        """The standard deviation of a sample of equal weights; None if it is 0, infinite or not defined."""
        if self.n < 2 or not math.isfinite(self.m2) or self.m2 <= 0:
            return None
        return math.sqrt(self.m2 / (self.n - 1))

    @property
    def deviation(self) -> float | None:
        """The same, also where it is 0."""
        return 0.0 if self.n > 1 and self.m2 == 0 else self.spread

    def merge(self, other: MomentsState) -> MomentsState:
        """Return the moments of both parts together (Chan, Golub & LeVeque 1983, with weights)."""
        n = self.n + other.n
        low = min(_known(self.min, other.min), default=math.nan)
        high = max(_known(self.max, other.max), default=math.nan)
        heavy = [part for part in (self, other) if part.w > 0]
        if len(heavy) < 2:
            return replace(heavy[0] if heavy else self, n=n, min=low, max=high)
        w = self.w + other.w
        mean = self.mean + (other.mean - self.mean) * (other.w / w)
        if math.isinf(self.mean):  # what is infinite has no distance
            mean = self.mean + other.mean
        m2, squares, cubes, fourths = (
            tuple(map(sum, zip(*sums, strict=True)))
            for sums in zip(*(_about(part, mean) for part in heavy), strict=True)
        )
        return MomentsState(n, w, squares[0], mean, m2[2], squares[2], low, high, squares[1], cubes, fourths)


def _known(*ends: float) -> list[float]:
    return [end for end in ends if not math.isnan(end)]


Sums = tuple[float, ...]


def _about(part: MomentsState, mean: float) -> tuple[Sums, Sums, Sums, Sums]:
    """Move the central sums of a part to another centre."""
    sums = ((part.w, 0.0, part.m2), (part.w2, part.cross2, part.spread2), part.cubes, part.fourths)
    first, squares, cubes, fourths = (moved(of, part.mean - mean) for of in sums)
    return first, squares, cubes, fourths


def moved(sums: Sums, step: float) -> Sums:
    """Return the sums of w^k (d + step)^j from those of w^k d^j, for j from 0 (the binomial theorem)."""
    return tuple(
        sum(math.comb(j, i) * sums[i] * step ** (j - i) for i in range(j + 1)) for j in range(len(sums))
    )


@dataclass(frozen=True, slots=True)
class CountState:
    """Rows n, sum of weights w, sum of squared weights w2."""

    n: int
    w: float
    w2: float

    def merge(self, other: CountState) -> CountState:
        """Return the counts of both parts together."""
        return CountState(self.n + other.n, self.w + other.w, self.w2 + other.w2)


@dataclass(frozen=True, slots=True)
class ExtremesState:
    """The least and the greatest value; None where there is none."""

    min: Any
    max: Any

    def merge(self, other: ExtremesState) -> ExtremesState:
        """Return the extremes of both parts together."""
        low = [end for end in (self.min, other.min) if end is not None]
        high = [end for end in (self.max, other.max) if end is not None]
        return ExtremesState(min(low, default=None), max(high, default=None))


@dataclass(frozen=True, slots=True)
class TotalState:
    """Rows n with a value, and their sum: int, float or Decimal, 0 where there is none."""

    n: int
    sum: Any

    def merge(self, other: TotalState) -> TotalState:
        """Return the sum over both parts."""
        if not (self.n and other.n):  # nothing is 0, whatever the type of sums
            return self if self.n else other
        return TotalState(self.n + other.n, self.sum + other.sum)


@dataclass(frozen=True, slots=True)
class RepeatsState:
    """Rows n, how many different keys they have, and how many rows share theirs with another."""

    n: int
    distinct: int
    repeated: int

    def __int__(self) -> int:
        return self.repeated

    def __bool__(self) -> bool:
        return self.repeated > 0


@dataclass(frozen=True, slots=True)
class QuantilesState:
    """Rows n with a value; for each probability p the values at the places below and above p (n - 1).

    Places count from 0. Without a row, None.
    """

    n: int
    probabilities: tuple[float, ...]
    below: tuple[Any, ...]
    above: tuple[Any, ...]

    def linear(self, place: int) -> float | None:
        """Return a quantile between its neighbours, in proportion (type 7 of Hyndman & Fan 1996)."""
        if not self.n:
            return None
        low, high = float(self.below[place]), float(self.above[place])
        if low == high:
            return low
        return low + (high - low) * (self.probabilities[place] * (self.n - 1) % 1)

    @property
    def first(self) -> float | None:
        """The first of the quantiles."""
        return self.linear(0)

    @property
    def last(self) -> float | None:
        """The last of them."""
        return self.linear(len(self.probabilities) - 1)

    def nearest(self, place: int) -> Any:
        """Return the neighbour that is nearer, the one at the even place where both are."""
        position = self.probabilities[place] * max(self.n - 1, 0)
        return (self.below if round(position) <= math.floor(position) else self.above)[place]


def merge(one: Any, other: Any) -> Any:
    """Return the state of two parts of the data together, from the states of each.

    Parameters
    ----------
    one, other : int, a state with ``merge``, or dict[tuple, CountState]
        States of one statistic: Count, Moments, Extremes, Total, Counts, ScoreHistogram or JointHistogram.
        Others do not add up.

    Raises
    ------
    TypeError
        For any other state.

    Examples
    --------
    >>> merge({("a",): CountState(2, 2.0, 2.0)}, {("a",): CountState(1, 1.0, 1.0)})
    {('a',): CountState(n=3, w=3.0, w2=3.0)}
    """
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    if hasattr(one, "merge") and type(one) is type(other):
        return one.merge(other)
    if isinstance(one, dict) and isinstance(other, dict):
        both = {key: merge(one[key], other[key]) for key in one.keys() & other.keys()}
        return one | other | both
    raise TypeError(f"states of type {type(one).__name__} do not add up")
