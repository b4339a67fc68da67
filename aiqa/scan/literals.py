"""Plain values that meet a column: told apart by the column's type, compared exactly."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import zoneinfo
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiqa.errors import DataError

_RANGES = {
    f"{sign}{bits}": (0, 2**bits - 1) if sign == "UInt" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in ("Int", "UInt")
    for bits in (8, 16, 32, 64, 128)
}
_FAMILIES = {
    "Float32": "float",
    "Float64": "float",
    "Float16": "float",
    "Boolean": "boolean",
    "String": "string",
    "Categorical": "string",
    "Enum": "string",
    "Date": "date",
    "Datetime": "datetime",
    "Time": "time",
    "Decimal": "decimal",
    "Null": "null",
}
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "integer": (int, float, Decimal),
    "float": (int, float, Decimal),
    "decimal": (int, float, Decimal),
    "boolean": (int, float),
    "string": (str,),
    "date": (dt.date,),
    "datetime": (dt.date,),
    "time": (dt.time,),
}


_DECIMALS = Decimal(10) ** 38
"""No decimal of Polars or Arrow (128 bits) reaches this."""


@dataclass(frozen=True, slots=True)
class Never:
    """Stands for a value that no value of the column can be equal to or lie beyond: the answer is known."""

    instead: bool


@functools.cache
def family_of(dtype: str) -> str:
    """Return the family of a type's text.

    Returns
    -------
    {"integer", "float", "decimal", "boolean", "string", "date", "datetime", "time", "null", "other"}

    Examples
    --------
    >>> family_of("Datetime(time_unit='us', time_zone=None)")
    'datetime'
    """
    name = re.split(r"[(\[]", dtype, maxsplit=1)[0]
    return "integer" if name in _RANGES else _FAMILIES.get(name, "other")


def compared(op: str, value: Any, dtype: str, column: str) -> tuple[str, Any]:
    """Return the operation and value that say the same exactly, in the column's own type.

    Raises
    ------
    DataError
        If values of the column cannot be compared with `value`.

    Examples
    --------
    >>> compared(">=", 2.5, "Int64", "n")
    ('>=', 3)
    >>> compared("<=", 10**30, "Int64", "n")
    ('<=', Never(instead=True))
    """
    family = family_of(dtype)
    value = _typed(value, family, dtype, column)
    if family == "integer":
        return _whole(op, value, *_RANGES[dtype])
    if family == "float":
        return _floating(op, value)
    return _decimal(op, value) if family == "decimal" else (op, value)


def members(wanted: tuple[Any, ...], dtype: str) -> tuple[Any, ...]:
    """Return those of `wanted` that the column could hold, in its own type; null is no member."""
    family = family_of(dtype)
    found: list[Any] = []
    for value in wanted if family != "null" else ():
        try:
            _, fitting = compared("==", value, dtype, "")
        except DataError:
            continue
        found += [] if isinstance(fitting, Never) else [fitting]
    return tuple(found) if family != "boolean" else tuple({bool(value) for value in found if value in (0, 1)})


def parsed_moment(bound: str | dt.date, like: dt.date | dt.time, column: str | None) -> Any:
    """Return a date, a moment or its text as something that can be compared with `like`.

    Raises
    ------
    DataError
        If the text is none.

    Examples
    --------
    >>> parsed_moment("2026-01-31", dt.datetime(2026, 1, 1), "t")
    datetime.datetime(2026, 1, 31, 0, 0)
    """
    family = "datetime" if isinstance(like, dt.datetime) else "date" if isinstance(like, dt.date) else "time"
    parsed = _parsed(bound, family, column or "") if isinstance(bound, str) else bound
    if family == "time" and not isinstance(parsed, dt.time):
        raise DataError(f"times of day cannot be compared with {bound!r}", column=column)
    if not isinstance(like, dt.datetime):
        return parsed.date() if isinstance(parsed, dt.datetime) else parsed
    return _moment(parsed, "" if like.tzinfo else "time_zone=None")


def _typed(value: Any, family: str, dtype: str, column: str) -> Any:
    if family in ("date", "datetime", "time") and isinstance(value, str):
        value = _parsed(value, family, column)
    if family != "null" and not isinstance(value, _ACCEPTED.get(family, ())):
        raise DataError(f"values of type {dtype} cannot be compared with {value!r}", column=column)
    if family == "datetime":
        return _moment(value, dtype)
    if family == "date" and isinstance(value, dt.datetime):
        raise DataError(f"dates cannot be compared with the moment {value!r}", column=column)
    return _as_decimal(value, dtype, column) if family == "decimal" else value


def _parsed(text: str, family: str, column: str) -> Any:
    kinds: dict[str, Any] = {"date": dt.date, "datetime": dt.datetime, "time": dt.time}
    try:
        return kinds[family].fromisoformat(text)
    except ValueError:
        return guessed(text, family, column)


def guessed(text: str, family: str, column: str) -> Any:
    """Return the date, moment or time of a text that is not in ISO 8601, where dateutil is there.

    Raises
    ------
    DataError
        If it is none.
    """
    try:
        from dateutil.parser import parse

        # What a text leaves out is the first, not today's.
        moment = parse(text, default=dt.datetime(1970, 1, 1))  # noqa: DTZ001
    except (ImportError, ValueError, OverflowError):
        raise DataError(f"{text!r} is no {family} in ISO 8601", column=column) from None
    if family == "date" and moment.time() != dt.time():
        raise DataError(f"dates cannot be compared with the moment {text!r}", column=column)
    return moment if family == "datetime" else getattr(moment, family)()


def _moment(value: dt.date, dtype: str) -> dt.datetime:
    """Give a date its midnight, and a moment the column's zone, in which alone engines compare; else UTC."""
    moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001
    zoned = "time_zone=None" not in dtype
    if zoned:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return moment.astimezone(_zone(zone_of(dtype)))
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def zone_of(dtype: str) -> str | None:
    """Return the name of the zone that a type of moments has.

    Examples
    --------
    >>> zone_of("Datetime(time_unit='us', time_zone='Europe/Berlin')")
    'Europe/Berlin'
    """
    named = re.search(r"time_zone='([^']+)'", dtype)
    return named[1] if named else None


