"""How often a search for weak slices raises a false alarm, and how often it finds what is weak.

Worlds of 20,000 rows with four columns, searched singly and crossed in pairs (some 130 slices). ``make
weak-slices-study`` runs all of it in about ten minutes; its figures are in docs/explanation/verdicts.md.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import aiqa
from aiqa import metric
from aiqa.session.weak import WeakSlices

RESULTS = Path(__file__).parent / "results" / "weak_slices.json"
ROWS, CUSTOMERS, GOOD, UNLUCKY = 20_000, 2_000, 0.85, 0.02
BY = ("country", "channel", "device", "amount")
SLICE = {"country": "c3"}
CROSS = {"country": "c3", "channel": "web"}
Wrong = Callable[[pl.DataFrame, np.random.Generator], Any]


@dataclass(frozen=True)
class World:
    """A model whose share of right answers may differ from row to row, and how it is searched."""

    name: str
    right: Wrong
    planted: dict[str, str] | None = None
    correction: str = "bh"
    by_threshold: bool = True
    clustered: bool = False


@dataclass(frozen=True)
class Found:
    """Shares of runs: a slice that is not weak is reported, the planted one is, crosses beside it are."""

    world: str
    runs: int
    false_alarm: float
    found: float | None
    beside: float | None
    false_share: float
    looked: float


def _fair(frame: pl.DataFrame, rng: np.random.Generator) -> Any:  # noqa: ARG001 - the form of all worlds
    return np.full(frame.height, GOOD)


def _by_customer(frame: pl.DataFrame, rng: np.random.Generator) -> Any:
    """Each customer's rows are nearly all right or nearly all wrong."""
    lucky = rng.random(CUSTOMERS) < (GOOD - UNLUCKY) / (1 - 2 * UNLUCKY)
    return np.where(lucky[frame["customer"].to_numpy()], 1 - UNLUCKY, UNLUCKY)


def _weak_in(where: dict[str, str], share: float) -> Wrong:
    def right(frame: pl.DataFrame, rng: np.random.Generator) -> Any:  # noqa: ARG001 - the form of all worlds
        inside = np.logical_and.reduce([frame[name].to_numpy() == value for name, value in where.items()])
        return np.where(inside, share, GOOD)

    return right


WORLDS = (
    World("fair, holm", _fair, correction="holm"),
    World("fair, bh", _fair),
    World("fair, against all rows", _fair, by_threshold=False),
    World("fair, rows of customers", _by_customer, clustered=True),
    World("weak slice, 0.80 for 0.85", _weak_in(SLICE, 0.80), SLICE),
    World("weak slice, 0.75 for 0.85", _weak_in(SLICE, 0.75), SLICE),
    World("weak cross, 0.75 for 0.85", _weak_in(CROSS, 0.75), CROSS),
    World("weak cross, 0.65 for 0.85", _weak_in(CROSS, 0.65), CROSS),
)


def _rows(rng: np.random.Generator) -> pl.DataFrame:
    channels = np.array(["web", "app", "shop", "phone"])
    customer = rng.integers(0, CUSTOMERS, ROWS)
    return pl.DataFrame(
        {
            "country": np.array([f"c{i}" for i in range(8)])[rng.integers(0, 8, ROWS)],
            "channel": channels[rng.integers(0, 4, ROWS)],
            "device": np.array(["phone", "tablet", "desk"])[rng.integers(0, 3, ROWS)],
            "amount": rng.lognormal(3, 1, ROWS),
            "customer": customer,
            "y": rng.integers(0, 2, ROWS),
        }
    )


def _search(world: World, seed: int) -> WeakSlices:
    rng = np.random.default_rng([seed, 20261125])
    frame = _rows(rng)
    right = rng.random(ROWS) < world.right(frame, rng)
    frame = frame.with_columns(p=pl.Series(np.where(right, frame["y"], 1 - frame["y"])))
    return aiqa.weak_slices(
        metric.accuracy >= GOOD if world.by_threshold else metric.accuracy,
        frame,
        y_true="y",
        y_pred="p",
        by=BY,
        cluster="customer" if world.clustered else None,
        correction=world.correction,
        seed=seed,
    )


def _is_weak(slice_: dict[str, Any], planted: dict[str, str] | None) -> bool:
    """Tell whether any row of a slice is of the planted one: a parent of it is weak as well."""
    return planted is not None and all(planted.get(name, value) == value for name, value in slice_.items())


def study(world: World, runs: int) -> Found:
    """Run a world often, and count."""
    alarms = planted = beside = looked = 0
    shares = []
    for seed in range(runs):
        result = _search(world, seed)
        reported = [one.slice for one in result.weak]
        looked += any(not _is_weak(one.slice, world.planted) for one in result.tested)
        wrong = [one for one in reported if not _is_weak(one, world.planted)]
        alarms += bool(wrong)
        shares.append(len(wrong) / len(reported) if reported else 0.0)
        if world.planted is not None:
            planted += world.planted in reported
            beside += any(one.items() > world.planted.items() for one in reported)
    found, crosses = (planted / runs, beside / runs) if world.planted else (None, None)
    return Found(world.name, runs, alarms / runs, found, crosses, float(np.mean(shares)), looked / runs)


def _told(found: Found) -> Iterator[str]:
    error = math.sqrt(max(found.false_alarm, 0.01) * (1 - found.false_alarm) / found.runs)
    yield f"{found.world:28} false alarm {found.false_alarm:6.1%} (+- {error:.1%})"
    yield f"looked so {found.looked:6.1%}, false share {found.false_share:6.1%}"
    if found.found is not None:
        yield f"found {found.found:6.1%}, crosses beside it {found.beside:6.1%}"


def main(runs: int = 1000) -> None:
    """Run all worlds and keep what they show."""
    found = []
    for world in WORLDS:
        found.append(study(world, runs))
        print(", ".join(_told(found[-1])), flush=True)
    RESULTS.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
