"""The Brier score taken apart: reliability less resolution plus uncertainty.

Murphy, Journal of Applied Meteorology 12 (1973). With probabilities in bins: reliability = sum of share
(mean probability - observed share of events)², resolution = sum of share (observed share - that of all
rows)², uncertainty = that of all rows times its complement. Reliability and resolution are sums of squares
of noisy numbers and so too large. The corrected values are those of Ferro & Fricker (Quarterly J. Royal
Meteorological Society 138, 2012; Bröcker, Climate Dynamics 39, 2012), which keep the identity; a bin of one
row, which they leave open, is corrected by its own p(1 - p).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from aiqa.errors import MetricError
from aiqa.stats.functional import Functional, infer
from aiqa.stats.inference import Inference
from aiqa.stats.reliability import (
    Binning,
    Diagram,
    Floats,
    Forecasts,
    diagram,
    effective_rows,
    exact_bounds,
    reach_of_clusters,
    stretched,
)
from aiqa.stats.special import betainc, ndtri

METHODS = ("corrected", "plain")
"""How the parts can be inferred, beside the methods of every functional."""


class Decomposition(NamedTuple):
    """The parts of the Brier score of binned probabilities."""

    reliability: float
    resolution: float
    uncertainty: float


def decomposition(
    of: Forecasts, *, bins: int = 10, binning: Binning = "uniform", corrected: bool = True
) -> Decomposition:
    """Return the parts of the Brier score.

    Parameters
    ----------
    of : Forecasts
    bins, binning
        See :func:`~aiqa.stats.reliability.diagram`.
    corrected : bool, default True
        Whether to take off what chance adds; the parts may then be negative.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> said = np.repeat([0.25, 0.75], 4)
    >>> decomposition(forecasts(np.array([1, 0, 0, 0, 1, 1, 0, 0]), said), corrected=False)
    Decomposition(reliability=0.03125, resolution=0.015625, uncertainty=0.234375)
    """
    return _parts(diagram(of, bins=bins, binning=binning), of, corrected=corrected)


def _parts(drawn: Diagram, of: Forecasts, *, corrected: bool) -> Decomposition:
    whole = float(drawn.share @ drawn.truth)
    reliability = float(drawn.share @ drawn.gap**2)
    resolution = float(drawn.share @ (drawn.truth - whole) ** 2)
    uncertainty = whole * (1 - whole)
    if not corrected:
        return Decomposition(reliability, resolution, uncertainty)
    chance, size = _chance(drawn, of), float(of.weight.sum()) ** 2 / float(of.weight @ of.weight)
    little = uncertainty / (size - 1) if size > 1 else 0.0
    return Decomposition(reliability - chance, resolution - chance + little, uncertainty + little)


def _chance(drawn: Diagram, of: Forecasts) -> float:
    """Return what chance adds to reliability and resolution: the mean variance of the bins' shares."""
    several = drawn.size > 1 + 1e-9
    own = drawn.truth * (1 - drawn.truth) / np.where(several, drawn.size - 1, 1.0)
    variance = np.where(several, own, drawn.model_noise**2) if of.clusters is None else drawn.noise**2
    return float(drawn.share @ variance)


def brier_reliability(
    of: Forecasts, *, bins: int = 10, binning: Binning = "uniform", method: str | None = None, **how: Any
) -> Inference:
    """Infer the reliability part of the Brier score, 0 for a calibrated model; smaller is better.

    The sum of squared gaps is nearly a multiple of a noncentral chi-square variable (its scale and degrees
    of freedom by Satterthwaite, Biometrics Bulletin 2, 1946), whose noncentrality is the truth; bounds come
    from its distribution function, turned to the direction of the gaps that were seen, with the error of the
    shares of the bins. Variances are the largest of what rows, model and Agresti & Coull's share (American
    Statistician 52, 1998) say, so that bins without events are not taken for certain.

    Parameters
    ----------
    of : Forecasts
    bins, binning
        See :func:`~aiqa.stats.reliability.diagram`.
    method : str, optional
        "corrected" (default), "plain" (the sum as it stands, its bounds stretched to hold it), or one of
        :data:`aiqa.stats.functional.METHODS`.
    **how
        Of :func:`aiqa.stats.functional.infer`: ``replicates=`` and ``seed=`` of a bootstrap.

    Examples
    --------
    >>> from aiqa.stats.reliability import forecasts
    >>> said = np.repeat([0.25, 0.75], 200)
    >>> came = np.tile([1, 0, 0, 0], 50), np.tile([1, 1, 0, 0], 50)
    >>> print(brier_reliability(forecasts(np.concatenate(came), said)).estimate())
    0.0302 [0.0154, 0.0505], n 400
    """
    return _infer(of, "reliability", bins, binning, method, **how)


