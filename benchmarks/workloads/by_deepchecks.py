"""What Deepchecks has of it: metrics of each model, KS of numbers, PSI of categories; of all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from deepchecks.tabular import Dataset
from deepchecks.tabular.checks import FeatureDrift, SingleDatasetPerformance

from benchmarks.workloads.data import FEATURES, NUMBERS, TEXTS
from benchmarks.workloads.declared import LOSSES, Numbers

SCORERS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "mcc": "matthews_corrcoef",
    "roc_auc": "roc_auc",
    "average_precision": "average_precision",
    "log_loss": "neg_log_loss",
    "brier": "neg_brier_score",
}
ALL = 10**9


def run(workload: str, home: Path) -> Numbers:
    return {"w2": _metrics, "w4": _drift}[workload](home)


def _metrics(home: Path) -> Numbers:
    frame = pd.read_parquet(home / "orders", columns=["is_fraud", "score", "old_score"])
    frame["is_fraud"] = frame["is_fraud"].astype(int)
    data = Dataset(frame[["is_fraud", "score"]], label="is_fraud", cat_features=[])
    check = SingleDatasetPerformance(scorers=SCORERS, n_samples=ALL)
    values = []
    for column in ("score", "old_score"):
        scores = frame[column].to_numpy()
        answers = {
            "y_pred_train": (scores >= 0.5).astype(int),
            "y_proba_train": np.column_stack([1 - scores, scores]),
        }
        table = check.run(data, with_display=False, **answers).value
        values.append(dict(zip(table["Metric"], table["Value"], strict=True)))
    found: Numbers = {}
    for name in SCORERS:
        new, old = (float(one[name]) for one in values)
        found |= {name: -new if name in LOSSES else new, f"{name}.gain": new - old}
    return found


def _drift(home: Path) -> Numbers:
    own, reference = (pd.read_parquet(home / name, columns=FEATURES) for name in ("orders", "reference"))
    for frame in (own, reference):
        frame["seen_at"] = frame["seen_at"].astype("int64").astype(float)
    categories = [*TEXTS, "first_order"]
    before, now = (Dataset(frame, cat_features=categories) for frame in (reference, own))
    check = FeatureDrift(
        margin_quantile_filter=0,
        min_category_size_ratio=0,
        numerical_drift_method="KS",
        categorical_drift_method="PSI",
        n_samples=ALL,
    )
    values: dict[str, Any] = check.run(before, now, with_display=False).value
    found: Numbers = {}
    for name in FEATURES:
        method = "psi" if name in categories else "ks"
        comparable = name in NUMBERS or name in ("currency", "first_order")  # others: rare or missing values
        found[f"{method}({name})" + ("" if comparable else " of another kind")] = values[name]["Drift score"]
    return found
