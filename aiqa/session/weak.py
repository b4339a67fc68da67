"""Weak slices: searched on one half of the rows, judged by the other.

Rows of one cluster (or with one key) are in the same half, which a hash of it tells, so that it is the same
half in every run with the same seed.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiqa.config import DEFAULT_POLICY
from aiqa.declare.gate import AsUsual, AtLeast, AtMost, Gate, Met, Policy, Requirement, make_policy
from aiqa.declare.metric import Metric
from aiqa.declare.search import Search
from aiqa.errors import DeclarationError, MetricError
from aiqa.judge.family import CORRECTIONS, Part, SliceKey, name_of
from aiqa.judge.values import Judged
from aiqa.judge.weak import MOST, candidates, confidence_of, judge_weak
from aiqa.scan.predictions import Predictions
from aiqa.stats.inference import Estimate, Inference
from aiqa.verdict import Verdict

if TYPE_CHECKING:
    from aiqa.metrics.arrays import By
    from aiqa.metrics.weak import Halves

SHOWN = 20


@dataclass(frozen=True, slots=True, eq=False)
class Weak:
    """What a search came to.

    Parameters
    ----------
    slices : int
        How many were searched.
    searched : mapping
        What the half that was searched says of the candidates.
    judged : Judged
        What the other does: its parts are the candidates, worst first.
    """

    slices: int
    searched: Mapping[SliceKey, Inference | MetricError]
    judged: Judged


def search(halves: Halves, requirement: Requirement, policy: Policy) -> Weak:
    """Search one half, and judge what was found by the other."""
    searched = halves.searched()
    chosen = candidates(searched, requirement, confidence_of(policy))
    tested = halves.tested(chosen[:MOST])
    judged = judge_weak(searched, chosen, tested, requirement, policy, halves.search)
    return Weak(len(searched), {key: searched[key] for key in chosen}, judged)


@dataclass(frozen=True, slots=True)
class WeakSlice:
    """A slice that looked weak in the half of the rows that was searched.

    Parameters
    ----------
    slice : dict
        The value of each column; ``aiqa.other`` for values that were folded, None for missing ones.
    verdict : Verdict
        ``fail``: the other half shows that it is weak; ``pass``: that it is not; ``inconclusive``: neither.
    tested : Estimate or None
        What the other half says; None where the metric is not defined there.
    searched : Estimate
        What the half that was searched says, which is too bad by having been chosen.
    reason : str
    """

    slice: dict[str, Any]
    verdict: Verdict
    tested: Estimate | None
    searched: Estimate
    reason: str

    def __str__(self) -> str:
        tested = self.reason if self.tested is None else str(self.tested)
        name = name_of(tuple(self.slice.items()))
        return f"{self.verdict:<13} {name}: {tested} (searched: {self.searched})"


@dataclass(frozen=True, repr=False)
class WeakSlices:
    """What :func:`weak_slices` found.

    Parameters
    ----------
    claim : str
        What a slice that is not weak meets.
    verdict : Verdict
        ``pass`` where none is weak, as far as was found.
    reason : str
    slices : int
        How many were searched.
    looked : int
        How many of them looked weak.
    tested : tuple of WeakSlice
        Those, or the 100 surest of them, worst first.
    """

    claim: str
    verdict: Verdict
    reason: str
    slices: int
    looked: int
    tested: tuple[WeakSlice, ...]

    @property
    def weak(self) -> tuple[WeakSlice, ...]:
        """Those that the other half shows to be weak."""
        return tuple(one for one in self.tested if one.verdict is Verdict.FAIL)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"

    def _lines(self) -> Iterator[str]:
        weak = "1 weak slice" if len(self.weak) == 1 else f"{len(self.weak):,} weak slices"
        tested = f" ({len(self.tested):,} tested)" if self.looked > len(self.tested) else ""
        yield f"{self.claim}: {weak}, of {self.looked:,} that looked weak{tested} among {self.slices:,}"
        yield from (f"  {one}" for one in self.tested[:SHOWN])
        if len(self.tested) > SHOWN:
            yield f"  and {len(self.tested) - SHOWN:,} more"


def weak_slices(
    metric: Gate | Metric | str,
    data: Any = None,
    *,
    y_true: Any,
    y_pred: Any = None,
    y_score: Any = None,
    by: By = None,
    depth: int | None = None,
    min_support: int | None = None,
    sample_weight: Any = None,
    cluster: Any = None,
    time: Any = None,
    method: str | None = None,
    confidence: float | None = 0.95,
    correction: str = "bh",
    task: str | None = None,
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    seed: int = 0,
) -> WeakSlices:
    """Search for slices in which a model is weak, and test those that are found on rows kept for that.

    One half of the rows tells which slices look weak: single values with enough rows, then their crosses. The
    other half, which had no part in choosing them, tells which are. A cross of a slice that looks weak
    itself is left out, unless it is clearly worse.

    Parameters
    ----------
    metric : Gate, Metric or str
        What a slice should meet, as ``metric.recall >= 0.5``. Of a metric alone, or its name, that a slice is
        no worse than all rows of the half that is searched.
    data, y_true, y_pred, y_score, sample_weight, time, method, task, classes, positive, threshold
        As in :func:`aiqa.evaluate`.
    by : as in :func:`aiqa.evaluate`
        The columns, buckets or folded columns to search; not needed with ``metric.recall.by_any(...)``.
        Numbers of more than 20 different values are cut at the quintiles of the half that is searched.
    depth : int, default 2
        Of how many columns a slice may be crossed.
    min_support : int, default 50
        How many rows of the half that is searched a slice must have.
    cluster : array-like, shape (n,), or str, optional
        Which rows belong together: they are in the same half, and intervals count clusters.
    confidence : float or None, default 0.95
    correction : {"bh", "holm"}
        How the slices that are tested are spared false alarms: so that few of them are false, or so that any
        is rare.
    seed : int, default 0
        Of the halves, and of bootstraps.

    Returns
    -------
    WeakSlices

    Raises
    ------
    DataError, MetricError, DeclarationError
        As :func:`aiqa.evaluate`; a gate that needs more than one model; columns that are not named.

    Examples
    --------
    >>> from aiqa import metric
    >>> shops = ["a", "b", "c", "d"] * 500
    >>> said = [int(row % 8 == 3) for row in range(2000)]  # shop d is wrong every second time
    >>> found = weak_slices(metric.accuracy >= 0.9, y_true=[0] * 2000, y_pred=said, by={"shop": shops})
    >>> [one.slice for one in found.weak]
    [{'shop': 'd'}]
    """
    from aiqa.metrics import evaluate as arrays
    from aiqa.metrics.arrays import Given, refuse_models, table_of
    from aiqa.metrics.weak import belonging_of, in_halves

    arrays.check_arguments(confidence, "each-side", seed, anytime=False, threshold=threshold)
    policy = _policy(confidence, correction)
    refuse_models(y_pred=y_pred, y_score=y_score)
    roles = {"y_true": y_true, "sample_weight": sample_weight, "cluster": cluster, "time": time}
    given = Given.of(data, by, classes=classes, **roles)
    claim, requirement = _claimed(metric)
    of = arrays.as_metric(claim, given, scores=y_pred is None, method=method)
    of = _searching(of, depth, min_support)
    answers = Predictions(given.answers(y_pred, "y_pred"), given.answers(y_score, "y_score"))
    model = {"classes": classes, "positive": positive, "threshold": threshold}
    table = table_of(given, answers, task=task or arrays.task_of([of], given, answers, classes), **model)
    halves = in_halves(of, table, belonging_of(given.dataset(), table), seed, versus_champion=False)
    requirement = requirement or _no_worse_than_all(of, halves)
    return _report(f"{of!r} {requirement}", search(halves, requirement, policy), confidence)


def _claimed(metric: Any) -> tuple[Any, Requirement | None]:
    if not isinstance(metric, Gate):
        return metric, None
    single = not metric.needs_champion and not isinstance(metric.requirement, AsUsual | Met)
    if not single:
        raise DeclarationError(f"weak slices take a gate such as metric.recall >= 0.5, not {metric!r}")
    return metric.claim, metric.requirement


def _policy(confidence: float | None, correction: str) -> Policy:
    severities = {name: severity for severity, name in CORRECTIONS.items()}
    if correction not in severities:
        raise DeclarationError(
            f"correction= must be one of {', '.join(sorted(severities))}, not {correction!r}"
        )
    return make_policy(confidence=confidence, severity=severities[correction]).over(DEFAULT_POLICY)


def _searching(metric: Metric, depth: int | None, min_support: int | None) -> Metric:
    if not metric.slices:
        raise DeclarationError("by= names the columns among which weak slices are searched")
    declared = metric.search or Search()
    told = {"depth": depth, "min_support": min_support}
    settings = vars(declared) | {name: value for name, value in told.items() if value is not None}
    return metric.by_any(*metric.slices, **settings)


def _no_worse_than_all(metric: Metric, halves: Halves) -> Requirement:
    from aiqa.metrics.catalogue import higher_is_better

    whole = halves.whole()
    if set(whole) != {()}:
        raise DeclarationError(f"{metric!r} has a value for each class: say what they should meet, as >= 0.8")
    found = whole[()]
    if isinstance(found, MetricError):
        raise found
    # What is shown is what was compared with.
    value = float(f"{found.value:g}")
    return AtLeast(value) if higher_is_better(metric) else AtMost(value)


def _report(claim: str, found: Weak, confidence: float | None) -> WeakSlices:
    judgement = found.judged.judgement
    tested = tuple(_weak_slice(part, found.searched[part.slice], confidence) for part in found.judged.parts)
    return WeakSlices(claim, judgement.verdict, judgement.reason, found.slices, len(found.searched), tested)


def _weak_slice(part: Part, searched: Any, confidence: float | None) -> WeakSlice:
    estimate = searched.estimate(confidence, "each-side")
    judged = part.judgement
    return WeakSlice(dict(part.slice), judged.verdict, judged.estimate, estimate, judged.reason)
