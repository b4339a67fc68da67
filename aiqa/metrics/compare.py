"""Two models on the same rows, or each on its own: arrays or frames in, differences out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.metrics import catalogue
from aiqa.metrics.arrays import By, Given, refuse_models, table_of
from aiqa.metrics.evaluate import MetricLike, as_metric, check_arguments, infer_given, task_of, unwrapped
from aiqa.metrics.question import Comparison, Comparisons, Parts, compared
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions
from aiqa.stats.independent import independent_difference
from aiqa.stats.inference import Alternative, Estimate, Inference
from aiqa.stats.sequential import looked_at


@dataclass(frozen=True, slots=True)
class ComparisonEstimate:
    """How two models differ.

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


def compare(
    metric: MetricLike,
    data: Any = None,
    *,
    y_true: Any,
    champion: Any,
    challenger: Any,
    champion_data: Any = None,
    champion_y_true: Any = None,
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
    """Compare two models: on the same rows, or on rows of their own.

    On the same rows the comparison is paired: what both get wrong cancels. With `champion_data` or
    `champion_y_true` the champion has rows of its own; the two are then independent, `method` says so, and
    it takes several times the rows to tell them apart.

    Parameters
    ----------
    metric : Metric, str or callable
    data : frame or mapping of columns, optional
        As in :func:`evaluate`: the arguments below may then be names of its columns.
    y_true : array-like, shape (n,), or str
    champion, challenger : array-like, shape (n,) or (n, classes), str or list of str
        What each answers: scores where the metric needs them, the array has two dimensions, or a binary
        task's numbers are not its labels; otherwise predictions.
    champion_data : frame or mapping of columns, optional
        The rows of the champion, with the same names of columns, where they are not the challenger's.
    champion_y_true : array-like, shape (m,), or str, optional
        The truth of the champion's rows, where they are not the challenger's.
    sample_weight, cluster, time, by, task, classes, positive, threshold, anytime, seed
        As in :func:`evaluate`; with rows of its own the champion has them from `champion_data` only.
    method : str, optional
        How the interval and the p-value are made, by the method's usual name.
    confidence : float or None, default 0.95
    alternative : {"two-sided", "greater", "less", "each-side"}
        Of the interval; see :class:`~aiqa.stats.inference.Estimate`.

    Returns
    -------
    ComparisonEstimate or dict
        ``difference`` is challenger minus champion, in the metric's own unit; of a metric that is of both
        models itself (``negative_flips``), an :class:`~aiqa.stats.inference.Estimate`. A dict by slice or
        class as in :func:`evaluate`.

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
    check_arguments(confidence, alternative, seed, anytime, threshold)
    parts, better = compare_arrays(
        metric,
        data,
        y_true=y_true,
        champion=champion,
        challenger=challenger,
        champion_data=champion_data,
        champion_y_true=champion_y_true,
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
    return unwrapped(
        parts,
        lambda part: _difference(_looked_at(part, anytime), confidence, alternative, higher_is_better=better),
    )


def compare_arrays(
    metric: MetricLike,
    data: Any = None,
    *,
    champion: Any,
    challenger: Any,
    champion_data: Any = None,
    champion_y_true: Any = None,
    by: By = None,
    method: str | None = None,
    task: str | None = None,
    seed: int = 0,
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    **roles: Any,
) -> tuple[Comparisons | Parts, bool]:
    """Return the gains by slice, and whether higher values are better; see :func:`compare`."""
    refuse_models(champion=champion, challenger=challenger)
    given = Given.of(data, by, classes=classes, **roles)
    one = as_metric(metric, given, scores=False, method=method)
    pair = _Pair(one, task, {"classes": classes, "positive": positive, "threshold": threshold}, seed)
    parts: Comparisons | Parts
    if champion_data is None and champion_y_true is None:
        parts = pair.on_the_same_rows(given, challenger, champion)
    else:
        others = _other_rows(champion_data, champion_y_true, by, roles)
        parts = pair.on_their_own_rows((given, challenger), (others, champion))
    return parts, catalogue.higher_is_better(one)


def _other_rows(data: Any, y_true: Any, by: By, roles: dict[str, Any]) -> Given:
    """Return the champion's own rows; columns that the challenger has as arrays, it does not have."""
    named = {} if data is None else {role: name for role, name in roles.items() if isinstance(name, str)}
    return Given.of(data, by if data is not None else None, **named, **_truth(y_true))


def _truth(y_true: Any) -> dict[str, Any]:
    return {} if y_true is None else {"y_true": y_true}


@dataclass(frozen=True, slots=True)
class _Pair:
    """One metric of two models."""

    metric: Metric
    task: str | None
    model: dict[str, Any]
    seed: int

    def on_the_same_rows(self, given: Given, challenger: Any, champion: Any) -> Comparisons | Parts:
        arrays = [_required(given, challenger, "challenger"), _required(given, champion, "champion")]
        task, scores = self._form(given, *arrays)
        answers, others = (_as(scores, array) for array in arrays)
        table = table_of(given, answers, others, task=task, **self.model)
        versus = not self.metric.needs_champion
        states = execute(table.frame, catalogue.requests(self.metric, table, versus_champion=versus))
        answer = catalogue.compare if versus else catalogue.infer
        return answer(self.metric, table, states, self.seed)

    def on_their_own_rows(self, *models: tuple[Given, Any]) -> Comparisons:
        challenger, champion = (self._alone(*model) for model in models)
        better = catalogue.higher_is_better(self.metric)
        return {key: _independent(part, champion.get(key), better) for key, part in challenger.items()}

    def _alone(self, given: Given, answers: Any) -> Parts:
        array = _required(given, answers, "the model's answers")
        task, scores = self._form(given, array)
        metric = dataclasses.replace(self.metric, slices=given.by)
        return infer_given([metric], given, _as(scores, array), task, self.seed, self.model)[metric]

    def _form(self, given: Given, *answers: NDArray[Any]) -> tuple[str, bool]:
        """Tell the task, and whether the answers are scores."""
        classes = self.model["classes"]
        labels = {0, 1} if given.labels else set(classes) or set(given.truth.unique())
        labelled = Predictions() if len(labels) <= 2 else Predictions(answers[0])
        task = self.task or task_of([self.metric], given, labelled, classes)
        return task, _are_scores(self.metric, task, labels, answers)


def _required(given: Given, value: Any, name: str) -> NDArray[Any]:
    answers = given.answers(value, name)
    if answers is None:
        raise MetricError(f"{name} must be given", column=name)
    return answers


def _as(scores: bool, answers: NDArray[Any]) -> Predictions:
    return Predictions(score=answers) if scores else Predictions(prediction=answers)


def _are_scores(metric: Metric, task: str, labels: set[Any], answers: Sequence[NDArray[Any]]) -> bool:
    if task == "regression":
        return False
    needed = metric.options.as_dict().get("needs", catalogue.spec_of(metric).needs)
    wide = task != "multilabel" and any(answer.ndim == 2 for answer in answers)
    if needed == "score" or metric.point.items or wide:
        return True
    values = {value for answer in answers for value in np.unique(answer).tolist()}
    told = not values <= labels | {0, 1} and not any(isinstance(value, str) for value in values)
    return task in ("binary", "multilabel") and told


def _independent(
    challenger: Inference | MetricError, champion: Inference | MetricError | None, higher_is_better: bool
) -> Comparison | MetricError:
    if champion is None:
        return MetricError("the champion has no rows in this slice")
    if isinstance(challenger, MetricError):
        return challenger
    if isinstance(champion, MetricError):
        return champion
    gain = independent_difference(challenger, champion)
    return compared(gain if higher_is_better else gain.negated(), challenger.value, champion.value)


def _looked_at(part: Comparison | Inference, anytime: bool | int) -> Comparison | Inference:
    if isinstance(part, Inference):
        return looked_at(part, anytime)
    # The p-value that is known is of one look.
    return dataclasses.replace(part, gain=looked_at(part.gain, anytime), known=None) if anytime else part


def _difference(
    part: Comparison | Inference,
    confidence: float | None,
    alternative: Alternative,
    *,
    higher_is_better: bool,
) -> ComparisonEstimate | Estimate:
    if isinstance(part, Inference):
        return part.estimate(confidence, alternative)
    inference = part.gain if higher_is_better else part.gain.negated()
    estimate = inference.estimate(confidence, alternative)
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
