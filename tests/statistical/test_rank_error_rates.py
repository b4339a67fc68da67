"""How often a gate of ranks at 95 % passes what it must not: truths on the threshold, at both ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from aiqa.stats.inference import Inference
from aiqa.stats.partial_roc import partial_auc
from aiqa.stats.precision_recall import average_precision, pr_auc
from aiqa.stats.roc import auc
from aiqa.stats.roc_difference import auc_difference

REPEATS = 600
LIMIT = 0.065 + 3 * math.sqrt(0.065 * 0.935 / REPEATS)
Array = NDArray[Any]


def _rates(draw: Callable[[np.random.Generator], Inference], truth: float, seed: int) -> tuple[float, float]:
    """Return how often the lower and the upper bound are wrong."""
    rng, wrong = np.random.default_rng(seed), np.zeros(2)
    for _ in range(REPEATS):
        found = draw(rng)
        wrong += [found.lower(0.05) >= truth, found.upper(0.05) <= truth]
    low, high = wrong / REPEATS
    return float(low), float(high)


def _scores(rng: np.random.Generator, truth: Array, area: float, spread: float, lost: float) -> Array:
    """Draw normal scores, the positive ones `spread` as wide, a share `lost` of which is like the others."""
    shift = ndtri((area - lost / 2) / (1 - lost)) * math.sqrt(1 + spread**2)
    known = truth & (rng.random(len(truth)) >= lost)
    return rng.normal(size=len(truth)) * np.where(known, spread, 1.0) + shift * known


WORLDS = {"equal": (1.0, 0.0), "unequal": (2.0, 0.0), "mixture": (1.0, 0.05)}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("positives", "negatives"), [(10, 100), (20, 400), (200, 200)])
@pytest.mark.parametrize("area", [0.7, 0.95])
def test_area_under_the_roc_curve(world: str, positives: int, negatives: int, area: float) -> None:
    truth = np.arange(positives + negatives) < positives
    rates = _rates(lambda rng: auc(truth, _scores(rng, truth, area, *WORLDS[world])), area, 1)
    assert max(rates) <= LIMIT


def test_the_usual_interval_passes_far_more() -> None:
    truth = np.arange(220) < 20
    rates = _rates(lambda rng: auc(truth, _scores(rng, truth, 0.95, 2.0, 0.0), method="delong"), 0.95, 2)
    assert rates[0] > 0.15


@pytest.mark.parametrize("clustered", [False, True])
def test_a_challenger_that_lost_a_few_rows(clustered: bool) -> None:
    """Two models alike, but that one knows nothing of 4 % of the rows."""
    sizes = (30, 600)
    clusters = np.arange(sum(sizes)) if clustered else None
    truth = np.arange(sum(sizes)) < sizes[0]
    loss = 0.04 * (float(ndtr(2.5 / math.sqrt(2))) - 0.5)

    def draw(rng: np.random.Generator) -> Inference:
        known = rng.normal(size=len(truth)) * 0.95 + 2.5 * truth
        first, second = known + rng.normal(size=(2, len(truth))) * math.sqrt(1 - 0.95**2)
        first = np.where(rng.random(len(truth)) < 0.04, rng.normal(size=len(truth)), first)
        return auc_difference(truth, first, second, clusters=clusters)

    # Negative rows lost as well: about twice the loss.
    assert max(_rates(draw, -2 * loss * (1 - 0.02), 3)) <= LIMIT


def _precise(rng: np.random.Generator, n: int, share: float) -> tuple[Array, Array]:
    truth = rng.random(n) < share
    truth[:2] = [True, False]
    return truth, rng.normal(size=n) + 1.5 * truth


@pytest.mark.parametrize("infer", [average_precision, pr_auc])
@pytest.mark.parametrize(("n", "share"), [(60, 0.5), (200, 0.1), (1000, 0.02)])
def test_areas_under_the_precision_recall_curve(infer: Any, n: int, share: float) -> None:
    expected = average_precision(*_precise(np.random.default_rng(0), 2_000_000, share)).value
    rates = _rates(lambda rng: infer(*_precise(rng, n, share)), expected, 4)
    assert max(rates) <= LIMIT


def test_partial_area() -> None:
    truth = np.arange(330) < 30
    many = np.arange(1_100_000) < 100_000
    rng = np.random.default_rng(5)
    expected = partial_auc(many, rng.normal(size=len(many)) + 1.5 * many, 0.1).value
    rates = _rates(lambda rng: partial_auc(truth, rng.normal(size=330) + 1.5 * truth, 0.1), expected, 6)
    assert max(rates) <= LIMIT
