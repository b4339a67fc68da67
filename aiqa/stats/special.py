"""Special functions of single numbers, so that small runs need not load SciPy (a quarter of a second).

Within 1e-12 of the true values (relative) where nothing else is said. Not for arrays.
"""

from __future__ import annotations

import math
from statistics import NormalDist

LARGE = 20_000.0
"""Above this a + b the incomplete beta function is SciPy's: loading it is little beside such data."""
_EDGE = 700.0
_TAIL = -600.0
_EPS = 2.0**-52


def ndtr(x: float) -> float:
    """Return the normal distribution function: erfc(-x / sqrt(2)) / 2 (DLMF 7.2.2, accurate in both tails).

    Examples
    --------
    >>> round(ndtr(-1.6448536269514722), 12)
    0.05
    """
    return math.erfc(-x / math.sqrt(2)) / 2


def ndtri(p: float) -> float:
    """Return the normal quantile (Wichura's AS 241, Applied Statistics 37, 1988); infinite at 0 and 1.

    Examples
    --------
    >>> round(ndtri(0.975), 6)
    1.959964
    """
    if p in (0.0, 1.0):
        return math.copysign(math.inf, p - 0.5)
    return NormalDist().inv_cdf(p)


def expit(x: float) -> float:
    """Return the logistic function 1 / (1 + exp(-x)).

    Examples
    --------
    >>> expit(0.0), expit(-math.inf)
    (0.5, 0.0)
    """
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def logit(p: float) -> float:
    """Return log(p / (1 - p)), the inverse of :func:`expit`; infinite at 0 and 1.

    Examples
    --------
    >>> logit(0.5), logit(1.0)
    (0.0, inf)
    """
    if p in (0.0, 1.0):
        return math.copysign(math.inf, p - 0.5)
    # atanh where the logarithm would be of nearly 1 (DLMF 4.37.24).
    return 2 * math.atanh(2 * p - 1) if 0.25 <= p <= 0.75 else math.log(p / (1 - p))


def betainc(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) (DLMF 8.17.2).

    By its continued fraction (DLMF 8.17.22, in the form of Didonato & Morris). Where a + b exceeds
    ``LARGE``, scipy.special is loaded and asked: data of that many rows take longer than its start.

    Parameters
    ----------
    a, b : float
        Positive.
    x : float
        In [0, 1].

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> round(betainc(2, 3, 0.5), 12)
    0.6875
    """
    _require(a, b, x)
    if x in (0.0, 1.0):
        return float(x)
    if a + b > LARGE:
        from scipy import special

        return float(special.betainc(a, b, x))
    power = math.exp(_log_power(a, b, x, 1 - x))
    if x < (a + 1) / (a + b + 2):
        return power * _fraction(a, b, x, 1 - x)
    return 1 - power * _fraction(b, a, 1 - x, x)


def betaincinv(a: float, b: float, p: float) -> float:
    """Return the x at which :func:`betainc` is `p`: the beta distribution's quantile.

    By Halley's method within a bracket on the logarithm of the distribution function over logit x: that is
    concave (the density there, x^a (1-x)^b / B(a, b), is log-concave), so that it converges from anywhere.
    Values below 1e-300 may be rounded to any such value. SciPy's where a + b exceeds ``LARGE``.

    Parameters
    ----------
    a, b : float
        Positive.
    p : float
        In [0, 1].

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> round(betaincinv(266, 67, 0.05), 6)
    0.761716
    """
    _require(a, b, p)
    if p in (0.0, 1.0):
        return float(p)
    if a + b > LARGE:
        from scipy import special

        return float(special.betaincinv(a, b, p))
    return expit(_logit_quantile(a, b, p))


def stdtrit(df: float, p: float) -> float:
    """Return the quantile of Student's t; infinite at 0 and 1.

    Through the beta distribution of df / (df + t²) (DLMF 8.17.5's relation; Abramowitz & Stegun 26.7.1), or
    with many degrees of freedom by the expansion around the normal quantile (Abramowitz & Stegun 26.7.5).

    Parameters
    ----------
    df : float
        Degrees of freedom, positive.
    p : float
        In [0, 1].

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> round(stdtrit(2, 0.025), 4)
    -4.3027
    """
    _require(df, 1, p)
    z = ndtri(p)
    if z == 0 or math.isinf(z):
        return z
    # There the first term left out is below 1e-15 of the whole.
    if df > 200 * (1 + z * z):
        return _near_normal(df, z)
    small = min(p, 1 - p)
    height = -_logit_quantile(df / 2, 0.5, 2 * small) / 2
    # With hardly any freedom the quantile is beyond what a float holds.
    return math.copysign(math.sqrt(df) * math.exp(height) if height < 700 else math.inf, z)


def _require(a: float, b: float, p: float) -> None:
    if not (0 < a < math.inf and 0 < b < math.inf and 0 <= p <= 1):
        raise ValueError(f"parameters must be positive and finite, the last within [0, 1]: {a}, {b}, {p}")


def _near_normal(df: float, z: float) -> float:
    s = z * z
    terms = (
        (s + 1) / 4,
        ((5 * s + 16) * s + 3) / 96,
        (((3 * s + 19) * s + 17) * s - 15) / 384,
        ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160,
    )
    return z * (1 + sum(term / df**power for power, term in enumerate(terms, 1)))


def _log_power(a: float, b: float, x: float, y: float) -> float:
    """Return the logarithm of x^a y^b / B(a, b), where y = 1 - x.

    Relative to its value at the mean, where Stirling's formula leaves nothing large to cancel (Loader, Fast
    and Accurate Computation of Binomial Probabilities, 2000).
    """
    n = a + b
    off = _beyond_mean(a, b, x, y)
    grown = math.log1p(off / a) if off > -a / 2 else math.log(x * (n / a))
    shrunk = math.log1p(-off / b) if off < b / 2 else math.log(y * (n / b))
    scale = math.log(a / n * b / math.tau) / 2
    return a * grown + b * shrunk + scale + _stirling(n) - _stirling(a) - _stirling(b)


def _stirling(z: float) -> float:
    """Return what Stirling's formula lacks of log gamma(z) (DLMF 5.11.1)."""
    if z < 12:
        return math.lgamma(z) - (z - 0.5) * math.log(z) + z - math.log(math.tau) / 2
    s = 1 / (z * z)
    return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))) / z


