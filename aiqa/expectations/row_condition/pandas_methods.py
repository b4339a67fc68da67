"""Methods of pandas' columns that a query may call."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

from aiqa.errors import DeclarationError
from aiqa.expectations.row_condition.logic import Logic
from aiqa.expectations.row_condition.operands import Operand
from aiqa.scan.expr import Expr, call

Method = Callable[[Logic, Operand, Sequence[Operand]], Expr | Operand | None]
"""Gives the condition or value; None for arguments that it does not understand."""


def _null(wanted: bool, logic: Logic, side: Operand, arguments: Sequence[Operand]) -> Expr | None:
    if arguments or side.plain:
        return None
    missing = logic.missing(side)
    return missing if wanted else ~missing


def _is_in(logic: Logic, side: Operand, arguments: Sequence[Operand]) -> Expr | None:
    if side.plain or [argument.family for argument in arguments] != ["list"]:
        return None
    return logic.member(side, tuple(arguments[0].value))


def _between(logic: Logic, side: Operand, arguments: Sequence[Operand]) -> Expr | None:
    if side.plain or len(arguments) != 2 or any(bound.family == "list" for bound in arguments):
        return None
    return logic.compare(">=", side, arguments[0]) & logic.compare("<=", side, arguments[1])


def _text(written: Callable[[str], str], _: Logic, side: Operand, told: Sequence[Operand]) -> Expr | None:
    plain_text = [argument.plain and argument.family == "string" for argument in told] == [True]
    if side.plain or side.family != "string" or not plain_text:
        return None
    return call("matches", side.value, written(told[0].value))


def _length(_: Logic, side: Operand, told: Sequence[Operand]) -> Operand | None:
    known = not (told or side.plain) and side.family == "string"
    return Operand(call("length", side.value), "number") if known else None


def _absolute(_: Logic, side: Operand, told: Sequence[Operand]) -> Operand | None:
    known = not (told or side.plain) and side.family == "number"
    return Operand(call("abs", side.value), "number") if known else None


def _checked(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise DeclarationError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


METHODS: dict[str, Method] = {
    "isnull": functools.partial(_null, True),
    "isna": functools.partial(_null, True),
    "notnull": functools.partial(_null, False),
    "notna": functools.partial(_null, False),
    "isin": _is_in,
    "abs": _absolute,
    "between": _between,
    "str.len": _length,
    "str.contains": functools.partial(_text, _checked),
    "str.startswith": functools.partial(_text, lambda text: rf"\A{re.escape(text)}"),
    "str.endswith": functools.partial(_text, lambda text: rf"{re.escape(text)}\Z"),
}
