"""What every inference promises: finite where it can be, ordered, and wider for smaller error rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aiqa.stats.distances import psi
from aiqa.stats.functional import infer, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.paired import paired_proportions
from aiqa.stats.partial_roc import partial_auc
from aiqa.stats.point_draws import infer_point
from aiqa.stats.points import Falling, Point, Scored
from aiqa.stats.precision_recall import average_precision, pr_auc
from aiqa.stats.proportions import f1, proportion
from aiqa.stats.quantiles import quantile
from aiqa.stats.roc import auc
from aiqa.stats.roc_difference import auc_difference, auc_difference_unpaired
from aiqa.stats.rows import infer_function

_RNG = np.random.default_rng(7)
_TRUTH = _RNG.random(150) < 0.3
_SCORE = _RNG.normal(size=150) + _TRUTH
_OTHER = _SCORE + _RNG.normal(size=150) / 2
_ROWS = _RNG.exponential(size=150)

_SCORED = Scored(_TRUTH, [Falling(_TRUTH, _SCORE)], np.ones(150))


def _recall(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    return tp / (tp + fn)


CASES: dict[str, Callable[[], Inference]] = {
    "share": lambda: proportion(40, 50),
    "share of nothing": lambda: proportion(0, 50),
    "share of all": lambda: proportion(50, 50),
    "wilson": lambda: proportion(40, 50, method="wilson"),
    "weighted": lambda: proportion(40.5, 50.0, n=60, effective=33.3),
    "f1": lambda: f1(proportion(40, 50)),
    "auc": lambda: auc(_TRUTH, _SCORE),
    "auc of 1": lambda: auc(_TRUTH, _TRUTH.astype(float)),
    "auc of 0": lambda: auc(_TRUTH, -_TRUTH.astype(float)),
    "auc of a constant": lambda: auc(_TRUTH, np.zeros(150)),
    "auc of one positive": lambda: auc(np.arange(150) == 3, _SCORE),
    "auc gain": lambda: auc_difference(_TRUTH, _SCORE, _OTHER),
    "auc gain of the same": lambda: auc_difference(_TRUTH, _SCORE, _SCORE),
    "auc of clusters": lambda: auc(_TRUTH, _SCORE, clusters=np.arange(150) // 5),
    "auc by newcombe": lambda: auc(_TRUTH, _SCORE, method="newcombe"),
    "auc by hanley and mcneil": lambda: auc(_TRUTH, _SCORE, method="hanley-mcneil"),
    "auc of other rows": lambda: auc_difference_unpaired(_TRUTH, _SCORE, _TRUTH, _OTHER),
    "auc of other rows by delong": lambda: auc_difference_unpaired(
        _TRUTH, _SCORE, _TRUTH, _OTHER, method="delong"
    ),
    "partial auc": lambda: partial_auc(_TRUTH, _SCORE, 0.2),
    "partial auc of 1": lambda: partial_auc(_TRUTH, _TRUTH.astype(float), 0.2, standardised=False),
    "average precision": lambda: average_precision(_TRUTH, _SCORE),
    "average precision of 1": lambda: average_precision(_TRUTH, _TRUTH.astype(float)),
    "average precision of a constant": lambda: average_precision(_TRUTH, np.zeros(150)),
    "average precision of one positive": lambda: average_precision(np.arange(150) == 3, _SCORE),
    "pr_auc": lambda: pr_auc(_TRUTH, _SCORE),
    "mean": lambda: infer(mean_of(_ROWS)),
    "mean by t": lambda: infer(mean_of(_ROWS), method="t"),
    "mean of one large row": lambda: infer(mean_of(np.append(_ROWS, 1e6))),
    "mean of clusters": lambda: infer(mean_of(_ROWS), clusters=np.arange(150) // 10),
    "bounded mean": lambda: infer(mean_of(_ROWS / 9, domain=(0.0, 1.0))),
    "bounded mean of equals": lambda: infer(mean_of(np.zeros(20), domain=(0.0, 1.0))),
    "bounded mean at its end": lambda: infer(mean_of(np.ones(20), domain=(0.0, 1.0))),
    "tango": lambda: paired_proportions(10, 4, 100),
    "tango without disagreement": lambda: paired_proportions(0, 0, 100),
    "tango all": lambda: paired_proportions(100, 0, 100),
    "median": lambda: quantile(float(np.median(_ROWS)), _ROWS, None, 0.5),
    "bca": lambda: infer(mean_of(_ROWS), method="bca"),
    "rows": lambda: infer_function(lambda rows: float(_ROWS[rows].max()), float(_ROWS.max()), 150),
    "point": lambda: infer_point(_SCORED, Point("fpr", 0.1), _recall, 0.4, domain=(0.0, 1.0)),
    "psi": lambda: psi(np.array([30, 40, 30]), np.array([300, 300, 400]), 0),
}
ALPHAS = [0.5, 0.2, 0.1, 0.05, 0.025, 0.01, 1e-3, 1e-5, 1e-8, 1e-12]


@pytest.mark.parametrize("name", CASES)
def test_bounds_hold_the_value_and_widen(name: str) -> None:
    inference = CASES[name]()
    lower = [inference.lower(alpha) for alpha in ALPHAS]
    upper = [inference.upper(alpha) for alpha in ALPHAS]
    assert all(math.isfinite(bound) for bound in lower + upper if name != "median" or abs(bound) < math.inf)
    assert lower == sorted(lower, reverse=True)
    assert upper == sorted(upper)
    assert lower[1] <= inference.value <= upper[1]
    assert not math.isnan(inference.value)


@pytest.mark.parametrize("name", CASES)
def test_the_same_call_gives_the_same_bounds(name: str) -> None:
    first, second = CASES[name](), CASES[name]()
    assert [first.lower(alpha) for alpha in ALPHAS] == [second.lower(alpha) for alpha in ALPHAS]


@pytest.mark.parametrize(
    "name", ["auc of 1", "share of all", "bounded mean of equals", "auc gain of the same"]
)
def test_what_varies_not_at_all_still_has_an_interval(name: str) -> None:
    estimate = CASES[name]().estimate()
    assert estimate.high - estimate.low > 0.02


def test_one_row_has_no_mean_interval() -> None:
    estimate = infer(mean_of(np.array([2.0]), domain=(0.0, math.inf))).estimate()
    assert (estimate.low, estimate.high) == (0.0, math.inf)


def test_p_value_agrees_with_the_bounds() -> None:
    inference = proportion(266, 332)
    p = inference.p_value(0.75, "greater")
    assert inference.lower(p * 1.001) > 0.75 >= inference.lower(p * 0.999)
    assert inference.p_value(0.9, "greater") == 1.0


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="successes <= trials"):
        proportion(5, 4)
