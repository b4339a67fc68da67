"""The statistics of all jobs, taken together, and each job judged by its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from aiqa.errors import MetricError
from aiqa.judge.values import Judged
from aiqa.session.job import Both, GxAsk, Job, Reference

if TYPE_CHECKING:
    from aiqa.scan.statistics import Request
    from aiqa.scan.work import Watch


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
