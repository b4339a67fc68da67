"""What each row contributes to metrics of ranks: for two models, averages over classes, and clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.functional import FunctionalFamily
from aiqa.metrics.question import Comparison, Comparisons, Parts, Question, States, compared, each_class
from aiqa.metrics.rows import Columns, Floats, columns_of
from aiqa.stats.functional import METHODS, Functional, average, difference, embedded, infer
from aiqa.stats.inference import Inference
from aiqa.stats.partial_roc import partial_statistic
from aiqa.stats.precision_recall import AVERAGE_PRECISION, PR_AREAS
from aiqa.stats.ranked import Ranked, Statistic
from aiqa.stats.ranked import infer as infer_ranked
from aiqa.stats.roc import AREA, infer_area
from aiqa.stats.roc import METHODS as AREA_METHODS
from aiqa.stats.roc_difference import METHODS as PAIR_METHODS
from aiqa.stats.roc_difference import infer_difference
from aiqa.stats.row_ranks import (
    RowRanks,
    Rows,
    difference_of,
    functional_of,
    functional_of_cells,
    mean_of,
    on_rows,
    places,
)
from aiqa.stats.score_histogram import binned
from aiqa.stats.steps import steps_of

CELLS = 4096
"""Into so many bins of scores more rows are put before they are resampled."""


def statistic_of(question: Question) -> Statistic:
    """Return what a metric is of ranks.

    Raises
    ------
    MetricError
        If an option is impossible.
    """
    option = question.option
    if question.name == "average_precision":
        return AVERAGE_PRECISION
    if question.name == "pr_auc":
        points = option.get("points", "highest")
        if points not in PR_AREAS:
            raise MetricError(f"{question.metric!r}: points= is one of {', '.join(PR_AREAS)}")
        return PR_AREAS[points]
    max_fpr = option.get("max_fpr", 1.0)
    try:
        return AREA if max_fpr == 1.0 else partial_statistic(float(max_fpr))
    except (TypeError, ValueError) as error:
        raise MetricError(f"{question.metric!r}: {error}") from error


def named(question: Question, ranked: Ranked, *, alone: bool = True) -> Inference:
    """Infer by the method that is asked for.

    Raises
    ------
    MetricError
        If this form of the metric does not have it.
    """
    method = question.method
    if method is None:
        return infer_ranked(ranked)
    has = AREA_METHODS if alone else ("delong", "delong-logit")
    if statistic_of(question) is not AREA or method not in has:
        raise MetricError(f"{question.metric!r} has no method {method!r}: it has {', '.join(METHODS)}")
    return infer_area(ranked, method)


def paired_method(question: Question) -> str | None:
    """Return the method by which two models are to be compared, if it is one for that."""
    if question.method is None or question.method in PAIR_METHODS:
        return question.method
    told = ", ".join((*PAIR_METHODS, *METHODS))
    raise MetricError(f"{question.metric!r} compares two models by {told}, not by {question.method!r}")


def require_both(question: Question, code: int, rows: tuple[int, int]) -> None:
    """Refuse a class that no row, or every row, is of."""
    label = question.table.classes[code]
    for number, kind in zip(rows, ("no row is", "every row is"), strict=True):
        if number == 0:
            raise MetricError(f"{question.name} needs rows of both classes: {kind} of class {label!r}")


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A class against others: its share of the average, and the rows that count (all, where None)."""

    share: float
    code: int
    rows: NDArray[np.intp] | None = None

    def taken(self, columns: Columns) -> Columns:
        return columns if self.rows is None else columns.taken(self.rows)


def _parts(question: Question, columns: Columns) -> list[_Part]:
    """Return what the average is one of."""
    size, kind = len(question.table.classes), question.option["average"]
    if kind == "ovo":
        pairs = list(permutations(range(size), 2))
        return [_Part(1 / len(pairs), one, _of_pair(columns, one, other)) for one, other in pairs]
    if kind == "macro":
        return [_Part(1 / size, code) for code in range(size)]
    support = np.bincount(columns.truth, weights=columns.weight, minlength=size).astype(float)
    return [_Part(share, code) for code, share in enumerate((support / support.sum()).tolist())]


def _of_pair(columns: Columns, one: int, other: int) -> NDArray[np.intp]:
    return np.flatnonzero((columns.truth == one) | (columns.truth == other))


def against_rest(columns: Columns, model: int, code: int) -> tuple[NDArray[np.bool_], Floats]:
    """Return which rows are of the class, and their scores of being so."""
    scores = columns.scores[model]
    if scores.ndim == 2:
        return columns.truth == code, scores[:, code]
    return columns.truth == code, scores if code == 1 else -scores


def _checked(question: Question, columns: Columns, model: int, code: int) -> tuple[NDArray[np.bool_], Floats]:
    truth, score = against_rest(columns, model, code)
    heavy = truth if columns.weight is None else truth[columns.weight > 0]
    positive = int(np.count_nonzero(heavy))
    require_both(question, code, (positive, len(heavy) - positive))
    return truth, score


