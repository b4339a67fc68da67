"""The special functions of single numbers against SciPy's, over all they are asked for."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import special as scipy_special

from aiqa.stats import special

SHAPES = st.floats(-3, 4).map(lambda power: 10.0**power)
TAILS = st.floats(-15, -0.4).map(lambda power: 10.0**power)
SHARES = st.one_of(TAILS, TAILS.map(lambda tail: 1 - tail), st.floats(0.01, 0.99))
many = settings(deadline=None, max_examples=500)


@many
@given(SHAPES, SHAPES, SHARES)
@example(1e4, 1e4, 0.48)
@example(19_999.0, 1.0, 0.9999)
@example(0.5, 19_999.0, 1e-12)
def test_the_incomplete_beta_is_scipys(a: float, b: float, x: float) -> None:
    expected = float(scipy_special.betainc(a, b, x))
    assume(expected == 0 or expected > 1e-290)
    # The smaller of both tails is computed, so a share of some ten thousandths may lose four digits.
    assert special.betainc(a, b, x) == pytest.approx(expected, rel=1e-10, abs=1e-290)


@many
@given(st.floats(1, 2e4), st.floats(-8, 8))
def test_the_incomplete_beta_is_scipys_around_its_middle(a: float, errors: float) -> None:
    for b in (1.0, a, max(1.0, 2e4 - a)):
        share = a / (a + b)
        x = min(1 - 1e-9, max(1e-9, share + errors * math.sqrt(share * (1 - share) / (a + b + 1))))
        expected = float(scipy_special.betainc(a, b, x))
        assert special.betainc(a, b, x) == pytest.approx(expected, rel=1e-12, abs=1e-290)


@many
@given(SHARES)
def test_the_arcsine_distribution_is_exact(x: float) -> None:
    # By definition, for SciPy's own is off by 1e-12 near 1.
    rest = 2 / math.pi * math.asin(math.sqrt(min(x, 1 - x)))
    assert special.betainc(0.5, 0.5, x) == pytest.approx(rest if x < 0.5 else 1 - rest, rel=1e-13)


# From 1/2 up, as bounds need it: below, SciPy's own inverse may be off by 1e-8 (a = b = 0.022, p = 0.5).
@many
@given(st.floats(0.5, 2e4), st.floats(0.5, 2e4), SHARES)
@example(1e4, 1e4, 0.025)
@example(1e4, 1e4, 1e-15)
@example(1e-3, 2e4, 0.3)
@example(2e4 - 1e-3, 1e-3, 0.3)
@example(1e-3, 1e-3, 0.7)
@example(1e-3, 1e-3, 1e-15)
def test_the_beta_quantile_is_scipys(a: float, b: float, p: float) -> None:
    # Where x goes as p to the power of 1/a, so does what rounding p does to it.
    near = 5e-12 * max(1, 0.01 / min(a, b))
    # The middle is known by symmetry, and SciPy's is off by 1e-9 there.
    expected = 0.5 if (a, p) == (b, 0.5) else float(scipy_special.betaincinv(a, b, p))
    assert special.betaincinv(a, b, p) == pytest.approx(expected, rel=near, abs=1e-290)


@many
@given(st.integers(1, 19_000), st.data())
def test_the_quantiles_that_bound_shares_are_scipys(trials: int, data: st.DataObject) -> None:
    hits, alpha = data.draw(st.integers(1, trials)), data.draw(TAILS)
    expected = float(scipy_special.betaincinv(hits, trials - hits + 1, alpha))
    assert special.betaincinv(hits, trials - hits + 1, alpha) == pytest.approx(expected, rel=1e-12)


@many
@given(st.floats(0.5, 2e4), st.floats(0.5, 2e4), st.floats(1e-12, 1 - 1e-12))
def test_the_beta_quantile_undoes_the_distribution(a: float, b: float, p: float) -> None:
    x = special.betaincinv(a, b, p)
    # Near 1 the neighbours of x among the floats may be further from p than the tolerance.
    below, above = (special.betainc(a, b, math.nextafter(x, end)) for end in (0.0, 1.0))
    assert below * (1 - 1e-10) - 1e-14 <= p <= above * (1 + 1e-10) + 1e-14


@pytest.mark.parametrize("a", [1e-10, 0.5, 1.0, 100.0, 1e6])
@pytest.mark.parametrize("b", [1e-10, 0.5, 1.0, 100.0, 1e6])
def test_both_ends_are_exact(a: float, b: float) -> None:
    for function in (special.betainc, special.betaincinv):
        assert [function(a, b, end) for end in (0.0, 1.0)] == [0.0, 1.0]


@pytest.mark.parametrize("shape", [1e-300, 1e-10, 1e-3, 1.0, 1e4 - 1])
@pytest.mark.parametrize("other", [1e-300, 1e-10, 1e-3, 1.0, 1e4 - 1])
@pytest.mark.parametrize("p", [5e-324, 1e-300, 0.5, 1 - 2**-53])
def test_the_beta_quantile_always_arrives(shape: float, other: float, p: float) -> None:
    assert 0 <= special.betaincinv(shape, other, p) <= 1


@many
@given(st.floats(math.log10(0.5), 6).map(lambda power: 10.0**power), SHARES)
@example(0.5, 1e-15)
@example(200 * (1 + 1.959964**2), 0.025)
@example(1e6, 1e-12)
def test_t_quantiles_are_scipys(df: float, p: float) -> None:
    expected = float(scipy_special.stdtrit(df, p))
    assert special.stdtrit(df, p) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_both_ways_to_a_t_quantile_meet() -> None:
    for z in (0.1, 1.0, 3.0, 7.0):
        df, p = 200 * (1 + z * z), special.ndtr(-z)
        below, above = special.stdtrit(df * (1 - 1e-9), p), special.stdtrit(df * (1 + 1e-9), p)
        assert below == pytest.approx(above, rel=1e-11)


def test_the_t_quantile_has_its_middle_and_ends() -> None:
    assert [special.stdtrit(3, p) for p in (0.0, 0.5, 1.0)] == [-math.inf, 0.0, math.inf]
    assert special.stdtrit(1, 0.25) == pytest.approx(-1, rel=1e-14)


@many
@given(st.floats(-37, 37))
def test_the_normal_distribution_is_scipys(x: float) -> None:
    # To 1e-12: what rounding x does to the tail at 37 standard deviations.
    assert special.ndtr(x) == pytest.approx(float(scipy_special.ndtr(x)), rel=1e-12)


@many
@given(st.one_of(st.floats(1e-300, 1e-3), SHARES))
def test_the_normal_quantile_is_scipys(p: float) -> None:
    assert special.ndtri(p) == pytest.approx(float(scipy_special.ndtri(p)), rel=1e-12, abs=1e-15)


@many
@given(st.floats(-800, 800), SHARES)
def test_the_logistic_function_and_its_inverse_are_scipys(x: float, p: float) -> None:
    assert special.expit(x) == pytest.approx(float(scipy_special.expit(x)), rel=1e-14, abs=1e-307)
    assert special.logit(p) == pytest.approx(float(scipy_special.logit(p)), rel=1e-14, abs=1e-300)


def test_normal_and_logistic_ends_are_infinite() -> None:
    for quantile in (special.ndtri, special.logit):
        assert [quantile(end) for end in (0.0, 0.5, 1.0)] == [-math.inf, 0.0, math.inf]
    for distribution in (special.ndtr, special.expit):
        assert [distribution(end) for end in (-math.inf, 0.0, math.inf)] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    "given_", [(0.0, 1.0, 0.5), (1.0, -1.0, 0.5), (1.0, 1.0, 1.1), (1.0, 1.0, math.nan), (math.inf, 1.0, 0.5)]
)
def test_what_is_out_of_range_is_refused(given_: tuple[float, float, float]) -> None:
    for function in (special.betainc, special.betaincinv):
        with pytest.raises(ValueError, match="positive and finite"):
            function(*given_)
    with pytest.raises(ValueError, match="positive and finite"):
        special.stdtrit(-1, 0.5)


def test_scipy_answers_for_large_parameters_only() -> None:
    code = (
        "import sys; from aiqa.stats.special import LARGE, betainc, betaincinv, stdtrit\n"
        "half = LARGE / 2\n"
        "betainc(half, half, 0.4), betaincinv(half, half, 0.1), stdtrit(1e6, 0.1)\n"
        "assert 'scipy' not in sys.modules\n"
        "print(betaincinv(half + 1, half, 0.1), 'scipy.special' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = float(scipy_special.betaincinv(special.LARGE / 2 + 1, special.LARGE / 2, 0.1))
    assert done.stdout.split() == [str(expected), "True"]


def test_a_quantile_of_a_thousand_rows_takes_no_time() -> None:
    def seconds(hits: int) -> float:
        start = time.process_time()
        for alpha in range(1, 101):
            special.betaincinv(hits, 1001 - hits, alpha / 2000)
        return (time.process_time() - start) / 100

    # The best of some, five times what was measured: a busy machine is no failure.
    assert max(min(seconds(hits) for _ in range(5)) for hits in (500, 900, 990)) < 200e-6


def test_quantiles_of_t_without_freedom_are_infinite() -> None:
    """Weights of which one is nearly all leave such a freedom: no bound then, and no OverflowError."""
    assert special.stdtrit(1e-6, 0.025) == -math.inf
    assert special.stdtrit(1e-6, 0.975) == math.inf
