"""What makes a value of a column unexpected, as an expression that is not true for null."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiqa.expectations.kind import NUMBERS, ORDERED, Claim, Kind, Question
from aiqa.expectations.rows import row_claim
from aiqa.scan.expr import Expr, call, joined
from aiqa.scan.literals import compared
from aiqa.scan.regex import like
from aiqa.scan.statistics import Moments, Quantiles, Request

Condition = Callable[[Question], Expr]


def column_values(unexpected: Condition) -> Kind:
    """Return the kind that claims it of the values of a column that are not null."""

    def claim(question: Question) -> Claim:
        present = ~question.read(question.column).is_null()
        return row_claim(question, unexpected(question), [question.column], considered=present)

    return claim


def null(question: Question) -> Claim:
    """Claim that values are missing."""
    present = ~question.read(question.column).is_null()
    return row_claim(question, present, [question.column], missing=False)


def not_null(question: Question) -> Claim:
    """Claim that values are there."""
    missing = question.read(question.column).is_null()
    return row_claim(question, missing, [question.column], missing=False)


def repeated(question: Question) -> Expr:
    """The value occurs more than once."""
    return call("repeated", (question.read(question.column),), None)


def between(question: Question) -> Expr:
    """The value lies outside the bounds."""
    for bound in (question.kwargs.get("min_value"), question.kwargs.get("max_value")):
        if bound is not None:
            compared("<=", bound, question.dtype, question.column)
    return ~_inside(question.read(question.column), question.kwargs)


def length_between(question: Question) -> Expr:
    """The text is too short or too long, in characters."""
    return ~_inside(_length(question), question.kwargs)


def length_equal(question: Question) -> Expr:
    """The text has another length, in characters."""
    return _length(question).ne(question.kwargs["value"])


def in_set(question: Question) -> Expr:
    """The value is none of the set."""
    return ~_is_in(question)


def not_in_set(question: Question) -> Expr:
    """The value is one of the set."""
    return _is_in(question)


def matching(question: Question) -> Expr:
    """The text holds no match."""
    return ~_matches(question, question.kwargs.get("regex", "(?s).*"))


def not_matching(question: Question) -> Expr:
    """The text holds a match."""
    return _matches(question, question.kwargs["regex"])


def matching_list(question: Question) -> Expr:
    """The text holds a match of none, or not of all."""
    return ~_of_several(question, question.kwargs["regex_list"])


def not_matching_list(question: Question) -> Expr:
    """The text holds a match of any."""
    return joined("or", (_matches(question, regex) for regex in question.kwargs["regex_list"]))


def like_pattern(question: Question) -> Expr:
    """The text is not of the pattern."""
    return ~_matches(question, _like(question, question.kwargs["like_pattern"]))


def not_like_pattern(question: Question) -> Expr:
    """The text is of the pattern."""
    return _matches(question, _like(question, question.kwargs["like_pattern"]))


def like_pattern_list(question: Question) -> Expr:
    """The text is of none of the patterns, or not of all."""
    return ~_of_several(question, [_like(question, one) for one in question.kwargs["like_pattern_list"]])


def not_like_pattern_list(question: Question) -> Expr:
    """The text is of any of the patterns."""
    patterns = question.kwargs["like_pattern_list"]
    return joined("or", (_matches(question, _like(question, pattern)) for pattern in patterns))


def strftime(question: Question) -> Expr:
    """The text is no moment in the format."""
    return ~_parses(question, "strftime", question.kwargs["strftime_format"])


def dateutil(question: Question) -> Expr:
    """The text is no date that dateutil can read."""
    return ~_parses(question, "dateutil", None)


def json_text(question: Question) -> Expr:
    """The value is no JSON; what is no text is none."""
    if question.family not in ("string", "null"):
        return ~question.read(question.column).is_null()
    return ~_parses(question, "json", None)


def json_schema(question: Question) -> Expr:
    """The text is no JSON of the schema."""
    return ~_parses(question, "json_schema", json.dumps(question.kwargs["json_schema"], sort_keys=True))


def increasing(question: Question) -> Expr:
    """The value is NaN or less than the one before it; where strictly so is asked for, also equal."""
    return _against_previous(question, "<=" if question.kwargs.get("strictly") else "<")


def decreasing(question: Question) -> Expr:
    """The value is NaN or greater than the one before it; where strictly so is asked for, also equal."""
    return _against_previous(question, ">=" if question.kwargs.get("strictly") else ">")


def z_score(question: Question) -> Expr:
    """The value is NaN or too many standard deviations from the mean; none is, where all are equal."""
    question.require("have no z-score", *NUMBERS)
    moments = Request(Moments(question.without_nan))
    mean, spread = (call("answer", moments, name) for name in ("mean", "spread"))
    score = (_number(question) - mean) / spread
    threshold = question.kwargs["threshold"]
    if question.kwargs.get("double_sided", True):
        return _is_nan(question) | call(">=", abs(score), abs(threshold))
    return _is_nan(question) | call(">=", score, threshold)


def outlier(question: Question) -> Expr:
    """The value is NaN, or outside Tukey's fences (``iqr``) or standard deviations of the mean (``std``)."""
    question.require("have no outliers", *NUMBERS)
    multiplier = question.kwargs.get("multiplier", 1.5)
    by_mean = question.kwargs.get("method", "iqr") == "std"
    far = _far_from_mean if by_mean else _beyond_fences
    return _is_nan(question) | far(question, multiplier)


