"""Metrics of a binary model where the rows set the threshold: a budget, a rate, a recall, a precision."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from aiqa.declare.source import PERIODS
from aiqa.errors import MetricError
from aiqa.metrics.called import FORMULAS
from aiqa.metrics.confusion import SPECS as CONFUSION
from aiqa.metrics.confusion import infer_definition
from aiqa.metrics.definitions import WHOLE, definition
from aiqa.metrics.question import Comparison, Comparisons, Parts, Question, States, compared
from aiqa.metrics.rows import Columns, Floats, columns_of, rows_statistic
from aiqa.scan.statistics import Statistic
from aiqa.stats.cells import Cells
from aiqa.stats.functional import METHODS, Functional, difference, function_of, infer, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.point_draws import infer_point, wider
from aiqa.stats.points import Falling, Measure, Point, Scored, by_call, functional_of, slopes
from aiqa.stats.proportions import proportion
from aiqa.stats.skewed import Domain

_NONE = 1e-24
_SUPPORTS = {"precision": "rows called positive", "recall": "positive rows", "specificity": "negative rows"}


class OperatingPoint:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def __init__(self, *, higher_is_better: bool) -> None:
        self._sign = 1.0 if higher_is_better else -1.0

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        FORMULAS[question.name](question)
        if question.method not in (None, *METHODS):
            raise MetricError(
                f"{question.method} takes the threshold as known, and here the rows set it: "
                f"{question.metric!r} has {', '.join(METHODS)}"
            )
        per = question.point.get("per")
        extra = () if per is None else (_group_column(question, per),)
        return rows_statistic(question, versus_champion=versus_champion, scores=True, extra=extra)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        columns = columns_of(question, states, versus_champion=False)
        if "per" in question.point:
            return {(): _Groups(question, columns).infer(seed)}
        return {(): _Rows(question, columns).infer(seed)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        columns = columns_of(question, states, versus_champion=True)
        if "per" in question.point:
            return {(): _Groups(question, columns).compare(self._sign, seed)}
        return {(): _Rows(question, columns).compare(self._sign, seed)}


def _group_column(question: Question, per: str) -> str:
    if per not in PERIODS:
        return per
    column = f"aiqa:{per}"
    if column not in question.table.columns:
        time = question.table.time
        why = "declare the data set's time=" if time is None else f"column {time!r} holds no dates"
        raise MetricError(f"{question.metric!r} needs to know the {per} of each row: {why}", column=time)
    return column


def _point(question: Question, rows: int) -> Point:
    kind = next(kind for kind in question.point if kind != "per")
    value = float(question.point[kind])
    return Point(kind, min(1.0, value / rows) if kind == "top" else value)


def _value(question: Question, measure: Measure, counts: Floats) -> float:
    """Return the value of the metric.

    Raises
    ------
    MetricError
        Where it is not defined.
    """
    tp, fp, fn, tn = counts
    kind, classes = _point(question, 1).kind, question.table.classes
    if tp + fn <= 0 and (kind == "recall" or question.name in ("recall", "f1", "fbeta", "jaccard")):
        raise MetricError(f"{question.metric!r} is not defined: no row is of class {classes[1]!r}")
    if fp + tn <= 0 and (kind == "fpr" or question.name in ("fpr", "specificity")):
        raise MetricError(f"{question.metric!r} is not defined: every row is of class {classes[1]!r}")
    value = float(measure(*counts))
    if not math.isnan(value):
        return value
    why = {
        "precision": "no threshold reaches it, so no row is called",
        "npv": f"every row is called {classes[1]!r}",
    }.get(question.name, "it needs rows of both classes")
    raise MetricError(f"{question.metric!r} is not defined: {why}")


def _difference(domain: Domain) -> Domain:
    return domain[0] - domain[1], domain[1] - domain[0]


class _Rows:
    """One threshold for all rows."""

    def __init__(self, question: Question, columns: Columns) -> None:
        self._question, self._columns = question, columns
        self._measure, self._domain = FORMULAS[question.name](question)
        self._point = _point(question, len(columns.truth))
        truth = columns.truth == 1
        models = [Falling(truth, score) for score in columns.scores]
        self._scored = Scored(truth, models, columns.weights, columns.cluster)

    def _counts(self, model: int) -> Floats:
        return self._scored.models[model].counts(self._point, self._scored.weight)

    def infer(self, seed: int) -> Inference:
        counts = self._counts(0)
        value = _value(self._question, self._measure, counts)
        told: dict[str, Any] = {"domain": self._domain, **self._support(counts)}
        if self._question.method in (None, "bootstrap"):
            return self._draw(value, seed, **told)
        return self._of_rows(self._functional(0, **told), seed)

    def compare(self, sign: float, seed: int) -> Comparison:
        challenger, champion = (
            _value(self._question, self._measure, self._counts(model)) for model in (0, 1)
        )
        if self._question.method in (None, "bootstrap"):
            domain = _difference(self._domain)
            gain = self._draw(sign * (challenger - champion), seed, domain=domain, sign=sign)
        else:
            models = [self._functional(model, domain=self._domain) for model in (0, 1)]
            gain = self._of_rows(difference(*(models if sign > 0 else reversed(models))), seed)
        return compared(gain, challenger, champion)

    def _draw(self, value: float, seed: int, **told: Any) -> Inference:
        told["replicates"] = self._question.how["replicates"]
        return infer_point(self._scored, self._point, self._measure, value, seed=seed, **told)

    def _functional(self, model: int, **told: Any) -> Functional:
        return functional_of(self._scored, model, self._point, self._measure, **told)

    def _of_rows(self, functional: Functional, seed: int) -> Inference:
        return infer(functional, clusters=self._scored.clusters, seed=seed, **self._question.how)

    def _support(self, counts: Floats) -> dict[str, Any]:
        """Return how many rows decide the precision, where it is not all."""
        of = _SUPPORTS.get(self._question.name)
        if of is None:
            return {}
        truth, weight = self._scored.truth, self._scored.weight
        seen = {"positive rows": truth, "negative rows": ~truth}.get(of)
        typical = float(weight @ weight / weight.sum())
        rows = (counts[0] + counts[1]) / typical if seen is None else (weight[seen] > 0).sum()
        return {"support": round(float(rows)), "support_of": of}


class _Groups:
    """A budget for each day or group, of which there is a threshold each: the groups are what varies."""

    def __init__(self, question: Question, columns: Columns) -> None:
        self._question, self._columns = question, columns
        self._measure, self._domain = FORMULAS[question.name](question)
        self._truth, self._weight = columns.truth == 1, columns.weights
        keys = columns.extra[_group_column(question, question.point["per"])]
        _, self._group = np.unique(keys.astype(str) if keys.dtype == object else keys, return_inverse=True)

    def _counts(self, model: int) -> Floats:
        """Return what each row adds to true and false positives, false and true negatives: (4, rows)."""
        order = np.argsort(self._group, kind="stable")
        share, score = np.empty(len(order)), self._columns.scores[model]
        for rows in np.split(order, np.flatnonzero(np.diff(self._group[order])) + 1):
            falling, point = Falling(self._truth[rows], score[rows]), _point(self._question, len(rows))
            share[rows] = falling.shares(point, self._weight[rows])
        return np.array([self._weight * part for part in by_call(self._truth, share)])

    def _functional(self, counts: Floats) -> Functional:
        def value(*means: float) -> float:
            return float(self._measure(*np.array(means)))

        def gradient(*means: float) -> list[float]:
            return list(slopes(self._measure, np.array(means)))

        return function_of(value, [mean_of(part) for part in counts], gradient, domain=self._domain)

    def infer(self, seed: int) -> Inference:
        counts = self._counts(0)
        value = _value(self._question, self._measure, counts.sum(axis=1))
        found = self._by_groups(self._functional(counts), value, seed)
        known = self._as_if_known(counts.sum(axis=1), seed)
        return found if known is None else _the_wider(known, found)

    def compare(self, sign: float, seed: int) -> Comparison:
        counts = [self._counts(model) for model in (0, 1)]
        challenger, champion = (_value(self._question, self._measure, of.sum(axis=1)) for of in counts)
        models = [self._functional(of) for of in counts]
        better = difference(*(models if sign > 0 else reversed(models)))
        return compared(self._by_groups(better, math.nan, seed), challenger, champion)

    def _by_groups(self, functional: Functional, value: float, seed: int) -> Inference:
        """Infer from the groups as units, and where rows belong together otherwise, from that as well."""
        units = int(self._group.max()) + 1
        if functional.linear(self._group).moment(2) <= _NONE and functional.domain == (0.0, 1.0):
            return proportion(value * units, units, n=functional.n)
        found = infer(functional, clusters=self._group, seed=seed, **self._question.how)
        found = replace(
            found, method=f"{found.method} of {units:,} groups", support=units, support_of="groups"
        )
        if self._columns.cluster is None:
            return found
        return _the_wider(
            found, infer(functional, clusters=self._columns.cluster, seed=seed, **self._question.how)
        )

    def _as_if_known(self, counts: Floats, seed: int) -> Inference | None:
        """Return the bounds of a share at known thresholds: they stay open where groups show nothing."""
        if self._question.name not in CONFUSION:
            return None
        question = replace(self._question, metric=replace(self._question.metric, method=None))
        made = definition(question, None if question.name in WHOLE else 1)
        if made.share is None or not made.share.exact:
            return None
        tp, fp, fn, tn = counts
        weight, typical = np.array([tn, fp, fn, tp]), float(self._weight @ self._weight / self._weight.sum())
        seen = weight > 0
        rows = np.ceil(weight[seen] / typical).astype(np.int64)
        truth, said = np.array([0, 0, 1, 1])[seen], np.array([0, 1, 0, 1])[seen]
        cells = Cells(truth, (said,), rows, weight[seen], weight[seen] * typical, 2)
        return replace(infer_definition(question, made, cells, seed), n=len(self._truth))


def _the_wider(one: Inference, other: Inference) -> Inference:
    return wider(one, other, f"the wider of {one.method} and {other.method}")
