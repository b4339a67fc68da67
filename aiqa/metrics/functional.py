"""The family of metrics that say what they are as functions of the weights of rows, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiqa.metrics.question import Comparisons, Parts, Question, States, compared
from aiqa.metrics.rows import Columns, columns_of, rows_statistic
from aiqa.scan.statistics import Statistic
from aiqa.stats.functional import Functional, difference, infer

Prepare = Callable[[Question, Columns, int], Functional]
"""From the rows and the number of the model (0: challenger, 1: champion) to the metric."""


def _no_columns(question: Question) -> tuple[str, ...]:  # noqa: ARG001 - the form of all such functions
    return ()


@dataclass(frozen=True, slots=True)
class FunctionalFamily:
    """Clusters, weights, methods and comparisons of any metric; see :class:`~aiqa.metrics.question.Family`.

    Parameters
    ----------
    prepare : callable
        What the metric is, from a slice's rows.
    higher_is_better : bool
    scores : bool
        Whether it is computed from scores, not from predictions.
    also : callable
        Which further columns of the data set it needs.
    """

    prepare: Prepare
    higher_is_better: bool
    scores: bool = False
    also: Callable[[Question], tuple[str, ...]] = _no_columns

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        also = self.also(question)
        return rows_statistic(question, versus_champion=versus_champion, scores=self.scores, extra=also)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        columns = columns_of(question, states, versus_champion=False)
        functional = self.prepare(question, columns, 0)
        return {(): infer(functional, clusters=columns.cluster, seed=seed, **question.how)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        columns = columns_of(question, states, versus_champion=True)
        models = [self.prepare(question, columns, model) for model in (0, 1)]
        challenger, champion = (model.value(model.weight) for model in models)
        better = difference(*(models if self.higher_is_better else reversed(models)))
        gain = infer(better, clusters=columns.cluster, seed=seed, **question.how)
        return {(): compared(gain, challenger, champion)}