def brier_resolution(
    of: Forecasts, *, bins: int = 10, binning: Binning = "uniform", method: str | None = None, **how: Any
) -> Inference:
    """Infer the resolution part, what telling rows apart takes off the Brier score; larger is better.

    Arguments and bounds as of :func:`brier_reliability`.
    """
    return _infer(of, "resolution", bins, binning, method, **how)


def brier_uncertainty(of: Forecasts, *, method: str | None = None, **how: Any) -> Inference:
    """Infer the uncertainty part, q (1 - q) where q is the share of events: what no model changes.

    Less its bias, which makes it n / (n - 1) times as large, but at most 1/4.

    The bounds are those of q by Clopper and Pearson. Arguments as of :func:`brier_reliability`.
    """
    return _infer(of, "uncertainty", 1, "uniform", method, **how)


def _infer(
    of: Forecasts, part: str, bins: int, binning: Binning, method: str | None, **how: Any
) -> Inference:
    drawn = diagram(of, bins=bins, binning=binning)
    plain, corrected = (getattr(_parts(drawn, of, corrected=yes), part) for yes in (False, True))
    if method not in (None, *METHODS):
        functional = _functional(of, drawn, part, plain - corrected)
        return infer(functional, clusters=of.clusters, method=method, **how)
    if part == "resolution" and len(drawn.share) < 2:
        raise MetricError(
            "all probabilities fall into one bin, and resolution needs two: say more bins=, or "
            "binning='quantile'"
        )
    if part == "uncertainty":
        found = _of_share(of, min(0.25, max(0.0, corrected)))
    else:
        found = _Squares(of, drawn, part == "resolution", max(0.0, corrected)).infer()
    return stretched(found, plain, "plain") if method == "plain" else found


