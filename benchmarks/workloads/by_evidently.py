"""What Evidently has of it: metrics of each model, PSI (in bins of its own) and the KS test of features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.metrics import TNR, Accuracy, F1Score, LogLoss, Precision, Recall, RocAuc, ValueDrift

from benchmarks.workloads.data import FEATURES, HOLED, NUMBERS, TEXTS
from benchmarks.workloads.declared import LOSSES, Numbers

METRICS = {
    "accuracy": Accuracy,
    "precision": Precision,
    "recall": Recall,
    "specificity": TNR,
    "f1": F1Score,
    "roc_auc": RocAuc,
    "log_loss": LogLoss,
}


def run(workload: str, home: Path) -> Numbers:
    return {"w2": _metrics, "w4": _drift}[workload](home)


def _metrics(home: Path) -> Numbers:
    frame = pd.read_parquet(home / "orders", columns=["is_fraud", "score", "old_score"])
    frame["is_fraud"] = frame["is_fraud"].astype(int)
    values = []
    for column in ("score", "old_score"):
        task = BinaryClassification(target="is_fraud", prediction_probas=column, pos_label=1)
        told = DataDefinition(classification=[task], numerical_columns=[column])
        data = Dataset.from_pandas(frame[["is_fraud", column]], data_definition=told)
        values.append(_values(Report([metric() for metric in METRICS.values()]).run(data, None)))
    found: Numbers = {}
    for name, new, old in zip(METRICS, *values, strict=True):
        found |= {name: new, f"{name}.gain": old - new if name in LOSSES else new - old}
    return found


def _values(snapshot: Any) -> list[float]:
    return [float(metric["value"]) for metric in snapshot.dict()["metrics"]]


def _drift(home: Path) -> Numbers:
    own, reference = (pd.read_parquet(home / name, columns=FEATURES) for name in ("orders", "reference"))
    for frame in (own, reference):
        frame["seen_at"] = frame["seen_at"].astype("int64").astype(float)
        frame["first_order"] = frame["first_order"].astype(str)
    told = DataDefinition(
        numerical_columns=[*NUMBERS, "seen_at"], categorical_columns=[*TEXTS, "first_order"]
    )
    now, before = (Dataset.from_pandas(frame, data_definition=told) for frame in (own, reference))
    asked = [("psi", name) for name in FEATURES] + [("ks", name) for name in NUMBERS]
    report = Report([ValueDrift(column=name, method=method) for method, name in asked])
    values = _values(report.run(now, before))
    comparable = {name for name in (*TEXTS, "first_order") if name not in HOLED}
    return {
        f"{method}({name})" + ("" if method == "psi" and name in comparable else " of another kind"): value
        for (method, name), value in zip(asked, values, strict=True)
    }
