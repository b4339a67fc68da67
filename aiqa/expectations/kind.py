"""What every type of expectation can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiqa.errors import DataError, nearest
from aiqa.scan.statistics import Answers, Request

Columns = Mapping[str, str]
RESULT_FORMATS = ("BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE")


@dataclass(frozen=True, slots=True)
class Question:
    """What an expectation says, of a table with these columns, and how much is to be told."""

    kwargs: Mapping[str, Any]
    columns: Columns
    result_format: str

    @property
    def column(self) -> str:
        """The column that it is about."""
        return str(self.kwargs["column"])

    @property
    def dtype(self) -> str:
        """The text of that column's type.

        Raises
        ------
        DataError
            If there is no such column.
        """
        if self.column not in self.columns:
            message = f"there is no column {self.column!r}{nearest(self.column, self.columns)}"
            raise DataError(message, column=self.column)
        return self.columns[self.column]


class Kind(Protocol):
    """A type of expectation: what it asks of a scan, and what it makes of the answers."""

    def requests(self, question: Question, /) -> tuple[Request, ...]:
        """Return what is needed of a scan."""

    def result(self, question: Question, answers: Answers, /) -> tuple[bool, dict[str, Any]]:
        """Return whether it holds, and Great Expectations' ``result``."""


def within(value: Any, kwargs: Mapping[str, Any]) -> bool:
    """Tell whether a number lies in the bounds that an expectation gives."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = low is None or (value > low if kwargs.get("strict_min") else value >= low)
    below = high is None or (value < high if kwargs.get("strict_max") else value <= high)
    return bool(above and below)
