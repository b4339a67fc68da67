"""Files by path or glob, read lazily: what may be wrong with them is said here, with the file's name."""

from __future__ import annotations

import csv
import difflib
import glob
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from aiqa.declare.source import Files
from aiqa.errors import DataError
from aiqa.scan.engines.engine import reason_of

Place = Path | str
P = TypeVar("P", Path, str, Path | str)
"""A file here, or the address of one that Polars reads where it is."""
_CSV: dict[str, Any] = {"infer_schema_length": None, "try_parse_dates": True}
_READERS: dict[str, Callable[[Any], pl.LazyFrame]] = {
    "parquet": lambda files: pl.scan_parquet(files, glob=False),
    "arrow": lambda files: pl.scan_ipc(files, glob=False),
    "csv": lambda file: _whole_lines(pl.scan_csv(file, glob=False, **_CSV)),
    "tsv": lambda file: _whole_lines(pl.scan_csv(file, glob=False, separator="\t", **_CSV)),
    "jsonl": lambda file: pl.scan_ndjson(file, infer_schema_length=None),
}


def _whole_lines(lazy: pl.LazyFrame) -> pl.LazyFrame:
    """Read all columns, whichever are asked for: else a line with too many fields would go unseen."""
    return lazy.map_batches(lambda batch: batch, projection_pushdown=False, streamable=True)


_SEPARATORS = {"csv": ",", "tsv": "\t"}


def find(files: Files, root: Path) -> tuple[Path, ...]:
    """Return the files that a path or glob names, sorted.

    Raises
    ------
    DataError
        If there is none.
    """
    path = root / files.pattern
    if path.is_file():
        return (path,)
    if path.is_dir():
        raise DataError(f"a folder, not a file: write {files.pattern.rstrip('/')}/*", file=files.pattern)
    if not glob.has_magic(files.pattern):
        raise DataError(f"no such file{_hint(path, root)}", file=files.pattern)
    matches = glob.glob(files.pattern, root_dir=root, recursive=True)  # noqa: PTH207 - takes absolute patterns too
    found = sorted(file for file in (root / match for match in matches) if file.is_file())
    if not found:
        raise DataError(f"no file matches{_hint(path, root)}", file=files.pattern)
    return tuple(found)


def _hint(path: Path, root: Path) -> str:
    """Say where was looked, by the project's own name, and which file was probably meant."""
    folder = next(parent for parent in path.parents if parent.is_dir())
    close = difflib.get_close_matches(path.name, [file.name for file in folder.iterdir()], n=1)
    meant = f"; did you mean {close[0]!r}?" if close and folder == path.parent else ""
    missing = "" if folder == path.parent or glob.has_magic(str(path.parent)) else " (its folder is missing)"
    return f" under the project's root {root.resolve().name!r}{missing}{meant}"


def shown(file: Place, root: Path) -> str:
    """Return a file's name for people: relative to the root where it lies below."""
    if isinstance(file, str):
        return file
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def read(found: Sequence[Place], format_: str, root: Path) -> pl.LazyFrame:
    """Return all files as one lazy table.

    Raises
    ------
    DataError
        If a file cannot be read, or its columns are not those of the first.
    """
    reader = _READERS[format_]
    found = with_rows(found, format_, root)
    schemas = [_schema(reader, file, format_, root) for file in found]
    for file, schema in zip(found, schemas, strict=True):
        _check_schema(schemas[0], schema, found[0], file, root)
    if format_ in ("parquet", "arrow") and all(schema == schemas[0] for schema in schemas):
        return reader(list(found))
    names = schemas[0].names()
    return pl.concat([reader(file).select(names) for file in found], how="vertical_relaxed")


def with_rows(found: Sequence[P], format_: str, root: Path) -> Sequence[P]:
    """Return the files that are read: of texts those with more than a header, or the first."""
    if format_ not in _SEPARATORS:
        return found
    return [file for file in found if _has_rows(file, format_, root)] or found[:1]


def _has_rows(file: Place, format_: str, root: Path) -> bool:
    """Tell whether there is more than a header, which says nothing of the types; check its names."""
    try:
        first = _first_rows(file, _SEPARATORS[format_])
    except (UnicodeDecodeError, csv.Error, pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(file, format_, root, error) from error
    header = first[0] if first else []
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise DataError("two columns have the same name", file=shown(file, root), column=repeated)
    return len(first) > 1


def _first_rows(file: Place, separator: str) -> list[Sequence[str]]:
    """Return the header and the row below it, as far as there are any."""
    if isinstance(file, str):
        options: dict[str, Any] = {"has_header": False, "infer_schema": False, "raise_if_empty": False}
        return list(pl.scan_csv(file, separator=separator, glob=False, n_rows=2, **options).collect().rows())
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(itertools.islice(csv.reader(text, delimiter=separator), 2))


def _schema(reader: Callable[[Any], pl.LazyFrame], file: Place, format_: str, root: Path) -> pl.Schema:
    try:
        return reader(file).collect_schema()
    except pl.exceptions.NoDataError:
        raise DataError("the file is empty", file=shown(file, root)) from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(file, format_, root, error) from error


def unreadable(file: Place, format_: str, root: Path, error: Exception) -> DataError:
    """Return the error of a file that cannot be read, with the row where that can be found."""
    text = format_ in _SEPARATORS and isinstance(file, Path)
    row = _bad_line(Path(file), _SEPARATORS[format_]) if text else None
    return DataError(f"not readable as {format_}: {reason_of(error)}", file=shown(file, root), row=row)


def _bad_line(file: Path, separator: str) -> int | None:
    """Find the first row (from 0, below the header) that is no text or has more fields than the header."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return max(number - 1, 0)
    with file.open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text, delimiter=separator)
        width = len(next(rows, []))
        try:
            return next((number for number, row in enumerate(rows) if len(row) > width), None)
        except csv.Error:
            return None


def _check_schema(first: pl.Schema, schema: pl.Schema, first_file: Place, file: Place, root: Path) -> None:
    differing = sorted(set(first.names()) ^ set(schema.names()))
    if differing:
        lacks, has = (file, first_file) if differing[0] in first else (first_file, file)
        message = (
            f"files of one dataset must have the same columns: {shown(has, root)} has {differing[0]!r}, "
        )
        raise DataError(
            message + f"{shown(lacks, root)} has not", file=shown(file, root), column=differing[0]
        )
    for name, dtype in schema.items():
        if dtype != first[name] and not (dtype.is_numeric() and first[name].is_numeric()):
            if pl.Null in (dtype, first[name]):
                continue
            raise DataError(
                f"files of one dataset must have the same types: {dtype} here, {first[name]} in "
                f"{shown(first_file, root)}",
                file=shown(file, root),
                column=name,
            )
