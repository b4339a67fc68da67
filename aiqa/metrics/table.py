"""The scored table: truth, predictions, scores and weights of the same rows, checked once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.source import PERIODS, Dataset, Files, Model
from aiqa.errors import DataError, MetricError, nearest
from aiqa.metrics.labels import classes_of, codes_of, series_of
from aiqa.metrics.multilabel import long_form, told_by_row
from aiqa.scan.predictions import Predictions
from aiqa.scan.slices import slices_of

TRUTH, WEIGHT, CLUSTER = "aiqa:truth", "aiqa:weight", "aiqa:cluster"
SUM_TOLERANCE = 1e-3
_WILD = set("*?[")
LARGE = 1e70
"""Values beyond this have fourth powers that a float cannot hold."""
HEAVY = 1e70
"""Weights beyond this (or below its inverse) have fourth powers that a float cannot hold."""
APART = 1e9
"""Weights that differ more than this are lost in sums with each other."""
EXTREME = f"the weight is not 0 and not between {1 / HEAVY:g} and {HEAVY:g}: rescale the weights"
TOO_LIGHT = f"the weight is less than 1 / {APART:g} of the largest: sums of both would lose it"


@dataclass(frozen=True, slots=True)
class Called:
    """What messages call one model's answers.

    Parameters
    ----------
    prediction, score : str
    labels_only : str
        What to say where a score is needed and there is none.
    """

    prediction: str
    score: str
    labels_only: str

    @classmethod
    def of(cls, role: str) -> Called:
        """Return what they are called for the challenger or the champion."""
        return cls(f"the {role}'s prediction", f"the {role}'s score", f"the {role} gives labels only")


ARRAYS = Called("y_pred", "y_score", "y_score= is not given")


@dataclass(frozen=True, slots=True)
class ModelColumns:
    """The columns that hold one model's answers.

    Parameters
    ----------
    called : Called
    prediction : str or None
        Class codes (positions in ``ScoredTable.classes``), or values of a regression.
    score : tuple of str
        None, one (binary: of the positive class) or one a class.
    own, squares : str or None
        The probability of the true class, and (multi-class) the sum of the squared probabilities.
    improbable : MetricError or None
        Why the scores are no probabilities, where they are none.
    second : str or None
        Multi-class: the probability of the second likeliest class.
    """

    called: Called
    prediction: str | None
    score: tuple[str, ...] = ()
    own: str | None = None
    squares: str | None = None
    improbable: MetricError | None = None
    second: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredTable:
    """What metrics are computed from; built by :func:`scored_table`.

    Parameters
    ----------
    frame : polars.LazyFrame or DataFrame of Spark
        The data set's own columns, for slices, and those named here.
    rows : int
    task : {"binary", "multiclass", "regression"}
    classes : tuple
        The labels by code; binary: (negative, positive); empty for a regression.
    threshold : float
        From which score on a binary model says positive.
    weight : str or None
        The column of weights.
    time : str or None
        The data set's time column.
    cluster : str or None
        The column of whole numbers that says which rows belong together.
    labels : tuple of str
        The labels of a multi-label task, whose long table this is; see :mod:`aiqa.metrics.multilabel`.
    challenger, champion : ModelColumns
    fetch_rows : int or None
        Where the rows are elsewhere: up to how many their columns may be fetched. None: they are here.
    """

    frame: Any
    rows: int
    task: str
    classes: tuple[Any, ...]
    threshold: float
    weight: str | None
    time: str | None
    challenger: ModelColumns
    champion: ModelColumns | None = None
    cluster: str | None = None
    labels: tuple[str, ...] = ()
    fetch_rows: int | None = None
    cuts: dict[Any, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Of histograms of scores, by column: chosen once, so that all that is counted adds up."""

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        known: list[str] = nw.from_native(self.frame).collect_schema().names()
        return known

    @property
    def far(self) -> bool:
        """Whether rows stay where they are, and only what adds up over them is known."""
        return self.fetch_rows is not None and self.rows > self.fetch_rows


