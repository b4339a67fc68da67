"""Frames in memory, of any library, as Polars sees them."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from aiqa.errors import DataError


def is_pandas(frame: Any) -> bool:
    """Tell a pandas frame, without importing pandas."""
    return type(frame).__module__.partition(".")[0] == "pandas"


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
        raise DataError(
            f"dataset {name!r} is no frame of pandas, Polars or Arrow, but a {type(native).__qualname__}"
        ) from error
    except (ValueError, pl.exceptions.PolarsError) as error:
        raise _unfit(native, name, error) from error


def _converted(native: Any) -> pl.DataFrame:
    if is_pandas(native):
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
        if dtype.kind == "O" and frame.height and frame[name].null_count() == frame.height
    ]
    return frame.with_columns(pl.col(empty).cast(pl.Null)) if empty else frame


def _unfit(native: Any, name: str, error: Exception) -> DataError:
    message = f"dataset {name!r} cannot be read as a table of typed columns: {error}"
    if not is_pandas(native) or not native.columns.is_unique:
        return DataError(message)
    for column in native.columns:
        try:
            pl.from_pandas(native[column])
        except (ValueError, TypeError, pl.exceptions.PolarsError):
            return DataError(message, column=str(column))
    return DataError(message)
