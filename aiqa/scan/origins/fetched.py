"""Rows that are fetched once a run into temporary files: what they came from may change meanwhile."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.errors import DataError
from aiqa.scan import fingerprint
from aiqa.scan.origins.local import LocalFiles
from aiqa.scan.parted import File, digest_of
from aiqa.scan.store import Store


def temporary() -> Path:
    """Return a new folder, which only this user can read."""
    return Path(tempfile.mkdtemp(prefix="aiqa-"))


class FetchedFiles(LocalFiles):
    """Copies of files, which go when nobody holds them any more."""

    def __init__(self, paths: Iterable[Path], format_: str, folder: Path, address: str) -> None:
        super().__init__(tuple(paths), format_, folder, address)
        self.discard = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @contextmanager
    def filled(self) -> Iterator[None]:
        """Leave nothing behind where fetching breaks."""
        try:
            yield
        except BaseException:
            self.discard()
            raise


class FetchedRows(FetchedFiles):
    """Rows in a temporary file of parquet, known by their digest: the bytes of the file are chance."""

    def __init__(self, path: Path, address: str) -> None:
        super().__init__([path], "parquet", path.parent, address)

    @property
    def first(self) -> str:
        return self.address

    def contents(self, store: Store | None) -> tuple[File, ...]:  # noqa: ARG002 - it is this run's own
        [path] = self.paths
        rows = pl.scan_parquet(path, glob=False)
        schema = {name: str(dtype) for name, dtype in rows.collect_schema().items()}
        height = int(rows.select(pl.len()).collect().item())
        blocks = (
            rows.slice(start, fingerprint.CHUNK).collect() for start in range(0, height, fingerprint.CHUNK)
        )
        digest = digest_of([fingerprint.of_frame(block, schema) for block in blocks])
        return (File(str(path), digest, path.stat().st_size),)


def written(batches: Any, path: Path) -> None:
    """Write a reader of Arrow record batches as a file of parquet, a batch at a time.

    Types of a database's own are what they are stored as: numbers of any length as text, say.

    Raises
    ------
    DataError
        If a column has a type that no file holds.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([pa.field(field.name, _stored(field)) for field in batches.schema])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for batch in batches:
            columns = [_storage(column) for column in batch.columns]
            file.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _stored(field: Any) -> Any:
    import pyarrow as pa

    dtype = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    if pa.types.is_interval(dtype):
        raise DataError(f"no file holds values of {dtype}: cast them in the query", column=field.name)
    return dtype


def _storage(column: Any) -> Any:
    import pyarrow as pa

    return column.storage if isinstance(column, pa.ExtensionArray) else column
