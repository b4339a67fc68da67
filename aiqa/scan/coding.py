"""Statistics and their states as bytes that outlive the process: JSON, compressed, nothing that runs."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import zlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from aiqa.declare.folded import OTHER, Other
from aiqa.errors import DataError
from aiqa.scan import states, statistics
from aiqa.scan.expr import Expr
from aiqa.stats.joint_histogram import JointHistogram
from aiqa.stats.score_histogram import ScoreHistogram

LARGEST = 1 << 30
"""Bytes that the states of one statistic may take."""
_STATES = (
    states.MomentsState,
    states.CountState,
    states.ExtremesState,
    states.TotalState,
    states.RepeatsState,
    states.QuantilesState,
    ScoreHistogram,
    JointHistogram,
)
_DECLARED = (
    Expr,
    statistics.Request,
    statistics.Binned,
    *statistics.Scalar.__args__,
    *statistics.Grouped.__args__,
    *(statistics.ScoreSteps, statistics.ScoreHistogram, statistics.JointHistogram),
)


def told(value: Any) -> str:
    """Return a statistic, or anything that it is made of, as text: equal only for what is equal.

    Raises
    ------
    TypeError
        If it holds something that is known in this process only.

    Examples
    --------
    >>> from aiqa.scan.expr import col
    >>> told(statistics.Extremes(col("x")))
    '{"Extremes":[{"Expr":["col",["x"]]}]}'
    """
    return json.dumps(_encoded(value, {kind: kind.__name__ for kind in _DECLARED}), separators=(",", ":"))


def packed(states: Any) -> bytes:
    """Return the states of a statistic as bytes.

    Raises
    ------
    TypeError
        If they are none that can be kept.

    Examples
    --------
    >>> unpacked(packed({(("country", "BR"),): states.ExtremesState(1, 2.5)}))
    {(('country', 'BR'),): ExtremesState(min=1, max=2.5)}
    """
    document = _encoded(states, {kind: kind.__name__ for kind in _STATES})
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), level=1)


def unpacked(packed: bytes) -> Any:
    """Return what :func:`packed` was given.

    Raises
    ------
    DataError
        If it is something else.
    """
    try:
        reader = zlib.decompressobj()
        document = reader.decompress(packed, LARGEST)
        if not reader.eof:
            raise ValueError("it is too large, or cut short")
        return _decoded(json.loads(document))
    except (zlib.error, ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise DataError(f"not the states of a statistic: {error}") from error


def _encoded(value: Any, kinds: dict[type, str]) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple):
        return [_encoded(item, kinds) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_encoded(part, kinds) for part in pair] for pair in value.items()]}
    if is_dataclass(value) and type(value) in kinds:
        given = (field.name for field in fields(value) if field.init)
        return {kinds[type(value)]: [_encoded(getattr(value, name), kinds) for name in given]}
    for kind, name, write in _WRITTEN:
        if isinstance(value, kind):
            return {name: write(value)}
    raise TypeError(f"a {type(value).__qualname__} is not kept")


def _decoded(document: Any) -> Any:
    if isinstance(document, list):
        return tuple(map(_decoded, document))
    if not isinstance(document, dict):
        return document
    [(name, content)] = document.items()
    if name == "dict":
        return {_decoded(key): _decoded(value) for key, value in content}
    if name in _READ:
        return _READ[name](content)
    return _STATES_BY_NAME[name](*map(_decoded, content))


def _zoned(value: dt.datetime) -> list[str | int | None]:
    """Write a moment with the name of its zone, which its offset does not tell."""
    zone = None if value.tzinfo is None else str(value.tzinfo)
    return [value.replace(tzinfo=None).isoformat(), zone, value.fold]


def _moment(content: list[Any]) -> dt.datetime:
    text, zone, fold = content
    zoned = None if zone is None else ZoneInfo(zone)
    return dt.datetime.fromisoformat(text).replace(tzinfo=zoned, fold=fold)


def _array(value: np.ndarray[Any, Any]) -> list[Any]:
    return [value.dtype.str, list(value.shape), base64.b64encode(value.tobytes()).decode()]


def _from_array(content: list[Any]) -> np.ndarray[Any, Any]:
    dtype, shape, data = content
    if np.dtype(dtype).hasobject:
        raise ValueError("an array of objects")
    return np.frombuffer(base64.b64decode(data), dtype=dtype).reshape(shape)


_WRITTEN: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (dt.datetime, "moment", _zoned),
    (dt.date, "date", dt.date.isoformat),
    (dt.time, "time", lambda value: [value.isoformat(), value.fold]),
    (dt.timedelta, "duration", lambda value: [value.days, value.seconds, value.microseconds]),
    (Decimal, "decimal", str),
    (Other, "other", lambda _: None),
    (bytes, "bytes", lambda value: base64.b64encode(value).decode()),
    (np.ndarray, "array", _array),
)
_READ: dict[str, Callable[[Any], Any]] = {
    # One object for every NaN, so that it can be found in a dict.
    "float": lambda text: math.nan if text == "nan" else float(text),
    "moment": _moment,
    "date": dt.date.fromisoformat,
    "time": lambda parts: dt.time.fromisoformat(parts[0]).replace(fold=parts[1]),
    "duration": lambda parts: dt.timedelta(*parts),
    "decimal": Decimal,
    "other": lambda _: OTHER,
    "bytes": base64.b64decode,
    "array": _from_array,
}
_STATES_BY_NAME: dict[str, type] = {kind.__name__: kind for kind in _STATES}
