"""Positives and negatives by rising score: all that statistics of ranks are computed from.

One sort of whole numbers does it: the bits of a float, read as a number, are in the order of the floats, and
the slice goes in front of them and the class behind. NumPy sorts numbers six times faster than their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The weights of positive and negative rows at each step of rising score.

    The rows of a step have one score; but negative rows with no positive one between them may share a step,
    which changes no statistic of ranks.

    Parameters
    ----------
    positive, negative : ndarray of float, shape (steps,)
        Sums of weights.
    positive2, negative2 : ndarray of float, shape (steps,)
        Sums of squared weights.
    rows : (int, int)
        Positive and negative rows that have weight.
    n : int
        All rows.
    mixed : ndarray of bool, shape (steps,), or None
        Which steps may hold unequal scores after all, as bins do.
    """

    positive: Floats
    negative: Floats
    positive2: Floats
    negative2: Floats
    rows: tuple[int, int]
    n: int
    mixed: Bools | None = None


def checked(
    truth: Any, score: Any, weight: Any = None
) -> tuple[Bools, NDArray[np.float64], NDArray[np.float64] | None]:
    """Return what a plain function of ranks was given as arrays that it can rank.

    Raises
    ------
    MetricError
        If the truth is not of false and true (or 0 and 1), a score is not finite, a weight is negative or not
        finite, or the lengths differ.
    """
    events, scores = np.asarray(truth), np.asarray(score, dtype=float)
    if events.dtype != bool and not np.isin(events, (0, 1)).all():
        raise MetricError("the truth must be false or true, or 0 and 1")
    weights = None if weight is None else np.asarray(weight, dtype=float)
    shapes = {part.shape for part in (events, scores, weights) if part is not None}
    if len(shapes) > 1 or events.ndim != 1:
        raise MetricError(f"truth, scores and weights must be of one length, not of shapes {sorted(shapes)}")
    if not np.isfinite(scores).all():
        raise MetricError("a score is missing or infinite", row=int(np.argmin(np.isfinite(scores))))
    if weights is not None and not (np.isfinite(weights) & (weights >= 0)).all():
        raise MetricError("a weight is negative, missing or infinite")
    return events.astype(bool, copy=False), scores, weights


def steps_of(
    truth: Bools, score: NDArray[Any], weight: NDArray[Any] | None = None, *, joined: bool = False
) -> Steps:
    """Sort rows into steps, exactly.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    score : ndarray of float, shape (n,)
        Finite.
    weight : ndarray of float, shape (n,), optional
        Not negative.
    joined : bool, default False
        Whether positive rows with no negative one between them may share a step, too: fewer steps, and the
        same area under the ROC curve.

    Examples
    --------
    >>> steps = steps_of(np.array([False, True, True]), np.array([0.1, 0.1, 0.7]))
    >>> steps.positive.tolist(), steps.negative.tolist()
    ([0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0])
    """
    return next(steps_by(truth, score, weight, None, 1, joined=joined))


