"""Means of rows, such as losses, by Student's t."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from aiqa.stats.power.design import Alternative, Design, DesignError, normal_power, solve
from aiqa.stats.special import stdtrit

_NORMAL = 1e8
"""From so many degrees of freedom on t is normal to all digits that a plan could want."""


def mean(
    null: float,
    truth: float | None = None,
    *,
    sd: float,
    n: float | None = None,
    power: float | None = None,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    design_effect: float = 1.0,
) -> Design:
    """Plan a mean, such as that of a loss, by Student's t test.

    By the noncentral t distribution (Cohen 1988, 2.4), as R's ``power.t.test``.

    Parameters
    ----------
    null : float
        The threshold.
    truth, n, power : float, optional
        Two of the three.
    sd : float
        Standard deviation of the rows.
    alpha, alternative, design_effect
        As in :func:`proportion`; a loss is to be "less".

    Examples
    --------
    >>> mean(0.50, 0.45, sd=0.4, power=0.8, alternative="less").count
    398
    """
    told: dict[str, Any] = {"alpha": alpha, "alternative": alternative, "design_effect": design_effect}
    return _t_plan(null, truth, sd, n=n, power=power, method="t test", **told)


def paired_means(
    difference: float | None = None,
    *,
    sd: float,
    correlation: float = 0.0,
    margin: float = 0.0,
    n: float | None = None,
    power: float | None = None,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    design_effect: float = 1.0,
) -> Design:
    """Plan the comparison of two means of the same rows, such as two models' losses.

    Parameters
    ----------
    difference, n, power : float, optional
        Two of the three; `difference` is the true one.
    sd : float
        Standard deviation of each model's values; with ``correlation=0.5`` (or where it is that of the
        differences) it is that of the differences themselves.
    correlation : float, default 0
        Between the two models' values: the differences then have sd * sqrt(2 (1 - correlation)).
    margin : float, default 0
        What is to be proven is a difference above minus this.
    alpha, alternative, design_effect
        As in :func:`proportion`.

    Examples
    --------
    >>> told = {"power": 0.9, "alternative": "two-sided"}
    >>> round(paired_means(0.5, sd=2, correlation=0.5, **told).n, 3)
    170.051
    """
    spread = sd * math.sqrt(2 * (1 - correlation))
    told: dict[str, Any] = {"alpha": alpha, "alternative": alternative, "design_effect": design_effect}
    return _t_plan(-margin, difference, spread, n=n, power=power, method="paired t test", **told)


def two_means(
    difference: float | None = None,
    *,
    sd: float,
    ratio: float = 1.0,
    n: float | None = None,
    power: float | None = None,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    design_effect: float = 1.0,
) -> Design:
    """Plan the comparison of means of different rows.

    Parameters
    ----------
    difference, n, power : float, optional
        Two of the three; n is of the first group.
    sd : float
        Standard deviation in each group.
    ratio : float, default 1
        Rows of the second group for each of the first.
    alpha, alternative, design_effect
        As in :func:`proportion`.

    Examples
    --------
    >>> two_means(0.5, sd=2, power=0.9, alternative="two-sided").count
    338
    """
    told: dict[str, Any] = {"alpha": alpha, "alternative": alternative, "design_effect": design_effect}
    return _t_plan(
        0.0,
        difference,
        sd,
        n=n,
        power=power,
        method="t test",
        of="rows in the first group",
        ratio=ratio,
        **told,
    )


def _t_plan(
    null: float,
    truth: float | None,
    sd: float,
    *,
    n: float | None,
    power: float | None,
    alpha: float,
    alternative: Alternative,
    design_effect: float,
    method: str,
    of: str = "rows",
    ratio: float | None = None,
) -> Design:
    """Plan a t test of one group, or of two with so many rows of the second for each of the first."""
    if not 0 < sd < math.inf:
        raise DesignError(f"sd must be a positive number, not {sd}")

    def power_of(count: float, value: float) -> float:
        error = sd * math.sqrt((1.0 if ratio is None else 1 + 1 / ratio) / count)
        freedom = count - 1 if ratio is None else count * (1 + ratio) - 2
        return _t_power((value - null) / error, freedom, alpha, alternative)

    return solve(
        power_of,
        null,
        n=n,
        truth=truth,
        power=power,
        alpha=alpha,
        alternative=alternative,
        method=method,
        of=of,
        design_effect=design_effect,
    )


def _t_power(distance: float, df: float, alpha: float, alternative: Alternative) -> float:
    if df > _NORMAL:
        return normal_power(distance, alpha, alternative)
    if alternative == "two-sided":
        t = -stdtrit(df, alpha / 2)
        return _beyond(t, distance, df) + _beyond(t, -distance, df)
    return _beyond(-stdtrit(df, alpha), distance if alternative == "greater" else -distance, df)


def _beyond(t: float, distance: float, df: float) -> float:
    """Return the chance that a noncentral t variable exceeds t.

    The mean of Phi(distance - t s) over s, a chi variable over the root of its freedom, by Gauss's
    quadrature: scipy's ``nctdtr`` is NaN for some thousand degrees of freedom.
    """
    import numpy as np
    from scipy import special

    wide = 12 / math.sqrt(2 * df)
    low, high = max(0.0, 1 - wide), 1 + wide
    nodes, weights = _quadrature()
    s = low + (high - low) * (nodes + 1) / 2
    scale = math.log(2) + df / 2 * math.log(df / 2) - math.lgamma(df / 2)
    density = np.exp(scale + (df - 1) * np.log(s) - df * s**2 / 2)
    return float((high - low) / 2 * (weights * density) @ special.ndtr(distance - t * s))


@cache
def _quadrature() -> tuple[Any, Any]:
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(128)
    return nodes, weights
