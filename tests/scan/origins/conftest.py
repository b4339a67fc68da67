"""What tests of sources share: rows, and what of a run must be equal wherever they lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import aiqa
from aiqa.scan import parted
from aiqa.scan.engines.polars import Polars

ROWS = pl.DataFrame(
    {
        "id": list(range(60)),
        "amount": [None if i % 17 == 0 else i * 1.5 for i in range(60)],
        "country": [("BR", "PT", "DE")[i % 3] for i in range(60)],
        "day": [dt.date(2026, 11, 1 + i % 4) for i in range(60)],
        "fraud": [int(i % 5 == 0) for i in range(60)],
        "score": [((i * 37) % 60) / 60 for i in range(60)],
    }
)
CHECKS = """
import datetime as dt
import aiqa
from aiqa import expect, metric

rows = aiqa.dataset("rows", {source}, label="fraud", keys=["id"])
scores = aiqa.model("scores", aiqa.column(score="score"), task="binary")

@aiqa.check(rows, owner="@ds")
def complete():
    "They are."
    yield expect.table_row_count_to_equal(60)
    yield expect.column_values_to_not_be_null("amount")
    yield expect.column_values_to_be_between("amount", 0, 80)
    yield expect.column_values_to_be_in_set("country", ["BR", "PT"])
    yield expect.column_mean_to_be_between("amount", 40, 50)
    yield expect.column_values_to_be_unique("id")

@aiqa.check(scores, rows, owner="@ds")
def ranks():
    "It does."
    yield metric.roc_auc.by("country") >= 0.4
"""
Run = Callable[[str], Any]
Judge = Callable[[str], list[Any]]


@pytest.fixture
def ran(tmp_path: Path) -> Run:
    """Return what runs six expectations and a metric over a source, and returns the evidence."""

    def run(source: str) -> Any:
        project = tmp_path / "project"
        project.mkdir(exist_ok=True)
        (project / "check_rows.py").write_text(CHECKS.replace("{source}", source))
        return aiqa.run(project / "check_rows.py", root=project)

    return run


@pytest.fixture
def judged(ran: Run) -> Judge:
    """Return what is found in a source: verdicts, reasons, results and intervals."""

    def judge(source: str) -> list[Any]:
        return [
            (check.name, gate.id, gate.verdict, gate.reason, gate.result, gate.estimate, gate.parts)
            for check in ran(source).checks
            for gate in check.gates
        ]

    return judge


@pytest.fixture
def expected(judged: Judge, tmp_path: Path) -> list[Any]:
    """Return what is found in the same rows as a file of parquet."""
    ROWS.write_parquet(tmp_path / "rows.parquet")
    found = judged(repr(str(tmp_path / "rows.parquet")))
    assert not [gate for gate in found if gate[2] == "error"]
    assert len(found) == 7
    return found


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the plans of all queries that are run; files of any size are parts."""
    monkeypatch.setattr(parted, "LEAST", 0)
    plans: list[str] = []
    collect = Polars.collect

    def noting(self: Polars, queries: Sequence[Any]) -> list[pl.DataFrame]:
        plans.extend(query.to_native().explain() for query in queries)
        return collect(self, queries)

    monkeypatch.setattr(Polars, "collect", noting)
    return plans
