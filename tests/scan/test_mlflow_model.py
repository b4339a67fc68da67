"""Models in a real MLflow store."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from aiqa import dataset, model
from aiqa.errors import ModelError
from aiqa.scan.model import LoadedModel, load_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    mlflow: Any = pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore")

FRAME = pl.DataFrame({"a": np.linspace(-1, 1, 40), "b": np.linspace(1, 3, 40)}).with_columns(
    y=(pl.col("a") > 0.1).cast(pl.Int64)
)
X = FRAME.select("a", "b").to_pandas()
REQUIREMENTS = ["scikit-learn"]  # told, because MLflow takes half a minute to find out
ESTIMATOR = LogisticRegression().fit(X, FRAME["y"].to_numpy())


def _rank(frame: pd.DataFrame) -> Any:
    """Answer as a model of no known flavour does."""
    return frame["a"].to_numpy()


@dataclass(frozen=True)
class Store:
    """A store with a model in every form."""

    uri: str
    estimator_run: str
    model_id: str


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("mlflow")
    before, here = os.environ.get("MLFLOW_TRACKING_URI"), Path.cwd()
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    os.chdir(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.set_tracking_uri(uri)
            client = mlflow.MlflowClient()
            experiment = client.create_experiment("e", artifact_location=(folder / "artifacts").as_uri())
            with mlflow.start_run(experiment_id=experiment) as run:
                logged = mlflow.sklearn.log_model(
                    ESTIMATOR, name="model", registered_model_name="fraud", pip_requirements=REQUIREMENTS
                )
            client.set_registered_model_alias("fraud", "champion", 1)
            with mlflow.start_run(experiment_id=experiment):
                signature = mlflow.models.infer_signature(X[["a"]])
                mlflow.pyfunc.log_model(
                    name="rank",
                    python_model=_rank,
                    registered_model_name="rank",
                    signature=signature,
                    pip_requirements=REQUIREMENTS,
                )
        yield Store(uri, run.info.run_id, logged.model_id)
    finally:
        os.chdir(here)
        mlflow.set_tracking_uri(before)
        if before is None:  # MLflow leaves its own default there
            os.environ.pop("MLFLOW_TRACKING_URI", None)


def _loaded(uri: str, tracking: str | None = None) -> LoadedModel:
    declared = model("m", uri, task="binary")
    return load_model(declared.source, declared, Path(), tracking_uri=tracking)


@pytest.mark.parametrize("form", ["models:/fraud@champion", "models:/fraud/1", "runs", "id"])
def test_an_estimator_is_loaded_natively_from_any_address(store: Store, form: str) -> None:
    uris = {"runs": f"runs:/{store.estimator_run}/model", "id": f"models:/{store.model_id}"}
    loaded = _loaded(uris.get(form, form))
    found = loaded.predict(FRAME, dataset("d", FRAME, label="y"))
    assert found.score is not None
    np.testing.assert_allclose(found.score, ESTIMATOR.predict_proba(X)[:, 1])
    assert loaded.record["mlflow_model_id"] == store.model_id
    assert loaded.record["mlflow_run_id"] == store.estimator_run
    assert loaded.record.get("mlflow_version", "1") == "1"
    assert str(loaded.fingerprint).startswith("sha256:")
    assert loaded.classes == (0, 1)


def test_any_other_flavour_answers_through_pyfunc(store: Store) -> None:
    loaded = _loaded("models:/rank/1", store.uri)
    found = loaded.predict(FRAME, dataset("d", FRAME, label="y"))
    np.testing.assert_array_equal(found.score, FRAME["a"])
    assert loaded.scorer.features == ("a",)
    np.testing.assert_array_equal(loaded.scorer.call(FRAME.select("a"))().score, FRAME["a"])


def test_its_size_is_that_of_its_folder(store: Store) -> None:
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri="models:/fraud/1"))
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert _loaded("models:/fraud/1").size == sum(file.stat().st_size for file in files) > 1000


@pytest.mark.parametrize("uri", ["models:/fraud@nobody", "models:/nothing/1", "models:/fraud/99"])
def test_a_model_that_is_not_there(store: Store, uri: str) -> None:
    with pytest.raises(ModelError, match=f"cannot give {uri}") as raised:
        _loaded(uri)
    assert str(raised.value).startswith(f"MLflow at {store.uri} ")


@pytest.fixture
def nameless(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder for a process that was told of no server."""
    mlflow.set_tracking_uri(None)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    mlflow.set_tracking_uri(store.uri)


@pytest.mark.parametrize("uri", ["models:/fraud/1", "models:/fraud@champion", "runs:/0123/model"])
@pytest.mark.parametrize("variable", [None, ""])
def test_without_a_server_it_says_how_to_name_one_and_makes_none(
    uri: str, variable: str | None, nameless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    with pytest.raises(ModelError, match="no MLflow server is named") as raised:
        _loaded(uri)
    assert "MLFLOW_TRACKING_URI" in str(raised.value)
    assert "[tool.aiqa.mlflow]" in str(raised.value)
    assert not list(nameless.iterdir())


def test_mlflows_own_store_in_the_working_folder_needs_no_name(store: Store, nameless: Path) -> None:
    (nameless / "mlflow.db").symlink_to(store.uri.removeprefix("sqlite:///"))
    assert _loaded("models:/fraud/1").record["mlflow_version"] == "1"


def test_what_the_process_was_told_is_a_name(store: Store, nameless: Path) -> None:
    mlflow.set_tracking_uri(store.uri)
    assert _loaded("models:/fraud/1").record["mlflow_version"] == "1"


def test_a_server_that_is_down_is_given_up_soon_and_keeps_its_secret(
    nameless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    started = time.monotonic()
    with pytest.raises(ModelError) as raised:
        _loaded("models:/fraud/1", "http://user:secret@127.0.0.1:9")
    assert time.monotonic() - started < 30
    said = str(raised.value)
    assert said.startswith("MLflow at http://127.0.0.1:9 cannot give models:/fraud/1: ")
    assert "refused" in said
    assert not any(noise in said for noise in ("secret", "Max retries", "HTTPConnectionPool", "\n"))
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ
