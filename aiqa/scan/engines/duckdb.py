"""DuckDB: relations are scanned where they are; what SQL cannot say, Polars does, on the columns it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import duckdb
import narwhals as nw

from aiqa.errors import DataError
from aiqa.scan.engines.engine import ROW
from aiqa.scan.engines.sql import SqlEngine


class DuckDB(SqlEngine):
    """A relation: of files, a table, a query or an attached database."""

    name = "duckdb"
    # Another table may be of another connection.
    lacks: tuple[str, ...] = ("matches", "parses", "found_in")
    widest = nw.Int128()
    errors: ClassVar = (duckdb.Error,)

    def empty(self, table: nw.LazyFrame[Any]) -> list[str]:
        native = table.to_native()
        types = zip(native.columns, native.types, strict=True)
        return [name for name, kind in types if kind.id.upper().strip('"') in ("NULL", "SQLNULL")]

    def numbered(self, table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        native = table.to_native().project(f"*, row_number() over () - 1 as {ROW}")
        return cast("nw.LazyFrame[Any]", nw.from_native(native))

    def adopt(self, other: Any, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        raise NotImplementedError  # it lacks what would need it

    def query(self, table: nw.LazyFrame[Any], sql: str) -> nw.LazyFrame[Any]:
        try:
            return cast("nw.LazyFrame[Any]", nw.from_native(table.to_native().query("aiqa_batch", sql)))
        except duckdb.Error as error:
            raise DataError(f"the query fails: {str(error).strip().splitlines()[0]}: {sql}") from error

    def digest(self, native: Any) -> list[str]:
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in native.columns)
        [row] = native.aggregate(f"count(*), sum(hash({names})), bit_xor(hash({names}))").fetchall()
        return list(map(str, row))
