"""Metrics of calibration: do things happen as often as their probabilities say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np

from aiqa.errors import MetricError
from aiqa.metrics.question import (
    CLASSIFICATION,
    Comparison,
    Comparisons,
    Parts,
    Question,
    Spec,
    States,
    compared,
    each_class,
)
from aiqa.metrics.rows import Columns, columns_of, rows_statistic
from aiqa.scan.statistics import SliceKey, Statistic
from aiqa.stats import calibration_error, murphy, recalibration
from aiqa.stats.calibration_maximum import mce
from aiqa.stats.calibration_tests import hosmer_lemeshow, spiegelhalter_z
from aiqa.stats.closeness import closer
from aiqa.stats.functional import Functional, average, difference, infer
from aiqa.stats.inference import Inference, exact
from aiqa.stats.reliability import Forecasts, cautious_difference, forecasts, stacked
from aiqa.stats.skill import brier_skill, infer_skill

Events = Sequence[Forecasts]
T = TypeVar("T")
_HOW = ("method", "replicates", "seed")


_OF_BINS = ("brier_reliability", "brier_resolution", "mce")
_CLUSTERS_A_BIN = 20
"""Fewer clusters than this, on average over bins, say nothing of the parts of the Brier score or of gaps."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity of the forecasts of one event, or of those of several classes together.

    Parameters
    ----------
    infer : callable
        From a list of forecasts, one an event, with the metric's options, ``method=``, ``replicates=`` and
        ``seed=``.
    gain : callable
        From such lists of challenger and champion: by how much the challenger is better.
    distance : callable
        From a value to what models are compared by: how far it is from that of a calibrated model.
    macro : bool
        Whether it has a mean over classes.
    whole : {"top", "all"}, optional
        What several classes are taken as where none is named: the event that the likeliest one comes, or the
        events of all. Otherwise a class must be named.
    """

    infer: Callable[..., Inference]
    gain: Callable[..., Inference]
    distance: Callable[[float], float] = float
    macro: bool = False
    whole: Literal["top", "all"] | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    of: Quantity

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        self._codes(question)
        _check_clip(question)
        for model in question.models(versus_champion=versus_champion):
            if model.improbable is not None:
                problem = model.improbable
                raise MetricError(
                    f"{question.name} {problem.args[0]}", column=problem.column, row=problem.row
                )
        return rows_statistic(question, versus_champion=versus_champion, scores=True)

    def _codes(self, question: Question) -> list[int | None]:
        """Return the classes whose forecasts are taken together; None for the likeliest one's."""
        kind, every = question.option.get("average"), range(len(question.table.classes))
        known = ("macro", "each") if self.of.macro else ("each",)
        if kind is not None and kind not in known:
            raise MetricError(f"{question.name} has no {kind} average: use {' or '.join(map(repr, known))}")
        if kind is not None:
            return list(every)
        if question.binary or "label" in question.option or self.of.whole is None:
            return [question.label_code()]
        return [None] if self.of.whole == "top" else list(every)

    def _by_class(self, question: Question, answer: Callable[[Any], T]) -> dict[SliceKey, T | MetricError]:
        with _rows_of_the_table(question):
            if question.option.get("average") == "each":
                return each_class(question.table.classes, lambda code: answer([code]))
            return {(): answer(self._codes(question))}

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        columns = columns_of(question, states, versus_champion=False)

        def answer(codes: list[int | None]) -> Inference:
            found = self.of.infer(_events(question, columns, 0, codes), **_told(question, seed))
            return _open(found, 0.0) if _has_few_clusters(question, columns) else found

        return self._by_class(question, answer)

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        columns = columns_of(question, states, versus_champion=True)

        def answer(codes: list[int | None]) -> Comparison:
            told = _told(question, seed)
            both = [_events(question, columns, model, codes) for model in (0, 1)]
            gain = self.of.gain(*both, **told)
            gain = _open(gain, -1.0) if _has_few_clusters(question, columns) else gain
            return compared(gain, *(self.of.distance(self.of.infer(of, **told).value) for of in both))

        return self._by_class(question, answer)


def _has_few_clusters(question: Question, columns: Columns) -> bool:
    """Tell whether bins may hold one or two clusters, whose rows are then all alike and show no error."""
    if columns.cluster is None or question.method is not None or question.name not in _OF_BINS:
        return False
    return len(np.unique(columns.cluster)) < _CLUSTERS_A_BIN * int(question.option.get("bins", 10))


def _open(of: Inference, low: float) -> Inference:
    """Return a value of which nothing is known but where it can lie."""
    method = f"{of.method}; too few clusters by bin"
    return replace(of, method=method, lower=lambda _: low, upper=lambda _: 1.0)


def _told(question: Question, seed: int) -> dict[str, Any]:
    options = {k: v for k, v in question.option.items() if k not in ("average", "label", "clip")}
    return {**options, **question.how, "seed": seed}


def _events(question: Question, columns: Columns, model: int, codes: list[int | None]) -> list[Forecasts]:
    return [_event(question, columns, model, code) for code in codes]


def _event(question: Question, columns: Columns, model: int, code: int | None) -> Forecasts:
    """Return the forecasts of a class, or of the likeliest one where none is named."""
    scores = columns.scores[model]
    if code is None:
        came, said = scores.argmax(axis=1) == columns.truth, scores.max(axis=1)
    elif scores.ndim == 1:
        came, said = columns.truth == code, scores if code == 1 else 1 - scores
    else:
        came, said = columns.truth == code, scores[:, code]
    clip = question.option.get("clip")
    if clip is not None:
        said = np.clip(said, clip, 1 - clip)
    return forecasts(came, np.clip(said, 0.0, 1.0), columns.weight, columns.cluster)


