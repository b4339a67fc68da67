"""Shares of rows: exact (Clopper-Pearson) bounds, Wilson's by name, and F1 through its own share."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from aiqa.stats.inference import Inference
from aiqa.stats.sequential import beta_binomial
from aiqa.stats.special import betaincinv, ndtri

Method = Literal["clopper-pearson", "wilson"]


def clopper_pearson_lower(successes: float, trials: float, alpha: float) -> float:
    """Return the exact one-sided lower bound of a share.

    Clopper & Pearson, Biometrika 26 (1934): the share at which `successes` or more have probability `alpha`.

    Examples
    --------
    >>> round(clopper_pearson_lower(266, 332, 0.05), 6)
    0.761716
    """
    return betaincinv(successes, trials - successes + 1, alpha) if successes > 0 else 0.0


def clopper_pearson_upper(successes: float, trials: float, alpha: float) -> float:
    """Return the exact one-sided upper bound of a share; see :func:`clopper_pearson_lower`."""
    return 1.0 - clopper_pearson_lower(trials - successes, trials, alpha)


def wilson_lower(successes: float, trials: float, alpha: float) -> float:
    """Return Wilson's score bound from below, without continuity correction (Wilson, JASA 22, 1927).

    Examples
    --------
    >>> round(wilson_lower(266, 332, 0.05), 6)
    0.762806
    """
    z2 = math.pow(ndtri(alpha), 2)
    share = successes / trials
    half = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2)))
    return max(0.0, (share + z2 / (2 * trials) - half) / (1 + z2 / trials))


def wilson_upper(successes: float, trials: float, alpha: float) -> float:
    """Return Wilson's score bound from above; see :func:`wilson_lower`."""
    return 1.0 - wilson_lower(trials - successes, trials, alpha)


_BOUNDS = {
    "clopper-pearson": (clopper_pearson_lower, clopper_pearson_upper),
    "wilson": (wilson_lower, wilson_upper),
}


def effective_trials(successes: float, failures: float, squares: tuple[float, float], rows: float) -> float:
    """Return how many equally weighted rows would tell as much of a weighted share.

    Korn & Graubard, Survey Methodology 24 (1998): p(1-p) over the variance of the weighted share; never
    more than Kish's (sum of w)² / (sum of w²), nor than the rows.

    Parameters
    ----------
    successes, failures : float
        Sums of weights.
    squares : (float, float)
        Sums of squared weights of the successes and of the failures.
    rows : float
        Rows in both.
    """
    total = successes + failures
    share = successes / total
    kish = total**2 / sum(squares)
    variance = (squares[0] * (1 - share) ** 2 + squares[1] * share**2) / total**2
    linearised = share * (1 - share) / variance if variance > 0 else kish
    return min(kish, linearised, rows)


def proportion(
    successes: float,
    trials: float,
    *,
    n: int | None = None,
    effective: float | None = None,
    support: int | None = None,
    support_of: str = "rows",
    method: Method = "clopper-pearson",
) -> Inference:
    """Infer a share from counts.

    Parameters
    ----------
    successes, trials : float
        Counts, or sums of weights; ``0 <= successes <= trials`` and ``trials > 0``.
    n : int, optional
        Rows of the whole table. Default: `trials`.
    effective : float, optional
        The effective number of trials where rows have weights; see :func:`effective_trials`.
    support : int, optional
        The rows that are the trials, where they are not all `n`.
    support_of : str
        What `support` counts.
    method : {"clopper-pearson", "wilson"}

    Raises
    ------
    ValueError
        If the counts are impossible.

    Examples
    --------
    >>> print(proportion(266, 332).estimate(0.95))
    0.8012 [0.7542, 0.8428], n 332
    """
    if not 0 <= successes <= trials or trials <= 0:
        raise ValueError(f"a share needs 0 <= successes <= trials and trials > 0: {successes} of {trials}")
    size = trials if effective is None else effective
    share = successes / trials

    def sequence(tuned_to: float) -> Inference:
        told = beta_binomial(successes, trials, tuned_to=tuned_to)
        return replace(told, n=round(trials) if n is None else n, support=support, support_of=support_of)

    lower, upper = _BOUNDS[method]
    return Inference(
        share,
        round(trials) if n is None else n,
        method if effective is None else f"{method} (effective n {size:.0f})",
        lambda alpha: min(share, lower(share * size, size, alpha)),
        lambda alpha: max(share, upper(share * size, size, alpha)),
        support,
        support_of,
        sequence=None if effective is not None else sequence,
    )


def f1(share: Inference) -> Inference:
    """Return F1 = 2F/(1+F) from the inference of F = TP / (TP + FP + FN).

    The map is increasing, so bounds of one are bounds of the other (Lam, Gopal & Qian, arXiv 2309.14621).

    Examples
    --------
    >>> print(f1(proportion(66, 66 + 23 + 43, method="wilson")).estimate())
    0.6667 [0.5875, 0.7374], n 132
    """
    return share.map(lambda value: 2 * value / (1 + value))
