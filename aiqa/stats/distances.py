"""How far apart two samples of a column are: in the same bins, or value by value.

Distances of samples of one source are not 0: chance alone makes them larger than the truth. The bounds
account for that, so that what is proven to have moved did.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.bootstrap import from_replicates
from aiqa.stats.inference import Inference, without_variation
from aiqa.stats.special import ndtri

Floats = NDArray[np.float64]
Counts = NDArray[Any]
FLOOR = 1e-4
"""Shares of empty bins count as this much in the stability index, so that it stays finite."""
_RESAMPLES = 2000
_CELLS = 1000
_AT_ONCE = 200


class TwoSampleTest(NamedTuple):
    """A test's statistic, the p-value of no difference, and the degrees of freedom of a chi-square."""

    statistic: float
    p_value: float
    df: int | None = None


# In the same bins.


def stability_index(own: Counts, reference: Counts) -> Any:
    """Return the index: the sum over bins of (p - q) log(p / q), in nats, along the last axis.

    Examples
    --------
    >>> round(float(stability_index(np.array([30, 70]), np.array([50, 50]))), 4)
    0.1695
    """
    p, q = (np.maximum(part, FLOOR) for part in _shares(own, reference))
    return ((p - q) * np.log(p / q)).sum(axis=-1)


def js_divergence(own: Counts, reference: Counts) -> Any:
    """Return Jensen and Shannon's divergence in nats, along the last axis (Lin, IEEE Trans. IT 37, 1991).

    The mean of the relative entropies of both to their mean; from 0 to log 2.

    Examples
    --------
    >>> round(float(js_divergence(np.array([30, 70]), np.array([50, 50]))), 4)
    0.021
    """
    p, q = _shares(own, reference)
    return (_entropy_to(p, (p + q) / 2) + _entropy_to(q, (p + q) / 2)) / 2


def _entropy_to(p: Floats, mean: Floats) -> Any:
    ratio = np.divide(p, mean, out=np.ones(np.broadcast(p, mean).shape), where=p > 0)
    return (p * np.log(ratio)).sum(axis=-1)


def mean_square_contingency(own: Counts, reference: Counts) -> Any:
    """Return Pearson's chi-square of the two rows of counts over all rows, along the last axis.

    Examples
    --------
    >>> round(float(mean_square_contingency(np.array([30, 70]), np.array([50, 50]))), 4)
    0.0417
    """
    both = own + reference
    total = both.sum(axis=-1, keepdims=True)
    found = 0.0
    for part in (own, reference):
        expected = both * part.sum(axis=-1, keepdims=True) / total
        apart = np.divide((part - expected) ** 2, expected, out=np.zeros(both.shape), where=both > 0)
        found = found + apart.sum(axis=-1) / total[..., 0]
    return found


def _shares(*counts: Counts) -> list[Floats]:
    return [part / part.sum(axis=-1, keepdims=True) for part in counts]


