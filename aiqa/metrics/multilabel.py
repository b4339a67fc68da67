"""Several labels a row: a long table with a row for each row and label, on which every binary metric works.

One label is then a slice, all of them together are rows in clusters (those of one row belong together), and
an average over labels is an average of metrics of the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.metric import Metric, options_of
from aiqa.declare.source import Dataset, Model
from aiqa.declare.values import Pairs
from aiqa.errors import DataError, MetricError, nearest
from aiqa.metrics.labels import codes_of
from aiqa.scan.predictions import Predictions

LABEL, ROW, VALUE = "aiqa:label", "aiqa:row", "aiqa:value"
"""The columns of the long table: which label (by its number), which row, and whether it has the label."""


def kind_and_label(metric: Metric, labels: tuple[str, ...]) -> tuple[str, str | None]:
    """Return how a metric is taken over labels (``each``, ``micro``, ...), or of which one.

    Metrics that have no classes to average over (accuracy, log loss) are of all labels together.

    Raises
    ------
    MetricError
        If neither is said, both are, or there is no such label.
    """
    option = metric.options.as_dict()
    kind, label = option.get("average"), option.get("label")
    if "average" not in options_of(metric.name):
        return "micro", None
    if (kind is None) == (label is None):
        raise MetricError(
            f"{metric!r} of {len(labels)} labels needs label= (one of them) or average= ('macro', 'micro', "
            "'weighted', 'each')"
        )
    if kind is None and label not in labels:
        raise MetricError(f"{metric!r}: there is no such label{nearest(str(label), labels)}")
    return kind or "each", label


def of_one_label(metric: Metric) -> Metric:
    """Return the metric of a binary task."""
    kept = {name: value for name, value in metric.options.items if name not in ("average", "label")}
    return replace(metric, options=Pairs(tuple(kept.items())))


@dataclass(frozen=True, slots=True)
class Long:
    """A multi-label table and its answers as a binary task, one label below the other."""

    frame: pl.LazyFrame
    rows: int
    model: Model
    dataset: Dataset
    challenger: Predictions
    champion: Predictions | None


def long_form(
    lazy: pl.LazyFrame, model: Model, dataset: Dataset, challenger: Predictions, champion: Predictions | None
) -> Long:
    """Turn a multi-label table into a binary one.

    Raises
    ------
    DataError
        If there is no label, or its column holds anything but 0 and 1, or false and true.
    MetricError
        If answers are not of shape (rows, labels).
    """
    if not dataset.labels:
        raise DataError("metrics need the truth: declare label= with a column a label")
    truth = lazy.select(dataset.labels).collect()
    shape = (len(truth), len(dataset.labels))
    return Long(
        _long_frame(lazy, truth),
        len(truth),
        replace(model, task="binary", classes=(0, 1), positive=1),
        replace(dataset, label=VALUE),
        _long_answers(challenger, shape),
        None if champion is None else _long_answers(champion, shape),
    )


def _long_frame(lazy: pl.LazyFrame, truth: pl.DataFrame) -> pl.LazyFrame:
    parts = []
    for code, label in enumerate(truth):
        value = codes_of(label, (0, 1), f"column {label.name!r}", DataError, column=label.name)
        own = pl.DataFrame({VALUE: value}).lazy().with_row_index(ROW).with_columns(pl.lit(code).alias(LABEL))
        parts.append(pl.concat([lazy, own], how="horizontal"))
    return pl.concat(parts)


def _long_answers(answers: Predictions, shape: tuple[int, int]) -> Predictions:
    prediction, score = (_stacked(values, shape) for values in (answers.prediction, answers.score))
    return replace(answers, prediction=prediction, score=score, classes=())


def _stacked(values: NDArray[Any] | None, shape: tuple[int, int]) -> NDArray[Any] | None:
    if values is None:
        return None
    array = np.asarray(values)
    if array.shape != shape:
        raise MetricError(
            f"the answers have shape {array.shape}, where {shape} (rows, labels) is needed",
            column="prediction",
        )
    stacked: NDArray[Any] = array.T.ravel()
    return stacked


@contextmanager
def told_by_row(rows: int) -> Iterator[None]:
    """Count the row of an error from the beginning of its label."""
    try:
        yield
    except DataError as error:
        if error.row is not None:
            error.row %= rows
        raise
