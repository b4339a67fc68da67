"""What plain functions are given: taken as it is meant, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aiqa import stats
from aiqa.errors import MetricError

_RNG = np.random.default_rng(0)
_TRUTH = _RNG.integers(0, 2, 60)
_SCORE = _RNG.normal(_TRUTH, 1)
_OTHER = _RNG.normal(_TRUTH, 2)
RANKS: dict[str, Callable[..., Any]] = {
    "auc": stats.auc,
    "average_precision": stats.average_precision,
    "pr_auc": stats.pr_auc,
    "partial_auc": lambda truth, score, *weight: stats.partial_auc(truth, score, 0.2, *weight),
    "auc_difference": lambda truth, score, *weight: stats.auc_difference(truth, score, _OTHER, *weight),
    "unpaired": lambda truth, score, *weight: stats.auc_difference_unpaired(
        truth, score, truth, _OTHER, *weight
    ),
}


@pytest.mark.parametrize("name", RANKS)
def test_zeros_and_ones_are_false_and_true(name: str) -> None:
    function = RANKS[name]
    meant = function(_TRUTH == 1, _SCORE).estimate()
    for truth, score in (
        (_TRUTH, _SCORE),
        (_TRUTH.tolist(), _SCORE.tolist()),
        (pd.Series(_TRUTH), pd.Series(_SCORE)),
        (_TRUTH.astype(float), _SCORE),
    ):
        assert function(truth, score).estimate() == meant


@pytest.mark.parametrize("name", RANKS)
def test_what_cannot_be_ranked_is_refused(name: str) -> None:
    function = RANKS[name]
    first = np.arange(60) == 0
    for wrong, why in (
        ((_TRUTH + 1, _SCORE), "false or true"),
        ((_TRUTH, np.where(first, np.nan, _SCORE)), "score is missing"),
        ((_TRUTH, _SCORE[1:]), "one length"),
        ((_TRUTH, _SCORE, np.where(first, np.nan, 1.0)), "weight is negative, missing"),
        ((_TRUTH, _SCORE, np.where(first, -1.0, 1.0)), "weight is negative, missing"),
    ):
        with pytest.raises(MetricError, match=why):
            function(*wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: stats.paired_proportions(-1, 3, 10),
        lambda: stats.paired_proportions(5, 3, 6),
        lambda: stats.paired_proportions(float("nan"), 3, 10),
        lambda: stats.mcnemar(-1, 2, "chi2"),
        lambda: stats.mcnemar(3, 3, "x"),  # type: ignore[arg-type]
        lambda: stats.ratio_of_proportions((5, 2), (3, 3)),
        lambda: stats.sprt(50, 10, null=0.5, truth=0.6),
        lambda: stats.crps_normal(np.zeros(2), np.zeros(2), np.array([1.0, -1.0])),
        lambda: stats.beta_binomial(3, 10, tuned_to=-1),
    ],
)
def test_impossible_counts_are_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"cannot differ|needs|a share|negative"):
        wrong()


def test_no_inference_has_a_value_that_is_no_number() -> None:
    with pytest.raises(MetricError, match="not a finite number"):
        stats.infer(stats.mean_of(np.array([1.0, np.nan])))


def test_calibration_of_arrays() -> None:
    forecasts = stats.forecasts(_TRUTH, np.full(60, 0.5))
    assert 0 <= stats.ece(forecasts).value <= 1
    assert stats.brier_uncertainty(stats.forecasts(np.arange(60) % 2, np.full(60, 0.5))).value == 0.25
