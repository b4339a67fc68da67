"""Expectations on one quantity of a column, such as its mean.

Nulls do not count. Bounds are inclusive unless strict, and one that is None does not bind. A quantity that
does not exist (the mean of no values) is not as expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from aiqa.declare.expect.common import Bound, Flag, Number, Parameter, Rows, Values, Whole
from aiqa.declare.expectation import Expectation, declared


class ColumnAggregates:
    """The expectations on a quantity of one column."""

    def column_min_to_be_between(
        self,
        column: str,
        min_value: Bound | None = None,
        max_value: Bound | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the least non-null value of `column` to lie in [min_value, max_value]."""
        return declared("column_min_to_be_between", locals())

    def column_max_to_be_between(
        self,
        column: str,
        min_value: Bound | None = None,
        max_value: Bound | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the greatest non-null value of `column` to lie in [min_value, max_value]."""
        return declared("column_max_to_be_between", locals())

    def column_mean_to_be_between(
        self,
        column: str,
        min_value: Bound | None = None,
        max_value: Bound | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the mean of the non-null values of `column` to lie in [min_value, max_value].

        Without bounds: expect that there is a mean.
        """
        return declared("column_mean_to_be_between", locals())

    def column_median_to_be_between(
        self,
        column: str,
        min_value: Bound | None = None,
        max_value: Bound | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the median of the non-null values of `column` to lie in [min_value, max_value]."""
        return declared("column_median_to_be_between", locals())

    def column_sum_to_be_between(
        self,
        column: str,
        min_value: Bound | None = None,
        max_value: Bound | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the sum of the non-null values of `column` to lie in [min_value, max_value]."""
        return declared("column_sum_to_be_between", locals())

    def column_stdev_to_be_between(
        self,
        column: str,
        min_value: Number | None = None,
        max_value: Number | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the sample standard deviation (by n - 1) of `column` to lie in [min_value, max_value]."""
        return declared("column_stdev_to_be_between", locals())

    def column_quantile_values_to_be_between(
        self,
        column: str,
        quantile_ranges: Mapping[str, Any],
        *,
        allow_relative_error: Flag | str = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect quantiles of the non-null values of `column` to lie in ranges.

        ``{"quantiles": [0.5, 0.9], "value_ranges": [[10, 20], [None, 90]]}``; None does not bind.
        `allow_relative_error` is for engines that have only approximate quantiles.
        """
        return declared("column_quantile_values_to_be_between", locals())

    def column_unique_value_count_to_be_between(
        self,
        column: str,
        min_value: Whole | None = None,
        max_value: Whole | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect `column` to have so many different non-null values."""
        return declared("column_unique_value_count_to_be_between", locals())

    def column_proportion_of_unique_values_to_be_between(
        self,
        column: str,
        min_value: Number | None = None,
        max_value: Number | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the different values of `column` to be such a share of its non-null values."""
        return declared("column_proportion_of_unique_values_to_be_between", locals())

    def column_proportion_of_non_null_values_to_be_between(
        self,
        column: str,
        min_value: Number | None = None,
        max_value: Number | None = None,
        *,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the share of rows where `column` is not null to lie in [min_value, max_value]."""
        return declared("column_proportion_of_non_null_values_to_be_between", locals())

    def column_distinct_values_to_be_in_set(
        self, column: str, value_set: Values, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect every different non-null value of `column` to be in `value_set`, which is not empty."""
        return declared("column_distinct_values_to_be_in_set", locals())

    def column_distinct_values_to_contain_set(
        self, column: str, value_set: Values, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect every value of `value_set` to occur in `column`."""
        return declared("column_distinct_values_to_contain_set", locals())

    def column_distinct_values_to_equal_set(
        self, column: str, value_set: Values, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect the different non-null values of `column` to be those of `value_set`, all and no others."""
        return declared("column_distinct_values_to_equal_set", locals())

    def column_most_common_value_to_be_in_set(
        self, column: str, value_set: Values, *, ties_okay: Flag | None = None, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect the most common non-null value of `column` to be in `value_set`.

        If several are equally common, none will do; with `ties_okay` one of them in the set is enough.
        """
        return declared("column_most_common_value_to_be_in_set", locals())

    def column_kl_divergence_to_be_less_than(
        self,
        column: str,
        partition_object: Parameter | None = None,
        threshold: Number | None = None,
        *,
        internal_weight_holdout: Number = 0,
        tail_weight_holdout: Number = 0,
        bucketize_data: Flag = True,
        min_value: Bound | None = None,
        max_value: Bound | None = None,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect the Kullback-Leibler divergence of `column` from a partition to be at most `threshold`.

        Parameters
        ----------
        column : str
            Its nulls do not count.
        partition_object : mapping, optional
            Of categories, ``{"values": [...], "weights": [...]}``, or of bins, ``{"bins": [...], "weights":
            [...]}`` with one edge more than weights; the outermost may be infinite, or ``"tail_weights"``
            holds the weights below and above. All weights sum to 1. None compares the column with itself.
        threshold : float, optional
            In nats. None never fails.
        internal_weight_holdout : float, optional
            Weight that is split evenly over bins without weight.
        tail_weight_holdout : float, optional
            Weight of values that the partition does not foresee.
        bucketize_data : bool, optional
            Whether numbers are put into bins.
        min_value, max_value : optional
            Great Expectations takes these and does not use them.
        """
        return declared("column_kl_divergence_to_be_less_than", locals())
