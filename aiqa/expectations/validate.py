"""``aiqa.validate``: expectations on a frame, for a notebook or any program."""

from __future__ import annotations

import datetime as dt
import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiqa.declare.expectation import Expectation
from aiqa.errors import AiqaError, DeclarationError
from aiqa.expectations.catalogue import outcome, requests, result
from aiqa.scan.execute import execute, schema_of
from aiqa.scan.frames import to_polars
from aiqa.scan.statistics import Answers, Request


@dataclass(frozen=True, repr=False)
class Report:
    """What came of expectations on a frame.

    Parameters
    ----------
    results : tuple of dict
        One in Great Expectations' shape for each expectation, in their order: ``success``,
        ``expectation_config``, ``result``, ``meta``, ``exception_info``.
    expectations : tuple of Expectation
        What was declared.
    """

    results: tuple[dict[str, Any], ...]
    expectations: tuple[Expectation, ...]

    @property
    def success(self) -> bool:
        """Whether all hold."""
        return all(found["success"] for found in self.results)

    @property
    def statistics(self) -> dict[str, Any]:
        """How many were evaluated and how many hold, under Great Expectations' names."""
        evaluated, successful = len(self.results), sum(found["success"] for found in self.results)
        return {
            "evaluated_expectations": evaluated,
            "successful_expectations": successful,
            "unsuccessful_expectations": evaluated - successful,
            "success_percent": successful / evaluated * 100,
        }

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values; it holds values of rows."""
        return {
            "success": self.success,
            "results": _plain(self.results),
            "statistics": self.statistics,
            "meta": {},
        }

    def __repr__(self) -> str:
        holding = self.statistics["successful_expectations"]
        lines = [f"{holding} of {len(self.results)} expectations hold"]
        lines += [f"  {mark} {claim}{': ' if told else ''}{told}" for mark, claim, told in self._lines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *_ = repr(self).splitlines()
        rows = "".join(
            "<tr>"
            + "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in line)
            + "</tr>"
            for line in self._lines()
        )
        return f"<p>{html.escape(head)}</p><table>{rows}</table>"

    def _lines(self) -> list[tuple[str, str, str]]:
        return [
            ("pass" if found["success"] else "FAIL", repr(expectation), _told(found))
            for expectation, found in zip(self.expectations, self.results, strict=True)
        ]


def validate(frame: Any, expectations: Iterable[Expectation], *, result_format: str = "SUMMARY") -> Report:
    """Hold a frame against expectations, in one scan.

    Parameters
    ----------
    frame : pandas, Polars, Arrow or narwhals frame
    expectations : iterable of Expectation
    result_format : {"BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"}, default "SUMMARY"
        How much each result says; as in Great Expectations.

    Returns
    -------
    Report
        An expectation that cannot be decided (an unknown column, values that cannot be compared) has
        ``success`` False and says why in ``exception_info``; the others go on.

    Raises
    ------
    DataError
        If `frame` is none.
    DeclarationError
        If there is no expectation, or something is none.

    Examples
    --------
    >>> import polars as pl
    >>> from aiqa import expect
    >>> orders = pl.DataFrame({"amount": [1.0, 2.0, None]})
    >>> validate(orders, [expect.column_values_to_not_be_null("amount", mostly=0.6)])
    1 of 1 expectations hold
      pass column_values_to_not_be_null(column='amount', mostly=0.6): 1 of 3 unexpected (33.3 %)
    """
    declared = tuple(_expectations(expectations))
    lazy = to_polars(frame, "frame")
    table = lazy if lazy is frame else lazy.collect()
    columns = schema_of(lazy)
    asked = [_asked(expectation, columns, result_format) for expectation in declared]
    answers = _answers(table, asked)

    def found(expectation: Expectation, answer: Answers | AiqaError) -> dict[str, Any]:
        if isinstance(answer, AiqaError):
            return outcome(expectation, success=False, found={}, exception=str(answer))
        return result(expectation, answer, columns, result_format)

    return Report(tuple(map(found, declared, answers)), declared)


def _expectations(given: Iterable[Expectation]) -> Sequence[Expectation]:
    declared = [given] if isinstance(given, Expectation) else list(given)
    strange = [item for item in declared if not isinstance(item, Expectation)]
    if strange:
        raise DeclarationError(
            f"validate takes expectations such as expect.column_to_exist('x'), not {strange[0]!r}"
        )
    if not declared:
        raise DeclarationError("there is no expectation to validate")
    return declared


def _asked(
    expectation: Expectation, columns: dict[str, str], result_format: str
) -> tuple[Request, ...] | AiqaError:
    try:
        return requests(expectation, columns, result_format)
    except AiqaError as error:
        return error


def _answers(table: Any, asked: list[tuple[Request, ...] | AiqaError]) -> list[Answers | AiqaError]:
    """Scan once for all; if that breaks, once for each, so that the error is its own."""
    sound = [request for one in asked if not isinstance(one, AiqaError) for request in one]
    try:
        together: Answers = execute(table, sound)
    except AiqaError:
        return [one if isinstance(one, AiqaError) else _alone(table, one) for one in asked]
    return [one if isinstance(one, AiqaError) else together for one in asked]


def _alone(table: Any, asked: tuple[Request, ...]) -> Answers | AiqaError:
    try:
        return execute(table, asked)
    except AiqaError as error:
        return error


def _told(found: dict[str, Any]) -> str:
    if found["exception_info"]["raised_exception"]:
        return str(found["exception_info"]["exception_message"])
    result_ = found["result"]
    if "unexpected_count" in result_:
        percent = result_["unexpected_percent"]
        share = "" if percent is None else f" ({percent:.3g} %)"
        return f"{result_['unexpected_count']:,} of {result_['element_count']:,} unexpected{share}"
    return f"observed {result_['observed_value']}" if "observed_value" in result_ else ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
