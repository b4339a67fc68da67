"""Predictions that are kept between runs: the same as fresh ones, and made anew where anything changed."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import aiqa
from aiqa.errors import ModelError
from aiqa.scan import parted
from aiqa.scan.model import load_model
from aiqa.scan.models.estimator import EstimatorScorer
from aiqa.scan.predictions import Predictions
from aiqa.scan.scoring import score
from aiqa.scan.source import open_dataset
from aiqa.scan.store import Store

FEATURES = ["a", "b"]


@pytest.fixture(autouse=True)
def _files_of_any_size_are_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "LEAST", 0)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of each batch that an estimator is asked about."""
    rows: list[int] = []
    answer = EstimatorScorer.answer

    def counting(self: EstimatorScorer, batch: pl.DataFrame) -> Predictions:
        rows.append(batch.height)
        return answer(self, batch)

    monkeypatch.setattr(EstimatorScorer, "answer", counting)
    return rows


def _frame(rows: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {name: rng.normal(size=rows) for name in FEATURES}
    return pl.DataFrame({**columns, "y": (columns["a"] + rng.normal(size=rows) > 0).astype(int)})


def _fitted(estimator: Any = None, labels: Any = None, seed: int = 9) -> Any:
    frame = _frame(200, seed)
    truth = frame["y"].to_numpy() if labels is None else labels(frame["y"].to_numpy())
    return (LogisticRegression() if estimator is None else estimator).fit(
        frame.select(FEATURES).to_pandas(), truth
    )


def _files(folder: Path, *parts: pl.DataFrame) -> str:
    for number, part in enumerate(parts):
        part.write_parquet(folder / f"{number}.parquet")
    return str(folder / "*.parquet")


def _score(root: Path, source: Any, estimator: Any, task: str = "binary", **declared: Any) -> Predictions:
    store = Store(root / "cache")
    dataset = aiqa.dataset("d", source, label=declared.pop("label", "y"), **declared.pop("roles", {}))
    model = aiqa.model("m", estimator, task=cast("Any", task), **declared)
    table = open_dataset(dataset, root, store)
    if dataset.label_maturity is not None:
        table = table.matured(dt.datetime(2026, 1, 10, tzinfo=dt.UTC))
    return score(load_model(model.source, model, root), table, dataset)


def _same(one: Predictions, other: Predictions) -> bool:
    arrays: list[tuple[Any, Any]] = [(one.prediction, other.prediction), (one.score, other.score)]
    alike = all((a is b) or np.array_equal(a, b) for a, b in arrays)
    return alike and (one.classes, one.probabilistic) == (other.classes, other.probabilistic)


TEXTS = np.array(["no", "yes"])
CASES: list[tuple[Any, str, Any]] = [
    (LogisticRegression(), "binary", None),
    (LinearSVC(), "binary", None),
    (LogisticRegression(), "binary", lambda y: TEXTS[y]),
    (RandomForestClassifier(5, random_state=0), "multiclass", lambda y: (TEXTS[y] + "!").astype(object)),
    (LinearRegression(), "regression", lambda y: y * 1.5),
    (DecisionTreeClassifier(), "multilabel", lambda y: np.stack([y, 1 - y], axis=1)),
]


@pytest.mark.parametrize(("estimator", "task", "labels"), CASES)
def test_kept_answers_are_those_of_the_model(
    tmp_path: Path, scored: list[int], estimator: Any, task: str, labels: Any
) -> None:
    source = _files(tmp_path, _frame(30), _frame(20, 1))
    label = ["y", "a"] if task == "multilabel" else "y"
    fitted = _fitted(estimator, labels)
    fresh, again = (_score(tmp_path, source, fitted, task, label=label) for _ in range(2))
    assert scored == [30, 20]
    assert _same(fresh, again)
    features = pl.concat([_frame(30), _frame(20, 1)]).select(FEATURES).to_pandas()
    if fresh.prediction is not None and task != "multilabel":
        assert again.prediction is not None
        assert again.prediction.tolist() == fitted.predict(features).tolist()


def test_only_the_rows_of_a_new_file_are_scored(tmp_path: Path, scored: list[int]) -> None:
    fitted = _fitted()
    _score(tmp_path, _files(tmp_path, _frame(30)), fitted)
    whole = _score(tmp_path, _files(tmp_path, _frame(30), _frame(20, 1)), fitted)
    assert scored == [30, 20]
    features = pl.concat([_frame(30), _frame(20, 1)]).select(FEATURES).to_pandas()
    assert whole.score is not None
    assert whole.score.tolist() == fitted.predict_proba(features)[:, 1].tolist()


@pytest.mark.parametrize("as_pandas", [False, True])
def test_frames_are_known_by_their_content(tmp_path: Path, scored: list[int], as_pandas: bool) -> None:
    frames: list[Any] = [_frame(30), _frame(30), _frame(30, 1), _frame(20)]
    for frame in frames:
        _score(tmp_path, frame.to_pandas() if as_pandas else frame, _fitted())
    assert scored == [30, 30, 20]


def test_whatever_an_answer_rests_on_makes_it_new(tmp_path: Path, scored: list[int]) -> None:
    frame = _frame(30)
    asked: Sequence[tuple[Any, dict[str, Any]]] = [
        (_fitted(), {}),
        (_fitted(seed=8), {}),
        (_fitted(LogisticRegression(C=0.1)), {}),
        (_fitted(), {"threshold": 0.3}),
        (_fitted(), {"positive": 0}),
    ]
    for _ in range(2):
        for estimator, declared in asked:
            _score(tmp_path, frame, estimator, **declared)
    assert scored == [30] * len(asked)


def test_other_libraries_or_other_code_make_answers_new(
    tmp_path: Path, scored: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiqa.scan import scoring

    for name in (None, "_installed", "code"):
        if name is not None:
            monkeypatch.setattr(scoring, name, lambda: "another version")
        _score(tmp_path, _frame(10), _fitted())
    assert scored == [10] * 3


def test_functions_and_columns_are_asked_each_time(tmp_path: Path) -> None:
    calls: list[int] = []

    def answer(frame: Any) -> Any:
        calls.append(len(frame))
        return frame["a"].to_numpy()

    for _ in range(2):
        _score(tmp_path, _frame(5), answer, "regression")
        _score(tmp_path, _frame(5), aiqa.column(prediction="a"), "regression")
    assert calls == [5, 5]
    assert not list(tmp_path.glob("cache/*.npz"))


def test_a_damaged_file_is_scored_again(tmp_path: Path, scored: list[int]) -> None:
    fresh = _score(tmp_path, _frame(10), _fitted())
    (kept,) = tmp_path.glob("cache/*.npz")
    kept.write_bytes(b"x" * kept.stat().st_size)
    assert _same(_score(tmp_path, _frame(10), _fitted()), fresh)
    assert scored == [10, 10]


def test_rows_that_are_old_enough_are_scored_as_they_come_of_age(tmp_path: Path, scored: list[int]) -> None:
    days = pl.Series([dt.date(2026, 1, day) for day in range(1, 11)])
    source = _files(tmp_path, _frame(10).with_columns(t=days))
    for age in ("5d", "5d", "2d"):
        found = _score(tmp_path, source, _fitted(), roles={"time": "t", "label_maturity": age})
    assert scored == [5, 8]
    assert len(found) == 8


def test_an_error_names_rows_of_the_whole_table(tmp_path: Path) -> None:
    source = _files(tmp_path, _frame(10), _frame(5).with_columns(pl.lit(float("inf")).alias("a")))
    with pytest.raises(ModelError, match="on rows 10 to 14"):
        _score(tmp_path, source, _fitted())


def test_files_without_rows_have_no_answers(tmp_path: Path, scored: list[int]) -> None:
    found = _score(tmp_path, _files(tmp_path, _frame(0), _frame(3)), _fitted())
    assert len(found) == 3


_RUN = """
import sys
from pathlib import Path
import polars as pl
import aiqa
from aiqa.scan.model import load_model
from aiqa.scan.scoring import score
from aiqa.scan.source import open_dataset
from aiqa.scan.store import Store
from mine import Mine

root = Path(sys.argv[1])
data = aiqa.dataset("d", pl.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}), label="y")
model = aiqa.model("m", Mine(), task="regression")
table = open_dataset(data, root, Store(root / "cache"))
print(score(load_model(model.source, model, root), table, data).prediction.tolist())
"""


def _run(folder: Path) -> str:
    command = [sys.executable, str(folder / "run.py"), str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_own_code_of_a_model_counts(tmp_path: Path) -> None:
    """A class in a module of one's own: what it does may change while its state does not."""
    (tmp_path / "run.py").write_text(_RUN)
    told = []
    for factor in (2, 2, 3):
        code = f"class Mine:\n    def predict(self, frame): return frame[:, 0] * {factor}\n"
        (tmp_path / "mine.py").write_text(code)
        told.append(_run(tmp_path))
    assert told == ["[2.0, 4.0]", "[2.0, 4.0]", "[3.0, 6.0]"]


def test_what_is_imported_only_to_answer_is_not_kept(tmp_path: Path) -> None:
    run = _RUN.replace("from mine import Mine", "from shell import Mine")
    (tmp_path / "run.py").write_text(run)
    (tmp_path / "shell.py").write_text(
        "class Mine:\n    def predict(self, x):\n        import mine\n        return mine.answer(x)\n"
    )
    told = []
    for factor in (2, 3):
        (tmp_path / "mine.py").write_text(f"def answer(x): return x[:, 0] * {factor}\n")
        told.append(_run(tmp_path))
    assert told == ["[2.0, 4.0]", "[3.0, 6.0]"]


def test_a_class_without_a_file_is_asked_each_time(tmp_path: Path) -> None:
    code = _RUN.replace(
        "from mine import Mine", "class Mine:\n    def predict(self, x): return x[:, 0] * FACTOR"
    )
    told = []
    for factor in (2, 3):
        command = [sys.executable, "-c", code.replace("FACTOR", str(factor)), str(tmp_path)]
        told.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    assert told == ["[2.0, 4.0]", "[3.0, 6.0]"]


def test_other_rows_are_mature_by_another_time(tmp_path: Path) -> None:
    days = [dt.date(2026, 1, day) for day in range(1, 11)]
    frame = _frame(10).with_columns(t=pl.Series(days), u=pl.Series(days[::-1]))
    source = _files(tmp_path, frame)
    first, second = (
        _score(tmp_path, source, _fitted(), roles={"time": time, "label_maturity": "5d"}) for time in "tu"
    )
    assert first.score is not None
    assert second.score is not None
    assert first.score.tolist() != second.score.tolist()


def test_a_model_that_cannot_be_taken_apart_is_asked_each_time(tmp_path: Path, scored: list[int]) -> None:
    fitted = _fitted(DummyClassifier())
    fitted.lock = open(tmp_path / "open", "w")  # noqa: SIM115, PTH123
    for _ in range(2):
        _score(tmp_path, _frame(4), fitted)
    fitted.lock.close()
    assert scored == [4, 4]


def test_answers_for_a_delta_table_lie_beside_their_rows(tmp_path: Path, scored: list[int]) -> None:
    pytest.importorskip("deltalake")
    lake, fitted = tmp_path / "lake", _fitted()
    for number, rows in enumerate((30, 20, 10)):
        _frame(rows, number).write_delta(lake, mode="append")
        scored.clear()
        found = _score(tmp_path, aiqa.delta(lake), fitted)
        assert scored == [rows], "only the new file"
        frame = open_dataset(aiqa.dataset("d", aiqa.delta(lake)), tmp_path).frame.collect()
        truth = fitted.predict_proba(frame.select(FEATURES).to_pandas())
        assert found.score is not None
        assert np.allclose(found.score.reshape(frame.height, -1)[:, -1], truth[:, 1])


def test_rows_without_an_order_and_personal_columns_are_scored_each_time(
    tmp_path: Path, scored: list[int]
) -> None:
    import duckdb

    frames = [_frame(6), _frame(6).reverse()]
    found = [_score(tmp_path, duckdb.from_arrow(frame.to_arrow()), _fitted()) for frame in frames]
    assert found[0].score is not None
    assert found[1].score is not None
    assert found[0].score.tolist() == found[1].score.tolist()[::-1]
    for _ in range(2):
        _score(tmp_path, _frame(4), _fitted(), roles={"pii": ["a"]})
    assert scored == [6, 6, 4, 4]
