"""MLflow, for real: a server, the store in a file, and everything that can be wrong with either."""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aiqa.config import MlflowSettings
from aiqa.errors import AiqaError
from aiqa.evidence.record import DatasetRecord, Evidence, ModelRecord
from aiqa.evidence.store import write
from aiqa.publish import Outbox, mlflow_run, publish, push
from aiqa.publish.mlflow import MlflowSink
from aiqa.publish.quiet import quiet
from aiqa.verdict import Verdict
from tests.evidence.factories import a_check, a_gate, sliced_gate
from tests.publish.factories import fresh, stored
from tests.publish.hostile import a_hostile_run
from tests.publish.receivers import http_receiver, refusing_address, silent_server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

NAMES = [
    "a/b",
    "..",
    "/",
    "%",
    "precision@500",
    "a=[b],c>d|(e)",
    "línea\nnueva",
    "é" * 300,
    "x" * 300,
    "X" * 300,
]


@pytest.fixture(params=["server", "file"])
def sink(request: pytest.FixtureRequest, out: Path) -> MlflowSink:
    """Return a sink for the server, and one for a store in a file."""
    if request.param == "server":
        return MlflowSink(request.getfixturevalue("server"), f"project-{out.name}", timeout=30)
    return MlflowSink.of(MlflowSettings(), {}, project=f"project-{out.name}", out=out)


@contextmanager
def reading(sink: MlflowSink) -> Iterator[MlflowClient]:
    with quiet():
        from mlflow import MlflowClient

        yield MlflowClient(tracking_uri=sink.tracking_uri)


def runs(sink: MlflowSink) -> list[Run]:
    with reading(sink) as client:
        experiment = client.get_experiment_by_name(sink.experiment)
        return list(client.search_runs([experiment.experiment_id])) if experiment else []


def send(sink: MlflowSink, out: Path, evidence: Evidence | None = None) -> tuple[Evidence, str]:
    evidence = evidence or fresh()
    folder = write(evidence, out)
    return evidence, sink.send(evidence, folder)


def test_a_session_becomes_one_run_that_holds_it_all(sink: MlflowSink, out: Path) -> None:
    evidence, where = send(sink, out)
    (run,) = runs(sink)
    assert run.data.metrics == {found.key: found.value for found in mlflow_run.metrics(evidence)}
    assert run.data.params == mlflow_run.params(evidence)
    assert run.data.tags.items() >= mlflow_run.tags(evidence, left_out=0).items()
    assert run.info.run_name == evidence.run_id
    assert run.info.end_time - run.info.start_time == 3210
    assert run.info.run_id in where


@pytest.mark.parametrize(
    ("verdict", "status"), [(Verdict.PASS, "FINISHED"), (Verdict.FAIL, "FAILED"), (Verdict.ERROR, "FAILED")]
)
def test_a_run_that_blocks_is_red(sink: MlflowSink, out: Path, verdict: Verdict, status: str) -> None:
    send(sink, out, fresh(verdict=verdict))
    assert runs(sink)[0].info.status == status


def test_the_evidence_and_the_report_are_artifacts(sink: MlflowSink, out: Path) -> None:
    evidence, folder = stored(out)
    (folder / "report.html").write_text("<p>report</p>")
    sink.send(evidence, folder)
    with reading(sink) as client:
        run_id = runs(sink)[0].info.run_id
        assert {file.path for file in client.list_artifacts(run_id)} == {"evidence.json", "report.html"}
        copy = Path(client.download_artifacts(run_id, "evidence.json", str(out)))
    assert Evidence.model_validate_json(copy.read_bytes()) == evidence


def test_sending_twice_makes_no_second_run(sink: MlflowSink, out: Path) -> None:
    evidence, first = send(sink, out)
    assert send(sink, out, evidence)[1] == first
    assert len(runs(sink)) == 1


def test_a_run_that_was_left_half_done_is_completed(sink: MlflowSink, out: Path) -> None:
    evidence, _ = send(sink, out)
    with reading(sink) as client:
        half_done = runs(sink)[0].info.run_id
        client.update_run(half_done, status="RUNNING")
    send(sink, out, evidence)
    (run,) = runs(sink)
    assert (run.info.run_id, run.info.status) == (half_done, "FAILED")
    with reading(sink) as client:
        assert len(client.get_metric_history(half_done, "fraud_ranks_first/roc_auc")) == 1


def test_two_sessions_are_two_runs(sink: MlflowSink, out: Path) -> None:
    send(sink, out)
    send(sink, out)
    assert len(runs(sink)) == 2


