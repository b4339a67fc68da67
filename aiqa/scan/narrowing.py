"""What would take the memory of all values, narrowed down: repeated keys by hashes, quantiles by places.

Keys that are equal have equal hashes, so where no hash comes twice, no key does; where some do, the rows of
just these are grouped by the keys themselves. A quantile lies among the values of one place of 65,536, which
alone are sorted. So the answers are exact, whatever the hashes and wherever the values lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.scan.expr import Expr, Schema, both, call, column_read
from aiqa.scan.literals import family_of
from aiqa.scan.plan import looks_beyond
from aiqa.scan.states import QuantilesState, RepeatsState
from aiqa.scan.statistics import Answers, Counts, Quantiles, Repeats, Request, Sorted

FIRST = 10_000
"""Rows of which most keys must differ, or else grouping is cheaper than hashing."""
MANY = 100_000
"""Hashes that come twice beyond which all rows are grouped."""
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Takers:
    """How statistics are taken.

    Parameters
    ----------
    every : callable
        Of all rows, as they are asked for.
    first : callable
        Of the first :data:`FIRST` rows.
    added : callable
        Of all rows, those that add up.
    values : callable
        Returns what a request for :class:`~aiqa.scan.statistics.Sorted` finds.
    """

    every: Callable[[Sequence[Request]], Answers]
    first: Callable[[Sequence[Request]], Answers]
    added: Callable[[Sequence[Request]], Answers]
    values: Callable[[Request], Array]


def narrowed(requests: Sequence[Request], schema: Schema, take: Takers) -> Answers:
    """Return the states of requests, those without slices that can be narrowed down in that way."""
    ranked = [request for request in requests if _is_of_numbers(request, schema)]
    keyed = [request for request in requests if _is_of_keys(request)]
    rest = [request for request in requests if request not in {*ranked, *keyed}]
    answers = _quantiles(ranked, take) if ranked else {}
    answers |= _repeats(keyed, take) if keyed else {}
    left = [*rest, *(request for request in keyed if request not in answers)]
    return answers | (take.every(left) if left else {})


# Keys


def _is_of_keys(request: Request) -> bool:
    return isinstance(request.statistic, Repeats) and not request.by and not looks_beyond(request)


def _repeats(requests: Sequence[Request], take: Takers) -> Answers:
    """Return the states of those requests whose keys mostly differ."""
    first = take.first(requests)
    answers: Answers = {}
    for request in requests:
        state = first[request][()]
        if 2 * state.distinct > state.n and (found := _by_hash(request, take)) is not None:
            answers[request] = {(): found}
    return answers


def _by_hash(request: Request, take: Takers) -> RepeatsState | None:
    repeats: Repeats = request.statistic  # type: ignore[assignment]
    hashes = take.values(Request(Sorted(call("hash", repeats.keys), repeats.where)))
    shared = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    n = len(hashes)
    if not len(shared):
        return RepeatsState(n, n, 0)
    if len(shared) > MANY:
        return None
    chosen = call("hash_in", repeats.keys, shared.tobytes())
    some = Request(Repeats(repeats.keys, both(repeats.where, chosen)))
    state = take.every([some])[some][()]
    return RepeatsState(n, n - state.n + state.distinct, state.repeated)


# Quantiles


def _is_of_numbers(request: Request, schema: Schema) -> bool:
    if not isinstance(request.statistic, Quantiles) or request.by or looks_beyond(request):
        return False
    column = column_read(request.statistic.term)
    dtype = "" if column is None else schema[column]
    return column is not None and family_of(dtype) in ("integer", "float") and "128" not in dtype


def _quantiles(requests: Sequence[Request], take: Takers) -> Answers:
    counts = {request: Request(Counts((_place(request),))) for request in requests}
    taken = take.added(tuple(dict.fromkeys(counts.values())))
    return {request: {(): _selected(request, taken[counts[request]][()], take)} for request in requests}


def _place(request: Request) -> Expr:
    return call("coarse", request.statistic.term)  # type: ignore[union-attr]


def _selected(request: Request, counts: dict[tuple[Any, ...], Any], take: Takers) -> QuantilesState:
    quantiles: Quantiles = request.statistic  # type: ignore[assignment]
    sizes = dict(sorted((place, count.n) for (place,), count in counts.items() if place is not None))
    n = sum(sizes.values())
    if not n:
        return QuantilesState(0, quantiles.probabilities, (), ())
    ends = [p * (n - 1) for p in quantiles.probabilities]
    ranks = [[end(place) for place in ends] for end in (math.floor, math.ceil)]
    places = _places_of([rank for some in ranks for rank in some], sizes)
    wanted = call("is_in", _place(request), tuple(sorted(set(places.values()))))
    values = take.values(Request(Sorted(quantiles.term, wanted)))
    below, above = (
        tuple(values[rank - _passed(places[rank], sizes, places)].item() for rank in some) for some in ranks
    )
    return QuantilesState(n, quantiles.probabilities, below, above)


def _places_of(ranks: Sequence[int], sizes: dict[int, int]) -> dict[int, int]:
    """Return in which place the values of these ranks, from 0, are."""
    ends = np.array(list(accumulate(sizes.values())))
    found = np.searchsorted(ends, ranks, side="right")
    return dict(zip(ranks, np.array(list(sizes))[found].tolist(), strict=True))


def _passed(place: int, sizes: dict[int, int], places: dict[int, int]) -> int:
    """Return how many values lie in lower places that were not looked into."""
    looked_into = set(places.values())
    return sum(size for lower, size in sizes.items() if lower < place and lower not in looked_into)
