"""Five jobs on a table of 30 columns: aiqa, queries by hand, and the peers, in one run.

``python -m benchmarks.workloads [ROWS] [RUNS] [--workloads w1 w5] [--only CONTESTANT ...]``. Each run is a
process of its own, in turns; measured are CPU and wall time and peak memory of the process with its
children, imports and reading included, and of the work alone. That all found the same numbers is checked.
The figures are kept in ``benchmarks/results/workloads.json`` by rows and workload, and the page is made of
all that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.workloads import report
from benchmarks.workloads.agreement import refuse_differences
from benchmarks.workloads.contestants import (
    COMPLETE,
    CONTESTANTS,
    HAND,
    PEERS,
    ROOT,
    WORKLOADS,
    Contestant,
    staged,
)
from benchmarks.workloads.data import project
from benchmarks.workloads.declared import Numbers

RESULTS = ROOT / "benchmarks" / "results" / "workloads.json"
OWN_LIBRARIES = ("polars", "duckdb", "numpy", "scikit-learn", "pandas", "great-expectations")
PEER_LIBRARIES = ("deepchecks", "evidently", "scikit-learn", "numpy", "pandas")
Figures = dict[str, float]


def once(contestant: Contestant, workload: str, home: Path) -> tuple[Figures, Numbers]:
    """Run a contestant in a process of its own; seconds, and MiB of memory."""
    with tempfile.TemporaryDirectory() as folder:
        out, errors = Path(folder) / "out.json", Path(folder) / "errors"
        told = [contestant.module, contestant.function, workload, str(home), str(out)]
        command = [str(contestant.python), "-m", "benchmarks.workloads.child", *told]
        started = time.perf_counter()
        with errors.open("w") as written:
            child = subprocess.Popen(command, cwd=ROOT, stdout=written, stderr=written)
            _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{contestant.module}, {workload}: {errors.read_text()[-2000:]}")
        found = json.loads(out.read_text())
    measured = {"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "peak MiB": usage.ru_maxrss / 1024}
    return measured | found["work"], found["numbers"]


def run(name: str, workload: str, rows: int) -> tuple[Figures, Numbers]:
    contestant = CONTESTANTS[name]
    home = project(rows)
    if contestant.prepare is not None:
        home = staged(rows)
        contestant.prepare(home, lambda folder: once(contestant, workload, folder) and None)
    return once(contestant, workload, home)


def measure(rows: int, runs: int, workload: str, names: list[str]) -> dict[str, Any]:
    """Let contestants take turns at one workload; return their medians, and what they ran on."""
    taken: dict[str, list[Figures]] = {name: [] for name in names}
    numbers: dict[str, Numbers] = {}
    for _ in range(runs):
        for name in names:
            figures, numbers[name] = run(name, workload, rows)
            taken[name].append(figures)
    expected = numbers.get(HAND, numbers[names[0]])
    medians = {}
    for name, found in taken.items():
        shared = refuse_differences(name, numbers[name], expected, complete=name in COMPLETE)
        middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
        medians[name] = {key: round(value, 4) for key, value in middle.items()} | {"numbers": shared}
    _print(workload, rows, medians)
    return {"runs": runs, "numbers": len(expected), **_machine(names), "medians": medians}


def _print(workload: str, rows: int, medians: dict[str, Figures]) -> None:
    base = medians.get(HAND) or next(iter(medians.values()))
    print(f"{workload}: {WORKLOADS[workload]}; {rows:,} rows; times the query by hand in brackets")
    for name, figures in medians.items():
        times = [f"{key} {figures[key]:7.2f} s ({figures[key] / base[key]:6.2f})" for key in ("cpu", "wall")]
        work = f"work cpu {figures['work cpu']:7.2f} s ({figures['work cpu'] / base['work cpu']:6.2f})"
        memory = f"{figures['peak MiB']:6.0f} MiB"
        print(f"  {name:28} {'  '.join(times)}  {work}  {memory}  {figures['numbers']:5} numbers", flush=True)


def _machine(names: list[str]) -> dict[str, Any]:
    peers = [name for name in names if CONTESTANTS[name].python == PEERS]
    return {
        "cores": os.cpu_count(),
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}",
        "memory GiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "libraries": _versions(Path(sys.executable), OWN_LIBRARIES),
        "libraries of peers": _versions(PEERS, PEER_LIBRARIES) if peers else {},
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _versions(python: Path, libraries: tuple[str, ...]) -> dict[str, str]:
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    done = subprocess.run([str(python), "-c", code, *libraries], capture_output=True, text=True, check=True)
    return dict(zip(libraries, done.stdout.split(), strict=True))


def _takes_part(name: str, workload: str, rows: int, only: list[str]) -> bool:
    contestant = CONTESTANTS[name]
    chosen = name in only if only else rows <= contestant.most and contestant.python.exists()
    return chosen and workload in contestant.workloads


def _keep(rows: int, workload: str, measured: dict[str, Any]) -> None:
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept.setdefault(str(rows), {})[workload] = measured
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workloads", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000, help="of the table, a multiple of 20")
    parser.add_argument("runs", nargs="?", type=int, default=3)
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--only", nargs="+", choices=list(CONTESTANTS), default=[], metavar="CONTESTANT")
    parser.add_argument("--report", action="store_true", help="only make the page from what is kept")
    asked = parser.parse_args(arguments)
    for workload in [] if asked.report else asked.workloads:
        names = [name for name in CONTESTANTS if _takes_part(name, workload, asked.rows, asked.only)]
        if names:
            _keep(asked.rows, workload, measure(asked.rows, asked.runs, workload, names))
    report.write(json.loads(RESULTS.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
