"""A small closed language of row expressions: declared as values, compiled to narwhals once.

Semantics, the same on every engine: null is not NaN; a comparison with null is null and counts as not
true; NaN counts as a value that no comparison holds for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import narwhals as nw


@dataclass(frozen=True, slots=True)
class Expr:
    """An operation on columns, other expressions and plain values; equal when it says the same.

    Built by :func:`col` and :func:`call`; the operations are the keys of ``OPERATIONS``.
    """

    op: str
    args: tuple[Any, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it reads."""
        if self.op == "col":
            return frozenset(self.args)
        return frozenset().union(*(arg.columns for arg in self.args if isinstance(arg, Expr)))
