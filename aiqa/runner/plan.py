"""``aiqa plan``: the gates of a project, planned one by one; data are opened only if that is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiqa.config import Config
from aiqa.declare.check import Check, gates_of, is_free_form
from aiqa.declare.gate import Gate, Policy
from aiqa.declare.metric import Metric
from aiqa.declare.source import Dataset
from aiqa.errors import AiqaError
from aiqa.evidence.record import EstimateRecord
from aiqa.judge.family import name_of
from aiqa.judge.plan import Assumptions, Have, Plan, needs_the_model, plan
from aiqa.runner.discover import Found, discover
from aiqa.session import Case, Session
from aiqa.stats.inference import Estimate


@dataclass(frozen=True, slots=True)
class PlannedGate:
    """A gate with its plan, or with what kept it from being planned."""

    check: str
    gate_id: str
    gate: Gate
    policy: Policy
    plan: Plan

    def to_json(self, power: float) -> dict[str, Any]:
        """Return plain JSON values."""
        told = {"check": self.check, "gate": self.gate_id, "claim": repr(self.gate), "power": power}
        return {**told, **dataclasses.asdict(self.plan), "enough": self.plan.enough}


def plan_project(
    paths: Sequence[Path],
    assumed: Assumptions,
    *,
    root: Path,
    config: Config,
    tier: str | None = None,
    data: bool = False,
    models: Sequence[str] = (),
) -> list[PlannedGate]:
    """Plan the gates of the checks in `paths` (default: the configured ones).

    Parameters
    ----------
    paths : sequence of Path
    assumed : Assumptions
    root, config
        Of the project.
    tier : str, optional
        Plan the checks of this tier and cheaper ones. Default: the configured one.
    data : bool, default False
        Open the data sets, count rows, and ask the models where only they can tell.
    models : sequence of str
        ``[NAME=]MODEL`` in place of the declared ones.

    Raises
    ------
    ConfigError, DeclarationError
        If a path or a setting is wrong, or a check file cannot be imported.
    """
    with closing(Session(root, config.model_copy(update={"cache": 0.0}), models=models)) as session:
        cases = cases_in(paths, session, tier)
        present = _present(cases, assumed, session) if data else {}
        return [_planned(case, assumed, session, present.get(at), data) for at, case in enumerate(cases)]


def cases_in(paths: Sequence[Path], session: Session, tier: str | None) -> list[Case]:
    """Return the gates of the checks in `paths`, with the session's models."""
    config = session.config
    found = discover(paths, config, session.root, tier or config.tier)
    session.refuse_unknown_models([item.check for item in found])
    return [case for item in found for case in _cases_of(item, session)]


def _cases_of(item: Found, session: Session) -> Iterator[Case]:
    """Yield the gates of a check; a free-form one has none before it runs."""
    if is_free_form(item.function):
        return
    for gate_id, gate in gates_of(item.function, item.arguments).items():
        yield Case(session.check(item.check), item.prefix + gate_id, gate)


def _present(cases: Sequence[Case], assumed: Assumptions, session: Session) -> Mapping[int, Estimate]:
    """Ask the models about the gates that cannot be planned without them, all in one go."""
    asked = [index for index, case in enumerate(cases) if needs_the_model(case.gate, assumed)]
    outcomes = session.decide([cases[index] for index in asked])
    records = {index: outcome.gate.estimate for index, outcome in zip(asked, outcomes, strict=True)}
    return {index: _estimate(record) for index, record in records.items() if record is not None}


def _estimate(record: EstimateRecord) -> Estimate:
    low = float("-inf") if record.low is None else record.low
    high = float("inf") if record.high is None else record.high
    return Estimate(record.value, low, high, record.n, record.method, record.confidence, "each-side")


def _planned(
    case: Case, assumed: Assumptions, session: Session, present: Estimate | None, data: bool
) -> PlannedGate:
    policy = session.policy(case.check, case.gate)
    cluster = case.check.dataset.cluster if case.check.dataset else None
    told: dict[str, Any] = {"present": present, "cluster": cluster}
    try:
        told["have"] = _have(case.check, case.gate, session) if data else None
        found = plan(case.gate, policy, assumed, **told)
    except AiqaError as error:
        found = Plan(notes=(f"the data cannot be counted: {error}",))
    return PlannedGate(case.check.name, case.gate_id, case.gate, policy, found)


def _have(check: Check, gate: Gate, session: Session) -> Have | None:
    """Count the rows that a gate is decided on: of its smallest slice, where it has some."""
    if check.dataset is None or not isinstance(gate.claim, Metric) or gate.claim.search is not None:
        return None
    parts = _counted(check.dataset, gate.claim, session)
    label = _label(check, gate.claim, {value for counts in parts.values() for value in counts})
    have = [_have_part(counts, label, name_of(key) if key else "") for key, counts in parts.items()]
    smallest = min(have, key=lambda one: (one.rows if one.positives is None else one.positives, one.rows))
    sliced = len(have) if gate.claim.slices else 0
    return Have(smallest.rows, smallest.positives, smallest.slice, sliced)


def _counted(dataset: Dataset, metric: Metric, session: Session) -> Mapping[Any, Mapping[Any, int]]:
    """Return in each slice how many rows there are of each label (of None, where there is no label)."""
    from aiqa.metrics.question import slicer
    from aiqa.scan.expr import col
    from aiqa.scan.statistics import Counts, Request

    table = session.subjects.table(dataset)
    if not isinstance(dataset.label, str):
        return {(): {None: table.rows}}
    request = Request(Counts((col(dataset.label),)), tuple(map(slicer, metric.slices)))
    found = table.answers((request,))[request]
    return {key: {label: count.n for (label,), count in state.items()} for key, state in found.items()}


def _have_part(counts: Mapping[Any, int], label: Any, name: str) -> Have:
    rows = sum(counts.values())
    return Have(rows, None if label is None else counts.get(label, 0), name)


def _label(check: Check, metric: Metric, found: Iterable[Any]) -> Any:
    """Return the label that counts as positive: as said, or the larger of two."""
    if check.model is None or check.model.task == "regression":
        return None
    asked = metric.options.as_dict().get("label")
    if asked is not None:
        return asked
    if check.model.positive is not None:
        return check.model.positive
    labels = [value for value in found if value is not None]
    return max(labels) if check.model.task == "binary" and 0 < len(labels) <= 2 else None
