"""What Python alone can tell of a text: whether it matches, or parses as a date, JSON or a format."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from aiqa.errors import DataError, DeclarationError

Predicate = Callable[[str], bool]


def _strftime(form: str) -> Predicate:
    def parses(text: str) -> bool:
        try:
            dt.datetime.strptime(text, form)  # noqa: DTZ007 - only whether it can be read
        except ValueError:
            return False
        return True

    return parses


def _dateutil(_: None) -> Predicate:
    try:
        from dateutil.parser import parse
    except ImportError:
        raise DeclarationError(
            "dates are read by dateutil, which is missing: pip install 'pytest-aiqa[data]'"
        ) from None

    def parses(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, OverflowError):
            return False
        return True

    return parses


def _json(_: None) -> Predicate:
    def parses(text: str) -> bool:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return False
        return True

    return parses


def _json_schema(schema: str) -> Predicate:
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import validator_for
        from referencing import Registry, Resource
        from referencing.exceptions import Unresolvable
        from referencing.jsonschema import DRAFT202012
    except ImportError:
        raise DeclarationError(
            "JSON schemas need jsonschema, which is missing: pip install 'pytest-aiqa[data]'"
        ) from None
    declared = json.loads(schema)
    kind = validator_for(declared)
    try:
        kind.check_schema(declared)
    except SchemaError as error:
        raise DeclarationError(f"json_schema is no JSON schema: {error.message}") from None
    resource = Resource.from_contents(declared, default_specification=DRAFT202012)
    registry = Registry().with_resource("", resource)  # nothing else is in it, and nothing is fetched
    for reference in _references(declared):
        try:
            registry.resolver().lookup(reference)
        except Unresolvable:
            raise DeclarationError(f"json_schema refers to {reference!r}, which is not in it") from None
    validator = kind(declared, registry=registry)

    def holds(text: str) -> bool:
        try:
            return bool(validator.is_valid(json.loads(text)))
        except (ValueError, RecursionError):
            return False

    return holds


def _references(schema: Any) -> Iterator[str]:
    """Yield what a schema refers to; parts with an address of their own are left to the validator."""
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    if isinstance(schema, dict) and "$id" not in schema:
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for item in schema.values():
            yield from _references(item)


def _regex(pattern: str) -> Predicate:
    try:
        search = re.compile(pattern).search
    except re.error as error:
        raise DataError(f"{pattern!r} is no regular expression: {error}") from error
    return lambda text: search(text) is not None


FORMS: dict[str, Callable[[Any], Predicate]] = {
    "regex": _regex,
    "strftime": _strftime,
    "dateutil": _dateutil,
    "json": _json,
    "json_schema": _json_schema,
}
"""Each form by its name: from its argument (a pattern, a schema as JSON) to what tells a text."""


def told(form: str, argument: Any) -> Callable[[pl.Series], pl.Series]:
    """Return the function of a batch of texts that tells which of them are of a form, null for null.

    Each distinct text is looked at once. Values that are no text are looked at as ``str`` writes them.

    Examples
    --------
    >>> told("json", None)(pl.Series(["[1]", "[", None])).to_list()
    [True, False, None]
    """
    predicate = FORMS[form](argument)

    def tell(texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique()
        answers = pl.Series([predicate(str(text)) for text in distinct], dtype=pl.Boolean)
        return texts.replace_strict(distinct, answers, default=None, return_dtype=pl.Boolean)

    return tell
