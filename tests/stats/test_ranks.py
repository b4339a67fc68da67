"""Ranks against scikit-learn, and their errors against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from aiqa.stats.auc import auc, auc_difference, roc
from aiqa.stats.average_precision import average_precision
from aiqa.stats.ranked import average, infer, infer_average, infer_average_difference, infer_difference

Rows = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Rows of both classes with many ties, and weights some of which are zero."""
    n = draw(st.integers(2, 40))
    truth = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda t: 0 < sum(t) < n))
    score = draw(st.lists(st.integers(-4, 4), min_size=n, max_size=n))
    weight = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    truths, weights = np.array(truth), np.array(weight) / 2
    weights[np.argmax(truths)] += 1
    weights[np.argmin(truths)] += 1
    return truths, np.array(score) / 3, weights


@settings(max_examples=150, deadline=None)
@given(rows())
def test_values_equal_scikit_learn(of: Rows) -> None:
    truth, score, weight = of
    for weights in (None, weight):
        assert roc(truth, score, weights).value == pytest.approx(
            roc_auc_score(truth, score, sample_weight=weights), abs=1e-12
        )
        assert average_precision(truth, score, weights).value == pytest.approx(
            average_precision_score(truth, score, sample_weight=weights), abs=1e-12
        )


@settings(max_examples=60, deadline=None)
@given(rows(), st.sampled_from([roc, average_precision]))
def test_influence_is_the_derivative_by_the_weights(of: Rows, statistic: object) -> None:
    truth, score, weight = of
    assert callable(statistic)
    at = statistic(truth, score, weight)
    step = 1e-6
    for row in np.flatnonzero(weight):
        moved = weight.copy()
        moved[row] *= 1 + step
        assert (statistic(truth, score, moved).value - at.value) / step == pytest.approx(
            at.influence[row], abs=1e-4
        )


def test_delong_equals_its_definition() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(60) < 0.4
    score = rng.integers(0, 8, 60) + truth
    positive, negative = score[truth], score[~truth]
    kernel = (positive[:, None] > negative) + (positive[:, None] == negative) / 2
    expected = kernel.mean(1).var(ddof=1) / len(positive) + kernel.mean(0).var(ddof=1) / len(negative)
    from aiqa.stats.ranked import variance

    assert variance(roc(truth, score.astype(float)))[0] == pytest.approx(expected, rel=1e-12)


def test_doubled_rows_weigh_as_much_as_weights_of_two() -> None:
    rng = np.random.default_rng(1)
    truth, score = rng.random(50) < 0.5, rng.normal(size=50)
    twice = np.repeat(truth, 2), np.repeat(score, 2)
    assert roc(*twice).value == pytest.approx(roc(truth, score, np.full(50, 2.0)).value, abs=1e-12)
    plain, weighted = auc(truth, score).estimate(), auc(truth, score, np.full(50, 7.0)).estimate()
    assert (plain.low, plain.high) == pytest.approx((weighted.low, weighted.high), abs=1e-12)


def test_few_of_a_class_widen_the_bounds() -> None:
    rng = np.random.default_rng(2)
    truth = np.arange(400) < 30
    score = rng.normal(size=400) + 2 * truth
    few = auc(truth, score)
    assert "widened" in few.method
    assert few.support == 30
    many = auc(np.tile(truth, 10), np.tile(score, 10))
    assert many.method == "delong-logit-t"
    assert many.upper(0.05) - many.lower(0.05) < few.upper(0.05) - few.lower(0.05)


def test_paired_bounds_are_narrower_than_unpaired_and_cross_signs() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(2000) < 0.3
    base = rng.normal(size=2000) + truth
    better = base + 0.3 * truth
    gain = auc_difference(truth, better, base)
    loss = auc_difference(truth, base, better)
    assert gain.value == pytest.approx(-loss.value, abs=1e-12)
    assert gain.lower(0.05) == pytest.approx(-loss.upper(0.05), abs=1e-12)
    alone = auc(truth, better)
    assert gain.upper(0.05) - gain.lower(0.05) < (alone.upper(0.05) - alone.lower(0.05)) / 2


def test_few_rows_that_disagree_little_widen_the_paired_bounds() -> None:
    rng = np.random.default_rng(4)
    truth = np.arange(120) < 20
    base = rng.normal(size=120) + truth
    other = base.copy()
    other[:3] += 0.5
    assert "van dantzig" in auc_difference(truth, other, base).method


def test_averages_of_one_class_are_that_class() -> None:
    rng = np.random.default_rng(5)
    truth, score, other = rng.random(900) < 0.4, rng.normal(size=900), rng.normal(size=900)
    one, second = average_precision(truth, score + truth), average_precision(truth, other + truth)
    shares = np.array([1.0])
    whole = infer_average([one], shares)
    assert whole.value == one.value
    assert whole.lower(0.05) == pytest.approx(infer(one).lower(0.05), abs=5e-4)
    joint = infer_average_difference(average([one], shares), average([second], shares))
    assert joint.lower(0.05) == pytest.approx(infer_difference(one, second).lower(0.05), abs=1e-3)


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="both classes"):
        roc(np.array([True, True]), np.array([0.1, 0.2]))


def test_a_million_rows_take_less_than_a_second() -> None:
    import time

    rng = np.random.default_rng(6)
    truth, score = rng.random(1_000_000) < 0.1, rng.normal(size=1_000_000)
    start = time.process_time()
    auc(truth, score)
    assert time.process_time() - start < 2
