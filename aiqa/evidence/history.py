"""What earlier runs found of the same gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from aiqa.declare.gate import AsUsual
from aiqa.errors import EvidenceError
from aiqa.evidence.record import CheckRecord, Evidence, GateRecord
from aiqa.evidence.store import read, runs
from aiqa.judge.results import observed

MOST_RUNS = 500
"""Runs that are looked through, the newest first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose past is asked for.

    Parameters
    ----------
    check : str
    gates : tuple of str
        Ids under which the same quantity was decided.
    claim : dict
        What the quantity is, as JSON; it must be the same.
    """

    check: str
    gates: tuple[str, ...]
    claim: dict[str, Any]
    model: str | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a value is of: digests of data and model, None where not known."""

    data: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier value, when its run began (ISO 8601, UTC), on which branch, and what it is of."""

    value: float
    at: str
    subject: Subject
    branch: str | None = None


class History(Protocol):
    """Where earlier runs are kept."""

    def past(self, asked: Asked) -> Iterator[Past]:
        """Yield what earlier runs found, the newest first.

        Raises
        ------
        AiqaError
            If it cannot be read.
        """


def usable(
    past: Iterable[Past], subject: Subject, requirement: AsUsual, branch: str | None = None
) -> list[float]:
    """Return the values that say what is usual, the newest first.

    One of each pair of data and model, as a rerun finds the same again; none of the pair at hand.

    Parameters
    ----------
    past : iterable of Past
    subject : Subject
        What is judged now.
    requirement : AsUsual
    branch : str, optional
        Runs of other branches do not count.
    """
    return [one.value for one in islice(_fresh(past, subject, requirement, branch), requirement.runs)]


def _fresh(
    past: Iterable[Past], subject: Subject, requirement: AsUsual, branch: str | None
) -> Iterator[Past]:
    seen = {subject} - {Subject()}
    for one in past:
        if requirement.since is not None and one.at < requirement.since:
            return
        if one.subject in seen or (branch is not None and one.branch != branch):
            continue
        seen |= {one.subject} - {Subject()}
        yield one


def short(fingerprint: str | None) -> str | None:
    """Return a fingerprint as MLflow keeps it: its digest, at most 36 characters.

    Examples
    --------
    >>> short("sha256:" + 64 * "a")
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
    """
    return fingerprint.rpartition(":")[2][:36] if fingerprint else None


@dataclass(frozen=True, slots=True)
class _Found:
    """One value of a run, and which gate of which check it is of."""

    check: tuple[str, str | None, str | None]
    gate: str
    claim: Any
    past: Past

    def answers(self, asked: Asked) -> bool:
        same_check = self.check == (asked.check, asked.model, asked.dataset)
        return same_check and self.gate in asked.gates and self.claim == asked.claim


@dataclass(slots=True)
class EvidenceHistory:
    """The runs in a folder of evidence; each is read once, and only its values are kept."""

    out: Path
    _ids: list[str] | None = None
    _read: list[list[_Found]] = field(default_factory=list)

    def past(self, asked: Asked) -> Iterator[Past]:
        """Yield what the runs in the folder found, the newest first; damaged ones are left out."""
        for run in self._runs():
            yield from (found.past for found in run if found.answers(asked))

    def _runs(self) -> Iterator[list[_Found]]:
        if self._ids is None:
            self._ids = runs(self.out)[:MOST_RUNS]
        for place, run_id in enumerate(self._ids):
            if place == len(self._read):
                self._read.append(_values_of(run_id, self.out))
            yield self._read[place]


def _values_of(run_id: str, out: Path) -> list[_Found]:
    try:
        evidence = read(run_id, out)
    except EvidenceError:
        return []
    git = evidence.environment.git
    return [
        _Found(
            (check.name, check.model, check.dataset),
            gate.id,
            gate.declaration.get("claim"),
            Past(value, evidence.started, _subject(evidence, check), git.branch if git else None),
        )
        for check, gate in evidence.gates
        if (value := _value(gate)) is not None
    ]


def _value(gate: GateRecord) -> float | None:
    if gate.parts:
        return None
    if gate.estimate is not None:
        return gate.estimate.value
    return None if gate.result is None else observed(gate.result["result"])


def _subject(evidence: Evidence, check: CheckRecord) -> Subject:
    data = {one.name: one.fingerprint for one in evidence.datasets}
    models = {one.name: one.fingerprint for one in evidence.models if one.role == "challenger"}
    return Subject(short(data.get(check.dataset or "")), short(models.get(check.model or "")))
