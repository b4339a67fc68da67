"""Tables of Delta Lake, by deltalake and Polars."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.declare.lake import Delta
from aiqa.errors import DataError, require_extra
from aiqa.scan import fingerprint
from aiqa.scan.engines.engine import reason_of
from aiqa.scan.origins.lake import LakeFiles, casts, located
from aiqa.scan.origins.origin import PATIENCE, within
from aiqa.scan.parted import File, digest_of


def open_delta(source: Delta, root: Path) -> LakeFiles:
    """Resolve the version of a table, and name its files.

    Raises
    ------
    DataError
        If there is no such table or version, or one that Polars cannot read.
    MissingExtraError
        If deltalake is not installed.
    """
    deltalake = require_extra("deltalake", "delta", f"the Delta table {source.address}")
    place = located(source.address, root)
    table = within(PATIENCE, lambda: _table(deltalake, place, source), source.address)
    address = repr(dataclasses.replace(source, version=table.version()))
    schema = _schema(table, source.address)  # says which tables Polars cannot read
    if _has_deleted_rows(table):  # which files alone do not tell
        return LakeFiles(address, [_whole(table)], lambda _: pl.scan_delta(table))
    return LakeFiles(address, _files(table), functools.partial(_scan, table, schema))


def _table(deltalake: Any, place: str, source: Delta) -> Any:
    try:
        table = deltalake.DeltaTable(place)
    except deltalake.exceptions.TableNotFoundError:
        raise DataError("there is no Delta table", file=source.address) from None
    except (deltalake.exceptions.DeltaError, OSError) as error:
        raise DataError(f"the table's log cannot be read: {reason_of(error)}", file=source.address) from error
    if source.version is not None:
        _load(deltalake, table, source.version, source.address)
    return table


def _load(deltalake: Any, table: Any, version: int | dt.datetime, address: str) -> None:
    newest = table.version()
    wanted = _moment(version)
    if isinstance(wanted, dt.datetime):  # deltalake would take the oldest for any moment before it
        oldest = min(commit["timestamp"] for commit in table.history())
        if wanted.timestamp() * 1000 < oldest:
            raise DataError(f"there was no version at {wanted} (any more)", file=address)
    try:
        table.load_as_version(wanted)
    except (deltalake.exceptions.DeltaError, ValueError, OSError) as error:
        raise DataError(
            f"there is no version {version} (any more): the newest is {newest}", file=address
        ) from error


def _moment(version: int | dt.datetime) -> int | dt.datetime:
    unzoned = isinstance(version, dt.datetime) and version.tzinfo is None
    return version.replace(tzinfo=dt.UTC) if unzoned else version  # type: ignore[union-attr]


def _schema(table: Any, address: str) -> Mapping[str, Any]:
    """Return the columns; Polars says here which tables it cannot read."""
    from deltalake.exceptions import DeltaError, DeltaProtocolError

    try:
        return pl.scan_delta(table).collect_schema()
    except (DeltaProtocolError, DeltaError, pl.exceptions.PolarsError) as error:
        raise DataError(f"a table that cannot be read: {reason_of(error)}", file=address) from error


def _has_deleted_rows(table: Any) -> bool:
    return "deletionVectors" in (table.protocol().reader_features or ())


def _scan(table: Any, schema: Mapping[str, Any], places: Sequence[str]) -> pl.LazyFrame:
    """Read files as Polars' own reader of Delta reads all of them."""
    parts = set(table.metadata().partition_columns)
    if not places:
        return pl.DataFrame(schema=schema).lazy()
    rows = pl.scan_parquet(
        list(places),
        glob=False,
        schema={name: dtype for name, dtype in schema.items() if name not in parts},
        hive_schema={name: dtype for name, dtype in schema.items() if name in parts} or None,
        hive_partitioning=bool(parts),
        missing_columns="insert",
        extra_columns="ignore",
        cast_options=casts(),
        storage_options=table._storage_options,  # noqa: SLF001
    )
    return rows.select(list(schema))


def _files(table: Any) -> list[File]:
    """Return the files, oldest first; each is written once, under a name of its own."""
    of_table = [table.metadata().id, table.schema().to_json(), *table.metadata().partition_columns]
    added = pl.DataFrame(table.get_add_actions(flatten=True)).select(
        "path", "size_bytes", "modification_time"
    )
    named = zip(added.rows(), table.file_uris(), strict=True)
    return [
        File(place, digest_of(["delta", *of_table, path, str(size), str(time)]), size)
        for (path, size, time), place in sorted(named, key=lambda pair: (pair[0][2], pair[0][0]))
    ]


def _whole(table: Any) -> File:
    """Return all files as one, whose content is theirs less the rows that are marked as deleted."""
    of_table = [table.metadata().id, table.schema().to_json(), *table.metadata().partition_columns]
    added = pl.DataFrame(table.get_add_actions(flatten=True)).select("path", "size_bytes")
    deleted = pl.DataFrame(table.deletion_vectors()).with_columns(
        pl.col("filepath").str.split("/").list.last()
    )
    schema = {name: str(dtype) for name, dtype in deleted.schema.items()}
    told = [
        *of_table,
        *map(str, added.rows()),
        fingerprint.of_frame(deleted.sort("filepath"), schema),
    ]
    return File(table.table_uri, digest_of(["delta", *told]), int(added["size_bytes"].sum()))
