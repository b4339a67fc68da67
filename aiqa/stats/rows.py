"""Bounds of any function of rows, from calls of it on resampled rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.bootstrap import bca_level, expanded, from_replicates
from aiqa.stats.inference import Inference, without_variation
from aiqa.stats.linear import t_inference
from aiqa.stats.skewed import REAL, Domain

Floats = NDArray[np.float64]
RowNumbers = NDArray[np.intp]
Statistic = Callable[[RowNumbers], float]
METHODS = ("bootstrap", "bca", "percentile", "poisson", "jackknife")
"""How any function of rows can be inferred, by the method's usual name."""
REPLICATES = 500
"""Calls of the function on resamples, where nobody says how many."""
ROWS = 20_000
"""Resamples are no larger than this; see :func:`infer_function`."""
_FEWEST, _LEFT_OUT = 50, 100


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The rows of each independent unit, one unit behind the other.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
    start, size : ndarray of int, shape (units,)
        Where in `rows` a unit begins, and how many it has.
    name : str
    """

    rows: RowNumbers
    start: RowNumbers
    size: RowNumbers
    name: str

    @classmethod
    def of(cls, n: int, clusters: NDArray[np.int64] | None) -> Units:
        """Put rows together by cluster; each is a unit by itself where there are none."""
        if clusters is None:
            return cls(np.arange(n), np.arange(n), np.ones(n, dtype=np.intp), "rows")
        sizes = np.bincount(clusters)
        size = sizes[sizes > 0]
        return cls(np.argsort(clusters, kind="stable"), np.cumsum(size) - size, size, "clusters")

    def __len__(self) -> int:
        return len(self.size)

    @property
    def effective(self) -> float:
        """As many units of one size would tell as much (Kish)."""
        return float(self.size.sum()) ** 2 / float(self.size @ self.size)

    def drawn(self, units: RowNumbers) -> RowNumbers:
        """Return the rows of these units; repeats count."""
        if self.name == "rows":
            return units
        size = self.size[units]
        ends = np.cumsum(size)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - size, size)
        rows: RowNumbers = self.rows[np.repeat(self.start[units], size) + within]
        return rows

    def enough(self) -> int:
        """Return how many units a resample has: all, or so many that it has ``ROWS`` rows or so."""
        if len(self.rows) <= ROWS:
            return len(self)
        return min(len(self), max(_FEWEST, math.ceil(ROWS * len(self) / len(self.rows))))


def infer_function(
    statistic: Statistic,
    value: float,
    n: int,
    *,
    clusters: NDArray[np.int64] | None = None,
    method: str | None = None,
    replicates: int | None = None,
    seed: int = 0,
    domain: Domain = REAL,
) -> Inference:
    """Infer any function of rows from calls on resamples of them, or of whole clusters.

    More than ``ROWS`` rows are resampled in part, and the spread of the values is scaled by the root of the
    share (m out of n: Bickel, Götze & van Zwet, Statistica Sinica 7, 1997). Units whose resamples all give
    the same value tell nothing of its error: the bounds are the `domain`.

    Parameters
    ----------
    statistic : callable
        From the numbers of the rows of a resample to the value; NaN where it is not defined on them, which
        counts for both extremes.
    value : float
        The value on all rows.
    n : int
        Rows.
    clusters : ndarray of int, shape (n,), optional
        Which rows belong together. Default: each by itself.
    method : {"bootstrap", "bca", "percentile", "poisson", "jackknife"}, optional
        Default "bootstrap": the wider of BCa (Efron, JASA 82, 1987) and the percentiles, at levels that allow
        for an estimated error as Student's t does (Hesterberg, The American Statistician 69, 2015). The
        jackknife leaves out groups where there are more than 100 units.
    replicates : int, optional
        Resamples. Default ``REPLICATES``.
    seed : int
    domain : (float, float)
        Where the truth must lie.

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> inference = infer_function(lambda rows: float(x[rows].mean()), 49.5, 100)
    >>> 42 < inference.estimate().low < 46
    True
    """
    units = Units.of(n, clusters)
    if method == "jackknife":
        return _jackknife(statistic, value, units, seed, domain)
    drawn = _drawn(statistic, units, replicates or REPLICATES, seed, poisson=method == "poisson")
    if _alike(drawn):
        return without_variation(value, n, "bootstrap", domain)
    name = _name(units, method or "bootstrap", len(drawn))
    size = units.enough()
    if size < len(units):
        drawn = value + (drawn - np.nanmean(drawn)) * math.sqrt(size / len(units))
        return from_replicates(value, drawn, n, name, domain=domain)
    level: Callable[[float], float] = _identity
    if method in (None, "bootstrap", "bca"):
        level = bca_level(value, drawn, _acceleration(statistic, units, seed))
    if method in (None, "bootstrap"):
        level = _outer(*(expanded(of, units.effective) for of in (level, _identity)))
    return from_replicates(value, drawn, n, name, domain=domain, level=level)


def _identity(probability: float) -> float:
    return probability


def _outer(*levels: Callable[[float], float]) -> Callable[[float], float]:
    """Return of several levels the one that is farther out."""
    return lambda probability: (min if probability < 0.5 else max)(level(probability) for level in levels)


def _name(units: Units, method: str, count: int) -> str:
    size = units.enough()
    of = "" if units.name == "rows" else f" of {len(units):,} clusters"
    if size < len(units):
        return f"bootstrap ({count:,} resamples of {size:,} {units.name}, scaled)"
    told = {
        "bootstrap": "wider of bca and percentile, expanded",
        "percentile": "bootstrap percentile",
        "poisson": "poisson bootstrap",
    }
    return f"{told.get(method, method)} ({count:,} resamples{of})"


def _drawn(statistic: Statistic, units: Units, count: int, seed: int, *, poisson: bool) -> Floats:
    rng, size = np.random.default_rng(seed), units.enough()
    values = np.full(count, math.nan)
    for place in range(count):
        rows = units.drawn(_draw(len(units), size, rng, poisson=poisson))
        if len(rows):
            values[place] = statistic(rows)
    return values


def _draw(units: int, size: int, rng: np.random.Generator, *, poisson: bool) -> RowNumbers:
    if not poisson:
        return rng.integers(0, units, size)
    return np.repeat(np.arange(units), rng.poisson(size / units, units))


def _alike(drawn: Floats) -> bool:
    """Tell whether replicates show no variation but that of rounding."""
    defined = drawn[np.isfinite(drawn)]
    return len(defined) == 0 or bool(np.ptp(defined) <= 1e-12 * max(1.0, abs(defined[0])))


def _left_out(statistic: Statistic, units: Units, seed: int) -> Floats:
    """Return the values without each unit, or without each of some groups of units at random."""
    mixed = np.random.default_rng(seed).permutation(len(units))
    cuts = np.linspace(0, len(mixed), min(len(mixed), _LEFT_OUT) + 1).astype(int)
    kept = (np.concatenate([mixed[:start], mixed[end:]]) for start, end in itertools.pairwise(cuts))
    return np.array([statistic(units.drawn(few)) if len(few) else math.nan for few in kept])


def _acceleration(statistic: Statistic, units: Units, seed: int) -> float:
    """Return how fast the standard error changes, a sixth of the skewness of what units contribute."""
    left = _left_out(statistic, units, seed)
    moved = np.nan_to_num(np.nanmean(left) - left) if np.isfinite(left).any() else np.zeros(1)
    spread = float(moved @ moved)
    return float((moved**3).sum()) / (6 * math.pow(spread, 1.5)) if spread > 0 else 0.0


def _jackknife(statistic: Statistic, value: float, units: Units, seed: int, domain: Domain) -> Inference:
    """Leave units or groups of them out (Tukey, Annals of Mathematical Statistics 29, 1958); Student's t."""
    left = _left_out(statistic, units, seed)
    size = len(left)
    variance = float(((left - left.mean()) ** 2).sum()) * (size - 1) / size
    if variance <= (1e-12 * value) ** 2:
        return without_variation(value, len(units.rows), "jackknife", domain)
    of = units.name if size == len(units) else f"groups of {units.name}"
    name = f"jackknife ({size:,} {of})"
    df = size - 1 if math.isfinite(variance) else 0.0
    return t_inference(value, variance, df, len(units.rows), name, domain=domain)
