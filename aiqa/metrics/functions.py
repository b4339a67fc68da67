"""Functions of one's own, of arrays or of a frame, and scikit-learn's scorers; bounds by bootstrap."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.metrics import scorers
from aiqa.metrics.question import (
    CLASSIFICATION,
    REGRESSION,
    Comparisons,
    Parts,
    Question,
    Spec,
    States,
    compared,
)
from aiqa.metrics.rows import Columns, columns_of, rows_statistic
from aiqa.metrics.table import ModelColumns
from aiqa.scan.blame import raised_at
from aiqa.scan.statistics import Rows, Statistic, Table
from aiqa.stats.inference import Inference
from aiqa.stats.rows import METHODS, RowNumbers, infer_function

Array = NDArray[Any]
OnRows = Callable[[RowNumbers | None], float]
"""From the numbers of rows, with repeats (None: all), to the value."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function ready to be called on rows.

    Parameters
    ----------
    function : callable
        ``f(truth, answers, weight) -> float``, the weight None without weights; or ``f(frame) -> float``.
    name : str
    scores : bool
        Whether the answers are scores.
    decode : bool
        Whether labels are handed over as the user writes them; otherwise as class codes.
    probabilities : bool
        Whether the scores must be probabilities.
    frame : bool
        Whether the function takes a frame.
    """

    function: Callable[..., float]
    name: str
    scores: bool
    decode: bool
    probabilities: bool = False
    frame: bool = False


class AnyFunction:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def __init__(self, prepare: Callable[[Question], Call]) -> None:
        self._prepare = prepare

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        call = self._prepare(question)
        _check_method(question, call)
        models = question.models(versus_champion=versus_champion)
        for model in models:
            _check_answers(call, model)
        if not call.frame:
            return rows_statistic(question, versus_champion=versus_champion, scores=call.scores)
        (rows,) = rows_statistic(question, versus_champion=versus_champion)
        assert isinstance(rows, Rows)  # noqa: S101 - what rows_statistic asks for
        answers = [name for model in models for name in (model.prediction, *model.score) if name]
        own = tuple(name for name in question.table.columns if not name.startswith("aiqa:"))
        return Rows(tuple(dict.fromkeys([*filter(None, rows.columns), *answers]))), Table(own)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        call = self._prepare(question)
        columns = columns_of(question, states, versus_champion=False)
        evaluate = _on_rows(call, question, columns, states, 0)
        value = _defined(call, evaluate)
        return {(): _infer(question, columns, _lenient(call, evaluate), value, seed)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        call = self._prepare(question)
        columns = columns_of(question, states, versus_champion=True)
        models = [_on_rows(call, question, columns, states, model) for model in (0, 1)]
        challenger, champion = (_defined(call, model) for model in models)
        sign = 1.0 if question.option.get("higher_is_better", True) else -1.0
        one, other = (_lenient(call, model) for model in models)

        def gain(rows: RowNumbers) -> float:
            return sign * (one(rows) - other(rows))

        inference = _infer(question, columns, gain, sign * (challenger - champion), seed)
        return {(): compared(inference, challenger, champion)}


def _check_method(question: Question, call: Call) -> None:
    if question.method is not None and question.method not in METHODS:
        raise MetricError(f"{call.name} has no method {question.method!r}; it has {', '.join(METHODS)}")


def _check_answers(call: Call, model: ModelColumns) -> None:
    if call.scores and not model.score:
        raise MetricError(f"{call.name} needs scores: {model.called.labels_only}")
    if call.probabilities and model.improbable is not None:
        problem = model.improbable
        raise MetricError(f"{call.name} {problem.args[0]}", column=problem.column, row=problem.row)


def _infer(
    question: Question, columns: Columns, statistic: Callable[[RowNumbers], float], value: float, seed: int
) -> Inference:
    n = len(columns.truth)
    return infer_function(statistic, value, n, clusters=columns.cluster, seed=seed, **question.how)


def _on_rows(call: Call, question: Question, columns: Columns, states: States, model: int) -> OnRows:
    if call.frame:
        return _on_frame(call, _frame(question, columns, states[1], model))
    answers = columns.scores[model] if call.scores else columns.predictions[model]
    truth, weight = columns.truth, columns.weight
    if call.decode and question.table.classes:
        labels = np.asarray(question.table.classes)
        truth, answers = labels[truth], answers if call.scores else labels[answers]

    def evaluate(rows: RowNumbers | None) -> float:
        if rows is None:
            return float(call.function(truth, answers, weight))
        weights = None if weight is None else weight[rows]
        return float(call.function(truth[rows], answers[rows], weights))

    return evaluate


def _on_frame(call: Call, frame: pl.DataFrame) -> OnRows:
    return lambda rows: float(call.function(frame if rows is None else frame[rows]))


def _frame(question: Question, columns: Columns, own: pl.DataFrame, model: int) -> pl.DataFrame:
    """Put truth and answers, as the user writes them, next to the data set's own columns."""
    classes = question.table.classes

    def decoded(name: str, values: Array) -> pl.Series:
        return pl.Series(classes)[values].alias(name) if classes else pl.Series(name, values)

    added = [decoded("y_true", columns.truth)]
    if len(columns.predictions) > model:
        added.append(decoded("y_pred", columns.predictions[model]))
    if len(columns.scores) > model:
        added.append(pl.Series("y_score", columns.scores[model]))
    if columns.weight is not None:
        added.append(pl.Series("sample_weight", columns.weight))
    return own.with_columns(added)


