"""Bounds from the moments of what rows contribute: Student's, Hall's for skewed rows, Gaffke's for bounded.

The t bound of a mean assumes that the error of the mean and that of its standard error are unrelated. Where
losses are skewed they are not: a sample that lacks large losses has too small a mean and too small a standard
error at once. Hall's transformation corrects for that to second order; what it corrects by, the third
moment, is itself too small in such samples, and is enlarged where few rows make up the variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aiqa.stats.inference import Inference, without_variation
from aiqa.stats.proportions import clopper_pearson_lower, clopper_pearson_upper
from aiqa.stats.special import betaincinv, expit, logit, ndtri, stdtrit

Domain = tuple[float, float]
Scale = Literal["identity", "logit", "log", "fisher"]
REAL: Domain = (-math.inf, math.inf)
_ROUNDING = 2.0**-49
_BENT = 1e-9
_STEEP = 700.0
Distance = Callable[[float, int], float]
"""From alpha and the side (-1: below, 1: above) to how many standard errors away the bound is."""


@dataclass(frozen=True, slots=True)
class Influences:
    """A value and the moments of what its independent units (rows, clusters) contribute to its error.

    Parameters
    ----------
    value : float
    effective : float
        Kish's effective number of units, (sum of w)² / (sum of w²).
    second, third, fourth : float
        Sums over units of their influence to that power. For a mean: of (w (x - mean) / sum of w)^k.
    displaced : (float, float), optional
        The value half a standard error below and above, along the influences: tells how far it is from
        linear. Default: it is linear.
    """

    value: float
    effective: float
    second: float
    third: float = 0.0
    fourth: float = 0.0
    displaced: tuple[float, float] | None = None

    @property
    def df(self) -> float:
        """Degrees of freedom: one less than the effective number; 0 where there is only one."""
        return self.effective - 1 if self.effective > 1 + 1e-9 else 0.0

    @property
    def error(self) -> float:
        """The standard error; infinite for a single unit."""
        return math.sqrt(self.second * self.effective / self.df) if self.df > 0 else math.inf

    @property
    def skew(self) -> float:
        """The skewness of the estimate, less the bias that normal rows would have (Fisher's G1)."""
        m = max(3.0, self.effective)
        return self.third / math.pow(self.second, 1.5) * math.sqrt(m * (m - 1)) / (m - 2)

    @property
    def excess(self) -> float:
        """The kurtosis of the estimate beyond that of normal rows: nearly 1 where one row is all of it."""
        m = self.effective
        return max(0.0, self.fourth / self.second**2 - 3 * (m - 1) / (m * (m + 1)))

    @property
    def constant(self) -> bool:
        """Whether the units show no variation but that of rounding."""
        return not self.second > 1e-30 + (_ROUNDING * self.value) ** 2


def quantile_t(alpha: float, df: float) -> float:
    """Return how many standard errors a one-sided bound at `alpha` is away; infinite without freedom."""
    return -stdtrit(df, alpha) if df > 0 else math.inf


def infer_influences(
    of: Influences,
    n: int,
    *,
    method: str | None = None,
    scale: Scale = "identity",
    domain: Domain = REAL,
    reach: Domain | None = None,
    firm: bool = True,
    support: int | None = None,
    support_of: str = "rows",
) -> Inference:
    """Infer a quantity from the moments of its influences.

    Gaffke's bound where the rows' values are known to lie within `reach`, otherwise Hall's; see
    :func:`gaffke_distance` and :func:`hall_distance`. Where the units show no variation they tell what
    :func:`~aiqa.stats.inference.without_variation` says, or within a finite `domain` as much as units that
    are right or wrong.

    Parameters
    ----------
    of : Influences
    n : int
        Rows of the table.
    method : {"t"}, optional
        Student's bound (Biometrika 6, 1908): not sound for skewed rows.
    scale : {"identity", "logit", "log", "fisher"}
        On which scale errors are symmetric.
    domain : (float, float)
        Where the truth must lie; bounds are cut there.
    reach : (float, float), optional
        For a mean: where the rows lie.
    firm : bool
        Whether no row can lie beyond `reach`; otherwise that is where one that was not seen lies on average.
    support, support_of : optional
        As in :class:`~aiqa.stats.inference.Inference`.

    Examples
    --------
    >>> rows = Influences(2.0, 3.0, 2 / 9, 0.0, 2 / 81)
    >>> print(infer_influences(rows, 3, method="t").estimate())
    2.0000 [-0.4841, 4.4841], n 3
    """

    def told(name: str, bound: Callable[[float, int], float]) -> Inference:
        low, high = domain
        return Inference(
            of.value,
            n,
            name,
            lambda alpha: max(low, min(of.value, bound(alpha, -1))),
            lambda alpha: min(high, max(of.value, bound(alpha, 1))),
            support,
            support_of,
        )

    if reach is not None and method is None:
        return told("gaffke", _bounded(of, reach, firm=firm))
    if of.constant and math.isfinite(domain[1] - domain[0]):
        return told("clopper-pearson of a bounded value", _as_share(of, domain, support))
    if of.constant:
        return without_variation(of.value, n, method or "hall", domain, units=of.effective)
    distance = _students(of) if method == "t" else _halls(of, domain)
    return told(method or "hall", _on_scale(of, distance, scale, bent=method is None))


def _students(of: Influences) -> Distance:
    return lambda alpha, _: quantile_t(alpha, of.df)


def _halls(of: Influences, domain: Domain) -> Distance:
    below, above = (math.isfinite(end) for end in domain)

    def distance(alpha: float, side: int) -> float:
        ends = (above, below) if side > 0 else (below, above)
        shape = side * of.skew, of.excess, of.effective
        return hall_distance(quantile_t(alpha, of.df), *shape, ends=ends)

    return distance


def hall_distance(
    z: float, skew: float, excess: float, effective: float, *, ends: tuple[bool, bool] = (False, False)
) -> float:
    """Return how many standard errors away a bound must be on the side that `skew` points to.

    The inverse of Hall's transformation (J. R. Statist. Soc. B 54, 1992), 3 ((1 + A(z - A/6))^(1/3) - 1) / A
    with A the skewness of the mean, written so that it does not cancel for small A: with u = z + A/6 and s
    the cube root of Au - 1 it is 3u / (1 - s + s²). (Johnson, JASA 73, 1978, has the first-order form of the
    same correction.) Two things are ours, both from simulation.

    The skewness that a sample shows is too small where tails are heavy, or noise. So A is enlarged by 1.5
    times the excess kurtosis of the mean: about the least that holds for absolute, squared and lognormal
    errors and for differences of them, while normal rows pay nothing. Of losses, which end on one side, the
    factor grows with n on the other, as 0.15 sqrt(n) from 100 rows on: so losses without variance are seen
    for what they are. And on the side where they end, where there is no long tail, half is enough.

    s stops at -0.4, where the distance is 1.9 u: beyond, the transformation is steep and says no more than
    that nothing is sure.

    Parameters
    ----------
    z : float
        The distance without skewness.
    skew, excess : float
        Of the estimate, not of the rows: of rows divided by sqrt(n) and n.
    effective : float
        The effective number of units.
    ends : (bool, bool)
        Whether the quantity ends on this side, and on the other.

    Examples
    --------
    >>> [round(hall_distance(1.66, skew, 0.0, 100), 3) for skew in (-0.2, 0.0, 0.2)]
    [1.477, 1.66, 1.931]
    """
    if math.isinf(z):
        return z
    more = 0.15 * math.sqrt(max(100.0, effective if ends[1] else 0.0)) * excess
    enlarged = min(0.0, skew + more / 2) if ends[0] and skew <= 0 else skew + more
    u = max(0.0, z + enlarged / 6)
    s = min(math.cbrt(enlarged * u - 1), -0.4)
    return 3 * u / (1 - s + s * s)


def _bounded(of: Influences, reach: Domain, *, firm: bool) -> Callable[[float, int], float]:
    def bound(alpha: float, side: int) -> float:
        far = max(0.0, side * (reach[side > 0] - of.value))
        moments = of.second, side * of.third, of.effective
        return of.value + side * gaffke_distance(*moments, far, alpha, firm=firm)

    return bound


def gaffke_distance(
    second: float, third: float, effective: float, far: float, alpha: float, *, firm: bool = True
) -> float:
    """Return how far from the mean a bound must be where no row can lie further away than `far`.

    Gaffke's bound (Mathematical Methods of Statistics 14, 2005; Learned-Miller & Thomas, arXiv 1905.06208)
    is the 1 - alpha quantile of the mean of the rows and of one more at the end of the range, under
    Dirichlet weights. For rows that are 0 or 1 it is Clopper & Pearson's, and no distribution is known whose
    mean it misses more often than alpha. Here from moments alone: by the beta distribution that ends where
    the range does and has that mean's first three moments (for 0 and 1 it is the very same).

    Parameters
    ----------
    second, third : float
        Sums of the influences' squares and cubes, the cubes with the sign of the side.
    effective : float
        The effective number of units.
    far : float
        From the mean to the end of the range.
    alpha : float
    firm : bool
        Otherwise rows may lie further away, and the beta distribution gives way to one without an end,
        Pearson's type III.

    Examples
    --------
    >>> round(gaffke_distance(0.0, 0.0, 50, 1.0, 0.05), 6), round(1 - 0.05 ** (1 / 50), 6)
    (0.058155, 0.058155)
    """
    m, size = effective, effective + 1
    beyond = far * m / size
    squares = m**2 * second + far**2 * m / size
    if squares < 1e-150 or (firm and beyond <= 0):
        return far
    cubes = m**3 * third - 3 * m**2 * second * far / size + far**3 * m * (m - 1) / size**2
    error = math.sqrt(squares / (size * (size + 1)))
    skew = 2 * cubes / math.pow(squares, 1.5) * math.sqrt(size * (size + 1)) / (size + 2)
    if not firm:
        return far - beyond + error * pearson(-ndtri(alpha), skew)
    ratio, tilt = (error / beyond) ** 2, skew * error / beyond
    if tilt + 2 * ratio <= 0 or ratio + tilt >= 1:
        return min(far, max(0.0, far - beyond + error * pearson(-ndtri(alpha), skew)))
    total = (2 - 2 * ratio - 2 * tilt) / (tilt + 2 * ratio)
    outer = total / (1 + ratio * (total + 1))
    return far - beyond * total / outer * betaincinv(outer, total - outer, alpha)


def pearson(z: float, skew: float) -> float:
    """Return the quantile of Pearson's type III, standardised (Wilson & Hilferty, PNAS 17, 1931).

    That is a gamma variable's, or its negative's where it is skewed to the left.

    Parameters
    ----------
    z : float
        The normal quantile.
    skew : float

    Examples
    --------
    >>> round(pearson(1.6449, 2.0), 2), round(-math.log(0.05) - 1, 2)
    (1.97, 2.0)
    """
    if abs(skew) < _BENT:
        return z
    root = max(0.0, 1 + skew * z / 6 - skew * skew / 36)
    return 2 / skew * (root * root * root - 1)


def _as_share(of: Influences, domain: Domain, support: int | None) -> Callable[[float, int], float]:
    low, width = domain[0], domain[1] - domain[0]
    trials = of.effective if support is None else min(of.effective, float(support))
    successes = (of.value - low) / width * trials

    def bound(alpha: float, side: int) -> float:
        share = clopper_pearson_lower if side < 0 else clopper_pearson_upper
        return low + width * share(successes, trials, alpha)

    return bound


def _same(x: float) -> float:
    return x


def _power(x: float) -> float:
    return math.exp(x) if x < _STEEP else math.inf


_SCALES: dict[str, tuple[Callable[[float], float], Callable[[float], float], Callable[[float], float]]] = {
    "identity": (_same, lambda _: 1.0, _same),
    "logit": (logit, lambda p: 1 / (p * (1 - p)), expit),
    "log": (math.log, lambda x: 1 / x, _power),
    "fisher": (math.atanh, lambda r: 1 / (1 - r * r), math.tanh),
}
_INSIDE: dict[str, Domain] = {"logit": (0.0, 1.0), "log": (0.0, math.inf), "fisher": (-1.0, 1.0)}


def _on_scale(
    of: Influences, distance: Distance, scale: Scale, *, bent: bool
) -> Callable[[float, int], float]:
    """Return bounds that lie at a distance on a scale (the delta method), the value there held for linear.

    Where `bent`, a side on which the value moves faster than linearly gets its bound further out (the
    quadratic coefficient of DiCiccio & Efron's ABC, Biometrika 79, 1992); the other side gets nothing back.
    """
    low, high = _INSIDE.get(scale, REAL)
    to, slope, back = _SCALES[scale if low < of.value < high else "identity"]
    centre, error = to(of.value), of.error * slope(of.value)
    bend = _curvature(of, to, error) if bent else 0.0

    def bound(alpha: float, side: int) -> float:
        away = side * distance(alpha, side)
        if math.isinf(away) or math.isinf(error):
            return side * math.inf
        if side * bend > _BENT:
            away = math.expm1(min(2 * bend * away, _STEEP)) / (2 * bend)
        return back(centre + error * away)

    return bound


def _curvature(of: Influences, to: Callable[[float], float], error: float) -> float:
    """Return c where the value at x standard errors away is that at the centre plus x + c x² of them."""
    if of.displaced is None or not 0 < error < math.inf:
        return 0.0
    below, above = of.displaced
    try:
        bend = 2 * (to(above) + to(below) - 2 * to(of.value)) / error
    except ValueError:
        return 0.0
    return bend if math.isfinite(bend) else 0.0
