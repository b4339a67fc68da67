"""``aiqa plan`` on a project: without data, with data, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

from aiqa.cli import main

CHECKS = """
import aiqa
from aiqa import expect, metric

orders = aiqa.dataset("orders", "orders.parquet", label="y", cluster="customer")
scores = aiqa.model("scores", aiqa.column(score="p"), task="binary", champion=aiqa.column(score="old"))

@aiqa.check(scores, orders)
def ranks():
    yield expect.column_values_to_not_be_null("y")
    yield metric.recall.by("country") >= 0.8
    yield metric.roc_auc >= 0.8
    yield metric.brier <= 0.3
    yield metric.accuracy.no_worse_than(aiqa.champion, margin=0.01)

@aiqa.check(scores, orders, tier="full")
def free(model, data):
    assert data.height

@aiqa.check(scores, orders, tier="full")
def slow():
    yield metric.precision >= 0.5
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "check_orders.py").write_text(CHECKS)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\n[tool.aiqa]\ntier = "pr"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def with_data(home: Path) -> Path:
    rng = np.random.default_rng(5)
    y = np.arange(1000) % 5 == 0
    frame = {
        "y": y.astype(int),
        "customer": np.arange(1000) // 4,
        "country": np.where(np.arange(1000) < 900, "BR", "NZ"),
    }
    scores = {name: np.clip(0.3 + 0.3 * y + rng.normal(0, 0.15, 1000), 0, 1) for name in ("p", "old")}
    pl.DataFrame({**frame, **scores}).write_parquet(home / "orders.parquet")
    return home


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plan", *arguments])


def plans(*arguments: str) -> dict[str, Any]:
    return {one["gate"]: one for one in json.loads(call("--format", "json", *arguments).output)}


def test_gates_are_planned_before_there_are_data(home: Path) -> None:
    text = call().output
    assert "ranks: recall.by('country') >= 0.8 (95% confidence, 80% power)" in text
    assert "1,043 positives prove a value of 0.83 (exact binomial)" in text
    assert "with --data" in text
    assert "slow" not in text
    assert "free" not in text
    assert plans("--tier", "full").keys() - plans().keys() == {"precision"}


def test_what_is_assumed_can_be_said(home: Path) -> None:
    told = ("--effect", "recall=0.1", "--power", "0.9", "--disagreement", "0.1", "--prevalence", "0.2")
    found, usual = plans(*told), plans()
    assert found["recall-by-country"]["passes_at"] == pytest.approx(0.9)
    assert found["recall-by-country"]["power"] == 0.9
    assert found["roc_auc"]["rows"] > usual["roc_auc"]["to_pass"]
    name = "accuracy-no_worse_than-champion"
    assert found[name]["to_pass"] > 2 * usual[name]["to_pass"]


def test_data_at_hand_are_counted_in_the_smallest_slice_and_models_asked_where_need_be(
    with_data: Path,
) -> None:
    found = plans("--data")
    recall = found["recall-by-country"]
    assert (recall["have"], recall["enough"]) == (20, False)
    assert "in each of 2 slices; the smallest is country=NZ" in recall["notes"]
    assert found["roc_auc"]["have"] == 200
    assert "scaled from the present model" in found["brier"]["method"]
    assert found["accuracy-no_worse_than-champion"]["have"] == 1000
    assert not (with_data / ".aiqa").exists()


def test_data_that_cannot_be_opened_are_said_gate_by_gate(home: Path) -> None:
    result = call("--data")
    assert result.exit_code == 0
    assert "the data cannot be counted" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--effect", "recall"), "write a distance above 0"),
        (("--effect", "recall=-1"), "write a distance above 0"),
        (("--power", "2"), "power is how often"),
        (("nowhere",), "there is no nowhere"),
    ],
)
def test_wrong_questions_are_refused(home: Path, arguments: tuple[str, ...], message: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_what_is_measured_on_the_model_takes_no_scan(with_data: Path) -> None:
    (with_data / "checks" / "check_orders.py").write_text(
        "import aiqa\n"
        "from aiqa import metric\n"
        "orders = aiqa.dataset('orders', 'orders.parquet')\n"
        "def answer(frame):\n"
        "    raise RuntimeError('asked')\n"
        "@aiqa.check(aiqa.model('m', answer, task='regression'), orders)\n"
        "def is_fast():\n"
        "    yield metric.latency(quantile=0.95) <= 5\n"
    )
    explained = call("--explain", "--data").output
    assert "latency-quantile=0.95: measured on the model itself, without a scan" in explained
    planned = call("--data").output
    assert "with fewer than 59 there is no upper bound" in planned
    assert "asked" not in explained + planned
