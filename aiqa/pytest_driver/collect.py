"""Checks as pytest items: one ordinary ``Function`` a gate, ``fraud_ranks_first[roc_auc]``.

A check that yields gates is a generator function, which pytest does not collect. So a *stand-in* with the
parameters of the check and one more, the gate, is collected in its place; the item's function is still
the real one, and parametrize, marks, ``-k`` and ids are pytest's own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from aiqa.declare.check import Check, check_of, gates_of, is_free_form, refuse_returned
from aiqa.declare.gate import Gate
from aiqa.declare.parametrize import argument_names, argument_sets
from aiqa.errors import AiqaError

GATE = "aiqa_gate"
UNDECLARED = "declaration"
_BODY = "aiqa_body"
_GATES = pytest.StashKey[dict[tuple[Any, ...], tuple[Any, ...]]]()


class CheckModule(pytest.Module):
    """A module whose checks are collected too, whatever they are called."""

    def istestfunction(self, obj: object, name: str) -> bool:
        return body_of(obj) is not None or check_of(obj) is not None or super().istestfunction(obj, name)


def stand_in(function: Callable[..., Any]) -> Callable[..., None]:
    """Return a plain function that pytest can collect for a check that yields gates."""

    def gates(**_: object) -> None:
        """Stand for the check's body, which ran at collection."""

    names = [*argument_names(function), GATE]
    gates.__name__, gates.__qualname__, gates.__doc__ = (
        function.__name__,
        function.__qualname__,
        function.__doc__,
    )
    gates.__module__ = function.__module__
    gates.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    )
    gates.pytestmark = getattr(function, "pytestmark", [])  # type: ignore[attr-defined]
    setattr(gates, _BODY, function)
    return gates


def body_of(stood_for: object) -> Callable[..., Any] | None:
    """Return the check that a stand-in stands for, or None."""
    # Of functions only: objects of other libraries may claim to have any attribute.
    return getattr(stood_for, _BODY, None) if inspect.isfunction(stood_for) else None


def gate_ids(function: Callable[..., Any]) -> list[str]:
    """Return the ids of a check's gates, over all its parameters, in order.

    A check that is written wrongly has one id, `UNDECLARED`, whose item tells what is wrong: so the
    other checks of the file go on.
    """
    try:
        return list(
            dict.fromkeys(id_ for values in argument_sets(function) for id_ in gates_of(function, values))
        )
    except AiqaError:
        return [UNDECLARED]


def is_yielding_check(function: object) -> bool:
    """Tell a check whose items are its gates."""
    return check_of(function) is not None and callable(function) and not is_free_form(function)


def is_imported_check(collector: pytest.Collector, obj: object) -> bool:
    """Tell a check that another module declares: it runs there, once."""
    home = getattr(collector, "obj", None)
    return check_of(obj) is not None and getattr(obj, "__module__", None) != getattr(home, "__name__", None)


def refuse_methods(name: str, obj: object) -> None:
    """Refuse a class that holds a check: nobody would run it.

    Raises
    ------
    CollectError
        If there is one.
    """
    held = [each for each, value in vars(obj).items() if check_of(value)] if inspect.isclass(obj) else []
    if held:
        raise pytest.Collector.CollectError(
            f"the check {held[0]} is in the class {name}: checks are functions of a module, so move it out"
        )


def item_check(item: pytest.Item) -> Check | None:
    """Return the check that an item belongs to, or None for a plain test."""
    return check_of(item.function) if isinstance(item, pytest.Function) else None


def watch_returned(item: pytest.Function) -> None:
    """Let a free-form check fail that returns something, which pytest only warns of."""
    check, function = item_check(item), item.obj
    if check is None or inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return

    @functools.wraps(function)
    def watched(**arguments: Any) -> None:
        refuse_returned(check, function(**arguments))

    item.obj = watched


def item_gate_id(item: pytest.Function) -> str | None:
    """Return the id of the gate that an item decides; None for a free-form check."""
    gate: str | None = _parameters(item).get(GATE)
    return gate


def record_id(item: pytest.Function) -> str:
    """Return what names an item's gate in the evidence: its id with those of other parameters."""
    callspec = getattr(item, "callspec", None)
    return callspec.id if callspec is not None else item.originalname


def item_gate(item: pytest.Function) -> Gate:
    """Declare an item's gate.

    Raises
    ------
    DeclarationError
        If its check is written wrongly.
    """
    values = {name: value for name, value in _parameters(item).items() if name != GATE}
    # The body runs once for all its gates. What the key is made of is kept, so that no id comes again.
    known = item.config.stash.setdefault(_GATES, {})
    key = (
        id(item.function),
        *((name, id(value)) for name, value in sorted(values.items(), key=lambda pair: pair[0])),
    )
    if key not in known:
        known[key] = (item.function, values, gates_of(item.function, values))
    gates: dict[str, Gate] = known[key][-1]
    return gates[_parameters(item)[GATE]]


def is_void(item: pytest.Item) -> bool:
    """Tell an item of a parametrised check whose gate these parameters do not yield."""
    if not isinstance(item, pytest.Function) or item_gate_id(item) in (None, UNDECLARED):
        return False
    try:
        item_gate(item)
    except KeyError:
        return True
    except AiqaError:
        return False
    return False


def _parameters(item: pytest.Function) -> Mapping[str, Any]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec is not None else {}
