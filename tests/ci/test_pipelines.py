"""The pipelines in ci/: their shell steps are run as they stand, in a project such as a team has."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.ci.conftest import ROOT, require

GITHUB = yaml.safe_load((ROOT / "ci/github/aiqa.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "ci/gitlab/aiqa.yml").read_text())["aiqa"]
STEPS = GITHUB["jobs"]["checks"]["steps"]
UPLOAD = STEPS[-1]
PREFIXES = ("GITHUB_", "CI", "MLFLOW_", "DD_", "PYTEST_", "COV", "AIQA")


@dataclass
class Ran:
    """What a pipeline came to, and what its last step wrote."""

    code: int
    output: str
    folder: Path

    @property
    def evidence(self) -> dict[str, Any]:
        (file,) = self.folder.glob(".aiqa/runs/*/evidence.json")
        document: dict[str, Any] = json.loads(file.read_text())
        return document


def shell(script: str, folder: Path, told: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # pip finds all that requirements.txt names installed, and must not ask an index.
    env = {**clean, "PATH": path, "PIP_NO_INDEX": "1", **told}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def one_after_another(scripts: Iterable[str], folder: Path, told: Mapping[str, str]) -> Ran:
    for script in scripts:
        done = shell(script, folder, told)
        if done.returncode:
            break
    return Ran(done.returncode, done.stdout + done.stderr, folder)


def github(folder: Path, *, event: str = "pull_request", secrets: Mapping[str, str] | None = None) -> Ran:
    """Run the steps of the workflow; without secrets, which is what the pull request of a fork sees."""
    env: dict[str, str] = {"GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    for step in STEPS:
        env |= {name: _value(text, event, secrets or {}) for name, text in step.get("env", {}).items()}
    return one_after_another([step["run"] for step in STEPS if "run" in step], folder, env)


def _value(text: str, event: str, secrets: Mapping[str, str]) -> str:
    if secret := re.fullmatch(r"\$\{\{ (?:secrets|vars)\.(\w+) \}\}", text):
        return secrets.get(secret[1], "")
    choice = re.fullmatch(r"\$\{\{ github\.event_name == '(\w+)' && '(\w+)' \|\| '(\w+)' \}\}", text)
    assert choice, text
    return choice[2] if event == choice[1] else choice[3]


def gitlab(folder: Path, rule: int = 0) -> Ran:
    """Run the job as GitLab does: both scripts in one shell, then what comes after in a fresh one."""
    env = {"CI_PROJECT_DIR": str(folder), **GITLAB["rules"][rule]["variables"]}
    ran = one_after_another(["\n".join([*GITLAB["before_script"], *GITLAB["script"]])], folder, env)
    after = shell("\n".join(GITLAB["after_script"]), folder, env)
    assert after.returncode == 0, after.stderr
    return ran


RUNS = {"github": github, "gitlab": gitlab}


@pytest.mark.parametrize("host", RUNS)
def test_a_good_model_passes_and_leaves_its_evidence(host: str, project: Path) -> None:
    ran = RUNS[host](project)  # type: ignore[operator]
    assert ran.code == 0, ran.output
    assert ran.evidence["verdict"] == "pass"
    cases = [case.get("name") for case in ET.parse(project / "aiqa-junit.xml").iter("testcase")]
    assert "fraud_ranks_first[roc_auc]" in cases


@pytest.mark.parametrize("host", RUNS)
def test_a_bad_model_fails_and_leaves_its_evidence_too(host: str, project: Path) -> None:
    require(project, 0.999)
    ran = RUNS[host](project)  # type: ignore[operator]
    assert ran.code == 1, ran.output
    assert ran.evidence["verdict"] == "fail"
    failures = ET.parse(project / "aiqa-junit.xml").findall(".//failure")
    assert len(failures) == 1
    file = project / {"github": "summary.md", "gitlab": "aiqa-summary.md"}[host]
    summary = html.unescape(file.read_text())
    assert "roc_auc" in summary
    assert "@ds-fraud" in summary


def checks_of(ran: Ran) -> set[str]:
    return {check["name"] for check in ran.evidence["checks"]}


def test_costly_checks_run_on_the_default_branch_alone(project: Path) -> None:
    assert checks_of(github(project)) == {"fraud_ranks_first"}
    (folder,) = (project / ".aiqa" / "runs").iterdir()
    (folder / "evidence.json").unlink()
    assert checks_of(github(project, event="push")) == {"fraud_ranks_first", "costly"}
    assert [rule["variables"]["TIER"] for rule in GITLAB["rules"]] == ["pr", "full"]


def test_without_secrets_nothing_is_sent_and_nothing_missed(project: Path) -> None:
    ran = github(project)
    assert "not sent" not in ran.output
    assert "mlflow" not in ran.output.lower()


def test_a_server_that_is_down_changes_nothing(project: Path) -> None:
    ran = github(
        project, secrets={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_TRACKING_TOKEN": "hunter2"}
    )
    assert ran.code == 0, ran.output
    assert "not sent" in ran.output
    assert "hunter2" not in ran.output


def test_a_broken_install_stops_before_the_checks(project: Path) -> None:
    (project / "requirements.txt").write_text("no-such-package-anywhere==1\n")
    ran = github(project)
    assert ran.code != 0
    assert not (project / ".aiqa").exists()


def test_github_keeps_what_the_steps_write() -> None:
    assert UPLOAD["if"] == "always()"
    assert UPLOAD["with"]["path"].split() == [".aiqa/runs/", "aiqa-junit.xml"]
    assert UPLOAD["with"]["include-hidden-files"] is True


def test_gitlab_keeps_what_the_scripts_write() -> None:
    kept = GITLAB["artifacts"]
    assert kept["when"] == "always"
    assert kept["paths"] == [".aiqa/runs/", "aiqa-summary.md"]
    assert f"--junitxml={kept['reports']['junit']}" in GITLAB["script"][0]


def test_actions_are_pinned_and_permissions_least() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert len(used) == 3
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert GITHUB["permissions"] == {"contents": "read"}
    assert "permissions" not in GITHUB["jobs"]["checks"]
    assert STEPS[0]["with"]["persist-credentials"] is False


def test_no_step_pastes_an_expression_into_a_shell() -> None:
    assert not [step["run"] for step in STEPS if "${{" in step.get("run", "")]
