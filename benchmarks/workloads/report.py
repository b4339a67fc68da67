"""The page of what was measured: plots of ratios, and a table a workload and size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.workloads.contestants import (
    AGAIN,
    CONTESTANTS,
    FIRST,
    HAND,
    NEW_FILE,
    PEER_NAMES,
    ROOT,
    WITHOUT,
    WORKLOADS,
)
from benchmarks.workloads.plots import Dot, plot

PAGE = ROOT / "docs" / "explanation" / "speed.md"
PICTURES = PAGE.parent / "speed"
_COLUMNS = (
    "",
    "CPU, s",
    "by the clock, s",
    "CPU of the work alone, s",
    "peak MiB",
    "numbers",
    "CPU, times by hand",
)
Results = dict[str, dict[str, dict[str, Any]]]
_HEAD = """# How fast it is

<!-- Written by `make bench-workloads`; edit benchmarks/workloads/report.py. -->

Five jobs on a table of 30 columns in twenty parquet files, by aiqa, by queries that were written by hand for
just that, and by the peers. Each run is a process of its own, started in turns with the others; what is
compared are medians of the same run. Time is CPU of the whole process with its imports, unless it says
otherwise: the machine was shared, and CPU time bears that better than the clock.

| job | what is asked |
|---|---|
{jobs}

- **All do the same work**: the command stops where numbers differ. The queries by hand have every value that
  aiqa has, and every bound but those of drift. Their areas come from histograms of 4,096 bins, in slices of
  1,024, with DeLong's error, and their KS from 1,000 bins, where aiqa's are exact; their other intervals are
  normal ones.
- **aiqa** is `aiqa.run` on declared gates, evidence written, with an empty store. *Again* is a second run on
  the same files, *one new file* one after the twentieth file came, *without store* `cache=False`.
- Models are columns of scores, so that scoring costs nothing.
- *CPU of the work alone* starts when the contestant's module is imported. aiqa and Great Expectations import
  what they need as they need it, so their imports are in there, and those of the others are not.
- **Peers** do a part of a job (the tables tell how many of its numbers), and none gives intervals; the ratio
  is of their part to all of aiqa's. Those that hold the table in pandas take part up to 2 million rows.
  Deepchecks' sampling and pictures are turned off. Evidently's PSI of numbers has bins of its own, and its KS
  is a p-value: they cost what they cost, and only its PSI of categories can be compared. Twenty resamples
  are far too few for an interval, and show what one would cost.
- Deepchecks 0.19.1 and Evidently 0.7.23 share an environment of older libraries
  (`benchmarks/workloads/peers.txt`): Deepchecks does not import with NumPy 2, and its scorers do not work
  with scikit-learn 1.6 or later; Evidently does not import with pandas 3.
"""


def write(results: Results) -> None:
    """Make the plots and the page from what is kept."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    parts = [_HEAD.format(jobs="\n".join(f"| {name.upper()} | {told} |" for name, told in WORKLOADS.items()))]
    for name, title, axis, dots, goal, goal_name in _plots(results):
        if dots:
            (PICTURES / f"{name}.svg").write_text(plot(title, axis, dots, goal, goal_name))
            parts.append(f"## {title}\n\n![{title}: {axis}](speed/{name}.svg)\n")
    parts += ["## All figures\n", *_tables(results)]
    PAGE.write_text("\n".join(parts))


def _plots(results: Results) -> Iterator[tuple[str, str, str, list[Dot], float, str]]:
    hand = [FIRST, WITHOUT, "duckdb by hand"]
    yield (
        *("by-hand", "Over the query by hand", "CPU of the process, as a multiple of the query's by hand"),
        *(_dots(results, hand, "cpu", HAND), 1.5, "goal of W5: 1.5"),
    )
    yield (
        *("peers", "Peers over aiqa", "CPU of the process, as a multiple of aiqa's first run"),
        *(_dots(results, PEER_NAMES, "cpu", FIRST), 20.0, "goal: 20"),
    )
    yield (
        *("again", "The second run", "CPU of the process, as a part of the first run's"),
        *(_dots(results, [NEW_FILE, AGAIN], "cpu", FIRST), 0.1, "goal of a new file: 0.1"),
    )
    yield (
        *("memory", "Peak memory", "MiB held by the process at its peak"),
        *(_dots(results, [FIRST, WITHOUT, HAND], "peak MiB", None), 2048.0, "goal: 2 GiB"),
    )


def _dots(results: Results, names: list[str], figure: str, base: str | None) -> list[Dot]:
    """Return a row for each workload and name, and in it a dot a size."""
    found = []
    for workload in WORKLOADS:
        for name in names:
            for rows, measured in _by_size(results):
                medians = measured.get(workload, {}).get("medians", {})
                if name in medians and (base is None or base in medians):
                    over = medians[base][figure] if base else 1.0
                    dot = Dot(f"{workload.upper()} {name}", _size(rows), medians[name][figure] / over)
                    found.append(dot)
    return found


def _by_size(results: Results) -> list[tuple[int, dict[str, dict[str, Any]]]]:
    return sorted((int(rows), measured) for rows, measured in results.items())


def _size(rows: int) -> str:
    return f"{rows / 1e6:g} million rows"


def _tables(results: Results) -> Iterator[str]:
    for rows, measured in _by_size(results):
        for workload, found in measured.items():
            yield f"### {workload.upper()}, {_size(rows)}: {WORKLOADS[workload]}\n"
            yield f"| {' | '.join(_COLUMNS)} |"
            yield "|---" * len(_COLUMNS) + "|"
            yield from _lines(found)
            yield f"\n{_told(found)}\n"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    medians = found["medians"]
    base = medians.get(HAND)
    for name in (name for name in CONTESTANTS if name in medians):
        one = medians[name]
        times = [f"{one[key]:.2f}" for key in ("cpu", "wall", "work cpu")]
        over = f"{one['cpu'] / base['cpu']:.2f}" if base else ""
        cells = [name, *times, f"{one['peak MiB']:.0f}", f"{one['numbers']:,.0f}", over]
        yield f"| {' | '.join(cells)} |"


def _told(found: dict[str, Any]) -> str:
    libraries = found["libraries"] | {
        f"{name} of the peers": version for name, version in found["libraries of peers"].items()
    }
    runs = "one run" if found["runs"] == 1 else f"medians of {found['runs']} runs"
    versions = ", ".join(f"{name} {version}" for name, version in libraries.items())
    machine = f"{found['cores']} cores ({found['machine']}), {found['memory GiB']} GiB"
    return f"{runs[0].upper()}{runs[1:]}, {machine}; Python {found['python']}, {versions}."


if __name__ == "__main__":
    import json

    write(json.loads((Path(ROOT) / "benchmarks" / "results" / "workloads.json").read_text()))
