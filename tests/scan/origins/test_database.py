"""Queries of databases: asked once, read like files."""

from __future__ import annotations

import importlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import aiqa
from aiqa.errors import AiqaError, DataError, MissingExtraError
from aiqa.scan.expr import col
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.statistics import Count, Request
from aiqa.scan.store import Store
from tests.scan.origins.conftest import ROWS, Judge

duckdb = pytest.importorskip("duckdb")
sqlite = pytest.importorskip("adbc_driver_sqlite.dbapi")

ALL = "select * from orders order by id"
TYPED = "select id, amount, country, day::date as day, fraud, score from orders order by id"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where temporary files go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with the same rows in a file of SQLite and of DuckDB."""
    folder = tmp_path / "project"
    folder.mkdir()
    _to_sqlite(ROWS, folder / "orders.db")
    with closing(duckdb.connect(str(folder / "orders.duckdb"))) as connection:
        connection.register("frame", ROWS.to_arrow())
        connection.execute("create table orders as select * from frame")
    return folder


def _to_sqlite(frame: pl.DataFrame, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        names = ", ".join(frame.columns)
        connection.execute(f"create table orders ({names})")
        marks = ", ".join("?" * frame.width)
        rows = frame.with_columns(pl.col(pl.Date).cast(pl.String)).rows()
        connection.executemany(f"insert into orders values ({marks})", rows)
        connection.commit()


def _open(root: Path, query: str, address: str, store: Store | None = None) -> Table:
    return open_dataset(aiqa.dataset("orders", aiqa.sql(query, address)), root, store)


def _error(root: Path, query: str, address: str) -> str:
    with pytest.raises(AiqaError) as raised:
        _open(root, query, address)
    return str(raised.value)


@pytest.mark.parametrize("address", ["sqlite:///orders.db", "duckdb:///orders.duckdb"])
def test_the_same_as_parquet(project: Path, expected: list[Any], judged: Judge, address: str) -> None:
    assert judged(f"aiqa.sql({ALL!r}, {address!r})") == expected


def test_types_of_duckdb(project: Path) -> None:
    with closing(duckdb.connect(str(project / "orders.duckdb"))) as connection:
        connection.execute(
            "create table kinds as select 1.25::decimal(9, 2) d, interval 1 day i, uuid() u, [1] l"
        )
    table = _open(project, "select * from kinds", "duckdb:///orders.duckdb")
    assert list(table.columns.values()) == [
        "Decimal(precision=9, scale=2)",
        "String",
        "String",
        "List(Int32)",
    ]
    assert _open(project, ALL, "duckdb:///orders.duckdb").frame.collect().equals(ROWS)


def test_the_address_is_that_of_a_variable(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "variable ORDERS_DB is not set" in _error(project, ALL, "ORDERS_DB")
    monkeypatch.setenv("ORDERS_DB", "orders.db")
    assert "holds no address of a database" in _error(project, ALL, "ORDERS_DB")
    monkeypatch.setenv("ORDERS_DB", f"sqlite:///{project}/orders.db")
    table = _open(Path("/nowhere"), ALL, "ORDERS_DB")
    assert table.rows == 60
    assert table.address == f"Sql(query={ALL!r}, address='ORDERS_DB')"


def test_temporary_files_are_private_and_go(project: Path, temporary: Path) -> None:
    table = _open(project, ALL, "sqlite:///orders.db")
    [folder] = temporary.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    del table
    _error(project, "select nothing from orders", "sqlite:///orders.db")
    assert list(temporary.iterdir()) == []


def test_a_database_that_changes_is_another_table(project: Path, tmp_path: Path, scanned: list[str]) -> None:
    store, count = Store(tmp_path / "cache"), Request(Count(col("amount") > 50))
    first = _open(project, ALL, "sqlite:///orders.db", store)
    before = first.answers([count])[count]
    scanned.clear()
    again = _open(project, ALL, "sqlite:///orders.db", store)
    assert again.answers([count])[count] == before
    assert scanned == [], "equal rows are known by their digest"
    assert again.fingerprint == first.fingerprint
    with closing(sqlite3.connect(project / "orders.db")) as connection:
        connection.execute("update orders set amount = 0.5")
        connection.commit()
    changed = _open(project, ALL, "sqlite:///orders.db", store)
    assert changed.answers([count])[count] == {(): 0}
    assert first.answers([count])[count] == before, "a run sees the rows that it fetched"
    assert changed.fingerprint != first.fingerprint


@pytest.mark.parametrize("address", ["sqlite:///orders.db", "duckdb:///orders.duckdb"])
@pytest.mark.parametrize(
    "query",
    [
        "with o as (select 1) delete from orders",
        "with o as (select 1) update orders set id = 0",
        "with o as (select 1) insert into orders select * from orders",
    ],
)
def test_nothing_is_written(project: Path, query: str, address: str) -> None:
    assert "fails" in _error(project, query, address)
    assert _open(project, ALL, address).rows == 60


def test_a_query_of_duckdb_reaches_no_files(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x\n1\n")
    assert "Permission" in _error(project, f"select * from '{tmp_path}/other.csv'", "duckdb:///orders.duckdb")


def test_values_of_several_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has any values in a column: whole numbers and fractions are numbers, others with them texts."""
    from aiqa.scan.origins import database

    _to_sqlite(pl.DataFrame({"x": [1, 2, 3], "y": [1, 2, 3]}), tmp_path / "orders.db")
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
        connection.execute("insert into orders values (1.5, 'ann@example.com')")
        connection.commit()
    assert _open(tmp_path, "select * from orders", "sqlite:///orders.db").columns == {
        "x": "Float64",
        "y": "String",
    }
    monkeypatch.setattr(database, "BATCH", 2)
    told = _error(tmp_path, "select y from orders", "sqlite:///orders.db")
    assert "Type mismatch in column 0" in told
    assert "ann" not in told


