"""A frame that a person hands over, as an engine scans it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from aiqa.errors import DataError
from aiqa.scan.engines.engine import reason_of
from aiqa.scan.execute import schema_of
from aiqa.scan.frames import in_engine, is_pandas, without_untyped

ENGINES = ("auto", "duckdb", "gx", "polars")
OWN = "__aiqa_"
"""How the columns begin that a scan adds."""
UNTYPED = "Object"
"""The type of a column of Python values of several types, which no engine holds."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A frame, ready to be scanned.

    Parameters
    ----------
    given
        What was handed over.
    native
        What an engine scans: the same, or the columns of it that have a type.
    columns : dict of str to str
        All columns in order, with the text of their types; :data:`UNTYPED` for those that have none.
    """

    given: Any
    native: Any
    columns: dict[str, str]

    @property
    def pandas(self) -> bool:
        """Whether it is of pandas."""
        return is_pandas(self.given)

    def labels(self, rows: list[int]) -> list[Any]:
        """Return what the index of a frame of pandas calls rows, which are given by their numbers."""
        return list(self.given.index.take(rows).tolist())


def opened(frame: Any, engine: str = "auto", *, name: str = "frame") -> Opened:
    """Open a frame of pandas, Polars, Arrow, DuckDB or Spark, or a narwhals frame.

    Parameters
    ----------
    frame
    engine : str
        One of :data:`ENGINES`: where it is to be scanned.
    name : str
        What errors call it.

    Raises
    ------
    DataError
        If it is none, or cannot be moved to that engine.

    Examples
    --------
    >>> import polars as pl
    >>> opened(pl.DataFrame({"x": [1]})).columns
    {'x': 'Int64'}
    """
    native = nw.to_native(frame, pass_through=True)
    if (
        is_pandas(native)
        and hasattr(type(native), "columns")
        and not all(isinstance(column, str) for column in native.columns)
    ):
        native = native.set_axis(list(map(str, native.columns)), axis=1)
    typed, untyped = without_untyped(native, name) if is_pandas(native) else (in_engine(native, name), ())
    types = schema_of(typed)
    names = list(native.columns) if untyped else list(types)
    columns = {column: types.get(column, UNTYPED) for column in names}
    own = next((column for column in columns if column.startswith(OWN)), None)
    if own is not None:
        raise DataError(f"names that begin with {OWN} are aiqa's own: rename the column", column=own)
    return Opened(native, _moved(typed, engine), columns)


def _moved(native: Any, engine: str) -> Any:
    """Move a table to an engine that it does not belong to."""
    home = type(native).__module__.partition(".")[0].lstrip("_")
    if engine in ("auto", "gx", home):
        return native
    if engine == "polars":
        lazy: nw.LazyFrame[Any] = nw.from_native(native).lazy()
        return lazy.collect("polars").to_native()
    return _to_duckdb(native.collect() if isinstance(native, pl.LazyFrame) else native)


def _to_duckdb(native: Any) -> Any:
    try:
        import duckdb
    except ImportError:
        raise DataError("DuckDB is missing: pip install 'pytest-aiqa[data]'") from None
    if not isinstance(native, pl.DataFrame):
        raise DataError(f"a {type(native).__qualname__} is not moved to DuckDB: scan it where it is")
    try:
        return duckdb.from_arrow(native.to_arrow())
    except (ValueError, NotImplementedError, duckdb.Error) as error:
        raise DataError(f"DuckDB has no type of a column: {reason_of(error)}") from error
