from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import aiqa
from aiqa.cli import main
from aiqa.evidence.schema import json_schema
from aiqa.evidence.store import read, runs, write
from aiqa.publish import Outbox
from aiqa.verdict import Verdict
from tests.evidence.factories import a_check, a_gate, a_mixed_run, a_run

OUTSIDE = ("MLFLOW_TRACKING_URI", "DD_API_KEY", "DD_DOGSTATSD_URL", "DD_AGENT_HOST", "GITHUB_STEP_SUMMARY")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of an empty project, which is also where commands are called."""
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").write_text('[tool.aiqa]\nproject = "p"\nout = "kept"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def keep(project: Path, *run_ids: str, out: str = "kept") -> None:
    for run_id in run_ids:
        write(a_mixed_run(run_id=run_id), project / out)


def test_the_version() -> None:
    assert call("--version").output == f"aiqa, version {aiqa.__version__}\n"


def test_help_names_every_command() -> None:
    text = call("-h").output
    assert all(f"  {name} " in text for name in ("ls", "push", "run", "schema", "show"))


def test_starting_imports_nothing_heavy() -> None:
    code = (
        "import sys; from aiqa.cli import main; main(['--version'], standalone_mode=False);"
        "heavy = {'numpy', 'pydantic', 'polars', 'rich', 'jinja2', 'pytest', 'mlflow'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_ls_lists_runs_newest_first(project: Path) -> None:
    keep(project, "20261123T100000-a", "20261123T110000-bb")
    lines = call("ls").output.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["20261123T110000-bb", "fail", "pr"],
        ["20261123T100000-a", "fail", "pr"],
    ]
    assert "7 gates of 2 checks: 1 pass, 3 fail" in lines[0]
    assert lines[0].endswith("8a1f8a1f")
    assert call("ls", "-n", "1").output.splitlines()[1] == "and 1 older"


def test_ls_goes_on_past_a_damaged_run(project: Path) -> None:
    keep(project, "20261123T100000-a", "20261123T110000-b")
    (project / "kept/runs/20261123T110000-b/evidence.json").write_text("{")
    lines = call("ls").output.splitlines()
    assert "damaged: not JSON" in lines[0]
    assert "fail" in lines[1]


def test_settings_are_found_from_a_folder_below(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(project, "20261123T100000-a")
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")
    assert call("ls").output.startswith("20261123T100000-a")


def test_out_is_relative_to_where_one_is(project: Path) -> None:
    keep(project, "20261123T100000-a", out="other")
    assert call("ls", "--out", "other").output.startswith("20261123T100000-a")


def test_show_tells_the_latest_run(project: Path) -> None:
    keep(project, "20261123T100000-a", "20261123T110000-b")
    result = call("show")
    assert result.exit_code == 0
    assert "  PASS          roc_auc >= 0.92: 0.9412 [0.921, 0.957], n 569" in result.output
    assert "evidence  kept/runs/20261123T110000-b/evidence.json" in result.output
    assert "evidence  kept/runs/20261123T100000-a/evidence.json" in call("show", "20261123T10").output


def test_show_quiet_and_verbose(project: Path) -> None:
    write(a_run(a_check(a_gate())), project / "kept")
    assert "roc_auc" not in call("show", "-q").output
    assert "because     with 95% confidence" in call("show", "-v").output


@pytest.mark.parametrize(
    "place", ["kept/runs/20261123T100000-a", "kept/runs/20261123T100000-a/evidence.json"]
)
def test_show_takes_a_path(project: Path, place: str) -> None:
    keep(project, "20261123T100000-a")
    assert "evidence  kept/runs/20261123T100000-a/evidence.json" in call("show", place).output


def test_a_terminal_without_unicode_is_written_to(project: Path) -> None:
    check = a_check(doc="Für 漢字.", owner="@schön")
    write(a_run(check.model_copy(update={"gates": (a_gate(),)})), project / "kept")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "aiqa", "show"], capture_output=True, env=environment, check=True
    )
    assert b"F\\xfcr \\u6f22\\u5b57." in done.stdout


def test_show_as_json_is_the_document(project: Path) -> None:
    keep(project, "20261123T100000-a")
    stored = (project / "kept/runs/20261123T100000-a/evidence.json").read_text()
    assert json.loads(call("show", "--format", "json").output) == json.loads(stored)


def test_show_as_markdown_and_html(project: Path) -> None:
    keep(project, "20261123T100000-a")
    assert call("show", "--format", "markdown").output.startswith(
        "<!-- aiqa 20261123T100000-a -->\n## aiqa: FAIL"
    )
    assert call("show", "--format", "html").output.startswith("<!DOCTYPE html>")


def test_schema_prints_the_schema() -> None:
    assert json.loads(call("schema").output) == json_schema()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ls"], "no runs in"),
        (["show"], "run `pytest --aiqa`, or name the folder with --out"),
        (["show", "..."], "'...' is no run id"),
        (["show", "../../etc"], "cannot be read: No such file"),
        (["run", "nothing"], "there is no nothing"),
    ],
)
def test_mistakes_are_one_line(project: Path, arguments: Sequence[str], said: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output


def test_a_wrong_setting_is_one_line(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.aiqa]\nteir = 'pr'\n")
    result = call("ls")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "did you mean 'tier'" in result.stderr


def test_push_without_anything_waiting(project: Path) -> None:
    result = call("push")
    assert (result.exit_code, result.output) == (0, "nothing waits to be sent\n")


def test_push_sends_what_waits(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(project, "20261123T100000-a")
    Outbox(project / "kept").put("20261123T100000-a", "github", "was full")
    result = call("push")
    assert result.exit_code == 1
    assert "20261123T100000-a: github not sent: " in result.output
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary.md"))
    result = call("push")
    assert result.exit_code == 0
    assert "20261123T100000-a: github sent: the step summary\n" in result.output
    assert "aiqa: FAIL" in (project / "summary.md").read_text()
    assert call("push").output == "nothing waits to be sent\n"


PASSING = '''
import aiqa

orders = aiqa.dataset("orders", "orders.csv")

@aiqa.check(orders, owner="@ds")
def orders_are_complete():
    """Every order has a number."""
    yield aiqa.expect.column_values_to_not_be_null("id")
'''


def test_run_decides_writes_and_exits_with_the_verdict(project: Path) -> None:
    (project / "checks").mkdir()
    (project / "checks" / "check_orders.py").write_text(PASSING)
    (project / "orders.csv").write_text("id,amount\n1,2\n2,3\n")
    result = call("run")
    assert result.exit_code == 0, result.output
    assert "  Every order has a number." in result.output
    (run_id,) = runs(project / "kept")
    assert f"evidence  kept/runs/{run_id}/evidence.json" in result.output
    assert read(run_id, project / "kept").verdict is Verdict.PASS
    (project / "orders.csv").write_text("id,amount\n,2\n2,3\n")
    result = call("run", "checks/check_orders.py", "--no-publish", "-q")
    assert result.exit_code == 1
    assert "call @ds" in " ".join(result.output.split())
    assert read("latest", project / "kept").verdict is Verdict.FAIL


def test_run_publishes_unless_told_not_to(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "checks").mkdir()
    (project / "checks" / "check_orders.py").write_text(PASSING)
    (project / "orders.csv").write_text("id,amount\n1,2\n")
    summary = project / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert "sent " not in call("run", "--no-publish").output
    assert not summary.exists()
    assert "sent      github: the step summary" in call("run").output
    assert "aiqa: PASS (p)" in summary.read_text()
