"""Iceberg tables: the rows of one snapshot, known by its manifests."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import aiqa
from aiqa.errors import DataError, MissingExtraError
from aiqa.scan.expr import col
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.statistics import Count, Request
from aiqa.scan.store import Store
from tests.scan.origins.conftest import ROWS, Judge

sql = pytest.importorskip("pyiceberg.catalog.sql")
config = pytest.importorskip("pyiceberg.utils.config")
pytest.importorskip("sqlalchemy")

COUNT = Request(Count(col("x") > 2))


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a catalogue in a file of SQLite, which the environment calls "local"."""
    uri, warehouse = f"sqlite:///{tmp_path}/catalog.db", (tmp_path / "warehouse").as_uri()
    for name, value in {"TYPE": "sql", "URI": uri, "WAREHOUSE": warehouse}.items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__LOCAL__{name}", value)
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", config.Config())  # read when it is imported
    made = sql.SqlCatalog("local", uri=uri, warehouse=warehouse)
    made.create_namespace("sales")
    yield made
    made.engine.dispose()


def _table(catalog: Any, *frames: pl.DataFrame) -> Any:
    table = catalog.create_table("sales.orders", frames[0].to_arrow().schema)
    for frame in frames:
        table.append(frame.to_arrow())
    return table


def _numbers(*numbers: int) -> pl.DataFrame:
    return pl.DataFrame({"x": numbers})


def _open(snapshot: Any = None, store: Store | None = None, name: str = "sales.orders") -> Table:
    source = aiqa.iceberg(name, snapshot=snapshot, catalog=None if "/" in name else "local")
    return open_dataset(aiqa.dataset("lake", source), Path.cwd(), store)


def test_the_same_as_parquet(catalog: Any, expected: list[Any], judged: Judge) -> None:
    table = _table(catalog, ROWS[:25], ROWS[25:])
    for source in ("'sales.orders', catalog='local'", repr(table.metadata_location)):
        found = judged(f"aiqa.iceberg({source})")
        assert [gate[:4] for gate in found] == [gate[:4] for gate in expected]


def test_only_the_new_file_is_scanned(catalog: Any, tmp_path: Path, scanned: list[str]) -> None:
    store, table = Store(tmp_path / "cache"), _table(catalog, _numbers(1, 2), _numbers(3))
    assert _open(store=store).answers([COUNT])[COUNT] == {(): 1}
    known = {file.place for file in _open().contents}
    table.append(_numbers(7, 8).to_arrow())
    scanned.clear()
    assert _open(store=store).answers([COUNT])[COUNT] == {(): 3}
    [new] = {file.place for file in _open().contents} - known
    assert [new.removeprefix("file://") in plan for plan in scanned] == [True]


def test_snapshots_by_id_tag_and_moment(catalog: Any) -> None:
    table = _table(catalog, _numbers(1), _numbers(2, 3))
    first, second = (snapshot.snapshot_id for snapshot in table.snapshots())
    table.manage_snapshots().create_tag(first, "audited").commit()
    assert [_open(snapshot).rows for snapshot in (None, second, first, "audited")] == [3, 3, 1, 1]
    assert _open("audited").address == f"Iceberg(table='sales.orders', snapshot={first}, catalog='local')"
    assert _open("audited").fingerprint == _open(first).fingerprint != _open().fingerprint
    assert _open(dt.datetime(2999, 1, 1, tzinfo=dt.UTC)).rows == 3
    with pytest.raises(DataError, match="no snapshot 2020-01-01"):
        _open(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(DataError, match=f"no snapshot 5 .any more.; there are: {first}, {second}"):
        _open(5)


def test_columns_that_changed_their_names(catalog: Any, tmp_path: Path) -> None:
    store, table = Store(tmp_path / "cache"), _table(catalog, pl.DataFrame({"x": [1, 9], "y": [5, 6]}))
    assert _open(store=store).answers([COUNT])[COUNT] == {(): 1}
    with table.update_schema() as change:
        change.rename_column("x", "z")
    with table.update_schema() as change:
        change.rename_column("y", "x")
    changed = _open(store=store)
    assert changed.frame.collect().to_dict(as_series=False) == {"z": [1, 9], "x": [5, 6]}
    assert changed.answers([COUNT])[COUNT] == {(): 2}
    [data_file] = (tmp_path / "warehouse").rglob("*.parquet")
    assert pl.read_parquet(data_file).columns == ["x", "y"], "by their names alone, these are other rows"


def test_columns_that_changed_places(catalog: Any, tmp_path: Path) -> None:
    store, table = Store(tmp_path / "cache"), _table(catalog, pl.DataFrame({"x": [1, 9], "y": [5, 6]}))
    before = table.current_snapshot().snapshot_id
    assert _open(store=store).answers([COUNT])[COUNT] == {(): 1}
    for old, new in (("x", "other"), ("y", "x"), ("other", "y")):
        with table.update_schema() as change:
            change.rename_column(old, new)
    with table.update_schema() as change:
        change.move_first("x")
    assert _open().columns == {"x": "Int64", "y": "Int64"}, "as before, and as the file has them"
    assert _open(store=store).answers([COUNT])[COUNT] == {(): 2}
    assert _open(before, store).answers([COUNT])[COUNT] == {(): 1}, "a snapshot has the columns of its time"


def test_rows_that_are_deleted(catalog: Any, tmp_path: Path) -> None:
    store, table = Store(tmp_path / "cache"), _table(catalog, _numbers(1, 2, 3, 4))
    assert _open(store=store).answers([COUNT])[COUNT] == {(): 2}
    table.delete("x == 4")
    assert _open(store=store).answers([COUNT])[COUNT] == {(): 1}


def test_partitions(catalog: Any) -> None:
    frame = pl.DataFrame({"x": [1, 2, 3], "g": ["a b", "ü=%20", None]})
    table = catalog.create_table("sales.orders", frame.to_arrow().schema)
    with table.update_spec() as spec:
        spec.add_identity("g")
    table.append(frame.to_arrow())
    assert _open().frame.collect().sort("x").equals(frame)


def test_what_is_not_there_is_said(catalog: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"has no table 'sales.orders'"):
        _open()
    _table(catalog, _numbers(1))
    with pytest.raises(DataError, match=r"the catalogue 'nowhere' .* PYICEBERG_CATALOG__"):
        open_dataset(aiqa.dataset("lake", aiqa.iceberg("a.b", catalog="nowhere")), tmp_path)
    with pytest.raises(DataError, match="no such metadata file"):
        _open(name="lake/v1.metadata.json")
    source = aiqa.iceberg("sales.orders", catalog="local")
    with pytest.raises(DataError, match="no column 'y', declared as its weight"):
        open_dataset(aiqa.dataset("lake", source, weight="y"), tmp_path)
    monkeypatch.setitem(sys.modules, "pyiceberg.table", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-aiqa\[iceberg\]'"):
        _open()


def test_a_table_that_was_never_written(catalog: Any) -> None:
    catalog.create_table("sales.orders", _numbers(1).to_arrow().schema)
    with pytest.raises(DataError, match="the table has no snapshot"):
        _open()
