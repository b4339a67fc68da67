"""Which sinks are turned on, by ``[tool.aiqa]`` and by the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aiqa.config import Config, DatadogSettings, MlflowSettings
from aiqa.publish.sink import Sink

DATADOG_VARIABLES = ("DD_API_KEY", "DD_DOGSTATSD_URL", "DD_AGENT_HOST")


def enabled_sinks(config: Config, environ: Mapping[str, str], root: Path) -> list[Sink]:
    """Return the sinks that are turned on, those that stay on this machine first.

    Parameters
    ----------
    config : Config
        The tables ``mlflow``, ``datadog`` and ``report`` turn their sinks on.
    environ : mapping
        So do MLFLOW_TRACKING_URI; DD_API_KEY, DD_DOGSTATSD_URL or DD_AGENT_HOST; GITHUB_STEP_SUMMARY.
        An empty variable is none: that is what a pipeline without secrets sees.
    root : Path
        The project's root, where the folder of evidence and the MLflow store are.
    """
    sinks: list[Sink | None] = [
        _report(config),
        _github(environ),
        _mlflow(config, environ, root),
        _datadog(config, environ),
    ]
    return [sink for sink in sinks if sink is not None]


def _report(config: Config) -> Sink | None:
    if config.report is None:
        return None
    from aiqa.publish.html import HtmlSink

    return HtmlSink(config.report.name)


def _github(environ: Mapping[str, str]) -> Sink | None:
    if not environ.get("GITHUB_STEP_SUMMARY"):
        return None
    from aiqa.publish.github import GithubSink

    return GithubSink(Path(environ["GITHUB_STEP_SUMMARY"]))


def _mlflow(config: Config, environ: Mapping[str, str], root: Path) -> Sink | None:
    if config.mlflow is None and not environ.get("MLFLOW_TRACKING_URI"):
        return None
    from aiqa.publish.mlflow import MlflowSink

    settings = config.mlflow or MlflowSettings()
    return MlflowSink.of(settings, environ, project=config.project, out=root / config.out)


def _datadog(config: Config, environ: Mapping[str, str]) -> Sink | None:
    if config.datadog is None and not any(environ.get(name) for name in DATADOG_VARIABLES):
        return None
    from aiqa.publish.datadog import DatadogSink

    return DatadogSink(config.datadog or DatadogSettings(), environ)
