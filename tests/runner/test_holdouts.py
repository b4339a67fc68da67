"""A test set that decides again and again: counted by every run, told by all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import aiqa
from aiqa.cli import main

CHECKS = """
import aiqa
from aiqa import expect, metric

orders = aiqa.dataset("orders", "orders.parquet", label="y")

@aiqa.check(aiqa.model("m", aiqa.column(prediction="PREDICTION"), task="binary"), orders)
def ranks():
    yield expect.column_values_to_not_be_null("y")
    yield metric.accuracy >= 0.7
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(5)
    y = rng.random(600) < 0.5
    columns = {f"p{i}": np.where(rng.random(600) < 0.9, y, ~y).astype(int) for i in range(4)}
    pl.DataFrame({"y": y.astype(int), **columns}).write_parquet(tmp_path / "orders.parquet")
    (tmp_path / "checks").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_model(home: Path, column: str, holdout: str = "") -> aiqa.Evidence:
    (home / "pyproject.toml").write_text(f"[tool.aiqa]\nproject = 'shop'\n[tool.aiqa.holdout]\n{holdout}\n")
    (home / "checks" / "check_orders.py").write_text(CHECKS.replace("PREDICTION", column))
    return aiqa.run()


def test_runs_are_counted_by_model_and_told_when_the_budget_is_spent(home: Path) -> None:
    settings = "budget = 2\nwhen_spent = 'block'"
    first = run_model(home, "p0", settings)
    again = run_model(home, "p0", settings)
    assert [one.holdouts[0].uses for one in (first, again)] == [1, 1]
    assert not run_model(home, "p1", settings).stops
    beyond = run_model(home, "p2", settings)
    assert beyond.holdouts[0].use == 3
    assert beyond.stops
    assert beyond.verdict == "inconclusive"
    assert [str(gate.verdict) for _, gate in beyond.gates] == ["pass", "pass"]


def test_without_a_word_nothing_is_blocked_and_a_broken_ledger_breaks_nothing(home: Path) -> None:
    (home / ".aiqa" / "holdouts.jsonl").mkdir(parents=True)
    evidence = run_model(home, "p0")
    assert evidence.verdict == "pass"
    assert "this use was not counted" in str(evidence.holdouts[0].problem)


def test_tightened_gates_are_judged_at_their_part_of_alpha(home: Path) -> None:
    evidence = run_model(home, "p0", "budget = 10\ntighten = true")
    expectation, gate = (gate for _, gate in evidence.gates)
    assert expectation.estimate is None
    assert gate.estimate is not None
    assert gate.estimate.confidence == pytest.approx(0.995)
    assert "with 99.5% confidence" in gate.reason


def test_the_command_lists_what_is_left(home: Path) -> None:
    assert CliRunner().invoke(main, ["holdout"]).output == "no data set has decided about a model yet\n"
    for column in ("p0", "p1"):
        run_model(home, column, "budget = 2")
    told = CliRunner().invoke(main, ["holdout"]).output
    assert "orders: 2 of 2 uses, 0 left, all verdicts together hold with 90% confidence" in told
    assert "the next model takes fresh rows" in told
    (record,) = json.loads(CliRunner().invoke(main, ["holdout", "--format", "json"]).output)
    assert (record["uses"], record["left"], record["adaptivity"]) == (2, 0, "none")


def test_the_closing_lines_tell_it(home: Path) -> None:
    run_model(home, "p0", "budget = 1")
    shown = CliRunner().invoke(main, ["show"]).output
    assert "orders has decided once" in " ".join(shown.split())
