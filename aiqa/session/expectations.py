"""What an expectation asks of its data, and how the answers become a judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiqa.declare.expectation import Expectation
from aiqa.declare.parameters import resolved
from aiqa.declare.source import Dataset, GxBatch
from aiqa.errors import DataError
from aiqa.gx.declare import CHECKPOINT
from aiqa.judge.results import judge_result
from aiqa.judge.values import Judged
from aiqa.session.job import Case, GxAsk, Job, dataset_of
from aiqa.session.subjects import Subjects

if TYPE_CHECKING:
    from aiqa.scan.statistics import Answers


def expectation_job(expectation: Expectation, case: Case, subjects: Subjects) -> Job:
    """Return what deciding an expectation takes: a scan, or Great Expectations."""
    if expectation.type == CHECKPOINT:
        return _checkpoint_job(expectation, subjects)
    dataset = dataset_of(case)
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
