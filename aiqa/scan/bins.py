"""Histograms of scores where rows lie on many machines: counts of their bins, added up there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.scan.expr import Expr, call, col
from aiqa.scan.states import CountState
from aiqa.scan.statistics import Answers, Counts, JointHistogram, Request, ScoreHistogram, SliceKey
from aiqa.stats import joint_histogram, score_histogram
from aiqa.stats.joint_histogram import COARSE, coarse_cuts

Floats = NDArray[np.float64]
Cells = dict[tuple[Any, ...], CountState]


def asked(requests: Sequence[Request]) -> tuple[Request, ...]:
    """Return the requests with counts of bins in place of histograms of scores."""
    return tuple(dict.fromkeys(part for request in requests for part in _parts(request)))


def read(request: Request, found: Answers) -> dict[SliceKey, Any]:
    """Return the states of a request from the answers to what was asked in its place."""
    statistic = request.statistic
    if not isinstance(statistic, ScoreHistogram):
        return found[request]
    parts = [found[part] for part in _parts(request)]
    return {key: _state(statistic, [part.get(key, {}) for part in parts]) for key in parts[0]}


def _parts(request: Request) -> tuple[Request, ...]:
    statistic = request.statistic
    if not isinstance(statistic, ScoreHistogram):
        return (request,)
    cuts = _cuts(statistic)
    bins = [[_bin(statistic, name, of)] for name, of in zip(statistic.columns[1:], cuts, strict=True)]
    if isinstance(statistic, JointHistogram):
        both = zip(statistic.columns[1:], cuts, strict=True)
        bins.append([_bin(statistic, name, coarse_cuts(of)) for name, of in both])
    heavy = [] if statistic.weight is None else [col(statistic.weight) > 0]
    positive = col(statistic.truth).eq(statistic.label)
    return tuple(
        Request(Counts((positive, *of, *heavy), statistic.weight), request.by, request.after) for of in bins
    )


def _cuts(statistic: ScoreHistogram) -> list[Floats]:
    cuts = [np.frombuffer(statistic.cuts)]
    if isinstance(statistic, JointHistogram):
        cuts.append(np.frombuffer(statistic.baseline_cuts))
    return cuts


def _bin(statistic: ScoreHistogram, name: str, cuts: Floats) -> Expr:
    score = -col(name) if statistic.falling else col(name)
    return call("bin", score, tuple(cuts.tolist()))


def _state(statistic: ScoreHistogram, parts: list[Cells]) -> Any:
    cuts = _cuts(statistic)
    histograms = [_histogram(of, part) for of, part in zip(cuts, parts, strict=False)]
    if not isinstance(statistic, JointHistogram):
        return histograms[0]
    sums = [_sums(parts[2], (2, COARSE, COARSE), field) for field in ("w", "w2")]
    return joint_histogram.JointHistogram(histograms[0], histograms[1], sums[0], sums[1])


def _histogram(cuts: Floats, cells: Cells) -> score_histogram.ScoreHistogram:
    (q, p), (q2, p2) = (_sums(cells, (2, len(cuts) + 1), field) for field in ("w", "w2"))
    counted = [(positive, count.n) for (positive, _, *heavy), count in cells.items() if heavy in ([], [True])]
    rows = tuple(sum(n for positive, n in counted if positive == kind) for kind in (True, False))
    n = sum(count.n for count in cells.values())
    return score_histogram.ScoreHistogram(cuts, p, q, p2, q2, (rows[0], rows[1]), n)


def _sums(cells: Cells, shape: tuple[int, ...], field: str) -> Floats:
    """Add up a field of the counts by class and bins, whatever else tells them apart."""
    sums = np.zeros(shape)
    if cells:
        places = np.array([key[: len(shape)] for key in cells]).astype(np.int64)
        np.add.at(sums, tuple(places.T), [getattr(count, field) for count in cells.values()])
    return sums
