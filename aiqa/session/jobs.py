"""What a gate asks of its data, and how the answers become a judgement."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import SUFFIX, AsUsual, Gate, Policy
from aiqa.declare.metric import OF_DATA, OF_RESOURCES, Metric, column_of
from aiqa.declare.parameters import resolved
from aiqa.declare.source import Dataset, GxBatch, Model, declared_dataset
from aiqa.declare.values import Declaration
from aiqa.errors import AiqaError, DataError, DeclarationError, MetricError, nearest
from aiqa.evidence.history import Asked, usable
from aiqa.gx.declare import CHECKPOINT
from aiqa.judge.family import SliceKey
from aiqa.judge.results import judge_result, observed
from aiqa.judge.usual import decide_usual, unknown_past, usual_of
from aiqa.judge.values import Judged, judge_values
from aiqa.session.subjects import Subjects
from aiqa.stats.inference import Inference, exact

if TYPE_CHECKING:
    from aiqa.metrics.table import ScoredTable
    from aiqa.scan.source import Table
    from aiqa.scan.statistics import Answers, Request
    from aiqa.scan.timing import Measured
    from aiqa.scan.work import Watch


@dataclass(frozen=True, slots=True)
class Case:
    """One gate to decide: of which check, under which id, and what the driver calls it."""

    check: Check
    gate_id: str
    gate: Gate
    node: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Statistics of one table, and what to make of them."""

    frame: Any
    requests: tuple[Request, ...]
    conclude: Callable[[Any], Judged]
    gx: GxAsk | None = None
    reference: Reference | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Another table, which is asked `first`; what it answers says what to ask `then`, of both tables.

    The job's own requests are those that are known before.
    """

    frame: Any
    first: tuple[Request, ...]
    then: Callable[[Answers], tuple[Request, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class GxAsk:
    """What Great Expectations decides itself: `run` decides all that have the same `where` together."""

    expectation: Expectation
    where: Hashable
    run: Callable[[list[Expectation]], list[Any]]


def job_of(
    case: Case,
    policy: Policy,
    subjects: Subjects,
    *,
    versus: bool,
    seed: int,
    named: frozenset[str] | None = None,
) -> Job:
    """Return what deciding a gate takes.

    Parameters
    ----------
    case : Case
    policy : Policy
        What holds for it.
    subjects : Subjects
    versus : bool
        Whether a gate of the same batch compares with the champion, so that all share one scored table.
    seed : int
        Of every bootstrap.
    named : frozenset of str, optional
        What :func:`names_in` gives of the batch.

    Raises
    ------
    AiqaError
        If the check lacks a model or a data set, or these cannot be used.
    """
    gate = case.gate
    if isinstance(gate.claim, Expectation):
        job = _expectation_job(gate.claim, case, subjects)
        usual = isinstance(gate.requirement, AsUsual)
        return _against_past(job, case, policy, subjects) if usual else job
    name = cast("Metric", gate.claim).name
    if name == "model_size":
        return _resource_job(case, None, policy, subjects, seed)
    dataset = _dataset(case)
    if name in OF_RESOURCES:
        return _resource_job(case, dataset, policy, subjects, seed)
    if name in OF_DATA:
        return _drift_job(case, dataset, policy, subjects, seed)
    return _metric_job(case, _model(case), dataset, policy, subjects, versus, named, seed)


def names_in(cases: Iterable[Case]) -> frozenset[str] | None:
    """Return all texts in the metrics of gates, among which are the columns that they read; None: maybe any.

    A function may take a frame, with whatever columns it likes.
    """
    metrics = [case.gate.claim for case in cases if isinstance(case.gate.claim, Metric)]
    if any(metric.name == "function" for metric in metrics):
        return None
    return frozenset(text for metric in metrics for text in _texts(metric.to_json()))


def _texts(told: Any) -> Iterable[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping):
        yield from _texts([*told, *told.values()])
    elif isinstance(told, list | tuple):
        for part in told:
            yield from _texts(part)


def answer(jobs: Sequence[Job], watch: Watch) -> dict[int, Any]:
    """Take the statistics of all jobs, in one scan a table, and return them (or the error) by ``id(job)``.

    For those that Great Expectations decides, its result.
    """
    from aiqa.scan.together import answers_of

    found: dict[int, Any] = {id(job): {} for job in jobs if not job.requests}
    asked, expected = _asked_after_references(jobs)
    for group in _grouped(jobs, lambda job: id(job.frame) if asked.get(id(job)) else None):
        answers = answers_of(group[0].frame, [asked[id(job)] for job in group], watch)
        found |= zip(map(id, group), answers, strict=True)
    for job, of_reference in expected.items():
        found[job] = _both(asked[job], found.get(job), of_reference)
    for group in _grouped(jobs, lambda job: job.gx.where if job.gx else None):
        found |= zip(map(id, group), _by_gx([job.gx for job in group if job.gx]), strict=True)
    return found


def _asked_after_references(jobs: Sequence[Job]) -> tuple[dict[int, tuple[Request, ...]], dict[int, Any]]:
    """Return what each job asks, and the answers of references, each of which is scanned for all jobs."""
    from aiqa.scan.together import answers_of

    asked = {id(job): job.requests for job in jobs}
    expected: dict[int, Any] = {}
    for group in _grouped(jobs, lambda job: id(job.reference.frame) if job.reference else None):
        references = [cast("Reference", job.reference) for job in group]
        firsts = answers_of(references[0].frame, [reference.first for reference in references])
        for job, reference, first in zip(group, references, firsts, strict=True):
            asked[id(job)] = () if isinstance(first, Exception) else reference.then(first)
        answers = answers_of(references[0].frame, [asked[id(job)] for job in group])
        for job, first, second in zip(group, firsts, answers, strict=True):
            expected[id(job)] = first if isinstance(first, Exception) else second
    return asked, expected


class Both(NamedTuple):
    """What was asked of a table and of its reference, and what each answered."""

    requests: tuple[Request, ...]
    own: Answers
    reference: Answers


def _both(requests: tuple[Request, ...], own: Any, of_reference: Any) -> Both | Exception:
    for answers in (of_reference, own):
        if isinstance(answers, Exception):
            return answers
    return Both(requests, own, of_reference)


def _grouped(jobs: Sequence[Job], key: Callable[[Job], Hashable]) -> Iterable[list[Job]]:
    """Group jobs by their key, without those that have none."""
    groups: dict[Hashable, list[Job]] = {}
    for job in jobs:
        if key(job) is not None:
            groups.setdefault(key(job), []).append(job)
    return groups.values()


def _by_gx(asked: Sequence[GxAsk]) -> list[Any]:
    try:
        return list(asked[0].run([one.expectation for one in asked]))
    except Exception as error:  # noqa: BLE001 - custom expectations run here; the error is theirs
        return [error] * len(asked)


def judge(job: Job | Exception, answers: Any) -> Judged | Exception:
    """Return what a job came to; an error stays the gate's own."""
    if isinstance(job, Exception):
        return job
    if answers is None or isinstance(answers, Exception):
        return answers or MetricError("the scan gave no answer")
    try:
        return job.conclude(answers)
    except Exception as error:  # noqa: BLE001 - metrics of users run here; the error is this gate's verdict
        return error


