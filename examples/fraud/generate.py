"""Card orders whose truth is known, because this script made them up.

Every order is fraud with a probability that follows from a fixed logistic model of its features
(:func:`fraud_log_odds`). So the best AUC that any model could reach is known: that of the true
probabilities (:func:`best_auc`). Run ``python examples/fraud/generate.py``.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HERE = Path(__file__).parent
FIRST, DAYS = datetime(2026, 1, 1, tzinfo=UTC), 273  # January to September
TODAY = datetime(2026, 10, 1, tzinfo=UTC)
MATURITY = timedelta(days=90)  # a chargeback comes 30 to 90 days after the order, or never
DRIFTED_MONTH = 9
COUNTRIES = {"US": 0.42, "GB": 0.20, "DE": 0.16, "FR": 0.135, "BR": 0.07, "NZ": 0.015}
CHANNELS = {"web": 0.60, "app": 0.34, "phone": 0.06}
COUNTRY_RISK = {"US": 0.0, "GB": -0.1, "DE": -0.4, "FR": -0.2, "BR": 0.9, "NZ": -0.3}
CHANNEL_RISK = {"web": 0.0, "app": -0.3, "phone": 0.7}


def generate(orders: int = 200_000, seed: int = 20261001) -> pl.DataFrame:
    """Make up orders, in the order of time, with their true probability of fraud and what came of them.

    Parameters
    ----------
    orders : int
        How many.
    seed : int
        The same seed gives the same orders.

    Returns
    -------
    polars.DataFrame
        The columns that a shop would have, then ``p_fraud`` (the truth, which no shop has),
        ``is_fraud`` and ``label_known_at``.
    """
    rng = np.random.default_rng(seed)
    frame = _features(rng, orders)
    p_fraud = 1 / (1 + np.exp(-fraud_log_odds(frame)))
    is_fraud = rng.random(orders) < p_fraud
    days = np.where(is_fraud, 30 + 60 * rng.beta(2, 3, orders), MATURITY.days)
    known_at = pl.col("ordered_at") + pl.duration(seconds=pl.lit(pl.Series((days * 86_400).astype(np.int64))))
    return frame.with_columns(
        p_fraud=pl.Series(p_fraud), is_fraud=pl.Series(is_fraud), label_known_at=known_at
    )


def _features(rng: np.random.Generator, orders: int) -> pl.DataFrame:
    seconds = np.sort(
        _days(rng, orders) * 86_400 + _hours(rng, orders) * 3600 + rng.integers(0, 3600, orders)
    )
    ordered_at = pl.lit(FIRST) + pl.duration(seconds=pl.lit(pl.Series(seconds)))
    channel = rng.choice(list(CHANNELS), orders, p=list(CHANNELS.values()))
    frame = pl.DataFrame(
        {
            "order_id": pl.Series(np.arange(orders)).cast(pl.String).str.zfill(8),
            "country": rng.choice(list(COUNTRIES), orders, p=list(COUNTRIES.values())),
            "channel": channel,
            "account_age_days": rng.exponential(400, orders).round(),
            "orders_last_day": rng.poisson(0.25, orders),
            "address_mismatch": rng.random(orders) < 0.08,
        }
    ).with_columns(ordered_at=ordered_at.dt.cast_time_unit("ms"))
    frame = frame.with_columns(hour=pl.col("ordered_at").dt.hour())
    drifted = (frame["ordered_at"].dt.month() == DRIFTED_MONTH).to_numpy()
    return frame.with_columns(amount=pl.Series(_amounts(rng, channel == "phone", drifted)))


def _days(rng: np.random.Generator, orders: int) -> NDArray[np.int64]:
    """Draw days: busier towards summer and on weekends."""
    day = np.arange(DAYS)
    weekend = (day + FIRST.weekday()) % 7 >= 5
    load = (1 + 0.25 * np.sin(2 * np.pi * (day - 80) / 365)) * np.where(weekend, 1.3, 1.0)
    return rng.choice(day, orders, p=load / load.sum())


def _hours(rng: np.random.Generator, orders: int) -> NDArray[np.int64]:
    """Draw hours: most orders come in the evening, few at night."""
    hour = np.arange(24)
    load = 1.1 + np.cos(2 * np.pi * (hour - 19) / 24)
    return rng.choice(hour, orders, p=load / load.sum())


def _amounts(rng: np.random.Generator, by_phone: NDArray[np.bool_], drifted: NDArray[np.bool_]) -> Floats:
    """Draw amounts: larger by phone; in the drifted month a shop for electronics joins."""
    centre = 4.0 + 0.4 * by_phone + 0.7 * drifted
    return np.clip(np.round(rng.lognormal(centre, np.where(drifted, 1.2, 0.9)), 2), 0.5, 50_000)


def fraud_log_odds(orders: pl.DataFrame) -> Floats:
    """Return the true log-odds that each order is fraud: the model behind the data."""
    frame = orders.select(
        log_amount=pl.col("amount").log() - 4,
        log_age=pl.col("account_age_days").log1p() - 5.5,
        velocity=pl.col("orders_last_day").clip(0, 4),
        mismatch=pl.col("address_mismatch").cast(pl.Float64),
        night=(pl.col("hour") < 6).cast(pl.Float64),
        country=pl.col("country").replace_strict(COUNTRY_RISK),
        channel=pl.col("channel").replace_strict(CHANNEL_RISK),
    )
    terms = frame.select(
        pl.col("country") + pl.col("channel") + 0.9 * pl.col("log_amount") - 1.1 * pl.col("log_age")
        + 1.1 * pl.col("velocity") + 1.7 * pl.col("mismatch") + 0.9 * pl.col("night")
        + 0.8 * pl.col("mismatch") * pl.col("velocity")
    )  # fmt: skip
    return -6.4 + terms.to_series().to_numpy()


def best_auc(p_fraud: Floats) -> float:
    """Return the AUC that nobody can beat: of the true probabilities, expected over the labels.

    An order counts as fraud with weight p and as honest with weight 1 - p, so the value has no noise
    of one draw of labels. No score ranks better, as the likelihood ratio grows with p (Neyman and
    Pearson, 1933).

    Examples
    --------
    >>> round(best_auc(np.array([0.1, 0.9])), 4)  # 0.81 right to 0.01 wrong
    0.9878
    """
    p = np.sort(p_fraud)
    honest_below = np.cumsum(1 - p) - (1 - p)
    pairs = p.sum() * (1 - p).sum() - p @ (1 - p)
    return float(p @ honest_below / pairs)


def as_the_shop_sees_it(orders: pl.DataFrame, today: datetime = TODAY) -> pl.DataFrame:
    """Return what is known `today`: labels that are still to come are null, and nobody has ``p_fraud``."""
    known = pl.col("label_known_at") <= today
    return orders.drop("p_fraud").with_columns(
        is_fraud=pl.when(known).then("is_fraud"), label_known_at=pl.when(known).then("label_known_at")
    )


def main(out: Path = HERE, orders: int = 200_000) -> None:
    """Write a file of orders a month, and the truth beside them, below `out`."""
    made_up = generate(orders)
    folder = out / "data" / "orders"
    folder.mkdir(parents=True, exist_ok=True)
    months = as_the_shop_sees_it(made_up).with_columns(month=pl.col("ordered_at").dt.strftime("%Y-%m"))
    for rows in months.partition_by("month", maintain_order=True):
        rows.drop("month").write_parquet(folder / f"{rows['month'][0]}.parquet")
    made_up.select("order_id", "ordered_at", "p_fraud", "is_fraud").write_parquet(
        out / "data" / "truth.parquet"
    )
    frauds = made_up["is_fraud"].sum()
    print(f"fraud: {made_up.height:,} orders, {frauds / made_up.height:.2%} of them fraud, in {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where data/ goes")
    parser.add_argument("--orders", type=int, default=200_000)
    main(**vars(parser.parse_args()))
