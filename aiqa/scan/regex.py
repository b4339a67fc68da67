"""Regular expressions of Python, written so that every engine finds a match in the same texts."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import polars as pl

_META = frozenset(r"\.+*?()|[]{}^$")
_META_OF_CLASS = frozenset(r"\[]^-&~")
_MOST = 1000
"""RE2 repeats no more often."""
_SPACE = "\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# What Python calls a letter or digit is exactly the categories L and N, and a decimal Nd (Unicode 14).
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\p{Nd}",
    sre.CATEGORY_NOT_DIGIT: r"\P{Nd}",
    sre.CATEGORY_SPACE: _SPACE,
    sre.CATEGORY_WORD: r"\p{L}\p{N}_",
}
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


_ALSO = {"i": "\u0130\u0131", "k": "\u212a", "s": "\u017f"}
"""What Python's flag ``i`` takes for an ASCII letter beside its two cases."""


@dataclass(frozen=True, slots=True)
class _Style:
    """What a dot stands for, and whether upper case is lower case."""

    dot: str
    fold: bool


class _OnlyPython(Exception):  # noqa: N818 - not an error: the answer to a question
    """No other engine says the same."""


@functools.lru_cache(maxsize=512)
def portable(pattern: str) -> str | None:
    r"""Return a pattern in which Rust, RE2 and Java find what Python's ``re.search`` finds in `pattern`.

    Only whether there is a match is the same, not which. None where that cannot be said: look-around,
    back references, word boundaries, flags but ``i`` (of ASCII letters), ``s`` and ``x``, and what is no
    regular expression.

    Examples
    --------
    >>> portable(r"^\d{8}$")
    '\\A\\p{Nd}{8}(?:\\n?\\z)'
    >>> portable("a(?!b)") is None
    True
    """
    try:
        parsed = _parser.parse(pattern)
        flags = parsed.state.flags
        if flags & ~(re.UNICODE | re.DOTALL | re.VERBOSE | re.IGNORECASE):
            return None
        style = _Style("(?s:.)" if flags & re.DOTALL else r"[^\n]", bool(flags & re.IGNORECASE))
        translated = _sequence(parsed, style, last=True)
        return translated if _fits(translated) else None
    except (_OnlyPython, re.error, OverflowError, RecursionError):
        return None


def _fits(pattern: str) -> bool:
    """Tell whether Rust compiles it: of the three it has the least room for repeated classes."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        return False
    return True


def _sequence(items: Iterable[Any], style: _Style, *, last: bool) -> str:
    """Write items one after another; `last` tells that nothing follows them."""
    listed = list(items)
    return "".join(
        _item(op, argument, style, last and place == len(listed) - 1)
        for place, (op, argument) in enumerate(listed)
    )


def _item(op: Any, argument: Any, style: _Style, last: bool) -> str:
    if op is sre.LITERAL and not style.fold:
        return _literal(argument, _META)
    if op in (sre.LITERAL, sre.NOT_LITERAL):
        negated = "^" if op is sre.NOT_LITERAL else ""
        return f"[{negated}{_member(sre.LITERAL, argument, style)}]"
    if op is sre.ANY:
        return style.dot
    if op is sre.IN:
        return _class(argument, style)
    if op is sre.AT:
        return _anchor(argument, last)
    return _compound(op, argument, style, last)


def _compound(op: Any, argument: Any, style: _Style, last: bool) -> str:
    if op is sre.BRANCH:
        return f"(?:{'|'.join(_sequence(branch, style, last=last) for branch in argument[1])})"
    if op is sre.SUBPATTERN:
        _, added, removed, inner = argument
        if added or removed:
            raise _OnlyPython
        return f"(?:{_sequence(inner, style, last=last)})"
    if op in _REPEATS:
        least, most, inner = argument
        return f"(?:{_sequence(inner, style, last=False)}){_times(least, most)}"
    raise _OnlyPython


def _times(least: int, most: Any) -> str:
    endless = most is sre.MAXREPEAT
    if least > _MOST or (not endless and most > _MOST):
        raise _OnlyPython
    common = {(0, 1): "?", (0, None): "*", (1, None): "+"}.get((least, None if endless else most))
    if common:
        return common
    return f"{{{least},}}" if endless else f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _anchor(place: Any, last: bool) -> str:
    if place in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
        return r"\A"
    if place is sre.AT_END_STRING:
        return r"\z"
    if place is sre.AT_END and last:  # before a line break at the very end, too
        return r"(?:\n?\z)"
    raise _OnlyPython


def _class(items: list[tuple[Any, Any]], style: _Style) -> str:
    negated = items[0][0] is sre.NEGATE
    return f"[{'^' if negated else ''}{''.join(_member(*item, style) for item in items[negated:])}]"


def _member(op: Any, argument: Any, style: _Style) -> str:
    if op is sre.LITERAL:
        return _literal(argument, _META_OF_CLASS) + _other_cases(argument, argument, style)
    if op is sre.RANGE:
        low, high = argument
        written = "-".join(_literal(end, _META_OF_CLASS) for end in argument)
        return written + _other_cases(low, high, style)
    if op is sre.CATEGORY and argument in _CATEGORIES:
        return _CATEGORIES[argument]
    raise _OnlyPython


def _other_cases(low: int, high: int, style: _Style) -> str:
    """Write what else a range of characters matches where upper case is lower case: known for ASCII."""
    if not style.fold:
        return ""
    if high > 127 and (low != high or chr(low).lower() != chr(low).upper()):
        raise _OnlyPython
    letters = (chr(code) for code in range(low, min(high, 127) + 1) if chr(code).isalpha())
    return "".join(letter.swapcase() + _ALSO.get(letter.lower(), "") for letter in letters)


def _literal(code: int, meta: frozenset[str]) -> str:
    character = chr(code)
    if code == 0 or 0xD800 <= code <= 0xDFFF:
        raise _OnlyPython
    return f"\\{character}" if character in meta else character


def like(pattern: str, escape: str | None = None) -> str:
    r"""Return the regular expression that says what SQL's LIKE says: the whole text, upper case unlike lower.

    Parameters
    ----------
    pattern : str
        ``%`` stands for any characters, ``_`` for one.
    escape : str, optional
        The character that takes the next one literally; a backslash where None, as in PostgreSQL.

    Examples
    --------
    >>> like("A\\_%")
    '(?s)\\AA_.*\\Z'
    """
    wild = {"%": ".*", "_": "."}
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == (escape or "\\"):
            parts.append(re.escape(next(characters, character)))
        else:
            parts.append(wild.get(character, re.escape(character)))
    return rf"(?s)\A{''.join(parts)}\Z"
