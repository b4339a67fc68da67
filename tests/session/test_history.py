"""``as_usual()``: values against those of earlier runs, from evidence and from MLflow."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa import expect, metric
from aiqa.config import Config, HistorySettings, MlflowSettings
from aiqa.declare.check import Check
from aiqa.declare.gate import AsUsual, Gate
from aiqa.declare.values import from_json
from aiqa.errors import DeclarationError
from aiqa.evidence.history import EvidenceHistory, Past, Subject, usable
from aiqa.evidence.outcome import Outcome, assemble
from aiqa.evidence.record import Evidence, GitRecord
from aiqa.evidence.store import write
from aiqa.publish.mlflow import MlflowSink
from aiqa.publish.words import measured, needed
from aiqa.session import Case, Session
from tests.evidence.factories import a_run

GATES = (
    metric.recall.as_usual(at_least=5),
    expect.table_row_count_to_be_between(1).as_usual(at_least=5),
    expect.column_values_to_be_between("x", 0, 0.9).as_usual(at_least=5),
)
FRAUD = aiqa.model("fraud", aiqa.column(score="x"), task="binary")


def _frame(seed: int, rows: int = 400, noise: float = 0.2) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    return pl.DataFrame({"y": y, "x": np.clip(0.3 + 0.4 * y + rng.normal(0, noise, rows), 0, 1)})


def _decide(root: Path, frame: pl.DataFrame, *gates: Gate, **settings: Any) -> list[Outcome]:
    check = Check("as ever", model=FRAUD, dataset=aiqa.dataset("orders", frame, label="y"))
    session = Session(root, Config(project="p", **settings))
    return session.decide([Case(check, gate.id, gate) for gate in gates])


def _kept(root: Path, outcomes: list[Outcome], number: int, branch: str = "main") -> Evidence:
    environment = a_run().environment
    evidence = assemble(
        outcomes,
        run_id=f"20261101T{number:06d}",
        started=dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number),
        project="p",
        tier="full",
        environment=environment.model_copy(
            update={"git": GitRecord(commit="8a1f" * 10, branch=branch, dirty=False)}
        ),
    )
    write(evidence, root / ".aiqa")
    return evidence


def _with_past(root: Path, runs: int, start: int = 0) -> None:
    for number in range(start, runs):
        _kept(root, _decide(root, _frame(number, 390 + number), *GATES), number)


def _verdicts(outcomes: list[Outcome]) -> list[str]:
    return [str(outcome.gate.verdict) for outcome in outcomes]


def test_what_is_usual_is_learned_from_earlier_runs(tmp_path: Path) -> None:
    _with_past(tmp_path, 4)
    early = _decide(tmp_path, _frame(50), *GATES)
    assert _verdicts(early) == ["inconclusive"] * 3
    assert "takes 5 earlier runs on other data or models, and there are 4" in early[0].gate.reason
    _with_past(tmp_path, 12, start=4)
    assert _verdicts(_decide(tmp_path, _frame(50), *GATES)) == ["pass"] * 3
    late = _decide(tmp_path, _frame(51, 40, noise=2), *GATES)
    assert _verdicts(late) == ["fail"] * 3
    assert late[1].gate.usual is not None
    assert late[1].gate.usual.runs == 12
    assert late[1].gate.usual.low < 395 < late[1].gate.usual.high < 410
    assert "it is 40, and usual is between" in late[1].gate.reason
    assert " %, and usual is between" in late[2].gate.reason
    assert "as_usual(since=...)" in str(late[0].gate.advice)
    assert str(needed(late[1].gate)).startswith("as usual, in [")
    assert measured(late[1].gate) == "observed 40"


def test_the_same_data_and_model_count_once_and_not_against_themselves(tmp_path: Path) -> None:
    _with_past(tmp_path, 3)
    frame = _frame(70)
    for number in range(10, 20):
        _kept(tmp_path, _decide(tmp_path, frame, *GATES), number)
    [again, *_] = _decide(tmp_path, frame, *GATES)
    assert "there are 3" in again.gate.reason
    [other, *_] = _decide(tmp_path, _frame(71), *GATES)
    assert "there are 4" in other.gate.reason


def test_values_found_for_another_requirement_count(tmp_path: Path) -> None:
    for number in range(6):
        outcomes = _decide(
            tmp_path, _frame(number), metric.recall >= 0.5, expect.table_row_count_to_be_between(1).gate()
        )
        _kept(tmp_path, outcomes, number)
    assert _verdicts(_decide(tmp_path, _frame(50, 400), *GATES))[:2] == ["pass", "pass"]


def test_only_runs_of_the_branch_count(tmp_path: Path) -> None:
    for number in range(8):
        branch = "main" if number < 3 else "topic"
        _kept(tmp_path, _decide(tmp_path, _frame(number), *GATES), number, branch)
    history = HistorySettings(branch="main")
    [outcome, *_] = _decide(tmp_path, _frame(50), *GATES, history=history)
    assert "there are 3" in outcome.gate.reason


def test_a_damaged_run_is_left_out(tmp_path: Path) -> None:
    _with_past(tmp_path, 6)
    [damaged, *_] = (tmp_path / ".aiqa" / "runs").glob("*/evidence.json")
    damaged.write_text("{")
    [outcome, *_] = _decide(tmp_path, _frame(50), *GATES)
    assert outcome.gate.usual is not None
    assert outcome.gate.usual.runs == 5


def test_an_expectation_without_a_number_cannot_be_as_usual(tmp_path: Path) -> None:
    [outcome] = _decide(tmp_path, _frame(1), expect.column_to_exist("x").as_usual())
    assert outcome.gate.verdict == "error"
    assert "observes no number" in outcome.gate.reason


@pytest.mark.filterwarnings("ignore")
def test_earlier_runs_come_from_mlflow_too(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    sink = MlflowSink.of(MlflowSettings(), {}, project="p", out=tmp_path / ".aiqa")
    history = HistorySettings(source="mlflow", branch="main")
    for number in range(7):
        outcomes = _decide(tmp_path, _frame(number, 390 + number), *GATES, history=history)
        evidence = _kept(tmp_path, outcomes, number)
        for _ in range(2):
            sink.send(evidence, tmp_path / ".aiqa" / "runs" / evidence.run_id)
    for run in (tmp_path / ".aiqa" / "runs").glob("*/evidence.json"):
        run.unlink()
    again = _decide(tmp_path, _frame(3, 393), *GATES, history=history)
    other = _decide(tmp_path, _frame(51, 40, noise=2), *GATES, history=history)
    assert [outcome.gate.usual.runs for outcome in (again[0], other[0]) if outcome.gate.usual] == [6, 7]
    assert _verdicts(other) == ["fail"] * 3


@pytest.mark.filterwarnings("ignore")
def test_a_history_that_cannot_be_read_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings = {"history": HistorySettings(source="mlflow"), "mlflow": MlflowSettings(timeout=2)}
    outcomes = _decide(tmp_path, _frame(1), *GATES, **settings)
    assert _verdicts(outcomes) == ["inconclusive"] * 3
    assert "earlier runs cannot be read: MLflow at http://127.0.0.1:9" in outcomes[0].gate.reason
    assert outcomes[0].gate.estimate is not None


def test_an_interval_that_reaches_into_the_range_leaves_it_open() -> None:
    from aiqa.judge.usual import Usual, decide_usual
    from aiqa.stats.inference import Inference, exact

    usual, requirement = Usual(0.8, 0.9, 20), AsUsual()
    wide = Inference(0.78, 100, "m", lambda _: 0.7, lambda _: 0.85)
    narrow = Inference(0.78, 100, "m", lambda _: 0.77, lambda _: 0.79)
    told = [
        decide_usual(found, usual, 20, requirement, confidence).verdict
        for found, confidence in (
            (wide, 0.95),
            (wide, None),
            (narrow, 0.95),
            (exact(0.78, 9), 0.95),
            (exact(0.85, 9), 0.95),
        )
    ]
    assert told == ["inconclusive", "fail", "fail", "fail", "pass"]


def test_runs_before_a_day_do_not_count() -> None:
    past = [
        Past(float(day), f"2026-11-{day:02d}T00:00:00+00:00", Subject(str(day))) for day in range(20, 0, -1)
    ]
    assert usable(past, Subject("x"), AsUsual(since="2026-11-15")) == [20, 19, 18, 17, 16, 15]
    assert len(usable(past, Subject("x"), AsUsual(runs=12))) == 12
    assert usable(past, Subject("20"), AsUsual())[0] == 19


def test_no_folder_is_no_past(tmp_path: Path) -> None:
    from aiqa.evidence.history import Asked

    assert list(EvidenceHistory(tmp_path / "none").past(Asked("c", ("g",), {}))) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"runs": 5},
        {"at_least": 2},
        {"false_alarms": 0},
        {"margin": -1},
        {"since": "yesterday"},
        {"since": "20261101"},
    ],
)
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        metric.recall.as_usual(**settings)
    with pytest.raises(DeclarationError):
        expect.column_to_exist("x").as_usual(**settings)


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(DeclarationError, match="did you mean 'runs'"):
        expect.column_to_exist("x").as_usual(rusn=3)  # type: ignore[call-arg]
    with pytest.raises(DeclarationError, match="single value"):
        metric.recall.by("country").as_usual()


def test_it_travels_as_json_and_keeps_its_id() -> None:
    gate = metric.recall.as_usual(margin=0.01, since="2026-11-01")
    assert from_json(gate.to_json()) == gate
    assert (gate.id, repr(gate)) == ("recall-as_usual", "recall as usual")
    assert expect.column_to_exist("x", severity="warning").as_usual().own_policy.severity == "warn"
