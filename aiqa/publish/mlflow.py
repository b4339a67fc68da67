"""MLflow: one run for a session, with the verdicts, the numbers and the evidence itself."""

from __future__ import annotations

import importlib.util
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from aiqa.config import MlflowSettings
from aiqa.errors import AiqaError, MissingExtraError, require_extra
from aiqa.evidence.record import DatasetRecord, Evidence
from aiqa.evidence.store import EVIDENCE_FILE
from aiqa.publish import mlflow_run
from aiqa.publish.deadline import Deadline, within
from aiqa.publish.facts import BLOCKING, challengers, ended_at, started_at
from aiqa.publish.quiet import quiet

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Metric, Run

# Creating the database runs all of MLflow's migrations, which takes longer than any answer over a network.
LOCAL_SECONDS = 60.0
_LOCK_SECONDS = 20.0
_RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True)
class MlflowSink:
    """One MLflow run for a session.

    Parameters
    ----------
    tracking_uri : str
        A server, or ``sqlite:///`` and a file; credentials come from MLflow's own variables.
    experiment : str
        Made where it is missing.
    timeout : float
        Seconds for everything together, where there is a server.
    artifacts : str, optional
        Where a new experiment keeps its files. Default: as the server decides.
    """

    tracking_uri: str
    experiment: str
    timeout: float
    artifacts: str | None = None
    name: str = "mlflow"

    @classmethod
    def of(
        cls, settings: MlflowSettings, environ: Mapping[str, str], *, project: str, out: Path
    ) -> MlflowSink:
        """Return the sink for these settings: MLFLOW_TRACKING_URI, else theirs, else a file in `out`."""
        experiment = settings.experiment or project
        address = environ.get("MLFLOW_TRACKING_URI") or settings.tracking_uri
        if address:
            return cls(address, experiment, settings.timeout)
        out = out.resolve()
        artifacts = (out / "mlartifacts").as_uri()
        return cls(_sqlite_address(out / "mlflow.db"), experiment, settings.timeout, artifacts)

    @property
    def is_local(self) -> bool:
        """Whether the store is a file on this machine."""
        return self.tracking_uri.startswith("sqlite:")

    def send(self, evidence: Evidence, folder: Path) -> str:
        """Make the run, or complete the one that an earlier try began; see :class:`Sink`.

        Raises
        ------
        MissingExtraError
            If MLflow is not installed, or for a file only mlflow-skinny.
        AiqaError
            If MLflow refuses, is not there or does not answer in time.
        """
        with quiet(variables(self.timeout)):
            require_extra("mlflow", "mlflow", "publishing to MLflow")
            if self.is_local:
                _check_local_store(self.tracking_uri)
            deadline = Deadline(LOCAL_SECONDS if self.is_local else self.timeout)
            return self._explained(deadline, evidence, folder)

    def _explained(self, deadline: Deadline, evidence: Evidence, folder: Path) -> str:
        from mlflow.exceptions import MlflowException

        try:
            return within(deadline, lambda: self._send(deadline, evidence, folder))
        except (MlflowException, TimeoutError) as error:
            raise AiqaError(f"MLflow at {without_credentials(self.tracking_uri)}: {reason(error)}") from error

    def _send(self, deadline: Deadline, evidence: Evidence, folder: Path) -> str:
        from mlflow import MlflowClient

        with _alone(self.tracking_uri) if self.is_local else nullcontext():
            client = MlflowClient(tracking_uri=self.tracking_uri)
        run = _run_of(client, self._experiment_id(client), evidence)
        if run.info.status == _RUNNING:
            _complete(client, run.info.run_id, evidence, folder, deadline)
        return self._address_of(run)

    def _experiment_id(self, client: MlflowClient) -> str:
        from mlflow.exceptions import MlflowException

        found = client.get_experiment_by_name(self.experiment)
        if found is None:
            try:
                return str(client.create_experiment(self.experiment, artifact_location=self.artifacts))
            except MlflowException:
                # Another process may have made it in between; if not, the trouble is real.
                found = client.get_experiment_by_name(self.experiment)
                if found is None:
                    raise
        return str(found.experiment_id)

    def _address_of(self, run: Run) -> str:
        if not self.tracking_uri.startswith(("http://", "https://")):
            return f"{without_credentials(self.tracking_uri)}, run {run.info.run_id}"
        server = without_credentials(self.tracking_uri).rstrip("/")
        return f"{server}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"


def _run_of(client: MlflowClient, experiment_id: str, evidence: Evidence) -> Run:
    tag = mlflow_run.RUN_ID_TAG
    found = client.search_runs([experiment_id], f"tags.`{tag}` = '{evidence.run_id}'", max_results=1)
    return (
        found[0]
        if found
        else client.create_run(
            experiment_id,
            start_time=_milliseconds(started_at(evidence)),
            tags={tag: evidence.run_id},
            run_name=evidence.run_id,
        )
    )


def _complete(
    client: MlflowClient, run_id: str, evidence: Evidence, folder: Path, deadline: Deadline
) -> None:
    # Artifacts before metrics: the first artifact call reads the whole run. The status comes last, so that
    # a run which has one is complete.
    for file in (folder / EVIDENCE_FILE, *sorted(folder.glob("*.html"))):
        deadline.check()
        client.log_artifact(run_id, str(file))
    deadline.check()
    _log_numbers(client, run_id, evidence)
    deadline.check()
    status = "FAILED" if evidence.verdict in BLOCKING else "FINISHED"
    client.set_terminated(run_id, status, _milliseconds(ended_at(evidence)))


