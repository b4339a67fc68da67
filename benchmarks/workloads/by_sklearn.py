"""The metrics by scikit-learn: values of both models without intervals, or with a paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn import metrics

from benchmarks.workloads.declared import GROUPINGS, LOSSES, Numbers, of

RESAMPLES = 20
"""Far too few for an interval: more only take longer."""
Array = NDArray[Any]
LABELS: dict[str, Callable[..., float]] = {
    "accuracy": metrics.accuracy_score,
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "specificity": lambda y, p: metrics.recall_score(y, p, pos_label=0),
    "f1": metrics.f1_score,
    "mcc": metrics.matthews_corrcoef,
}
SCORES: dict[str, Callable[..., float]] = {
    "roc_auc": metrics.roc_auc_score,
    "average_precision": metrics.average_precision_score,
    "log_loss": metrics.log_loss,
    "brier": metrics.brier_score_loss,
}


def run(workload: str, home: Path) -> Numbers:
    frame = _read(home, () if workload == "w2" else ("channel", "country", "category", "shop"))
    if workload == "w2":
        return _gains((), *_arrays(frame))
    found: Numbers = {}
    for by in GROUPINGS:
        for key, part in frame.group_by(by):
            found |= _gains(tuple(zip(by, key, strict=True)), *_arrays(part))
    return found


def bootstrap(workload: str, home: Path) -> Numbers:
    """Resample the rows of both models together."""
    assert workload == "w2"
    columns = _arrays(_read(home, ()))
    rng = np.random.default_rng(0)
    rows = len(columns[0])
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, rows, rows)
        _gains((), *(column[drawn] for column in columns))
    return _gains((), *columns)


def _read(home: Path, slices: tuple[str, ...]) -> pl.DataFrame:
    return pl.read_parquet(home / "orders" / "*.parquet", columns=["is_fraud", "score", "old_score", *slices])


def _arrays(frame: pl.DataFrame) -> tuple[Array, Array, Array]:
    truth = frame["is_fraud"].cast(pl.Int8).to_numpy()
    return truth, frame["score"].to_numpy(), frame["old_score"].to_numpy()


def _gains(key: tuple[tuple[str, Any], ...], truth: Array, new: Array, old: Array) -> Numbers:
    found: Numbers = {}
    values, before = (_values(truth, scores) for scores in (new, old))
    for name, value in values.items():
        found[of(name, key)] = value
        gain = value - before[name]
        found[of(f"{name}.gain", key)] = -gain if name in LOSSES else gain
    return found


def _values(truth: Array, scores: Array) -> Numbers:
    said = (scores >= 0.5).astype(np.int8)
    found = {name: float(metric(truth, said)) for name, metric in LABELS.items()}
    return found | {name: float(metric(truth, scores)) for name, metric in SCORES.items()}
