"""Operating points: what is called where the rows themselves set the threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.stats.functional import Functional
from aiqa.stats.skewed import Domain

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]
Measure = Callable[..., Floats]
"""From true and false positives, false and true negatives to a value; NaN where it is not defined."""
_ROUNDING = 1e-12
_SCORES, _FINE = 2000, 16


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point: a kind of ``KINDS`` and its value; of ``top`` the share of the rows."""

    kind: str
    value: float

    def doubt(self, *, paired: bool) -> tuple[float, float]:
        """Return how many negative and positive rows of doubt there are.

        One of a class, but half a one of the class that sets the threshold; and of two models, which have
        them at opposite ends, none. Found by simulation: less does not hold, more is wider for nothing.
        """
        if paired:
            return {"recall": (1.0, 0.0), "top": (0.5, 0.5)}.get(self.kind, (0.0, 1.0))
        return {"fpr": (0.5, 1.0), "recall": (1.0, 0.5)}.get(self.kind, (1.0, 1.0))


class Falling:
    """Rows in falling order of score, and in bins that are narrow where it matters.

    Up to 2,000 scores each have a bin. Beyond, bins hold about a sixteenth of the rows of a class that lie
    above them, or below where these are fewer: within, a curve of rates is straight.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    score : ndarray of float, shape (n,)
    """

    def __init__(self, truth: Bools, score: Floats) -> None:
        self.truth = truth
        self._order = np.argsort(-score)
        falling = score[self._order]
        self._starts = np.flatnonzero(np.concatenate(([True], falling[1:] != falling[:-1])))
        bins = self._bins()
        self.single = np.bincount(bins) == 1
        """Of each bin, whether it is of one score, whose rows are called together or not at all."""
        self.code = np.empty(len(score), dtype=np.int64)
        """The bin of each row, from 0 at the highest scores."""
        self.code[self._order] = np.repeat(bins, np.diff(np.append(self._starts, len(score))))

    def _bins(self) -> Codes:
        """Return the bin of each score."""
        scores = len(self._starts)
        if scores <= _SCORES:
            return np.arange(scores)
        ends = np.append(self._starts[1:], len(self._order))
        positive = np.cumsum(self.truth[self._order])[ends - 1]
        place = sum(np.log((part + 1) / (part[-1] - part + 1)) for part in (positive, ends - positive))
        steps = np.floor(_FINE * place)
        return np.concatenate(([0], np.cumsum(steps[1:] != steps[:-1])))

    def shares(self, point: Point, weight: Floats) -> Floats:
        """Return of each row whether it is called at a point; of those that tie at a budget's end a share."""
        sums, rows = self._by_score(weight)
        single = np.ones(len(rows), dtype=bool)
        share = np.empty(len(self._order))
        share[self._order] = np.repeat(_called_share(sums, rows, point, single), rows.astype(np.int64))
        return share

    def counts(self, point: Point, weight: Floats) -> Floats:
        """Return true and false positives, false and true negatives at a point."""
        sums, rows = self._by_score(weight)
        counts: Floats = called(sums[None], point, np.ones(len(rows), dtype=bool), rows[None])[:, 0]
        return counts

    def _by_score(self, weight: Floats) -> tuple[Floats, Floats]:
        """Return the weight of each class and the rows, score by score from the highest."""
        ordered, positive = weight[self._order], self.truth[self._order]
        sums = np.array([ordered * ~positive, ordered * positive])
        if len(self._starts) < len(ordered):
            sums = np.add.reduceat(sums, self._starts, axis=1)
        return sums, np.diff(np.append(self._starts, len(ordered))).astype(float)


def by_call(truth: Bools, share: Floats) -> Iterator[Floats]:
    """Yield which part of each row is a true and a false positive, a false and a true negative.

    Examples
    --------
    >>> [part.tolist() for part in by_call(np.array([True, False]), np.array([1.0, 0.25]))]
    [[1.0, 0.0], [0.0, 0.25], [0.0, 0.0], [0.0, 0.75]]
    """
    for called_share in (share, 1 - share):
        yield truth * called_share
        yield ~truth * called_share


