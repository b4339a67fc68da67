"""The command line: measure what is not known, then write the page.

``python -m benchmarks.coverage [--only recall] [--quick] [--replicates 4000] [--seconds 4] [--processes 2]``
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from benchmarks.coverage.acceptance import failures, known_limit
from benchmarks.coverage.measure import Effort
from benchmarks.coverage.report import PAGE, page
from benchmarks.coverage.study import RESULTS, load, planned, run


def main() -> int:
    """Run the study; the exit code is 1 where a default is not what it should and could be."""
    told = _arguments()
    if not told.report:
        effort = Effort(told.replicates, told.seconds, min(told.least, told.replicates), not told.defaults)
        run(planned(told.only, quick=told.quick), effort, told.processes, told.results)
    results = load(told.results)
    told.page.parent.mkdir(parents=True, exist_ok=True)
    told.page.write_text(page(results), encoding="utf-8")
    found = [(key, sentence) for key, sentence in failures(results["found"]) if known_limit(key) is None]
    for key, sentence in found:
        print(f"FAILS {key}: {sentence}")
    print(f"{len(results['found'])} results, {len({key for key, _ in found})} fall short; see {told.page}")
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--only", default="", help="cells whose name contains this, as 'roc_auc | paired'")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 rows, 400 replicates, 2 seconds")
    parser.add_argument("--defaults", action="store_true", help="no methods by their names")
    parser.add_argument("--replicates", type=int, help="samples of a cell at most (4,000)")
    parser.add_argument("--seconds", type=float, help="of a method in a cell, after which --least do (4)")
    parser.add_argument("--least", type=int, default=200, help="samples of a cell at least")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument(
        "--report", action="store_true", help="write the page from what is known, measure nothing"
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    told = parser.parse_args()
    told.replicates = told.replicates or (400 if told.quick else 4000)
    told.seconds = told.seconds or (2.0 if told.quick else 4.0)
    return told


if __name__ == "__main__":
    sys.exit(main())
