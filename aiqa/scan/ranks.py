"""Scores with their truth, summed up for statistics of ranks: slices together, from one sort of all rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.scan.slices import Slices
from aiqa.scan.statistics import ScoreHistogram, ScoreSteps
from aiqa.stats.score_histogram import histogram_of
from aiqa.stats.steps import steps_by


def states_of(frame: pl.DataFrame, slices: Slices, statistic: ScoreSteps) -> Iterable[Any]:
    """Yield the state of a statistic in each slice."""
    truth = frame[statistic.truth].to_numpy() == statistic.label
    score = frame[statistic.score].to_numpy()
    score = -score if statistic.falling else score
    weight = None if statistic.weight is None else frame[statistic.weight].to_numpy().astype(np.float64)
    if isinstance(statistic, ScoreHistogram):
        return _histograms(truth, score, weight, slices, np.frombuffer(statistic.cuts))
    of = truth, score, weight, slices.codes
    return steps_by(*of, len(slices.keys), joined=statistic.joined)


def _histograms(
    truth: NDArray[np.bool_],
    score: NDArray[Any],
    weight: NDArray[Any] | None,
    slices: Slices,
    cuts: NDArray[np.float64],
) -> Iterable[Any]:
    for code in range(len(slices.keys)):
        rows = slice(None) if slices.codes is None else slices.codes == code
        yield histogram_of(truth[rows], score[rows], cuts, None if weight is None else weight[rows])
