"""Files on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from aiqa.errors import DataError
from aiqa.scan.files import read, shown, unreadable, with_rows
from aiqa.scan.parted import File, digested
from aiqa.scan.store import Store


class LocalFiles:
    """Files by their paths, known by the SHA-256 of their bytes.

    Parameters
    ----------
    paths : sequence of Path
    format_ : str
    root : Path
        What their names are told from.
    address : str
    """

    def __init__(self, paths: Sequence[Path], format_: str, root: Path, address: str) -> None:
        self.paths = tuple(paths)
        self.format = format_
        self.root = root
        self.address = address

    @property
    def first(self) -> str:
        return shown(self.paths[0], self.root)

    def frame(self, files: Sequence[File] | None = None) -> pl.LazyFrame:
        paths = self.paths if files is None else [Path(file.place) for file in files]
        return read(paths, self.format, self.root)

    def contents(self, store: Store | None) -> tuple[File, ...]:
        return digested(with_rows(self.paths, self.format, self.root), store)

    def blamed(self, error: Exception) -> DataError | None:  # noqa: ARG002 - each file is read anew
        for path in self.paths:
            try:
                read([path], self.format, self.root).collect(engine="streaming")
            except (pl.exceptions.PolarsError, OSError) as own:
                return unreadable(path, self.format, self.root, own)
        return None