def _dataset(case: Case) -> Dataset:
    if case.check.dataset is None:
        raise DeclarationError(
            f"{case.check.name} gates on {case.gate.claim}, but is about no dataset: @aiqa.check(dataset)"
        )
    return case.check.dataset


def _model(case: Case) -> Model:
    if case.check.model is None:
        raise DeclarationError(
            f"{case.check.name} gates on {case.gate.claim}, but is about no model: @aiqa.check(model, ...)"
        )
    return case.check.model


def _expectation_job(expectation: Expectation, case: Case, subjects: Subjects) -> Job:
    if expectation.type == CHECKPOINT:
        return _checkpoint_job(expectation, subjects)
    dataset = _dataset(case)
    ready = resolved(expectation, subjects.parameters)
    if isinstance(dataset.source, GxBatch) or ready.native:
        return _gx_job(ready, dataset, subjects)
    return _scan_job(ready, dataset, subjects)


def _scan_job(ready: Expectation, dataset: Dataset, subjects: Subjects) -> Job:
    from aiqa.expectations.catalogue import claim, outcome
    from aiqa.expectations.kind import ResultFormat, Untyped

    table = subjects.table(dataset)
    personal, shown = _privacy(ready, dataset, subjects)
    try:
        asked = claim(
            ready,
            table.columns,
            ResultFormat(keys=_keys(dataset), without_values=not shown),
            pandas=table.pandas,
            tables=subjects.tables,
            slices=tuple(name for name in dataset.slices if name not in dataset.pii),
        )
    except Untyped:
        return _gx_job(ready, dataset, subjects)

    def conclude(answers: Answers) -> Judged:
        return _judged(ready, outcome(ready, *asked.conclude(answers)), shown=shown, personal=personal)

    return Job(subjects.widest_frame(dataset), asked.requests, conclude)


def _gx_job(expectation: Expectation, dataset: Dataset, subjects: Subjects) -> Job:
    """Let Great Expectations decide, on a batch of its own or on the frame as the user gave it."""

    def run(expectations: list[Expectation]) -> list[Any]:
        from aiqa.expectations.kind import ResultFormat
        from aiqa.gx.native import results_in, results_of

        summary = ResultFormat(keys=_keys(dataset)).to_gx()
        if isinstance(dataset.source, GxBatch):
            return results_in(dataset.source, subjects.root, expectations, summary)
        return results_of(subjects.table(dataset).opened.given, expectations, summary)

    ask = GxAsk(expectation, dataset, run)
    personal, shown = _privacy(expectation, dataset, subjects)
    return Job(None, (), lambda found: _judged(expectation, found, shown=shown, personal=personal), ask)


def _keys(dataset: Dataset) -> tuple[str, ...]:
    return tuple(key for key in dataset.keys if key not in dataset.pii)


