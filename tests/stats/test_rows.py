"""Any function of rows: percentile, BCa, Poisson and jackknife bounds, in clusters and in part."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from aiqa.stats.rows import METHODS, ROWS, Units, infer_function

_X = np.random.default_rng(3).exponential(size=150)


def _mean(rows: Any) -> float:
    return float(_X[rows].mean())


def test_as_scipy() -> None:
    methods: list[Any] = ["percentile", "BCa"]
    for method in methods:
        rng = np.random.default_rng(0)
        found = stats.bootstrap((_X,), np.mean, n_resamples=4999, method=method, rng=rng)
        ours = infer_function(_mean, _mean(slice(None)), 150, method=method.lower(), replicates=4999)
        low, high = found.confidence_interval
        assert ours.estimate().low == pytest.approx(low, abs=0.15 * float(found.standard_error))
        assert ours.estimate().high == pytest.approx(high, abs=0.15 * float(found.standard_error))


@pytest.mark.parametrize("method", METHODS)
def test_whole_clusters_are_drawn(method: str) -> None:
    clusters = np.repeat(np.arange(50), 3) * 5
    means = _X.reshape(-1, 3).mean(axis=1)
    inference = infer_function(_mean, _mean(slice(None)), 150, clusters=clusters, method=method)
    error = means.std(ddof=1) / math.sqrt(50)
    assert (inference.upper(0.05) - inference.lower(0.05)) / (3.3 * error) == pytest.approx(1, abs=0.2)
    assert "clusters" in inference.method


@pytest.mark.parametrize("method", METHODS)
def test_bounds_are_ordered_at_any_error_rate(method: str) -> None:
    inference = infer_function(_mean, _mean(slice(None)), 150, method=method, replicates=100)
    alphas = [0.5, 0.2, 0.05, 1e-3, 1e-6, 1e-12]
    lower = [inference.lower(alpha) for alpha in alphas]
    upper = [inference.upper(alpha) for alpha in alphas]
    assert lower == sorted(lower, reverse=True)
    assert upper == sorted(upper)
    assert math.isfinite(lower[-1])
    assert math.isfinite(upper[-1])


def test_rows_of_clusters() -> None:
    units = Units.of(6, np.array([7, 2, 7, 2, 9, 2]))
    assert units.drawn(np.array([0, 2, 0])).tolist() == [1, 3, 5, 4, 1, 3, 5]
    assert units.drawn(np.array([], dtype=np.intp)).tolist() == []


def test_expanded_levels_are_wider_with_few_units() -> None:
    few = _X[:12]
    plain, wider = (
        infer_function(lambda rows: float(few[rows].mean()), float(few.mean()), 12, method=method)
        for method in ("bca", "bootstrap")
    )
    assert wider.lower(0.05) < plain.lower(0.05)
    assert wider.upper(0.05) > plain.upper(0.05)
    assert wider.lower(0.5) == plain.lower(0.5)


@pytest.mark.parametrize("clusters", [None, np.arange(100_000) // 4])
def test_large_tables_are_resampled_in_part(clusters: Any) -> None:
    x = np.random.default_rng(0).normal(size=100_000)
    sizes: list[int] = []

    def mean(rows: Any) -> float:
        sizes.append(len(rows))
        return float(x[rows].mean())

    inference = infer_function(mean, float(x.mean()), len(x), clusters=clusters)
    error = float(x.std()) / len(x) ** 0.5
    assert "scaled" in inference.method
    assert set(sizes) == {ROWS}
    assert (inference.upper(0.05) - inference.lower(0.05)) / (2 * 1.645 * error) == pytest.approx(1, abs=0.2)


def test_large_clusters_are_not_drawn_in_too_small_a_number() -> None:
    assert Units.of(100_000, np.arange(100_000) // 2000).enough() == 50
    assert Units.of(100_000, np.arange(100_000) // 25_000).enough() == 4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 50, 5000])
def test_no_variation_proves_nothing(n: int, method: str) -> None:
    estimate = infer_function(lambda _: 1.0, 1.0, n, method=method, domain=(0.0, 1.0)).estimate()
    assert (estimate.low, estimate.high) == (0.0, 1.0)


@pytest.mark.parametrize("method", METHODS)
def test_draws_on_which_nothing_is_defined_widen(method: str) -> None:
    def defined_with_the_first(rows: Any) -> float:
        return float(_X[rows].mean()) if 0 in rows else math.nan

    of = infer_function(defined_with_the_first, _mean(slice(None)), 150, method=method, domain=(0.0, 9.0))
    assert (of.lower(0.05), of.upper(0.05)) == (0.0, 9.0)
