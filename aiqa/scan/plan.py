"""The planner: requests in, passes out, each of as few queries as pay.

A statistic that refers to what another found (``answer``), that shows rows which another counted, or whose
slices are folded by how many rows they have, waits for the next pass. Within a pass scalars of the same
slices are fused; those that look beyond the row are fused among themselves, so that the others stay cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from aiqa.scan.engines import Engine
from aiqa.scan.expr import BEYOND_THE_ROW, Expr
from aiqa.scan.lower import rebuilt
from aiqa.scan.queries import COLUMNWISE
from aiqa.scan.statistics import Answers, Common, Request, Scalar, Slicer


def passes(requests: Iterable[Request]) -> tuple[tuple[Request, ...], ...]:
    """Return the requests, and those that they rest on, in the order in which they can be answered.

    Examples
    --------
    >>> from aiqa.scan.expr import call, col
    >>> from aiqa.scan.statistics import Count, Moments
    >>> mean = Request(Moments(col("x")))
    >>> above = Request(Count(col("x") > call("answer", mean, "mean")))
    >>> [len(one) for one in passes([above])]
    [1, 1]
    """
    depths: dict[Request, int] = {}

    def depth(request: Request) -> int:
        if request not in depths:
            depths[request] = 1 + max(map(depth, needs(request)), default=-1)
        return depths[request]

    deepest = max((depth(request) for request in requests), default=-1)
    return tuple(
        tuple(request for request, at in depths.items() if at == level) for level in range(deepest + 1)
    )


def needs(request: Request) -> tuple[Request, ...]:
    """Return the requests whose answers a request waits for."""
    folded = tuple(slicer.count for slicer in request.by if isinstance(slicer, Common))
    found = (*_answers_in(request.statistic), *folded)
    return found if request.condition is None else (*found, request.condition)


def filled(request: Request, answers: Answers) -> Request:
    """Return the request with what it refers to in its place."""

    def fill(value: Any) -> Any:
        if isinstance(value, Expr) and value.op == "answer":
            asked, field = value.args
            found = getattr(answers[asked][()], field)
            return None if found is None or found != found else found
        return value if isinstance(value, Expr) and not value.any("answer") else rebuilt(value, fill)

    # What it came after is behind it, and would keep equal requests apart.
    return Request(fill(request.statistic), tuple(_known(slicer, answers) for slicer in request.by))


def _known(slicer: Slicer, answers: Answers) -> Slicer:
    return slicer.kept(answers[slicer.count]) if isinstance(slicer, Common) else slicer


def groups(requests: Sequence[Request], engine: Engine) -> Iterator[tuple[Request, ...]]:
    """Yield the requests of one pass as the queries that they become."""
    fused: dict[tuple[Any, bool], list[Request]] = {}
    arrays = [request for request in requests if isinstance(request.statistic, COLUMNWISE)]
    for request in requests:
        if isinstance(request.statistic, Scalar):
            fused.setdefault((request.by, looks_beyond(request)), []).append(request)
    for together in fused.values():
        for start in range(0, len(together), engine.fused):
            yield tuple(together[start : start + engine.fused])
    for request in requests:
        if not isinstance(request.statistic, (Scalar, *COLUMNWISE)):
            yield (request,)
    if arrays:
        yield tuple(arrays)


def looks_beyond(request: Request) -> bool:
    """Tell whether a request compares a row with others."""
    return any(expr.any(*BEYOND_THE_ROW) for expr in exprs_of(request.statistic))


def exprs_of(value: Any) -> Iterator[Expr]:
    """Yield the expressions of a statistic."""
    for field in fields(value):
        held = getattr(value, field.name)
        yield from (part for part in (held if isinstance(held, tuple) else (held,)) if isinstance(part, Expr))


def _answers_in(value: Any) -> Iterator[Request]:
    for expr in exprs_of(value):
        yield from _answers_of(expr)


def _answers_of(expr: Expr) -> Iterator[Request]:
    if not expr.any("answer"):
        return
    if expr.op == "answer":
        yield expr.args[0]
    for part in expr.parts:
        yield from _answers_of(part)
