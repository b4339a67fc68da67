"""Precision, recall, F1 and accuracy where the threshold is set by the rows: a budget, a rate, a recall."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiqa.declare.source import PERIODS
from aiqa.errors import MetricError
from aiqa.metrics.question import Comparisons, Parts, Question, States, compared
from aiqa.metrics.rows import Columns, Floats, columns_of, rows_statistic
from aiqa.scan.statistics import Statistic
from aiqa.stats.bootstrap import bootstrap_rows
from aiqa.stats.inference import Inference
from aiqa.stats.linear import t_inference
from aiqa.stats.proportions import f1, proportion

Bools = NDArray[np.bool_]
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Called:
    """Weights at one operating point: true and false positives among those called, and all of each class."""

    tp: float
    fp: float
    positive: float
    negative: float

    def parts(self, name: str) -> tuple[float, float]:
        """Return numerator and denominator of a metric."""
        return {
            "precision": (self.tp, self.tp + self.fp),
            "recall": (self.tp, self.positive),
            "f1": (2 * self.tp, self.tp + self.fp + self.positive),
            "accuracy": (self.tp + self.negative - self.fp, self.positive + self.negative),
        }[name]

    def value(self, name: str) -> float:
        """Return the metric, or NaN where it is not defined."""
        numerator, denominator = self.parts(name)
        return numerator / denominator if denominator > 0 else math.nan


@dataclass(frozen=True, slots=True)
class Falling:
    """Rows in falling order of score, and the way back from their own order."""

    truth: Bools
    score: Floats
    weight: Floats
    place: NDArray[np.intp]

    def at(self, point: Point, rows: NDArray[np.intp] | None = None) -> Called:
        """Return what is called among these rows (all; repeats count)."""
        if rows is None:
            return _called(self.truth, self.score, self.weight, point)
        places = np.sort(self.place[rows])
        share = len(rows) / len(self.truth)
        return _called(self.truth[places], self.score[places], self.weight[places], point.scaled(share))


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point: ``top``, ``fpr``, ``recall`` or ``precision``, and its value."""

    kind: str
    value: float

    def scaled(self, share: float) -> Point:
        """Return the point for a share of the rows: a budget shrinks with them."""
        return replace(self, value=self.value * share) if self.kind == "top" else self


def falling(truth: Bools, score: Floats, weight: Floats | None) -> Falling:
    """Sort rows by score."""
    order = np.argsort(-score, kind="stable")
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    weights = np.ones(len(order)) if weight is None else weight
    return Falling(truth[order], score[order], weights[order], place)


def _called(truth: Bools, score: Floats, weight: Floats, point: Point) -> Called:
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    tp = np.concatenate([[0.0], np.cumsum(weight * truth)[ends]])
    fp = np.concatenate([[0.0], np.cumsum(weight * ~truth)[ends]])
    whole, part = _cut(tp, fp, np.concatenate([[0], ends + 1]), point)
    after = min(whole + 1, len(tp) - 1)
    return Called(
        float(tp[whole] + part * (tp[after] - tp[whole])),
        float(fp[whole] + part * (fp[after] - fp[whole])),
        float(tp[-1]),
        float(fp[-1]),
    )


def _cut(tp: Floats, fp: Floats, rows: NDArray[np.intp], point: Point) -> tuple[int, float]:
    """Return how many distinct scores are called wholly, and the share of the next one that is.

    A budget that ends among equal scores takes them in the share that fits: the expectation over all
    orders of the tied rows.
    """
    if point.kind == "top":
        whole = int(np.searchsorted(rows, point.value, side="right")) - 1
        if whole == len(rows) - 1:
            return whole, 0.0
        return whole, (point.value - rows[whole]) / (rows[whole + 1] - rows[whole])
    if point.kind == "fpr":
        return int(np.flatnonzero(fp <= point.value * fp[-1] * (1 + _ROUNDING))[-1]), 0.0
    if point.kind == "recall":
        return int(np.argmax(tp >= point.value * tp[-1] * (1 - _ROUNDING))), 0.0
    reached = np.flatnonzero(tp[1:] >= point.value * (tp + fp)[1:] * (1 - _ROUNDING))
    return (int(reached[-1]) + 1 if len(reached) else 0), 0.0


