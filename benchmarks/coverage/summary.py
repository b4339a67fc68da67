"""From the bounds of many samples to how often they were wrong, and how far from the truth they stayed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ends = tuple[float, float]
Sides = list[float | None]
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


def distances(table: Floats, truth: float, ends: Ends, beside: Floats | None = None) -> Sides:
    """Return the mean distance of lower and of upper bounds from the truth.

    On the samples on which they say something, and another method's table does (`beside`) too; None where
    that are less than half.
    """
    shared = len(table) if beside is None else min(len(table), len(beside))
    says = [usable(one[:shared], ends) for one in (table, beside) if one is not None]
    answer: Sides = []
    for side, column, sign in ((0, LOW, 1), (1, HIGH, -1)):
        together = np.all([one[side] for one in says], axis=0)
        bounds = table[:shared, column][together]
        far = sign * (truth - bounds.mean()) if 2 * len(bounds) >= shared > 0 else math.nan
        answer.append(None if math.isnan(far) else float(f"{far:.5g}"))
    return answer


def relative(table: Floats, default: Floats, truth: float, ends: Ends) -> Sides:
    """Return by how much farther from the truth bounds stay than the default's of the same samples."""
    own, other = distances(table, truth, ends, default), distances(default, truth, ends, table)
    return [
        round(far / near, 4) if far is not None and near is not None and near > 0 else None
        for far, near in zip(own, other, strict=True)
    ]


def ideal(table: Floats, truth: float) -> Sides:
    """Return the distances of bounds that would know the law of the estimate's error: its own quantiles."""
    error = np.sort(table[:, VALUE][np.isfinite(table[:, VALUE])]) - truth
    if len(error) < 20:
        return [None, None]
    low, high = np.quantile(error, 0.95) - error.mean(), error.mean() - np.quantile(error, 0.05)
    return [float(f"{side:.5g}") if math.isfinite(side) else None for side in (low, high)]
