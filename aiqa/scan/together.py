"""The statistics of many askers, taken together; what breaks is the error of the one that asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiqa.scan.execute import execute
from aiqa.scan.statistics import Answers, Request
from aiqa.scan.work import Watch


def answers_of(
    frame: Any, asked: Sequence[Sequence[Request]], watch: Watch | None = None
) -> list[Answers | Exception]:
    """Scan once for all; if that breaks, halve until the one that breaks it stands alone.

    Parameters
    ----------
    frame
        As for :func:`~aiqa.scan.execute.execute`.
    asked : sequence of sequences of Request
        One for each asker.
    watch : callable, optional
        Is told of each pass.

    Returns
    -------
    list
        For each asker answers that hold its own, or why there are none.

    Examples
    --------
    >>> import polars as pl
    >>> from aiqa.scan.expr import col
    >>> from aiqa.scan.statistics import Count, Request
    >>> good, bad = ([Request(Count(col(name) > 1))] for name in ("x", "y"))
    >>> answers_of(pl.DataFrame({"x": [1, 2]}), [good, bad])[1]
    DataError("there is no column 'y'; known: x (column y)")
    """
    if not asked:
        return []
    try:
        answers = execute(frame, [request for requests in asked for request in requests], watch)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is the asker's own
        if len(asked) == 1:
            return [error]
        middle = len(asked) // 2
        return answers_of(frame, asked[:middle], watch) + answers_of(frame, asked[middle:], watch)
    return [answers] * len(asked)
