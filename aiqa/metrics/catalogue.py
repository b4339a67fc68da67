"""The catalogue: each metric's tasks, needs and family, and the way from a declaration to numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from aiqa.declare.metric import OF_RESOURCES, Metric
from aiqa.errors import MetricError, SizeError, nearest
from aiqa.metrics import (
    calibration,
    confusion,
    cost,
    drift,
    flips,
    forecasts,
    functions,
    losses,
    multilabel,
    queries,
    ranking,
    regression,
    resources,
)
from aiqa.metrics.called import FORMULAS
from aiqa.metrics.functional import FunctionalFamily
from aiqa.metrics.label_average import over_labels
from aiqa.metrics.operating import OperatingPoint
from aiqa.metrics.question import Comparison, Family, Question, Spec, slicer
from aiqa.metrics.table import ModelColumns, ScoredTable
from aiqa.scan.expr import col
from aiqa.scan.statistics import Answers, Binned, Request, SliceKey, Slicer, takes_rows
from aiqa.stats.functional import METHODS
from aiqa.stats.inference import Inference

WITH_POINT = tuple(FORMULAS)
"""Metrics at operating points that the rows set; those of :data:`WITH_THRESHOLD` take a given threshold."""
WITH_THRESHOLD = (*confusion.SPECS, *cost.SPECS, *flips.SPECS)
CATALOGUE: dict[str, Spec] = {
    **confusion.SPECS,
    **cost.SPECS,
    **flips.SPECS,
    **ranking.SPECS,
    **losses.SPECS,
    **regression.SPECS,
    **calibration.SPECS,
    **forecasts.SPECS,
    **queries.SPECS,
    **functions.SPECS,
    **drift.SPECS,
    **resources.SPECS,
}


def spec_of(metric: Metric) -> Spec:
    """Return what the catalogue knows of `metric`.

    Raises
    ------
    MetricError
        If there is no such metric.
    """
    if metric.name not in CATALOGUE:
        raise MetricError(f"there is no metric {metric.name!r}{nearest(metric.name, CATALOGUE)}")
    spec = CATALOGUE[metric.name]
    return functions.spec_of_scorer(metric, spec) if metric.name == "scorer" else spec


def needs_score(metric: Metric) -> bool:
    """Tell whether `metric` is computed from scores, not from predicted labels or values."""
    needs = metric.options.as_dict().get("needs", spec_of(metric).needs)
    return needs == "score" or bool(metric.point.items)


def higher_is_better(metric: Metric) -> bool:
    """Tell whether larger values of `metric` are better; of a function it says ``higher_is_better=``."""
    return bool(metric.options.as_dict().get("higher_is_better", spec_of(metric).higher_is_better))


def requests(metric: Metric, table: ScoredTable, *, versus_champion: bool) -> tuple[Request, ...]:
    """Return what must be asked of ``table.frame`` so that :func:`infer` or :func:`compare` can answer.

    Parameters
    ----------
    metric : Metric
    table : ScoredTable
    versus_champion : bool
        Whether for :func:`compare`.

    Raises
    ------
    MetricError
        If the metric is not one of this task, needs what the model does not give, or rows that are elsewhere
        and more than may be fetched.

    Examples
    --------
    >>> import numpy as np
    >>> from aiqa import metric
    >>> from aiqa.metrics.arrays import Given, table_of
    >>> from aiqa.scan.predictions import Predictions
    >>> table = table_of(Given.of(None, None, y_true=[0, 1, 1]), Predictions(np.array([0, 1, 0])))
    >>> [type(r.statistic).__name__ for r in requests(metric.accuracy, table, versus_champion=False)]
    ['Counts']
    """
    if metric.search is not None:
        raise MetricError(f"{metric!r} searches for slices: yield it from a check, or call aiqa.weak_slices")
    asked = _plan(metric, table).requests(versus_champion=versus_champion)
    if table.fetch_rows is not None:
        refuse_fetching(asked, table.rows, table.fetch_rows, repr(metric))
    return asked


def refuse_fetching(asked: Iterable[Request], rows: int, fetch_rows: int, what: str) -> None:
    """Refuse statistics that take the rows themselves, of a table of Spark that has too many.

    Raises
    ------
    SizeError
        If there is one; it says what to do.
    """
    if rows > fetch_rows and any(map(takes_rows, asked)):
        raise SizeError(
            f"{what} does not add up over parts of the data: it needs columns of all {rows:,} rows, which "
            f"are on Spark, and at most {fetch_rows:,} are fetched; gate on a sample "
            "(frame.sample(fraction, seed=...)), or raise fetch_rows in [tool.aiqa.spark]"
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """By which family a metric is taken, and in which slices; of a multi-label table perhaps of one label."""

    question: Question
    family: Family
    by: tuple[Slicer, ...]
    label: str | None = None

    def requests(self, *, versus_champion: bool) -> tuple[Request, ...]:
        both = versus_champion or self.question.metric.needs_champion
        for model in self.question.models(versus_champion=both):
            _check_answers(self.question, model)
        statistics = self.family.statistics(self.question, versus_champion=versus_champion)
        return tuple(Request(statistic, self.by) for statistic in statistics)


def _plan(metric: Metric, table: ScoredTable) -> _Plan:
    by = tuple(map(slicer, metric.slices))
    if table.labels:
        return _plan_of_labels(metric, table, by)
    return _Plan(*_asked(Question(metric, table)), by)


def _plan_of_labels(metric: Metric, table: ScoredTable, by: tuple[Slicer, ...]) -> _Plan:
    """Take one label as a slice, all labels as rows in clusters, and an average over labels as a mean."""
    kind, label = multilabel.kind_and_label(metric, table.labels)
    inner = multilabel.of_one_label(metric)
    if kind == "each":
        slices = (*by, Binned("class", col(multilabel.LABEL), table.labels))
        return _Plan(*_asked(Question(inner, table)), slices, label)
    whole = replace(table, cluster=table.cluster or multilabel.ROW)
    question, family = _asked(Question(inner, whole))
    if kind == "micro":
        return _Plan(question, family, by)
    family = spec_of(metric).labels or family
    if not isinstance(family, FunctionalFamily):
        raise MetricError(f"{metric.name} has no average over labels: use average='micro' or 'each'")
    return _Plan(question, over_labels(family, weighted=kind == "weighted"), by)


def _asked(question: Question) -> tuple[Question, Family]:
    """Return the question with the family that answers it."""
    _check_task(question)
    _check_method(question.metric)
    return question, _family(question)


def _family(question: Question) -> Family:
    """Return the family: that of rows where rows belong together, or where a method needs it."""
    spec = spec_of(question.metric)
    if question.name in OF_RESOURCES:
        raise MetricError(
            f"{question.name} is measured on the model itself, not on its answers: gate on it in a check "
            "(@aiqa.check) about the model and a data set"
        )
    if spec.family is None:
        raise MetricError(f"{question.name} compares two data sets, not truth and predictions")
    if _has_estimated_threshold(question.metric):
        return OperatingPoint(higher_is_better=spec.higher_is_better)
    by_rows = question.cluster is not None or question.method in METHODS
    return spec.rows if by_rows and spec.rows is not None else spec.family


def _has_estimated_threshold(metric: Metric) -> bool:
    return bool(metric.point.items) and "threshold" not in metric.point.as_dict()


def _check_task(question: Question) -> None:
    metric, task = question.metric, question.table.task
    spec = spec_of(metric)
    if spec.tasks and task not in spec.tasks:
        raise MetricError(
            f"{metric.name} is a metric of {' and '.join(spec.tasks)} models, not of {task} ones"
        )
    if {"label", "average"} <= set(question.option):
        raise MetricError(f"{metric!r}: say label= (one class) or average= (all of them), not both")
    if not metric.point.items:
        return
    with_point = WITH_POINT if _has_estimated_threshold(metric) else WITH_THRESHOLD
    if metric.name not in with_point:
        raise MetricError(f"{metric!r} has no operating point; that goes with {', '.join(with_point)}")
    if task != "binary" or "average" in question.option:
        raise MetricError(f"{metric!r}: an operating point is that of the positive class of a binary model")
    if _has_estimated_threshold(metric) and question.label_code() != 1:
        raise MetricError(f"{metric!r}: an operating point is that of the positive class")


def _check_method(metric: Metric) -> None:
    known = (*spec_of(metric).methods, *METHODS)
    if metric.method is not None and metric.method not in known:
        raise MetricError(f"{metric.name} has no method {metric.method!r}{nearest(metric.method, known)}")


def _check_answers(question: Question, model: ModelColumns) -> None:
    if question.name in ("function", "scorer"):
        return
    if (spec_of(question.metric).needs == "score" or question.metric.point.items) and not model.score:
        raise MetricError(f"{question.name} needs scores: {model.called.labels_only}")


def infer(
    metric: Metric, table: ScoredTable, answers: Answers, seed: int
) -> dict[SliceKey, Inference | MetricError]:
    """Return what the data say of `metric` in each slice.

    Parameters
    ----------
    metric : Metric
    table : ScoredTable
    answers : Answers
        To :func:`requests`, by :func:`aiqa.scan.execute.execute` on ``table.frame``.
    seed : int
        Of the bootstraps; the same data and seed give the same bounds.

    Returns
    -------
    dict
        By slice: ``()`` without slices; with ``average="each"`` pairs ``("class", label)`` at the end. A
        slice on which the metric is not defined holds the error, and the others are not touched by it.
    """
    return _by_slice(metric, table, answers, seed, versus_champion=False)


def compare(
    metric: Metric, table: ScoredTable, answers: Answers, seed: int
) -> dict[SliceKey, Comparison | MetricError]:
    """Return by how much the challenger is better than the champion in each slice; see :func:`infer`."""
    return _by_slice(metric, table, answers, seed, versus_champion=True)


def _by_slice(
    metric: Metric, table: ScoredTable, answers: Answers, seed: int, *, versus_champion: bool
) -> dict[SliceKey, Any]:
    plan = _plan(metric, table)
    asked = plan.requests(versus_champion=versus_champion)
    answer = plan.family.compare if versus_champion else plan.family.infer
    results: dict[SliceKey, Any] = {}
    for key in _slices(plan, answers[asked[0]]):
        try:
            parts: dict[SliceKey, Any] = answer(plan.question, tuple(answers[r][key] for r in asked), seed)
        except MetricError as error:
            parts = {(): error}
        own = key if plan.label is None else key[:-1]
        results |= {own + part: result for part, result in parts.items()}
    return results


def _slices(plan: _Plan, states: Iterable[SliceKey]) -> list[SliceKey]:
    return [key for key in states if plan.label is None or key[-1] == ("class", plan.label)]
