"""Which expectations a column's profile supports: a few for each, in the order of what they are about."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aiqa.judge.number import number
from aiqa.suggest.bounds import ENOUGH, above, below, mostly, tolerance, widened
from aiqa.suggest.names import is_key
from aiqa.suggest.profile import FORMS, MOMENTS, MOST_VALUES, NUMBERS, Column
from aiqa.suggest.suggested import Suggested

_SEEN_OFTEN = 5
"""Rows that a value of a set needs: rarer ones tell that there are more."""
_WHOLE_SET = 10
"""Different whole numbers that are a set rather than a range."""
_LONGEST = 60
"""Characters of a value that is a category rather than prose."""
_COINCIDENCES = 5
"""Pairs of equal values that whole numbers drawn from their range would have; keys have none."""


def of_column(column: Column) -> Iterator[Suggested]:
    """Yield what the profile of a column supports."""
    yield from _presence(column)
    if column.present < ENOUGH:
        return
    yield from _uniqueness(column)
    if column.family == "string":
        yield from _text(column)
    elif column.family in MOMENTS:
        yield from _moments(column)
    elif column.family in (*NUMBERS, "boolean"):
        yield from _numbers(column)


def _presence(column: Column) -> Iterator[Suggested]:
    missing = column.rows - column.present
    share = mostly(column.present, column.rows)
    if column.rows < ENOUGH or share <= 0:
        return
    percent = number(100 * missing / column.rows)
    told = f"{percent} % of the rows have no value" if missing else "no value is missing"
    looser = {"mostly": max(0.01, round(share - 0.05, 2))}
    yield _claim("column_values_to_not_be_null", column, told, looser, **_share(share))


def _uniqueness(column: Column) -> Iterator[Suggested]:
    repeats = column.found.get("repeats")
    if repeats is None or repeats.repeated or not (is_key(column.name) or _looks_like_key(column)):
        return
    yield _claim("column_values_to_be_unique", column, f"all {column.present:,} values are different")


def _looks_like_key(column: Column) -> bool:
    if column.present <= 100:
        return False
    if column.family == "string":
        return True
    extremes = column.found["extremes"]
    width = int(extremes.max) - int(extremes.min) + 1
    return bool(column.family == "integer" and column.present**2 >= 2 * width * _COINCIDENCES)


def is_unique(column: Column) -> bool:
    """Tell whether a column's values name its rows, so that their size says nothing."""
    return any(True for _ in _uniqueness(column))


# Sets


def _set(column: Column, most: int = MOST_VALUES) -> Iterator[Suggested]:
    counts: Mapping[Any, int] = column.found.get("counts", {})
    values = list(counts)
    if column.personal or not 0 < len(values) <= most or any(len(str(value)) > _LONGEST for value in values):
        return
    rare = sum(rows for rows in counts.values() if rows < _SEEN_OFTEN)
    if rare > 0.001 * column.present:
        return
    share = {"mostly": 0.99} if rare else {}
    told = _told_of_set(len(values), rare)
    yield _claim("column_values_to_be_in_set", column, told, {"mostly": 0.95}, value_set=values, **share)


def _told_of_set(values: int, rare: int) -> str:
    told = "always the same value" if values == 1 else f"{values} different values"
    told += f", of which rare ones have {rare} rows together" if rare else ""
    return f"{told}; look whether all of them may stand here"


# Numbers


def _numbers(column: Column) -> Iterator[Suggested]:
    if column.personal or is_unique(column):
        return
    both = column.family == "boolean" and len(column.found["values"]) == 2  # says no more than the type
    found = [] if both else list(_set(column, _WHOLE_SET)) or list(_every_number(column))
    yield from found or _range(column)
    yield from _middle(column)


