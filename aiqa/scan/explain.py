"""What would be scanned for which statistics: the plan, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from aiqa.scan import plan
from aiqa.scan.engines import engine_of
from aiqa.scan.expr import Expr
from aiqa.scan.frames import in_engine
from aiqa.scan.parted import Parted
from aiqa.scan.queries import columns_of
from aiqa.scan.statistics import Request

_INFIX = {"<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "**", "and", "or"}


@dataclass(frozen=True, slots=True)
class Scan:
    """One query: the columns that it reads, and the statistics that it takes."""

    columns: tuple[str, ...]
    statistics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """Queries that run together; on Polars those of one kind share the reading of the files.

    ``conditional`` are those that run only if an earlier pass counted unexpected rows.
    """

    scans: tuple[Scan, ...]
    conditional: tuple[Scan, ...]


def explain(frame: Any, requests: Iterable[Request]) -> tuple[Pass, ...]:
    """Return the passes that :func:`~aiqa.scan.execute.execute` would make; nothing is read.

    Examples
    --------
    >>> import polars as pl
    >>> from aiqa.scan.expr import col
    >>> from aiqa.scan.statistics import Count
    >>> [one] = explain(pl.DataFrame({"x": [1]}), [Request(Count(col("x") > 2))])
    >>> one.scans
    (Scan(columns=('x',), statistics=('rows where x > 2',)),)
    """
    engine = engine_of(in_engine(frame.whole.frame if isinstance(frame, Parted) else frame))

    def scans(asked: Sequence[Request]) -> tuple[Scan, ...]:
        return tuple(_scan(group) for group in plan.groups(asked, engine))

    return tuple(
        Pass(
            scans([request for request in asked if request.condition is None]),
            scans([request for request in asked if request.condition is not None]),
        )
        for asked in plan.passes(tuple(dict.fromkeys(requests)))
    )


def _scan(requests: Sequence[Request]) -> Scan:
    columns = sorted(frozenset().union(*map(columns_of, requests)))
    return Scan(tuple(columns), tuple(map(_told, requests)))


def _told(request: Request) -> str:
    statistic = request.statistic
    given = {field.name: getattr(statistic, field.name) for field in fields(statistic)}
    where, main = (
        given.pop("where", None),
        [given.pop(name) for name in ("term", "keys", "columns") if name in given],
    )
    name = "rows" if type(statistic).__name__ == "Count" else type(statistic).__name__.lower()
    parts = [name, *(f"of {_text(one)}" for one in main)]
    parts += [f"where {_text(where)}"] if where is not None else []
    parts += (
        [f"by {', '.join(by if isinstance(by, str) else by.name for by in request.by)}"] if request.by else []
    )
    return " ".join(parts)


def _text(value: Any) -> str:
    """Write an expression as people do."""
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    if not isinstance(value, Expr):
        return repr(value) if not isinstance(value, str) else value
    if value.op == "col":
        return str(value.args[0])
    if value.op == "answer":
        asked, field = value.args
        return f"{field} of {_text(asked.statistic.term)}"
    if value.op in _INFIX:
        return f" {value.op} ".join(_inner(arg) for arg in value.args)
    return f"{value.op}({', '.join(_argument(arg) for arg in value.args if arg is not None)})"


def _inner(value: Any) -> str:
    nested = isinstance(value, Expr) and value.op in _INFIX
    return f"({_text(value)})" if nested else _argument(value)


def _argument(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else _text(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
