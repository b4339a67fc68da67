"""What every expectation is made of: the question that it asks of a table, the claim that this becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiqa.errors import DataError, DeclarationError, nearest
from aiqa.scan.expr import Expr, call, col, when
from aiqa.scan.literals import family_of
from aiqa.scan.opened import UNTYPED
from aiqa.scan.statistics import Answers, Count, Request

Columns = Mapping[str, str]
Labels = Callable[[list[int]], list[Any]]
Found = tuple[bool, dict[str, Any]]
"""Whether an expectation holds, and Great Expectations' ``result``."""
RESULT_FORMATS = ("BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE")
_SETTINGS = {
    "partial_unexpected_count": "partial",
    "unexpected_index_column_names": "keys",
    "exclude_unexpected_values": "without_values",
    "include_unexpected_rows": "whole_rows",
    "return_unexpected_index_query": "query",
}


class Untyped(DataError):  # noqa: N818 - not the user's error: the answer to who is to decide
    """A column has no type, so that only Great Expectations can look at it, value by value."""


@dataclass(frozen=True, slots=True)
class ResultFormat:
    """How much a result says: Great Expectations' ``result_format``."""

    name: str = "SUMMARY"
    partial: int = 20
    keys: tuple[str, ...] = ()
    without_values: bool = False
    whole_rows: bool = False
    query: bool = True

    @classmethod
    def of(cls, given: str | Mapping[str, Any] | ResultFormat) -> ResultFormat:
        """Return the format by its name, or by Great Expectations' dict.

        Raises
        ------
        DeclarationError
            If there is no such format or setting.
        """
        if isinstance(given, ResultFormat):
            return given
        if not isinstance(given, (str, Mapping)):
            raise DeclarationError(f"result_format is a name or a dict, not {given!r}")
        settings = {"result_format": given} if isinstance(given, str) else dict(given)
        name = settings.pop("result_format", "SUMMARY")
        if name not in RESULT_FORMATS:
            raise DeclarationError(f"no result_format {name!r}{nearest(str(name), RESULT_FORMATS)}")
        unknown = [key for key in settings if key not in _SETTINGS]
        if unknown:
            raise DeclarationError(f"result_format has no {unknown[0]!r}{nearest(unknown[0], _SETTINGS)}")
        named: dict[str, Any] = {
            _SETTINGS[key]: value for key, value in settings.items() if value is not None
        }
        keys = named.pop("keys", ())
        partial = named.get("partial", 0)
        if not isinstance(partial, int) or partial < 0:
            raise DeclarationError(f"partial_unexpected_count is a whole number from 0, not {partial!r}")
        return cls(name=name, keys=(keys,) if isinstance(keys, str) else tuple(keys), **named)

    def to_gx(self) -> dict[str, Any]:
        """Return it as Great Expectations' dict, without what it leaves at its default."""
        told = {
            key: getattr(self, name)
            for key, name in _SETTINGS.items()
            if getattr(self, name) != getattr(ResultFormat(), name)
        }
        keys = {"unexpected_index_column_names": list(self.keys)} if self.keys else {}
        return {"result_format": self.name} | told | keys

    @property
    def limit(self) -> int | None:
        """How many unexpected rows are looked for; None for all."""
        if self.name == "COMPLETE":
            return None
        return 0 if self.name == "BOOLEAN_ONLY" else self.partial


@dataclass(frozen=True, slots=True)
class Question:
    """What an expectation says, of a table with these columns, and how much is to be told.

    Parameters
    ----------
    kwargs : mapping
        Great Expectations' arguments.
    columns : mapping of str to str
        The table's columns and the text of their types.
    format : ResultFormat
    rows : Expr, optional
        The condition of the rows that it is about; None for all.
    pandas : bool
        Whether the table is of pandas, where a number never equals a text.
    tables : mapping
        Other tables that it may name, native frames.
    slices : tuple of str
        Columns by whose values unexpected rows are counted, where there are any.
    labels : callable, optional
        From the numbers of rows to what the table's own index calls them; that of pandas.
    """

    kwargs: Mapping[str, Any]
    columns: Columns
    format: ResultFormat = field(default_factory=ResultFormat)
    rows: Expr | None = None
    pandas: bool = False
    tables: Mapping[str, Any] = field(default_factory=dict)
    slices: tuple[str, ...] = ()
    labels: Labels | None = None

    @property
    def column(self) -> str:
        """The column that it is about."""
        return str(self.kwargs["column"])

    @property
    def dtype(self) -> str:
        """The text of that column's type; see :meth:`type_of`."""
        return self.type_of(self.column)

    @property
    def family(self) -> str:
        """The family of that type."""
        return family_of(self.dtype)

    @property
    def value(self) -> Expr:
        """The values of the column, null in rows that it is not about; without a type, missing numbers."""
        value = when(self.rows, self.read(self.column))
        return call("to_float", value) if self.family == "null" else value

    @property
    def without_nan(self) -> Expr:
        """The values of the column, null in place of NaN too, which would make a mean NaN."""
        if self.family != "float":
            return self.value
        return call("if", call("is_nan", self.value), None, self.value)

    @property
    def number(self) -> Expr:
        """The values of the column as numbers that can be put in order: true is 1."""
        return call("to_int", self.value) if self.family == "boolean" else self.value

    def type_of(self, column: str) -> str:
        """Return the text of a column's type.

        Raises
        ------
        DataError
            If there is no such column.
        """
        if column not in self.columns:
            raise DataError(f"there is no column {column!r}{nearest(column, self.columns)}", column=column)
        if self.columns[column] == UNTYPED:
            raise Untyped("it holds Python values of several types", column=column)
        return self.columns[column]

    def read(self, column: str) -> Expr:
        """Return the expression of a column, which must exist."""
        _ = self.type_of(column)
        return col(column)

    def require(self, what: str, *families: str) -> None:
        """Refuse a column whose type has none of these families.

        Raises
        ------
        DataError
            Says that its values have no such thing.
        """
        if self.family not in (*families, "null"):
            raise DataError(f"values of type {self.dtype} {what}", column=self.column)

    @property
    def everything(self) -> Request:
        """The number of rows that it is about."""
        return Request(Count(self.rows))


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A question made statistics, and what to make of these."""

    requests: tuple[Request, ...]
    conclude: Callable[[Answers], Found]


Kind = Callable[[Question], Claim]
NUMBERS = ("integer", "float", "decimal", "boolean")
ORDERED = (*NUMBERS, "string", "date", "datetime", "time")
"""Families whose values can be compared with plain ones."""


def fails(condition: Expr) -> Expr:
    """Return the condition that `condition` is not true: it is false, or null."""
    return call("if", condition, False, True)


def within(value: Any, kwargs: Mapping[str, Any]) -> bool:
    """Tell whether a value lies in the bounds that an expectation gives."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = low is None or (value > low if kwargs.get("strict_min") else value >= low)
    below = high is None or (value < high if kwargs.get("strict_max") else value <= high)
    return bool(above and below)
