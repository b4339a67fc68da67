"""A difference of two quantities from the bounds of each."""

from __future__ import annotations

import math

from aiqa.stats.inference import Inference


def mover(first: Inference, second: Inference, *, correlation: float = 0.0, method: str, n: int) -> Inference:
    """Infer a difference from the inferences of both parts.

    The "method of variance estimates recovery" (MOVER; Zou & Donner, Statistics in Medicine 27, 2008): at
    each end the distances of the two bounds from their values, added as standard errors of estimates with
    that correlation are.

    Parameters
    ----------
    first, second : Inference
    correlation : float, default 0
        Of the two estimates.
    method : str
    n : int

    Examples
    --------
    >>> from aiqa.stats.proportions import proportion
    >>> one, other = proportion(56, 70, method="wilson"), proportion(48, 80, method="wilson")
    >>> print(mover(one, other, method="newcombe", n=150).estimate())
    0.2000 [0.0524, 0.3339], n 150
    >>> print(mover(one, other, correlation=0.5, method="mover", n=150).estimate())
    0.2000 [0.0955, 0.2974], n 150
    """
    value = first.value - second.value

    def away(one: float, other: float) -> float:
        if math.isinf(one) or math.isinf(other):
            return math.inf
        return math.sqrt(max(0.0, one * one + other * other - 2 * correlation * one * other))

    def lower(alpha: float) -> float:
        return value - away(first.value - first.lower(alpha), second.upper(alpha) - second.value)

    def upper(alpha: float) -> float:
        return value + away(first.upper(alpha) - first.value, second.value - second.lower(alpha))

    return Inference(value, n, method, lower, upper)
