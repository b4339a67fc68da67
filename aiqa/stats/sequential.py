"""Bounds that hold at every look at growing data, so that looking daily does not inflate errors.

A bound at one n is wrong in alpha of the runs; looked at again and again as rows come in, it is wrong
sometime in far more. These are wrong at any look, of however many, in at most alpha (Ville, 1939; Robbins,
Annals of Mathematical Statistics 41, 1970; Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 49,
2021). The rows must come independently, as on any day: no bound can know that the world has changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from aiqa.stats.inference import Inference
from aiqa.stats.special import betainc, ndtr

TUNED_TO = 1000
"""The n at which a sequence is sharpest where nobody says: a tenth and ten times of it cost little."""
_PRECISION = 6.5
"""n over the mixture's precision that makes the boundary at n lowest, for alpha 0.05 on one side."""


def deviations(n: float, alpha: float, tuned_to: float = TUNED_TO) -> float:
    """Return how many standard errors a one-sided bound must stay away to hold at every look.

    The boundary of a half-normal mixture: the s at which ``2 sqrt(r / (n + r)) exp(s² / (2 (n + r)))
    Phi(s / sqrt(n + r))`` reaches 1 / alpha, over ``sqrt(n)`` (Robbins, 1970; Howard et al., 2021,
    proposition 6). Exact for sums of normal variables of known variance, and asymptotically for whatever
    a strong law with a normal limit holds (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Annals of
    Statistics 52, 2024).

    Parameters
    ----------
    n : float
        Rows at this look, positive.
    alpha : float
        In (0, 1).
    tuned_to : float, default 1000
        The n at which it is lowest. It must not depend on the data or on the present n.

    Examples
    --------
    >>> round(deviations(1000, 0.05), 3), round(deviations(100_000, 0.05), 3)
    (2.766, 3.332)
    """
    precision = tuned_to / _PRECISION
    shrink = n / (n + precision)
    target = -math.log(alpha) - math.log(2) + math.log1p(n / precision) / 2

    def excess(z: float) -> float:
        return z * z * shrink / 2 + math.log(ndtr(z * math.sqrt(shrink))) - target

    high = math.sqrt(2 * max(target + math.log(2), 0) / shrink) + 1e-9
    return _crossing(excess, 0.0, high) if excess(0.0) < 0 else 0.0


def at_every_look(inference: Inference, tuned_to: float = TUNED_TO) -> Inference:
    """Return an inference whose bounds hold at all looks at once.

    By its own exact sequence where there is one (shares of rows without weights); otherwise by asking its
    bounds at the error rate whose normal quantile is :func:`deviations`. The latter is asymptotic: sound
    from the n on at which the bounds themselves are. A quantity that was counted stays as it is.

    Parameters
    ----------
    inference : Inference
    tuned_to : float, default 1000
        The number of rows (of ``inference.support_of``, where it counts others) at which the bounds are
        sharpest.

    Examples
    --------
    >>> from aiqa.stats.linear import t_inference
    >>> once = t_inference(0.5, 25 / 9900, 99, 100, "t")
    >>> print(once.estimate(), at_every_look(once).estimate(), sep=chr(10))
    0.5000 [0.4003, 0.5997], n 100
    0.5000 [0.2864, 0.7136], n 100
    """
    if inference.always or inference.method == "exact":
        return inference
    if inference.sequence is not None:
        return inference.sequence(tuned_to)
    n = inference.n if inference.support is None else inference.support

    def rate(alpha: float) -> float:
        return ndtr(-deviations(max(n, 1), alpha, tuned_to))

    return replace(
        inference,
        method=f"{inference.method}, at every look (normal mixture)",
        lower=lambda alpha: inference.lower(rate(alpha)),
        upper=lambda alpha: inference.upper(rate(alpha)),
        always=True,
    )


def looked_at(inference: Inference, anytime: bool | int) -> Inference:
    """Return the inference as it is, at every look, or at every look and sharpest at that n."""
    return at_every_look(inference, tuned_to(anytime)) if anytime else inference


def tuned_to(anytime: bool | int) -> float:
    """Return the n that a policy ``anytime`` that is not false means."""
    return TUNED_TO if anytime is True else float(anytime)


def beta_binomial(successes: float, trials: float, *, tuned_to: float = TUNED_TO) -> Inference:
    """Infer a share from counts, with bounds that hold at every look.

    Each share p is held against a mixture of those above it (below it, for the upper bound): the beta
    distribution with mean p and precision r, cut at p. The mixture's likelihood ratio is a supermartingale
    whenever the truth is at most p, so it ever reaches 1 / alpha with probability at most alpha (Robbins,
    1970; Howard et al., 2021, for two sides). Exact at any n.

    Parameters
    ----------
    successes, trials : float
        Counts; ``0 <= successes <= trials`` and ``trials > 0``.
    tuned_to : float, default 1000
        The number of trials at which the bounds are sharpest; not to be chosen by the data.

    Raises
    ------
    ValueError
        If the counts are impossible.

    Examples
    --------
    >>> print(beta_binomial(266, 332).estimate())
    0.8012 [0.7241, 0.8650], n 332
    """
    if not 0 <= successes <= trials or trials <= 0 or not tuned_to > 0:
        told = f"{successes} of {trials}, {tuned_to}"
        raise ValueError(f"a share needs 0 <= successes <= trials, trials > 0 and tuned_to > 0: {told}")
    precision = tuned_to / _PRECISION
    failures = trials - successes
    return Inference(
        successes / trials,
        round(trials),
        "beta-binomial confidence sequence",
        lambda alpha: _beta_binomial_lower(successes, failures, precision, alpha),
        lambda alpha: 1 - _beta_binomial_lower(failures, successes, precision, alpha),
        always=True,
    )


