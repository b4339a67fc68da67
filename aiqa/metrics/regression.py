"""Metrics of a regression that need its rows: root mean squared error, R², median absolute error."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.question import REGRESSION, Comparisons, Parts, Question, Spec, States, compared
from aiqa.metrics.rows import Columns, columns_of, rows_statistic
from aiqa.scan.statistics import Statistic
from aiqa.stats.bootstrap import bootstrap_rows, function_of_means
from aiqa.stats.quantile import quantile, weighted_median

Floats = NDArray[np.float64]


class SquaredError:
    """RMSE and R², functions of means; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        return rows_statistic(question, versus_champion=versus_champion)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        columns = columns_of(question, states, versus_champion=False)
        value, domain = _FUNCTIONS[question.name]
        table = _squares(question.name, columns)
        return {(): function_of_means(value, table, columns.weight, seed, domain=domain)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        columns = columns_of(question, states, versus_champion=True)
        value, _ = _FUNCTIONS[question.name]
        sign = 1.0 if question.name == "r2" else -1.0

        def gain(means: Floats) -> Floats:
            return sign * (value(means) - value(means[..., [0, 1, 3]]))

        table = _squares(question.name, columns)
        means = np.average(table, axis=0, weights=columns.weight)
        inference = function_of_means(gain, table, columns.weight, seed)
        return {(): compared(inference, float(value(means)), float(value(means[[0, 1, 3]])))}


def _squares(name: str, columns: Columns) -> Floats:
    """Return the columns whose means decide: the truth about its mean, its square, each squared error."""
    seen = columns.truth if columns.weight is None else columns.truth[columns.weight > 0]
    if name == "r2" and seen.min() == seen.max():
        raise MetricError("r2 is not defined: the truth is the same in all rows")
    truth = columns.truth - np.average(columns.truth, weights=columns.weight)
    return np.column_stack([truth, truth**2, *((columns.truth - p) ** 2 for p in columns.predictions)])


def _rmse(means: Floats) -> Floats:
    root: Floats = np.sqrt(np.maximum(means[..., 2], 0.0))
    return root


def _r2(means: Floats) -> Floats:
    """Return 1 - mean squared error / variance of the truth; NaN where that is 0."""
    variance = means[..., 1] - means[..., 0] ** 2
    share: Floats = 1 - means[..., 2] / np.where(variance > 0, variance, np.nan)
    return share


_FUNCTIONS: dict[str, tuple[Callable[[Floats], Floats], tuple[float, float]]] = {
    "rmse": (_rmse, (0.0, math.inf)),
    "r2": (_r2, (-math.inf, 1.0)),
}


class MedianAbsoluteError:
    """The median of the absolute errors; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        return rows_statistic(question, versus_champion=versus_champion)

    def infer(self, question: Question, states: States, seed: int) -> Parts:  # noqa: ARG002 - the family's form
        columns = columns_of(question, states, versus_champion=False)
        errors = np.abs(columns.truth - columns.predictions[0])
        return {(): quantile(weighted_median(errors, columns.weight), errors, columns.weight, 0.5, floor=0.0)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        columns = columns_of(question, states, versus_champion=True)
        errors = [np.abs(columns.truth - prediction) for prediction in columns.predictions]
        weight = columns.weight
        values = [weighted_median(of, weight) for of in errors]

        def gain(rows: NDArray[np.intp]) -> float:
            weights = None if weight is None else weight[rows]
            if weights is not None and not weights.any():
                return math.nan
            return weighted_median(errors[1][rows], weights) - weighted_median(errors[0][rows], weights)

        inference = bootstrap_rows(gain, values[1] - values[0], len(errors[0]), seed)
        return {(): compared(inference, values[0], values[1])}


SPECS = {
    "rmse": Spec(REGRESSION, "prediction", higher_is_better=False, family=SquaredError()),
    "r2": Spec(REGRESSION, "prediction", higher_is_better=True, family=SquaredError()),
    "median_absolute_error": Spec(
        REGRESSION, "prediction", higher_is_better=False, family=MedianAbsoluteError()
    ),
}
