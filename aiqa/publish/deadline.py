"""A bound on the time that the other end of a network may take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """A moment by which something must be done.

    Parameters
    ----------
    seconds : float
        From now on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then, at least 0."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raise TimeoutError where it has passed."""
        if not self.left:
            raise TimeoutError(f"no answer within {self.seconds:g} s")


def within(deadline: Deadline, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise what it raises, or TimeoutError when the deadline passes.

    A call that hangs is left behind in a daemon thread, which does not keep the process alive: no
    client that we use can bound a whole conversation, as their timeouts are for a single read.
    """
    outcome: list[tuple[T | None, BaseException | None]] = []

    def work() -> None:
        try:
            outcome.append((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            outcome.append((None, error))

    thread = threading.Thread(target=work, name="aiqa-publish", daemon=True)
    thread.start()
    thread.join(deadline.left)
    if not outcome:
        raise TimeoutError(f"no answer within {deadline.seconds:g} s")
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
