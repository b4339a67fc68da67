"""The fraud example is what it claims to be, by computations that share no code with it or with aiqa."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from polars.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from examples.fraud import generate, train

TREES = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


@pytest.fixture(scope="module")
def made_up() -> pl.DataFrame:
    return generate.generate()


@pytest.fixture(scope="module")
def test_rows(trained: Path) -> pl.DataFrame:
    return pl.read_parquet(trained / "fraud" / "data" / "test.parquet")


@pytest.fixture(scope="module")
def scores(trained: Path, test_rows: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    files = sorted((trained / "fraud" / "models").glob("*.skops"))
    return {file.stem: skops.io.load(file, trusted=TREES).predict_proba(test_rows)[:, 1] for file in files}


def month(made_up: pl.DataFrame, number: int) -> pl.DataFrame:
    return made_up.filter(pl.col("ordered_at").dt.month() == number)


def psi(reference: Any, other: Any) -> float:
    edges = np.quantile(reference, np.arange(0.1, 1, 0.1))
    p, q = (
        np.bincount(np.digitize(values, edges), minlength=10) / len(values) for values in (reference, other)
    )
    return float(((p - q) * np.log(p / q)).sum())


def test_the_same_seed_gives_the_same_orders() -> None:
    assert_frame_equal(generate.generate(2_000, seed=1), generate.generate(2_000, seed=1))
    assert not generate.generate(2_000, seed=1).equals(generate.generate(2_000, seed=2))


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=12, unique=True))
def test_the_best_auc_is_the_expected_share_of_pairs_in_order(p: list[float]) -> None:
    pairs = [(a, b) for i, a in enumerate(p) for j, b in enumerate(p) if i != j]
    right = sum(a * (1 - b) for a, b in pairs if a > b)
    assert generate.best_auc(np.array(p)) == pytest.approx(right / sum(a * (1 - b) for a, b in pairs))


def test_the_best_auc_is_what_fresh_labels_give_on_average(made_up: pl.DataFrame) -> None:
    p = made_up["p_fraud"].to_numpy()
    rng = np.random.default_rng(0)
    drawn = [roc_auc_score(rng.random(len(p)) < p, p) for _ in range(10)]
    error = np.std(drawn, ddof=1) / np.sqrt(len(drawn))
    assert abs(np.mean(drawn) - generate.best_auc(p)) < 4 * error


def test_labels_follow_the_true_probabilities(made_up: pl.DataFrame) -> None:
    tenths = made_up.sort("p_fraud").with_columns(tenth=pl.int_range(pl.len()) * 10 // pl.len())
    by_tenth = tenths.group_by("tenth").agg(
        seen=pl.col("is_fraud").sum(),
        expected=pl.col("p_fraud").sum(),
        variance=(pl.col("p_fraud") * (1 - pl.col("p_fraud"))).sum(),
    )
    z = (by_tenth["seen"] - by_tenth["expected"]) / by_tenth["variance"].sqrt()
    assert z.abs().max() < 4  # type: ignore[operator]


def test_chargebacks_come_after_30_to_90_days(made_up: pl.DataFrame) -> None:
    delays = made_up.select("is_fraud", delay=pl.col("label_known_at") - pl.col("ordered_at"))
    fraud = delays.filter("is_fraud")["delay"]
    assert fraud.min() >= timedelta(days=30)  # type: ignore[operator]
    assert fraud.max() <= timedelta(days=90)  # type: ignore[operator]
    assert fraud.n_unique() > 1_000
    assert delays.filter(~pl.col("is_fraud"))["delay"].unique().to_list() == [timedelta(days=90)]


def test_the_shop_does_not_see_the_truth_or_the_future(made_up: pl.DataFrame) -> None:
    seen = generate.as_the_shop_sees_it(made_up)
    assert "p_fraud" not in seen.columns
    known = seen.filter(pl.col("is_fraud").is_not_null())
    assert known.height < seen.height
    assert known["label_known_at"].max() <= generate.TODAY  # type: ignore[operator]
    assert (
        seen.filter(pl.col("is_fraud").is_null())["label_known_at"].null_count() == seen.height - known.height
    )


def test_only_matured_orders_are_checked_with(test_rows: pl.DataFrame, made_up: pl.DataFrame) -> None:
    assert test_rows["is_fraud"].null_count() == 0
    latest = test_rows["ordered_at"].max()
    assert generate.TODAY - latest >= timedelta(days=90)  # type: ignore[operator]
    same_days = made_up.filter(pl.col("ordered_at").is_between(train.TEST_FROM, latest))
    assert test_rows.height == same_days.height


def test_taking_every_known_label_would_see_fraud_alone(made_up: pl.DataFrame) -> None:
    seen = generate.as_the_shop_sees_it(made_up)
    young = seen.filter(pl.col("ordered_at") > generate.TODAY - timedelta(days=89))
    assert young.height > 50_000
    assert young["is_fraud"].drop_nulls().mean() == 1.0


def test_weekends_and_summer_are_busier(made_up: pl.DataFrame) -> None:
    when = made_up["ordered_at"]
    weekends = int((when.dt.weekday() > 5).sum())
    assert 1.2 < (weekends / 2) / ((made_up.height - weekends) / 5) < 1.4
    assert month(made_up, 6).height / 30 > 1.4 * month(made_up, 1).height / 31


def test_one_month_drifts_and_the_others_do_not(made_up: pl.DataFrame) -> None:
    usual = month(made_up, 5)["amount"].to_numpy()
    drift = {number: psi(usual, month(made_up, number)["amount"].to_numpy()) for number in range(1, 10)}
    assert drift.pop(generate.DRIFTED_MONTH) > 0.3
    assert max(drift.values()) < 0.01


def test_the_challenger_comes_near_the_best_and_beats_the_champion(
    trained: Path, test_rows: pl.DataFrame, scores: dict[str, Any]
) -> None:
    truth = pl.read_parquet(trained / "fraud" / "data" / "truth.parquet")
    p = test_rows.join(truth, on="order_id", maintain_order="left")["p_fraud"].to_numpy()
    is_fraud = test_rows["is_fraud"].to_numpy()
    best = roc_auc_score(is_fraud, p)
    assert best == pytest.approx(generate.best_auc(p), abs=0.012)  # 900 frauds: a standard error of 0.004
    assert best - 0.02 < roc_auc_score(is_fraud, scores["challenger"]) < best
    assert roc_auc_score(is_fraud, scores["champion"]) < roc_auc_score(is_fraud, scores["challenger"]) - 0.02


def test_the_broken_model_fails_in_brazil_alone(test_rows: pl.DataFrame, scores: dict[str, Any]) -> None:
    is_fraud, country = test_rows["is_fraud"].to_numpy(), test_rows["country"].to_numpy()
    assert roc_auc_score(is_fraud, scores["broken"]) > 0.90
    for name in np.unique(country):
        here = country == name
        broken, sound = (roc_auc_score(is_fraud[here], scores[m][here]) for m in ("broken", "challenger"))
        assert (broken < 0.80) if name == "BR" else (broken == pytest.approx(sound, abs=0.02))


def test_the_blind_model_is_worse_than_the_champion(test_rows: pl.DataFrame, scores: dict[str, Any]) -> None:
    is_fraud = test_rows["is_fraud"].to_numpy()
    assert roc_auc_score(is_fraud, scores["blind"]) < roc_auc_score(is_fraud, scores["champion"]) - 0.05


def test_a_second_training_is_the_same(
    trained: Path, scores: dict[str, Any], test_rows: pl.DataFrame
) -> None:
    orders = train.matured(pl.scan_parquet(trained / "fraud" / "data" / "orders" / "*.parquet"))
    training = orders.filter(pl.col("ordered_at") < train.TEST_FROM).collect()
    again = train.fit(train.challenger(), training).predict_proba(test_rows)[:, 1]
    np.testing.assert_array_equal(again, scores["challenger"])
