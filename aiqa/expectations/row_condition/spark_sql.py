"""Conditions in Spark's SQL: what is boolean in it, without functions, casts and subqueries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aiqa.errors import DeclarationError
from aiqa.expectations.row_condition.logic import Logic
from aiqa.expectations.row_condition.operands import Operand, arithmetic, moment, plain, refused
from aiqa.scan.expr import Expr, call, joined
from aiqa.scan.regex import like

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
      | `(?P<name>(?:[^`]|``)+)`
      | (?P<word>[^\W\d]\w*)
      | (?P<sign><=>|<>|!=|<=|>=|==|--|/\*|\S))""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = {"=": "==", "==": "==", "<>": "!=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS = ("AND", "BETWEEN", "DATE", "FALSE", "IN", "IS", "LIKE", "NOT", "NULL", "OR", "TIMESTAMP", "TRUE")
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a", "%": r"\%", "_": r"\_"}


def spark_condition(text: str, logic: Logic) -> Expr:
    """Return what a boolean expression says.

    Raises
    ------
    DataError
        As :func:`aiqa.expectations.row_condition.condition_of` does.
    DeclarationError
        If a part of it is not understood.
    """
    reader = _Reader(text, logic, list(_tokens(text)))
    condition = reader.either()
    if reader.next.kind != "end":
        raise reader.refused()
    return reader.condition(condition)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    def is_(self, *signs: str) -> bool:
        """Tell whether it is one of these signs, or words whatever their case."""
        return self.kind in ("sign", "word") and self.text.upper() in signs


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind))
    yield _Token("end", "", len(text))


@dataclass(slots=True)
class _Reader:
    """Reads tokens by descent: each method what binds more than what called it."""

    text: str
    logic: Logic
    tokens: list[_Token]
    place: int = field(default=0)

    @property
    def next(self) -> _Token:
        """The token to be read."""
        return self.tokens[self.place]

    def taken(self, *signs: str) -> str | None:
        """Read one of these signs or words, if it is the next."""
        if not self.next.is_(*signs):
            return None
        self.place += 1
        return self.tokens[self.place - 1].text.upper()

    def expect(self, sign: str) -> None:
        """Read a sign or word that must follow."""
        if self.taken(sign) is None:
            raise self.refused()

    def refused(self, start: int | None = None) -> DeclarationError:
        """Return the error that shows the rest from a place on."""
        rest = self.text[self.next.start if start is None else start :].strip()
        return refused(repr(rest) if rest else "the end", self.text)

    def condition(self, side: Operand, start: int = 0) -> Expr:
        """Return a part that must be true or false."""
        if side.plain or side.family != "boolean":
            raise self.refused(start)
        expr: Expr = side.value
        return expr

    def either(self) -> Operand:
        """Read conditions between OR."""
        return self._joined("OR", self.both)

    def both(self) -> Operand:
        """Read conditions between AND."""
        return self._joined("AND", self.negation)

    def _joined(self, word: str, read: Callable[[], Operand]) -> Operand:
        start, first = self.next.start, read()
        if not self.next.is_(word):
            return first
        parts = [self.condition(first, start)]
        while self.taken(word):
            start = self.next.start
            parts.append(self.condition(read(), start))
        return Operand(joined(word.lower(), parts), "boolean")

    def negation(self) -> Operand:
        """Read a condition, perhaps after NOT."""
        if not self.taken("NOT", "!"):
            return self.predicate()
        start = self.next.start
        return Operand(self.logic.negated(self.condition(self.negation(), start)), "boolean")

    def predicate(self) -> Operand:
        """Read a comparison, or what says more of a value; or the value alone."""
        start, side = self.next.start, self.sum()
        if self.taken("IS"):
            return self._is_null(side, start)
        negated = bool(self.taken("NOT"))
        for word, read in _PREDICATES.items():
            if self.taken(word):
                found = read(self, side, start)
                return Operand(self.logic.negated(found) if negated else found, "boolean")
        if negated:
            raise self.refused()
        return self._compared(side, start)

    def _compared(self, side: Operand, start: int) -> Operand:
        sign = self.taken(*_COMPARISONS)
        if sign is None:
            return side
        return Operand(self._comparison(_COMPARISONS[sign], side, self.sum(), start), "boolean")

    def _comparison(self, op: str, left: Operand, right: Operand, start: int) -> Expr:
        if left.plain and right.plain:
            raise self.refused(start)
        return self.logic.compare(op, left, right)

    def _is_null(self, side: Operand, start: int) -> Operand:
        negated = self.taken("NOT")
        self.expect("NULL")
        if side.plain:
            raise self.refused(start)
        missing = self.logic.missing(side)
        return Operand(~missing if negated else missing, "boolean")

    def within(self, side: Operand, start: int) -> Expr:
        """Read the bounds of BETWEEN."""
        low = self.sum()
        self.expect("AND")
        above = self._comparison(">=", side, low, start)
        return above & self._comparison("<=", side, self.sum(), start)

    def listed(self, side: Operand, start: int) -> Expr:
        """Read the values of IN."""
        self.expect("(")
        values = [self._plain()]
        while self.taken(","):
            values.append(self._plain())
        self.expect(")")
        if side.plain:
            raise self.refused(start)
        return self.logic.member(side, tuple(values))

    def _plain(self) -> object:
        start, side = self.next.start, self.sum()
        if not side.plain:
            raise self.refused(start)
        return side.value

    def pattern(self, side: Operand, start: int) -> Expr:
        """Read the pattern of LIKE."""
        pattern = self._plain()
        if side.plain or side.family != "string" or not isinstance(pattern, str):
            raise self.refused(start)
        return call("matches", side.value, like(pattern))

    def sum(self) -> Operand:
        """Read a sum."""
        return self._computed(self.product, "+", "-")

    def product(self) -> Operand:
        """Read a product; what a division by zero gives depends on Spark's settings."""
        return self._computed(self.signed, "*")

    def _computed(self, read: Callable[[], Operand], *signs: str) -> Operand:
        start, result = self.next.start, read()
        while sign := self.taken(*signs):
            result = self._number(arithmetic(sign, result, read()), start)
        return result

    def signed(self) -> Operand:
        """Read a value, perhaps after its sign."""
        start = self.next.start
        sign = self.taken("+", "-")
        if sign is None:
            return self.value()
        return self._number(arithmetic("*", self.signed(), plain(-1 if sign == "-" else 1)), start)

    def _number(self, result: Operand | None, start: int) -> Operand:
        if result is None:
            raise self.refused(start)
        return result

    def value(self) -> Operand:
        """Read a column, a plain value, or a part in parentheses."""
        if self.taken("("):
            inner = self.either()
            self.expect(")")
            return inner
        reader = _VALUES.get(self.next.kind)
        if reader is None:
            raise self.refused()
        self.place += 1
        return reader(self, self.tokens[self.place - 1])

    def number(self, token: _Token) -> Operand:
        """Read a number; one with a suffix is none."""
        if self.next.kind == "word" and self.next.start == token.start + len(token.text):
            raise self.refused(token.start)
        return plain(int(token.text) if token.text.isdecimal() else float(token.text))

    def literal(self, token: _Token) -> Operand:
        """Read a text in quotes."""
        return plain(_unescaped(token.text))

    def quoted(self, token: _Token) -> Operand:
        """Read a column in backquotes."""
        return self._column(token.text.replace("``", "`"))

    def word(self, token: _Token) -> Operand:
        """Read a constant, a moment or a column."""
        word = token.text.upper()
        if word in _CONSTANTS:
            return plain(_CONSTANTS[word])
        if word in ("DATE", "TIMESTAMP") and self.next.kind == "text":
            self.place += 1
            value = moment(_unescaped(self.tokens[self.place - 1].text), None)
            return plain(value.date() if word == "DATE" else value)
        if self.next.is_("(", ".") or (word in _WORDS and token.text not in self.logic.columns):
            raise self.refused(token.start)  # a function, a field or a word out of place
        return self._column(token.text)

    def _column(self, name: str) -> Operand:
        """Find a column as Spark does, whatever the case."""
        alike = [known for known in self.logic.columns if known.casefold() == name.casefold()]
        return self.logic.column(alike[0] if name not in alike and len(alike) == 1 else name)


def _unescaped(quoted: str) -> str:
    quote = quoted[0]
    return re.sub(
        rf"\\(.)|{quote}{quote}",
        lambda found: _ESCAPES.get(found[1], found[1]) if found[1] else quote,
        quoted[1:-1],
        flags=re.DOTALL,
    )


_PREDICATES: dict[str, Callable[[_Reader, Operand, int], Expr]] = {
    "IN": _Reader.listed,
    "BETWEEN": _Reader.within,
    "LIKE": _Reader.pattern,
}
_VALUES: dict[str, Callable[[_Reader, _Token], Operand]] = {
    "number": _Reader.number,
    "text": _Reader.literal,
    "name": _Reader.quoted,
    "word": _Reader.word,
}
