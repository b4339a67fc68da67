"""Resampling of functionals: against scipy and R, whole clusters, blocks, and the same bounds every time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from aiqa.stats import functional as functionals
from aiqa.stats import resampling
from aiqa.stats.bootstrap import from_replicates
from aiqa.stats.functional import METHODS, Functional, average, function_of, infer, mean_of
from tests.statistical.reference import case, columns

RESAMPLED = ("bootstrap", "bootstrap-t", "bca", "percentile", "poisson")
_RNG = np.random.default_rng(11)
_X = _RNG.exponential(size=120)
_Y = _X + _RNG.exponential(size=120)


def ratio(x: Any, y: Any, weight: Any = None, **told: Any) -> Functional:
    parts = (mean_of(x, weight), mean_of(y, weight))
    return function_of(lambda a, b: a / b, parts, lambda a, b: (1 / b, -a / b**2), **told)


def _bounds(of: Functional, alpha: float = 0.05, **how: Any) -> tuple[float, float]:
    inference = infer(of, **{"replicates": 500, **how})
    return inference.lower(alpha), inference.upper(alpha)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
def test_as_scipy(method: Any) -> None:
    found = stats.bootstrap(
        (_X, _Y),
        lambda x, y, axis=-1: x.mean(axis) / y.mean(axis),
        paired=True,
        vectorized=True,
        n_resamples=5000,
        method=method,
        rng=np.random.default_rng(0),
    )
    ours = infer(ratio(_X, _Y), method=method.lower(), replicates=5000).estimate()
    error = float(found.standard_error)
    assert ours.low == pytest.approx(found.confidence_interval.low, abs=0.15 * error)
    assert ours.high == pytest.approx(found.confidence_interval.high, abs=0.15 * error)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_as_r_on_ten_cities(method: str) -> None:
    of = case("city_ratio_bca")
    data = columns(of)
    cities = ratio(data["num"].astype(float), data["den"].astype(float))
    ours = infer(cities, method=method, replicates=5000).estimate()
    expected = of["expected"][method]
    assert ours.low == pytest.approx(expected["lower"], abs=of["tolerance"]["abs"])
    assert ours.high == pytest.approx(expected["upper"], abs=of["tolerance"]["abs"])


def test_near_the_analytic_bca_of_r() -> None:
    of = case("city_ratio_abc")
    data = columns(of)
    ours = infer(ratio(data["num"].astype(float), data["den"].astype(float)), method="bca").estimate()
    assert (ours.low, ours.high) == pytest.approx((of["expected"]["lower"], of["expected"]["upper"]), abs=0.1)


def test_jackknife_of_a_mean_is_student() -> None:
    ours = infer(mean_of(_X), method="jackknife").estimate()
    expected = stats.ttest_1samp(_X, 0).confidence_interval()
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


@pytest.mark.parametrize("method", RESAMPLED)
def test_the_same_bounds_for_any_number_of_threads(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = _bounds(ratio(_X, _Y), method=method, replicates=600)
    monkeypatch.setattr(resampling, "_THREADED", 0)
    assert _bounds(ratio(_X, _Y), method=method, replicates=600) == alone
    assert _bounds(ratio(_X, _Y), method=method, replicates=600, seed=1) != alone


@pytest.mark.parametrize("method", [*RESAMPLED, "jackknife"])
def test_whole_clusters_are_drawn(method: str) -> None:
    """Every row three times over: three times the rows, and not a bit more certain."""
    rows = _bounds(mean_of(_X), method=method)
    clusters = np.tile(np.arange(len(_X)), 3) * 2  # numbers may have gaps
    thrice = _bounds(mean_of(np.tile(_X, 3)), method=method, clusters=clusters)
    assert thrice == pytest.approx(rows, rel=1e-9)
    narrow = _bounds(mean_of(np.tile(_X, 3)), method=method)
    assert narrow[1] - narrow[0] < 0.65 * (thrice[1] - thrice[0])


@pytest.mark.parametrize("method", [*RESAMPLED, "jackknife"])
def test_cells_that_stand_for_rows(method: str) -> None:
    """Seven rows of a kind are one cell of seven."""
    cells = Functional(
        weight=np.array([30.0, 50.0, 20.0]),
        value=mean_of(np.array([1.0, 2.0, 5.0])).value,
        influence=mean_of(np.array([1.0, 2.0, 5.0])).influence,
        n=100,
        count=np.array([30.0, 50.0, 20.0]),
    )
    rows = mean_of(np.repeat([1.0, 2.0, 5.0], [30, 50, 20]))
    assert _bounds(cells, method=method) == pytest.approx(_bounds(rows, method=method), abs=0.04)


def test_equal_weights_change_nothing() -> None:
    for method in METHODS:
        plain, weighted = (_bounds(ratio(_X, _Y, w), method=method) for w in (None, np.full(120, 3.0)))
        assert weighted == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("clustered", [True, False])
def test_blocks_of_a_large_table(grouped: bool, clustered: bool) -> None:
    """Sorted rows: blocks that went by the order of rows would show too little variation, or too much."""
    n = 30_000
    x = np.sort(np.random.default_rng(1).exponential(size=n))
    clusters = np.arange(n) // 3 if clustered else None
    of = mean_of(x)
    if not grouped:
        of = Functional(of.weight, of.value, of.influence, of.n)
    units = x if clusters is None else x.reshape(-1, 3).mean(axis=1)
    expected = stats.norm.ppf(0.95) * units.std() / math.sqrt(len(units))
    for method in ("bootstrap", "percentile", "jackknife"):
        inference = infer(of, method=method, clusters=clusters)
        assert "1,000 blocks of" in inference.method
        assert inference.upper(0.05) - inference.value == pytest.approx(expected, rel=0.12)
        assert inference.value - inference.lower(0.05) == pytest.approx(expected, rel=0.12)


def test_blocks_keep_a_few_rows_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recall of 40 positive rows among many: as curved in blocks as it is in rows."""
    rng = np.random.default_rng(0)
    positive = np.zeros(8000)
    positive[rng.choice(8000, 40, replace=False)] = 1.0
    hit = positive * (rng.random(8000) < 0.8)
    blocks = _bounds(ratio(hit, positive), method="bca")
    monkeypatch.setattr(functionals, "MANY", 10_000)
    rows = _bounds(ratio(hit, positive), method="bca")
    assert blocks == pytest.approx(rows, abs=0.02)


