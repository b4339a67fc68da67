"""What Delta and Iceberg have in common: a log that names files which never change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.declare.addresses import scheme_of
from aiqa.errors import DataError
from aiqa.scan.engines.engine import reason_of
from aiqa.scan.parted import File
from aiqa.scan.store import Store

Scan = Callable[[Sequence[str]], pl.LazyFrame]


class LakeFiles:
    """The files of one version of a table, as its log names them: their content is known unread.

    Parameters
    ----------
    address : str
    files : sequence of File
        In the order of the rows; where its parts cannot be told apart, the whole table as one.
    scan : callable
        Returns the rows of files by their places.
    """

    def __init__(self, address: str, files: Sequence[File], scan: Scan) -> None:
        self.address = address
        self._files = tuple(files)
        self._scan = scan

    @property
    def first(self) -> str:
        return self.address

    def frame(self, files: Sequence[File] | None = None) -> pl.LazyFrame:
        places = [file.place for file in (self._files if files is None else files)]
        try:
            rows = self._scan(places)
            rows.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(f"not readable: {reason_of(error)}", file=self.address) from error
        return rows

    def contents(self, store: Store | None) -> tuple[File, ...]:  # noqa: ARG002 - the log has told
        return self._files

    def blamed(self, error: Exception) -> DataError | None:
        for file in self._files if len(self._files) > 1 else ():
            try:
                self._scan([file.place]).collect(engine="streaming")
            except (pl.exceptions.PolarsError, OSError) as own:
                return DataError(f"not readable: {reason_of(own)}", file=file.place)
        if isinstance(error, FileNotFoundError):
            return DataError(
                "files of this version are gone: has the table been vacuumed?", file=self.address
            )
        return None


def casts() -> pl.ScanCastOptions:
    """Return which types files of one table may have in place of its own, as Polars' readers of lakes do."""
    return pl.ScanCastOptions(
        integer_cast="upcast",
        float_cast=["upcast", "downcast"],
        datetime_cast=["nanosecond-downcast", "millisecond-upcast", "convert-timezone"],
        missing_struct_fields="insert",
        extra_struct_fields="ignore",
    )


def located(address: str, root: Path) -> str:
    """Return an address, or a path that begins at the project's root."""
    return address if scheme_of(address) or address.startswith("file:") else str((root / address).resolve())


def known(options: Sequence[Any], most: int = 5) -> str:
    """Say which versions, snapshots or names there are: the last ones."""
    return ", ".join(map(str, options[-most:])) or "none"
