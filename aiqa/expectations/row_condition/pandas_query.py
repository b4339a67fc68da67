"""The language of ``DataFrame.query``: Python's grammar with names of columns, read and never evaluated."""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiqa.errors import DeclarationError
from aiqa.expectations.row_condition.logic import Logic
from aiqa.expectations.row_condition.operands import Operand, arithmetic, plain, refused
from aiqa.expectations.row_condition.pandas_methods import METHODS
from aiqa.scan.expr import Expr, joined

_PARTS = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|`(?P<name>(?:[^`]|``)*)`|(?P<join>[&|])""", re.DOTALL
)
_JOINS = {"&": " and ", "|": " or "}
_INDEX = re.compile(r"index|ilevel_\d+")
_COMPARISONS: dict[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_FOUND = {"==": "in", "in": "in", "!=": "not in", "not in": "not in"}
"""What a comparison with a list, or with a text by ``in``, comes to; in either order."""


def pandas_condition(text: str, logic: Logic) -> Expr:
    """Return what a query says.

    Raises
    ------
    DataError
        As :func:`aiqa.expectations.row_condition.condition_of` does.
    DeclarationError
        If a part of it is not understood.
    """
    source, names = _python(text)
    try:
        tree = ast.parse(source.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError) as error:
        raise refused(f"the syntax ({error})", text) from None
    return _Query(text, names, logic).condition(tree.body)


def _python(text: str) -> tuple[str, dict[str, str]]:
    """Write backquoted names as identifiers, and ``&`` and ``|`` as words, as loosely as they bind here."""
    names: dict[str, str] = {}

    def written(part: re.Match[str]) -> str:
        if part["name"] is None:
            return part["text"] or _JOINS[part["join"]]
        identifier = f"__backquoted_{len(names)}"
        names[identifier] = part["name"].replace("``", "`")
        return identifier

    return _PARTS.sub(written, text), names


