from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aiqa.errors import EvidenceError
from aiqa.publish.outbox import CLAIM_SECONDS, MAX_WAITING, Outbox


def test_nothing_waits_and_no_file_is_made_before_something_fails(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "out")
    outbox.remove("run", "mlflow")
    assert outbox.waiting() == []
    assert not (tmp_path / "out").exists()


def test_it_remembers_first_and_last_try_and_the_last_problem(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    before = time.time()
    outbox.put("run-1", "mlflow", "refused")
    outbox.put("run-1", "datadog", "403")
    outbox.put("run-1", "mlflow", "timed out")
    mlflow, datadog = Outbox(tmp_path).waiting()
    assert (mlflow.sink, mlflow.tries, mlflow.problem) == ("mlflow", 2, "timed out")
    assert (datadog.sink, datadog.tries, datadog.problem) == ("datadog", 1, "403")
    assert before <= mlflow.first_try <= mlflow.last_try <= time.time()


def test_what_was_sent_waits_no_longer(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put("run-1", "mlflow", "refused")
    outbox.put("run-2", "mlflow", "refused")
    outbox.remove("run-1", "mlflow")
    assert [entry.run_id for entry in outbox.waiting()] == ["run-2"]


def test_an_entry_is_claimed_once_until_it_is_put_back(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put("run-1", "mlflow", "refused")
    (entry,) = outbox.waiting()
    assert [outbox.claim(entry), Outbox(tmp_path).claim(entry)] == [True, False]
    outbox.put("run-1", "mlflow", "refused again")
    assert outbox.claim(entry)


def test_the_claim_of_a_process_that_died_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = Outbox(tmp_path)
    outbox.put("run-1", "mlflow", "refused")
    (entry,) = outbox.waiting()
    outbox.claim(entry)
    later = time.time() + CLAIM_SECONDS + 1
    monkeypatch.setattr("aiqa.publish.outbox.time.time", lambda: later)
    assert outbox.claim(entry)


def test_what_another_process_sent_cannot_be_claimed(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put("run-1", "mlflow", "refused")
    (entry,) = outbox.waiting()
    outbox.remove("run-1", "mlflow")
    assert not outbox.claim(entry)


def test_it_keeps_the_newest_and_is_bounded(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put("oldest", "mlflow", "refused")
    with sqlite3.connect(outbox.file) as database:
        database.executemany(
            "INSERT INTO waiting (run_id, sink, first_try, last_try, tries, problem) "
            "VALUES (?, 'm', ?, 0, 1, '')",
            [(f"run-{index}", time.time() + index) for index in range(MAX_WAITING)],
        )
    database.close()
    outbox.put("newest", "mlflow", "refused")
    kept = {entry.run_id for entry in outbox.waiting()}
    assert len(kept) == MAX_WAITING
    assert "oldest" not in kept


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.file.write_bytes(b"no database" * 100)
    with pytest.raises(EvidenceError, match=r"outbox\.sqlite: the outbox cannot be used: "):
        outbox.waiting()


def test_several_processes_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from aiqa.publish.outbox import Outbox\n"
        "for i in range(20): Outbox(Path(sys.argv[1])).put(f'{sys.argv[2]}-{i}', 'mlflow', 'refused')"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in ("a", "b", "c")
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert len(Outbox(tmp_path).waiting()) == 60