def test_strange_names_arrive_each_as_its_own(sink: MlflowSink, out: Path) -> None:
    checks = tuple(a_check(a_gate(id=name), sliced_gate(id=f"{name}-by"), name=name) for name in NAMES)
    evidence, _ = send(sink, out, fresh(checks=checks))
    (run,) = runs(sink)
    assert len(run.data.metrics) == len(mlflow_run.metrics(evidence)) == 6 + len(NAMES) * (3 + 3 + 5)


def test_hostile_text_is_taken(sink: MlflowSink, out: Path) -> None:
    evidence, _ = send(sink, out, a_hostile_run())
    assert runs(sink)[0].data.tags["mlflow.note.content"] == mlflow_run.note(evidence)


def test_a_thousand_gates_are_bounded_and_the_rest_is_counted(sink: MlflowSink, out: Path) -> None:
    gates = tuple(a_gate(id=f"gate-{index}") for index in range(1_000))
    evidence, _ = send(sink, out, fresh(checks=(a_check(*gates),)))
    (run,) = runs(sink)
    assert len(run.data.metrics) == 1_000
    assert run.data.tags["aiqa.metrics_left_out"] == str(len(mlflow_run.metrics(evidence)) - 1_000)


def test_a_data_set_is_linked_by_our_digest(sink: MlflowSink, out: Path) -> None:
    data = DatasetRecord(
        name="orders", source="orders.csv", rows=7, columns={"x": "Int64"}, fingerprint="sha256:" + "ab" * 32
    )
    unread = DatasetRecord(name="never-read", source="other.csv")
    send(sink, out, fresh(datasets=(data, unread)))
    (linked,) = (found.dataset for found in runs(sink)[0].inputs.dataset_inputs)
    assert (linked.name, linked.digest) == ("orders", "ab" * 18)
    assert json.loads(linked.profile) == {"num_rows": 7}


def test_numbers_are_linked_to_the_model_that_they_are_about(sink: MlflowSink, out: Path) -> None:
    with reading(sink) as client:
        experiment_id = client.create_experiment(sink.experiment)
        model_id = client.create_logged_model(experiment_id, name="fraud").model_id
    model = ModelRecord(
        name="fraud", role="challenger", source="models:/fraud/3", task="binary", mlflow_model_id=model_id
    )
    send(sink, out, fresh(models=(model,)))
    with reading(sink) as client:
        found = {metric.key: metric for metric in client.get_logged_model(model_id).metrics}
        inputs = client.get_run(runs(sink)[0].info.run_id).inputs
    assert found["fraud_ranks_first/roc_auc"].value == 0.9412
    assert found["fraud_ranks_first/roc_auc"].dataset_name == "orders"
    assert "aiqa/pass" not in found
    assert [linked.model_id for linked in inputs.model_inputs] == [model_id]


def test_a_model_of_another_server_is_not_linked_and_all_the_rest_arrives(
    sink: MlflowSink, out: Path
) -> None:
    unknown = "m-" + "0" * 32
    model = ModelRecord(
        name="fraud", role="challenger", source="models:/fraud/3", task="binary", mlflow_model_id=unknown
    )
    send(sink, out, fresh(models=(model,)))
    (run,) = runs(sink)
    assert run.inputs.model_inputs == []
    assert run.data.metrics["fraud_ranks_first/roc_auc"] == 0.9412


