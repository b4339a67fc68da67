"""What the reports of all processes tell, put in the order in which the items were collected."""

from __future__ import annotations

import pytest

from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import LoggedRecord
from aiqa.pytest_driver.outcome import broken_file_outcome, lost_outcome
from aiqa.session import Session

_PHASES = ("setup", "call", "teardown")


class Collected:
    """The outcomes of a run so far; a rerun replaces what it runs again."""

    def __init__(self) -> None:
        self._outcomes: dict[str, tuple[int, Outcome]] = {}
        self._required: dict[str, tuple[int, list[Outcome]]] = {}
        self._logged: dict[str, list[LoggedRecord]] = {}

    def add(self, report: pytest.TestReport, session: Session) -> None:
        """Take what a report carries; one of a process that died is an error of its item."""
        told = vars(report)
        position = told.get("aiqa_position", 0)
        if report.when not in _PHASES and report.failed:
            self._outcomes[report.nodeid] = (position, lost_outcome(report, session))
        if "aiqa" in told:
            self._outcomes[report.nodeid] = (position, Outcome.model_validate(told["aiqa"]))
        if report.when == "teardown":
            required = [Outcome.model_validate(one) for one in told.get("aiqa_required", ())]
            self._required[report.nodeid] = (position, required)
            self._logged[report.nodeid] = [
                LoggedRecord.model_validate(one) for one in told.get("aiqa_logged", ())
            ]

    @property
    def logged(self) -> list[LoggedRecord]:
        """What plain tests recorded, in the order of their reports."""
        return [record for records in self._logged.values() for record in records]

    def add_broken_file(self, report: pytest.CollectReport, session: Session) -> None:
        """Take a file that could not be collected: what it claims was not looked at."""
        self._outcomes[report.nodeid] = (0, broken_file_outcome(report, session))

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes in the order of their items."""
        own = [(position, [outcome]) for position, outcome in self._outcomes.values()]
        told = sorted([*own, *self._required.values()], key=lambda pair: pair[0])
        return [outcome for _, outcomes in told for outcome in outcomes]
