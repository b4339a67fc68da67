"""Metrics of the ranks of scores: ROC AUC, average precision, the area under the precision-recall curve.

Of one model, rows are summed up to steps of rising score, in one sort for all slices. Two models, averages
over classes and clusters need to know what each row contributes.
"""

from __future__ import annotations

from dataclasses import replace

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
from aiqa.metrics.ranking_rows import BY_ROWS, named, paired_method, require_both, statistic_of
from aiqa.metrics.table import TRUTH, ModelColumns
from aiqa.scan.sampled import sampled
from aiqa.scan.statistics import JointHistogram, ScoreHistogram, ScoreSteps, Statistic
from aiqa.stats.inference import Inference
from aiqa.stats.joint_histogram import JointHistogram as Joint
from aiqa.stats.joint_histogram import difference_of_areas
from aiqa.stats.ranked import measure
from aiqa.stats.roc import AREA, METHODS, area_of
from aiqa.stats.roc_difference import infer_difference
from aiqa.stats.score_histogram import BINS, cuts_of
from aiqa.stats.score_histogram import ScoreHistogram as Histogram
from aiqa.stats.steps import Steps

EXACT_ROWS = 2**26
"""The area under the ROC curve of more rows is that of bins of scores, which take a tenth of the memory."""
_SAMPLE = 2**20
_ADDED_SAMPLE, _ADDED_BINS, _ADDED_BINS_OF_A_SLICE = 2**18, 2**14, 2**11
"""Where rows are elsewhere: scores fetched to choose the bins, and how many bins of rows come back."""


class Ranking:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        kind = question.option.get("average")
        if kind == "micro":
            raise MetricError(f"{question.name} has no micro average: use 'macro', 'weighted' or 'each'")
        if kind not in (None, "each"):
            return BY_ROWS.statistics(question, versus_champion=versus_champion)
        if not versus_champion:
            return tuple(_scores(question, code) for code in _codes(question))
        if kind is None and _many(question):
            return (_joint(question, question.label_code()),)
        return BY_ROWS.statistics(question, versus_champion=True)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        kind = question.option.get("average")
        if kind == "each":
            return each_class(question.table.classes, lambda code: _infer(question, code, states[code]))
        if kind is None:
            return {(): _infer(question, question.label_code(), states[0])}
        return BY_ROWS.infer(question, states, seed)

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        if isinstance(states[0], Joint):
            return {(): _compare(question, states[0])}
        return BY_ROWS.compare(question, states, seed)


def _codes(question: Question) -> list[int]:
    each = question.option.get("average") == "each"
    return list(range(len(question.table.classes))) if each else [question.label_code()]


def _many(question: Question) -> bool:
    """Tell whether rows are too many to be ranked one by one, or are elsewhere."""
    many = question.table.rows > EXACT_ROWS and not question.metric.slices
    return (many or question.table.adds_up) and statistic_of(question) is AREA


def _column(model: ModelColumns, code: int) -> str:
    """Return the column of the scores of a class, or of the other of two."""
    return model.score[0] if len(model.score) == 1 else model.score[code]


def _scores(question: Question, code: int) -> ScoreSteps:
    """Ask for the rows by score of one class; of very many rows for a histogram."""
    column = _column(question.table.challenger, code)
    falling = len(question.table.challenger.score) == 1 and code == 0
    steps = ScoreSteps(TRUTH, column, code, falling, question.weight, joined=statistic_of(question).joined)
    if not _many(question):
        return steps
    cuts = _cuts(question, column, falling=falling)
    return ScoreHistogram(TRUTH, column, code, falling, question.weight, cuts=cuts)


def _joint(question: Question, code: int) -> Statistic:
    """Ask for the rows by the scores of both models."""
    first, second = (_column(model, code) for model in question.models(versus_champion=True))
    falling = len(question.table.challenger.score) == 1 and code == 0
    cuts, others = (_cuts(question, column, falling=falling) for column in (first, second))
    of = TRUTH, first, code, falling, question.weight
    return JointHistogram(*of, cuts=cuts, baseline=second, baseline_cuts=others)


def _cuts(question: Question, column: str, *, falling: bool) -> bytes:
    """Choose the bins of scores on a sample."""
    table, size, bins = question.table, _SAMPLE, BINS
    if table.adds_up:
        size, bins = _ADDED_SAMPLE, _ADDED_BINS_OF_A_SLICE if question.metric.slices else _ADDED_BINS
    key = column, falling, bins
    if key not in table.cuts:
        sample = sampled(table.frame, column, -(-table.rows // size)).to_numpy()
        table.cuts[key] = cuts_of(-sample if falling else sample, bins).tobytes()
    return table.cuts[key]


def _infer(question: Question, code: int, state: Steps | Histogram) -> Inference:
    steps = state.steps if isinstance(state, Histogram) else state
    require_both(question, code, steps.rows)
    statistic = statistic_of(question)
    return named(question, area_of(steps) if statistic is AREA else measure(statistic, steps))


def _compare(question: Question, joint: Joint) -> Comparison:
    require_both(question, question.label_code(), joint.first.rows)
    gain = infer_difference(difference_of_areas(joint), paired_method(question))
    first, second = (area_of(histogram.steps).value for histogram in (joint.first, joint.second))
    return compared(gain, first, second)


_RANKING = Spec(CLASSIFICATION, "score", higher_is_better=True, family=Ranking(), rows=BY_ROWS)
SPECS = {
    "roc_auc": replace(_RANKING, methods=METHODS),
    "average_precision": _RANKING,
    "pr_auc": _RANKING,
}
