"""evaluate(): what goes in, what comes out, and what it says to wrong input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import brier_score_loss

import aiqa
from aiqa import metric
from aiqa.errors import DataError, DeclarationError, MetricError
from aiqa.stats.inference import Estimate

_TRUTH, _SAID = [0, 1, 1, 0, 1], [0, 1, 0, 0, 1]


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, pd.Series, pl.Series], ids=lambda kind: kind.__name__
)
def test_kinds_of_columns(kind: Any) -> None:
    weight = kind([1.0, 2.0, 1.0, 1.0, 1.0])
    estimate = aiqa.evaluate("accuracy", y_true=kind(_TRUTH), y_pred=kind(_SAID), sample_weight=weight)
    assert isinstance(estimate, Estimate)
    assert estimate.value == pytest.approx(5 / 6)
    words = kind(["no", "yes", "yes", "no", "yes"])
    assert aiqa.evaluate("recall", y_true=words, y_pred=words).value == 1.0
    assert aiqa.evaluate("roc_auc", y_true=words, y_score=weight).value == pytest.approx(2 / 3)


def test_a_list_gives_a_dict_by_id() -> None:
    found = aiqa.evaluate(["accuracy", metric.f1(average="macro")], y_true=_TRUTH, y_pred=_SAID)
    assert list(found) == ["accuracy", "f1-average=macro"]
    assert found["accuracy"] == aiqa.evaluate("accuracy", y_true=_TRUTH, y_pred=_SAID)


def test_slices_by_one_column_or_several() -> None:
    by = {"g": ["a", "a", "b", "b", "b"], "h": [1, 1, 1, 2, 2]}
    one = aiqa.evaluate(metric.accuracy.by("g"), y_true=_TRUTH, y_pred=_SAID, by=by)
    assert {key: part.value for key, part in one.items()} == {"a": 1.0, "b": pytest.approx(2 / 3)}
    both = aiqa.evaluate("accuracy", y_true=_TRUTH, y_pred=_SAID, by=by)
    assert set(both) == {("a", 1), ("b", 1), ("b", 2)}
    recalls = aiqa.evaluate("recall", y_true=[0, 0, 1, 1, 1], y_pred=_SAID, by={"g": by["g"]})
    assert isinstance(recalls["a"], MetricError)
    assert isinstance(recalls["b"], Estimate)


def test_confidence_and_sides() -> None:
    def of(**more: Any) -> Estimate:
        estimate: Estimate = aiqa.evaluate("accuracy", y_true=_TRUTH * 40, y_pred=_SAID * 40, **more)
        return estimate

    wide, narrow = of(confidence=0.99), of(confidence=0.8)
    assert wide.low < narrow.low < narrow.high < wide.high
    point = of(confidence=None)
    assert (point.low, point.high, point.confidence) == (point.value, point.value, None)
    greater = of(alternative="greater")
    assert greater.high == float("inf")
    assert greater.low == pytest.approx(of(confidence=0.9).low)
    sides = of(alternative="each-side")
    assert (sides.low, sides.high) == pytest.approx((of(confidence=0.9).low, of(confidence=0.9).high))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"y_true": [0, 1, 1], "y_pred": [0, 1, 0]}, "binary"),
        ({"y_true": ["a", "b", "c"], "y_pred": ["a", "b", "b"]}, "multiclass"),
        ({"y_true": [1.5, 2.0, 3.0], "y_pred": [1.0, 2.0, 3.0]}, "regression"),
        ({"y_true": [1, 2, 3], "y_pred": [1.5, 2.0, 3.0]}, "regression"),
        ({"y_true": [0, 1, 1], "y_pred": [0, 1, 0], "classes": [0, 1, 2]}, "multiclass"),
        ({"y_true": [0, 1, 1], "y_pred": [0.0, 1.0, 0.0]}, "binary"),
    ],
)
def test_the_task_is_told_from_the_data(given: dict[str, Any], expected: str) -> None:
    name = {"binary": "f1", "multiclass": "balanced_accuracy", "regression": "mae"}[expected]
    assert aiqa.evaluate(name, **given).n == 3

    def kind_of_truth(y_true: Any, y_pred: Any) -> float:
        return {"f": 1.0}.get(y_true.dtype.kind, 0.0)

    assert (aiqa.evaluate(kind_of_truth, **given).value == 1.0) == (expected == "regression")


WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "lengths of predictions": ({"y_pred": [0, 1]}, MetricError, r"shape \(2,\) for 5 rows"),
    "lengths of weights": ({"sample_weight": [1, 2]}, DataError, "sample_weight has 2 values and y_true 5"),
    "lengths of slices": ({"by": {"g": [1]}}, DataError, "g has 1 values"),
    "empty": ({"y_true": [], "y_pred": []}, DataError, "no rows"),
    "NaN": ({"y_true": [0, 1, float("nan"), 1, 0]}, DataError, "row 2"),
    "none": ({"y_true": [0, 1, None, 1, 0]}, DataError, "row 2"),
    "mixed": ({"y_true": [0, "a", 1, 0, 1]}, DataError, "y_true"),
    "two dimensions": ({"y_true": [[0], [1], [1], [0], [1]]}, DataError, "one dimension"),
    "no predictions": ({"y_pred": None}, MetricError, "y_pred and y_score are missing"),
    "no scores": ({"metric": "roc_auc"}, MetricError, "needs scores: y_score= is not given"),
    "no scores for a function": (
        {"metric": metric(brier_score_loss, needs="score")},
        MetricError,
        "needs scores: y_score= is not given",
    ),
    "unknown prediction": ({"y_pred": [0, 1, 2, 0, 1]}, MetricError, "^y_pred is none of the classes"),
    "infinite score": (
        {"y_score": [0, 1, float("inf"), 0, 1], "metric": "roc_auc"},
        MetricError,
        "^y_score is NaN or infinite",
    ),
    "score beyond 1": (
        {"y_score": [0, 1, 2, 0, 1], "metric": "brier"},
        MetricError,
        r"needs probabilities, and y_score is outside \[0, 1\]",
    ),
    "a gate": (
        {"metric": metric.roc_auc >= 0.8},
        DeclarationError,
        r"^roc_auc >= 0.8 is a gate.*a metric.*checks.*aiqa\.require",
    ),
    "a gate among metrics": ({"metric": ["accuracy", metric.f1 >= 0.8]}, DeclarationError, "is a gate"),
    "a model for scores": (
        {"y_score": DummyClassifier()},
        MetricError,
        r"^y_score= is a model \(DummyClassifier\).*model\.predict_proba\(X\)\[:, 1\]",
    ),
    "a model for predictions": ({"y_pred": DummyClassifier()}, MetricError, "^y_pred= is a model"),
    "unknown metric": ({"metric": "acuracy"}, DeclarationError, "did you mean 'accuracy'"),
    "unknown task": ({"task": "ranking"}, DeclarationError, "task= must be one of"),
    "confidence": ({"confidence": 1.5}, DeclarationError, "confidence="),
    "alternative": ({"alternative": "both"}, DeclarationError, "alternative="),
    "slices not given": ({"metric": metric.accuracy.by("g")}, DeclarationError, "needs by= with 'g'"),
    "clash": ({"by": {"y_true": [1] * 5}}, DeclarationError, "cannot have a column named 'y_true'"),
    "ragged": ({"y_score": [[1], [1, 2]], "metric": "roc_auc"}, MetricError, "y_score"),
    "one class": (
        {"y_true": [1] * 5, "y_score": [0.5] * 5, "metric": "roc_auc"},
        MetricError,
        "both classes",
    ),
    "balanced": ({"y_true": [1] * 5, "metric": "balanced_accuracy"}, MetricError, "two classes"),
    "no positives": ({"y_true": [0] * 5, "metric": "recall"}, MetricError, "no row is of class 1"),
    "none called": ({"y_pred": [0] * 5, "metric": "precision"}, MetricError, "no row is called 1"),
    "neither": (
        {"y_true": [0] * 5, "y_pred": [0] * 5, "metric": "f1"},
        MetricError,
        "no row is of class 1 or called so",
    ),
    "constant truth": ({"y_true": [1] * 5, "metric": "r2"}, MetricError, "the same in all rows"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named(case: str) -> None:
    change, kind, why = WRONG[case]
    given = {"metric": "accuracy", "y_true": _TRUTH, "y_pred": _SAID, **change}
    with pytest.raises(kind, match=why) as caught:
        aiqa.evaluate(given.pop("metric"), **given)
    assert type(caught.value) is kind


@pytest.mark.parametrize("name", ["champion", "challenger"])
def test_compare_takes_answers_and_not_models(name: str) -> None:
    given = {"champion": _SAID, "challenger": _SAID, name: DummyClassifier()}
    with pytest.raises(MetricError, match=f"^{name}= is a model"):
        aiqa.compare("accuracy", y_true=_TRUTH, **given)


def test_compare_takes_a_metric_and_no_gate() -> None:
    with pytest.raises(DeclarationError, match="is a gate"):
        aiqa.compare(metric.f1 >= 0.8, y_true=_TRUTH, champion=_SAID, challenger=_SAID)  # type: ignore[arg-type]


def test_one_row_has_an_honest_interval() -> None:
    one = aiqa.evaluate("accuracy", y_true=[1], y_pred=[1])
    assert (one.value, one.high) == (1.0, 1.0)
    assert one.low == pytest.approx(0.025)
    loss = aiqa.evaluate("mae", y_true=[1.0], y_pred=[2.0])
    assert (loss.low, loss.high) == (0.0, float("inf"))


def test_bootstraps_load_no_scipy_stats() -> None:
    import subprocess
    import sys

    code = (
        "import aiqa, sys\n"
        "aiqa.evaluate(['accuracy','f1','roc_auc','average_precision','log_loss','brier'], y_true=[0,1,1,0],"
        " y_score=[.1,.9,.4,.6])\n"
        "aiqa.evaluate(['mae','rmse','r2','median_absolute_error'], y_true=[0.5,1,1], y_pred=[1,1,2])\n"
        "print([m for m in ('scipy.stats','sklearn','pandas','mlflow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["mae", "rmse", "r2"])
@pytest.mark.parametrize("rows", [2, 20, 299])
def test_few_rows_without_variation_prove_nothing(name: str, rows: int) -> None:
    truth = np.arange(float(rows))
    of = aiqa.evaluate(name, y_true=truth, y_pred=truth if name == "r2" else truth + 1)
    assert of.value == 1.0
    assert of.low == -np.inf if name == "r2" else of.high == np.inf


def test_one_row_proves_nothing_of_an_error() -> None:
    assert aiqa.evaluate("rmse", y_true=[1.0], y_pred=[2.0]).high == np.inf


def test_many_rows_without_variation_do() -> None:
    """That fewer than one percent are otherwise takes more rows at a smaller error rate."""
    truth = np.arange(400.0)
    told: dict[str, Any] = {"y_true": truth, "y_pred": truth + 1}
    found = aiqa.evaluate(["mae", "rmse"], **told)
    assert [(of.low, of.high) for of in found.values()] == [(1.0, 1.0), (1.0, 1.0)]
    for more in ({"confidence": 0.999}, {"anytime": True}):
        of = aiqa.evaluate("mae", **told, **more)
        assert (of.low, of.high) == (0.0, np.inf)


def test_rows_without_weight_do_not_make_r2_defined() -> None:
    with pytest.raises(MetricError, match="the truth is the same"):
        aiqa.evaluate("r2", y_true=[1.0, 1.0, 2.0], y_pred=[2.0, 1.0, 1.0], sample_weight=[1, 1, 0])


def test_labels_declared_as_numpy_scalars_are_told_plainly() -> None:
    with pytest.raises(MetricError, match=r"no row is of class 'b'$"):
        aiqa.evaluate("recall", y_true=["a"], y_pred=["a"], classes=list(np.array(["a", "b"])))


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "brier"])
def test_bounds_hold_at_every_look_where_asked(name: str) -> None:
    truth = np.arange(400) % 2
    given: dict[str, Any] = {"y_true": truth, "y_score": np.clip(truth * 0.4 + np.arange(400) % 7 / 10, 0, 1)}
    once, daily, tuned = (aiqa.evaluate(name, **given, anytime=anytime) for anytime in (False, True, 400))
    assert daily.low < tuned.low < once.low < once.value < once.high < tuned.high < daily.high
    assert once.value == daily.value
    by = aiqa.evaluate(name, **given, by={"half": np.arange(400) // 200}, anytime=True)
    assert by[0].low < aiqa.evaluate(name, **given, by={"half": np.arange(400) // 200})[0].low


@pytest.mark.parametrize("seed", [-1, "a", 1.5])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(DeclarationError, match="seed= is a whole number"):
        aiqa.evaluate("mae", y_true=[0.5, 1.0], y_pred=[0.1, 1.0], seed=seed)


def test_metrics_that_differ_in_their_method_alone_are_all_there() -> None:
    wanted = [metric.recall, metric.recall(method="wilson"), metric.accuracy]
    found = aiqa.evaluate(wanted, y_true=[0, 1, 1, 0], y_pred=[0, 1, 0, 0])
    assert list(found) == ["recall", "recall(method='wilson')", "accuracy"]
    assert found["recall"].low < found["recall(method='wilson')"].low


def test_ranges_of_a_number_slice_too() -> None:
    frame = pl.DataFrame({"y": [0, 1] * 20, "p": [0, 1] * 20, "amount": range(40)})
    found = aiqa.evaluate("accuracy", frame, y_true="y", y_pred="p", by=aiqa.bucket("amount", [10, 20]))
    assert {name: of.n for name, of in found.items()} == {"< 10": 10, "[10, 20)": 10, ">= 20": 20}
    both = aiqa.evaluate("accuracy", frame, y_true="y", y_pred="p", by=["y", aiqa.bucket("amount", [10])])
    assert both[0, "< 10"].n == 5
    with pytest.raises(DeclarationError, match="by= names columns"):
        aiqa.evaluate("accuracy", frame, y_true="y", y_pred="p", by=np.arange(40))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"anytime": -5}, "anytime must be"),
        ({"anytime": 1.5}, "anytime must be"),
        ({"threshold": "x"}, "threshold= is a score"),
        ({"threshold": None}, "threshold= is a score"),
        ({"sample_weight": [1.0, 1e-12, 1.0, 1.0]}, "less than 1 / 1e"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises((DeclarationError, DataError), match=why):
        aiqa.evaluate("accuracy", y_true=[0, 1, 1, 0], y_pred=[0, 1, 0, 0], **wrong)
    with pytest.raises((DeclarationError, DataError), match=why):
        aiqa.compare("accuracy", y_true=[0, 1, 1, 0], champion=[0, 1, 0, 0], challenger=[0, 1, 1, 0], **wrong)
