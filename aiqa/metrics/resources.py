"""Metrics of what a model takes: time and memory, measured on the model itself.

Calls close in time are alike: the machine has slow spells, and a bound that takes each call for a new one is
then wrong in a third of the runs. So the bounds of calls are the wider of those that are exact for
independent calls, and those of :data:`BLOCKS` blocks of calls one after the other, which are right as long
as calls of different blocks are as good as independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiqa.declare.metric import OF_RESOURCES, Metric
from aiqa.metrics.question import Comparison, Spec
from aiqa.scan.fresh import Processes, start_fresh
from aiqa.scan.model import BATCH, LoadedModel
from aiqa.scan.source import Table
from aiqa.scan.timing import Calls, Measured, this_machine, time_calls
from aiqa.stats import functional
from aiqa.stats.functional import Functional, difference, function_of, mean_of
from aiqa.stats.inference import Inference, exact
from aiqa.stats.paired import wider
from aiqa.stats.quantiles import clustered_quantile, quantile, quantile_difference, weighted_quantile

Floats = NDArray[np.float64]
Shape = Calls | Processes | None
BLOCKS = 20
"""Into so many blocks of calls one after the other a measurement is cut."""
LATENCY, THROUGHPUT, SIZE, COLD_START = "latency", "throughput", "model_size", "cold_start"
_ENOUGH, _IN_THE_TAIL = 2_000, 10
_POSITIVE = (0.0, math.inf)
_MIB, _MS = 2**20, 1_000


def shape_of(metric: Metric) -> Shape:
    """Return what is to be measured; gates of one shape share it. None: the size, which is known.

    Examples
    --------
    >>> from aiqa import metric
    >>> shape_of(metric.latency(quantile=0.95))
    Calls(rows=1, calls=2000, seconds=10.0)
    >>> shape_of(metric.latency(quantile=0.999, rows=8)).calls
    10000
    """
    told = metric.options.as_dict()
    if metric.name == SIZE:
        return None
    if metric.name in (LATENCY, THROUGHPUT):
        tail = min(_share(metric), 1 - _share(metric))
        enough = max(_ENOUGH, math.ceil(_IN_THE_TAIL / tail - 1e-6))
        return Calls(_rows(metric), told.get("calls", enough), float(told.get("seconds", 10)))
    return Processes(_rows(metric), told.get("processes", 5), float(told.get("seconds", 60)))


def _rows(metric: Metric) -> int:
    few = metric.name in (LATENCY, COLD_START)
    return int(metric.options.as_dict().get("rows", 1 if few else BATCH))


def _share(metric: Metric) -> float:
    return float(metric.options.as_dict().get("quantile", 0.5))


def measure(
    shape: Shape,
    models: Sequence[LoadedModel],
    table: Table | None,
    seed: int,
    *,
    root: Path,
    tracking_uri: str | None = None,
) -> Measured:
    """Measure models: the challenger, and the champion where they are compared.

    Parameters
    ----------
    shape : Calls, Processes or None
        Of :func:`shape_of`.
    models : sequence of LoadedModel
    table : Table or None
        Whose rows they score; a size takes none.
    seed, root, tracking_uri : optional
        As for :func:`~aiqa.scan.timing.time_calls` and :func:`~aiqa.scan.fresh.start_fresh`.
    """
    if shape is None or table is None:
        sizes = np.array([[model.size / _MIB for model in models]])
        return Measured({"MiB": sizes}, "stored model", this_machine())
    if isinstance(shape, Calls):
        return time_calls(models, table, shape, seed)
    return start_fresh(models, table, shape, seed, root=root, tracking_uri=tracking_uri)


def subject(metric: Metric, measured: Measured) -> str:
    """Return what a number is of, and on what machine.

    Examples
    --------
    >>> from aiqa import metric
    >>> of = Measured({"ms": np.ones((1000, 1))}, "calls of 1 row", "Linux x86_64 with 2 cores")
    >>> subject(metric.latency(quantile=0.95), of)
    'p95 of 1,000 calls of 1 row, on Linux x86_64 with 2 cores'
    """
    if metric.name == SIZE:
        return "the stored model"
    n = len(measured.taken[_KINDS[metric.name].taken])
    what = {LATENCY: f"p{100 * _share(metric):g}", THROUGHPUT: "the rate"}.get(metric.name, "the median")
    return f"{what} of {n:,} {measured.n_of}, on {measured.machine}"


def infer(metric: Metric, measured: Measured) -> Inference:
    """Infer what the challenger takes.

    Latency: order statistics, exact for independent calls, or those of blocks where these are wider.
    Throughput: rows over the mean time of a call, by Hall's bounds of blocks. Peak memory and cold start: the
    median of independent processes, by order statistics. The size is exact.
    """
    kind = _KINDS[metric.name]
    found = kind.infer(metric, measured.taken[kind.taken][:, 0])
    return _named(metric, measured, found)


def compare(metric: Metric, measured: Measured) -> Comparison:
    """Infer by how much the challenger is better than the champion, from what was measured in turns.

    Latency: MOVER of the bounds of both, with the correlation of the shares of calls below the two; of single
    rounds or of blocks, whichever is wider. Throughput: Hall's bounds, linearised, of blocks of rounds. Peak
    memory and cold start: the median of the differences in each round, by order statistics.
    """
    kind = _KINDS[metric.name]
    challenger, champion = measured.taken[kind.taken].T
    gain = _named(metric, measured, kind.gain(metric, challenger, champion))
    return Comparison(gain, kind.value(metric, challenger), kind.value(metric, champion))


def _named(metric: Metric, measured: Measured, found: Inference) -> Inference:
    return replace(found, unit=_KINDS[metric.name].unit, support=None, support_of=measured.n_of)


def _blocks(calls: int) -> NDArray[np.int64]:
    """Return the block of each call, in their order; with few calls each is one."""
    return np.arange(calls) * min(calls, BLOCKS) // calls


# Latency


def _quantile(metric: Metric, taken: Floats) -> float:
    return weighted_quantile(taken, None, _share(metric))


def _infer_quantile(metric: Metric, taken: Floats) -> Inference:
    told = _quantile(metric, taken), taken, None, _share(metric)
    single = quantile(*told, floor=0.0)
    blocks = clustered_quantile(*told, _blocks(len(taken)), floor=0.0)
    return replace(wider(single, blocks), method=f"order statistics, or of {BLOCKS} blocks of calls")


def _gain_of_quantile(metric: Metric, challenger: Floats, champion: Floats) -> Inference:
    told = champion, challenger, None, _share(metric)
    single = quantile_difference(*told, floor=0.0)
    blocks = quantile_difference(*told, _blocks(len(champion)), floor=0.0)
    method = f"mover of order statistics, or of {BLOCKS} blocks of rounds"
    return replace(wider(single, blocks), method=method)


# Throughput


def _rate(metric: Metric, taken: Floats) -> float:
    return _rows(metric) * _MS / float(taken.mean())


def _rate_functional(metric: Metric, taken: Floats) -> Functional:
    rows = _rows(metric) * _MS
    told = mean_of(taken, domain=_POSITIVE)
    return function_of(lambda mean: rows / mean, (told,), lambda mean: (-rows / mean**2,), domain=_POSITIVE)


def _infer_rate(metric: Metric, taken: Floats) -> Inference:
    mean = functional.infer(mean_of(taken, domain=_POSITIVE), clusters=_blocks(len(taken)))
    rows = _rows(metric) * _MS
    rate = mean.negated().map(lambda negative: rows / -negative if negative else math.inf)
    return replace(rate, method=f"{mean.method} of {BLOCKS} blocks of calls")


def _gain_of_rate(metric: Metric, challenger: Floats, champion: Floats) -> Inference:
    rates = [_rate_functional(metric, taken) for taken in (challenger, champion)]
    gain = functional.infer(difference(*rates), clusters=_blocks(len(challenger)))
    return replace(gain, method=f"{gain.method} of {BLOCKS} blocks of rounds")


# Fresh processes


def _median(_: Metric, taken: Floats) -> float:
    return weighted_quantile(taken, None, 0.5)


def _infer_median(metric: Metric, taken: Floats) -> Inference:
    return quantile(_median(metric, taken), taken, None, 0.5, floor=0.0)


def _gain_of_median(metric: Metric, challenger: Floats, champion: Floats) -> Inference:
    gains = champion - challenger
    return quantile(_median(metric, gains), gains, None, 0.5)


# The size


def _infer_size(metric: Metric, taken: Floats) -> Inference:
    return exact(_median(metric, taken), 1)


def _gain_of_size(metric: Metric, challenger: Floats, champion: Floats) -> Inference:
    return exact(_median(metric, champion - challenger), 1)


@dataclass(frozen=True, slots=True)
class _Kind:
    taken: str
    unit: str
    value: Callable[[Metric, Floats], float]
    infer: Callable[[Metric, Floats], Inference]
    gain: Callable[[Metric, Floats, Floats], Inference]


_KINDS = {
    LATENCY: _Kind("ms", "ms", _quantile, _infer_quantile, _gain_of_quantile),
    THROUGHPUT: _Kind("ms", "rows/s", _rate, _infer_rate, _gain_of_rate),
    "peak_memory": _Kind("MiB", "MiB", _median, _infer_median, _gain_of_median),
    SIZE: _Kind("MiB", "MiB", _median, _infer_size, _gain_of_size),
    COLD_START: _Kind("s", "s", _median, _infer_median, _gain_of_median),
}
SPECS = {
    name: Spec((), "prediction", higher_is_better=name == THROUGHPUT, family=None) for name in OF_RESOURCES
}
