"""Arrays, or the columns of a frame, as a scored table: what `aiqa.evaluate` and `aiqa.compare` take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.metric import SliceBy, column_of
from aiqa.declare.source import PERIODS, TASKS, Column, Dataset, Frame, Model
from aiqa.declare.values import Live
from aiqa.errors import DataError, DeclarationError, MetricError, nearest
from aiqa.metrics.table import ARRAYS, ScoredTable, scored_table
from aiqa.scan.frames import on_spark, to_polars
from aiqa.scan.predictions import Predictions

By = Mapping[str, Any] | Sequence[SliceBy] | SliceBy | None


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller of a notebook function hands over, as one frame.

    Parameters
    ----------
    frame : polars.DataFrame
        The caller's columns, and one for each role that was given as an array.
    roles : dict
        Which column plays which role: ``y_true``, and where given ``sample_weight``, ``cluster``, ``time``.
    by : tuple of str
        The columns to slice by, or ranges of them.
    named : bool
        Whether there is a frame whose columns can be named.
    labels : tuple of str
        The columns of the truth of a multi-label task.
    """

    frame: pl.DataFrame
    roles: dict[str, str]
    by: tuple[SliceBy, ...]
    named: bool
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Any, by: By, *, y_true: Any = None, classes: Sequence[Any] = (), **roles: Any) -> Given:
        """Put the columns together; see :func:`aiqa.evaluate` for the arguments and the errors."""
        base, named = _base(data), data is not None
        labels, matrix = _labels(y_true, classes, named)
        roles = roles if labels else {"y_true": y_true, **roles}
        given = {role: value for role, value in roles.items() if value is not None}
        columns = {role: value for role, value in given.items() if not _is_name(role, value, named)}
        sliced = _slices(by, columns, named)
        frame = _joined(base, {**columns, **matrix, **(by if isinstance(by, Mapping) else {})})
        names = {role: role if role in columns else value for role, value in given.items()}
        found = cls(frame, names, sliced, named, labels)
        for name in (*names.values(), *labels, *map(column_of, sliced)):
            found.require(name)
        return found

    @property
    def truth(self) -> pl.Series:
        """The truth."""
        return self.frame[self.roles["y_true"]]

    def require(self, name: str) -> None:
        """Refuse a column that is not there; periods of the time column are made later."""
        if name not in self.frame.columns and name not in PERIODS:
            raise DataError(f"no column {name!r}{nearest(name, self.frame.columns)}", column=name)

    def answers(self, value: Any, name: str) -> NDArray[Any] | None:
        """Return predictions or scores: a column, several, or the array that is given itself."""
        if value is None or not self.named:
            return None if value is None else array_of(value, name)
        several = isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value)
        for column in value if several else [value] if isinstance(value, str) else []:
            self.require(column)
        if isinstance(value, str):
            return self.frame[value].to_numpy()
        return self.frame.select(value).to_numpy() if several else array_of(value, name)

    def dataset(self) -> Dataset:
        """Declare the frame as a data set without a name."""
        return Dataset(
            "",
            Frame(Live.of(self.frame)),
            self.labels or self.roles["y_true"],
            self.roles.get("sample_weight"),
            self.roles.get("time"),
            cluster=self.roles.get("cluster"),
        )


def _base(data: Any) -> pl.DataFrame:
    if data is None:
        return pl.DataFrame()
    if isinstance(data, Mapping):
        return _joined(pl.DataFrame(), data)
    if on_spark(data):
        raise DataError(
            "a frame of Spark is not fetched: pass a part of it, as frame.limit(100_000).toArrow(), or gate "
            "on all of it in a check"
        )
    return to_polars(data, "data").collect()


