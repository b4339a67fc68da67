"""Expectations on several columns of one row."""

# ruff: noqa: N803 - Great Expectations has arguments named column_A

from __future__ import annotations

from collections.abc import Collection
from typing import Unpack

from aiqa.declare.expect.common import Flag, IgnoredPairs, IgnoredRecords, Number, Rows, Values
from aiqa.declare.expectation import Expectation, declared


class Records:
    """The expectations on pairs and on lists of columns.

    `ignore_row_if` says for which nulls a row does not count; of the others at least the share `mostly`
    must be as expected.
    """

    def column_pair_values_to_be_equal(
        self,
        column_A: str,
        column_B: str,
        *,
        ignore_row_if: IgnoredPairs = "both_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the value of `column_A` to equal that of `column_B`; null equals nothing."""
        return declared("column_pair_values_to_be_equal", locals())

    def column_pair_values_a_to_be_greater_than_b(
        self,
        column_A: str,
        column_B: str,
        or_equal: Flag | None = None,
        *,
        ignore_row_if: IgnoredPairs = "both_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the value of `column_A` to be greater than that of `column_B`; with `or_equal`, or as great.

        Null is greater than nothing.
        """
        return declared("column_pair_values_a_to_be_greater_than_b", locals())

    def column_pair_values_to_be_in_set(
        self,
        column_A: str,
        column_B: str,
        value_pairs_set: Values,
        *,
        ignore_row_if: IgnoredPairs = "both_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the values of both columns to be one of the pairs ``[(a, b), ...]``; None is null."""
        return declared("column_pair_values_to_be_in_set", locals())

    def compound_columns_to_be_unique(
        self,
        column_list: Collection[str],
        *,
        ignore_row_if: IgnoredRecords = "all_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the values of these columns, taken together, to occur in one row only; nulls are equal."""
        return declared("compound_columns_to_be_unique", locals())

    def multicolumn_values_to_be_equal(
        self,
        column_list: Collection[str],
        *,
        ignore_row_if: IgnoredRecords = "all_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect these columns to have one and the same value in a row; two nulls are equal."""
        return declared("multicolumn_values_to_be_equal", locals())

    def multicolumn_values_to_be_unique(
        self,
        column_list: Collection[str],
        *,
        ignore_row_if: IgnoredRecords = "all_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect these columns to have different values in a row; two nulls are equal.

        The older name of `select_column_values_to_be_unique_within_record`. Great Expectations has it still,
        and cannot run it.
        """
        return declared("multicolumn_values_to_be_unique", locals())

    def select_column_values_to_be_unique_within_record(
        self,
        column_list: Collection[str],
        *,
        ignore_row_if: IgnoredRecords = "all_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect these columns to have different values in a row; two nulls are equal."""
        return declared("select_column_values_to_be_unique_within_record", locals())

    def multicolumn_sum_to_equal(
        self,
        column_list: Collection[str],
        sum_total: Number,
        *,
        ignore_row_if: IgnoredRecords = "all_values_are_missing",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the sum of these columns in a row to be `sum_total`; with a null there is no sum."""
        return declared("multicolumn_sum_to_equal", locals())