def _beyond_fences(question: Question, multiplier: float) -> Expr:
    quartiles = Request(Quantiles(call("to_float", question.value), (0.25, 0.75)))
    low, high = (call("answer", quartiles, name) for name in ("first", "last"))
    reach, value = call("*", high - low, multiplier), _number(question)
    return (value < low - reach) | (value > high + reach)


def _far_from_mean(question: Question, multiplier: float) -> Expr:
    moments = Request(Moments(question.without_nan))
    mean, deviation = (call("answer", moments, name) for name in ("mean", "deviation"))
    apart = abs(_number(question) - mean)
    return (apart >= deviation * multiplier) & (apart > 0 * deviation)


def _is_nan(question: Question) -> Expr:
    return call("is_nan", question.read(question.column))


def _number(question: Question) -> Expr:
    return call("to_float", question.read(question.column))


def _against_previous(question: Question, op: str) -> Expr:
    question.require("have no order", *ORDERED)
    return _is_nan(question) | call(op, question.value, call("previous", question.without_nan))


def _length(question: Question) -> Expr:
    question.require("are no text, and have no length", "string")
    return call("length", question.read(question.column))


def _is_in(question: Question) -> Expr:
    question.require("cannot be looked up in a set", *ORDERED)
    return call("is_in", question.read(question.column), tuple(question.kwargs["value_set"]))


def _matches(question: Question, regex: str) -> Expr:
    return call("matches", question.read(question.column), regex)


def _of_several(question: Question, patterns: list[str]) -> Expr:
    how = "and" if question.kwargs.get("match_on", "any") == "all" else "or"
    return joined(how, (_matches(question, pattern) for pattern in patterns))


def _like(question: Question, pattern: str) -> str:
    return like(pattern, question.kwargs.get("escape"))


def _parses(question: Question, form: str, argument: Any) -> Expr:
    question.require("are no text: look at the column before it is converted", "string")
    return call("parses", question.read(question.column), form, argument)


def _inside(value: Expr, kwargs: Mapping[str, Any]) -> Expr:
    bounds = (("min_value", ">=", ">", "strict_min"), ("max_value", "<=", "<", "strict_max"))
    sides = [
        call(strict if kwargs.get(strictness) else loose, value, kwargs[bound])
        for bound, loose, strict, strictness in bounds
        if kwargs.get(bound) is not None
    ]
    return joined("and", sides)