def _check_clip(question: Question) -> None:
    clip = question.option.get("clip")
    if clip is not None and not (isinstance(clip, float) and 0 < clip < 0.5):
        raise MetricError(f"{question.name}: clip= is a small probability, as 1e-6, not {clip!r}")


@contextmanager
def _rows_of_the_table(question: Question) -> Iterator[None]:
    """Name no row in a slice: it is counted within it."""
    try:
        yield
    except MetricError as error:
        if question.metric.slices:
            error.row = None
        raise


# The calibration error, of one event or the mean over classes.


def _together(parts: Events) -> Forecasts:
    return parts[0] if len(parts) == 1 else stacked(parts)


def _ece(parts: Events, **told: Any) -> Inference:
    return calibration_error.ece(_together(parts), **told)


def _ece_gain(challenger: Events, champion: Events, **told: Any) -> Inference:
    return calibration_error.ece_gain(_together(challenger), _together(champion), **told)


# Quantities of one event whose bounds are their own.


def _of_one(function: Callable[..., Inference], *, higher_is_better: bool = False, **more: Any) -> Quantity:
    """Return the quantity whose gains are bounded by the bounds of both models."""

    def gain(challenger: Events, champion: Events, **told: Any) -> Inference:
        new, old = (function(parts[0], **told) for parts in (challenger, champion))
        return cautious_difference(new, old) if higher_is_better else cautious_difference(old, new)

    return Quantity(_one(function), gain, **more)


def _uncertainty_gain(challenger: Events, *_: Any, **__: Any) -> Inference:
    return exact(0.0, challenger[0].rows)


# The logistic recalibration: models are compared by how far they are from a calibrated one.


def _recalibrated(
    function: Callable[..., Inference], functional: Callable[[Forecasts], Functional], target: float
) -> Quantity:
    def whole(parts: Events) -> Functional:
        return average([functional(of) for of in parts], [1 / len(parts)] * len(parts))

    def answer(parts: Events, *, method: str | None, **how: Any) -> Inference:
        if len(parts) == 1:
            return function(parts[0], method=method, **how)
        return infer(whole(parts), clusters=parts[0].clusters, method=_generic(method), **how)

    def gain(challenger: Events, champion: Events, *, method: str | None, **how: Any) -> Inference:
        models = whole(challenger), whole(champion)
        return closer(*models, target, clusters=challenger[0].clusters, method=_generic(method), **how)

    return Quantity(answer, gain, lambda value: abs(value - target), macro=True)


def _generic(method: str | None) -> str | None:
    if method == "wald":
        raise MetricError("method 'wald' is for one event of one model: say 'linearised', or none")
    return method


# Tests: known statistics, with no interval.


def _tested(name: str, function: Callable[..., float]) -> Quantity:
    def answer(parts: Events, **told: Any) -> Inference:
        options = {name: value for name, value in told.items() if name not in _HOW}
        if told["method"] is not None:
            raise MetricError(f"{name} is the statistic of a test and has no interval, so no method= either")
        return exact(function(parts[0], **options), parts[0].rows)

    def gain(*_: Any, **__: Any) -> Inference:
        raise MetricError(
            f"{name} is the statistic of a test, which says nothing of which model is better: compare ece, "
            "brier or log_loss"
        )

    return Quantity(answer, gain)


def _largest_z(of: Forecasts) -> float:
    return abs(spiegelhalter_z(of).statistic)


def _chi_square(of: Forecasts, **options: Any) -> float:
    return hosmer_lemeshow(of, **options).statistic


def _spec(quantity: Quantity, methods: tuple[str, ...] = (), *, higher_is_better: bool = False) -> Spec:
    family = Calibration(quantity)
    return Spec(CLASSIFICATION, "score", higher_is_better=higher_is_better, family=family, methods=methods)


def _skill_gain(challenger: Events, champion: Events, *, method: str | None, **how: Any) -> Inference:
    gain = difference(brier_skill(challenger), brier_skill(champion))
    return infer(gain, clusters=challenger[0].clusters, method=method, **how)


def _one(function: Callable[..., Inference]) -> Callable[..., Inference]:
    return lambda parts, **told: function(parts[0], **told)


_SLOPE, _INTERCEPT = (partial(recalibration.coefficient, which=which) for which in (1, 0))
_UNCERTAINTY = Quantity(_one(murphy.brier_uncertainty), _uncertainty_gain)
SPECS = {
    "ece": _spec(Quantity(_ece, _ece_gain, macro=True, whole="top"), calibration_error.METHODS),
    "mce": _spec(_of_one(mce, whole="top")),
    "calibration_slope": _spec(
        _recalibrated(recalibration.calibration_slope, _SLOPE, 1.0), recalibration.METHODS
    ),
    "calibration_intercept": _spec(
        _recalibrated(recalibration.calibration_intercept, _INTERCEPT, 0.0), recalibration.METHODS
    ),
    "calibration_in_the_large": _spec(
        _recalibrated(recalibration.calibration_in_the_large, recalibration.level, 0.0), recalibration.METHODS
    ),
    "spiegelhalter_z": _spec(_tested("spiegelhalter_z", _largest_z)),
    "hosmer_lemeshow": _spec(_tested("hosmer_lemeshow", _chi_square)),
    "brier_reliability": _spec(_of_one(murphy.brier_reliability), murphy.METHODS),
    "brier_resolution": _spec(
        _of_one(murphy.brier_resolution, higher_is_better=True), murphy.METHODS, higher_is_better=True
    ),
    "brier_uncertainty": _spec(_UNCERTAINTY, murphy.METHODS),
    "brier_skill": _spec(Quantity(infer_skill, _skill_gain, whole="all"), higher_is_better=True),
}