class OperatingPoint:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        per = question.point.get("per")
        extra = () if per is None else (_group_column(question, per),)
        return rows_statistic(question, versus_champion=versus_champion, scores=True, extra=extra)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        columns = columns_of(question, states, versus_champion=False)
        if "per" in question.point:
            return {(): _infer_groups(question, columns)}
        return {(): _infer_rows(question, columns, seed)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        columns = columns_of(question, states, versus_champion=True)
        name, point, truth = question.name, _point(question), columns.truth == 1
        if "per" in question.point:
            groups = [_by_group(question, columns, model) for model in (0, 1)]
            values = [_total(of).value(name) for of in groups]
            _require(question, _total(groups[0]), values)
            return {(): compared(_gain_of_groups(name, groups, len(truth)), values[0], values[1])}
        first, second = (falling(truth, score, columns.weight) for score in columns.scores)
        values = [sorted_rows.at(point).value(name) for sorted_rows in (first, second)]
        _require(question, first.at(point), values)

        def gain(rows: NDArray[np.intp]) -> float:
            return first.at(point, rows).value(name) - second.at(point, rows).value(name)

        inference = bootstrap_rows(gain, values[0] - values[1], len(truth), seed, domain=(-1.0, 1.0))
        return {(): compared(_threshold_estimated(inference), values[0], values[1])}


def _point(question: Question) -> Point:
    kind = next(kind for kind in question.point if kind != "per")
    return Point(kind, float(question.point[kind]))


def _group_column(question: Question, per: str) -> str:
    if per not in PERIODS:
        return per
    column = f"aiqa:{per}"
    if column not in question.table.frame.collect_schema():
        time = question.table.time
        why = "declare the data set's time=" if time is None else f"column {time!r} holds no dates"
        raise MetricError(f"{question.metric!r} needs to know the {per} of each row: {why}", column=time)
    return column


def _require(question: Question, called: Called, values: list[float]) -> None:
    """Refuse what is not defined on all the rows."""
    point = _point(question)
    if called.positive <= 0 and (point.kind == "recall" or question.name in ("recall", "f1")):
        raise MetricError(
            f"{question.metric!r} is not defined: no row is of class {question.table.classes[1]!r}"
        )
    if called.negative <= 0 and point.kind == "fpr":
        raise MetricError(
            f"{question.metric!r} is not defined: every row is of class {question.table.classes[1]!r}"
        )
    if any(math.isnan(value) for value in values):
        raise MetricError(f"{question.metric!r} is not defined: no threshold reaches it, so no row is called")


def _infer_rows(question: Question, columns: Columns, seed: int) -> Inference:
    name, point = question.name, _point(question)
    rows = falling(columns.truth == 1, columns.scores[0], columns.weight)
    called = rows.at(point)
    _require(question, called, [called.value(name)])

    def value(of: NDArray[np.intp]) -> float:
        return rows.at(point, of).value(name)

    drawn = bootstrap_rows(value, called.value(name), len(columns.truth), seed, domain=(0.0, 1.0))
    return _threshold_estimated(_wider(drawn, _as_if_known(name, called, columns)))


def _threshold_estimated(inference: Inference) -> Inference:
    return replace(inference, method=f"{inference.method}, threshold re-estimated")


def _wider(one: Inference, other: Inference) -> Inference:
    """Return the wider of two inferences of the same quantity, with the support of the second."""
    return replace(
        other,
        value=one.value,
        method=f"the wider of {one.method} and {other.method}",
        lower=lambda alpha: min(one.lower(alpha), other.lower(alpha)),
        upper=lambda alpha: max(one.upper(alpha), other.upper(alpha)),
    )


def _as_if_known(name: str, called: Called, columns: Columns) -> Inference:
    """Return exact bounds that take the threshold as given: they stay open where resampling shows nothing."""
    hit, trials = called.parts("precision" if name == "f1" else name)
    if name == "f1":
        trials = called.fp + called.positive
    share = min(hit, trials)
    weight = np.ones(len(columns.truth)) if columns.weight is None else columns.weight
    scale = float(weight @ weight / weight.sum())
    effective = trials / scale if columns.weight is not None else None
    inference = proportion(
        share,
        trials,
        n=len(columns.truth),
        effective=effective,
        support=round(trials / scale),
        support_of={"precision": "rows called positive", "recall": "positive rows"}.get(name, "rows"),
    )
    return f1(inference) if name == "f1" else inference


# A budget for each day or group: the groups are the units that vary.


def _by_group(question: Question, columns: Columns, model: int) -> list[Called]:
    keys = columns.extra[_group_column(question, question.point["per"])]
    values = keys.astype(str) if keys.dtype == object else keys
    _, codes = np.unique(values, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    truth, weight, point = columns.truth == 1, columns.weight, _point(question)
    score = columns.scores[model]
    return [
        falling(truth[rows], score[rows], None if weight is None else weight[rows]).at(point)
        for rows in parts
    ]


def _total(groups: list[Called]) -> Called:
    return Called(
        sum(g.tp for g in groups),
        sum(g.fp for g in groups),
        sum(g.positive for g in groups),
        sum(g.negative for g in groups),
    )


def _residuals(name: str, groups: list[Called]) -> Floats:
    """Return each group's contribution to the error of the ratio of totals (Cochran 1977, chapter 6)."""
    parts = np.array([group.parts(name) for group in groups])
    totals = parts.sum(axis=0)
    residuals: Floats = (parts[:, 0] - totals[0] / totals[1] * parts[:, 1]) / totals[1]
    return residuals


def _ratio(value: float, residuals: Floats, n: int, domain: tuple[float, float]) -> Inference:
    size = len(residuals)
    variance = float(residuals @ residuals) * size / (size - 1) if size > 1 else math.inf
    method = f"t of a ratio of {size} groups"
    return t_inference(value, variance, size - 1, n, method, domain=domain, support=size, support_of="groups")


def _infer_groups(question: Question, columns: Columns) -> Inference:
    name = question.name
    groups = _by_group(question, columns, 0)
    total = _total(groups)
    _require(question, total, [total.value(name)])
    ratio = _ratio(total.value(name), _residuals(name, groups), len(columns.truth), (0.0, 1.0))
    return _wider(ratio, _as_if_known(name, total, columns))


def _gain_of_groups(name: str, groups: list[list[Called]], n: int) -> Inference:
    residuals = _residuals(name, groups[0]) - _residuals(name, groups[1])
    value = _total(groups[0]).value(name) - _total(groups[1]).value(name)
    return _ratio(value, residuals, n, (-1.0, 1.0))
