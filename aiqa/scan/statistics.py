"""The statistics: what one scan of a table can yield, declared as values.

A statistic says what to compute; its *state* is the answer, once per slice. Which states add up over parts
of the data, :func:`merge` tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from aiqa.declare.folded import OTHER
from aiqa.scan.expr import Expr, call


@dataclass(frozen=True, slots=True)
class Count:
    """Rows for which `where` is true (all rows, where None). State: int."""

    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted moments of an expression, nulls left out. State: :class:`MomentsState`.

    Up to this `order`: 2, or 4 where bounds of the mean are wanted. A NaN among the values makes mean, m2
    and spread2 NaN: whoever reads the state must look.
    """

    term: Expr
    weight: str | None = None
    order: Literal[2, 4] = 2


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows and weight by each combination of key expressions. State: ``dict[tuple, CountState]``.

    A key may be null (None). For few combinations: confusion counts, bins, categories.
    """

    keys: tuple[Expr, ...]
    weight: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns themselves, as arrays in row order. State: ``dict[str, numpy.ndarray]``.

    For what does not add up: exact ranks, any user function. Costs memory of the size of the columns.
    Null is NaN in the array of a numeric column and None elsewhere.
    """

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The columns themselves, as a frame in row order. State: ``polars.DataFrame``.

    For functions of users, who know their columns with their own types and nulls.
    """

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extremes:
    """The least and the greatest value, in their own type; nulls and NaN left out.

    State: :class:`ExtremesState`.
    """

    term: Expr


@dataclass(frozen=True, slots=True)
class Total:
    """The sum, exact for whole numbers, nulls left out. State: :class:`TotalState`."""

    term: Expr


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many different combinations of the keys there are, and how many rows share theirs with another.

    Of the rows where `where` is true (all, where None); nulls are equal to each other. State:
    :class:`RepeatsState`. Costs memory of the size of the different combinations.
    """

    keys: tuple[Expr, ...]
    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """The values of an expression in the rows where `where` is true, rising. State: ndarray, shape (n,).

    Costs memory of their size. On Polars only.
    """

    term: Expr
    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """The first `limit` different values in rising order, nulls left out. State: ``tuple``."""

    term: Expr
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Frequent:
    """The most frequent values, those of equal number in rising order, nulls left out.

    At most `limit`. State: ``tuple[tuple[Any, int], ...]`` of value and rows.
    """

    term: Expr
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The values next to each of these quantiles, nulls and NaN left out. State: :class:`QuantilesState`.

    Exact, so it sorts; costs memory of the size of the column.
    """

    term: Expr
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """The greatest step from one value to the next greater one, nulls left out. State: ``tuple``.

    Of the values before and after it; of None, where there are not two different values. Without slices.
    """

    term: Expr


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows where `where` is true: their numbers, from 0, and their values in `columns`.

    At most `limit` (all, where None). State: ``list[tuple[int, Any, ...]]``. Looked for only where a scan
    before counted any.
    """

    columns: tuple[str, ...]
    where: Expr
    limit: int | None = 20

    @property
    def count(self) -> Count | Repeats:
        """The statistic that tells whether there is any such row."""
        return counting(self.where)


@dataclass(frozen=True, slots=True)
class Query:
    """What a query in SQL gives of the table, which it calls ``__aiqa_batch``.

    The number of its rows, where `limit` is None, else the rows: at most so many, or all where negative.
    State: int, or ``list[dict[str, Any]]``. Without slices.
    """

    sql: str
    limit: int | None = None


def counting(where: Expr) -> Count | Repeats:
    """Return the statistic whose state, as a whole number, is how many rows there are where `where` is true.

    Examples
    --------
    >>> from aiqa.scan.expr import call, col
    >>> counting(call("repeated", (col("id"),), None))
    Repeats(keys=(Expr(op='col', args=('id',)),), where=None)
    """
    return Repeats(*where.args) if where.op == "repeated" else Count(where)


