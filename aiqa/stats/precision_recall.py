"""Average precision and the area under the precision-recall curve, which is another number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from aiqa.stats.inference import Inference
from aiqa.stats.precision_curves import average_precision as _average_precision
from aiqa.stats.precision_curves import (
    average_precision_bias,
    highest_precision_area,
    highest_precision_area_bias,
    precision_recall_area,
    precision_recall_area_bias,
)
from aiqa.stats.ranked import Statistic, infer, measure
from aiqa.stats.steps import Bools, checked, steps_of

_UNSEEN = 3.0, 0.5
"""As of areas under the ROC curve (see ``ranked``), but found by simulations of its own."""
AVERAGE_PRECISION = Statistic(_average_precision, "linearised", bias=average_precision_bias, unseen=_UNSEEN)
PR_AREAS = {
    "highest": replace(
        AVERAGE_PRECISION,
        curve=highest_precision_area,
        bias=highest_precision_area_bias,
        ceiling=AVERAGE_PRECISION,
    ),
    "all": replace(
        AVERAGE_PRECISION,
        curve=precision_recall_area,
        bias=precision_recall_area_bias,
        ceiling=AVERAGE_PRECISION,
    ),
}
"""The areas under the precision-recall curve, by which of its points they are between."""


def average_precision(truth: Bools, score: NDArray[Any], weight: NDArray[Any] | None = None) -> Inference:
    """Infer average precision: the mean, over the positive rows, of the precision at their score.

    The value is scikit-learn's. The bounds are the wider of those on the logit scale and of those around the
    value less its bias; see :mod:`aiqa.stats.ranked`.

    Parameters
    ----------
    truth : array of bool, shape (n,)
        Whether a row is positive; both kinds must carry weight.
    score : array of float, shape (n,)
        Finite.
    weight : array of float, shape (n,), optional

    Raises
    ------
    ValueError
        If one of the classes has no weight.

    Examples
    --------
    >>> import numpy as np
    >>> round(average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7])).value, 4)
    0.8333
    """
    return infer(measure(AVERAGE_PRECISION, steps_of(*checked(truth, score, weight))))


def pr_auc(
    truth: Bools, score: NDArray[Any], weight: NDArray[Any] | None = None, *, points: str = "highest"
) -> Inference:
    """Infer the area under the precision-recall curve by trapezoids, which is not average precision.

    The two are up to 0.02 apart, and straight lines between points flatter a model (Davis & Goadrich, ICML
    2006): average precision is the number to prefer. Bounds as there.

    Parameters
    ----------
    truth, score, weight
        As in :func:`average_precision`.
    points : {"highest", "all"}
        "highest": between the points of the highest precision at each recall, as ROCR's ``aucpr``. "all":
        between all points, as scikit-learn's ``auc(recall, precision)``.

    Examples
    --------
    >>> import numpy as np
    >>> truth, score = np.array([True, False, True]), np.array([0.9, 0.8, 0.7])
    >>> [round(pr_auc(truth, score, points=points).value, 4) for points in ("highest", "all")]
    [0.9167, 0.7917]
    """
    if points not in PR_AREAS:
        raise ValueError(f"points= is one of {', '.join(PR_AREAS)}, not {points!r}")
    return infer(measure(PR_AREAS[points], steps_of(*checked(truth, score, weight))))