def scored_table(
    frame: Any,
    model: Model,
    dataset: Dataset,
    challenger: Predictions,
    champion: Predictions | None = None,
    called: Called | None = None,
) -> ScoredTable:
    """Put truth and answers next to each other and check them.

    Binary predictions are the model's own labels; where it gives none, or `model` declares a threshold
    other than 0.5, they are ``score >= threshold``. Multi-class predictions are the model's own labels or
    the class of the largest score. The classes are those that `model` declares, otherwise those that
    the challenger knows, otherwise the labels in the data.

    Parameters
    ----------
    frame : polars or narwhals frame, eager or lazy
        The data set, with at least its label (and weight) column.
    model : Model
        Says the task, and where declared the classes, the positive one and the threshold.
    dataset : Dataset
        Says which columns are label, weight and time.
    challenger, champion : Predictions
        In the order of the rows of `frame`.
    called : Called, optional
        What messages call the challenger's answers, where it is not known as the challenger.

    Raises
    ------
    DataError
        No label declared, a missing column, no rows, null or non-finite labels, labels that are not among
        the classes, weights that are null, negative, infinite, beyond 1e70, too far apart or all zero.
    MetricError
        ModelColumns of the wrong length or shape, null or non-finite, or not among the classes.

    Examples
    --------
    >>> import aiqa
    >>> table = scored_table(
    ...     pl.DataFrame({"y": [0, 1]}),
    ...     aiqa.model("m", aiqa.column(score="p"), task="binary"),
    ...     aiqa.dataset("d", "d.csv", label="y"),
    ...     Predictions(score=np.array([0.2, 0.7])),
    ... )
    >>> table.frame.select("aiqa:truth", "aiqa:prediction").collect().rows()
    [(0, 0), (1, 1)]
    """
    lazy = _lazy(frame)
    refuse_own_names(lazy.collect_schema())
    if model.task != "multilabel":
        return _scored_table(lazy, model, dataset, challenger, champion, called)
    with named(dataset):
        long = long_form(lazy, model, dataset, challenger, champion)
    with told_by_row(long.rows):
        table = _scored_table(long.frame, long.model, long.dataset, long.challenger, long.champion, called)
    return replace(table, labels=dataset.labels)


def refuse_own_names(names: Iterable[str]) -> None:
    """Refuse columns that are called as aiqa calls its own.

    Raises
    ------
    DataError
        If there is one.
    """
    taken = [name for name in names if name.startswith("aiqa:")]
    if taken:
        raise DataError("names of columns that begin with 'aiqa:' are aiqa's own: rename it", column=taken[0])


def _scored_table(
    lazy: pl.LazyFrame,
    model: Model,
    dataset: Dataset,
    challenger: Predictions,
    champion: Predictions | None,
    called: Called | None,
) -> ScoredTable:
    schema = lazy.collect_schema()
    with named(dataset):
        label, weight = _own_columns(lazy, schema, dataset)
        classes = classes_of(model, label, challenger)
        columns = {TRUTH: _truth(label, classes)}
        if weight is not None:
            columns[WEIGHT] = _weights(weight)
    builder = _Builder(model, classes, columns)
    answers = builder.add(called or Called.of("challenger"), "aiqa:", challenger)
    old = Called.of("champion")
    other = None if champion is None else builder.add(old, "aiqa:champion:", champion)
    return ScoredTable(
        _joined(lazy, schema, dataset, columns, builder.derived),
        len(label),
        model.task,
        classes,
        model.threshold,
        WEIGHT if dataset.weight is not None else None,
        dataset.time,
        answers,
        other,
        None if dataset.cluster is None else CLUSTER,
    )


def _lazy(frame: Any) -> pl.LazyFrame:
    native = nw.to_native(frame, pass_through=True)
    if isinstance(native, (pl.DataFrame, pl.LazyFrame)):
        return native.lazy()
    raise DataError(f"a scored table is made from a Polars frame, not from a {type(native).__qualname__}")


