"""A small closed language of row expressions: declared as values, compiled to narwhals once.

Semantics, the same on every engine: null is not NaN; a comparison with null is null and counts as not
true; NaN counts as a value that no comparison holds for. Integers are compared exactly, also with
numbers that a float cannot hold.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from aiqa.errors import DeclarationError, nearest
from aiqa.scan.literals import Never, compared, family_of, members, zone_of

Schema = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expr:
    """An operation on columns, other expressions and plain values; equal when it says the same.

    Built by :func:`col`, :func:`call` and Python's operators; the operations are the keys of
    ``OPERATIONS``. ``==`` compares two expressions as values: write ``x.eq(y)`` for the operation.

    Parameters
    ----------
    op : str
    args : tuple
    ops : frozenset of str
        The operations that occur in it: known from the start, as the hash is, since planning asks often.
    """

    op: str
    args: tuple[Any, ...] = ()
    ops: frozenset[str] = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ops", frozenset((self.op,)).union(*(part.ops for part in self.parts)))
        object.__setattr__(self, "_hash", hash((self.op, self.args)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it reads."""
        if self.op == "col":
            return frozenset(self.args)
        return frozenset().union(*(part.columns for part in self.parts))

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The expressions that it is made of, one level down."""
        nested = (arg if isinstance(arg, tuple) else (arg,) for arg in self.args)
        return tuple(part for args in nested for part in args if isinstance(part, Expr))

    def any(self, *ops: str) -> bool:
        """Tell whether one of these operations occurs in it."""
        return not self.ops.isdisjoint(ops)

    def eq(self, other: Any) -> Expr:
        """Equal, row by row."""
        return call("==", self, other)

    def ne(self, other: Any) -> Expr:
        """Not equal, row by row; not true for NaN."""
        return call("!=", self, other)

    def is_null(self) -> Expr:
        """Missing; NaN is not."""
        return call("is_null", self)

    def __lt__(self, other: Any) -> Expr:
        return call("<", self, other)

    def __le__(self, other: Any) -> Expr:
        return call("<=", self, other)

    def __gt__(self, other: Any) -> Expr:
        return call(">", self, other)

    def __ge__(self, other: Any) -> Expr:
        return call(">=", self, other)

    def __add__(self, other: Any) -> Expr:
        return call("+", self, other)

    def __sub__(self, other: Any) -> Expr:
        return call("-", self, other)

    def __mul__(self, other: Any) -> Expr:
        return call("*", self, other)

    def __truediv__(self, other: Any) -> Expr:
        return call("/", self, other)

    def __radd__(self, other: Any) -> Expr:
        return call("+", other, self)

    def __rsub__(self, other: Any) -> Expr:
        return call("-", other, self)

    def __rmul__(self, other: Any) -> Expr:
        return call("*", other, self)

    def __rtruediv__(self, other: Any) -> Expr:
        return call("/", other, self)

    def __neg__(self) -> Expr:
        return call("*", self, -1)

    def __abs__(self) -> Expr:
        return call("abs", self)

    def __and__(self, other: Any) -> Expr:
        return call("and", self, other)

    def __or__(self, other: Any) -> Expr:
        return call("or", self, other)

    def __invert__(self) -> Expr:
        return call("not", self)


def col(name: str) -> Expr:
    """Return the expression that reads a column.

    Examples
    --------
    >>> (col("amount") > 3).columns
    frozenset({'amount'})
    """
    return Expr("col", (name,))


def reads_as_pattern(name: str) -> bool:
    """Tell whether engines take the name of a column for a pattern of names.

    Examples
    --------
    >>> reads_as_pattern("^a.*$"), reads_as_pattern("*"), reads_as_pattern("a*")
    (True, True, False)
    """
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def call(op: str, *args: Any) -> Expr:
    """Return an operation on expressions and plain values.

    Raises
    ------
    DeclarationError
        If there is no such operation.

    Examples
    --------
    >>> call("is_in", col("country"), ("BR", "PT")).op
    'is_in'
    """
    known = (*OPERATIONS, *LOWERED, "answer")
    if op not in known:
        raise DeclarationError(f"no operation {op!r}{nearest(op, known)}")
    return Expr(op, args)


def when(condition: Expr | None, value: Expr) -> Expr:
    """Return `value` where `condition` is true, else null; `value` itself, where there is no condition.

    Examples
    --------
    >>> when(col("amount") > 3, col("country")).op
    'if'
    """
    return value if condition is None else call("if", condition, value, None)


def both(one: Expr | None, other: Expr | None) -> Expr | None:
    """Return the condition that both hold; None stands for one that always does."""
    if one is None or other is None:
        return one or other
    return one & other


def joined(op: str, conditions: Iterable[Expr]) -> Expr:
    """Return one or more conditions, joined by ``and`` or ``or``: a tree as flat as it can be.

    Examples
    --------
    >>> joined("or", [col("x").is_null(), col("x") > 3]).op
    'or'
    """
    listed = list(conditions)
    if len(listed) == 1:
        return listed[0]
    middle = len(listed) // 2
    return call(op, joined(op, listed[:middle]), joined(op, listed[middle:]))


def compile_expr(expr: Any, schema: Schema) -> Any:
    """Compile to a narwhals expression over a table with these columns (name to text of the type).

    Plain values come back as they are. Operations of ``LOWERED`` must have been replaced by columns
    before, and ``answer`` by what was found.
    """
    if not isinstance(expr, Expr):
        return expr
    return OPERATIONS[expr.op](schema, *expr.args)


def may_be_nan(expr: Any, schema: Schema) -> bool:
    """Tell whether an expression is a float, so that NaN must be guarded against."""
    if not isinstance(expr, Expr) or expr.op in _NEVER_NAN:
        return False
    if expr.op == "col":
        return family_of(schema[expr.args[0]]) == "float"
    return expr.op in _ALWAYS_FLOAT or any(may_be_nan(arg, schema) for arg in expr.args)


_Compiler = Callable[..., Any]


def _simple(function: Callable[..., Any]) -> _Compiler:
    """An operation whose arguments are compiled and handed on."""

    def compile_(schema: Schema, *args: Any) -> Any:
        return function(*(compile_expr(arg, schema) for arg in args))

    return compile_


def _arithmetic(function: Callable[..., Any]) -> _Compiler:
    """The same of numbers, one of which may be an answer that there was none to give: null."""

    def compile_(schema: Schema, *args: Any) -> Any:
        compiled = [compile_expr(arg, schema) for arg in args]
        return None if any(arg is None for arg in compiled) else function(*compiled)

    return compile_


MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def _comparison(op: str, schema: Schema, left: Any, right: Any) -> Any:
    if not isinstance(left, Expr):
        return _comparison(MIRRORED[op], schema, right, left)
    column = column_read(left)
    if column is not None and not isinstance(right, Expr) and right is not None:
        op, right = compared(op, right, schema[column], column)
    sides = compile_expr(left, schema), compile_expr(right, schema)
    if any(side is None for side in sides):
        return nw.when(nw.col(min(left.columns)).is_null()).then(nw.lit(None, dtype=nw.Boolean))
    if isinstance(right, Never):
        compiled = _where_present(sides[0], right.instead)
    else:
        compiled = _COMPARISONS[op](*_in_one_zone(schema, left, right, sides))
    guards = [~compile_expr(side, schema).is_nan() for side in (left, right) if may_be_nan(side, schema)]
    return functools.reduce(operator.and_, guards, compiled)


def _in_one_zone(schema: Schema, left: Any, right: Any, sides: tuple[Any, Any]) -> tuple[Any, Any]:
    columns = [column_read(side) if isinstance(side, Expr) else None for side in (left, right)]
    zones = {zone_of(schema[column]) for column in columns if column is not None}
    if None in columns or None in zones or len(zones) == 1:
        return sides
    one, other = (side.dt.convert_time_zone("UTC") for side in sides)
    return one, other


def column_read(value: Expr) -> str | None:
    """Return the column whose values an expression has, as they are or null.

    Examples
    --------
    >>> column_read(when(col("x") > 3, col("x"))), column_read(col("x") + 1)
    ('x', None)
    """
    if value.op == "if" and value.args[2] is None and isinstance(value.args[1], Expr):
        return column_read(value.args[1])
    return value.args[0] if value.op == "col" else None


def _where_present(value: nw.Expr, answer: bool) -> nw.Expr:
    return nw.when(~value.is_null()).then(nw.lit(answer))


def _is_in(schema: Schema, value: Expr, wanted: tuple[Any, ...]) -> Any:
    compiled, column = compile_expr(value, schema), column_read(value)
    if column is not None:
        wanted = members(wanted, schema[column])
    if not wanted:
        return _where_present(compiled, answer=False)
    return compiled.is_in(list(wanted))


def _is_nan(schema: Schema, value: Expr) -> Any:
    compiled = compile_expr(value, schema)
    return compiled.is_nan() if may_be_nan(value, schema) else _where_present(compiled, answer=False)


def _is_finite(schema: Schema, value: Expr) -> Any:
    compiled = compile_expr(value, schema)
    return compiled.is_finite() if may_be_nan(value, schema) else _where_present(compiled, answer=True)


def _if(condition: Any, then: Any, otherwise: Any) -> nw.Expr:
    branches = [branch if isinstance(branch, nw.Expr) else nw.lit(branch) for branch in (then, otherwise)]
    return nw.when(condition).then(branches[0]).otherwise(branches[1])


def _read(schema: Schema, name: str) -> nw.Expr:
    """Read a column; narrow floats as they are in a wide one, so that every engine compares them alike."""
    narrow = schema.get(name) in ("Float16", "Float32")
    return nw.col(name).cast(nw.Float64) if narrow else nw.col(name)


OPERATIONS: dict[str, _Compiler] = {
    "col": _read,
    **{op: functools.partial(_comparison, op) for op in _COMPARISONS},
    "+": _arithmetic(operator.add),
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "**": _arithmetic(operator.pow),
    "%": _arithmetic(operator.mod),
    "//": _arithmetic(operator.floordiv),
    "and": _simple(operator.and_),
    "or": _simple(operator.or_),
    "not": _simple(operator.invert),
    "abs": _arithmetic(lambda x: x.abs()),
    "log": _simple(lambda x: x.log()),
    "exp": _simple(lambda x: x.exp()),
    "sqrt": _simple(lambda x: x.sqrt()),
    "floor": _simple(lambda x: x.floor()),
    "least": _simple(nw.min_horizontal),
    "greatest": _simple(nw.max_horizontal),
    "clip": _simple(lambda x, low, high: x.clip(low, high)),
    "to_float": _simple(lambda x: x.cast(nw.Float64)),
    "to_int": _simple(lambda x: x.cast(nw.Int64)),
    "if": _simple(_if),
    "is_null": _simple(lambda x: x.is_null()),
    "is_nan": _is_nan,
    "is_finite": _is_finite,
    "is_in": _is_in,
    "length": _simple(lambda x: x.cast(nw.String).str.len_chars()),
    "truncate": _simple(lambda x, every: x.dt.truncate(every)),
    "contains": _simple(lambda x, pattern: x.str.contains(pattern)),
    "to_text": _simple(lambda x: x.cast(nw.String)),
}
"""Every operation on one row that narwhals can say, with its compiler.

