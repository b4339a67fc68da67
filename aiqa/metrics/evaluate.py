"""Metrics for a notebook or any program: arrays in, estimates out, by the same catalogue as the gates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.gate import Gate
from aiqa.declare.metric import METRIC_NAMES, Metric
from aiqa.declare.metric import metric as namespace
from aiqa.declare.source import TASKS, Column, Dataset, Frame, Model
from aiqa.declare.values import Live
from aiqa.errors import DataError, DeclarationError, MetricError, nearest
from aiqa.metrics import catalogue
from aiqa.metrics.question import REGRESSION, Comparison
from aiqa.metrics.table import ARRAYS, ScoredTable, scored_table
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions
from aiqa.scan.statistics import SliceKey
from aiqa.stats.inference import Alternative, Inference

MetricLike = Metric | str | Callable[..., float]


@dataclass(frozen=True, slots=True)
class ComparisonEstimate:
    """How two models differ on the same rows.

    Parameters
    ----------
    difference : float
        Challenger minus champion, in the metric's own unit: for a loss, negative is better.
    low, high : float
        Its interval.
    p_value : float
        Two-sided, of no difference.
    n : int
        Rows.
    method : str
        How the interval was made.
    confidence : float or None
    champion, challenger : float
        The metric of each.

    Examples
    --------
    >>> print(ComparisonEstimate(0.0211, -0.0183, 0.0614, 0.36, 332, "tango", 0.95, 0.7801, 0.8012))
    0.0211 [-0.0183, 0.0614] from 0.7801 to 0.8012, p 0.36, n 332
    """

    difference: float
    low: float
    high: float
    p_value: float
    n: int
    method: str
    confidence: float | None
    champion: float
    challenger: float

    def __str__(self) -> str:
        interval = "" if self.confidence is None else f" [{self.low:.4f}, {self.high:.4f}]"
        values = f"from {self.champion:.4f} to {self.challenger:.4f}"
        return f"{self.difference:.4f}{interval} {values}, p {self.p_value:.2g}, n {self.n:,}"


def evaluate(
    metric: MetricLike | Sequence[MetricLike],
    *,
    y_true: Any,
    y_pred: Any = None,
    y_score: Any = None,
    sample_weight: Any = None,
    confidence: float | None = 0.95,
    task: str | None = None,
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    alternative: Alternative = "two-sided",
    seed: int = 0,
    by: Mapping[str, Any] | None = None,
) -> Any:
    """Estimate metrics from arrays.

    Parameters
    ----------
    metric : Metric, str, callable, or a sequence of them
        ``metric.roc_auc``, its name, or a function ``f(y_true, y_pred)`` (of `y_score` where there is no
        `y_pred`).
    y_true : array-like, shape (n,)
        Labels or values. Lists, NumPy arrays, pandas or Polars series.
    y_pred : array-like, shape (n,), optional
        Predicted labels or values.
    y_score : array-like, shape (n,) or (n, classes), optional
        Scores of the positive class, or a column a class in the order of `classes` (of the sorted labels
        where none are given).
    sample_weight : array-like, shape (n,), optional
        Non-negative, finite.
    confidence : float or None, default 0.95
        Level of the interval; None for the value alone.
    task : {"binary", "multiclass", "regression"}, optional
        Where it is not given: a regression where the metrics are, or where `y_true` or `y_pred` hold
        numbers that are not whole; otherwise binary with up to two labels, and multi-class with more.
    classes : sequence, optional
        All labels that may occur.
    positive : optional
        The label looked for. Default: the larger of the two.
    threshold : float, default 0.5
        The score from which on a row is called positive.
    alternative : {"two-sided", "greater", "less", "each-side"}
        See :class:`~aiqa.stats.inference.Estimate`.
    seed : int, default 0
        Of bootstraps.
    by : mapping of str to array-like, optional
        Columns to slice by. Metrics without ``.by(...)`` of their own are sliced by all of them.

    Returns
    -------
    Estimate or dict
        For a sequence a dict by the metrics' ids. A metric in slices (or of each class) gives a dict by
        the slice's value (a tuple, where there are several); a slice on which the metric is not defined
        holds the error.

    Raises
    ------
    DataError
        Empty, null or non-finite truth or weights; labels outside the classes; arrays of other lengths.
    MetricError
        Unusable predictions, or a metric that is not defined on these numbers.
    DeclarationError
        An unknown metric, task or alternative, or an impossible confidence.

    Examples
    --------
    >>> print(evaluate("accuracy", y_true=[0, 1, 1, 0], y_pred=[0, 1, 0, 0]))
    0.7500 [0.1941, 0.9937], n 4
    """
    several = isinstance(metric, Sequence) and not isinstance(metric, str)
    given = list(metric) if several else [metric]  # type: ignore[arg-type]
    metrics = [_metric(one, scores=y_pred is None, by=by) for one in given]
    _check_interval(confidence, alternative)
    inferred = infer_arrays(
        metrics,
        y_true,
        y_pred=y_pred,
        y_score=y_score,
        sample_weight=sample_weight,
        task=task,
        classes=classes,
        positive=positive,
        threshold=threshold,
        seed=seed,
        by=by,
    )
    found = {
        of.id: _unwrapped(parts, lambda part: part.estimate(confidence, alternative))
        for of, parts in inferred.items()
    }
    return found if several else found[metrics[0].id]


def infer_arrays(
    metrics: Sequence[Metric],
    y_true: Any,
    *,
    y_pred: Any = None,
    y_score: Any = None,
    task: str | None = None,
    classes: Sequence[Any] = (),
    seed: int = 0,
    **table: Any,
) -> dict[Metric, dict[SliceKey, Inference | MetricError]]:
    """Return what arrays say of metrics, by slice; see :func:`evaluate` for the arguments and the errors."""
    _refuse_models(y_pred=y_pred, y_score=y_score)
    task = task or _task(metrics, y_true, y_pred, y_score, classes)
    scored = table_of(y_true, y_pred=y_pred, y_score=y_score, task=task, classes=classes, **table)
    asked = [request for of in metrics for request in catalogue.requests(of, scored, versus_champion=False)]
    answers = execute(scored.frame, asked)
    return {of: catalogue.infer(of, scored, answers, seed) for of in metrics}


def compare(
    metric: MetricLike,
    *,
    y_true: Any,
    champion: Any,
    challenger: Any,
    sample_weight: Any = None,
    confidence: float | None = 0.95,
    task: str | None = None,
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    seed: int = 0,
    by: Mapping[str, Any] | None = None,
) -> Any:
    """Compare two models on the same rows.

    Parameters
    ----------
    metric : Metric, str or callable
    y_true : array-like, shape (n,)
    champion, challenger : array-like, shape (n,) or (n, classes)
        What each answers: scores where the metric needs them, the array has two dimensions, or a binary
        task's numbers are not its labels; otherwise predictions.
    sample_weight, confidence, task, classes, positive, threshold, seed, by
        As in :func:`evaluate`.

    Returns
    -------
    ComparisonEstimate or dict
        ``difference`` is challenger minus champion, in the metric's own unit. A dict by slice or class as
        in :func:`evaluate`.

    Raises
    ------
    DataError, MetricError, DeclarationError
        As :func:`evaluate`.

    Examples
    --------
    >>> truth = [0, 1] * 50
    >>> result = compare("accuracy", y_true=truth, champion=[0] * 100, challenger=truth)
    >>> round(result.difference, 2), result.p_value < 0.001
    (0.5, True)
    """
    one = _metric(metric, scores=False, by=by)
    _check_interval(confidence, "two-sided")
    _refuse_models(champion=champion, challenger=challenger)
    two_labels = len(classes or set(_series("y_true", y_true).to_list())) <= 2
    task = task or _task([one], y_true, None if two_labels else challenger, None, classes)
    as_scores = _are_scores(one, task, y_true, classes, (champion, challenger))
    role = "y_score" if as_scores else "y_pred"
    table = table_of(
        y_true,
        **{role: challenger},
        champion=_champion(_array(champion, "champion"), as_scores=as_scores),
        sample_weight=sample_weight,
        task=task,
        classes=classes,
        positive=positive,
        threshold=threshold,
        by=by,
    )
    answers = execute(table.frame, catalogue.requests(one, table, versus_champion=True))
    parts = catalogue.compare(one, table, answers, seed)
    better = catalogue.higher_is_better(one)
    return _unwrapped(parts, lambda part: _difference(part, confidence, higher_is_better=better))


def _refuse_models(**answers: Any) -> None:
    for name, given in answers.items():
        if hasattr(given, "predict"):
            raise MetricError(
                f"{name}= is a model ({type(given).__name__}), not what it answers: pass predictions such as "
                "model.predict(X), or scores such as model.predict_proba(X)[:, 1]"
            )


def _champion(answers: NDArray[Any], *, as_scores: bool) -> Predictions:
    return Predictions(score=answers) if as_scores else Predictions(prediction=answers)


def _difference(part: Comparison, confidence: float | None, *, higher_is_better: bool) -> ComparisonEstimate:
    inference = part.gain if higher_is_better else part.gain.negated()
    estimate = inference.estimate(confidence)
    return ComparisonEstimate(
        estimate.value,
        estimate.low,
        estimate.high,
        part.p_value,
        estimate.n,
        estimate.method,
        confidence,
        part.champion,
        part.challenger,
    )


def table_of(
    y_true: Any,
    *,
    y_pred: Any = None,
    y_score: Any = None,
    champion: Predictions | None = None,
    sample_weight: Any = None,
    task: str = "binary",
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    by: Mapping[str, Any] | None = None,
) -> ScoredTable:
    """Return the scored table of arrays; see :func:`evaluate` for the arguments and the errors.

    Examples
    --------
    >>> table_of(["no", "yes"], y_score=[0.1, 0.9]).classes
    ('no', 'yes')
    """
    if task not in TASKS:
        raise DeclarationError(f"task= must be one of {', '.join(TASKS)}, not {task!r}")
    columns = {"y_true": y_true, **({} if sample_weight is None else {"sample_weight": sample_weight})}
    clashes = sorted(set(by or {}) & set(columns))
    if clashes:
        raise DeclarationError(f"by= cannot have a column named {clashes[0]!r}")
    frame = _frame({**columns, **(by or {})})
    model = Model(
        "model", Column(), task, None, tuple(map(_plain, classes)), _plain(positive), float(threshold)
    )
    weight = None if sample_weight is None else "sample_weight"
    dataset = Dataset("", Frame(Live.of(frame)), "y_true", weight)
    given = Predictions(
        None if y_pred is None else _array(y_pred, "y_pred"),
        None if y_score is None else _array(y_score, "y_score"),
    )
    return scored_table(frame, model, dataset, given, champion, ARRAYS if champion is None else None)


def _frame(columns: Mapping[str, Any]) -> pl.DataFrame:
    series = [_series(name, values) for name, values in columns.items()]
    for one in series[1:]:
        if len(one) != len(series[0]):
            raise DataError(
                f"{one.name} has {len(one):,} values and y_true {len(series[0]):,}", column=one.name
            )
    return pl.DataFrame(series)


def _series(name: str, values: Any) -> pl.Series:
    numbers = isinstance(values, (list, tuple)) and all(isinstance(v, (int, float)) for v in values)
    try:
        series = pl.Series(name, np.array(values) if numbers else values)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{name} is no column of values of one type: {error}", column=name) from error
    if series.dtype.is_nested():
        raise DataError(f"{name} must have one dimension", column=name)
    return series


def _array(values: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise MetricError(f"{name} is no array: {error}", column=name) from error


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _metric(given: Any, *, scores: bool, by: Mapping[str, Any] | None) -> Metric:
    metric = _named(given, scores=scores)
    missing = [name for name in metric.slices if name not in (by or {})]
    if missing:
        raise DeclarationError(f"{metric!r} needs by= with {missing[0]!r}")
    return metric if metric.slices or not by else dataclasses.replace(metric, slices=tuple(by))


def _named(given: Any, *, scores: bool) -> Metric:
    if isinstance(given, Metric):
        return given
    if isinstance(given, Gate):
        raise DeclarationError(
            f"{given!r} is a gate, and here goes a metric, without a comparison; gates are for checks "
            "(@aiqa.check) and for aiqa.require in a test"
        )
    if isinstance(given, str):
        if given not in METRIC_NAMES:
            raise DeclarationError(f"no metric {given!r}{nearest(given, METRIC_NAMES)}")
        found: Metric = getattr(namespace, given)
        return found
    return namespace(given, needs="score") if scores else namespace(given)


def _check_interval(confidence: float | None, alternative: str) -> None:
    if confidence is not None and not 0 < confidence < 1:
        raise DeclarationError(f"confidence= is a share between 0 and 1, or None, not {confidence!r}")
    if alternative not in get_args(Alternative):
        known = ", ".join(get_args(Alternative))
        raise DeclarationError(f"alternative= must be one of {known}, not {alternative!r}")


def _task(metrics: Sequence[Metric], y_true: Any, y_pred: Any, y_score: Any, classes: Sequence[Any]) -> str:
    specs = [catalogue.spec_of(metric).tasks for metric in metrics]
    if any(tasks == REGRESSION for tasks in specs):
        return "regression"
    truth = _series("y_true", y_true)
    undecided = all("regression" in tasks for tasks in specs)
    if undecided and (_has_fractions(truth.to_numpy()) or _has_fractions(y_pred)):
        return "regression"
    labels = len(classes) or truth.drop_nulls().n_unique()
    score = None if y_score is None else _array(y_score, "y_score")
    wide = score is not None and score.ndim == 2 and score.shape[1] > 2
    return "multiclass" if wide or labels > 2 else "binary"


def _has_fractions(values: Any) -> bool:
    array = _array(values, "y_pred")
    return array.ndim == 1 and array.dtype.kind == "f" and bool((array[np.isfinite(array)] % 1 != 0).any())


def _are_scores(
    metric: Metric, task: str, y_true: Any, classes: Sequence[Any], answers: tuple[Any, Any]
) -> bool:
    if task == "regression":
        return False
    needed = metric.options.as_dict().get("needs", catalogue.spec_of(metric).needs)
    if needed == "score" or metric.point.items or any(np.ndim(answer) == 2 for answer in answers):
        return True
    labels = set(classes) or set(_series("y_true", y_true).to_list())
    values = [value for answer in answers for value in np.unique(_array(answer, "answers")).tolist()]
    return (
        task == "binary"
        and not set(values) <= labels | {0, 1}
        and not any(isinstance(v, str) for v in values)
    )


def _unwrapped(parts: dict[SliceKey, Any], make: Callable[[Any], Any]) -> Any:
    """Return the one answer, raising its error, or a dict by slice that holds the errors."""
    if list(parts) == [()]:
        if isinstance(parts[()], MetricError):
            raise parts[()]
        return make(parts[()])
    return {_label(key): part if isinstance(part, MetricError) else make(part) for key, part in parts.items()}


def _label(key: SliceKey) -> Any:
    values = tuple(value for _, value in key)
    return values[0] if len(values) == 1 else values
