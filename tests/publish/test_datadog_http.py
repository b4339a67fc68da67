from __future__ import annotations

import time
from pathlib import Path

import pytest

from aiqa.config import DatadogSettings
from aiqa.errors import AiqaError, ConfigError
from aiqa.evidence.record import Evidence
from aiqa.publish import Outbox, publish, push
from aiqa.publish.datadog import DatadogSink
from aiqa.publish.datadog.http import HttpTransport
from aiqa.publish.datadog.series import series
from aiqa.publish.sink import UndeliverableError
from tests.evidence.factories import a_check, a_gate
from tests.publish.factories import ago, fresh, stored
from tests.publish.receivers import (
    KEY,
    Answer,
    check_series_body,
    http_receiver,
    refusing_address,
    silent_server,
)

ACCEPTED: Answer = (202, {}, b'{"errors":[]}')


def a_sink(address: str, timeout: float = 5, **environ: str) -> DatadogSink:
    return DatadogSink(DatadogSettings(timeout=timeout), {"DD_API_KEY": KEY, "DD_DD_URL": address, **environ})


def send(sink: DatadogSink, evidence: Evidence | None = None) -> str:
    return sink.send(evidence or fresh(), Path("nowhere"))


def test_the_series_arrive_as_datadog_wants_them() -> None:
    evidence = fresh()
    with http_receiver() as receiver:
        where = send(a_sink(receiver.address, DD_ENV="ci"), evidence)
    ((path, headers, body),) = receiver.requests
    assert path == "/api/v2/series"
    assert headers["Dd-Api-Key"] == KEY
    assert headers["Content-Type"] == "application/json"
    expected = [point.payload() for point in series(evidence, DatadogSettings(), ["env:ci"])]
    assert check_series_body(body) == expected
    assert where == f"{receiver.address} ({len(expected)} points)"


def test_many_points_go_in_several_requests() -> None:
    evidence = fresh(checks=(a_check(*(a_gate(id=f"gate-{i}") for i in range(1_000))),))
    with http_receiver() as receiver:
        send(a_sink(receiver.address), evidence)
    sent = [element for _, _, body in receiver.requests for element in check_series_body(body)]
    assert len(receiver.requests) > 1
    assert sent == [point.payload() for point in series(evidence, DatadogSettings())]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_and_not_shown(status: int) -> None:
    with (
        http_receiver((status, {}, f'{{"errors":["key {KEY} is bad"]}}'.encode())) as receiver,
        pytest.raises(AiqaError, match=rf"refuses the key in DD_API_KEY \({status}\)") as caught,
    ):
        send(a_sink(receiver.address))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [200, 400, 408, 413, 500, 503])
def test_anything_but_accepted_is_a_problem_that_says_why(status: int) -> None:
    with (
        http_receiver((status, {}, b'{"errors":["no\\nway"]}')) as receiver,
        pytest.raises(AiqaError, match=f"answered {status} where 202 means accepted: no\nway"),
    ):
        send(a_sink(receiver.address))


def test_a_reply_that_is_no_json_and_without_end_is_cut() -> None:
    with (
        http_receiver((500, {}, b"<html>" * 1_000_000)) as receiver,
        pytest.raises(AiqaError, match="answered 500") as caught,
    ):
        send(a_sink(receiver.address))
    assert len(str(caught.value)) < 400


def test_a_rate_limit_that_ends_soon_is_waited_for() -> None:
    with http_receiver((429, {"X-RateLimit-Reset": "1"}, b""), ACCEPTED) as receiver:
        began = time.monotonic()
        send(a_sink(receiver.address))
        assert 1 <= time.monotonic() - began < 4
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("reset", ["30", "-1", "soon", "99999999999", None])
def test_a_rate_limit_that_ends_later_or_says_nothing_is_a_problem_at_once(reset: str | None) -> None:
    headers = {} if reset is None else {"X-RateLimit-Reset": reset}
    with http_receiver((429, headers, b"")) as receiver:
        began = time.monotonic()
        with pytest.raises(AiqaError, match=r"too many requests \(429\)"):
            send(a_sink(receiver.address))
        assert time.monotonic() - began < 1
    assert len(receiver.requests) == 1


def test_a_redirect_gets_no_key() -> None:
    with (
        http_receiver() as elsewhere,
        http_receiver((302, {"Location": elsewhere.address}, b"")) as receiver,
        pytest.raises(AiqaError, match="answered 302"),
    ):
        send(a_sink(receiver.address))
    assert elsewhere.requests == []


def test_nobody_there_is_told_at_once() -> None:
    address = refusing_address()
    began = time.monotonic()
    with pytest.raises(AiqaError, match=f"Datadog at {address}: .*refused"):
        send(a_sink(address))
    assert time.monotonic() - began < 2


def test_a_server_that_never_answers_costs_the_timeout() -> None:
    with silent_server() as address:
        began = time.monotonic()
        with pytest.raises(AiqaError, match=f"Datadog at {address}: .*(no answer within|timed out)"):
            send(a_sink(address, timeout=0.5))
        assert time.monotonic() - began < 3


def test_a_run_of_long_ago_is_not_sent_and_does_not_wait(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path, started=ago(3 * 3600))
    with http_receiver() as receiver:
        (delivery,) = publish(evidence, folder, [a_sink(receiver.address)], Outbox(tmp_path))
    assert receiver.requests == []
    assert delivery.problem is not None
    assert "ended 3.0 hours ago, and Datadog drops points older than 1 hour" in delivery.problem
    assert not delivery.waits


def test_a_run_of_the_future_is_not_sent() -> None:
    with http_receiver() as receiver, pytest.raises(UndeliverableError, match="in the future"):
        send(a_sink(receiver.address), fresh(started=ago(-3600)))
    assert receiver.requests == []


def test_what_failed_is_pushed_later_with_the_same_body(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    outbox = Outbox(tmp_path)
    with http_receiver((503, {}, b""), ACCEPTED) as receiver:
        (failed,) = publish(evidence, folder, [a_sink(receiver.address)], outbox)
        (pushed,) = push([a_sink(receiver.address)], outbox)
    assert (failed.sent, failed.waits, pushed.sent) == (False, True, True)
    first, second = (body for _, _, body in receiver.requests)
    assert first == second
    assert outbox.waiting() == []


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"DD_API_KEY": ""}, "needs the API key in DD_API_KEY"),
        ({"DD_API_KEY": "ab\ncd"}, "DD_API_KEY holds characters"),
        ({"DD_DD_URL": "http://datadog.example.org"}, "must be https://"),
        ({"DD_DD_URL": "ftp://datadog.example.org"}, "must be https://"),
        ({"DD_DD_URL": "https://ann:s3cret@example.org"}, "without credentials"),
        ({"DD_DD_URL": "", "DD_SITE": "evil.org/?x="}, "is no site"),
    ],
)
def test_a_wrong_setting_is_named(environ: dict[str, str], message: str) -> None:
    sink = DatadogSink(DatadogSettings(transport="http"), {"DD_API_KEY": KEY, **environ})
    with pytest.raises(ConfigError, match=message) as caught:
        send(sink)
    assert "s3cret" not in str(caught.value)


def test_the_site_says_which_host() -> None:
    with pytest.raises(UndeliverableError):
        HttpTransport(KEY, "datadoghq.eu").send(series(fresh(started=ago(7200)), DatadogSettings()))
    assert HttpTransport(KEY, "US5.datadoghq.com")._base() == "https://api.us5.datadoghq.com"
