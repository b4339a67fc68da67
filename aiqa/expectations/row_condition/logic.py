"""What a condition means where values are missing or of other types: as in pandas, and as in SQL."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiqa.errors import DataError
from aiqa.expectations.kind import fails
from aiqa.expectations.row_condition.operands import Operand, column, moment, plain
from aiqa.scan.expr import MIRRORED, Expr, call, joined, may_be_nan
from aiqa.scan.literals import compared

_EQUALITIES = ("==", "!=")
_TEXTS = (("string", "number"), ("string", "boolean"))


class Unlike(DataError):  # noqa: N818 - to pandas an answer, not an error
    """Two values have types of which no values are equal."""

    @classmethod
    def of(cls, left: Operand, right: Operand) -> Unlike:
        """Return the error that says which."""
        return cls(f"{left} cannot be compared with {right}", column=left.column)


@dataclass(frozen=True, slots=True)
class Logic(ABC):
    """The rules that both have in common.

    Parameters
    ----------
    columns : mapping of str to str
        The table's columns and the text of their types.
    texts : bool
        Whether a number equals its text. A column of mixed Python values becomes text in a typed table, and
        its numbers are to be found there all the same.
    """

    columns: Mapping[str, str]
    texts: bool = True

    def column(self, name: str) -> Operand:
        """Return a column, which must exist."""
        return column(name, self.columns)

    @abstractmethod
    def compare(self, op: str, left: Operand, right: Operand) -> Expr:
        """Return the comparison of two sides, one of which is no plain value.

        Raises
        ------
        DataError
            If their values cannot be compared.
        """

    @abstractmethod
    def member(self, side: Operand, wanted: tuple[Any, ...]) -> Expr:
        """Return the condition that a side is one of plain values."""

    @abstractmethod
    def missing(self, side: Operand) -> Expr:
        """Return the condition that there is no value."""

    @abstractmethod
    def negated(self, condition: Expr) -> Expr:
        """Return the opposite."""

    def oriented(self, op: str, left: Operand, right: Operand) -> tuple[str, Operand, Operand]:
        """Put the plain value to the right."""
        return (MIRRORED[op], right, left) if left.plain else (op, left, right)

    def alike(self, op: str, left: Operand, right: Operand) -> Expr:
        """Compare two sides, neither of them None, when they are brought to one type."""
        if "other" in (left.family, right.family):
            raise DataError(f"{left} cannot be compared with {right}", column=left.column or right.column)
        if not right.plain:
            return call(op, *_of_one_family(left, right))
        value, fitting = self._fitted(op, left, right)
        name = Operand(value, left.family).column
        if name is not None:
            compared(op, fitting, self.columns[name], name)  # refuses now what would break the scan
        return call(op, value, fitting)

    def cast(self, side: Operand, given: Operand) -> Any:
        """Return a plain value of another family as one that values of the side can be compared with."""
        raise Unlike.of(side, given)

    def _fitted(self, op: str, side: Operand, given: Operand) -> tuple[Expr, Any]:
        if (side.family, given.family) == ("boolean", "number"):
            return call("to_int", side.value), given.value
        if side.family in ("date", "datetime"):
            return side.value, self._moment(side, given)
        return side.value, self._value(op, side, given)

    def _value(self, op: str, side: Operand, given: Operand) -> Any:
        families = (side.family, given.family)
        if side.family == given.family or families == ("time", "string"):
            return given.value
        if families == ("number", "boolean"):
            return int(given.value)
        if families in _TEXTS and self.texts and op in _EQUALITIES:
            return str(given.value)
        return self.cast(side, given)

    def _moment(self, side: Operand, given: Operand) -> Any:
        value = moment(given.value, side.column) if given.family == "string" else given.value
        if not isinstance(value, dt.date):
            value = self.cast(side, given)
        return _as_day(value) if side.family == "date" else value


@dataclass(frozen=True, slots=True)
class Sql(Logic):
    """Three values: a comparison with a missing value is neither true nor false."""

    def compare(self, op: str, left: Operand, right: Operand) -> Expr:
        """Return the comparison; null where a side is."""
        op, left, right = self.oriented(op, left, right)
        if "null" in (left.family, right.family):
            return call("if", _never(left), True, None)
        return self.alike(op, left, right)

    def member(self, side: Operand, wanted: tuple[Any, ...]) -> Expr:
        """Return the condition; null for what is not found where null is looked for."""
        told = tuple(value for value in wanted if value is not None)
        found = _any_of(self, side, told)
        return found if len(told) == len(wanted) else call("if", found, True, None)

    def missing(self, side: Operand) -> Expr:
        """Return the condition of null."""
        expr: Expr = side.value
        return expr.is_null()

    def negated(self, condition: Expr) -> Expr:
        """Return the opposite; null stays null."""
        return ~condition

    def cast(self, side: Operand, given: Operand) -> Any:
        """Return the number that a text is, where numbers are compared with it."""
        if (side.family, given.family) != ("number", "string"):
            raise Unlike.of(side, given)
        for kind in (int, float):
            try:
                return plain(kind(given.value)).value
            except ValueError:
                continue
        raise Unlike.of(side, given)


@dataclass(frozen=True, slots=True)
class Pandas(Logic):
    """Two values: a missing value equals nothing and differs from everything.

    What is null here counts as not true, and :meth:`negated` makes it true.
    """

    def compare(self, op: str, left: Operand, right: Operand) -> Expr:
        """Return the comparison."""
        if op == "!=":
            return self.negated(self.compare("==", left, right))
        op, left, right = self.oriented(op, _settled(left), _settled(right))
        if "null" in (left.family, right.family):
            return _never(left)
        try:
            return self.alike(op, left, right)
        except Unlike:
            if op != "==":
                raise
            return _never(left)

    def member(self, side: Operand, wanted: tuple[Any, ...]) -> Expr:
        """Return the condition; None is missing values of texts, whose column holds objects, but no NaN."""
        found = _any_of(self, side, tuple(value for value in wanted if value is not None))
        asked = None in wanted and side.family not in ("number", "datetime")
        return found | self.missing(side) if asked else found

    def missing(self, side: Operand) -> Expr:
        """Return the condition of null and of NaN."""
        expr: Expr = _settled(side).value
        null = expr.is_null()
        return null | call("is_nan", expr) if may_be_nan(expr, self.columns) else null

    def negated(self, condition: Expr) -> Expr:
        """Return the opposite; a column of missing flags has none, as pandas has none of its NA."""
        return ~condition if condition.op == "col" else fails(condition)

    def cast(self, side: Operand, given: Operand) -> Any:
        """Return the moment that a number's digits are."""
        if (side.family, given.family) != ("datetime", "number"):
            raise Unlike.of(side, given)
        return moment(str(given.value), side.column)


