"""The expected calibration error, less what chance alone adds to it.

ECE = sum over bins of share |observed share of events - mean probability| (Naeini, Cooper & Hauskrecht, AAAI
2015). A bin's gap is seen with a standard error s, and the absolute value of a noisy number is too large: a
perfectly calibrated model shows sqrt(2 / pi) s on average in each bin (Bröcker, Climate Dynamics 39, 2012;
Kumar, Liang & Ma, NeurIPS 2019), which at 200 rows and ten bins is an ECE of 0.07.

**The value** takes c s exp(-gap² / 2 s²) from each gap, with c = 2 / sqrt(pi) and s from p(1 - p): in a
calibrated bin that is sqrt(2 / pi) s on average, so that the bin adds nothing; in a bin whose gap stands
out it is nothing. In between it takes too much, by at most 0.46 s, so it is the **lower bound** that starts
from it. The **upper bound** starts from the gaps less half of Kumar et al.'s correction, E|N(gap, s²)| -
gap: it starts too high where bins are nearly calibrated, and never noticeably too low.

From there, with 20 rows (clusters) or more, each bound goes as far as the bins' own score bounds do together
(MOVER: Zou & Donner, Statistics in Medicine 27, 2008; Wilson, JASA 22, 1927), with the error of the shares
of the bins, and for bins that promise too much with the skewness of what they promise (Johnson, JASA 73,
1978).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from aiqa.stats.functional import Functional, difference, infer
from aiqa.stats.inference import Inference
from aiqa.stats.reliability import (
    Binning,
    Diagram,
    Floats,
    Forecasts,
    diagram,
    reach_of_clusters,
    stretched,
)
from aiqa.stats.skewed import quantile_t
from aiqa.stats.special import ndtr, ndtri

METHODS = ("debiased", "plain")
"""How the calibration error can be inferred, beside the methods of every functional."""
FEW = 20
"""Fewer rows (or clusters) than this say nothing of a calibration error."""
_CALIBRATED = 2 / math.sqrt(math.pi)


def ece(
    of: Forecasts, *, bins: int = 10, binning: Binning = "uniform", method: str | None = None, **how: Any
) -> Inference:
    """Infer the expected calibration error.

    Parameters
    ----------
    of : Forecasts
    bins, binning
        See :func:`~aiqa.stats.reliability.diagram`.
    method : str, optional
        "debiased" (default), "plain" (the sum as it stands, with the bounds of "debiased", stretched to hold
        it), or one of :data:`aiqa.stats.functional.METHODS` for the debiased value.
    **how
        Of :func:`aiqa.stats.functional.infer`: ``replicates=`` and ``seed=`` of a bootstrap.

    Raises
    ------
    MetricError
        If bins or binning are impossible.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> said = np.repeat([0.25, 0.75], 200)
    >>> came = np.tile([1, 0, 0, 0], 50), np.tile([1, 1, 0, 0], 50)
    >>> print(ece(forecasts(np.concatenate(came), said)).estimate())
    0.1077 [0.0591, 0.1687], n 400
    """
    errors = _errors(of, bins, binning)
    if method in (None, "debiased"):
        return errors.infer()
    if method == "plain":
        return stretched(errors.infer(), errors.total(errors.gap), "plain")
    return infer(errors.functional(_CALIBRATED), clusters=of.clusters, method=method, **how)


def ece_gain(
    challenger: Forecasts,
    champion: Forecasts,
    *,
    bins: int = 10,
    binning: Binning = "uniform",
    method: str | None = None,
    **how: Any,
) -> Inference:
    """Infer by how much the challenger's calibration error is smaller than the champion's, on the same rows.

    The paired t of the difference as it stands, from what the biases of both leave open: the lower bound from
    the champion's lower start and the challenger's upper one, and the other way round. Arguments as of
    :func:`ece`.
    """
    new, old = (_errors(of, bins, binning) for of in (challenger, champion))
    clusters = challenger.clusters
    plain = difference(old.functional(0.0), new.functional(0.0))
    if method == "plain":
        return infer(plain, clusters=clusters)
    gain = difference(old.functional(_CALIBRATED), new.functional(_CALIBRATED))
    if method not in (None, "debiased"):
        return infer(gain, clusters=clusters, method=method, **how)
    linear, value = plain.linear(clusters), gain.value(gain.weight)
    error, df = math.sqrt(linear.moment(2)), linear.effective - 1

    def reach(alpha: float) -> float:
        return quantile_t(alpha, df) * error if challenger.units >= FEW else math.inf

    return Inference(
        value,
        challenger.rows,
        "debiased, paired t",
        lambda alpha: max(-1.0, min(value, old.low - new.high - reach(alpha))),
        lambda alpha: min(1.0, max(value, old.high - new.low + reach(alpha))),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    """Forecasts, the absolute gaps of their diagram, and what bounds of their sum need."""

    forecasts: Forecasts
    drawn: Diagram
    gap: Floats
    noise: Floats

    def total(self, of_bins: Floats) -> float:
        return float(self.drawn.share @ of_bins)

    @property
    def low(self) -> float:
        """Where the lower bound starts: a calibrated bin adds nothing on average."""
        return self.total(_less_chance(self.gap, self.noise, _CALIBRATED))

    @property
    def high(self) -> float:
        """Where the upper bound starts: half of the mean excess of |N(gap, s²)| is taken off."""
        noise = np.minimum(self.drawn.noise, self.drawn.model_noise)
        return self.total(self.gap - _excess(self.gap, noise) / 2)

    def functional(self, chance: float) -> Functional:
        """Return the sum, with this much of the chance taken off, as a function of the rows' weights."""
        of, code, noise = self.forecasts, self.drawn.code, self.noise
        bins = len(noise)

        def parts(weight: Floats) -> tuple[Floats, Floats]:
            total = np.bincount(code, weights=weight, minlength=bins)
            moved = np.bincount(code, weights=weight * of.residual, minlength=bins)
            return total / total.sum(), np.divide(moved, total, out=np.zeros(bins), where=total > 0)

        def value(weight: Floats) -> float:
            share, gap = parts(weight)
            return max(0.0, float(share @ _less_chance(np.abs(gap), noise, chance)))

        def influence(weight: Floats) -> Floats:
            share, gap = parts(weight)
            height = _less_chance(np.abs(gap), noise, chance)
            slope = np.sign(gap) * _slope(np.abs(gap), noise, chance)
            moved = (height - share @ height)[code] + slope[code] * (of.residual - gap[code])
            return np.asarray(weight * moved / weight.sum())

        return Functional(of.weight, value, influence, of.rows, (0.0, 1.0))

    def infer(self) -> Inference:
        value, low, high = max(0.0, self.low), self.low, self.high
        together, skewness = self.correlation, self.skewness
        unknown = self.forecasts.units < FEW

        def reach(alpha: float, side: int) -> float:
            if unknown:
                return math.inf
            z = -ndtri(alpha)
            skewed = skewness * (1 + 2 * z * z) / 6 if side > 0 else 0.0
            return self.reach(z, side) * together * reach_of_clusters(self.forecasts, alpha) + skewed

        return Inference(
            value,
            self.forecasts.rows,
            "debiased, square-and-add score bounds",
            lambda alpha: max(0.0, min(value, low - reach(alpha, -1))),
            lambda alpha: min(1.0, max(value, high + reach(alpha, 1))),
        )

    def reach(self, z: float, side: int) -> float:
        """Return how far the sum may be from what it seems (side 1: above), bins taken as independent."""
        drawn, gap = self.drawn, self.gap
        low, high = _score_bounds(drawn, z)
        up, down = high - drawn.truth, drawn.truth - low
        outward = np.where(drawn.gap >= 0, up, down)
        inward = np.where(drawn.gap >= 0, down, up)
        # Beyond a gap of 0 the other side of it begins.
        step = np.maximum(outward, inward - 2 * gap) if side > 0 else np.maximum(inward, outward - 2 * gap)
        return math.sqrt(float(drawn.share**2 @ step**2) + z * z * self.variance_of_shares)

    @property
    def variance_of_shares(self) -> float:
        weight = self.forecasts.weight
        apart = self.gap - self.total(self.gap)
        return float(self.drawn.share @ apart**2) * float(weight @ weight) / float(weight.sum()) ** 2

    @property
    def contributions(self) -> Floats:
        """What each row adds to the error of the sum of the gaps."""
        return np.asarray(self.functional(0.0).influence(self.forecasts.weight))

    @property
    def correlation(self) -> float:
        """By how much rows that belong together make the error larger than that of independent bins."""
        if self.forecasts.clusters is None:
            return 1.0
        sums = self.forecasts.together(self.contributions)
        alone = float(self.drawn.share**2 @ self.drawn.noise**2) + self.variance_of_shares
        return math.sqrt(max(1.0, float(sums @ sums) / alone)) if alone > 0 else 1.0

    @property
    def skewness(self) -> float:
        """Third over second moment of the error, as far as it comes from what bins promise too much."""
        of, weight = self.forecasts, self.forecasts.weight
        promised = self.drawn.gap[self.drawn.code] < 0
        steady = (self.gap - self.total(self.gap))[self.drawn.code] * (weight / weight.sum())
        every = of.together(self.contributions)
        some = of.together(np.where(promised, self.contributions, steady))
        variance = float(every @ every)
        return max(0.0, float((some**3).sum())) / variance if variance > 0 else 0.0


