"""DuckDB: relations are scanned where they are; what SQL cannot say, Polars does, on the columns it needs."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import duckdb
import narwhals as nw

from aiqa.errors import DataError
from aiqa.scan.engines.engine import ROW
from aiqa.scan.engines.sql import SqlEngine
from aiqa.scan.expr import NARROWING


class DuckDB(SqlEngine):
    """A relation: of files, a table, a query or an attached database."""

    name = "duckdb"
    # Another table may be of another connection, and a place among many values is a join with one.
    lacks: tuple[str, ...] = ("matches", "parses", "place_among", "found_in", *NARROWING)
    widest = nw.Int128()
    errors: ClassVar = (duckdb.Error,)

    def empty(self, table: nw.LazyFrame[Any]) -> list[str]:
        native = table.to_native()
        types = zip(native.columns, native.types, strict=True)
        return [name for name, kind in types if kind.id.upper().strip('"') in ("NULL", "SQLNULL")]

    def numbered(self, table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        native = table.to_native().project(f"*, row_number() over () - 1 as {ROW}")
        return cast("nw.LazyFrame[Any]", nw.from_native(native))

    def query(self, table: nw.LazyFrame[Any], sql: str) -> nw.LazyFrame[Any]:
        try:
            return cast("nw.LazyFrame[Any]", nw.from_native(asked(table.to_native(), sql)))
        except duckdb.Error as error:
            raise failed(error) from error

    def reason_of(self, error: Exception) -> str:
        return _reason(error)

    def digest(self, native: Any) -> list[str]:
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in native.columns)
        [row] = native.aggregate(f"count(*), sum(hash({names})), bit_xor(hash({names}))").fetchall()
        return list(map(str, row))


def alone() -> duckdb.DuckDBPyConnection:
    """Open a database in memory whose queries reach neither files nor the network."""
    return duckdb.connect(config={"enable_external_access": "false", "lock_configuration": "true"})


def asked(relation: Any, sql: str) -> Any:
    """Return what one query gives of a relation, which it calls ``__aiqa_batch``.

    Raises
    ------
    DataError
        If there are several statements, of which the later ones might do anything.
    """
    if len(duckdb.extract_statements(sql)) != 1:
        raise DataError(f"a single query is needed, without a semicolon: {sql}")
    return readable(relation.query("__aiqa_batch", sql))


def readable(relation: Any) -> Any:
    """Return a relation with its intervals as texts: no other library reads them."""
    columns = zip(relation.columns, map(str, relation.types), strict=True)
    return relation.project(", ".join(_told(*column) for column in columns))


def _told(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    return f"cast({quoted} as varchar) as {quoted}" if kind == "INTERVAL" else quoted


def failed(error: duckdb.Error) -> DataError:
    """Return the error of a query that cannot be run."""
    return DataError(f"the query fails: {_reason(error)}")


_OF_THE_QUERY = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.PermissionException,
    duckdb.SyntaxException,
)


def _reason(error: Exception) -> str:
    """Return DuckDB's words where they are about the query; about a value, they would name it."""
    kind, _, told = str(error).strip().partition(":")
    if isinstance(error, _OF_THE_QUERY):
        return f"{kind}: {told.strip().splitlines()[0]}" if told.strip() else kind
    return f"{kind.splitlines()[0]} at a value, which is not told here" if told else type(error).__name__
