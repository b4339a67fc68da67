"""Expectations on each row: how many are unexpected, and which, in Great Expectations' shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from aiqa.expectations.kind import Claim, Found, Question, ResultFormat
from aiqa.scan.expr import Expr, both
from aiqa.scan.statistics import Answers, Count, Repeats, Request, Sample, counting

SLICES = 20
"""Slices that a result tells of, by column."""
Shown = Callable[[tuple[Any, ...]], Any]


def row_claim(
    question: Question,
    unexpected: Expr,
    columns: Sequence[str],
    *,
    considered: Expr | None = None,
    shown: Shown | None = None,
    missing: bool = True,
) -> Claim:
    """Claim that of the rows considered at least ``mostly`` are not unexpected.

    Parameters
    ----------
    question : Question
    unexpected : Expr
        True for unexpected rows; looked at only where `considered`.
    columns : sequence of str
        Whose values a result shows.
    considered : Expr, optional
        The rows that count; the others are missing. All, where None.
    shown : callable, optional
        Makes an entry of ``unexpected_list`` of the values of a row in `columns`; the first one, where None.
    missing : bool
        Whether the result says how many rows were missing.
    """
    asked = both(question.rows, considered)
    where = _within(asked, unexpected)
    every, counted, wrong = question.everything, Request(Count(asked)), Request(counting(where))
    sample = Request(Sample(_read(question, columns), where, question.format.limit))
    looked_for = () if question.format.limit == 0 else (sample,)
    sliced = _by_slices(question, Count(asked), wrong) if looked_for else {}

    def conclude(answers: Answers) -> Found:
        elements, present, count = (int(answers[request][()]) for request in (every, counted, wrong))
        found = answers[sample][()] if looked_for else []
        result = _counts(elements, present, count)
        if missing:
            result |= _missing(elements, present, count)
        told = _told(question, columns, found, shown or _first)
        result = _ordered(result, told)
        if sliced and count:
            result["unexpected_by_slice"] = _counted_by(sliced, answers)
        return _mostly(present, count, question), result

    by_slice = (request for pair in sliced.values() for request in pair)
    return Claim(tuple(dict.fromkeys((every, counted, wrong, *looked_for, *by_slice))), conclude)


def _by_slices(question: Question, considered: Count, wrong: Request) -> dict[str, tuple[Request, Request]]:
    """Ask how many rows each slice has and how many are unexpected, where any are."""
    if isinstance(wrong.statistic, Repeats):
        return {}  # a row that repeats one of another slice is neither's
    for name in question.slices:
        question.read(name)
    return {
        name: (Request(considered, (name,), wrong), Request(wrong.statistic, (name,), wrong))
        for name in question.slices
    }


def _counted_by(
    sliced: dict[str, tuple[Request, Request]], answers: Answers
) -> dict[str, list[dict[str, Any]]]:
    """Return the slices that have unexpected rows, most of them first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, (considered, wrong) in sliced.items():
        counts = [
            {
                "value": key[0][1],
                "element_count": int(answers[considered][key]),
                "unexpected_count": int(count),
            }
            for key, count in answers[wrong].items()
            if count
        ]
        found[name] = sorted(counts, key=lambda one: -one["unexpected_count"])[:SLICES]
    return found


def _within(considered: Expr | None, unexpected: Expr) -> Expr:
    """Look among the rows considered only; what looks beyond the row has them in it."""
    if unexpected.op == "repeated":
        keys, where = unexpected.args
        return Expr("repeated", (keys, both(where, considered)))
    return unexpected if considered is None else considered & unexpected


def _read(question: Question, columns: Sequence[str]) -> tuple[str, ...]:
    rows = tuple(question.columns) if question.format.whole_rows else ()
    names = tuple(dict.fromkeys((*columns, *question.format.keys, *rows)))
    for name in names:
        question.read(name)
    return names


def _first(values: tuple[Any, ...]) -> Any:
    return values[0]


