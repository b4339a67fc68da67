"""What came of an expectation, as a judgement: whether it holds, and why, for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from aiqa.judge.decide import Judgement
from aiqa.judge.number import number
from aiqa.verdict import Verdict

_CLEARLY = 1.5
"""How many times its part of the unexpected rows a slice must have to be told."""
MOST = 300
"""Characters of a list of names."""


def judge_result(found: Mapping[str, Any], mostly: float = 1.0) -> Judgement:
    """Judge an expectation by its result, of which only what may be told is left.

    Parameters
    ----------
    found : mapping
        In Great Expectations' shape, as plain JSON.
    mostly : float, default 1.0
        The share that the expectation asked for.

    Examples
    --------
    >>> judge_result({"success": True, "result": {"observed_value": 3}}).reason
    'it is 3'
    """
    verdict = Verdict.PASS if found["success"] else Verdict.FAIL
    result = found["result"]
    if found.get("expectation_config", {}).get("type") == "expect_column_to_exist":
        return Judgement(verdict, "it is there" if found["success"] else "it is not there, or elsewhere")
    if "evaluated_expectations" in result:
        hold, of = result["successful_expectations"], result["evaluated_expectations"]
        failed = f"; not: {'; '.join(result['failed'])}" if result.get("failed") else ""
        return Judgement(verdict, f"{hold:,} of {of:,} expectations hold{failed}")
    return Judgement(verdict, _of_rows(result, mostly) if "element_count" in result else _of_table(result))


def observed(result: Mapping[str, Any]) -> float | None:
    """Return the one number of a result: what was observed, or the unexpected share of rows in per cent.

    Examples
    --------
    >>> [observed(found) for found in ({"observed_value": 3}, {"unexpected_percent": 0.5}, {})]
    [3.0, 0.5, None]
    """
    number_ = result.get("observed_value", result.get("unexpected_percent"))
    told = isinstance(number_, (int, float)) and not isinstance(number_, bool) and math.isfinite(number_)
    return float(number_) if told else None


def _of_rows(result: Mapping[str, Any], mostly: float) -> str:
    considered = result["element_count"] - result.get("missing_count", 0)
    if not result["unexpected_count"]:
        return f"all {considered:,} values are as expected"
    are = "is" if result["unexpected_count"] == 1 else "are"
    told = f"{result['unexpected_count']:,} of {considered:,} values"
    percent = result.get("unexpected_percent") or 0.0
    allowed = f"at most {100 * (1 - mostly):.3g} % may be" if mostly < 1 else "none may be"
    most = _most(result.get("unexpected_by_slice") or {}, result["unexpected_count"] / max(considered, 1))
    return f"{told} ({percent:.3g} %) {are} not as expected, and {allowed}{most}"


def _most(by_slice: Mapping[str, list[dict[str, Any]]], share: float) -> str:
    """Say which slice has the most unexpected rows beyond its part, if it has clearly more than that."""
    every = [(name, one) for name, counts in by_slice.items() for one in counts]
    if not every:
        return ""

    def beyond(pair: tuple[str, dict[str, Any]]) -> float:
        return float(pair[1]["unexpected_count"] - share * pair[1]["element_count"])

    name, most = max(every, key=beyond)
    if most["unexpected_count"] < _CLEARLY * share * most["element_count"]:
        return ""
    of = f"{most['unexpected_count']:,} of {most['element_count']:,}"
    return f"; most where {name} is {most['value']!r}: {of}"


def _of_table(result: Mapping[str, Any]) -> str:
    details = result.get("details") or {}
    if isinstance(details, Mapping) and isinstance(details.get("mismatched"), Mapping):
        types = result.get("observed_value") or {}
        return "; ".join(
            f"{what.replace('_', ' ')}: {_listed(_with_type(name, types) for name in names)}"
            for what, names in details["mismatched"].items()
        )
    kinds = ("unexpected", "missing")
    out_of_place = [f"{result[f'{kind}_count']:,} {kind}" for kind in kinds if result.get(f"{kind}_count")]
    if "observed_value" not in result and not out_of_place:
        return f"not told, as it is a value of the data{_where(details)}"
    return " and ".join(out_of_place) or _observed(result["observed_value"], details)


def _with_type(name: str, types: Any) -> str:
    return f"{name} ({types[name]})" if isinstance(types, Mapping) and name in types else name


def _observed(value: Any, details: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"it is {number(value)}"
    if isinstance(value, list):
        return f"found {_listed(value)}"
    if isinstance(value, Mapping):
        told = (f"{key}: {_listed(item) if isinstance(item, list) else item}" for key, item in value.items())
        return "; ".join(told)[:MOST]
    if value is None:
        endless = "observed_partition" in details
        return "it has no bound: values were seen that have no weight" if endless else "there is no value"
    return f"it is {value}{_where(details)}"


def _where(details: Any) -> str:
    """Say between which values a gap is, or how old the newest one."""
    words = ("from", "to", "age") if isinstance(details, Mapping) else ()
    told = [f"{word} {details[word]}" for word in words if word in details]
    return f", {' '.join(told)}" if told else ""


def _listed(values: Any) -> str:
    return ", ".join(map(str, values))[:MOST]
