"""A declared dataset, opened: its rows are read only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.declare.source import PERIODS, Dataset, Files, Frame, Loader
from aiqa.errors import DataError, nearest
from aiqa.scan import fingerprint, frames
from aiqa.scan.execute import execute, schema_of
from aiqa.scan.files import find, read, shown, unreadable
from aiqa.scan.statistics import Answers, Request


@dataclass(frozen=True, eq=False)
class Table:
    """An open dataset.

    Parameters
    ----------
    dataset : Dataset
        What was declared.
    frame : polars.LazyFrame
        The rows; each use reads them again, unless they are in memory.
    files : tuple of Path
        Where they come from; empty for frames.
    root : Path
        The project's root.
    pandas : bool
        Whether the user works in pandas: functions that score this table are given pandas frames.
    """

    dataset: Dataset
    frame: pl.LazyFrame
    files: tuple[Path, ...] = ()
    root: Path = field(default_factory=Path)
    pandas: bool = False

    @cached_property
    def columns(self) -> dict[str, str]:
        """The columns in order, with the text of their types."""
        return schema_of(self.frame)

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.collect(self.frame.select(pl.len())).item())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of content and schema: of the files' bytes, or of the frame as Arrow."""
        if self.files:
            return fingerprint.of_files(self.files, self.columns)
        return fingerprint.of_frame(self.collect(self.frame), self.columns)

    @property
    def address(self) -> str:
        """Where the data come from, for evidence: a pattern, a function or the type of a frame."""
        source = self.dataset.source
        return source.pattern if isinstance(source, Files) else repr(_origin(source))

    def collect(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        """Run a query over :attr:`frame`.

        Raises
        ------
        DataError
            If a file cannot be read; it is named.
        """
        try:
            return lazy.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self.explained(error) from error

    def explained(self, error: Exception) -> DataError:
        """Return why the data cannot be read, naming the file if one by itself cannot."""
        format_ = getattr(self.dataset.source, "format", "")
        for file in self.files:
            try:
                read([file], format_, self.root).collect(engine="streaming")
            except (pl.exceptions.PolarsError, OSError) as own:
                return unreadable(file, format_, self.root, own)
        return DataError(f"dataset {self.dataset.name!r} cannot be read: {str(error).splitlines()[0]}")

    def answers(self, requests: Iterable[Request]) -> Answers:
        """Compute statistics of the rows; see :func:`~aiqa.scan.execute.execute`.

        Raises
        ------
        DataError
            As `execute` does; a file that cannot be read is named.
        """
        try:
            return execute(self.frame, requests)
        except DataError as error:
            if isinstance(error.__cause__, (pl.exceptions.PolarsError, OSError)):
                raise self.explained(error.__cause__) from error
            raise


def open_dataset(dataset: Dataset, root: Path) -> Table:
    """Open a dataset: find its files or call its function, and check its columns; rows stay unread.

    Parameters
    ----------
    dataset : Dataset
    root : Path
        The project's root, where relative paths start.

    Raises
    ------
    DataError
        If files are missing, unreadable or of different schemas; if a function raises or returns no
        frame; if there is no row; if a declared column does not exist.

    Examples
    --------
    >>> import polars as pl
    >>> from aiqa import dataset
    >>> table = open_dataset(dataset("orders", pl.DataFrame({"amount": [1.5, 2.0]})), Path())
    >>> table.rows, table.columns
    (2, {'amount': 'Float64'})
    """
    table = _opened(dataset, root)
    _check_declared(table)
    if table.collect(table.frame.head(1)).is_empty():
        places = [shown(file, root) for file in table.files[:1]]
        raise DataError(f"dataset {dataset.name!r} has no rows", file=places[0] if places else None)
    return table


def _opened(dataset: Dataset, root: Path) -> Table:
    source = dataset.source
    if isinstance(source, Files):
        files = find(source, root)
        return Table(dataset, read(files, source.format, root), files, root)
    frame = source.frame.value if isinstance(source, Frame) else _called(source, dataset.name)
    return Table(dataset, frames.to_polars(frame, dataset.name), (), root, frames.is_pandas(frame))


def _called(loader: Loader, name: str) -> Any:
    function = loader.function.load()
    try:
        return function()
    except Exception as error:
        raise DataError(
            f"{loader.function.address}, which loads dataset {name!r}, raised {type(error).__name__}: {error}"
        ) from error


def _origin(source: Frame | Loader) -> object:
    return source.frame if isinstance(source, Frame) else source.function


def _check_declared(table: Table) -> None:
    dataset = table.dataset
    declared = {"weight": dataset.weight, "time": dataset.time}
    if dataset.cluster not in PERIODS:
        declared["cluster"] = dataset.cluster
    roles = [("label", name) for name in dataset.labels]
    roles += [(role, name) for role, name in declared.items() if name is not None]
    for role, name in roles + [("slice", name) for name in dataset.slices]:
        if name not in table.columns:
            raise DataError(
                f"dataset {dataset.name!r} has no column {name!r}, declared as its {role}"
                f"{nearest(name, table.columns)}",
                column=name,
            )
