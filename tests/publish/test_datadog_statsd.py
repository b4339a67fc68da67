from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiqa.config import DatadogSettings
from aiqa.errors import AiqaError, ConfigError, MissingExtraError
from aiqa.publish.datadog import DatadogSink
from aiqa.publish.datadog.series import Point, series
from aiqa.publish.datadog.statsd import StatsdTransport
from aiqa.publish.sink import UndeliverableError
from tests.evidence.factories import a_check, a_gate
from tests.publish.factories import ago, fresh
from tests.publish.hostile import a_hostile_run
from tests.publish.receivers import StatsdLine, drain

PLAIN = DatadogSettings()
TYPES = {"gauge": "g", "count": "c"}


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        receiver.bind(("127.0.0.1", 0))
        yield receiver


def a_sink(receiver: socket.socket, **environ: str) -> DatadogSink:
    url = f"udp://127.0.0.1:{receiver.getsockname()[1]}"
    return DatadogSink(PLAIN, {"DD_DOGSTATSD_URL": url, **environ})


def as_lines(points: list[Point], timestamps: bool) -> list[StatsdLine]:
    return [
        StatsdLine(p.metric, p.value, TYPES[p.type], p.tags, p.timestamp if timestamps else None)
        for p in points
    ]


def test_a_fresh_run_arrives_as_any_agent_understands_it(udp: socket.socket) -> None:
    evidence = fresh()
    points = series(evidence, PLAIN, ["env:ci"])
    where = a_sink(udp, DD_ENV="ci").send(evidence, Path("nowhere"))
    assert drain(udp, len(points)) == as_lines(points, timestamps=False)
    assert where == f"DogStatsD at 127.0.0.1:{udp.getsockname()[1]} ({len(points)} points)"


def test_a_run_of_some_time_ago_says_when_it_was(udp: socket.socket) -> None:
    evidence = fresh(started=ago(1800))
    points = series(evidence, PLAIN)
    a_sink(udp).send(evidence, Path("nowhere"))
    assert drain(udp, len(points)) == as_lines(points, timestamps=True)


def test_a_run_of_long_ago_is_not_sent(udp: socket.socket) -> None:
    with pytest.raises(UndeliverableError, match="hours ago"):
        a_sink(udp).send(fresh(started=ago(7200)), Path("nowhere"))


def test_tags_of_the_environment_come_once_though_the_client_adds_its_own(
    udp: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_ENV", "ci")
    monkeypatch.setenv("DATADOG_TAGS", "agent:a")
    evidence = fresh()
    a_sink(udp, DD_ENV="ci").send(evidence, Path("nowhere"))
    lines = drain(udp, len(series(evidence, PLAIN)))
    assert {line.tags.count("env:ci") for line in lines} == {1}
    assert {line.tags.count("agent:a") for line in lines} == {1}


def test_hostile_names_make_no_second_metric(udp: socket.socket) -> None:
    run = a_hostile_run()
    evidence = run.model_copy(update={"started": ago(5)})
    points = series(evidence, PLAIN)
    a_sink(udp).send(evidence, Path("nowhere"))
    assert drain(udp, len(points)) == as_lines(points, timestamps=False)


def test_nothing_of_a_big_run_is_lost(udp: socket.socket) -> None:
    evidence = fresh(checks=(a_check(*(a_gate(id=f"gate-{i}") for i in range(500))),))
    points = series(evidence, PLAIN)
    a_sink(udp).send(evidence, Path("nowhere"))
    assert len(drain(udp, len(points))) == len(points)


def test_that_no_agent_listens_is_noticed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        sink = a_sink(closed)
    with pytest.raises(AiqaError, match="no Agent takes packets there"):
        sink.send(fresh(), Path("nowhere"))


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, None])
def test_a_unix_socket_is_served_or_missed(kind: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "dsd.socket")
        sink = DatadogSink(PLAIN, {"DD_DOGSTATSD_URL": f"unix://{path}"})
        evidence = fresh()
        if kind is None:
            with pytest.raises(AiqaError, match="no Agent takes packets there"):
                sink.send(evidence, Path("nowhere"))
            return
        with socket.socket(socket.AF_UNIX, kind) as receiver:
            receiver.bind(path)
            sink.send(evidence, Path("nowhere"))
            points = series(evidence, PLAIN)
            assert drain(receiver, len(points)) == as_lines(points, timestamps=False)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("127.0.0.1", 8125, None)),
        ({"DD_AGENT_HOST": "agent", "DD_DOGSTATSD_PORT": "99"}, ("agent", 99, None)),
        ({"DD_DOGSTATSD_URL": "udp://agent:1234", "DD_AGENT_HOST": "other"}, ("agent", 1234, None)),
        ({"DD_DOGSTATSD_URL": "udp://agent"}, ("agent", 8125, None)),
        ({"DD_DOGSTATSD_URL": "udp://[::1]:7"}, ("::1", 7, None)),
        ({"DD_DOGSTATSD_URL": "unix:///run/dsd"}, ("127.0.0.1", 8125, "unix:///run/dsd")),
    ],
)
def test_the_environment_says_where_the_agent_is(
    environ: dict[str, str], expected: tuple[str, int, str | None]
) -> None:
    transport = StatsdTransport.of(environ, 5)
    assert (transport.host, transport.port, transport.socket_path) == expected


@pytest.mark.parametrize(
    "environ",
    [
        {"DD_DOGSTATSD_URL": "tcp://agent:1"},
        {"DD_DOGSTATSD_URL": "udp://agent:x"},
        {"DD_DOGSTATSD_URL": "udp://agent:99999"},
        {"DD_DOGSTATSD_URL": "udp://a b:1"},
        {"DD_AGENT_HOST": "agent", "DD_DOGSTATSD_PORT": "-1"},
    ],
)
def test_a_wrong_address_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"DD_DOGSTATSD_(URL|PORT)"):
        StatsdTransport.of(environ, 5)


def test_a_client_that_is_switched_off_is_noticed(
    udp: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_DOGSTATSD_DISABLE", "true")
    with pytest.raises(ConfigError, match="DD_DOGSTATSD_DISABLE"):
        a_sink(udp).send(fresh(), Path("nowhere"))


@pytest.mark.parametrize(
    "point",
    [
        Point("a\nb", "gauge", 1, 0, ()),
        Point("a", "gauge", 1, 0, ("a:b\nc:1|g",)),
        Point("a:b", "gauge", 1, 0, ()),
    ],
)
def test_a_name_that_would_begin_another_metric_is_refused(point: Point) -> None:
    fresh_point = Point(point.metric, point.type, point.value, int(time.time()), point.tags)
    with pytest.raises(AiqaError, match="not a "):
        StatsdTransport().send([fresh_point])


def test_a_missing_client_is_one_line_that_names_the_command(
    udp: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datadog", None)
    monkeypatch.delitem(sys.modules, "datadog.dogstatsd", raising=False)
    monkeypatch.delitem(sys.modules, "datadog.dogstatsd.base", raising=False)
    with pytest.raises(
        MissingExtraError, match=r"DogStatsD needs datadog: pip install 'pytest-aiqa\[datadog\]'"
    ):
        a_sink(udp).send(fresh(), Path("nowhere"))
