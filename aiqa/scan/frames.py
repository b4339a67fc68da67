"""Frames in memory, of any library, as Polars sees them."""

from __future__ import annotations

import warnings
from typing import Any

import narwhals as nw
import polars as pl

from aiqa.errors import DataError

NOTHING = "__aiqa_nothing"
_SCANNED = ("polars", "duckdb", "pyspark")
_UNFIT = (TypeError, ValueError, OverflowError, NotImplementedError, pl.exceptions.PolarsError)
"""What Arrow and Polars raise for values that have no type of theirs."""


def is_pandas(frame: Any) -> bool:
    """Tell a pandas frame, without importing pandas."""
    return type(frame).__module__.partition(".")[0] == "pandas"


def on_spark(frame: Any) -> bool:
    """Tell a DataFrame of Spark, without importing PySpark."""
    native = nw.to_native(frame, pass_through=True)
    return type(native).__module__.partition(".")[0] == "pyspark"


def in_engine(frame: Any, name: str = "frame") -> Any:
    """Return a frame as it is where an engine scans it there, and else as one of Polars.

    Raises
    ------
    DataError
        As :func:`to_polars` does.
    """
    native = nw.to_native(frame, pass_through=True)
    library = type(native).__module__.partition(".")[0].lstrip("_")
    return native if library in _SCANNED and _is_frame(native) else to_polars(native, name).collect()


def _is_frame(native: Any) -> bool:
    return hasattr(type(native), "columns")


def to_polars(frame: Any, name: str) -> pl.LazyFrame:
    """Return a pandas, Polars, Arrow or narwhals frame as a lazy Polars frame.

    pandas goes through Arrow, where its NaN for "missing" becomes null.

    Raises
    ------
    DataError
        If it is no frame, or one that Arrow cannot hold (values of several types in a column).
    """
    native = nw.to_native(frame, pass_through=True)
    if isinstance(native, pl.LazyFrame):
        return native
    if isinstance(native, pl.DataFrame):
        return native.lazy()
    try:
        return _converted(native).lazy()
    except TypeError as error:
        if is_pandas(native):  # Arrow's own errors of mixed types are TypeErrors too
            raise _unfit(native, name, error) from error
        raise _no_frame(native, name) from error
    except _UNFIT as error:
        raise _unfit(native, name, error) from error


def _no_frame(native: Any, name: str) -> DataError:
    return DataError(
        f"dataset {name!r} is no frame of pandas, Polars or Arrow, but a {type(native).__qualname__}"
    )


def _converted(native: Any) -> pl.DataFrame:
    if is_pandas(native):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # pyarrow's, of what pandas is to change
            return _without_untyped(pl.DataFrame(pl.from_pandas(native)), native)
    if type(native).__module__.partition(".")[0] == "pyarrow":
        return pl.DataFrame(pl.from_arrow(native))
    collected: nw.DataFrame[pl.DataFrame] = nw.from_native(native).lazy().collect("polars")
    return collected.to_native()


def _without_untyped(frame: pl.DataFrame, native: Any) -> pl.DataFrame:
    """Give columns of Python objects that hold nothing no type, in place of text."""
    empty = [
        name
        for name, dtype in zip(frame.columns, native.dtypes, strict=False)
        if dtype.kind == "O" and frame[name].null_count() == frame.height
    ]
    return frame.with_columns(pl.col(empty).cast(pl.Null)) if empty else frame


def without_untyped(native: Any, name: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the columns of a pandas frame that have a type, and the names of the others.

    Raises
    ------
    DataError
        If two columns have the same name.
    """
    if not _is_frame(native):
        raise _no_frame(native, name)
    if not native.columns.is_unique:
        raise _unfit(native, name, ValueError("two columns have the same name"))
    try:
        return _converted(native), ()
    except _UNFIT:
        untyped = [column for column in native.columns if not _has_type(native[column])]
        typed = native.drop(columns=untyped)
        if typed.columns.empty:  # a table must have a column to have rows
            typed = typed.assign(**{NOTHING: 0})
        return _converted(typed), tuple(map(str, untyped))


def _has_type(column: Any) -> bool:
    try:
        pl.from_pandas(column)
    except _UNFIT:
        return False
    return True


def _unfit(native: Any, name: str, error: Exception) -> DataError:
    message = f"dataset {name!r} cannot be read as a table of typed columns: {error}"
    if not is_pandas(native) or not native.columns.is_unique:
        return DataError(message)
    for column in native.columns:
        try:
            pl.from_pandas(native[column])
        except _UNFIT:
            return DataError(message, column=str(column))
    return DataError(message)
