"""Models in MLflow: found by address, downloaded once, loaded natively where scikit-learn wrote them."""

from __future__ import annotations

import hashlib
import os
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.declare.source import MlflowUri, Model
from aiqa.errors import ModelError, require_extra
from aiqa.scan.models.answers import interpret
from aiqa.scan.models.estimator import EstimatorScorer
from aiqa.scan.models.scorer import Identity, Scorer
from aiqa.scan.predictions import Predictions

SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""Without these MLflow waits up to 20 minutes for a server that is down; what the user has set stays."""
LONGEST_REASON = 300
"""Characters of a server's answer, which may be a whole page."""


@dataclass(frozen=True, eq=False)
class PyfuncScorer:
    """Any other flavour: it gets pandas frames and answers as it likes."""

    pyfunc: Any
    model: Model
    identity: Identity

    @property
    def classes(self) -> tuple[Any, ...]:
        return self.model.classes

    @property
    def probabilistic(self) -> bool:
        return True

    @cached_property
    def features(self) -> tuple[str, ...]:
        schema = self.pyfunc.metadata.get_input_schema()
        return tuple(schema.input_names()) if schema is not None and schema.has_input_names() else ()

    def answer(self, batch: pl.DataFrame) -> Predictions:
        return self.call(batch)()

    def call(self, batch: pl.DataFrame) -> Callable[[], Predictions]:
        rows = batch.to_pandas()
        return lambda: interpret(self.pyfunc.predict(rows), self.model, batch.height)


def load_mlflow(source: MlflowUri, model: Model, tracking_uri: str | None = None) -> Scorer:
    """Download and load a model from MLflow; at the server that `tracking_uri` or the environment names.

    Raises
    ------
    ModelError
        If no server is named, there is no such model, or it cannot be read.
    MissingExtraError
        If MLflow is not installed.
    """
    address = {} if tracking_uri is None else {"MLFLOW_TRACKING_URI": tracking_uri}
    with _environment(SETTINGS, address), warnings.catch_warnings():
        warnings.simplefilter("default")  # importing MLflow warns: that must not end a run that is strict
        mlflow = require_extra("mlflow", "mlflow", f"loading {source.uri}")
        from mlflow.exceptions import MlflowException

        _check_address(mlflow, source.uri)
        try:
            uri, where = _resolved(source.uri)
            folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
            return _loaded(folder, model, where)
        except (MlflowException, OSError, ValueError) as error:
            server = _redacted(_server(mlflow, source.uri))
            raise ModelError(f"MLflow at {server} cannot give {source.uri}: {_reason(error)}") from error


def _check_address(mlflow: Any, uri: str) -> None:
    """Refuse before MLflow makes an empty store of its own in the working folder and finds nothing in it."""
    default: str = mlflow.get_tracking_uri()
    named = mlflow.tracking.is_tracking_uri_set() or _server(mlflow, uri) != default
    if not named and default.startswith("sqlite:") and not Path("mlflow.db").exists():
        raise ModelError(
            f"cannot look for {uri}: no MLflow server is named; set MLFLOW_TRACKING_URI, or tracking_uri in "
            "[tool.aiqa.mlflow]"
        )


def _server(mlflow: Any, uri: str) -> str:
    found: str = mlflow.get_registry_uri() if uri.startswith("models:/") else mlflow.get_tracking_uri()
    return found


@contextmanager
def _environment(defaults: Mapping[str, str], fixed: Mapping[str, str]) -> Iterator[None]:
    wanted = {key: value for key, value in defaults.items() if key not in os.environ} | dict(fixed)
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def _resolved(uri: str) -> tuple[str, dict[str, str]]:
    """Return the address of the content and the model's place in MLflow.

    The model's id stands in the version's source (``models:/m-...``); the version's own field for it is
    empty.
    """
    from mlflow import MlflowClient

    client = MlflowClient()
    version = _version(client, uri)
    if version is None:
        return uri, _logged(client, uri)
    where = {"mlflow_version": str(version.version)}
    if version.run_id:
        where["mlflow_run_id"] = version.run_id
    return uri, where | _logged(client, version.source or "")


def _version(client: Any, uri: str) -> Any:
    registered = re.fullmatch(r"models:/([^/@]+)(?:@([^/]+)|/(\d+))", uri)
    if registered is None:
        return None
    name, alias, number = registered.groups()
    return client.get_model_version_by_alias(name, alias) if alias else client.get_model_version(name, number)


def _logged(client: Any, uri: str) -> dict[str, str]:
    logged = re.fullmatch(r"models:/(m-[0-9a-f]+)/?", uri)
    if logged is None:
        return {}
    found = client.get_logged_model(logged[1])
    run = {"mlflow_run_id": found.source_run_id} if found.source_run_id else {}
    return {"mlflow_model_id": logged[1], **run}


def _loaded(folder: Path, model: Model, where: dict[str, str]) -> Scorer:
    import mlflow.pyfunc
    import mlflow.sklearn
    from mlflow.models import Model as MlflowModel

    described = MlflowModel.load(str(folder))
    if described.model_id:
        where = {"mlflow_model_id": described.model_id} | where
    if described.run_id:
        where = {"mlflow_run_id": described.run_id} | where
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    identity = Identity(_digest(folder), where, size)
    if "sklearn" in described.flavors:
        return EstimatorScorer(mlflow.sklearn.load_model(str(folder)), model, identity)
    return PyfuncScorer(mlflow.pyfunc.load_model(str(folder)), model, identity)


def _digest(folder: Path) -> str:
    """Digest what the model consists of; names count, and MLflow's own description does not."""
    sha = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "MLmodel"):
        sha.update(file.relative_to(folder).as_posix().encode())
        with file.open("rb") as stream:
            sha.update(hashlib.file_digest(stream, "sha256").digest())
    return f"sha256:{sha.hexdigest()}"


def _reason(error: BaseException) -> str:
    """Return the line that tells: of a failed connection its cause, which MLflow wraps several times."""
    cause = error
    if "failed with exception" in str(error):
        while inner := cause.__cause__ or cause.__context__:
            cause = inner
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return textwrap.shorten(_redacted(lines[0]), LONGEST_REASON, placeholder=" ...")


def _redacted(text: str) -> str:
    """Drop credentials that a tracking address may carry."""
    return re.sub(r"//[^/@\s]+@", "//", text)
