"""Bounds that hold at every look, against direct integration and against what Ville promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from aiqa.stats.inference import exact
from aiqa.stats.linear import t_inference
from aiqa.stats.proportions import f1, proportion
from aiqa.stats.sequential import (
    TUNED_TO,
    at_every_look,
    beta_binomial,
    beta_binomial_interval,
    deviations,
    sprt,
)

COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def evidence_by_integration(x: int, n: int, p: float, precision: float) -> float:
    """Return the likelihood ratio of the beta mixture above p against p, integrated by the book."""
    prior = stats.beta(precision * p, precision * (1 - p))

    def integrand(share: float) -> float:
        ratio = x * math.log(share / p) + (n - x) * math.log1p(-share) - (n - x) * math.log1p(-p)
        return math.exp(ratio) * float(prior.pdf(share))

    peak = (precision * p + x) / (precision + n)
    return float(integrate.quad(integrand, p, 1 - 1e-12, points=[max(peak, p)], limit=200)[0] / prior.sf(p))


@pytest.mark.parametrize(("x", "n"), [(9, 10), (45, 50), (93, 100), (250, 500), (3, 200)])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_bound_is_where_the_mixture_has_enough_evidence(x: int, n: int, alpha: float) -> None:
    lower = beta_binomial(x, n).lower(alpha)
    assert evidence_by_integration(x, n, lower, TUNED_TO / 6.5) == pytest.approx(1 / alpha, rel=1e-5)
    assert beta_binomial(n - x, n).upper(alpha) == pytest.approx(1 - lower, abs=1e-10)


@given(counts=COUNTS, alpha=st.floats(1e-9, 0.5), tuned_to=st.sampled_from([50, 1000, 40_000]))
def test_a_sequence_is_honest_and_orderly(counts: tuple[int, int], alpha: float, tuned_to: int) -> None:
    x, n = counts
    told = beta_binomial(x, n, tuned_to=tuned_to)
    assert 0 <= told.lower(alpha) <= told.value <= told.upper(alpha) <= 1
    assert told.lower(alpha / 2) <= told.lower(alpha)
    assert told.upper(alpha / 2) >= told.upper(alpha)
    assert told.always
    if x == 0:
        assert told.lower(alpha) == 0


@given(counts=COUNTS, alpha=st.floats(1e-6, 0.1))
def test_holding_always_costs_width(counts: tuple[int, int], alpha: float) -> None:
    once = proportion(*counts)
    always = at_every_look(once)
    assert always.lower(alpha) <= once.lower(alpha) + 1e-12
    assert always.upper(alpha) >= once.upper(alpha) - 1e-12


@settings(max_examples=30)
@given(n=st.floats(1, 1e7), alpha=st.floats(1e-9, 0.4), tuned_to=st.sampled_from([100, 1000, 1e5]))
def test_the_boundary_solves_its_equation(n: float, alpha: float, tuned_to: float) -> None:
    z, precision = deviations(n, alpha, tuned_to), tuned_to / 6.5
    shrink = n / (n + precision)
    mixture = 2 * math.sqrt(precision / (n + precision)) * math.exp(z * z * shrink / 2)
    assert mixture * stats.norm.cdf(z * math.sqrt(shrink)) == pytest.approx(1 / alpha, rel=1e-6)
    assert z >= stats.norm.isf(alpha)


def test_the_boundary_is_lowest_where_it_is_tuned_to() -> None:
    best = optimize.minimize_scalar(
        lambda log: deviations(1000, 0.05, math.exp(log)), bounds=(3, 12), method="bounded"
    )
    assert deviations(1000, 0.05, 1000) == pytest.approx(best.fun, rel=1e-3)


def test_the_boundary_holds_for_a_thousand_normal_looks() -> None:
    rng, looks = np.random.default_rng(1), np.arange(10, 5001, 10)
    sums = np.cumsum(rng.normal(size=(2000, len(looks))) * math.sqrt(10), axis=1)
    bounds = np.array([deviations(float(n), 0.05) * math.sqrt(n) for n in looks])
    ever = (sums >= bounds).any(axis=1).mean()
    assert 0.005 <= ever <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)


@pytest.mark.parametrize(("truth", "daily"), [(0.9, 20), (0.99, 50)])
def test_a_gate_looked_at_daily_is_ever_wrong_in_at_most_alpha(truth: float, daily: int) -> None:
    rng, runs, days = np.random.default_rng(2), 250, 100
    n = daily * np.arange(1, days + 1)
    x = np.cumsum(rng.binomial(daily, truth, size=(runs, days)), axis=1)
    passed = failed = 0
    for row in x:
        looks = [beta_binomial(int(count), int(size)) for count, size in zip(row, n, strict=True)]
        passed += any(look.value > truth and look.lower(0.05) >= truth for look in looks)
        failed += any(look.value < truth and look.upper(0.05) <= truth for look in looks)
    limit = 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert passed / runs <= limit
    assert failed / runs <= limit


def test_transformed_shares_keep_their_exact_sequence() -> None:
    share = proportion(66, 132, n=500, support=132, support_of="rows called so")
    always = at_every_look(f1(share))
    assert always.lower(0.05) == pytest.approx(
        2 * beta_binomial(66, 132).lower(0.05) / (1 + beta_binomial(66, 132).lower(0.05))
    )
    assert (always.n, always.support, always.support_of) == (500, 132, "rows called so")
    lost = at_every_look(share.negated())
    assert lost.lower(0.05) == pytest.approx(-beta_binomial(66, 132).upper(0.05))
    assert always.method == "beta-binomial confidence sequence"


def test_others_are_asked_at_the_rate_that_the_boundary_leaves() -> None:
    once = t_inference(10.0, 0.01, 99, 100, "t")
    always = at_every_look(once, 500)
    rate = float(stats.norm.sf(deviations(100, 0.05, 500)))
    assert always.lower(0.05) == pytest.approx(once.lower(rate))
    assert "at every look" in always.method
    assert at_every_look(always) is always


def test_weighted_shares_have_the_asymptotic_sequence() -> None:
    weighted = at_every_look(proportion(80.0, 100.0, n=120, effective=70.0))
    assert "normal mixture" in weighted.method
    assert at_every_look(exact(3.0, 10)).method == "exact"


@given(counts=COUNTS, alpha=st.floats(1e-6, 0.5))
def test_the_two_sided_interval_is_its_own_definition(counts: tuple[int, int], alpha: float) -> None:
    x, n = counts
    low, high = beta_binomial_interval(x, n, alpha)
    assert 0 <= low <= x / n <= high <= 1
    for end in (low, high):
        if 1e-12 < end < 1 - 1e-12:
            log = math.lgamma(x + 1) + math.lgamma(n - x + 1) - math.lgamma(n + 2)
            log -= x * math.log(end) + (n - x) * math.log1p(-end)
            assert log == pytest.approx(-math.log(alpha), abs=1e-6)


@pytest.mark.parametrize(("x", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_impossible_counts_are_refused(x: int, n: int) -> None:
    with pytest.raises(ValueError, match="a share needs"):
        beta_binomial(x, n)


def test_walds_test_decides_or_goes_on() -> None:
    told = {"null": 0.92, "truth": 0.95}
    assert sprt(300, 300, **told).decision == "accept alternative"
    assert sprt(270, 300, **told).decision == "accept null"
    assert sprt(281, 300, **told).decision == "go on"


def test_walds_test_is_wrong_as_often_as_it_says() -> None:
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(400):
        x = np.cumsum(rng.random(4000) < 0.92)
        n = np.arange(1, 4001)
        llr = x * math.log(0.95 / 0.92) + (n - x) * math.log(0.05 / 0.08)
        bounds = sprt(0, 1, null=0.92, truth=0.95)
        out = np.flatnonzero((llr >= bounds.upper) | (llr <= bounds.lower))
        wrong += bool(len(out)) and bool(llr[out[0]] >= bounds.upper)
    assert wrong / 400 <= 0.05 / 0.8 + 3 * math.sqrt(0.06 / 400)
