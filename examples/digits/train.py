"""Train two models that read handwritten digits: ``python examples/digits/train.py``.

The data are scikit-learn's copy of the UCI set: 1,797 images of 8 by 8 grey pixels. The champion is
linear in the pixels; the challenger is linear in a kernel map of them. Half is kept for the checks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl
import skops.io
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

HERE = Path(__file__).parent
LABEL = "digit"


def read() -> pl.DataFrame:
    """Return the images: 64 pixels from 0 to 16 (``pixel_row_column``) and the digit."""
    bunch = load_digits()
    return pl.DataFrame(bunch.data, schema=list(bunch.feature_names)).with_columns(
        pl.Series(LABEL, bunch.target)
    )


def champion() -> Pipeline:
    """Return the model that serves now."""
    return make_pipeline(MinMaxScaler(), LogisticRegression(C=0.1, max_iter=500))


def challenger() -> Pipeline:
    """Return the candidate."""
    kernel = Nystroem(gamma=0.05, n_components=300, random_state=0)
    return make_pipeline(MinMaxScaler(), kernel, LogisticRegression(C=100, max_iter=1000))


def main(out: Path = HERE) -> None:
    """Write ``data/test.parquet`` and both models below `out`."""
    images = read()
    train_rows, test_rows = train_test_split(
        np.arange(images.height), test_size=0.5, random_state=0, stratify=images[LABEL].to_numpy()
    )
    (out / "data").mkdir(parents=True, exist_ok=True)
    (out / "models").mkdir(exist_ok=True)
    images[test_rows].write_parquet(out / "data" / "test.parquet")
    pixels = [name for name in images.columns if name != LABEL]
    training = images[train_rows]
    for name, model in (("champion", champion()), ("challenger", challenger())):
        model.fit(training[pixels], training[LABEL].to_numpy())
        skops.io.dump(model, out / "models" / f"{name}.skops")
    print(f"digits: {len(train_rows)} images to train on, {len(test_rows)} to check with")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where data/ and models/ go")
    main(parser.parse_args().out)
