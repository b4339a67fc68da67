"""Train two models that predict how diabetes progresses: ``python examples/diabetes/train.py``.

The data are scikit-learn's copy of Efron et al. (2004): 442 patients, ten measurements, and a score of
the disease one year on. The champion knows body-mass index and blood pressure; the challenger all ten.
Half of the patients are kept for the checks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl
import skops.io
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
LABEL = "progression"
CHAMPION_FEATURES = ["bmi", "bp"]


def read() -> pl.DataFrame:
    """Return the patients: ten measurements in their own units and the progression after a year."""
    bunch = load_diabetes(scaled=False)
    return pl.DataFrame(bunch.data, schema=list(bunch.feature_names)).with_columns(
        pl.Series(LABEL, bunch.target)
    )


def train(rows: pl.DataFrame, features: list[str]) -> Pipeline:
    """Fit a ridge regression on these columns."""
    model = make_pipeline(StandardScaler(), Ridge(alpha=10))
    return model.fit(rows[features], rows[LABEL].to_numpy())


def main(out: Path = HERE) -> None:
    """Write ``data/test.parquet`` and both models below `out`."""
    patients = read()
    train_rows, test_rows = train_test_split(np.arange(patients.height), test_size=0.5, random_state=0)
    (out / "data").mkdir(parents=True, exist_ok=True)
    (out / "models").mkdir(exist_ok=True)
    patients[test_rows].write_parquet(out / "data" / "test.parquet")
    everything = [name for name in patients.columns if name != LABEL]
    for name, features in (("champion", CHAMPION_FEATURES), ("challenger", everything)):
        skops.io.dump(train(patients[train_rows], features), out / "models" / f"{name}.skops")
    print(f"diabetes: {len(train_rows)} patients to train on, {len(test_rows)} to check with")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where data/ and models/ go")
    main(parser.parse_args().out)
