"""Normal and t bounds of a statistic whose variance is known from its linearisation."""

from __future__ import annotations

import math

from aiqa.stats.inference import Inference
from aiqa.stats.proportion import wilson_lower, wilson_upper
from aiqa.stats.special import expit, logit, stdtrit


def quantile_t(alpha: float, df: float) -> float:
    """Return how many standard errors a one-sided bound at `alpha` is away; infinite without freedom."""
    return -stdtrit(df, alpha) if df > 0 else math.inf


def t_inference(
    value: float,
    variance: float,
    df: float,
    n: int,
    method: str,
    *,
    domain: tuple[float, float] = (-math.inf, math.inf),
    support: int | None = None,
    support_of: str = "rows",
) -> Inference:
    """Return ``value ± t · sqrt(variance)``, cut at the `domain`; all of it where df is 0."""
    error = math.sqrt(variance) if df > 0 else math.inf

    def reach(alpha: float) -> float:
        return quantile_t(alpha, df) * error if error > 0 else 0.0

    return Inference(
        value,
        n,
        method,
        lambda alpha: max(domain[0], value - reach(alpha)),
        lambda alpha: min(domain[1], value + reach(alpha)),
        support,
        support_of,
    )


def logit_inference(
    value: float,
    variance: float,
    df: float,
    n: int,
    *,
    method: str,
    conservative: float | None,
    support: int,
    support_of: str,
) -> Inference:
    """Infer a share-like quantity in [0, 1] on the logit scale with t.

    Where `conservative` is given, the bounds are the wider of these and of Wilson's with that many
    trials: van Dantzig's argument that the variance of a two-sample rank statistic is at most
    A(1-A)/min(m, n). Alone they stand where the data show no variance at all (a value of 0 or 1).
    """
    degenerate = not 1e-12 < value < 1 - 1e-12 or variance <= 1e-24 or df <= 0
    scale = 0.0 if degenerate else math.sqrt(variance) / (value * (1 - value))
    trials = conservative if conservative is not None else float(support)
    wide = degenerate or conservative is not None

    def bound(alpha: float, side: int) -> float:
        bounds = [] if degenerate else [expit(logit(value) + side * quantile_t(alpha, df) * scale)]
        if wide:
            wilson = wilson_lower if side < 0 else wilson_upper
            bounds.append(wilson(value * trials, trials, alpha))
        return min([value, *bounds]) if side < 0 else max([value, *bounds])

    name = (
        "van dantzig-wilson" if degenerate else f"{method}, widened by van dantzig-wilson" if wide else method
    )
    return Inference(value, n, name, lambda a: bound(a, -1), lambda a: bound(a, 1), support, support_of)
