"""Metrics for a notebook or any program: arrays or frames in, estimates out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from aiqa.declare.gate import Gate, make_policy
from aiqa.declare.metric import Metric, column_of
from aiqa.declare.metrics import METRIC_NAMES, own_metric
from aiqa.declare.metrics import metric as namespace
from aiqa.errors import DeclarationError, MetricError, nearest
from aiqa.metrics import catalogue, functions, scorers
from aiqa.metrics.arrays import By, Given, refuse_models, table_of
from aiqa.metrics.labels import distinct
from aiqa.metrics.question import REGRESSION, Parts
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions
from aiqa.scan.statistics import SliceKey
from aiqa.stats.inference import Alternative
from aiqa.stats.sequential import looked_at

MetricLike = Metric | str | Callable[..., float]


def evaluate(
    metric: MetricLike | Sequence[MetricLike],
    data: Any = None,
    *,
    y_true: Any,
    y_pred: Any = None,
    y_score: Any = None,
    sample_weight: Any = None,
    cluster: Any = None,
    time: Any = None,
    by: By = None,
    method: str | None = None,
    confidence: float | None = 0.95,
    alternative: Alternative = "two-sided",
    task: str | None = None,
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    anytime: bool | int = False,
    seed: int = 0,
) -> Any:
    """Estimate metrics from arrays, or from the columns of a frame.

    Parameters
    ----------
    metric : Metric, str, callable, or a sequence of them
        ``metric.roc_auc``, its name, that of a decorated function (``@aiqa.metric``) or of a scikit-learn
        scorer (``"neg_mean_poisson_deviance"``), or a function ``f(y_true, y_pred)`` (of `y_score` where
        there is no `y_pred`) or ``f(frame)``.
    data : frame or mapping of columns, optional
        Of pandas, Polars or Arrow. With it the arguments below may be names of columns, and metrics find the
        columns that they name (``metric.ndcg(query="query_id")``).
    y_true : array-like, shape (n,) or (n, labels), str or list of str
        Labels or values. Lists, NumPy arrays, pandas or Polars series. For a multi-label task a column of 0
        and 1 a label, named by `classes`.
    y_pred : array-like, shape (n,), or str, optional
        Predicted labels or values.
    y_score : array-like, shape (n,) or (n, classes), str or list of str, optional
        Scores of the positive class, or a column a class in the order of `classes` (of the sorted labels
        where none are given).
    sample_weight : array-like, shape (n,), or str, optional
        Non-negative, finite.
    cluster : array-like, shape (n,), or str, optional
        Which rows belong together (one customer's, say), or ``"day"``, ``"week"`` or ``"month"`` of `time`.
        Intervals then count clusters, not rows.
    time : array-like of dates, shape (n,), or str, optional
        When a row happened.
    by : mapping of str to array-like, or with `data` one or several names or buckets, optional
        Columns to slice by, ``aiqa.bucket("amount", [10, 100])`` for ranges of a number. Metrics without
        ``.by(...)`` of their own are sliced by all of them.
    method : str, optional
        How the intervals are made, by the method's usual name. Default: each metric's own, whose measured
        error holds.
    confidence : float or None, default 0.95
        Level of the interval; None for the value alone.
    alternative : {"two-sided", "greater", "less", "each-side"}
        See :class:`~aiqa.stats.inference.Estimate`.
    task : {"binary", "multiclass", "multilabel", "regression"}, optional
        Where it is not given: a regression where the metrics are, or where `y_true` or `y_pred` hold
        numbers that are not whole; otherwise binary with up to two labels, and multi-class with more.
    classes : sequence, optional
        All labels that may occur.
    positive : optional
        The label looked for. Default: the larger of the two.
    threshold : float, default 0.5
        The score from which on a row is called positive.
    anytime : bool or int, default False
        Whether the interval is to hold at every look at growing data (of a metric that is looked at daily,
        say); a number is the n at which it is to be sharpest. See :mod:`aiqa.stats.sequential`.
    seed : int, default 0
        Of bootstraps; 0 or above.

    Returns
    -------
    Estimate or dict
        For a sequence a dict by the metrics' ids (those that differ in their method alone as they are
        written). A metric in slices (or of each class) gives a dict by
        the slice's value (a tuple, where there are several); a slice on which the metric is not defined
        holds the error.

    Raises
    ------
    DataError
        Empty, null or non-finite truth or weights; labels outside the classes; arrays of other lengths; a
        column that is not there.
    MetricError
        Unusable predictions, a metric that is not defined on these numbers, an unknown method.
    DeclarationError
        An unknown metric, task or alternative, or an impossible confidence or seed.

    Examples
    --------
    >>> print(evaluate("accuracy", y_true=[0, 1, 1, 0], y_pred=[0, 1, 0, 0]))
    0.7500 [0.1941, 0.9937], n 4
    >>> frame = {"paid": [0, 1, 1, 0], "score": [0.1, 0.9, 0.4, 0.2]}
    >>> print(evaluate("recall", frame, y_true="paid", y_score="score"))
    0.5000 [0.0126, 0.9874], n 4
    """
    check_arguments(confidence, alternative, seed, anytime, threshold)
    several = isinstance(metric, Sequence) and not isinstance(metric, str)
    inferred = infer_arrays(
        list(metric) if several else [metric],  # type: ignore[arg-type, list-item]
        data,
        y_true=y_true,
        y_pred=y_pred,
        y_score=y_score,
        sample_weight=sample_weight,
        cluster=cluster,
        time=time,
        by=by,
        method=method,
        task=task,
        classes=classes,
        positive=positive,
        threshold=threshold,
        seed=seed,
    )
    ids = [of.id for of in inferred]
    found = {
        of.id if ids.count(of.id) == 1 else repr(of): unwrapped(
            parts, lambda part: looked_at(part, anytime).estimate(confidence, alternative)
        )
        for of, parts in inferred.items()
    }
    return found if several else next(iter(found.values()))


def infer_arrays(
    metrics: Sequence[MetricLike],
    data: Any = None,
    *,
    y_pred: Any = None,
    y_score: Any = None,
    by: By = None,
    method: str | None = None,
    task: str | None = None,
    seed: int = 0,
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    **roles: Any,
) -> dict[Metric, Parts]:
    """Return what columns say of metrics, by slice; see :func:`evaluate` for the arguments and the errors."""
    refuse_models(y_pred=y_pred, y_score=y_score)
    given = Given.of(data, by, classes=classes, **roles)
    wanted = [as_metric(metric, given, scores=y_pred is None, method=method) for metric in metrics]
    model = {"classes": classes, "positive": positive, "threshold": threshold}
    answers = Predictions(given.answers(y_pred, "y_pred"), given.answers(y_score, "y_score"))
    return infer_given(wanted, given, answers, task, seed, model)


def infer_given(
    metrics: Sequence[Metric],
    given: Given,
    answers: Predictions,
    task: str | None,
    seed: int,
    model: Mapping[str, Any],
) -> dict[Metric, Parts]:
    """Return what columns and answers say of metrics, by slice."""
    task = task or task_of(metrics, given, answers, model["classes"])
    table = table_of(given, answers, task=task, **model)
    asked = [request for of in metrics for request in catalogue.requests(of, table, versus_champion=False)]
    states = execute(table.frame, asked)
    return {of: catalogue.infer(of, table, states, seed) for of in metrics}


def as_metric(metric: Any, given: Given, *, scores: bool, method: str | None) -> Metric:
    """Return the metric that is meant, in the slices and by the method that are asked for."""
    found = _named(metric, scores=scores)
    for name in map(column_of, found.slices):
        if name not in given.frame.columns:
            raise DeclarationError(f"{found!r} needs by= with {name!r}")
    return dataclasses.replace(found, slices=found.slices or given.by, method=method or found.method)


def _named(metric: Any, *, scores: bool) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, Gate):
        raise DeclarationError(
            f"{metric!r} is a gate, and here goes a metric, without a comparison; gates are for checks "
            "(@aiqa.check) and for aiqa.require in a test"
        )
    if isinstance(metric, str):
        return _by_name(metric)
    made = namespace(metric)
    if scores and callable(metric) and not functions.takes_frame(made):
        return namespace(metric, needs="score")
    return made


def _by_name(name: str) -> Metric:
    """Return a metric of the catalogue, else one's own, else one of scikit-learn's scorers."""
    if name in METRIC_NAMES:
        found: Metric = getattr(namespace, name)
        return found
    own = own_metric(name)
    if own is not None:
        return own
    if name in scorers.names():
        return namespace.scorer(name)
    raise DeclarationError(f"no metric {name!r}{nearest(name, (*METRIC_NAMES, *scorers.names()))}")


def check_arguments(
    confidence: float | None, alternative: str, seed: int, anytime: bool | int, threshold: float
) -> None:
    """Refuse an impossible level, alternative, seed, number of looks or threshold."""
    if confidence is not None and not (isinstance(confidence, int | float) and 0 < confidence < 1):
        raise DeclarationError(f"confidence= is a share between 0 and 1, or None, not {confidence!r}")
    if alternative not in get_args(Alternative):
        known = ", ".join(get_args(Alternative))
        raise DeclarationError(f"alternative= must be one of {known}, not {alternative!r}")
    if not (isinstance(seed, int | np.integer) and seed >= 0):
        raise DeclarationError(f"seed= is a whole number, 0 or above, not {seed!r}")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.number):
        raise DeclarationError(f"threshold= is a score, a number, not {threshold!r}")
    make_policy(anytime=anytime)


def task_of(metrics: Sequence[Metric], given: Given, answers: Predictions, classes: Sequence[Any]) -> str:
    """Tell the task from what is asked and given; see :func:`evaluate`."""
    if given.labels:
        return "multilabel"
    tasks = [catalogue.spec_of(metric).tasks for metric in metrics]
    if any(of == REGRESSION for of in tasks):
        return "regression"
    undecided = all("regression" in of for of in tasks)
    if undecided and (_has_fractions(given.truth.to_numpy()) or _has_fractions(answers.prediction)):
        return "regression"
    labels = len(classes) or len(distinct(given.truth))
    if undecided and labels > 2 and not any("multiclass" in of for of in tasks):
        return "regression"
    score = answers.score
    wide = score is not None and score.ndim == 2 and score.shape[1] > 2
    return "multiclass" if wide or labels > 2 else "binary"


def _has_fractions(values: Any) -> bool:
    array = np.asarray(values)
    return array.ndim == 1 and array.dtype.kind == "f" and bool((array[np.isfinite(array)] % 1 != 0).any())


def unwrapped(parts: dict[SliceKey, Any], make: Callable[[Any], Any]) -> Any:
    """Return the one answer, raising its error, or a dict by slice that holds the errors."""
    if list(parts) == [()]:
        if isinstance(parts[()], MetricError):
            raise parts[()]
        return make(parts[()])
    return {_label(key): part if isinstance(part, MetricError) else make(part) for key, part in parts.items()}


def _label(key: SliceKey) -> Any:
    values = tuple(value for _, value in key)
    return values[0] if len(values) == 1 else values
