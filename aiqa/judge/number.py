"""Numbers for people: short, and never on the wrong side of what they are compared with."""

from __future__ import annotations

import math
from collections.abc import Iterable


def number(value: float, beside: Iterable[float | None] = (), signed: bool = False) -> str:
    """Return a number in four figures, or in as many more as keep it on its side of those `beside` it.

    Examples
    --------
    >>> number(0.94123), number(0.919996, beside=[0.92]), number(12345.6)
    ('0.9412', '0.919996', '12,345.6')
    >>> number(math.inf)
    'infinity'
    """
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    others = [other for other in (*beside, 1.0) if other is not None]
    rounded = (_rounded(value, figures) for figures in range(4, 18))
    honest = (text for text in rounded if all(_same_side(text, value, other) for other in others))
    text = next(honest, repr(value))
    return f"+{text}" if signed and value > 0 else text


def percent(confidence: float) -> str:
    """Return a level in percent, with as many digits as tell it from certainty.

    Examples
    --------
    >>> percent(0.95), percent(0.9984375), percent(1 - 0.05 / 2**32)
    ('95%', '99.84%', '99.9999999988%')
    """
    rest = 1 - confidence
    digits = max(0, -math.floor(math.log10(rest)) - 1) if rest > 0 else 0
    text = f"{100 * confidence:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def _rounded(value: float, figures: int) -> str:
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -5 <= size < 15:
        return f"{value:.{figures}g}"
    text = f"{value:,.{max(figures - 1 - size, 1)}f}"
    return text.rstrip("0").rstrip(".")


def _same_side(text: str, value: float, other: float) -> bool:
    shown = float(text.replace(",", ""))
    return (shown > other, shown < other) == (value > other, value < other)