def called(weight: Floats, point: Point, single: Bools, rows: Floats) -> Floats:
    """Return what is called at a point.

    A budget that ends in a bin takes its rows in the share that fits, the expectation over all orders of tied
    rows; other points take a bin of one score whole or not at all.

    Parameters
    ----------
    weight : ndarray of float, shape (draws, 2, bins)
        Of negative and of positive rows by bin of falling score.
    point : Point
    single : ndarray of bool, shape (bins,)
        Which bins are of one score.
    rows : ndarray of float, shape (draws, bins)
        How many rows a bin has: budgets count rows, not weights.

    Returns
    -------
    ndarray of float, shape (4, draws)
        True positives, false positives, false negatives, true negatives.
    """
    fp, tp, whole, part = _cut(weight, point, single, rows)
    draws, after = np.arange(len(tp)), np.minimum(whole + 1, tp.shape[1] - 1)
    hit, false = (sums[draws, whole] + part * (sums[draws, after] - sums[draws, whole]) for sums in (tp, fp))
    return np.array([hit, false, tp[:, -1] - hit, fp[:, -1] - false])


def _cut(
    weight: Floats, point: Point, single: Bools, rows: Floats
) -> tuple[Floats, Floats, NDArray[np.intp], Floats]:
    """Return the rising sums of each class, from 0, how many bins are called wholly, and part of the next."""
    start = np.zeros((*weight.shape[:2], 1))
    fp, tp = np.moveaxis(np.concatenate([start, np.cumsum(weight, axis=2)], axis=2), 1, 0)
    spent = np.concatenate([start[:, 0], np.cumsum(rows, axis=1)], axis=1) if point.kind == "top" else tp
    return fp, tp, *_CUTS[point.kind](tp, fp, spent, point.value, single)


Cut = tuple[NDArray[np.intp], Floats]
"""How many bins are called wholly, and the share of the next one that is."""


def _share(sums: Floats, whole: NDArray[np.intp], goal: Floats) -> Floats:
    """Return how far in the next bin a rising sum reaches a goal."""
    draws, after = np.arange(len(sums)), np.minimum(whole + 1, sums.shape[1] - 1)
    before, step = sums[draws, whole], sums[draws, after] - sums[draws, whole]
    share: Floats = np.divide(goal - before, step, out=np.zeros(len(sums)), where=step != 0).clip(0.0, 1.0)
    return share


def _at_top(tp: Floats, fp: Floats, spent: Floats, value: float, single: Bools) -> Cut:  # noqa: ARG001
    goal = value * spent[:, -1]
    whole = np.count_nonzero(spent <= goal[:, None] * (1 + _ROUNDING), axis=1) - 1
    return whole, _share(spent, whole, goal)


def _at_fpr(tp: Floats, fp: Floats, spent: Floats, value: float, single: Bools) -> Cut:  # noqa: ARG001
    goal = value * fp[:, -1]
    whole = np.count_nonzero(fp <= goal[:, None] * (1 + _ROUNDING), axis=1) - 1
    return whole, np.where(np.append(single, True)[whole], 0.0, _share(fp, whole, goal))


def _at_recall(tp: Floats, fp: Floats, spent: Floats, value: float, single: Bools) -> Cut:  # noqa: ARG001
    goal = value * tp[:, -1]
    short = np.count_nonzero(tp < goal[:, None] * (1 - _ROUNDING), axis=1)
    whole = np.maximum(short - 1, 0)
    part = np.where(np.append(single, True)[whole], 1.0, _share(tp, whole, goal))
    return whole, np.where(short == 0, 0.0, part)


def _at_precision(tp: Floats, fp: Floats, spent: Floats, value: float, single: Bools) -> Cut:  # noqa: ARG001
    spare = tp - value * (tp + fp)
    reached = spare >= -_ROUNDING * tp[:, -1:]
    whole = reached.shape[1] - 1 - np.argmax(reached[:, ::-1], axis=1)
    part = _share(-spare, whole, np.zeros(len(tp)))
    return whole, np.where(np.append(single, True)[whole], 0.0, part)


