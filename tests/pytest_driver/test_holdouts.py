"""Under pytest, workers and reruns count a decision once."""

from __future__ import annotations

import pytest

from aiqa.evidence.ledger import Ledger
from tests.pytest_driver.conftest import evidence_of


def uses(project: pytest.Pytester) -> int:
    (holdout,) = Ledger(project.path / ".aiqa" / "holdouts.jsonl").holdouts()
    return len(holdout.uses)


def test_workers_and_selections_count_as_one_decision(checked: pytest.Pytester) -> None:
    checked.runpytest_subprocess("--aiqa", "-n", "2")
    assert uses(checked) == 1
    checked.runpytest_subprocess("--aiqa", "--lf")
    assert uses(checked) == 1
    assert evidence_of(checked)["holdouts"][0]["use"] == 1


def test_a_worn_out_holdout_stops_pytest_where_it_is_to(checked: pytest.Pytester) -> None:
    told = "[tool.aiqa]\n[tool.aiqa.holdout]\nbudget = 1\nwhen_spent = 'block'\n"
    checked.makepyprojecttoml(told)
    checks = checked.path / "checks" / "check_orders.py"
    text = checks.read_text()
    arguments = ("--aiqa", "-k", "ranks_first and not 0.999 and not accuracy and not roc_auc-2")
    assert checked.runpytest_subprocess(*arguments).ret == pytest.ExitCode.OK
    checks.write_text(text.replace('aiqa.column(score="p")', 'aiqa.column(score="old")'))
    result = checked.runpytest_subprocess(*arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "(stops the run)" in " ".join(result.stdout.str().split())
