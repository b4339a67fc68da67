"""What a metric asks of its data and its model, and how the answers become a judgement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from aiqa.declare.gate import Gate, Policy
from aiqa.declare.metric import Metric, column_of
from aiqa.declare.source import Dataset, Model, declared_dataset
from aiqa.errors import DataError, DeclarationError, MetricError, nearest
from aiqa.judge.family import SliceKey
from aiqa.judge.values import Judged, judge_values
from aiqa.session.job import Both, Case, Job, Reference, model_of
from aiqa.session.past import judge_value
from aiqa.session.subjects import Subjects

if TYPE_CHECKING:
    from aiqa.metrics.table import ScoredTable
    from aiqa.scan.source import Table
    from aiqa.scan.statistics import Answers, Request
    from aiqa.scan.timing import Measured


def metric_job(
    case: Case,
    model: Model,
    dataset: Dataset,
    policy: Policy,
    subjects: Subjects,
    versus: bool,
    named: frozenset[str] | None,
    seed: int,
) -> Job:
    """Return what deciding a metric of a scored table takes."""
    from aiqa.metrics import catalogue

    gate, metric = case.gate, cast("Metric", case.gate.claim)
    _require_columns(map(column_of, metric.slices), dataset, subjects)
    versus = versus and _has_champion(gate, model, dataset, subjects, named)
    table = subjects.scored(dataset, model, versus=versus, named=named)
    if metric.search is not None:
        return Job(None, (), lambda _: _search(gate, table, dataset, policy, seed))
    asked = catalogue.requests(metric, table, versus_champion=gate.compares)

    def conclude(answers: Answers) -> Judged:
        if gate.compares:
            return _judge_comparison(gate, catalogue.compare(metric, table, answers, seed), policy)
        return judge_value(case, catalogue.infer(metric, table, answers, seed), policy, subjects)

    return Job(table.scanned, tuple(asked), conclude)


def _search(gate: Gate, table: ScoredTable, dataset: Dataset, policy: Policy, seed: int) -> Judged:
    """Search for weak slices, in a scan of its own: the halves and the edges of numbers come first."""
    from aiqa.metrics.weak import belonging_of, in_halves
    from aiqa.session.weak import search

    metric = cast("Metric", gate.claim)
    belonging = belonging_of(dataset, table)
    halves = in_halves(metric, table, belonging, seed, versus_champion=gate.compares)
    return search(halves, gate.requirement, policy).judged


def resource_job(case: Case, dataset: Dataset | None, policy: Policy, subjects: Subjects, seed: int) -> Job:
    """Measure the model itself, once all gates have said whether the champion is to take turns with it."""
    from aiqa.metrics import resources

    gate, metric, model = case.gate, cast("Metric", case.gate.claim), model_of(case)
    if dataset is not None and dataset.weight is not None:
        raise DeclarationError(
            f"{metric.name} is of calls, which weigh alike, and dataset {dataset.name!r} has weight="
            f"{dataset.weight!r}: declare the same rows without weight= for it"
        )
    asked = dataset, model, resources.shape_of(metric)
    if gate.compares:
        subjects.compared.add(asked)

    def measured() -> Measured:
        if asked in subjects.compared:
            try:
                return subjects.measured(*asked, seed, versus=True)
            except Exception:
                if gate.compares:
                    raise
        return subjects.measured(*asked, seed, versus=False)

    def conclude(_: Answers) -> Judged:
        found = measured()
        if gate.compares:
            judged = _judge_comparison(gate, {(): resources.compare(metric, found)}, policy)
        else:
            judged = judge_value(case, {(): resources.infer(metric, found)}, policy, subjects)
        reason = f"{resources.subject(metric, found)}: {judged.judgement.reason}"
        return replace(judged, judgement=replace(judged.judgement, reason=reason))

    return Job(None, (), conclude)


def _require_columns(names: Iterable[str], dataset: Dataset, subjects: Subjects) -> None:
    columns = subjects.table(dataset).columns
    for name in names:
        if name not in columns:
            raise DataError(
                f"dataset {dataset.name!r} has no column {name!r}{nearest(name, columns)}", column=name
            )


def _has_champion(
    gate: Gate, model: Model, dataset: Dataset, subjects: Subjects, named: frozenset[str] | None
) -> bool:
    """Tell whether the champion answers; a gate that needs it gets the error, the others go on without."""
    try:
        subjects.scored(dataset, model, versus=True, named=named)
    except Exception:
        if gate.needs_champion:
            raise
        return False
    return True


def drift_job(case: Case, dataset: Dataset, policy: Policy, subjects: Subjects, seed: int) -> Job:
    """Return what holding a column against a reference takes."""
    from aiqa.metrics import drift

    metric = cast("Metric", case.gate.claim)
    options = metric.options.as_dict()
    if not {"column", "reference"} <= set(options):
        raise DeclarationError(
            f"{metric.name} compares a column with a reference: metric.{metric.name}('amount', reference=...)"
        )
    named = options["reference"]
    reference = named if isinstance(named, Dataset) else declared_dataset(str(named))
    _require_columns((*map(column_of, metric.slices), options["column"]), dataset, subjects)
    if metric.slices:
        return _sliced_drift_job(case, dataset, reference, policy, subjects, seed)
    table, other = subjects.table(dataset), subjects.table(reference)
    types = table.columns[options["column"]], other.columns.get(options["column"])
    asked = drift.asked(metric, types[0], types[1] or types[0])
    _refuse_fetching(metric, asked.then({}), (table, other), subjects)

    def conclude(answers: Both) -> Judged:
        return judge_value(case, asked.infer(*answers, seed), policy, subjects)

    before = Reference(other.scanned, asked.first, asked.then)
    return Job(subjects.widest_frame(dataset), asked.then({}), conclude, reference=before)


def _refuse_fetching(
    metric: Metric, asked: Iterable[Request], tables: Iterable[Table], subjects: Subjects
) -> None:
    from aiqa.metrics.catalogue import refuse_fetching

    for table in tables:
        if table.on_spark:
            what = f"{metric!r} of dataset {table.dataset.name!r}"
            refuse_fetching(asked, table.rows, subjects.fetch_rows, what)


def _sliced_drift_job(
    case: Case, dataset: Dataset, reference: Dataset, policy: Policy, subjects: Subjects, seed: int
) -> Job:
    from aiqa.metrics import drift
    from aiqa.scan.plan import filled, needs

    metric = cast("Metric", case.gate.claim)
    (asked,) = drift.requests(metric)
    _refuse_fetching(metric, (asked,), map(subjects.table, (dataset, reference)), subjects)

    def conclude(answers: Answers) -> Judged:
        # The reference is folded as the data set is, so it is scanned afterwards.
        same = filled(asked, answers)
        expected = {asked: subjects.table(reference).answers((same,))[same]}
        return judge_value(case, drift.infer(metric, answers, expected, seed), policy, subjects)

    return Job(subjects.widest_frame(dataset), (asked, *needs(asked)), conclude)


def _judge_comparison(gate: Gate, found: dict[SliceKey, Any], policy: Policy) -> Judged:
    gains = {key: value if isinstance(value, MetricError) else value.gain for key, value in found.items()}
    judged = judge_values(gate.requirement, gains, policy)
    if set(found) != {()}:
        return judged
    whole = found[()]
    # The p-value is that of one look.
    p_value = None if policy.anytime else whole.p_value
    return Judged(judged.judgement, challenger=whole.challenger, champion=whole.champion, p_value=p_value)
