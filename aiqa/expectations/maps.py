"""Expectations on each value of a column: how many are unexpected, and which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from aiqa.expectations.conditions import Condition, missing
from aiqa.expectations.kind import Question
from aiqa.scan.statistics import Answers, Count, Request, Sample

PARTIAL = 20
"""Unexpected values that a result shows: Great Expectations' default."""
ALL = Request(Count())


@dataclass(frozen=True)
class ColumnMap:
    """Nulls do not count; of the other values at least `mostly` must be expected."""

    unexpected: Condition

    def requests(self, question: Question) -> tuple[Request, ...]:
        return (ALL, Request(Count(missing(question))), *_counted(question, self.unexpected))

    def result(self, question: Question, answers: Answers) -> tuple[bool, dict[str, Any]]:
        elements, absent, unexpected = (answers[request][()] for request in self.requests(question)[:3])
        present = elements - absent
        shares = {
            "missing_count": absent,
            "missing_percent": _percent(absent, elements),
            "unexpected_percent_total": _percent(unexpected, elements),
            "unexpected_percent_nonmissing": _percent(unexpected, present),
        }
        counts = _counts(elements, unexpected, present)
        examples = _examples(question, self.unexpected, answers)
        return _mostly(present, unexpected, question), counts | _told(question, examples, shares)


@dataclass(frozen=True)
class NotNull:
    """Of all rows at least `mostly` must have a value."""

    def requests(self, question: Question) -> tuple[Request, ...]:
        return (ALL, *_counted(question, missing))

    def result(self, question: Question, answers: Answers) -> tuple[bool, dict[str, Any]]:
        elements, absent = (answers[request][()] for request in self.requests(question)[:2])
        counts = _counts(elements, absent, elements)
        examples = _examples(question, missing, answers)
        return _mostly(elements, absent, question), counts | _told(question, examples, {})


def _counted(question: Question, unexpected: Condition) -> tuple[Request, ...]:
    """Ask for the number of unexpected values, and for examples where they are told."""
    condition = unexpected(question)
    limits = {"BOOLEAN_ONLY": 0, "COMPLETE": None}
    examples = Sample(question.column, condition, limits.get(question.result_format, PARTIAL))
    return (Request(Count(condition)), *([] if examples.limit == 0 else [Request(examples)]))


def _examples(question: Question, unexpected: Condition, answers: Answers) -> list[tuple[int, Any]]:
    _, *samples = _counted(question, unexpected)
    return list(answers[samples[0]][()]) if samples else []


def _mostly(considered: int, unexpected: int, question: Question) -> bool:
    """Great Expectations' rule: nothing to consider is true; the share is compared as a float."""
    return considered == 0 or (considered - unexpected) / considered >= question.kwargs.get("mostly", 1.0)


def _percent(part: int, whole: int) -> float | None:
    return part / whole * 100 if whole else None


def _counts(elements: int, unexpected: int, considered: int) -> dict[str, Any]:
    return {
        "element_count": elements,
        "unexpected_count": unexpected,
        "unexpected_percent": _percent(unexpected, considered),
    }


def _told(question: Question, examples: list[tuple[int, Any]], shares: dict[str, Any]) -> dict[str, Any]:
    values = [value for _, value in examples[:PARTIAL]]
    return {"partial_unexpected_list": values} | shares | _details(examples, question.result_format)


def _details(examples: list[tuple[int, Any]], result_format: str) -> dict[str, Any]:
    if result_format == "BASIC":
        return {}
    rows, values = [row for row, _ in examples], [value for _, value in examples]
    shown = _value_counts(values) | {"partial_unexpected_index_list": rows[:PARTIAL]}
    if result_format == "SUMMARY":
        return shown
    query = {"unexpected_index_query": f"df.filter(items={rows}, axis=0)"}
    return shown | {"unexpected_list": values, "unexpected_index_list": rows} | query


def _value_counts(values: list[Any]) -> dict[str, Any]:
    """Most frequent first, equals by value; nothing where values cannot be compared or counted."""
    try:
        counted = sorted(Counter(values).most_common(PARTIAL), key=lambda pair: (-pair[1], pair[0]))
    except TypeError:
        return {}
    return {"partial_unexpected_counts": [{"value": value, "count": count} for value, count in counted]}
