"""The expectations by type: which statistics each needs, and how these become a result.

Verdicts, counts and the shape of results are Great Expectations'; where it is inexact, this is not: whole
numbers are compared as whole numbers, and ``column_index=0`` means the first column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiqa.declare.expectation import Expectation
from aiqa.errors import DeclarationError, nearest
from aiqa.expectations.aggregates import ColumnMean, RowCount
from aiqa.expectations.conditions import between, in_set, length_between, matching, repeated
from aiqa.expectations.kind import RESULT_FORMATS, Columns, Kind, Question
from aiqa.expectations.maps import ColumnMap, NotNull
from aiqa.expectations.tables import ColumnExists, ColumnSet
from aiqa.scan.statistics import Answers, Request

CATALOGUE: dict[str, Kind] = {
    "expect_column_mean_to_be_between": ColumnMean(),
    "expect_column_to_exist": ColumnExists(),
    "expect_column_value_lengths_to_be_between": ColumnMap(length_between),
    "expect_column_values_to_be_between": ColumnMap(between),
    "expect_column_values_to_be_in_set": ColumnMap(in_set),
    "expect_column_values_to_be_unique": ColumnMap(repeated),
    "expect_column_values_to_match_regex": ColumnMap(matching),
    "expect_column_values_to_not_be_null": NotNull(),
    "expect_table_columns_to_match_set": ColumnSet(),
    "expect_table_row_count_to_be_between": RowCount(),
}

_VALUES = ("partial_unexpected_list", "partial_unexpected_counts", "unexpected_list", "unexpected_rows")
NO_EXCEPTION = {"raised_exception": False, "exception_traceback": None, "exception_message": None}


def requests(
    expectation: Expectation, columns: Columns, result_format: str = "SUMMARY"
) -> tuple[Request, ...]:
    """Return the statistics that an expectation needs.

    Parameters
    ----------
    expectation : Expectation
    columns : mapping of str to str
        The table's columns and the text of their types.
    result_format : {"BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"}
        Great Expectations'; only the last costs memory, one entry for each unexpected value.

    Raises
    ------
    DataError
        If a column does not exist, or its values cannot be held against the expectation's.
    DeclarationError
        If there is no such expectation, or its regular expression is none.

    Examples
    --------
    >>> from aiqa import expect
    >>> requests(expect.table_row_count_to_be_between(1, 9), {"x": "Int64"})
    (Request(statistic=Count(where=None), by=()),)
    """
    return _kind(expectation).requests(_question(expectation, columns, result_format))


def result(
    expectation: Expectation, answers: Answers, columns: Columns, result_format: str = "SUMMARY"
) -> dict[str, Any]:
    """Return what came of an expectation, in Great Expectations' shape.

    Parameters
    ----------
    expectation, columns, result_format
        As for :func:`requests`.
    answers : Answers
        Of a scan of all its requests.

    Returns
    -------
    dict
        ``success``, ``expectation_config``, ``result``, ``meta`` and ``exception_info``. Values of rows are
        in it, for the person at the notebook; :func:`without_values` takes them out.
    """
    question = _question(expectation, columns, result_format)
    success, found = _kind(expectation).result(question, answers)
    return outcome(expectation, success, found if result_format != "BOOLEAN_ONLY" else {})


def outcome(
    expectation: Expectation, success: bool, found: Mapping[str, Any], exception: str | None = None
) -> dict[str, Any]:
    """Return the envelope of a result."""
    failed = {"raised_exception": True, "exception_traceback": None, "exception_message": exception}
    return {
        "success": success,
        "expectation_config": config_of(expectation),
        "result": dict(found),
        "meta": {},
        "exception_info": dict(NO_EXCEPTION) if exception is None else failed,
    }


def config_of(expectation: Expectation) -> dict[str, Any]:
    """Return the expectation as Great Expectations writes it."""
    kwargs = {key: _listed(value) for key, value in expectation.kwargs.as_dict().items()}
    return {"type": expectation.type, "kwargs": kwargs, "meta": {}, "severity": expectation.severity}


def without_values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without values of rows, fit for evidence: counts, shares and row numbers stay.

    Examples
    --------
    >>> without_values({"result": {"unexpected_count": 1, "partial_unexpected_list": ["Ann"]}})
    {'result': {'unexpected_count': 1}}
    """
    kept = {key: value for key, value in found["result"].items() if key not in _VALUES}
    return {**found, "result": kept}


def _kind(expectation: Expectation) -> Kind:
    if expectation.type not in CATALOGUE:
        raise DeclarationError(f"no expectation {expectation.type!r}{nearest(expectation.type, CATALOGUE)}")
    return CATALOGUE[expectation.type]


def _question(expectation: Expectation, columns: Columns, result_format: str) -> Question:
    if result_format not in RESULT_FORMATS:
        raise DeclarationError(f"no result_format {result_format!r}{nearest(result_format, RESULT_FORMATS)}")
    return Question(expectation.kwargs.as_dict(), columns, result_format)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
