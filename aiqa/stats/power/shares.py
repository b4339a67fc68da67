"""Shares of rows: accuracy, recall, precision, F1, quantiles."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal, cast

from aiqa.stats.power.design import (
    SHARE,
    Alternative,
    Design,
    DesignError,
    bisect,
    check,
    normal_power,
    score_power,
    solve,
)
from aiqa.stats.special import ndtri

_MOST_ROWS = 1e8
_AT_ONCE = 100_000


def proportion(
    null: float,
    truth: float | None = None,
    *,
    n: float | None = None,
    power: float | None = None,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
    method: Literal["exact", "arcsine", "normal"] = "exact",
    design_effect: float = 1.0,
) -> Design:
    """Plan a share of rows, such as accuracy.

    Parameters
    ----------
    null : float
        The threshold, in [0, 1].
    truth, n, power : float, optional
        Two of the three.
    alpha : float, default 0.05
    alternative : {"greater", "less", "two-sided"}
    method : {"exact", "arcsine", "normal"}
        "exact": the binomial test, which is the gate with Clopper-Pearson's bound; the smallest n of that
        power, as power goes up and down a little from n to n. "arcsine": Cohen (Statistical Power
        Analysis, 1988, 6.4), as R's ``pwr.p.test``. "normal": the score test. The latter two also for both
        sides.
    design_effect : float, default 1

    Examples
    --------
    >>> plan = proportion(0.92, 0.95, power=0.8)
    >>> plan.count, plan.passes_from
    (432, 407)
    >>> round(proportion(0.92, n=1000, power=0.8).truth, 4)
    0.9407
    """
    told: dict[str, Any] = {"alpha": alpha, "alternative": alternative, "design_effect": design_effect}
    if method == "exact":
        return _exact(null, truth, n=n, power=power, **told)

    def power_of(count: float, value: float) -> float:
        if method == "arcsine":
            distance = 2 * (math.asin(math.sqrt(value)) - math.asin(math.sqrt(null)))
            return normal_power(distance * math.sqrt(count), alpha, alternative)
        null_error, error = (math.sqrt(share * (1 - share) / count) for share in (null, value))
        return score_power(value - null, null_error, error, alpha, alternative)

    return solve(power_of, null, n=n, truth=truth, power=power, method=method, limits=SHARE, **told)


def _exact(
    null: float,
    truth: float | None,
    *,
    n: float | None,
    power: float | None,
    alpha: float,
    alternative: Alternative,
    design_effect: float,
) -> Design:
    """Plan by the binomial distribution; a share below a limit is one of the other rows above."""
    if alternative == "two-sided":
        raise DesignError("the exact test is one-sided; method='arcsine' has both sides")
    check(n, truth, power, alpha, null=null, limits=SHARE)
    if alternative == "less":
        other = None if truth is None else 1 - truth
        told = {"alpha": alpha, "design_effect": design_effect}
        found = _exact(1 - null, other, n=n, power=power, alternative="greater", **told)
        passes = (
            None if found.passes_from is None else math.floor(found.n / design_effect) - found.passes_from
        )
        return dataclasses.replace(
            found, null=null, truth=1 - found.truth, alternative=alternative, passes_from=passes
        )
    wanted, known = cast("float", power), cast("float", truth)
    if n is None:
        n = math.ceil(_fewest(null, known, wanted, alpha) * design_effect)
    trials = math.floor(n / design_effect * (1 + 1e-12))
    passes = _passes_from(trials, null, alpha)
    if truth is None:
        known = _provable(trials, passes, wanted)
    return Design(
        n,
        null,
        known,
        float(_at_least(passes, trials, known)),
        alpha,
        alternative,
        "exact binomial",
        passes_from=passes if passes <= trials else None,
    )


def _at_least(successes: Any, trials: Any, share: Any) -> Any:
    """Return the chance of so many successes or more; 0 beyond the trials. Arrays too."""
    import numpy as np
    from scipy import special

    count = np.minimum(successes, trials)
    chance = np.where(count <= 0, 1.0, special.betainc(np.maximum(count, 1), trials - count + 1, share))
    return np.where(successes > trials, 0.0, chance)


def _passes_from(trials: Any, null: float, alpha: float) -> Any:
    """Return the fewest successes that prove more than `null` (one more than the trials where none do)."""
    import numpy as np
    from scipy import stats

    found = stats.binom.isf(alpha, trials, null).astype(int) + 1
    found = np.where(_at_least(found - 1, trials, null) <= alpha, found - 1, found)
    return int(found) if np.ndim(trials) == 0 else found


def _provable(trials: int, passes: int, power: float) -> float:
    if passes > trials:
        raise DesignError(f"{trials:,} rows prove nothing at this alpha, not even without a failure")
    return bisect(lambda share: float(_at_least(passes, trials, share)) >= power, 0.0, 1.0)


def _fewest(null: float, truth: float, power: float, alpha: float) -> int:
    """Return the smallest n of this power, looking at every n around what the normal formula says."""
    import numpy as np

    if truth <= null:
        raise DesignError(f"no n proves more than {null} if the truth is {truth}")
    errors = (math.sqrt(share * (1 - share)) for share in (null, truth))
    reach = sum(-ndtri(rate) * error for rate, error in zip((alpha, 1 - power), errors, strict=True))
    guess = (reach / (truth - null)) ** 2
    if guess > _MOST_ROWS:
        raise DesignError(
            f"to tell {truth} from {null} takes about {guess:.2g} rows, too many to look at every n; "
            "method='normal' is as good there"
        )
    start = max(1, int(guess * (1 - 30 / math.sqrt(guess + 900))))
    step = min(max(500, int(guess / 20)), _AT_ONCE)
    while True:
        trials = np.arange(start, start + step)
        enough = _at_least(_passes_from(trials, null, alpha), trials, truth) >= power
        if enough.any():
            return int(trials[enough.argmax()])
        start += step


def zero_failures(rate: float, alpha: float = 0.05) -> int:
    """Return how many rows without any failure prove that fewer than `rate` fail.

    The smallest n with ``(1 - rate)^n <= alpha``: about 3 / rate for 95 % (the rule of three).

    Examples
    --------
    >>> [zero_failures(rate) for rate in (0.05, 0.01, 0.001)]
    [59, 299, 2995]
    """
    if not (0 < rate < 1 and 0 < alpha < 1):
        raise DesignError(f"rate and alpha lie between 0 and 1: {rate}, {alpha}")
    return math.ceil(math.log(alpha) / math.log1p(-rate))


def recall(null: float, truth: float | None = None, *, prevalence: float = 1.0, **told: Any) -> Design:
    """Plan recall by the number of positives, and of rows where `prevalence` is the share of positives.

    The other arguments are those of :func:`proportion`. Specificity is the same of the negatives.

    Examples
    --------
    >>> plan = recall(0.8, 0.9, power=0.8, prevalence=0.02)
    >>> plan.count, plan.of, plan.rows
    (82, 'positives', 4100)
    """
    return _counted(proportion(null, truth, **told), "positives", prevalence)


def precision(null: float, truth: float | None = None, *, called: float = 1.0, **told: Any) -> Design:
    """Plan precision by the number of rows called positive; `called` is their share of all rows.

    The other arguments are those of :func:`proportion`.

    Examples
    --------
    >>> precision(0.8, 0.9, power=0.8, called=0.03).rows
    2734
    """
    return _counted(proportion(null, truth, **told), "rows called positive", called)


def f1(null: float, truth: float | None = None, *, involved: float = 1.0, **told: Any) -> Design:
    """Plan F1 through the share TP / (TP + FP + FN), of which it is an increasing function.

    `n` counts rows that are positive or called so; `involved` is their share of all rows. The other
    arguments are those of :func:`proportion`. (Lam, Gopal & Qian, arXiv 2309.14621.)

    Examples
    --------
    >>> plan = f1(0.8, 0.85, power=0.8)
    >>> plan.count, plan.null, plan.truth
    (248, 0.8, 0.85)
    """
    found = proportion(_share_of_f1(null), None if truth is None else _share_of_f1(truth), **told)
    back = 2 * found.truth / (1 + found.truth) if truth is None else truth
    found = dataclasses.replace(found, null=null, truth=back)
    return _counted(found, "rows positive or called so", involved)


def _share_of_f1(value: float) -> float:
    return value / (2 - value)


def quantile(level: float, within: float | None = None, **told: Any) -> Design:
    """Plan a gate on a quantile, such as "the median error is at most 3": by the rows within the limit.

    The quantile at `level` lies below a limit where more than that share of the rows does, so this is a
    share of rows: `within` is the true share of rows within the limit. The other arguments are those of
    :func:`proportion`.

    Parameters
    ----------
    level : float
        0.5 for a median.
    within : float, optional
        As `truth`.

    Examples
    --------
    >>> quantile(0.5, 0.55, power=0.8).count
    620
    """
    return proportion(level, within, **told)


def _counted(design: Design, of: str, share: float) -> Design:
    if not 0 < share <= 1:
        raise DesignError(f"a share of rows lies above 0, up to 1: {share}")
    return dataclasses.replace(design, of=of, share=share)
