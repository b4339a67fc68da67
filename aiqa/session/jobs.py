"""What a gate asks of its data, and how the answers become a judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import Gate, Policy
from aiqa.declare.metric import OF_DATA, Metric, column_of
from aiqa.declare.source import Dataset, Model, declared_dataset
from aiqa.errors import DataError, DeclarationError, MetricError, nearest
from aiqa.judge.decide import Judgement
from aiqa.judge.family import SliceKey
from aiqa.judge.number import number
from aiqa.judge.values import Judged, judge_values
from aiqa.session.subjects import Subjects
from aiqa.verdict import Verdict

if TYPE_CHECKING:
    from aiqa.scan.statistics import Answers, Request


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Statistics of one table, and what to make of them."""

    frame: Any
    requests: tuple[Request, ...]
    conclude: Callable[[Answers], Judged]


def job_of(check: Check, gate: Gate, policy: Policy, subjects: Subjects, *, versus: bool, seed: int) -> Job:
    """Return what deciding a gate takes.

    Parameters
    ----------
    check, gate, policy
        The gate, its check, and the policy that holds for it.
    subjects : Subjects
    versus : bool
        Whether a gate of the same batch compares with the champion, so that all share one scored table.
    seed : int
        Of every bootstrap.

    Raises
    ------
    AiqaError
        If the check lacks a model or a data set, or these cannot be used.
    """
    dataset = _dataset(check, gate)
    if isinstance(gate.claim, Expectation):
        return _expectation_job(gate.claim, dataset, subjects)
    if cast("Metric", gate.claim).name in OF_DATA:
        return _drift_job(gate, dataset, policy, subjects, seed)
    if check.model is None:
        raise DeclarationError(
            f"{check.name} gates on {gate.claim}, but is about no model: @aiqa.check(model, ...)"
        )
    return _metric_job(gate, check.model, dataset, policy, subjects, versus, seed)


def answer(jobs: Sequence[Job]) -> dict[int, Answers | Exception]:
    """Take the statistics of all jobs, in one scan a table, and return them (or the error) by ``id(job)``."""
    by_table: dict[int, list[Job]] = {}
    for job in jobs:
        by_table.setdefault(id(job.frame), []).append(job)
    return {key: value for group in by_table.values() for key, value in _answer_together(group).items()}


def judge(job: Job | Exception, answers: Answers | Exception | None) -> Judged | Exception:
    """Return what a job came to; an error stays the gate's own."""
    if isinstance(job, Exception):
        return job
    if answers is None or isinstance(answers, Exception):
        return answers or MetricError("the scan gave no answer")
    try:
        return job.conclude(answers)
    except Exception as error:  # noqa: BLE001 - metrics of users run here; the error is this gate's verdict
        return error


def _answer_together(jobs: Sequence[Job]) -> dict[int, Answers | Exception]:
    """Scan once for all; if that breaks, halve until the one that breaks it stands alone."""
    from aiqa.scan.execute import execute

    try:
        answers = execute(jobs[0].frame, [request for job in jobs for request in job.requests])
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is the verdict of the gate that asked
        if len(jobs) == 1:
            return {id(jobs[0]): error}
        middle = len(jobs) // 2
        return _answer_together(jobs[:middle]) | _answer_together(jobs[middle:])
    return {id(job): answers for job in jobs}


def _dataset(check: Check, gate: Gate) -> Dataset:
    if check.dataset is None:
        raise DeclarationError(
            f"{check.name} gates on {gate.claim}, but is about no dataset: @aiqa.check(dataset)"
        )
    return check.dataset


def _expectation_job(expectation: Expectation, dataset: Dataset, subjects: Subjects) -> Job:
    from aiqa.expectations.catalogue import requests, result, without_values

    table = subjects.table(dataset)

    def conclude(answers: Answers) -> Judged:
        found = result(expectation, answers, table.columns)
        return Judged(_judge_result(expectation, found), result=without_values(found))

    return Job(subjects.widest_frame(dataset), requests(expectation, table.columns), conclude)


