"""A project with real checks, as a user has it, for pytest to run."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

# pytester forgets what a run imports; what is here already stays one module, with one registry of checks.
for module in ("aiqa.pytest_driver.plugin", "aiqa.pytest_driver.required", "aiqa.pytest_driver.summary"):
    import_module(module)
for module in ("aiqa.scan.model", "aiqa.expectations.catalogue", "aiqa.metrics.catalogue", "scipy.stats"):
    import_module(module)

HEADER = """
import aiqa
import pytest
from aiqa import expect, metric

orders = aiqa.dataset("orders", "orders.parquet", label="y")
scores = aiqa.model(
    "scores", aiqa.column(score="p"), task="binary", champion=aiqa.column(score="old")
)
"""

CHECKS = (
    HEADER
    + '''
@aiqa.check(orders, owner="@ds", tier="smoke")
def complete():
    """Orders are complete."""
    yield expect.column_values_to_not_be_null("id")

@aiqa.check(scores, orders, owner="@ds-fraud")
def ranks_first():
    """Fraud comes first."""
    yield metric.roc_auc >= 0.7
    yield metric.roc_auc >= 0.999
    yield metric.accuracy >= 0.895
    yield metric.roc_auc.no_worse_than(aiqa.champion, margin=0.01)

@aiqa.check(scores, orders, tier="full")
def sane(model, data):
    """Scores are probabilities."""
    assert model.predict(data).score.max() <= 1
'''
)


def orders(rows: int = 2000, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.random(rows) < 0.3
    noise = rng.normal(0, 0.15, (2, rows))
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "y": y.astype(int),
            "p": np.clip(0.25 + 0.35 * y + noise[0], 0, 1),
            "old": np.clip(0.3 + 0.2 * y + noise[1], 0, 1),
            "country": rng.choice(["BR", "PT", "US"], rows),
        }
    )


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with data and no check yet."""
    for name in ("MLFLOW_TRACKING_URI", "DD_API_KEY", "DD_AGENT_HOST", "GITHUB_STEP_SUMMARY", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "aiqa.pytest_plugin,xdist.plugin")
    pytester.makepyprojecttoml('[project]\nname = "shop"\nversion = "1"\n[tool.aiqa]\n')
    pytester.mkdir("checks")
    orders().write_parquet(pytester.path / "orders.parquet")
    return pytester


Checks = Callable[[str], Path]


@pytest.fixture
def write_checks(project: pytest.Pytester) -> Checks:
    """Write the body of ``checks/check_orders.py``, after the usual declarations."""

    def write(body: str) -> Path:
        file = project.path / "checks" / "check_orders.py"
        file.write_text(HEADER + body)
        return file

    return write


@pytest.fixture
def checked(project: pytest.Pytester) -> pytest.Pytester:
    """A project with the checks above."""
    (project.path / "checks" / "check_orders.py").write_text(CHECKS)
    return project


def evidence_of(project: pytest.Pytester, out: str = ".aiqa") -> dict[str, Any]:
    """Return the newest evidence of a project, as anybody can read it."""
    files = sorted((project.path / out / "runs").glob("*/evidence.json"))
    return dict(json.loads(files[-1].read_text()))


def verdicts_of(project: pytest.Pytester) -> dict[str, str]:
    """Return the verdict of each gate of the newest run, by ``check[gate]``."""
    evidence = evidence_of(project)
    return {
        f"{check['name']}[{gate['id']}]": gate["verdict"]
        for check in evidence["checks"]
        for gate in check["gates"]
    }
