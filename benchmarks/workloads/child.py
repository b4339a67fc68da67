"""One run of one contestant, in a process of its own: ``child MODULE FUNCTION WORKLOAD HOME OUT``."""

from __future__ import annotations

import importlib
import json
import sys
import time
import warnings
from pathlib import Path


def main(module: str, function: str, workload: str, home: str, out: str) -> None:
    warnings.simplefilter("ignore")
    contestant = importlib.import_module(f"benchmarks.workloads.{module}")
    wall, cpu = time.perf_counter(), time.process_time()
    found = getattr(contestant, function)(workload, Path(home))
    work = {"work wall": time.perf_counter() - wall, "work cpu": time.process_time() - cpu}
    numbers = found if isinstance(found, dict) else contestant.numbers(found)
    Path(out).write_text(json.dumps({"numbers": numbers, "work": work}))


if __name__ == "__main__":
    main(*sys.argv[1:])
