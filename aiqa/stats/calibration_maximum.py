"""The maximum calibration error: the largest gap between probability and truth of all bins that hold rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from aiqa.stats.functional import Functional, infer
from aiqa.stats.inference import Inference
from aiqa.stats.reliability import Binning, Diagram, Floats, Forecasts, diagram, exact_bounds


def mce(
    of: Forecasts, *, bins: int = 10, binning: Binning = "uniform", method: str | None = None, **how: Any
) -> Inference:
    """Infer the largest gap of all bins (Naeini, Cooper & Hauskrecht, AAAI 2015).

    The largest of noisy gaps is too large, and a bin of few rows is enough for that: bins of equal mass
    (``binning="quantile"``) or fewer ones tell more. The bounds are Clopper and Pearson's of the bins'
    shares of events. The upper one is the largest of all bins' at the same level: it errs only where that
    of the bin with the largest true gap does. The lower one is the largest of all bins' at alpha over twice
    their number (Bonferroni), as any bin might be the one that chance made large.

    Parameters
    ----------
    of : Forecasts
    bins, binning
        See :func:`~aiqa.stats.reliability.diagram`.
    method : str, optional
        One of :data:`aiqa.stats.functional.METHODS`, which take the bin with the largest gap as given.
    **how
        Of :func:`aiqa.stats.functional.infer`: ``replicates=`` and ``seed=`` of a bootstrap.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> said = np.repeat([0.25, 0.75], 200)
    >>> came = np.tile([1, 0, 0, 0], 50), np.tile([1, 1, 0, 0], 50)
    >>> print(mce(forecasts(np.concatenate(came), said)).estimate())
    0.2500 [0.1600, 0.3213], n 400
    """
    drawn = diagram(of, bins=bins, binning=binning)
    if method is not None:
        return infer(_largest(of, drawn), clusters=of.clusters, method=method, **how)
    value = float(np.abs(drawn.gap).max())

    def largest(alpha: float, side: int) -> float:
        low, high = exact_bounds(of, drawn, alpha)
        above, below = high - drawn.probability, drawn.probability - low
        return float(np.maximum(above, below).max() if side > 0 else np.maximum(-above, -below).max())

    return Inference(
        value,
        of.rows,
        "clopper-pearson of each bin",
        lambda alpha: max(0.0, min(value, largest(alpha / (2 * len(drawn.share)), -1))),
        lambda alpha: min(1.0, max(value, largest(alpha, 1))),
    )


def _largest(of: Forecasts, drawn: Diagram) -> Functional:
    code, bins = drawn.code, len(drawn.share)

    def gaps(weight: Floats) -> tuple[Floats, Floats]:
        total = np.bincount(code, weights=weight, minlength=bins)
        moved = np.bincount(code, weights=weight * of.residual, minlength=bins)
        return total.astype(float), np.divide(moved, total, out=np.zeros(bins), where=total > 0)

    def value(weight: Floats) -> float:
        return float(np.abs(gaps(weight)[1]).max()) if weight.any() else math.nan

    def influence(weight: Floats) -> Floats:
        total, gap = gaps(weight)
        worst = int(np.argmax(np.abs(gap)))
        inside = np.where(code == worst, weight, 0.0)
        return np.asarray(inside * np.sign(gap[worst]) * (of.residual - gap[worst]) / total[worst])

    return Functional(of.weight, value, influence, of.rows, (0.0, 1.0), smooth=False)
