"""The rows of a slice as arrays, for metrics that do not add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.question import Question, States
from aiqa.metrics.table import TRUTH
from aiqa.scan.execute import schema_of
from aiqa.scan.expr import Expr, compile_expr
from aiqa.scan.statistics import Rows, Statistic

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Columns:
    """A slice's rows.

    Parameters
    ----------
    truth : ndarray, shape (n,)
        Class codes, or values of a regression.
    predictions : tuple of ndarray, each (n,)
        One a model, challenger first; as the truth.
    scores : tuple of ndarray of float, each (n,) or (n, classes)
        One a model.
    weight : ndarray of float, shape (n,), or None
    extra : dict
        Further columns by name.
    cluster : ndarray of int, shape (n,), or None
        Which rows belong together.
    """

    truth: NDArray[Any]
    predictions: tuple[NDArray[Any], ...]
    scores: tuple[Floats, ...]
    weight: Floats | None
    extra: dict[str, NDArray[Any]]
    cluster: NDArray[np.int64] | None = None

    def taken(self, rows: NDArray[np.intp]) -> Columns:
        """Return these rows alone."""
        return Columns(
            self.truth[rows],
            tuple(values[rows] for values in self.predictions),
            tuple(values[rows] for values in self.scores),
            None if self.weight is None else self.weight[rows],
            {name: values[rows] for name, values in self.extra.items()},
            None if self.cluster is None else self.cluster[rows],
        )

    @property
    def weights(self) -> Floats:
        """The weights; ones where there are none."""
        return np.ones(len(self.truth)) if self.weight is None else self.weight


def rows_statistic(
    question: Question, *, versus_champion: bool, scores: bool = False, extra: tuple[str, ...] = ()
) -> tuple[Statistic, ...]:
    """Ask for truth, weight, and each model's predictions, or its scores."""
    own = [name for name in (question.weight, question.cluster) if name]
    names = [TRUTH, *own, *extra]
    for model in question.models(versus_champion=versus_champion):
        names += model.score if scores else [model.prediction or ""]
    return (Rows(tuple(dict.fromkeys(names))),)


def columns_of(question: Question, states: States, *, versus_champion: bool) -> Columns:
    """Read the columns that :func:`rows_statistic` asked for; those that it did not stay empty."""
    arrays: dict[str, NDArray[Any]] = states[0]
    models = question.models(versus_champion=versus_champion)
    predictions = tuple(arrays[m.prediction] for m in models if m.prediction in arrays)
    scores = tuple(_scores(arrays, m.score) for m in models if m.score and m.score[0] in arrays)
    weight = arrays[question.weight] if question.weight else None
    if weight is not None and not weight.any():
        raise MetricError("all weights are zero")
    cluster = arrays[question.cluster] if question.cluster else None
    return Columns(arrays[TRUTH], predictions, scores, weight, arrays, cluster)


def values_of(expr: Expr, arrays: Mapping[str, NDArray[Any]]) -> Floats:
    """Return the values of an expression on rows that are there as arrays.

    Examples
    --------
    >>> from aiqa.scan.expr import col
    >>> values_of(abs(col("x") - 1), {"x": np.array([0.5, 3.0])}).tolist()
    [0.5, 2.0]
    """
    frame = pl.DataFrame({name: arrays[name] for name in sorted(expr.columns)})
    compiled = compile_expr(expr, schema_of(frame.lazy()))
    values: Floats = nw.from_native(frame).select(compiled.alias("value"))["value"].to_numpy()
    return values


def _scores(arrays: dict[str, NDArray[Any]], names: tuple[str, ...]) -> Floats:
    return arrays[names[0]] if len(names) == 1 else np.column_stack([arrays[name] for name in names])
