"""What must hold of the model that stops fraudulent card orders; see examples/fraud."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import aiqa
from aiqa import expect, metric

COUNTRIES = ["BR", "DE", "FR", "GB", "NZ", "US"]
NEW_MONTH = os.environ.get("FRAUD_MONTH", "2026-08")

orders = aiqa.dataset(
    "orders",
    "examples/fraud/data/test.parquet",
    label="is_fraud",
    time="ordered_at",
    slices=["country", "channel"],
)
new_orders = aiqa.dataset("new-orders", f"examples/fraud/data/orders/{NEW_MONTH}.parquet", time="ordered_at")
fraud = aiqa.model(
    "fraud",
    "examples/fraud/models/challenger.skops",
    task="binary",
    threshold=0.2,
    champion="examples/fraud/models/champion.skops",
    trusted=["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"],
)


def promised_to_seen(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return how much fraud the scores promise, as a multiple of the fraud that came."""
    return float(score.sum() / truth.sum())


@aiqa.check(orders, owner="@ds-fraud", tier="smoke")
def orders_are_complete() -> Iterator[object]:
    """Scores are only as good as the orders that we feed them."""
    yield expect.column_values_to_be_unique("order_id")
    yield expect.column_values_to_not_be_null("is_fraud")
    yield expect.column_values_to_be_in_set("country", COUNTRIES)
    yield expect.column_values_to_be_between("amount", 0, 50_000, strict_min=True)
    yield expect.column_mean_to_be_between("is_fraud", 0.005, 0.05)


@aiqa.check(new_orders, owner="@ds-fraud", tier="smoke")
def new_orders_look_familiar() -> Iterator[object]:
    """Last month's customers spend as those did on whom we checked the model."""
    yield expect.column_values_to_match_regex("order_id", r"^\d{8}$")
    yield expect.column_values_to_be_in_set("country", COUNTRIES, mostly=0.99)
    yield metric.psi("amount", reference="orders") <= 0.1


@aiqa.check(fraud, orders, owner="@ds-fraud")
def fraud_ranks_first() -> Iterator[object]:
    """The orders that we have time to review are worth it, and most fraud is among those that look worst."""
    yield metric.roc_auc >= 0.89
    yield metric.precision.at(top=500) >= 0.35
    yield metric.precision.at(top=10, per="day") >= 0.35
    yield metric.recall.at(fpr=0.05) >= 0.55


@aiqa.check(fraud, orders, owner="@ds-fraud")
def no_country_is_left_behind() -> Iterator[object]:
    """Fraud is found in every country and channel where we sell."""
    yield metric.roc_auc.by("country") >= 0.84
    yield metric.roc_auc.by("channel") >= 0.84


@aiqa.check(fraud, orders, owner="@ds-fraud")
def honest_customers_shop_on() -> Iterator[object]:
    """Nearly all orders go through, and a score of 0.2 means that one such order in five is fraud."""
    yield metric.approval_rate(label=False) >= 0.97
    yield metric(promised_to_seen, needs="score").between(0.85, 1.15)
    yield metric.brier <= 0.02


@aiqa.check(fraud, orders, owner="@ds-fraud")
def no_fraud_slips_back_in() -> Iterator[object]:
    """The new model finds no less fraud than the one that serves now."""
    yield metric.roc_auc.no_worse_than(aiqa.champion, margin=0.005)
    yield metric.log_loss.no_worse_than(aiqa.champion, margin=0.001)


@aiqa.check(fraud, orders, owner="@ds-fraud")
def haste_is_suspicious(model: Any, data: pl.DataFrame) -> None:
    """Whoever orders for the fifth time in a day looks more suspicious than before, in every country."""
    hasty = data.with_columns(orders_last_day=pl.lit(4, pl.Int64))
    rise = model.predict(hasty).score - model.predict(data).score
    means = {country: rise[(data["country"] == country).to_numpy()].mean() for country in COUNTRIES}
    assert min(means.values()) >= 0.02, f"the score hardly rises somewhere: {means}"
