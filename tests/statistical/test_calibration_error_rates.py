"""How often bounds of calibration and of rankings exclude a truth that sits on the threshold, simulated."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit, logit

from aiqa.stats.calibration_error import ece
from aiqa.stats.calibration_maximum import mce
from aiqa.stats.functional import infer, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.murphy import brier_reliability, brier_resolution
from aiqa.stats.queries import BY_QUERY, rankings
from aiqa.stats.recalibration import calibration_in_the_large, calibration_slope
from aiqa.stats.reliability import Forecasts, forecasts

_REPEATS = 500
_LIMIT = 0.065 + 3 * math.sqrt(0.065 * 0.935 / _REPEATS)


def _errors(draw: Callable[[], Inference], truth: float) -> tuple[float, float]:
    """Return how often the lower and the upper bound at 5 % exclude the truth."""
    drawn = [draw() for _ in range(_REPEATS)]
    above = sum(one.lower(0.05) > truth + 1e-12 for one in drawn)
    below = sum(one.upper(0.05) < truth - 1e-12 for one in drawn)
    return above / _REPEATS, below / _REPEATS


def _shifted(rng: np.random.Generator, n: int, shift: float, slope: float = 1.0) -> Forecasts:
    said = np.clip(rng.random(n), 1e-6, 1 - 1e-6)
    return forecasts(rng.random(n) < expit(slope * logit(said) + shift), said)


def _expected(shift: float, slope: float = 1.0) -> dict[str, float]:
    """Return the true values, on a grid that every bin has the same share of."""
    said = (np.arange(200_000) + 0.5) / 200_000
    came = expit(slope * logit(said) + shift).reshape(10, -1).mean(axis=1)
    gap = came - said.reshape(10, -1).mean(axis=1)
    return {
        "ece": float(np.abs(gap).mean()),
        "mce": float(np.abs(gap).max()),
        "reliability": float((gap**2).mean()),
        "resolution": float(((came - came.mean()) ** 2).mean()),
        "slope": slope,
        "level": shift,
    }


_OF: dict[str, Callable[[Forecasts], Inference]] = {
    "ece": ece,
    "mce": mce,
    "reliability": brier_reliability,
    "resolution": brier_resolution,
    "slope": calibration_slope,
    "level": calibration_in_the_large,
}


@pytest.mark.parametrize("name", sorted(_OF))
@pytest.mark.parametrize(("n", "shift"), [(100, 0.0), (600, 0.0), (600, 0.6)])
def test_calibration_at_both_ends(name: str, n: int, shift: float) -> None:
    rng = np.random.default_rng(1)
    errors = _errors(lambda: _OF[name](_shifted(rng, n, shift)), _expected(shift)[name])
    assert max(errors) <= _LIMIT


@pytest.mark.parametrize("name", ["ece", "slope"])
def test_overconfident_models(name: str) -> None:
    rng = np.random.default_rng(2)
    errors = _errors(lambda: _OF[name](_shifted(rng, 300, 0.0, 0.5)), _expected(0.0, 0.5)[name])
    assert max(errors) <= _LIMIT


def test_clusters() -> None:
    """Forty clusters of ten rows, whose events share a random effect that the model does not know."""
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(40), 10)

    def draw(number: int) -> tuple[np.ndarray, np.ndarray]:
        effect = np.repeat(rng.normal(0, 0.8, number), 10)
        said = rng.random(10 * number)
        return expit(logit(said) + effect), said

    chance, said = draw(50_000)
    gaps = [(chance - said)[(said > k / 10) & (said <= (k + 1) / 10)].sum() for k in range(10)]
    truth = float(np.abs(gaps).sum() / len(said))

    def one() -> Inference:
        chance, said = draw(40)
        return ece(forecasts(rng.random(400) < chance, said, None, cluster))

    assert max(_errors(one, truth)) <= _LIMIT


@pytest.mark.parametrize("name", ["ndcg", "mrr", "hit_rate"])
def test_few_queries_of_a_ranking_that_is_nearly_always_right(name: str) -> None:
    """Where Student's t passes falsely in a fifth of the runs."""
    rng, number = np.random.default_rng(4), 20_000
    query = np.repeat(np.arange(number), 10)
    relevant = (rng.random(10 * number) < 0.1) | (np.arange(10 * number) % 10 == 0)
    ranked = rankings(query, rng.normal(size=10 * number) + 3 * relevant, relevant)
    values = BY_QUERY[name](ranked, *((1,) if name == "hit_rate" else ()))
    truth = float(values.mean())

    def one() -> Inference:
        return infer(mean_of(rng.choice(values, 50), domain=(0.0, 1.0)))

    errors = _errors(one, truth)
    assert max(errors) <= _LIMIT
