"""The types of the arguments of expectations, for editors and type checkers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Literal, SupportsFloat, SupportsIndex, TypeAlias, TypedDict

Parameter: TypeAlias = Mapping[str, Any]
"""``{"$PARAMETER": "name or expression"}``, which may stand in place of any value."""

Text: TypeAlias = str | Parameter
Texts: TypeAlias = Collection[str] | Parameter
Number: TypeAlias = SupportsFloat | Parameter
Whole: TypeAlias = SupportsIndex | Parameter
Flag: TypeAlias = bool | Parameter
Bound: TypeAlias = SupportsFloat | str | dt.date | dt.time | Parameter
Values: TypeAlias = Collection[Any] | Parameter
Match: TypeAlias = Literal["any", "all"] | Parameter
IgnoredPairs: TypeAlias = Literal["both_values_are_missing", "either_value_is_missing", "neither"] | Parameter
IgnoredRecords: TypeAlias = Literal["all_values_are_missing", "any_value_is_missing", "never"] | Parameter


class Common(TypedDict, total=False):
    """What every expectation takes: how bad it is if it does not hold, and what to say about it."""

    severity: Literal["critical", "warning", "info"]
    description: str
    notes: str | list[str]
    meta: Mapping[str, Any]


class Rows(Common, total=False):
    """What an expectation on rows takes as well: which rows it is about."""

    row_condition: Any
    condition_parser: (
        Literal["great_expectations", "great_expectations__experimental__", "pandas", "spark"] | None
    )
