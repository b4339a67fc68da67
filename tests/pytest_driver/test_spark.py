"""``--aiqa-spark`` and the fixture ``aiqa_spark``, in a session that is there and in one of our own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import aiqa
from tests.pytest_driver.conftest import evidence_of, verdicts_of

SCORING = """
class Scores:
    classes_ = [0, 1]

    def predict(self, rows):
        return (self.predict_proba(rows)[:, 1] >= 0.5).astype(int)

    def predict_proba(self, rows):
        return share(rows)


def share(rows):
    import numpy as np

    score = np.asarray(rows)[:, 0]
    return np.column_stack([1 - score, score])
"""
CHECKS = """
from pathlib import Path
import aiqa
from aiqa import expect, metric
from shop_scoring import Scores

ORDERS = Path(__file__).parents[1] / "orders.parquet"

def as_spark():
    from pyspark.sql import SparkSession
    return SparkSession.getActiveSession().read.parquet(str(ORDERS))

read = aiqa.dataset("read", "orders.parquet", label="y")
loaded = aiqa.dataset("loaded", as_spark, label="y")
scores = aiqa.model("scores", Scores(), task="binary", features=["p"])

@aiqa.check(scores, read)
def read_by_spark():
    yield metric.roc_auc >= 0.7
    yield expect.column_values_to_not_be_null("id")

@aiqa.check(scores, loaded)
def loaded_by_a_function():
    yield metric.accuracy >= 0.7

@aiqa.check(loaded)
def has_a_session(data, aiqa_spark):
    assert data.count() == 2000
    assert aiqa_spark.sql("select 1 as one").collect()[0].one == 1
"""


@pytest.fixture
def shop(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose model is of a module of its own, which workers do not have."""
    (project.path / "checks" / "check_orders.py").write_text(CHECKS)
    (project.path / "checks" / "shop_scoring.py").write_text(SCORING)
    monkeypatch.chdir(project.path)
    return project


def _kept(session: Any) -> set[int]:
    """Return what the session keeps, which other tests have left there too."""
    return set(session.sparkContext._jsc.getPersistentRDDs())


def test_checks_run_in_the_session_that_is_there(
    spark: Callable[[pl.DataFrame], Any], shop: pytest.Pytester
) -> None:
    active = spark(pl.DataFrame({"x": [1]})).sparkSession
    before = _kept(active)
    result = shop.runpytest_inprocess("--aiqa", "--aiqa-spark", "-p", "no:randomly")
    assert result.ret == pytest.ExitCode.OK
    assert set(verdicts_of(shop).values()) == {"pass"}
    assert len(verdicts_of(shop)) == 4
    names = [dataset["name"] for dataset in evidence_of(shop)["datasets"]]
    assert sorted(names) == ["loaded", "read"]
    assert active.range(2).count() == 2  # and goes on
    assert _kept(active) == before


def test_aiqa_run_takes_the_session_that_is_there(
    spark: Callable[[pl.DataFrame], Any], shop: pytest.Pytester
) -> None:
    text = CHECKS.replace(", aiqa_spark", "").replace("    assert aiqa_spark", "    #")
    (shop.path / "checks" / "check_orders.py").write_text(text)
    active = spark(pl.DataFrame({"x": [1]})).sparkSession
    before = _kept(active)
    evidence = aiqa.run(root=shop.path, spark=True)
    assert evidence.verdict == "pass"
    assert _kept(active) == before


@pytest.mark.skipif("AIQA_SPARK" not in os.environ, reason="starts Spark anew: make test-spark")
@pytest.mark.parametrize("command", ["pytest", "aiqa"])
def test_a_session_of_our_own_needs_no_setting(command: str, shop: pytest.Pytester) -> None:
    text = CHECKS if command == "pytest" else CHECKS.partition("@aiqa.check(loaded)\ndef has")[0]
    (shop.path / "checks" / "check_orders.py").write_text(text)
    if command == "pytest":
        result = shop.runpytest_subprocess("--aiqa", "--aiqa-spark")
    else:
        result = shop.run(sys.executable, "-m", "aiqa", "run", "--spark")
    assert result.ret == 0
    assert set(verdicts_of(shop).values()) == {"pass"}
