"""The cells of truth and answers of a slice: what to ask of the data, and how to read the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.question import Question, States
from aiqa.metrics.table import TRUTH, ModelColumns
from aiqa.scan.expr import Expr, col
from aiqa.scan.states import CountState
from aiqa.scan.statistics import Counts, Rows, Statistic
from aiqa.stats.cells import Cells
from aiqa.stats.contingency import Codes

Arrays = dict[str, NDArray[Any]]


def cells_statistics(question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
    """Ask for the cells of one model or of both; where rows belong together, for the rows."""
    models = question.models(versus_champion=versus_champion)
    if question.cluster is None:
        return (Counts((col(TRUTH), *(_said(question, model) for model in models)), question.weight),)
    return (answers_statistic(question, models),)


def answers_statistic(question: Question, models: Sequence[ModelColumns], *extra: str) -> Rows:
    """Ask for the truth and the answers of all rows, with weights, clusters and further columns."""
    own = [name for name in (question.cluster, question.weight) if name]
    return Rows(tuple(dict.fromkeys([TRUTH, *own, *(_column(question, model) for model in models), *extra])))


def answers_of(question: Question, arrays: Arrays, models: Sequence[ModelColumns]) -> list[Codes]:
    """Return what each model answered, from the rows that :func:`answers_statistic` asked for."""
    answers, threshold = [arrays[_column(question, model)] for model in models], _threshold(question)
    return answers if threshold is None else [(score >= threshold).astype(np.int64) for score in answers]


def cells_of(question: Question, states: States, *, versus_champion: bool) -> Cells:
    """Read the cells that :func:`cells_statistics` asked for; those without weight tell nothing.

    Raises
    ------
    MetricError
        If no cell has weight.
    """
    if question.cluster is None:
        return _counted(states[0], len(question.table.classes))
    return _gathered(question, states[0], question.models(versus_champion=versus_champion))


def _threshold(question: Question) -> float | None:
    threshold = question.point.get("threshold")
    return None if threshold is None else float(threshold)


def _said(question: Question, model: ModelColumns) -> Expr:
    threshold = _threshold(question)
    return col(_column(question, model)) if threshold is None else col(model.score[0]) >= threshold


def _column(question: Question, model: ModelColumns) -> str:
    return model.prediction or "" if _threshold(question) is None else model.score[0]


def _counted(state: dict[tuple[Any, ...], CountState], classes: int) -> Cells:
    occupied = {key: count for key, count in state.items() if count.w > 0}
    if not occupied:
        raise MetricError("all weights are zero")
    keys = np.array([[int(part) for part in key] for key in occupied], dtype=np.int64)
    counts = occupied.values()
    return Cells(
        keys[:, 0],
        tuple(keys[:, 1:].T),
        np.array([count.n for count in counts], dtype=np.int64),
        np.array([count.w for count in counts]),
        np.array([count.w2 for count in counts]),
        classes,
    )


def _gathered(question: Question, arrays: Arrays, models: Sequence[ModelColumns]) -> Cells:
    """Count the rows of each cluster and cell."""
    size, said = len(question.table.classes), answers_of(question, arrays, models)
    weight = arrays[question.weight] if question.weight else np.ones(len(arrays[TRUTH]))
    code = arrays[question.cluster or ""]
    for part in (arrays[TRUTH], *said):
        code = code * size + part
    codes, place = np.unique(code[weight > 0], return_inverse=True)
    if not len(codes):
        raise MetricError("all weights are zero")
    counted = weight[weight > 0]
    cluster, truth, *parts = _apart(codes, size, 1 + len(said))
    return Cells(
        truth,
        tuple(parts),
        np.bincount(place),
        np.bincount(place, weights=counted).astype(float),
        np.bincount(place, weights=counted**2).astype(float),
        size,
        cluster,
    )


def _apart(codes: Codes, size: int, parts: int) -> list[Codes]:
    """Take mixed codes apart again, the first part last."""
    found: list[Codes] = []
    for _ in range(parts):
        codes, part = np.divmod(codes, size)
        found.append(part)
    return [codes, *reversed(found)]
