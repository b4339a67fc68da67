"""Tables of Apache Iceberg, by pyiceberg and Polars."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.declare.lake import Iceberg
from aiqa.errors import DataError, require_extra
from aiqa.scan.engines.engine import reason_of
from aiqa.scan.origins.lake import LakeFiles, known, located
from aiqa.scan.origins.origin import PATIENCE, within
from aiqa.scan.parted import File, digest_of


def open_iceberg(source: Iceberg, root: Path) -> LakeFiles:
    """Resolve the snapshot of a table, and name its files.

    Raises
    ------
    DataError
        If there is no such catalogue, table or snapshot.
    MissingExtraError
        If pyiceberg is not installed.
    """
    require_extra("pyiceberg.table", "iceberg", f"the Iceberg table {source.table}")
    return within(PATIENCE, lambda: _opened(source, root), source.table)


def _opened(source: Iceberg, root: Path) -> LakeFiles:
    table = _table(source, root)
    snapshot = _snapshot(table, source)
    address = repr(dataclasses.replace(source, snapshot=snapshot.snapshot_id))
    tasks = list(table.scan(snapshot_id=snapshot.snapshot_id).plan_files())
    # The newest rows have the columns of today; those of a snapshot, the ones of its time.
    schema = table.schema() if source.snapshot is None else table.schemas()[snapshot.schema_id]
    lazy = pl.scan_iceberg(table, snapshot_id=None if source.snapshot is None else snapshot.snapshot_id)
    if _is_plain(table, tasks) and _has_columns(_places(tasks), lazy):
        return LakeFiles(address, [_file(table, schema, task) for task in tasks], _scan)
    # Planned by pyiceberg, whose order of the files is the one that the digest tells.
    os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")
    return LakeFiles(address, [_whole(table, schema, snapshot, tasks)], lambda _: lazy)


def _table(source: Iceberg, root: Path) -> Any:
    from pyiceberg.catalog import load_catalog
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
    from pyiceberg.table import StaticTable

    if "/" in source.table or "\\" in source.table or source.table.endswith(".json"):
        try:
            return StaticTable.from_metadata(located(source.table, root))
        except FileNotFoundError:
            raise DataError("there is no such metadata file", file=source.table) from None
        except Exception as error:
            raise DataError(f"not the metadata of a table: {_told(error)}", file=source.table) from error
    try:
        return load_catalog(source.catalog).load_table(source.table)
    except (NoSuchTableError, NoSuchNamespaceError):
        raise DataError(f"the catalogue has no table {source.table!r}") from None
    except Exception as error:
        raise DataError(
            f"the catalogue {source.catalog or 'default'!r} of table {source.table!r} cannot be used "
            f"(.pyiceberg.yaml or PYICEBERG_CATALOG__... say where it is): {_told(error)}"
        ) from error


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {reason_of(error)}"


def _snapshot(table: Any, source: Iceberg) -> Any:
    wanted = source.snapshot
    if wanted is None:
        found = table.current_snapshot()
    elif isinstance(wanted, dt.datetime):
        zoned = wanted if wanted.tzinfo else wanted.replace(tzinfo=dt.UTC)
        found = table.snapshot_as_of_timestamp(int(zoned.timestamp() * 1000))
    else:
        found = table.snapshot_by_name(wanted) if isinstance(wanted, str) else table.snapshot_by_id(wanted)
    if found is None:
        there = known([snapshot.snapshot_id for snapshot in table.snapshots()])
        what = "the table has no snapshot" if wanted is None else f"there is no snapshot {wanted} (any more)"
        raise DataError(f"{what}; there are: {there}", file=source.table)
    return found


def _is_plain(table: Any, tasks: Sequence[Any]) -> bool:
    """Tell whether files can be read by the names of their columns, each by itself."""
    from pyiceberg.manifest import FileFormat

    if not tasks or len(table.schemas()) > 1 or "schema.name-mapping.default" in table.properties:
        return False
    return all(task.file.file_format == FileFormat.PARQUET and not task.delete_files for task in tasks)


def _has_columns(places: Sequence[str], lazy: pl.LazyFrame) -> bool:
    try:
        return _scan(places).collect_schema() == lazy.collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        return False


def _places(tasks: Sequence[Any]) -> list[str]:
    return [str(task.file.file_path) for task in tasks]


def _scan(places: Sequence[str]) -> pl.LazyFrame:
    return pl.scan_parquet(list(places), glob=False, hive_partitioning=False)


def _file(table: Any, schema: Any, task: Any) -> File:
    size = int(task.file.file_size_in_bytes)
    told = [schema.model_dump_json(), task.file.file_path, size, task.file.record_count]
    return File(task.file.file_path, _digest(table, told), size)


def _whole(table: Any, schema: Any, snapshot: Any, tasks: Sequence[Any]) -> File:
    names = table.properties.get("schema.name-mapping.default")
    told = [schema.model_dump_json(), names, snapshot.snapshot_id, snapshot.manifest_list, *_places(tasks)]
    size = sum(int(task.file.file_size_in_bytes) for task in tasks)
    return File(table.location(), _digest(table, told), size)


def _digest(table: Any, told: Sequence[Any]) -> str:
    return digest_of(["iceberg", str(table.metadata.table_uuid), *map(str, told)])