def test_nothing_of_this_process_is_left_changed(
    sink: MlflowSink, out: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with quiet():
        import mlflow

        before = (mlflow.get_tracking_uri(), mlflow.active_run(), dict(os.environ))
    level = logging.root.manager.disable
    send(sink, out)
    with quiet():
        assert (mlflow.get_tracking_uri(), mlflow.active_run(), dict(os.environ)) == before
    assert logging.root.manager.disable == level
    assert capfd.readouterr() == ("", "")


def test_an_experiment_that_was_deleted_is_a_problem_in_words(sink: MlflowSink, out: Path) -> None:
    send(sink, out)
    with reading(sink) as client:
        client.delete_experiment(client.get_experiment_by_name(sink.experiment).experiment_id)
    with pytest.raises(AiqaError, match="deleted"):
        send(sink, out)


# The store in a file.


def test_the_file_and_its_artifacts_stay_in_the_folder_of_evidence(out: Path) -> None:
    sink = MlflowSink.of(MlflowSettings(), {}, project="p", out=out)
    send(sink, out)
    assert (out / "mlflow.db").is_file()
    assert [file.name for file in (out / "mlartifacts").rglob("*.json")] == ["evidence.json"]


def test_a_path_of_strange_characters_is_no_trouble(out: Path) -> None:
    strange = out / "a b%20?#ü"
    strange.mkdir()
    (out / "mlflow.db").rename(strange / "mlflow.db")
    evidence, _ = send(MlflowSink.of(MlflowSettings(), {}, project="p", out=strange), strange)
    with sqlite3.connect(strange / "mlflow.db") as database:
        found = database.execute("SELECT status FROM runs WHERE name = ?", [evidence.run_id]).fetchall()
    assert found == [("FAILED",)]
    database.close()


@pytest.mark.parametrize("content", [b"no database" * 1000, None])
def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "mlflow.db"
    file.mkdir() if content is None else file.write_bytes(content)
    began = time.monotonic()
    with pytest.raises(AiqaError, match=r"the MLflow store .*mlflow\.db cannot be opened"):
        send(MlflowSink.of(MlflowSettings(), {}, project="p", out=tmp_path), tmp_path)
    assert time.monotonic() - began < 10


def test_several_processes_make_the_file_together(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from aiqa.config import MlflowSettings\n"
        "from aiqa.publish.mlflow import MlflowSink; from tests.publish.factories import fresh\n"
        "from aiqa.evidence.store import write\n"
        "out = Path(sys.argv[1]); evidence = fresh(run_id=sys.argv[2])\n"
        "MlflowSink.of(MlflowSettings(), {}, project='p', out=out).send(evidence, write(evidence, out))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in ("run-a", "run-b")
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    found = runs(MlflowSink.of(MlflowSettings(), {}, project="p", out=tmp_path))
    assert sorted(run.info.run_name for run in found) == ["run-a", "run-b"]


# The other end is down, broken, silent or says no.


def remote(address: str, timeout: float = 2) -> MlflowSink:
    return MlflowSink(address, "project", timeout)


def test_nobody_there_is_told_soon_and_waits(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    address = refusing_address()
    began = time.monotonic()
    (delivery,) = publish(evidence, folder, [remote(address)], Outbox(tmp_path))
    assert time.monotonic() - began < 10
    assert delivery.problem == f"MLflow at {address}: [Errno 111] Connection refused"
    assert delivery.waits


def test_a_server_that_never_answers_costs_the_timeout(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    with silent_server() as address:
        began = time.monotonic()
        (delivery,) = publish(evidence, folder, [remote(address, timeout=1)], Outbox(tmp_path))
        assert time.monotonic() - began < 6
    assert delivery.problem == f"MLflow at {address}: no answer within 1 s"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, r"refuses the credentials \(401\): look at MLFLOW_TRACKING_USERNAME"),
        (403, r"refuses the credentials \(403\): look at MLFLOW_TRACKING_USERNAME"),
        (404, "error code 404"),
        (500, "too many 500 error responses"),
        (503, "too many 503 error responses"),
    ],
)
def test_a_server_that_says_no_is_a_problem_in_one_line(tmp_path: Path, status: int, told: str) -> None:
    evidence, folder = stored(tmp_path)
    with http_receiver((status, {}, b"<html>no</html>")) as receiver:
        began = time.monotonic()
        (delivery,) = publish(evidence, folder, [remote(receiver.address, timeout=4)], Outbox(tmp_path))
        assert time.monotonic() - began < 8
    assert re.match(f"MLflow at {receiver.address}: .*{told}", str(delivery.problem))


def test_credentials_are_nowhere_in_a_problem_or_a_place(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    evidence, folder = stored(tmp_path)
    refused = refusing_address().replace("http://", "http://ann:s3cret@")
    with_credentials = server.replace("http://", "http://ann:s3cret@")
    outbox = Outbox(tmp_path)
    (failed,) = publish(evidence, folder, [remote(refused)], outbox)
    (sent,) = push([remote(with_credentials, timeout=30)], outbox)
    assert sent.sent
    told = f"{failed} {sent} {outbox.file.read_bytes()!r}"
    assert "s3cret" not in told
    assert "hunter2" not in told
    assert str(sent.where).startswith(f"{server}/#/experiments/")


def test_what_failed_is_pushed_to_the_server_once(server: str, tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    outbox = Outbox(tmp_path)
    publish(evidence, folder, [remote(refusing_address())], outbox)
    sink = MlflowSink(server, f"project-{tmp_path.name}", timeout=30)
    assert [delivery.sent for delivery in push([sink], outbox)] == [True]
    outbox.put(evidence.run_id, "mlflow", "as if the answer had been lost")
    assert [delivery.sent for delivery in push([sink], outbox)] == [True]
    assert len(runs(sink)) == 1
    assert outbox.waiting() == []


def test_a_verdict_is_stored_as_it_was_whatever_becomes_of_it(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    before = (folder / "evidence.json").read_bytes()
    publish(evidence, folder, [remote(refusing_address())], Outbox(tmp_path))
    assert (folder / "evidence.json").read_bytes() == before
    with sqlite3.connect(Outbox(tmp_path).file) as database:
        assert database.execute("SELECT count(*) FROM waiting").fetchone() == (1,)
    database.close()
