"""Metrics of the ranks of scores: ROC AUC and average precision, of one class or an average of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from aiqa.metrics.rows import Columns, Floats, columns_of, rows_statistic
from aiqa.scan.statistics import Statistic
from aiqa.stats.auc import auc_difference, roc
from aiqa.stats.average_precision import average_precision
from aiqa.stats.inference import Inference
from aiqa.stats.ranked import (
    Ranked,
    average,
    infer,
    infer_average,
    infer_average_difference,
    infer_difference,
)

_STATISTIC: dict[str, Callable[..., Ranked]] = {"roc_auc": roc, "average_precision": average_precision}


class Ranking:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        if question.option.get("average") == "micro":
            raise MetricError(f"{question.name} has no micro average: use 'macro', 'weighted' or 'each'")
        if "average" not in question.option:
            question.label_code()
        return rows_statistic(question, versus_champion=versus_champion, scores=True)

    def infer(self, question: Question, states: States, seed: int) -> Parts:  # noqa: ARG002 - the family's form
        columns = columns_of(question, states, versus_champion=False)

        def one(code: int) -> Inference:
            return infer(_ranked(question, columns, 0, code))

        kind = question.option.get("average")
        if kind == "each":
            return each_class(question.table.classes, one)
        if kind is None:
            return {(): one(question.label_code())}
        return {(): infer_average(_all(question, columns, 0), _shares(question, columns))}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:  # noqa: ARG002
        columns = columns_of(question, states, versus_champion=True)
        kind = question.option.get("average")
        if kind == "each":
            return each_class(question.table.classes, lambda code: _compare(question, columns, code))
        if kind is None:
            return {(): _compare(question, columns, question.label_code())}
        shares = _shares(question, columns)
        first, second = (average(_all(question, columns, model), shares) for model in (0, 1))
        return {(): compared(infer_average_difference(first, second), first.value, second.value)}


def _against_rest(columns: Columns, model: int, code: int) -> tuple[NDArray[np.bool_], Floats]:
    """Return which rows are of the class, and their scores of being so."""
    scores = columns.scores[model]
    if scores.ndim == 2:
        return columns.truth == code, scores[:, code]
    return columns.truth == code, scores if code == 1 else -scores


def _ranked(question: Question, columns: Columns, model: int, code: int) -> Ranked:
    truth, score = _against_rest(columns, model, code)
    _require_both(question, truth, columns.weight, code)
    return _STATISTIC[question.name](truth, score, columns.weight)


def _require_both(
    question: Question, truth: NDArray[np.bool_], weight: NDArray[Any] | None, code: int
) -> None:
    weights = np.ones(len(truth)) if weight is None else weight
    label = question.table.classes[code]
    for has, kind in ((truth, "no row is"), (~truth, "every row is")):
        if not weights[has].any():
            raise MetricError(f"{question.name} needs rows of both classes: {kind} of class {label!r}")


def _all(question: Question, columns: Columns, model: int) -> list[Ranked]:
    return [_ranked(question, columns, model, code) for code in range(len(question.table.classes))]


def _shares(question: Question, columns: Columns) -> Floats:
    size = len(question.table.classes)
    if question.option["average"] == "macro":
        return np.full(size, 1 / size)
    support = np.bincount(columns.truth, weights=columns.weight, minlength=size).astype(float)
    shares: Floats = support / support.sum()
    return shares


def _compare(question: Question, columns: Columns, code: int) -> Comparison:
    first, second = (_ranked(question, columns, model, code) for model in (0, 1))
    if question.name == "roc_auc":
        truth, score = _against_rest(columns, 0, code)
        gain = auc_difference(truth, score, _against_rest(columns, 1, code)[1], columns.weight)
    else:
        gain = infer_difference(first, second)
    return compared(gain, first.value, second.value)


SPECS = dict.fromkeys(
    ("roc_auc", "average_precision"),
    Spec(CLASSIFICATION, "score", higher_is_better=True, family=Ranking()),
)
