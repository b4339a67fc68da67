"""The statistics: what one scan of a table can yield, declared as values.

A statistic says what to compute; its *state* is the answer, once per slice. Which states add up over parts
of the data, :func:`aiqa.scan.states.merge` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiqa.declare.folded import OTHER
from aiqa.scan.expr import Expr, call


@dataclass(frozen=True, slots=True)
class Count:
    """Rows for which `where` is true (all rows, where None). State: int."""

    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted moments of an expression, nulls left out. State: :class:`~aiqa.scan.states.MomentsState`.

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

    State: :class:`~aiqa.scan.states.ExtremesState`.
    """

    term: Expr


@dataclass(frozen=True, slots=True)
class Total:
    """The sum, exact for whole numbers, nulls left out. State: :class:`~aiqa.scan.states.TotalState`."""

    term: Expr


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many different combinations of the keys there are, and how many rows share theirs with another.

    Of the rows where `where` is true (all, where None); nulls are equal to each other. State:
    :class:`~aiqa.scan.states.RepeatsState`. Costs memory of the size of the different combinations.
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
    """The values next to each of these quantiles, nulls and NaN left out.

    Exact, so it sorts; costs memory of the size of the column. State:
    :class:`~aiqa.scan.states.QuantilesState`.
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