@lru_cache(maxsize=4096)
def _beta_binomial_lower(successes: float, failures: float, precision: float, alpha: float) -> float:
    if successes <= 0:
        return 0.0
    share = successes / (successes + failures)

    def short(u: float) -> float:
        p = share * math.exp(-u)
        return _log_mixture(successes, failures, p, precision) + math.log(alpha)

    # Down from the estimate, where the evidence against p is nothing, to where it suffices.
    step = 1e-3
    while short(step) < 0:
        step *= 4
        if step > 700:
            return 0.0
    return share * math.exp(-_crossing(short, 0.0, step))


def _log_mixture(successes: float, failures: float, p: float, precision: float) -> float:
    """Return the log likelihood ratio of the mixture of shares above p against p."""
    a, b = precision * p, precision * (1 - p)
    if b <= 0:
        return 0.0
    grown = _log_beta(a + successes, b + failures) + math.log(betainc(b + failures, a + successes, 1 - p))
    before = _log_beta(a, b) + math.log(betainc(b, a, 1 - p))
    against = successes * math.log(p) + (failures * math.log1p(-p) if failures else 0.0)
    return grown - before - against


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def beta_binomial_interval(successes: float, trials: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the two-sided confidence sequence of a share with a uniform mixture.

    All p at which ``B(x + 1, n - x + 1) / (p^x (1 - p)^(n - x)) < 1 / alpha`` (Robbins, 1970). One interval
    at alpha for both sides; gates are judged by :func:`beta_binomial`.

    Parameters
    ----------
    successes, trials : float
    alpha : float, default 0.05

    Examples
    --------
    >>> low, high = beta_binomial_interval(93, 100)
    >>> round(low, 4), round(high, 4)
    (0.8115, 0.9858)
    """
    failures = trials - successes
    evidence = _log_beta(successes + 1, failures + 1) + math.log(alpha)

    def beyond(p: float) -> float:
        told = (successes * math.log(p) if successes else 0.0) + (
            failures * math.log1p(-p) if failures else 0.0
        )
        return evidence - told

    share, edge = successes / trials, 1e-300
    low = _crossing(lambda p: -beyond(p), edge, share) if successes and beyond(edge) > 0 else 0.0
    high = _crossing(beyond, share, 1 - 2.0**-53) if failures and beyond(1 - 2.0**-53) > 0 else 1.0
    return low, high


@dataclass(frozen=True, slots=True)
class Sprt:
    """Where Wald's test stands.

    Parameters
    ----------
    llr : float
        The log likelihood ratio of the alternative against the null.
    lower, upper : float
        At most `lower` accepts the null, at least `upper` the alternative.
    decision : {"accept null", "accept alternative", "go on"}
    """

    llr: float
    lower: float
    upper: float

    @property
    def decision(self) -> str:
        if self.llr >= self.upper:
            return "accept alternative"
        return "accept null" if self.llr <= self.lower else "go on"


def sprt(
    successes: float, trials: float, *, null: float, truth: float, alpha: float = 0.05, beta: float = 0.2
) -> Sprt:
    """Return where Wald's sequential probability ratio test of a share stands (Wald, 1945).

    The quickest test that can tell two given shares apart, on average: it stops at the first look at which
    the ratio leaves the bounds. Errors are at most alpha / (1 - beta) and beta / (1 - alpha), in all at
    most alpha + beta.

    Parameters
    ----------
    successes, trials : float
    null, truth : float
        The two shares, in (0, 1).
    alpha, beta : float
        Chances of a wrong alternative, and of a wrong null.

    Examples
    --------
    >>> sprt(290, 300, null=0.92, truth=0.95).decision
    'accept alternative'
    """
    shares = all(0 < share < 1 for share in (null, truth, alpha, beta))
    if not (shares and 0 <= successes <= trials):
        raise ValueError("needs 0 <= successes <= trials, and shares and error rates between 0 and 1")
    failures = trials - successes
    llr = successes * math.log(truth / null) + failures * math.log((1 - truth) / (1 - null))
    return Sprt(llr, math.log(beta / (1 - alpha)), math.log((1 - beta) / alpha))


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where an increasing function crosses zero: false position, halved where it lags (Illinois)."""
    at_low, at_high = function(low), function(high)
    side = 0
    for _ in range(200):
        middle = high - at_high * (high - low) / (at_high - at_low) if at_high > at_low else low
        if not low < middle < high:
            middle = (low + high) / 2
        if high - low <= 1e-14 * abs(high) or not low < middle < high:
            break
        at_middle = function(middle)
        if at_middle < 0:
            low, at_low = middle, at_middle
            at_high, side = (at_high / 2, -1) if side == -1 else (at_high, -1)
        else:
            high, at_high = middle, at_middle
            at_low, side = (at_low / 2, 1) if side == 1 else (at_low, 1)
    return high
