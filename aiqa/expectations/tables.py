"""Expectations on the shape of a table: which columns it has, of which types; no scan needed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from aiqa.expectations.kind import Claim, Found, Kind, Question, within
from aiqa.expectations.rows import row_claim
from aiqa.expectations.types import is_of_type, numpy_name, pandas_name
from aiqa.scan.expr import call
from aiqa.scan.statistics import Request


def shape(conclude: Callable[[Question], Found]) -> Kind:
    """Return the kind that looks at the columns only."""
    return lambda question: Claim((), lambda _: conclude(question))


def column_exists(question: Question) -> Found:
    """Tell whether the column is there, at its place where one is given."""
    names, index = list(question.columns), question.kwargs.get("column_index")
    there = names if index is None else names[index : index + 1]
    return question.column in there, {}


def columns_match_set(question: Question) -> Found:
    """Tell whether the columns are these, in any order."""
    wanted, there = set(question.kwargs["column_set"] or ()), set(question.columns)
    differing = {"unexpected": sorted(there - wanted), "missing": sorted(wanted - there)}
    mismatched = {kind: names for kind, names in differing.items() if names}
    observed = {"observed_value": sorted(there)}
    if not mismatched:
        return True, observed
    holds = not question.kwargs.get("exact_match", True) and "missing" not in mismatched
    return holds, observed | {"details": {"mismatched": mismatched}}


def columns_match_list(question: Question) -> Found:
    """Tell whether the columns are these, in this order."""
    wanted, there = question.kwargs.get("column_list"), list(question.columns)
    if wanted is None or list(wanted) == there:
        return True, {"observed_value": there}
    mismatched = [
        {"Expected Column Position": place, "Expected": expected, "Found": found}
        for place, (expected, found) in enumerate(zip_longest(wanted, there))
        if expected != found
    ]
    return False, {"observed_value": there, "details": {"mismatched": mismatched}}


def column_count(question: Question) -> Found:
    """Tell whether there are as many columns."""
    count = len(question.columns)
    value = question.kwargs.get("value")
    holds = within(count, question.kwargs) if value is None else count == value
    return holds, {"observed_value": count}


def column_type(question: Question) -> Found:
    """Tell whether the column is of the type."""
    holds = is_of_type(question.dtype, question.kwargs["type_"], exactly=True)
    return holds, {"observed_value": pandas_name(question.dtype)}


def values_of_type(question: Question) -> Claim:
    """Claim that the values are of the type, or of one of the types."""
    kwargs = question.kwargs
    wanted = kwargs.get("type_list") if "type_" not in kwargs else [kwargs["type_"]]
    holds = wanted is None or True in [is_of_type(question.dtype, name) for name in wanted]
    observed: dict[str, Any] = {"observed_value": numpy_name(question.dtype)}
    if question.family not in ("string", "null") or wanted is None:
        return Claim((), lambda _: (holds, observed))
    # Great Expectations looks at each value of a column of texts, which pandas may mix with others.
    present = ~question.read(question.column).is_null()
    every = row_claim(question, call("if", present, not holds, None), [question.column], considered=present)

    def conclude(answers: dict[Request, Any]) -> Found:
        success, result = every.conclude(answers)
        return success, observed | result

    return Claim(every.requests, conclude)
