from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from aiqa.errors import EvidenceError
from aiqa.evidence import store
from aiqa.evidence.store import new_run_id, read, replace_file, resolve, runs, write
from tests.evidence.factories import a_check, a_gate, a_mixed_run, a_run


def stored(out: Path, **changes: Any) -> Path:
    """Store a run whose document then says something else."""
    folder = write(a_mixed_run(), out)
    file = folder / "evidence.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return file


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    evidence = a_mixed_run()
    folder = write(evidence, tmp_path)
    assert folder == tmp_path / "runs" / evidence.run_id
    assert read(evidence.run_id, tmp_path) == evidence
    assert read(folder, tmp_path) == evidence
    assert read(folder / "evidence.json", Path("elsewhere")) == evidence


def test_the_folder_is_kept_out_of_git(tmp_path: Path) -> None:
    write(a_mixed_run(), tmp_path / "out")
    assert (tmp_path / "out" / ".gitignore").read_text() == "*\n"


def test_a_gitignore_that_somebody_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!runs\n")
    write(a_mixed_run(), tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "!runs\n"


def test_only_the_document_is_left_in_the_folder(tmp_path: Path) -> None:
    folder = write(a_mixed_run(), tmp_path)
    assert [file.name for file in folder.iterdir()] == ["evidence.json"]


def test_a_write_that_breaks_leaves_the_old_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(file, b"new")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("a.json", b"old")]


def test_evidence_is_never_overwritten(tmp_path: Path) -> None:
    write(a_mixed_run(), tmp_path)
    write(a_mixed_run(), tmp_path)
    with pytest.raises(EvidenceError, match="never overwritten"):
        write(a_mixed_run(seconds=1.0), tmp_path)
    assert read("latest", tmp_path) == a_mixed_run()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(EvidenceError, match=r"out/runs/.*evidence\.json: cannot be written"):
        write(a_mixed_run(), tmp_path / "out")


def test_values_that_json_lacks_are_refused(tmp_path: Path) -> None:
    gate = a_gate(result={"observed_value": object()})
    with pytest.raises(EvidenceError, match="JSON cannot carry"):
        write(a_run(a_check(gate)), tmp_path)


def test_evidence_beyond_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(a_mixed_run(), tmp_path)
    monkeypatch.setattr(store, "MAX_BYTES", 100)
    with pytest.raises(EvidenceError, match="larger than 100 bytes"):
        read(folder, tmp_path)
    with pytest.raises(EvidenceError, match="above the bound of 100"):
        write(a_run(run_id="other"), tmp_path)


@pytest.mark.parametrize(
    "run", ["../../etc/passwd", "..", ".", "", "a/b", "a\\b", "a\0b", "x" * 65, "*", "run\n", "/etc"]
)
def test_run_ids_cannot_lead_elsewhere(run: str, tmp_path: Path) -> None:
    write(a_mixed_run(), tmp_path)
    with pytest.raises(EvidenceError, match="is no run id"):
        read(run, tmp_path)


def test_a_run_is_found_by_a_unique_beginning(tmp_path: Path) -> None:
    for run_id in ("20261123T100000-aa", "20261123T110000-bb", "20261124T100000-cc", "20261124T100000-ccdd"):
        write(a_run(run_id=run_id), tmp_path)
    assert resolve("20261123T11", tmp_path) == "20261123T110000-bb"
    assert resolve("20261124T100000-cc", tmp_path) == "20261124T100000-cc"
    assert resolve("latest", tmp_path) == "20261124T100000-ccdd"
    with pytest.raises(EvidenceError, match=r"2 runs in .* begin with '20261123'"):
        resolve("20261123", tmp_path)
    with pytest.raises(EvidenceError, match=r"no run '2025' in .*; the newest is 20261124T100000-ccdd"):
        resolve("2025", tmp_path)


def test_runs_come_newest_first_without_strangers(tmp_path: Path) -> None:
    for run_id in ("20261123T100000-aa", "20261124T100000-bb", "20261122T100000-cc"):
        write(a_run(run_id=run_id), tmp_path)
    (tmp_path / "runs" / "20261125T100000-empty").mkdir()
    (tmp_path / "runs" / "not a run").mkdir()
    (tmp_path / "runs" / "not a run" / "evidence.json").write_text("{}")
    assert runs(tmp_path) == ["20261124T100000-bb", "20261123T100000-aa", "20261122T100000-cc"]


def test_no_runs_says_what_to_do(tmp_path: Path) -> None:
    assert runs(tmp_path) == []
    with pytest.raises(EvidenceError, match=r"no runs in .*: run `pytest --aiqa`"):
        read("latest", tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged: not JSON"),
        (b'{"schema_version": "1.0", "run_id"', "damaged: not JSON"),
        (b"\xff\xfe", "damaged: not JSON"),
        (b'{"schema_version": "1.0", "seconds": NaN}', "damaged: not JSON"),
        (b"[" * 100_000, "damaged: not JSON"),
        (b"[]", "not evidence of aiqa"),
        (b"{}", "not evidence of aiqa"),
        (b'{"schema_version": "1.0"}', "damaged: run_id: field required"),
    ],
)
def test_damaged_files_are_named(content: bytes, said: str, tmp_path: Path) -> None:
    file = write(a_mixed_run(), tmp_path) / "evidence.json"
    file.write_bytes(content)
    with pytest.raises(EvidenceError, match=said) as caught:
        read("latest", tmp_path)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("version", ["2.0", "0.9", 1, "9" * 1000])
def test_another_schema_is_refused(version: object, tmp_path: Path) -> None:
    file = stored(tmp_path, schema_version=version)
    with pytest.raises(EvidenceError, match=r"this aiqa reads 1\.0") as caught:
        read(file, tmp_path)
    assert len(str(caught.value)) < 300 + len(str(file))


def test_unknown_fields_and_wrong_values_are_damage(tmp_path: Path) -> None:
    file = stored(tmp_path, surprise=1, seconds="long")
    with pytest.raises(EvidenceError, match=r"seconds: .* \(and 1 more\)|surprise: .* \(and 1 more\)"):
        read(file, tmp_path)


def test_a_moved_run_is_noticed(tmp_path: Path) -> None:
    write(a_mixed_run(), tmp_path).rename(tmp_path / "runs" / "20990101T000000-ffff")
    with pytest.raises(EvidenceError, match="holds the evidence of 20261123T154501-4f2c"):
        read("20990101T000000-ffff", tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"gone\.json: cannot be read: No such file"):
        read(tmp_path / "gone.json", tmp_path)


def test_run_ids_sort_by_time_and_differ() -> None:
    moments = [dt.datetime(2026, 11, 23, 15, 45, 1, micro, tzinfo=dt.UTC) for micro in (0, 400, 999_999)]
    moments.append(dt.datetime(2026, 11, 23, 18, 45, 2, tzinfo=dt.timezone(dt.timedelta(hours=3))))
    ids = [new_run_id(moment) for moment in moments]
    assert ids == sorted(ids)
    assert ids[-1].startswith("20261123T154502-0000")
    assert len({new_run_id(moments[0]) for _ in range(50)}) > 10
