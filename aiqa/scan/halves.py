"""Rows told apart into two halves by what they belong to, the same way every time."""

from __future__ import annotations

import zlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

Words = NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def halves(belonging: pl.DataFrame, seed: int) -> NDArray[np.int8]:
    """Return 0 or 1 for each row, the same for all rows of equal values, each for about half of the values.

    It depends on the values and the seed alone, not on their order, on other rows or on versions of
    libraries: by the finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014) of the whole numbers or, for
    other types, of the CRC-32 of the text.

    Examples
    --------
    >>> found = halves(pl.DataFrame({"customer": ["ann", "bob", "ann"]}), seed=0)
    >>> bool(found[0] == found[2])
    True
    """
    with np.errstate(over="ignore"):
        mixed = np.full(belonging.height, _mixed(np.array([seed], dtype=np.uint64))[0])
        for column in belonging:
            mixed = _mixed(mixed ^ _words(column))
    return (mixed >> np.uint64(63)).astype(np.int8)


def _words(column: pl.Series) -> Words:
    if column.dtype.is_integer() and not column.null_count():
        whole: Words = column.to_numpy().astype(np.uint64)
        return whole
    texts = column.cast(pl.String)
    codes = (0 if text is None else zlib.crc32(text.encode()) + 1 for text in texts)
    return np.fromiter(codes, np.uint64, len(texts))


def _mixed(words: Words) -> Words:
    z = words + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
