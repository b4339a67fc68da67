"""Expectations on which columns a table has: no scan needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiqa.expectations.kind import Question
from aiqa.scan.statistics import Answers, Request


@dataclass(frozen=True)
class ColumnExists:
    """The column is there, at its place where one is given."""

    def requests(self, _question: Question) -> tuple[Request, ...]:
        return ()

    def result(self, question: Question, _answers: Answers) -> tuple[bool, dict[str, Any]]:
        names, index = list(question.columns), question.kwargs.get("column_index")
        there = names if index is None else names[index : index + 1]
        return question.column in there, {}


@dataclass(frozen=True)
class ColumnSet:
    """The columns are these, in any order."""

    def requests(self, _question: Question) -> tuple[Request, ...]:
        return ()

    def result(self, question: Question, _answers: Answers) -> tuple[bool, dict[str, Any]]:
        wanted, there = set(question.kwargs["column_set"] or ()), set(question.columns)
        differing = {"unexpected": sorted(there - wanted), "missing": sorted(wanted - there)}
        mismatched = {kind: names for kind, names in differing.items() if names}
        observed = {"observed_value": sorted(there)}
        if not mismatched:
            return True, observed
        holds = not question.kwargs.get("exact_match", True) and "missing" not in mismatched
        return holds, observed | {"details": {"mismatched": mismatched}}