@contextmanager
def named(dataset: Dataset) -> Iterator[None]:
    """Say in which data set something is wrong; arrays have no name, and their columns have."""
    try:
        yield
    except MetricError:
        raise
    except DataError as error:
        if not dataset.name:
            raise
        message = f"data set {dataset.name!r}: {error.args[0]}"
        raise DataError(message, file=_file(dataset), column=error.column, row=error.row) from None


def _file(dataset: Dataset) -> str | None:
    source = dataset.source
    return source.pattern if isinstance(source, Files) and not _WILD & set(source.pattern) else None


def _own_columns(
    lazy: pl.LazyFrame, schema: pl.Schema, dataset: Dataset
) -> tuple[pl.Series, pl.Series | None]:
    label = dataset.label
    if label is None:
        raise DataError("metrics need the truth: declare label=")
    if not isinstance(label, str):
        raise DataError("several labels are those of a model with task='multilabel'")
    names = [label] if dataset.weight is None else [label, dataset.weight]
    for name in (*names, *([dataset.time] if dataset.time else [])):
        if name not in schema:
            raise DataError(f"no column {name!r}{nearest(name, schema)}", column=name)
    own = lazy.select(list(dict.fromkeys(names))).collect()
    if own.is_empty():
        raise DataError("there are no rows")
    return own[label], None if dataset.weight is None else own[dataset.weight]


def _joined(
    lazy: pl.LazyFrame,
    schema: pl.Schema,
    dataset: Dataset,
    columns: dict[str, NDArray[Any]],
    derived: dict[str, pl.Expr],
) -> pl.LazyFrame:
    time = dataset.time
    dated = time is not None and schema[time] in (pl.Date, pl.Datetime)
    periods = {
        f"aiqa:{period}": pl.col(time).dt.truncate(every)
        for period, every in PERIODS.items()
        if dated and time
    }
    clusters = _clusters(lazy, schema, dataset, periods)
    own = pl.DataFrame({**columns, **clusters}).lazy().with_columns(**derived)
    return pl.concat([lazy.with_columns(**periods), own], how="horizontal")


def _clusters(
    lazy: pl.LazyFrame, schema: pl.Schema, dataset: Dataset, periods: dict[str, pl.Expr]
) -> dict[str, pl.Series]:
    """Number the clusters, so that all that follows can count them."""
    name = dataset.cluster
    if name is None:
        return {}
    if name in PERIODS and name not in schema:
        if not periods:
            why = "declare time=" if dataset.time is None else f"column {dataset.time!r} holds no dates"
            raise DataError(f"cluster={name!r} takes blocks of time: {why}", column=dataset.time)
        expr = periods[f"aiqa:{name}"]
    elif name in schema:
        expr = pl.col(name)
    else:
        raise DataError(f"no column {name!r}{nearest(name, schema)}", column=name)
    values = lazy.select(expr.alias(name)).collect()
    column = values[name]
    missing = column.is_null() | (column.is_nan() if column.dtype.is_float() else False)
    if missing.any():
        raise DataError("the cluster is missing", column=name, row=missing.arg_max())
    return {CLUSTER: pl.Series(slices_of(values, [name]).codes)}


def _truth(label: pl.Series, classes: tuple[Any, ...]) -> NDArray[Any]:
    if classes:
        return codes_of(label, classes, f"column {label.name!r}", DataError, column=label.name)
    if not label.dtype.is_numeric():
        raise DataError(f"a regression needs numbers as truth, not {label.dtype}", column=label.name)
    return _finite(label.cast(pl.Float64), "the truth", DataError, column=label.name)


