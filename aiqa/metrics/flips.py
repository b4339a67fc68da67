"""Rows on which the model and its champion differ in being right: a share that takes both."""

from __future__ import annotations

import numpy as np

from aiqa.errors import MetricError
from aiqa.metrics.cells import cells_of, cells_statistics
from aiqa.metrics.confusion import SHARE, infer_definition
from aiqa.metrics.definitions import Definition
from aiqa.metrics.question import CLASSIFICATION, Comparisons, Parts, Question, Spec, States
from aiqa.metrics.shares import Share
from aiqa.scan.statistics import Statistic
from aiqa.stats.cells import Cells
from aiqa.stats.contingency import share_called

_FLIPPED = Definition(share_called(1), Share(lambda _, said: said == 1))


class Flips:
    """The family; see :class:`~aiqa.metrics.question.Family`.

    Yan and others, "Positive-congruent training" (CVPR 2021): the negative flip rate.
    """

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        if versus_champion:
            raise _compares_itself(question)
        return cells_statistics(question, versus_champion=True)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        cells = cells_of(question, states, versus_champion=True)
        return {(): infer_definition(question, _FLIPPED, _flips(question, cells), seed)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:  # noqa: ARG002 - as others
        raise _compares_itself(question)


def _compares_itself(question: Question) -> MetricError:
    return MetricError(f"{question.name} is a comparison itself: hold it against a number")


def _flips(question: Question, cells: Cells) -> Cells:
    """Return the cells of a table of two answers: 1 where the row flipped."""
    challenger, champion = (said == cells.truth for said in cells.said)
    negative = question.name == "negative_flips"
    flipped = champion & ~challenger if negative else challenger & ~champion
    return Cells(
        np.zeros_like(cells.truth), (flipped.astype(np.int64),), cells.n, cells.w, cells.w2, 2, cells.cluster
    )


SPECS = {
    name: Spec(
        CLASSIFICATION,
        "prediction",
        higher_is_better=name == "positive_flips",
        family=Flips(),
        methods=SHARE,
    )
    for name in ("negative_flips", "positive_flips")
}
