"""The area under a part of the ROC curve: that of few false positives."""

from __future__ import annotations

from functools import partial
from typing import Any

from numpy.typing import NDArray

from aiqa.stats.curves import Curve, Floats, mcclish, partial_area
from aiqa.stats.inference import Inference
from aiqa.stats.ranked import Statistic, infer, measure
from aiqa.stats.steps import Bools, checked, steps_of


def partial_auc(
    truth: Bools,
    score: NDArray[Any],
    max_fpr: float,
    weight: NDArray[Any] | None = None,
    *,
    standardised: bool = True,
) -> Inference:
    """Infer the area under the ROC curve up to a false positive rate.

    Parameters
    ----------
    truth : array of bool, shape (n,)
        Whether a row is positive; both kinds must carry weight.
    score : array of float, shape (n,)
        Finite.
    max_fpr : float
        In (0, 1].
    weight : array of float, shape (n,), optional
    standardised : bool, default True
        McClish's form, 0.5 for a random model and 1 for a perfect one, as scikit-learn's; otherwise the area
        itself, at most `max_fpr`, as pROC's.

    Raises
    ------
    ValueError
        If one of the classes has no weight, or `max_fpr` is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> truth, score = np.array([False, False, True, True]), np.array([0.1, 0.3, 0.2, 0.4])
    >>> partial_auc(truth, score, 0.5, standardised=False).value
    0.25
    """
    statistic = partial_statistic(max_fpr, standardised=standardised)
    return infer(measure(statistic, steps_of(*checked(truth, score, weight), joined=True)))


def partial_statistic(max_fpr: float, *, standardised: bool = True) -> Statistic:
    """Return the partial area as a statistic of ranks; see :func:`partial_auc`."""
    if not 0 < max_fpr <= 1:
        raise ValueError(f"max_fpr is a rate above 0, up to 1: {max_fpr}")
    if not standardised:
        return Statistic(partial(partial_area, max_fpr=max_fpr), "partial area", (0.0, max_fpr), joined=True)
    lowest = 0.5 - max_fpr / (2 - max_fpr) / 2
    return Statistic(partial(_standardised, max_fpr=max_fpr), "partial area", (lowest, 1.0), joined=True)


def _standardised(p: Floats, q: Floats, max_fpr: float) -> Curve:
    return mcclish(partial_area(p, q, max_fpr), max_fpr)