def _weights(weight: pl.Series) -> NDArray[Any]:
    if not weight.dtype.is_numeric():
        raise DataError(f"weights must be numbers, not {weight.dtype}", column=weight.name)
    values = _finite(weight.cast(pl.Float64), "the weight", DataError, limit=math.inf, column=weight.name)
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        raise DataError("the weight is negative", column=weight.name, row=row)
    extreme = (values > 0) & ((values < 1 / HEAVY) | (values > HEAVY))
    if extreme.any():
        raise DataError(EXTREME, column=weight.name, row=int(np.argmax(extreme)))
    if values.sum() <= 0:
        raise DataError("all weights are zero", column=weight.name)
    least = values[values > 0].min()
    if values.max() > least * APART:
        raise DataError(TOO_LIGHT, column=weight.name, row=int(np.argmax(values == least)))
    return values


def _finite(
    values: pl.Series, what: str, error: type[DataError], *, limit: float = LARGE, **where: Any
) -> NDArray[Any]:
    bad = values.is_null() | ~(values.is_finite() & (values.abs() <= limit)).fill_null(value=False)
    row = bad.arg_max()
    if bad.any() and row is not None:
        raise unusable(what, values[row], error, row=row, **where)
    return values.to_numpy()


def unusable(what: str, value: float | None, error: type[DataError], **where: Any) -> DataError:
    """Return the error of a value that is missing, not finite or too large."""
    kind = "null" if value is None else "NaN" if math.isnan(value) else "infinite"
    if value is not None and math.isfinite(value):
        kind = f"beyond {LARGE:g}: rescale the values"
    return error(f"{what} is {kind}", **where)


