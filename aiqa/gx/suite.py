"""Suites of Great Expectations, read and written without it."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiqa.declare.expect import BEYOND_GX
from aiqa.declare.expectation import Expectation, defaults_of, expectation_of
from aiqa.errors import DeclarationError
from aiqa.gx.config import config_of, json_of

_UNREGISTERED = ("multicolumn_values_to_be_unique",)
"""Great Expectations has the class and does not find it by its name."""
_VERSION = "1.24.1"
"""The version of Great Expectations whose suites are written."""


@dataclass(frozen=True)
class Suite:
    """A named list of expectations; iterate over it to validate or to yield them from a check.

    Parameters
    ----------
    name : str
    expectations : tuple of Expectation
    meta, notes, id
        Great Expectations', kept for the way back.
    """

    name: str
    expectations: tuple[Expectation, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    notes: Any = None
    id: str | None = None

    def __iter__(self) -> Iterator[Expectation]:
        return iter(self.expectations)

    def __len__(self) -> int:
        return len(self.expectations)

    def to_json(self) -> dict[str, Any]:
        """Return the suite as Great Expectations stores it: ``ExpectationSuite(**suite.to_json())`` reads it.

        Expectations that it has not, or whose bounds it refuses, are left out and named in ``meta``.

        Examples
        --------
        >>> from aiqa import expect
        >>> Suite("orders", (expect.column_to_exist("x"),)).to_json()["expectations"][0]["type"]
        'expect_column_to_exist'
        """
        return {
            "name": self.name,
            "id": self.id,
            "expectations": [json_of(config_of(one)) for one in self if not _is_beyond(one)],
            "meta": {"great_expectations_version": _VERSION, **self.meta, **_left_out(self)},
            "notes": self.notes,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the suite to a JSON file."""
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")


def _is_beyond(expectation: Expectation) -> bool:
    """Tell whether Great Expectations has no such type, or refuses its bounds."""
    bounds = dict(expectation.kwargs.items)
    refused = not all(_takes(bounds.get(name)) for name in ("min_value", "max_value"))
    return refused or expectation.type.removeprefix("expect_") in (*BEYOND_GX, *_UNREGISTERED)


def _takes(bound: Any) -> bool:
    """Tell whether it is a bound to Great Expectations: of texts, those that write a number or a moment."""
    if not isinstance(bound, str):
        return not isinstance(bound, dt.time)
    for read in (float, dt.datetime.fromisoformat):
        with suppress(ValueError):
            read(bound)
            return True
    return False


def _left_out(expectations: Iterable[Expectation]) -> dict[str, Any]:
    left = [repr(one) for one in expectations if _is_beyond(one)]
    return {"aiqa_left_out": left} if left else {}


def suite(source: Any, *, name: str | None = None) -> Suite:
    """Read a suite of Great Expectations, of version 1 or of 0.18.

    What is wrong with an expectation (an unknown type, a misspelt argument) is that expectation's error when
    it is decided; the others go on.

    Parameters
    ----------
    source : path, dict, ``ExpectationSuite`` or iterable of Expectation
        A JSON file (in the working folder, or the project's root), what such a file holds, the object, or
        expectations of ours that are to be a suite.
    name : str, optional
        Another name.

    Raises
    ------
    DeclarationError
        If it is no suite, or the file cannot be read.

    Examples
    --------
    >>> config = {"type": "expect_column_to_exist", "kwargs": {"column": "x"}}
    >>> list(suite({"name": "orders", "expectations": [config]}))
    [column_to_exist(column='x')]
    """
    if isinstance(source, (str, os.PathLike)):
        source = _read(_found(Path(source)))
    if hasattr(source, "to_json_dict"):
        source = source.to_json_dict()
    if isinstance(source, Mapping):
        return _of_mapping(source, name)
    if isinstance(source, Iterable):
        expectations = tuple(source)
        if all(isinstance(one, Expectation) for one in expectations):
            return Suite(name or "suite", expectations)
    raise DeclarationError(f"a suite is a path, a dict or an ExpectationSuite, not {source!r}")


def _found(path: Path) -> Path:
    """Look for a file in the working folder, then in the project's root."""
    if path.exists():
        return path
    from aiqa.config import find_root  # pydantic takes longer to import than a suite to read

    return find_root(Path.cwd()) / path


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeclarationError(f"no suite at {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DeclarationError(f"{path} is no JSON: {error}") from error


def _of_mapping(document: Mapping[str, Any], name: str | None) -> Suite:
    configs = document.get("expectations")
    if not isinstance(configs, list) or not all(isinstance(one, Mapping) for one in configs):
        raise DeclarationError("a suite has a list of expectations under 'expectations'")
    return Suite(
        name or str(document.get("name") or document.get("expectation_suite_name") or "suite"),
        tuple(map(_expectation, configs)),
        dict(document.get("meta") or {}),
        document.get("notes"),
        document.get("id"),
    )


def _expectation(config: Mapping[str, Any]) -> Expectation:
    """Read one expectation; version 0.18 called its type ``expectation_type``."""
    kwargs = config.get("kwargs") or {}
    if not isinstance(kwargs, Mapping):
        kwargs = {"kwargs": kwargs}  # no argument of any expectation: its own error says so
    details = {key: config[key] for key in ("id", "description", "notes", "meta") if config.get(key)}
    type_ = str(config.get("type") or config.get("expectation_type"))
    told = expectation_of(type_, kwargs, str(config.get("severity") or "critical"), **details)
    return told if defaults_of(type_) is not None else replace(told, native=_home_of(type_))


def _home_of(type_: str) -> str:
    """Return the module of a custom expectation that Great Expectations knows by now; else nothing."""
    if "great_expectations" not in sys.modules:
        return ""
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import get_expectation_impl

    try:
        return str(get_expectation_impl(type_).__module__)
    except ExpectationNotFoundError:
        return ""