def psi(own: Counts, reference: Counts, seed: int) -> Inference:
    """Infer the population stability index from the counts by bin of two independent samples.

    The value is the plain index of the samples, which chance alone makes larger than the truth by about
    (bins - 1)(1/n + 1/m). The bounds are of the truth: a multinomial bootstrap of both samples, less twice
    the bias that it shows; they are widened to hold the value where it lies outside. A sample whose rows are
    all in one bin shows no variation: of few rows (:func:`~aiqa.stats.inference.without_variation`) the index
    may then be anything.

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
    return _binned(stability_index, own, reference, seed, math.inf)


def js_distance(own: Counts, reference: Counts, seed: int) -> Inference:
    """Infer Jensen and Shannon's distance, the root of their divergence in bits: 0 alike, 1 disjoint.

    Bounds as those of :func:`psi`, of the divergence; arguments too.

    Examples
    --------
    >>> print(js_distance(np.array([10, 0]), np.array([0, 10]), 0).value)
    1.0
    """
    found = _binned(js_divergence, own, reference, seed, math.log(2))
    return found.map(lambda nats: math.sqrt(max(0.0, nats) / math.log(2)))


def cramers_v(own: Counts, reference: Counts, seed: int) -> Inference:
    """Infer Cramér's V of the sample and the bin (Mathematical Methods of Statistics, 1946, 21.9).

    The root of chi-square over all rows, so between 0 and 1. Bounds as those of :func:`psi`, of its square;
    arguments too. It depends on how large one sample is against the other.

    Examples
    --------
    >>> round(cramers_v(np.array([30, 70]), np.array([50, 50]), 0).value, 4)
    0.2041
    """
    return _binned(mean_square_contingency, own, reference, seed, 1.0).map(lambda v: math.sqrt(max(0.0, v)))


def chi_square(own: Counts, reference: Counts) -> TwoSampleTest:
    """Test by Pearson's chi-square that two rows of counts have the same shares (without correction).

    Examples
    --------
    >>> test = chi_square(np.array([30, 70]), np.array([50, 50]))
    >>> round(test.statistic, 3), round(test.p_value, 4), test.df
    (8.333, 0.0039, 1)
    """
    from scipy.special import chdtrc

    seen = (own + reference) > 0
    statistic = float(mean_square_contingency(own, reference)) * float((own + reference).sum())
    df = int(np.count_nonzero(seen)) - 1
    return TwoSampleTest(statistic, float(chdtrc(df, statistic)) if df > 0 else 1.0, df)


def _binned(
    distance: Callable[[Counts, Counts], Any], own: Counts, reference: Counts, seed: int, most: float
) -> Inference:
    value, n = float(distance(own, reference)), int(own.sum())
    alike = [int(sample.sum()) for sample in (own, reference) if sample.max() == sample.sum()]
    if alike:
        return without_variation(value, n, "bootstrap", (0.0, most), units=min(alike))
    rng = np.random.default_rng(seed)
    drawn = distance(*(_resampled(sample, _RESAMPLES, rng) for sample in (own, reference)))
    bias = float(drawn.mean()) - value
    name = f"bootstrap less its bias ({_RESAMPLES} resamples, {len(own)} bins)"
    found = from_replicates(value, drawn - 2 * bias, n, name, domain=(0.0, most))
    # Samples that are more alike than chance has them do not make the truth less than nothing.
    above = from_replicates(value, drawn - 2 * bias + max(0.0, bias - value), n, name, domain=(0.0, most))
    return replace(found, upper=above.upper)


def _resampled(counts: Counts, times: int, rng: np.random.Generator) -> Floats:
    total = int(counts.sum())
    return rng.multinomial(total, counts / total, size=times).astype(float)


# Value by value.


def kolmogorov_smirnov(own: Floats, reference: Floats) -> TwoSampleTest:
    """Test by the largest distance of two distribution functions that two samples are of one source.

    The p-value is by the limiting law (Kolmogorov 1933, Smirnov 1939); where values repeat, it is too large.

    Examples
    --------
    >>> test = kolmogorov_smirnov(np.arange(10.0), np.arange(10.0) + 5)
    >>> test.statistic, round(test.p_value, 4)
    (0.5, 0.1641)
    """
    from scipy.special import kolmogorov

    _, p, q = _distributions(own, reference)
    statistic = float(np.abs(p - q).max())
    return TwoSampleTest(statistic, float(kolmogorov(statistic / _scale(own, reference))))


def ks(own: Floats, reference: Floats) -> Inference:
    """Infer the largest distance of two distribution functions from independent samples.

    From below by Kolmogorov and Smirnov's limiting law, so that the bound is above 0 where their test
    rejects. From above by the normal error of a difference of shares, at its largest: wherever the distance
    is largest, the samples' is no smaller than theirs at that place.

    Parameters
    ----------
    own, reference : ndarray of float, shape (n,) and (m,)
        Neither empty.

    Examples
    --------
    >>> print(ks(np.arange(100.0), np.arange(100.0) + 50).estimate())
    0.5000 [0.2907, 0.6386], n 100
    """
    from scipy.special import kolmogi

    value, scale = kolmogorov_smirnov(own, reference).statistic, _scale(own, reference)
    return Inference(
        value,
        len(own),
        "kolmogorov-smirnov",
        lambda alpha: max(0.0, value - float(kolmogi(alpha)) * scale),
        lambda alpha: min(1.0, value - ndtri(alpha) * scale / 2),
    )


def wasserstein(own: Floats, reference: Floats, seed: int) -> Inference:
    """Infer the area between two distribution functions: how far values moved, in their unit.

    (Wasserstein's distance of order 1, the earth mover's.) From below by the bootstrap of the area between
    the errors of both, of which the distance is at most too large. From above by the normal error of a
    difference of means, than which that of no function which is as steep is larger.

    Parameters
    ----------
    own, reference : ndarray of float, shape (n,) and (m,)
        Finite; neither empty.
    seed : int

    Examples
    --------
    >>> rows = np.arange(100.0)
    >>> print(wasserstein(rows, rows + 50, 0).value)
    50.0
    """
    values, p, q = _distributions(own, reference)
    value = float(np.abs(p - q)[:-1] @ np.diff(values))
    alike = [len(part) for part in (own, reference) if (part == part[0]).all()]
    if alike:
        return without_variation(value, len(own), "bootstrap", (0.0, math.inf), units=min(alike))
    areas = _areas_of_errors(own, reference, np.random.default_rng(seed))
    error = math.sqrt(sum(float(part.var()) / max(len(part) - 1, 1) for part in (own, reference)))
    return Inference(
        value,
        len(own),
        f"bootstrap from below ({_RESAMPLES} resamples), normal from above",
        lambda alpha: max(0.0, value - float(np.quantile(areas, 1 - alpha, method="higher"))),
        lambda alpha: value - ndtri(alpha) * error,
    )


def _distributions(own: Floats, reference: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the values of both samples and the shares of each up to them."""
    values = np.unique(np.concatenate([own, reference]))
    shares = [np.searchsorted(np.sort(part), values, side="right") / len(part) for part in (own, reference)]
    return values, shares[0], shares[1]


def _scale(own: Floats, reference: Floats) -> float:
    return math.sqrt(1 / len(own) + 1 / len(reference))


def _areas_of_errors(own: Floats, reference: Floats, rng: np.random.Generator) -> Floats:
    """Return resampled areas between what both distribution functions are off by, on at most 1,000 cells."""
    pooled = np.concatenate([own, reference])
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, _CELLS + 1), method="inverted_cdf"))
    counts = [np.bincount(np.searchsorted(edges, part), minlength=len(edges)) for part in (own, reference)]
    areas = []
    for _ in range(_RESAMPLES // _AT_ONCE):
        off = [
            (_resampled(part, _AT_ONCE, rng) - part).cumsum(axis=1)[:, :-1] / part.sum() for part in counts
        ]
        areas.append(np.abs(off[0] - off[1]) @ np.diff(edges))
    return np.concatenate(areas)
