"""Suite parameters: values that the run brings, and Great Expectations' little language over them."""

from __future__ import annotations

import ast
import datetime as dt
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiqa.declare.arguments import PARAMETER, holds_parameter, is_parameter
from aiqa.declare.expectation import Expectation
from aiqa.declare.values import Pairs, freeze
from aiqa.errors import DeclarationError, nearest

_LONGEST = 2_000
_LARGEST = 10_000
"""Characters of an expression, and bits of a power: enough for anybody, too few to hang on."""
_DOLLAR = "\u01c2"
"""Stands for ``$`` in a name, which Python's grammar does not allow there."""


def resolved(expectation: Expectation, parameters: Mapping[str, Any]) -> Expectation:
    """Return an expectation with its suite parameters replaced by what they stand for.

    Parameters
    ----------
    expectation : Expectation
        It is returned as it is if it holds none.
    parameters : mapping of str to Any
        Values by name.

    Raises
    ------
    DeclarationError
        If a name is not among the parameters, or an expression cannot be evaluated. Whether the value fits
        its argument is for ``check`` to say.

    Examples
    --------
    >>> from aiqa import expect
    >>> rows = expect.table_row_count_to_be_between({"$PARAMETER": "round(0.9 * yesterday)"})
    >>> resolved(rows, {"yesterday": 1000})
    table_row_count_to_be_between(min_value=900)
    """
    kwargs = expectation.kwargs.as_dict()
    if not holds_parameter(kwargs):
        return expectation
    told = ((name, _argument(name, value, parameters)) for name, value in kwargs.items())
    return replace(expectation, kwargs=Pairs(tuple(told)))


def evaluated(expression: str, parameters: Mapping[str, Any]) -> Any:
    """Evaluate an expression of Great Expectations' language.

    It has numbers, strings, names of parameters, ``+ - * / % ^ **``, parentheses, ``pi`` and ``e``,
    ``now()``, ``datetime(...)``, ``timedelta(...)``, ``abs``, ``cos``, ``exp``, ``round``, ``sgn``, ``sin``,
    ``sqrt``, ``tan`` and ``trunc``. A name alone may stand for any value; within an expression it is a number
    or a moment, or a string of one.

    Parameters
    ----------
    expression : str
    parameters : mapping of str to Any

    Raises
    ------
    DeclarationError
        If it is no expression, names what is not known, or has no value.

    Examples
    --------
    >>> evaluated("1.5 * x - 2^3", {"x": 100})
    142.0
    >>> evaluated("today - timedelta(weeks=1)", {"today": "2026-01-31"})
    datetime.datetime(2026, 1, 24, 0, 0)
    """
    if expression in parameters:
        return parameters[expression]
    try:
        return _Expression.of(expression, parameters).value()
    except DeclarationError:
        raise
    except (ArithmeticError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError) as error:
        raise DeclarationError(f"suite parameter {expression!r:.200} has no value: {error}") from error


def _argument(name: str, value: Any, parameters: Mapping[str, Any]) -> Any:
    try:
        return freeze(_replaced(value, parameters), "the value", infinite=True)
    except DeclarationError as error:
        raise DeclarationError(f"{name}=: {error}") from error


def _replaced(value: Any, parameters: Mapping[str, Any]) -> Any:
    if is_parameter(value):
        return _brought(value, parameters)
    if isinstance(value, Mapping):
        return {key: _replaced(item, parameters) for key, item in value.items()}
    return [_replaced(item, parameters) for item in value] if isinstance(value, tuple) else value


