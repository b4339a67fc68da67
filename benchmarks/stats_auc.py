"""What areas under ROC curves cost on many rows, against scikit-learn's ``roc_auc_score``, in one run.

``python benchmarks/stats_auc.py [--rows 10000000] [--positives 0.1]``
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

import aiqa
from aiqa import metric
from aiqa.stats.functional import infer
from aiqa.stats.roc import AREA, area_of, auc, auc_by, infer_area
from aiqa.stats.roc_difference import auc_difference
from aiqa.stats.row_ranks import functional_of_cells
from aiqa.stats.score_histogram import binned, cuts_of, histogram_of

SLICES = 1_000
REPLICATES = 1_000
BINS = 4_096


@dataclass(frozen=True, slots=True)
class Rows:
    truth: NDArray[np.bool_]
    score: NDArray[np.float64]
    other: NDArray[np.float64]
    group: NDArray[np.int64]

    @classmethod
    def of(cls, n: int, positives: float) -> Rows:
        rng = np.random.default_rng(0)
        truth = rng.random(n) < positives
        known = rng.normal(size=n) + 1.2 * truth
        noise = rng.normal(size=n) / 3
        score, other = (1 / (1 + np.exp(-x)) for x in (known, known + noise))
        return cls(truth, score, other, rng.integers(0, SLICES, n))


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Return the shortest of some runs, which is the one that least else was going on beside."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def exact(of: Rows) -> None:
    auc(of.truth, of.score).estimate()


def binned_area(of: Rows) -> None:
    histogram = histogram_of(of.truth, of.score, cuts_of(of.score))
    infer_area(area_of(histogram.steps)).estimate()


def bootstrap(of: Rows) -> None:
    histogram = histogram_of(of.truth, of.score, cuts_of(of.score))
    cells = functional_of_cells(AREA, binned(histogram.steps, BINS))
    infer(cells, method="percentile", replicates=REPLICATES).estimate()


def evaluated(of: Rows) -> None:
    aiqa.evaluate("roc_auc", y_true=of.truth.view(np.int8), y_score=of.score)


def resampled(of: Rows) -> None:
    asked = metric.roc_auc(method="percentile", replicates=REPLICATES)
    aiqa.evaluate(asked, y_true=of.truth.view(np.int8), y_score=of.score)


def sliced(of: Rows) -> None:
    asked = metric.roc_auc.by("g")
    aiqa.evaluate(asked, y_true=of.truth.view(np.int8), y_score=of.score, by={"g": of.group})


def one_slice(of: Rows) -> None:
    asked = metric.roc_auc.by("g")
    aiqa.evaluate(asked, y_true=of.truth.view(np.int8), y_score=of.score, by={"g": np.zeros_like(of.group)})


def grouped(of: Rows) -> None:
    for area in auc_by(of.truth, of.score, of.group).values():
        area.estimate()


def paired(of: Rows) -> None:
    auc_difference(of.truth, of.score, of.other).estimate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--positives", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=3)
    told = parser.parse_args()
    of = Rows.of(told.rows, told.positives)
    theirs = seconds(lambda: roc_auc_score(of.truth, of.score), 2)
    print(f"{told.rows:,} rows, {told.positives:.0%} positive; roc_auc_score alone {theirs:.2f} s")
    cases = {
        "area and interval, exact (auc)": exact,
        "area and interval, 65,536 bins of scores": binned_area,
        f"bootstrap of {REPLICATES:,} on {BINS:,} bins": bootstrap,
        "aiqa.evaluate('roc_auc'), checks included": evaluated,
        f"the same, bootstrap of {REPLICATES:,}": resampled,
        "aiqa.evaluate, sliced, 1 slice": one_slice,
        f"aiqa.evaluate, sliced, {SLICES:,} slices": sliced,
        f"auc_by, {SLICES:,} groups": grouped,
        "two models on the same rows (auc_difference)": paired,
    }
    for name, work in cases.items():
        taken = seconds(lambda work=work: work(of), told.repeats)  # type: ignore[misc]
        print(f"{name:48} {taken:7.3f} s  {theirs / taken:6.1f} times as fast")


if __name__ == "__main__":
    main()
