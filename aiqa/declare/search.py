"""A search for weak slices among columns and their crosses, as part of what a metric declares."""

from __future__ import annotations

from aiqa.declare.values import Declaration, declaration
from aiqa.errors import DeclarationError


@declaration
class Search(Declaration):
    """How weak slices are searched for.

    Parameters
    ----------
    depth : int, default 2
        Of how many columns a slice may be crossed.
    min_support : int, default 50
        How many rows of the half that is searched a slice must have.

    Raises
    ------
    DeclarationError
        If one is no whole number, or less than 1.
    """

    depth: int = 2
    min_support: int = 50

    def __post_init__(self) -> None:
        for name, value in (("depth", self.depth), ("min_support", self.min_support)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise DeclarationError(f"{name}= is a whole number, from 1 up, not {value!r}")
