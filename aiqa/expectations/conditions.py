"""What makes a value of a column unexpected, as an expression that is never true for null."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from aiqa.errors import DataError, DeclarationError
from aiqa.expectations.kind import Question
from aiqa.scan.expr import Expr, call, col
from aiqa.scan.literals import compared, family_of

Condition = Callable[[Question], Expr]


def repeated(question: Question) -> Expr:
    """The value occurs more than once."""
    return call("repeated", _present(question))


def between(question: Question) -> Expr:
    """The value lies outside the bounds."""
    for bound in (question.kwargs.get("min_value"), question.kwargs.get("max_value")):
        if bound is not None:
            compared("<=", bound, question.dtype, question.column)
    return ~_inside(_present(question), question.kwargs)


def length_between(question: Question) -> Expr:
    """The text is too short or too long, in characters."""
    if family_of(question.dtype) not in ("string", "null"):
        raise DataError(
            f"only texts have a length, not values of type {question.dtype}", column=question.column
        )
    return ~_inside(call("length", _present(question)), question.kwargs)


def in_set(question: Question) -> Expr:
    """The value is none of the set."""
    if family_of(question.dtype) == "other":
        raise DataError(
            f"values of type {question.dtype} cannot be looked up in a set", column=question.column
        )
    return ~call("is_in", _present(question), tuple(question.kwargs["value_set"]))


def matching(question: Question) -> Expr:
    """The text holds no match."""
    regex = question.kwargs["regex"]
    try:
        re.compile(regex)
    except re.error as error:
        raise DeclarationError(f"{regex!r} is no regular expression: {error}") from error
    return ~call("matches", _present(question), regex)


def missing(question: Question) -> Expr:
    """There is no value."""
    return _present(question).is_null()


def _present(question: Question) -> Expr:
    """The column, which must exist."""
    _ = question.dtype
    return col(question.column)


def _inside(value: Expr, kwargs: Mapping[str, Any]) -> Expr:
    bounds = (("min_value", ">=", ">", "strict_min"), ("max_value", "<=", "<", "strict_max"))
    sides = [
        call(strict if kwargs.get(strictness) else loose, value, kwargs[bound])
        for bound, loose, strict, strictness in bounds
        if kwargs.get(bound) is not None
    ]
    return functools.reduce(operator.and_, sides)
