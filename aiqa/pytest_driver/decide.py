"""Which outcome belongs to an item: decided in batches, once for all workers of xdist."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from aiqa.declare.check import Check, refuse_doubles, refuse_idle
from aiqa.declare.source import Dataset
from aiqa.errors import AiqaError
from aiqa.evidence.outcome import Outcome
from aiqa.pytest_driver import collect
from aiqa.pytest_driver.shared import SharedOutcomes
from aiqa.session import Case, Session


class Decider:
    """Decides the selected gates of a data set together when the first of them runs."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._session = session
        self._outcomes: dict[str, Outcome] = {}
        self._positions: dict[str, int] = {}
        self._batches: dict[Dataset | None, list[Case]] = {}
        self._shared = SharedOutcomes.of(config, Path(session.root, session.config.out))
        self._is_worker = hasattr(config, "workerinput")
        self._refused: AiqaError | None = None

    def see(self, items: Sequence[pytest.Item]) -> None:
        """Take note of all items of this run; refuse what is declared wrongly.

        Raises
        ------
        pytest.UsageError
            If a model is replaced that no check has. In a worker, which cannot refuse the run, that is
            the error of every item.
        """
        checks = [check for item in items if (check := collect.item_check(item)) is not None]
        try:
            self._session.refuse_unknown_models(checks)
        except AiqaError as error:
            if not self._is_worker:
                raise pytest.UsageError(str(error)) from None
            self._refused = error
        self._positions = {item.nodeid: position for position, item in enumerate(items)}
        homes: dict[str, str] = {}
        for item in items:
            check = collect.item_check(item)
            if check is not None and isinstance(item, pytest.Function):
                self._plan(item, check, homes)

    def position(self, item: pytest.Item) -> int:
        """Return where an item stands in this run."""
        return self._positions.get(item.nodeid, 0)

    def outcome(self, item: pytest.Function) -> Outcome | None:
        """Return the outcome of an item's gate, deciding its whole batch if it is the first.

        None for a free-form check, which is to run.
        """
        check = collect.item_check(item)
        if check is None or (collect.item_gate_id(item) is None and item.nodeid not in self._outcomes):
            return None
        if item.nodeid not in self._outcomes:
            batch = self._batches[check.dataset]
            self._outcomes |= self._shared.once(batch[0].node or "", lambda: self._decide(batch))
        return self._outcomes[item.nodeid]

    def close(self) -> None:
        """Remove what the workers shared."""
        self._shared.remove()

    def _plan(self, item: pytest.Function, check: Check, homes: dict[str, str]) -> None:
        record_id = collect.record_id(item)
        try:
            if self._refused is not None:
                raise self._refused
            refuse_doubles(check, item.function, homes)
            refuse_idle(check, item.function)
            if collect.item_gate_id(item) is not None:
                case = Case(check, record_id, collect.item_gate(item), item.nodeid)
                self._batches.setdefault(check.dataset, []).append(case)
        except AiqaError as error:
            self._outcomes[item.nodeid] = self._session.broken(check, record_id, error, node=item.nodeid)

    def _decide(self, batch: Sequence[Case]) -> dict[str, Outcome]:
        return {str(outcome.gate.node): outcome for outcome in self._session.decide(batch)}
