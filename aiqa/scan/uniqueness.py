"""How many rows share their keys, by hashes: eight bytes a row, sorted, in place of a table of all keys.

Keys that are equal have equal hashes; so where no hash comes twice, no key does. Where some do, the rows of
just these are grouped by the keys themselves. So the numbers are exact, whatever the hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from aiqa.scan.expr import both, call
from aiqa.scan.plan import looks_beyond
from aiqa.scan.statistics import Answers, Hashes, Repeats, RepeatsState, Request

FIRST = 10_000
"""Rows of which most must differ, or else grouping is cheaper than hashing."""
MANY = 100_000
"""Hashes that come twice beyond which all rows are grouped."""
Sorted = NDArray[np.uint64]
Take = Callable[[Sequence[Request]], Answers]


def with_hashes(
    requests: Sequence[Request], first: Take, hashes: Callable[[Request], Sorted], take: Take
) -> Answers:
    """Return the states of requests, those of repeated keys in the whole table by hashes.

    Parameters
    ----------
    requests : sequence of Request
    first : callable
        Takes statistics of the first rows.
    hashes : callable
        Returns what a request for :class:`~aiqa.scan.statistics.Hashes` finds.
    take : callable
        Takes statistics of all rows, as they are.
    """
    keyed = [request for request in requests if _is_of_keys(request)]
    asked = {request: request for request in requests if request not in keyed}
    answers: Answers = {}
    rows: dict[Request, tuple[int, int]] = {}
    sampled = first(keyed) if keyed else {}
    for request in keyed:
        if not _differ(sampled[request][()]):
            asked[request] = request
            continue
        every = hashes(_hashes_of(request))
        shared = np.unique(every[1:][every[1:] == every[:-1]])
        if not len(shared):
            answers[request] = {(): RepeatsState(len(every), len(every), 0)}
        elif len(shared) > MANY:
            asked[request] = request
        else:
            asked[request] = _with_hash_in(request, shared)
            rows[request] = len(every), _rows_with(every, shared)
    taken = take(tuple(asked.values())) if asked else {}
    for request, instead in asked.items():
        found = taken[instead]
        answers[request] = {(): _all(found[()], *rows[request])} if request in rows else found
    return answers


def _is_of_keys(request: Request) -> bool:
    return isinstance(request.statistic, Repeats) and not request.by and not looks_beyond(request)


def _differ(state: RepeatsState) -> bool:
    return 2 * state.distinct > state.n


def _all(state: RepeatsState, n: int, grouped: int) -> RepeatsState:
    """Return the state of all rows, from that of those whose hash comes twice; the others differ."""
    return RepeatsState(n, n - grouped + state.distinct, state.repeated)


def _hashes_of(request: Request) -> Request:
    repeats: Repeats = request.statistic  # type: ignore[assignment]
    return Request(Hashes((call("hash", repeats.keys),), repeats.where))


def _with_hash_in(request: Request, shared: Sorted) -> Request:
    repeats: Repeats = request.statistic  # type: ignore[assignment]
    chosen = call("hash_in", repeats.keys, shared.tobytes())
    return Request(Repeats(repeats.keys, both(repeats.where, chosen)))


def _rows_with(every: Sorted, shared: Sorted) -> int:
    sizes = np.searchsorted(every, shared, side="right") - np.searchsorted(every, shared, side="left")
    return int(sizes.sum())
