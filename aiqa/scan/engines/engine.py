"""What an engine can do beyond what narwhals says in the same way for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

import narwhals as nw
import polars as pl

from aiqa.scan.expr import Expr

ROW = "__aiqa_row"
"""The column of row numbers, from 0, that :meth:`Engine.numbered` adds."""


_VALUES = re.compile(
    r"(?<=could not parse )`.*?`(?= as)|(?<= values: )\[.*|(?<=value )'.*?'(?= of )", re.DOTALL
)


def reason_of(error: BaseException) -> str:
    """Return the first line of what an engine says, without the values of rows that it names.

    Examples
    --------
    >>> reason_of(ValueError("could not parse `ann@example.com` as dtype `i64` at column 'age'"))
    "could not parse a value as dtype `i64` at column 'age'"
    """
    told = _VALUES.sub("a value", str(error)).strip()
    return told.splitlines()[0] if told else type(error).__name__


class Engine(Protocol):
    """A place where tables are scanned."""

    name: str
    fused: int
    """Scalar statistics a query."""
    ordered: bool
    """Whether a query gives rows in the order of the table."""
    spread: bool
    """Whether rows lie on many machines, and are added up there."""
    lacks: tuple[str, ...]
    """Lowered operations that it does not run."""
    widest: Any
    """The type of narwhals in which sums of whole numbers do not overflow."""

    def open(self, frame: Any) -> nw.LazyFrame[Any]:
        """Return a frame, still unread."""

    def schema(self, table: nw.LazyFrame[Any]) -> dict[str, str]:
        """Return the columns and the text of their types, in Polars' words.

        Raises
        ------
        DataError
            If the table cannot be opened.
        """

    def quoted(self, name: str) -> str:
        """Return the name of a column as it is read by."""

    def numbered(self, table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Add the numbers of the rows, as :data:`ROW`."""

    def batch(self, table: nw.LazyFrame[Any], value: nw.Expr, name: str, expr: Expr) -> nw.LazyFrame[Any]:
        """Add what an operation that the engine has in its own way tells of `value`, as column `name`."""

    def previous(self, table: nw.LazyFrame[Any], value: nw.Expr, name: str) -> nw.LazyFrame[Any]:
        """Add the last value before each row that is not null, as column `name`."""

    def query(self, table: nw.LazyFrame[Any], sql: str) -> nw.LazyFrame[Any]:
        """Return what a query in SQL gives, of the table that it calls ``__aiqa_batch``."""

    def digest(self, native: Any) -> list[str]:
        """Return texts that are equal for the same rows, in any order, and different for others."""

    def collect(self, queries: Sequence[nw.LazyFrame[Any]]) -> list[pl.DataFrame]:
        """Run queries.

        Raises
        ------
        DataError
            If the data cannot be read.
        """


class Joining(Engine, Protocol):
    """An engine that has ``found_in``."""

    def adopt(self, other: Any, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        """Return different rows of columns of another table, of any engine, as a table of this one."""
