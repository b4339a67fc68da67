from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aiqa.config import Config, DatadogSettings, MlflowSettings, ReportSettings
from aiqa.publish import enabled_sinks
from aiqa.publish.mlflow import MlflowSink

ALL = Config(project="p", mlflow=MlflowSettings(), datadog=DatadogSettings(), report=ReportSettings())


def names(config: Config, environ: dict[str, str], root: Path) -> list[str]:
    return [sink.name for sink in enabled_sinks(config, environ, root)]


def test_nothing_is_sent_anywhere_unless_somebody_asks(tmp_path: Path) -> None:
    assert names(Config(project="p"), {}, tmp_path) == []


def test_local_sinks_come_first(tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    assert names(ALL, environ, tmp_path) == ["report", "github", "mlflow", "datadog"]


@pytest.mark.parametrize(
    ("variable", "sink"),
    [
        ("MLFLOW_TRACKING_URI", "mlflow"),
        ("DD_API_KEY", "datadog"),
        ("DD_DOGSTATSD_URL", "datadog"),
        ("DD_AGENT_HOST", "datadog"),
        ("GITHUB_STEP_SUMMARY", "github"),
    ],
)
def test_a_variable_turns_its_sink_on_and_an_empty_one_does_not(
    tmp_path: Path, variable: str, sink: str
) -> None:
    assert names(Config(project="p"), {variable: "udp://x"}, tmp_path) == [sink]
    assert names(Config(project="p"), {variable: ""}, tmp_path) == []


def _mlflow(config: Config, environ: dict[str, str], root: Path) -> MlflowSink:
    (sink,) = enabled_sinks(config, environ, root)
    assert isinstance(sink, MlflowSink)
    return sink


def test_without_an_address_mlflow_is_a_file_in_the_folder_of_evidence(tmp_path: Path) -> None:
    sink = _mlflow(Config(project="p", mlflow=MlflowSettings()), {"MLFLOW_TRACKING_URI": ""}, tmp_path)
    assert sink.tracking_uri == f"sqlite:///{tmp_path}/.aiqa/mlflow.db"
    assert sink.artifacts == f"file://{tmp_path}/.aiqa/mlartifacts"
    assert (sink.experiment, sink.is_local) == ("p", True)


def test_the_environment_says_where_mlflow_is_before_the_project_does(tmp_path: Path) -> None:
    settings = MlflowSettings(tracking_uri="http://project", experiment="e", timeout=2.5)
    config = Config(project="p", mlflow=settings)
    assert _mlflow(config, {}, tmp_path) == MlflowSink("http://project", "e", 2.5)
    assert _mlflow(config, {"MLFLOW_TRACKING_URI": "http://here"}, tmp_path).tracking_uri == "http://here"


def test_a_sink_never_shows_the_key(tmp_path: Path) -> None:
    sinks = enabled_sinks(ALL, {"DD_API_KEY": "0123456789abcdef"}, tmp_path)
    assert "0123456789abcdef" not in repr(sinks)


def test_choosing_sinks_imports_nothing_heavy() -> None:
    program = (
        "import sys; from pathlib import Path; from aiqa.publish import enabled_sinks\n"
        "from tests.publish.test_sinks import ALL; enabled_sinks(ALL, {'DD_API_KEY': 'k'}, Path('.'))\n"
        "print(sorted({'mlflow', 'datadog', 'jinja2', 'sqlalchemy', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
