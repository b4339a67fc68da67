"""Outcomes that one worker of xdist decides and all of them read. PYTEST_DONT_REWRITE.

SQLite is the lock as well as the store, one file a batch: a worker holds the file until it has decided,
and the system releases it if the worker dies.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from aiqa.evidence.outcome import Outcome

_PATIENCE = 24 * 3600.0
_RUN_OPTION = "testrunuid"


class SharedOutcomes:
    """The batches of one run that are decided; without xdist nothing is shared."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of(cls, config: pytest.Config, out: Path) -> SharedOutcomes:
        """Return what this process shares, by the id that xdist gives the run."""
        run_id = getattr(config, "workerinput", {}).get(_RUN_OPTION)
        if run_id is None and getattr(config.option, "dist", "no") != "no":
            # Said before xdist invents one, so that the controller knows what to remove.
            run_id = config.option.testrunuid = config.option.testrunuid or uuid.uuid4().hex
        return cls(out / "shared" / run_id if run_id else None)

    def once(self, batch: str, decide: Callable[[], dict[str, Outcome]]) -> dict[str, Outcome]:
        """Return a batch's outcomes by node id; `decide` is called in one process only."""
        if self._folder is None:
            return decide()
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{hashlib.sha256(batch.encode()).hexdigest()[:16]}.db"
        with closing(sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)) as store:
            store.execute("BEGIN EXCLUSIVE")
            store.execute("CREATE TABLE IF NOT EXISTS outcomes (node TEXT PRIMARY KEY, told TEXT)")
            rows = store.execute("SELECT node, told FROM outcomes").fetchall()
            if rows:
                return {node: Outcome.model_validate(json.loads(told)) for node, told in rows}
            outcomes = decide()
            told = [(node, outcome.model_dump_json()) for node, outcome in outcomes.items()]
            store.executemany("INSERT INTO outcomes VALUES (?, ?)", told)
            store.execute("COMMIT")
            return outcomes

    def remove(self) -> None:
        """Remove what was shared, at the end of the run."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            with suppress(OSError):
                self._folder.parent.rmdir()
