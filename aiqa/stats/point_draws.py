"""Bounds of what follows from an operating point, whose threshold the rows set.

The threshold is estimated, and its error is part of the error. Bounds come from the Bayesian bootstrap
(Rubin, Annals of Statistics 9, 1981), in which every row counts an exponential number of times and the
threshold is set anew. For each bound there is a row of doubt in each class: below, a negative one above all
others and a positive one below all; above, the other way round. For a share at a known threshold that is
Clopper and Pearson's bound, and the rank of the threshold among the rows of its class is then as exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from aiqa.stats.bootstrap import expanded, from_replicates
from aiqa.stats.effective import effective_size
from aiqa.stats.inference import Inference
from aiqa.stats.points import Codes, Falling, Floats, Measure, Point, Scored, by_bin, called
from aiqa.stats.skewed import Domain

REPLICATES = 2000
_ROWS, _BLOCKS = 20_000, 1_000
_CHUNK = 1_000_000


def infer_point(
    scored: Scored,
    point: Point,
    measure: Measure,
    value: float,
    *,
    domain: Domain,
    sign: float = 1.0,
    replicates: int | None = None,
    seed: int = 0,
    support: int | None = None,
    support_of: str = "rows",
) -> Inference:
    """Infer a measure at an operating point, or by how much that of the first model exceeds the second's.

    Parameters
    ----------
    scored : Scored
    point : Point
    measure : callable
    value : float
        The estimate, or with two models their difference times `sign`.
    domain : (float, float)
        Where the truth must lie.
    sign : float
        -1 for the difference of a measure of which less is better.
    replicates : int, optional
        Draws. Default ``REPLICATES``.
    seed : int
    support, support_of : optional
        As in :class:`~aiqa.stats.inference.Inference`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.random(500) < 0.2
    >>> scored = Scored(truth, [Falling(truth, rng.normal(size=500) + 2 * truth)], np.ones(500))
    >>> recall = lambda tp, fp, fn, tn: tp / (tp + fn)
    >>> at = Point("fpr", 0.1)
    >>> value = float(recall(*scored.models[0].counts(at, scored.weight)))
    >>> estimate = infer_point(scored, at, recall, value, domain=(0.0, 1.0)).estimate()
    >>> 0.6 < estimate.low < value < estimate.high < 0.95
    True
    """
    draws = replicates or REPLICATES
    units, chunks = _drawn(scored, point, draws, np.random.default_rng(seed))
    found = [_with_doubt(chunk, scored, point, measure) for chunk in chunks]
    low, high = (sign * np.concatenate(side) for side in zip(*found, strict=True))
    of = f" of {units:,} clusters" if scored.clusters is not None else ""
    name = f"bayesian bootstrap with doubt, threshold re-estimated ({draws:,} draws{of})"
    told: dict[str, Any] = {"domain": domain, "support": support, "support_of": support_of}
    if scored.clusters is not None:
        told["level"] = expanded(lambda probability: probability, units)
    one, other = (from_replicates(value, side, len(scored.truth), name, **told) for side in (low, high))
    return wider(one, other, name)


def wider(one: Inference, other: Inference, method: str) -> Inference:
    """Return the wider of two inferences of the same quantity, with what else the first says."""
    return replace(
        one,
        method=method,
        lower=lambda alpha: min(one.lower(alpha), other.lower(alpha)),
        upper=lambda alpha: max(one.upper(alpha), other.upper(alpha)),
    )


class _Chunk(NamedTuple):
    """Some draws: of each model the weights (draws, 2, bins + 2) and rows (draws, bins + 2), and the doubt.

    The bins at both ends are empty: there the rows of doubt go, whose weights and numbers by class are
    `doubt` and `rows`, shape (draws, 2).
    """

    models: list[tuple[Floats, Floats]]
    doubt: Floats
    rows: Floats


def _with_doubt(chunk: _Chunk, scored: Scored, point: Point, measure: Measure) -> tuple[Floats, Floats]:
    """Return the values (or differences) with the doubt against the first model, and with it in favour."""

    def values(against: bool, model: int) -> Floats:
        weight, rows = chunk.models[model]
        worst = int(not against)  # at the top the class that must not be there
        for place, of_class in ((0, worst), (-1, 1 - worst)):
            weight[:, :, place] = 0.0
            weight[:, of_class, place] = chunk.doubt[:, of_class]
            rows[:, place] = chunk.rows[:, of_class]
        single = np.pad(scored.models[model].single, 1, constant_values=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return measure(*called(weight, point, single, rows))

    sides = []
    for against in (True, False):
        first = values(against, 0)
        sides.append(first - values(not against, 1) if len(chunk.models) > 1 else first)
    return sides[0], sides[1]


def _drawn(
    scored: Scored, point: Point, draws: int, rng: np.random.Generator
) -> tuple[int, Iterator[_Chunk]]:
    if scored.clusters is None and len(scored.models) == 1:
        return len(scored.truth), _rows_drawn(scored, point, draws, rng)
    return _units_drawn(scored, point, draws, rng)


def _sizes(draws: int, columns: int) -> Iterator[int]:
    size = max(1, _CHUNK // columns)
    return (min(size, draws - start) for start in range(0, draws, size))


def _rows_drawn(scored: Scored, point: Point, draws: int, rng: np.random.Generator) -> Iterator[_Chunk]:
    """Draw the weight of each bin: a sum over its rows, whose moments the gamma distribution has."""
    of, weight = scored.models[0], scored.weight
    sums = (by_bin(scored.truth, of, values) for values in (weight, weight**2, np.ones(len(weight))))
    w, w2, n = (np.pad(part, ((0, 0), (1, 1))) for part in sums)
    count = np.divide(w**2, w2, out=n.copy(), where=w2 > 0)
    inverse = np.divide(1.0, count, out=np.zeros(count.shape), where=count > 0)
    typical = _doubt(scored, point)
    for size in _sizes(draws, count.size):
        times = rng.standard_gamma(count, (size, *count.shape)) * inverse
        doubt = rng.standard_gamma(point.doubt(paired=False), (size, 2))
        yield _Chunk([(times * w, (times * n).sum(axis=1))], doubt * typical[0], doubt * typical[1])


def _doubt(scored: Scored, point: Point) -> Floats:
    """Return the weight of a row of doubt and its number of rows, by class: (2, 2).

    That of a typical row; where rows belong together, of as many as one more independent row would count for,
    by their design effect on who is called (Korn & Graubard, Survey Methodology 24, 1998).
    """
    truth, weight = scored.truth, scored.weight
    shares = [of.shares(point, weight) for of in scored.models] if scored.clusters is not None else []
    sizes = np.full((2, 2), math.nan)
    for code in (0, 1):
        of = (truth == bool(code)) & (weight > 0)
        if of.any():
            own = weight[of]
            clusters = None if scored.clusters is None else scored.clusters[of]
            values = (
                shares[0][of] - (shares[1][of] if len(shares) > 1 else 0.0) if shares else np.zeros(len(own))
            )
            size = effective_size(values, own, own**2, len(own), clusters).size
            sizes[:, code] = own.sum() / size, len(own) / size if shares else 1.0
    return np.where(np.isnan(sizes), np.nanmax(sizes, axis=1, keepdims=True), sizes)


def _units_drawn(
    scored: Scored, point: Point, draws: int, rng: np.random.Generator
) -> tuple[int, Iterator[_Chunk]]:
    """Draw rows that two models share, or clusters, or blocks of either at random where they are many."""
    unit, units = _units(scored)
    doubt_sizes = _doubt(scored, point)
    size = units if len(unit) <= _ROWS or units <= _BLOCKS else _BLOCKS
    if size < units:
        unit = rng.integers(0, size, units)[unit]
    tables = [_tables(scored, of, unit, size) for of in scored.models]

    def chunks() -> Iterator[_Chunk]:
        for count in _sizes(draws, max(min(len(unit), _ROWS), *(2 * len(of.single) for of in scored.models))):
            times = rng.standard_exponential((count, size))
            doubt = rng.standard_gamma(point.doubt(paired=len(tables) > 1), (count, 2))
            models = [(weight(times).reshape(count, 2, -1), rows(times)) for weight, rows in tables]
            yield _Chunk(models, doubt * doubt_sizes[0], doubt * doubt_sizes[1])

    return units, chunks()


def _units(scored: Scored) -> tuple[Codes, int]:
    """Return the number of each row's unit, and how many there are."""
    if scored.clusters is None:
        return np.arange(len(scored.truth)), len(scored.truth)
    present = np.bincount(scored.clusters) > 0
    return (np.cumsum(present) - 1)[scored.clusters], int(present.sum())


