"""Great Expectations' own language of conditions: one comparison or nullity of ``col("name")``."""

from __future__ import annotations

import re
from typing import Any

from aiqa.expectations.row_condition.logic import Logic
from aiqa.expectations.row_condition.objects import object_condition
from aiqa.expectations.row_condition.operands import refused
from aiqa.scan.expr import Expr

_CONDITION = re.compile(
    r"""\s* col\("(?P<column>[^"\n]*)"\) \s*
    (?: (?i:\.(?:is(?P<null>null)|(?P<notnull>notnull))\(\))
      | (?P<operator>[<>]=?|[=!]=) \s*
        (?: (?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
          | (?P<date>date\s*\(\s*)? (?P<quote>["']) \s* (?P<text>[^"']+) (?P=quote) (?(date)\s*\)) ) )
    \s*""",
    re.VERBOSE,
)


def gx_condition(text: str, logic: Logic) -> Expr:
    """Return what a condition such as ``col("x") <= date("2023-01-01")`` says.

    Great Expectations reads the first comparison of a longer text and passes over the rest in silence; here
    that is an error.

    Raises
    ------
    DataError
        As :func:`aiqa.expectations.row_condition.condition_of` does.
    DeclarationError
        If it is no such condition.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        first = _CONDITION.match(text)
        raise refused(repr(text[first.end() :] if first else text), text)
    return object_condition(_told(found), logic)


def _told(found: re.Match[str]) -> dict[str, Any]:
    """Say the same as Great Expectations' object does."""
    column = {"name": found["column"]}
    if found["null"] or found["notnull"]:
        return {"type": "nullity", "column": column, "is_null": bool(found["null"])}
    parameter = found["text"] or _number(found["number"])
    return {"type": "comparison", "column": column, "operator": found["operator"], "parameter": parameter}


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
