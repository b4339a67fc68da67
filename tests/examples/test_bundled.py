"""The examples on scikit-learn's bundled data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
from polars.testing import assert_frame_equal
from sklearn.metrics import accuracy_score, mean_absolute_error

from examples.breast_cancer import train as breast_cancer
from examples.diabetes import train as diabetes
from examples.digits import train as digits

BUNDLED = {"breast_cancer": breast_cancer, "diabetes": diabetes, "digits": digits}


def predictions(folder: Path, model: str) -> Any:
    rows = pl.read_parquet(folder / "data" / "test.parquet")
    estimator = skops.io.load(folder / "models" / f"{model}.skops")
    return estimator.predict(rows[list(estimator.feature_names_in_)])


@pytest.mark.parametrize("name", BUNDLED)
def test_a_second_training_is_the_same(name: str, trained: Path, tmp_path: Path) -> None:
    BUNDLED[name].main(tmp_path)
    first = pl.read_parquet(trained / name / "data" / "test.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "data" / "test.parquet"), first)
    for model in ("champion", "challenger"):
        np.testing.assert_array_equal(predictions(tmp_path, model), predictions(trained / name, model))


@pytest.mark.parametrize(("name", "module"), BUNDLED.items())
def test_half_of_the_rows_are_kept_for_the_checks(name: str, module: ModuleType, trained: Path) -> None:
    everything = module.read()
    kept = pl.read_parquet(trained / name / "data" / "test.parquet")
    assert abs(kept.height - everything.height / 2) <= 1
    assert kept.join(everything, on=everything.columns, how="semi").height == kept.height


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
def test_the_challenger_errs_less(name: str, trained: Path) -> None:
    truth = pl.read_parquet(trained / name / "data" / "test.parquet")[BUNDLED[name].LABEL]
    challenger, champion = (
        accuracy_score(truth, predictions(trained / name, model)) for model in ("challenger", "champion")
    )
    assert challenger > champion + 0.02


def test_the_diabetes_challenger_errs_less(trained: Path) -> None:
    folder = trained / "diabetes"
    truth = pl.read_parquet(folder / "data" / "test.parquet")["progression"]
    challenger, champion = (
        mean_absolute_error(truth, predictions(folder, model)) for model in ("challenger", "champion")
    )
    assert challenger < champion


def test_the_script_runs_from_anywhere(tmp_path: Path) -> None:
    script = Path(breast_cancer.__file__)
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, script, "--out", out], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "285 to check with" in done.stdout
    assert sorted(path.name for path in (out / "models").iterdir()) == ["challenger.skops", "champion.skops"]
