"""Metrics that are means of a loss of each row: log loss, Brier, mean absolute error."""

from __future__ import annotations

import math

import numpy as np

from aiqa.errors import MetricError
from aiqa.metrics.question import (
    CLASSIFICATION,
    REGRESSION,
    Comparisons,
    Parts,
    Question,
    Spec,
    States,
    compared,
)
from aiqa.metrics.table import TRUTH, ModelColumns
from aiqa.scan.expr import Expr, call, col
from aiqa.scan.statistics import Moments, MomentsState, Statistic
from aiqa.stats.inference import Inference
from aiqa.stats.mean import mean

_SMALLEST = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0 and 1 in the log loss, as scikit-learn does."""


class MeanLoss:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        models = question.models(versus_champion=versus_champion)
        terms = [_loss(question, model) for model in models]
        if versus_champion:
            terms.append(terms[1] - terms[0])
        return tuple(Moments(term, question.weight) for term in terms)

    def infer(self, question: Question, states: States, seed: int) -> Parts:  # noqa: ARG002 - the family's form
        return {(): _mean(_weighing(states[0]), (0.0, _largest(question)), "t")}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:  # noqa: ARG002
        challenger, champion, gain = map(_weighing, states)
        largest = _largest(question)
        inference = _mean(gain, (-largest, largest), "paired t")
        return {(): compared(inference, challenger.mean, champion.mean)}


def _loss(question: Question, model: ModelColumns) -> Expr:
    if question.name == "mae":
        return abs(col(model.prediction or "") - col(TRUTH))
    if model.improbable is not None:
        problem = model.improbable
        raise MetricError(f"{question.name} {problem.args[0]}", column=problem.column, row=problem.row)
    own = col(model.own or "")
    if question.name == "log_loss":
        return -call("log", call("clip", own, _SMALLEST, 1 - _SMALLEST))
    if model.squares is None:
        return (1 - own) * (1 - own)
    return col(model.squares) - 2 * own + 1


def _largest(question: Question) -> float:
    if question.name == "brier":
        return 1.0 if question.binary else 2.0
    return -math.log(_SMALLEST) if question.name == "log_loss" else math.inf


def _weighing(state: MomentsState) -> MomentsState:
    if not state.w > 0:
        raise MetricError("all weights are zero")
    return state


def _mean(state: MomentsState, domain: tuple[float, float], method: str) -> Inference:
    return mean(state.mean, state.spread2, state.w, state.w2, state.n, domain=domain, method=method)


SPECS = {
    "log_loss": Spec(CLASSIFICATION, "score", higher_is_better=False, family=MeanLoss()),
    "brier": Spec(CLASSIFICATION, "score", higher_is_better=False, family=MeanLoss()),
    "mae": Spec(REGRESSION, "prediction", higher_is_better=False, family=MeanLoss()),
}