@pytest.mark.parametrize("method", [*RESAMPLED, "jackknife"])
def test_no_variation_proves_nothing(method: str) -> None:
    both = average([mean_of(_X), mean_of(-_X)], [0.5, 0.5], domain=(-1.0, 1.0))
    assert _bounds(both, method=method) == (-1.0, 1.0)


@pytest.mark.parametrize("method", RESAMPLED)
def test_what_is_not_defined_on_a_draw_counts_for_both_ends(method: str) -> None:
    """Two positive rows: every seventh draw has none."""
    two = np.zeros(60)
    two[[7, 20]] = 1.0
    of = ratio(two * np.linspace(0, 1, 60), two, domain=(0.0, 1.0))
    assert _bounds(of, method=method) == (0.0, 1.0)


@pytest.mark.parametrize("method", METHODS)
def test_bounds_are_ordered_at_any_error_rate(method: str) -> None:
    inference = infer(ratio(_X, _Y, domain=(0.0, 1.0)), method=method, replicates=200)
    alphas = [0.5, 0.2, 0.05, 0.01, 1e-3, 1e-6, 1e-12]
    lower = [inference.lower(alpha) for alpha in alphas]
    upper = [inference.upper(alpha) for alpha in alphas]
    assert lower == sorted(lower, reverse=True)
    assert upper == sorted(upper)
    assert 0 <= lower[-1] < lower[2] < inference.value < upper[2] < upper[-1] <= 1


def test_few_of_a_kind_prove_nothing_by_studentised_draws() -> None:
    """One error in fifty rows: many draws have none, and so no error to go by."""
    inference = infer(mean_of((np.arange(50) > 0).astype(float), domain=(0.0, 1.0)), method="bootstrap")
    assert inference.lower(0.05) == 0.0


def test_undefined_resamples_count_for_both_extremes() -> None:
    drawn = np.concatenate([np.full(200, math.nan), np.linspace(0.4, 0.6, 800)])
    inference = from_replicates(0.5, drawn, 100, "", domain=(0.0, 1.0))
    assert (inference.lower(0.1), inference.upper(0.1)) == (0.0, 1.0)
    assert inference.lower(0.3) > 0.4
