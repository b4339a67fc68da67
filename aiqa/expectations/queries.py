"""Expectations on what SQL queries give: of the table, called ``{batch}`` in them, or of it and another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from aiqa.errors import DataError, DeclarationError, nearest
from aiqa.expectations.kind import Claim, Found, Question
from aiqa.scan.execute import execute
from aiqa.scan.opened import opened
from aiqa.scan.statistics import Answers, Count, Query, Request

SHOWN = 200
"""Rows that a result lists, as in Great Expectations."""
BATCH = "__aiqa_batch"
_END = re.compile(r"\s*;\s*(--[^\n]*(\n\s*|$))*$")
"""A last semicolon, and comments behind it."""

Row = tuple[Any, ...]


def unexpected_rows(question: Question) -> Claim:
    """Claim that a query finds no row."""
    sql = _sql(question.kwargs["unexpected_rows_query"])
    counted, shown = Request(Query(sql, None)), Request(Query(sql, SHOWN))
    complete = question.format.name == "COMPLETE"

    def conclude(answers: Answers) -> Found:
        rows = answers[counted][()]
        details = {"details": {"unexpected_rows": answers[shown][()]}} if complete else {}
        return rows == 0, {"observed_value": rows, **details}

    return Claim((counted, shown) if complete else (counted,), conclude)


def results_match(question: Question) -> Claim:
    """Claim that two queries give the same rows, in any order, but for a share that `mostly` allows."""
    base = Request(Query(_sql(question.kwargs["base_query"]), -1))
    other = Request(Query(_sql(question.kwargs["comparison_query"]), -1))
    name = question.kwargs["comparison_data_source_name"]

    def conclude(answers: Answers) -> Found:
        ours, theirs = answers[base][()], execute(other_table(question, name), [other])[other][()]
        return _compared(ours, theirs, question)

    return Claim((base,), conclude)


def rows_equal_other(question: Question) -> Claim:
    """Claim that another table has as many rows."""
    other = Request(Count())

    def conclude(answers: Answers) -> Found:
        table = other_table(question, question.kwargs["other_table_name"])
        observed = {"self": answers[question.everything][()], "other": execute(table, [other])[other][()]}
        return observed["self"] == observed["other"], {"observed_value": observed}

    return Claim((question.everything,), conclude)


def other_table(question: Question, name: str) -> Any:
    """Return another table by its name.

    Raises
    ------
    DataError
        If there is none; the nearest is named.
    """
    try:
        return opened(question.tables[name], name=name).native
    except KeyError:
        raise DataError(f"there is no table {name!r}{nearest(name, question.tables)}") from None


def _sql(query: str) -> str:
    """Put the table's name in the place of ``{batch}``."""
    try:
        fields = {name for _, name, _, _ in Formatter().parse(query) if name is not None}
    except ValueError as error:
        raise DeclarationError(f"in the query, write {{{{ for a brace: {error}: {query}") from None
    unknown = fields - {"batch"}
    if unknown:
        raise DeclarationError(f"the query names {{{min(unknown)}}}, and only {{batch}} is known: {query}")
    filled = _END.sub("", query.format(batch=BATCH))
    # In brackets only what reads is understood: no statement that writes, drops or installs.
    return f"select * from (\n{filled}\n) as aiqa_query"  # noqa: S608 - the query is the user's own


def _compared(
    ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]], question: Question
) -> Found:
    counted = [Counter(tuple(row.values()) for row in rows) for rows in (ours, theirs)]
    most = max(len(ours), len(theirs))
    matching = (counted[0] & counted[1]).total()
    percent = (1 - matching / most) * 100 if most else 0.0
    result: dict[str, Any] = {"unexpected_count": most - matching, "unexpected_percent": percent}
    if question.format.name == "COMPLETE":
        missing, unexpected = counted[1] - counted[0], counted[0] - counted[1]
        rows = {"missing_rows": _rows(missing, theirs), "unexpected_rows": _rows(unexpected, ours)}
        result["details"] = rows
    return 100 - percent >= question.kwargs.get("mostly", 1.0) * 100, result


def _rows(counted: Counter[Row], like: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = list(like[0]) if like else []
    return [dict(zip(names, row, strict=True)) for row in counted.elements()][:SHOWN]