_CUTS = {"top": _at_top, "fpr": _at_fpr, "recall": _at_recall, "precision": _at_precision}


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Rows with the scores of one or two models.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    models : sequence of Falling
    weight : ndarray of float, shape (n,)
    clusters : ndarray of int, shape (n,), optional
        Which rows belong together.
    """

    truth: Bools
    models: Sequence[Falling]
    weight: Floats
    clusters: Codes | None = None


def by_bin(truth: Bools, of: Falling, values: Floats) -> Floats:
    """Return sums over the rows of each class, the negative first, and bin."""
    size = len(of.single)
    return (
        np.bincount(truth * size + of.code, weights=values, minlength=2 * size).astype(float).reshape(2, size)
    )


# As a function of the weights of rows, for the methods that every such function has.


def functional_of(
    scored: Scored, model: int, point: Point, measure: Measure, *, domain: Domain, **told: Any
) -> Functional:
    """Return a measure at an operating point as a function of the weights of rows.

    Its influence takes account of the threshold: how much the weight of a row moves it, times the slope of
    the curve there, over as many rows as the threshold is uncertain by.
    """
    truth, of, whole = scored.truth, scored.models[model], scored.weight
    once = np.where(whole > 0, whole, 1.0)

    def binned(weights: Floats) -> tuple[Floats, Floats]:
        return by_bin(truth, of, weights), by_bin(truth, of, weights / once)

    def value(weights: Floats) -> float:
        weight, rows = binned(weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(measure(*called(weight[None], point, of.single, rows.sum(axis=0)[None]))[0])

    def influence(weights: Floats) -> Floats:
        weight, rows = binned(weights)
        share = _called_share(weight, rows.sum(axis=0), point, of.single)
        hits = weight @ share
        slope = slopes(measure, np.array([*hits[::-1], *(weight.sum(axis=1) - hits)[::-1]]))
        left, gained = slope[[3, 2]], slope[[1, 0]] - slope[[3, 2]]  # by class, the negative first
        code = truth.astype(int)
        own = weights * (left[code] + share[of.code] * gained[code])
        base, bases = (rows, weights / once) if point.kind == "top" else (weight, weights)
        above, all_ = _PULLS[point.kind](point.value)
        pull = bases * (above[code] * share[of.code] - all_[code])
        near = _near(above @ base, share, math.sqrt(float((pull**2).sum())))
        rate, moved = above @ base[:, near].sum(axis=1), gained @ weight[:, near].sum(axis=1)
        influence: Floats = own - (pull * moved / rate if rate != 0 else 0.0)
        return influence

    return Functional(whole, value, influence, len(truth), domain, smooth=False, **told)


_PULLS: dict[str, Callable[[float], tuple[Floats, Floats]]] = {
    "top": lambda share: (np.ones(2), np.full(2, share)),
    "fpr": lambda rate: (np.array([1.0, 0.0]), np.array([rate, 0.0])),
    "recall": lambda rate: (np.array([0.0, 1.0]), np.array([0.0, rate])),
    "precision": lambda share: (np.array([-share, 1 - share]), np.zeros(2)),
}
"""What is 0 at a point, by class: the first, summed over called rows, less the second over all rows."""


def _called_share(weight: Floats, rows: Floats, point: Point, single: Bools) -> Floats:
    """Return of each bin the share that is called."""
    *_, whole, part = _cut(weight[None], point, single, rows[None])
    share: Floats = np.clip(whole[0] + part[0] - np.arange(len(single)), 0.0, 1.0)
    return share


def _near(steps: Floats, share: Floats, error: float) -> slice:
    """Return the bins around the threshold in which a sum of `steps` moves by its error to either side."""
    edges = np.concatenate([[0.0], np.cumsum(steps)])
    far = np.abs(edges - steps @ share) > error
    whole = int(np.count_nonzero(share >= 1))
    before, behind = np.flatnonzero(far[: whole + 1]), np.flatnonzero(far[whole + 1 :])
    start = before[-1] if len(before) else 0
    return slice(start, whole + 1 + behind[0] if len(behind) else len(steps))


def slopes(measure: Measure, counts: Floats) -> Floats:
    """Return the derivatives of a measure by its four counts."""
    step = 1e-6 * counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead, behind = (measure(*(counts[:, None] + side * step * np.eye(4))) for side in (1, -1))
        slope: Floats = (ahead - behind) / (2 * step)
    return slope
