"""Bootstraps and the jackknife: bounds from draws of independent units.

Seeded, so that the same data and seed give the same bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.inference import FEW, Inference, without_variation
from aiqa.stats.linear import t_inference
from aiqa.stats.resampling import Sample, replicate
from aiqa.stats.skewed import quantile_t
from aiqa.stats.special import ndtr, ndtri

Floats = NDArray[np.float64]
Domain = tuple[float, float]
REAL: Domain = (-math.inf, math.inf)
ROWS = 20_000
"""Resamples of a user's function are no larger than this; see :func:`bootstrap_rows`."""
_TAIL = 10
_CHUNK = 4_000_000
_ROUNDING = 1e-12


def from_replicates(
    value: float,
    replicates: Floats,
    n: int,
    method: str,
    *,
    upper: Floats | None = None,
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
    upper : ndarray of float, optional
        Other replicates for the upper bound.
    domain : (float, float)
        Where the truth must lie.
    level : callable
        From the probability of a quantile to that of a better one (BCa's correction).
    support, support_of : optional
        As in :class:`~aiqa.stats.inference.Inference`.
    """
    low = np.sort(np.where(np.isnan(replicates), domain[0], replicates))
    highs = replicates if upper is None else upper
    high = np.sort(np.where(np.isnan(highs), domain[1], highs))
    errors = _error(replicates), _error(highs)

    def lower_bound(alpha: float) -> float:
        bounds = [value, _quantile(low, level(alpha), down=True)]
        if alpha * len(low) < _TAIL:
            bounds.append(value + ndtri(alpha) * errors[0])
        return max(domain[0], min(bounds))

    def upper_bound(alpha: float) -> float:
        bounds = [value, _quantile(high, level(1 - alpha), down=False)]
        if alpha * len(high) < _TAIL:
            bounds.append(value - ndtri(alpha) * errors[1])
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
        z = bias + ndtri(probability)
        slowed = 1 - acceleration * z
        return ndtr(bias + z / slowed) if slowed > 0 else (1.0 if z > 0 else 0.0)

    return level


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


# Of rows, for any function.


def bootstrap_rows(
    statistic: Callable[[NDArray[np.intp]], float],
    value: float,
    n: int,
    seed: int,
    *,
    domain: Domain = REAL,
    resamples: int = 1000,
) -> Inference:
    """Infer any function of rows by resampling them (Efron, Annals of Statistics 7, 1979).

    Percentile bounds; BCa (Efron, JASA 82, 1987) up to 200 rows. The more rows, the fewer resamples, but
    at least 200. Above ``ROWS`` rows, resamples hold that many and their spread is scaled by the square
    root of the share (m out of n): `method` says so. Fewer than ``FEW`` rows whose resamples all give the
    same value tell nothing of its error, and the bounds are the `domain`.

    Parameters
    ----------
    statistic : callable
        From the indices of the rows of a resample to the value; NaN where it is not defined on them.
    value : float
        The value on all rows.
    n : int
        Rows.
    seed : int
    domain : (float, float)
        Where the truth must lie.
    resamples : int
        At most.

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> low = bootstrap_rows(lambda rows: x[rows].mean(), x.mean(), 100, 0).estimate().low
    >>> 42 < low < 46
    True
    """
    size = min(n, ROWS)
    count = int(np.clip(_CHUNK // size, min(200, resamples), resamples))
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(rng.integers(0, n, size)) for _ in range(count)], dtype=float)
    if n < FEW and _alike(drawn):
        return without_variation(value, n, "bootstrap", domain)
    if size < n:
        drawn = value + (drawn - np.nanmean(drawn)) * math.sqrt(size / n)
        return from_replicates(
            value, drawn, n, f"bootstrap ({count} resamples of {size:,} rows, scaled)", domain=domain
        )
    if n > 200 or np.isnan(drawn).any():
        return from_replicates(value, drawn, n, f"bootstrap percentile ({count} resamples)", domain=domain)
    rows = np.arange(n)
    left_out = np.array([statistic(np.delete(rows, row)) for row in rows], dtype=float)
    return _bca_of_rows(value, drawn, np.nanmean(left_out) - left_out, n, domain)


def _alike(drawn: Floats) -> bool:
    """Tell whether replicates show no variation but that of rounding."""
    defined = drawn[np.isfinite(drawn)]
    return len(defined) == 0 or bool(np.ptp(defined) <= 1e-12 * max(1.0, abs(defined[0])))


def _bca_of_rows(value: float, drawn: Floats, influence: Floats, n: int, domain: Domain) -> Inference:
    clean = np.nan_to_num(influence)
    spread = float((clean**2).sum())
    speed = float((clean**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    name = f"bootstrap bca ({len(drawn)} resamples)"
    return from_replicates(value, drawn, n, name, domain=domain, level=bca_level(value, drawn, speed))