@pytest.mark.parametrize("address", ["sqlite:///orders.db", "duckdb:///orders.duckdb"])
def test_what_is_wrong_is_said(project: Path, address: str) -> None:
    assert "amuont" in _error(project, "select amuont from orders", address)
    assert "has no rows" in _error(project, "select * from orders where id < 0", address)
    assert "no such database file under the project's root" in _error(project, ALL, address + "x")
    with pytest.raises(DataError, match="no column 'y', declared as its weight"):
        open_dataset(aiqa.dataset("orders", aiqa.sql(ALL, address), weight="y"), project)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    for name, scheme in (("x.db", "sqlite"), ("x.duckdb", "duckdb")):
        (tmp_path / name).write_text("id,amount\n" * 200)
        assert "database" in _error(tmp_path, ALL, f"{scheme}:///{name}")
    assert "no database of mysql:// is known" in _error(tmp_path, ALL, "mysql://host/orders")


def test_a_driver_that_is_missing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-aiqa\[sql\]'"):
        _open(project, ALL, "sqlite:///orders.db")


def test_no_address_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adbc_driver_postgresql.dbapi")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://ann:s3@cret@host/orders")
    assert "write %40" in _error(tmp_path, ALL, "DATABASE_URL")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://ann:s3cret@[bad/orders")
    told = _error(tmp_path, ALL, "DATABASE_URL")
    assert "fails" in told
    assert "***" in told
    assert "cret" not in told


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server of one's own, which listens on this machine only."""
    pytest.importorskip("adbc_driver_postgresql.dbapi")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    initdb, pg_ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if found:
        initdb, pg_ctl = str(found[-1].with_name("initdb")), str(found[-1])
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL's server is not installed")
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as name:
        folder = Path(name)
        run = _as_other_than_root(folder)
        run([initdb, "-D", f"{folder}/data", "-A", "trust", "-U", "ann", "-E", "UTF8", "-N"])
        options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
        run([pg_ctl, "-D", f"{folder}/data", "-w", "-o", options, "-l", f"{folder}/log", "start"])
        try:
            yield f"postgresql+psycopg://ann:s3cret@127.0.0.1:{port}/postgres"
        finally:
            run([pg_ctl, "-D", f"{folder}/data", "-w", "-m", "immediate", "stop"])


def _free_port() -> int:
    import socket

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _as_other_than_root(folder: Path) -> Any:
    """Return what runs a command as somebody whom PostgreSQL serves: it refuses root."""
    import os

    user: dict[str, Any] = {}
    if os.getuid() == 0:
        pwd = importlib.import_module("pwd")
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def run(command: list[str]) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, **user)

    return run


def test_postgresql(
    postgresql: str, expected: list[Any], judged: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver = importlib.import_module("adbc_driver_postgresql.dbapi")
    with driver.connect(postgresql.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("orders", ROWS.to_arrow())
        connection.commit()
    monkeypatch.setenv("DATABASE_URL", postgresql)
    assert judged(f"aiqa.sql({ALL!r}, 'DATABASE_URL')") == expected
    assert "read-only" in _error(
        tmp_path, "with gone as (delete from orders returning *) select * from gone", "DATABASE_URL"
    )
    told = _error(tmp_path, "select country::int from orders", "DATABASE_URL")
    assert "invalid input syntax" in told
    assert "BR" not in told
    assert _open(tmp_path, "select 1.5::numeric as n", "DATABASE_URL").columns == {"n": "String"}
    assert "column i" in _error(tmp_path, "select interval '1 day' as i", "DATABASE_URL")
    monkeypatch.setenv("DATABASE_URL", postgresql.replace("/postgres", "/nowhere").replace("ann", "bob"))
    told = _error(tmp_path, ALL, "DATABASE_URL")
    assert "s3cret" not in told
    assert "bob" in told
