"""Great Expectations' row conditions, as expressions that are true for the rows which they select."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiqa.errors import DeclarationError, nearest
from aiqa.expectations.row_condition.gx_language import gx_condition
from aiqa.expectations.row_condition.logic import Logic, Pandas, Sql
from aiqa.expectations.row_condition.objects import object_condition, text_within
from aiqa.expectations.row_condition.operands import refused
from aiqa.expectations.row_condition.pandas_query import pandas_condition
from aiqa.expectations.row_condition.spark_sql import spark_condition
from aiqa.scan.expr import Expr

PARSERS = ("pandas", "spark", "great_expectations", "great_expectations__experimental__")


def condition_of(
    condition: Any, parser: str | None, columns: Mapping[str, str], *, pandas: bool = False
) -> Expr:
    """Return the expression that is true for the rows which a row condition selects.

    Parameters
    ----------
    condition : str, condition of Great Expectations, or mapping
        Text in the language of `parser`; or a condition such as ``Column("x") > 5``, or its dict.
    parser : {"pandas", "spark", "great_expectations", "great_expectations__experimental__"}, optional
        Great Expectations' ``condition_parser``; of a text, pandas where None.
    columns : mapping of str to str
        The table's columns and the text of their types.
    pandas : bool, default False
        Whether the table is of pandas. Great Expectations then runs its own language and objects as pandas
        queries: a missing value differs from every other, and a number never equals a text.

    Raises
    ------
    DataError
        If there is no such column, or its values cannot be compared with what they are compared with.
    DeclarationError
        If a part of the condition is not understood.

    Examples
    --------
    >>> condition_of("1 < amount <= 5", "pandas", {"amount": "Float64"}).columns
    frozenset({'amount'})
    >>> condition_of('col("amount") > 5', "great_expectations", {"amount": "Int64"}).op
    '>'
    """
    if parser is not None and parser not in PARSERS:
        raise DeclarationError(f"no condition_parser {parser!r}{nearest(str(parser), PARSERS)}")
    text = condition if isinstance(condition, str) else text_within(condition)
    try:
        if text is None:
            return object_condition(condition, _logic(parser, columns, pandas=pandas))
        return _of_text(text, parser, columns, pandas=pandas)
    except RecursionError:
        raise refused("its depth", str(condition)) from None


def _of_text(text: str, parser: str | None, columns: Mapping[str, str], *, pandas: bool) -> Expr:
    logic = _logic(parser or "pandas", columns, pandas=pandas)
    readers: dict[str, Callable[[str, Logic], Expr]] = {"pandas": pandas_condition, "spark": spark_condition}
    return readers.get(parser or "pandas", gx_condition)(text, logic)


def _logic(parser: str | None, columns: Mapping[str, str], *, pandas: bool) -> Logic:
    """Choose as Great Expectations does, which hands all but Spark's own text to the engine of the table."""
    if parser == "pandas" or (pandas and parser != "spark"):
        return Pandas(columns, texts=not pandas)
    return Sql(columns)
