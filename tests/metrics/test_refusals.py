"""What data cannot tell is not told: few rows, few clusters, numbers that floats cannot hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import aiqa
from aiqa.errors import AiqaError


def test_a_row_tells_nothing_of_the_losses_that_others_have() -> None:
    pair = aiqa.compare("brier", y_true=[0], champion=[0.29], challenger=[0.31], classes=(0, 1))
    assert pair.low < -0.9
    assert pair.high > 0.9
    assert aiqa.evaluate("log_loss", y_true=[0, 1] * 5, y_score=[0.3, 0.6] * 5).high > 10


@pytest.mark.parametrize("units", ["rows", "clusters"])
def test_few_rows_do_not_prove_that_a_worse_model_is_no_worse(units: str) -> None:
    """One row in ten is confidently wrong, and the challenger is worse on those by 0.87."""
    rng, passes = np.random.default_rng(1), 0
    for _ in range(60):
        wrong = rng.random(20) < 0.1
        champion = np.where(wrong, 0.6, 0.05)
        challenger = np.where(wrong, 0.97, 0.05)
        cluster = np.arange(20) if units == "clusters" else None
        told: dict[str, Any] = {"y_true": np.zeros(20, dtype=int), "classes": (0, 1), "cluster": cluster}
        pair = aiqa.compare("log_loss", champion=champion, challenger=challenger, **told)
        truth = 0.1 * float(np.log(0.4 / 0.03))
        passes += pair.high < truth
    assert passes == 0


@pytest.mark.parametrize("name", ["mce", "brier_reliability", "brier_resolution"])
def test_bins_of_few_clusters_tell_nothing(name: str) -> None:
    rng = np.random.default_rng(5)
    score = 1 / (1 + np.exp(0.3 - 1.2 * rng.normal(size=40)))
    truth = (rng.random(40) < score**1.3).astype(int)
    rows = np.repeat(np.arange(40), 10)
    found = aiqa.evaluate(name, y_true=truth[rows], y_score=score[rows], cluster=rows)
    assert (found.low, found.high) == (0.0, 1.0)
    pair = aiqa.compare(name, y_true=truth[rows], champion=score[rows], challenger=score[rows], cluster=rows)
    assert (pair.low, pair.high) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"y_true": np.arange(9.0) * 1e200, "y_pred": np.arange(9.0)}, "the truth is beyond 1e"),
        ({"y_true": np.arange(9.0), "y_pred": np.arange(9.0) * 1e200}, "y_pred is beyond 1e"),
        ({"y_true": [0.5] * 3, "y_pred": [0.1] * 3, "cluster": [1.0, 2.0, np.nan]}, "cluster is missing"),
        ({"y_true": [0.5] * 3, "y_pred": [0.1] * 3, "confidence": "0.95"}, "confidence="),
        ({"y_true": [0.5] * 3, "y_pred": [0.1] * 3, "threshold": np.nan}, "threshold="),
    ],
)
def test_what_floats_cannot_hold(told: dict[str, Any], message: str) -> None:
    with pytest.raises(AiqaError, match=message):
        aiqa.evaluate("mae", **told)
