"""Expectations on one number of a column or table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from aiqa.errors import DataError
from aiqa.expectations.kind import Question, within
from aiqa.scan.expr import col
from aiqa.scan.literals import family_of
from aiqa.scan.statistics import Answers, Count, Moments, Request

ALL = Request(Count())


@dataclass(frozen=True)
class ColumnMean:
    """The mean of the values that are not null; without any, it does not hold."""

    def requests(self, question: Question) -> tuple[Request, ...]:
        if family_of(question.dtype) not in ("integer", "float", "decimal", "boolean", "null"):
            raise DataError(f"values of type {question.dtype} have no mean", column=question.column)
        return (_moments(question),)

    def result(self, question: Question, answers: Answers) -> tuple[bool, dict[str, Any]]:
        mean = answers[_moments(question)][()].mean
        if math.isnan(mean):
            return False, {"observed_value": None}
        return within(mean, question.kwargs), {"observed_value": mean}


@dataclass(frozen=True)
class RowCount:
    """The number of rows."""

    def requests(self, _question: Question) -> tuple[Request, ...]:
        return (ALL,)

    def result(self, question: Question, answers: Answers) -> tuple[bool, dict[str, Any]]:
        rows = answers[ALL][()]
        return within(rows, question.kwargs), {"observed_value": rows}


def _moments(question: Question) -> Request:
    return Request(Moments(col(question.column)))
