"""Outcomes on items and reports: what pytest shows of a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from aiqa.declare.check import Check
from aiqa.declare.gate import Gate
from aiqa.errors import AiqaError
from aiqa.evidence.build import free_form_record
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import LoggedRecord
from aiqa.pytest_driver import collect
from aiqa.runner.free_form import conclude
from aiqa.session import Session
from aiqa.verdict import Verdict

OUTCOME = pytest.StashKey[Outcome]()
LOGGED = pytest.StashKey[list[LoggedRecord]]()
REQUIRED = pytest.StashKey[list[Outcome]]()


def attach(item: pytest.Function, outcome: Outcome) -> None:
    """Give an item its outcome: as properties for JUnit, and as pytest's own outcome."""
    item.stash[OUTCOME] = outcome
    item.user_properties += properties(outcome)
    gate = outcome.gate
    if gate.verdict is Verdict.SKIPPED:
        pytest.skip(gate.reason)
    if gate.blocks:
        from aiqa.publish.terminal import failure_text

        pytest.fail(failure_text(outcome.check, gate), pytrace=False)


def properties(outcome: Outcome) -> list[tuple[str, object]]:
    """Return what JUnit shows of an outcome."""
    gate, estimate = outcome.gate, outcome.gate.estimate
    told: dict[str, object] = {
        "aiqa.verdict": str(gate.verdict),
        "aiqa.owner": outcome.check.owner,
        "aiqa.threshold": gate.threshold,
        "aiqa.reason": gate.reason,
    }
    if estimate is not None:
        told |= {"aiqa.value": estimate.value, "aiqa.low": estimate.low, "aiqa.high": estimate.high}
        told |= {"aiqa.n": estimate.n, "aiqa.method": estimate.method}
    return [(name, value) for name, value in told.items() if value is not None]


def free_form_outcome(item: pytest.Item, call: pytest.CallInfo[None], session: Session) -> Outcome | None:
    """Return the outcome of a check that asserts, once it is known; None for what is no check."""
    check = collect.item_check(item)
    if check is None or not isinstance(item, pytest.Function):
        return None
    check = session.check(check)
    verdict, reason = _concluded(call)
    record = free_form_record(
        collect.record_id(item),
        session.policy(check),
        verdict,
        reason,
        node=item.nodeid,
        seconds=call.duration,
        error=call.excinfo.value if call.excinfo else None,
        gate=_declared(item),
    )
    return session.outcome(check, record)


def _declared(item: pytest.Function) -> Gate | None:
    """Return the gate of an item that a mark or a fixture kept from being decided."""
    if collect.item_gate_id(item) in (None, collect.UNDECLARED):
        return None
    try:
        return collect.item_gate(item)
    except AiqaError:
        return None


def log(item: pytest.Item, name: str, value: float) -> None:
    """Keep a number that a plain test recorded."""
    item.stash.setdefault(LOGGED, []).append(LoggedRecord(node=item.nodeid, name=name, value=value))


def keep_required(item: pytest.Item, outcome: Outcome) -> None:
    """Keep the outcome of a gate that a plain test required."""
    item.stash.setdefault(REQUIRED, []).append(outcome)


def lost_outcome(report: pytest.TestReport, session: Session) -> Outcome:
    """Return the outcome of an item whose process died before it could say anything."""
    file, _, name = report.nodeid.partition("::")
    name, _, gate_id = name.partition("[")
    check = Check(name, file=file)
    died = AiqaError(f"the process that ran it died: {str(report.longrepr)[:200]}")
    return session.broken(check, gate_id.rstrip("]") or name, died, node=report.nodeid)


def broken_file_outcome(report: pytest.CollectReport, session: Session) -> Outcome:
    """Return the outcome of a file that could not be collected."""
    error = AiqaError(f"{report.nodeid} could not be collected; pytest's output says why")
    return session.broken(Check(report.nodeid, file=report.nodeid), "collection", error, node=report.nodeid)


def told_by(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, session: Session
) -> dict[str, Any]:
    """Return what a report is to carry of an item, in values that travel between processes."""
    told: dict[str, Any] = {}
    if report.when == "call" or report.outcome != "passed":
        outcome = item.stash.get(OUTCOME, None) or free_form_outcome(item, call, session)
        told |= {"aiqa": _as_reported(outcome, report).model_dump(mode="json")} if outcome else {}
    if report.when == "teardown":
        # Taken away, as the item may run again.
        required, logged = item.stash.get(REQUIRED, []), item.stash.get(LOGGED, [])
        item.stash[REQUIRED], item.stash[LOGGED] = [], []
        told |= {"aiqa_required": [one.model_dump(mode="json") for one in required]} if required else {}
        told |= {"aiqa_logged": [one.model_dump(mode="json") for one in logged]} if logged else {}
    return told


def _as_reported(outcome: Outcome, report: pytest.TestReport) -> Outcome:
    """Let pytest and the policy agree: xfail blocks nothing, nor does a check that only warns."""
    if hasattr(report, "wasxfail"):
        gate = outcome.gate.model_copy(update={"blocks": False})
        return outcome.model_copy(update={"gate": gate})
    warns = outcome.gate.verdict is Verdict.FAIL and not outcome.gate.blocks
    if report.when == "call" and report.failed and warns:
        report.outcome = "passed"
    return outcome


def teststatus(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """Return the category, letter and word of a verdict that pytest has no outcome for."""
    told = getattr(report, "aiqa", None)
    if told is None or hasattr(report, "wasxfail") or report.when == "teardown":
        return None
    verdict, blocks = told["gate"]["verdict"], told["gate"]["blocks"]
    colour = {"red": True} if blocks else {"yellow": True}
    if verdict == Verdict.INCONCLUSIVE:
        return "inconclusive", "?", ("INCONCLUSIVE", colour)
    if verdict == Verdict.FAIL and not blocks:
        return "warned", "w", ("WARNED", colour)
    if verdict == Verdict.ERROR and report.when == "call":
        return "error", "E", ("ERROR", colour)
    return None


def _concluded(call: pytest.CallInfo[None]) -> tuple[Verdict, str]:
    verdict, reason = conclude(call.excinfo.value if call.excinfo else None)
    # A fixture that asserts is broken: what the check claims was not looked at.
    return (Verdict.ERROR if verdict is Verdict.FAIL and call.when != "call" else verdict), reason
