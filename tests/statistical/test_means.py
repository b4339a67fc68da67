"""How often bounds of means miss, at each end, where losses are skewed; small and seeded."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

import aiqa
from aiqa.stats.functional import Functional, infer, mean_of
from aiqa.stats.quantiles import clustered_quantile, weighted_quantile

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
ALPHA = 0.05


def _limit(rate: float, repeats: int) -> float:
    """Return what an error rate may reach in so many repeats, three Monte Carlo errors included."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / repeats)


def _missed(
    draw: Callable[[np.random.Generator], Functional], truth: float, repeats: int
) -> tuple[float, float]:
    """Return how often the lower bound is above the truth, and the upper one below."""
    rng = np.random.default_rng(0)
    found = [infer(draw(rng)) for _ in range(repeats)]
    above = np.mean([one.lower(ALPHA) > truth for one in found])
    below = np.mean([one.upper(ALPHA) < truth for one in found])
    return float(above), float(below)


WORLDS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0),
    "absolute normal": (lambda rng, n: np.abs(rng.normal(size=n)), math.sqrt(2 / math.pi)),
    "squared normal": (lambda rng, n: rng.normal(size=n) ** 2, 1.0),
    "exponential": (lambda rng, n: rng.exponential(size=n), 1.0),
    "lognormal": (lambda rng, n: rng.lognormal(size=n), math.exp(0.5)),
    "absolute t3": (lambda rng, n: np.abs(rng.standard_t(3, n)), 2 * math.sqrt(3) / math.pi),
    "difference of squares": (lambda rng, n: rng.normal(size=n) ** 2 - 1.2 * rng.normal(size=n) ** 2, -0.2),
    "difference of lognormals": (lambda rng, n: rng.lognormal(size=n) - rng.lognormal(size=n), 0.0),
}


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("world", WORLDS)
def test_hall_holds_at_both_ends(world: str, n: int) -> None:
    draw, truth = WORLDS[world]
    end = 0.0 if "difference" not in world and world != "normal" else -math.inf
    above, below = _missed(lambda rng: mean_of(draw(rng, n), domain=(end, math.inf)), truth, 1500)
    assert max(above, below) <= _limit(0.065, 1500)


def test_t_would_not() -> None:
    rng, draw = np.random.default_rng(0), WORLDS["lognormal"][0]
    found = [infer(mean_of(draw(rng, 50)), method="t").upper(ALPHA) < math.exp(0.5) for _ in range(1000)]
    assert np.mean(found) > 0.1


def _rare(rng: np.random.Generator, n: int) -> Floats:
    return np.where(rng.random(n) < 0.01, 0.9, 0.05 * rng.random(n))


@pytest.mark.parametrize("n", [50, 100, 300])
def test_gaffke_holds_where_a_sample_may_have_none_of_the_large_losses(n: int) -> None:
    truth = 0.01 * 0.9 + 0.99 * 0.025
    above, below = _missed(lambda rng: mean_of(_rare(rng, n), domain=(0.0, 1.0)), truth, 1000)
    assert max(above, below) <= _limit(0.05, 1000)


def _scored(rng: np.random.Generator, n: int, overconfident: float) -> tuple[NDArray[np.bool_], Floats]:
    """Rows of 1 % positives, with scores whose logits are too far from their mean by a factor."""
    own = 1.5 * rng.normal(size=n)
    return rng.random(n) < expit(own - 5.5), expit(overconfident * own - 5.5)


@pytest.mark.parametrize("name", ["brier", "log_loss"])
@pytest.mark.parametrize("overconfident", [1.0, 3.0])
def test_losses_of_rare_positives(name: str, overconfident: float) -> None:
    truth, score = _scored(np.random.default_rng(99), 2_000_000, overconfident)
    loss = (score - truth) ** 2 if name == "brier" else -np.log(np.where(truth, score, 1 - score))
    rng, missed = np.random.default_rng(0), np.zeros(2)
    for _ in range(80):
        truth, score = _scored(rng, 150, overconfident)
        found = aiqa.evaluate(
            name, y_true=truth, y_score=score, classes=[False, True], confidence=0.95, alternative="each-side"
        )
        missed += [found.low > loss.mean(), found.high < loss.mean()]
    assert missed.max() / 80 <= _limit(0.05, 80)


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_functions_of_means(name: str) -> None:
    rng, missed, expected = np.random.default_rng(0), np.zeros(2), {"rmse": 1.0, "r2": 0.75}[name]
    for _ in range(150):
        error = rng.normal(size=60)
        truth = rng.normal(0, math.sqrt(3), 60) + error
        found = aiqa.evaluate(name, y_true=truth, y_pred=truth - error, alternative="each-side")
        missed += [found.low > expected, found.high < expected]
    assert missed.max() / 150 <= _limit(0.065, 150)


def test_clusters_and_weights() -> None:
    clusters, repeats = np.arange(200) // 5, 1000
    rng, missed = np.random.default_rng(0), np.zeros(2)
    for _ in range(repeats):
        x = (rng.normal(size=200) + rng.normal(size=40)[clusters]) ** 2
        found = infer(mean_of(x, rng.uniform(0.5, 2, 40)[clusters]), clusters=clusters)
        missed += [found.lower(ALPHA) > 2, found.upper(ALPHA) < 2]
    assert missed.max() / repeats <= _limit(0.065, repeats)


@pytest.mark.parametrize("size", [5, 20])
def test_quantiles_of_clusters(size: int) -> None:
    clusters, repeats, truth = np.arange(200) // size, 200, 0.6744897501960817 * math.sqrt(2)
    rng, missed = np.random.default_rng(0), np.zeros(2)
    for _ in range(repeats):
        x = np.abs(rng.normal(size=200) + rng.normal(size=200 // size)[clusters])
        found = clustered_quantile(weighted_quantile(x, None, 0.5), x, None, 0.5, clusters, floor=0.0)
        missed += [found.lower(ALPHA) > truth, found.upper(ALPHA) < truth]
    assert missed.max() / repeats <= _limit(0.065, repeats)
