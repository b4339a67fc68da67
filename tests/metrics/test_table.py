"""The scored table: how labels, answers and weights become columns, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa.declare.source import Dataset, Model
from aiqa.errors import DataError, MetricError
from aiqa.metrics.table import ScoredTable, scored_table
from aiqa.scan.predictions import Predictions

_SOURCE = aiqa.column(score="p")


def _model(task: str = "binary", **more: Any) -> Model:
    return aiqa.model("m", _SOURCE, task=task, **more)


def _dataset(**more: Any) -> Dataset:
    return aiqa.dataset("orders", "orders.csv", **{"label": "y", **more})


def _table(
    truth: Any, given: Predictions, model: Model | None = None, dataset: Dataset | None = None, **columns: Any
) -> ScoredTable:
    return scored_table(
        pl.DataFrame({"y": truth, **columns}), model or _model(), dataset or _dataset(), given
    )


def _columns(table: ScoredTable, *names: str) -> list[Any]:
    return [table.frame.select(f"aiqa:{name}").collect().to_series().to_list() for name in names]


@pytest.mark.parametrize(
    ("truth", "said", "classes"),
    [
        ([False, True, True], np.array([0, 1, 0]), (False, True)),
        ([0, 1, 1], np.array([0.0, 1.0, 0.0]), (0, 1)),
        (["a", "b", "b"], np.array(["a", "b", "a"]), ("a", "b")),
        (["a", "b", "b"], np.array(["a", "b", "a"], dtype=object), ("a", "b")),
        ([-1, 1, 1], np.array([-1, 1, -1], dtype=np.int8), (-1, 1)),
    ],
    ids=["bool", "int", "str", "object", "signs"],
)
def test_labels_become_codes(truth: list[Any], said: Any, classes: tuple[Any, ...]) -> None:
    table = _table(truth, Predictions(said))
    assert table.classes == classes
    assert _columns(table, "truth", "prediction") == [[0, 1, 1], [0, 1, 0]]


def test_positive_is_the_larger_label_unless_declared() -> None:
    given = Predictions(np.array(["good", "bad"]))
    assert _table(["good", "bad"], given).classes == ("bad", "good")
    assert _table(["good", "bad"], given, _model(positive="bad")).classes == ("good", "bad")
    assert _table(["good", "bad"], given, _model(classes=["good", "bad"])).classes == ("bad", "good")


def test_categories_are_their_strings() -> None:
    truth = pl.Series(["a", "b"], dtype=pl.Categorical)
    assert _columns(_table(truth, Predictions(np.array(["b", "b"]))), "truth", "prediction") == [
        [0, 1],
        [1, 1],
    ]


@pytest.mark.parametrize(
    ("label", "classes"), [(0, (0, 1)), (True, (False, True)), (1, (0, 1))], ids=["zero", "true", "one"]
)
def test_one_label_alone_is_completed_where_it_is_plain(label: Any, classes: tuple[Any, ...]) -> None:
    assert _table([label, label], Predictions(score=np.array([0.1, 0.2]))).classes == classes


def test_predictions_come_from_the_threshold_where_there_are_scores_alone() -> None:
    scores = np.array([0.2, 0.5, 0.7])
    assert _columns(_table([0, 1, 1], Predictions(score=scores)), "prediction") == [[0, 1, 1]]
    strict = _table([0, 1, 1], Predictions(score=scores), _model(threshold=0.6))
    assert _columns(strict, "prediction") == [[0, 0, 1]]


def test_a_declared_threshold_goes_before_the_models_own_labels() -> None:
    given = Predictions(np.array([1, 1, 1]), np.array([0.2, 0.5, 0.7]))
    assert _columns(_table([0, 1, 1], given), "prediction") == [[1, 1, 1]]
    assert _columns(_table([0, 1, 1], given, _model(threshold=0.6)), "prediction") == [[0, 0, 1]]


def test_score_columns_are_put_in_the_order_of_the_classes() -> None:
    scores = np.array([[0.1, 0.9], [0.8, 0.2]])
    as_known = _table(["a", "b"], Predictions(score=scores, classes=("b", "a")))
    assert _columns(as_known, "score") == [[0.1, 0.8]]
    declared = _table(["a", "b"], Predictions(score=scores), _model(classes=["a", "b"], positive="a"))
    assert _columns(declared, "score") == [[0.1, 0.8]]
    three = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    table = _table(
        ["x", "z"],
        Predictions(score=three, classes=("z", "x", "y")),
        _model("multiclass", classes=["x", "y", "z"]),
    )
    assert _columns(table, "score:0", "score:1", "score:2") == [[0.3, 0.1], [0.2, 0.8], [0.5, 0.1]]
    assert _columns(table, "prediction", "own") == [[2, 1], [0.3, 0.1]]


def test_the_data_sets_own_columns_stay() -> None:
    table = _table([0, 1], Predictions(np.array([0, 1])), country=["BR", None])
    assert table.frame.select("country").collect().to_series().to_list() == ["BR", None]


@pytest.mark.parametrize("kind", ["polars", "lazy", "narwhals"])
def test_frames_of_several_kinds(kind: str) -> None:
    frame = pl.DataFrame({"y": [0, 1]})
    given: Any = {"polars": frame, "lazy": frame.lazy(), "narwhals": nw.from_native(frame)}[kind]
    table = scored_table(given, _model(), _dataset(), Predictions(np.array([0, 1])))
    assert table.rows == 2


def test_files_are_read_with_their_rows_in_order(tmp_path: Path) -> None:
    n = 50_000
    truth = np.arange(n) % 2
    pl.DataFrame({"y": truth, "id": np.arange(n)}).write_parquet(tmp_path / "a.parquet", row_group_size=1000)
    table = scored_table(
        pl.scan_parquet(tmp_path / "*.parquet"), _model(), _dataset(), Predictions(score=truth.astype(float))
    )
    from aiqa.scan.execute import execute
    from aiqa.scan.statistics import Request, Rows

    request = Request(Rows(("id", "y", "aiqa:score")))
    rows = execute(table.frame, [request])[request][()]
    assert (rows["y"] == rows["aiqa:score"]).all()
    assert (np.sort(rows["id"]) == np.arange(n)).all()


ERRORS: dict[str, tuple[dict[str, Any], type[DataError], str, int | None]] = {
    "null label": ({"truth": [0, None, 1]}, DataError, "is missing", 1),
    "NaN label": ({"truth": [0.0, 1.0, float("nan")]}, DataError, "is missing", 2),
    "unknown label": (
        {"truth": [0, 1, 2], "model": _model(classes=[0, 1])},
        DataError,
        "none of the classes",
        2,
    ),
    "three labels": ({"truth": [0, 1, 2]}, DataError, "a binary task has two labels, not 3", None),
    "one label": (
        {"truth": ["a"] * 3, "given": Predictions(score=np.ones(3))},
        DataError,
        "two labels, not 1",
        None,
    ),
    "no such positive": (
        {"truth": [0, 1, 1], "model": _model(positive=7)},
        DataError,
        "not one of the cl",
        None,
    ),
    "no rows": ({"truth": pl.Series([], dtype=pl.Int64)}, DataError, "no rows", None),
    "no label declared": ({"dataset": _dataset(label=None)}, DataError, "declare label=", None),
    "no such label": ({"dataset": _dataset(label="why")}, DataError, "no column 'why'; known: y", None),
    "no such weight": ({"dataset": _dataset(weight="wait")}, DataError, "no column 'wait'", None),
    "no such time": ({"dataset": _dataset(time="when")}, DataError, "no column 'when'", None),
    "negative weight": ({"weights": [1.0, -1.0, 1.0]}, DataError, "weight is negative", 1),
    "NaN weight": ({"weights": [1.0, 1.0, float("nan")]}, DataError, "weight is NaN", 2),
    "null weight": ({"weights": [None, 1.0, 1.0]}, DataError, "weight is null", 0),
    "infinite weight": ({"weights": [1.0, float("inf"), 1.0]}, DataError, "weight is infinite", 1),
    "tiny weight": ({"weights": [1.0, 1e-200, 1.0]}, DataError, "rescale the weights", 1),
    "huge weight": ({"weights": [1.0, 1.0, 1e200]}, DataError, "rescale the weights", 2),
    "zero weights": ({"weights": [0.0, 0.0, 0.0]}, DataError, "all weights are zero", None),
    "text weights": ({"weights": ["a", "b", "c"]}, DataError, "weights must be numbers", None),
    "own names": ({"columns": {"aiqa:truth": [1, 2, 3]}}, DataError, "aiqa's own", None),
    "short scores": ({"given": Predictions(score=np.ones(2))}, MetricError, "2 values for 3 rows", None),
    "short labels": ({"given": Predictions(np.ones(2))}, MetricError, "shape (2,) for 3 rows", None),
    "NaN score": ({"given": Predictions(score=np.array([0, np.nan, 1]))}, MetricError, "NaN or infinite", 1),
    "infinite score": (
        {"given": Predictions(score=np.array([0, 1, np.inf]))},
        MetricError,
        "NaN or infinite",
        2,
    ),
    "text scores": ({"given": Predictions(score=np.array(["a"] * 3))}, MetricError, "no numbers", None),
    "wide scores": ({"given": Predictions(score=np.ones((3, 4)))}, MetricError, "one column a class", None),
    "unknown prediction": (
        {"given": Predictions(np.array([0, 1, 5]))},
        MetricError,
        "none of the classes",
        2,
    ),
    "null prediction": (
        {"given": Predictions(np.array([0, None, 1], dtype=object))},
        MetricError,
        "is missing",
        1,
    ),
    "nothing": ({"given": Predictions()}, MetricError, "neither predictions nor scores", None),
    "text truth": (
        {"truth": ["a", "b", "c"], "model": _model("regression")},
        DataError,
        "a regression needs numbers",
        None,
    ),
    "infinite truth": (
        {"truth": [1.0, float("-inf"), 2.0], "model": _model("regression")},
        DataError,
        "the truth is infinite",
        1,
    ),
    "text values": (
        {"given": Predictions(np.array(["a"] * 3)), "model": _model("regression")},
        MetricError,
        "must be a number",
        None,
    ),
    "NaN values": (
        {"given": Predictions(np.array([1.0, 2.0, np.nan])), "model": _model("regression")},
        MetricError,
        "prediction is NaN",
        2,
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_is_named(case: str) -> None:
    setting, kind, text, row = ERRORS[case]
    columns = dict(setting.get("columns", {}))
    dataset = setting.get("dataset", _dataset())
    if "weights" in setting:
        columns["w"], dataset = setting["weights"], _dataset(weight="w")
    with pytest.raises(kind) as caught:
        _table(
            setting.get("truth", [0, 1, 1]),
            setting.get("given", Predictions(np.array([0, 1, 0]))),
            setting.get("model"),
            dataset,
            **columns,
        )
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert caught.value.row == row


@pytest.mark.parametrize(
    ("source", "file"),
    [("orders.csv", "file orders.csv, "), ("orders/*.csv", ""), (pl.DataFrame({"y": [0]}), "")],
    ids=["file", "glob", "frame"],
)
def test_an_error_of_the_data_names_the_data_set_and_a_file_only_where_it_is_one(
    source: Any, file: str
) -> None:
    dataset = aiqa.dataset("c2", source, label="y")
    with pytest.raises(DataError) as caught:
        _table([0, None, 1], Predictions(np.array([0, 1, 0])), dataset=dataset)
    assert str(caught.value) == f"data set 'c2': the label of column 'y' is missing ({file}column y, row 1)"


def test_a_data_set_without_a_label_is_named() -> None:
    with pytest.raises(DataError) as caught:
        _table([0, 1], Predictions(np.array([0, 1])), dataset=aiqa.dataset("c2", pl.DataFrame({"y": [0]})))
    assert str(caught.value) == "data set 'c2': metrics need the truth: declare label="


def test_errors_hold_no_values_of_rows() -> None:
    with pytest.raises(DataError) as caught:
        _table([0, 1, 4711], Predictions(np.array([0, 1, 0])), _model(classes=[0, 1]))
    assert "4711" not in str(caught.value)


def test_a_frame_of_another_library_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="Polars frame"):
        scored_table({"y": [1]}, _model(), _dataset(), Predictions(np.array([1])))
