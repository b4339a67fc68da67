"""Metrics of the confusion cells: shares of rows, ratios of classes and their averages, agreement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from aiqa.errors import MetricError
from aiqa.metrics.cells import cells_of, cells_statistics
from aiqa.metrics.definitions import WHOLE, Definition, definition
from aiqa.metrics.functional import FunctionalFamily
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
from aiqa.metrics.rows import Columns
from aiqa.scan.statistics import SliceKey, Statistic
from aiqa.stats.cells import Cells, CellStatistic, Term, contrast
from aiqa.stats.contingency import Floats, Slopes, Table
from aiqa.stats.functional import Functional, infer
from aiqa.stats.gaffke import METHOD as GAFFKE
from aiqa.stats.inference import Inference
from aiqa.stats.paired import PAIRED
from aiqa.stats.proportions import PROPORTIONS

T = TypeVar("T")
EXACT, WALD = "clopper-pearson", "wald"


class Confusion:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        definition(question, 0 if question.option.get("average") == "each" else _code(question))
        return cells_statistics(question, versus_champion=versus_champion)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        cells = cells_of(question, states, versus_champion=False)
        return _parts(
            question, lambda code: infer_definition(question, definition(question, code), cells, seed)
        )

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        cells = cells_of(question, states, versus_champion=True)
        return _parts(question, lambda code: _compare(question, definition(question, code), cells, seed))


def _code(question: Question) -> int | None:
    """Return the class asked about; None for a metric of all of them."""
    return None if question.name in WHOLE or "average" in question.option else question.label_code()


def _parts(question: Question, answer: Callable[[int | None], T]) -> dict[SliceKey, T | MetricError]:
    if question.option.get("average") == "each":
        return each_class(question.table.classes, answer)
    return {(): answer(_code(question))}


def infer_definition(question: Question, made: Definition, cells: Cells, seed: int) -> Inference:
    """Infer a metric from the cells of one model, in the way that the question asks for.

    Raises
    ------
    MetricError
        If it is not defined on these cells, or not to be inferred so.
    """
    made.require(question.name, cells)
    share = made.share if made.share is not None and made.share.exact else None
    method = question.method or (EXACT if share is not None and cells.cluster is None else GAFFKE)
    if method in PROPORTIONS and (share is not None or method != WALD):
        if share is None:
            raise MetricError(f"{method} is of shares of rows, and {question.metric!r} is none")
        return share.infer(cells, weighted=question.weight is not None, method=method)
    if method in PAIRED and method != WALD:
        raise MetricError(f"{method} compares two models on the same rows; {question.metric!r} is of one")
    support, of = made.support(cells)
    return infer_cells(question, CellStatistic(cells, (Term(made.measure),), made.domain, support, of), seed)


def infer_cells(question: Question, statistic: CellStatistic, seed: int) -> Inference:
    """Infer what is no share: by Gaffke's bound, by Wald's, or in the ways of any functional."""
    if question.method in (None, GAFFKE):
        return statistic.infer()
    if question.method == WALD:
        return statistic.wald()
    return infer(statistic.functional(), clusters=statistic.cells.cluster, seed=seed, **question.how)


def _compare(question: Question, made: Definition, cells: Cells, seed: int) -> Comparison:
    made.require(question.name, cells)
    challenger, champion = (made.measure(cells.table(model))[0] for model in (0, 1))
    gain, p_value = _gain(question, made, cells, seed)
    return compared(gain, challenger, champion, p_value)


def _gain(question: Question, made: Definition, cells: Cells, seed: int) -> tuple[Inference, float | None]:
    method, share = question.method, made.share
    better = SPECS[question.name].higher_is_better
    if share is not None and share.fixed and (method in PAIRED or (method is None and cells.cluster is None)):
        gain, p_value = share.compare(cells, method)
        return gain if better else gain.negated(), p_value
    if method in PAIRED and method != WALD:
        raise MetricError(f"{method} is of shares of the same rows, and {question.metric!r} is none")
    if method in PROPORTIONS and method != WALD:
        raise MetricError(f"{method} is of one share, and not of a difference: {', '.join(PAIRED)} are")
    low, high = made.domain
    support, of = made.support(cells) if made.classes else (None, "rows")
    terms = contrast(made.measure, 1.0 if better else -1.0)
    statistic = CellStatistic(cells, terms, (low - high, high - low), support, of)
    return infer_cells(question, statistic, seed), None


def _of_rows(question: Question, columns: Columns, model: int) -> Functional:
    """Return a metric of a binary task as a function of the weights of rows."""
    made, weight = definition(question, _code(question)), columns.weights
    ones = np.ones(len(weight), dtype=np.int64)
    truth, said = columns.truth, columns.predictions[model]
    seen = weight > 0
    made.require(question.name, Cells(truth[seen], (said[seen],), ones[seen], weight[seen], weight[seen], 2))

    def at(weights: Floats) -> tuple[float, Slopes]:
        return made.measure(Table(truth, said, weights, 2))

    def influence(weights: Floats) -> Floats:
        moved: Floats = weights * at(weights)[1].at(truth, said)
        return moved

    return Functional(weight, lambda weights: at(weights)[0], influence, len(weight), made.domain)


SHARE = (*PROPORTIONS, GAFFKE)
"""Methods of a share of rows, beside those of any functional."""
_PAIRED = tuple(dict.fromkeys((*PROPORTIONS, *PAIRED, GAFFKE)))
"""Where the rows are the same for any model, also of its difference."""
_METHODS = {
    **dict.fromkeys(("accuracy", "approval_rate", "hamming_loss", "fpr", "recall", "specificity"), _PAIRED),
    **dict.fromkeys(("f1", "jaccard", "npv", "precision"), SHARE),
    **dict.fromkeys(("balanced_accuracy", "cohen_kappa", "fbeta", "mcc"), (GAFFKE, WALD)),
}
_LOSSES = ("fpr", "hamming_loss")
SPECS = {
    name: Spec(
        CLASSIFICATION,
        "prediction",
        higher_is_better=name not in _LOSSES,
        family=Confusion(),
        labels=FunctionalFamily(_of_rows, higher_is_better=name not in _LOSSES),
        methods=methods,
    )
    for name, methods in _METHODS.items()
}
