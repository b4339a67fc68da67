"""From the bounds of many samples to how often they were wrong, and how far from the truth they stayed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ends = tuple[float, float]
VALUE, LOW, HIGH, LOW2, HIGH2, P = range(6)
"""The columns of a table of answers: value, one-sided bounds at alpha, at half of it, p-value."""
_NEAR = 1e-12


def rates(table: Floats, truth: float, ends: Ends) -> dict[str, Any]:
    """Return the error rates of one method.

    Parameters
    ----------
    table : ndarray of float, shape (replicates, 6)
        NaN in samples on which the metric is not defined: no gate passes there.
    truth : float
    ends : (float, float)
        Of what the metric can be; a bound there says nothing.

    Returns
    -------
    dict
        ``false``: the shares of samples whose lower bound is above the truth, and whose upper one is below;
        ``covered``: the share of the others' two-sided intervals that hold it; ``refused``: the shares
        of bounds that say nothing; ``naive``: the shares of false passes by the point estimate alone;
        ``bias``: of the estimate, in its standard errors; ``p``: the share of p-values of at most 5 %.
    """
    value, low, high, low2, high2, p = table.T
    near = _NEAR * max(1.0, abs(truth))
    with np.errstate(invalid="ignore"):
        false = low > truth + near, high < truth - near
        held = (low2 <= truth + near) & (high2 >= truth - near)
        naive = value >= truth - near, value <= truth + near
    defined = ~np.isnan(value)
    told = {
        "replicates": len(table),
        "false": [_share(side) for side in false],
        "covered": _share(held[defined]),
        "refused": [_share(~side) for side in usable(table, ends)],
        "naive": [_share(side) for side in naive],
        "bias": _bias(value[defined], truth),
    }
    return told if np.isnan(p).all() else {**told, "p": _share(p <= 0.05)}


def _share(which: NDArray[np.bool_]) -> float | None:
    return round(float(which.mean()), 5) if len(which) else None


def _bias(values: Floats, truth: float) -> float | None:
    spread = float(values.std()) if len(values) > 1 else 0.0
    return round((float(values.mean()) - truth) / spread, 3) if spread > 0 else None


def usable(table: Floats, ends: Ends) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which lower and which upper bounds say anything."""
    with np.errstate(invalid="ignore"):
        low = np.isfinite(table[:, LOW]) & (table[:, LOW] > ends[0] + _NEAR)
        high = np.isfinite(table[:, HIGH]) & (table[:, HIGH] < ends[1] - _NEAR)
    return low, high


def distances(tables: Sequence[Floats], truth: float, ends: Ends) -> list[list[float | None]]:
    """Return each method's mean distance of its lower and of its upper bound from the truth.

    On the samples on which all of them say something, so that they can be compared; who refuses in half of
    the samples or more is left out.
    """
    shared = min(map(len, tables))
    says = [usable(table[:shared], ends) for table in tables]
    answers: list[list[float | None]] = [[None, None] for _ in tables]
    for side, column, sign in ((0, LOW, 1), (1, HIGH, -1)):
        often = [index for index, one in enumerate(says) if one[side].mean() > 0.5]
        together = np.all([says[index][side] for index in often], axis=0) if often else np.empty(0, bool)
        for index in often if together.any() else ():
            bounds = tables[index][:shared, column][together]
            answers[index][side] = float(f"{sign * (truth - bounds.mean()):.5g}")
    return answers


def ideal(table: Floats, truth: float) -> list[float | None]:
    """Return the distances of bounds that would know the law of the estimate's error: its own quantiles."""
    error = np.sort(table[:, VALUE][np.isfinite(table[:, VALUE])]) - truth
    if len(error) < 20:
        return [None, None]
    low, high = np.quantile(error, 0.95) - error.mean(), error.mean() - np.quantile(error, 0.05)
    return [float(f"{side:.5g}") if math.isfinite(side) else None for side in (low, high)]
