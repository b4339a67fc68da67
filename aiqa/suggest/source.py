"""A suggestion as Python source: whatever columns and values are called, the file compiles."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiqa.declare.source import Files
from aiqa.errors import DeclarationError
from aiqa.publish.words import plain
from aiqa.suggest.names import identifier
from aiqa.suggest.suggested import Suggestion

_WIDTH = 88
_POSITIONAL = ("column", "regex", "schema", "value", "value_set")


def render(suggestion: Suggestion, *, owner: str | None = None) -> str:
    """Return the check file as Python source.

    Parameters
    ----------
    suggestion : Suggestion
        Of a data set in files.
    owner : str, optional
        Whom to call.

    Raises
    ------
    DeclarationError
        If the data set is not in files, or nothing is suggested.
    """
    if not isinstance(suggestion.dataset.source, Files):
        raise DeclarationError("a check file names its data by path: suggest for a data set in files")
    if not suggestion.expectations:
        raise DeclarationError("nothing holds of this table that could be suggested")
    name = identifier(suggestion.dataset.name)
    parts = (_head(suggestion), _dataset(suggestion, name), "", "", *_check(suggestion, name, owner))
    return "\n".join(parts) + "\n"


def _head(suggestion: Suggestion) -> str:
    return "\n".join(
        (
            '"""Suggested by what the data show: review each line before you rely on it."""',
            "",
            "from __future__ import annotations",
            "",
            "from collections.abc import Iterator",
            "",
            "import aiqa",
            "from aiqa import expect",
            "",
            *_remarks(suggestion),
        )
    )


def _remarks(suggestion: Suggestion) -> Iterator[str]:
    yield from _comment(
        f"Bounds come from {suggestion.profile_rows:,} rows; they hold on {suggestion.held_out_rows:,} "
        "others, which had no part in them, and on all rows together."
    )
    if suggestion.dataset.pii:
        yield from _comment(
            "pii: columns that may hold personal data. Correct the list; their values are not shown."
        )


def _dataset(suggestion: Suggestion, name: str) -> str:
    dataset = suggestion.dataset
    assert isinstance(dataset.source, Files)  # noqa: S101 - render has looked
    lists = {"keys": suggestion.keys, "pii": list(dataset.pii)}
    told = {"label": dataset.label, "time": dataset.time, **lists}
    arguments = [quoted(dataset.name), quoted(dataset.source.pattern)]
    arguments += [f"{key}={quoted(value)}" for key, value in told.items() if value]
    return _call(f"{name} = aiqa.dataset", arguments, "")


def _check(suggestion: Suggestion, name: str, owner: str | None) -> Iterator[str]:
    told = [name, *([f"owner={quoted(owner)}"] if owner else []), 'tier="smoke"']
    yield _call("@aiqa.check", told, "")
    yield f"def {name}_is_as_profiled() -> Iterator[object]:"
    yield '    """The table still is as it was when it was profiled."""'
    for one in suggestion.suggested:
        yield from _comment(one.reason, "    ")
        yield _call(f"yield expect.{one.name}", _arguments(one.arguments), "    ")
    if suggestion.dropped:
        yield from _comment("Not suggested:", "    ")
        for dropped in suggestion.dropped:
            yield from _comment(f"- {dropped.about}: {dropped.why}", "    ")


def _arguments(arguments: Mapping[str, Any]) -> list[str]:
    return [
        quoted(value) if key in _POSITIONAL else f"{key}={quoted(value)}" for key, value in arguments.items()
    ]


def _call(called: str, arguments: Iterable[str], indent: str) -> str:
    """Write a call as the usual formatters do."""
    told = list(arguments)
    joined, inner = ", ".join(told), f"{indent}    "
    if "\n" not in joined and len(f"{indent}{called}({joined})") <= _WIDTH:
        return f"{indent}{called}({joined})"
    if "\n" not in joined and len(inner + joined) <= _WIDTH:
        return f"{indent}{called}(\n{inner}{joined}\n{indent})"
    parts = [f"{textwrap.indent(one, inner)},\n" for one in told]
    return f"{indent}{called}(\n{''.join(parts)}{indent})"


def quoted(value: Any) -> str:
    """Return a value as source that no value breaks out of, texts in double quotes where that is as short."""
    if isinstance(value, Mapping):
        return _several((f"{quoted(key)}: {quoted(held)}" for key, held in value.items()), "{}")
    if isinstance(value, (list, tuple)):
        return _several(map(quoted, value), "[]")
    told = repr(value)
    if isinstance(value, str) and told[0] == "'" and not {'"', "'", "\\"} & set(told[1:-1]):
        return f'"{told[1:-1]}"'
    return told


def _several(told: Iterable[str], ends: str) -> str:
    parts = list(told)
    line = f"{ends[0]}{', '.join(parts)}{ends[1]}"
    if "\n" not in line and len(line) <= _WIDTH - 20:
        return line
    return "\n".join((ends[0], *(f"    {part}," for part in parts), ends[1]))


def _comment(text: str, indent: str = "") -> Iterator[str]:
    width = _WIDTH - len(indent) - 2
    lines = textwrap.wrap(plain(text), width, break_long_words=False, break_on_hyphens=False) or [""]
    yield from (f"{indent}# {line}" for line in lines)
