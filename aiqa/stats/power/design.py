"""What a planned evaluation is, and the search for whichever of its numbers is left open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from aiqa.errors import AiqaError
from aiqa.stats.special import ndtr, ndtri

Alternative = Literal["greater", "less", "two-sided"]
PowerOf = Callable[[float, float], float]
"""From n and the truth to the power."""
LARGEST = 1e13
SHARE = (0.0, 1.0)


class DesignError(AiqaError, ValueError):
    """A question of size that has no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Design:
    """A planned evaluation: how often it proves what, from how many rows.

    Parameters
    ----------
    n : float
        How many of `of` it takes; a solution of formulas is no whole number.
    null : float
        The value that is to be beaten: a threshold, another model's value, or minus a margin.
    truth : float
        The true value that is proven with this power.
    power : float
        How often it is.
    alpha : float
        How often it is "proven" at most where the truth is `null`.
    alternative : {"greater", "less", "two-sided"}
    method : str
        The formula.
    of : str
        What n counts, as a plural noun.
    share : float
        Of all rows, how many are `of`.
    passes_from : int, optional
        For shares: so many successes prove it (with "less": so many at most).

    Examples
    --------
    >>> print(Design(432, 0.92, 0.95, 0.8014, 0.05, "greater", "exact binomial"))
    432 rows prove more than 0.92 in 80 % of runs if the truth is 0.95 (exact binomial, alpha 0.05)
    """

    n: float
    null: float
    truth: float
    power: float
    alpha: float
    alternative: Alternative
    method: str
    of: str = "rows"
    share: float = 1.0
    passes_from: int | None = None

    @property
    def count(self) -> int:
        """`n` as a whole number, rounded up."""
        return math.ceil(self.n * (1 - 1e-12))

    @property
    def rows(self) -> int:
        """How many rows of the table hold so many of `of`, on average."""
        return math.ceil(self.n / self.share * (1 - 1e-12))

    @property
    def effect(self) -> float:
        """The distance from `null` to `truth`."""
        return abs(self.truth - self.null)

    def __str__(self) -> str:
        claim = {"greater": "more than", "less": "less than", "two-sided": "other than"}[self.alternative]
        rows = f" ({self.rows:,} rows)" if self.share < 1 else ""
        return (
            f"{self.count:,} {self.of}{rows} prove {claim} {self.null:g} in {100 * self.power:.0f} % of runs "
            f"if the truth is {self.truth:.4g} ({self.method}, alpha {self.alpha:g})"
        )


def solve(
    power_of: PowerOf,
    null: float,
    *,
    n: float | None,
    truth: float | None,
    power: float | None,
    alpha: float,
    alternative: Alternative,
    method: str,
    limits: tuple[float, float] = (-math.inf, math.inf),
    smallest: float = 2.0,
    of: str = "rows",
    share: float = 1.0,
    design_effect: float = 1.0,
) -> Design:
    """Find the one of `n`, `truth` and `power` that is None.

    Parameters
    ----------
    power_of : callable
        Increasing in n and in the distance of the truth from `null`.
    limits : (float, float)
        Between which the truth lies.
    smallest : float
        The least n that `power_of` takes.
    design_effect : float
        By what rows that belong together count less.

    Raises
    ------
    ValueError
        If not exactly one is None, a number is impossible, or nothing in reach has that power.
    """
    check(n, truth, power, alpha, null=null, limits=limits)

    def reached(count: float, value: float) -> float:
        return power_of(max(count / design_effect, smallest), value)

    # Of the three, check() has found exactly one None.
    wanted, known = cast("float", power), cast("float", truth)
    if n is None:
        n = _least(lambda count: reached(count, known) >= wanted, smallest * design_effect)
    elif truth is None:
        known = _nearest(lambda value: reached(n, value) >= wanted, null, limits, alternative)
    else:
        wanted = reached(n, known)
    return Design(n, null, known, wanted, alpha, alternative, method, of, share)


