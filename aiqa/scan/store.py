"""What earlier runs found, kept by key on this machine: bounded, and safe for many processes.

Small values lie in one SQLite file, large ones in files beside it, which appear whole or not at all. A store
that cannot be used holds nothing and never stops a run.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

LIMIT = 2 << 30
"""Bytes that a store may hold."""
_NAME = "kept.sqlite"
_PATIENCE = 10.0
"""Seconds to wait for another process."""
_AT_ONCE = 500
"""Keys a query."""
_OFTEN = 600.0
"""Seconds within which a key is in use all the same."""
_LARGEST = 0.25
"""What of the limit one file may take."""
_ROW = 300
"""Bytes of a value beside itself, about."""
_FULL = 0.9
"""What of the limit stays when there are too many."""
_ABANDONED = 24 * 3600.0
"""Seconds after which a file that nobody finished is removed."""
_TABLE = (
    "CREATE TABLE IF NOT EXISTS kept "
    "(key TEXT PRIMARY KEY, value BLOB, size INTEGER NOT NULL, used REAL NOT NULL)"
)


class Store:
    """Values by key, the least recently used of which go when there are too many.

    Parameters
    ----------
    folder : Path
        Made at the first write, readable by its owner only.
    limit : int, default 2 GiB
        Bytes of values that it may hold.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()))
    >>> store.write({"a": b"1"})
    >>> store.read(["a", "b"])
    {'a': b'1'}
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._tidy = False

    def read(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values of those keys that it holds."""
        wanted = list(keys)

        def read(kept: sqlite3.Connection) -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            used: dict[str, float] = {}
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                holders = ",".join("?" * len(some))
                query = f"SELECT key, value, used FROM kept WHERE value IS NOT NULL AND key IN ({holders})"  # noqa: S608
                for key, value, last in kept.execute(query, some):
                    found[key], used[key] = value, last
            _use(kept, used)
            return found

        return self._opened(read, {}) if (self.folder / _NAME).exists() else {}

    def write(self, values: Mapping[str, bytes]) -> None:
        """Keep values, in place of those that it holds under the same keys."""
        now = time.time()
        rows = [(key, value, len(value) + _ROW, now) for key, value in values.items()]
        if rows:
            self._opened(lambda kept: self._keep(kept, rows), None)

    def file(self, key: str) -> Path | None:
        """Return the file that is kept under a key, if it is there and whole."""
        file = self.folder / key
        try:
            there = file.stat().st_size
        except OSError:
            return None

        def size(kept: sqlite3.Connection) -> int | None:
            query = "SELECT size, used FROM kept WHERE key = ? AND value IS NULL"
            size, used = kept.execute(query, [key]).fetchone() or (None, 0.0)
            _use(kept, {key: used})
            return size

        return file if self._opened(size, None) == there else None

    def keep_file(self, key: str, write: Callable[[Path], None]) -> None:
        """Keep the file that `write` makes at the path that it is given."""
        made = self.folder / f"{uuid.uuid4().hex}.part"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write(made)
            size = made.stat().st_size
            if size > self.limit * _LARGEST:
                made.unlink()
                return
            made.replace(self.folder / key)
        except Exception as error:  # noqa: BLE001 - a full disk says so in many ways
            made.unlink(missing_ok=True)
            self._cannot(error)
        else:
            self._opened(lambda kept: self._keep(kept, [(key, None, size, time.time())]), None)

    def _opened(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Do something with the open file, in one transaction."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.folder / _NAME, timeout=_PATIENCE)) as kept, kept:
                kept.execute("PRAGMA synchronous=OFF")  # what a power failure takes is computed anew
                kept.execute(_TABLE)
                kept.execute("CREATE INDEX IF NOT EXISTS sizes ON kept (size)")
                return work(kept)
        except (sqlite3.Error, OSError) as error:
            self._cannot(error)
            if type(error) is sqlite3.DatabaseError:  # damaged: begin anew
                for file in self.folder.glob(f"{_NAME}*"):
                    file.unlink(missing_ok=True)
            return otherwise

    def _cannot(self, error: Exception) -> None:
        _LOG.warning("%s cannot be used, so all is computed anew: %s", self.folder, error)

    def _keep(self, kept: sqlite3.Connection, rows: Sequence[tuple[str, bytes | None, int, float]]) -> None:
        if not self._tidy:
            self._tidy = True
            self._remove_abandoned(kept)
        kept.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", rows)
        (held,) = kept.execute("SELECT SUM(size) FROM kept").fetchone()
        if held > self.limit:
            self._make_room(kept, held)

    def _make_room(self, kept: sqlite3.Connection, held: int) -> None:
        oldest = kept.execute("SELECT key, size, value IS NULL FROM kept ORDER BY used").fetchall()
        for key, size, is_file in oldest:
            if held <= self.limit * _FULL:
                break
            kept.execute("DELETE FROM kept WHERE key = ?", [key])
            held -= size
            if is_file:
                (self.folder / key).unlink(missing_ok=True)

    def _remove_abandoned(self, kept: sqlite3.Connection) -> None:
        """Remove what killed processes left: files that are unfinished, or that nothing tells of."""
        known = {key for (key,) in kept.execute("SELECT key FROM kept WHERE value IS NULL")}
        for file in self.folder.iterdir():
            with suppress(OSError):
                old = file.stat().st_mtime < time.time() - _ABANDONED
                if old and file.name not in known and not file.name.startswith(_NAME):
                    file.unlink()


def _use(kept: sqlite3.Connection, used: Mapping[str, float]) -> None:
    """Note that keys are in use, if that was long ago: reading alone keeps nobody waiting."""
    now = time.time()
    stale = [(now, key) for key, last in used.items() if last < now - _OFTEN]
    if stale:
        with suppress(sqlite3.OperationalError):  # where nobody may write, reading is enough
            kept.executemany("UPDATE kept SET used = ? WHERE key = ?", stale)
