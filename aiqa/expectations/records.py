"""Expectations on several columns of a row: pairs, sums, equality, uniqueness."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

from aiqa.errors import DataError
from aiqa.expectations.kind import NUMBERS, Claim, Kind, Question, fails
from aiqa.expectations.rows import row_claim
from aiqa.scan.expr import Expr, call, col, joined
from aiqa.scan.literals import family_of

_TIMES = ("date", "datetime", "time")


def pairs(unexpected: Callable[[Question, str, str], Expr]) -> Kind:
    """Return the kind that claims it of the rows of two columns."""

    def claim(question: Question) -> Claim:
        names = question.kwargs["column_A"], question.kwargs["column_B"]
        return row_claim(
            question,
            unexpected(question, *names),
            names,
            considered=_considered(question, names, "both_values_are_missing"),
            shown=tuple,
        )

    return claim


def records(unexpected: Callable[[Question, Sequence[str]], Expr]) -> Kind:
    """Return the kind that claims it of the rows of several columns."""

    def claim(question: Question) -> Claim:
        names = tuple(question.kwargs["column_list"])
        return row_claim(
            question,
            unexpected(question, names),
            names,
            considered=_considered(question, names, "all_values_are_missing"),
            shown=lambda values: dict(zip(names, values, strict=True)),
        )

    return claim


def _considered(question: Question, names: Sequence[str], default: str) -> Expr | None:
    """Return the rows that `ignore_row_if` leaves."""
    present = [~question.read(name).is_null() for name in names]
    rule = question.kwargs.get("ignore_row_if", default)
    if rule in ("neither", "never"):
        return None
    some = rule in ("both_values_are_missing", "all_values_are_missing")
    return joined("or" if some else "and", present)


def a_greater_than_b(question: Question, a: str, b: str) -> Expr:
    """A is not greater than B; a missing value is not."""
    families = {_family(question, name) for name in (a, b)} - {"null"}
    if len(families) > 1 and not families <= set(NUMBERS) and not families <= {"date", "datetime"}:
        types = f"{question.type_of(a)} and {question.type_of(b)}"
        raise DataError(f"values of types {types} cannot be compared", column=a)
    return fails(call(">=" if question.kwargs.get("or_equal") else ">", col(a), col(b)))


def equal(question: Question, a: str, b: str) -> Expr:
    """A and B differ; a missing value equals nothing."""
    return fails(_equal(question, a, b))


def in_pairs(question: Question, a: str, b: str) -> Expr:
    """The pair is none of the set; missing values are None there."""
    wanted = [tuple(pair) for pair in question.kwargs["value_pairs_set"]]
    one, other = question.read(a), question.read(b)
    found = [_is(one, x) & _is(other, y) for x, y in wanted] or [call("is_in", one, ())]
    return fails(joined("or", found))


def sum_equal(question: Question, names: Sequence[str]) -> Expr:
    """The sum is another, or a value is missing."""
    for name in names:
        if _family(question, name) not in (*NUMBERS, "null"):
            raise DataError(f"values of type {question.type_of(name)} have no sum", column=name)
    total = functools.reduce(operator.add, (_addend(question, name) for name in names))
    return fails(total.eq(question.kwargs["sum_total"]))


def values_equal(question: Question, names: Sequence[str]) -> Expr:
    """A value differs from the first; missing values are equal."""
    first, *others = names
    return fails(joined("and", [_same(question, first, other) for other in others]))


def unique_within_record(question: Question, names: Sequence[str]) -> Expr:
    """Two values of the row are equal; missing values are."""
    return joined("or", [_same(question, a, b) for a, b in itertools.combinations(names, 2)])


def compound_repeated(question: Question, names: Sequence[str]) -> Expr:
    """Another row has the same values; missing values are equal."""
    return call("repeated", tuple(question.read(name) for name in names), None)


def _family(question: Question, name: str) -> str:
    return family_of(question.type_of(name))


def _addend(question: Question, name: str) -> Expr:
    whole = _family(question, name) in ("integer", "boolean")
    return call("wide", question.read(name)) if whole else question.read(name)


def _is(value: Expr, wanted: Any) -> Expr:
    return value.is_null() if wanted is None else call("is_in", value, (wanted,))


def _same(question: Question, a: str, b: str) -> Expr:
    """Equal, or both missing; never null."""
    missing = question.read(a).is_null() & question.read(b).is_null()
    return missing | call("if", _equal(question, a, b), True, False)


def _equal(question: Question, a: str, b: str) -> Expr:
    """Compare what can be compared; a number and a text by what is written, but for pandas."""
    kinds = [_kind(_family(question, name)) for name in (a, b)]
    one, other = question.read(a), question.read(b)
    if "null" in kinds:
        return one.is_null() & ~one.is_null()
    if kinds[0] == kinds[1]:
        return one.eq(other)
    if set(kinds) == {"number", "text"} and not question.pandas:
        return call("to_text", one).eq(call("to_text", other))
    return one.is_null() & ~one.is_null()


def _kind(family: str) -> str:
    if family in NUMBERS:
        return "number"
    return {"string": "text", "date": "time", "datetime": "time"}.get(family, family)
