"""What a run keeps for the next one: verdicts stay the same, and what changed is seen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import aiqa
from aiqa.cli import main
from aiqa.evidence.record import Evidence
from aiqa.scan.engines.polars import Polars

CHECKS = """
import aiqa
from aiqa import expect

orders = aiqa.dataset("orders", "orders/*.parquet")

@aiqa.check(orders)
def complete():
    yield expect.column_values_to_not_be_null("amount")
    yield expect.column_values_to_be_between("amount", 0, 100)
    yield expect.column_values_to_be_unique("id")
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "check_orders.py").write_text(CHECKS)
    (tmp_path / "orders").mkdir()
    for day in range(3):
        _day(tmp_path, day, [1.0, 2.0, 3.0])
    return tmp_path


def _day(home: Path, day: int, amounts: list[float | None]) -> None:
    ids = list(range(10 * day, 10 * day + len(amounts)))
    pl.DataFrame({"id": ids, "amount": amounts}).write_parquet(home / "orders" / f"day-{day}.parquet")


def _told(evidence: Evidence) -> list[tuple[str, object]]:
    return [(gate.verdict, (gate.result or {}).get("result")) for _, gate in evidence.gates]


def test_a_second_run_finds_the_same_and_sees_what_is_new(home: Path) -> None:
    first = aiqa.run(root=home)
    assert [gate.verdict for _, gate in first.gates] == ["pass"] * 3
    assert (home / ".aiqa" / "cache" / "kept.sqlite").is_file()
    assert _told(aiqa.run(root=home)) == _told(first)
    _day(home, 3, [None, 200.0])
    after = aiqa.run(root=home)
    assert [gate.verdict for _, gate in after.gates] == ["fail", "fail", "pass"]
    assert _told(after) == _told(aiqa.run(root=home, cache=False))


def test_evidence_says_what_was_read_and_what_was_kept(home: Path) -> None:
    size = sum(file.stat().st_size for file in (home / "orders").iterdir())
    [first] = aiqa.run(root=home).scans
    assert (first.dataset, first.number, first.rows, first.kept) == ("orders", 1, 9, 0)
    assert set(first.columns) == {"id", "amount"}
    assert first.bytes == 2 * size, "once for what adds up over files, once for what does not"
    [again] = aiqa.run(root=home).scans
    assert (again.queries, again.bytes, again.statistics) == (0, 0, first.statistics)
    assert again.kept >= first.statistics
    [anew] = aiqa.run(root=home, cache=False).scans
    assert (anew.kept, anew.bytes) == (0, size)


def test_the_passes_are_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    first, again = (_shown("run", "--explain") for _ in range(2))
    assert "orders 9 rows, 1 pass" in first
    assert "statistics of 2 columns" in first
    assert "kept from earlier runs" not in first
    assert "kept from earlier runs" in again
    assert "pass 1" in _shown("show", "--explain")
    assert "pass 1" not in _shown("show")
    assert "  pass 1" in _pytest(home, "--aiqa-explain")


def _shown(*arguments: str) -> str:
    return " ".join(CliRunner().invoke(main, arguments).output.split())


def _pytest(home: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "--aiqa", "-q", "--rootdir", str(home), *arguments, str(home)]
    return subprocess.run(command, check=True, cwd=home, capture_output=True, text=True).stdout


def test_nothing_is_kept_where_that_is_not_wanted(home: Path) -> None:
    aiqa.run(root=home, cache=False)
    _pytest(home, "--aiqa-no-cache")
    (home / "pyproject.toml").write_text('[project]\nname = "shop"\n[tool.aiqa]\ncache = 0\n')
    aiqa.run(root=home)
    assert not (home / ".aiqa" / "cache").exists()
    (home / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    _pytest(home)
    assert (home / ".aiqa" / "cache").exists()


def test_files_that_go_while_they_are_scanned_stop_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect = Polars.collect

    def late(self: Polars, queries: Sequence[Any]) -> list[pl.DataFrame]:
        results = collect(self, queries)
        for file in (home / "orders").iterdir():
            file.unlink()
        return results

    monkeypatch.setattr(Polars, "collect", late)
    evidence = aiqa.run(root=home, cache=False)
    assert {str(gate.verdict) for _, gate in evidence.gates} <= {"pass", "error"}
    assert len(evidence.gates) == 3
    assert all(scan.rows is None for scan in evidence.scans)
