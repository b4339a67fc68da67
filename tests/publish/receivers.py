"""The other ends of the network: strict, broken or silent, on this machine."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from openapi_schema_validator import OAS30WriteValidator

SCHEMAS = Path(__file__).with_name("data") / "datadog_v2_series.yaml"
KEY = "0123456789abcdef0123456789abcdef"
Answer = tuple[int, dict[str, str], bytes]
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,199}")
TAG = re.compile(r"[^\W\d_][\w\-:./]{0,199}")


@cache
def _series_schema() -> dict[str, Any]:
    components = yaml.safe_load(SCHEMAS.read_text(encoding="utf-8"))["components"]
    schemas = components["schemas"]
    for name in ("MetricSeries", "MetricPayload", "MetricPoint"):
        schemas[name]["additionalProperties"] = False  # Datadog ignores a misspelt key; we do not.
    return {"components": components, "$ref": "#/components/schemas/MetricPayload"}


def check_series_body(body: bytes) -> list[dict[str, Any]]:
    """Return the series in a body, or raise AssertionError for what Datadog would refuse or spoil."""
    assert len(body) <= 512_000
    document = json.loads(body, parse_constant=_refuse)
    errors = [error.message for error in OAS30WriteValidator(_series_schema()).iter_errors(document)]
    assert errors == []
    found: list[dict[str, Any]] = document["series"]
    for series in found:
        assert NAME.fullmatch(series["metric"])
        assert [tag for tag in series["tags"] if not TAG.fullmatch(tag) or tag != tag.lower()] == []
        assert len(set(series["tags"])) == len(series["tags"])
    return found


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@dataclass
class HttpReceiver:
    """What came, and what to answer: a list of (status, headers, body), the last one for ever."""

    address: str = ""
    answers: list[Answer] = field(default_factory=lambda: [(202, {}, b'{"errors":[]}')])
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def http_receiver(*answers: Answer) -> Iterator[HttpReceiver]:
    receiver = HttpReceiver()
    if answers:
        receiver.answers = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.requests.append((self.path, dict(self.headers), body))
            status, headers, text = receiver.next_answer()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.address = f"http://127.0.0.1:{server.server_address[1]}"
    with _served(server):
        yield receiver


@contextmanager
def _served(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silent_server() -> Iterator[str]:
    """Give the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def refusing_address() -> str:
    """Return an address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@dataclass(frozen=True)
class StatsdLine:
    """One line of DogStatsD, parsed."""

    metric: str
    value: float
    type: str
    tags: tuple[str, ...]
    timestamp: int | None


_LINE = re.compile(
    r"(?P<metric>[A-Za-z][A-Za-z0-9_.]{0,199}):(?P<value>-?\d+(?:\.\d+)?(?:e-?\d+)?)\|(?P<type>[cg])"
    r"\|#(?P<tags>[^|\n]+)(?:\|c:[^|\n]+)?(?:\|e:[^|\n]+)?(?:\|T(?P<time>\d+))?"
)


def parse_statsd(packet: bytes) -> list[StatsdLine]:
    """Parse a packet by Datadog's grammar, or raise AssertionError."""
    return [_parse_line(line) for line in packet.decode("utf-8").rstrip("\n").split("\n")]


def _parse_line(line: str) -> StatsdLine:
    found = _LINE.fullmatch(line)
    assert found, line
    tags = tuple(found["tags"].split(","))
    assert [tag for tag in tags if not TAG.fullmatch(tag)] == [], line
    return StatsdLine(
        found["metric"],
        float(found["value"]),
        found["type"],
        tags,
        int(found["time"]) if found["time"] else None,
    )


def drain(receiver: socket.socket, count: int) -> list[StatsdLine]:
    """Return the lines of the packets that came, until there are `count`."""
    receiver.settimeout(2)
    lines: list[StatsdLine] = []
    while len(lines) < count:
        lines += parse_statsd(receiver.recv(65_536))
    return lines