def _brought(value: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """Return what a parameter stands for; Great Expectations lets one carry a value of its own."""
    expression = value[PARAMETER]
    own = f"{PARAMETER}.{expression}"
    if own in value:
        return value[own]
    if not isinstance(expression, str):
        raise DeclarationError(f"{PARAMETER} is a name or an expression, not {expression!r}")
    return evaluated(expression, parameters)


def _sign(value: float) -> int:
    return 0 if abs(value) <= 1e-12 else int(math.copysign(1, value))


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and base.bit_length() * abs(exponent) > _LARGEST:
        raise OverflowError("the power is too large")
    raised = base**exponent
    if isinstance(raised, complex):
        raise ValueError("a root of a negative number is not real")  # noqa: TRY004 - the value is wrong
    return raised


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "cos": math.cos,
    "datetime": dt.datetime,
    "exp": math.exp,
    "now": dt.datetime.now,
    "round": round,
    "sgn": _sign,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "timedelta": dt.timedelta,
    "trunc": int,
}


@dataclass(frozen=True)
class _Expression:
    """An expression as Python parses it, walked by the few forms that the language has."""

    text: str
    tree: ast.expr
    parameters: Mapping[str, Any]
    unary_first: bool
    """Whether a minus binds before the power: so it does before Great Expectations' ``^``."""

    @classmethod
    def of(cls, expression: str, parameters: Mapping[str, Any]) -> _Expression:
        if len(expression) > _LONGEST:
            raise SyntaxError(f"an expression has at most {_LONGEST} characters")
        text = _as_python(" ".join(expression.split()))
        return cls(text, ast.parse(text, mode="eval").body, parameters, "^" in expression)

    def value(self) -> Any:
        return self._string(self.tree) if isinstance(self.tree, ast.Constant) else self._of(self.tree)

    def _of(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return _operand(self._string(node), "a string")
            case ast.Name(id=name):
                return self._named(name.replace(_DOLLAR, "$"))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._negative(node, operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._of(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self._of(left), self._of(right))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self._called(name, args, keywords)
        raise SyntaxError(f"{ast.unparse(node)!r:.80} is none of the language's forms")

    def _string(self, node: ast.Constant) -> Any:
        if not isinstance(node.value, (int, float, str)):
            raise TypeError(f"{node.value!r} is neither a number nor a string")
        return node.value

    def _named(self, name: str) -> Any:
        if name in self.parameters:
            return _operand(self.parameters[name], name)
        if name.lower() in _CONSTANTS:
            return _CONSTANTS[name.lower()]
        raise DeclarationError(f"no suite parameter {name!r}{nearest(name, self.parameters)}")

    def _negative(self, node: ast.expr, operand: ast.expr) -> Any:
        if self.unary_first and isinstance(operand, ast.BinOp) and isinstance(operand.op, ast.Pow):
            between = self.text.encode()[node.col_offset : operand.col_offset]
            if b"(" not in between:
                return _power(-self._of(operand.left), self._of(operand.right))
        return -self._of(operand)

    def _called(self, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Any:
        if name not in _FUNCTIONS:
            raise DeclarationError(f"no function {name!r} in suite parameters{nearest(name, _FUNCTIONS)}")
        named = {str(one.arg): self._of(one.value) for one in keywords}
        return _FUNCTIONS[name](*map(self._of, args), **named)


def _as_python(expression: str) -> str:
    """Write ``^`` and ``$`` as Python can parse them, but not within strings."""
    signs = {"^": "**", "$": _DOLLAR}
    return re.sub(r"'[^']*'|\"[^\"]*\"|[\^$]", lambda found: signs.get(found[0], found[0]), expression)


def _operand(value: Any, what: str) -> Any:
    """Return a value as one that has arithmetic: a number, a moment or a span of time."""
    if isinstance(value, str):
        return _number_or_moment(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date has no zone
    if isinstance(value, (int, float, dt.datetime, dt.timedelta)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{what} is {value!r:.80}, which has no arithmetic") from None


def _number_or_moment(text: str) -> Any:
    for reads in (int, float, dt.datetime.fromisoformat):
        try:
            return reads(text)
        except ValueError:
            continue
    raise ValueError(f"{text!r:.80} is neither a number nor a moment")