def _defined(call: Call, evaluate: OnRows) -> float:
    """Return the value on all rows.

    What a library warns of on the way, as of a class that is never predicted, it has settled in the value.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = evaluate(None)
    except Exception as error:
        raise _raised(call, error) from error
    if not math.isfinite(value):
        raise MetricError(f"{call.name} is not defined on these rows: it gave {value}")
    return value


def _raised(call: Call, error: Exception, on: str = "") -> MetricError:
    where = raised_at(error)
    told = f"{call.name} raised {type(error).__name__}{on}: {error}"
    return MetricError(told if where is None else f"{told} ({where})")


def _lenient(call: Call, evaluate: OnRows) -> Callable[[RowNumbers], float]:
    """Answer NaN for a resample on which the function is not defined."""

    def on_resample(rows: RowNumbers) -> float:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = evaluate(rows)
        except (ValueError, ArithmeticError):
            return math.nan
        except Exception as error:
            raise _raised(call, error, " on a resample of the rows") from error
        return value if math.isfinite(value) else math.nan

    return on_resample


def user_function(question: Question) -> Call:
    """Prepare ``metric(f)``: labels as the user writes them, or scores with ``needs="score"``, or a frame."""
    function, name = (
        question.metric.function,
        str(question.option["of"]).rpartition(":")[2].rpartition(".")[2],
    )
    if takes_frame(question.metric):
        return Call(function, name, scores=False, decode=True, frame=True)
    if question.weight and "sample_weight" not in _parameters(function):
        raise MetricError(f"the data set has weights, and {name} has no parameter sample_weight to take them")

    def call(truth: Array, answers: Array, weight: Array | None) -> float:
        return float(function(truth, answers, **({} if weight is None else {"sample_weight": weight})))

    return Call(call, name, question.option.get("needs") == "score", decode=True)


def takes_frame(metric: Metric) -> bool:
    """Tell whether the function of a metric takes a frame: it says so, or has a single parameter."""
    needs = metric.options.as_dict().get("needs")
    return needs == "frame" or (needs is None and len(_parameters(metric.function)) == 1)


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters; none where Python cannot tell, as of some that are built in."""
    try:
        return list(inspect.signature(function).parameters)
    except ValueError:
        return []


def sklearn_scorer(question: Question) -> Call:
    """Prepare ``metric.scorer(name)``.

    Its value is the scorer's, larger is better. Binary labels are handed over as 0 and 1 (the positive
    one), so that every scorer knows which is positive; multi-class labels as the user writes them.
    """
    scorer = scorers.of(question.option["of"])
    settings = dict(scorer.settings)
    if scorer.scores and scorer.takes("labels"):
        settings["labels"] = list(range(len(question.table.classes)))
    if question.weight and not scorer.takes("sample_weight"):
        raise MetricError(f"the data set has weights, and scikit-learn's {scorer.name} does not take them")

    def call(truth: Array, answers: Array, weight: Array | None) -> float:
        weights = {} if weight is None else {"sample_weight": weight}
        return float(scorer.sign * scorer.function(truth, answers, **settings, **weights))

    multiclass = question.table.task == "multiclass"
    return Call(
        call,
        f"scorer {scorer.name}",
        scorer.scores,
        decode=multiclass and not scorer.scores,
        probabilities=scorer.probabilities,
    )


def spec_of_scorer(metric: Metric, spec: Spec) -> Spec:
    """Return what the catalogue knows of a scorer: what it needs, and whether it is one of a regression."""
    scorer = scorers.of(metric.options.as_dict()["of"])
    tasks = REGRESSION if scorer.regression else spec.tasks
    return replace(spec, tasks=tasks, needs="score" if scorer.scores else "prediction")


_ANY_TASK = (*CLASSIFICATION, *REGRESSION)
SPECS = {
    "function": Spec(_ANY_TASK, "prediction", higher_is_better=True, family=AnyFunction(user_function)),
    "scorer": Spec(_ANY_TASK, "prediction", higher_is_better=True, family=AnyFunction(sklearn_scorer)),
}
