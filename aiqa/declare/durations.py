"""Lengths of time as people write them: ``"90d"``, ``"6h"``, ``"1d12h"``."""

from __future__ import annotations

import datetime as dt
import re

from aiqa.errors import DeclarationError

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhms])\s*")


def duration(text: str) -> dt.timedelta:
    """Return the length of time that a text tells.

    Parameters
    ----------
    text : str
        Numbers of weeks (w), days (d), hours (h), minutes (m) and seconds (s), one after another.

    Raises
    ------
    DeclarationError
        If it tells none.

    Examples
    --------
    >>> duration("1d12h")
    datetime.timedelta(days=1, seconds=43200)
    """
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise DeclarationError(f"no length of time: {text!r}; write 90d, 6h, 30m or 1d12h")
    try:
        lengths = (dt.timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts)
        return sum(lengths, dt.timedelta())
    except OverflowError:
        raise DeclarationError(f"no length of time: {text!r} is too long") from None
