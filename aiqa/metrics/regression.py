"""Metrics of a regression: means of errors, R², MASE, quantiles of the absolute errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.functional import FunctionalFamily
from aiqa.metrics.losses import FROM_MOMENTS, MeanLoss
from aiqa.metrics.question import REGRESSION, Comparisons, Family, Parts, Question, Spec, States, compared
from aiqa.metrics.rows import Columns, columns_of, rows_statistic
from aiqa.metrics.table import TRUTH, ModelColumns
from aiqa.scan.expr import Expr, call, col, when
from aiqa.scan.states import MomentsState
from aiqa.scan.statistics import Moments, Request, Statistic
from aiqa.stats.functional import Functional, function_of, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.quantiles import (
    clustered_quantile,
    quantile,
    quantile_difference,
    quantile_functional,
    weighted_quantile,
)
from aiqa.stats.skewed import Influences, infer_influences

Floats = NDArray[np.float64]
POSITIVE = (0.0, math.inf)
REAL = (-math.inf, math.inf)
_SMALLEST = float(np.finfo(np.float64).eps)


# Means of a loss of each row.


def _error(model: ModelColumns) -> Expr:
    return col(model.prediction or "") - col(TRUTH)


def _relative(_: Question, model: ModelColumns) -> Expr:
    return abs(_error(model)) / abs(col(TRUTH))


def _symmetric(_: Question, model: ModelColumns) -> Expr:
    size = abs(col(TRUTH)) + abs(col(model.prediction or ""))
    return call("if", size.eq(0.0), 0.0, 2 * abs(_error(model)) / size)


def _pinball(question: Question, model: ModelColumns) -> Expr:
    share, error = _share(question, 0.5), _error(model)
    return call("greatest", error * (1 - share), error * -share)


def _share(question: Question, default: float) -> float:
    share = question.option.get("q", default)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise MetricError(f"{question.name}(q=...) takes a share between 0 and 1, not {share!r}")
    return float(share)


def _mean(loss: Callable[[Question, ModelColumns], Expr], domain: tuple[float, float], **told: Any) -> Family:
    return MeanLoss(loss, lambda _: domain, **told)


_NO_TRUTH = (
    abs(col(TRUTH)) < _SMALLEST,
    "the truth is 0, and no error is a share of that; smape, mase and mae take such rows",
)
_MEANS: dict[str, Family] = {
    "mae": _mean(lambda _, model: abs(_error(model)), POSITIVE),
    "mse": _mean(lambda _, model: _error(model) * _error(model), POSITIVE),
    "rmse": _mean(lambda _, model: _error(model) * _error(model), POSITIVE, root=True),
    "mape": _mean(_relative, POSITIVE, undefined=_NO_TRUTH),
    "smape": _mean(_symmetric, (0.0, 2.0)),
    "mean_error": _mean(lambda _, model: _error(model), REAL, directed=False),
    "pinball": _mean(_pinball, POSITIVE),
}


# Functions of several means.


def _r2(question: Question, columns: Columns, model: int) -> Functional:
    """Return 1 - mean squared error / variance of the truth."""
    weight, squares = columns.weights, (columns.truth - columns.predictions[model]) ** 2
    seen = columns.truth[weight > 0]
    if seen.min() == seen.max():
        raise MetricError(f"{question.name} is not defined: the truth is the same in all rows")
    truth = columns.truth - np.average(columns.truth, weights=weight)

    def parts(weights: Floats) -> tuple[float, float, Floats]:
        total = float(weights.sum())
        apart = (truth - weights @ truth / total) ** 2
        return float(weights @ squares) / total, float(weights @ apart) / total, apart

    def value(weights: Floats) -> float:
        error, variance, _ = parts(weights)
        return 1 - error / variance if variance > 0 else math.nan

    def influence(weights: Floats) -> Floats:
        error, variance, apart = parts(weights)
        moved: Floats = weights / weights.sum() * (error * apart / variance - squares) / variance
        return moved

    return Functional(weight, value, influence, len(truth), (-math.inf, 1.0))


_R2_ROWS = FunctionalFamily(_r2, higher_is_better=True)


class RSquared:
    """The family; see :class:`~aiqa.metrics.question.Family`.

    A function of the weights of rows; of rows that are elsewhere the same from moments, in two passes: those
    of truth and squared errors, and those of what each row contributes, which take the first.
    """

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        if not _from_moments(question):
            return _R2_ROWS.statistics(question, versus_champion=versus_champion)
        weight, models = question.weight, question.models(versus_champion=versus_champion)
        squares = [_error(model) * _error(model) for model in models]
        lost = squares[0] - squares[1] if versus_champion else squares[0]
        truth = Moments(col(TRUTH) if weight is None else when(col(weight) > 0, col(TRUTH)), weight)
        error = Moments(lost, weight)
        mean, spread, size = (call("answer", Request(truth), name) for name in ("mean", "m2", "w"))
        centred = col(TRUTH) - mean
        # What a row contributes, times the squared variance: nothing is divided by what may be 0.
        own = centred * centred * call("answer", Request(error), "mean") - lost * (spread / size)
        heavy = own if weight is None else own * col(weight)
        tilts = (Moments(heavy * part, weight) for part in (lost, centred, centred * centred))
        return (
            truth,
            error,
            *(Moments(of, weight) for of in squares),
            Moments(own, weight, 4),
            Moments(heavy, weight),
            *tilts,
        )

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        if not _from_moments(question):
            return _R2_ROWS.infer(question, states, seed)
        return {(): _r2_of_moments(question, states, 1.0)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        if not _from_moments(question):
            return _R2_ROWS.compare(question, states, seed)
        truth, error, first, second, *rest = states
        gain = _r2_of_moments(question, (truth, error, first, *rest), 0.0)
        challenger, champion = (1 - of.mean / _variance(question, truth) for of in (first, second))
        return {(): compared(gain, challenger, champion)}


def _from_moments(question: Question) -> bool:
    alone = question.cluster is None and not question.metric.slices
    return question.table.adds_up and alone and question.method in FROM_MOMENTS


def _variance(question: Question, truth: MomentsState) -> float:
    if truth.n == 0 or truth.min == truth.max:
        raise MetricError(f"{question.name} is not defined: the truth is the same in all rows")
    return truth.m2 / truth.w


def _r2_of_moments(question: Question, states: States, best: float) -> Inference:
    """Infer `best` minus mean loss / variance of the truth, where rows contribute as the moments say."""
    truth, error, _, own, *tilted = states
    variance, weight = _variance(question, truth), truth.w
    unit = weight * variance**2
    second = own.spread2 / unit**2
    moments = second, own.cubes[3] / unit**3, own.fourths[4] / unit**4
    sums: list[float] = [of.mean * weight for of in tilted]

    def at(errors: float) -> float:
        """Return the value where rows count more by so many standard errors along their influences."""
        tilt = errors / (unit * math.sqrt(second)) if second > 0 else 0.0
        wholes: tuple[float, ...] = (weight, error.mean * weight, 0.0, truth.m2)
        moved = [whole + tilt * part for whole, part in zip(wholes, sums, strict=True)]
        total, lost, first, squares = moved
        return best - lost / total / (squares / total - (first / total) ** 2)

    value = best - error.mean / variance
    of = Influences(value, weight**2 / truth.w2, *moments, displaced=(at(-0.5), at(0.5)))
    domain = (-math.inf, best if best > 0 else math.inf)
    return infer_influences(of, error.n, method="t" if question.method == "t" else None, domain=domain)


def _mase(question: Question, columns: Columns, model: int) -> Functional:
    """Return the mean absolute error in units of that of the naive forecast (Hyndman & Koehler, 2006)."""
    naive, known = _naive_errors(question, columns)
    errors = np.abs(columns.truth - columns.predictions[model])
    scaled, rows, own = (mean_of(part, columns.weight) for part in (naive, known, errors))
    if not scaled.value(scaled.weight) > 0:
        raise MetricError("mase is not defined: the naive forecast has no error in rows with weight")
    return function_of(
        lambda error, naive, share: error * share / naive if naive > 0 else math.nan,
        (own, scaled, rows),
        lambda error, naive, share: (share / naive, -error * share / naive / naive, error / naive),
        domain=POSITIVE,
    )


def _naive_errors(question: Question, columns: Columns) -> tuple[Floats, Floats]:
    """Return how far each truth is from that one period before, and which rows have one before."""
    period = question.option.get("period", 1)
    if isinstance(period, bool) or not isinstance(period, int) or period < 1:
        raise MetricError(f"mase(period=...) takes a number of rows, from 1 up, not {period!r}")
    order = _in_time(question, columns)
    if len(order) <= period:
        raise MetricError(f"mase needs more rows than its period of {period}, and there are {len(order)}")
    naive, known = np.zeros(len(order)), np.zeros(len(order))
    naive[order[period:]] = np.abs(columns.truth[order[period:]] - columns.truth[order[:-period]])
    known[order[period:]] = 1.0
    return naive, known


def _in_time(question: Question, columns: Columns) -> NDArray[np.intp]:
    time = question.table.time
    if time is None:
        return np.arange(len(columns.truth))
    when = pl.Series(columns.extra[time])
    missing = when.is_null() | (when.is_nan() if when.dtype.is_float() else False)
    if missing.any():
        raise MetricError("mase needs the time of every row", column=time)
    return np.argsort(when.rank("dense").to_numpy(), kind="stable")


def _time(question: Question) -> tuple[str, ...]:
    return () if question.table.time is None else (question.table.time,)


# Quantiles of the absolute errors.


class AbsoluteErrorQuantile:
    """The family; see :class:`~aiqa.metrics.question.Family`.

    By order statistics, or by Woodruff's method with weights or clusters; of two models from the bounds of
    both; by any other method as a functional.

    Parameters
    ----------
    default : float
        The share where ``q=`` is not given.
    """

    def __init__(self, default: float) -> None:
        self._default = default
        self._family = FunctionalFamily(self._prepare, higher_is_better=False)

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        _share(question, self._default)
        return rows_statistic(question, versus_champion=versus_champion)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        if question.method is not None:
            return self._family.infer(question, states, seed)
        columns, share = columns_of(question, states, versus_champion=False), _share(question, self._default)
        errors = _absolute(columns, 0)
        value = weighted_quantile(errors, columns.weight, share)
        if columns.cluster is None:
            return {(): quantile(value, errors, columns.weight, share, floor=0.0)}
        return {(): clustered_quantile(value, errors, columns.weight, share, columns.cluster, floor=0.0)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        if question.method is not None:
            return self._family.compare(question, states, seed)
        columns, share = columns_of(question, states, versus_champion=True), _share(question, self._default)
        errors = [_absolute(columns, model) for model in (0, 1)]
        values = [weighted_quantile(of, columns.weight, share) for of in errors]
        gain = quantile_difference(errors[1], errors[0], columns.weight, share, columns.cluster, floor=0.0)
        return {(): compared(gain, *values)}

    def _prepare(self, question: Question, columns: Columns, model: int) -> Functional:
        share = _share(question, self._default)
        return quantile_functional(_absolute(columns, model), columns.weight, share, floor=0.0)


def _absolute(columns: Columns, model: int) -> Floats:
    errors: Floats = np.abs(columns.truth - columns.predictions[model])
    return errors


_OTHERS: dict[str, Family] = {
    "r2": RSquared(),
    "mase": FunctionalFamily(_mase, higher_is_better=False, also=_time),
    "median_absolute_error": AbsoluteErrorQuantile(0.5),
    "absolute_error_quantile": AbsoluteErrorQuantile(0.9),
}
SPECS = {
    name: Spec(
        REGRESSION,
        "prediction",
        higher_is_better=name == "r2",
        family=family,
        methods=("wilcoxon",) if name in _MEANS and name not in ("rmse", "mean_error") else (),
    )
    for name, family in {**_MEANS, **_OTHERS}.items()
}
