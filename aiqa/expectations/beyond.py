"""Expectations that Great Expectations has not: references, freshness, gaps, schemas that may grow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from aiqa.declare.durations import duration
from aiqa.errors import DataError, nearest
from aiqa.expectations.kind import NUMBERS, Claim, Found, Question
from aiqa.expectations.queries import other_table
from aiqa.expectations.rows import row_claim
from aiqa.expectations.types import is_of_type
from aiqa.scan.execute import schema_of
from aiqa.scan.expr import call, joined
from aiqa.scan.literals import family_of, parsed_moment
from aiqa.scan.lower import Other, common_type
from aiqa.scan.statistics import Answers, Extremes, Gap, Request

_MOMENTS = ("date", "datetime")
_ORDER = {name: place for place, name in enumerate(("Int8", "Int16", "Int32", "Int64", "Int128"))}
_FLOATS = ("Float32", "Float64")


def refers(question: Question) -> Claim:
    """Claim that the combination of values occurs in another table; with a null in it, it does not count."""
    names = _listed(question.kwargs["column"])
    others = _listed(question.kwargs.get("other_column") or names)
    table = other_table(question, question.kwargs["table"])
    _check_other(question, names, others, schema_of(table))
    keys = tuple(question.read(name) for name in names)
    present = joined("and", [~key.is_null() for key in keys])
    unexpected = ~call("found_in", keys, Other(table, others))
    shown = None if len(names) == 1 else lambda values: dict(zip(names, values, strict=True))
    return row_claim(question, unexpected, names, considered=present, shown=shown)


def recent(question: Question) -> Claim:
    """Claim that the newest moment is not older than said, nor so far ahead: then a clock is wrong."""
    question.require("are no moments", *_MOMENTS)
    newest, within = Request(Extremes(question.value)), duration(question.kwargs["within"])

    def conclude(answers: Answers) -> Found:
        last = answers[newest][()].max
        if last is None:
            return False, {"observed_value": None}
        age = _apart(_now(question, last), last)
        return abs(age) <= within, {"observed_value": last, "details": {"age": str(age)}}

    return Claim((newest,), conclude)


def gaps(question: Question) -> Claim:
    """Claim that no step from a value to the next is greater than said."""
    question.require("have no gaps", *NUMBERS, *_MOMENTS)
    most = question.kwargs["gap"]
    if isinstance(most, str) != (question.family in _MOMENTS):
        raise DataError(
            f"gap={most!r} is no distance of values of type {question.dtype}", column=question.column
        )
    whole = question.family in ("integer", "boolean")
    request = Request(Gap(call("wide", question.value) if whole else question.without_nan))

    def conclude(answers: Answers) -> Found:
        start, end = answers[request][()]
        gap = None if start is None else _apart(end, start)
        holds = gap is None or gap <= (duration(most) if isinstance(most, str) else most)
        told = str(gap) if isinstance(gap, dt.timedelta) else gap
        return holds, {"observed_value": told, "details": {"from": start, "to": end}}

    return Claim((request,), conclude)


def schema(question: Question) -> Found:
    """Tell whether the columns and their types are as declared, or have evolved as they may."""
    wanted: Mapping[str, str] = dict(question.kwargs["schema"])
    there = question.columns
    wider = [name for name in wanted if name in there and _is_wider(there[name], wanted[name])]
    mismatched = {
        "missing": [name for name in wanted if name not in there],
        "new": [name for name in there if name not in wanted],
        "wider": wider,
        "other_type": [name for name in wanted if _is_other(name, wanted, there) and name not in wider],
        "other_order": _out_of_order(wanted, there) if question.kwargs.get("ordered") else [],
    }
    allowed = {"missing": "missing_columns", "new": "new_columns", "wider": "wider_types"}
    refused = {
        what: names
        for what, names in mismatched.items()
        if names and question.kwargs.get(allowed.get(what, ""), "refuse") == "refuse"
    }
    changes = {what: names for what, names in mismatched.items() if names}
    observed = {"observed_value": dict(there)}
    return not refused, observed | ({"details": {"mismatched": changes}} if changes else {})


def _listed(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _check_other(
    question: Question, names: tuple[str, ...], others: tuple[str, ...], there: Mapping[str, str]
) -> None:
    if len(names) != len(others):
        raise DataError(f"{len(names)} columns cannot refer to {len(others)}")
    for own, name in zip(names, others, strict=True):
        if name not in there:
            table = question.kwargs["table"]
            raise DataError(f"table {table!r} has no column {name!r}{nearest(name, there)}", column=name)
        if common_type(question.type_of(own), there[name]) is None:
            raise DataError(
                f"values of type {question.type_of(own)} cannot refer to values of type {there[name]}",
                column=own,
            )


def _now(question: Question, like: dt.date) -> Any:
    now = question.kwargs.get("now") or dt.datetime.now(dt.UTC)
    if isinstance(now, str):
        now = parsed_moment(now, dt.datetime.now(dt.UTC), question.column)
    return parsed_moment(now, like, question.column)


def _apart(end: Any, start: Any) -> Any:
    """Return the distance; of moments not by the clock on the wall, which is set twice a year."""
    moments = (end, start)
    if all(isinstance(moment, dt.datetime) and moment.tzinfo for moment in moments):
        end, start = (moment.astimezone(dt.UTC) for moment in moments)
    return end - start


def _is_other(name: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> bool:
    return name in there and not is_of_type(there[name], wanted[name])


def _is_wider(dtype: str, name: str) -> bool:
    """Tell whether every value of the named type fits into a type, which is another one."""
    if is_of_type(dtype, name):
        return False
    narrower = [one for one in (*_ORDER, *_FLOATS) if is_of_type(one, name)]
    if not narrower:
        return False
    if dtype in _ORDER:
        return all(one in _ORDER and _ORDER[one] < _ORDER[dtype] for one in narrower)
    whole = all(family_of(one) == "integer" and _ORDER[one] <= _ORDER["Int32"] for one in narrower)
    return dtype == "Float64" and (whole or narrower == ["Float32"])


def _out_of_order(wanted: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    ours = [name for name in there if name in wanted]
    return [
        name for name, found in zip([n for n in wanted if n in there], ours, strict=True) if name != found
    ]
