"""A progress bar for what takes long, on a terminal and nowhere else."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

MANY_ROWS = 1_000_000
LONG = 1.0


def terminal_progress() -> TerminalProgress | None:
    """Return a progress bar, or None where nobody would see it move.

    It writes to a copy of the terminal's own descriptor, so that pytest may go on capturing.
    """
    try:
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            return None
        return TerminalProgress(os.fdopen(os.dup(sys.stderr.fileno()), "w"))
    except (OSError, ValueError):
        return None


class TerminalProgress:
    """Shows one thing at a time: at once for many rows, for fewer only when it takes long."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._what = ""
        self._since = 0.0
        self._bar: Progress | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` rows are done; 0 throughout for what cannot tell."""
        if done >= total:
            self._stop()
        elif what != self._what:
            self._stop()
            self._what, self._since = what, time.monotonic()
        if done < total and (total >= MANY_ROWS or time.monotonic() - self._since > LONG):
            self._show(what, done, total)

    def _show(self, what: str, done: int, total: int) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.markup import escape
            from rich.progress import Progress

            self._bar = Progress(transient=True, console=Console(file=self._stream))
            self._bar.add_task(f"{escape(what)} ({total:,} rows)", total=None)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total if done else None)

    def _stop(self) -> None:
        self._what = ""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
