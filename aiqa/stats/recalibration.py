"""Logistic recalibration: slope and intercept of the truth over the logit of the probabilities.

Cox (Biometrika 45, 1958): logit P(event) = intercept + slope · logit p. A calibrated model has slope 1 and
intercept 0; a slope below 1 tells that probabilities are too extreme. Calibration in the large is the
intercept where the slope is held at 1: whether they are right on average (Miller, Hui & Tierney, Statistics
in Medicine 10, 1991). Values are those of ``rms::val.prob`` in R.

Robust errors are those of the quasi-likelihood (Huber, 1967; White, Econometrica 50, 1982): they hold where
the recalibrated model is wrong too, and add up over clusters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aiqa.errors import MetricError
from aiqa.stats.functional import Functional, infer
from aiqa.stats.inference import Inference
from aiqa.stats.linear import Linear
from aiqa.stats.proportions import clopper_pearson_lower, clopper_pearson_upper
from aiqa.stats.reliability import Floats, Forecasts, diagram, reach_of_clusters
from aiqa.stats.skewed import quantile_t
from aiqa.stats.special import ndtri

METHODS = ("wald",)
"""How these can be inferred, beside the methods of every functional."""
_STEPS, _HALVINGS, _TOLERANCE = 100, 40, 1e-11


def calibration_slope(of: Forecasts, *, method: str | None = None, **how: Any) -> Inference:
    """Infer the slope of the logistic recalibration; 1 is calibrated.

    Parameters
    ----------
    of : Forecasts
        All probabilities above 0 and below 1.
    method : str, optional
        Default: t with the larger of the model's standard error and the robust one, whose measured error
        holds where either alone does not. "wald" (the model's error and the normal quantile, as R has it), or
        one of :data:`aiqa.stats.functional.METHODS`, of which "linearised" is the robust one.
    **how
        Of :func:`aiqa.stats.functional.infer`: ``replicates=`` and ``seed=`` of a bootstrap.

    Raises
    ------
    MetricError
        If a probability is 0 or 1, all are equal, or they separate the classes: no slope is finite then.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> said, came = np.repeat([0.2, 0.8], 50), np.array(([1] + [0] * 4) * 10 + ([1] * 4 + [0]) * 10)
    >>> round(calibration_slope(forecasts(came, said)).value, 6)
    1.0
    """
    return _infer(of, 1, method, **how)


def calibration_intercept(of: Forecasts, *, method: str | None = None, **how: Any) -> Inference:
    """Infer the intercept of the logistic recalibration; 0 is calibrated. See :func:`calibration_slope`."""
    return _infer(of, 0, method, **how)


def calibration_in_the_large(of: Forecasts, *, method: str | None = None, **how: Any) -> Inference:
    """Infer what must be added to all logits for the probabilities to be right on average; 0 is calibrated.

    Parameters
    ----------
    of : Forecasts
    method : str, optional
        Default: Clopper and Pearson's bounds of the share of events, of as many rows as its variance about
        the probabilities is worth, each carried over to what gives that share. "wald", or one of
        :data:`aiqa.stats.functional.METHODS`.
    **how
        Of :func:`aiqa.stats.functional.infer`: ``replicates=`` and ``seed=`` of a bootstrap.

    Raises
    ------
    MetricError
        If a probability is 0 or 1, or there are no events, or nothing else.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> came = np.array([1, 0, 0, 0] * 25)
    >>> print(calibration_in_the_large(forecasts(came, np.full(100, 0.5))).estimate())
    -1.0986 [-1.5943, -0.6342], n 100
    """
    if method is None:
        return _exact_level(of)
    if method != "wald":
        return infer(level(of), clusters=of.clusters, method=method, **how)
    value = _level_of_all(of)
    mean = _expit(_logits(of) + value)
    spread = of.weight * mean * (1 - mean)
    return _wald(value, math.sqrt(float(of.weight @ spread)) / float(spread.sum()), of)


def coefficient(of: Forecasts, which: int) -> Functional:
    """Return the intercept (0) or the slope (1) of the recalibration as a function of the rows' weights."""
    logit, whole = _logits(of), _fit_all(of)

    def fit(weight: Floats) -> Floats:
        return whole if weight is of.weight else _fit(logit, of.truth, weight, whole)

    def value(weight: Floats) -> float:
        return float(fit(weight)[which]) if _overlap(logit, of.truth, weight) else math.nan

    def influence(weight: Floats) -> Floats:
        model = _Model.at(logit, weight, fit(weight))
        return np.asarray(weight * (of.truth - model.mean) * model.direction(which))

    return Functional(of.weight, value, influence, of.rows)


def _infer(of: Forecasts, which: int, method: str | None, **how: Any) -> Inference:
    if method not in (None, "wald"):
        return infer(coefficient(of, which), clusters=of.clusters, method=method, **how)
    whole, weight = _fit_all(of), of.weight
    model = _Model.at(_logits(of), weight, whole)
    direction, value = model.direction(which), float(whole[which])
    error = math.sqrt(float((weight**2 * model.spread) @ direction**2))
    if method == "wald":
        return _wald(value, error, of)
    linear = Linear.of_rows(value, weight * (of.truth - model.mean) * direction, weight, of.rows)
    linear = linear if of.clusters is None else linear.clustered(of.clusters, weight)
    df = linear.effective - 1
    robust = math.sqrt(linear.moment(2) * linear.effective / df) if df > 1e-9 else math.inf
    name = "t, the larger of the model's error and the robust one"
    return _symmetric(value, max(error, robust), lambda alpha: quantile_t(alpha, df), of.rows, name)


def _wald(value: float, error: float, of: Forecasts) -> Inference:
    if of.clusters is not None:
        raise MetricError("method 'wald' takes rows as independent; with clusters say 'linearised', or none")
    return _symmetric(value, error, lambda alpha: -ndtri(alpha), of.rows, "wald")


def _symmetric(
    value: float, error: float, reach: Callable[[float], float], rows: int, method: str
) -> Inference:
    def away(alpha: float) -> float:
        return reach(alpha) * error if alpha < 0.5 else 0.0

    return Inference(
        value, rows, method, lambda alpha: value - away(alpha), lambda alpha: value + away(alpha)
    )


def _logits(of: Forecasts) -> Floats:
    certain = (of.probability <= 0) | (of.probability >= 1)
    if certain.any():
        row = int(np.argmax(certain))
        raise MetricError(
            f"a probability of {of.probability[row]:g} has no logit: keep probabilities away from 0 and 1 "
            "with clip=, as in clip=1e-6",
            row=row,
        )
    logit: Floats = np.log(of.probability) - np.log1p(-of.probability)
    return logit


def _fit_all(of: Forecasts) -> Floats:
    """Fit all rows, or say why no fit is finite."""
    logit = _logits(of)
    heavy = of.weight > 0
    seen, truth = logit[heavy], of.truth[heavy]
    if truth.min() == truth.max():
        raise MetricError("the recalibration needs rows of both classes, and there is only one")
    if seen.min() == seen.max():
        raise MetricError("the recalibration needs probabilities that differ, and all are equal")
    if not _overlap(logit, of.truth, of.weight):
        raise MetricError(
            "the probabilities separate the classes perfectly: the slope of the recalibration is infinite"
        )
    return _fit(logit, of.truth, of.weight, np.array([0.0, 1.0]))


def _overlap(logit: Floats, truth: Floats, weight: Floats) -> bool:
    """Tell whether a maximum of the likelihood exists (Albert & Anderson, Biometrika 71, 1984)."""
    came, stayed = logit[(weight > 0) & (truth > 0)], logit[(weight > 0) & (truth <= 0)]
    if not (len(came) and len(stayed)):
        return False
    return bool(came.max() > stayed.min() and stayed.max() > came.min())


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """The recalibrated probabilities, and the inverse of their information."""

    logit: Floats
    mean: Floats
    spread: Floats
    inverse: Floats

    @classmethod
    def at(cls, logit: Floats, weight: Floats, at: Floats) -> _Model:
        mean = _expit(at[0] + at[1] * logit)
        spread = mean * (1 - mean)
        first, cross, second = (float((weight * spread) @ logit**power) for power in (0, 1, 2))
        information = np.array([[first, cross], [cross, second]])
        return cls(logit, mean, spread, np.linalg.pinv(information))

    def direction(self, which: int) -> Floats:
        """Return by how much a coefficient moves with each row's residual."""
        return np.asarray(self.inverse[which, 0] + self.inverse[which, 1] * self.logit)


def _fit(logit: Floats, truth: Floats, weight: Floats, start: Floats) -> Floats:
    """Maximise the likelihood by Newton's method, with steps halved until it rises."""
    at, height = start, _likelihood(logit, truth, weight, start)
    for _ in range(_STEPS):
        model = _Model.at(logit, weight, at)
        residual = weight * (truth - model.mean)
        step = model.inverse @ np.array([residual.sum(), residual @ logit])
        for _ in range(_HALVINGS):
            risen = _likelihood(logit, truth, weight, at + step)
            if risen >= height - 1e-12 * abs(height):
                break
            step = step / 2
        at, height = at + step, risen
        if np.abs(step).max() < _TOLERANCE * (1 + np.abs(at).max()):
            break
    return at


def _likelihood(logit: Floats, truth: Floats, weight: Floats, at: Floats) -> float:
    linear = at[0] + at[1] * logit
    return float(weight @ (truth * linear - np.logaddexp(0.0, linear)))


def _expit(linear: Floats) -> Floats:
    small = np.exp(-np.abs(linear))
    return np.asarray(np.where(linear >= 0, 1.0, small) / (1 + small))


def level(of: Forecasts) -> Functional:
    """Return calibration in the large as a function of the rows' weights."""
    logit, whole = _logits(of), _level_of_all(of)

    def value(weight: Floats) -> float:
        share = float(weight @ of.truth / weight.sum())
        return _level(logit, weight, share, whole) if 0 < share < 1 else math.nan

    def influence(weight: Floats) -> Floats:
        mean = _expit(logit + value(weight))
        return np.asarray(weight * (of.truth - mean) / (weight @ (mean * (1 - mean))))

    return Functional(of.weight, value, influence, of.rows)


def _level_of_all(of: Forecasts) -> float:
    share = float(of.weight @ of.truth / of.weight.sum())
    if not 0 < share < 1:
        raise MetricError("calibration in the large needs rows of both classes, and there is only one")
    return _level(_logits(of), of.weight, share, 0.0)


def _level(logit: Floats, weight: Floats, share: float, start: float) -> float:
    """Return what must be added to the logits for a mean of `share`: Newton's method within a bracket."""
    parts = weight / weight.sum()
    centre = math.log(share / (1 - share))
    low, high = centre - float(logit.max()), centre - float(logit.min())
    at = min(max(start, low), high)
    for _ in range(_STEPS):
        mean = _expit(logit + at)
        excess = float(parts @ mean) - share
        low, high = (low, at) if excess > 0 else (at, high)
        slope = float(parts @ (mean * (1 - mean)))
        moved = at - excess / slope if slope > 0 else math.nan
        moved = moved if low <= moved <= high else (low + high) / 2
        if abs(moved - at) < _TOLERANCE * (1 + abs(at)):
            return moved
        at = moved
    return at


def _exact_level(of: Forecasts) -> Inference:
    """Carry bounds of the share of events over to what gives that share."""
    logit, value = _logits(of), _level_of_all(of)
    drawn = diagram(replace(of, probability=_expit(logit + value)), bins=1)
    share, variance = float(drawn.truth[0]), float(max(drawn.noise[0], drawn.model_noise[0])) ** 2
    unknown = of.clusters is not None and of.units < 2

    def bound(exact: Callable[[float, float, float], float], alpha: float, beyond: float) -> float:
        trials = share * (1 - share) / variance / reach_of_clusters(of, alpha) ** 2
        reached = beyond if unknown else exact(share * trials, trials, alpha)
        if not 0 < reached < 1:
            return math.copysign(math.inf, reached - 0.5)
        return _level(logit, of.weight, reached, value)

    return Inference(
        value,
        of.rows,
        "clopper-pearson of the share of events",
        lambda alpha: min(value, bound(clopper_pearson_lower, alpha, 0.0)),
        lambda alpha: max(value, bound(clopper_pearson_upper, alpha, 1.0)),
    )
