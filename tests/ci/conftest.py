from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = """\
[project]
name = "shop"
version = "1"

[tool.aiqa.report]
"""
CHECK = '''\
import aiqa
from aiqa import expect, metric

orders = aiqa.dataset("orders", "orders.csv", label="is_fraud")
fraud = aiqa.model("fraud", aiqa.column(score="score"), task="binary")


@aiqa.check(fraud, orders, owner="@ds-fraud")
def fraud_ranks_first():
    """Most of the orders that we review are fraud."""
    yield expect.column_values_to_not_be_null("score")
    yield metric.roc_auc >= FLOOR


@aiqa.check(fraud, orders, owner="@ds-fraud", tier="full")
def costly():
    """Only the default branch runs this."""
    yield metric.accuracy >= 0.5
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A team's project, whose model ranks well but is not perfect."""
    folder = tmp_path / "shop"
    (folder / "checks").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "requirements.txt").write_text("pytest-aiqa[mlflow,datadog,report,skops]\n")
    rows = [f"{int(i >= 100)},{i / 400 + 0.25 * (i % 3 == 0):.4f}" for i in range(200)]
    (folder / "orders.csv").write_text("is_fraud,score\n" + "\n".join(rows) + "\n")
    require(folder, 0.6)
    return folder


def require(folder: Path, floor: float) -> None:
    """Let the project's check require this AUC."""
    (folder / "checks" / "check_fraud.py").write_text(CHECK.replace("FLOOR", str(floor)))
