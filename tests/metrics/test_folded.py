"""``aiqa.folded``: metrics of frequent values, and of all rare ones together."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, mean_absolute_error, roc_auc_score

import aiqa
from aiqa import metric
from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.errors import DataError, DeclarationError
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import OtherRecord
from aiqa.publish.words import slice_name
from aiqa.session import Case, Session

RNG = np.random.default_rng(7)
N = 4000
MERCHANT = RNG.zipf(1.6, N) % 500
FRAME = pl.DataFrame(
    {
        "y": RNG.integers(0, 2, N),
        "p": RNG.random(N),
        "merchant": [None if m == 7 else f"m{m}" for m in MERCHANT],
        "country": RNG.choice(["BR", "PT"], N),
    }
)
ORACLES: list[tuple[Any, dict[str, Any], Any]] = [
    (metric.accuracy, {"y_score": "p"}, lambda part: accuracy_score(part["y"], part["p"] >= 0.5)),
    (metric.roc_auc, {"y_score": "p"}, lambda part: roc_auc_score(part["y"], part["p"])),
    (metric.mae, {"y_pred": "p"}, lambda part: mean_absolute_error(part["y"], part["p"])),
]


@pytest.mark.parametrize(("of", "answers", "oracle"), ORACLES, ids=lambda case: getattr(case, "name", None))
def test_each_slice_is_the_metric_of_its_rows(of: Any, answers: dict[str, Any], oracle: Any) -> None:
    found = aiqa.evaluate(of.by(aiqa.folded("merchant", min_support=60)), FRAME, y_true="y", **answers)
    rows = FRAME["merchant"].value_counts().drop_nulls().filter(pl.col("count") >= 60)["merchant"].to_list()
    assert set(found) == {*rows, aiqa.other, None}
    parts = {name: FRAME.filter(pl.col("merchant") == name) for name in rows}
    parts[aiqa.other] = FRAME.filter(~pl.col("merchant").is_in(rows))
    parts[None] = FRAME.filter(pl.col("merchant").is_null())
    for key, part in parts.items():
        assert found[key].n == part.height
        assert found[key].value == pytest.approx(oracle(part))


def test_values_are_counted_over_the_whole_table_not_within_a_cross() -> None:
    by = (aiqa.folded("merchant", min_support=60), "country")
    found = aiqa.evaluate(metric.accuracy.by(*by), FRAME, y_true="y", y_score="p")
    alone = aiqa.evaluate(metric.accuracy.by(by[0]), FRAME, y_true="y", y_score="p")
    assert {merchant for merchant, _ in found} == set(alone)
    for merchant, estimate in alone.items():
        assert estimate.n == sum(found[merchant, c].n for c in ("BR", "PT") if (merchant, c) in found)


def test_no_value_equals_the_rest() -> None:
    frame = {"y": [0, 1] * 4, "p": [1, 0] * 4, "m": ["(other)"] * 3 + ["other"] * 3 + ["a", "b"]}
    found = aiqa.evaluate(metric.accuracy.by(aiqa.folded("m", min_support=3)), frame, y_true="y", y_pred="p")
    assert list(found) == ["(other)", "other", aiqa.other]
    assert aiqa.other is copy.deepcopy(aiqa.other) is pickle.loads(pickle.dumps(aiqa.other))


def test_a_column_where_all_or_none_are_rare() -> None:
    frame = {"y": [0, 1, 0, 1], "p": [0, 1, 1, 1], "m": ["a", "b", "a", "b"]}
    for min_support, keys in ((2, ["a", "b"]), (3, [aiqa.other])):
        by = aiqa.folded("m", min_support=min_support)
        assert list(aiqa.evaluate(metric.accuracy.by(by), frame, y_true="y", y_pred="p")) == keys


def test_a_folded_column_travels_and_has_a_name() -> None:
    gate = metric.recall.by(aiqa.folded("merchant", min_support=200), "country") >= 0.5
    assert aiqa.from_json(gate.to_json()) == gate
    assert gate.id == "recall-by-merchant-country"
    assert repr(gate) == "recall.by(folded('merchant', min_support=200), 'country') >= 0.5"


@pytest.mark.parametrize("min_support", [0, 1, 2.5, True, "2"])
def test_support_is_a_number_of_rows(min_support: Any) -> None:
    with pytest.raises(DeclarationError, match="from 2 up"):
        aiqa.folded("merchant", min_support=min_support)


@pytest.mark.parametrize("by", ["m", aiqa.folded("m", min_support=2)])
def test_a_column_of_lists_makes_no_slices(by: Any) -> None:
    frame = pl.DataFrame({"y": [0, 1, 0, 1] * 30, "p": [0, 1] * 60, "m": [[1], [1, 2], [], None] * 30})
    for ask in (aiqa.evaluate, aiqa.weak_slices):
        with pytest.raises(DataError, match="single values, not by List") as caught:
            ask("accuracy", frame, y_true="y", y_pred="p", by=by)
        assert caught.value.column == "m"


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError, match="merchants") as caught:
        aiqa.evaluate(
            metric.accuracy, FRAME, y_true="y", y_score="p", by=aiqa.folded("merchants", min_support=2)
        )
    assert caught.value.column == "merchants"


def test_a_reference_is_folded_as_the_data_set_is(tmp_path: Path) -> None:
    now = pl.DataFrame({"m": ["a"] * 300 + ["b"] * 300 + ["(other)"] * 5, "x": range(605)})
    then = pl.DataFrame({"m": ["a"] * 300 + ["b"] * 5 + ["(other)"] * 300, "x": range(605)})
    gate = metric.ks("x", reference=aiqa.dataset("then", then)).by(aiqa.folded("m", min_support=10)) <= 0.9
    check = Check("c", dataset=aiqa.dataset("now", now))
    [outcome] = Session(tmp_path, Config(project="test")).decide([Case(check, "g", gate)])
    parts = {slice_name(part): part.estimate for part in outcome.gate.parts}
    assert {name: part and part.n for name, part in parts.items()} == {"m=a": 300, "m=b": 300, "m=(other)": 5}
    assert [part.slice["m"] for part in outcome.gate.parts if not isinstance(part.slice["m"], str)] == [
        OtherRecord()
    ]
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome
