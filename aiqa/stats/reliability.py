"""The reliability diagram: how often what was given a probability came true, bin by bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.stats.inference import Inference
from aiqa.stats.proportions import clopper_pearson_lower, clopper_pearson_upper
from aiqa.stats.skewed import quantile_t
from aiqa.stats.special import ndtri

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Binning = Literal["uniform", "quantile"]
BINNINGS = ("uniform", "quantile")


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Probabilities of an event, and whether it came.

    Parameters
    ----------
    truth : ndarray of float, shape (n,)
        1 where the event came, 0 where it did not.
    probability : ndarray of float, shape (n,)
        In [0, 1].
    weight : ndarray of float, shape (n,)
    clusters : ndarray of int, shape (n,), or None
        Which rows belong together.
    rows : int
        Rows of the table: fewer than n where several forecasts are of one row.
    event : ndarray of int, shape (n,), optional
        Which of several events a forecast is of; each has bins of its own.
    """

    truth: Floats
    probability: Floats
    weight: Floats
    clusters: Codes | None
    rows: int
    event: Codes | None = None

    @property
    def residual(self) -> Floats:
        """Truth less probability."""
        return self.truth - self.probability

    @property
    def units(self) -> int:
        """How many rows, or clusters, have weight."""
        heavy = self.weight > 0
        if self.clusters is None:
            return int(heavy.sum())
        return int(np.count_nonzero(np.bincount(self.clusters[heavy])))

    def together(self, values: Floats) -> Floats:
        """Return the values, or their sums over clusters."""
        return values if self.clusters is None else np.bincount(self.clusters, weights=values).astype(float)


def forecasts(
    truth: NDArray[Any],
    probability: NDArray[Any],
    weight: NDArray[Any] | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> Forecasts:
    """Put events and their probabilities together.

    Raises
    ------
    MetricError
        If a probability is not one, or there is no weight.

    Examples
    --------
    >>> forecasts(np.array([0, 1]), np.array([0.2, 0.7])).residual.tolist()
    [-0.2, 0.30000000000000004]
    """
    said = np.asarray(probability, dtype=float)
    wrong = ~((said >= 0) & (said <= 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise MetricError(f"calibration needs probabilities, and one is {said[row]}", row=row)
    weights = np.ones(len(said)) if weight is None else np.asarray(weight, dtype=float)
    if not weights.sum() > 0:
        raise MetricError("calibration needs rows that have weight")
    return Forecasts(np.asarray(truth, dtype=float), said, weights, clusters, len(said))


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """Bins of probability; arrays have one value a bin that has weight, in rising order.

    Parameters
    ----------
    code : ndarray of int, shape (n,)
        The bin of each row; rows of no weight may have any.
    share : ndarray of float
        The bin's share of all weight.
    truth, probability : ndarray of float
        The observed share of events, and the mean probability.
    size : ndarray of float
        Kish's effective number of rows.
    noise : ndarray of float
        The standard error of truth less probability, from the rows (or clusters) of the bin.
    model_noise : ndarray of float
        The same if the probabilities are right: from p(1 - p).
    """

    code: Codes
    share: Floats
    truth: Floats
    probability: Floats
    size: Floats
    noise: Floats
    model_noise: Floats

    @property
    def gap(self) -> Floats:
        """Observed share less mean probability."""
        return self.truth - self.probability


def diagram(of: Forecasts, *, bins: int = 10, binning: Binning = "uniform") -> Diagram:
    """Sort forecasts into bins.

    Parameters
    ----------
    of : Forecasts
    bins : int, default 10
    binning : {"uniform", "quantile"}
        Bins of one width, or with edges at the quantiles of the probabilities (type 7, without weights). A
        bin holds its upper edge and not its lower one, but for 0. Equal quantiles are one edge.

    Examples
    --------
    >>> drawn = diagram(forecasts(np.array([0, 1, 1]), np.array([0.1, 0.92, 0.95])))
    >>> drawn.share.round(2).tolist(), drawn.truth.tolist()
    ([0.33, 0.67], [0.0, 1.0])
    """
    code = np.zeros(len(of.probability), dtype=np.int64)
    events = np.zeros_like(code) if of.event is None else of.event
    for event in range(int(events.max()) + 1):
        own = events == event
        said = of.probability[own]
        code[own] = np.searchsorted(_edges(said, bins, binning), said) + bins * event
    return summary(of, code)


def _edges(probability: Floats, bins: int, binning: str) -> Floats:
    if binning not in BINNINGS:
        raise MetricError(f"binning= must be one of {', '.join(BINNINGS)}, not {binning!r}")
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise MetricError(f"bins= is a number of bins, from 1 up, not {bins!r}")
    inner = np.arange(1, bins) / bins
    edges: Floats = inner if binning == "uniform" else np.unique(np.quantile(probability, inner))
    return edges


def summary(of: Forecasts, code: Codes) -> Diagram:
    """Return the diagram of forecasts whose bins are known."""
    weights = np.bincount(code, weights=of.weight)
    present = weights > 0
    place = np.maximum(np.cumsum(present) - 1, 0)

    def sums(values: Floats) -> Floats:
        return np.bincount(code, weights=values)[present].astype(float)

    total = weights[present]
    truth, said = sums(of.weight * of.truth) / total, sums(of.weight * of.probability) / total
    own = place[code]
    apart = of.weight * (of.residual - (truth - said)[own])
    model = of.weight**2 * of.probability * (1 - of.probability)
    return Diagram(
        own,
        total / total.sum(),
        truth,
        said,
        total**2 / sums(of.weight**2),
        np.sqrt(_squares(apart, own, of, len(total))) / total,
        np.sqrt(sums(model)) / total,
    )


def _squares(apart: Floats, code: Codes, of: Forecasts, bins: int) -> Floats:
    """Return the sum of squares in each bin, of the rows or of the sums over clusters."""
    if of.clusters is None:
        return np.bincount(code, weights=apart**2, minlength=bins).astype(float)
    pairs, place = np.unique(of.clusters * bins + code, return_inverse=True)
    together = np.bincount(place, weights=apart)
    squares = np.bincount(pairs % bins, weights=together**2, minlength=bins).astype(float)
    number = of.units
    return squares * number / (number - 1) if number > 1 else squares


def stacked(parts: Sequence[Forecasts]) -> Forecasts:
    """Return forecasts of several events of the same rows as one: each row (or its cluster) is a cluster."""
    first = parts[0]
    own = np.arange(len(first.truth)) if first.clusters is None else first.clusters
    return Forecasts(
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.probability for part in parts]),
        np.concatenate([part.weight for part in parts]),
        np.tile(own, len(parts)),
        first.rows,
        np.repeat(np.arange(len(parts)), len(own)),
    )


def exact_bounds(of: Forecasts, drawn: Diagram, alpha: float) -> tuple[Floats, Floats]:
    """Return Clopper and Pearson's one-sided bounds of each bin's share of events.

    Examples
    --------
    >>> came = forecasts(np.array([1.0] * 266 + [0.0] * 66), np.full(332, 0.8))
    >>> low, high = exact_bounds(came, diagram(came), 0.05)
    >>> low.round(6).tolist()
    [0.761716]
    """
    trials = effective_rows(of, drawn, alpha)
    pairs = [(one * rows, rows) for one, rows in zip(drawn.truth, trials, strict=True)]
    low = np.array([clopper_pearson_lower(hits, rows, alpha) if rows > 0 else 0.0 for hits, rows in pairs])
    high = np.array([clopper_pearson_upper(hits, rows, alpha) if rows > 0 else 1.0 for hits, rows in pairs])
    return low, high


def effective_rows(of: Forecasts, drawn: Diagram, alpha: float) -> Floats:
    """Return how many independent rows each bin's share of events is worth for a bound at `alpha`.

    Of what varies more than the events of independent rows do (probabilities within the bin, clusters) each
    row is worth less (Korn & Graubard, Survey Methodology 24, 1998); one cluster is worth nothing.
    """
    if of.clusters is not None and of.units < 2:
        return np.zeros(len(drawn.share))
    share = (drawn.truth * drawn.size + 1) / (drawn.size + 2)
    spread = share * (1 - share)
    extra = np.maximum(drawn.noise**2 * drawn.size - drawn.truth * (1 - drawn.truth), 0.0)
    rows: Floats = drawn.size * spread / (spread + extra) / reach_of_clusters(of, alpha) ** 2
    return rows


def reach_of_clusters(of: Forecasts, alpha: float) -> float:
    """Return Student's quantile over the normal one: what it costs to know the error from few clusters."""
    if of.clusters is None or alpha >= 0.5:
        return 1.0
    return quantile_t(alpha, of.units - 1) / -ndtri(alpha)


def stretched(inference: Inference, value: float, method: str) -> Inference:
    """Return another value of the same quantity, with the bounds stretched to hold it."""
    return replace(
        inference,
        value=value,
        method=method,
        lower=lambda alpha: min(value, inference.lower(alpha)),
        upper=lambda alpha: max(value, inference.upper(alpha)),
    )


def cautious_difference(first: Inference, second: Inference) -> Inference:
    """Return one quantity less another, however the two depend on each other (Bonferroni).

    Each bound takes those of both at half of its error rate.
    """
    value = first.value - second.value
    return Inference(
        value,
        first.n,
        f"bonferroni of {first.method}",
        lambda alpha: min(value, first.lower(alpha / 2) - second.upper(alpha / 2)),
        lambda alpha: max(value, first.upper(alpha / 2) - second.lower(alpha / 2)),
    )
