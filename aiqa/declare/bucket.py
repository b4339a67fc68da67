"""``aiqa.bucket``: slices by the range that a number falls in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from aiqa.declare.values import Declaration, declaration
from aiqa.errors import DeclarationError


@declaration
class Bucket(Declaration):
    """Ranges of a column of numbers; see :func:`bucket`."""

    column: str
    edges: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What the ranges are called, in rising order."""
        inner = [f"[{low:g}, {high:g})" for low, high in pairwise(self.edges)]
        return (f"< {self.edges[0]:g}", *inner, f">= {self.edges[-1]:g}")

    def __repr__(self) -> str:
        return f"bucket({self.column!r}, {list(self.edges)!r})"


def bucket(column: str, edges: Sequence[float]) -> Bucket:
    """Slice by ranges of a number, cut at `edges`: below the first, between each two, from the last on.

    Each range holds its lower edge. Missing values (null and NaN) are a slice of their own. Edges are
    declared, not taken from quantiles of the data: a gate on slices that move with the data would be
    another gate every day.

    Parameters
    ----------
    column : str
    edges : sequence of float
        Rising, finite.

    Raises
    ------
    DeclarationError
        If there is no edge, or they do not rise.

    Examples
    --------
    >>> from aiqa import metric
    >>> metric.recall.by(bucket("amount", [100, 1000])) >= 0.5
    recall.by(bucket('amount', [100.0, 1000.0])) >= 0.5
    >>> bucket("amount", [100, 1000]).labels
    ('< 100', '[100, 1000)', '>= 1000')
    """
    numbers = tuple(float(edge) for edge in edges)
    rising = all(low < high for low, high in pairwise(numbers))
    if not isinstance(column, str) or not numbers or not rising or not all(map(math.isfinite, numbers)):
        given = f"{column!r}, {edges!r}"
        raise DeclarationError(f"bucket(column, edges) takes a name and rising numbers, not {given}")
    return Bucket(column, numbers)
