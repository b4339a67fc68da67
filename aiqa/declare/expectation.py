"""Expectations: claims about data, in Great Expectations' names and arguments, and the check of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from inspect import Parameter, signature
from typing import Any, Unpack, get_args, get_type_hints

from aiqa.declare.arguments import one_of, wrong_argument, wrong_together
from aiqa.declare.gate import Gate, Met, Policy, UsualSettings, make_policy, make_usual
from aiqa.declare.values import Declaration, Live, Pairs, declaration, freeze
from aiqa.errors import DeclarationError, nearest

SEVERITY_OF_GX = {"critical": "block", "warning": "warn", "info": "warn"}
_DETAILS = ("description", "notes", "meta")
_WITHOUT_PREFIX = "unexpected_rows_expectation"
_keeping: ContextVar[bool] = ContextVar("keeping errors", default=False)
_OF_THE_RUN = ("batch_id", "catch_exceptions", "rendered_content", "result_format", "windows")
"""Arguments that suites of Great Expectations may hold for any type; they do not change the claim."""


@declaration
class Expectation(Declaration):
    """A claim about a table, named and parametrised as in Great Expectations.

    ``kwargs`` are GX's, without those that still have GX's default; ``details`` its ``id``, ``description``,
    ``notes`` and ``meta``, which say nothing about the data. ``native`` is the module that makes it known to
    Great Expectations, where that is to decide it itself.
    """

    type: str
    kwargs: Pairs = Pairs()
    severity: str = "critical"
    details: Pairs = Pairs()
    native: str = ""

    @property
    def id(self) -> str:
        """A stable name: the type and the columns, never the bounds."""
        kwargs = dict(self.kwargs.items)
        named = [kwargs["name"]] if "name" in kwargs else []
        parts = [self.type.removeprefix("expect_"), *map(str, named), *self.columns]
        return re.sub(r"[^\w.=+-]+", "_", "-".join(parts))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names, but for those of a condition of its rows or a query."""
        kwargs = dict(self.kwargs.items)
        named = [kwargs.get(key) or () for key in ("column", "column_A", "column_B", "column_list")]
        listed = (names if isinstance(names, tuple) else (names,) for names in named)
        return tuple(name for names in listed for name in names if isinstance(name, str))

    @property
    def needs_champion(self) -> bool:
        """Never: it is about data."""
        return False

    def gate(self) -> Gate:
        """Return the gate that requires this."""
        severity = SEVERITY_OF_GX.get(self.severity, "block")
        return Gate(self, Met(), Policy() if severity == "block" else Policy(severity=severity))

    def as_usual(self, **settings: Unpack[UsualSettings]) -> Gate:
        """Return the gate that requires what is observed to be as in earlier runs.

        Of an expectation on rows the share of unexpected ones, in per cent; of others the observed number.
        Whether the expectation holds is another gate's question.

        Parameters
        ----------
        **settings
            Those of :class:`~aiqa.declare.gate.AsUsual`.

        Raises
        ------
        DeclarationError
            If a setting is unknown or impossible.

        Examples
        --------
        >>> from aiqa import expect
        >>> expect.table_row_count_to_be_between(1).as_usual()
        table_row_count_to_be_between(min_value=1) as usual
        """
        return Gate(self, make_usual(settings), self.gate().own_policy)

    def policy(self, **settings: Any) -> Gate:
        """Return the gate that requires this, with its own policy; see :meth:`Gate.policy`."""
        gate = self.gate()
        return Gate(self, gate.requirement, make_policy(**settings).over(gate.own_policy))

    def __repr__(self) -> str:
        told = ", ".join(f"{key}={value!r}" for key, value in self.kwargs.as_dict().items())
        return f"{self.type.removeprefix('expect_')}({told})"


def expectation_of(
    type_: str, kwargs: Mapping[str, Any], severity: str = "critical", **details: Any
) -> Expectation:
    """Return an expectation as it is told, right or wrong; :func:`check` says which.

    So what is wrong in a suite is the error of one expectation, when that is decided.

    Parameters
    ----------
    type_ : str
        As Great Expectations has it: ``"expect_column_to_exist"``.
    kwargs : mapping of str to Any
    severity : str, optional
    **details
        Great Expectations' ``id``, ``description``, ``notes`` and ``meta``.

    Examples
    --------
    >>> expectation_of("expect_column_to_exist", {"colunm": "x"})
    column_to_exist(colunm='x')
    """
    return Expectation(type_, _kept(kwargs), severity, _kept(details))


def check(expectation: Expectation) -> None:
    """Refuse an expectation that no data could be held against.

    Raises
    ------
    DeclarationError
        If its type or an argument is unknown, an argument is missing, or the value of one is wrong. Suite
        parameters pass: they have no value yet.

    Examples
    --------
    >>> check(expectation_of("expect_column_to_exist", {"colunm": "x"}))
    Traceback (most recent call last):
    aiqa.errors.DeclarationError: column_to_exist has no argument 'colunm'; did you mean 'column'?
    """
    wrong = problem(expectation)
    if wrong is not None:
        raise DeclarationError(wrong)


def problem(expectation: Expectation) -> str | None:
    """Return what :func:`check` refuses an expectation for, or None.

    Examples
    --------
    >>> problem(expectation_of("expect_column_to_exist", {"column": "x", "column_index": -1}))
    'column_index= must be a whole number from 0, not -1'
    """
    return next(filter(None, _problems(expectation)), None)


