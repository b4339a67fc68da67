"""Names of columns as an engine reads them: Spark takes a dot for a path, unless the name is quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from aiqa.scan.expr import Expr
from aiqa.scan.lower import rebuilt
from aiqa.scan.statistics import Request, SliceKey

_NAMES = ("columns", "weight")


def quoted(request: Request, names: Mapping[str, str]) -> Request:
    """Return the request with the names of columns replaced, wherever it reads one.

    Examples
    --------
    >>> from aiqa.scan.expr import col
    >>> from aiqa.scan.statistics import Count
    >>> quoted(Request(Count(col("a.b") > 1)), {"a.b": "`a.b`"}).statistic.where.columns
    frozenset({'`a.b`'})
    """
    found: Request = _quoted(request, names)
    return found


def unquoted(answer: Mapping[SliceKey, Any], request: Request) -> dict[SliceKey, Any]:
    """Return the states with the names of slices as the request has them."""
    named = [slicer if isinstance(slicer, str) else slicer.name for slicer in request.by]
    return {
        tuple(zip(named, (value for _, value in key), strict=True)): state for key, state in answer.items()
    }


def _quoted(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Expr) and value.op == "col":
        return Expr("col", (_name(value.args[0], names),))
    if isinstance(value, Request):
        by = tuple(
            _name(slicer, names) if isinstance(slicer, str) else _quoted(slicer, names) for slicer in value.by
        )
        after = None if value.after is None else _quoted(value.after, names)
        return replace(value, statistic=_of_statistic(value.statistic, names), by=by, after=after)
    return rebuilt(value, lambda part: _quoted(part, names))


def _of_statistic(statistic: Any, names: Mapping[str, str]) -> Any:
    inner = rebuilt(statistic, lambda part: _quoted(part, names))
    told = [field.name for field in fields(inner) if field.name in _NAMES]
    return replace(inner, **{name: _name(getattr(inner, name), names) for name in told})


def _name(name: Any, names: Mapping[str, str]) -> Any:
    return tuple(names.get(one, one) for one in name) if isinstance(name, tuple) else names.get(name, name)
