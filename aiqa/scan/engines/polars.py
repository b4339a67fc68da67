"""Polars: the default; several queries share a scan, files are read in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

import narwhals as nw
import numpy as np
import polars as pl

from aiqa.errors import DataError
from aiqa.scan.engines.engine import ROW, reason_of
from aiqa.scan.expr import Expr
from aiqa.scan.texts import told


class Polars:
    """Frames in memory are scanned there; lazy ones in batches (streaming)."""

    name = "polars"
    fused = 60  # one query of everything costs more than it saves
    ordered = True
    spread = False
    lacks: tuple[str, ...] = ()
    widest = nw.Int128()

    def __init__(self) -> None:
        self._mode: Literal["in-memory", "streaming"] = "streaming"
        self._batch: tuple[Any, Any] | None = None

    def open(self, frame: Any) -> nw.LazyFrame[Any]:
        native = nw.to_native(frame, pass_through=True)
        self._mode = "in-memory" if isinstance(native, pl.DataFrame) else "streaming"
        return cast("nw.LazyFrame[Any]", nw.from_native(native.lazy()))

    def schema(self, table: nw.LazyFrame[Any]) -> dict[str, str]:
        try:
            native = table.to_native().collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(f"the data cannot be read: {reason_of(error)}") from error
        return {name: str(dtype) for name, dtype in native.items()}

    def quoted(self, name: str) -> str:
        return name

    def numbered(self, table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return cast("nw.LazyFrame[Any]", nw.from_native(table.to_native().with_row_index(ROW)))

    def batch(self, table: nw.LazyFrame[Any], value: nw.Expr, name: str, expr: Expr) -> nw.LazyFrame[Any]:
        native = table.with_columns(value.alias(name)).to_native()
        return cast(
            "nw.LazyFrame[Any]", nw.from_native(native.with_columns(_batched(pl.col(name), expr).alias(name)))
        )

    def previous(self, table: nw.LazyFrame[Any], value: nw.Expr, name: str) -> nw.LazyFrame[Any]:
        native = table.with_columns(value.alias(name)).to_native()
        return cast(
            "nw.LazyFrame[Any]", nw.from_native(native.with_columns(pl.col(name).forward_fill().shift(1)))
        )

    def adopt(self, other: Any, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        if isinstance(other, (pl.DataFrame, pl.LazyFrame)):
            return nw.from_native(other.lazy().select(columns))
        distinct: nw.LazyFrame[Any] = nw.from_native(other).lazy().select(*columns).unique()
        collected: pl.DataFrame = distinct.collect("polars").to_native()
        return nw.from_native(collected.lazy())

    def query(self, table: nw.LazyFrame[Any], sql: str) -> nw.LazyFrame[Any]:
        """Let DuckDB run the query, on the table in memory."""
        try:
            import duckdb
        except ImportError:
            raise DataError(
                "SQL is run by DuckDB, which is missing: pip install 'pytest-aiqa[data]'"
            ) from None
        from aiqa.scan.engines.duckdb import alone, asked, failed

        if self._batch is None or self._batch[0] is not table:
            self._batch = table, self.collect([table])[0].to_arrow()
        try:
            with alone() as connection:
                relation = asked(connection.from_arrow(self._batch[1]), sql)
                return cast("nw.LazyFrame[Any]", nw.from_native(relation.pl().lazy()))
        except duckdb.Error as error:
            raise failed(error) from error

    def digest(self, native: Any) -> list[str]:
        hashes = native.lazy().collect().hash_rows()
        return [str(len(hashes)), str(hashes.cast(pl.Int128).sum())]

    def collect(self, queries: Sequence[nw.LazyFrame[Any]]) -> list[pl.DataFrame]:
        try:
            return pl.collect_all([query.to_native() for query in queries], engine=self._mode)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(f"the scan fails: {reason_of(error)}") from error


def _batched(value: pl.Expr, expr: Expr) -> pl.Expr:
    """Return what a batch operation does with the values of its first argument."""
    _, *arguments = expr.args
    if expr.op == "coarse":
        return _coarse(value.cast(pl.Float64))
    if expr.op == "hash":
        return value.hash()
    if expr.op == "hash_in":
        some = pl.Series(np.frombuffer(arguments[0], dtype=np.uint64))
        return value.hash().is_in(some.implode())
    dtype, function = _function(expr.op, arguments)
    return value.map_batches(function, return_dtype=dtype, is_elementwise=True)


def _coarse(number: pl.Expr) -> pl.Expr:
    """Read the first bits of a float as a whole number; those of negative floats are turned round."""
    number = pl.when(~number.is_nan()).then(number + 0.0)  # there is one zero
    bits, least = number.reinterpret(dtype=pl.Int64), pl.lit(-(2**63), dtype=pl.Int64)
    rising = pl.when(bits < 0).then(least - bits).otherwise(bits)
    return rising // pl.lit(2**48)


def _function(op: str, arguments: Sequence[Any]) -> tuple[Any, Callable[[pl.Series], pl.Series]]:
    if op == "bin":
        return pl.Int64(), _bin(arguments[0])
    if op == "place_among":
        return pl.Int64(), _place_among(arguments[0])
    form, argument = ("regex", arguments[0]) if op == "matches" else arguments
    return pl.Boolean(), told(form, argument)


def _bin(edges: Sequence[float]) -> Callable[[pl.Series], pl.Series]:
    rising = np.asarray(edges, dtype=np.float64)

    def bin_(numbers: pl.Series) -> pl.Series:
        values = numbers.cast(pl.Float64).fill_nan(None)
        places = np.searchsorted(rising, values.fill_null(0.0).to_numpy(), side="right")
        found = pl.select(pl.when(values.is_not_null()).then(pl.Series(places, dtype=pl.Int64)))
        return found.to_series()

    return bin_


def _place_among(values: Sequence[Any]) -> Callable[[pl.Series], pl.Series]:
    def place(column: pl.Series) -> pl.Series:
        known, numbers = pl.Series(values, dtype=column.dtype), pl.int_range(len(values), eager=True)
        places = column.replace_strict(known, numbers, default=len(values), return_dtype=pl.Int64)
        return pl.select(pl.when(column.is_not_null()).then(places)).to_series()

    return place
