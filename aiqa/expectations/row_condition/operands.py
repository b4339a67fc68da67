"""What conditions are made of: columns, values and what is computed of them, with the families of types."""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiqa.errors import DeclarationError
from aiqa.expectations.kind import Question
from aiqa.scan.expr import Expr, call
from aiqa.scan.literals import family_of, guessed

_NUMBERS = ("integer", "float", "decimal")
_PLAIN: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    ((int, float, Decimal), "number"),
    (str, "string"),
    (dt.datetime, "datetime"),
    (dt.date, "date"),
    (dt.time, "time"),
    ((list, tuple), "list"),
    (type(None), "null"),
)


@dataclass(frozen=True, slots=True)
class Operand:
    """An expression or a plain value.

    Parameters
    ----------
    value
    family : str
        Of its type, as :func:`aiqa.scan.literals.family_of` says; ``"number"`` for all numbers, ``"list"``
        for plain lists. Conditions are ``"boolean"``.
    """

    value: Any
    family: str

    @property
    def plain(self) -> bool:
        """Whether it is a plain value."""
        return not isinstance(self.value, Expr)

    @property
    def column(self) -> str | None:
        """The name of the column that it is, if it is one."""
        return self.value.args[0] if isinstance(self.value, Expr) and self.value.op == "col" else None

    def __str__(self) -> str:
        """What it is in a message."""
        if self.plain:
            return repr(self.value)
        return "a value of this type" if self.family == "other" else f"a {self.family}"


def refused(part: str, text: str) -> DeclarationError:
    """Return the error that says which part of a condition is not understood."""
    return DeclarationError(
        f"{part} of the row condition {text!r} is not understood; engine='gx' runs the condition as it is"
    )


def column(name: str, columns: Mapping[str, str]) -> Operand:
    """Return a column.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    value = Question({}, columns).read(name)
    family = family_of(columns[name])
    return Operand(value, "number" if family in _NUMBERS else family)


def plain(value: Any) -> Operand:
    """Return a plain value, or a list of them.

    Raises
    ------
    DeclarationError
        If it is none that a condition may hold.
    """
    if isinstance(value, float) and math.isnan(value):
        raise DeclarationError("NaN is equal to nothing: a row condition asks for missing values instead")
    for kinds, family in _PLAIN:
        if isinstance(value, kinds):
            return Operand(value, family)
    raise DeclarationError(f"a row condition compares with no {type(value).__qualname__}: {value!r}")


def arithmetic(op: str, left: Operand, right: Operand) -> Operand | None:
    """Return what is computed of two numbers; None where no engine computes that as Python does."""
    numbers = all(side.family in ("number", "null") for side in (left, right))
    if not numbers or any(side.plain and not _finite(side.value) for side in (left, right)):
        return None
    if left.plain and right.plain:
        return _folded(op, left.value, right.value)
    if op == "**":
        return _power(left, right)
    if op in ("%", "//"):
        return _divided(op, left, right) if right.plain and right.value > 0 else None
    return Operand(call(op, _number(left), _number(right)), "number")


def _divided(op: str, left: Operand, right: Operand) -> Operand:
    """Divide as Python does: what is left of a negative number is not negative, as in C."""
    number, by = _number(left), right.value
    rest = call("%", number, by)
    rest = call("if", rest < 0, rest + by, rest)
    return Operand(rest if op == "%" else call("//", number - rest, by), "number")


def moment(text: str, column: str | None) -> dt.datetime:
    """Read a date or moment: ISO 8601, a year or month alone, or else as pandas does where dateutil is there.

    Raises
    ------
    DataError
        If it is none.

    Examples
    --------
    >>> moment("2026-02", "t")
    datetime.datetime(2026, 2, 1, 0, 0)
    """
    text = text.strip()
    if re.fullmatch(r"\d{4}(-\d\d)?", text):
        text = f"{text}-01-01"[:10]
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        found: dt.datetime = guessed(text, "datetime", column or "")
        return found


def _finite(value: Any) -> bool:
    return value is not None and math.isfinite(value)


def _number(side: Operand) -> Any:
    return call("to_float", side.value) if side.family == "null" else side.value


def _power(base: Operand, exponent: Operand) -> Operand | None:
    """Leave out 0 and columns as exponents: in pandas a missing value to the power of 0 is 1, and 1 to it."""
    if not exponent.plain or exponent.value == 0:
        return None
    whole = isinstance(exponent.value, int) and exponent.value > 0
    value = _number(base) if whole else call("to_float", base.value)
    return Operand(call("**", value, exponent.value), "number")


def _folded(op: str, left: Any, right: Any) -> Operand | None:
    """Compute with plain numbers, but no power that would take the machine's memory."""
    if op == "**" and abs(right) * math.log2(max(abs(left), 2)) > 1024:
        return None
    try:
        value = _FOLDED[op](left, right)
    except ArithmeticError:
        return None
    return Operand(value, "number") if isinstance(value, int | float) and math.isfinite(value) else None


_FOLDED: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
