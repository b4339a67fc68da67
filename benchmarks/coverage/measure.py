"""One cell measured: samples are drawn, asked for bounds by the code that gates use, and held to the truth.

All samples of a chunk are slices of one table, so that one call answers for all of them.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from aiqa.declare.metric import _KINDS, Metric
from aiqa.errors import AiqaError, MetricError
from aiqa.metrics import catalogue, drift
from aiqa.metrics.compare import compare_arrays
from aiqa.metrics.evaluate import infer_arrays
from aiqa.metrics.question import Comparison
from aiqa.scan.execute import execute
from aiqa.stats.inference import Inference
from benchmarks.coverage.cases import Case
from benchmarks.coverage.kinds import CLUSTERED, EQUAL, KINDS, WEIGHTED, Kind, Setting
from benchmarks.coverage.plan import Cell
from benchmarks.coverage.summary import distances, ideal, rates, relative
from benchmarks.coverage.worlds import Columns, Floats, World

SEED = 3
ALPHA = 0.05
_CHUNK = 1_000_000
_PATIENCE = 5
"""So many times its time a default gets to answer the least number of samples."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look.

    Parameters
    ----------
    replicates : int
        Samples of a cell, at most.
    seconds : float
        Of processor time in a cell, after which the default gets no further samples (and a method by its name
        after a third of that)
    least : int
        but the default so many at least, if it can answer them in five times the time.
    named : bool
        Whether methods are studied by their names too.
    """

    replicates: int = 4000
    seconds: float = 4.0
    least: int = 200
    named: bool = True


@dataclass(slots=True, eq=False)
class Answers:
    """What one method has said of the samples so far.

    Parameters
    ----------
    method : str or None
    bounds : list of ndarray, each (replicates, 6)
        Value, one-sided bounds at ``ALPHA`` and at half of it, p-value; NaN where the metric is undefined.
    made_by : set of str
        The names of the methods in what it answered.
    refusal : str or None
        Why it does not answer at all.
    seconds : float
    """

    method: str | None
    bounds: list[Floats] = dataclasses.field(default_factory=list)
    made_by: set[str] = dataclasses.field(default_factory=set)
    refusal: str | None = None
    seconds: float = 0.0

    def wants_more(self, effort: Effort) -> bool:
        """Tell whether it should get further samples: a default enough to tell, others for a rough answer."""
        if self.method is not None:
            return self.refusal is None and self.seconds < effort.seconds / 3
        enough = sum(map(len, self.bounds)) >= effort.least or self.seconds > _PATIENCE * effort.seconds
        return self.refusal is None and not (enough and self.seconds > effort.seconds)

    def add(self, parts: Mapping[Any, Any], replicates: int, *, p_values: bool) -> None:
        """Read the bounds of a chunk, and the p-values where they mean something."""
        rows = np.full((replicates, 6), math.nan)
        for key, part in parts.items():
            if not isinstance(part, MetricError):
                inference = _inference(part)
                p_value = part.p_value if p_values and isinstance(part, Comparison) else math.nan
                rows[key[0][1]] = *_numbers(inference), p_value
                self.made_by.add(_plain(inference.method))
        self.bounds.append(rows)


def _inference(part: Inference | Comparison) -> Inference:
    return part.gain if isinstance(part, Comparison) else part


def _numbers(inference: Inference) -> tuple[float, ...]:
    sides = [bound(alpha) for alpha in (ALPHA, ALPHA / 2) for bound in (inference.lower, inference.upper)]
    return inference.value, *sides


def _plain(method: str) -> str:
    """Return a method's name without the numbers of one sample."""
    told = re.sub(r" ?\([^)]*\)", lambda found: " (effective n)" if "effective" in found[0] else "", method)
    return re.sub(r"\b\d[\d,.]*\b", "n", told)


def measure(cell: Cell, effort: Effort) -> dict[str, Any]:
    """Return what is true in a cell, and by method how often its bounds said otherwise."""
    try:
        truth = truth_of(cell.case, cell.setting, cell.pairing)
    except AiqaError as error:
        return {"truth": None, "methods": {"default": {"refusal": str(error)}}}
    answers = [Answers(name) for name in cell.methods if effort.named or name is None]
    world = world_of(cell.setting)
    for number, replicates in _chunks(cell, world, effort.replicates):
        waiting = [one for one in answers if one.wants_more(effort)]
        frames = _draw(cell, world, number, replicates) if waiting else []
        for one in waiting:
            _ask(cell, one, frames, number, replicates)
    return {"truth": truth, "methods": _summaries(cell, answers, truth)}


