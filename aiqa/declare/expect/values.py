"""Expectations on the values of a column, row by row.

Rows where the value is null do not count, unless it is nulls that an expectation is about; of the others at
least the share `mostly` must be as expected. Without such rows an expectation holds.
"""

from __future__ import annotations

from typing import Literal, Unpack

from aiqa.declare.expect.common import Bound, Flag, Match, Number, Parameter, Rows, Text, Texts, Values, Whole
from aiqa.declare.expectation import Expectation, declared


class ColumnValues:
    """The expectations on the values of one column."""

    def column_values_to_be_null(
        self, column: str, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of all values of `column` to be null. NaN is not null."""
        return declared("column_values_to_be_null", locals())

    def column_values_to_not_be_null(
        self, column: str, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of all values of `column` not to be null. NaN is not null."""
        return declared("column_values_to_not_be_null", locals())

    def column_values_to_be_unique(
        self, column: str, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to occur once.

        All rows of a value that repeats are unexpected, also the first.
        """
        return declared("column_values_to_be_unique", locals())

    def column_values_to_be_between(
        self,
        column: str,
        min_value: Bound | None = None,
        max_value: Bound | None = None,
        *,
        mostly: Number = 1.0,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to lie in [min_value, max_value].

        A bound that is None does not bind; a strict bound excludes itself. Numbers, dates and strings.
        """
        return declared("column_values_to_be_between", locals())

    def column_values_to_be_in_set(
        self, column: str, value_set: Values, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to be in `value_set`."""
        return declared("column_values_to_be_in_set", locals())

    def column_values_to_not_be_in_set(
        self, column: str, value_set: Values, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` not to be in `value_set`."""
        return declared("column_values_to_not_be_in_set", locals())

    def column_values_to_be_of_type(
        self, column: str, type_: Text, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect the values of `column` to be of a type: ``"int64"``, ``"str"``, ``"TIMESTAMP"``, ...

        A column of one type is so as a whole; of mixed ones at least `mostly` of the non-null values must be.
        """
        return declared("column_values_to_be_of_type", locals())

    def column_values_to_be_in_type_list(
        self, column: str, type_list: Texts | None = None, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect the values of `column` to be of one of these types; None stands for any.

        A column of one type is so as a whole; of mixed ones at least `mostly` of the non-null values must be.
        """
        return declared("column_values_to_be_in_type_list", locals())

    def column_values_to_be_increasing(
        self, column: str, *, strictly: Flag | None = None, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` not to be less than the one before.

        In the order of the rows, nulls left out; `strictly` excludes equal ones. The first value is expected.
        """
        return declared("column_values_to_be_increasing", locals())

    def column_values_to_be_decreasing(
        self, column: str, *, strictly: Flag | None = None, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` not to be more than the one before.

        In the order of the rows, nulls left out; `strictly` excludes equal ones. The first value is expected.
        """
        return declared("column_values_to_be_decreasing", locals())

    def column_value_lengths_to_be_between(
        self,
        column: str,
        min_value: Whole | None = None,
        max_value: Whole | None = None,
        *,
        mostly: Number = 1.0,
        strict_min: Flag = False,
        strict_max: Flag = False,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to have so many characters."""
        return declared("column_value_lengths_to_be_between", locals())

    def column_value_lengths_to_equal(
        self, column: str, value: Number, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to have `value` characters."""
        return declared("column_value_lengths_to_equal", locals())

    def column_value_z_scores_to_be_less_than(
        self,
        column: str,
        threshold: Number,
        double_sided: Flag,
        *,
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null numbers of `column` to lie below a z-score.

        Its z-score is a value's distance from the mean in sample standard deviations; if `double_sided`,
        without its sign.
        """
        return declared("column_value_z_scores_to_be_less_than", locals())

    def column_values_to_not_be_outliers(
        self,
        column: str,
        *,
        method: Literal["iqr", "std"] | Parameter = "iqr",
        multiplier: Number = 1.5,
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null numbers of `column` not to be outliers.

        By ``"iqr"`` those are outliers that lie more than `multiplier` interquartile ranges below the first
        quartile or above the third; by ``"std"`` those at `multiplier` sample standard deviations or more
        from the mean. A column without variation has none.
        """
        return declared("column_values_to_not_be_outliers", locals())

    def column_values_to_match_regex(
        self, column: str, regex: Text = "(?s).*", *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to contain a match of `regex`.

        As Python's ``re.search`` finds it, on every engine.
        """
        return declared("column_values_to_match_regex", locals())

    def column_values_to_not_match_regex(
        self, column: str, regex: Text, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to contain no match of `regex`.

        As Python's ``re.search`` finds it, on every engine.
        """
        return declared("column_values_to_not_match_regex", locals())

    def column_values_to_match_regex_list(
        self,
        column: str,
        regex_list: Texts,
        *,
        match_on: Match = "any",
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to match any, or all, of `regex_list`.

        As Python's ``re.search`` finds it, on every engine.
        """
        return declared("column_values_to_match_regex_list", locals())

    def column_values_to_not_match_regex_list(
        self, column: str, regex_list: Texts, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to match none of `regex_list`.

        As Python's ``re.search`` finds it, on every engine.
        """
        return declared("column_values_to_not_match_regex_list", locals())

    def column_values_to_match_like_pattern(
        self,
        column: str,
        like_pattern: Text,
        *,
        escape: Text | None = None,
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to be like an SQL pattern.

        ``%`` stands for any characters, ``_`` for one; after the character `escape` each is itself.
        """
        return declared("column_values_to_match_like_pattern", locals())

    def column_values_to_not_match_like_pattern(
        self,
        column: str,
        like_pattern: Text,
        *,
        escape: Text | None = None,
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` not to be like an SQL pattern.

        ``%`` stands for any characters, ``_`` for one; after the character `escape` each is itself.
        """
        return declared("column_values_to_not_match_like_pattern", locals())

    def column_values_to_match_like_pattern_list(
        self,
        column: str,
        like_pattern_list: Texts,
        *,
        match_on: Match = "any",
        escape: Text | None = None,
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to be like any, or all, of the list.

        ``%`` stands for any characters, ``_`` for one; after the character `escape` each is itself.
        """
        return declared("column_values_to_match_like_pattern_list", locals())

    def column_values_to_not_match_like_pattern_list(
        self,
        column: str,
        like_pattern_list: Texts,
        *,
        escape: Text | None = None,
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to be like none of the list.

        ``%`` stands for any characters, ``_`` for one; after the character `escape` each is itself.
        """
        return declared("column_values_to_not_match_like_pattern_list", locals())

    def column_values_to_match_strftime_format(
        self, column: str, strftime_format: Text, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to be moments in this format."""
        return declared("column_values_to_match_strftime_format", locals())

    def column_values_to_be_dateutil_parseable(
        self, column: str, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to be dates that dateutil can read."""
        return declared("column_values_to_be_dateutil_parseable", locals())

    def column_values_to_be_json_parseable(
        self, column: str, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to be JSON."""
        return declared("column_values_to_be_json_parseable", locals())

    def column_values_to_match_json_schema(
        self, column: str, json_schema: Parameter, *, mostly: Number = 1.0, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to be JSON of a JSON Schema."""
        return declared("column_values_to_match_json_schema", locals())