def declared(name: str, told: Mapping[str, Any]) -> Expectation:
    """Return the expectation that a method of ``expect`` declares, checked.

    Parameters
    ----------
    name : str
        The method's.
    told : mapping of str to Any
        Its ``locals()``.
    """
    given = {key: value for key, value in told.items() if key not in ("self", "common")} | told["common"]
    severity = given.pop("severity", "critical")
    details = {key: value for key in _DETAILS if (value := given.pop(key, None))}
    type_ = type_of(name)
    try:
        expectation = Expectation(type_, _moved(type_, given), severity, _frozen(details))
    except DeclarationError as error:
        if _keeping.get():
            return expectation_of(type_, given, severity, **details)
        raise DeclarationError(f"{name}: {error}") from None
    wrong = None if _keeping.get() else problem(expectation)
    if wrong is not None:
        raise DeclarationError(wrong if wrong.startswith(name) else f"{name}: {wrong}")
    return expectation


def misspelt(name: str) -> Callable[..., Expectation]:
    """Return what stands for a method that ``expect`` has not, within :func:`keeping_errors`.

    Raises
    ------
    AttributeError
        Anywhere else; it names the nearest.
    """
    if not _keeping.get():
        known = (type_.removeprefix("expect_") for type_ in _methods())
        raise AttributeError(f"no expectation {name!r}{nearest(name, known)}")
    return lambda *args, **kwargs: expectation_of(
        type_of(name), {f"argument {place}": value for place, value in enumerate(args, 1)} | kwargs
    )


@contextmanager
def keeping_errors() -> Iterator[None]:
    """Let what is wrong with an expectation be its own error when it is decided, as in a suite."""
    token = _keeping.set(True)
    try:
        yield
    finally:
        _keeping.reset(token)


def type_of(name: str) -> str:
    """Return the type that a method of ``expect`` declares; one has Great Expectations' name as it is."""
    return name if name == _WITHOUT_PREFIX else f"expect_{name}"


@cache
def defaults_of(type_: str) -> Mapping[str, Any] | None:
    """Return the arguments of a type by name, with their defaults, or None if there is no such type.

    An argument without a default has :data:`Parameter.empty`.
    """
    method = _methods().get(type_)
    if method is None:
        return None
    own = {name: one.default for name, one in signature(method).parameters.items() if name != "common"}
    (common,) = get_args(get_type_hints(method)["common"])
    optional = (name for name in get_type_hints(common) if name not in ("severity", *_DETAILS))
    return own | dict.fromkeys(optional)


@cache
def _methods() -> dict[str, Callable[..., Expectation]]:
    # Its methods call declared(): it can be imported here only.
    from aiqa.declare.expect import EXPECTATION_NAMES, expect

    return {type_of(name): getattr(expect, name) for name in EXPECTATION_NAMES}


def _problems(expectation: Expectation) -> Iterable[str | None]:
    """Yield what is wrong, the most telling first; a later question may need the earlier ones answered."""
    severity = one_of(*SEVERITY_OF_GX)(expectation.severity)
    yield None if severity is None else f"severity= {severity}"
    defaults = defaults_of(expectation.type)
    if defaults is None:
        yield f"no expectation {expectation.type!r}{nearest(expectation.type, _methods())}"
        return
    kwargs = expectation.kwargs.as_dict()
    yield from _wrong_names(expectation.type, kwargs, defaults)
    yield from (wrong_argument(expectation.type, name, value) for name, value in kwargs.items())
    yield wrong_together(expectation.type, kwargs)


def _wrong_names(type_: str, kwargs: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterable[str | None]:
    name = type_.removeprefix("expect_")
    for key in kwargs:
        if key not in defaults and key not in _OF_THE_RUN:
            yield f"{name} has no argument {key!r}{nearest(key, defaults)}"
    for key, default in defaults.items():
        if default is Parameter.empty and key not in kwargs:
            yield f"{name} needs {key}="


def _moved(type_: str, given: Mapping[str, Any]) -> Pairs:
    """Freeze the arguments that are not at Great Expectations' default."""
    defaults = defaults_of(type_) or {}
    frozen = _frozen({key: value.dict() if _is_condition(value) else value for key, value in given.items()})
    return Pairs(
        tuple(
            (key, value)
            for key, value in frozen.items
            if not _is_same(value, defaults.get(key, Parameter.empty))
        )
    )


def _is_condition(value: Any) -> bool:
    """Whether it is a row condition of Great Expectations' own classes, which may well not be installed."""
    return type(value).__module__ == "great_expectations.expectations.row_conditions"


def _is_same(value: Any, default: Any) -> bool:
    return isinstance(value, bool) == isinstance(default, bool) and bool(value == default)


def _frozen(mapping: Mapping[str, Any]) -> Pairs:
    """Freeze a mapping value by value, so that the one that cannot be declared is named."""
    return Pairs(tuple((key, freeze(mapping[key], f"{key}=", infinite=True)) for key in sorted(mapping)))


def _kept(mapping: Mapping[str, Any]) -> Pairs:
    """Freeze a mapping, with an object in memory for what cannot be declared, which :func:`check` refuses."""
    return Pairs(tuple((key, _kept_value(mapping[key])) for key in sorted(mapping)))


def _kept_value(value: Any) -> Any:
    try:
        return freeze(value, "it", infinite=True)
    except DeclarationError:
        return Live.of(value)
