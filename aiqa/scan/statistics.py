"""The statistics: what one scan of a table can yield, declared as values.

A statistic says what to compute; its *state* is the answer, once per slice. All but :class:`Rows`,
:class:`Table`, :class:`ScoreSteps` and :class:`Sample` have states that add up over parts of the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from aiqa.scan.expr import Expr
from aiqa.stats.joint_histogram import JointHistogram as Joint
from aiqa.stats.score_histogram import ScoreHistogram as Histogram


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
class Sample:
    """The first values of `column` among the rows where `where` is true, with their rows.

    At most `limit` (all, where None). State: ``list[tuple[int, Any]]`` of row, from 0, and value.
    """

    column: str
    where: Expr
    limit: int | None = 20


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


Statistic = Count | Moments | Counts | Rows | Table | ScoreSteps | Sample


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

    def merge(self, other: MomentsState) -> MomentsState:
        """Return the moments of both parts together (Chan, Golub & LeVeque 1983, with weights)."""
        n = self.n + other.n
        low, high = float(np.fmin(self.min, other.min)), float(np.fmax(self.max, other.max))
        heavy = [part for part in (self, other) if part.w > 0]
        if len(heavy) < 2:
            return replace(heavy[0] if heavy else self, n=n, min=low, max=high)
        w = self.w + other.w
        mean = self.mean + (other.mean - self.mean) * (other.w / w)
        m2, squares, cubes, fourths = (
            tuple(map(sum, zip(*sums, strict=True)))
            for sums in zip(*(_about(part, mean) for part in heavy), strict=True)
        )
        return MomentsState(n, w, squares[0], mean, m2[2], squares[2], low, high, squares[1], cubes, fourths)


Sums = tuple[float, ...]


def _about(part: MomentsState, mean: float) -> tuple[Sums, Sums, Sums, Sums]:
    """Move the central sums of a part to another centre."""
    sums = ((part.w, 0.0, part.m2), (part.w2, part.cross2, part.spread2), part.cubes, part.fourths)
    first, squares, cubes, fourths = (_moved(of, part.mean - mean) for of in sums)
    return first, squares, cubes, fourths


def _moved(sums: Sums, step: float) -> Sums:
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


def merge(one: Any, other: Any) -> Any:
    """Return the state of two parts of the data together, from the states of each.

    Parameters
    ----------
    one, other : int, MomentsState, dict[tuple, CountState] or histogram of scores
        States of one statistic: Count, Moments, Counts, ScoreHistogram or JointHistogram. Others do not.

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
    if isinstance(one, MomentsState | CountState | Histogram | Joint):
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
    labels: tuple[str, ...]


Slicer = str | Binned
"""A column by its name, or bins of one."""


@dataclass(frozen=True, slots=True)
class Request:
    """A statistic in each slice by these columns (none: over the whole table, key ``()``)."""

    statistic: Statistic
    by: tuple[Slicer, ...] = ()


Answers = dict[Request, dict[SliceKey, Any]]