@dataclass(slots=True)
class _Builder:
    """Turns predictions into columns."""

    model: Model
    classes: tuple[Any, ...]
    columns: dict[str, NDArray[Any]]
    derived: dict[str, pl.Expr] = field(default_factory=dict)
    """Columns that are only computed where something needs them."""

    def add(self, called: Called, prefix: str, given: Predictions) -> ModelColumns:
        scores = None if given.score is None or not self.classes else self._scores(called, given)
        name = f"{prefix}prediction"
        prediction = self._prediction(called, given, scores)
        if prediction is not None:
            self.columns[name] = prediction
        elif scores is not None:
            self.derived[name] = (pl.col(f"{prefix}score") >= self.model.threshold).cast(pl.Int64)
        if scores is None:
            return ModelColumns(called, name)
        return self._with_scores(called, prefix, name, scores, given.probabilistic)

    def _with_scores(
        self, called: Called, prefix: str, name: str, scores: NDArray[Any], probabilistic: bool
    ) -> ModelColumns:
        own, squares = f"{prefix}own", f"{prefix}squares"
        improbable = _improbable(called, scores, probabilistic)
        if scores.ndim == 1:
            score = f"{prefix}score"
            self.columns[score] = scores
            self.derived[own] = pl.when(pl.col(TRUTH) == 1).then(pl.col(score)).otherwise(1 - pl.col(score))
            return ModelColumns(called, name, (score,), own, None, improbable)
        truth = self.columns[TRUTH]
        names = tuple(f"{prefix}score:{k}" for k in range(len(self.classes)))
        self.columns |= dict(zip(names, scores.T, strict=True))
        self.columns[own] = scores[np.arange(len(truth)), truth]
        self.columns[squares] = np.einsum("ij,ij->i", scores, scores)
        second = f"{prefix}second"
        self.columns[second] = np.partition(scores, -2, axis=1)[:, -2]
        return ModelColumns(called, name, names, own, squares, improbable, second)

    def _prediction(
        self, called: Called, given: Predictions, scores: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        """Return what the model calls the rows; None where its score says so."""
        by_threshold = scores is not None and scores.ndim == 1 and self.model.threshold != 0.5
        if given.prediction is not None and not by_threshold:
            return self._own_labels(called, _series(given.prediction, called, len(self)))
        if scores is not None:
            return None if scores.ndim == 1 else scores.argmax(1)
        if given.score is not None:
            return self._own_labels(called, _series(given.score, called, len(self)))
        raise MetricError(
            f"there are neither predictions nor scores: {called.prediction} and {called.score} are missing",
            column="prediction",
        )

    def _own_labels(self, called: Called, labels: pl.Series) -> NDArray[Any]:
        what = called.prediction
        if self.classes:
            return codes_of(labels, self.classes, what, MetricError, column="prediction")
        if not labels.dtype.is_numeric():
            raise MetricError(f"{what} must be a number, not {labels.dtype}", column="prediction")
        return _finite(labels.cast(pl.Float64), what, MetricError, column="prediction")

    def _scores(self, called: Called, given: Predictions) -> NDArray[Any]:
        scores = _numbers(given.score, called)
        if len(scores) != len(self):
            raise MetricError(
                f"{called.score} has {len(scores):,} values for {len(self):,} rows", column="score"
            )
        finite = np.isfinite(scores)
        if not finite.all():
            raise MetricError(f"{called.score} is NaN or infinite", column="score", row=_first(~finite))
        return self._in_order(
            called, scores, given.classes or self.model.classes or tuple(sorted(self.classes))
        )

    def _in_order(self, called: Called, scores: NDArray[Any], order: tuple[Any, ...]) -> NDArray[Any]:
        if len(self.classes) == 2 and scores.ndim == 1:
            return scores
        if scores.ndim != 2 or scores.shape[1] != len(order) or set(order) != set(self.classes):
            raise MetricError(
                f"{called.score} has shape {scores.shape} and classes {order!r}, where the classes are "
                f"{self.classes!r}: one column a class is needed",
                column="score",
            )
        ordered: NDArray[Any] = scores[:, [order.index(label) for label in self.classes]]
        return ordered[:, 1] if len(self.classes) == 2 else ordered

    def __len__(self) -> int:
        return len(self.columns[TRUTH])


def _numbers(score: Any, called: Called) -> NDArray[Any]:
    try:
        scores = np.asarray(score, dtype=float)
    except (TypeError, ValueError) as error:
        raise MetricError(f"{called.score} holds no numbers: {error}", column="score") from error
    return scores[:, 0] if scores.ndim == 2 and scores.shape[1] == 1 else scores


def _series(values: Any, called: Called, rows: int) -> pl.Series:
    array = np.asarray(values)
    flat = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if flat.ndim != 1 or len(flat) != rows:
        raise MetricError(
            f"{called.prediction} has shape {array.shape} for {rows:,} rows", column="prediction"
        )
    return series_of(flat)


def _improbable(called: Called, scores: NDArray[Any], probabilistic: bool) -> MetricError | None:
    inside = not scores.size or (scores.min() >= 0 and scores.max() <= 1)
    outside = np.zeros(1, bool) if inside else (scores < 0) | (scores > 1)
    off = np.abs(scores.sum(axis=1) - 1) > SUM_TOLERANCE if scores.ndim == 2 else np.zeros(1, bool)
    rows = [_first(bad) if bad.any() else None for bad in (outside, off)]
    return improbable(called, *rows, probabilistic=probabilistic)


def improbable(
    called: Called, outside: int | None, off: int | None, *, probabilistic: bool
) -> MetricError | None:
    """Return why scores are no probabilities: the first row beyond [0, 1], or that does not sum to 1."""
    if not probabilistic:
        return MetricError(
            f"needs probabilities, and {called.score} can only rank (decision_function)", column="score"
        )
    if outside is not None:
        told = f"needs probabilities, and {called.score} is outside [0, 1]"
        return MetricError(told, column="score", row=outside)
    if off is not None:
        told = f"needs probabilities, and {called.score} does not sum to 1"
        return MetricError(told, column="score", row=off)
    return None


def _first(bad: NDArray[np.bool_]) -> int:
    """Return the first row in which anything is bad."""
    return int(np.argmax(bad.reshape(len(bad), -1).any(axis=1)))