def steps_by(
    truth: Bools,
    score: NDArray[Any],
    weight: NDArray[Any] | None,
    group: NDArray[Any] | None,
    groups: int,
    *,
    joined: bool = False,
) -> Iterator[Steps]:
    """Yield the steps of each group of rows, from one sort of all; see :func:`steps_of`.

    Parameters
    ----------
    truth, score, weight, joined
        As there.
    group : ndarray of int, shape (n,), or None
        From 0 to `groups` - 1; None where there is one.
    groups : int
    """
    if weight is None or bool((heavy := weight > 0).all()):
        return _steps_by(_Rows(truth, score, weight, group), groups, joined)
    sizes = np.bincount(np.zeros(len(truth), dtype=np.int64) if group is None else group, minlength=groups)
    rows = _Rows(truth[heavy], score[heavy], weight[heavy], None if group is None else group[heavy])
    found = zip(_steps_by(rows, groups, joined), sizes.tolist(), strict=True)
    return (replace(steps, n=size) for steps, size in found)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows that all have weight."""

    truth: Bools
    score: NDArray[Any]
    weight: NDArray[Any] | None
    group: NDArray[Any] | None


def _steps_by(of: _Rows, groups: int, joined: bool) -> Iterator[Steps]:
    if joined and 2 * np.count_nonzero(of.truth) > len(of.truth):
        return map(_swapped, _steps_by(replace(of, truth=~of.truth), groups, joined))
    codes = _compact(order_codes(of.score))
    shift = 64 - (groups - 1).bit_length()
    lost = max(0, (int(codes.max()).bit_length() if len(codes) else 0) - (shift - 1))
    keys = _keys(of, codes >> np.uint64(lost) if lost else codes, shift)
    edges = np.arange(groups, dtype=np.uint64) << np.uint64(shift % 64)
    weight = None
    if of.weight is None:
        keys.sort()
    else:
        order = np.argsort(keys)
        keys, weight = keys[order], of.weight[order]
    if lost and _apart(keys, codes, lost, shift):
        ranks = np.unique(codes, return_inverse=True)[1].astype(float)
        return _steps_by(replace(of, score=ranks), groups, joined)
    return _counted(keys, edges, joined) if weight is None else _weighed(keys, weight, edges)


def _swapped(steps: Steps) -> Steps:
    return replace(
        steps,
        positive=steps.negative,
        negative=steps.positive,
        positive2=steps.negative2,
        negative2=steps.positive2,
        rows=steps.rows[::-1],
    )


def order_codes(score: NDArray[Any]) -> Ints:
    """Return whole numbers in the order of the scores, equal where they are equal.

    The bits of an IEEE 754 number in the order of its value: those of a negative one are turned.

    Examples
    --------
    >>> codes = order_codes(np.array([-1.5, -0.0, 0.0, 2.0]))
    >>> bool(codes[0] < codes[1] == codes[2] < codes[3])
    True
    """
    # Adding zero makes -0.0 the same as 0.0.
    codes: Ints = (np.asarray(score, dtype=np.float64) + 0.0).view(np.int64)
    if len(codes) and codes.min() < 0:
        codes ^= (codes >> 63) & np.int64(2**63 - 1)
    return codes


def _compact(codes: Ints) -> Keys:
    """Return the codes from 0 up, without the last bits that all have in common."""
    keys = codes.view(np.uint64)
    if len(codes):
        keys -= np.uint64(int(codes.min()) % 2**64)
        bits = int(np.bitwise_or.reduce(keys))
        keys >>= np.uint64((bits & -bits).bit_length() - 1 if bits else 0)
    return keys


def _keys(of: _Rows, codes: Keys, shift: int) -> Keys:
    """Return group, score and class of each row as one number."""
    keys = codes << np.uint64(1)
    np.bitwise_or(keys, of.truth.view(np.uint8), out=keys)
    if of.group is not None and shift < 64:
        keys |= of.group.astype(np.uint64) << np.uint64(shift)
    return keys


def _apart(keys: Keys, codes: Keys, lost: int, shift: int) -> bool:
    """Tell whether a positive row shares its step with an unequal score, told apart by the bits lost."""
    places = np.flatnonzero(keys[1:] & np.uint64(1))
    hits = keys[places + 1]
    alike = (hits ^ keys[places]) <= np.uint64(1)
    if not alike.any():
        return False
    mask = (1 << (shift - 1)) - 1
    steps = np.unique((hits[alike] >> np.uint64(1)) & np.uint64(mask)) << np.uint64(lost)
    ordered = np.sort(codes)
    first = np.searchsorted(ordered, steps)
    last = np.searchsorted(ordered, steps | np.uint64(2**lost - 1), side="right") - 1
    return bool((ordered[first] != ordered[last]).any())


def _counted(keys: Keys, edges: Keys, joined: bool) -> Iterator[Steps]:
    """Count rows by the places of the positive ones among all."""
    places = np.flatnonzero(keys & np.uint64(1))
    hits = keys[places]
    rows, hit = (np.append(np.searchsorted(of, edges), len(of)) for of in (keys, hits))
    # Rows are in falling order of class at equal scores, so that the row before tells of a tie.
    tied = np.flatnonzero((keys[places - 1] == hits - np.uint64(1)) & (places > 0))
    first = np.flatnonzero(_runs(places, hits, tied, hit) if joined else _changed(hits))
    upto = places[first] - first
    below = upto.copy()
    step = np.searchsorted(first, tied)
    below[step] = np.searchsorted(keys, hits[tied] - np.uint64(1)) - tied
    sizes = np.diff(np.append(first, len(hits)))
    return _interleaved(sizes, below, upto, np.searchsorted(first, hit), hit, rows - hit)


def _changed(values: NDArray[Any]) -> Bools:
    """Return where a value differs from the one before, the first included."""
    return np.concatenate((np.ones(min(1, len(values)), bool), values[1:] != values[:-1]))


def _runs(places: Ints, hits: Keys, tied: Ints, hit: Ints) -> Bools:
    """Return where a run of positive rows with no negative row in it begins; ties and groups end a run."""
    first = _changed(places - np.arange(len(places)))
    cuts = np.concatenate((np.searchsorted(hits, hits[tied], side="right"), hit[:-1]))
    first[cuts[cuts < len(hits)]] = True
    return first


def _interleaved(
    sizes: Ints, below: Ints, upto: Ints, steps: Ints, hit: Ints, missed: Ints
) -> Iterator[Steps]:
    """Put the negative rows between positive steps into steps of their own, before and after each."""
    groups = len(steps) - 1
    filled = np.diff(steps) > 0
    place = 2 * np.arange(len(sizes)) + 1 + np.repeat(np.arange(groups), np.diff(steps))
    before = np.concatenate((missed[:1], upto))[: len(upto)]
    before[steps[:-1][filled]] = missed[:-1][filled]
    last = missed[:-1].copy()
    last[filled] = upto[steps[1:][filled] - 1]
    positive, negative = np.zeros((2, 2 * len(sizes) + groups))
    positive[place], negative[place], negative[place - 1] = sizes, upto - below, below - before
    negative[2 * steps[1:] + np.arange(groups)] = missed[1:] - last
    for group in range(groups):
        part = slice(2 * int(steps[group]) + group, 2 * int(steps[group + 1]) + group + 1)
        rows = int(hit[group + 1] - hit[group]), int(missed[group + 1] - missed[group])
        yield Steps(positive[part], negative[part], positive[part], negative[part], rows, sum(rows))


def _weighed(keys: Keys, weight: Floats, edges: Keys) -> Iterator[Steps]:
    """Sum the weights of each class at each score."""
    codes, positive = keys >> np.uint64(1), (keys & np.uint64(1)).astype(bool)
    first = np.flatnonzero(_changed(codes))
    columns = [np.where(positive, weight, 0.0), np.where(positive, 0.0, weight)]
    sums = [np.add.reduceat(column, first) for column in (*columns, *(column**2 for column in columns))]
    rows = np.append(np.searchsorted(keys, edges), len(keys))
    ends = np.append(np.searchsorted(keys[first], edges), len(first))
    hits = np.concatenate(([0], np.cumsum(positive)))[rows]
    for group in range(len(edges)):
        part = slice(int(ends[group]), int(ends[group + 1]))
        found = int(hits[group + 1] - hits[group])
        size = int(rows[group + 1] - rows[group])
        p, q, p2, q2 = (of[part] for of in sums)
        yield Steps(p, q, p2, q2, (found, size - found), size)
