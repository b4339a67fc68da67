"""Two quantities of independent rows: their difference and their ratio."""

from __future__ import annotations

import math

import numpy as np

from aiqa.stats.inference import Inference
from aiqa.stats.mover import mover
from aiqa.stats.proportions import proportion
from aiqa.stats.special import ndtri


def independent_difference(first: Inference, second: Inference) -> Inference:
    """Infer a difference from the inferences of two independent samples.

    By :func:`~aiqa.stats.mover.mover`. With Wilson's bounds it is Newcombe's hybrid.

    Parameters
    ----------
    first, second : Inference
        Of other rows each.

    Returns
    -------
    Inference
        Of the first minus the second; its `n` is the sum of both.

    Examples
    --------
    >>> one, other = proportion(56, 70, method="wilson"), proportion(48, 80, method="wilson")
    >>> print(independent_difference(one, other).estimate())
    0.2000 [0.0524, 0.3339], n 150
    """
    method = first.method if first.method == second.method else f"{first.method} and {second.method}"
    return mover(first, second, method=f"independent rows, mover of {method}", n=first.n + second.n)


def newcombe(successes: tuple[float, float], trials: tuple[float, float]) -> Inference:
    """Infer the difference of two shares of independent rows.

    Newcombe's hybrid of Wilson's bounds (Statistics in Medicine 17, 1998, pages 873 to 890, method 10).

    Parameters
    ----------
    successes, trials : (float, float)
        Of the first and of the second sample.

    Examples
    --------
    >>> print(newcombe((56, 48), (70, 80)).estimate())
    0.2000 [0.0524, 0.3339], n 150
    """
    shares = [proportion(x, n, method="wilson") for x, n in zip(successes, trials, strict=True)]
    hybrid = independent_difference(shares[0], shares[1])
    return Inference(hybrid.value, hybrid.n, "newcombe", hybrid.lower, hybrid.upper)


def wald_difference(successes: tuple[float, float], trials: tuple[float, float]) -> Inference:
    """Infer the difference of two shares of independent rows by Wald's interval, which is not sound.

    Examples
    --------
    >>> print(wald_difference((37, 29), (53, 56)).estimate())
    0.1803 [0.0002, 0.3603], n 109
    """
    shares = [x / n for x, n in zip(successes, trials, strict=True)]
    value = shares[0] - shares[1]
    error = math.sqrt(sum(share * (1 - share) / n for share, n in zip(shares, trials, strict=True)))
    return Inference(
        value,
        round(sum(trials)),
        "wald",
        lambda alpha: max(-1.0, value + ndtri(alpha) * error),
        lambda alpha: min(1.0, value - ndtri(alpha) * error),
    )


def ratio_of_proportions(successes: tuple[float, float], trials: tuple[float, float]) -> Inference:
    """Infer the ratio of two shares of independent rows, on the logarithm.

    Katz, Baptista, Azen & Pike, Biometrics 34 (1978). Without successes in the first sample its
    bounds are 0 and infinity.

    Raises
    ------
    ValueError
        If the second sample has no successes: then there is no ratio.

    Examples
    --------
    >>> print(ratio_of_proportions((51, 38), (125, 207)).estimate())
    2.2225 [1.5560, 3.1746], n 332
    """
    if any(not 0 <= x <= n for x, n in zip(successes, trials, strict=True)):
        raise ValueError(f"a share needs 0 <= successes <= trials: {successes} of {trials}")
    if successes[1] <= 0:
        raise ValueError("a ratio needs successes in the second sample")
    value = successes[0] / trials[0] * trials[1] / successes[1]
    variance = sum(1 / x - 1 / n for x, n in zip(successes, trials, strict=True)) if value > 0 else math.inf

    def bound(z: float) -> float:
        if value > 0:
            return value * math.exp(z * math.sqrt(variance))
        return 0.0 if z < 0 else math.inf

    return Inference(
        value,
        round(sum(trials)),
        "katz",
        lambda alpha: bound(ndtri(alpha)),
        lambda alpha: bound(-ndtri(alpha)),
    )


def fisher(successes: tuple[int, int], trials: tuple[int, int]) -> float:
    """Return the two-sided p-value of Fisher's exact test that two independent shares are the same.

    Examples
    --------
    >>> round(fisher((37, 29), (53, 56)), 6)
    0.077287
    """
    from scipy.stats import fisher_exact

    table = np.array([[x, n - x] for x, n in zip(successes, trials, strict=True)])
    return float(fisher_exact(table).pvalue)
