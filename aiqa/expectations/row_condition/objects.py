"""Great Expectations' condition objects and their dicts, told by what they hold: it is not imported."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiqa.errors import DeclarationError, nearest
from aiqa.expectations.row_condition.logic import Logic
from aiqa.expectations.row_condition.operands import Operand, plain, refused
from aiqa.scan.expr import Expr, joined

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_MEMBERSHIPS = ("IN", "NOT_IN")


def object_condition(condition: Any, logic: Logic) -> Expr:
    """Return what a comparison, a nullity, or an "and" or "or" of them says.

    Raises
    ------
    DataError
        As :func:`aiqa.expectations.row_condition.condition_of` does.
    DeclarationError
        If it is no condition.
    """
    kind = _part(condition, "type")
    if kind not in _KINDS:
        raise DeclarationError(f"no condition of type {kind!r}{nearest(str(kind), _KINDS)}")
    return _KINDS[kind](condition, logic)


def text_within(condition: Any) -> str | None:
    """Return the text that a condition hands through to the engine; None for every other."""
    if _part(condition, "type") != "pass_through":
        return None
    return str(_part(condition, "pass_through_filter"))


def _part(condition: Any, name: str) -> Any:
    try:
        return condition[name] if isinstance(condition, Mapping) else getattr(condition, name)
    except (AttributeError, KeyError):
        raise DeclarationError(
            f"a row condition is a text or a condition of Great Expectations with {name!r}, not {condition!r}"
        ) from None


def _column(condition: Any, logic: Logic) -> Operand:
    return logic.column(str(_part(_part(condition, "column"), "name")))


def _comparison(condition: Any, logic: Logic) -> Expr:
    op = _part(condition, "operator")
    op, side = str(getattr(op, "value", op)), _column(condition, logic)
    if op not in (*_COMPARISONS, *_MEMBERSHIPS):
        raise DeclarationError(f"no operator {op!r} of a row condition{nearest(op, _COMPARISONS)}")
    parameter = _part(condition, "parameter")
    if op in _MEMBERSHIPS:
        return _membership(op, side, parameter, logic)
    given = plain(parameter)
    if given.family in ("list", "null"):
        raise refused(f"the parameter {parameter!r}", str(condition))
    return logic.compare(op, side, given)


def _membership(op: str, side: Operand, parameter: Any, logic: Logic) -> Expr:
    if isinstance(parameter, str) or not isinstance(parameter, Iterable):
        raise DeclarationError(f"the parameter of {op} is a list of values, not {parameter!r}")
    found = logic.member(side, tuple(parameter))
    return found if op == "IN" else logic.negated(found)


def _nullity(condition: Any, logic: Logic) -> Expr:
    missing = logic.missing(_column(condition, logic))
    return missing if _part(condition, "is_null") else ~missing


def _several(op: str, condition: Any, logic: Logic) -> Expr:
    parts = [_within(part, logic) for part in _part(condition, "conditions")]
    if not parts:
        raise DeclarationError("a row condition of no conditions")
    return joined(op, parts)


def _within(condition: Any, logic: Logic) -> Expr:
    if text_within(condition) is not None:
        raise refused("a text among conditions", str(condition))
    return object_condition(condition, logic)


_KINDS: dict[str, Callable[[Any, Logic], Expr]] = {
    "and": functools.partial(_several, "and"),
    "or": functools.partial(_several, "or"),
    "comparison": _comparison,
    "nullity": _nullity,
}
