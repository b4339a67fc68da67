"""Spark: every statistic is a partial aggregation; only results leave the cluster.

Python looks at values only for what no expression can say, in batches of Arrow on the workers, where
aiqa must be installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, cast

import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from aiqa.errors import DataError, ModelError
from aiqa.scan.engines.engine import ROW
from aiqa.scan.engines.polars import Polars
from aiqa.scan.engines.sql import SqlEngine
from aiqa.scan.expr import NARROWING, Expr
from aiqa.scan.texts import told

_MISSING = ("ModuleNotFoundError", "ImportError")
_MODEL = "aiqa.errors.ModelError: "
"""How the line begins by which a worker tells what is wrong with a model; see `aiqa.scan.spark.worker`."""
_FEW_EDGES = 64
"""More edges than these are looked up by Python, in the time that so many comparisons take."""


class Spark(SqlEngine):
    """A DataFrame of PySpark."""

    name = "spark"
    spread = True
    lacks: tuple[str, ...] = NARROWING
    widest = nw.Decimal(38, 0)
    errors: ClassVar = (PySparkException,)

    def empty(self, table: nw.LazyFrame[Any]) -> list[str]:
        return [field.name for field in table.to_native().schema if field.dataType.typeName() == "void"]

    def quoted(self, name: str) -> str:
        return f"`{name.replace('`', '``')}`" if set(name) & {".", "`"} else name

    def numbered(self, table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Number rows in the order of partitions; from 0 on, without gaps within one."""
        native = table.to_native().withColumn(ROW, sf.monotonically_increasing_id())
        return cast("nw.LazyFrame[Any]", nw.from_native(native))

    def batch(self, table: nw.LazyFrame[Any], value: nw.Expr, name: str, expr: Expr) -> nw.LazyFrame[Any]:
        if expr.op == "bin":
            if len(expr.args[1]) <= _FEW_EDGES:
                return super().batch(table, value, name, expr)
            return _looked_up(table, value, name, expr.args[1])
        if expr.op == "place_among":
            return self._placed(table, value, name, expr.args[1])
        _, *arguments = expr.args
        form, argument = ("regex", arguments[0]) if expr.op == "matches" else arguments
        told(form, argument)  # a wrong argument is an error here, not on a worker

        native = table.with_columns(value.alias(name)).to_native()
        tell = sf.arrow_udf(lambda texts: told(form, argument)(pl.Series(texts)).to_arrow(), "boolean")
        column = tell(sf.col(name))
        return cast("nw.LazyFrame[Any]", nw.from_native(native.withColumn(name, column)))

    def _placed(
        self, table: nw.LazyFrame[Any], value: nw.Expr, name: str, values: Sequence[Any]
    ) -> nw.LazyFrame[Any]:
        known = pl.DataFrame({name: values, f"{name}_place": range(len(values))}) if values else None
        table = table.with_columns(value.alias(name))
        place = nw.lit(len(values))
        if known is not None:
            table = table.join(self.adopt(known, known.columns), on=name, how="left")
            place = nw.coalesce(nw.col(f"{name}_place"), place)
        return table.with_columns(nw.when(~nw.col(name).is_null()).then(place).cast(nw.Int64).alias(name))

    def adopt(self, other: Any, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        if not isinstance(other, DataFrame):
            distinct = Polars().adopt(other, columns).unique().to_native().collect()
            other = SparkSession.active().createDataFrame(distinct.to_arrow())
        return cast("nw.LazyFrame[Any]", nw.from_native(other).select(*columns))

    def query(self, table: nw.LazyFrame[Any], sql: str) -> nw.LazyFrame[Any]:
        native = table.to_native()
        native.createOrReplaceTempView("__aiqa_batch")
        try:
            return cast("nw.LazyFrame[Any]", nw.from_native(native.sparkSession.sql(sql)))
        except PySparkException as error:
            raise DataError(f"the query fails: {self.reason_of(error)}") from error

    def reason_of(self, error: Exception) -> str:
        """Return Spark's words where they are about the query; about a value, they would name it."""
        told = str(error).strip().splitlines()[0]
        if isinstance(error, (AnalysisException, ParseException)):
            return told
        missing = next((line for line in str(error).splitlines() if line.startswith(_MISSING)), None)
        if missing is not None:
            return f"a worker lacks a library: {missing}"
        condition = getattr(error, "getCondition", lambda: None)()
        return f"{condition or type(error).__name__} at a value, which is not told here"

    def collect(self, queries: Sequence[nw.LazyFrame[Any]]) -> list[pl.DataFrame]:
        """Run the jobs beside each other, so that the end of one does not leave the cluster idle."""
        with ThreadPoolExecutor(max_workers=max(1, len(queries))) as pool:
            return list(pool.map(self._collected, queries))

    def _collected(self, query: nw.LazyFrame[Any]) -> pl.DataFrame:
        try:
            return super()._collected(query)
        except DataError as error:
            lines = str(error.__cause__).splitlines()
            told = next((line.removeprefix(_MODEL) for line in lines if line.startswith(_MODEL)), None)
            if told is None:
                raise
            raise ModelError(told) from error.__cause__

    def digest(self, native: Any) -> list[str]:
        row = sf.xxhash64(*(sf.col(self.quoted(name)) for name in native.columns))
        found = native.agg(sf.count("*"), sf.sum(row.cast("decimal(38,0)")), sf.bit_xor(row)).collect()[0]
        return list(map(str, found))


def _looked_up(
    table: nw.LazyFrame[Any], value: nw.Expr, name: str, edges: Sequence[float]
) -> nw.LazyFrame[Any]:
    """Find the bins of numbers among many, for which no expression searches."""
    rising = np.asarray(edges, dtype=np.float64)

    def find(values: pa.Array) -> pa.Array:
        numbers = values.fill_null(float("nan")).to_numpy(zero_copy_only=False)
        return pa.array(np.searchsorted(rising, numbers, side="right"), pa.int64(), mask=np.isnan(numbers))

    native = table.with_columns(value.cast(nw.Float64).alias(name)).to_native()
    column = sf.arrow_udf(find, "long")(sf.col(name))
    return cast("nw.LazyFrame[Any]", nw.from_native(native.withColumn(name, column)))
