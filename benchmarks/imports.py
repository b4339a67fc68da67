"""What aiqa costs to start: three figures, each from medians of interleaved runs.

``python benchmarks/imports.py [RUNS]``. Other plugins of pytest are left out: what they cost varies by more
than what is measured.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

PYTHON = sys.executable
TEST = "def test_nothing():\n    assert True\n"
IMPORT = "import time; t = time.perf_counter(); import aiqa; print(1000 * (time.perf_counter() - t))"
# What the shell costs a run that does not use it: its import, and in turns with an empty plugin all the rest.
# In one process, as starting one is a hundred times dearer and its noise larger than what is measured.
OFF = """
import contextlib, io, statistics, time, pytest

def timed(call):
    start = time.process_time()
    call()
    return 1000 * (time.process_time() - start)

def run(plugin):
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["-q", "-p", plugin, "test_nothing.py"])

def load():
    import aiqa.pytest_plugin

cost = timed(load)
run("empty_plugin"), run("aiqa.pytest_plugin")
pairs = [(timed(lambda: run("aiqa.pytest_plugin")), timed(lambda: run("empty_plugin"))) for _ in range(40)]
print(cost + statistics.median(ours - empty for ours, empty in pairs))
"""
ENGINES = "import numpy, polars, narwhals\n"
CHECKS = """
import aiqa
from aiqa import expect, metric

def rows():
    import polars as pl
    return pl.DataFrame({"y": [0, 1] * 50, "score": [i / 100 for i in range(100)], "label": [0, 1] * 50})

data = aiqa.dataset("small", rows, label="y")
model = aiqa.model("small", aiqa.column("label", score="score"), task="binary")

@aiqa.check(data)
def expectations():
    "Five claims about the data."
    yield expect.column_values_to_not_be_null("y")
    yield expect.column_values_to_be_in_set("y", [0, 1])
    yield expect.column_values_to_be_between("score", 0, 1)
    yield expect.column_mean_to_be_between("score", 0.4, 0.6)
    yield expect.table_row_count_to_be_between(100, 100)

@aiqa.check(model, data)
def metrics():
    "Five claims about the model."
    yield metric.accuracy >= 0.9
    yield metric.recall >= 0.9
    yield metric.precision >= 0.9
    yield metric.roc_auc >= 0.1
    yield metric.brier <= 0.9
"""


def cpu(command: Sequence[str], folder: Path) -> float:
    """Run a command and return the CPU time of it and its children, in ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def printed(code: str, folder: Path) -> float:
    """Return the number that a fresh process prints."""
    done = subprocess.run([PYTHON, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return float(done.stdout)


def medians(runs: int, **measured: Callable[[], float]) -> dict[str, float]:
    """Take each measurement `runs` times, in turns and to and fro, after a round that warms the caches."""
    taken: dict[str, list[float]] = {name: [] for name in measured}
    for round_ in range(runs + 1):
        for name in sorted(measured, reverse=bool(round_ % 2)):
            value = measured[name]()
            if round_:
                taken[name].append(value)
    return {name: statistics.median(values) for name, values in taken.items()}


def main(runs: int) -> None:
    """Print the three figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p no:cacheprovider'\n")
        (folder / "test_nothing.py").write_text(TEST)
        (folder / "test_engines.py").write_text(ENGINES + TEST)
        (folder / "check_ten.py").write_text(CHECKS)
        (folder / "empty_plugin.py").write_text('"""Nothing; PYTEST_DONT_REWRITE."""')
        pytest = [PYTHON, "-m", "pytest", "-q"]
        found = medians(
            runs,
            import_aiqa=lambda: printed(IMPORT, folder),
            off=lambda: printed(OFF, folder),
            checks=lambda: cpu([*pytest, "-p", "aiqa.pytest_plugin", "--aiqa", "check_ten.py"], folder),
            floor=lambda: cpu([*pytest, "-p", "empty_plugin", "test_engines.py"], folder),
        )
    off, extra = found["off"], found["checks"] - found["floor"]
    print(f"import aiqa                                {found['import_aiqa']:6.1f} ms wall  (limit 60)")
    print(f"pytest with the plugin, --aiqa off         {off:6.1f} ms CPU   (limit 5)")
    print(f"pytest --aiqa, ten checks, over its floor  {extra:6.1f} ms CPU   (limit 500)")
    print(f"medians of {runs} runs in turns; floor: pytest on a test that imports NumPy, Polars and narwhals")


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
