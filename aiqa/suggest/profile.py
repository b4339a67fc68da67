"""What is asked of each column, and what was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiqa.errors import DataError
from aiqa.scan.execute import execute
from aiqa.scan.expr import call, col
from aiqa.scan.literals import family_of
from aiqa.scan.states import CountState
from aiqa.scan.statistics import Count, Counts, Extremes, Moments, Quantiles, Repeats, Request, Values
from aiqa.scan.together import answers_of
from aiqa.suggest.names import is_key, is_personal

MOST_VALUES = 25
"""Different values that a set may have."""
FORMS = {
    "digits": "^[0-9]+$",
    "a UUID": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "an e-mail address": "^[^@\\s]+@[^@\\s]+[.][^@\\s]+$",
    "a date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "a moment": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}",
}
CODED = "^[^0-9]+[0-9]+$"
QUARTILES = (0.25, 0.5, 0.75)
NUMBERS = ("integer", "float", "decimal")
MOMENTS = ("date", "datetime")


@dataclass(frozen=True)
class Column:
    """A column and what was found of it, by the names of :func:`questions`."""

    name: str
    dtype: str
    found: Mapping[str, Any] = field(default_factory=dict)
    declared_personal: bool = False

    @property
    def family(self) -> str:
        """The family of its type."""
        return family_of(self.dtype)

    @property
    def rows(self) -> int:
        """Rows of the profile."""
        return int(self.found["rows"])

    @property
    def present(self) -> int:
        """Rows with a value, be it NaN."""
        return self.rows - int(self.found["missing"])

    @property
    def numbers(self) -> int:
        """Rows with a value that is not NaN."""
        return self.present - int(self.found.get("nan", 0))

    @property
    def personal(self) -> bool:
        """Whether it is said to be, its name suggests it, or most of its values are e-mail addresses.

        Yes and no are about a person, but do not name one.
        """
        named = is_personal(self.name) and self.family != "boolean"
        return (
            self.declared_personal or named or 2 * int(self.found.get("an e-mail address", 0)) > self.present
        )


def profiled(
    frame: Any, columns: Mapping[str, str], pii: Collection[str] = ()
) -> tuple[list[Column], dict[str, Exception]]:
    """Scan once for all columns, and once more for how often each of a few values occurs.

    Columns that the engine cannot answer for are told apart.

    Parameters
    ----------
    frame
        What an engine scans.
    columns : mapping of str to str
        The text of their types.
    pii : collection of str
        Those that are said to hold personal data.

    Raises
    ------
    DataError
        If no column can be read.
    """
    asked = {name: questions(name, dtype) for name, dtype in columns.items()}
    answers = answers_of(frame, [list(requests.values()) for requests in asked.values()])
    found: list[Column] = []
    failed: dict[str, Exception] = {}
    for (name, requests), answer in zip(asked.items(), answers, strict=True):
        if isinstance(answer, Exception):
            failed[name] = answer
        else:
            states = {what: answer[request][()] for what, request in requests.items()}
            found.append(Column(name, columns[name], states, name in pii))
    if failed and not found:
        raise DataError(f"the table cannot be profiled: {next(iter(failed.values()))}")
    return _counted(frame, found), failed


def _counted(frame: Any, columns: list[Column]) -> list[Column]:
    """Add how many rows have each value, where those are few: only then is it cheap to know."""
    asked = {
        place: Request(Counts((col(one.name),)))
        for place, one in enumerate(columns)
        if 0 < len(one.found.get("values", ())) <= MOST_VALUES
    }
    answers = execute(frame, asked.values())
    counts = {place: _rows_by_value(answers[request][()]) for place, request in asked.items()}
    return [
        replace(one, found={**one.found, "counts": counts[place]}) if place in counts else one
        for place, one in enumerate(columns)
    ]


def _rows_by_value(state: Mapping[tuple[Any], CountState]) -> dict[Any, int]:
    counts = {value: count.n for (value,), count in state.items() if value is not None}
    return {value: counts[value] for value in sorted(counts)}


def questions(name: str, dtype: str) -> dict[str, Request]:
    """Return what a column of this type is asked."""
    value, family = col(name), family_of(dtype)
    asked = {"rows": Count(), "missing": Count(value.is_null())} | _BY_FAMILY.get(family, _nothing)(value)
    if family in ("string", "integer") or (is_key(name) and family in NUMBERS):
        asked["repeats"] = Repeats((value,), ~value.is_null())
    return {what: Request(statistic) for what, statistic in asked.items()}


def _nothing(_: Any) -> dict[str, Any]:
    return {}


def _number(value: Any) -> dict[str, Any]:
    quartiles = Quantiles(call("to_float", value), QUARTILES)
    return {"extremes": Extremes(value), "moments": Moments(value), "quartiles": quartiles}


def _integer(value: Any) -> dict[str, Any]:
    return _number(value) | {"values": Values(value, MOST_VALUES + 1)}


def _float(value: Any) -> dict[str, Any]:
    return _number(value) | {"nan": Count(call("is_nan", value))}


def _boolean(value: Any) -> dict[str, Any]:
    return {"moments": Moments(value), "values": Values(value, MOST_VALUES + 1)}


def _moment(value: Any) -> dict[str, Any]:
    return {"extremes": Extremes(value), "unordered": Count(call("<", value, call("previous", value)))}


def _text(value: Any) -> dict[str, Any]:
    forms = {form: Count(call("matches", value, regex)) for form, regex in FORMS.items()}
    return {
        **forms,
        "coded": Count(call("matches", value, CODED)),
        "extremes": Extremes(value),
        "lengths": Extremes(call("length", value)),
        "values": Values(value, MOST_VALUES + 1),
    }


_BY_FAMILY = {
    "integer": _integer,
    "float": _float,
    "decimal": _number,
    "boolean": _boolean,
    "date": _moment,
    "datetime": _moment,
    "string": _text,
}