def _errors(of: Forecasts, bins: int, binning: Binning) -> _Errors:
    drawn = diagram(of, bins=bins, binning=binning)
    noise = drawn.model_noise if of.clusters is None else np.maximum(drawn.model_noise, drawn.noise)
    return _Errors(of, drawn, np.abs(drawn.gap), noise)


def _ratio(gap: Floats, noise: Floats) -> Floats:
    """Return gap / noise, at most 40: there, as without noise, nothing is left of chance."""
    with np.errstate(over="ignore"):
        ratio = np.divide(gap, noise, out=np.full(len(gap), np.inf), where=noise > 0)
    return np.asarray(np.minimum(ratio, 40.0))


def _less_chance(gap: Floats, noise: Floats, chance: float) -> Floats:
    left: Floats = gap - chance * noise * np.exp(-(_ratio(gap, noise) ** 2) / 2)
    return left


def _slope(gap: Floats, noise: Floats, chance: float) -> Floats:
    """Return the derivative of :func:`_less_chance` by the gap."""
    ratio = _ratio(gap, noise)
    slope: Floats = 1 + chance * ratio * np.exp(-(ratio**2) / 2)
    return slope


def _excess(gap: Floats, noise: Floats) -> Floats:
    """Return E|N(gap, noise²)| - gap = 2 noise (phi(x) - x Phi(-x)), where x = gap / noise."""
    x = _ratio(gap, noise)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    tail = np.array([ndtr(-one) for one in x])
    excess: Floats = 2 * noise * (density - x * tail)
    return excess


def _score_bounds(drawn: Diagram, z: float) -> tuple[Floats, Floats]:
    """Return Wilson's bounds of each bin's share of events, for a variance of q(1 - q) and what it lacks.

    What it lacks (or has too much) is told by the rows: the probabilities vary within the bin too.
    """
    per_row = z * z / drawn.size
    extra = drawn.noise**2 * drawn.size - drawn.truth * (1 - drawn.truth)
    middle = 2 * drawn.truth + per_row
    apart = middle**2 - 4 * (1 + per_row) * (drawn.truth**2 - per_row * extra)
    half = np.sqrt(np.maximum(apart, 0.0))
    scale = 2 * (1 + per_row)
    low: Floats = (middle - half) / scale
    high: Floats = (middle + half) / scale
    return low, high
