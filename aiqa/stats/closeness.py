"""Which of two quantities of the same rows is closer to a target that neither end of is the better one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from aiqa.stats.functional import Clusters, Functional, difference, function_of, infer
from aiqa.stats.inference import Inference


def closer(
    first: Functional, second: Functional, target: float, *, clusters: Clusters = None, **how: Any
) -> Inference:
    """Infer |second - target| - |first - target|: by how much the first is closer.

    On which side of the target a quantity lies may be uncertain, and a distance has no slope there. But |x|
    is at least x and at least -x: so each bound takes one distance with the sign that was seen, and for the
    other the sign that leaves more open.

    Parameters
    ----------
    first, second : Functional
        Of the same rows and weights.
    target : float
    clusters : ndarray of int, shape (n,), optional
    **how
        Of :func:`aiqa.stats.functional.infer`.

    Examples
    --------
    >>> import numpy as np
    >>> from aiqa.stats.functional import mean_of
    >>> near, far = (mean_of(np.tile([-1.0, 1.0], 200) + shift) for shift in (0.1, -0.7))
    >>> round(closer(near, far, 0.0).value, 2)
    0.6
    """
    seen = [math.copysign(1.0, of.value(of.weight) - target) for of in (first, second)]

    def gain(side: float, other: float) -> Inference:
        apart = difference(_on_side(second, target, other), _on_side(first, target, side))
        return infer(apart, clusters=clusters, **how)

    whole = gain(seen[0], seen[1])
    lows, highs = [whole, gain(-seen[0], seen[1])], [whole, gain(seen[0], -seen[1])]
    return replace(
        whole,
        lower=lambda alpha: min(one.lower(alpha) for one in lows),
        upper=lambda alpha: max(one.upper(alpha) for one in highs),
    )


def _on_side(of: Functional, target: float, side: float) -> Functional:
    return function_of(lambda value: side * (value - target), [of], lambda _: (side,))