def _rows(columns: Columns) -> Rows:
    return Rows(columns.truth, columns.weight, columns.cluster)


def _row_ranks(question: Question, columns: Columns, model: int, code: int | None) -> RowRanks:
    """Return one class's metric, or the average, with what each row contributes."""
    statistic = statistic_of(question)
    if code is not None:
        return on_rows(statistic, *_checked(question, columns, model, code), _rows(columns))
    parts, found = _parts(question, columns), []
    for part in parts:
        own = part.taken(columns)
        ranks = on_rows(statistic, *_checked(question, own, model, part.code), _rows(own))
        found.append(ranks if part.rows is None else ranks.embedded(part.rows, len(columns.truth)))
    return mean_of(found, [part.share for part in parts])


def _functional(question: Question, columns: Columns, model: int, code: int | None) -> Functional:
    """Return the same as a function of the weights of rows."""
    if code is not None:
        return _of_class(question, columns, model, code)
    parts, found = _parts(question, columns), []
    for part in parts:
        functional = _of_class(question, part.taken(columns), model, part.code)
        found.append(functional if part.rows is None else embedded(functional, part.rows, columns.weights))
    first = found[0]
    return average(found, [part.share for part in parts], domain=first.domain, scale=first.scale)


def _of_class(question: Question, columns: Columns, model: int, code: int) -> Functional:
    truth, score = _checked(question, columns, model, code)
    positive = int(np.count_nonzero(truth))
    support = min(positive, len(truth) - positive)
    return functional_of(statistic_of(question), *places(truth, score), columns.weights, support=support)


def _prepare(question: Question, columns: Columns, model: int) -> Functional:
    return _functional(question, columns, model, _code(question))


def _code(question: Question) -> int | None:
    """The class asked about; None for an average."""
    return None if "average" in question.option else question.label_code()


@dataclass(frozen=True, slots=True)
class RankRows(FunctionalFamily):
    """The family of metrics of ranks by rows; see :class:`~aiqa.metrics.question.Family`.

    Its own bounds, and those of every function of the weights of rows by name.
    """

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        if self.prepare is not _prepare:
            return FunctionalFamily.infer(self, question, states, seed)
        columns = columns_of(question, states, versus_champion=False)
        return _each(question, lambda code: _infer(question, columns, code, seed))

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        if self.prepare is not _prepare:
            return FunctionalFamily.compare(self, question, states, seed)
        columns = columns_of(question, states, versus_champion=True)
        return _each(question, lambda code: _compare(question, columns, code, seed))


def _each(question: Question, answer: Callable[[int | None], Any]) -> dict[Any, Any]:
    if question.option.get("average") == "each":
        return each_class(question.table.classes, answer)
    return {(): answer(_code(question))}


def _infer(question: Question, columns: Columns, code: int | None, seed: int) -> Inference:
    if question.method not in METHODS:
        ranked = _row_ranks(question, columns, 0, code).ranked(_rows(columns))
        return named(question, ranked, alone=code is not None)
    if code is not None and columns.cluster is None and len(columns.truth) > CELLS:
        return _of_cells(question, columns, code, seed)
    functional = _functional(question, columns, 0, code)
    return infer(functional, clusters=columns.cluster, seed=seed, **question.how)


def _of_cells(question: Question, columns: Columns, code: int, seed: int) -> Inference:
    """Infer from bins of many rows, around the exact value."""
    statistic = statistic_of(question)
    truth, score = _checked(question, columns, 0, code)
    steps = steps_of(truth, score, columns.weight, joined=statistic.joined)
    cells = binned(steps, CELLS)
    found = infer(functional_of_cells(statistic, cells), seed=seed, **question.how)
    shift = statistic.curve(steps.positive, steps.negative).value - found.value
    low, high = statistic.domain
    return replace(
        found,
        value=found.value + shift,
        method=found.method if cells is steps else f"{found.method} of {CELLS:,} bins of scores",
        lower=lambda alpha: max(low, found.lower(alpha) + shift),
        upper=lambda alpha: min(high, found.upper(alpha) + shift),
    )


def _compare(question: Question, columns: Columns, code: int | None, seed: int) -> Comparison:
    if question.method in METHODS:
        models = [_functional(question, columns, model, code) for model in (0, 1)]
        values = [model.value(model.weight) for model in models]
        gain = infer(difference(*models), clusters=columns.cluster, seed=seed, **question.how)
        return compared(gain, *values)
    method = paired_method(question)
    first, second = (_row_ranks(question, columns, model, code) for model in (0, 1))
    gain = infer_difference(difference_of(first, second).ranked(_rows(columns)), method)
    return compared(gain, first.value, second.value)


BY_ROWS = RankRows(_prepare, higher_is_better=True, scores=True)
