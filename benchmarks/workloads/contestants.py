"""Who takes part in what, up to how many rows, and how a run of theirs is prepared."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workloads.data import FILES, project

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
WORKLOADS = {
    "w1": "60 expectations",
    "w2": "10 metrics of two models, with intervals",
    "w3": "the same in 335 slices: 4 columns, 2 crosses",
    "w4": "drift of 20 features: PSI of all, KS of 15",
    "w5": "all together",
}
ALL = tuple(WORKLOADS)
FIRST, AGAIN, NEW_FILE, HAND = "aiqa", "aiqa again", "aiqa, one new file", "polars by hand"
WITHOUT = "aiqa without store"
COMPLETE = (FIRST, AGAIN, NEW_FILE, WITHOUT, HAND, "duckdb by hand")
"""Those that answer all that is asked."""


@dataclass(frozen=True)
class Contestant:
    """One way to do some of the workloads.

    Parameters
    ----------
    module, function : str
        In this package.
    workloads : tuple of str
    python : Path
        The interpreter whose libraries it needs.
    most : int
        Rows beyond which it takes part only if it is named: it holds all of them in memory, or takes hours.
    prepare : callable, optional
        Makes the table's folder ready before the clock runs: of a folder and a function that runs once.
    """

    module: str
    workloads: tuple[str, ...]
    function: str = "run"
    python: Path = Path(sys.executable)
    most: int = 10**9
    prepare: Callable[[Path, Callable[[Path], None]], None] | None = None


def _empty(home: Path, _: Callable[[Path], None]) -> None:
    _link(home, FILES)


def _filled(home: Path, run: Callable[[Path], None]) -> None:
    _link(home, FILES)
    run(home)


def _filled_but_one(home: Path, run: Callable[[Path], None]) -> None:
    _link(home, FILES - 1)
    run(home)
    _link(home, FILES, anew=False)


def staged(rows: int) -> Path:
    """Return a second folder of a table, of links to its files, that is made anew as runs need it."""
    whole = project(rows)
    return whole.with_name(f"{whole.name}-staged")


def _link(home: Path, files: int, *, anew: bool = True) -> None:
    whole = home.with_name(home.name.removesuffix("-staged"))
    if anew:
        shutil.rmtree(home, ignore_errors=True)
        (home / "orders").mkdir(parents=True)
        (home / "reference").symlink_to(whole / "reference")
        shutil.copy(whole / "pyproject.toml", home)
    for file in sorted((whole / "orders").glob("*.parquet"))[:files]:
        if not (link := home / "orders" / file.name).exists():
            link.symlink_to(file)


CONTESTANTS = {
    FIRST: Contestant("by_aiqa", ALL, "kept", prepare=_empty),
    HAND: Contestant("by_polars", ALL),
    AGAIN: Contestant("by_aiqa", ALL, "kept", prepare=_filled),
    NEW_FILE: Contestant("by_aiqa", ALL, "kept", prepare=_filled_but_one),
    WITHOUT: Contestant("by_aiqa", ALL, "without_store", prepare=_empty),
    "duckdb by hand": Contestant("by_duckdb", ALL),
    "gx on pandas": Contestant("by_gx", ("w1",), most=2_000_000),
    "scikit-learn": Contestant("by_sklearn", ("w2", "w3"), most=10_000_000),
    "scikit-learn, 20 resamples": Contestant("by_sklearn", ("w2",), "bootstrap", most=1_000_000),
    "deepchecks": Contestant("by_deepchecks", ("w2", "w4"), python=PEERS, most=2_000_000),
    "evidently": Contestant("by_evidently", ("w2", "w4"), python=PEERS, most=2_000_000),
}
PEER_NAMES = [name for name in CONTESTANTS if "aiqa" not in name and "by hand" not in name]
