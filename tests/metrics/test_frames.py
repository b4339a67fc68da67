"""`aiqa.evaluate` and `aiqa.compare` on frames, in clusters, by time, and on rows of each model's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats

import aiqa
from aiqa import metric
from aiqa.errors import DataError, DeclarationError, MetricError
from aiqa.stats.independent import independent_difference
from aiqa.stats.proportions import proportion

_RNG = np.random.default_rng(3)
_N = 400
_FRAME = pl.DataFrame(
    {
        "paid": _RNG.integers(0, 2, _N),
        "score": _RNG.random(_N),
        "old": _RNG.random(_N),
        "weight": _RNG.uniform(0.5, 2, _N),
        "country": _RNG.choice(["BR", "DE"], _N),
        "customer": _RNG.integers(0, 40, _N),
        "day": [dt.date(2026, 1, 1) + dt.timedelta(days=int(d)) for d in _RNG.integers(0, 60, _N)],
    }
)


@pytest.mark.parametrize(
    "of", [_FRAME, _FRAME.lazy(), _FRAME.to_pandas(), _FRAME.to_arrow(), _FRAME.to_dict()]
)
def test_columns_of_any_frame_say_what_arrays_say(of: Any) -> None:
    names: dict[str, Any] = {"y_true": "paid", "y_score": "score", "sample_weight": "weight"}
    arrays: dict[str, Any] = {role: _FRAME[name].to_numpy() for role, name in names.items()}
    assert aiqa.evaluate("roc_auc", of, **names) == aiqa.evaluate("roc_auc", **arrays)


def test_slices_are_named_or_given() -> None:
    named = aiqa.evaluate("recall", _FRAME, y_true="paid", y_score="score", by="country")
    given = aiqa.evaluate(
        "recall", y_true=_FRAME["paid"], y_score=_FRAME["score"], by={"country": _FRAME["country"]}
    )
    assert named == given
    assert set(named) == {"BR", "DE"}
    assert aiqa.evaluate(metric.recall.by("country"), _FRAME, y_true="paid", y_score="score") == named


def test_a_column_a_class() -> None:
    truth = _RNG.integers(0, 3, 60)
    scores = _RNG.dirichlet([1, 1, 1], 60)
    frame = pd.DataFrame({"truth": truth, **{f"p{k}": scores[:, k] for k in range(3)}})
    of = metric.roc_auc(average="macro")
    named = aiqa.evaluate(of, frame, y_true="truth", y_score=["p0", "p1", "p2"])
    assert named == aiqa.evaluate(of, y_true=truth, y_score=scores)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match=r"no column 'scores'.*'score'"):
        aiqa.evaluate("roc_auc", _FRAME, y_true="paid", y_score="scores")
    with pytest.raises(DataError, match=r"no column 'county'.*'country'"):
        aiqa.evaluate("roc_auc", _FRAME, y_true="paid", y_score="score", by="county")


def test_names_without_a_frame() -> None:
    with pytest.raises(DeclarationError, match="needs data="):
        aiqa.evaluate("accuracy", y_true=[0, 1], y_pred=[0, 1], by="country")


def test_lengths_must_agree_with_the_frame() -> None:
    with pytest.raises(DataError, match="cluster has 3 values and paid 400"):
        aiqa.evaluate("recall", _FRAME, y_true="paid", y_score="score", cluster=[1, 2, 3])


def test_clusters_of_one_row_change_nothing_and_doubled_rows_tell_nothing_new() -> None:
    errors: dict[str, Any] = {"y_true": _RNG.normal(size=200), "y_pred": np.zeros(200)}
    alone = aiqa.evaluate("mae", **errors)
    singles = aiqa.evaluate("mae", **errors, cluster=np.arange(200))
    assert singles.low == pytest.approx(alone.low, rel=1e-6)
    doubled: dict[str, Any] = {name: np.repeat(values, 2) for name, values in errors.items()}
    pairs = aiqa.evaluate("mae", **doubled, cluster=np.repeat(np.arange(200), 2))
    assert pairs.low == pytest.approx(alone.low, rel=1e-6)
    assert aiqa.evaluate("mae", **doubled).low > pairs.low


def test_time_makes_blocks() -> None:
    told: dict[str, Any] = {"y_true": "paid", "y_score": "score", "time": "day"}
    weeks = aiqa.evaluate("brier", _FRAME, cluster="week", **told)
    monday = _FRAME["day"].dt.truncate("1w")
    assert weeks == aiqa.evaluate("brier", _FRAME, cluster=monday, **told)
    with pytest.raises(DataError, match="declare time="):
        aiqa.evaluate("brier", _FRAME, y_true="paid", y_score="score", cluster="week")


def test_a_missing_cluster_is_an_error_of_its_row() -> None:
    frame = _FRAME.with_columns(customer=pl.when(pl.int_range(pl.len()) != 7).then(pl.col("customer")))
    with pytest.raises(DataError, match="the cluster is missing") as caught:
        aiqa.evaluate("brier", frame, y_true="paid", y_score="score", cluster="customer")
    assert (caught.value.column, caught.value.row) == ("customer", 7)


def test_models_on_rows_of_their_own_are_independent() -> None:
    truth, own = np.ones(70, dtype=int), np.ones(80, dtype=int)
    result = aiqa.compare(
        metric.recall(label=1),
        y_true=truth,
        challenger=np.arange(70) < 56,
        champion_y_true=own,
        champion=np.arange(80) < 48,
        classes=[0, 1],
    )
    expected = independent_difference(proportion(56, 70), proportion(48, 80)).estimate()
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))
    assert result.method.startswith("independent rows")
    assert result.difference == pytest.approx(56 / 70 - 48 / 80)


def test_a_loss_on_rows_of_their_own_keeps_its_sign() -> None:
    one, other = _RNG.normal(size=300), _RNG.normal(size=500) * 2
    own, others = {"y": one, "p": np.zeros(300)}, {"y": other, "p": np.zeros(500)}
    result = aiqa.compare("mae", own, champion_data=others, y_true="y", challenger="p", champion="p")
    assert result.difference == pytest.approx(np.abs(one).mean() - np.abs(other).mean())
    welch = stats.ttest_ind(np.abs(one), np.abs(other), equal_var=False).confidence_interval()
    assert (result.low, result.high) == pytest.approx(tuple(welch), abs=0.05)
    assert result.p_value < 1e-6


def test_slices_that_only_one_of_them_has() -> None:
    own, others = {"y": [0, 1], "p": [0, 1], "g": ["a", "b"]}, {"y": [0], "p": [0], "g": ["a"]}
    names: dict[str, Any] = {"y_true": "y", "challenger": "p", "champion": "p"}
    result = aiqa.compare("accuracy", own, champion_data=others, by="g", **names)
    assert isinstance(result["b"], MetricError)
    assert result["a"].n == 2


def test_arrow_without_rows() -> None:
    with pytest.raises(DataError, match="no rows"):
        aiqa.evaluate("accuracy", pa.table({"y": pa.array([], pa.int64())}), y_true="y", y_pred=[])