def _every_number(column: Column) -> Iterator[Suggested]:
    """Suggest the ends of a few whole numbers, hours say, of which none is left out and all are common."""
    counts: Mapping[Any, int] = column.found.get("counts", {})
    if column.family != "integer" or not counts or min(counts.values()) < _SEEN_OFTEN:
        return
    low, high = min(counts), max(counts)
    if high - low + 1 == len(counts):
        told = f"every whole number from {number(low)} to {number(high)}"
        looser = {"mostly": 0.99}
        yield _claim("column_values_to_be_between", column, told, looser, min_value=low, max_value=high)


def _range(column: Column) -> Iterator[Suggested]:
    extremes = column.found.get("extremes")
    if extremes is None or extremes.min is None or extremes.min == extremes.max:
        return
    low, high = float(extremes.min), float(extremes.max)
    bounds, wider = (_bounds(*widened(low, high, by), column) for by in (0.5, 1.0))
    if not bounds:
        return
    exact = set(bounds.values()) <= {0, 1} and len(bounds) == 2
    share = min(1.0 if exact else tolerance(column.present), mostly(column.numbers, column.present))
    looser = {**wider, "mostly": round(max(0.0, min(0.95, share - 0.05)), 3)}
    told = f"from {number(low)} to {number(high)}{_not_numbers(column)}"
    yield _claim("column_values_to_be_between", column, told, looser, **bounds, **_share(share))


def _bounds(low: float | None, high: float | None, column: Column) -> dict[str, Any]:
    ends = {"min_value": low, "max_value": high}
    whole = column.family == "integer"
    return {name: int(end) if whole else end for name, end in ends.items() if end is not None}


def _not_numbers(column: Column) -> str:
    share = 1 - column.numbers / column.present
    return f"; {number(100 * share)} % are NaN" if share else ""


def _middle(column: Column) -> Iterator[Suggested]:
    """Suggest the mean, or the median where few values rule the mean."""
    moments, quartiles = column.found["moments"], column.found.get("quartiles")
    spread = moments.spread if math.isfinite(moments.mean) else None
    if quartiles is not None and quartiles.n and _is_heavy(quartiles, spread):
        yield from _median(column)
    elif spread is not None:
        yield from _mean(column, moments, spread)


def _is_heavy(quartiles: Any, spread: float | None) -> bool:
    width = quartiles.last - quartiles.first
    return width > 0 and (spread is None or spread > 3 * width)


def _median(column: Column) -> Iterator[Suggested]:
    quartiles = column.found["quartiles"]
    width = quartiles.last - quartiles.first
    low, high = below(quartiles.first, width), above(quartiles.last, width)
    if low is None or high is None or column.numbers < column.present:
        return
    looser = {"min_value": below(low - width, width), "max_value": above(high + width, width)}
    told = f"the median is {number(quartiles.linear(1))}; between the quartiles, as few values rule the mean"
    yield _claim("column_median_to_be_between", column, told, looser, min_value=low, max_value=high)


def _mean(column: Column, moments: Any, spread: float) -> Iterator[Suggested]:
    margin = max(6 * spread / math.sqrt(moments.n), 0.2 * abs(moments.mean))
    bounds, wider = (_around(moments, times * margin) for times in (1, 2))
    if None in (*bounds.values(), *wider.values()):
        return
    told = f"the mean is {number(moments.mean)}; six standard errors to either side, and at least a fifth"
    yield _claim("column_mean_to_be_between", column, told, wider, **bounds)


def _around(moments: Any, margin: float) -> dict[str, float | None]:
    """Return bounds of a mean, which lies where the values do where those have a natural end."""
    low, high = below(moments.mean - margin, margin), above(moments.mean + margin, margin)
    if low is not None and moments.min >= 0:
        low = max(low, 0)
    if high is not None and moments.min >= 0 and moments.max <= 1:
        high = min(high, 1)
    if high is not None and moments.max <= 0:
        high = min(high, 0)
    return {"min_value": low, "max_value": high}


# Dates