def _judge_result(expectation: Expectation, found: dict[str, Any]) -> Judgement:
    verdict = Verdict.PASS if found["success"] else Verdict.FAIL
    result = found["result"]
    if "unexpected_count" not in result:
        return Judgement(verdict, _observed(result.get("observed_value")))
    if not result["unexpected_count"]:
        return Judgement(verdict, f"all {result['element_count']:,} values are as expected")
    told = f"{result['unexpected_count']:,} of {result['element_count']:,} values"
    percent = result.get("unexpected_percent") or 0.0
    mostly = expectation.kwargs.as_dict().get("mostly", 1.0)
    allowed = f"at most {100 * (1 - mostly):.3g} % may be" if mostly < 1 else "none may be"
    return Judgement(verdict, f"{told} ({percent:.3g} %) are not as expected, and {allowed}")


def _observed(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"it is {number(value)}"
    return f"found {', '.join(map(str, value))}"[:300] if isinstance(value, list) else "as the table shows"


def _metric_job(
    gate: Gate, model: Model, dataset: Dataset, policy: Policy, subjects: Subjects, versus: bool, seed: int
) -> Job:
    from aiqa.metrics import catalogue

    metric = cast("Metric", gate.claim)
    _require_columns(map(column_of, metric.slices), dataset, subjects)
    table = subjects.scored(dataset, model, versus=versus and _has_champion(gate, model, dataset, subjects))
    asked = catalogue.requests(metric, table, versus_champion=gate.compares)

    def conclude(answers: Answers) -> Judged:
        if gate.compares:
            return _judge_comparison(gate, catalogue.compare(metric, table, answers, seed), policy)
        return judge_values(gate.requirement, catalogue.infer(metric, table, answers, seed), policy)

    return Job(table.frame, tuple(asked), conclude)


def _require_columns(names: Iterable[str], dataset: Dataset, subjects: Subjects) -> None:
    columns = subjects.table(dataset).columns
    for name in names:
        if name not in columns:
            raise DataError(
                f"dataset {dataset.name!r} has no column {name!r}{nearest(name, columns)}", column=name
            )


def _has_champion(gate: Gate, model: Model, dataset: Dataset, subjects: Subjects) -> bool:
    """Tell whether the champion answers; a gate that needs it gets the error, the others go on without."""
    try:
        subjects.scored(dataset, model, versus=True)
    except Exception:
        if gate.needs_champion:
            raise
        return False
    return True


def _drift_job(gate: Gate, dataset: Dataset, policy: Policy, subjects: Subjects, seed: int) -> Job:
    from aiqa.metrics import drift

    metric = cast("Metric", gate.claim)
    options = metric.options.as_dict()
    if not {"column", "reference"} <= set(options):
        raise DeclarationError(
            f"{metric.name} compares a column with a reference: metric.{metric.name}('amount', reference=...)"
        )
    named = options["reference"]
    reference = named if isinstance(named, Dataset) else declared_dataset(str(named))
    asked = drift.requests(metric)
    _require_columns((*map(column_of, metric.slices), options["column"]), dataset, subjects)

    def conclude(answers: Answers) -> Judged:
        # The reference is another table, so it takes a scan of its own.
        expected = subjects.table(reference).answers(asked)
        return judge_values(gate.requirement, drift.infer(metric, answers, expected, seed), policy)

    return Job(subjects.widest_frame(dataset), asked, conclude)


def _judge_comparison(gate: Gate, found: dict[SliceKey, Any], policy: Policy) -> Judged:
    gains = {key: value if isinstance(value, MetricError) else value.gain for key, value in found.items()}
    judged = judge_values(gate.requirement, gains, policy)
    if set(found) != {()}:
        return judged
    whole = found[()]
    # The p-value is that of one look.
    p_value = None if policy.anytime else whole.p_value
    return Judged(judged.judgement, challenger=whole.challenger, champion=whole.champion, p_value=p_value)