def _mostly(considered: int, unexpected: int, question: Question) -> bool:
    """Great Expectations' rule: nothing to consider is true; the share is compared as a float."""
    return considered == 0 or (considered - unexpected) / considered >= question.kwargs.get("mostly", 1.0)


def _percent(part: int, whole: int) -> float | None:
    return part / whole * 100 if whole else None


def _counts(elements: int, considered: int, unexpected: int) -> dict[str, Any]:
    return {
        "element_count": elements,
        "unexpected_count": unexpected,
        "unexpected_percent": _percent(unexpected, considered),
    }


def _missing(elements: int, considered: int, unexpected: int) -> dict[str, Any]:
    return {
        "missing_count": elements - considered,
        "missing_percent": _percent(elements - considered, elements),
        "unexpected_percent_total": _percent(unexpected, elements),
        "unexpected_percent_nonmissing": _percent(unexpected, considered),
    }


def _ordered(counts: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Put the examples where Great Expectations has them, behind the first counts."""
    names = ("partial_unexpected_list", "unexpected_index_column_names")
    leading = {name: told.pop(name) for name in names if name in told}
    head = dict(list(counts.items())[:3])
    return head | leading | counts | told


def _told(
    question: Question, columns: Sequence[str], found: Sequence[tuple[Any, ...]], shown: Shown
) -> dict[str, Any]:
    format_ = question.format
    names = _read(question, columns)
    rows = [dict(zip(names, values, strict=True)) for _, *values in found]
    values = [shown(tuple(row[name] for name in columns)) for row in rows]
    numbers = [number for number, *_ in found]
    labels = None if question.labels is None else question.labels(numbers)
    index = _index(format_, columns, numbers if labels is None else labels, rows)
    told: dict[str, Any] = {}
    if not format_.without_values:
        told |= {"partial_unexpected_list": values[: format_.partial]}
    if format_.keys:
        told |= {"unexpected_index_column_names": list(format_.keys)}
    if format_.whole_rows:
        told |= {"unexpected_rows": rows[: format_.partial]}
    return told | _details(format_, values, index, labels)


def _index(
    format_: ResultFormat, columns: Sequence[str], names: list[Any], rows: list[dict[str, Any]]
) -> list[Any]:
    """Name unexpected rows: by their keys, where there are any, else by their labels or numbers."""
    if not format_.keys:
        return list(names)
    if format_.without_values:
        return [{key: [row[key] for row in rows] for key in format_.keys}] if rows else []
    return [{name: row[name] for name in (*columns, *format_.keys)} for row in rows]


def _details(
    format_: ResultFormat, values: list[Any], index: list[Any], labels: list[Any] | None
) -> dict[str, Any]:
    if format_.name in ("BASIC", "BOOLEAN_ONLY"):
        return {}
    counted = {} if format_.without_values or not format_.partial else _value_counts(values, format_.partial)
    shown = counted | {"partial_unexpected_index_list": index[: format_.partial]}
    if format_.name == "SUMMARY":
        return shown
    listed = {} if format_.without_values else {"unexpected_list": values}
    asked = format_.query and labels is not None  # in pandas' words, so for its frames
    query = {"unexpected_index_query": f"df.filter(items={labels}, axis=0)"} if asked else {}
    return shown | listed | {"unexpected_index_list": index} | query


def _value_counts(values: list[Any], partial: int) -> dict[str, Any]:
    """Most frequent first, equals by value, or by its text; nothing where values cannot be counted."""
    flat = [tuple(value.values()) if isinstance(value, dict) else value for value in values]
    try:
        most = Counter(flat).most_common(partial)
    except TypeError:
        return {}
    try:
        counted = sorted(most, key=lambda pair: (-pair[1], pair[0]))
    except TypeError:
        counted = sorted(most, key=lambda pair: (-pair[1], str(pair[0])))
    return {"partial_unexpected_counts": [{"value": value, "count": count} for value, count in counted]}
