"""A declared dataset, opened: its rows are read only when somebody asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.declare.durations import duration
from aiqa.declare.source import PERIODS, Dataset, DataSource, Files, Frame, GxBatch, Loader
from aiqa.errors import DataError, nearest
from aiqa.scan import fingerprint, frames
from aiqa.scan.engines import engine_of
from aiqa.scan.engines.engine import reason_of
from aiqa.scan.execute import execute
from aiqa.scan.expr import col, compile_expr, reads_as_pattern
from aiqa.scan.files import find
from aiqa.scan.literals import family_of, parsed_moment
from aiqa.scan.opened import UNTYPED, Opened, opened
from aiqa.scan.origins import Addressed, origin_of
from aiqa.scan.origins.origin import Origin
from aiqa.scan.parted import File, Part, Parted, groups
from aiqa.scan.statistics import Answers, Count, Request
from aiqa.scan.store import Store

ALL = Request(Count())


@dataclass(frozen=True, eq=False)
class Table:
    """An open dataset.

    Parameters
    ----------
    dataset : Dataset
        What was declared.
    opened : Opened
        The rows, as an engine scans them; each use reads them again, unless they are in memory.
    origin : Origin, optional
        Where they lie; frames lie nowhere else.
    store : Store, optional
        Where statistics of files, and predictions, are kept from run to run.
    aged : bool
        Whether these are only the rows of the files whose label is known.
    """

    dataset: Dataset
    opened: Opened
    origin: Origin | None = None
    store: Store | None = None
    aged: bool = False

    @property
    def native(self) -> Any:
        """What an engine scans."""
        return self.opened.native

    @property
    def pandas(self) -> bool:
        """Whether the user works in pandas: functions that score it are given pandas frames."""
        return self.opened.pandas

    @property
    def columns(self) -> dict[str, str]:
        """The columns in order, with the text of their types."""
        return self.opened.columns

    @property
    def on_spark(self) -> bool:
        """Whether the rows are on Spark."""
        return frames.on_spark(self.native)

    @cached_property
    def frame(self) -> pl.LazyFrame:
        """The rows as Polars has them, which models need; those of DuckDB are fetched.

        Raises
        ------
        DataError
            If they are on Spark, where they stay.
        """
        if self.on_spark:
            raise DataError(f"dataset {self.dataset.name!r} is on Spark, and its rows are not fetched")
        return frames.to_polars(self.native, self.dataset.name)

    def matured(self, now: dt.datetime) -> Table:
        """Return the rows whose label has had its time to be known, at `now` or as the data set says.

        Raises
        ------
        DataError
            If there is none, or the time column holds no moments.
        """
        if self.dataset.label_maturity is None:
            return self
        last = self._last_mature(now)
        if self.on_spark:
            engine = engine_of(self.native)
            time = engine.quoted(str(self.dataset.time))
            mature = compile_expr(col(time) <= last, {time: self.columns[str(self.dataset.time)]})
            kept = engine.open(self.native).filter(mature).to_native()
        else:
            kept = self.frame.filter(pl.col(str(self.dataset.time)) <= last)
        shown = Opened(kept, kept, self.columns)
        mature = Table(self.dataset, shown, self.origin, self.store, aged=True)
        if not mature.rows:
            raise DataError(
                f"dataset {self.dataset.name!r}: no row is {self.dataset.label_maturity} old, so that no "
                "label is known yet"
            )
        return mature

    def _last_mature(self, now: dt.datetime) -> Any:
        column = str(self.dataset.time)
        if family_of(self.columns[column]) not in ("date", "datetime"):
            raise DataError("label_maturity needs a time column of dates or moments", column=column)
        zoned = "time_zone=None" not in self.columns[column]
        like = dt.datetime(1970, 1, 1, tzinfo=dt.UTC if zoned else None)
        moment = parsed_moment(self.dataset.as_of or now, like, column)
        last = moment - duration(str(self.dataset.label_maturity))
        return last.date() if family_of(self.columns[column]) == "date" else last

    @cached_property
    def contents(self) -> tuple[File, ...]:
        """The files, known by their content; none for frames."""
        return () if self.origin is None else self.origin.contents(self.store)

    @cached_property
    def scanned(self) -> Any:
        """What :func:`~aiqa.scan.execute.execute` is given: the rows, by parts where statistics are kept."""
        if self.store is None or self.origin is None or self.aged or self.on_spark:
            return self.native
        whole = Part(self.contents, self.frame)
        parts = tuple(self._part(self.origin, files) for files in groups(self.contents))
        return Parted(whole, parts, self.store, frozenset(self.dataset.pii))

    def _part(self, origin: Origin, files: tuple[File, ...]) -> Part:
        rows = origin.frame(files)
        types = self.frame.collect_schema()
        unlike = {name: dtype for name, dtype in rows.collect_schema().items() if dtype != types[name]}
        casts = [pl.col(name).cast(types[name]) for name in unlike]
        return Part(files, rows.with_columns(casts).select(types.names()))

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.answers([ALL])[ALL][()])

    @property
    def bytes(self) -> int | None:
        """The size of the files, or of a frame in memory; None where neither is known."""
        if self.origin is not None:
            return sum(file.size for file in self.contents)
        return int(self.native.estimated_size()) if isinstance(self.native, pl.DataFrame) else None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of content and schema: of the files' digests, the frame as Arrow, or an engine's hashes."""
        if self.origin is not None:
            return fingerprint.of_texts([file.digest for file in self.contents], self.columns)
        if isinstance(self.native, (pl.DataFrame, pl.LazyFrame)):
            return fingerprint.of_frame(self.collect(self.frame), self.columns)
        return fingerprint.of_texts(engine_of(self.native).digest(self.native), self.columns)

    @property
    def address(self) -> str:
        """Where the data come from, for evidence: an address, a function or the type of a frame."""
        return repr(_held(self.dataset.source)) if self.origin is None else self.origin.address

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
        blamed = None if self.origin is None else self.origin.blamed(error)
        if blamed is not None:
            return blamed
        return DataError(f"dataset {self.dataset.name!r} cannot be read: {reason_of(error)}")

    def answers(self, requests: Iterable[Request]) -> Answers:
        """Compute statistics of the rows; see :func:`~aiqa.scan.execute.execute`.

        Raises
        ------
        DataError
            As `execute` does; a file that cannot be read is named.
        """
        try:
            return execute(self.scanned, requests)
        except DataError as error:
            if isinstance(error.__cause__, (pl.exceptions.PolarsError, OSError)):
                raise self.explained(error.__cause__) from error
            raise


