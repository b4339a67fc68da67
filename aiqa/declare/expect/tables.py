"""Expectations on a table's shape, its number of rows, and on what queries give."""

from __future__ import annotations

from typing import Unpack

from aiqa.declare.expect.common import Common, Flag, Number, Rows, Text, Texts, Whole
from aiqa.declare.expectation import Expectation, declared


class Tables:
    """The expectations on whole tables."""

    def column_to_exist(
        self, column: str, column_index: Whole | None = None, **common: Unpack[Common]
    ) -> Expectation:
        """Expect the table to have `column` (at position `column_index`, from 0, where given)."""
        return declared("column_to_exist", locals())

    def column_type_to_be(self, column: str, type_: Text, **common: Unpack[Common]) -> Expectation:
        """Expect `column` to be of exactly this type: ``"int64"`` is not ``"int32"``."""
        return declared("column_type_to_be", locals())

    def table_column_count_to_equal(self, value: Whole, **common: Unpack[Common]) -> Expectation:
        """Expect the table to have `value` columns."""
        return declared("table_column_count_to_equal", locals())

    def table_column_count_to_be_between(
        self, min_value: Number | None = None, max_value: Number | None = None, **common: Unpack[Common]
    ) -> Expectation:
        """Expect the table to have so many columns."""
        return declared("table_column_count_to_be_between", locals())

    def table_columns_to_match_set(
        self, column_set: Texts | None = None, *, exact_match: Flag | None = True, **common: Unpack[Common]
    ) -> Expectation:
        """Expect the table to have these columns, in any order (and no others, if `exact_match`).

        None stands for no column, as in Great Expectations.
        """
        return declared("table_columns_to_match_set", locals())

    def table_columns_to_match_ordered_list(
        self, column_list: Texts | None = None, **common: Unpack[Common]
    ) -> Expectation:
        """Expect the table to have these columns, in this order and no others; None stands for any."""
        return declared("table_columns_to_match_ordered_list", locals())

    def table_row_count_to_equal(self, value: Whole, **common: Unpack[Rows]) -> Expectation:
        """Expect the table to have `value` rows."""
        return declared("table_row_count_to_equal", locals())

    def table_row_count_to_be_between(
        self,
        min_value: Whole | None = None,
        max_value: Whole | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the table to have so many rows."""
        return declared("table_row_count_to_be_between", locals())

    def table_row_count_to_equal_other_table(
        self, other_table_name: Text, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect the table to have as many rows as another one of the same data source."""
        return declared("table_row_count_to_equal_other_table", locals())

    def query_results_to_match_comparison(
        self,
        base_query: Text,
        comparison_data_source_name: Text,
        comparison_query: Text,
        *,
        mostly: Number = 1.0,
        **common: Unpack[Common],
    ) -> Expectation:
        """Expect at least `mostly` of the rows of a query to be those of a query of another data source."""
        return declared("query_results_to_match_comparison", locals())

    def unexpected_rows_expectation(
        self, unexpected_rows_query: Text, **common: Unpack[Common]
    ) -> Expectation:
        """Expect an SQL query for unexpected rows to give none; in it ``{batch}`` stands for the table.

        A brace that is not of ``{batch}`` is doubled.
        """
        return declared("unexpected_rows_expectation", locals())
