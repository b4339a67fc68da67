"""Expectations that Great Expectations has not: references, freshness, gaps, schemas that may grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

from aiqa.declare.arguments import holds_parameter
from aiqa.declare.expect.common import Common, Flag, Number, Parameter, Rows, Text, Texts
from aiqa.declare.expectation import Expectation, declared
from aiqa.declare.source import Dataset


class Beyond:
    """The expectations of aiqa's own; suites for Great Expectations leave them out."""

    def column_values_to_refer_to(
        self,
        column: str | Texts,
        table: Dataset | Text,
        other_column: str | Texts | None = None,
        *,
        mostly: Number = 1.0,
        **common: Unpack[Rows],
    ) -> Expectation:
        """Expect at least `mostly` of the values of `column` to occur in another table: a foreign key.

        Of several columns, the combination; rows in which one of them is null do not count. `table` is a data
        set or its name, `other_column` what the columns are called there, where that differs.
        """
        told = locals() | {"table": table.name if isinstance(table, Dataset) else table}
        return declared("column_values_to_refer_to", told)

    def column_max_to_be_recent(
        self, column: str, within: Text, *, now: Any = None, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect the newest moment of `column` to be no older than `within`: ``"6h"``, ``"2d"``, ``"90m"``.

        `now` is the moment that it is held against; the one of the run where None. A table without a moment
        is not fresh. Moments without a time zone are taken as UTC.
        """
        return declared("column_max_to_be_recent", locals())

    def column_gaps_to_be_at_most(
        self, column: str, gap: Text | Number, **common: Unpack[Rows]
    ) -> Expectation:
        """Expect no `gap` greater than this between one value of `column` and the next greater one.

        A duration such as ``"2h"`` for moments and dates, a number for numbers. It holds without two
        different values.
        """
        return declared("column_gaps_to_be_at_most", locals())

    def table_schema_to_be(
        self,
        schema: Mapping[str, str] | Sequence[tuple[str, str]] | Parameter,
        *,
        new_columns: Literal["allow", "refuse"] | Parameter = "refuse",
        missing_columns: Literal["allow", "refuse"] | Parameter = "refuse",
        wider_types: Literal["allow", "refuse"] | Parameter = "refuse",
        ordered: Flag = False,
        **common: Unpack[Common],
    ) -> Expectation:
        """Expect the table to have these columns of these types, and say how it may evolve.

        `schema` maps a column to the name of its type, of Python, pandas, Polars, SQL or Spark; where
        `ordered`, the columns must be in its order. A wider type is a number of the same kind with more bits,
        or a float in place of a whole number.
        """
        if isinstance(schema, Mapping) and not holds_parameter(schema):
            schema = tuple(schema.items())  # a declaration's mappings have no order
        return declared("table_schema_to_be", locals())
