"""Two shares: of different rows, or of two models on the same rows."""

from __future__ import annotations

import math
from typing import Literal

from aiqa.stats.power.design import SHARE, Alternative, Design, DesignError, normal_power, score_power, solve


def two_proportions(
    first: float,
    second: float | None = None,
    *,
    n: float | None = None,
    power: float | None = None,
    ratio: float = 1.0,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    method: Literal["normal", "arcsine"] = "normal",
    design_effect: float = 1.0,
) -> Design:
    """Plan the comparison of two shares of different rows: that the second is greater than the first.

    Parameters
    ----------
    first : float
        The share of the first group.
    second, n, power : float, optional
        Two of the three; n is of the first group.
    ratio : float, default 1
        Rows of the second group for each of the first.
    alpha, alternative, design_effect
        As in :func:`proportion`.
    method : {"normal", "arcsine"}
        "normal": with the pooled share under the null, as R's ``power.prop.test``. "arcsine": Cohen
        (1988, 6.2), as ``pwr.2p.test``.

    Examples
    --------
    >>> round(two_proportions(0.5, 0.75, power=0.9, alternative="two-sided").n, 4)
    76.7069
    """

    def power_of(count: float, value: float) -> float:
        if method == "arcsine":
            distance = 2 * (math.asin(math.sqrt(value)) - math.asin(math.sqrt(first)))
            return normal_power(distance * math.sqrt(count * ratio / (1 + ratio)), alpha, alternative)
        pooled = (first + ratio * value) / (1 + ratio)
        null_error = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio) / count)
        error = math.sqrt((first * (1 - first) + value * (1 - value) / ratio) / count)
        return score_power(value - first, null_error, error, alpha, alternative)

    return solve(
        power_of,
        first,
        n=n,
        truth=second,
        power=power,
        alpha=alpha,
        alternative=alternative,
        method=method,
        limits=SHARE,
        of="rows in the first group",
        design_effect=design_effect,
    )


def paired_proportions(
    disagreement: float,
    difference: float | None = None,
    *,
    margin: float = 0.0,
    n: float | None = None,
    power: float | None = None,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    design_effect: float = 1.0,
) -> Design:
    """Plan the comparison of two models on the same rows by the share of rows that they disagree on.

    Parameters
    ----------
    disagreement : float
        Share of rows that exactly one of the two has right.
    difference, n, power : float, optional
        Two of the three; `difference` is the true gain.
    margin : float, default 0
        What is to be proven is a gain above minus this (no worse by more than the margin).
    alpha, alternative, design_effect
        As in :func:`proportion`.

    Notes
    -----
    Tango's score test, which the gate inverts: its variance under the null at the restricted estimate
    (Nam, Biometrics 53, 1997). With no margin it is McNemar's test (Miettinen, Biometrics 24, 1968).

    Examples
    --------
    >>> paired_proportions(0.05, 0.0, margin=0.005, power=0.8).count
    12438
    """
    if not 0 < disagreement <= 1:
        raise DesignError(f"disagreement is a share of rows above 0: {disagreement}")

    def power_of(count: float, value: float) -> float:
        lost = (disagreement - value) / 2
        linear = -disagreement - margin * (2 - value)
        constant = lost * margin * (1 + margin)
        at_null = (math.sqrt(max(0.0, linear**2 - 8 * constant)) - linear) / 4
        null_error = math.sqrt(max(0.0, 2 * at_null - margin * (1 + margin)) / count)
        error = math.sqrt(max(0.0, disagreement - value**2) / count)
        return score_power(value + margin, null_error, error, alpha, alternative)

    return solve(
        power_of,
        -margin,
        n=n,
        truth=difference,
        power=power,
        alpha=alpha,
        alternative=alternative,
        method="score test of paired shares",
        limits=(-1.0 if difference is None else -disagreement, disagreement),
        design_effect=design_effect,
    )
