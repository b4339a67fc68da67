"""Every so many rows of a column."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from aiqa.scan.engines import ROW, engine_of


def sampled(frame: Any, column: str, every: int) -> pl.Series:
    """Return the values of a column in every so many rows, as the engine numbers them: always the same.

    Examples
    --------
    >>> sampled(pl.DataFrame({"x": [1, 2, 3, 4, 5]}), "x", 2).to_list()
    [1, 3, 5]
    """
    engine = engine_of(frame)
    numbered = engine.numbered(engine.open(frame))
    [found] = engine.collect([numbered.filter(nw.col(ROW) % every == 0).select(engine.quoted(column))])
    return found[column]
