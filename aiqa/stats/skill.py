"""The Brier skill score: what share of the uncertainty of the outcome a model takes away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.stats.functional import Functional, function_of, infer, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.reliability import Forecasts

FEW = 30
"""With fewer events the uncertainty itself is hardly known, and with it how skilled a model could be."""


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
        uncertainty = _uncertainty(shares)
        return 1 - loss / uncertainty if uncertainty > 0 else math.nan

    def gradient(loss: float, *shares: float) -> list[float]:
        uncertainty = _uncertainty(shares)
        return [-1 / uncertainty, *(loss / uncertainty**2 * (1 - 2 * share) for share in shares)]

    at = [mean.value(mean.weight) for mean in means]
    if not _uncertainty(at[1:]) > 0:
        raise MetricError("brier_skill is not defined: all rows are of one class")
    rarest = min(min(_rows(of, of.truth > 0), _rows(of, of.truth <= 0)) for of in parts)
    return function_of(
        skill,
        means,
        gradient,
        domain=(-math.inf, 1.0),
        n=first.rows,
        support=rarest,
        support_of="rows of the rarest class",
    )


def _uncertainty(shares: Sequence[float]) -> float:
    return sum(share * (1 - share) for share in shares)


def _possible(parts: Sequence[Forecasts]) -> tuple[float, float]:
    """Return what rows could tell at least and at most: means over what each tells, were it of any class."""
    weight = parts[0].weight
    shares = [float(np.average(of.truth, weights=weight)) for of in parts]
    loss = float(np.average(np.sum([of.residual**2 for of in parts], axis=0), weights=weight))
    uncertainty, told = _uncertainty(shares), []
    for came in np.eye(len(parts)) if len(parts) > 1 else np.array([[0.0], [1.0]]):
        losses = np.sum([(one - of.probability) ** 2 for one, of in zip(came, parts, strict=True)], axis=0)
        moved = sum((1 - 2 * share) * (one - share) for one, share in zip(came, shares, strict=True))
        told.append(1 - losses / uncertainty + loss / uncertainty**2 * moved)
    low, high = (np.average(end(told, axis=0), weights=weight) for end in (np.min, np.max))
    return float(low), float(high)


def _rows(of: Forecasts, where: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(of.weight[where]))


def infer_skill(parts: Sequence[Forecasts], *, method: str | None = None, **how: Any) -> Inference:
    """Infer the skill, by Gaffke's bound with what each row could have told, were it of another class.

    In clusters by Hall's. With fewer than ``FEW`` rows of the rarest class nothing bounds it from above.

    Parameters
    ----------
    parts : sequence of Forecasts
        As of :func:`brier_skill`.
    method : str, optional
        One of :data:`aiqa.stats.functional.METHODS`.
    **how
        Of :func:`aiqa.stats.functional.infer`.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> skill = infer_skill([forecasts(np.array([0, 0, 0, 1]), np.array([0.1, 0.4, 0.6, 0.9]))])
    >>> skill.upper(0.05)
    1.0
    """
    skill, clusters = brier_skill(parts), parts[0].clusters
    if clusters is None and method is None:
        skill = replace(skill, reach=_possible(parts), firm=False)
    found = infer(skill, clusters=clusters, method=method, **how)
    few = method is None and (skill.support or 0) < FEW
    return replace(found, upper=lambda _: 1.0) if few else found
