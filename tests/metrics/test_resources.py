"""What is made of the time and memory that models took: values, bounds, gains."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import binom

import aiqa
from aiqa import metric
from aiqa.declare.metric import OF_RESOURCES, Metric
from aiqa.errors import MetricError
from aiqa.metrics import resources
from aiqa.metrics.catalogue import higher_is_better
from aiqa.scan.fresh import Processes
from aiqa.scan.timing import Calls, Measured

Floats = NDArray[np.float64]
TIMES = st.integers(1, 400).flatmap(
    lambda n: arrays(float, (n, 2), elements=st.floats(0.01, 1e4, allow_nan=False))
)
P95 = metric.latency(quantile=0.95)


def _calls(taken: Any, unit: str = "ms") -> Measured:
    array = np.asarray(taken, dtype=float)
    return Measured({unit: array if array.ndim == 2 else array[:, None]}, "calls of 1 row", "here")


def _all_units(taken: Floats) -> Measured:
    return Measured(dict.fromkeys(("ms", "s", "MiB"), taken), "calls", "here")


# Values and bounds


@settings(deadline=None, max_examples=50)
@given(TIMES, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_latency_is_numpys_quantile_in_at_least_the_exact_bounds(taken: Floats, share: float) -> None:
    of = np.sort(taken[:, 0])
    found = resources.infer(metric.latency(quantile=share), _calls(taken))
    assert found.value == pytest.approx(np.quantile(of, share, method="averaged_inverted_cdf"))
    assert (found.unit, found.n) == ("ms", len(of))
    for alpha in (0.05, 0.3):
        # The largest rank that is at most the quantile's with probability 1 - alpha, and its mirror image.
        low = int(binom.ppf(alpha, len(of), share))
        low -= binom.cdf(low - 1, len(of), share) > alpha
        high = int(binom.ppf(1 - alpha, len(of), share)) + 1
        assert found.lower(alpha) <= min(found.value, of[low - 1] if low >= 1 else 0.0)
        assert found.upper(alpha) >= max(found.value, of[high - 1] if high <= len(of) else math.inf)


@settings(deadline=None, max_examples=50)
@given(TIMES)
def test_throughput_is_all_rows_over_all_time(taken: Floats) -> None:
    found = resources.infer(metric.throughput(rows=32), _calls(taken))
    rate = 32 * len(taken) / (taken[:, 0].sum() / 1000)
    assert found.value == pytest.approx(rate)
    assert 0 <= found.lower(0.05) <= found.value * (1 + 1e-9)
    assert found.upper(0.05) >= found.value * (1 - 1e-9)


@settings(deadline=None, max_examples=50)
@given(TIMES, st.sampled_from([metric.latency, P95, metric.throughput, metric.peak_memory]))
def test_the_gain_of_one_model_is_the_loss_of_the_other(taken: Floats, of: Metric) -> None:
    ours, theirs = (resources.compare(of, _all_units(one)) for one in (taken, taken[:, ::-1]))
    assert (ours.challenger, ours.champion) == (theirs.champion, theirs.challenger)
    assert ours.gain.value == pytest.approx(-theirs.gain.value, abs=1e-9)
    assert ours.gain.lower(0.05) <= ours.gain.value <= ours.gain.upper(0.05)
    better = ours.challenger > ours.champion if higher_is_better(of) else ours.challenger < ours.champion
    if of.name in ("latency", "throughput"):
        assert (ours.gain.value > 0) == better
    for alpha in (0.05, 0.2):
        assert ours.gain.lower(alpha) == pytest.approx(-theirs.gain.upper(alpha), rel=1e-6, abs=1e-6)


def test_a_faster_model_gains() -> None:
    taken = np.random.default_rng(0).uniform([1.0, 2.0], [1.1, 2.2], (400, 2))
    for of in (metric.latency, metric.throughput, metric.cold_start):
        gain = resources.compare(of, _all_units(taken)).gain
        assert gain.lower(0.05) > 0
        assert resources.compare(of, _all_units(taken[:, ::-1])).gain.upper(0.05) < 0


@pytest.mark.parametrize("of", [metric.peak_memory, metric.cold_start])
def test_five_processes_are_bounded_by_the_least_and_the_most_of_them(of: Metric) -> None:
    taken = np.array([[5.0, 9.0], [3.0, 4.0], [4.0, 6.0], [9.0, 8.0], [1.0, 2.0]])
    found = resources.infer(of, _all_units(taken))
    assert (found.value, found.lower(0.05), found.upper(0.05)) == (4.0, 1.0, 9.0)
    assert math.isinf(found.upper(0.03))  # 1 / 2**5: all five on one side of the median
    compared = resources.compare(of, _all_units(taken))
    assert (compared.gain.value, compared.gain.lower(0.05), compared.gain.upper(0.05)) == (1.0, -1.0, 4.0)
    assert (compared.challenger, compared.champion) == (4.0, 6.0)


def test_sizes_are_exact() -> None:
    found = resources.compare(metric.model_size, _all_units(np.array([[3.0, 5.0]])))
    assert (found.gain.method, found.gain.value, found.gain.lower(0.01)) == ("exact", 2.0, 2.0)


@pytest.mark.parametrize(("share", "few"), [(0.5, 4), (0.95, 58), (0.99, 298)])
def test_too_few_calls_have_no_upper_bound(share: float, few: int) -> None:
    of = metric.latency(quantile=share)
    taken = np.random.default_rng(0).uniform(1, 2, few)
    assert math.isinf(resources.infer(of, _calls(taken)).upper(0.05))
    assert math.isinf(-resources.compare(of, _calls(np.stack([taken, taken + 0.1], 1))).gain.lower(0.05))


def test_one_call_proves_nothing() -> None:
    for of in (metric.latency, metric.throughput):
        found = resources.infer(of, _calls([3.0]))
        assert (found.lower(0.05), found.upper(0.05)) == (0.0, math.inf)


# Errors of gates


def _autocorrelated(rng: np.random.Generator, n: int) -> Floats:
    noise = rng.normal(size=n + 200) * math.sqrt(1 - 0.9**2)
    return np.exp(0.3 * np.asarray(lfilter([1], [1, -0.9], noise))[200:])


def _wrong(of: Metric, truth: float, runs: int) -> float:
    rng, wrong = np.random.default_rng(3), np.zeros(2)
    for _ in range(runs):
        found = resources.infer(of, _calls(_autocorrelated(rng, 2000)))
        wrong += found.upper(0.05) < truth, found.lower(0.05) > truth
    return float(wrong.max() / runs)


def test_slow_spells_do_not_pass_for_so_many_calls() -> None:
    """Bounds that take each call for a new one are wrong in 30 % of these runs, here in about 6 %."""
    long = np.random.default_rng(4)
    calls = np.concatenate([_autocorrelated(long, 100_000) for _ in range(20)])
    assert _wrong(P95, float(np.quantile(calls, 0.95)), 200) <= 0.12
    assert _wrong(metric.throughput(rows=1), 1000 / float(calls.mean()), 200) <= 0.12


# What is measured


def test_gates_of_one_shape_share_a_measurement() -> None:
    shapes = {resources.shape_of(metric.latency(quantile=share)) for share in (0.5, 0.9, 0.99)}
    assert shapes == {Calls(1, 2000, 10.0)}
    assert resources.shape_of(metric.latency(rows=65_536)) == resources.shape_of(metric.throughput)
    assert resources.shape_of(metric.latency(quantile=0.999)) == Calls(1, 10_000, 10.0)
    assert resources.shape_of(metric.latency(calls=9, seconds=1)) == Calls(1, 9, 1.0)
    assert resources.shape_of(metric.cold_start) == Processes(1, 5, 60.0)
    assert resources.shape_of(metric.peak_memory(rows=1)) == resources.shape_of(metric.cold_start)
    assert resources.shape_of(metric.model_size) is None


def test_people_are_told_what_of() -> None:
    told = resources.subject(metric.latency(quantile=0.999), _calls(np.ones(1200)))
    assert told == "p99.9 of 1,200 calls of 1 row, on here"
    assert resources.subject(metric.cold_start, _calls(np.ones(5), "s")).startswith("the median of 5 calls")


@pytest.mark.parametrize("name", OF_RESOURCES)
def test_arrays_of_answers_tell_nothing_of_it(name: str) -> None:
    with pytest.raises(MetricError, match="measured on the model itself"):
        aiqa.evaluate(name, y_true=[0, 1, 1], y_pred=[0, 1, 0])
