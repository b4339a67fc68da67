"""Bounds from moments against their special cases, their definitions and each other."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from aiqa.stats.functional import Functional, difference, function_of, infer, mean_of
from aiqa.stats.proportions import clopper_pearson_lower, clopper_pearson_upper
from aiqa.stats.skewed import Scale, gaffke_distance, hall_distance
from aiqa.stats.special import expit, logit

Floats = NDArray[np.float64]
ALPHAS = (0.2, 0.05, 0.01, 1e-4)


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_gaffke_of_shares_is_clopper_and_pearsons(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    inference = infer(mean_of((np.arange(n) < right).astype(float), domain=(0.0, 1.0)))
    for alpha in ALPHAS:
        assert inference.lower(alpha) == pytest.approx(clopper_pearson_lower(right, n, alpha), abs=1e-9)
        assert inference.upper(alpha) == pytest.approx(clopper_pearson_upper(right, n, alpha), abs=1e-9)


@pytest.mark.parametrize("shape", [(0.1, 0.9), (2.0, 0.5), (1.0, 1.0), (5.0, 50.0)])
@pytest.mark.parametrize("n", [10, 40])
def test_gaffke_from_moments_is_the_quantile_of_dirichlet_means(shape: tuple[float, float], n: int) -> None:
    rng = np.random.default_rng(n)
    rows = rng.beta(*shape, n)
    weights = rng.standard_exponential((100_000, n + 1))
    drawn = weights @ np.append(rows, 1.0) / weights.sum(axis=1)
    bound = infer(mean_of(rows, domain=(0.0, 1.0))).upper(0.05)
    assert bound - rows.mean() == pytest.approx(float(np.quantile(drawn, 0.95)) - rows.mean(), rel=0.03)


def test_gaffke_cannot_leave_the_range_and_a_loose_end_can_be_left() -> None:
    assert gaffke_distance(0.01, 0.0, 10, 0.0, 0.05) == 0.0
    assert gaffke_distance(0.01, 0.0, 10, 0.0, 0.05, firm=False) > 0.1
    assert gaffke_distance(1e-4, 0.0, 100, 0.5, 1e-12) <= 0.5


@settings(deadline=None)
@given(st.floats(0.1, 4), st.floats(-0.5, 0.5).filter(lambda a: abs(a) > 1e-3))
def test_hall_is_his_transformation_up_to_its_end(z: float, skew: float) -> None:
    root = np.cbrt(1 + skew * (-z - skew / 6))
    expected = 3 * (1 - root) / skew
    if root <= -0.4 or z + skew / 6 < 0:
        return
    found = hall_distance(z, skew, 0.0, 100.0)
    assert found == pytest.approx(expected, rel=1e-9) or skew * (z + skew / 6) > 1 - 0.4**3


@settings(deadline=None)
@given(st.floats(-2, 2), st.floats(0, 1), st.floats(3, 1e6))
def test_hall_is_further_away_for_smaller_error_rates_and_longer_tails(
    skew: float, excess: float, n: float
) -> None:
    by_rate = [hall_distance(z, skew, excess, n) for z in (0.0, 0.5, 1.6, 3.0, 7.0)]
    assert by_rate == sorted(by_rate)
    by_tail = [hall_distance(1.6, skew, more, n) for more in (0.0, 0.01, 0.1, 0.5)]
    assert by_tail == sorted(by_tail)
    by_skew = [hall_distance(1.6, a, 0.0, n) for a in (-1.5, -0.5, -1e-12, 0.0, 1e-12, 0.3, 0.9, 2.0)]
    assert by_skew == sorted(by_skew)


def test_losses_end_and_their_end_has_no_long_tail() -> None:
    x = np.random.default_rng(4).lognormal(size=60)
    loss, plain = infer(mean_of(x, domain=(0.0, math.inf))), infer(mean_of(x))
    assert loss.lower(0.05) > plain.lower(0.05)
    assert loss.upper(0.05) == plain.upper(0.05)
    many = np.random.default_rng(4).lognormal(size=2000)
    assert infer(mean_of(many, domain=(0.0, math.inf))).upper(0.05) > infer(mean_of(many)).upper(0.05)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=40), st.sampled_from([-3.0, 1e-6, 1e6]))
def test_bounds_move_with_the_unit(values: list[int], unit: float) -> None:
    x = np.array(values, dtype=float)
    if np.ptp(x) == 0:
        return
    one, other = infer(mean_of(x)), infer(mean_of(unit * x))
    low, high = sorted((unit * one.lower(0.05), unit * one.upper(0.05)))
    assert (other.lower(0.05), other.upper(0.05)) == pytest.approx((low, high), rel=1e-6)


def _cells(values: Floats, times: Floats) -> Functional:
    """The mean of values that occur so often each, as a functional of the cells."""
    return replace(mean_of(values, times), count=times, n=int(times.sum()))


def test_cells_tell_what_their_rows_do() -> None:
    values, times = np.array([0.0, 1.0, 5.0, 40.0]), np.array([30.0, 50.0, 15.0, 2.0])
    rows = infer(mean_of(np.repeat(values, times.astype(int))))
    cells = infer(_cells(values, times))
    for alpha in ALPHAS:
        assert cells.lower(alpha) == pytest.approx(rows.lower(alpha), rel=1e-9)
        assert cells.upper(alpha) == pytest.approx(rows.upper(alpha), rel=1e-9)


SCALES: dict[Scale, tuple[Any, Any]] = {
    "log": (math.log, math.exp),
    "logit": (logit, expit),
    "fisher": (math.atanh, math.tanh),
}


@pytest.mark.parametrize("scale", SCALES)
def test_t_on_a_scale_is_symmetric_there(scale: Scale) -> None:
    to, _ = SCALES[scale]
    x = np.random.default_rng(0).beta(2, 3, 60)
    estimate = infer(replace(mean_of(x), scale=scale), method="t").estimate()
    centre = to(estimate.value)
    assert to(estimate.high) - centre == pytest.approx(centre - to(estimate.low))


@pytest.mark.parametrize("scale", SCALES)
def test_a_mean_on_a_scale_is_bent_outward_alone(scale: Scale) -> None:
    """Where the scale bends the mean, bounds are no nearer than plain ones."""
    x = np.random.default_rng(0).beta(2, 3, 200)
    plain, scaled = infer(mean_of(x)).estimate(), infer(replace(mean_of(x), scale=scale)).estimate()
    assert scaled.low <= plain.low + 1e-4
    assert scaled.high >= plain.high - 1e-4
    assert scaled.high - scaled.low < 1.1 * (plain.high - plain.low)


def test_what_is_linear_on_its_scale_gets_the_bounds_of_that_scale() -> None:
    """The exponential of a mean on the log scale is the exponential of the bounds of the mean."""
    x = np.random.default_rng(1).exponential(size=80)
    of = function_of(math.exp, (mean_of(x),), lambda mean: (math.exp(mean),), scale="log")
    mean, power = infer(mean_of(x)), infer(of)
    for alpha in (0.2, 0.05, 0.01):
        assert math.log(power.lower(alpha)) == pytest.approx(mean.lower(alpha), rel=1e-9)
        assert math.log(power.upper(alpha)) == pytest.approx(mean.upper(alpha), rel=1e-9)


def test_a_curved_value_is_bounded_further_out_on_its_steep_side() -> None:
    x = np.random.default_rng(2).normal(1, 1, 50)
    of = function_of(math.exp, (mean_of(x),), lambda mean: (math.exp(mean),))
    straight = infer(replace(of, smooth=False))
    assert infer(of).upper(0.05) > straight.upper(0.05)
    assert infer(of).lower(0.05) == straight.lower(0.05)


def test_t_is_scipys_with_clusters_as_rows() -> None:
    x = np.random.default_rng(3).normal(size=120)
    ours = infer(mean_of(x), clusters=np.arange(120) // 6, method="t").estimate()
    theirs = stats.ttest_1samp(x.reshape(20, 6).mean(axis=1), 0).confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_differences_of_bounded_means_are_bounded() -> None:
    first, second = (mean_of(np.zeros(30), domain=(0.0, 1.0)) for _ in range(2))
    estimate = infer(difference(first, second)).estimate(0.9)
    assert estimate.high == pytest.approx(1 - 0.05 ** (1 / 30))
    assert estimate.low == -estimate.high


@pytest.mark.parametrize("domain", [(0.0, 1.0), (0.0, math.inf), (-math.inf, math.inf)])
def test_one_row_tells_its_domain(domain: tuple[float, float]) -> None:
    estimate = infer(mean_of(np.array([0.5]), domain=domain)).estimate()
    assert domain[0] <= estimate.low < 0.05
    assert 0.95 < estimate.high <= domain[1]


def test_one_row_that_is_all_the_variance_leaves_nothing_sure() -> None:
    rows = np.append(np.full(499, 1.0), 1000.0)
    assert infer(mean_of(rows)).upper(0.05) > 1.9 * infer(mean_of(rows), method="t").upper(0.05) - 3
