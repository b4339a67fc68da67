"""What DuckDB and Spark have in common: queries that run by themselves, rows without an order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import narwhals as nw
import polars as pl

from aiqa.errors import DataError
from aiqa.scan.engines.engine import ROW
from aiqa.scan.expr import Expr


class SqlEngine(ABC):
    """Base of both."""

    fused = 400
    ordered = False
    spread = False
    errors: ClassVar[tuple[type[Exception], ...]]

    @abstractmethod
    def reason_of(self, error: Exception) -> str:
        """Say why a query fails, without values of rows."""

    def open(self, frame: Any) -> nw.LazyFrame[Any]:
        native = nw.to_native(frame, pass_through=True)
        return cast("nw.LazyFrame[Any]", nw.from_native(native))

    def schema(self, table: nw.LazyFrame[Any]) -> dict[str, str]:
        known = {name: str(dtype) for name, dtype in table.collect_schema().items()}
        return known | dict.fromkeys(self.empty(table), "Null")

    def quoted(self, name: str) -> str:
        return name

    @abstractmethod
    def empty(self, table: nw.LazyFrame[Any]) -> list[str]:
        """Return the columns without a type, which hold only null."""

    def batch(self, table: nw.LazyFrame[Any], value: nw.Expr, name: str, expr: Expr) -> nw.LazyFrame[Any]:
        """Add the bin: how many edges are at most the value."""
        table = table.with_columns(value.cast(nw.Float64).alias(name))
        there = ~nw.col(name).is_null() & ~nw.col(name).is_nan()
        above = [nw.when(nw.col(name) >= edge).then(nw.lit(1)).otherwise(nw.lit(0)) for edge in expr.args[1]]
        counted = nw.sum_horizontal(*above) if above else nw.lit(0)
        return table.with_columns(nw.when(there).then(counted).cast(nw.Int64).alias(name))

    def previous(self, table: nw.LazyFrame[Any], value: nw.Expr, name: str) -> nw.LazyFrame[Any]:
        filled = table.with_columns(value.alias(name)).with_columns(
            nw.col(name).fill_null(strategy="forward").over(order_by=ROW)
        )
        return filled.with_columns(nw.col(name).shift(1).over(order_by=ROW))

    def collect(self, queries: Sequence[nw.LazyFrame[Any]]) -> list[pl.DataFrame]:
        return [self._collected(query) for query in queries]

    def _collected(self, query: nw.LazyFrame[Any]) -> pl.DataFrame:
        try:
            return cast("pl.DataFrame", query.collect("polars").to_native())
        except self.errors as error:
            raise DataError(f"the scan fails: {self.reason_of(error)}") from error
