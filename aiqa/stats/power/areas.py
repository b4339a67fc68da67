"""Areas under the ROC curve, by the number of positives."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

from aiqa.stats.power.design import Alternative, Design, DesignError, score_power, solve
from aiqa.stats.special import ndtri

Variance = Literal["obuchowski", "hanley-mcneil", "binormal"]


def auc(
    null: float,
    truth: float | None = None,
    *,
    n: float | None = None,
    power: float | None = None,
    negatives: float = 1.0,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    method: Variance = "obuchowski",
    design_effect: float = 1.0,
) -> Design:
    """Plan an area under the ROC curve against a threshold, by the number of positives.

    Parameters
    ----------
    null : float
        The threshold, in [0.5, 1); 0.5 is chance.
    truth, n, power : float, optional
        Two of the three; n counts positives.
    negatives : float, default 1
        For each positive: (1 - prevalence) / prevalence.
    alpha, alternative, design_effect
        As in :func:`proportion`.
    method : {"obuchowski", "hanley-mcneil", "binormal"}
        The variance. "obuchowski": Obuchowski, Lieber & Wians, Clinical Chemistry 50 (2004), as pROC's
        ``power.roc.test``; safe where nothing is known of the scores. "hanley-mcneil": of exponential
        scores (Radiology 143, 1982). "binormal": that of the Mann-Whitney statistic of normal scores of
        equal variance, exactly; it takes about a third fewer rows than the others, if the scores are so.

    Examples
    --------
    >>> plan = auc(0.5, 0.8, power=0.9, alternative="two-sided")
    >>> round(plan.n, 2), plan.rows
    (16.62, 34)
    """

    def power_of(count: float, value: float) -> float:
        null_error, error = (
            math.sqrt(_auc_variance(area, count, negatives, method)) for area in (null, value)
        )
        return score_power(value - null, null_error, error, alpha, alternative)

    return _auc_plan(power_of, null, truth, n, power, alpha, alternative, method, negatives, design_effect)


def two_aucs(
    first: float,
    second: float | None = None,
    *,
    n: float | None = None,
    power: float | None = None,
    negatives: float = 1.0,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    method: Variance = "obuchowski",
    design_effect: float = 1.0,
) -> Design:
    """Plan the comparison of two areas, of different rows: n positives in each. See :func:`auc`.

    Examples
    --------
    >>> two_aucs(0.8, 0.85, power=0.8).count
    538
    """
    told: dict[str, Any] = {"negatives": negatives, "alpha": alpha, "alternative": alternative}
    plan = paired_aucs(
        first, second, n=n, power=power, correlation=0.0, method=method, design_effect=design_effect, **told
    )
    return dataclasses.replace(plan, of="positives in each group")


def paired_aucs(
    first: float,
    second: float | None = None,
    *,
    correlation: float = 0.5,
    margin: float = 0.0,
    n: float | None = None,
    power: float | None = None,
    negatives: float = 1.0,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    method: Variance = "obuchowski",
    design_effect: float = 1.0,
) -> Design:
    """Plan the comparison of two areas of the same rows (Hanley & McNeil, Radiology 148, 1983).

    Parameters
    ----------
    first : float
        The area that is to be beaten.
    second, n, power : float, optional
        Two of the three; n counts positives.
    correlation : float, default 0.5
        Of the two *estimates*, not of the scores: two models that are retrained on like data have 0.8 and
        more. From data: of the DeLong influences of the two models.
    margin : float, default 0
        What is to be proven is a second area above the first less this.
    negatives, alpha, alternative, method, design_effect
        As in :func:`auc`.

    Examples
    --------
    >>> paired_aucs(0.9, 0.9, margin=0.01, correlation=0.9, power=0.8).count
    847
    """

    def power_of(count: float, value: float) -> float:
        spread = (
            _auc_variance(first, count, negatives, method),
            _auc_variance(value, count, negatives, method),
        )
        variance = sum(spread) - 2 * correlation * math.sqrt(spread[0] * spread[1])
        error = math.sqrt(max(variance, 0.0))
        return score_power(value - first + margin, error, error, alpha, alternative)

    return _auc_plan(
        power_of, first - margin, second, n, power, alpha, alternative, method, negatives, design_effect
    )


def _auc_plan(
    power_of: Any,
    null: float,
    truth: float | None,
    n: float | None,
    power: float | None,
    alpha: float,
    alternative: Alternative,
    method: str,
    negatives: float,
    design_effect: float,
) -> Design:
    if not 0 < negatives < math.inf:
        raise DesignError(f"negatives for each positive is a positive number, not {negatives}")
    return solve(
        power_of,
        null,
        n=n,
        truth=truth,
        power=power,
        alpha=alpha,
        alternative=alternative,
        method=method,
        limits=(0.0, 1 - 1e-9),
        of="positives",
        share=1 / (1 + negatives),
        design_effect=design_effect,
    )


def _auc_variance(area: float, positives: float, negatives: float, method: str) -> float:
    """Return the variance of an estimated area; `negatives` are for each positive."""
    area = max(area, 1 - area)
    if method == "obuchowski":
        separation = (ndtri(area) * 1.414) ** 2
        unit = 0.0099 * math.exp(-separation / 2) * (5 * separation + 8 + (separation + 8) / negatives)
        return unit / positives
    one, two = _twice(area, method)
    others = positives * negatives
    spread = (positives - 1) * (one - area**2) + (others - 1) * (two - area**2)
    return (area * (1 - area) + spread) / (positives * others)


def _twice(area: float, method: str) -> tuple[float, float]:
    """Return the chances that two positives score above one negative, and one positive above two."""
    if method == "hanley-mcneil":
        return area / (2 - area), 2 * area**2 / (1 + area)
    from scipy import special

    # Two normal variables that correlate by 1/2, both positive (Owen, Annals of Mathematical Statistics 27).
    both = area - 2 * float(special.owens_t(ndtri(area), 1 / math.sqrt(3)))
    return both, both
