"""What came of expectations on a frame, for people and for whatever reads Great Expectations' results."""

from __future__ import annotations

import datetime as dt
import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiqa.declare.expectation import Expectation


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
    name : str
        Of the suite, where it was one.
    parameters : mapping
        Values of the suite's parameters.
    """

    results: tuple[dict[str, Any], ...]
    expectations: tuple[Expectation, ...]
    name: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

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
        """Return all of it as plain JSON values, in the shape of Great Expectations' result of a suite.

        It holds values of rows.
        """
        return {
            "success": self.success,
            "results": plain(self.results),
            "suite_name": self.name,
            "suite_parameters": plain(dict(self.parameters)),
            "statistics": self.statistics,
            "meta": {},
            "id": None,
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
            (_mark(found), repr(expectation), _told(found))
            for expectation, found in zip(self.expectations, self.results, strict=True)
        ]


def _mark(found: dict[str, Any]) -> str:
    if found["exception_info"]["raised_exception"]:
        return "error"
    return "pass" if found["success"] else "FAIL"


def _told(found: dict[str, Any]) -> str:
    if found["exception_info"]["raised_exception"]:
        return str(found["exception_info"]["exception_message"])
    result_ = found["result"]
    if "element_count" in result_:
        percent = result_["unexpected_percent"]
        share = "" if percent is None else f" ({percent:.3g} %)"
        return f"{result_['unexpected_count']:,} of {result_['element_count']:,} unexpected{share}"
    if "observed_value" in result_:
        return f"observed {result_['observed_value']}"
    return f"{result_['unexpected_count']:,} unexpected" if "unexpected_count" in result_ else ""


def plain(value: Any) -> Any:
    """Return a value as plain JSON: moments in ISO 8601, what is not finite as its text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
