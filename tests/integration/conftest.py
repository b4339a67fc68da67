"""A real MLflow server for the tests, started once: one worker on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aiqa.config import MlflowSettings
from aiqa.publish.mlflow import MlflowSink
from tests.publish.factories import stored

START_SECONDS = 120


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose ``mlflow.db`` our own sink made: migrating one takes seconds."""
    out = tmp_path_factory.mktemp("migrated")
    evidence, folder = stored(out)
    MlflowSink.of(MlflowSettings(), {}, project="template", out=out).send(evidence, folder)
    return out


@pytest.fixture
def out(migrated: Path, tmp_path: Path) -> Path:
    """Return a folder of evidence with a migrated store in it."""
    shutil.copy(migrated / "mlflow.db", tmp_path / "mlflow.db")
    return tmp_path


@pytest.fixture(scope="session")
def server(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a running MLflow server."""
    home = tmp_path_factory.mktemp("server")
    shutil.copy(migrated / "mlflow.db", home / "mlflow.db")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = _start(home, port)
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", process, home / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _start(home: Path, port: int) -> subprocess.Popen[bytes]:
    store = [
        "--backend-store-uri",
        f"sqlite:///{home}/mlflow.db",
        "--artifacts-destination",
        str(home / "files"),
    ]
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *store, *where],
            env=_environment(os.environ),
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return {name: value for name, value in environ.items() if not name.startswith("COV_")} | quiet


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the MLflow server did not start:\n{log.read_text()[-3000:]}")
