"""DogStatsD's packets read by a receiver that others wrote: Etsy's ``statsd``, from npm."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiqa.config import DatadogSettings
from aiqa.publish.datadog import DatadogSink
from aiqa.publish.datadog.series import Point, series
from tests.publish.factories import fresh

PACKAGE = "statsd@0.9.0"


@pytest.fixture(scope="session")
def statsd_folder(request: pytest.FixtureRequest) -> Path:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    home = request.config.cache.mkdir("npm-statsd")
    program = home / "node_modules" / "statsd"
    if not program.is_dir():
        command = [npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(home), PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode or not program.is_dir():
            pytest.skip(f"npm cannot install {PACKAGE}: {done.stderr[-200:]}")
    return program


@pytest.fixture
def statsd(statsd_folder: Path, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Give the port of a running statsd, and that of its management."""
    port, management = _free_port(socket.SOCK_DGRAM), _free_port(socket.SOCK_STREAM)
    config = tmp_path / "config.js"
    config.write_text(
        json.dumps(
            {
                "port": port,
                "address": "127.0.0.1",
                "mgmt_address": "127.0.0.1",
                "mgmt_port": management,
                "flushInterval": 600_000,
                "backends": ["./backends/console"],
                "deleteIdleStats": False,
            }
        )
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["node", "stats.js", str(config)],
            cwd=statsd_folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _ask(management, "health")
        yield port, management
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _ask(port: int, command: str) -> str:
    """Return the answer of statsd's management, waiting for its start."""
    end = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as asking:
                return _answer(asking, command)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "statsd did not start"
            time.sleep(0.05)


def _answer(asking: socket.socket, command: str) -> str:
    asking.sendall(f"{command}\n".encode())
    text = b""
    while not text.rstrip().endswith((b"END", b"up")):
        text += asking.recv(65_536)
    return text.decode()


def _values(answer: str) -> dict[str, float]:
    """Read what JavaScript's console writes of an object of numbers."""
    found = re.findall(r"^ +'?([^'\n]+?)'?: (-?[\d.e-]+),?$", answer, re.MULTILINE)
    return {name: float(value) for name, value in found if not name.startswith("statsd.")}


def _key(point: Point) -> str:
    """Return how statsd, whose metrics have no tags, names one that has."""
    return f"{point.metric};{';'.join(tag.replace(':', '=', 1) for tag in point.tags)}"


def test_an_independent_receiver_reads_the_same_numbers(statsd: tuple[int, int]) -> None:
    port, management = statsd
    evidence = fresh()
    sink = DatadogSink(DatadogSettings(), {"DD_DOGSTATSD_URL": f"udp://127.0.0.1:{port}"})
    sink.send(evidence, Path("nowhere"))
    points = series(evidence, DatadogSettings())
    for kind, command in (("gauge", "gauges"), ("count", "counters")):
        sent = {_key(point): point.value for point in points if point.type == kind}
        assert _until(management, command, len(sent)) == sent
    assert "'statsd.bad_lines_seen': 0" in _ask(management, "counters")


def _until(port: int, command: str, count: int) -> dict[str, float]:
    end = time.monotonic() + 5
    while len(found := _values(_ask(port, command))) < count and time.monotonic() < end:
        time.sleep(0.05)
    return found
