"""Gates on what a model takes: measured once, the champion in turns, told with unit and machine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa import metric
from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.declare.gate import Gate
from aiqa.declare.source import Model
from aiqa.evidence.outcome import Outcome
from aiqa.metrics import resources
from aiqa.publish.terminal import failure_text
from aiqa.publish.words import finding
from aiqa.scan.timing import Measured
from aiqa.session import Case, Session

FRAME = pl.DataFrame({"row": range(300), "y": [0, 1, 1] * 100})
DATA = aiqa.dataset("rows", FRAME, label="y")


def _slow(frame: pl.DataFrame) -> Any:
    time.sleep(0.002)
    return frame["row"].to_numpy() * 1.0


def _fast(frame: pl.DataFrame) -> Any:
    return frame["row"].to_numpy() * 1.0


MODEL = aiqa.model("m", _slow, task="regression", champion=_fast)


def _decide(*gates: Gate, model: Model | None = MODEL, data: Any = DATA, root: Any = Path()) -> list[Outcome]:
    check = Check("lean", model=model, dataset=data)
    session = Session(root, Config(project="test"))
    return session.decide([Case(check, gate.id, gate, gate.id) for gate in gates])


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Stand in for measuring; the list grows by the number of models of each measurement."""
    models_of: list[int] = []

    def measure(shape: Any, models: Any, table: Any, seed: int, **_: Any) -> Measured:
        models_of.append(len(models))
        taken = 2 + (np.arange(400) * 0.618034 % 1)[:, None] + np.array([0.0, 1.0])
        units = dict.fromkeys(("ms", "s", "MiB"), taken[:, : len(models)])
        return Measured(units, "calls of 1 row" if shape else "stored model", "a machine")

    monkeypatch.setattr(resources, "measure", measure)
    return models_of


def test_gates_share_a_measurement_in_which_the_champion_takes_turns(measured: list[int]) -> None:
    outcomes = _decide(
        metric.latency <= 5,
        metric.latency(quantile=0.95).no_worse_than(aiqa.champion),
        metric.latency(quantile=0.9) <= 5,
        metric.latency(rows=8) <= 5,
    )
    assert [str(one.gate.verdict) for one in outcomes] == ["pass"] * 4
    assert measured == [2, 1]
    assert outcomes[1].gate.champion is not None
    assert [one.role for one in outcomes[1].models] == ["challenger", "champion"]


def test_every_kind_of_requirement_is_judged(measured: list[int], tmp_path: Path) -> None:
    gates = {
        metric.latency <= 5: "pass",
        metric.latency <= 2.2: "fail",
        metric.latency <= 2.5: "inconclusive",
        metric.latency.between(2, 3): "pass",
        metric.latency.better_than(aiqa.champion, margin=0.5): "pass",
        metric.latency.within(aiqa.champion, margin=0.5): "fail",
        metric.latency.as_usual(): "inconclusive",
        metric.throughput >= 1e6: "pass",
        metric.throughput.no_worse_than(aiqa.champion): "pass",
        metric.peak_memory <= 2: "fail",
        metric.cold_start <= 3: "pass",
        metric.model_size <= 50: "pass",
        (metric.latency <= 2.49).policy(confidence=None): "fail",
    }
    verdicts = [str(one.gate.verdict) for one in _decide(*gates, root=tmp_path)]
    assert dict(zip(map(repr, gates), verdicts, strict=True)) == {repr(k): v for k, v in gates.items()}


def test_a_red_line_says_it_all(measured: list[int]) -> None:
    (alone,) = _decide(metric.latency(quantile=0.95) <= 2.5)
    told = finding(alone.gate)
    assert told.startswith("2.9")
    assert " ms [2.9" in told
    assert "n 400 calls of 1 row: latency(quantile=0.95) <= 2.5 fails" in told
    text = failure_text(alone.check, alone.gate, 1000)
    assert "p95 of 400 calls of 1 row, on a machine: with 95% confidence it is at least 2.9" in text
    assert " ms, and <= 2.5 is required" in text
    assert "Look whether this machine is of the usual kind" in text
    (versus,) = _decide(metric.latency.better_than(aiqa.champion, margin=2))
    assert " ms against the champion's 3." in finding(versus.gate)

    (usual,) = _decide(metric.latency.as_usual())
    assert usual.gate.estimate is not None
    assert (usual.gate.estimate.unit, usual.gate.estimate.n_of) == ("ms", "calls of 1 row")


def test_a_champion_that_breaks_is_the_error_of_comparisons_alone() -> None:
    def broken(frame: pl.DataFrame) -> Any:
        raise KeyError("gone")

    model = aiqa.model("m", _fast, task="regression", champion=broken)
    latency = metric.latency(calls=20, seconds=1)
    outcomes = _decide(latency <= 10_000, latency.no_worse_than(aiqa.champion), model=model)
    assert [str(one.gate.verdict) for one in outcomes] == ["pass", "error"]
    assert "raised KeyError on a call of 1 row" in outcomes[1].gate.reason
    none = aiqa.model("m", _fast, task="regression")
    (outcome,) = _decide(latency.no_worse_than(aiqa.champion), model=none)
    assert "has no champion" in outcome.gate.reason


def test_sleeping_models_are_timed_for_real() -> None:
    """Only what a busy machine cannot change: no sleep is shorter than it says."""
    latency = metric.latency(calls=60, seconds=20)
    slow, fast = _decide(latency >= 2, latency <= 1.9)
    assert [str(slow.gate.verdict), str(fast.gate.verdict)] == ["pass", "fail"]
    assert slow.gate.estimate is not None
    assert slow.gate.estimate.n == 60


def test_when_time_runs_out_nothing_is_proven() -> None:
    (outcome,) = _decide(metric.latency(quantile=0.99, seconds=0.05) <= 1e6)
    assert str(outcome.gate.verdict) == "inconclusive"
    assert "so few calls of 1 row set no bound" in str(outcome.gate.advice)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"data": aiqa.dataset("rows", FRAME, label="y", weight="row")}, "calls, which weigh alike"),
        ({"data": None}, "about no dataset"),
        ({"model": None}, "about no model"),
        ({"model": aiqa.model("m", aiqa.column("row"), task="regression")}, "is columns of answers"),
        ({"model": aiqa.model("m", _fast, task="regression", features=["rows"])}, "did you mean 'row'"),
    ],
)
def test_what_cannot_be_measured_says_why(told: dict[str, Any], message: str) -> None:
    (outcome,) = _decide(metric.latency <= 5, **told)
    assert str(outcome.gate.verdict) == "error"
    assert message in outcome.gate.reason


def test_a_size_needs_no_data(measured: list[int]) -> None:
    (outcome,) = _decide(metric.model_size <= 50, data=None)
    assert str(outcome.gate.verdict) == "pass"


def test_labels_are_not_needed_and_labelled_rows_not_worn_out(tmp_path: Path) -> None:
    from aiqa.judge.holdout import wears

    assert not wears(Check("lean", model=MODEL, dataset=DATA), metric.latency <= 5)
    unlabelled = aiqa.dataset("rows", FRAME)
    (outcome,) = _decide(metric.latency(calls=5, seconds=1) <= 1e6, data=unlabelled)
    assert str(outcome.gate.verdict) == "pass"
