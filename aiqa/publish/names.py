"""Names that a receiver accepts, still telling apart what our names tell apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

_DIGITS = 8


class Names:
    """Gives each of our names one that a receiver accepts, never the same to two.

    Parameters
    ----------
    clean : callable
        From the parts of a name to one in the receiver's alphabet.
    limit : int
        Characters that the receiver takes.

    Examples
    --------
    >>> names = Names(lambda *parts: "/".join(parts).replace("@", "_"), limit=20)
    >>> names("a", "p@500"), names("a", "p@500"), names("a", "p_500")
    ('a/p_500', 'a/p_500', 'a/p_500_3f1de0fe')
    """

    def __init__(self, clean: Callable[..., str], limit: int) -> None:
        self._clean = clean
        self._limit = limit
        self._given: dict[tuple[str, ...], str] = {}
        self._taken: set[str] = set()

    def __call__(self, *parts: str) -> str:
        """Return the receiver's name for these parts, the same one every time."""
        if parts not in self._given:
            self._given[parts] = self._fresh(parts)
        return self._given[parts]

    def _fresh(self, parts: tuple[str, ...]) -> str:
        name = self._clean(*parts)
        # Receivers fold case: two names that differ by nothing else would be one there.
        if len(name) > self._limit or name.casefold() in self._taken:
            digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:_DIGITS]
            name = f"{name[: self._limit - _DIGITS - 1]}_{digest}"
        self._taken.add(name.casefold())
        return name
