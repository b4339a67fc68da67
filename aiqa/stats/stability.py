"""The population stability index of two samples in the same bins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.bootstrap import from_replicates
from aiqa.stats.inference import FEW, Inference, without_variation

Floats = NDArray[np.float64]
FLOOR = 1e-4
"""Shares of empty bins count as this much, so that the index stays finite."""
_RESAMPLES = 2000


def stability_index(own: NDArray[Any], reference: NDArray[Any]) -> Any:
    """Return the index: the sum over bins of (p - q) log(p / q), in nats, along the last axis.

    Examples
    --------
    >>> round(float(stability_index(np.array([30, 70]), np.array([50, 50]))), 4)
    0.1695
    """
    p = np.maximum(own / own.sum(axis=-1, keepdims=True), FLOOR)
    q = np.maximum(reference / reference.sum(axis=-1, keepdims=True), FLOOR)
    return ((p - q) * np.log(p / q)).sum(axis=-1)


def psi(own: NDArray[Any], reference: NDArray[Any], seed: int) -> Inference:
    """Infer the index from the counts by bin of two independent samples.

    The value is the plain index of the samples, which chance alone makes larger than the truth by about
    (bins - 1)(1/n + 1/m). The bounds are of the truth: a multinomial bootstrap of both samples, less twice
    the bias that it shows; they are widened to hold the value where it lies outside. A sample of fewer
    than ``FEW`` rows that are all in one bin shows no variation: the index may then be anything.

    Parameters
    ----------
    own, reference : ndarray of int, shape (bins,)
        Neither empty.
    seed : int

    Examples
    --------
    >>> psi(np.array([100, 100]), np.array([100, 100]), 0).value
    0.0
    """
    rng = np.random.default_rng(seed)
    value = float(stability_index(own, reference))
    if any(sample.max() == sample.sum() < FEW for sample in (own, reference)):
        return without_variation(value, int(own.sum()), "bootstrap", (0.0, np.inf))
    drawn = stability_index(_resample(own, rng), _resample(reference, rng))
    bias = float(drawn.mean()) - value
    return from_replicates(
        value,
        drawn - 2 * bias,
        int(own.sum()),
        f"bootstrap less its bias ({_RESAMPLES} resamples, {len(own)} bins)",
        domain=(0.0, np.inf),
    )


def _resample(counts: NDArray[Any], rng: np.random.Generator) -> Floats:
    total = int(counts.sum())
    return rng.multinomial(total, counts / total, size=_RESAMPLES).astype(float)
