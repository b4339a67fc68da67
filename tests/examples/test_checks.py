"""The bundled checks come to the verdicts that the examples' READMEs promise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = ("AIQA", "FRAUD_MONTH", "PYTEST_", "MLFLOW_", "DD_", "GITHUB_", "CI")
UNPROVEN = "no_country_is_left_behind[roc_auc-by-country]"


@pytest.fixture(scope="module")
def project(trained: Path) -> Path:
    """A copy of the project with its models trained."""
    shutil.copytree(ROOT / "checks", trained.parent / "checks", ignore=shutil.ignore_patterns("__pycache__"))
    (trained.parent / "pyproject.toml").write_text("[project]\nname = 'examples'\nversion = '1'\n")
    return trained.parent


def run(project: Path, out: str, *arguments: str, **env: str) -> tuple[int, dict[str, Any], str]:
    """Run the checks; return pytest's exit code, the evidence and the text."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
    command = [sys.executable, "-m", "pytest", "--aiqa", "--aiqa-out", out, *arguments]
    done = subprocess.run(
        command, cwd=project, env={**clean, **env}, capture_output=True, text=True, check=False
    )
    (file,) = (project / out).glob("runs/*/evidence.json")
    return done.returncode, json.loads(file.read_text()), done.stdout + done.stderr


def verdicts(evidence: dict[str, Any]) -> dict[str, str]:
    return {
        f"{check['name']}[{gate['id']}]": gate["verdict"]
        for check in evidence["checks"]
        for gate in check["gates"]
    }


def gate(evidence: dict[str, Any], name: str) -> dict[str, Any]:
    check, _, gate_id = name.removesuffix("]").partition("[")
    (found,) = (
        gate
        for record in evidence["checks"]
        for gate in record["gates"]
        if (record["name"], gate["id"]) == (check, gate_id)
    )
    assert isinstance(found, dict)
    return found


def slices(gate: dict[str, Any], verdict: str) -> list[str]:
    return [part["slice"]["country"] for part in gate["parts"] if part["verdict"] == verdict]


def test_good_models_pass_but_for_one_honest_inconclusive(project: Path) -> None:
    code, evidence, text = run(project, "good")
    assert code == 0, text
    assert evidence["verdict"] == "pass"
    found = verdicts(evidence)
    assert {name: verdict for name, verdict in found.items() if verdict != "pass"} == {
        UNPROVEN: "inconclusive"
    }
    assert len(found) > 40
    assert {check["file"].rpartition("/")[2] for check in evidence["checks"]} == {
        path.name for path in (ROOT / "checks").glob("check_*.py")
    }
    unproven = gate(evidence, UNPROVEN)
    assert slices(unproven, "inconclusive") == ["NZ"]
    assert "12 " in unproven["reason"]
    assert "1 inconclusive" in text


def test_the_broken_model_and_the_odd_month_are_caught(project: Path) -> None:
    broken = "fraud=examples/fraud/models/broken.skops"
    code, evidence, text = run(
        project, "broken", "checks/check_fraud.py", "--aiqa-model", broken, FRAUD_MONTH="2026-09"
    )
    assert code == 1, text
    failed = {name for name, verdict in verdicts(evidence).items() if verdict == "fail"}
    assert failed == {UNPROVEN, "new_orders_look_familiar[psi-column=amount-reference=orders]"}
    assert slices(gate(evidence, UNPROVEN), "fail") == ["BR"]
    assert "error" not in verdicts(evidence).values()
    assert "country=BR" in text
    assert "@ds-fraud" in text


def test_the_blind_model_is_caught_by_every_gate_on_ranks(project: Path) -> None:
    blind = "fraud=examples/fraud/models/blind.skops"
    code, evidence, text = run(project, "blind", "checks/check_fraud.py", "--aiqa-model", blind)
    assert code == 1, text
    failed = {name.partition("[")[0] for name, verdict in verdicts(evidence).items() if verdict == "fail"}
    assert failed == {"fraud_ranks_first", "no_country_is_left_behind", "no_fraud_slips_back_in"}
    lost = gate(evidence, "no_fraud_slips_back_in[roc_auc-no_worse_than-champion]")
    assert lost["challenger"] < lost["champion"] - 0.05
