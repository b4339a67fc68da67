"""Many hypotheses at once: p-values adjusted for how many were looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Stepwise = Literal["holm", "bh"]
Correction = Literal["bonferroni", "holm", "hochberg", "hommel", "bh", "by"]


def adjust(p_values: Sequence[float] | Floats, method: Correction = "holm") -> list[float]:
    """Return adjusted p-values: those at most alpha are what the procedure rejects at alpha.

    Parameters
    ----------
    p_values : sequence of float, shape (m,)
        In [0, 1].
    method : {"bonferroni", "holm", "hochberg", "hommel", "bh", "by"}
        The chance of any false rejection (family-wise error) is kept by "bonferroni" and "holm" (Holm,
        Scandinavian Journal of Statistics 6, 1979) whatever depends on what, and by "hochberg" (Hochberg,
        Biometrika 75, 1988) and "hommel" (Hommel, Biometrika 75, 1988) where the tests are independent or
        positively dependent. The expected share of false ones among the rejections (false discovery
        rate) by "bh" (Benjamini & Hochberg, JRSS B 57, 1995), again under such dependence, and by "by"
        (Benjamini & Yekutieli, Annals of Statistics 29, 2001) under any.

    Returns
    -------
    list of float, length m

    Raises
    ------
    ValueError
        If a p-value is none, or there is no such method.

    Examples
    --------
    >>> adjust([0.01, 0.04, 0.03, 0.005], "holm")
    [0.03, 0.06, 0.06, 0.02]
    """
    if method not in _PROCEDURES:
        raise ValueError(f"method must be one of {', '.join(_PROCEDURES)}, not {method!r}")
    p = np.asarray(p_values, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values lie between 0 and 1")
    if not len(p):
        return []
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, _PROCEDURES[method](p[order]))
    found: list[float] = adjusted.tolist()
    return found


def rejected(
    tests: Sequence[Callable[[float], bool]], alpha: float, method: Stepwise, *, of: int
) -> set[int]:
    """Return which hypotheses a procedure rejects, from tests at single error rates instead of p-values.

    The same as those whose p-value is at most `alpha` when adjusted; where a p-value comes from inverting
    bounds, this takes a few bounds of each hypothesis in place of some fifty. The threshold of Holm's
    procedure grows with what is rejected, that of Benjamini and Hochberg's shrinks with what is left.

    Parameters
    ----------
    tests : sequence of callable
        Whether the hypothesis is rejected at an error rate by itself; once it is, at all larger ones.
    alpha : float
    method : {"holm", "bh"}
    of : int
        How many hypotheses there are: those that are not rejected even at `alpha` need no test here.

    Returns
    -------
    set of int
        Their positions in `tests`.

    Examples
    --------
    >>> p_values = [0.01, 0.04, 0.03, 0.005]
    >>> tests = [lambda alpha, p=p: p <= alpha for p in p_values]
    >>> sorted(rejected(tests, 0.05, "holm", of=4))
    [0, 3]
    """
    everything = set(range(len(tests)))
    if method == "bh":
        kept, before = everything, of + 1
        while kept and len(kept) < before:
            before = len(kept)
            level = alpha * before / of
            kept = {place for place in kept if tests[place](level)}
        return kept
    gone: set[int] = set()
    while fresh := {place for place in everything - gone if tests[place](alpha / (of - len(gone)))}:
        gone |= fresh
    return gone


def _bonferroni(p: Floats) -> Floats:
    return p * len(p)


def _holm(p: Floats) -> Floats:
    return np.maximum.accumulate(p * _left(p))


def _hochberg(p: Floats) -> Floats:
    return _smallest_above(p * _left(p))


def _bh(p: Floats) -> Floats:
    return _smallest_above(p * (len(p) / _rank(p)))


def _by(p: Floats) -> Floats:
    return _smallest_above(p * (len(p) / _rank(p)) * (1 / _rank(p)).sum())


def _hommel(p: Floats) -> Floats:
    """Close Simes' tests over the sizes of the intersections (Wright, Biometrics 48, 1992)."""
    m = len(p)
    smallest = float((p * (m / _rank(p))).min())
    adjusted, simes = np.full(m, smallest), np.full(m, smallest)
    for size in range(m - 1, 1, -1):
        outside = m - size + 1
        least = float((size * p[outside:] / np.arange(2, size + 1)).min())
        simes[:outside] = np.minimum(size * p[:outside], least)
        simes[outside:] = simes[outside - 1]
        adjusted = np.maximum(adjusted, simes)
    closed: Floats = np.maximum(adjusted, p)
    return closed


def _rank(p: Floats) -> Floats:
    return np.arange(1.0, len(p) + 1)


def _left(p: Floats) -> Floats:
    return len(p) + 1 - _rank(p)


def _smallest_above(values: Floats) -> Floats:
    falling: Floats = np.minimum.accumulate(values[::-1])[::-1]
    return falling


_PROCEDURES: dict[str, Callable[[Floats], Floats]] = {
    "bonferroni": _bonferroni,
    "holm": _holm,
    "hochberg": _hochberg,
    "hommel": _hommel,
    "bh": _bh,
    "by": _by,
}