def _fraction(a: float, b: float, x: float, y: float) -> float:
    """Return B(a, b) I_x(a, b) / (x^a y^b) by Lentz's method (DLMF 3.10(iii)).

    The even part of DLMF 8.17.22 as of Didonato & Morris (ACM TOMS 18, 1992, equation 9): half of the
    terms, and none of them the small difference of large ones.
    """
    first = 1 - _beyond_mean(a, b, x, y)
    value = c = a / (a + 1) * first
    d = n = change = 0.0
    while abs(change - 1) > 2 * _EPS:
        n += 1
        s = a + 2 * n - 1
        w = n * (b - n) * x / s
        alpha = (a + n - 1) * (a + b + n - 1) / s * w * x
        beta = n + w + (a + n) / (s + 2) * (first + n * (1 + y))
        d, c = 1 / (beta + alpha * d), beta + alpha / c
        change = c * d
        value *= change
    return 1 / value


def _beyond_mean(a: float, b: float, x: float, y: float) -> float:
    """Return (a + b) x - a from that of x and y = 1 - x which has the smaller error."""
    return (a + b) * x - a if x <= y else b - (a + b) * y


def _log_betainc(a: float, b: float, x: float, y: float) -> tuple[float, float]:
    """Return the logarithms of I_x(a, b) and of its derivative by logit x."""
    power = _log_power(a, b, x, y)
    if x < (a + 1) / (a + b + 2):
        return power + math.log(_fraction(a, b, x, y)), power
    above = math.exp(power) * _fraction(b, a, y, x)
    return math.log1p(-min(above, 1 - _EPS)), power


def _logit_quantile(a: float, b: float, p: float) -> float:
    if p > 0.5:
        return -_logit_quantile(b, a, 1 - p)
    target, u = math.log(p), _start(a, b, p)
    low, high = -_EDGE, _EDGE
    if u <= _TAIL:
        return u
    while True:
        x, y = expit(u), expit(-u)
        value, power = _log_betainc(a, b, x, y)
        excess = value - target
        low, high = (u, high) if excess < 0 else (low, u)
        slope = math.exp(power - value)
        step = excess / slope
        step /= max(0.5, 1 - step * (a * y - b * x - slope) / 2)
        new = u - step if low <= u - step <= high else (low + high) / 2
        if abs(new - u) < 1e-7:
            return new
        u = new


def _start(a: float, b: float, p: float) -> float:
    """Return nearly the logit of the quantile: by the normal quantile, or where x^a has no b to mind.

    Abramowitz & Stegun 26.5.22; with a parameter below 1 the first term of 26.5.4, which is all there is
    below ``_TAIL``.
    """
    if min(a, b) < 1:
        tail = _TAIL + (math.log(p) - _log_betainc(a, b, math.exp(_TAIL), 1.0)[0]) / a
        return min(tail, 0.0)
    z = -ndtri(p)
    first, second = 1 / (2 * a - 1), 1 / (2 * b - 1)
    h, spread = 2 / (first + second), (z * z - 3) / 6
    w = z * math.sqrt(h + spread) / h - (second - first) * (spread + 5 / 6 - 2 / (3 * h))
    return min(max(math.log(a / b) - 2 * w, _TAIL / 2), -_TAIL / 2)