def _labels(y_true: Any, classes: Sequence[Any], named: bool) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the columns of several labels, and those of them that are given as a matrix."""
    if named and isinstance(y_true, (list, tuple)) and all(isinstance(name, str) for name in y_true):
        return tuple(y_true), {}
    # Asking NumPy for the shape of a series of texts would copy all of them.
    shape = getattr(y_true, "shape", None) or np.shape(y_true)
    if isinstance(y_true, str) or len(shape) != 2 or shape[1] < 2:
        return (), {}
    matrix = np.asarray(y_true)
    names = tuple(map(str, classes)) or tuple(f"label {k}" for k in range(matrix.shape[1]))
    if len(names) != matrix.shape[1]:
        raise DataError(
            f"y_true has {matrix.shape[1]} columns, and classes= names {len(names)}", column="y_true"
        )
    return names, dict(zip(names, matrix.T, strict=True))


def _is_name(role: str, value: Any, named: bool) -> bool:
    return isinstance(value, str) and (named or (role == "cluster" and value in PERIODS))


def _slices(by: By, columns: Mapping[str, Any], named: bool) -> tuple[SliceBy, ...]:
    if not isinstance(by, SliceBy | list | tuple | Mapping | None):
        told = "by= names columns of data=, or gives them, as by={'country': country}"
        raise DeclarationError(f"{told}, not a {type(by).__name__}")
    names = (by,) if isinstance(by, SliceBy) else tuple(by or ())
    clash = next((name for name in names if isinstance(by, Mapping) and name in columns), None)
    if clash is not None:
        raise DeclarationError(f"by= cannot have a column named {clash!r}")
    if names and not named and not isinstance(by, Mapping):
        raise DeclarationError("by= names columns, so it needs data=; arrays go as by={'country': country}")
    return names


def _joined(base: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    series = [series_of(name, values) for name, values in columns.items()]
    first = base.get_columns()[0] if base.width else series[0] if series else None
    for one in series:
        if first is not None and len(one) != len(first):
            raise DataError(
                f"{one.name} has {len(one):,} values and {first.name} {len(first):,}", column=one.name
            )
    return base.with_columns(series) if base.width else pl.DataFrame(series)


def series_of(name: str, values: Any) -> pl.Series:
    """Return values as a column.

    Raises
    ------
    DataError
        If they are not of one type, or have several dimensions.
    """
    numbers = isinstance(values, (list, tuple)) and all(isinstance(v, (int, float)) for v in values)
    try:
        series = pl.Series(name, np.array(values) if numbers else values)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{name} is no column of values of one type: {error}", column=name) from error
    if series.dtype.is_nested():
        raise DataError(f"{name} must have one dimension", column=name)
    return series


def array_of(values: Any, name: str) -> NDArray[Any]:
    """Return values as an array.

    Raises
    ------
    MetricError
        If they make none.
    """
    try:
        return np.asarray(values)
    except ValueError as error:
        raise MetricError(f"{name} is no array: {error}", column=name) from error


def plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's own."""
    return value.tolist() if hasattr(value, "tolist") else value


def refuse_models(**answers: Any) -> None:
    """Say what to pass where a model is given in place of its answers."""
    for name, given in answers.items():
        if hasattr(given, "predict"):
            raise MetricError(
                f"{name}= is a model ({type(given).__name__}), not what it answers: pass predictions such as "
                "model.predict(X), or scores such as model.predict_proba(X)[:, 1]"
            )


def table_of(
    given: Given,
    answers: Predictions,
    champion: Predictions | None = None,
    *,
    task: str = "binary",
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
) -> ScoredTable:
    """Return the scored table; see :func:`aiqa.evaluate` for the arguments and the errors.

    Examples
    --------
    >>> table_of(Given.of(None, None, y_true=["no", "yes"]), Predictions(score=np.array([0.1, 0.9]))).classes
    ('no', 'yes')
    """
    if task not in TASKS:
        raise DeclarationError(f"task= must be one of {', '.join(TASKS)}, not {task!r}")
    if not math.isfinite(threshold):
        raise DeclarationError(f"threshold= must be a finite number, not {threshold!r}")
    labels = tuple(map(plain, classes)), plain(positive)
    model = Model("model", Column(), task, None, *labels, float(threshold))
    called = ARRAYS if champion is None else None
    return scored_table(given.frame, model, given.dataset(), answers, champion, called)
