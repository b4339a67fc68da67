"""GitHub: Markdown for step summaries and comments, and annotations beside the code."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from aiqa.evidence.record import CheckRecord, Evidence, GateRecord
from aiqa.publish import words
from aiqa.publish.sink import UndeliverableError

SUMMARY_LIMIT = 2**20
COMMENT_LIMIT = 65_536
ANNOTATIONS = 10
_CELL = 500
_FRAME = 1_000
_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~#$]|:(?=//)")
_READ_FIRST = (("verdict", "check", "claim", "measured", "because", "call"), ("---",) * 6)
_EVERY_GATE = (("verdict", "check", "claim", "measured", "needed"), ("---",) * 5)


def markdown(evidence: Evidence, limit: int = SUMMARY_LIMIT) -> str:
    """Return a run as GitHub's Markdown: what needs attention in a table, all gates folded away below it.

    Parameters
    ----------
    evidence : Evidence
    limit : int, default 1 MiB
        In bytes of UTF-8; rows that do not fit are counted instead. A step's summary may hold 1 MiB, a
        comment 65,536 characters.
    """
    attention = list(words.attention(evidence))
    head, foot = _head(evidence), _foot(evidence)
    room = limit - _size([*head, foot]) - _FRAME
    worst = _table(_READ_FIRST, map(_row_to_read, attention), room) if attention else []
    every = _table(_EVERY_GATE, map(_row, evidence.gates), room - _size(worst))
    folded = ["<details><summary>Every gate</summary>", "", *every, "</details>", ""]
    return "\n".join([*head, *worst, *folded, foot, ""])


def marker(evidence: Evidence) -> str:
    """Return the comment that tells that a text holds this run already."""
    return f"<!-- aiqa {evidence.run_id} -->"


class GithubSink:
    """Appends a run to the step's summary, and annotates the worst gates beside their checks.

    Parameters
    ----------
    summary : Path
        The file that GITHUB_STEP_SUMMARY names.
    stream : file, optional
        Where the runner reads annotations. Default: what ``sys.stdout`` is when a run is sent.
    """

    name = "github"

    def __init__(self, summary: Path, stream: TextIO | None = None) -> None:
        self.summary = summary
        self.stream = stream

    def send(self, evidence: Evidence, folder: Path) -> str:  # noqa: ARG002 - the protocol of sinks
        """Append to the summary and print the annotations, once a run.

        Raises
        ------
        UndeliverableError
            If the summary cannot be written, or is full.
        """
        try:
            self._append(evidence)
        except OSError as error:
            raise UndeliverableError(
                f"the step summary cannot be written: {error.strerror or error}"
            ) from error
        return "the step summary"

    def _append(self, evidence: Evidence) -> None:
        written = self.summary.read_bytes() if self.summary.exists() else b""
        if marker(evidence).encode() in written:
            return
        room = SUMMARY_LIMIT - len(written)
        if room < COMMENT_LIMIT:
            raise UndeliverableError("the step summary is full: GitHub shows 1 MiB a step")
        with self.summary.open("a", encoding="utf-8") as stream:
            stream.write(markdown(evidence, room))
        # The runner takes a command only at the start of a line, and pytest's progress leaves one open.
        for line in workflow_commands(evidence):
            print(f"\n{line}", file=self.stream or sys.stdout, flush=True)


def workflow_commands(evidence: Evidence) -> Iterator[str]:
    """Yield a workflow command for each of the worst gates, at most ten: more GitHub does not show."""
    for check, gate in list(words.attention(evidence))[:ANNOTATIONS]:
        level = "error" if gate.blocks else "warning"
        told = (f"{fact.label} {fact.text}".strip() for fact in words.facts(check, gate))
        message = "\n".join([words.headline(check, gate), *told])
        place = {"file": _from_workspace(check.file), "line": str(max(check.line, 1)), "title": check.name}
        properties = ",".join(f"{key}={_property(words.plain(value))}" for key, value in place.items())
        yield f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _from_workspace(file: str) -> str:
    # GitHub finds files from the top of the checkout, and the project may lie in a folder of it.
    workspace = os.environ.get("GITHUB_WORKSPACE")
    path = Path(file).absolute()
    if workspace and path.is_relative_to(workspace):
        return path.relative_to(workspace).as_posix()
    return file


def _head(evidence: Evidence) -> list[str]:
    summary = f"{words.counts_text(evidence)}, in {words.duration(evidence.seconds)}"
    title = f"## aiqa: {evidence.verdict.upper()} ({_prose(evidence.project)})"
    worn = [line for fact in words.holdout_facts(evidence) for line in (_prose(f"Holdout: {fact.text}"), "")]
    return [marker(evidence), title, "", _prose(summary), "", *worn]


def _foot(evidence: Evidence) -> str:
    git = evidence.environment.git
    told = [f"run {_code(evidence.run_id)}", f"tier {_code(evidence.tier)}"]
    told += [f"commit {_code(git.commit[:12])}{' with local changes' if git.dirty else ''}"] if git else []
    return "; ".join(told)


def _row_to_read(pair: tuple[CheckRecord, GateRecord]) -> tuple[str, ...]:
    check, gate = pair
    because = "<br>".join(_prose(text) for text in (gate.reason, gate.advice) if text)
    owner = _code(check.owner) if check.owner else ""
    return (*_start_of_row(check, gate), because, owner)


def _row(pair: tuple[CheckRecord, GateRecord]) -> tuple[str, ...]:
    return (*_start_of_row(*pair), _prose(words.needed(pair[1]) or ""))


def _start_of_row(check: CheckRecord, gate: GateRecord) -> tuple[str, ...]:
    verdict = f"**{gate.verdict.upper()}**" if gate.blocks else gate.verdict.upper()
    return verdict, _code(check.name), _code(words.claim(gate)), _prose(words.measured(gate) or "")


def _table(head: Iterable[tuple[str, ...]], rows: Iterable[tuple[str, ...]], room: int) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in (*head, *rows)]
    sizes = itertools.accumulate(len(line.encode()) + 1 for line in lines)
    fits = sum(size <= room for size in sizes)
    left = len(lines) - fits
    return [*lines[:fits], "", *([f"and {left:,} more in the evidence", ""] if left else [])]


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _code(text: str) -> str:
    return f"<code>{_SPECIAL.sub(_entity, words.plain(text, _CELL))}</code>"


def _prose(text: str) -> str:
    # The empty comment keeps "@name" from calling people.
    return _SPECIAL.sub(_entity, words.plain(text, _CELL)).replace("@", "@<!-- -->")


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
