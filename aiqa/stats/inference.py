"""What every statistic of this package returns: a value and the bounds that the data support."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Alternative = Literal["two-sided", "greater", "less", "each-side"]
ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value with its interval.

    Parameters
    ----------
    value : float
        The point estimate.
    low, high : float
        The interval; both equal `value` where `method` is "exact" (a count of the whole table).
    n : int
        Rows that the metric was computed from.
    method : str
        How the interval was made.
    confidence : float or None
        Its level; None where there is no interval.
    alternative : {"two-sided", "greater", "less", "each-side"}
        "two-sided": the interval holds the truth at this level. "greater", "less": one bound does.
        "each-side": each of the two bounds does by itself, which is what gates are judged by.
    unit : str
        Of the value and its bounds, as ``"ms"``; "" for a plain number.
    n_of : str
        What `n` counts.

    Examples
    --------
    >>> print(Estimate(0.9412, 0.921, 0.957, 569, "clopper-pearson", 0.95))
    0.9412 [0.9210, 0.9570], n 569
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    confidence: float | None = 0.95
    alternative: Alternative = "two-sided"
    unit: str = ""
    n_of: str = ROWS

    def __str__(self) -> str:
        value = f"{_short(self.value)} {self.unit}".rstrip()
        if self.confidence is None or self.low == self.high:
            return f"{value}, n {self.n:,}"
        return f"{value} [{_short(self.low)}, {_short(self.high)}], n {self.n:,}"


def _short(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.1f}"


@dataclass(frozen=True, slots=True)
class Inference:
    """What the data say of one quantity, before anybody has asked at which confidence.

    Parameters
    ----------
    value : float
        The point estimate; never NaN.
    n : int
        Rows that it was computed from.
    method : str
        How the bounds are made, in the field's name.
    lower, upper : callable
        From an error rate alpha in (0, 0.5] to the one-sided bound that is wrong with probability alpha:
        ``lower`` falls and ``upper`` rises as alpha falls.
    support : int, optional
        The count that limits precision where it is not `n`: positives for recall, rows called positive
        for precision, the rarer class for ROC AUC.
    support_of : str
        What `support` counts, as a plural noun for messages.
    always : bool
        Whether the bounds hold at all looks at growing data at once, with probability 1 - alpha.
    sequence : callable, optional
        From the number of rows at which it is to be sharpest to an inference with such bounds, where a
        better one is known than :func:`aiqa.stats.sequential.at_every_look` makes of any.
    unit : str
        Of the value and its bounds, as ``"ms"``; "" for a plain number.
    """

    value: float
    n: int
    method: str
    lower: Callable[[float], float]
    upper: Callable[[float], float]
    support: int | None = None
    support_of: str = ROWS
    always: bool = False
    sequence: Callable[[float], Inference] | None = None
    unit: str = ""

    def estimate(self, confidence: float | None = 0.95, alternative: Alternative = "two-sided") -> Estimate:
        """Return the value with its bounds at `confidence` (None: the value alone)."""
        n_of = self.support_of if self.support is None else ROWS
        if confidence is None:
            known = self.value, self.value, self.value, self.n, "point estimate", None
            return Estimate(*known, unit=self.unit, n_of=n_of)
        alpha = 1 - confidence
        side = alpha / 2 if alternative == "two-sided" else alpha
        low = float("-inf") if alternative == "less" else self.lower(side)
        high = float("inf") if alternative == "greater" else self.upper(side)
        found = self.value, float(low), float(high), self.n, self.method, confidence, alternative
        return Estimate(*found, self.unit, n_of)

    def p_value(self, threshold: float, claim: Literal["greater", "less"]) -> float:
        """Return the smallest error rate at which the bounds prove that the truth exceeds `threshold`.

        (``claim="less"``: that it stays below.) By inverting the bounds, so it agrees with them; at least
        1e-12, and 1 where not even alpha 0.5 proves it.
        """

        def proven(alpha: float) -> bool:
            if claim == "greater":
                return self.lower(alpha) > threshold
            return self.upper(alpha) < threshold

        if not proven(0.5):
            return 1.0
        low, high = 1e-12, 0.5
        if proven(low):
            return low
        for _ in range(60):
            middle = (low * high) ** 0.5
            low, high = (low, middle) if proven(middle) else (middle, high)
        return high

    def map(self, function: Callable[[float], float], method: str | None = None) -> Inference:
        """Return the inference of an increasing `function` of this quantity."""
        sequence = self.sequence
        return replace(
            self,
            value=function(self.value),
            method=method or self.method,
            lower=lambda alpha: function(self.lower(alpha)),
            upper=lambda alpha: function(self.upper(alpha)),
            sequence=None if sequence is None else lambda tuned_to: sequence(tuned_to).map(function),
        )

    def negated(self) -> Inference:
        """Return the inference of minus this quantity."""
        sequence = self.sequence
        return replace(
            self,
            value=-self.value,
            lower=lambda alpha: -self.upper(alpha),
            upper=lambda alpha: -self.lower(alpha),
            sequence=None if sequence is None else lambda tuned_to: sequence(tuned_to).negated(),
        )


UNLIKE = 0.01
"""Where all rows are alike, so small a share of rows that are not is let pass."""


def without_variation(
    value: float, n: int, method: str, domain: tuple[float, float], *, units: float = 0.0
) -> Inference:
    """Return what rows that are all alike tell of a quantity: its value, or only its domain.

    Its value if there are so many of them (of `units`) that with probability 1 - alpha fewer than ``UNLIKE``
    of all rows are not: 299 for an alpha of 5 %.
    """

    def told(alpha: float) -> bool:
        return units * math.log1p(-UNLIKE) <= math.log(alpha)

    return Inference(
        value,
        n,
        f"{method} without variation",
        lambda alpha: value if told(alpha) else domain[0],
        lambda alpha: value if told(alpha) else domain[1],
    )


def exact(value: float, n: int) -> Inference:
    """Return a quantity that is known, not estimated: a count of the whole table."""
    return Inference(value, n, "exact", lambda _: value, lambda _: value)
