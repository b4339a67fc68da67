"""Rankings by query: scikit-learn query by query, all orders of tied rows, units, weights, errors."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, ndcg_score

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.stats.proportions import proportion

Array = NDArray[Any]
_AT = 3
ALL = [
    metric.ndcg(query="q"),
    metric.ndcg(k=_AT, query="q"),
    metric.mean_average_precision(query="q"),
    metric.mean_average_precision(k=_AT, query="q"),
    metric.mrr(query="q"),
    metric.mrr(k=_AT, query="q"),
    metric.hit_rate(k=_AT, query="q"),
    metric.precision_at(k=_AT, query="q"),
    metric.recall_at(k=_AT, query="q"),
]
_RNG = np.random.default_rng(0)
_FRAME = pl.DataFrame(
    {
        "q": [f"query {k}" for k in _RNG.permutation(np.arange(600) % 60)],
        "y": (_RNG.random(600) < 0.25).astype(int),
        "old": _RNG.random(600),
    }
).with_columns(y=pl.when(pl.col("q").is_first_distinct()).then(1).otherwise(pl.col("y")))
_FRAME = _FRAME.with_columns(
    score=pl.col("old") + 0.5 * pl.col("y"), user=pl.col("q").str.slice(6).cast(pl.Int64) % 15
)


def _of(of: Metric, frame: Any = _FRAME, **given_: Any) -> Any:
    return aiqa.evaluate(of, frame, **{"y_true": "y", "y_score": "score", **given_})


@dataclass(frozen=True)
class Rows:
    query: Array
    truth: Array
    score: Array


@st.composite
def rows(draw: st.DrawFn, largest: int) -> Rows:
    """Queries of one row and more, of which the first has a relevant row; scores with ties or without."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    query = np.repeat(np.arange(4), rng.integers(1, largest, 4))
    truth = rng.integers(0, 2, len(query))
    truth[0] = 1
    score = rng.random(len(query)).round(draw(st.sampled_from([0, 1, 9])))
    order = rng.permutation(len(query))
    return Rows(query[order], truth[order], score[order])


def _value(name: str, truth: Array, k: int | None) -> float:
    """Return a metric of one query whose rows are in order."""
    first = truth if k is None else truth[:k]
    found = np.flatnonzero(first)
    if name == "mrr":
        return 1 / (found[0] + 1) if len(found) else 0.0
    if name == "hit_rate":
        return float(len(found) > 0)
    if name == "mean_average_precision":
        total = sum((i + 1) / (rank + 1) for i, rank in enumerate(found))
        return float(total / min(truth.sum(), len(truth) if k is None else k))
    if name == "precision_at":
        return len(found) / (k or 1)
    return float(len(found) / truth.sum())


def _over_orders(name: str, truth: Array, score: Array, k: int | None) -> float:
    """Return the mean over all orders in which the score does not rise."""
    values = [
        _value(name, truth[list(order)], k)
        for order in itertools.permutations(range(len(truth)))
        if (np.diff(score[list(order)]) <= 0).all()
    ]
    return float(np.mean(values))


@settings(deadline=None, max_examples=40)
@given(rows(7), st.sampled_from(ALL[2:]))
def test_ties_are_the_mean_over_all_orders(of: Rows, asked: Metric) -> None:
    frame = {"q": of.query, "y": of.truth, "score": of.score}
    expected = []
    for query in range(4):
        inside = of.query == query
        if of.truth[inside].any():
            k = asked.options.as_dict().get("k")
            expected.append(_over_orders(asked.name, of.truth[inside], of.score[inside], k))
    ours = _of(asked, frame, classes=[0, 1])
    assert ours.value == pytest.approx(np.mean(expected), abs=1e-9)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


@settings(deadline=None, max_examples=40)
@given(rows(20), st.sampled_from([None, 1, 3, 50]), st.booleans())
def test_gain_is_that_of_scikit_learn(of: Rows, k: int | None, graded: bool) -> None:
    grades = of.truth * (1 + np.arange(len(of.truth)) % 3) if graded else of.truth
    expected = []
    for query in range(4):
        inside = of.query == query
        if grades[inside].any():
            alone = inside.sum() == 1
            expected.append(1.0 if alone else ndcg_score([grades[inside]], [of.score[inside]], k=k))
    frame = {"q": of.query, "y": grades.astype(float), "score": of.score}
    told: dict[str, Any] = {"y_score": None, "y_pred": "score", "task": "regression"} if graded else {}
    asked = metric.ndcg(query="q") if k is None else metric.ndcg(query="q", k=k)
    ours = _of(asked, frame if graded else frame | {"y": of.truth}, **(told or {"classes": [0, 1]}))
    assert ours.value == pytest.approx(np.mean(expected), abs=1e-9)


