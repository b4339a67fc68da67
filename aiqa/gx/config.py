"""Expectations and suites as Great Expectations writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from aiqa.declare.expectation import Expectation

NO_EXCEPTION = {"raised_exception": False, "exception_traceback": None, "exception_message": None}
"""``exception_info`` of a result that was reached."""


def config_of(expectation: Expectation) -> dict[str, Any]:
    """Return the expectation as Great Expectations configures it: type, kwargs, meta, severity and so on.

    Examples
    --------
    >>> from aiqa import expect
    >>> config_of(expect.column_to_exist("x"))["kwargs"]
    {'column': 'x'}
    """
    details = expectation.details.as_dict()
    config = {"type": expectation.type, "kwargs": _listed(expectation.kwargs.as_dict())}
    config |= {"meta": _listed(details.pop("meta", None) or {}), "severity": expectation.severity}
    return config | {key: _listed(value) for key, value in details.items()}


def json_of(value: Any) -> Any:
    """Return a value as JSON of Great Expectations: moments in ISO 8601, infinities as they are.

    Examples
    --------
    >>> json_of({"min_value": dt.date(2026, 1, 31)})
    {'min_value': '2026-01-31'}
    """
    if isinstance(value, Mapping):
        return {str(key): json_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_of(item) for item in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, (str, int, float)) else repr(value)


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    return [_listed(item) for item in value] if listed else value
