"""Units drawn with replacement, and a quantity at what was drawn: in chunks that threads may share.

A chunk of replicates has a seed of its own, so the replicates do not depend on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
_CHUNK = 1_000_000
_THREADED = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A quantity as a function of how often each independent unit is drawn.

    Parameters
    ----------
    value, influence : callable
        From the weights of the rows; see :class:`~aiqa.stats.functional.Functional`.
    weight : ndarray of float, shape (rows,)
    count : ndarray of float, shape (units,)
        How many equal rows a unit stands for.
    unit : ndarray of int, shape (rows,), optional
        The unit of each row. Default: each row is one.
    units : str
        What the units are, for messages.
    """

    value: Callable[[Floats], float]
    influence: Callable[[Floats], Floats]
    weight: Floats
    count: Floats
    unit: Codes | None = None
    units: str = "rows"

    def weights(self, times: Floats) -> Floats:
        """Return the weights of the rows where each unit's rows were drawn so many times in all."""
        factor = np.divide(times, self.count, out=np.zeros(len(times)), where=self.count > 0)
        weights: Floats = self.weight * (factor if self.unit is None else factor[self.unit])
        return weights

    def at(self, weights: Floats) -> float:
        """Return the value; NaN where it is not defined on these weights."""
        try:
            return float(self.value(weights))
        except (ArithmeticError, ValueError):
            return math.nan

    def contributions(self, weights: Floats) -> Floats:
        """Return what each unit contributes to the error."""
        moved = self.influence(weights)
        if self.unit is None:
            return moved
        return np.bincount(self.unit, weights=moved, minlength=len(self.count)).astype(float)

    def error(self, weights: Floats, times: Floats) -> float:
        """Return the standard error by the influence function (the infinitesimal jackknife)."""
        moved, drawn = self.contributions(weights), times > 0
        return math.sqrt(float((moved[drawn] ** 2 / times[drawn]).sum()))


def replicate(
    sample: Sample, replicates: int, seed: int, *, poisson: bool = False, errors: bool = False
) -> Floats:
    """Draw the units and return the value on each draw, NaN where it is not defined.

    Parameters
    ----------
    sample : Sample
    replicates : int
    seed : int
    poisson : bool
        Whether each unit is drawn by itself, a Poisson number of times (Chamandy et al., 2012), so that the
        rows of a draw are not always as many.
    errors : bool
        Whether to return the standard error at each draw too.

    Returns
    -------
    ndarray of float, shape (2, replicates)
        Values; errors, or zeros.
    """

    def chunk(task: tuple[int, np.random.SeedSequence]) -> Floats:
        rng = np.random.default_rng(task[1])
        with np.errstate(all="ignore"):
            drawn = _draw(sample.count, task[0], rng, poisson=poisson)
            return np.array([_at(sample, times, errors=errors) for times in drawn])

    found = _map(chunk, _tasks(replicates, len(sample.count), seed), len(sample.weight) * replicates)
    return np.concatenate(found).T


def _at(sample: Sample, times: Floats, *, errors: bool) -> tuple[float, float]:
    weights = sample.weights(times)
    value = sample.at(weights)
    return value, sample.error(weights, times) if errors and math.isfinite(value) else 0.0


def _tasks(replicates: int, units: int, seed: int) -> list[tuple[int, np.random.SeedSequence]]:
    size = int(np.clip(_CHUNK // units, 1, 250))
    sizes = [min(size, replicates - start) for start in range(0, replicates, size)]
    return list(zip(sizes, np.random.SeedSequence(seed).spawn(len(sizes)), strict=True))


def _map(
    work: Callable[[tuple[int, np.random.SeedSequence]], Floats],
    tasks: Iterable[tuple[int, np.random.SeedSequence]],
    cost: int,
) -> list[Floats]:
    """Do the tasks in their order; in threads where NumPy's part is large enough to run beside Python's."""
    if cost < _THREADED:
        return list(map(work, tasks))
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, tasks))


def _draw(count: Floats, size: int, rng: np.random.Generator, *, poisson: bool) -> Floats:
    """Return how many rows of each unit are drawn: shape (size, units)."""
    if poisson:
        return rng.poisson(count, (size, len(count))).astype(float)
    if (count == 1).all():
        return _times_drawn(len(count), size, rng)
    return rng.multinomial(round(count.sum()), count / count.sum(), size).astype(float)


def _times_drawn(units: int, size: int, rng: np.random.Generator) -> Floats:
    """Return how often each of `units` is among as many drawn: shape (size, units)."""
    drawn = rng.integers(0, units, (size, units)) + np.arange(size)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units).astype(float)
