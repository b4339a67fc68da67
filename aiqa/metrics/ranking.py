"""Metrics of the ranks of scores: ROC AUC, average precision, the area under the precision-recall curve.

Of one model, rows are summed up to steps of rising score, in one sort for all slices. Two models, averages
over classes and clusters need to know what each row contributes.
"""

from __future__ import annotations

from dataclasses import replace

from aiqa.errors import MetricError
from aiqa.metrics.question import CLASSIFICATION, Comparisons, Parts, Question, Spec, States, each_class
from aiqa.metrics.ranking_rows import BY_ROWS, named, require_both, statistic_of
from aiqa.metrics.table import TRUTH
from aiqa.scan.statistics import ScoreHistogram, ScoreSteps, Statistic
from aiqa.stats.auc import AREA, METHODS, area_of
from aiqa.stats.inference import Inference
from aiqa.stats.ranked import measure
from aiqa.stats.score_histogram import ScoreHistogram as Histogram
from aiqa.stats.score_histogram import cuts_of
from aiqa.stats.steps import Steps

EXACT_ROWS = 2**26
"""The area under the ROC curve of more rows is that of bins of scores, which take a tenth of the memory."""
_SAMPLE = 2**20


class Ranking:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        kind = question.option.get("average")
        if kind == "micro":
            raise MetricError(f"{question.name} has no micro average: use 'macro', 'weighted' or 'each'")
        if versus_champion or kind not in (None, "each"):
            return BY_ROWS.statistics(question, versus_champion=versus_champion)
        return tuple(_scores(question, code) for code in _codes(question))

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        kind = question.option.get("average")
        if kind == "each":
            return each_class(question.table.classes, lambda code: _infer(question, code, states[code]))
        if kind is None:
            return {(): _infer(question, question.label_code(), states[0])}
        return BY_ROWS.infer(question, states, seed)

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        return BY_ROWS.compare(question, states, seed)


def _codes(question: Question) -> list[int]:
    each = question.option.get("average") == "each"
    return list(range(len(question.table.classes))) if each else [question.label_code()]


def _scores(question: Question, code: int) -> Statistic:
    """Ask for the rows by score of one class; of very many rows for a histogram."""
    statistic, score = statistic_of(question), question.table.challenger.score
    falling = len(score) == 1 and code == 0
    column = score[0] if len(score) == 1 else score[code]
    steps = ScoreSteps(TRUTH, column, code, falling, question.weight, statistic.joined)
    if statistic is not AREA or question.metric.slices or question.table.rows <= EXACT_ROWS:
        return steps
    every = max(1, question.table.rows // _SAMPLE)
    sample = question.table.frame.select(column).gather_every(every).collect()
    values = sample[column].to_numpy() * (-1.0 if falling else 1.0)
    fields = (TRUTH, column, code, falling, question.weight)
    return ScoreHistogram(*fields, cuts=cuts_of(values).tobytes())


def _infer(question: Question, code: int, state: Steps | Histogram) -> Inference:
    steps = state.steps if isinstance(state, Histogram) else state
    require_both(question, code, steps.rows)
    statistic = statistic_of(question)
    ranked = area_of(steps) if statistic is AREA else measure(statistic, steps)
    return named(question, ranked)


_RANKING = Spec(CLASSIFICATION, "score", higher_is_better=True, family=Ranking(), rows=BY_ROWS)
SPECS = {
    "roc_auc": replace(_RANKING, methods=METHODS),
    "average_precision": _RANKING,
    "pr_auc": _RANKING,
}
