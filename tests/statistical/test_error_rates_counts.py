"""How often bounds of counts are wrong where the truth sits on the threshold; small, at both ends."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from aiqa.stats.cells import Cells, CellStatistic, Term, contrast
from aiqa.stats.contingency import (
    RECALL,
    Measure,
    Table,
    accuracy,
    averaged,
    cohen_kappa,
    fbeta,
    mcc,
    of_class,
)
from aiqa.stats.inference import Inference
from aiqa.stats.paired import paired_proportions

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def _limit(rate: float, repeats: int) -> float:
    """Return what an error rate may reach in so many repeats, three Monte Carlo errors included."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / repeats)


def _worst(draws: Counts, infer: Callable[[Counts], Inference | None], truth: float) -> float:
    """Return the share of draws whose lower, or whose upper bound is wrong: the larger; refusals are not."""
    errors = np.zeros(2)
    unique, times = np.unique(draws, axis=0, return_counts=True)
    for counts, count in zip(unique, times, strict=True):
        inference = infer(counts)
        if inference is not None:
            errors += count * np.array([inference.lower(0.05) > truth, inference.upper(0.05) < truth])
    return float(errors.max()) / len(draws)


def _single(counts: Counts, classes: int) -> Cells:
    truth, said = np.divmod(np.flatnonzero(counts), classes)
    n = counts[counts > 0]
    return Cells(truth, (said,), n, n.astype(float), n.astype(float), classes)


def _pair(counts: Counts) -> Cells:
    truth, one, other = np.unravel_index(np.flatnonzero(counts), (2, 2, 2))
    n = counts[counts > 0]
    return Cells(truth, (one, other), n, n.astype(float), n.astype(float), 2)


BINARY: dict[str, Measure] = {
    "mcc": mcc,
    "kappa": cohen_kappa(),
    "balanced accuracy": averaged(RECALL, "balanced"),
    "macro f1": averaged(fbeta(1), "macro"),
    "f2": of_class(fbeta(2), 1),
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(("n", "positives", "right"), [(50, 0.1, 0.9), (200, 0.02, 0.95), (1000, 0.3, 0.99)])
def test_agreement_of_two_classes(name: str, n: int, positives: float, right: float) -> None:
    """From one positive row in fifty to a hundred without errors."""
    share = np.array([1 - positives, positives])[:, None] * np.array([[right, 1 - right], [1 - right, right]])
    measure = BINARY[name]
    truth = measure(Table.of(share))[0]

    def infer(counts: Counts) -> Inference | None:
        cells = _single(counts, 2)
        single = len(np.unique(cells.truth)) < 2 and name != "f2"
        if single or math.isnan(measure(cells.table(0))[0]):
            return None
        return CellStatistic(cells, (Term(measure),), (-1.0, 1.0)).infer()

    draws = np.random.default_rng(1).multinomial(n, share.ravel(), 1500)
    assert _worst(draws, infer, truth) <= _limit(0.05, 1500)


def test_macro_averages_with_three_rows_of_a_class() -> None:
    share = np.array([0.57, 0.4, 0.03])[:, None] * (np.full((3, 3), 0.05) + 0.85 * np.eye(3))
    measure = averaged(fbeta(1), "macro")
    truth = measure(Table.of(share))[0]

    def infer(counts: Counts) -> Inference | None:
        cells = _single(counts, 3)
        if len(np.unique(cells.truth)) < 3:
            return None
        return CellStatistic(cells, (Term(measure),), (0.0, 1.0)).infer()

    draws = np.random.default_rng(2).multinomial(100, share.ravel(), 1500)
    assert _worst(draws, infer, truth) <= _limit(0.05, 1500)


@pytest.mark.parametrize("name", ["f1", "mcc"])
def test_two_models_that_hardly_disagree(name: str) -> None:
    measure = {"f1": of_class(fbeta(1), 1), "mcc": mcc}[name]
    # By truth, first and second answer: the second is better by two rows in a thousand positives.
    share = np.array([0.79, 0.002, 0.004, 0.004, 0.03, 0.005, 0.007, 0.158])
    cells = Cells(*_of_shares(share), 2)
    truth = CellStatistic(cells, contrast(measure)).value(cells.w)

    def infer(counts: Counts) -> Inference:
        return CellStatistic(_pair(counts), contrast(measure), (-2.0, 2.0)).infer()

    draws = np.random.default_rng(3).multinomial(300, share, 1000)
    assert _worst(draws, infer, truth) <= _limit(0.05, 1000)


def _of_shares(share: Floats) -> tuple[Counts, tuple[Counts, Counts], Counts, Floats, Floats]:
    truth, one, other = np.unravel_index(np.arange(8), (2, 2, 2))
    return truth, (one, other), np.ones(8, int), share, share


@pytest.mark.parametrize(("gained", "lost"), [(0.02, 0.001), (0.005, 0.02), (0.01, 0.01)])
def test_paired_shares(gained: float, lost: float) -> None:
    draws = np.random.default_rng(4).multinomial(200, [gained, lost, 1 - gained - lost], 3000)

    def infer(counts: Counts) -> Inference:
        return paired_proportions(int(counts[0]), int(counts[1]), 200)

    assert _worst(draws, infer, gained - lost) <= _limit(0.065, 3000)


@pytest.mark.parametrize(("share", "correlation"), [(0.9, 0.3), (0.97, 0.1), (0.7, 0.5)])
def test_shares_of_clusters(share: float, correlation: float) -> None:
    """Fifty clusters of unequal sizes, with correlated rows."""
    rng, repeats, errors = np.random.default_rng(5), 600, np.zeros(2)
    for _ in range(repeats):
        sizes = np.maximum(1, np.round(rng.lognormal(2, 0.8, 50))).astype(int)
        shape = (1 - correlation) / correlation
        hits = rng.binomial(sizes, rng.beta(share * shape, (1 - share) * shape, 50))
        inference = CellStatistic(_of_clusters(hits, sizes), (Term(accuracy),), (0.0, 1.0)).infer()
        errors += inference.lower(0.05) > share, inference.upper(0.05) < share
    assert errors.max() / repeats <= _limit(0.065, repeats)


def _of_clusters(hits: Counts, sizes: Counts) -> Cells:
    cluster, said = np.tile(np.arange(len(hits)), 2), np.repeat([0, 1], len(hits))
    n = np.concatenate([hits, sizes - hits])
    seen = n > 0
    w = n[seen].astype(float)
    return Cells(np.zeros(seen.sum(), int), (said[seen],), n[seen], w, w, 2, cluster[seen])