def _settled(side: Operand) -> Operand:
    """Give a condition that serves as a value no null."""
    condition = not side.plain and side.family == "boolean" and side.column is None
    return Operand(call("if", side.value, True, False), "boolean") if condition else side


def _as_day(value: dt.date) -> dt.date:
    """Make a midnight the date with which columns of dates can be compared."""
    if isinstance(value, dt.datetime) and value.timetz() == dt.time():
        return value.date()
    return value


def _never(side: Operand) -> Expr:
    return call("is_in", side.value, ())


def _any_of(logic: Logic, side: Operand, wanted: tuple[Any, ...]) -> Expr:
    """Look a column up in one set, of those values that it may hold."""
    either = [logic.compare("==", side, plain(value)) for value in wanted]
    found = tuple(one.args[1] for one in either if one.op == "==" and one.args[0] == side.value)
    others = [one for one in either if one.op == "==" and one.args[0] != side.value]
    if side.column is None:
        return joined("or", [_never(side), *either])
    return joined("or", [call("is_in", side.value, found), *others])


def _of_one_family(left: Operand, right: Operand) -> tuple[Expr, Expr]:
    if left.family == right.family:
        return left.value, right.value
    if {left.family, right.family} != {"boolean", "number"}:
        raise Unlike.of(left, right)
    return _as_number(left), _as_number(right)


def _as_number(side: Operand) -> Expr:
    value: Expr = side.value
    return call("to_int", value) if side.family == "boolean" else value
