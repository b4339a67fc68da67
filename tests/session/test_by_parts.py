"""Metrics of files that hold the answers: taken by parts, kept between runs, the same as of the whole."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa import metric
from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.evidence.outcome import Outcome
from aiqa.scan import parted
from aiqa.session import Case, Session

BINARY = aiqa.model(
    "new", aiqa.column(score="p"), task="binary", champion=aiqa.column(score="q"), threshold=0.4
)
REGRESSION = aiqa.model("new", aiqa.column(prediction="p"), task="regression")
GATES = [
    metric.accuracy >= 0.5,
    metric.recall >= 0.5,
    metric.precision.by("g") >= 0.2,
    metric.f1 >= 0.5,
    metric.roc_auc >= 0.5,
    metric.roc_auc.by("g") >= 0.5,
    metric.log_loss <= 1,
    metric.brier <= 0.5,
    metric.average_precision >= 0.3,
    metric.recall.at(fpr=0.1) >= 0.2,
    metric.ece <= 0.5,
    metric.roc_auc.no_worse_than(aiqa.champion, margin=0.5),
    metric.accuracy.no_worse_than(aiqa.champion, margin=0.5),
    metric.psi("p", reference="parts") <= 1,
]
VALUES = [
    metric.mae <= 1,
    metric.rmse <= 1,
    metric.r2 >= -9,
    metric.mse <= 1,
    metric.mae.by("g") <= 1,
]


@pytest.fixture(autouse=True)
def _few_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "LEAST", 0)
    monkeypatch.setattr("aiqa.metrics.table.KEPT_ROWS", 0)


def _day(folder: Path, day: int, rows: int = 150, **columns: Any) -> None:
    rng = np.random.default_rng(day)
    y = rng.random(rows) < 0.4
    p, q = (np.clip(0.3 + 0.4 * y + rng.normal(0, noise, rows), 0, 1) for noise in (0.15, 0.2))
    frame = pl.DataFrame({"y": y.astype(int), "p": p, "q": q, "g": rng.choice(["a", "b"], rows)})
    frame.with_columns(**columns).write_parquet(folder / f"day-{day}.parquet")


def _decide(folder: Path, model: Any, gates: Sequence[Any], **settings: Any) -> list[Outcome]:
    roles = settings.pop("roles", {})
    data = aiqa.dataset("parts", "*.parquet", label="y", **roles)
    check = Check("parts", model=model, dataset=data)
    gates = [gate if hasattr(gate, "own_policy") else gate.gate() for gate in gates]
    cases = [Case(check, f"gate{place}", gate) for place, gate in enumerate(gates)]
    return Session(folder, Config(**settings)).decide(cases)


def _numbers(outcomes: Sequence[Outcome]) -> list[Any]:
    found: list[Any] = []
    for outcome in outcomes:
        parts = [outcome.gate.estimate, *(part.estimate for part in outcome.gate.parts)]
        found += [(one.value, one.low, one.high, one.n) for one in parts if one is not None]
    return found


@pytest.mark.parametrize(("model", "gates"), [(BINARY, GATES), (REGRESSION, VALUES)])
def test_metrics_are_those_of_the_whole(tmp_path: Path, model: Any, gates: Sequence[Any]) -> None:
    for day in range(3):
        _day(tmp_path, day)
    whole = _decide(tmp_path, model, gates, cache=0.0)
    assert not [outcome.gate.reason for outcome in whole if outcome.gate.verdict == "error"]
    for _ in range(2):
        by_parts = _decide(tmp_path, model, gates)
        assert [one.gate.verdict for one in by_parts] == [one.gate.verdict for one in whole]
        for ours, theirs in zip(_numbers(by_parts), _numbers(whole), strict=True):
            assert ours == pytest.approx(theirs, abs=5e-3), "bounds from bins are a little wider"
            assert ours[0] == pytest.approx(theirs[0], abs=5e-4), "but for bins of few scores"


def test_a_new_file_costs_only_itself(tmp_path: Path) -> None:
    for day in range(3):
        _day(tmp_path, day)
    gates = [
        metric.accuracy >= 0.5,
        metric.log_loss <= 1,
        metric.brier.by("g") <= 0.5,
        metric.recall >= 0.5,
    ]
    _decide(tmp_path, BINARY, gates)
    _day(tmp_path, 3)
    new = (tmp_path / "day-3.parquet").stat().st_size
    outcomes = _decide(tmp_path, BINARY, gates)
    assert outcomes[0].gate.estimate is not None
    assert outcomes[0].gate.estimate.n == 600
    assert [scan.bytes for scan in outcomes[0].scans] == [new] * len(outcomes[0].scans)
    again = _decide(tmp_path, BINARY, gates)
    assert [scan.bytes for scan in again[0].scans] == [0] * len(again[0].scans)


def test_another_threshold_or_label_is_another_table(tmp_path: Path) -> None:
    _day(tmp_path, 0)
    found = []
    for threshold in (0.3, 0.6, 0.3):
        model = aiqa.model("new", aiqa.column(score="p"), task="binary", threshold=threshold)
        [outcome] = _decide(tmp_path, model, [metric.recall >= 0.1])
        assert outcome.gate.estimate is not None
        found.append(outcome.gate.estimate.value)
    assert found[0] == found[2] != found[1]


def test_what_cannot_be_used_is_refused_with_its_row(tmp_path: Path) -> None:
    _day(tmp_path, 0)
    _day(tmp_path, 1, p=pl.when(pl.int_range(pl.len()) != 7).then("p"))
    for cache in (0.0, 2.0, 2.0):
        [outcome] = _decide(tmp_path, BINARY, [metric.roc_auc >= 0.5], cache=cache)
        assert outcome.gate.verdict == "error"
        assert "row 157" in outcome.gate.reason


def test_clusters_and_few_rows_are_taken_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _day(tmp_path, 0)
    gates = [metric.accuracy >= 0.5]
    first, again = (_numbers(_decide(tmp_path, BINARY, gates, roles={"cluster": "g"})) for _ in range(2))
    assert first == again
    monkeypatch.setattr("aiqa.metrics.table.KEPT_ROWS", 10**9)
    assert _numbers(_decide(tmp_path, BINARY, gates)) == _numbers(_decide(tmp_path, BINARY, gates, cache=0.0))


def test_what_is_made_of_personal_columns_is_not_kept(tmp_path: Path) -> None:
    _day(tmp_path, 0, y=pl.lit(123456.75))
    _day(tmp_path, 1, y=pl.lit(654321.25))
    data = aiqa.dataset("parts", "*.parquet", label="y", pii=["y"])
    check = Check("parts", model=REGRESSION, dataset=data)
    gates = [metric.mae <= 1, metric.rmse <= 1, metric.r2 >= -9]
    cases = [Case(check, f"gate{place}", gate) for place, gate in enumerate(gates)]
    Session(tmp_path, Config()).decide(cases)
    with closing(sqlite3.connect(tmp_path / ".aiqa" / "cache" / "kept.sqlite")) as kept:
        values = [zlib.decompress(value) for (value,) in kept.execute("select value from kept")]
    assert not any(b"123456" in value or b"654321" in value for value in values)
