"""What a pass over a table took, noted while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Work:
    """One pass.

    Parameters
    ----------
    statistics : int
        How many it answers.
    columns : tuple of str
        Which columns these read, in their order.
    kept : int
        Statistics that an earlier run had kept, counted once for each part of the table.
    queries : int
        What the engine was asked.
    bytes : int or None
        Of the files that were read, where statistics are kept; None where all of the table was read.
    seconds : float
    """

    statistics: int
    columns: tuple[str, ...]
    kept: int = 0
    queries: int = 0
    bytes: int | None = None
    seconds: float = field(default=0.0, compare=False)

    @contextmanager
    def timed(self, watch: Watch | None) -> Iterator[None]:
        """Measure the wall time of the pass, and tell of it."""
        started = time.perf_counter()
        yield
        self.seconds = time.perf_counter() - started
        if watch is not None:
            watch(self)


Watch = Callable[[Work], None]
