"""Metrics of a binary model as functions of what it calls positive, for operating points that the rows set.

A metric that is to have such points needs a line in ``FORMULAS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.cost import costs_of
from aiqa.metrics.question import Question
from aiqa.stats.points import Measure
from aiqa.stats.skewed import Domain

Counts = NDArray[np.float64] | float
_SHARE: Domain = (0.0, 1.0)
_SIGNED: Domain = (-1.0, 1.0)


def _ratio(above: Counts, below: Counts) -> NDArray[np.float64]:
    out = np.full(np.shape(below), math.nan)
    ratio: NDArray[np.float64] = np.divide(above, below, out=out, where=np.asarray(below) > 0)
    return ratio


def _fbeta(beta: Any) -> Measure:
    if isinstance(beta, bool) or not isinstance(beta, (int, float)) or beta <= 0:
        raise MetricError(f"fbeta needs beta=, by how much recall counts more than precision, not {beta!r}")
    b2 = float(beta) ** 2
    return lambda tp, fp, fn, _tn: _ratio((1 + b2) * tp, (1 + b2) * tp + b2 * fn + fp)


def _balanced(tp: Counts, fp: Counts, fn: Counts, tn: Counts) -> Any:
    return (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2


def _mcc(tp: Counts, fp: Counts, fn: Counts, tn: Counts) -> Any:
    """Return Matthews' coefficient, 0 where all rows are called alike."""
    called = np.sqrt((tp + fp) * (tn + fn))
    value = _ratio(tp * tn - fp * fn, called * np.sqrt((tp + fn) * (tn + fp)))
    return np.where((called == 0) & (tp + fn > 0) & (tn + fp > 0), 0.0, value)


def _kappa(tp: Counts, fp: Counts, fn: Counts, tn: Counts) -> Any:
    return _ratio(2 * (tp * tn - fp * fn), (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))


def _cost(question: Question) -> tuple[Measure, Domain]:
    costs = [cost for row in costs_of(question) for cost in row]
    if any(isinstance(cost, str) for cost in costs):
        raise MetricError(
            f"{question.metric!r}: at a point that the rows set, costs are numbers, not columns"
        )
    true_negative, false_positive, false_negative, true_positive = (float(cost) for cost in costs)

    def mean(tp: Counts, fp: Counts, fn: Counts, tn: Counts) -> Any:
        total = true_positive * tp + false_positive * fp + false_negative * fn + true_negative * tn
        return _ratio(total, tp + fp + fn + tn)

    numbers = (true_negative, false_positive, false_negative, true_positive)
    return mean, (min(numbers), max(numbers))


FORMULAS: dict[str, Callable[[Question], tuple[Measure, Domain]]] = {
    "accuracy": lambda _: (lambda tp, fp, fn, tn: _ratio(tp + tn, tp + fp + fn + tn), _SHARE),
    "approval_rate": lambda _: (lambda tp, fp, fn, tn: _ratio(tp + fp, tp + fp + fn + tn), _SHARE),
    "balanced_accuracy": lambda _: (_balanced, _SHARE),
    "cohen_kappa": lambda _: (_kappa, _SIGNED),
    "expected_cost": _cost,
    "f1": lambda _: (_fbeta(1), _SHARE),
    "fbeta": lambda question: (_fbeta(question.option.get("beta")), _SHARE),
    "fpr": lambda _: (lambda _tp, fp, _fn, tn: _ratio(fp, fp + tn), _SHARE),
    "hamming_loss": lambda _: (lambda tp, fp, fn, tn: _ratio(fp + fn, tp + fp + fn + tn), _SHARE),
    "jaccard": lambda _: (lambda tp, fp, fn, _tn: _ratio(tp, tp + fp + fn), _SHARE),
    "mcc": lambda _: (_mcc, _SIGNED),
    "npv": lambda _: (lambda _tp, _fp, fn, tn: _ratio(tn, tn + fn), _SHARE),
    "precision": lambda _: (lambda tp, fp, _fn, _tn: _ratio(tp, tp + fp), _SHARE),
    "recall": lambda _: (lambda tp, _fp, fn, _tn: _ratio(tp, tp + fn), _SHARE),
    "specificity": lambda _: (lambda _tp, fp, _fn, tn: _ratio(tn, tn + fp), _SHARE),
}
"""Of each metric the function of true and false positives, false and true negatives, and its values."""
