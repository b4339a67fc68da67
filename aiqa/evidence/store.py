"""Evidence on disk: ``<out>/runs/<run id>/evidence.json``, written once, read back with care."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from aiqa.errors import EvidenceError
from aiqa.evidence.record import SCHEMA_VERSION, Evidence

EVIDENCE_FILE = "evidence.json"
MAX_BYTES = 256 * 2**20
LATEST = "latest"
_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def new_run_id(now: dt.datetime | None = None) -> str:
    """Return a fresh id; ids sort by the time at which their runs began.

    Parameters
    ----------
    now : datetime, optional
        With a time zone. Default: the clock.

    Examples
    --------
    >>> import datetime as dt
    >>> new_run_id(dt.datetime(2026, 11, 23, 15, 45, 1, 500_000, tzinfo=dt.timezone.utc))[:-2]
    '20261123T154501-8000'
    """
    began = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    fraction = began.microsecond * 0x10000 // 1_000_000
    return f"{began:%Y%m%dT%H%M%S}-{fraction:04x}{secrets.token_hex(1)}"


def run_folder(run_id: str, out: Path) -> Path:
    """Return the folder of one run, which holds its evidence and what local sinks write.

    Raises
    ------
    EvidenceError
        If `run_id` is none, as where it would lead out of `out`.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise EvidenceError(
            f"{run_id!r} is no run id: letters, digits, '-' and '_', at most 64. `aiqa ls` lists the runs"
        )
    return out / "runs" / run_id


def write(evidence: Evidence, out: Path) -> Path:
    """Store `evidence` and return the folder of its run, ``<out>/runs/<run id>``.

    The document appears whole or not at all. `out` is made, with a ``.gitignore`` of its own.

    Raises
    ------
    EvidenceError
        If the run is there already with other content (evidence is never overwritten), is too large to
        be read back, or cannot be written.
    """
    folder = run_folder(evidence.run_id, out)
    document = _serialise(evidence)
    file = folder / EVIDENCE_FILE
    try:
        if file.exists() and file.read_bytes() != document:
            raise EvidenceError(f"{file} exists with other content, and evidence is never overwritten")
        folder.mkdir(parents=True, exist_ok=True)
        _ignore_in_git(out)
        replace_file(file, document)
    except OSError as error:
        raise EvidenceError(f"{file}: cannot be written: {error.strerror or error}") from error
    return folder


def replace_file(file: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a name of its own beside it, then renamed."""
    beside = file.with_name(f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def read(run: str | Path, out: Path) -> Evidence:
    """Read one run back.

    Parameters
    ----------
    run : str or Path
        A run id, a prefix that only one run has, or ``"latest"``; or, as a `Path`, the file itself or
        the folder that holds it.
    out : Path
        The folder of evidence; not looked at where `run` is a `Path`.

    Raises
    ------
    EvidenceError
        If there is no such run, several begin so, or the file is damaged, too large or of another schema.
    """
    if isinstance(run, Path):
        return _load(run / EVIDENCE_FILE if run.is_dir() else run)
    run_id = resolve(run, out)
    evidence = _load(run_folder(run_id, out) / EVIDENCE_FILE)
    if evidence.run_id != run_id:
        raise EvidenceError(f"the folder of run {run_id} in {out} holds the evidence of {evidence.run_id}")
    return evidence


def runs(out: Path) -> list[str]:
    """Return the ids of the runs in `out`, newest first."""
    found = (file.parent.name for file in (out / "runs").glob(f"*/{EVIDENCE_FILE}"))
    return sorted(filter(_RUN_ID.fullmatch, found), reverse=True)


def resolve(run: str, out: Path) -> str:
    """Return the one run id that `run` stands for: an id, a unique prefix, or ``"latest"``.

    Raises
    ------
    EvidenceError
        If no run begins so, or several do.
    """
    if run != LATEST:
        run_folder(run, out)
    known = runs(out)
    if not known:
        raise EvidenceError(f"no runs in {out}: run `pytest --aiqa`, or name the folder with --out")
    matching = known[:1] if run == LATEST else [id_ for id_ in known if id_.startswith(run)]
    if len(matching) == 1 or run in matching:
        return run if run in matching else matching[0]
    raise EvidenceError(_no_single(run, matching, known, out))


def _no_single(run: str, matching: list[str], known: list[str], out: Path) -> str:
    if matching:
        return f"{len(matching)} runs in {out} begin with {run!r}: {', '.join(matching[:5])}"
    return f"no run {run!r} in {out}; the newest is {known[0]}. `aiqa ls` lists them"


def _serialise(evidence: Evidence) -> bytes:
    try:
        document = evidence.model_dump_json(indent=2).encode()
    except PydanticSerializationError as error:
        raise EvidenceError(f"run {evidence.run_id} holds a value that JSON cannot carry: {error}") from error
    if len(document) > MAX_BYTES:
        raise EvidenceError(
            f"the evidence of run {evidence.run_id} has {len(document):,} bytes, above the bound of "
            f"{MAX_BYTES:,}: cut the number of slices with min_support="
        )
    return document


def _ignore_in_git(out: Path) -> None:
    file = out / ".gitignore"
    if not file.exists():
        file.write_text("*\n", encoding="utf-8")


def _load(file: Path) -> Evidence:
    try:
        document = from_json(_bytes_of(file), allow_inf_nan=False)
    except ValueError as error:
        raise EvidenceError(f"{file}: damaged: not JSON: {error}") from error
    _check_version(document, file)
    try:
        return Evidence.model_validate(document)
    except ValidationError as error:
        raise EvidenceError(f"{file}: damaged: {_first_problem(error)}") from None


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise EvidenceError(f"{file}: cannot be read: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise EvidenceError(f"{file}: larger than {MAX_BYTES:,} bytes: not evidence that aiqa wrote")
    return content


def _check_version(document: Any, file: Path) -> None:
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version is None:
        raise EvidenceError(f"{file}: not evidence of aiqa: it has no schema_version")
    if version != SCHEMA_VERSION:
        raise EvidenceError(
            f"{file}: its schema is {str(version)[:20]!r}, and this aiqa reads {SCHEMA_VERSION}: "
            "read it with the aiqa that wrote it, or upgrade pytest-aiqa"
        )


def _first_problem(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}{more}"
