"""Train the fraud models on the orders that ``generate.py`` wrote: ``python examples/fraud/train.py``.

Besides the champion and the challenger it trains two challengers that each went wrong in a way that
happens, for the checks to catch (see the README).
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent
TODAY = datetime(2026, 10, 1, tzinfo=UTC)
MATURITY = timedelta(days=90)
TEST_FROM = datetime(2026, 5, 1, tzinfo=UTC)
LABEL = "is_fraud"
NUMBERS = ["amount", "account_age_days", "orders_last_day", "address_mismatch", "hour"]
CATEGORIES = ["country", "channel"]


def matured(orders: pl.LazyFrame, today: datetime = TODAY) -> pl.LazyFrame:
    """Keep the orders that are old enough for every chargeback to have come.

    Taking instead all orders whose label is known would keep the frauds of the last 90 days and none of
    the honest orders beside them.
    """
    return orders.filter(pl.col("ordered_at") + MATURITY <= today)


def champion() -> Pipeline:
    """Return the model that serves now: linear in the features."""
    columns = make_column_transformer(
        (StandardScaler(), NUMBERS), (OneHotEncoder(handle_unknown="ignore"), CATEGORIES)
    )
    return make_pipeline(columns, LogisticRegression(max_iter=500))


def challenger(numbers: list[str] = NUMBERS) -> Pipeline:
    """Return the candidate: boosted trees."""
    columns = make_column_transformer(
        ("passthrough", numbers), (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), CATEGORIES)
    )
    trees = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.06, max_leaf_nodes=12, min_samples_leaf=60, l2_regularization=5.0,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    return make_pipeline(columns, trees)


def fit(model: Pipeline, orders: pl.DataFrame) -> Pipeline:
    """Fit a model to orders."""
    return model.fit(orders[NUMBERS + CATEGORIES], orders[LABEL].to_numpy())


def with_chargebacks_joined_wrongly(orders: pl.DataFrame, country: str = "BR") -> pl.DataFrame:
    """Return the orders with the labels of one country shuffled, as a join on a wrong key does."""
    there = (orders["country"] == country).to_numpy()
    labels = orders[LABEL].to_numpy().copy()
    labels[there] = np.random.default_rng(0).permutation(labels[there])
    return orders.with_columns(pl.Series(LABEL, labels))


def models(orders: pl.DataFrame) -> dict[str, Pipeline]:
    """Return every model, fitted to `orders`."""
    without_age = [name for name in NUMBERS if name != "account_age_days"]
    return {
        "champion": fit(champion(), orders),
        "challenger": fit(challenger(), orders),
        "broken": fit(challenger(), with_chargebacks_joined_wrongly(orders)),
        "blind": fit(challenger(without_age), orders),
    }


def main(out: Path = HERE) -> None:
    """Write ``data/test.parquet`` and the models below `out`, from ``data/orders/`` there."""
    orders = matured(pl.scan_parquet(out / "data" / "orders" / "*.parquet"))
    test = orders.filter(pl.col("ordered_at") >= TEST_FROM).collect()
    training = orders.filter(pl.col("ordered_at") < TEST_FROM).collect()
    test.write_parquet(out / "data" / "test.parquet")
    (out / "models").mkdir(exist_ok=True)
    for name, model in models(training).items():
        skops.io.dump(model, out / "models" / f"{name}.skops")
    print(f"fraud: {training.height:,} orders to train on, {test.height:,} to check with")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where data/orders/ is and models/ goes")
    main(parser.parse_args().out)