def test_average_precision_is_that_of_scikit_learn_without_ties() -> None:
    parts = _FRAME.partition_by("q")
    expected = [average_precision_score(p["y"], p["score"]) for p in parts]
    assert _of(metric.mean_average_precision(query="q")).value == pytest.approx(np.mean(expected), abs=1e-12)


def test_exponential_gain() -> None:
    frame = {"q": [1, 1, 1, 1], "y": [0.0, 3.0, 1.0, 2.0], "score": [4.0, 3.0, 2.0, 1.0]}
    told: dict[str, Any] = {"y_score": None, "y_pred": "score"}
    ours = _of(metric.ndcg(query="q", gain="exponential"), frame, **told)
    expected = ndcg_score([2.0 ** np.array(frame["y"]) - 1], [frame["score"]])
    assert ours.value == pytest.approx(expected, abs=1e-12)
    with pytest.raises(MetricError, match="no gain 'exponent'; did you mean 'exponential'"):
        _of(metric.ndcg(query="q", gain="exponent"), frame, **told)


def test_a_constant_score_in_a_long_query() -> None:
    """One relevant row at any of a thousand places."""
    frame = {"q": np.zeros(1000), "y": (np.arange(1000) == 7).astype(int), "score": np.ones(1000)}
    harmonic = float((1 / np.arange(1, 1001)).sum())
    for of in (metric.mrr(query="q"), metric.mean_average_precision(query="q")):
        assert _of(of, frame).value == pytest.approx(harmonic / 1000, rel=1e-12)
    assert _of(metric.hit_rate(k=10, query="q"), frame).value == pytest.approx(0.01, rel=1e-9)


def test_the_kind_of_a_query_does_not_matter() -> None:
    expected = _of(metric.ndcg(query="q"))
    codes = _FRAME["q"].str.slice(6).cast(pl.Int64)
    for kind in (codes, codes.cast(pl.Float64), _FRAME["q"].cast(pl.Categorical), codes.cast(pl.Date)):
        ours = _of(metric.ndcg(query="q"), _FRAME.with_columns(kind.alias("q")))
        assert ours.value == pytest.approx(expected.value, abs=1e-12)
        assert ours.high == pytest.approx(expected.high, abs=1e-12)


def test_queries_are_what_counts() -> None:
    hits = _of(metric.hit_rate(k=1, query="q"))
    first = _FRAME.sort("score").group_by("q").last()
    exact = proportion(float(first["y"].sum()), len(first)).estimate()
    assert (hits.value, hits.low, hits.high) == pytest.approx((exact.value, exact.low, exact.high), abs=1e-9)
    assert hits.n == len(_FRAME)
    by_user = _of(metric.hit_rate(k=1, query="q"), cluster="user")
    assert by_user.value == hits.value
    assert by_user.high - by_user.low > 0.8 * (hits.high - hits.low)
    twice = pl.concat([_FRAME, _FRAME.with_columns(pl.col("q") + "*")])
    again = _of(
        metric.mrr(query="q"), twice.with_columns(one=pl.col("q").str.strip_chars("*")), cluster="one"
    )
    alone = _of(metric.mrr(query="q"))
    assert again.value == pytest.approx(alone.value, abs=1e-12)
    assert again.high - again.low == pytest.approx(alone.high - alone.low, rel=0.02)


def test_queries_without_relevant_rows_are_left_out_and_counted() -> None:
    more = pl.DataFrame({"q": ["none", "none", "void"], "y": [0, 0, 0], "score": [0.5, 0.2, 0.1]})
    ours = _of(metric.ndcg(query="q"), pl.concat([_FRAME.select("q", "y", "score"), more]))
    assert ours.value == _of(metric.ndcg(query="q")).value
    assert "2 queries without relevant rows left out" in ours.method
    with pytest.raises(MetricError, match="no query has a relevant row"):
        _of(metric.ndcg(query="q"), more, classes=[0, 1])


def test_weights_are_those_of_queries() -> None:
    weight = pl.col("user") + 1.0
    weighted = _of(metric.mrr(query="q"), _FRAME.with_columns(w=weight), sample_weight="w")
    parts = _FRAME.partition_by("q")
    values = [_of(metric.mrr(query="q"), part, classes=[0, 1]).value for part in parts]
    expected = np.average(values, weights=[part["user"][0] + 1.0 for part in parts])
    assert weighted.value == pytest.approx(expected, abs=1e-12)
    uneven = _FRAME.with_columns(w=pl.int_range(pl.len()) + 1.0)
    with pytest.raises(MetricError, match="the weight differs within a query"):
        _of(metric.mrr(query="q"), uneven, sample_weight="w")
    empty = pl.DataFrame({"q": [1, 1, 2], "y": [1, 0, 0], "score": [0.5, 0.2, 0.1], "w": [0.0, 0.0, 1.0]})
    with pytest.raises(MetricError, match="no query with a relevant row has weight"):
        _of(metric.mrr(query="q"), empty, sample_weight="w")


