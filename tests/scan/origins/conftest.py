"""What tests of sources share: rows, and what of a run must be equal wherever they lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import aiqa
from aiqa import expect, metric
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
EXPECTATIONS = [
    expect.table_row_count_to_equal(60),
    expect.column_values_to_not_be_null("amount"),
    expect.column_values_to_be_between("amount", 0, 80),
    expect.column_values_to_be_in_set("country", ["BR", "PT"]),
    expect.column_mean_to_be_between("amount", 40, 50),
    expect.column_values_to_be_unique("id"),
]

Judge = Callable[[Any], list[Any]]


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    """Return what a run finds in a source: six expectations and a metric, with intervals and reasons."""

    def judge(source: Any) -> list[Any]:
        data = aiqa.dataset("rows", source, label="fraud", keys=["id"])
        model = aiqa.model("m", aiqa.column(score="score"), task="binary")

        @aiqa.check(data, owner="@ds")
        def complete() -> Any:
            """They are."""
            yield from EXPECTATIONS

        @aiqa.check(model, data, owner="@ds")
        def ranks() -> Any:
            """It does."""
            yield metric.roc_auc.by("country") >= 0.4

        evidence = aiqa.run([complete, ranks], root=tmp_path)
        return [
            (check.name, gate.id, gate.verdict, gate.reason, gate.estimate)
            for check in evidence.checks
            for gate in check.gates
        ]

    return judge


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
