"""The end of every run: outcomes become evidence, evidence is written, sinks read it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aiqa.evidence.environment import environment
from aiqa.evidence.ledger import count, ledger_file
from aiqa.evidence.outcome import Outcome, assemble
from aiqa.evidence.record import Evidence, HoldoutRecord, LoggedRecord
from aiqa.evidence.store import new_run_id, write
from aiqa.publish.sink import Delivery
from aiqa.session import Session


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is over: its evidence, the folder that holds it, what became of sending it."""

    evidence: Evidence
    folder: Path
    deliveries: tuple[Delivery, ...] = ()


def finish(
    outcomes: Sequence[Outcome],
    session: Session,
    *,
    started: dt.datetime,
    tier: str,
    command: Sequence[str],
    logged: Sequence[LoggedRecord] = (),
    publish: bool = True,
) -> Finished:
    """Write the evidence of a run, then publish it.

    Raises
    ------
    EvidenceError
        If it cannot be written. Sinks never raise: their troubles are in the deliveries.
    """
    out = session.root / session.config.out
    run_id = new_run_id(started)
    evidence = assemble(
        outcomes,
        run_id=run_id,
        started=started,
        project=session.config.project,
        tier=tier,
        environment=environment(session.root, session.config.seed, command),
        logged=logged,
        holdouts=_holdouts(outcomes, session, tier, run_id, started),
    )
    folder = write(evidence, out)
    return Finished(evidence, folder, _publish(evidence, folder, session, out) if publish else ())


def _holdouts(
    outcomes: Sequence[Outcome], session: Session, tier: str, run_id: str, started: dt.datetime
) -> tuple[HoldoutRecord, ...]:
    config = session.config
    confidence = cast("float | None", config.policy_of(tier).confidence)
    file = ledger_file(session.root, config)
    told = {"run_id": run_id, "started": started.isoformat(timespec="seconds")}
    return count(outcomes, file, config.holdout, confidence, **told)


def _publish(evidence: Evidence, folder: Path, session: Session, out: Path) -> tuple[Delivery, ...]:
    from aiqa.publish import Outbox, enabled_sinks, publish

    sinks = enabled_sinks(session.config, os.environ, session.root)
    return tuple(publish(evidence, folder, sinks, Outbox(out))) if sinks else ()