def _chunks(cell: Cell, world: World, replicates: int) -> Iterator[tuple[int, int]]:
    """Yield numbered parts of the replicates: small ones first, then as many rows as memory likes."""
    rows = cell.n * (1.0 if world.sizes is None else float(world.sizes.mean()))
    most = int(min(500, max(1, _CHUNK // rows)))
    number, done = 0, 0
    while done < replicates:
        step = min(most, 10 * 4**number, replicates - done)
        yield number, step
        number, done = number + 1, done + step


def _draw(cell: Cell, world: World, number: int, replicates: int) -> list[pl.DataFrame]:
    rng = np.random.default_rng([SEED, zlib.crc32(cell.key.encode()), number])
    two = cell.pairing == "unpaired" or KINDS[cell.case.kind].task == "data"
    return [world.draw(rng, replicates, cell.n) for _ in range(2 if two else 1)]


def _ask(cell: Cell, one: Answers, frames: list[pl.DataFrame], number: int, replicates: int) -> None:
    started = time.process_time()
    try:
        parts = answer(cell.case, cell.setting, cell.pairing, frames, one.method, cell.n, seed=number)
    except AiqaError as error:
        one.refusal = str(error)
    else:
        one.add(parts, replicates, p_values=cell.setting.name == EQUAL)
    one.seconds += time.process_time() - started


def answer(
    case: Case,
    setting: Setting,
    pairing: str,
    frames: Sequence[pl.DataFrame],
    method: str | None,
    n: int,
    *,
    seed: int,
) -> dict[Any, Any]:
    """Return what aiqa says of each sample of the frames (the champion's own rows are the second)."""
    kind = KINDS[case.kind]
    if kind.task == "data":
        return _moved(case.of(n), kind, frames, seed)
    roles: dict[str, Any] = {"y_true": kind.truth, "by": "replicate", "seed": seed}
    roles |= {"task": kind.task, "classes": kind.classes}
    if setting.name == CLUSTERED and "per" not in case.of(n).point.as_dict():
        roles["cluster"] = "unit"
    if setting.name == WEIGHTED:
        roles["sample_weight"] = "weight"
    if pairing == "alone":
        (parts,) = infer_arrays([case.of(n)], frames[0], method=method, **kind.answers, **roles).values()
        return parts
    others: dict[str, Any] = {"champion_data": frames[1]} if pairing == "unpaired" else {}
    challenger, champion = kind.pair
    gains, _ = compare_arrays(
        case.of(n), frames[0], challenger=challenger, champion=champion, method=method, **others, **roles
    )
    return gains


def _moved(metric: Metric, kind: Kind, frames: Sequence[pl.DataFrame], seed: int) -> dict[Any, Any]:
    """Return what a metric of two data sets says of each sample of them."""
    whole, asked = metric.by("replicate"), drift.requests(metric.by("replicate"))
    now, before = (
        execute(frame.select("replicate", column=name).lazy(), asked)
        for frame, name in zip(frames, kind.pair, strict=True)
    )
    return drift.infer(whole, now, before, seed)


@lru_cache(maxsize=16)
def world_of(setting: Setting) -> World:
    """Return the world of a setting."""
    return setting.build()


@lru_cache(maxsize=64)
def truth_of(case: Case, setting: Setting, pairing: str) -> float:
    """Return what is true in a world: of the challenger, or of its gain on the champion."""
    world = world_of(setting)
    if case.truth is not None:
        return _told(case, world.columns, pairing)
    whole = world.whole()
    (part,) = answer(case, setting, pairing, [whole, whole], case.truth_by, len(whole), seed=0).values()
    if isinstance(part, MetricError):
        raise part
    return float(_inference(part).value)


def _told(case: Case, columns: Columns, pairing: str) -> float:
    assert case.truth is not None
    challenger = case.truth(columns)
    if pairing == "alone":
        return challenger
    old = {name.removeprefix("old_"): values for name, values in columns.items() if name.startswith("old_")}
    gain = challenger - case.truth({**columns, **old})
    return gain if catalogue.higher_is_better(case.of(100)) else -gain


def _summaries(cell: Cell, answers: list[Answers], truth: float) -> dict[str, Any]:
    found: dict[str, Any] = {one.method or "default": {"refusal": one.refusal} for one in answers}
    tables = {one: np.concatenate(one.bounds) for one in answers if one.bounds}
    ends, default = _ends(cell), tables.get(answers[0])
    for one, table in tables.items():
        told = {
            "made_by": sorted(one.made_by),
            **rates(table, truth, ends),
            "distance": distances(table, truth, ends),
            "ideal": ideal(table, truth),
            "seconds": round(one.seconds, 2),
        }
        if one.method is not None and default is not None:
            told["relative"] = relative(table, default, truth, ends)
        found[one.method or "default"] = told
    return found


def _ends(cell: Cell) -> tuple[float, float]:
    low, high = _KINDS.get(cell.case.metric, ((-math.inf, math.inf),))[0]
    return (low, high) if _is_value(cell) else (low - high, high - low)


def _is_value(cell: Cell) -> bool:
    """Tell a value, also one that two models have together, from a gain."""
    return cell.pairing == "alone" or cell.case.needs_champion