@dataclass(frozen=True, slots=True, eq=False)
class _Squares:
    """The sum of squared distances of bins, from their probabilities or from each other."""

    of: Forecasts
    drawn: Diagram
    centred: bool
    value: float

    def infer(self) -> Inference:
        return Inference(
            self.value,
            self.of.rows,
            "noncentral chi-square",
            lambda alpha: max(0.0, self.value - self.reach(alpha, -1)),
            lambda alpha: min(1.0, self.value + self.reach(alpha, 1)),
        )

    def distance(self, truth: Floats) -> Floats:
        away = truth - (self.drawn.share @ truth if self.centred else self.drawn.probability)
        return np.asarray(np.sqrt(self.drawn.share) * away)

    def reach(self, alpha: float, side: int) -> float:
        """Return how far the truth may be from the value, below (side -1) or above."""
        if self.of.clusters is not None and self.of.units < 2:
            return math.inf
        z = -ndtri(alpha)
        wider = reach_of_clusters(self.of, alpha)
        shrunk = (self.drawn.truth * self.drawn.size + z * z / 2) / (self.drawn.size + z * z)
        seen, moved = self.distance(self.drawn.truth), self.distance(shrunk)
        square, model, rows = float(seen @ seen), self.drawn.model_noise**2, self.spread(shrunk)
        if side < 0:
            bound = self.noncentral(square, np.maximum(model, rows) * wider**2, 1 - alpha)
        else:
            # More noise leaves less of the square to the truth: neither estimate of it is on the safe side.
            # A square that is far smaller than noise makes it is one of few events, not proof of none.
            least = float(np.trace(self.covariance(rows))) / 2
            far = self.noncentral(max(square, float(moved @ moved), least), rows * wider**2, alpha)
            plain = np.maximum(model, self.spread(self.drawn.truth)) * wider**2
            bound = max(far, self.noncentral(square, plain, alpha))
        apart = z * wider * self.error_of_shares(seen**2 / self.drawn.share)
        turned = self.direction(seen, np.maximum(model, rows)) if bound > 0 else 1.0
        return math.hypot(max(0.0, side * (bound - self.value)) * turned, apart)

    def direction(self, seen: Floats, variance: Floats) -> float:
        """Return the error along the distances that were seen, over that of distances in all directions."""
        covariance = self.covariance(variance)
        first, second = float(np.trace(covariance)), 2 * float((covariance**2).sum())
        along, around = 4 * float(seen @ covariance @ seen), 2 * second / first * float(seen @ seen)
        return math.sqrt((along + second) / (around + second)) if second > 0 else 1.0

    def spread(self, share: Floats) -> Floats:
        """Return the variance of each bin's share of events, as the rows have it and as this share has."""
        drawn = self.drawn
        several = np.where(drawn.size > 1 + 1e-9, drawn.size / np.maximum(drawn.size - 1, 1e-9), 1.0)
        return np.asarray(np.maximum(drawn.noise**2 * several, share * (1 - share) / drawn.size))

    def noncentral(self, square: float, variance: Floats, probability: float) -> float:
        """Return the truth with which the square stays below what it is with this probability."""
        covariance = self.covariance(variance)
        first, second = float(np.trace(covariance)), float((covariance**2).sum())
        if not first > 0:
            return square
        scale, freedom = second / first, first**2 / second
        return scale * _noncentrality(square / scale, freedom, probability)

    def covariance(self, variance: Floats) -> Floats:
        """Return that of the distances, from the variances of the bins' shares of events."""
        root = np.sqrt(self.drawn.share)
        turned = np.diag(root)
        if self.centred:
            turned = turned - np.outer(root, self.drawn.share)
        moved = turned * np.sqrt(variance)
        return np.asarray(moved @ self.correlation() @ moved.T)

    def correlation(self) -> Floats:
        """Return that of the bins' shares: none, but where rows belong together."""
        bins = len(self.drawn.share)
        if self.of.clusters is None:
            return np.eye(bins)
        own, gap = self.drawn.code, self.drawn.gap
        apart = self.of.weight * (self.of.residual - gap[own])
        sums = np.bincount(self.of.clusters * bins + own, weights=apart)
        size = -(-len(sums) // bins) * bins
        table = np.pad(sums, (0, size - len(sums))).reshape(-1, bins)
        product = table.T @ table
        scale = np.sqrt(np.maximum(np.diag(product), 1e-300))
        related: Floats = product / np.outer(scale, scale)
        np.fill_diagonal(related, 1.0)
        return related

    def error_of_shares(self, squares: Floats) -> float:
        weight = self.of.weight
        apart = squares - self.drawn.share @ squares
        kish = float(weight.sum()) ** 2 / float(weight @ weight)
        return math.sqrt(float(self.drawn.share @ apart**2) / kish)


def _noncentrality(square: float, freedom: float, probability: float) -> float:
    """Return the noncentrality with which chi-square stays below `square` with this probability."""
    from scipy.special import chdtr, chndtrinc

    if not square > 0 or chdtr(freedom, square) <= probability:
        return 0.0
    return float(chndtrinc(square, freedom, probability))


def _functional(of: Forecasts, drawn: Diagram, part: str, chance: float) -> Functional:
    """Return a part as a function of the rows' weights, what chance adds being taken as given."""
    code, bins = drawn.code, len(drawn.share)

    def means(weight: Floats) -> tuple[Floats, Floats, Floats]:
        total = np.bincount(code, weights=weight, minlength=bins)
        kept = np.where(total > 0, total, 1.0)
        came = np.bincount(code, weights=weight * of.truth, minlength=bins) / kept
        said = np.bincount(code, weights=weight * of.probability, minlength=bins) / kept
        return total / total.sum(), came, said

    def away(weight: Floats) -> tuple[Floats, Floats, Floats]:
        share, came, said = means(weight)
        return share, came - (said if part == "reliability" else share @ came), came

    def value(weight: Floats) -> float:
        share, distance, came = away(weight)
        whole = float(share @ came)
        plain = whole * (1 - whole) if part == "uncertainty" else float(share @ distance**2)
        return max(0.0, plain - chance)

    def influence(weight: Floats) -> Floats:
        share, distance, came = away(weight)
        own = of.residual if part == "reliability" else of.truth
        if part == "uncertainty":
            whole = float(share @ came)
            moved = (1 - 2 * whole) * (of.truth - whole)
        else:
            centre = distance if part == "reliability" else came
            moved = (distance**2 - share @ distance**2)[code] + 2 * distance[code] * (own - centre[code])
        return np.asarray(weight * moved / weight.sum())

    return Functional(of.weight, value, influence, of.rows, (0.0, 1.0))


def _of_share(of: Forecasts, value: float) -> Inference:
    """Return q (1 - q) with bounds from those of q; the upper one from those of its distance from a half."""
    came = replace(of, probability=np.zeros(len(of.truth)))
    drawn = diagram(came, bins=1)

    def lower(alpha: float) -> float:
        return min(value, *(float(q[0] * (1 - q[0])) for q in exact_bounds(came, drawn, alpha)))

    def upper(alpha: float) -> float:
        trials, share = float(effective_rows(came, drawn, alpha)[0]), float(drawn.truth[0])
        return max(value, 0.25 - _distance_from_half(max(share, 1 - share) * trials, trials, alpha) ** 2)

    return Inference(value, of.rows, "clopper-pearson of the share of events", lower, upper)


def _distance_from_half(more: float, trials: float, alpha: float) -> float:
    """Return the distance of a share from 1/2 at which one as far away as this has probability `alpha`."""

    def probability(distance: float) -> float:
        sides = (0.5 + distance, 0.5 - distance)
        return sum(betainc(more, trials - more + 1, side) for side in sides)

    low, high = 0.0, 0.5
    if not trials > 0 or probability(low) >= alpha:
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(middle) < alpha else (low, middle)
    return low
