"""Models of every kind but MLflow's, and how they score a table."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from aiqa import column, dataset, model
from aiqa.errors import ModelError
from aiqa.scan import model as model_module
from aiqa.scan.model import LoadedModel, load_model
from aiqa.scan.predictions import Predictions
from aiqa.scan.source import open_dataset

RNG = np.random.default_rng(7)
FRAME = pl.DataFrame({"a": RNG.normal(size=150), "b": RNG.normal(size=150)}).with_columns(
    y=(pl.col("a") + pl.col("b") / 2 > 0).cast(pl.Int64),
    c=pl.when(pl.col("a") > 0.5)
    .then(pl.lit("high"))
    .when(pl.col("a") < -0.5)
    .then(pl.lit("low"))
    .otherwise(pl.lit("mid")),
    z=pl.col("a") * 2 - pl.col("b"),
)
X = FRAME.select("a", "b").to_pandas()
BINARY = LogisticRegression().fit(X, FRAME["y"].to_numpy())
MULTI = LogisticRegression().fit(X, FRAME["c"].to_numpy())


def _loaded(source: Any, task: str = "binary", root: Path = Path(), **told: Any) -> LoadedModel:
    declared = model("m", source, task=task, **told)
    return load_model(declared.source, declared, root)


def _predict(
    source: Any, task: str = "binary", frame: Any = None, label: str = "y", root: Path = Path(), **told: Any
) -> Predictions:
    rows = FRAME.select("a", "b", label) if frame is None else frame
    declared = dataset("d", rows, label=label if label in rows.columns else None)
    return _loaded(source, task, root, **told).predict(open_dataset(declared, root), declared)


def _error(*args: Any, **kwargs: Any) -> ModelError:
    with pytest.raises(ModelError) as raised:
        _predict(*args, **kwargs)
    return raised.value


def _scores(found: Predictions) -> Any:
    assert found.score is not None
    return found.score


def _predictions(found: Predictions) -> Any:
    assert found.prediction is not None
    return found.prediction


# Estimators


def test_a_binary_estimator_gives_labels_and_the_score_of_the_positive_class() -> None:
    found = _predict(BINARY)
    np.testing.assert_allclose(_scores(found), BINARY.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(found.prediction, BINARY.predict(X))
    negative = _predict(BINARY, positive=0)
    np.testing.assert_allclose(_scores(negative), BINARY.predict_proba(X)[:, 0])


def test_a_threshold_of_ones_own_leaves_the_labels_to_the_scores() -> None:
    assert _predict(BINARY, threshold=0.3).prediction is None


def test_a_multi_class_estimator_says_which_column_is_which() -> None:
    found = _predict(MULTI, "multiclass", label="c", classes=["low", "mid", "high"])
    assert found.classes == tuple(MULTI.classes_)
    np.testing.assert_allclose(_scores(found), MULTI.predict_proba(X))
    np.testing.assert_array_equal(found.prediction, MULTI.predict(X))


def test_a_decision_function_ranks_and_says_so() -> None:
    ridge = RidgeClassifier().fit(X, FRAME["y"].to_numpy())
    np.testing.assert_allclose(_scores(_predict(ridge)), ridge.decision_function(X))
    np.testing.assert_allclose(_scores(_predict(ridge, positive=0)), -ridge.decision_function(X))
    assert not _loaded(ridge).probabilistic
    assert not _predict(ridge).probabilistic
    assert _loaded(BINARY).probabilistic


def test_a_regression_and_an_estimator_fitted_without_names() -> None:
    nameless = LinearRegression().fit(X.to_numpy(), FRAME["z"].to_numpy())
    np.testing.assert_array_almost_equal(
        _predictions(_predict(nameless, "regression", label="z")), FRAME["z"]
    )
    assert _predict(nameless, "regression", label="z").score is None


def test_features_by_name_by_declaration_and_by_default() -> None:
    shuffled = FRAME.select("y", "b", "c", "a")
    np.testing.assert_allclose(_scores(_predict(BINARY, frame=shuffled)), BINARY.predict_proba(X)[:, 1])
    nameless = LogisticRegression().fit(X.to_numpy(), FRAME["y"].to_numpy())
    declared = _predict(nameless, frame=shuffled, features=["a", "b"])
    np.testing.assert_allclose(_scores(declared), nameless.predict_proba(X.to_numpy())[:, 1])
    weighted = dataset("d", FRAME.select("a", "b", "y", w=pl.lit(1.0)), label="y", weight="w")
    assert _loaded(nameless).predict(open_dataset(weighted, Path()), weighted).score is not None


def test_features_that_are_not_there() -> None:
    error = _error(BINARY, frame=FRAME.select("a", "y"))
    assert (error.column, "needs the column 'b'" in str(error)) == ("b", True)
    nameless = LogisticRegression().fit(X.to_numpy(), FRAME["y"].to_numpy())
    assert "fitted on 2 features and would get 3" in str(
        _error(nameless, frame=FRAME.select("a", "b", "z", "y"))
    )


@pytest.mark.parametrize(
    ("estimator", "told", "message"),
    [
        (MULTI, {}, "must know two classes; this one knows 3"),
        (BINARY, {"classes": ["yes", "no"]}, "fitted on the classes 0, 1; declared are 'yes', 'no'"),
        (BINARY, {"positive": "yes"}, "positive='yes' is none of the model's classes 0, 1"),
    ],
)
def test_classes_must_be_those_declared(estimator: Any, told: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        _loaded(estimator, **told)


def test_fingerprints_follow_the_fitted_state() -> None:
    again = pickle.loads(pickle.dumps(BINARY))
    assert _loaded(again).fingerprint == _loaded(BINARY).fingerprint
    assert _loaded(MULTI, "multiclass").fingerprint != _loaded(BINARY).fingerprint
    forests = [
        RandomForestClassifier(3, random_state=seed).fit(X, FRAME["y"].to_numpy()) for seed in (0, 0, 1)
    ]
    same, again, other = [_loaded(forest).fingerprint for forest in forests]
    assert same == again != other
    unpicklable = DummyClassifier().fit(X, FRAME["y"])
    unpicklable.hook = threading.Lock()
    assert _loaded(unpicklable).fingerprint is None


# Functions


def test_functions_get_the_kind_of_frame_that_the_user_works_in() -> None:
    seen: list[type] = []

    def half(frame: Any) -> Any:
        seen.append(type(frame))
        return frame["a"] / 2

    _predict(half)
    _predict(half, frame=FRAME.select("a", "y").to_pandas())
    _predict(half, frame=FRAME.select("a", "y").to_arrow(), label="none")
    assert seen == [pl.DataFrame, pd.DataFrame, pl.DataFrame]


ANSWERS: list[tuple[str, Callable[[pl.DataFrame], Any], Callable[[Predictions], Any], Any]] = [
    ("binary", lambda f: f["a"], lambda p: p.score, FRAME["a"]),
    ("binary", lambda f: f.select("a"), lambda p: p.score, FRAME["a"]),
    ("binary", lambda f: (f["a"] > 0).to_list(), lambda p: p.prediction, FRAME["a"] > 0),
    ("binary", lambda f: f.select("b", "a").to_numpy(), lambda p: p.score, FRAME["a"]),
    ("binary", lambda f: f.select(score="a", prediction="y2"), lambda p: p.score, FRAME["a"]),
    ("binary", lambda f: Predictions(score=f["a"].to_numpy()), lambda p: p.score, FRAME["a"]),
    ("multiclass", lambda f: f["y2"], lambda p: p.prediction, FRAME["y"]),
    ("multiclass", lambda f: f.select("a", "b").to_pandas(), lambda p: p.score, FRAME.select("a", "b")),
    ("regression", lambda f: f["y2"], lambda p: p.prediction, FRAME["y"]),
    ("regression", lambda f: f["a"].to_numpy().reshape(-1, 1), lambda p: p.prediction, FRAME["a"]),
]


@pytest.mark.parametrize(("task", "function", "read", "expected"), ANSWERS)
def test_answers_of_many_shapes(task: str, function: Any, read: Any, expected: Any) -> None:
    found = _predict(function, task, frame=FRAME.with_columns(y2="y"))
    np.testing.assert_array_equal(read(found), expected.to_numpy())


def test_declared_classes_say_which_column_is_positive() -> None:
    found = _predict(lambda f: f.select("a", "b").to_numpy(), classes=[1, 0], positive=1)
    np.testing.assert_array_equal(_scores(found), FRAME["a"])


@pytest.mark.parametrize(
    ("task", "function", "message"),
    [
        ("binary", lambda f: f["a"][:3], "gave 3 scores for 150 rows"),
        ("binary", lambda _: 0.5, r"answered in shape \(\); expected \(150,\) scores or labels"),
        ("binary", lambda f: np.zeros((f.height, 3)), "3 scores a row; there are 2 classes"),
        ("binary", lambda f: np.array([["a", "b"]] * f.height), "scores are no numbers"),
        ("binary", lambda _: Predictions(), "neither predictions nor scores"),
        ("regression", lambda f: f.select("a", "b"), r"answered in shape \(150, 2\)"),
        ("regression", lambda f: ["x"] * f.height, "values are no numbers"),
    ],
)
def test_answers_that_do_not_fit(task: str, function: Any, message: str) -> None:
    error = _error(function, task)
    assert error.row is None
    with pytest.raises(ModelError, match=message):
        raise error


def test_a_model_that_raises_names_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "BATCH", 64)

    def picky(frame: pl.DataFrame) -> pl.Series:
        if frame["n"].max() == 127:
            raise ZeroDivisionError("oh")
        return frame["n"] / 1

    error = _error(picky, frame=pl.DataFrame({"n": range(150)}), label="none")
    line = picky.__code__.co_firstlineno + 2
    assert str(error) == (
        "model 'm' raised ZeroDivisionError on rows 64 to 127: oh "
        f"({Path(__file__).relative_to(Path.cwd()).as_posix()}, line {line})"
    )


def test_a_model_that_raises_in_a_library_names_the_line_that_called_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def misreads(frame: pl.DataFrame) -> Any:
        return json.loads("{") if "a" in frame else frame["nowhere"]

    line = misreads.__code__.co_firstlineno + 1
    assert str(_error(misreads)).endswith(f"(test_model.py, line {line})")
    assert str(_error(misreads, frame=FRAME.select("b", "y"))).endswith(f"(test_model.py, line {line})")


def test_a_model_that_raises_outside_ones_own_code_names_no_line() -> None:
    unfitted = LogisticRegression()
    assert str(_error(unfitted)).endswith("before using this estimator.")


def test_batches_are_in_order_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "BATCH", 64)
    told: list[int] = []
    declared = dataset("d", pl.DataFrame({"n": range(150)}).lazy())
    loaded = _loaded(lambda frame: frame["n"] * 1.0, "regression")
    found = loaded.predict(open_dataset(declared, Path()), declared, told.append)
    assert found.prediction is not None
    assert found.prediction.tolist() == list(range(150))
    assert told == [64, 128, 150]


def test_a_plain_frame_may_be_scored_too() -> None:
    found = _loaded(lambda f: f["a"] > 0).predict(FRAME.select("a").to_pandas(), dataset("d", FRAME))
    np.testing.assert_array_equal(found.prediction, FRAME["a"] > 0)


def test_fingerprint_of_a_function_is_of_its_text() -> None:
    def one(frame: pl.DataFrame) -> pl.Series:
        return frame["a"]

    def two(frame: pl.DataFrame) -> pl.Series:
        return frame["b"]

    assert _loaded(one).fingerprint == _loaded(one).fingerprint != _loaded(two).fingerprint
    assert _loaded(one).address.endswith("one")


# Columns


def test_columns_that_hold_predictions() -> None:
    frame = FRAME.select("y", "z", p="a", said="y", q="b")
    binary = _predict(column("said", score="p"), frame=frame)
    np.testing.assert_array_equal(binary.prediction, FRAME["y"])
    np.testing.assert_array_equal(binary.score, FRAME["a"])
    multi = _predict(column(score=["p", "q"]), "multiclass", frame=frame)
    np.testing.assert_array_equal(multi.score, FRAME.select("a", "b"))
    assert _loaded(column("said")).fingerprint is None


def test_columns_that_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "BATCH", 64)
    assert "needs the column 'nope'" in str(_error(column("nope")))
    holes = FRAME.select("y", p=pl.when(pl.int_range(150) != 100).then("a"))
    error = _error(column(score="p"), frame=holes)
    assert (error.column, error.row) == ("p", 100)
    with pytest.raises(ModelError, match="2 columns of scores are declared for 3 classes"):
        _loaded(column(score=["a", "b"]), "multiclass", classes=["x", "y", "z"])


# skops


def test_a_skops_file(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    skops.dump(BINARY, tmp_path / "m.skops")
    np.testing.assert_allclose(_scores(_predict("m.skops", root=tmp_path)), BINARY.predict_proba(X)[:, 1])
    loaded = _loaded("m.skops", root=tmp_path)
    assert loaded.address == "m.skops"
    assert str(loaded.fingerprint).startswith("sha256:")


def double(x: Any) -> Any:
    return x * 2


def test_a_skops_file_that_holds_code_nobody_trusts(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    pipeline = make_pipeline(FunctionTransformer(double), LogisticRegression()).fit(X, FRAME["y"].to_numpy())
    skops.dump(pipeline, tmp_path / "m.skops")
    with pytest.raises(ModelError, match=r"not trusted: .*double.*trusted=\[") as raised:
        _loaded("m.skops", root=tmp_path)
    assert raised.value.file == "m.skops"
    trusted = [f"{double.__module__}.double"]
    np.testing.assert_allclose(
        _scores(_predict("m.skops", root=tmp_path, trusted=trusted)), pipeline.predict_proba(X)[:, 1]
    )


def test_a_skops_file_that_is_missing_or_none(tmp_path: Path) -> None:
    pytest.importorskip("skops.io")
    with pytest.raises(ModelError, match="no such file") as raised:
        _loaded("m.skops", root=tmp_path)
    assert raised.value.file == "m.skops"
    (tmp_path / "m.skops").write_bytes(b"not a zip")
    with pytest.raises(ModelError, match="not readable as a skops file"):
        _loaded("m.skops", root=tmp_path)
