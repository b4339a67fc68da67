"""Means of bounded values at every look, against a slow reading of the paper and against what it promises."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiqa.stats.bounded import betting, empirical_bernstein
from aiqa.stats.inference import Inference

Floats = NDArray[np.float64]
Sequence = Callable[..., Inference]
VALUES = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=40)


def bets(values: list[float]) -> list[tuple[float, float, float]]:
    """Return each value with the mean and the bet before it, one at a time."""
    told, seen, squares, variance, before = [], 0.5, 0.25, 0.25, 0.5
    for t, value in enumerate(values, start=1):
        bet = math.sqrt(2 * math.log(20) / (variance * t * math.log(t + 1)))
        told.append((value, before, bet))
        seen += value
        before = seen / (t + 1)
        squares += (value - before) ** 2
        variance = squares / (t + 1)
    return told


@settings(max_examples=60)
@given(values=VALUES, alpha=st.floats(1e-6, 0.5))
def test_empirical_bernstein_is_theorem_2(values: list[float], alpha: float) -> None:
    stakes = gains = costs = 0.0
    bound = 0.0
    for value, before, bet in bets(values):
        bet = min(bet, 0.5)
        stakes, gains = stakes + bet, gains + bet * value
        costs += 4 * (value - before) ** 2 * (-math.log(1 - bet) - bet) / 4
        bound = max(bound, (gains - costs - math.log(1 / alpha)) / stakes)
    expected = min(bound, float(np.mean(values)))
    assert empirical_bernstein(values).lower(alpha) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60)
@given(values=VALUES, alpha=st.floats(1e-6, 0.5))
def test_betting_refutes_what_made_enough_capital(values: list[float], alpha: float) -> None:
    bound = betting(values).lower(alpha)

    def best(mean: float) -> float:
        capital, most = 1.0, 0.0
        for value, _, bet in bets(values):
            capital *= 1 + min(bet, 0.5 / mean) * (value - mean)
            most = max(most, capital)
        return most

    assert bound == 0 or best(bound * (1 - 1e-9)) >= 1 / alpha * (1 - 1e-6)
    if bound < np.mean(values) - 1e-9:
        assert best(bound + 1e-9) <= 1 / alpha * (1 + 1e-6)


@pytest.mark.parametrize("sequence", [empirical_bernstein, betting])
def test_both_ends_mirror_and_scale(sequence: Sequence) -> None:
    values = np.random.default_rng(0).beta(2, 5, 300)
    told, mirrored = sequence(values), sequence(1 - values)
    scaled = sequence(10 * values - 3, low=-3, high=7)
    assert told.upper(0.05) == pytest.approx(1 - mirrored.lower(0.05), abs=1e-9)
    assert scaled.lower(0.05) == pytest.approx(10 * told.lower(0.05) - 3, abs=1e-9)
    assert told.always


@pytest.mark.parametrize("sequence", [empirical_bernstein, betting])
@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda rng: (rng.random(1000) < 0.03).astype(float), 0.03),
        (lambda rng: rng.beta(1, 9, 1000), 0.1),
        (lambda rng: np.where(rng.random(1000) < 0.5, 0.2, 0.8), 0.5),
    ],
)
def test_it_is_ever_wrong_in_at_most_alpha(
    sequence: Sequence, draw: Callable[[np.random.Generator], Floats], truth: float
) -> None:
    rng, wrong = np.random.default_rng(4), 0
    for _ in range(300):
        wrong += sequence(draw(rng)).lower(0.05) > truth  # of all its looks the one most wrong
    assert wrong / 300 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


def test_it_gets_sharp() -> None:
    values = np.random.default_rng(5).beta(2, 8, 20_000)
    half = 3.5 * values.std() / math.sqrt(len(values))
    assert values.mean() - half < betting(values).lower(0.05) < values.mean()


@pytest.mark.parametrize("values", [[], [[0.1]], [1.2], [float("nan")]])
def test_impossible_values_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"a mean needs values|values lie between"):
        betting(values)