def open_dataset(
    dataset: Dataset, root: Path, store: Store | None = None, spark: Callable[[], Any] | None = None
) -> Table:
    """Open a dataset: find its files or call its function, and check its columns; rows stay unread.

    Parameters
    ----------
    dataset : Dataset
    root : Path
        The project's root, where relative paths start.
    store : Store, optional
        Where statistics of files are kept from run to run.
    spark : callable, optional
        Gives the session of Spark that files are read by. Default: Polars reads them.

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
    table = _opened(dataset, root, store, spark)
    _check_declared(table)
    if _is_empty(table):
        place = None if table.origin is None else table.origin.first
        raise DataError(f"dataset {dataset.name!r} has no rows", file=place)
    return table


def _opened(dataset: Dataset, root: Path, store: Store | None, spark: Callable[[], Any] | None) -> Table:
    source = dataset.source
    if isinstance(source, GxBatch):
        raise DataError(
            f"dataset {dataset.name!r} is a batch of Great Expectations: it takes expectations, but its "
            "rows are not read; declare aiqa.dataset(...) for metrics"
        )
    if isinstance(source, Files) and spark is not None:
        return _read_by_spark(dataset, source, root, spark())
    if isinstance(source, Addressed):
        origin = origin_of(source, root)
        return Table(dataset, opened(origin.frame()), origin, store)
    frame = source.frame.value if isinstance(source, Frame) else _called(source, dataset.name)
    return Table(dataset, opened(frame, name=dataset.name), None, store)


def _read_by_spark(dataset: Dataset, source: Files, root: Path, session: Any) -> Table:
    from aiqa.scan.origins.local import LocalFiles
    from aiqa.scan.spark import files as on_spark

    if on_spark.is_remote(source.pattern):
        frame = on_spark.read(session, source.pattern, source.format)
        return Table(dataset, opened(frame, name=dataset.name))
    found = find(source, root)
    origin = LocalFiles(found, source.format, root, source.pattern)
    return Table(dataset, opened(on_spark.read(session, found, source.format)), origin)


def _is_empty(table: Table) -> bool:
    if isinstance(table.native, pl.LazyFrame):  # without a scan of it all
        return table.collect(table.frame.head(1)).is_empty()
    return not table.rows


def _called(loader: Loader, name: str) -> Any:
    function = loader.function.load()
    try:
        return function()
    except Exception as error:
        raise DataError(
            f"{loader.function.address}, which loads dataset {name!r}, raised {type(error).__name__}: {error}"
        ) from error


def _held(source: DataSource) -> object:
    if isinstance(source, Frame):
        return source.frame
    return source.function if isinstance(source, Loader) else source


def _check_declared(table: Table) -> None:
    dataset = table.dataset
    declared = {"weight": dataset.weight, "time": dataset.time}
    if dataset.cluster not in PERIODS:
        declared["cluster"] = dataset.cluster
    roles = [("label", name) for name in dataset.labels]
    roles += [(role, name) for role, name in declared.items() if name is not None]
    listed = {"slice": dataset.slices, "key": dataset.keys, "personal data": dataset.pii}
    for role, name in roles + [(role, name) for role, names in listed.items() for name in names]:
        if name not in table.columns:
            raise DataError(
                f"dataset {dataset.name!r} has no column {name!r}, declared as its {role}"
                f"{nearest(name, table.columns)}",
                column=name,
            )
        if reads_as_pattern(name):
            raise DataError(
                f"declared as its {role}, but engines read this name as a pattern: rename the column",
                column=name,
            )
        if table.columns[name] == UNTYPED and role != "personal data":
            raise DataError(f"values of several types, declared as its {role}", column=name)