def check(
    n: float | None,
    truth: float | None,
    power: float | None,
    alpha: float,
    *,
    null: float,
    limits: tuple[float, float],
) -> None:
    """Refuse a question that has no answer; see :func:`solve`."""
    if sum(part is None for part in (n, truth, power)) != 1:
        raise DesignError("say two of n, truth and power: the third is what is looked for")
    if not 0 < alpha < 1 or (power is not None and not alpha < power < 1):
        raise DesignError(f"needs 0 < alpha < power < 1: alpha {alpha}, power {power}")
    if n is not None and not 0 < n < math.inf:
        raise DesignError(f"n must be a positive number, not {n}")
    for value in (null, truth):
        if value is not None and not limits[0] <= value <= limits[1]:
            raise DesignError(f"{value} does not lie between {limits[0]:g} and {limits[1]:g}")
    if truth is not None and truth == null and n is None:
        raise DesignError(f"no n tells {truth} from {null}")


def _least(enough: Callable[[float], bool], smallest: float) -> float:
    high = smallest
    while not enough(high):
        high *= 2
        if high > LARGEST:
            raise DesignError(
                "no n has this power: is the truth on the side of the null that is to be proven?"
            )
    return high if high == smallest else bisect(enough, high / 2, high)


def _nearest(
    enough: Callable[[float], bool], null: float, limits: tuple[float, float], alternative: Alternative
) -> float:
    sign = -1.0 if alternative == "less" else 1.0
    most = abs((limits[0] if sign < 0 else limits[1]) - null)
    before, reach = 0.0, min(1e-9, most)
    # In small steps: near the limit of a share the power may fall again.
    while not enough(null + sign * reach):
        if reach >= min(most, LARGEST):
            raise DesignError("so few rows prove nothing with this power, whatever the truth is")
        before, reach = reach, min(1.1 * reach, most)
    return null + sign * bisect(lambda distance: enough(null + sign * distance), before, reach)


def bisect(enough: Callable[[float], bool], low: float, high: float) -> float:
    """Return the least number of [low, high] that is enough, given that `high` and all above it are."""
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high or high - low <= 1e-13 * abs(high):
            break
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def normal_power(distance: float, alpha: float, alternative: Alternative) -> float:
    """Return how often a normal test proves a truth that is so many standard errors away.

    Parameters
    ----------
    distance : float
        (truth - null) in standard errors.
    alpha : float
    alternative : {"greater", "less", "two-sided"}
    """
    if alternative == "two-sided":
        z = -ndtri(alpha / 2)
        return ndtr(distance - z) + ndtr(-distance - z)
    return ndtr((distance if alternative == "greater" else -distance) + ndtri(alpha))


def score_power(
    distance: float, null_error: float, error: float, alpha: float, alternative: Alternative
) -> float:
    """Return the same where the error under the null differs from that under the truth.

    Parameters
    ----------
    distance : float
        truth - null.
    null_error, error : float
        Standard errors of the estimate under the null and under the truth.
    """
    if error <= 0:
        return 1.0 if abs(distance) > 0 else alpha
    if alternative == "two-sided":
        z = -ndtri(alpha / 2) * null_error
        return ndtr((distance - z) / error) + ndtr((-distance - z) / error)
    signed = distance if alternative == "greater" else -distance
    return ndtr((signed + ndtri(alpha) * null_error) / error)


def design_effect(size: float, icc: float, *, cv: float = 0.0) -> float:
    """Return by what rows that belong together (of a customer, a query, a day) count less.

    ``1 + (m - 1) ICC`` (Kish, Survey Sampling, 1965), for clusters of unequal size with ``m (1 + cv²)`` in
    place of m (Eldridge, Ashby & Kerry, International Journal of Epidemiology 35, 2006).

    Parameters
    ----------
    size : float
        Rows in a cluster, on average.
    icc : float
        Correlation of rows of one cluster, in [0, 1].
    cv : float, default 0
        Standard deviation of the sizes over their mean.

    Examples
    --------
    >>> round(design_effect(20, 0.05), 4)
    1.95
    >>> from aiqa import power
    >>> power.proportion(0.92, 0.95, power=0.8, design_effect=1.95).count
    843
    """
    if size < 1 or not 0 <= icc <= 1 or cv < 0:
        raise DesignError(f"needs size >= 1, 0 <= icc <= 1 and cv >= 0: {size}, {icc}, {cv}")
    return 1 + (size * (1 + cv**2) - 1) * icc
