"""``aiqa.folded``: slices by the values of a column, those of few rows together."""

from __future__ import annotations

from enum import Enum

from aiqa.declare.values import Declaration, declaration
from aiqa.errors import DeclarationError


class Other(Enum):
    """What stands in the key of a slice for all values that were folded: equal to no value of a column."""

    OTHER = "other"

    def __str__(self) -> str:
        return "(other)"

    def __repr__(self) -> str:
        return "aiqa.other"


other = OTHER = Other.OTHER
"""The same, as users write it and as the code does."""


@declaration
class Folded(Declaration):
    """The values of a column, those of few rows as one; see :func:`folded`."""

    column: str
    min_support: int

    def __repr__(self) -> str:
        return f"folded({self.column!r}, min_support={self.min_support})"


def folded(column: str, *, min_support: int) -> Folded:
    """Slice by the values of a column, with all values of fewer than `min_support` rows as one slice.

    For columns of many values, such as merchants, whose rare ones would each be too few rows to judge. That
    slice has the key ``aiqa.other``, which no value equals, and is written ``(other)``. Missing values (null)
    are a slice of their own, however few; NaN is a value.

    How many rows a value has is counted over the whole table, whatever other columns the slices are crossed
    with.

    Parameters
    ----------
    column : str
        Of any type.
    min_support : int
        From 2 up.

    Raises
    ------
    DeclarationError
        If `column` is no name, or `min_support` no such number.

    Examples
    --------
    >>> from aiqa import metric
    >>> metric.recall.by(folded("merchant", min_support=200)) >= 0.5
    recall.by(folded('merchant', min_support=200)) >= 0.5
    """
    whole = isinstance(min_support, int) and not isinstance(min_support, bool)
    if not isinstance(column, str) or not whole or min_support < 2:
        raise DeclarationError(
            f"folded(column, min_support=) takes a name and a number of rows, from 2 up, not {column!r} and "
            f"{min_support!r}"
        )
    return Folded(column, min_support)
