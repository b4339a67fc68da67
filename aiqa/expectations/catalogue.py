"""The expectations by type: which statistics each needs, and how these become a result.

Verdicts, counts and the shape of results are Great Expectations'; where it is inexact, this is not:
``docs/explanation/expectations.md`` lists what differs, and why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from aiqa.declare.expectation import Expectation, check
from aiqa.errors import DeclarationError, nearest
from aiqa.expectations import aggregates, beyond, column_values, distinct, queries, records, tables
from aiqa.expectations.column_values import column_values as of_values
from aiqa.expectations.kind import Claim, Columns, Kind, Labels, Question, ResultFormat
from aiqa.expectations.records import pairs
from aiqa.expectations.records import records as of_records
from aiqa.expectations.tables import shape
from aiqa.gx.config import NO_EXCEPTION, config_of


def _divergence(question: Question) -> Claim:
    from aiqa.expectations.divergence import divergence  # the only one that needs NumPy

    return divergence(question)


CATALOGUE: dict[str, Kind] = {
    **{f"expect_{name}_to_be_between": kind for name, kind in aggregates.KINDS.items()},
    "expect_column_distinct_values_to_be_in_set": distinct.in_set,
    "expect_column_distinct_values_to_contain_set": distinct.contain_set,
    "expect_column_distinct_values_to_equal_set": distinct.equal_set,
    "expect_column_gaps_to_be_at_most": beyond.gaps,
    "expect_column_kl_divergence_to_be_less_than": _divergence,
    "expect_column_max_to_be_recent": beyond.recent,
    "expect_column_most_common_value_to_be_in_set": distinct.most_common,
    "expect_column_pair_values_a_to_be_greater_than_b": pairs(records.a_greater_than_b),
    "expect_column_pair_values_to_be_equal": pairs(records.equal),
    "expect_column_pair_values_to_be_in_set": pairs(records.in_pairs),
    "expect_column_quantile_values_to_be_between": aggregates.quantiles,
    "expect_column_to_exist": shape(tables.column_exists),
    "expect_column_type_to_be": shape(tables.column_type),
    "expect_column_value_lengths_to_be_between": of_values(column_values.length_between),
    "expect_column_value_lengths_to_equal": of_values(column_values.length_equal),
    "expect_column_value_z_scores_to_be_less_than": of_values(column_values.z_score),
    "expect_column_values_to_be_between": of_values(column_values.between),
    "expect_column_values_to_be_dateutil_parseable": of_values(column_values.dateutil),
    "expect_column_values_to_be_decreasing": of_values(column_values.decreasing),
    "expect_column_values_to_be_in_set": of_values(column_values.in_set),
    "expect_column_values_to_be_in_type_list": tables.values_of_type,
    "expect_column_values_to_be_increasing": of_values(column_values.increasing),
    "expect_column_values_to_be_json_parseable": of_values(column_values.json_text),
    "expect_column_values_to_be_null": column_values.null,
    "expect_column_values_to_be_of_type": tables.values_of_type,
    "expect_column_values_to_be_unique": of_values(column_values.repeated),
    "expect_column_values_to_refer_to": beyond.refers,
    "expect_column_values_to_match_json_schema": of_values(column_values.json_schema),
    "expect_column_values_to_match_like_pattern": of_values(column_values.like_pattern),
    "expect_column_values_to_match_like_pattern_list": of_values(column_values.like_pattern_list),
    "expect_column_values_to_match_regex": of_values(column_values.matching),
    "expect_column_values_to_match_regex_list": of_values(column_values.matching_list),
    "expect_column_values_to_match_strftime_format": of_values(column_values.strftime),
    "expect_column_values_to_not_be_in_set": of_values(column_values.not_in_set),
    "expect_column_values_to_not_be_null": column_values.not_null,
    "expect_column_values_to_not_be_outliers": of_values(column_values.outlier),
    "expect_column_values_to_not_match_like_pattern": of_values(column_values.not_like_pattern),
    "expect_column_values_to_not_match_like_pattern_list": of_values(column_values.not_like_pattern_list),
    "expect_column_values_to_not_match_regex": of_values(column_values.not_matching),
    "expect_column_values_to_not_match_regex_list": of_values(column_values.not_matching_list),
    "expect_compound_columns_to_be_unique": of_records(records.compound_repeated),
    "expect_multicolumn_sum_to_equal": of_records(records.sum_equal),
    "expect_multicolumn_values_to_be_equal": of_records(records.values_equal),
    "expect_multicolumn_values_to_be_unique": of_records(records.unique_within_record),
    "expect_query_results_to_match_comparison": queries.results_match,
    "expect_select_column_values_to_be_unique_within_record": of_records(records.unique_within_record),
    "expect_table_column_count_to_be_between": shape(tables.column_count),
    "expect_table_column_count_to_equal": shape(tables.column_count),
    "expect_table_columns_to_match_ordered_list": shape(tables.columns_match_list),
    "expect_table_columns_to_match_set": shape(tables.columns_match_set),
    "expect_table_row_count_to_equal": aggregates.rows_equal,
    "expect_table_row_count_to_equal_other_table": queries.rows_equal_other,
    "expect_table_schema_to_be": shape(beyond.schema),
    "unexpected_rows_expectation": queries.unexpected_rows,
}

_VALUES = (
    "partial_unexpected_list",
    "partial_unexpected_counts",
    "unexpected_list",
    "unexpected_rows",
    "partial_missing_list",
    "unexpected_index_query",
)
_INDEXES = {"partial_unexpected_index_list", "unexpected_index_list"}
_OBSERVED = ("observed_value", "details")
_ENDS = ("expect_column_min_to_be_between", "expect_column_max_to_be_between")


def claim(
    expectation: Expectation,
    columns: Columns,
    result_format: str | Mapping[str, Any] | ResultFormat = "SUMMARY",
    *,
    pandas: bool = False,
    tables: Mapping[str, Any] | None = None,
    slices: tuple[str, ...] = (),
    labels: Labels | None = None,
) -> Claim:
    """Return the statistics that an expectation needs, and what to make of them.

    Parameters
    ----------
    expectation : Expectation
        Its suite parameters resolved.
    columns : mapping of str to str
        The table's columns and the text of their types.
    result_format : str or mapping
        Great Expectations': ``"BOOLEAN_ONLY"``, ``"BASIC"``, ``"SUMMARY"`` or ``"COMPLETE"``, or a dict of it
        with ``unexpected_index_column_names`` and so on. Only the last costs memory, one entry for each
        unexpected value.
    pandas : bool
        Whether the table is one of pandas.
    tables : mapping, optional
        Other tables that it may name.
    slices : tuple of str
        Columns by whose values unexpected rows are counted.
    labels : callable, optional
        From the numbers of rows to what the table's own index calls them.

    Raises
    ------
    DataError
        If a column does not exist, or its values cannot be held against the expectation's.
    DeclarationError
        If there is no such expectation, an argument is wrong, or its regular expression is none.

    Examples
    --------
    >>> from aiqa import expect
    >>> claim(expect.table_row_count_to_be_between(1, 9), {"x": "Int64"}).requests
    (Request(statistic=Count(where=None), by=()),)
    """
    check(expectation)
    if expectation.type not in CATALOGUE:
        raise DeclarationError(f"no expectation {expectation.type!r}{nearest(expectation.type, CATALOGUE)}")
    kwargs = expectation.kwargs.as_dict()
    condition, parser = kwargs.pop("row_condition", None), kwargs.pop("condition_parser", None)
    rows = None
    if condition is not None:
        from aiqa.expectations.row_condition import condition_of

        rows = condition_of(condition, parser, columns, pandas=pandas)
    format_ = ResultFormat.of(result_format)
    question = Question(kwargs, columns, format_, rows, pandas, tables or {}, slices, labels)
    return CATALOGUE[expectation.type](question)


def outcome(
    expectation: Expectation, success: bool, found: Mapping[str, Any], exception: str | None = None
) -> dict[str, Any]:
    """Return the envelope of a result, in Great Expectations' shape.

    ``success``, ``expectation_config``, ``result``, ``meta`` and ``exception_info``. Values of rows are in
    it, for the person at the notebook; :func:`without_values` takes them out.
    """
    failed = {"raised_exception": True, "exception_traceback": "", "exception_message": exception}
    return {
        "success": success,
        "expectation_config": config_of(expectation),
        "result": dict(found),
        "meta": {},
        "exception_info": dict(NO_EXCEPTION) if exception is None else failed,
    }


def without_values(found: Mapping[str, Any], *, personal: bool = False) -> dict[str, Any]:
    """Return a result without values of rows, fit for evidence: counts, shares and row numbers stay.

    What was observed stays too if it is a number, unless the column is of `personal` data.

    Examples
    --------
    >>> without_values({"result": {"unexpected_count": 1, "partial_unexpected_list": ["Ann"]}})
    {'result': {'unexpected_count': 1}}
    """
    hidden = {*_VALUES, *(_OBSERVED if personal else _telling(found))}
    told = {key: value for key, value in found["result"].items() if key not in hidden}
    names = told.get("unexpected_index_column_names") or ()
    for index in _INDEXES & told.keys():
        told[index] = _named_rows(told[index], names)
    partitions = isinstance(told.get("details"), Mapping) and "observed_partition" in told["details"]
    if partitions:
        told["details"] = {name: _without_names(part) for name, part in told["details"].items()}
    return {**found, "result": told}


def _named_rows(index: Any, names: Sequence[str]) -> list[Any]:
    """Leave of what names unexpected rows their keys and numbers, and neither values nor labels."""
    rows = index if isinstance(index, list) else []
    if names:
        return [{key: row[key] for key in names if key in row} for row in rows if isinstance(row, Mapping)]
    return [row for row in rows if isinstance(row, int)]


def _without_names(partition: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the categories, of which some are values of the data."""
    return {key: value for key, value in partition.items() if key != "values"}


def _telling(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what tells values of a column, and not a number of them."""
    result, type_ = found["result"], found.get("expectation_config", {}).get("type", "")
    if type_ == "expect_column_max_to_be_recent":
        return ("observed_value",)  # how old it is may be told
    if type_ == "expect_column_gaps_to_be_at_most":
        return ("details",)
    observed, ends = result.get("observed_value"), type_ in _ENDS
    told = isinstance(observed, list) or (ends and isinstance(observed, (str, dt.date, dt.time)))
    return _OBSERVED if told and type_.startswith("expect_column_") else ()
