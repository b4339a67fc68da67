"""Log loss and Brier: from the moments of a scan and from rows, alone and paired, binary and multi-class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import aiqa
from aiqa import metric

_RNG = np.random.default_rng(0)
_N = 300
_WEIGHT = _RNG.uniform(0.2, 3, _N)
_EACH = np.arange(_N)
_TWO = _RNG.random(_N) < 0.1
_THREE = _RNG.integers(0, 3, _N)


def _binary(noise: float) -> Any:
    return np.clip(0.1 + 0.4 * _TWO + _RNG.normal(0, noise, _N), 0.01, 0.99)


def _several(noise: float) -> Any:
    scores = np.eye(3)[_THREE] + _RNG.gamma(noise, size=(_N, 3))
    return scores / scores.sum(axis=1, keepdims=True)


CASES = {"binary": (_TWO, _binary(0.1), _binary(0.15)), "three": (_THREE, _several(1.0), _several(1.2))}


@pytest.mark.parametrize("name", ["brier", "log_loss"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weight", [None, _WEIGHT], ids=["plain", "weights"])
def test_moments_tell_what_rows_do(name: str, case: str, weight: Any) -> None:
    truth, near, far = CASES[case]
    for method in (None, "t"):
        given: dict[str, Any] = {"y_true": truth, "sample_weight": weight, "method": method}
        scanned = aiqa.evaluate(name, **given, y_score=near)
        rows = aiqa.evaluate(name, **given, y_score=near, cluster=_EACH)
        assert (scanned.low, scanned.high) == pytest.approx((rows.low, rows.high), rel=1e-9)
        assert scanned.method == rows.method == ("t" if method else "gaffke")
        scanned = aiqa.compare(name, **given, champion=far, challenger=near)
        paired = "t" if method else "hall" if (name, case) == ("log_loss", "three") else "gaffke"
        assert scanned.method == f"paired {paired}"
        rows = aiqa.compare(name, **given, champion=far, challenger=near, cluster=_EACH)
        assert (scanned.low, scanned.high) == pytest.approx((rows.low, rows.high), rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_paired_t_is_scipys(case: str) -> None:
    truth, near, far = CASES[case]
    pair = aiqa.compare("log_loss", y_true=truth, champion=far, challenger=near, method="t")

    def losses(score: Any) -> Any:
        own = score[np.arange(_N), truth] if score.ndim == 2 else np.where(truth, score, 1 - score)
        return -np.log(own)

    theirs = stats.ttest_rel(losses(near), losses(far))
    interval = theirs.confidence_interval(0.95)
    assert (pair.low, pair.high) == pytest.approx((interval.low, interval.high))
    assert pair.p_value == pytest.approx(theirs.pvalue, rel=1e-6)
    assert pair.method == "paired t"


def test_a_sample_without_positives_does_not_prove_a_small_loss() -> None:
    truth, score = np.zeros(100, dtype=int), np.full(100, 0.01)
    for name, larger in (("brier", 0.99**2), ("log_loss", -np.log(0.01))):
        found = aiqa.evaluate(name, y_true=truth, y_score=score, classes=[0, 1], alternative="less")
        assert found.value < 0.02
        assert found.high == pytest.approx(3 / 100 * larger, rel=0.05)


def test_classes_that_never_come_do_not_widen_the_bound() -> None:
    """Ten classes, nine of them all but impossible: what may come is the second."""
    truth = np.arange(400) % 10
    one = np.array([0.9, 0.08, 0.02, *[1e-9] * 7])
    scores = np.array([np.roll(one / one.sum(), k) for k in truth])
    found = aiqa.evaluate("log_loss", y_true=truth, y_score=scores, alternative="less")
    assert found.value == pytest.approx(-np.log(0.9), rel=1e-6)
    assert found.high < found.value + 3.2 / 400 * -np.log(0.08)


def test_ranks_of_paired_losses() -> None:
    truth, near, far = CASES["binary"]
    pair = aiqa.compare(metric.brier(method="wilcoxon"), y_true=truth, champion=far, challenger=near)
    gain = (truth - near) ** 2 - (truth - far) ** 2
    assert pair.p_value == pytest.approx(stats.wilcoxon(gain).pvalue)


def test_a_model_that_could_not_be_worse_is_not_bounded_by_what_it_could_have_lost() -> None:
    """All rows have the largest loss that they could have; others may have larger ones."""
    score = _RNG.uniform(0.6, 0.99, 100)
    found = aiqa.evaluate("log_loss", y_true=np.zeros(100), y_score=score, classes=[0, 1], task="binary")
    assert found.low < found.value < found.high


@pytest.mark.parametrize("name", ["log_loss", "brier"])
@pytest.mark.parametrize("clusters", [None, np.arange(300) // 3])
def test_models_that_differ_in_few_rows_are_not_told_apart_by_one(name: str, clusters: Any) -> None:
    truth = np.arange(300) % 2
    old = np.where(truth == 1, 0.7, 0.3)
    new = old.copy()
    old[1], new[1] = 0.1, 0.9
    told: dict[str, Any] = {"y_true": truth, "cluster": clusters}
    pair = aiqa.compare(name, champion=old, challenger=new, **told, alternative="each-side")
    assert pair.low < 0 < pair.high
    same = aiqa.compare(name, champion=old, challenger=old, **told, alternative="each-side")
    assert same.low < 0 < same.high
    surer = aiqa.compare(name, champion=old, challenger=old, **told, confidence=0.9999)
    assert surer.high > 2 * same.high
