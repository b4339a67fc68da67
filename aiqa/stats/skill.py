"""The Brier skill score: what share of the uncertainty of the outcome a model takes away."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from aiqa.errors import MetricError
from aiqa.stats.functional import Functional, function_of, mean_of
from aiqa.stats.reliability import Forecasts


def brier_skill(parts: Sequence[Forecasts]) -> Functional:
    """Return 1 - Brier score / uncertainty as a function of the rows' weights.

    Uncertainty is the Brier score of forecasting the observed shares of the classes to every row (Murphy,
    Journal of Applied Meteorology 12, 1973); it varies with them, which the error accounts for.

    Parameters
    ----------
    parts : sequence of Forecasts
        Of one event, or of all classes of the same rows.

    Raises
    ------
    MetricError
        If all rows are of one class.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> skill = brier_skill([forecasts(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.6, 0.9]))])
    >>> round(skill.value(skill.weight), 4)
    0.66
    """
    losses = np.sum([of.residual**2 for of in parts], axis=0)
    first = parts[0]
    means = [mean_of(losses, first.weight), *(mean_of(of.truth, first.weight) for of in parts)]

    def skill(loss: float, *shares: float) -> float:
        uncertainty = sum(share * (1 - share) for share in shares)
        return 1 - loss / uncertainty if uncertainty > 0 else math.nan

    def gradient(loss: float, *shares: float) -> list[float]:
        uncertainty = sum(share * (1 - share) for share in shares)
        return [-1 / uncertainty, *(loss / uncertainty**2 * (1 - 2 * share) for share in shares)]

    whole = function_of(skill, means, gradient, domain=(-math.inf, 1.0), n=first.rows)
    if math.isnan(whole.value(whole.weight)):
        raise MetricError("brier_skill is not defined: all rows are of one class")
    return whole
