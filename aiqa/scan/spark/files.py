"""Files read by Spark in place of Polars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiqa.errors import DataError

_CSV = {"header": "true", "inferSchema": "true", "mode": "FAILFAST", "enforceSchema": "false"}
_READERS: dict[str, Callable[[Any, list[str]], Any]] = {
    "parquet": lambda reader, places: reader.parquet(*places),
    "csv": lambda reader, places: reader.options(**_CSV).csv(places),
    "tsv": lambda reader, places: reader.options(sep="\t", **_CSV).csv(places),
    "jsonl": lambda reader, places: reader.option("mode", "FAILFAST").json(places),
}
_MAGIC = "\\{}[]*?"


def is_remote(pattern: str) -> bool:
    """Tell the address of a file that only Spark can reach.

    Examples
    --------
    >>> is_remote("s3a://lake/orders/*.parquet"), is_remote("data/orders/*.parquet")
    (True, False)
    """
    return "://" in pattern or pattern.startswith("dbfs:/")


def read(session: Any, found: Sequence[Path] | str, format_: str) -> Any:
    """Return files as a DataFrame of Spark.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
    found : sequence of Path, or str
        Files that this process sees, or a pattern that Spark finds them by.
    format_ : str

    Raises
    ------
    DataError
        If Spark does not read this format, or cannot find or open them.
    """
    if format_ not in _READERS:
        raise DataError(f"Spark reads no files of {format_}: {', '.join(_READERS)}")
    places = [found] if isinstance(found, str) else [_escaped(file.resolve()) for file in found]
    try:
        return _READERS[format_](session.read, places)
    except Exception as error:
        from aiqa.scan.engines.spark import Spark

        raise DataError(f"not readable as {format_} by Spark: {Spark().reason_of(error)}") from error


def _escaped(file: Path) -> str:
    """Return the address of one file, whose name Spark would else read as a pattern."""
    return "file://" + "".join(f"\\{letter}" if letter in _MAGIC else letter for letter in file.as_posix())