def _privacy(expectation: Expectation, dataset: Dataset, subjects: Subjects) -> tuple[bool, bool]:
    """Tell whether it looks at personal data, and whether values may be shown.

    Of a custom expectation nobody knows at which columns it looks, unless it names one as others do.
    """
    personal = not set(expectation.columns).isdisjoint(dataset.pii)
    unknown = bool(expectation.native and dataset.pii and not expectation.columns)
    return personal, subjects.show_values and not (personal or unknown)


def _checkpoint_job(expectation: Expectation, subjects: Subjects) -> Job:
    def run(_: list[Expectation]) -> list[Any]:
        from aiqa.gx.native import run_checkpoint

        kwargs = expectation.kwargs.as_dict()
        return [run_checkpoint(kwargs["name"], subjects.root / kwargs["context"], subjects.parameters)]

    return Job(None, (), lambda found: _judged(expectation, found), GxAsk(expectation, expectation, run))


def _judged(
    expectation: Expectation, found: dict[str, Any], *, shown: bool = False, personal: bool = False
) -> Judged:
    from aiqa.expectations.catalogue import without_values
    from aiqa.expectations.report import plain

    if found["exception_info"]["raised_exception"]:
        message = "its message may hold values of rows: aiqa.validate(..., engine='gx') shows it"
        told = str(found["exception_info"]["exception_message"]) if shown else message
        raise DataError(f"Great Expectations could not decide it: {told}")
    told = plain(found if shown else without_values(found, personal=personal))
    return Judged(judge_result(told, expectation.kwargs.as_dict().get("mostly", 1.0)), result=told)


def _against_past(job: Job, case: Case, policy: Policy, subjects: Subjects) -> Job:
    """Hold what an expectation observes against earlier runs, whether it holds or not."""

    def conclude(answers: Any) -> Judged:
        judged = job.conclude(answers)
        result = (judged.result or {}).get("result", {})
        value = observed(result)
        if value is None:
            raise DeclarationError(f"{case.gate.claim} observes no number that could be as usual")
        found = exact(value, int(result.get("element_count") or 0))
        unit = "" if "observed_value" in result else " %"
        return replace(_judge_usual(case, found, policy, subjects, unit), result=judged.result)

    return replace(job, conclude=conclude)


def _judge_usual(case: Case, found: Inference, policy: Policy, subjects: Subjects, unit: str = "") -> Judged:
    requirement = cast("AsUsual", case.gate.requirement)
    check, claim = case.check, case.gate.claim
    asked = Asked(
        check.name,
        (case.gate_id, case.gate_id.removesuffix(SUFFIX[AsUsual])),
        cast("Declaration", claim).to_json(),
        None if check.model is None else check.model.name,
        None if check.dataset is None else check.dataset.name,
    )
    confidence = cast("float | None", policy.confidence)
    try:
        past = usable(subjects.history.past(asked), subjects.subject(check), requirement, subjects.branch)
    except AiqaError as error:
        return Judged(unknown_past(found, confidence, str(error)))
    usual = usual_of(past, requirement)
    return Judged(decide_usual(found, usual, len(past), requirement, confidence, unit), usual=usual)


def _judge_value(
    case: Case, found: Mapping[SliceKey, Inference | MetricError], policy: Policy, subjects: Subjects
) -> Judged:
    if not isinstance(case.gate.requirement, AsUsual):
        return judge_values(case.gate.requirement, found, policy)
    whole = found[()]
    if isinstance(whole, MetricError):
        raise whole
    return _judge_usual(case, whole, policy, subjects, f" {whole.unit}".rstrip())


def _metric_job(
    case: Case,
    model: Model,
    dataset: Dataset,
    policy: Policy,
    subjects: Subjects,
    versus: bool,
    named: frozenset[str] | None,
    seed: int,
) -> Job:
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
        return _judge_value(case, catalogue.infer(metric, table, answers, seed), policy, subjects)

    return Job(table.scanned, tuple(asked), conclude)


def _search(gate: Gate, table: ScoredTable, dataset: Dataset, policy: Policy, seed: int) -> Judged:
    """Search for weak slices, in a scan of its own: the halves and the edges of numbers come first."""
    from aiqa.metrics.weak import belonging_of, in_halves
    from aiqa.session.weak import search

    metric = cast("Metric", gate.claim)
    belonging = belonging_of(dataset, table)
    halves = in_halves(metric, table, belonging, seed, versus_champion=gate.compares)
    return search(halves, gate.requirement, policy).judged


def _resource_job(case: Case, dataset: Dataset | None, policy: Policy, subjects: Subjects, seed: int) -> Job:
    """Measure the model itself, once all gates have said whether the champion is to take turns with it."""
    from aiqa.metrics import resources

    gate, metric, model = case.gate, cast("Metric", case.gate.claim), _model(case)
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
            judged = _judge_value(case, {(): resources.infer(metric, found)}, policy, subjects)
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


def _drift_job(case: Case, dataset: Dataset, policy: Policy, subjects: Subjects, seed: int) -> Job:
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
        return _judge_value(case, asked.infer(*answers, seed), policy, subjects)

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
        return _judge_value(case, drift.infer(metric, answers, expected, seed), policy, subjects)

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