``truncate`` takes narwhals' interval (``"1h"``, ``"1d"``, ``"1mo"``; weeks it does not know), ``contains`` a
pattern of ``aiqa.scan.regex.portable``."""

LOWERED = (
    "matches", "parses", "bin", "coarse", "place_among", "wide", "hash", "hash_in",
    "repeated", "previous", "found_in",
)  # fmt: skip
"""What each engine makes a column of in its own way: it looks beyond the row, or dialects differ.

``matches(x, regex)``: Python's ``re.search`` finds a match in the value as ``str`` writes it; null for null.
``parses(x, form, argument)``: the text is of this form (``aiqa.scan.texts.FORMS``); null for null.
``bin(x, edges)``: how many of the rising `edges` are at most x, from 0 to ``len(edges)``; null for null and
for NaN.
``place_among(column, values)``: at which place of the tuple `values` the value of the column is, from 0; at
``len(values)`` those that are not in it; null for null.
``hash(keys)``: a hash of the values of the tuple `keys`, the same for equal ones; never null.
``hash_in(keys, some)``: that hash is among `some`, which are the bytes of an array.
``coarse(x)``: one of 65,536 whole numbers, never falling where x rises; null for null and for NaN.
``wide(x)``: whole numbers, in a type in which sums of a few do not overflow.
``repeated(keys, where)``: of the rows where `where` is true (all, where None), the values of the tuple
`keys` occur in another one too; nulls are equal.
``found_in(keys, other)``: the values of the tuple `keys` occur in another table (``aiqa.scan.lower.Other``).
``previous(x)``: the last value of x, in the order of rows, that was not null.

Statistics of ``repeated`` and ``previous`` do not add up over parts.

There is one operation more, ``answer(request, field)``: a field of what an earlier pass found."""

NARROWING = ("coarse", "hash", "hash_in")
"""Those of :mod:`aiqa.scan.narrowing`, which SQL engines lack: they group and sort more than memory holds."""
BEYOND_THE_ROW = ("repeated", "previous", "found_in")
_NEVER_NAN = {*_COMPARISONS, "and", "or", "not", "is_null", "is_nan", "is_finite", "is_in", "length",
              "truncate", "to_int", "to_text", "contains", "matches", "parses", "bin",
              "coarse", "place_among", "wide", "hash", "hash_in", "repeated", "found_in"}  # fmt: skip
_ALWAYS_FLOAT = {"/", "log", "exp", "sqrt", "to_float"}
