"""Files elsewhere: Polars reads those of object stores where they are, all others are fetched.

What an object's content is known by is its ETag, which the store's own library tells through fsspec.
Where that is not installed, or tells none, the rows are fetched too, and known by their digest.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from aiqa.declare.addresses import checked_address, scheme_of
from aiqa.declare.source import Files
from aiqa.errors import AiqaError, DataError, MissingExtraError, require_extra
from aiqa.scan.engines.engine import reason_of
from aiqa.scan.files import read, unreadable
from aiqa.scan.origins.fetched import FetchedFiles, FetchedRows, temporary
from aiqa.scan.origins.origin import PATIENCE, Origin, within
from aiqa.scan.parted import File, digest_of
from aiqa.scan.store import Store

_EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
_BY_POLARS = {*_EXTRAS, "azure", "adl", "hf"}
_LISTED = "__aiqa_file"
_PIECE = 1 << 20
"""Bytes at a time."""


def open_remote(source: Files) -> Origin:
    """Find files at an address.

    Raises
    ------
    DataError
        If there is none, credentials are missing, or nobody answers.
    DeclarationError
        If the address holds credentials, which libraries would repeat in their errors.
    MissingExtraError
        If the library that reaches them is not installed.
    """
    scheme = scheme_of(checked_address(source.pattern))
    try:
        if scheme in _BY_POLARS:
            return _in_place(source)
        return _fetched(source, _download if scheme in ("http", "https") else _copy)
    except AiqaError:
        raise
    except FileNotFoundError:
        raise DataError("no such file", file=source.pattern) from None
    except ImportError as error:
        raise MissingExtraError(f"{source.pattern} needs another library: {error}") from error
    except Exception as error:  # each library has errors of its own
        raise DataError(
            f"cannot be reached (credentials come from the environment): {type(error).__name__}: "
            f"{reason_of(error)}",
            file=source.pattern,
        ) from error


# Object stores, by Polars.


class CloudFiles:
    """Objects by their addresses, known by what their store calls their content.

    Parameters
    ----------
    files : sequence of File
    format_ : str
    address : str
    """

    def __init__(self, files: Sequence[File], format_: str, address: str) -> None:
        self.address = address
        self._files = tuple(files)
        self._format = format_

    @property
    def first(self) -> str:
        return self._files[0].place

    def frame(self, files: Sequence[File] | None = None) -> pl.LazyFrame:
        places = [file.place for file in (self._files if files is None else files)]
        return within(PATIENCE, lambda: read(places, self._format, Path()), self.address)

    def contents(self, store: Store | None) -> tuple[File, ...]:  # noqa: ARG002 - the object store has told
        return self._files

    def blamed(self, error: Exception) -> DataError | None:  # noqa: ARG002 - each file is opened anew
        for file in self._files if len(self._files) > 1 else ():
            try:
                read([file.place], self._format, Path()).head(1).collect()
            except (pl.exceptions.PolarsError, OSError) as own:
                return unreadable(file.place, self._format, Path(), own)
        return None


def _in_place(source: Files) -> Origin:
    addresses = within(PATIENCE, lambda: _listed(source), source.pattern)
    known = [within(PATIENCE, partial(_known, address), address) for address in addresses]
    files = [file for file in known if file is not None]
    if len(files) == len(addresses):
        return CloudFiles(files, source.format, source.pattern)
    return _rows(addresses, source)


def _listed(source: Files) -> list[str]:
    if not glob.has_magic(source.pattern):
        return [source.pattern]
    options: dict[str, Any] = {"include_file_paths": _LISTED}
    if source.format == "parquet":
        rows = pl.scan_parquet(source.pattern, missing_columns="insert", extra_columns="ignore", **options)
    elif source.format == "arrow":
        rows = pl.scan_ipc(source.pattern, **options)
    else:
        rows = pl.scan_lines(source.pattern, **options)
    try:
        return sorted(rows.select(_LISTED).unique().collect(engine="streaming")[_LISTED])
    except pl.exceptions.ComputeError as error:
        if "expanded paths were empty" not in str(error):
            raise
        raise DataError("no file matches", file=source.pattern) from None


def _known(address: str) -> File | None:
    """Return an object with what its content is known by; None where nobody tells."""
    scheme = str(scheme_of(address))
    if scheme not in _EXTRAS:
        return None
    try:
        fsspec = import_module("fsspec")
        told = _told(fsspec.filesystem(scheme), address)
    except ImportError:
        return None
    if told is None:
        return None
    size, tag = told

    def check() -> bool:
        return _told(fsspec.filesystem(scheme), address) == told

    return File(address, digest_of([address, str(size), tag]), size, check)


def _told(store: Any, address: str) -> tuple[int, str] | None:
    store.invalidate_cache()
    told = store.info(address)
    tag, size = told.get("ETag") or told.get("etag"), told.get("size")
    if not isinstance(tag, str) or not tag or tag.startswith("W/") or size is None:
        return None
    return int(size), tag


def _rows(addresses: Sequence[str], source: Files) -> Origin:
    """Fetch the rows, a batch at a time."""
    path = temporary() / "rows.parquet"
    fetched = FetchedRows(path, source.pattern)
    with fetched.filled():
        rows = within(PATIENCE, lambda: read(addresses, source.format, Path()), source.pattern)
        within(PATIENCE, lambda: rows.sink_parquet(path), source.pattern, partial(_size, path.parent))
    return fetched


# Everything else, as copies.


def _fetched(source: Files, fetch: Callable[[str, Path], list[Path]]) -> Origin:
    folder = temporary()
    fetched = FetchedFiles([], source.format, folder, source.pattern)
    with fetched.filled():
        paths = within(
            PATIENCE, lambda: fetch(source.pattern, folder), source.pattern, partial(_size, folder)
        )
        if not paths:
            raise DataError("no file matches", file=source.pattern)
        fetched.paths = tuple(paths)
    return fetched


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _download(address: str, folder: Path) -> list[Path]:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if glob.has_magic(urlsplit(address).path):
        raise DataError("a web server does not list its files: name one", file=address)
    request = Request(address, headers={"User-Agent": "aiqa"})  # noqa: S310 - only http and https come here
    path = _place(folder, urlsplit(address).path)
    try:
        with urlopen(request, timeout=PATIENCE) as answer, path.open("wb") as file:  # noqa: S310
            while piece := answer.read(_PIECE):
                file.write(piece)
            promised = answer.headers.get("Content-Length")
    except HTTPError as error:
        with error:
            raise DataError(f"the server answers {error.code} {error.reason}", file=address) from None
    if promised is not None and int(promised) != path.stat().st_size:
        raise DataError("the server's answer was cut short", file=address)
    return [path]


def _copy(address: str, folder: Path) -> list[Path]:
    fsspec: Any = require_extra("fsspec.core", "remote", f"files at {scheme_of(address)}://")
    store, pattern = fsspec.url_to_fs(address)
    names = sorted(store.glob(pattern)) if glob.has_magic(pattern) else [pattern]
    copies = [(name, _place(folder, name)) for name in names if store.isfile(name)]
    if not glob.has_magic(pattern) and not copies:
        raise FileNotFoundError(pattern)
    for name, path in copies:
        store.get_file(name, str(path))
    return [path for _, path in copies]


def _place(folder: Path, name: str) -> Path:
    """Return where a copy goes: under its own name, within the folder."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..")]
    path = folder.joinpath(*parts or ["data"])
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
