"""Where statistics are computed: Polars, DuckDB or Spark, one file each, behind one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from aiqa.errors import DataError
from aiqa.scan.engines.engine import ROW, Engine
from aiqa.scan.engines.polars import Polars

__all__ = ["ROW", "Engine", "engine_of", "handed_over"]


def engine_of(frame: Any) -> Engine:
    """Return the engine that a native or narwhals frame belongs to.

    Raises
    ------
    DataError
        If it belongs to none.

    Examples
    --------
    >>> import polars as pl
    >>> engine_of(pl.LazyFrame({"x": [1]})).name
    'polars'
    """
    native = nw.to_native(frame, pass_through=True)
    library = type(native).__module__.partition(".")[0].lstrip("_")
    if library == "duckdb":
        from aiqa.scan.engines.duckdb import DuckDB

        return DuckDB()
    if library == "pyspark":
        from aiqa.scan.engines.spark import Spark

        return Spark()
    if library == "polars":
        return Polars()
    raise DataError(f"a {type(native).__qualname__} is no frame of Polars, DuckDB or Spark")


def handed_over(
    engine: Engine, table: nw.LazyFrame[Any], columns: Sequence[str]
) -> tuple[Engine, nw.LazyFrame[Any]]:
    """Return the columns of an engine's table in memory, on Polars, which lacks nothing.

    Raises
    ------
    DataError
        If the data cannot be read.
    """
    [kept] = engine.collect([table.select(*columns) if columns else table])
    other = Polars()
    return other, other.open(kept)
