"""How long a model takes to answer: calls of rows that are drawn anew, challenger and champion in turns.

What moves the machine moves both: each round calls every model on the same rows, in random order. Calls are
made one after the other, in this process, on what the model takes: frames are made ready before the clock
runs. Python's garbage collector is on, as in a server; what was there before is put out of its sight
(``gc.freeze``), so that a collection costs what the model leaves behind and not what the session holds.
"""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.errors import ModelError
from aiqa.scan.model import LoadedModel
from aiqa.scan.models.scorer import Scorer
from aiqa.scan.source import Table

Clock = Callable[[], int]
POOL = 100_000
"""So many rows of the data set are drawn from: of larger ones every so manieth."""
WARM_UP = 10
"""Rounds before the clock counts: caches fill, threads start, code is compiled."""
_WARM_UP_SHARE = 0.2
_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Calls:
    """What is timed.

    Parameters
    ----------
    rows : int
        Rows of one call.
    calls : int
        How many calls of each model are enough.
    seconds : float
        After so long no further call begins: those under way are finished.
    """

    rows: int
    calls: int
    seconds: float

    @property
    def n_of(self) -> str:
        """What is counted, for people."""
        return f"calls of {rows_text(self.rows)}"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What models took.

    Parameters
    ----------
    taken : dict of str to ndarray of float, shape (n, models)
        By unit: "ms", "s", "MiB". The challenger is the first model, the champion, if any, the second.
    n_of : str
        What n counts.
    machine : str
        On what.
    """

    taken: dict[str, NDArray[np.float64]]
    n_of: str
    machine: str


class Draws:
    """Rows of a data set for several models, drawn with replacement, the same for each.

    Raises
    ------
    ModelError
        If a model takes a column that is not there.
    DataError
        If the data cannot be read.
    """

    def __init__(self, models: Sequence[LoadedModel], table: Table, seed: int) -> None:
        every = -(-table.rows // POOL)
        frames = (model.input(table.frame, table.dataset).gather_every(every) for model in models)
        self._pools = [table.collect(frame) for frame in frames]
        self._rng = np.random.default_rng(seed)

    def next(self, rows: int) -> list[pl.DataFrame]:
        """Return the next rows, as each model takes them."""
        drawn = self._rng.integers(0, self._pools[0].height, rows)
        return [pool[drawn] for pool in self._pools]

    def order(self) -> list[int]:
        """Return in which order the models are to be called."""
        return [int(model) for model in self._rng.permutation(len(self._pools))]


def time_calls(
    models: Sequence[LoadedModel], table: Table, of: Calls, seed: int, clock: Clock = time.perf_counter_ns
) -> Measured:
    """Time calls of models in turns.

    Parameters
    ----------
    models : sequence of LoadedModel
        The challenger; then the champion, where they are compared.
    table : Table
        Whose rows they score.
    of : Calls
    seed : int
        Of the rows and of the order.
    clock : callable, optional
        Tells nanoseconds.

    Returns
    -------
    Measured
        Milliseconds, in the order of the calls: one or more of each model.

    Raises
    ------
    ModelError
        If a model raises, answers in a shape that does not fit, or is columns of answers.
    """
    draws = Draws(models, table, seed)
    turns = _Turns(models, [model.answering(pandas=table.pandas) for model in models], draws, of.rows, clock)
    machine = this_machine()
    with _collecting_what_is_new():
        turns.check()
        turns.until(WARM_UP, of.seconds * _WARM_UP_SHARE)
        taken = turns.until(of.calls, of.seconds)
    return Measured({"ms": np.array(taken) / _PER_MS}, of.n_of, machine)


@dataclass(frozen=True, slots=True, eq=False)
class _Turns:
    models: Sequence[LoadedModel]
    scorers: Sequence[Scorer]
    draws: Draws
    rows: int
    clock: Clock

    def check(self) -> None:
        """Let each model answer once, and look at the answer."""
        for model, scorer, batch in zip(self.models, self.scorers, self.draws.next(self.rows), strict=True):
            with blamed(model, self.rows):
                scorer.answer(batch)

    def until(self, rounds: int, seconds: float) -> list[list[int]]:
        end = self.clock() + seconds * 1e9
        taken = [self._round()]
        while len(taken) < rounds and self.clock() < end:
            taken.append(self._round())
        return taken

    def _round(self) -> list[int]:
        batches, taken = self.draws.next(self.rows), [0] * len(self.models)
        for which in self.draws.order():
            with blamed(self.models[which], self.rows):
                call = self.scorers[which].call(batches[which])
                started = self.clock()
                answer = call()
                taken[which] = self.clock() - started
            del answer  # not before its time is taken
        return taken


@contextmanager
def blamed(model: LoadedModel, rows: int) -> Iterator[None]:
    """Tell what a model raises as its own error, on a call of so many rows."""
    try:
        yield
    except ModelError as error:
        error.row = None  # that of a draw, which nobody can look up
        raise
    except Exception as error:
        raise model.failure(error, f"a call of {rows_text(rows)}") from error


@contextmanager
def _collecting_what_is_new() -> Iterator[None]:
    was_on, theirs = gc.isenabled(), gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    gc.enable()
    try:
        yield
    finally:
        if not theirs:
            gc.unfreeze()
        if not was_on:
            gc.disable()


def rows_text(rows: int) -> str:
    """Return ``1 row`` or ``65,536 rows``."""
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"


def this_machine() -> str:
    """Return what kind of machine this is, and how busy it is with all that runs on it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    kind = f"{platform.system()} {platform.machine()} with {cores} {'core' if cores == 1 else 'cores'}"
    return f"{kind} (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else kind
