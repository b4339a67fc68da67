"""``aiqa plan --explain``: the scans that a run would make of each data set, and what is in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aiqa.config import Config
from aiqa.declare.expectation import Expectation
from aiqa.declare.metric import OF_DATA, OF_RESOURCES
from aiqa.runner.plan import cases_in
from aiqa.scan.explain import Pass, Scan, explain
from aiqa.session import Case, Session
from aiqa.session.job import Job


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The passes over one table.

    Parameters
    ----------
    dataset : str
    gates : tuple of str
        Those that it decides.
    passes : tuple of Pass
    left_out : tuple of str
        Gates whose statistics are not known, each with the reason.
    """

    dataset: str
    gates: tuple[str, ...]
    passes: tuple[Pass, ...]
    left_out: tuple[str, ...] = ()


def explain_project(
    paths: Sequence[Path],
    *,
    root: Path,
    config: Config,
    tier: str | None = None,
    models: Sequence[str] = (),
    data: bool = False,
) -> list[TablePlan]:
    """Return the scans of each data set of the checks in `paths`.

    Parameters
    ----------
    paths, root, config, tier, models
        As for :func:`~aiqa.runner.plan.plan_project`.
    data : bool, default False
        Let the models score their data, without which statistics of metrics are not known.

    Raises
    ------
    ConfigError, DeclarationError
        If a path or a setting is wrong, or a check file cannot be imported.
    """
    with closing(Session(root, config.model_copy(update={"cache": 0.0}), models=models)) as session:
        batches: dict[str, list[Case]] = {}
        for case in cases_in(paths, session, tier):
            dataset = case.check.dataset
            batches.setdefault(dataset.name if dataset else "no dataset", []).append(case)
        return [one for name, cases in batches.items() for one in _plans(name, cases, session, data=data)]


def lines(planned: Sequence[TablePlan]) -> Iterator[str]:
    """Yield the plan as people read it."""
    for table in planned:
        yield f"{table.dataset}: {len(table.gates)} gates in {_number(len(table.passes), 'pass')}"
        for place, one in enumerate(table.passes, start=1):
            yield f"  pass {place}"
            for scan in one.scans:
                yield from _scan_lines(scan, "")
            for scan in one.conditional:
                yield from _scan_lines(scan, ", if any are unexpected")
        yield from (f"  left out: {gate}" for gate in table.left_out)


def _scan_lines(scan: Scan, condition: str) -> Iterator[str]:
    columns = ", ".join(scan.columns) or "no column"
    yield f"    scan of {columns}{condition}: {_number(len(scan.statistics), 'statistic')}"
    yield from (f"      {statistic}" for statistic in scan.statistics)


def _number(count: int, word: str) -> str:
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{count:,} {word if count == 1 else plural}"


def _plans(name: str, cases: Sequence[Case], session: Session, *, data: bool) -> Iterator[TablePlan]:
    known = [case for case in cases if data or not _needs_model(case)]
    left = [
        f"{case.gate_id}: its model must score the data first (--data)" for case in cases if case not in known
    ]
    tables: dict[int, list[tuple[Case, Job]]] = {}
    for case, job in zip(known, session.jobs(known), strict=True):
        if isinstance(job, Exception):
            left.append(f"{case.gate_id}: {job}")
        elif getattr(case.gate.claim, "name", "") in OF_RESOURCES:
            left.append(f"{case.gate_id}: measured on the model itself, without a scan")
        elif job.gx is not None:
            left.append(f"{case.gate_id}: Great Expectations decides it")
        elif not job.requests:
            left.append(f"{case.gate_id}: weak slices are searched for in a scan of their own")
        else:
            tables.setdefault(id(job.frame), []).append((case, job))
    for pairs in tables.values():
        requests = [request for _, job in pairs for request in job.requests]
        gates = tuple(case.gate_id for case, _ in pairs)
        yield TablePlan(name, gates, explain(pairs[0][1].frame, requests), tuple(left))
        left = []
    if left:
        yield TablePlan(name, (), (), tuple(left))


def _needs_model(case: Case) -> bool:
    claim = case.gate.claim
    return not isinstance(claim, Expectation) and getattr(claim, "name", "") not in (*OF_DATA, *OF_RESOURCES)
