"""Whole gates: how often many slices, or many looks, add up to a verdict that is wrong."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.config import DEFAULT_POLICY
from aiqa.declare.gate import Policy
from aiqa.declare.metric import Metric
from aiqa.declare.metrics import metric as namespace
from aiqa.errors import MetricError
from aiqa.judge.values import Judged, judge_values
from aiqa.verdict import Verdict
from benchmarks.coverage import worlds
from benchmarks.coverage.cases import fixed
from benchmarks.coverage.kinds import Setting
from benchmarks.coverage.measure import SEED, Effort, answer, truth_of, world_of
from benchmarks.coverage.plan import module_of

SLICES = 20
LOOKS = 20
_CHUNK = 50
Found = dict[Any, Any]
Wrong = dict[str, float]
"""Of one run: whether (or which share of) its verdict was wrong, and those of cruder gates beside it."""


@dataclass(frozen=True, eq=False)
class GateStudy:
    """A gate over slices or looks, in worlds where its verdict is known to be wrong.

    Parameters
    ----------
    name : str
        The gate.
    wrong : str
        What a wrong verdict is.
    metric : Metric
    kind : str
    settings : tuple of Setting
        The world whose truth is the threshold, and another one where there is one.
    rows : int
        Of a slice, or between two looks.
    runs : callable
        From the study, a generator and a number of runs to what was wrong in each.
    """

    name: str
    wrong: str
    metric: Metric
    kind: str
    settings: tuple[Setting, ...]
    rows: int
    runs: Callable[[GateStudy, np.random.Generator, int], Iterator[Wrong]]

    @property
    def key(self) -> str:
        """Its name in the results."""
        return f"{self.metric!r} | {self.name} | {self.wrong} | {self.rows}"

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of aiqa that its result comes from."""
        return module_of(self.metric.name).__name__, "aiqa.judge.values"

    @cached_property
    def truth(self) -> float:
        """What is true in the first world: the threshold."""
        return truth_of(fixed(self.metric, self.kind), self.settings[0], "alone")

    def measure(self, effort: Effort) -> dict[str, Any]:
        """Return the rates of wrong verdicts, in a quarter as many runs as a cell gets samples."""
        replicates = max(effort.least, effort.replicates // 4)
        found: list[Wrong] = []
        for number, start in enumerate(range(0, replicates, _CHUNK)):
            rng = np.random.default_rng([SEED, zlib.crc32(self.key.encode()), number])
            found += self.runs(self, rng, min(_CHUNK, replicates - start))
        rates = {name: round(float(np.mean([run[name] for run in found])), 5) for name in found[0]}
        return {"replicates": replicates, "rates": rates}


def _judged(study: GateStudy, found: Mapping[Any, Any], policy: Policy) -> Judged:
    requirement = (study.metric >= study.truth).requirement
    if study.metric.name in _LOSSES:
        requirement = (study.metric <= study.truth).requirement
    return judge_values(requirement, found, policy)


_LOSSES = ("mae", "brier", "log_loss")


def _ask(study: GateStudy, frame: pl.DataFrame, *by: str) -> dict[int, Found]:
    """Return what is found in each replicate, by the rest of its key."""
    case = fixed(study.metric.by("replicate", *by), study.kind)
    parts = answer(case, study.settings[0], "alone", [frame], None, study.rows, seed=0)
    runs: dict[int, Found] = {}
    for (replicate, *rest), part in parts.items():
        runs.setdefault(replicate[1], {})[tuple(rest)] = part
    return runs


def _in_slices(study: GateStudy, rng: np.random.Generator, runs: int, other: int = 0) -> dict[int, Found]:
    """Draw slices for each run, `other` of them from the second world, and ask."""
    frames = []
    for setting, count in zip(study.settings, (SLICES - other, other), strict=False):
        frame = world_of(setting).draw(rng, runs * count, study.rows)
        first = 0 if setting is study.settings[0] else SLICES - other
        frames.append(
            frame.with_columns(
                replicate=pl.col("replicate") // count, slice=first + pl.col("replicate") % count
            )
        )
    return _ask(study, pl.concat(frames), "slice")


def _beyond(study: GateStudy, part: Any) -> bool:
    """Tell whether an estimate is on the wrong side of the threshold."""
    if isinstance(part, MetricError):
        return False
    bad = part.value > study.truth if study.metric.name in _LOSSES else part.value < study.truth
    return bool(bad)


def alarms(study: GateStudy, rng: np.random.Generator, runs: int) -> Iterator[Wrong]:
    """All slices are on the threshold: any that fails is a false alarm."""
    for found in _in_slices(study, rng, runs).values():
        alone = (_judged(study, {(): part}, DEFAULT_POLICY).judgement.verdict for part in found.values())
        yield {
            "gate": _judged(study, found, DEFAULT_POLICY).judgement.verdict is Verdict.FAIL,
            "each slice alone": any(verdict is Verdict.FAIL for verdict in alone),
            "naive": any(_beyond(study, part) for part in found.values()),
        }


def proofs(study: GateStudy, rng: np.random.Generator, runs: int) -> Iterator[Wrong]:
    """All slices are clear but one, which is on the threshold: a gate that passes, passes falsely."""
    for found in _in_slices(study, rng, runs, other=SLICES - 1).values():
        yield {
            "gate": _judged(study, found, DEFAULT_POLICY).judgement.verdict is Verdict.PASS,
            "naive": not any(_beyond(study, part) for part in found.values()),
        }


def discoveries(study: GateStudy, rng: np.random.Generator, runs: int) -> Iterator[Wrong]:
    """A quarter of the slices are bad, the others on the threshold: the share of false ones among alarms."""
    bad = SLICES // 4
    policy = Policy(severity="warn").over(DEFAULT_POLICY)
    for found in _in_slices(study, rng, runs, other=bad).values():
        parts = _judged(study, found, policy).parts
        failed = [part.slice[0][1] for part in parts if part.judgement.verdict is Verdict.FAIL]
        naive = [key[0][1] for key, part in found.items() if _beyond(study, part)]
        yield {"gate": _false_share(failed, bad), "naive": _false_share(naive, bad)}


def _false_share(alarmed: list[int], bad: int) -> float:
    return sum(number < SLICES - bad for number in alarmed) / max(1, len(alarmed))


def looks(study: GateStudy, rng: np.random.Generator, runs: int) -> Iterator[Wrong]:
    """Rows come in and are looked at again and again: a gate that ever passes or fails is wrong."""
    frame = world_of(study.settings[0]).draw(rng, runs, LOOKS * study.rows)
    place = pl.int_range(pl.len()).over("replicate")
    policy = Policy(anytime=True).over(DEFAULT_POLICY)
    ever: NDArray[np.bool_] = np.zeros((runs, 2), dtype=bool)
    for look in range(1, LOOKS + 1):
        for run, found in _ask(study, frame.filter(place < look * study.rows)).items():
            ever[run] |= _passed(study, found, policy), _passed(study, found, DEFAULT_POLICY)
    for gate, once in ever:
        yield {"gate": float(gate), "bounds of a single look": float(once)}


def _passed(study: GateStudy, found: Found, policy: Policy) -> bool:
    return _judged(study, found, policy).judgement.verdict is Verdict.PASS


def _setting(build: Callable[..., worlds.World], *told: Any, **how: Any) -> Setting:
    return Setting("", partial(build, *told, **how))


@cache
def gates() -> tuple[GateStudy, ...]:
    """Return all studies."""
    floor, clear, bad = (_setting(worlds.labels, 0.5, *([rate] * 2)) for rate in (0.9, 0.99, 0.75))
    rare = _setting(worlds.labels, 0.2, 0.8, 0.8)
    ranked, heavy = _setting(worlds.scores, 0.3), _setting(worlds.values, "lognormal")
    recall, accuracy, area, mae = (
        getattr(namespace, name) for name in ("recall", "accuracy", "roc_auc", "mae")
    )
    alarm = partial(GateStudy, "20 slices, Holm", "a slice fails", runs=alarms)
    look = partial(GateStudy, "20 looks, anytime", "it ever passes", runs=looks)
    return (
        alarm(accuracy, "labels", (floor,), 100),
        alarm(recall, "labels", (rare,), 100),
        alarm(area, "scores", (ranked,), 100),
        alarm(mae, "values", (heavy,), 200),
        GateStudy("20 slices", "it passes", accuracy, "labels", (floor, clear), 200, proofs),
        GateStudy("20 slices, 5 bad", "false alarms", accuracy, "labels", (floor, bad), 200, discoveries),
        look(accuracy, "labels", (floor,), 100),
        look(area, "scores", (ranked,), 100),
        look(mae, "values", (heavy,), 100),
    )
