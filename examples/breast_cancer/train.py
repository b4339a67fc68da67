"""Train two models that tell malignant from benign tumours: ``python examples/breast_cancer/train.py``.

The data are scikit-learn's copy of the Wisconsin diagnostic set: 569 tumours, 30 measurements each. The
champion uses four of them; the challenger all. Half of the tumours are kept for the checks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl
import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
LABEL = "diagnosis"
CHAMPION_FEATURES = ["mean_radius", "mean_texture", "mean_perimeter", "mean_area"]


def read() -> pl.DataFrame:
    """Return the tumours: 30 measurements and the diagnosis in words."""
    bunch = load_breast_cancer()
    names = [name.replace(" ", "_") for name in bunch.feature_names]
    return pl.DataFrame(bunch.data, schema=names).with_columns(
        pl.Series(LABEL, np.where(bunch.target == 0, "malignant", "benign"))
    )


def train(rows: pl.DataFrame, features: list[str]) -> Pipeline:
    """Fit a logistic regression on these columns."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
    return model.fit(rows[features], rows[LABEL].to_numpy())


def main(out: Path = HERE) -> None:
    """Write ``data/test.parquet`` and both models below `out`."""
    tumours = read()
    train_rows, test_rows = train_test_split(
        np.arange(tumours.height), test_size=0.5, random_state=0, stratify=tumours[LABEL].to_numpy()
    )
    (out / "data").mkdir(parents=True, exist_ok=True)
    (out / "models").mkdir(exist_ok=True)
    tumours[test_rows].write_parquet(out / "data" / "test.parquet")
    everything = [name for name in tumours.columns if name != LABEL]
    for name, features in (("champion", CHAMPION_FEATURES), ("challenger", everything)):
        skops.io.dump(train(tumours[train_rows], features), out / "models" / f"{name}.skops")
    print(f"breast cancer: {len(train_rows)} tumours to train on, {len(test_rows)} to check with")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where data/ and models/ go")
    main(parser.parse_args().out)
