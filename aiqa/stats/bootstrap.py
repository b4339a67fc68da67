"""Bootstraps and the jackknife: bounds from draws of independent units.

Seeded, so that the same data and seed give the same bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import Inference, without_variation
from aiqa.stats.linear import t_inference
from aiqa.stats.resampling import Sample, replicate
from aiqa.stats.skewed import REAL, Domain, quantile_t
from aiqa.stats.special import ndtr, ndtri

Floats = NDArray[np.float64]
_TAIL = 10
_ROUNDING = 1e-12
_LEAST = 1e-15


def from_replicates(
    value: float,
    replicates: Floats,
    n: int,
    method: str,
    *,
    domain: Domain = REAL,
    level: Callable[[float], float] = lambda alpha: alpha,
    support: int | None = None,
    support_of: str = "rows",
) -> Inference:
    """Infer from replicates: quantiles, and beyond those that the replicates can tell, normal tails too.

    Parameters
    ----------
    value : float
        The point estimate; bounds never exclude it.
    replicates : ndarray of float, shape (b,)
        NaN marks a resample on which the quantity is not defined: it counts for both extremes.
    n : int
        Rows.
    method : str
    domain : (float, float)
        Where the truth must lie.
    level : callable
        From the probability of a quantile to that of a better one (BCa's correction).
    support, support_of : optional
        As in :class:`~aiqa.stats.inference.Inference`.
    """
    low, high = (np.sort(np.where(np.isnan(replicates), end, replicates)) for end in domain)
    error = _error(replicates)

    def lower_bound(alpha: float) -> float:
        bounds = [value, _quantile(low, level(alpha), down=True)]
        if alpha * len(low) < _TAIL:
            bounds.append(value + ndtri(alpha) * error)
        return max(domain[0], min(bounds))

    def upper_bound(alpha: float) -> float:
        bounds = [value, _quantile(high, level(1 - alpha), down=False)]
        if alpha * len(high) < _TAIL:
            bounds.append(value - ndtri(alpha) * error)
        return min(domain[1], max(bounds))

    return Inference(value, n, method, lower_bound, upper_bound, support, support_of)


def _error(replicates: Floats) -> float:
    finite = replicates[np.isfinite(replicates)]
    return float(finite.std(ddof=1)) if len(finite) > 1 else math.inf


def _quantile(ranked: Floats, level: float, *, down: bool) -> float:
    """Return the order statistic at `level`, rounded outward."""
    position = level * (len(ranked) + 1)
    index = math.floor(position) if down else math.ceil(position)
    return float(ranked[min(max(index, 1), len(ranked)) - 1])


# The methods, of any sample of units.


def infer_sample(sample: Sample, method: str, replicates: int, seed: int, n: int, **told: Any) -> Inference:
    """Infer a quantity from draws of its units, or by leaving each out.

    Parameters
    ----------
    sample : Sample
        Where its units show no variation, the bounds are the domain.
    method : {"bootstrap", "bootstrap-t", "bca", "percentile", "poisson", "jackknife"}
        "bootstrap" is the bootstrap-t: of these alone its bounds hold their level where units are few or
        skewed.
    replicates : int
    seed : int
    n : int
        Rows of the table.
    **told
        ``domain``, ``support`` and ``support_of`` of the inference.

    Examples
    --------
    >>> from aiqa.stats.functional import mean_of
    >>> rows = mean_of(np.arange(20.0))
    >>> sample = Sample(rows.value, rows.influence, rows.weight, np.ones(20))
    >>> infer_sample(sample, "bca", 1000, 0, 20).method
    'bca (1,000 resamples)'
    """
    value = sample.at(sample.weight)
    if not sample.error(sample.weight, sample.count) > _ROUNDING * abs(value):
        return without_variation(value, n, method, told.get("domain", REAL))
    return _METHODS[method](sample, replicates, seed, n, told)


def _told(name: str, sample: Sample, replicates: int) -> str:
    of = "" if sample.units == "rows" else f" of {len(sample.count):,} {sample.units}"
    return f"{name} ({replicates:,} resamples{of})"


def _percentile(sample: Sample, replicates: int, seed: int, n: int, told: dict[str, Any]) -> Inference:
    """Take the quantiles of the replicates (Efron, Annals of Statistics 7, 1979)."""
    drawn = replicate(sample, replicates, seed)[0]
    name = _told("bootstrap percentile", sample, replicates)
    return from_replicates(sample.at(sample.weight), drawn, n, name, **told)


def _poisson(sample: Sample, replicates: int, seed: int, n: int, told: dict[str, Any]) -> Inference:
    """Take the quantiles where each unit is drawn by itself, a Poisson number of times.

    (Chamandy, Muralidharan, Najmi & Naidu, Estimating Uncertainty for Massive Data Streams, 2012.)
    """
    drawn = replicate(sample, replicates, seed, poisson=True)[0]
    name = _told("poisson bootstrap", sample, replicates)
    return from_replicates(sample.at(sample.weight), drawn, n, name, **told)


def _bca(sample: Sample, replicates: int, seed: int, n: int, told: dict[str, Any]) -> Inference:
    """Take better quantiles: corrected for bias and for a standard error that changes with the truth.

    (Efron, JASA 82, 1987; the acceleration from the influence function, his formula 6.6.)
    """
    value = sample.at(sample.weight)
    drawn = replicate(sample, replicates, seed)[0]
    level = bca_level(value, drawn, _moment(sample, 3) / math.pow(_moment(sample, 2), 1.5) / 6)
    return from_replicates(value, drawn, n, _told("bca", sample, replicates), level=level, **told)


def _moment(sample: Sample, order: int) -> float:
    moved, counted = sample.contributions(sample.weight), sample.count > 0
    return float((moved[counted] ** order / sample.count[counted] ** (order - 1)).sum())


def bca_level(value: float, drawn: Floats, acceleration: float) -> Callable[[float], float]:
    """Return from the probability of a quantile of the replicates that of the better one (Efron, 1987)."""
    below = float(np.mean(drawn < value) + np.mean(drawn == value) / 2)
    bias = ndtri(float(np.clip(below, 1 / len(drawn), 1 - 1 / len(drawn))))

    def level(probability: float) -> float:
        z = bias + ndtri(min(max(probability, _LEAST), 1 - _LEAST))
        slowed = 1 - acceleration * z
        return ndtr(bias + z / slowed) if slowed > 0 else (1.0 if z > 0 else 0.0)

    return level


def expanded(level: Callable[[float], float], units: float) -> Callable[[float], float]:
    """Move levels of quantiles outward as far as Student's are beyond normal ones.

    (Hesterberg, The American Statistician 69, 2015.)
    """
    if units < 2:
        return level
    wider = math.sqrt(units / (units - 1))

    def outer(probability: float) -> float:
        tail = ndtr(-quantile_t(min(probability, 1 - probability), units - 1) * wider)
        return level(tail if probability < 0.5 else 1 - tail)

    return outer


def _studentised(sample: Sample, replicates: int, seed: int, n: int, told: dict[str, Any]) -> Inference:
    """Take the quantiles of (replicate - value) / the replicate's standard error (Efron, 1979; Hall, 1988).

    A draw whose units all agree has no standard error: it is infinitely far away, so that with few units
    of a kind the bound is the end of the domain.
    """
    value, ones = sample.at(sample.weight), sample.count
    drawn, errors = replicate(sample, replicates, seed, errors=True)
    apart = np.where(np.abs(drawn - value) > _ROUNDING * max(1.0, abs(value)), drawn - value, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(
            apart == 0, 0.0, apart / np.where(errors > _ROUNDING * np.abs(apart), errors, 0.0)
        )
    error, df = sample.error(sample.weight, ones), float(ones.sum()) - 1
    above = _distance(np.where(np.isnan(drawn), math.inf, distance), df)
    below = _distance(np.where(np.isnan(drawn), math.inf, -distance), df)
    low, high = told.get("domain", REAL)
    return Inference(
        value,
        n,
        _told("bootstrap-t", sample, replicates),
        lambda alpha: max(low, min(value, value - above(alpha) * error)),
        lambda alpha: min(high, max(value, value + below(alpha) * error)),
        told.get("support"),
        told.get("support_of", "rows"),
    )


def _distance(distances: Floats, df: float) -> Callable[[float], float]:
    """Return how many standard errors away a bound is.

    Beyond what the draws can tell it goes on as Student's t does, on a scale by which the two meet.
    """
    ranked = np.sort(distances)
    least = min(0.5, _TAIL / len(ranked))

    def reach(alpha: float) -> float:
        told = _quantile(ranked, 1 - max(alpha, least), down=False)
        if alpha >= least or not math.isfinite(told):
            return told
        return max(told, told * quantile_t(alpha, df) / quantile_t(least, df))

    return reach


def _jackknife(sample: Sample, replicates: int, seed: int, n: int, told: dict[str, Any]) -> Inference:  # noqa: ARG001
    """Leave each unit out (Tukey, Annals of Mathematical Statistics 29, 1958); Student's t."""
    counted = np.flatnonzero(sample.count > 0)
    times, total = sample.count[counted], float(sample.count.sum())
    with np.errstate(all="ignore"):
        left = np.array([sample.at(sample.weights(_without(sample.count, unit))) for unit in counted])
    spread = float(times @ (left - times @ left / total) ** 2) * (total - 1) / total
    df = total - 1 if math.isfinite(spread) and total > 1 else 0.0
    name = "jackknife" if sample.units == "rows" else f"jackknife ({len(counted):,} {sample.units})"
    return t_inference(sample.at(sample.weight), spread, df, n, name, **told)


def _without(count: Floats, unit: np.intp) -> Floats:
    left = count.copy()
    left[unit] = max(0.0, left[unit] - 1)
    return left


_METHODS: dict[str, Callable[[Sample, int, int, int, dict[str, Any]], Inference]] = {
    "bootstrap": _studentised,
    "bootstrap-t": _studentised,
    "bca": _bca,
    "percentile": _percentile,
    "poisson": _poisson,
    "jackknife": _jackknife,
}
