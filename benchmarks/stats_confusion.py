"""What metrics of the confusion cells cost, as ratios of medians of runs in turns.

``python benchmarks/stats_confusion.py [ROWS] [RUNS]``. First a 1,000-replicate bootstrap interval against one
evaluation of the metric by scikit-learn, on the same rows; then 1,000 slices against none by aiqa.evaluate.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from sklearn import metrics as sk

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.metrics.catalogue import infer, requests
from aiqa.metrics.table import ScoredTable, scored_table
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions

BOOTSTRAP: dict[str, Any] = {"method": "bootstrap", "replicates": 1000}
AGAINST: dict[Metric, Callable[..., float]] = {
    metric.f1(**BOOTSTRAP): sk.f1_score,
    metric.mcc(**BOOTSTRAP): sk.matthews_corrcoef,
    metric.cohen_kappa(**BOOTSTRAP): sk.cohen_kappa_score,
    metric.f1(average="macro", **BOOTSTRAP): partial(sk.f1_score, average="macro"),
}
SLICED = (metric.accuracy, metric.f1, metric.mcc, metric.cohen_kappa, metric.balanced_accuracy)


def frame_of(rows: int) -> pl.DataFrame:
    """Return truth and answers of a binary task, and a column of 1,000 values."""
    rng = np.random.default_rng(0)
    truth = (rng.random(rows) < 0.2).astype(np.int64)
    said = np.where(rng.random(rows) < 0.1, 1 - truth, truth)
    return pl.DataFrame({"y": truth, "said": said, "shop": rng.integers(0, 1000, rows)})


def table_of(frame: pl.DataFrame) -> ScoredTable:
    """Return the scored table, which all metrics of a run share."""
    model = aiqa.model("m", aiqa.column("said"), task="binary")
    dataset = aiqa.dataset("d", "d.csv", label="y")
    return scored_table(frame, model, dataset, Predictions(frame["said"].to_numpy()))


def scanned(table: ScoredTable, wanted: Metric) -> list[Any]:
    """Estimate a metric from the scan on, as a gate does."""
    answers = execute(table.frame, requests(wanted, table, versus_champion=False))
    return [part.estimate() for part in infer(wanted, table, answers, 0).values()]  # type: ignore[union-attr]


def medians(runs: int, **measured: Callable[[], object]) -> dict[str, float]:
    """Take each measurement `runs` times, in turns, after a round that warms the caches."""
    taken: dict[str, list[float]] = {name: [] for name in measured}
    for round_ in range(runs + 1):
        for name, run in measured.items():
            start = time.perf_counter()
            run()
            if round_:
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in taken.items()}


def show(name: str, ours: float, other: float) -> None:
    """Print two times and their ratio."""
    print(f"  {name:18} {ours:7.3f} s {other:7.3f} s   {ours / other:5.2f}")


def main(rows: int, runs: int) -> None:
    """Print both tables."""
    frame = frame_of(rows)
    table, arrays = table_of(frame), [frame[name].to_numpy() for name in ("y", "said")]
    print(f"{rows:,} rows; medians of {runs} runs in turns\n1,000 replicates; scikit-learn once")
    for wanted, theirs in AGAINST.items():
        found = medians(runs, ours=partial(scanned, table, wanted), theirs=partial(theirs, *arrays))
        show(wanted.id, found["ours"], found["theirs"])
    print("1,000 slices; none")
    for wanted in SLICED:
        once = partial(aiqa.evaluate, wanted, frame, y_true="y", y_pred="said")
        found = medians(runs, many=partial(once, by="shop"), one=once)
        show(wanted.id, found["many"], found["one"])


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [10_000_000, 5][len(given) :]))