def _log_numbers(client: MlflowClient, run_id: str, evidence: Evidence) -> None:
    from mlflow.entities import LoggedModelInput, Param, RunTag

    known = _known_models(client, evidence)
    datasets = [record for record in evidence.datasets if record.fingerprint][: mlflow_run.MAX_INPUTS]
    if datasets or known:
        client.log_inputs(
            run_id,
            datasets=[_dataset_input(record) for record in datasets],
            models=[LoggedModelInput(model_id) for model_id in sorted(set(known.values()))],
        )
    metrics = _metrics(evidence, known, {record.name: record for record in datasets})
    left_out = max(0, len(metrics) - mlflow_run.MAX_METRICS)
    client.log_batch(
        run_id,
        metrics=metrics[: mlflow_run.MAX_METRICS],
        params=[Param(key, value) for key, value in mlflow_run.params(evidence).items()],
        tags=[RunTag(key, value) for key, value in mlflow_run.tags(evidence, left_out).items()],
        synchronous=True,
    )


def _known_models(client: MlflowClient, evidence: Evidence) -> dict[str, str]:
    """Return the ids of the challengers that this server knows: another server's cannot be linked."""
    ids = {name: model.mlflow_model_id for name, model in challengers(evidence).items()}
    told = {name: model_id for name, model_id in ids.items() if model_id}
    return {name: model_id for name, model_id in told.items() if _knows(client, model_id)}


def _knows(client: MlflowClient, model_id: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        client.get_logged_model(model_id)
    except MlflowException as error:
        # 404 is also what a server of before MLflow 3 says, which has no such address.
        if error.get_http_status_code() != 404:
            raise
        return False
    return True


def _dataset_input(record: DatasetRecord) -> DatasetInput:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    columns = [{"name": name, "type": kind} for name, kind in record.columns.items()]
    dataset = Dataset(
        record.name[:500],
        str(mlflow_run.digest(record)),
        "local",
        json.dumps({"uri": record.source}),
        json.dumps({"mlflow_colspec": columns}),
        json.dumps({"num_rows": record.rows}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "evaluation")])


def _metrics(
    evidence: Evidence, models: Mapping[str, str], datasets: Mapping[str, DatasetRecord]
) -> list[Metric]:
    from mlflow.entities import Metric

    moment = _milliseconds(ended_at(evidence))
    found = []
    for metric in mlflow_run.metrics(evidence):
        data = datasets.get(metric.dataset or "")
        links: dict[str, Any] = {"model_id": models.get(metric.model or "")}
        if data is not None:
            links |= {"dataset_name": data.name[:500], "dataset_digest": mlflow_run.digest(data)}
        found.append(Metric(metric.key, metric.value, moment, 0, **links))
    return found


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _sqlite_address(file: Path) -> str:
    # SQLAlchemy decodes per cent signs and ends the path at a question mark.
    return f"sqlite:///{file.as_posix().replace('%', '%25').replace('?', '%3F')}"


def _check_local_store(address: str) -> None:
    if importlib.util.find_spec("sqlalchemy") is None:
        raise MissingExtraError(
            "an MLflow store in a file needs more than mlflow-skinny: pip install 'pytest-aiqa[mlflow]'"
        )
    # MLflow tries for minutes to open a file that cannot be opened.
    file = _file_of(address)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=_LOCK_SECONDS)) as database:
            database.execute("PRAGMA schema_version")
    except (sqlite3.Error, OSError) as error:
        raise AiqaError(f"the MLflow store {file} cannot be opened: {error}") from error


@contextmanager
def _alone(address: str) -> Iterator[None]:
    """Keep other processes of ours from opening the store meanwhile.

    Opening a new one creates its tables, and MLflow does that without a lock: two processes that do it at
    once leave a database that neither can use. SQLite's lock works on every platform.
    """
    file = _file_of(address)
    lock = file.with_name(f"{file.name}.lock")
    with closing(sqlite3.connect(lock, timeout=LOCAL_SECONDS, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield


def _file_of(address: str) -> Path:
    return Path(unquote(address.removeprefix("sqlite:///").partition("?")[0]))


def without_credentials(address: str) -> str:
    """Return an address without the user and the password in it.

    Examples
    --------
    >>> without_credentials("https://ann:s3cret@mlflow.example.org:5000/base")
    'https://mlflow.example.org:5000/base'
    """
    parts = urlsplit(address)
    return (
        urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else address
    )


def reason(error: BaseException) -> str:
    """Return the sentence that tells: of a failed connection its cause, which MLflow wraps four times."""
    status = getattr(error, "get_http_status_code", lambda: None)()
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            f"refuses the credentials ({status}): look at MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    cause = error
    if "failed with exception" in str(error):
        while inner := cause.__cause__ or cause.__context__:
            cause = inner
    return str(cause) or type(cause).__name__


def variables(timeout: float) -> dict[str, str]:
    """Return what keeps MLflow from printing, from calling home and from retrying for minutes."""
    return {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(math.ceil(timeout)),
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
