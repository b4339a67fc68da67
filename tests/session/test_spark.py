"""Runs on Spark: models score tables where they are, once; what cannot be done there is one gate's error."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import aiqa
from aiqa import expect, metric
from aiqa.config import Config, SparkSettings
from aiqa.declare.check import Check
from aiqa.declare.gate import Gate
from aiqa.errors import ConfigError, DataError, MissingExtraError, ModelError
from aiqa.evidence.outcome import Outcome
from aiqa.scan.spark.session import SparkHolder
from aiqa.session import Case, Session

Spark = Callable[[pl.DataFrame], Any]
ROWS = 1_000
FAR = Config(spark=SparkSettings(fetch_rows=0))


def _frame() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, ROWS))
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-2 * a - b))).astype(int)
    return pl.DataFrame(
        {"id": range(ROWS), "a": a, "b": b, "y": y, "g": rng.choice(["u", "v"], ROWS), "z": 3 * a}
    )


@pytest.fixture
def table(spark: Spark) -> Any:
    return spark(_frame()).repartition(4, "id")


@pytest.fixture
def decide(tmp_path: Path) -> Iterator[Callable[..., list[Outcome]]]:
    sessions = []

    def of(data: Any, model: Any, *gates: Any, config: Config = FAR) -> list[Outcome]:
        check = Check("here", model=model, dataset=data)
        made = [gate if isinstance(gate, Gate) else gate.gate() for gate in gates]
        sessions.append(Session(tmp_path, config))
        return sessions[-1].decide([Case(check, f"gate{n}", gate) for n, gate in enumerate(made)])

    yield of
    for session in sessions:
        session.close()


def _data(frame: Any, label: str = "y") -> Any:
    return aiqa.dataset("rows", lambda: frame, label=label)


GATES = (
    expect.column_values_to_not_be_null("id"),
    metric.roc_auc >= 0.5,
    metric.roc_auc.by("g") >= 0.5,
    metric.accuracy >= 0.5,
    metric.log_loss <= 1,
    metric.roc_auc.no_worse_than(aiqa.champion, margin=0.2),
    metric.accuracy.no_worse_than(aiqa.champion, margin=0.2),
)


def test_estimators_score_on_workers_as_they_do_here(table: Any, decide: Any) -> None:
    frame = _frame().to_pandas()
    new, old = (LogisticRegression(C=c).fit(frame[["a", "b"]], frame["y"]) for c in (1, 1e-3))
    model = aiqa.model("m", new, task="binary", champion=old)
    there, here = (decide(_data(data), model, *GATES) for data in (table, _frame()))
    for ours, theirs in zip(here, there, strict=True):
        assert theirs.gate.verdict == ours.gate.verdict, theirs.gate.reason
        for name in ("estimate", "challenger", "champion"):
            one, other = getattr(ours.gate, name, None), getattr(theirs.gate, name, None)
            value = getattr(one, "value", one)
            assert getattr(other, "value", other) == (
                value if value is None else pytest.approx(value, rel=1e-9)
            )
    assert [outcome.gate.verdict for outcome in there] == ["pass"] * len(GATES)
    assert there[0].datasets[0].rows == ROWS


def test_a_model_scores_every_row_once_for_all_gates(table: Any, decide: Any, tmp_path: Path) -> None:
    log = str(tmp_path / "scored")

    def score(frame: pl.DataFrame) -> Any:
        with Path(log).open("a") as file:
            file.write(f"{len(frame)}\n")
        return 1 / (1 + np.exp(-frame["a"].to_numpy()))

    model = aiqa.model("counted", score, task="binary", features=["a"])
    gates = (metric.roc_auc >= 0.5, metric.accuracy >= 0.5, metric.log_loss <= 1, metric.brier.by("g") <= 0.5)
    outcomes = decide(_data(table), model, *gates)
    assert [outcome.gate.verdict for outcome in outcomes] == ["pass"] * 4
    batches = list(map(int, Path(log).read_text().split()))
    assert sum(batches) == ROWS + 100  # the first hundred rows tell the form of the answers


def test_values_of_a_regression_and_columns_that_hold_answers(table: Any, decide: Any) -> None:
    frame = _frame().to_pandas()
    fitted = aiqa.model("fitted", LinearRegression().fit(frame[["a"]], frame["z"]), task="regression")
    read = aiqa.model("read", aiqa.column("b"), task="regression")
    gates = (metric.mae <= 9, metric.rmse <= 9, metric.mean_error.between(-9, 9))
    for model in (fitted, read):
        there, here = (decide(_data(data, "z"), model, *gates) for data in (table, _frame()))
        values = [[outcome.gate.estimate.value for outcome in found] for found in (there, here)]
        assert values[0] == pytest.approx(values[1], rel=1e-9, abs=1e-9)


def test_only_columns_that_gates_name_are_kept(
    table: Any, decide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiqa.scan.spark import score

    kept, original = [], score.keep

    def keep(frame: Any) -> Any:
        kept.append(frame.columns)
        return original(frame)

    monkeypatch.setattr(score, "keep", keep)
    model = aiqa.model("m", lambda frame: frame["a"] * 0 + 0.5, task="binary", features=["a"])
    decide(_data(table), model, metric.accuracy.by("g") >= 0)
    assert kept == [["y", "g", "aiqa:raw:score:0"]]


def test_weak_slices_are_searched_on_samples(table: Any, decide: Any) -> None:
    model = aiqa.model("m", aiqa.column(score="a"), task="binary")
    [found] = decide(_data(table), model, metric.accuracy.by_any("g") >= 0.1)
    assert found.gate.verdict == "error"
    assert (
        "searches for slices on the rows themselves, which are on Spark: search a sample" in found.gate.reason
    )


def test_what_is_kept_is_given_back(spark: Spark, tmp_path: Path) -> None:
    table = spark(_frame())
    model = aiqa.model("m", lambda frame: frame["a"] * 0 + 0.5, task="binary", features=["a"])
    session = Session(tmp_path, FAR)
    session.decide([Case(Check("here", model=model, dataset=_data(table)), "gate", metric.accuracy >= 0)])
    stored = table.sparkSession.sparkContext._jsc.getPersistentRDDs
    before = stored().size()
    session.close()
    assert stored().size() == before - 1
    assert table.count() == ROWS  # the session that somebody else made goes on


def test_metrics_of_rows_are_errors_of_their_own(table: Any, decide: Any) -> None:
    model = aiqa.model("m", aiqa.column(score="a"), task="binary")
    drift = metric.psi("a", reference="other")
    gates = (metric.average_precision >= 0.1, metric.accuracy >= 0.1, drift.by("g") <= 9, drift <= 9)
    aiqa.dataset("other", lambda: table)
    found = decide(_data(table), model, *gates)
    assert [outcome.gate.verdict for outcome in found] == ["error", "pass", "error", "pass"]
    for outcome in (found[0], found[2]):
        assert "needs columns of all 1,000 rows" in outcome.gate.reason
        assert "fetch_rows in [tool.aiqa.spark]" in outcome.gate.reason
    near = decide(_data(table), model, *gates, config=Config(spark=SparkSettings(fetch_rows=ROWS)))
    assert [outcome.gate.verdict for outcome in near] == ["pass"] * 4


def test_a_model_that_raises_says_on_which_rows_and_shows_no_values(table: Any, decide: Any) -> None:
    def fails(frame: pl.DataFrame) -> Any:
        if len(frame) != 100:  # not on the first rows, which are asked here
            raise ValueError(f"cannot score {frame['g'][0]} secret")
        return np.full(len(frame), 0.5)

    model = aiqa.model("fragile", fails, task="binary")
    [outcome] = decide(_data(table), model, metric.accuracy >= 0)
    reason = outcome.gate.reason
    assert outcome.gate.verdict == "error"
    assert "model 'fragile' raised ValueError on rows 0 to " in reason
    assert "of Spark's partition" in reason
    assert "test_spark.py, line" in reason
    assert "secret" not in reason


def test_a_model_that_answers_otherwise_later_is_refused(table: Any, decide: Any) -> None:
    def changes(frame: pl.DataFrame) -> Any:
        return np.full(len(frame), 0.5) if len(frame) == 100 else np.full(len(frame), "yes")

    [outcome] = decide(_data(table), aiqa.model("fickle", changes, task="binary"), metric.accuracy >= 0)
    assert "it gives predictions for some batches, and for others none" in outcome.gate.reason


class Elsewhere:
    """A model whose library workers do not have."""

    def predict(self, rows: Any) -> Any:
        return np.zeros(len(rows), dtype=int)

    def __reduce__(self) -> Any:
        return importlib.import_module, ("a_library_that_is_not_there",)


def test_a_library_that_workers_lack_is_named(table: Any, decide: Any) -> None:
    [outcome] = decide(_data(table), aiqa.model("far", Elsewhere(), task="binary"), metric.accuracy >= 0)
    assert (
        "a worker lacks a library: ModuleNotFoundError: No module named 'a_library_that"
        in outcome.gate.reason
    )


def test_a_model_that_cannot_be_sent_says_what_to_do(table: Any, decide: Any) -> None:
    import threading

    lock = threading.Lock()

    def locked(frame: pl.DataFrame) -> Any:
        with lock:
            return np.full(len(frame), 0.5)

    [outcome] = decide(_data(table), aiqa.model("stuck", locked, task="binary"), metric.accuracy >= 0)
    assert "'stuck' cannot be sent to Spark's workers" in outcome.gate.reason
    assert "aiqa.column(...)" in outcome.gate.reason


def test_labels_that_cannot_be_used_are_refused(spark: Spark, decide: Any) -> None:
    frame = _frame().with_columns(y=pl.when(pl.col("id") == 7).then(None).otherwise(pl.col("y")))
    model = aiqa.model("m", aiqa.column(score="a"), task="binary")
    [outcome] = decide(_data(spark(frame)), model, metric.accuracy >= 0)
    assert "the label of column 'y' is missing" in outcome.gate.reason


def test_rows_are_not_fetched_behind_the_back(table: Any, decide: Any, tmp_path: Path) -> None:
    session = Session(tmp_path, Config())
    with pytest.raises(DataError, match="is on Spark, and its rows are not fetched"):
        _ = session.subjects.table(_data(table)).frame
    model = session.subjects.model(aiqa.model("m", lambda frame: frame["a"], task="regression"))
    with pytest.raises(ModelError, match="not fetched to be scored"):
        model.predict(table)
    with pytest.raises(DataError, match="a frame of Spark is not fetched"):
        aiqa.evaluate("accuracy", table, y_true="y", y_pred="y")


def test_young_rows_are_left_out(spark: Spark, decide: Any) -> None:
    import datetime as dt

    days = [dt.date(2026, 1, 1) + dt.timedelta(days=k % 100) for k in range(ROWS)]
    frame = _frame().with_columns(pl.Series("day", days))
    told: dict[str, Any] = {
        "label": "y",
        "time": "day",
        "label_maturity": "30d",
        "as_of": dt.date(2026, 3, 1),
    }
    model = aiqa.model("m", aiqa.column(score="a"), task="binary")
    found = [
        decide(aiqa.dataset("rows", lambda data=data: data, **told), model, metric.accuracy >= 0)[0]
        for data in (spark(frame), frame)
    ]
    assert found[0].gate.reason == found[1].gate.reason
    assert found[0].gate.estimate.n == found[1].gate.estimate.n == 300
    assert found[0].datasets[0].immature == found[1].datasets[0].immature == 700


# Files and sessions.


@pytest.mark.parametrize("ending", ["parquet", "csv", "tsv", "jsonl"])
def test_files_are_read_by_spark(ending: str, spark: Spark, tmp_path: Path) -> None:
    frame = _frame().head(20)
    folder = tmp_path / "a [odd] {name}"
    folder.mkdir()
    writers: dict[str, Any] = {
        "parquet": frame.write_parquet,
        "csv": frame.write_csv,
        "tsv": lambda file: frame.write_csv(file, separator="\t"),
        "jsonl": frame.write_ndjson,
    }
    for part in (1, 2):
        writers[ending](folder / f"part-{part}.{ending}")
    session = Session(tmp_path, Config(), spark=True)
    data = aiqa.dataset("files", f"*/part-*.{ending}")
    table = session.subjects.table(data)
    assert table.on_spark
    assert table.rows == 40
    assert table.columns["a"] == "Float64"
    assert table.columns["g"] == "String"
    assert len(table.contents) == 2
    session.close()


def test_files_that_spark_does_not_read_are_refused(spark: Spark, tmp_path: Path) -> None:
    _frame().write_ipc(tmp_path / "rows.arrow")
    (tmp_path / "bad.parquet").write_text("no parquet")
    session = Session(tmp_path, Config(), spark=True)
    for name, told in (
        ("rows.arrow", "Spark reads no files of arrow"),
        ("none.parquet", "no such file"),
        ("bad.parquet", "not readable as parquet by Spark"),
        ("nosuch://bucket/rows.parquet", "not readable as parquet by Spark"),
    ):
        with pytest.raises(DataError, match=told):
            session.subjects.table(aiqa.dataset("files", name))


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-aiqa\[spark\]'"):
        SparkHolder({}).session()


def test_without_java_the_run_says_so(tmp_path: Path) -> None:
    code = """
        from aiqa.errors import ConfigError
        from aiqa.scan.spark.session import SparkHolder
        try:
            SparkHolder({}).session()
        except ConfigError as error:
            print(error)
    """
    environment = {**os.environ, "PATH": "/usr/bin-without-java:/bin", "JAVA_HOME": str(tmp_path / "none")}
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert "it needs a Java runtime" in told.stdout


def test_a_session_that_is_there_is_used_and_not_stopped(spark: Spark) -> None:
    active = spark(_frame()).sparkSession
    holder = SparkHolder({"spark.master": "local[7]"})
    assert holder.session() is active
    holder.stop()
    assert active.range(3).count() == 3


def test_settings_that_spark_refuses_are_a_wrong_setting(
    spark: Spark, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.sql import SparkSession

    monkeypatch.setattr(SparkSession, "getActiveSession", staticmethod(lambda: None))

    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError("bad master")

    monkeypatch.setattr(SparkSession.Builder, "getOrCreate", refuse)
    with pytest.raises(ConfigError, match="Spark does not start: bad master"):
        SparkHolder({}).session()
