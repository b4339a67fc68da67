"""What a run keeps for the next one: verdicts stay the same, and what changed is seen."""

from __future__ import annotations

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


def test_nothing_is_kept_where_that_is_not_wanted(home: Path, pytester: pytest.Pytester) -> None:
    aiqa.run(root=home, cache=False)
    arguments = ("--aiqa", "-p", "no:randomly", "--rootdir", str(home), str(home))
    pytester.runpytest_subprocess(*arguments, "--aiqa-no-cache").assert_outcomes(passed=3)
    (home / "pyproject.toml").write_text('[project]\nname = "shop"\n[tool.aiqa]\ncache = 0\n')
    aiqa.run(root=home)
    assert not (home / ".aiqa" / "cache").exists()
    (home / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=3)
    assert (home / ".aiqa" / "cache").exists()
