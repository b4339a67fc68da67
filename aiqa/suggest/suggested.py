"""What is suggested, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from aiqa.declare.expect import expect
from aiqa.declare.expectation import Expectation
from aiqa.declare.source import Dataset


@dataclass(frozen=True)
class Suggested:
    """An expectation as it is written, and the fact that speaks for it.

    Parameters
    ----------
    name : str
        Of the method of ``expect``.
    arguments : mapping
    reason : str
        What was observed, in one line.
    looser : mapping, optional
        The arguments to try where it does not hold.
    """

    name: str
    arguments: Mapping[str, Any]
    reason: str
    looser: Mapping[str, Any] | None = None

    @cached_property
    def expectation(self) -> Expectation:
        """What it declares."""
        declared: Expectation = getattr(expect, self.name)(**self.arguments)
        return declared

    @property
    def about(self) -> str:
        """What it is, without its bounds: no value of the data."""
        column = self.arguments.get("column")
        return self.name if column is None else f"{self.name} of {column!r}"

    def loosened(self) -> Suggested | None:
        """Return it with wider bounds, where it has some."""
        if self.looser is None:
            return None
        reason = f"{self.reason}; loosened, as other rows went beyond"
        return replace(self, arguments=self.looser, reason=reason, looser=None)


@dataclass(frozen=True)
class Dropped:
    """What is not suggested, and why."""

    about: str
    why: str


@dataclass(frozen=True)
class Suggestion:
    """What holds of a table.

    Parameters
    ----------
    dataset : Dataset
        Its declaration, with the columns of personal data and of time.
    suggested : tuple of Suggested
        In the order of the columns.
    dropped : tuple of Dropped
        What is not suggested, and why.
    profile_rows, held_out_rows : int
    """

    dataset: Dataset
    suggested: tuple[Suggested, ...]
    dropped: tuple[Dropped, ...]
    profile_rows: int
    held_out_rows: int

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """The expectations alone."""
        return tuple(one.expectation for one in self.suggested)

    @property
    def keys(self) -> list[str]:
        """The first column whose values are all different and not personal: it names rows in failures."""
        unique = (one for one in self.suggested if one.name == "column_values_to_be_unique")
        names = (str(one.arguments["column"]) for one in unique)
        return [name for name in names if name not in self.dataset.pii][:1]

    @property
    def summary(self) -> str:
        """How many there are, in a line."""
        dropped = f"; {len(self.dropped)} more do not hold or were left out" if self.dropped else ""
        told = f"{len(self.suggested)} expectations from {self.profile_rows:,} rows"
        return f"{told}, which hold on {self.held_out_rows:,} others{dropped}"
