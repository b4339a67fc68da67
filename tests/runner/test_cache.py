"""What a run keeps for the next one: verdicts stay the same, and what changed is seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import aiqa
from aiqa.evidence.record import Evidence

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


def _pytest(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pytest", "--aiqa", "-q", "--rootdir", str(home), *arguments, str(home)]
    subprocess.run(command, check=True, cwd=home, capture_output=True)


def test_nothing_is_kept_where_that_is_not_wanted(home: Path) -> None:
    aiqa.run(root=home, cache=False)
    _pytest(home, "--aiqa-no-cache")
    (home / "pyproject.toml").write_text('[project]\nname = "shop"\n[tool.aiqa]\ncache = 0\n')
    aiqa.run(root=home)
    assert not (home / ".aiqa" / "cache").exists()
    (home / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    _pytest(home)
    assert (home / ".aiqa" / "cache").exists()
