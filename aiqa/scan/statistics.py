"""The statistics: what one scan of a table can yield, declared as values.

A statistic says what to compute; its *state* is the answer, once per slice. All but :class:`Rows` and
:class:`Sample` have states that add up over parts of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiqa.scan.expr import Expr

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Count:
    """Rows for which `where` is true (all rows, where None). State: int."""

    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted moments of an expression, nulls left out. State: :class:`MomentsState`."""

    term: Expr
    weight: str | None = None


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
    """

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """The first `limit` values of `column` among the rows where `where` is true. State: ``list``."""

    column: str
    where: Expr
    limit: int = 20


Statistic = Count | Moments | Counts | Rows | Sample


@dataclass(frozen=True, slots=True)
class MomentsState:
    """Rows n, sum of weights w, of squared weights w2; weighted mean; sum of w (x - mean)²; minimum, maximum.

    ``spread2`` is the sum of w² (x - mean)², for the variance of a weighted mean.
    """

    n: int
    w: float
    w2: float
    mean: float
    m2: float
    spread2: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class CountState:
    """Rows n, sum of weights w, sum of squared weights w2."""

    n: int
    w: float
    w2: float


SliceKey = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A statistic in each slice by these columns (none: over the whole table, key ``()``)."""

    statistic: Statistic
    by: tuple[str, ...] = ()


Answers = dict[Request, dict[SliceKey, Any]]
Arrays = "dict[str, np.ndarray[Any, Any]]"
