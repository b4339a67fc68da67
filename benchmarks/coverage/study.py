"""The study: all cells that are not known yet, in processes, kept as they come."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, astuple
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.coverage.code import ROOT, digest
from benchmarks.coverage.gates import GateStudy, gates
from benchmarks.coverage.measure import SEED, Effort, measure
from benchmarks.coverage.plan import Cell, cells

RESULTS = ROOT / "benchmarks" / "results" / "coverage.json"
_ALWAYS = ("aiqa.metrics.table", "aiqa.scan.execute", "aiqa.stats.paired")
_SAVE_EVERY = 20.0
_QUICK = 1000
Job = Cell | GateStudy
Results = dict[str, Any]


@cache
def jobs() -> dict[str, Job]:
    """Return all that is studied, by its name in the results."""
    whole: list[Job] = [*cells(), *gates()]
    return {job.key: job for job in whole}


def planned(only: str = "", *, quick: bool = False) -> list[Job]:
    """Return what has `only` in its name; quick: cells of up to 1,000 units."""
    found = [job for job in jobs().values() if only in job.key]
    return [job for job in found if not quick or not isinstance(job, Cell) or job.n <= _QUICK]


def fingerprint(job: Job) -> str:
    """Return a digest of the code that a result depends on, aiqa's for it and the study's own."""
    told = f"{job.key} {SEED}" + (f" {job.case.of(job.n)!r} {job.methods}" if isinstance(job, Cell) else "")
    return digest((*job.modules, *_ALWAYS), told)


def run(todo: list[Job], effort: Effort, processes: int, file: Path = RESULTS) -> Results:
    """Measure what the file does not hold yet, or holds of other code, and keep it there.

    Whoever interrupts it loses little: results are written as they come, and the next run goes on.
    """
    results = load(file)
    codes = {job.key: fingerprint(job) for job in todo}
    missing = [key for key, code in codes.items() if not _is_known(results["found"].get(key), code, effort)]
    # Defaults first: whoever stops it half-way knows of them.
    missing.sort(key=lambda key: len(getattr(jobs()[key], "methods", ())))
    print(f"{len(todo)} cells, {len(todo) - len(missing)} known, {len(missing)} to measure", flush=True)
    results["about"] = {"seed": SEED, **asdict(effort)}
    saved = time.monotonic()
    for count, (key, found) in enumerate(_measured(missing, effort, processes), start=1):
        results["found"][key] = {"code": codes[key], "effort": astuple(effort), **found}
        print(f"{count}/{len(missing)} {key}", flush=True)
        if time.monotonic() - saved > _SAVE_EVERY:
            save(results, file)
            saved = time.monotonic()
    # In the order of the plan, and without what it does not have any more.
    results["found"] = {key: results["found"][key] for key in jobs() if key in results["found"]}
    save(results, file)
    return results


def _is_known(found: Results | None, code: str, effort: Effort) -> bool:
    """Tell whether a result is there, of this code and with as much effort."""
    if found is None or found["code"] != code:
        return False
    return all(done >= asked for done, asked in zip(found["effort"], astuple(effort), strict=True))


def _measured(keys: list[str], effort: Effort, processes: int) -> Iterator[tuple[str, Results]]:
    if processes == 1:
        yield from ((key, measured(key, effort)) for key in keys)
        return
    os.environ |= {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(measured, key, effort): key for key in keys}
        for future in as_completed(futures):
            error = future.exception()
            yield futures[future], future.result() if error is None else broken(error)


def broken(error: BaseException) -> Results:
    """Return the result of a cell that could not be measured: a failure, which does not stop the others."""
    told = f"{type(error).__name__}: {error}"
    return {"truth": None, "methods": {"default": {"refusal": told}}}


def measured(key: str, effort: Effort) -> Results:
    """Measure one of the jobs: what a process is sent."""
    job = jobs()[key]
    return measure(job, effort) if isinstance(job, Cell) else job.measure(effort)


def load(file: Path = RESULTS) -> Results:
    """Return what is known so far."""
    if not file.is_file():
        return {"about": {}, "found": {}}
    results: Results = json.loads(file.read_text(encoding="utf-8"))
    return results


def save(results: Results, file: Path = RESULTS) -> None:
    """Write the results, one a line, at once or not at all."""
    lines = [f"{json.dumps(key)}: {json.dumps(found)}" for key, found in results["found"].items()]
    text = f'{{"about": {json.dumps(results["about"])},\n"found": {{\n' + ",\n".join(lines) + "\n}}\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
