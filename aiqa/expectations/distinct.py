"""Expectations on which different values a column has."""

from __future__ import annotations

from typing import Any

from aiqa.expectations.kind import ORDERED, Claim, Found, Question
from aiqa.scan.expr import Expr, call, when
from aiqa.scan.literals import members
from aiqa.scan.statistics import Answers, Frequent, Repeats, Request, Values

SHOWN = 20
"""Values out of place that a result lists, as in Great Expectations."""
OBSERVED = 1000
"""Different values that a result lists; there is no use in more."""


def in_set(question: Question) -> Claim:
    """Claim that every value is one of the set."""
    return _claim(question, unexpected=True, missing=False)


def contain_set(question: Question) -> Claim:
    """Claim that every one of the set occurs."""
    return _claim(question, unexpected=False, missing=True)


def equal_set(question: Question) -> Claim:
    """Claim both."""
    return _claim(question, unexpected=True, missing=True)


def _claim(question: Question, *, unexpected: bool, missing: bool) -> Claim:
    value, wanted = _value(question), tuple(question.kwargs["value_set"])
    among, outside = (
        Request(Values(when(where, value), limit))
        for where, limit in (
            (call("is_in", value, wanted), max(len(wanted), 1)),
            (~call("is_in", value, wanted), SHOWN),
        )
    )
    counted = Request(Repeats((value,), ~value.is_null() & ~call("is_in", value, wanted)))
    observed = Request(Values(value, OBSERVED))
    asked = (observed, *((outside, counted) if unexpected else ()), *((among,) if missing else ()))

    def conclude(answers: Answers) -> Found:
        result: dict[str, Any] = {"observed_value": list(answers[observed][()])}
        wrong = answers[counted][()].distinct if unexpected else 0
        lacking = _lacking(wanted, answers[among][()], question) if missing else []
        if unexpected:
            result |= {"unexpected_count": wrong, "partial_unexpected_list": list(answers[outside][()])}
        if missing:
            result |= {"missing_count": len(lacking), "partial_missing_list": lacking[:SHOWN]}
        return not wrong and not lacking, result

    return Claim(asked, conclude)


def most_common(question: Question) -> Claim:
    """Claim that the most frequent value is one of the set; of several, that one is, where ties are okay."""
    value, wanted = _value(question), tuple(question.kwargs["value_set"])
    most = Request(Frequent(value, OBSERVED))
    among = Request(Frequent(when(call("is_in", value, wanted), value), 1))

    def conclude(answers: Answers) -> Found:
        found, best = answers[most][()], answers[among][()]
        holds = bool(found and best) and best[0][1] == found[0][1]
        alone = len(found) == 1 or bool(question.kwargs.get("ties_okay"))
        return holds and alone, {"observed_value": [shown for shown, _ in found]}

    return Claim((most, among), conclude)


def _value(question: Question) -> Expr:
    question.require("cannot be looked up in a set", *ORDERED)
    return when(question.rows, question.read(question.column))


def _lacking(wanted: tuple[Any, ...], found: tuple[Any, ...], question: Question) -> list[Any]:
    """Return those of the set that do not occur."""
    there = set(found)
    return [one for one in dict.fromkeys(wanted) if not there & set(members((one,), question.dtype))]
