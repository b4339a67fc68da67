"""How often verdicts on latency and throughput are wrong: simulated calls, whose truth is known.

``python -m benchmarks.latency [RUNS]``: for gates at 95 % confidence with the threshold on the truth, the
share of runs in which a bound is on the wrong side, the worse of both sides; by the bounds of the catalogue,
and by those that take each call for independent of the others. A metric of two models has the champion's
calls in the same rounds: the state of the machine, which the world makes, slows both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.metrics import resources
from aiqa.scan.timing import Measured
from aiqa.stats.functional import difference, function_of, infer, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.quantiles import quantile, quantile_difference, weighted_quantile

Floats = NDArray[np.float64]
World = Callable[[int, np.random.Generator], Floats]
ALPHA = 0.05
METRICS = (metric.latency, metric.latency(quantile=0.95), metric.latency(quantile=0.99), metric.throughput)
SIZES = (300, 2_000)


def _autocorrelated(phi: float) -> World:
    def state(n: int, rng: np.random.Generator) -> Floats:
        noise = rng.normal(size=n + 200) * np.sqrt(1 - phi**2)
        return np.exp(0.3 * np.asarray(lfilter([1], [1, -phi], noise))[200:])

    return state


def _spells(n: int, rng: np.random.Generator) -> Floats:
    """The machine is three times as slow for 20 calls or so, in 5 % of all."""
    slow, start, now = np.empty(n, dtype=bool), 0, rng.random() < 0.05
    while start < n:
        length = int(rng.geometric(0.05 if now else 0.05 * 0.05 / 0.95))
        slow[start : start + length] = now
        start, now = start + length, not now
    return np.where(slow, 3.0, 1.0)


def _rare(n: int, rng: np.random.Generator) -> Floats:
    return 1 + (rng.random(n) < 0.01) * rng.exponential(10, n)


WORLDS: dict[str, World] = {
    "independent calls": lambda n, rng: np.exp(0.3 * rng.normal(size=n)),
    "1 % of calls ten times as slow": _rare,
    "autocorrelation 0.5": _autocorrelated(0.5),
    "autocorrelation 0.9": _autocorrelated(0.9),
    "slow spells of 20 calls, 5 % of all": _spells,
}


def rounds(world: World, n: int, rng: np.random.Generator) -> Floats:
    """Return milliseconds of shape (n, 2); the challenger is a tenth slower."""
    state = world(n, rng)[:, None]
    own: Floats = np.array([1.1, 1.0]) * np.exp(0.1 * rng.normal(size=(n, 2)))
    return state * own


def _measured(taken: Floats) -> Measured:
    return Measured({"ms": taken}, "calls", "")


def ours(of: Metric, taken: Floats, *, versus: bool) -> Inference:
    return resources.compare(of, _measured(taken)).gain if versus else resources.infer(of, _measured(taken))


def naive(of: Metric, taken: Floats, *, versus: bool) -> Inference:
    """Each call, or round, by itself."""
    challenger, champion = taken.T
    if of.name == "throughput":
        rates = [
            function_of(lambda mean: 65_536e3 / mean, (mean_of(one),), lambda mean: (-65_536e3 / mean**2,))
            for one in (challenger, champion)
        ]
        return infer(difference(*rates) if versus else rates[0])
    share = of.options.as_dict()["quantile"]
    if versus:
        return quantile_difference(champion, challenger, None, share, floor=0.0)
    return quantile(weighted_quantile(challenger, None, share), challenger, None, share, floor=0.0)


def truths(world: World, rng: np.random.Generator) -> dict[tuple[Metric, bool], float]:
    """Return what two million calls say of each metric, alone and against the champion."""
    taken = np.concatenate([rounds(world, 500_000, rng) for _ in range(4)])
    return {(of, versus): _value(of, taken, versus=versus) for of in METRICS for versus in (False, True)}


def _value(of: Metric, taken: Floats, *, versus: bool) -> float:
    if of.name == "throughput":
        challenger, champion = 65_536e3 / taken.mean(axis=0)
        return float(challenger - champion if versus else challenger)
    challenger, champion = np.quantile(taken, of.options.as_dict()["quantile"], axis=0)
    return float(champion - challenger if versus else challenger)


def wrong(
    of: Metric, world: World, n: int, truth: float, runs: int, *, versus: bool
) -> tuple[float, float, float]:
    """Return the errors of the worse side, ours and naive, and in how many runs ours has no upper bound."""
    rng, counts, unbounded = np.random.default_rng(n), np.zeros((2, 2)), 0
    for _ in range(runs):
        taken = rounds(world, n, rng)
        for which, made in enumerate((ours, naive)):
            found = made(of, taken, versus=versus)
            low, high = found.lower(ALPHA), found.upper(ALPHA)
            counts[which] += low > truth, high < truth
            unbounded += which == 0 and not np.isfinite([low, high]).all()
    worst = counts.max(axis=1) / runs
    return float(worst[0]), float(worst[1]), unbounded / runs


def main(runs: int) -> None:
    for name, world in WORLDS.items():
        known = truths(world, np.random.default_rng(1))
        for (of, versus), truth in known.items():
            told = []
            for n in SIZES:
                mine, theirs, unbounded = wrong(of, world, n, truth, runs, versus=versus)
                told.append(f"{n:,} calls: {mine:6.1%} (naive {theirs:6.1%}, no bound {unbounded:4.0%})")
            what = f"{of!r}{' against the champion' if versus else ''}"
            print(f"{name:36} {what:48} {'; '.join(told)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
