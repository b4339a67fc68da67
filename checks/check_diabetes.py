"""What must hold of the model that predicts how diabetes progresses; see examples/diabetes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import aiqa
from aiqa import expect, metric

patients = aiqa.dataset("patients", "examples/diabetes/data/test.parquet", label="progression")
model = aiqa.model(
    "diabetes",
    "examples/diabetes/models/challenger.skops",
    task="regression",
    champion="examples/diabetes/models/champion.skops",
)


def bias(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Return how much too high the predictions are, on average."""
    return float((predicted - truth).mean())


@aiqa.check(patients, owner="@ds-clinic", tier="smoke")
def patients_are_plausible() -> Iterator[object]:
    """The measurements are those of living people, in the units that the model was trained with."""
    yield expect.column_values_to_be_between("age", 18, 100)
    yield expect.column_values_to_be_between("bmi", 15, 60)
    yield expect.column_values_to_be_between("bp", 50, 180)
    yield expect.column_mean_to_be_between("progression", 100, 200)


@aiqa.check(model, patients, owner="@ds-clinic")
def progression_is_foreseen() -> Iterator[object]:
    """A doctor can plan with the prediction: it is off by less than 50 points, and not to one side."""
    yield metric.mae <= 50
    yield metric.rmse <= 64
    yield metric.r2 >= 0.25
    yield metric.median_absolute_error <= 48
    yield metric(bias).between(-15, 15)


@aiqa.check(model, patients, owner="@ds-clinic")
def doctors_foresee_no_less() -> Iterator[object]:
    """Ten measurements predict no worse than the two that doctors used so far."""
    yield metric.mae.no_worse_than(aiqa.champion, margin=1.0)


@aiqa.check(model, patients, owner="@ds-clinic")
def weight_never_helps(model: Any, data: pl.DataFrame) -> None:
    """All else equal, the disease of a heavier patient is not foreseen to go better."""
    heavier = data.with_columns(pl.col("bmi") + 5)
    gain = model.predict(heavier).prediction - model.predict(data).prediction
    assert gain.min() >= 0, f"patient {gain.argmin()} is foreseen {-gain.min():.1f} points better if heavier"
