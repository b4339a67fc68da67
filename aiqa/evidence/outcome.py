"""What becomes of one gate, on its way to the evidence: plain values that travel between processes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TypeVar

from aiqa.evidence.record import (
    CheckRecord,
    DatasetRecord,
    EnvironmentRecord,
    Evidence,
    GateRecord,
    HoldoutRecord,
    LoggedRecord,
    ModelRecord,
    Record,
    ScanRecord,
)
from aiqa.judge.run import run_verdict
from aiqa.verdict import Verdict

R = TypeVar("R")


class Outcome(Record):
    """One gate's record, with its check (empty of gates) and what it was decided on.

    Of gates that were decided together, the first has the scans.
    """

    check: CheckRecord
    gate: GateRecord
    datasets: tuple[DatasetRecord, ...] = ()
    models: tuple[ModelRecord, ...] = ()
    scans: tuple[ScanRecord, ...] = ()


def assemble(
    outcomes: Sequence[Outcome],
    *,
    run_id: str,
    started: dt.datetime,
    project: str,
    tier: str,
    environment: EnvironmentRecord,
    logged: Iterable[LoggedRecord] = (),
    holdouts: Sequence[HoldoutRecord] = (),
) -> Evidence:
    """Put the outcomes of a run together, each check once, in the order of their arrival."""
    gates = [(outcome.gate.verdict, outcome.gate.blocks) for outcome in outcomes]
    # What is decided on a worn-out holdout, if that is to block, the data cannot tell.
    gates += [(Verdict.INCONCLUSIVE, True) for holdout in holdouts if holdout.blocks]
    return Evidence(
        run_id=run_id,
        started=started.isoformat(timespec="milliseconds"),
        seconds=round((dt.datetime.now(dt.UTC) - started).total_seconds(), 3),
        project=project,
        tier=tier,
        verdict=run_verdict(gates),
        environment=environment,
        datasets=_once(record for outcome in outcomes for record in outcome.datasets),
        models=_once(record for outcome in outcomes for record in outcome.models),
        checks=_checks(outcomes),
        logged=tuple(logged),
        scans=tuple(scan for outcome in outcomes for scan in outcome.scans),
        holdouts=tuple(holdouts),
    )


def _checks(outcomes: Sequence[Outcome]) -> tuple[CheckRecord, ...]:
    gates: dict[CheckRecord, list[GateRecord]] = {}
    for outcome in outcomes:
        gates.setdefault(outcome.check, []).append(outcome.gate)
    return tuple(check.model_copy(update={"gates": tuple(held)}) for check, held in gates.items())


def _once(records: Iterable[R]) -> tuple[R, ...]:
    found: list[R] = []
    for record in records:
        if record not in found:
            found.append(record)
    return tuple(found)
