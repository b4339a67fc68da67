"""What a query of a database gives: DuckDB by its own library, others by their drivers for Arrow (ADBC).

The query is asked once, and its rows lie in a temporary file: so all statistics are of the same rows however
the database changes meanwhile, memory stays bounded, and a run costs the database one query.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from aiqa.declare.lake import Sql
from aiqa.errors import AiqaError, DataError, require_extra
from aiqa.scan.engines.engine import reason_of
from aiqa.scan.origins.fetched import FetchedRows, temporary, written
from aiqa.scan.origins.origin import PATIENCE, within

BATCH = 50_000
"""Rows at a time."""
_DRIVERS = {
    "sqlite": "adbc_driver_sqlite",
    "postgresql": "adbc_driver_postgresql",
    "postgres": "adbc_driver_postgresql",
}
_MARK = "***"


def open_query(source: Sql, root: Path) -> FetchedRows:
    """Ask a database, and fetch what it answers.

    Raises
    ------
    DataError
        If the address leads nowhere, the query fails or would write, or values have no type of Arrow's.
    MissingExtraError
        If the library that reaches the database is not installed.
    """
    address = _address(source)
    scheme = address.partition("://")[0].partition("+")[0].lower()
    path = temporary() / "rows.parquet"
    fetched = FetchedRows(path, repr(source))
    try:
        with fetched.filled(), _reader(scheme, address, source, root) as batches:
            written(batches, path)
    except AiqaError:
        raise
    except Exception as error:  # noqa: BLE001 - of three libraries, which share no base
        raise DataError(f"the query fails: {_told(error, address)}", file=source.address) from None
    return fetched


def _address(source: Sql) -> str:
    if "://" in source.address:
        return source.address
    address = os.environ.get(source.address, "")
    if "://" not in address:
        wrong = "holds no address of a database" if address else "is not set"
        raise DataError(f"the environment variable {source.address} {wrong}")
    # A driver would take the second half of the password for the host, and name it.
    if address.partition("://")[2].partition("/")[0].count("@") > 1:
        raise DataError(f"the address in {source.address} has several @: write %40 for that in a password")
    return address


def _reader(scheme: str, address: str, source: Sql, root: Path) -> Any:
    if scheme == "duckdb":
        return _duckdb(_path(address, source, root), source.query)
    if scheme not in _DRIVERS:
        raise DataError(f"no database of {scheme}:// is known: {', '.join(sorted({'duckdb', *_DRIVERS}))}")
    module = _DRIVERS[scheme]
    driver = require_extra(f"{module}.dbapi", "sql", f"a database of {scheme}://")
    if scheme == "sqlite":
        place = _path(address, source, root).as_uri() + "?mode=ro"
        return _adbc(driver, place, source, {"adbc.sqlite.query.batch_rows": str(BATCH)})
    return _adbc(driver, _plain(address), source, {}, "set transaction read only")


def _plain(address: str) -> str:
    """Return an address of PostgreSQL without the driver that SQLAlchemy's addresses name."""
    return re.sub(r"^\w+(\+\w+)?://", "postgresql://", address)


def _path(address: str, source: Sql, root: Path) -> Path:
    path = root / address.partition("://")[2].removeprefix("/")
    if not path.is_file():
        raise DataError(
            f"there is no such database file under the project's root {root.resolve().name!r}",
            file=source.address,
        )
    return path.resolve()


@contextmanager
def _duckdb(path: Path, query: str) -> Iterator[Any]:
    duckdb: Any = require_extra("duckdb", "sql", "a database of duckdb://")
    from aiqa.scan.engines.duckdb import failed, readable

    config = {"enable_external_access": "false", "lock_configuration": "true"}
    try:
        opened = duckdb.connect(str(path), read_only=True, config=config)
    except duckdb.Error as error:
        raise DataError(f"not to be opened as a database: {reason_of(error)}") from None
    with closing(opened) as connection:
        try:
            yield readable(connection.sql(query)).to_arrow_reader(BATCH)
        except duckdb.Error as error:
            raise failed(error) from None


@contextmanager
def _adbc(
    driver: Any, uri: str, source: Sql, options: dict[str, str], first: str | None = None
) -> Iterator[Any]:
    connection = within(PATIENCE, lambda: driver.connect(uri), source.address)
    with closing(connection), closing(connection.cursor()) as cursor:
        if first is not None:
            cursor.execute(first)
        if options:
            cursor.adbc_statement.set_options(**options)
        cursor.execute(source.query)
        yield cursor.fetch_record_batch()


def _told(error: Exception, address: str) -> str:
    """Return what a driver says, without the address and the password in it, and without values."""
    told = reason_of(error)
    if type(error).__name__ not in ("ProgrammingError", "OperationalError"):  # not of the query, but of a row
        told = re.sub("[\"'].*", "a value", told)
    password = re.search(r"://[^:/@]*:(.+)@", address)
    for secret in (address, _plain(address), *(password.groups() if password else ())):
        told = told.replace(secret, _MARK)
    return f"{type(error).__name__}: {told}"
