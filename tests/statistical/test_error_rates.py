"""How often a gate at 95 % passes what it must not: truths exactly on the threshold, simulated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aiqa.stats.functional import infer as infer_functional
from aiqa.stats.functional import mean_of
from aiqa.stats.paired import paired_proportions
from aiqa.stats.proportions import proportion


def _limit(rate: float, repeats: int) -> float:
    """Return what an error rate may reach in so many repeats, three Monte Carlo errors included."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / repeats)


@pytest.mark.parametrize(("n", "truth"), [(50, 0.9), (200, 0.97), (1000, 0.5)])
def test_exact_share_never_passes_more_than_alpha(n: int, truth: float) -> None:
    counts = np.random.default_rng(1).binomial(n, truth, 4000)
    lower = {int(count): proportion(int(count), n).lower(0.05) for count in np.unique(counts)}
    passes = np.mean([lower[int(count)] >= truth for count in counts])
    assert passes <= _limit(0.05, 4000)


def test_no_worse_than_the_champion() -> None:
    """A challenger worse by exactly the margin of half a point, 5 % of disagreement."""
    rng, repeats, n = np.random.default_rng(4), 2000, 2000
    draws = rng.multinomial(n, [0.0225, 0.0275, 0.95], size=repeats)
    passes = np.mean([paired_proportions(int(b), int(c), n).lower(0.05) >= -0.005 for b, c, _ in draws])
    assert passes <= _limit(0.05, repeats)


def test_weighted_mean() -> None:
    rng, repeats, n, outside = np.random.default_rng(5), 2000, 100, 0
    for _ in range(repeats):
        x, w = rng.exponential(size=n) ** 0.5, rng.uniform(0.2, 3, n)
        inference = infer_functional(mean_of(x, w))
        outside += not inference.lower(0.05) <= math.gamma(1.5) <= inference.upper(0.05)
    assert outside / repeats <= _limit(0.11, repeats)
