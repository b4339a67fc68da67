"""Datadog: gauges of the numbers, counts of the verdicts; over HTTP, by DogStatsD or into a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiqa.config import DatadogSettings
from aiqa.evidence.record import Evidence
from aiqa.publish.datadog.http import DEFAULT_SITE, HttpTransport
from aiqa.publish.datadog.series import series
from aiqa.publish.datadog.statsd import StatsdTransport
from aiqa.publish.datadog.transport import FileTransport, Transport

_TAG_VARIABLES = {"env": "DD_ENV", "service": "DD_SERVICE", "version": "DD_VERSION"}


@dataclass(frozen=True, slots=True)
class DatadogSink:
    """Sends the numbers and verdicts of a run to Datadog; see :func:`series`.

    Parameters
    ----------
    settings : DatadogSettings
    environ : mapping
        DD_ENV, DD_SERVICE and DD_VERSION become tags; DD_API_KEY, DD_SITE, DD_DD_URL, DD_DOGSTATSD_URL,
        DD_AGENT_HOST and DD_DOGSTATSD_PORT say where.
    """

    settings: DatadogSettings
    environ: Mapping[str, str] = field(repr=False)
    name: str = "datadog"

    def send(self, evidence: Evidence, folder: Path) -> str:
        """Send the run, or raise; see :class:`~aiqa.publish.sink.Sink`."""
        tags = [
            f"{tag}:{self.environ[name]}" for tag, name in _TAG_VARIABLES.items() if self.environ.get(name)
        ]
        return self._transport(folder).send(series(evidence, self.settings, tags))

    def _transport(self, folder: Path) -> Transport:
        timeout = self.settings.timeout
        match self._way():
            case "http":
                return HttpTransport(
                    self.environ.get("DD_API_KEY", ""),
                    self.environ.get("DD_SITE") or DEFAULT_SITE,
                    timeout,
                    self.environ.get("DD_DD_URL") or None,
                )
            case "statsd":
                return StatsdTransport.of(self.environ, timeout)
        return FileTransport(folder)

    def _way(self) -> str:
        if self.settings.transport != "auto":
            return self.settings.transport
        if self.environ.get("DD_API_KEY"):
            return "http"
        has_agent = self.environ.get("DD_DOGSTATSD_URL") or self.environ.get("DD_AGENT_HOST")
        return "statsd" if has_agent else "file"
