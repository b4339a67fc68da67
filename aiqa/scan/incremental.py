"""Statistics that are kept from run to run, so that only what changed is scanned again.

What adds up over parts of a table is kept for each of them, what does not for the whole: under a key of the
content, the statistic, the types of the columns, and the code that took it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
import polars as pl

from aiqa.errors import DataError
from aiqa.scan import coding
from aiqa.scan.expr import Schema
from aiqa.scan.literals import family_of
from aiqa.scan.narrowing import FIRST, Array, Takers, narrowed
from aiqa.scan.parted import Part, Parted, digest_of
from aiqa.scan.plan import exprs_of, looks_beyond
from aiqa.scan.queries import columns_of, plain, slicer_column
from aiqa.scan.states import merge
from aiqa.scan.statistics import (
    Answers,
    Binned,
    Count,
    Counts,
    Extremes,
    Frequent,
    Gap,
    JointHistogram,
    Moments,
    Quantiles,
    Repeats,
    Request,
    Sample,
    ScoreHistogram,
    SliceKey,
    Slicer,
    Sorted,
    Total,
    Values,
)
from aiqa.scan.work import Work

_ADD_UP = (Count, Moments, Extremes, Total, Counts, Values, ScoreHistogram, JointHistogram)
_KEPT = (*_ADD_UP, Repeats, Sorted, Frequent, Quantiles, Gap)
_OF_ROWS = (Count, Repeats)
"""Statistics whose states tell how many rows there are, and nothing of values."""
_ROWS = Request(Count())
MOST_SLICES, MOST_KEYS = 300, 20_000
"""With more in one part a statistic is taken, and kept, of the whole table."""
Take = Callable[[pl.LazyFrame, Sequence[Request], Work], Answers]


class Incremental:
    """The statistics of one table by parts, taken in any number of passes.

    Parameters
    ----------
    table : Parted
    schema : Schema
        The columns with the text of their types.
    take : callable
        Takes statistics of rows.
    """

    def __init__(self, table: Parted, schema: Schema, take: Take) -> None:
        self._table = table
        self._schema = schema
        self._take_of = take
        self._work = Work(0, ())
        self._circumstances = digest_of([*map(str, schema.items()), code()])
        self._told: dict[Request, str | None] = {}
        self._found: list[Answers] = [{} for _ in table.parts]

    def answers(self, requests: Sequence[Request], work: Work) -> Answers:
        """Return what is kept, and take what is not."""
        self._work = work
        work.bytes = 0
        added = self._of_few(request for request in requests if self._adds_up(request))
        shown = [request for request in requests if self._is_counted(request)]
        rest = [request for request in requests if request not in {*added, *shown}]
        answers = self._by_parts(added) | self._samples(shown)
        answers |= self._kept_or_taken(self._table.whole, rest)
        return {request: answers[request] for request in requests}

    def _may_be_kept(self, request: Request) -> bool:
        statistic, personal = request.statistic, self._table.personal
        # What SQL or a parser of dates makes of the same rows may depend on the day and the place.
        if not isinstance(statistic, _KEPT) or any(expr.any("parses") for expr in exprs_of(statistic)):
            return False
        shown = map(slicer_column, request.by) if isinstance(statistic, _OF_ROWS) else columns_of(request)
        return personal.isdisjoint(shown)

    def _adds_up(self, request: Request) -> bool:
        statistic = request.statistic
        if not isinstance(statistic, _ADD_UP) or looks_beyond(request):
            return False
        columns = columns_of(request) if isinstance(statistic, Values) else ()
        return all(family_of(self._schema[name]) != "other" for name in columns)

    def _is_counted(self, request: Request) -> bool:
        """Tell whether a request shows rows that have been counted in each part before."""
        statistic = request.statistic
        return isinstance(statistic, Sample) and all(_count_of(request) in found for found in self._found)

    def _of_few(self, requests: Iterable[Request]) -> list[Request]:
        """Return the requests with few states in the first part: many cost more than a scan of all rows."""
        added = list(requests)
        first = self._found[0]
        first |= self._kept_or_taken(self._table.parts[0], [one for one in added if one not in first])
        return [one for one in added if len(first[one]) <= MOST_SLICES and _keys_in(first[one]) <= MOST_KEYS]

    def _by_parts(self, requests: Sequence[Request]) -> Answers:
        for part, found in zip(self._table.parts, self._found, strict=True):
            found |= self._kept_or_taken(part, [request for request in requests if request not in found])
        return {request: _together(request, [of[request] for of in self._found]) for request in requests}

    def _kept_or_taken(self, part: Part, requests: Sequence[Request]) -> Answers:
        """Return what is kept of these rows; take the rest, and keep it."""
        keys = {request: key for request in requests if (key := self._key(part, request)) is not None}
        held = self._table.store.read(keys.values())
        read = {request: _unpacked(held.get(key)) for request, key in keys.items()}
        found = {request: states for request, states in read.items() if states is not None}
        missing = [request for request in requests if request not in found]
        taken = self._take_whole(missing) if part is self._table.whole else self._take(part, missing)
        self._work.kept += len(found)
        new = [request for request in missing if request in keys]
        if new and part.unchanged:
            states = {keys[request]: _packed(taken[request]) for request in new}
            self._table.store.write({key: packed for key, packed in states.items() if packed is not None})
        return found | taken

    def _take(self, part: Part, requests: Sequence[Request]) -> Answers:
        if not requests:
            return {}
        self._work.bytes = (self._work.bytes or 0) + sum(file.size for file in part.files)
        return self._take_of(part.frame, requests, self._work)

    def _take_whole(self, requests: Sequence[Request]) -> Answers:
        whole = self._table.whole

        def first(asked: Sequence[Request]) -> Answers:
            return self._take_of(whole.frame.head(FIRST), asked, self._work)

        take = Takers(lambda asked: self._take(whole, asked), first, self._by_parts, self._sorted)
        return narrowed(requests, self._schema, take)

    def _sorted(self, request: Request) -> Array:
        values = np.concatenate([self._sorted_part(part, request) for part in self._table.parts])
        values.sort()
        return values

    def _sorted_part(self, part: Part, request: Request) -> Array:
        """Return the values in one part, from the file that keeps them where there is one."""
        store, key = self._table.store, self._key(part, request)
        file = None if key is None else store.file(f"{key}.npy")
        if file is not None:
            with suppress(OSError, ValueError):
                held: Array = np.load(file, mmap_mode="r", allow_pickle=False)
                return held
        found: Array = self._take(part, [request])[request][()]
        if key is not None and part.unchanged:
            store.keep_file(f"{key}.npy", lambda path: _save(path, found))
        return found

    def _key(self, part: Part, request: Request) -> str | None:
        if request not in self._told:
            self._told[request] = _told(request) if self._may_be_kept(request) else None
        told = self._told[request]
        return None if told is None else digest_of([part.digest, told, self._circumstances])

    def _samples(self, requests: Sequence[Request]) -> Answers:
        """Look for rows only in parts that have any, and only until there are enough."""
        shown: Answers = {request: {} if request.by else {(): []} for request in requests}
        if not requests:
            return shown
        self._by_parts([_ROWS])
        before = 0
        for part, found in zip(self._table.parts, self._found, strict=True):
            wanted = [r for r in requests if any(found[_count_of(r)].values()) and _lacks(r, shown[r])]
            for request, states in self._take(part, wanted).items():
                _append(shown[request], states, before, request)
            before += found[_ROWS][()]
        return {request: _in_order(request, states) for request, states in shown.items()}


def _keys_in(states: dict[SliceKey, Any]) -> int:
    return sum(len(state) for state in states.values() if isinstance(state, (dict, tuple)))


def _told(request: Request) -> str | None:
    try:
        return coding.told(request)
    except TypeError:  # it rests on something that this process alone knows
        return None


def _packed(states: Any) -> bytes | None:
    try:
        return coding.packed(states)
    except TypeError:  # values of a kind that is not kept, such as lists
        return None


def _save(path: Path, array: Array) -> None:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def _count_of(request: Request) -> Request:
    return Request(request.statistic.count, request.by)  # type: ignore[union-attr]


def _lacks(request: Request, shown: dict[SliceKey, Any]) -> bool:
    limit = request.statistic.limit  # type: ignore[union-attr]
    return limit is None or bool(request.by) or len(shown[()]) < limit


def _append(shown: dict[SliceKey, Any], states: dict[SliceKey, Any], before: int, request: Request) -> None:
    limit = request.statistic.limit  # type: ignore[union-attr]
    for key, rows in states.items():
        moved = [(row + before, *values) for row, *values in rows]
        shown[key] = [*shown.get(key, ()), *moved][:limit]


def _unpacked(packed: bytes | None) -> Any:
    """Return states; None where nothing is kept, or something that is none."""
    try:
        found = None if packed is None else coding.unpacked(packed)
    except DataError:
        return None
    return found if isinstance(found, dict) else None


def _together(request: Request, parts: Sequence[dict[SliceKey, Any]]) -> dict[SliceKey, Any]:
    """Add up the states of all parts, slices and keys in their order."""
    if isinstance(request.statistic, Values):
        both: Callable[[Any, Any], Any] = functools.partial(_values, limit=request.statistic.limit)
    else:
        both = merge
    states = functools.reduce(functools.partial(_by_slice, both=both), parts)
    if isinstance(request.statistic, Counts):
        states = {key: dict(sorted(counts.items(), key=_place)) for key, counts in states.items()}
    return _in_order(request, states)


def _by_slice(
    one: dict[SliceKey, Any], other: dict[SliceKey, Any], both: Callable[[Any, Any], Any]
) -> dict[SliceKey, Any]:
    return one | other | {key: both(one[key], other[key]) for key in one.keys() & other.keys()}


def _values(one: tuple[Any, ...], other: tuple[Any, ...], limit: int) -> tuple[Any, ...]:
    values = {plain(value) for value in (*one, *other)}
    return tuple(sorted(values, key=_rank))[:limit]


def _in_order(request: Request, states: dict[SliceKey, Any]) -> dict[SliceKey, Any]:
    """Sort slices by their values, null last; bins by their number."""
    numbers = [_numbers(slicer) for slicer in request.by]

    def place(pair: tuple[SliceKey, Any]) -> tuple[Any, ...]:
        values = zip(numbers, pair[0], strict=True)
        return tuple(_rank(value if known is None else known.get(value)) for known, (_, value) in values)

    return dict(sorted(states.items(), key=place))


def _numbers(slicer: Slicer) -> dict[Any, int] | None:
    """Return the number of each bin by its label; None for a column."""
    return {label: place for place, label in enumerate(slicer.labels)} if isinstance(slicer, Binned) else None


def _place(pair: tuple[tuple[Any, ...], Any]) -> tuple[Any, ...]:
    return tuple(map(_rank, pair[0]))


def _rank(value: Any) -> tuple[int, Any]:
    """Rank values as engines do: NaN behind all numbers, null behind all."""
    if value is None:
        return 2, 0
    return (1, 0) if value != value else (0, value)


@functools.cache
def code() -> str:
    """Return a digest of the code that takes statistics, and of the versions of what it stands on."""
    folder = Path(__file__).parents[1]
    files = sorted(
        file for room in ("declare", "metrics", "scan", "stats") for file in (folder / room).rglob("*.py")
    )
    # The last, as another processor may hash otherwise.
    libraries = [f"{name} {version(name)}" for name in ("polars", "narwhals", "numpy")]
    about = [python_version(), *libraries, str(pl.Series(["a", None]).hash().to_list())]
    sha = hashlib.sha256(" ".join(about).encode())
    for file in files:
        sha.update(file.read_bytes())
    return sha.hexdigest()
