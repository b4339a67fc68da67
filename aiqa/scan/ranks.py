"""Scores with their truth, summed up for statistics of ranks: slices together, from one sort of all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl

from aiqa.scan.slices import Slices, split
from aiqa.scan.statistics import JointHistogram, ScoreHistogram, ScoreSteps
from aiqa.stats.joint_histogram import joint_histogram_of
from aiqa.stats.score_histogram import histogram_of
from aiqa.stats.steps import steps_by


def states_of(frame: pl.DataFrame, slices: Slices, statistic: ScoreSteps) -> Iterable[Any]:
    """Yield the state of a statistic in each slice."""
    if isinstance(statistic, ScoreHistogram):
        return _histograms(frame, slices, statistic)
    truth = frame[statistic.truth].to_numpy() == statistic.label
    score = frame[statistic.score].to_numpy()
    weight = None if statistic.weight is None else frame[statistic.weight].to_numpy().astype(np.float64)
    rows = truth, -score if statistic.falling else score, weight, slices.codes
    return steps_by(*rows, len(slices.keys), joined=statistic.joined)


def _histograms(frame: pl.DataFrame, slices: Slices, statistic: ScoreHistogram) -> Iterator[Any]:
    names = (*statistic.columns, *([statistic.weight] if statistic.weight else []))
    sign = -1.0 if statistic.falling else 1.0
    for arrays in split(frame, slices, names):
        truth, score = arrays[statistic.truth] == statistic.label, sign * arrays[statistic.score]
        weight = arrays[statistic.weight].astype(np.float64) if statistic.weight else None
        cuts = np.frombuffer(statistic.cuts)
        if isinstance(statistic, JointHistogram):
            scores = score, sign * arrays[statistic.baseline]
            yield joint_histogram_of(truth, scores, (cuts, np.frombuffer(statistic.baseline_cuts)), weight)
        else:
            yield histogram_of(truth, score, cuts, weight)
