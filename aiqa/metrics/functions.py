"""Any function of truth and answers, and scikit-learn's scorers by name; bounds by bootstrap."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError, nearest
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
from aiqa.scan.statistics import Statistic
from aiqa.stats.bootstrap import bootstrap_rows

Array = NDArray[Any]
_RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Call:
    """A function ready to be called on rows.

    Parameters
    ----------
    function : callable
        ``f(truth, answers, weight) -> float``; the weight is None without weights.
    name : str
    scores : bool
        Whether the answers are scores.
    decode : bool
        Whether labels are handed over as the user writes them; otherwise as class codes.
    probabilities : bool
        Whether the scores must be probabilities.
    """

    function: Callable[[Array, Array, Array | None], float]
    name: str
    scores: bool
    decode: bool
    probabilities: bool = False


class AnyFunction:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def __init__(self, prepare: Callable[[Question], Call]) -> None:
        self._prepare = prepare

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        call = self._prepare(question)
        for model in question.models(versus_champion=versus_champion):
            if call.scores and not model.score:
                raise MetricError(f"{call.name} needs scores: {model.called.labels_only}")
            if call.probabilities and model.improbable is not None:
                problem = model.improbable
                raise MetricError(f"{call.name} {problem.args[0]}", column=problem.column, row=problem.row)
        return rows_statistic(question, versus_champion=versus_champion, scores=call.scores)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        call = self._prepare(question)
        columns = columns_of(question, states, versus_champion=False)
        evaluate = _on_rows(call, question, columns, 0)
        value = _defined(call, evaluate)
        return {(): bootstrap_rows(_lenient(evaluate), value, len(columns.truth), seed, resamples=_RESAMPLES)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        call = self._prepare(question)
        columns = columns_of(question, states, versus_champion=True)
        first, second = (_on_rows(call, question, columns, model) for model in (0, 1))
        values = _defined(call, first), _defined(call, second)
        sign = 1.0 if question.option.get("higher_is_better", True) else -1.0
        one, other = _lenient(first), _lenient(second)
        gain = bootstrap_rows(
            lambda rows: sign * (one(rows) - other(rows)),
            sign * (values[0] - values[1]),
            len(columns.truth),
            seed,
            resamples=_RESAMPLES,
        )
        return {(): compared(gain, values[0], values[1])}


OnRows = Callable[[NDArray[np.intp] | None], float]


def _on_rows(call: Call, question: Question, columns: Columns, model: int) -> OnRows:
    answers = columns.scores[model] if call.scores else columns.predictions[model]
    truth, weight = columns.truth, columns.weight
    if call.decode and question.table.classes:
        labels = np.asarray(question.table.classes)
        truth, answers = labels[truth], answers if call.scores else labels[answers]

    def evaluate(rows: NDArray[np.intp] | None) -> float:
        if rows is None:
            return float(call.function(truth, answers, weight))
        weights = None if weight is None else weight[rows]
        return float(call.function(truth[rows], answers[rows], weights))

    return evaluate


def _defined(call: Call, evaluate: OnRows) -> float:
    """Return the value on all rows.

    What a library warns of on the way, as of a class that is never predicted, it has settled in the value.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = evaluate(None)
    except Exception as error:
        raise MetricError(f"{call.name} raised {type(error).__name__}: {error}") from error
    if not math.isfinite(value):
        raise MetricError(f"{call.name} is not defined on these rows: it gave {value}")
    return value


def _lenient(evaluate: OnRows) -> Callable[[NDArray[np.intp]], float]:
    """Answer NaN for a resample on which the function is not defined."""

    def on_resample(rows: NDArray[np.intp]) -> float:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = evaluate(rows)
        except (ValueError, ArithmeticError):
            return math.nan
        return value if math.isfinite(value) else math.nan

    return on_resample


def user_function(question: Question) -> Call:
    """Prepare ``metric(f)``: labels as the user writes them, or scores with ``needs="score"``."""
    reference = question.option["of"]
    function = reference.load()
    name = reference.address.rpartition(":")[2]
    weighted = "sample_weight" in inspect.signature(function).parameters
    if question.weight and not weighted:
        raise MetricError(f"the data set has weights, and {name} has no parameter sample_weight to take them")

    def call(truth: Array, answers: Array, weight: Array | None) -> float:
        return float(function(truth, answers, **({} if weight is None else {"sample_weight": weight})))

    return Call(call, name, question.option.get("needs") == "score", decode=True)


def sklearn_scorer(question: Question) -> Call:
    """Prepare ``metric.scorer(name)``.

    Its value is the scorer's, larger is better. Binary labels are handed over as 0 and 1 (the positive
    one), so that every scorer knows which is positive; multi-class labels as the user writes them.
    """
    from sklearn.metrics import get_scorer, get_scorer_names

    name = question.option["of"]
    if name not in get_scorer_names():
        raise MetricError(f"scikit-learn has no scorer {name!r}{nearest(name, get_scorer_names())}")
    scorer = get_scorer(name)
    # A scorer calls an estimator; its parts alone can be called on answers that are there already.
    function, sign, settings = scorer._score_func, scorer._sign, dict(scorer._kwargs)  # noqa: SLF001
    response = scorer._response_method  # noqa: SLF001
    scores = response != "predict"
    parameters = inspect.signature(function).parameters
    if scores and "labels" in parameters:
        settings["labels"] = list(range(len(question.table.classes)))
    if question.weight and "sample_weight" not in parameters:
        raise MetricError(f"the data set has weights, and scikit-learn's {name} does not take them")

    def call(truth: Array, answers: Array, weight: Array | None) -> float:
        weights = {} if weight is None else {"sample_weight": weight}
        return float(sign * function(truth, answers, **settings, **weights))

    multiclass = question.table.task == "multiclass"
    return Call(
        call,
        f"scorer {name}",
        scores,
        decode=multiclass and not scores,
        probabilities=response == "predict_proba",
    )


_ANY_TASK = (*CLASSIFICATION, *REGRESSION)
SPECS = {
    "function": Spec(_ANY_TASK, "prediction", higher_is_better=True, family=AnyFunction(user_function)),
    "scorer": Spec(_ANY_TASK, "prediction", higher_is_better=True, family=AnyFunction(sklearn_scorer)),
}
