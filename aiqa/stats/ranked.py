"""Bounds of statistics of ranks, sound also where few rows of a class have been seen.

Two bounds, of which the wider holds. One is the usual: the linearised variance (DeLong's, for the area under
the ROC curve) on the logit scale with Student's t. Alone it passes models that it should not in up to 40 % of
runs where positives are few, since 20 positive rows hardly show how badly the one in twenty is ranked that
the model knows nothing of. So the other one lets a few further rows of each class count, scored like rows of
the *other* class: as if the model told nothing about them. They add to the variance and to the skewness of
the error, and a Cornish-Fisher term (Hall, Annals of Probability 11, 1983) makes the bound of both. So do
Agresti & Coull (American Statistician 52, 1998) for shares: two further successes, two further failures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aiqa.stats.curves import CurveOf, Floats, total
from aiqa.stats.inference import Inference
from aiqa.stats.proportions import wilson_upper
from aiqa.stats.special import expit, logit, stdtrit
from aiqa.stats.steps import Steps

Domain = tuple[float, float]
UNSEEN, PAIRED = 2.0, 1.0
"""So many further rows of each class are allowed for, of one model and of two: the least with which no
simulated gate erred much. In an average, of each class a quarter as many, or half a row of two models: all
classes at once would have to look too good.
"""
_NONE = 1e-24
RARER = "rows of the rarer class"


@dataclass(frozen=True, slots=True)
class Pull:
    """What a further row of one class does to the value, scored like a row of the other class.

    Parameters
    ----------
    shift, spread : float
        Mean and variance of its influence function.
    size : float
        The effective number of rows (or clusters) of the class, over which that is divided.
    rows : float
        How many such rows there may be.
    paired : float
        How many where two models are compared: one of them fails on rows on which the other does not.
    """

    shift: float
    spread: float
    size: float
    rows: float
    paired: float

    @property
    def variance(self) -> float:
        """What such rows add to the variance."""
        return self.rows * (self.shift**2 + self.spread) / (self.size + self.rows) ** 2

    @property
    def third(self) -> float:
        """What they add to the third central moment."""
        moment = self.shift**3 + 3 * self.shift * self.spread
        return self.rows * moment / (self.size + self.rows) ** 3

    def averaged(self, share: float) -> Pull:
        """Return the same for a part of an average, of this share."""
        rows, paired = (self.rows, self.paired) if share == 1 else (self.rows / 4, min(self.paired, 0.5))
        return Pull(self.shift * share, self.spread * share**2, self.size, rows, paired)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A statistic of ranks with the moments of its error.

    Parameters
    ----------
    value : float
    variance, third : float
        The second and third central moments of its error.
    df : float
        Degrees of freedom of the variance; 0 where it is not known.
    pulls : sequence of Pull
        What further rows would do.
    sizes : (float, float)
        Effective numbers of positive and negative rows (or clusters of them).
    rows : (int, int)
        Positive and negative rows with weight.
    n : int
        Rows of the table.
    name : str
        How its error is called.
    domain : (float, float)
        Where the truth must lie.
    bias : float
        The jackknife's estimate of ``value`` less the truth.
    slack : (float, float)
        By how much the value may be too large, and too small, since scores were binned.
    ceiling : Ranked, optional
        Another estimate of the same truth, whose upper bound holds too.
    """

    value: float
    variance: float
    third: float
    df: float
    pulls: tuple[Pull, ...]
    sizes: tuple[float, float]
    rows: tuple[int, int]
    n: int
    name: str
    domain: Domain = (0.0, 1.0)
    bias: float = 0.0
    slack: tuple[float, float] = (0.0, 0.0)
    ceiling: Ranked | None = None

    @property
    def support(self) -> int:
        """Rows of the rarer class."""
        return min(self.rows)


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic of ranks: what it is and what is known of it.

    Parameters
    ----------
    curve : callable
        From the weights at each step; see :mod:`aiqa.stats.curves`.
    name : str
        How its linearised error is called.
    domain : (float, float)
        Where the truth must lie.
    bias : callable, optional
        From the weights at each step and the weights of one row of each class to by how much it is too large.
    joined : bool
        Whether positive rows with no negative one between them may share a step.
    unseen : (float, float)
        How many further rows of each class its bounds allow for, of one model and of two.
    ceiling : Statistic, optional
        Another estimate of the same truth, of which the larger upper bound holds.
    """

    curve: CurveOf
    name: str
    domain: Domain = (0.0, 1.0)
    bias: Callable[[Floats, Floats, tuple[float, float]], float] | None = None
    joined: bool = False
    unseen: tuple[float, float] = (UNSEEN, PAIRED)
    ceiling: Statistic | None = None


def measure(statistic: Statistic, steps: Steps) -> Ranked:
    """Compute a statistic of ranks and the moments of its error from its derivatives at each step.

    The variance is the sum over both classes of the squared influences, each corrected by m/(m-1), with
    Satterthwaite's degrees of freedom; m is Kish's effective number of rows.

    Parameters
    ----------
    statistic : Statistic
    steps : Steps

    Raises
    ------
    ValueError
        If one of the classes has no rows with weight.

    Examples
    --------
    >>> from aiqa.stats.curves import roc_area
    >>> from aiqa.stats.steps import steps_of
    >>> steps = steps_of(np.array([False, False, True, True]), np.array([0.1, 0.3, 0.2, 0.4]))
    >>> measure(Statistic(roc_area, "delong"), steps).variance
    0.125
    """
    if min(steps.rows) == 0:
        raise ValueError("ranks need rows of both classes")
    curve = statistic.curve(steps.positive, steps.negative)
    sizes = kish(steps.positive, steps.positive2), kish(steps.negative, steps.negative2)
    sides = (
        (steps.positive, steps.positive2, curve.by_positive),
        (steps.negative, steps.negative2, curve.by_negative),
    )
    variance, df = satterthwaite([total(w2, by * by) for _, w2, by in sides], sizes)
    # Of rows of a step that weigh alike, w³ adds up to w2² / w.
    third = sum(total(w2 * w2, _ratio(by * by * by, w)) for w, w2, by in sides)
    pulls = (
        pull(curve.by_positive, steps.negative, steps.positive, sizes[0], *statistic.unseen),
        pull(curve.by_negative, steps.positive, steps.negative, sizes[1], *statistic.unseen),
    )
    return Ranked(
        curve.value,
        variance,
        third,
        df,
        pulls,
        sizes,
        steps.rows,
        steps.n,
        statistic.name,
        statistic.domain,
        _bias(statistic, steps),
        ceiling=None if statistic.ceiling is None else measure(statistic.ceiling, steps),
    )


def _bias(statistic: Statistic, steps: Steps) -> float:
    if statistic.bias is None:
        return 0.0
    units = (
        float(steps.positive2.sum() / steps.positive.sum()),
        float(steps.negative2.sum() / steps.negative.sum()),
    )
    return statistic.bias(steps.positive, steps.negative, units)


def kish(weights: Floats, squares: Floats) -> float:
    """Return the effective number of rows, (sum of w)² / (sum of w²)."""
    return float(weights.sum()) ** 2 / float(squares.sum())


def _ratio(part: Floats, whole: Floats) -> Floats:
    answer: Floats = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return answer


def satterthwaite(parts: Sequence[float], sizes: Sequence[float]) -> tuple[float, float]:
    """Return the sum of variances of independent groups, and its degrees of freedom.

    Infinite and 0 where a group has one row only (Satterthwaite, Biometrics Bulletin 2, 1946).
    """
    if min(sizes) <= 1 + 1e-9:
        return math.inf, 0.0
    corrected = [part * size / (size - 1) for part, size in zip(parts, sizes, strict=True)]
    whole = sum(corrected)
    if whole <= _NONE:
        return 0.0, min(sizes) - 1
    return whole, whole**2 / sum(part**2 / (size - 1) for part, size in zip(corrected, sizes, strict=True))


def pull(derivative: Floats, others: Floats, own: Floats, size: float, rows: float, paired: float) -> Pull:
    """Return the pull of a row of one class that scores like the other class's rows.

    Parameters
    ----------
    derivative : ndarray of float, shape (steps,)
        Of the value by the weight of a row of its class.
    others, own : ndarray of float, shape (steps,)
        The weights of the other class, and of its own.
    size, rows, paired : float
        See :class:`Pull`.
    """
    share = float(own.sum()) / float(others.sum())
    shift = total(others, derivative) * share
    square = total(others, derivative * derivative) * share * float(own.sum())
    return Pull(shift, max(0.0, square - shift**2), size, rows, paired)


def infer(ranked: Ranked, *, scale: str = "logit") -> Inference:
    """Infer a statistic of ranks: the wider of the usual bound and of that which lets unseen rows count.

    Only the bound that unseen rows would pull the value towards is widened by them; of a biased statistic
    both are, around the value less its bias. Where nothing varies, and such rows would not vary either
    (constant scores), the bounds allow for the share of rows of which none may have been seen, at the
    domain's end.

    Parameters
    ----------
    ranked : Ranked
    scale : {"logit", "identity"}
        Of the usual bound.
    """
    usual = _on_logit if scale == "logit" else _as_it_is
    above = None if ranked.ceiling is None else infer(ranked.ceiling)

    def bound(alpha: float, side: int) -> float:
        if ranked.df <= 0:
            return ranked.domain[side > 0]
        t = -stdtrit(ranked.df, alpha)
        found = [ranked.value, *usual(ranked, side, t), *_with_unseen(ranked, side, t)]
        if len(found) == 1:
            found.append(_without_variation(ranked, side, alpha))
        if side > 0 and above is not None:
            found.append(above.upper(alpha))
        return _outermost(ranked, side, found)

    of = "t" if scale == "identity" else "logit-t"
    return inferred(ranked, f"{ranked.name}-{of}, unseen rows allowed for", bound)


def inferred(ranked: Ranked, method: str, bound: Callable[[float, int], float]) -> Inference:
    """Return an inference from a bound by error rate and side (-1, 1); `method` says what binning costs."""
    told = f", bins within {max(ranked.slack):.1e}" if any(ranked.slack) else ""
    return Inference(
        ranked.value,
        ranked.n,
        f"{method}{told}",
        lambda alpha: bound(alpha, -1),
        lambda alpha: bound(alpha, 1),
        ranked.support,
        RARER,
    )


def _outermost(ranked: Ranked, side: int, bounds: Sequence[float]) -> float:
    low, high = ranked.domain
    if side < 0:
        return max(low, min(bounds) - ranked.slack[0])
    return min(high, max(bounds) + ranked.slack[1])


def _on_logit(ranked: Ranked, side: int, t: float) -> list[float]:
    low, high = ranked.domain
    share = (ranked.value - low) / (high - low)
    if not 1e-12 < share < 1 - 1e-12 or ranked.variance <= _NONE:
        return []
    error = math.sqrt(ranked.variance) / (high - low) / (share * (1 - share))
    return [low + (high - low) * expit(logit(share) + side * t * error)]


def _as_it_is(ranked: Ranked, side: int, t: float) -> list[float]:
    return [ranked.value + side * t * math.sqrt(ranked.variance)] if ranked.variance > _NONE else []


def _with_unseen(ranked: Ranked, side: int, t: float) -> list[float]:
    """Return the Cornish-Fisher bound of the moments with unseen rows, if these pull to this side."""
    pulls = [pull for pull in ranked.pulls if pull.shift * side > 0]
    variance = ranked.variance + sum(pull.variance for pull in pulls)
    if variance <= _NONE or not (pulls or ranked.bias):
        return []
    third = ranked.third + sum(pull.third for pull in pulls)
    skewness = side * third / variance**1.5
    reach = t + min(max(0.0, skewness * (2 * t * t + 1) / 6), 2 * t)
    return [ranked.value - ranked.bias + side * math.sqrt(variance) * reach]


def _without_variation(ranked: Ranked, side: int, alpha: float) -> float:
    """Return the bound where a share of rows of which nothing was seen is all that can be wrong."""
    unseen = wilson_upper(0.0, min(ranked.sizes), alpha)
    return ranked.value + (ranked.domain[side > 0] - ranked.value) * unseen
