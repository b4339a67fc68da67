"""Bounds that rows not seen yet keep as well."""

from __future__ import annotations

import math

ENOUGH = 30
"""Rows below which a column says too little of the next ones."""

_ENDLESS = 1e300
"""From here on a number is no bound: rounding it would leave what a float holds."""


def tolerance(rows: int) -> float:
    """Return the share of rows that must keep a widened bound: one stray row in a thousand does not count."""
    return 0.999 if rows >= 5000 else 0.99


def mostly(good: int, rows: int) -> float:
    """Return a share that a quarter as many rows reach too: four standard errors and a row below the seen.

    Examples
    --------
    >>> mostly(900, 1000), mostly(1000, 1000), mostly(1, 100)
    (0.82, 1.0, 0.0)
    """
    if good >= rows:
        return 1.0
    share, fewer = good / rows, rows / 4
    margin = 4 * math.sqrt(share * (1 - share) / fewer) + 1 / fewer
    return max(0.0, math.floor(100 * (share - margin)) / 100)


def below(value: float, scale: float) -> float | None:
    """Return a number of few digits at or below `value`, to about a tenth of `scale`; None if there is none.

    Examples
    --------
    >>> below(12.34567, 3.0), above(12.34567, 3.0), below(-987654, 50_000)
    (12.3, 12.4, -988000.0)
    """
    if not (abs(value) < _ENDLESS and 0 < scale < _ENDLESS):
        return None
    digits = 1 - math.floor(math.log10(scale))
    near = round(value, digits)
    low = near if near <= value else round(near - 10.0**-digits, digits)
    return low + 0.0 if low <= value else value  # never -0.0


def above(value: float, scale: float) -> float | None:
    """Return a number of few digits at or above `value`; see :func:`below`."""
    low = below(-value, scale)
    return None if low is None else 0.0 - low


def widened(low: float, high: float, by: float) -> tuple[float | None, float | None]:
    """Return the ends of a range moved outward by this share of its width; natural ends stay.

    What was never negative stays so, what was never positive too, and what lay in [0, 1] keeps to it.

    Examples
    --------
    >>> widened(3.0, 97.0, 0.5), widened(0.1, 0.93, 0.5), widened(-5.0, 5.0, 0.5)
    ((0, 144.0), (0, 1), (-10.0, 10.0))
    """
    scale = (high - low) or abs(high) or 1.0
    if low >= 0:
        return 0, (1 if high <= 1 else above(high + by * scale, scale))
    return below(low - by * scale, scale), (0 if high <= 0 else above(high + by * scale, scale))
