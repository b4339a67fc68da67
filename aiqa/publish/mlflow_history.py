"""What earlier runs found, as MLflow keeps it: for machines that keep no evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiqa.errors import AiqaError, require_extra
from aiqa.evidence.history import MOST_RUNS, Asked, Past, Subject
from aiqa.publish import mlflow_run
from aiqa.publish.deadline import Deadline, within
from aiqa.publish.mlflow import LOCAL_SECONDS, MlflowSink, reason, variables, without_credentials
from aiqa.publish.quiet import quiet

if TYPE_CHECKING:
    from mlflow.entities import Run

_PAGE = 50


@dataclass(slots=True)
class MlflowHistory:
    """The runs of the experiment that results are published to; each is asked for once.

    Parameters
    ----------
    sink : MlflowSink
        Which server and experiment.
    """

    sink: MlflowSink
    _runs: list[Run] = field(default_factory=list)
    _token: str | None = ""

    def past(self, asked: Asked) -> Iterator[Past]:
        """Yield what the runs of the experiment found, the newest first.

        Raises
        ------
        AiqaError
            If MLflow is not installed, refuses or does not answer in time.
        """
        keys = [mlflow_run.metric_key(asked.check, gate) for gate in asked.gates]
        for run in self._newest_first():
            value = next((run.data.metrics[key] for key in keys if key in run.data.metrics), None)
            if value is not None:
                yield Past(value, _began(run), _subject(run, asked), run.data.tags.get(mlflow_run.BRANCH_TAG))

    def _newest_first(self) -> Iterator[Run]:
        place = 0
        while place < MOST_RUNS:
            if place == len(self._runs):
                if self._token is None:
                    return
                self._more()
                continue
            yield self._runs[place]
            place += 1

    def _more(self) -> None:
        with quiet(variables(self.sink.timeout)):
            require_extra("mlflow", "mlflow", "reading earlier runs from MLflow")
            deadline = Deadline(LOCAL_SECONDS if self.sink.is_local else self.sink.timeout)
            from mlflow.exceptions import MlflowException

            try:
                found = within(deadline, self._page)
            except (MlflowException, TimeoutError) as error:
                address = without_credentials(self.sink.tracking_uri)
                raise AiqaError(f"MLflow at {address}: {reason(error)}") from error
        self._runs += found
        self._token = getattr(found, "token", None) or None

    def _page(self) -> Any:
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=self.sink.tracking_uri)
        experiment = client.get_experiment_by_name(self.sink.experiment)
        if experiment is None:
            return []
        return client.search_runs(
            [experiment.experiment_id],
            order_by=["attributes.start_time DESC"],
            max_results=_PAGE,
            page_token=self._token or None,
        )


def _began(run: Run) -> str:
    return dt.datetime.fromtimestamp(run.info.start_time / 1000, dt.UTC).isoformat()


def _subject(run: Run, asked: Asked) -> Subject:
    inputs = run.inputs.dataset_inputs if run.inputs else []
    data = {one.dataset.name: one.dataset.digest for one in inputs}
    model = run.data.params.get(mlflow_run.fingerprint_key(asked.model)) if asked.model else None
    return Subject(data.get((asked.dataset or "")[:500]), model)
