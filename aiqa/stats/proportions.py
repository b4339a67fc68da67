"""Shares of rows: exact (Clopper-Pearson) bounds, and the other usual intervals by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

from aiqa.stats.inference import Inference
from aiqa.stats.sequential import beta_binomial
from aiqa.stats.special import betainc, betaincinv, ndtri, stdtrit

Method = Literal[
    "clopper-pearson", "wilson", "wilson-cc", "jeffreys", "agresti-coull", "wald", "mid-p", "arcsine"
]
PROPORTIONS: tuple[str, ...] = get_args(Method)
"""How a share can be inferred, by the method's usual name."""


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
    return _score_lower(successes / trials, trials, alpha)


def wilson_upper(successes: float, trials: float, alpha: float) -> float:
    """Return Wilson's score bound from above; see :func:`wilson_lower`."""
    return 1.0 - wilson_lower(trials - successes, trials, alpha)


def _score_lower(share: float, trials: float, alpha: float) -> float:
    z2 = math.pow(ndtri(alpha), 2)
    half = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2)))
    return max(0.0, (share + z2 / (2 * trials) - half) / (1 + z2 / trials))


def _wilson_cc_lower(successes: float, trials: float, alpha: float) -> float:
    """Wilson's with Yates' correction of half a row (Newcombe, Statistics in Medicine 17, 1998, method 4)."""
    return _score_lower((successes - 0.5) / trials, trials, alpha) if successes > 0.5 else 0.0


def _jeffreys_lower(successes: float, trials: float, alpha: float) -> float:
    """The posterior quantile under Jeffreys' prior (Brown, Cai & DasGupta, Statistical Science 16, 2001)."""
    return betaincinv(successes + 0.5, trials - successes + 0.5, alpha) if successes > 0 else 0.0


def _agresti_coull_lower(successes: float, trials: float, alpha: float) -> float:
    """Wald's bound after z²/2 rows more of each kind (Agresti & Coull, American Statistician 52, 1998)."""
    z2 = math.pow(ndtri(alpha), 2)
    return _wald_lower(successes + z2 / 2, trials + z2, alpha)


def _wald_lower(successes: float, trials: float, alpha: float) -> float:
    share = successes / trials
    return max(0.0, share + ndtri(alpha) * math.sqrt(share * (1 - share) / trials))


def _mid_p_lower(successes: float, trials: float, alpha: float) -> float:
    """The exact bound that counts the result itself half (Lancaster, JASA 56, 1961)."""
    if successes <= 0:
        return 0.0
    rest = trials - successes

    def tail(share: float) -> float:
        beyond = betainc(successes + 1, rest, share) if rest > 0 else 0.0
        return (betainc(successes, rest + 1, share) + beyond) / 2

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if tail(middle) > alpha else (middle, high)
    return low


def _arcsine_lower(successes: float, trials: float, alpha: float) -> float:
    """Bound on the scale that makes the variance constant (Anscombe, Biometrika 35, 1948)."""
    share = (successes + 0.375) / (trials + 0.75)
    angle = math.asin(math.sqrt(share)) + ndtri(alpha) / (2 * math.sqrt(trials))
    return math.sin(max(0.0, angle)) ** 2


Lower = Callable[[float, float, float], float]
_LOWER: dict[str, Lower] = {
    "clopper-pearson": clopper_pearson_lower,
    "wilson": wilson_lower,
    "wilson-cc": _wilson_cc_lower,
    "jeffreys": _jeffreys_lower,
    "agresti-coull": _agresti_coull_lower,
    "wald": _wald_lower,
    "mid-p": _mid_p_lower,
    "arcsine": _arcsine_lower,
}


def proportion(
    successes: float,
    trials: float,
    *,
    n: int | None = None,
    effective: float | None = None,
    freedom: float | None = None,
    support: int | None = None,
    support_of: str = "rows",
    method: str = "clopper-pearson",
) -> Inference:
    """Infer a share from counts.

    Parameters
    ----------
    successes, trials : float
        Counts, or sums of weights; ``0 <= successes <= trials`` and ``trials > 0``.
    n : int, optional
        Rows of the whole table. Default: `trials`.
    effective : float, optional
        The effective number of trials where rows have weights or belong together; see
        :func:`~aiqa.stats.effective.effective_size`. The bounds are those of so many rows (Korn & Graubard,
        Survey Methodology 24, 1998).
    freedom : float, optional
        Degrees of freedom of `effective`, where it was estimated from clusters: their number less one. The
        effective trials then shrink by the squared ratio of the t quantiles (the same authors).
    support : int, optional
        The rows that are the trials, where they are not all `n`.
    support_of : str
        What `support` counts.
    method : str
        One of ``PROPORTIONS``. Where Jeffreys' bound would exclude the value itself (no successes, or nothing
        but), it is 0 or 1, as Brown, Cai & DasGupta (2001) have it.

    Raises
    ------
    ValueError
        If the counts are impossible, or there is no such method.

    Examples
    --------
    >>> print(proportion(266, 332).estimate(0.95))
    0.8012 [0.7542, 0.8428], n 332
    """
    if not 0 <= successes <= trials or trials <= 0:
        raise ValueError(f"a share needs 0 <= successes <= trials and trials > 0: {successes} of {trials}")
    if method not in _LOWER:
        raise ValueError(f"no method {method!r}: it is one of {', '.join(PROPORTIONS)}")
    lower, share = _LOWER[method], successes / trials
    rows = round(trials) if n is None else n
    size = trials if effective is None else effective

    def bound(part: float, alpha: float) -> float:
        told = size if freedom is None else size * shrinkage(alpha, support or rows, freedom)
        return min(part, lower(part * told, told, alpha)) if told > 0 else 0.0

    def sequence(tuned_to: float) -> Inference:
        told = beta_binomial(successes, trials, tuned_to=tuned_to)
        return replace(told, n=rows, support=support, support_of=support_of)

    return Inference(
        share,
        rows,
        method if effective is None else f"{method} (effective n {size:.0f})",
        lambda alpha: bound(share, alpha),
        lambda alpha: 1 - bound(1 - share, alpha),
        support,
        support_of,
        sequence=None if effective is not None else sequence,
    )


def shrinkage(alpha: float, rows: int, freedom: float) -> float:
    """Return what is left of an effective number of rows that was estimated with few degrees of freedom.

    Korn & Graubard, Survey Methodology 24 (1998): the squared ratio of the t quantiles with as many degrees
    as rows and with `freedom`.

    Examples
    --------
    >>> round(shrinkage(0.05, 1000, 19), 3)
    0.907
    """
    if freedom <= 0 or rows < 2:
        return 0.0
    few = stdtrit(freedom, alpha)
    return (stdtrit(rows - 1, alpha) / few) ** 2 if few else 1.0


def f1(share: Inference) -> Inference:
    """Return F1 = 2F/(1+F) from the inference of F = TP / (TP + FP + FN).

    The map is increasing, so bounds of one are bounds of the other (Lam, Gopal & Qian, arXiv 2309.14621).

    Examples
    --------
    >>> print(f1(proportion(66, 66 + 23 + 43, method="wilson")).estimate())
    0.6667 [0.5875, 0.7374], n 132
    """
    return share.map(lambda value: 2 * value / (1 + value))
