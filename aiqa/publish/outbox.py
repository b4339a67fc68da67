"""The outbox: which runs could not be sent where, so that ``aiqa push`` can send them later."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiqa.errors import EvidenceError

MAX_WAITING = 1_000
CLAIM_SECONDS = 300
_WAIT_SECONDS = 5
_TABLE = """
CREATE TABLE IF NOT EXISTS waiting (
    run_id TEXT NOT NULL,
    sink TEXT NOT NULL,
    first_try REAL NOT NULL,
    last_try REAL NOT NULL,
    tries INTEGER NOT NULL,
    problem TEXT NOT NULL,
    claimed_until REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, sink)
)
"""
_PUT = """
INSERT INTO waiting (run_id, sink, first_try, last_try, tries, problem) VALUES (?, ?, ?, ?, 1, ?)
ON CONFLICT (run_id, sink) DO UPDATE SET
    last_try = excluded.last_try, tries = tries + 1, problem = excluded.problem, claimed_until = 0
"""
_BOUND = """
DELETE FROM waiting WHERE rowid NOT IN
    (SELECT rowid FROM waiting ORDER BY first_try DESC, rowid DESC LIMIT ?)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that a sink has not got yet; times are seconds since 1970."""

    run_id: str
    sink: str
    first_try: float
    last_try: float
    tries: int
    problem: str


class Outbox:
    """What waits to be sent, in ``<out>/outbox.sqlite``; safe for several processes.

    It holds no evidence, only which run waits for which sink; at most the newest 1,000.

    Parameters
    ----------
    out : Path
        The folder of evidence, which holds ``runs/<run id>/evidence.json``.

    Raises
    ------
    EvidenceError
        By any method, if the file is damaged, locked for too long or cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     outbox = Outbox(Path(folder))
    ...     outbox.put("20261123T154501-4f2c", "mlflow", "connection refused")
    ...     [(entry.sink, entry.tries) for entry in outbox.waiting()]
    [('mlflow', 1)]
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.file = out / "outbox.sqlite"

    def put(self, run_id: str, sink: str, problem: str) -> None:
        """Note that `sink` did not get this run; a second time counts as one more try."""
        now = time.time()
        self.out.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.execute(_PUT, (run_id, sink, now, now, problem))
            database.execute(_BOUND, (MAX_WAITING,))

    def remove(self, run_id: str, sink: str) -> None:
        """Forget an entry, if there is one: the run was sent, or never will be."""
        if self.file.exists():
            with self._open() as database:
                database.execute("DELETE FROM waiting WHERE run_id = ? AND sink = ?", (run_id, sink))

    def waiting(self) -> list[Waiting]:
        """Return what waits, the oldest first."""
        if not self.file.exists():
            return []
        with self._open() as database:
            rows = database.execute(
                "SELECT run_id, sink, first_try, last_try, tries, problem FROM waiting "
                "ORDER BY first_try, rowid"
            ).fetchall()
        return [Waiting(*row) for row in rows]

    def claim(self, entry: Waiting) -> bool:
        """Reserve an entry for this process; False where another one is sending it, or has sent it."""
        now = time.time()
        with self._open() as database:
            claimed = database.execute(
                "UPDATE waiting SET claimed_until = ? WHERE run_id = ? AND sink = ? AND claimed_until < ?",
                (now + CLAIM_SECONDS, entry.run_id, entry.sink, now),
            )
            return claimed.rowcount == 1

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.file, timeout=_WAIT_SECONDS)) as database, database:
                database.execute("BEGIN IMMEDIATE")
                database.execute(_TABLE)
                yield database
        except sqlite3.Error as error:
            raise EvidenceError(f"{self.file}: the outbox cannot be used: {error}") from error
