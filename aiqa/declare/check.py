"""``@aiqa.check``: a named, documented, owned claim that holds gates."""

from __future__ import annotations

import inspect
import itertools
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from aiqa.declare.expectation import Expectation, keeping_errors
from aiqa.declare.gate import Gate, Policy, make_policy
from aiqa.declare.metric import Metric
from aiqa.declare.parametrize import argument_names
from aiqa.declare.source import Dataset, Model
from aiqa.declare.values import Declaration, declaration
from aiqa.errors import DeclarationError, nearest

F = TypeVar("F", bound=Callable[..., Any])
TIERS = ("smoke", "pr", "full")
_LINES: dict[tuple[str, str], set[int]] = {}


@declaration
class Check(Declaration):
    """What ``@aiqa.check`` was told; the function says the rest."""

    name: str
    doc: str = ""
    owner: str | None = None
    tier: str = "pr"
    model: Model | None = None
    dataset: Dataset | None = None
    own_policy: Policy = Policy()
    file: str = ""
    line: int = 0


# Not an attribute of the function: pytest would match its name in every -k expression.
_DECLARED: weakref.WeakKeyDictionary[Callable[..., Any], Check] = weakref.WeakKeyDictionary()


def check(
    *subjects: Any,
    owner: str | None = None,
    tier: str = "pr",
    name: str | None = None,
    **policy: Any,
) -> Callable[[F], F]:
    """Declare a check: the function's docstring is its sentence, what it yields are its gates.

    Parameters
    ----------
    *subjects : Model, Dataset
        What the check is about: a model, a data set, or one of each.
    owner : str, optional
        Whom to call: a person or a team.
    tier : {"smoke", "pr", "full"}, default "pr"
        How costly it is: ``--aiqa=smoke`` runs only smoke, ``pr`` these and pr, ``full`` all.
    name : str, optional
        Default: the function's name.
    **policy
        ``confidence``, ``severity``, ``inconclusive``, ``min_support``, ``anytime`` for all its gates; see
        :class:`~aiqa.declare.gate.Policy`.

    Returns
    -------
    callable
        A decorator that returns the function itself. A generator function yields gates and runs at
        collection, without data; any other is a free-form check that runs as a test and asserts.

    Raises
    ------
    DeclarationError
        For a subject that is neither, an unknown tier or an unknown policy.

    Examples
    --------
    >>> import aiqa
    >>> @aiqa.check(aiqa.dataset("orders", "orders.csv"), owner="@ds-fraud")
    ... def orders_are_complete():
    ...     "Scores are only as good as the orders that we feed them."
    ...     yield aiqa.expect.column_values_to_not_be_null("order_id")
    >>> check_of(orders_are_complete).owner
    '@ds-fraud'
    """
    if subjects and callable(subjects[0]) and not isinstance(subjects[0], (Model, Dataset)):
        raise DeclarationError("write @aiqa.check(model, dataset, owner=...), with parentheses")
    if tier not in TIERS:
        raise DeclarationError(f"tier= must be one of {', '.join(TIERS)}, not {tier!r}")
    for key, told in (("owner", owner), ("name", name)):
        if told is not None and not (isinstance(told, str) and told.strip()):
            raise DeclarationError(f"{key}= must be text, not {told!r}")
    model, dataset = _only(Model, subjects), _only(Dataset, subjects)
    for setting in policy:
        if nearest(setting, ("owner", "tier", "name")).startswith("; did"):
            raise DeclarationError(f"check() has no {setting!r}{nearest(setting, ('owner', 'tier', 'name'))}")
    own_policy = make_policy(**policy)

    def declare(function: F) -> F:
        if not inspect.isfunction(function):
            raise DeclarationError(f"@aiqa.check goes above a function, not above {function!r}")
        code = inspect.unwrap(function).__code__
        _LINES.setdefault((code.co_filename, function.__qualname__), set()).add(code.co_firstlineno)
        declared = Check(
            name or function.__name__,
            inspect.cleandoc(function.__doc__ or ""),
            owner,
            tier,
            model,
            dataset,
            own_policy,
            code.co_filename,
            code.co_firstlineno,
        )
        _DECLARED[function] = declared
        return function

    return declare


def _only(kind: type[Any], subjects: tuple[Any, ...]) -> Any:
    strange = [subject for subject in subjects if not isinstance(subject, (Model, Dataset))]
    if strange:
        raise DeclarationError(f"a check is about aiqa.model(...) and aiqa.dataset(...), not {strange[0]!r}")
    found = [subject for subject in subjects if isinstance(subject, kind)]
    if len(found) > 1:
        names = ", ".join(repr(subject.name) for subject in found)
        raise DeclarationError(
            f"a check is about one {kind.__name__.lower()}, not {names}: write one check each"
        )
    return found[0] if found else None


