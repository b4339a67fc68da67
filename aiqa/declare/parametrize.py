"""``pytest.mark.parametrize`` on a check, read without pytest: which arguments, in which combinations."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any


def argument_names(function: Callable[..., Any]) -> list[str]:
    """Return the arguments that the marks of a check give values to."""
    return [name for mark in _marks(function) for name in _names(mark)]


def argument_sets(function: Callable[..., Any]) -> list[dict[str, Any]]:
    """Return every combination of arguments; one empty set where the check is not parametrised."""
    choices = [list(_sets(mark)) for mark in _marks(function)]
    return [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*choices)]


def _marks(function: Callable[..., Any]) -> list[Any]:
    marks = getattr(function, "pytestmark", [])
    return [mark for mark in marks if getattr(mark, "name", None) == "parametrize"]


def _names(mark: Any) -> list[str]:
    names = _argument(mark, 0, "argnames")
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def _sets(mark: Any) -> Iterator[dict[str, Any]]:
    names = _names(mark)
    for values in _argument(mark, 1, "argvalues"):
        if hasattr(values, "marks"):  # pytest.param(...)
            yield dict(zip(names, values.values, strict=False))
        else:
            yield dict(zip(names, (values,) if len(names) == 1 else values, strict=False))


def _argument(mark: Any, position: int, name: str) -> Any:
    return mark.args[position] if len(mark.args) > position else mark.kwargs[name]
