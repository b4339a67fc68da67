"""Histograms of scores: within their own bound of the exact area, whatever the scores; parts add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiqa.stats.functional import infer
from aiqa.stats.joint_histogram import difference_of_areas, joint_histogram_of
from aiqa.stats.roc import AREA, area_of, infer_area
from aiqa.stats.row_ranks import Rows, difference_of, functional_of_cells, on_rows
from aiqa.stats.score_histogram import binned, cuts_of, histogram_of
from aiqa.stats.steps import steps_of

Array = NDArray[Any]


@st.composite
def rows(draw: st.DrawFn) -> tuple[Array, Array, Array | None]:
    """Skewed scores, shares of which sit on one value, over many orders of magnitude or none."""
    n = draw(st.integers(20, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = rng.random(n) < draw(st.sampled_from([0.05, 0.5, 0.9]))
    truth[:2] = [True, False]
    score = np.exp(draw(st.sampled_from([0.1, 3.0, 60.0])) * (rng.normal(size=n) + truth))
    score = np.where(rng.random(n) < draw(st.sampled_from([0.0, 0.4])), 0.25, score)
    if draw(st.booleans()):
        score = np.round(1 / (1 + score), 2)
    return truth, score, draw(st.sampled_from([None, rng.uniform(0.5, 3, n)]))


@settings(max_examples=100, deadline=None)
@given(rows(), st.sampled_from([4, 16, 128]))
def test_exact_area_is_within_the_bound(of: tuple[Array, Array, Array | None], bins: int) -> None:
    truth, score, weight = of
    exact = area_of(steps_of(truth, score, weight))
    histogram = histogram_of(truth, score, cuts_of(score, bins), weight)
    for steps in (histogram.steps, binned(steps_of(truth, score, weight), bins)):
        found = area_of(steps)
        assert abs(found.value - exact.value) <= found.slack[0] + 1e-12
        assert (steps.rows, steps.n) == (exact.rows, len(truth))
        assert steps.positive2.sum() == pytest.approx(steps_of(truth, score, weight).positive2.sum())


def test_bins_follow_the_scores() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(200_000) < 0.1
    for score in (np.exp(20 * rng.normal(size=len(truth)) + 10 * truth), rng.normal(size=len(truth)) ** 9):
        exact = area_of(steps_of(truth, score, joined=True))
        found = area_of(histogram_of(truth, score, cuts_of(score)).steps)
        assert found.slack[0] < 1e-5
        assert found.value == pytest.approx(exact.value, abs=1e-6)
        assert found.variance == pytest.approx(exact.variance, rel=1e-4)
        assert infer_area(found).lower(0.05) < infer_area(exact).lower(0.05)
        assert "bins within" in infer_area(found).method


def test_few_distinct_scores_are_exact() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random(5000) < 0.3
    score = np.round(rng.random(5000), 2) + truth / 4
    found = area_of(histogram_of(truth, score, cuts_of(score)).steps)
    exact = area_of(steps_of(truth, score))
    assert found.slack == (0.0, 0.0)
    assert found.value == pytest.approx(exact.value, abs=1e-14)
    assert infer_area(found).upper(0.05) == pytest.approx(infer_area(exact).upper(0.05), abs=1e-12)


def test_parts_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(2)
    truth, score, weight = rng.random(900) < 0.3, rng.normal(size=900), rng.uniform(0, 2, 900)
    cuts = cuts_of(score, 64)
    for weights in (None, weight):
        whole = histogram_of(truth, score, cuts, weights)
        parts = [
            histogram_of(truth[part], score[part], cuts, None if weights is None else weights[part])
            for part in np.split(np.arange(900), [100, 101, 500])
        ]
        merged = parts[0].merge(parts[1]).merge(parts[2]).merge(parts[3])
        for name in ("positive", "negative", "positive2", "negative2"):
            np.testing.assert_allclose(getattr(merged, name), getattr(whole, name), rtol=1e-12)
        assert (merged.rows, merged.n) == (whole.rows, whole.n)
    with pytest.raises(ValueError, match="same cuts"):
        whole.merge(histogram_of(truth, score, cuts[1:]))


@settings(max_examples=40, deadline=None)
@given(rows(), st.integers(0, 2**32 - 1), st.sampled_from([8, 512]))
def test_two_models_by_joint_bins(of: tuple[Array, Array, Array | None], seed: int, bins: int) -> None:
    truth, score, weight = of
    other = score * np.exp(np.random.default_rng(seed).normal(size=len(score)))
    scores = score, other
    joint = joint_histogram_of(truth, scores, (cuts_of(score, bins), cuts_of(other, bins)), weight)
    exact_of = Rows(truth.astype(np.int64), weight)
    models = [on_rows(AREA, truth, one, exact_of) for one in scores]
    exact, found = difference_of(*models).ranked(exact_of), difference_of_areas(joint)
    assert abs(found.value - exact.value) <= found.slack[0] + 1e-12
    if bins == 512:
        # Fine bins lose nothing of placements, and what coarse cells lose is made good.
        assert found.variance >= exact.variance * (1 - 1e-9) or exact.df == 0


def test_two_models_by_parts() -> None:
    rng = np.random.default_rng(5)
    truth, score = rng.random(30_000) < 0.2, rng.normal(size=30_000)
    score = score + truth
    other = score + rng.normal(size=30_000) / 3
    cuts = cuts_of(score), cuts_of(other)
    whole = joint_histogram_of(truth, (score, other), cuts)
    half = slice(0, 9_000), slice(9_000, None)
    first, second = (joint_histogram_of(truth[h], (score[h], other[h]), cuts) for h in half)
    assert difference_of_areas(first.merge(second)) == difference_of_areas(whole)
    of = Rows(truth.astype(np.int64))
    exact = difference_of(*(on_rows(AREA, truth, one, of) for one in (score, other))).ranked(of)
    found = difference_of_areas(whole)
    assert found.value == pytest.approx(exact.value, abs=1e-9)
    assert 1 <= (found.variance / exact.variance) ** 0.5 < 1.1
    assert found.third == pytest.approx(exact.third, rel=0.1)


@pytest.mark.parametrize("method", ["percentile", "poisson"])
def test_resampled_bins_give_the_error_of_rows(method: str) -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(50_000) < 0.05
    score = rng.normal(size=50_000) + truth
    steps = steps_of(truth, score, joined=True)
    exact = area_of(steps)
    found = infer(functional_of_cells(AREA, binned(steps, 1024)), method=method, replicates=600)
    spread = (found.upper(0.05) - found.lower(0.05)) / 2 / 1.645
    assert spread == pytest.approx(exact.variance**0.5, rel=0.15)
