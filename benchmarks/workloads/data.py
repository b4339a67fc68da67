"""The table: 30 columns of orders with two models' scores, in twenty parquet files; and a reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

HOME = Path(__file__).parents[2] / ".aiqa" / "benchmarks" / "workloads"
FILES, REFERENCE_FILES = 20, 4
CHANNELS = [f"channel {k}" for k in range(5)]
COUNTRIES = ["BR", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "PT", "US"]
CATEGORIES = [f"category {k:02}" for k in range(20)]
SHOPS = [f"shop {k:02}" for k in range(50)]
CURRENCIES = ["BRL", "EUR", "GBP", "INR", "JPY", "USD"]
DEVICES = ["android", "ios", "kiosk", "linux", "mac", "phone", "tv", "windows"]
DOMAINS = [f"mail{k}.example.org" for k in range(200)]
SLICES = {"channel": CHANNELS, "country": COUNTRIES, "category": CATEGORIES, "shop": SHOPS}
FLOATS = [
    *["amount", "tax", "discount", "distance", "basket", "seconds", "rating", "speed", "risk", "spread"],
    "share",
]
INTEGERS = ["quantity", "visits", "items", "returns"]
TEXTS = ["currency", "device", "domain"]
NUMBERS = [*FLOATS, *INTEGERS]
FEATURES = [*NUMBERS, *TEXTS, "first_order", "seen_at"]
COLUMNS = [
    *["id", "customer", "ordered_at", "is_fraud", "score", "old_score"],
    *SLICES,
    *FEATURES,
]
HOLED = {"discount": 0.1, "rating": 0.2, "device": 0.02}
"""Columns with missing values, and the share of them."""


def project(rows: int) -> Path:
    """Return the folder of a table of so many rows, written once, one file after the other."""
    home = HOME / str(rows)
    if not (home / "pyproject.toml").exists():
        _write(home / "orders", rows // FILES, FILES, seed=0, moved=0.0)
        _write(home / "reference", rows // FILES, REFERENCE_FILES, seed=1, moved=0.1)
        (home / "pyproject.toml").write_text('[project]\nname = "workloads"\n')
    return home


def _write(folder: Path, rows: int, files: int, seed: int, moved: float) -> None:
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    for part in range(files):
        rng = np.random.default_rng([seed, part])
        _frame(rng, rows, part * rows, moved).write_parquet(
            folder / f"part-{part:02}.parquet", row_group_size=250_000
        )


def _frame(rng: np.random.Generator, rows: int, first: int, moved: float) -> pl.DataFrame:
    """Return rows of orders, whose features have moved by a part of their spread."""
    import numpy as np
    import polars as pl

    risk = rng.normal(moved, 1, rows)
    slices = {name: _drawn(rng, values, rows) for name, values in SLICES.items()}
    logit = -3 + 1.5 * risk + rng.normal(0, 1, rows)
    seconds = np.sort(rng.integers(1_700_000_000, 1_760_000_000, rows))
    ordered = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))
    amount = np.round(rng.lognormal(3 + moved, 1, rows), 2)
    columns: dict[str, Any] = {
        "id": np.arange(first, first + rows),
        "customer": rng.integers(0, 100_000, rows),
        "ordered_at": ordered,
        "is_fraud": rng.random(rows) < _logistic(logit),
        "score": _logistic(logit + rng.normal(0, 0.5, rows)),
        "old_score": _logistic(logit + rng.normal(0, 1.0, rows)),
        **slices,
        "amount": amount,
        "tax": np.round(amount * 0.2, 2),
        "discount": rng.random(rows) ** (1 + moved) * 0.5,
        "distance": rng.gamma(2, 100 * (1 + moved), rows),
        "basket": np.round(amount * rng.uniform(1, 3, rows), 2),
        "seconds": rng.exponential(60, rows),
        "rating": rng.beta(5, 2, rows) * 5,
        "speed": rng.normal(50, 10, rows).astype(np.float32),
        "risk": risk,
        "spread": rng.standard_t(5, rows),
        "share": rng.random(rows),
        "quantity": rng.integers(1, 20, rows),
        "visits": rng.poisson(5 + moved, rows),
        "items": rng.geometric(0.3, rows).astype(np.int32),
        "returns": rng.binomial(10, 0.1 + moved / 10, rows).astype(np.int16),
        "currency": _drawn(rng, CURRENCIES, rows),
        "device": _drawn(rng, DEVICES, rows, skew=moved),
        "domain": _drawn(rng, DOMAINS, rows),
        "first_order": rng.random(rows) < 0.3 + moved,
        "seen_at": ordered - pl.Series(rng.exponential(1e12, rows)).cast(pl.Duration("us")),
    }
    frame = pl.DataFrame(columns)
    return frame.with_columns(
        pl.when(pl.Series(rng.random(rows) >= share)).then(pl.col(name)).alias(name)
        for name, share in HOLED.items()
    ).select(COLUMNS)


def _drawn(rng: np.random.Generator, values: list[str], rows: int, skew: float = 0.0) -> pl.Series:
    """Draw values of which the later ones are rarer, the more so the larger `skew` is."""
    import numpy as np
    import polars as pl

    weights = (1 + np.arange(len(values))) ** (-0.5 - skew)
    return pl.Series(values)[rng.choice(len(values), rows, p=weights / weights.sum())]


def _logistic(logit: Any) -> Any:
    import numpy as np

    return 1 / (1 + np.exp(-logit))
