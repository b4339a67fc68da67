"""What 1,000 resamples cost on many rows, against one evaluation by scikit-learn, as ratios in one run.

``python benchmarks/stats_bootstrap.py [ROWS] [RUNS]``
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn import metrics as sk

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.stats.functional import infer, mean_of

REPLICATES = 1000
Timed = Callable[[], Any]


def best(runs: int, *works: Timed) -> list[float]:
    """Return the shortest time of each, taken in turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for times, work in zip(taken, works, strict=True):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return [min(times) for times in taken]


@dataclass(frozen=True, slots=True)
class Rows:
    truth: Any
    score: Any
    said: Any
    y: Any
    predicted: Any
    shop: Any

    @classmethod
    def of(cls, rows: int) -> Rows:
        rng = np.random.default_rng(0)
        truth = (rng.random(rows) < 0.1).astype(np.int8)
        score = 1 / (1 + np.exp(2 - 2 * truth - rng.normal(size=rows)))
        y = rng.normal(size=rows)
        predicted = y + rng.normal(size=rows) / 2
        said, shop = (score >= 0.5).astype(np.int8), rng.integers(0, rows // 20, rows)
        return cls(truth, score, said, y, predicted, shop)

    def resampled(self, of: Metric, method: str = "percentile", **more: Any) -> Timed:
        return partial(self.estimated, of(method=method, replicates=REPLICATES), **more)

    def estimated(self, of: Metric, **more: Any) -> Any:
        if of.name in ("mse", "r2", "median_absolute_error"):
            return aiqa.evaluate(of, y_true=self.y, y_pred=self.predicted, **more)
        if of.name == "f1":
            return aiqa.evaluate(of, y_true=self.truth, y_pred=self.said, **more)
        return aiqa.evaluate(of, y_true=self.truth, y_score=self.score, **more)

    def errors_alone(self) -> Any:
        errors = (self.y - self.predicted) ** 2
        return infer(mean_of(errors), method="percentile", replicates=REPLICATES)


def cases(of: Rows) -> dict[str, tuple[Timed, Timed]]:
    """Return for each figure our interval and scikit-learn's value."""
    squares = partial(sk.mean_squared_error, of.y, of.predicted)
    logs, curve = (partial(work, of.truth, of.score) for work in (sk.log_loss, sk.roc_curve))
    point = metric.recall.at(fpr=0.01)
    return {
        "mse of errors, bootstrap alone": (of.errors_alone, squares),
        "mse": (of.resampled(metric.mse), squares),
        "r2": (of.resampled(metric.r2), partial(sk.r2_score, of.y, of.predicted)),
        "median_absolute_error": (
            of.resampled(metric.median_absolute_error),
            partial(sk.median_absolute_error, of.y, of.predicted),
        ),
        "log_loss": (of.resampled(metric.log_loss), logs),
        "log_loss, bca": (of.resampled(metric.log_loss, "bca"), logs),
        "log_loss, bootstrap-t": (of.resampled(metric.log_loss, "bootstrap"), logs),
        "log_loss, in clusters": (of.resampled(metric.log_loss, cluster=of.shop), logs),
        "f1": (of.resampled(metric.f1), partial(sk.f1_score, of.truth, of.said)),
        "roc_auc": (of.resampled(metric.roc_auc), partial(sk.roc_auc_score, of.truth, of.score)),
        "recall.at(fpr=0.01)": (partial(of.estimated, point), curve),
        "recall.at(fpr=0.01), in clusters": (partial(of.estimated, point, cluster=of.shop), curve),
    }


def main(rows: int, runs: int) -> None:
    """Print the seconds of both, and how many evaluations by scikit-learn an interval costs."""
    print(f"{rows:,} rows, {REPLICATES:,} resamples (2,000 of operating points); the best of {runs} runs")
    for name, (ours, theirs) in cases(Rows.of(rows)).items():
        own, other = best(runs, ours, theirs)
        print(f"{name:36} {own:8.3f} s  scikit-learn {other:8.3f} s  ratio {own / other:7.2f}")


if __name__ == "__main__":
    main(*(int(given) for given in (*sys.argv[1:], "10000000", "3")[:2]))
