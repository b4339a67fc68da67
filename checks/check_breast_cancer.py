"""What must hold of the model that tells malignant from benign tumours; see examples/breast_cancer."""

from __future__ import annotations

from collections.abc import Iterator

import aiqa
from aiqa import expect, metric

tumours = aiqa.dataset("tumours", "examples/breast_cancer/data/test.parquet", label="diagnosis")
model = aiqa.model(
    "breast-cancer",
    "examples/breast_cancer/models/challenger.skops",
    task="binary",
    positive="malignant",
    champion="examples/breast_cancer/models/champion.skops",
)


@aiqa.check(tumours, owner="@ds-oncology", tier="smoke")
def tumours_are_measured() -> Iterator[object]:
    """Every tumour comes with a diagnosis and with measurements that a microscope can give."""
    yield expect.column_values_to_not_be_null("diagnosis")
    yield expect.column_values_to_be_in_set("diagnosis", ["benign", "malignant"])
    yield expect.column_values_to_be_between("mean_radius", 5, 40)
    yield expect.column_values_to_be_between("mean_smoothness", 0, 0.3, mostly=0.99)
    yield expect.table_row_count_to_be_between(min_value=200)


@aiqa.check(model, tumours, owner="@ds-oncology")
def tumours_are_told_apart() -> Iterator[object]:
    """Most malignant tumours are found, and few women are frightened without need."""
    yield metric.accuracy >= 0.92
    yield metric.recall >= 0.85
    yield metric.precision >= 0.90
    yield metric.roc_auc >= 0.96
    yield metric.brier <= 0.06


@aiqa.check(model, tumours, owner="@ds-oncology")
def all_measurements_pay() -> Iterator[object]:
    """The new model, which needs 30 measurements, beats the old one, which needs four."""
    yield metric.roc_auc.better_than(aiqa.champion)
    yield metric.accuracy.no_worse_than(aiqa.champion, margin=0.01)
