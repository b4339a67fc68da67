"""DogStatsD: the Agent on this machine or beside it, through Datadog's own client."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiqa.errors import AiqaError, ConfigError, require_extra
from aiqa.publish.datadog.series import Point
from aiqa.publish.datadog.transport import check_age
from aiqa.publish.deadline import Deadline, within
from aiqa.publish.quiet import quiet

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8125
# Older points say when they happened, which takes an Agent of 2023 or later; fresh ones need none.
FRESH_SECONDS = 60
_SOCKET_SECONDS = 1.0
_NEVER_SECONDS = 3_600
_REFUSAL_SECONDS = 0.05
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,199}")
_TAG = re.compile(r"[^\W\d_][\w\-:./]{0,199}")
_SENT_BY_POINTS = ("env:", "service:", "version:")


@dataclass(frozen=True, slots=True)
class StatsdTransport:
    """Sends points to an Agent by UDP or a Unix socket.

    Parameters
    ----------
    host, port : str, int
        Of the Agent, where there is no socket.
    socket_path : str, optional
        As ``unix:///var/run/datadog/dsd.socket``.
    timeout : float
        Seconds for everything together.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    socket_path: str | None = None
    timeout: float = 5.0

    @classmethod
    def of(cls, environ: Mapping[str, str], timeout: float) -> StatsdTransport:
        """Return the transport for DD_DOGSTATSD_URL, else DD_AGENT_HOST and DD_DOGSTATSD_PORT.

        Raises
        ------
        ConfigError
            If one of them is no address.
        """
        url = environ.get("DD_DOGSTATSD_URL")
        if not url:
            host = environ.get("DD_AGENT_HOST") or DEFAULT_HOST
            return cls(host, _port(environ.get("DD_DOGSTATSD_PORT"), "DD_DOGSTATSD_PORT"), timeout=timeout)
        if url.startswith(("unix://", "unixstream://", "unixgram://")):
            return cls(socket_path=url, timeout=timeout)
        udp = re.fullmatch(r"udp://(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]@]+)(?::(\d+))?/?", url)
        if udp is None:
            raise ConfigError(f"DD_DOGSTATSD_URL = {url[:100]!r} must be udp://host:port or unix:///path")
        return cls(udp[1].strip("[]"), _port(udp[2], "DD_DOGSTATSD_URL"), timeout=timeout)

    def send(self, points: Sequence[Point]) -> str:
        """Send the points and make sure, as far as can be, that somebody took them.

        Raises
        ------
        MissingExtraError
            If Datadog's client is not installed.
        UndeliverableError
            If the run is too old for Datadog.
        AiqaError
            If a packet was refused or dropped. A packet that gets lost on the way, nobody notices.
        """
        statsd = require_extra("datadog.dogstatsd.base", "datadog", "DogStatsD").DogStatsd
        if os.environ.get("DD_DOGSTATSD_DISABLE") in ("True", "true", "yes", "1"):
            raise ConfigError("DD_DOGSTATSD_DISABLE keeps Datadog's client from sending: unset it")
        check_age(points)
        for point in points:
            _check(point)
        with quiet():
            within(Deadline(self.timeout), lambda: self._send(statsd, points))
        return f"DogStatsD at {self._address} ({len(points)} points)"

    @property
    def _address(self) -> str:
        return self.socket_path or f"{self.host}:{self.port}"

    def _send(self, statsd: Any, points: Sequence[Point]) -> None:
        # Its counters of dropped packets run only with telemetry on, which must not get its turn itself.
        client = statsd(
            host=None if self.socket_path else self.host,
            port=None if self.socket_path else self.port,
            socket_path=self.socket_path,
            disable_buffering=False,
            flush_interval=0,
            telemetry_min_flush_interval=_NEVER_SECONDS,
            socket_timeout=_SOCKET_SECONDS,
            track_instance=False,
        )
        client.constant_tags = [tag for tag in client.constant_tags if not tag.startswith(_SENT_BY_POINTS)]
        try:
            for point in points:
                _report(client, point)
            client.flush()
            self._check_taken(client)
        finally:
            client.close_socket()

    def _check_taken(self, client: Any) -> None:
        if not client.packets_dropped and client.socket is not None and not self.socket_path:
            # That nobody listens comes back as an ICMP message, a moment after the packet.
            time.sleep(_REFUSAL_SECONDS)
            refused = client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        else:
            refused = client.packets_dropped
        if refused:
            raise AiqaError(f"DogStatsD at {self._address}: no Agent takes packets there")


def _report(client: Any, point: Point) -> None:
    tags = list(point.tags)
    if time.time() - point.timestamp <= FRESH_SECONDS:
        report = client.gauge if point.type == "gauge" else client.count
        report(point.metric, point.value, tags=tags)
    else:
        report = client.gauge_with_timestamp if point.type == "gauge" else client.count_with_timestamp
        report(point.metric, point.value, point.timestamp, tags=tags)


def _check(point: Point) -> None:
    # The client sends names as they are: a line break in one would begin another metric.
    if not _METRIC.fullmatch(point.metric):
        raise AiqaError(f"not a name of a Datadog metric: {point.metric[:100]!r}")
    wrong = next((tag for tag in point.tags if not _TAG.fullmatch(tag)), None)
    if wrong is not None:
        raise AiqaError(f"not a Datadog tag: {wrong[:100]!r}")


def _port(text: str | None, name: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65_536):
        raise ConfigError(f"{name}: {text[:20]!r} is no port")
    return int(text)