def check_of(function: object) -> Check | None:
    """Return what ``@aiqa.check`` declared of `function`, or None."""
    while inspect.isfunction(function):
        if function in _DECLARED:
            return _DECLARED[function]
        function = getattr(function, "__wrapped__", None)
    return None


def forget_lines(file: str) -> None:
    """Forget where the checks of a file stood, before it is imported again."""
    for place in [place for place in _LINES if place[0] == file]:
        del _LINES[place]


def refuse_doubles(check: Check, function: Callable[..., Any], homes: dict[str, str]) -> None:
    """Refuse a check that has the name of another, in its own file or in an earlier one.

    Parameters
    ----------
    check, function
    homes : dict
        The file and line of each name so far; this check's is added.

    Raises
    ------
    DeclarationError
        If there is another.
    """
    code = inspect.unwrap(function).__code__
    lines = sorted(_LINES.get((code.co_filename, function.__qualname__), ()))
    if len(lines) > 1:
        raise DeclarationError(
            f"two checks are named {check.name}, at lines {' and '.join(map(str, lines))}: the second hides "
            "the first; rename one"
        )
    here = f"{check.file}:{check.line}"
    home = homes.setdefault(check.name, here)
    if home != here:
        raise DeclarationError(f"a check named {check.name} is already in {home}: rename one")


def is_free_form(function: Callable[..., Any]) -> bool:
    """Tell a check that asserts from one that yields gates."""
    return not inspect.isgeneratorfunction(inspect.unwrap(function))


def refuse_idle(check: Check, function: Callable[..., Any]) -> None:
    """Refuse a check that neither yields nor asks for anything: most likely its ``yield`` is missing.

    Raises
    ------
    DeclarationError
        If it is one.
    """
    asked = set(inspect.signature(function).parameters) - set(argument_names(function))
    if is_free_form(function) and not asked:
        raise DeclarationError(
            f"{check.name} yields no gate and asks for neither model nor data, so it checks nothing: write "
            "'yield' before each gate, or assert on the arguments model and data"
        )


def refuse_returned(check: Check, returned: object) -> None:
    """Refuse what a free-form check returned: a gate that nobody decides looks like one that passes.

    Raises
    ------
    DeclarationError
        If it is anything but None.
    """
    if returned is not None:
        raise DeclarationError(f"{check.name} returns {returned!r}: a check yields its gates, or asserts")


def gates_of(function: Callable[..., Any], parameters: Mapping[str, Any] | None = None) -> dict[str, Gate]:
    """Run the body of a check, without data, and return its gates by id.

    Parameters
    ----------
    function : callable
        A check that yields.
    parameters : mapping, optional
        The arguments of a parametrised check.

    Raises
    ------
    DeclarationError
        If the body raises, yields something that is no gate, or yields nothing.
    """
    name = function.__name__
    gates: dict[str, Gate] = {}
    for position, yielded in enumerate(_body(function, parameters or {}), start=1):
        gate = _as_gate(yielded, name, position)
        plain = gate.id
        ids = itertools.chain([plain], (f"{plain}-{count}" for count in itertools.count(2)))
        gates[next(id_ for id_ in ids if id_ not in gates)] = gate
    if not gates:
        raise DeclarationError(f"{name} yields no gate, so it checks nothing")
    return gates


def _body(function: Callable[..., Any], parameters: Mapping[str, Any]) -> list[object]:
    try:
        with keeping_errors():
            return list(cast("Iterator[object]", function(**parameters)))
    except (DeclarationError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # pytest.skip() among them, which would take the whole file along
        advice = (
            "; the body runs at collection, without data or fixtures: a check that needs them asserts "
            "instead of yielding"
        )
        raise DeclarationError(
            f"the body of {function.__name__}() raised {type(error).__name__}: {error}"
            f"{'' if isinstance(error, AttributeError) else advice}"
        ) from error


def _as_gate(yielded: object, name: str, position: int) -> Gate:
    if isinstance(yielded, Gate):
        return yielded
    if isinstance(yielded, Expectation):
        return yielded.gate()
    hint = ": yield metric.<name> >= number, or expect.<name>(...)"
    if isinstance(yielded, Metric):
        hint = f": compare it, as in '{yielded!r} >= 0.9'"
    if isinstance(yielded, bool):
        hint = ": '==' compares declarations; use >=, <= or between(low, high)"
    raise DeclarationError(f"{name} yields {yielded!r} at position {position}, which is no gate{hint}")