def _zone(name: str | None) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name) if name else dt.UTC
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def _as_decimal(value: float | Decimal, dtype: str, column: str) -> Decimal:
    exact = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if exact.is_infinite():
        return exact
    _, digits, exponent = exact.as_tuple()
    fits = isinstance(exponent, int) and (abs(exact) >= _DECIMALS or max(len(digits), -exponent) <= 38)
    if not fits:
        raise DataError(f"values of type {dtype} cannot be compared with {value!r}", column=column)
    return exact


def _decimal(op: str, value: Decimal) -> tuple[str, Any]:
    if abs(value) < _DECIMALS:
        return op, value
    if op in ("==", "!="):
        return op, Never(op == "!=")
    return op, Never((op in ("<", "<=")) == (value > 0))


def _whole(op: str, value: Any, low: int, high: int) -> tuple[str, Any]:
    if isinstance(value, float) and math.isinf(value):
        value = (high + 1) if value > 0 else (low - 1)
    if value != int(value):
        if op in ("==", "!="):
            return op, Never(op == "!=")
        return ("<=", math.floor(value)) if op in ("<", "<=") else (">=", math.ceil(value))
    whole = int(value)
    if low <= whole <= high:
        return op, whole
    if op in ("==", "!="):
        return op, Never(op == "!=")
    return op, Never((op in ("<", "<=")) == (whole > high))


def _floating(op: str, value: Any) -> tuple[str, Any]:
    try:
        near = float(value)
    except OverflowError:
        near = math.inf if value > 0 else -math.inf
    if near == value:
        return op, near
    if op in ("==", "!="):
        return op, Never(op == "!=")
    # No float lies between `near` and `value`: the comparison moves to `near`, which lies outside or inside.
    if op in ("<", "<="):
        return ("<=" if near < value else "<"), near
    return (">=" if near > value else ">"), near