def test_slices_are_those_of_their_rows() -> None:
    half = _FRAME.with_columns(half=pl.when(pl.col("user") < 7).then(pl.lit("a")).otherwise(pl.lit("b")))
    for of in ALL:
        assert _of(of, half, by="half")["a"] == _of(of, half.filter(half="a"))


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.id)
def test_comparisons_are_paired_by_query(of: Metric) -> None:
    result = aiqa.compare(of, _FRAME, y_true="y", champion="old", challenger="score")
    assert result.low <= result.difference <= result.high
    assert result.low > 0 or of.name in ("hit_rate", "recall_at")
    assert result.challenger == pytest.approx(_of(of).value, abs=1e-12)
    assert result.champion == pytest.approx(_of(of, y_score="old").value, abs=1e-12)
    same = aiqa.compare(of, _FRAME, y_true="y", champion="score", challenger="score", cluster="user")
    assert same.difference == 0
    assert same.low <= 0 <= same.high


def test_hits_are_compared_by_tango() -> None:
    result = aiqa.compare(
        metric.hit_rate(k=1, query="q"), _FRAME, y_true="y", champion="old", challenger="score"
    )
    assert "tango" in result.method
    named = aiqa.compare(
        metric.hit_rate(k=1, query="q", method="mcnemar-midp"),
        _FRAME,
        y_true="y",
        champion="old",
        challenger="score",
    )
    assert named.p_value < 0.01


def test_intervals_of_shares_by_name() -> None:
    wilson = _of(metric.hit_rate(k=1, query="q", method="wilson"))
    exact = proportion(round(60 * wilson.value), 60, method="wilson").estimate()
    assert (wilson.low, wilson.high) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert wilson.n == 600
    tied = _FRAME.with_columns(score=pl.lit(0.5))
    with pytest.raises(MetricError, match="some queries have a value in between"):
        _of(metric.hit_rate(k=1, query="q", method="wilson"), tied)
    with pytest.raises(MetricError, match="no method of one alone"):
        _of(metric.hit_rate(k=1, query="q", method="tango"))
    with pytest.raises(MetricError, match="has no method 'wilson'"):
        _of(metric.ndcg(query="q", method="wilson"))


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (metric.ndcg, r"needs query=.*ndcg\(query='query_id'\)"),
        (metric.hit_rate(query="q"), "needs k="),
        (metric.ndcg(query="q", k=0), "from 1 up, not 0"),
        (metric.ndcg(query="q", k=2.5), "from 1 up, not 2.5"),
        (metric.ndcg(query="usr"), "there is no column 'usr'; did you mean 'user'"),
        (metric.ndcg(query=3), "takes the name of a column, not 3"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(of: Metric, why: str) -> None:
    with pytest.raises(MetricError, match=why):
        _of(of)


def test_unusable_columns_say_where() -> None:
    missing = _FRAME.with_columns(q=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise(pl.col("q")))
    with pytest.raises(MetricError, match="column 'q' is missing") as caught:
        _of(metric.ndcg(query="q"), missing)
    assert (caught.value.column, caught.value.row) == ("q", 5)
    with pytest.raises(MetricError, match="several clusters within a query") as caught:
        _of(metric.ndcg(query="q"), cluster=np.arange(600))
    assert caught.value.column == "q"
    frame = {"q": [1, 1], "y": [-1.0, 0.5], "score": [0.3, 0.4]}
    with pytest.raises(MetricError, match="relevance from 0 up"):
        _of(metric.ndcg(query="q"), frame, y_score=None, y_pred="score")
    with pytest.raises(MetricError, match="ndcg needs scores"):
        _of(metric.ndcg(query="q"), y_score=None, y_pred="y")


@pytest.mark.parametrize(
    "method", ["linearised", "t", "bootstrap", "bca", "percentile", "poisson", "jackknife"]
)
def test_methods(method: str) -> None:
    asked = metric.mrr(query="q", method=method, replicates=400)
    own, other = _of(metric.mrr(query="q")), _of(asked)
    assert other.value == own.value
    assert other.high - other.low == pytest.approx(own.high - own.low, rel=0.3)