def _moments(column: Column) -> Iterator[Suggested]:
    extremes = column.found["extremes"]
    start = None if column.personal or extremes.min is None else _before(extremes.min, extremes.max)
    if start is not None:
        told = f"from {extremes.min.date() if isinstance(extremes.min, dt.datetime) else extremes.min} on"
        yield _claim("column_values_to_be_between", column, told, {"mostly": 0.99}, min_value=start)
    if not column.found["unordered"] and extremes.min != extremes.max:
        yield _claim("column_values_to_be_increasing", column, "the rows are in the order of it")


def _before(first: dt.date, last: dt.date) -> str | None:
    """Return the first day of the month that lies a tenth of the time before the first moment."""
    try:
        return (first - (last - first) / 10).replace(day=1).isoformat()[:10]
    except (OverflowError, ValueError):
        return None


# Texts


def _text(column: Column) -> Iterator[Suggested]:
    found = [] if is_unique(column) else list(_set(column))
    if not found:
        form = next(_form(column), None)
        found = [] if form is None else [form]
    yield from found or _lengths(column)


def _form(column: Column) -> Iterator[Suggested]:
    lengths = column.found["lengths"]
    length = lengths.min if lengths.min == lengths.max else None
    for form, regex in FORMS.items():
        share = column.found[form] / column.present
        if share == 1 and form == "digits" and length is not None:
            yield _matching(column, f"every value has {length} digits", f"^[0-9]{{{length}}}$", 1.0)
        elif share >= 0.95:
            every = "every value is" if share == 1 else f"{number(100 * share)} % of the values are"
            yield _matching(column, f"{every} {form}", regex, mostly(column.found[form], column.present))
    prefix = _prefix(column)
    if prefix is not None:
        digits = "+" if length is None else f"{{{length - len(prefix)}}}"
        yield _matching(
            column, "every value is a prefix and digits", f"^{re.escape(prefix)}[0-9]{digits}$", 1.0
        )


def _matching(column: Column, told: str, regex: str, share: float) -> Suggested:
    looser = {"mostly": round(min(0.99, share - 0.05 if share < 1 else 1), 2)}
    return _claim("column_values_to_match_regex", column, told, looser, regex=regex, **_share(share))


def _prefix(column: Column) -> str | None:
    """Return what all values of letters and digits begin with, if digits follow it in each."""
    if column.personal or column.found["coded"] < column.present:
        return None
    ends = (column.found["extremes"].min, column.found["extremes"].max)
    prefix = _common(*ends).rstrip("0123456789")
    # What lies between the two in order begins so too, and goes on with a digit if both do.
    goes_on = all(end[len(prefix) : len(prefix) + 1] in "0123456789" for end in ends)
    return prefix if goes_on and 0 < len(prefix) <= 12 and prefix.isprintable() else None


def _common(one: str, other: str) -> str:
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(character for character, _ in same)


def _lengths(column: Column) -> Iterator[Suggested]:
    lengths = column.found["lengths"]
    low, high = int(lengths.min), int(lengths.max)
    if low == high:
        told = f"every value has {number(low)} characters"
        yield _claim("column_value_lengths_to_equal", column, told, {"mostly": 0.99}, value=low)
        return
    told = f"{number(low)} to {number(high)} characters"
    bounds, wider = ({"min_value": min(low, 1), "max_value": high + (high - low + 1) * by} for by in (1, 3))
    share = tolerance(column.present)
    yield _claim(
        "column_value_lengths_to_be_between",
        column,
        told,
        {**wider, "mostly": 0.95},
        **bounds,
        **_share(share),
    )


def _share(share: float) -> dict[str, float]:
    return {} if share >= 1 else {"mostly": share}


def _claim(
    name: str, column: Column, told: str, looser: dict[str, Any] | None = None, **more: Any
) -> Suggested:
    arguments = {"column": column.name, **more}
    return Suggested(name, arguments, told, None if looser is None else {**arguments, **looser})