@dataclass(frozen=True, slots=True)
class ScoreSteps:
    """Weights of positive and negative rows at each rising score. State: :class:`aiqa.stats.steps.Steps`.

    Exact, and all that statistics of ranks need; takes one sort of all rows, however many slices.

    Parameters
    ----------
    truth, score : str
        Columns: whole numbers, and floats without null or NaN.
    label : int
        Which value of `truth` is positive.
    falling : bool
        Whether a smaller score speaks for it.
    weight : str, optional
    joined : bool
        Whether positive rows with no negative one between them may share a step.
    """

    truth: str
    score: str
    label: int = 1
    falling: bool = False
    weight: str | None = None
    joined: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, beside the weight."""
        return (self.truth, self.score)


@dataclass(frozen=True, slots=True)
class ScoreHistogram(ScoreSteps):
    """The same by bins of the score. State: :class:`aiqa.stats.score_histogram.ScoreHistogram`.

    Parameters
    ----------
    cuts : bytes
        The memory of the array of cuts (``cuts_of(...).tobytes()``): the same for all parts of the data.
    """

    cuts: bytes = b""


@dataclass(frozen=True, slots=True)
class JointHistogram(ScoreHistogram):
    """The same by the scores of two models. State: :class:`aiqa.stats.joint_histogram.JointHistogram`.

    Parameters
    ----------
    baseline : str
        The column of the other score.
    baseline_cuts : bytes
    """

    baseline: str = ""
    baseline_cuts: bytes = b""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, beside the weight."""
        return (self.truth, self.score, self.baseline)


Scalar = Count | Moments | Extremes | Total
"""Statistics of which many fit into one query."""
Grouped = Counts | Repeats | Sorted | Values | Frequent | Quantiles | Gap | Sample | Query
Statistic = Scalar | Grouped | Rows | Table | ScoreSteps


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


SliceKey = tuple[tuple[str, Any], ...]
"""Which slice: pairs of column and value, in the order of ``Request.by``; ``()`` is the whole table."""


@dataclass(frozen=True, slots=True)
class Binned:
    """Slices by the number of a bin, from 0, that an expression gives; ``labels`` name the bins."""

    name: str
    bin: Expr
    labels: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """Slices by the values of a column, those of fewer than `min_support` rows as one, and null by itself.

    They are counted in a pass before, over the whole table. For parts of one, merge the ``count`` of each,
    and ask for the slices that are ``kept`` of that: by those the states of all parts add up.
    """

    name: str
    value: Expr
    min_support: int

    @property
    def count(self) -> Request:
        """What must be known of the whole table first."""
        return Request(Count(), tuple(self.value.columns))

    def kept(self, counts: Mapping[SliceKey, int]) -> Slicer:
        """Return the slicer of these values, once it is known how many rows each has."""
        known = [(key[0][1], rows) for key, rows in counts.items() if key[0][1] is not None]
        values = tuple(value for value, rows in known if rows >= self.min_support)
        if len(values) == len(known):
            return next(iter(self.value.columns))
        return Binned(self.name, call("place_among", self.value, values), (*values, OTHER))


Slicer = str | Binned | Common
"""A column by its name, or bins of one, or its common values."""


@dataclass(frozen=True, slots=True)
class Request:
    """A statistic in each slice by these columns (none: over the whole table, key ``()``).

    Where it comes `after` another, it is taken only if that counted anything, and else has no slice.
    """

    statistic: Statistic
    by: tuple[Slicer, ...] = ()
    after: Request | None = None

    @property
    def condition(self) -> Request | None:
        """The request that must have counted something; a sample waits for its own count."""
        if self.after is None and isinstance(self.statistic, Sample):
            return Request(self.statistic.count, self.by)
        return self.after


def takes_rows(request: Request) -> bool:
    """Tell whether a request takes whole columns of rows, in place of something that adds up over parts."""
    adds_up = isinstance(request.statistic, ScoreHistogram)
    return isinstance(request.statistic, (Rows, Table, ScoreSteps)) and not adds_up


Answers = dict[Request, dict[SliceKey, Any]]
