"""Which job decides a gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import AsUsual, Policy
from aiqa.declare.metric import OF_DATA, OF_RESOURCES, Metric
from aiqa.session.expectations import expectation_job
from aiqa.session.job import Case, Job, dataset_of, model_of
from aiqa.session.metrics import drift_job, metric_job, resource_job
from aiqa.session.past import against_past
from aiqa.session.subjects import Subjects


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
        job = expectation_job(gate.claim, case, subjects)
        usual = isinstance(gate.requirement, AsUsual)
        return against_past(job, case, policy, subjects) if usual else job
    name = cast("Metric", gate.claim).name
    if name == "model_size":
        return resource_job(case, None, policy, subjects, seed)
    dataset = dataset_of(case)
    if name in OF_RESOURCES:
        return resource_job(case, dataset, policy, subjects, seed)
    if name in OF_DATA:
        return drift_job(case, dataset, policy, subjects, seed)
    return metric_job(case, model_of(case), dataset, policy, subjects, versus, named, seed)


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
