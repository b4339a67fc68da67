"""What several sinks read out of evidence."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from aiqa.evidence.record import CheckRecord, Evidence, GateRecord, ModelRecord, OtherRecord
from aiqa.verdict import Verdict

BLOCKING = (Verdict.FAIL, Verdict.ERROR)


def started_at(evidence: Evidence) -> float:
    """Return when the run began, in seconds since 1970.

    Raises
    ------
    ValueError
        If the evidence does not say it in ISO 8601.
    """
    started = dt.datetime.fromisoformat(evidence.started)
    return (started if started.tzinfo else started.replace(tzinfo=dt.UTC)).timestamp()


def ended_at(evidence: Evidence) -> float:
    """Return when the run ended, in seconds since 1970."""
    return started_at(evidence) + evidence.seconds


def challengers(evidence: Evidence) -> dict[str, ModelRecord]:
    """Return the models that the checks are about, by name; the champions are left out."""
    return {model.name: model for model in evidence.models if model.role == "challenger"}


def distinct_gates(evidence: Evidence) -> list[tuple[CheckRecord, GateRecord]]:
    """Return every gate with its check; a pair of names that comes again gets a number after its id.

    So that two gates never write into one series, even where two checks have one name.
    """
    seen: Counter[tuple[str, str]] = Counter()
    pairs = []
    for check, gate in evidence.gates:
        seen[check.name, gate.id] += 1
        count = seen[check.name, gate.id]
        pairs.append((check, gate if count == 1 else gate.model_copy(update={"id": f"{gate.id}-{count}"})))
    return pairs


def slice_value(value: object) -> str:
    """Return the value that a slice is of as text; null reads as ``missing`` and is no string's text.

    So it is with ``other``, all values that were folded.
    """
    if value is None:
        return "\0missing"
    return "\0other" if isinstance(value, OtherRecord) else str(value)
