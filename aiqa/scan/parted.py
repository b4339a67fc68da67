"""A table of files in parts, each known by a digest of its content."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import polars as pl

from aiqa.scan import fingerprint
from aiqa.scan.store import Store

MOST = 64
"""Parts of a table, about; more files than that are taken together."""
LEAST = 16 << 20
"""Bytes of a part, about: a scan has a price of its own, which smaller files share."""
_FRESH = 2.0
"""Seconds within which a file may change again without its time telling."""
Stamp = tuple[int, ...]


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """A file whose content is known.

    Parameters
    ----------
    place : str
        Its path or address.
    digest : str
        What its content is known by: SHA-256 of its bytes, or of what names them for good.
    size : int
        Its bytes.
    check : callable, optional
        Tells whether it still is what was digested. Default: it never changes.
    """

    place: str
    digest: str
    size: int
    check: Callable[[], bool] = _always

    @property
    def unchanged(self) -> bool:
        """Whether it still is what was digested."""
        return self.check()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some files of a table, with the columns and types of the whole.

    Parameters
    ----------
    files : tuple of File
    frame : polars.LazyFrame
        What is made of their rows, row by row.
    made : str
        How; empty for the rows as they are.
    """

    files: tuple[File, ...]
    frame: pl.LazyFrame
    made: str = ""
    digest: str = field(init=False)
    """What its content is known by."""

    def __post_init__(self) -> None:
        digest = digest_of([self.made, *(file.digest for file in self.files)])
        object.__setattr__(self, "digest", digest)

    @property
    def unchanged(self) -> bool:
        """Whether the files still are what was digested."""
        return all(file.unchanged for file in self.files)


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """A table by its parts, in the order of their rows.

    Parameters
    ----------
    whole : Part
    parts : tuple of Part
    store : Store
        Where statistics are kept.
    personal : frozenset of str
        Columns whose values must not be kept.
    """

    whole: Part
    parts: tuple[Part, ...]
    store: Store
    personal: frozenset[str] = frozenset()

    def mapped(
        self, change: Callable[[pl.LazyFrame], pl.LazyFrame], made: str, personal: Iterable[str] = ()
    ) -> Parted:
        """Return the table that `change` makes of it, row by row.

        Parameters
        ----------
        change : callable
        made : str
            How, to the last detail.
        personal : iterable of str
            The new columns whose values must not be kept either.
        """

        def map_(part: Part) -> Part:
            return Part(part.files, change(part.frame), part.made + made)

        parts = tuple(map(map_, self.parts))
        return replace(self, whole=map_(self.whole), parts=parts, personal=self.personal.union(personal))


def digest_of(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts, in their order."""
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()


def digested(paths: Sequence[Path], store: Store | None) -> tuple[File, ...]:
    """Digest files, but for those that the store knows and that have not been touched since."""
    stamps = {path: _stamp(path) for path in paths}
    names = {path: digest_of([str(path.resolve()), *map(str, stamps[path])]) for path in paths}
    known = {} if store is None else store.read(names.values())
    unknown = [path for path in paths if names[path] not in known]
    started = time.time()
    with ThreadPoolExecutor() as pool:
        digests = dict(zip(unknown, pool.map(fingerprint.of_file, unknown), strict=True))
    if store is not None:
        settled = [path for path in unknown if max(stamps[path][-2:]) / 1e9 < started - _FRESH]
        store.write({names[path]: digests[path].encode() for path in settled})
    found = {path: digests.get(path) or known[names[path]].decode() for path in paths}
    return tuple(
        File(str(path), found[path], stamps[path][2], partial(_has_stamp, path, stamps[path]))
        for path in paths
    )


def groups(files: Sequence[File]) -> Iterator[tuple[File, ...]]:
    """Yield the files of each part: one, or where they are many or small, those up to certain digests.

    So another file changes the part that it falls into, and leaves the others as they were.
    """
    size = sum(file.size for file in files) // max(1, len(files))
    every = 1 << max((len(files) - 1) // MOST, LEAST // max(1, size) - 1).bit_length()
    group: list[File] = []
    for file in files:
        group.append(file)
        if int(file.digest[:8], 16) % every == 0:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def _has_stamp(path: Path, stamp: Stamp) -> bool:
    return path.exists() and _stamp(path) == stamp


def _stamp(path: Path) -> Stamp:
    told = path.stat()
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns
