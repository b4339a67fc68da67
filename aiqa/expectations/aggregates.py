"""Expectations on one number, or a few, of a column or table."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from aiqa.errors import DataError
from aiqa.expectations.kind import NUMBERS, ORDERED, Claim, Found, Kind, Question, within
from aiqa.scan.literals import parsed_moment
from aiqa.scan.statistics import (
    Answers,
    Count,
    Extremes,
    Moments,
    Quantiles,
    Repeats,
    Request,
    Statistic,
    Total,
)

ROUNDING = 1e-12
"""Relative difference that sums of floats may have from engine to engine."""


def _claim(
    question: Question, statistic: Statistic, value: Callable[[Any], Any], *, rounded: bool = False
) -> Claim:
    """Claim that what `value` makes of a state lies in the bounds; where there is none, it does not.

    A value that is `rounded` was added up in an order that engines choose: one as near to a bound as that
    may come from counts as equal to it.
    """
    request = Request(statistic)

    def conclude(answers: Answers) -> Found:
        return _bounded(question, value(answers[request][()]), ROUNDING if rounded else 0.0)

    return Claim((request,), conclude)


def _bounded(question: Question, observed: Any, rounding: float = 0.0) -> Found:
    if observed is None or (isinstance(observed, float) and math.isnan(observed)):
        return False, {"observed_value": None}
    bounds = {
        name: _like(question.kwargs.get(name), observed, question) for name in ("min_value", "max_value")
    }
    near = [bound for bound in bounds.values() if _is_near(observed, bound, rounding)]
    return within(near[0] if near else observed, {**question.kwargs, **bounds}), {"observed_value": observed}


def _is_near(observed: Any, bound: Any, rounding: float) -> bool:
    both_float = isinstance(observed, float) and isinstance(bound, (int, float))
    return both_float and math.isclose(observed, bound, rel_tol=rounding, abs_tol=0)


def _like(bound: Any, observed: Any, question: Question) -> Any:
    """Return a bound in the form in which it can be compared with what was observed."""
    moment = isinstance(observed, (dt.date, dt.time))
    if bound is None or (isinstance(bound, (int, float)) and not moment and not isinstance(observed, str)):
        return bound
    if moment and isinstance(bound, (str, dt.date)):
        return parsed_moment(bound, observed, question.column)
    if isinstance(bound, str) != isinstance(observed, str) or moment:
        raise DataError(
            f"values of type {question.dtype} cannot be compared with {bound!r}", column=question.column
        )
    return bound


def minimum(question: Question) -> Claim:
    """Claim it of the least value."""
    question.require("have no least one", *ORDERED)
    return _claim(question, Extremes(question.value), lambda state: state.min)


def maximum(question: Question) -> Claim:
    """Claim it of the greatest value."""
    question.require("have no greatest one", *ORDERED)
    return _claim(question, Extremes(question.value), lambda state: state.max)


def mean(question: Question) -> Claim:
    """Claim it of the mean."""
    question.require("have no mean", *NUMBERS)
    return _claim(question, Moments(question.value), lambda state: state.mean, rounded=True)


def deviation(question: Question) -> Claim:
    """Claim it of the standard deviation of a sample, with n - 1."""
    question.require("have no standard deviation", *NUMBERS)
    return _claim(question, Moments(question.value), lambda state: state.deviation, rounded=True)


def total(question: Question) -> Claim:
    """Claim it of the sum, which is 0 without any value."""
    question.require("have no sum", *NUMBERS)
    return _claim(question, Total(question.value), lambda state: state.sum, rounded=True)


def median(question: Question) -> Claim:
    """Claim it of the median."""
    question.require("have no median", *NUMBERS)
    return _claim(question, Quantiles(question.number, (0.5,)), lambda state: state.first, rounded=True)


def distinct_count(question: Question) -> Claim:
    """Claim it of the number of different values."""
    return _claim(question, _different(question), lambda state: state.distinct)


def distinct_share(question: Question) -> Claim:
    """Claim it of the number of different values over that of values; 0 without any."""
    return _claim(question, _different(question), lambda state: state.distinct / state.n if state.n else 0)


def present_share(question: Question) -> Claim:
    """Claim it of the share of rows that have a value; 0 without any row."""
    every, present = question.everything, Request(Count(~question.value.is_null()))

    def conclude(answers: Answers) -> Found:
        rows = answers[every][()]
        return _bounded(question, answers[present][()] / rows if rows else 0)

    return Claim((every, present), conclude)


def row_count(question: Question) -> Claim:
    """Claim it of the number of rows."""
    return _claim(question, Count(question.rows), int)


def rows_equal(question: Question) -> Claim:
    """Claim that there are so many rows."""
    request = question.everything

    def conclude(answers: Answers) -> Found:
        rows = answers[request][()]
        return rows == question.kwargs["value"], {"observed_value": rows}

    return Claim((request,), conclude)


def quantiles(question: Question) -> Claim:
    """Claim that each quantile lies in its range, or within a ten thousandth of its ends."""
    question.require("have no quantiles", *NUMBERS)
    ranges = question.kwargs["quantile_ranges"]
    probabilities = tuple(map(float, ranges["quantiles"]))
    rule = question.kwargs.get("allow_relative_error") or "nearest"
    if rule not in _INTERPOLATIONS:
        raise DataError(f"allow_relative_error={rule!r} is none of {', '.join(_INTERPOLATIONS)}")
    request = Request(Quantiles(question.number, probabilities))

    def conclude(answers: Answers) -> Found:
        state = answers[request][()]
        places = range(len(probabilities))
        found = [_INTERPOLATIONS[rule](state, place) if state.n else None for place in places]
        holds = [_in_range(*pair) for pair in zip(found, ranges["value_ranges"], strict=True)]
        observed = {"quantiles": list(ranges["quantiles"]), "values": found}
        return all(holds), {"observed_value": observed, "details": {"success_details": holds}}

    return Claim((request,), conclude)


_INTERPOLATIONS: dict[str, Callable[[Any, int], Any]] = {
    "linear": lambda state, place: state.linear(place),
    "lower": lambda state, place: state.below[place],
    "higher": lambda state, place: state.above[place],
    "midpoint": lambda state, place: (state.below[place] + state.above[place]) / 2,
    "nearest": lambda state, place: state.nearest(place),
}


def _in_range(value: Any, bounds: tuple[Any, Any]) -> bool:
    if value is None:
        return False
    low = -math.inf if bounds[0] is None else bounds[0]
    high = math.inf if bounds[1] is None else bounds[1]
    near = any(
        math.isclose(value, end, rel_tol=0, abs_tol=1e-8 + 1e-4 * abs(end))
        for end in map(float, (low, high))
        if math.isfinite(end)
    )
    return near or bool(low <= value <= high)


def _different(question: Question) -> Repeats:
    present = ~question.value.is_null()
    return Repeats((question.read(question.column),), present)


KINDS: dict[str, Kind] = {
    "column_min": minimum,
    "column_max": maximum,
    "column_mean": mean,
    "column_median": median,
    "column_stdev": deviation,
    "column_sum": total,
    "column_unique_value_count": distinct_count,
    "column_proportion_of_unique_values": distinct_share,
    "column_proportion_of_non_null_values": present_share,
    "table_row_count": row_count,
}
"""Those that claim that a number lies in bounds, by their names in Great Expectations."""