@dataclass(frozen=True, slots=True)
class _Query:
    """A query, as it is walked."""

    text: str
    names: dict[str, str]
    logic: Logic

    def condition(self, node: ast.expr) -> Expr:
        """Read a part that must be true or false."""
        side = self.read(node)
        if side.plain or side.family != "boolean":
            raise self.refused(node, "as a condition ")
        expr: Expr = side.value
        return expr

    def read(self, node: ast.expr) -> Operand:
        """Read any part."""
        reader = _READERS.get(type(node))
        if reader is None:
            raise self.refused(node)
        return reader(self, node)

    def refused(self, node: ast.expr, role: str = "") -> DeclarationError:
        """Return the error that shows the part."""
        part = ast.unparse(node)
        for identifier, name in self.names.items():
            part = re.sub(rf"\b{identifier}\b", lambda _, name=name: f"`{name}`", part)  # type: ignore[misc]
        return refused(f"{part!r} {role}".rstrip(), self.text)

    def name(self, node: ast.Name) -> Operand:
        """Read a column."""
        name = self.names.get(node.id, node.id)
        if name not in self.logic.columns and _INDEX.fullmatch(name):
            raise self.refused(node)  # tables have no index
        return self.logic.column(name)

    def constant(self, node: ast.Constant) -> Operand:
        """Read a plain value."""
        if not isinstance(node.value, bool | int | float | str | None):
            raise self.refused(node)
        return plain(node.value)

    def listed(self, node: ast.List | ast.Tuple) -> Operand:
        """Read a list of plain values."""
        items = [self.read(item) for item in node.elts]
        if any(not item.plain or item.family == "list" for item in items):
            raise self.refused(node)
        return plain([item.value for item in items])

    def unary(self, node: ast.UnaryOp) -> Operand:
        """Read a negation or a sign."""
        if isinstance(node.op, ast.Not | ast.Invert):
            return Operand(self.logic.negated(self.condition(node.operand)), "boolean")
        sign = plain(-1 if isinstance(node.op, ast.USub) else 1)
        return self.computed(node, "*", self.read(node.operand), sign)

    def binary(self, node: ast.BinOp) -> Operand:
        """Read arithmetic."""
        if type(node.op) not in _ARITHMETIC:
            raise self.refused(node)
        return self.computed(node, _ARITHMETIC[type(node.op)], self.read(node.left), self.read(node.right))

    def computed(self, node: ast.expr, op: str, left: Operand, right: Operand) -> Operand:
        """Compute with two numbers."""
        result = arithmetic(op, left, right)
        if result is None:
            raise self.refused(node)
        return result

    def joined(self, node: ast.BoolOp) -> Operand:
        """Read conditions that hold together, or of which one does."""
        conditions = [self.condition(value) for value in node.values]
        if isinstance(node.op, ast.And):
            return Operand(joined("and", conditions), "boolean")
        flags = any(condition.op == "col" for condition in conditions)
        either = functools.reduce(_either, conditions) if flags else joined("or", conditions)
        return Operand(either, "boolean")

    def compared(self, node: ast.Compare) -> Operand:
        """Read a comparison, or a chain of them, each with its neighbour."""
        sides = [self.read(side) for side in (node.left, *node.comparators)]
        ops = [_COMPARISONS.get(type(op), "") for op in node.ops]
        pairs = [self.pair(node, *pair) for pair in zip(ops, sides, sides[1:], strict=False)]
        return Operand(joined("and", pairs), "boolean")

    def pair(self, node: ast.Compare, op: str, left: Operand, right: Operand) -> Expr:
        """Compare two sides."""
        if left.plain and not right.plain and op in _FOUND:
            left, right = right, left
        if not op or (left.plain and (right.plain or left.family == "list")):
            raise self.refused(node)
        if right.family == "list" or "in" in op:
            return self.member(node, op, left, right)
        return self.logic.compare(op, left, right)

    def member(self, node: ast.expr, op: str, side: Operand, wanted: Operand) -> Expr:
        """Look a side up among values; one text is a list of one."""
        if op not in _FOUND or wanted.family not in ("list", "string") or not wanted.plain:
            raise self.refused(node)
        values = (wanted.value,) if wanted.family == "string" else tuple(wanted.value)
        found = self.logic.member(side, values)
        return found if _FOUND[op] == "in" else self.logic.negated(found)

    def called(self, node: ast.Call) -> Operand:
        """Read a call of a method of columns, with plain arguments."""
        owner, name = _method(node.func)
        result = None
        if name in METHODS and _keywords_understood(name, node):
            arguments = [self.read(argument) for argument in node.args]
            result = METHODS[name](self.logic, self.read(owner), arguments)
        if result is None:
            raise self.refused(node)
        return result if isinstance(result, Operand) else Operand(result, "boolean")


def _either(left: Expr, right: Expr) -> Expr:
    """Join by "or", which pandas calls false where a column of flags, made objects, misses one."""
    present = [~side.is_null() for side in (left, right) if side.op == "col"]
    return functools.reduce(operator.and_, present, left | right)


def _method(target: ast.expr) -> tuple[ast.expr, str]:
    """Return what a method is asked of, and its dotted name."""
    path: list[str] = []
    while isinstance(target, ast.Attribute):
        path.insert(0, target.attr)
        target = target.value
    return target, ".".join(path)


def _keywords_understood(name: str, node: ast.Call) -> bool:
    """Tell whether there is none but ``na=False``, which missing texts are in a query without it."""
    said = {word.arg: ast.unparse(word.value) for word in node.keywords}
    return not said or (name.startswith("str.") and said == {"na": "False"})


_READERS: dict[type, Callable[[_Query, Any], Operand]] = {
    ast.Name: _Query.name,
    ast.Constant: _Query.constant,
    ast.List: _Query.listed,
    ast.Tuple: _Query.listed,
    ast.UnaryOp: _Query.unary,
    ast.BinOp: _Query.binary,
    ast.BoolOp: _Query.joined,
    ast.Compare: _Query.compared,
    ast.Call: _Query.called,
}