Sums = Callable[[Floats], Floats]
"""From how often each unit is drawn, (draws, units), to sums by class and bin, or by bin."""


def _tables(scored: Scored, of: Falling, unit: Codes, units: int) -> tuple[Sums, Sums]:
    size = len(of.single) + 2
    code = of.code + 1
    sums = _gathered if len(unit) <= _ROWS else _multiplied
    return (
        sums(unit, scored.truth * size + code, scored.weight, (units, 2 * size)),
        sums(unit, code, np.ones(len(unit)), (units, size)),
    )


def _gathered(unit: Codes, column: Codes, values: Floats, shape: tuple[int, int]) -> Sums:
    """Add up row by row, by column."""
    order = np.argsort(column, kind="stable")
    there, starts = np.unique(column[order], return_index=True)
    units, own = unit[order], values[order]

    def sums(times: Floats) -> Floats:
        found = np.zeros((len(times), shape[1]))
        found[:, there] = np.add.reduceat(times[:, units] * own, starts, axis=1)
        return found

    return sums


def _multiplied(unit: Codes, column: Codes, values: Floats, shape: tuple[int, int]) -> Sums:
    """Add up by unit and column once, so that what follows does not depend on the number of rows."""
    place = unit * shape[1] + column
    table = np.bincount(place, weights=values, minlength=shape[0] * shape[1]).astype(float).reshape(shape)
    return lambda times: times @ table
