"""A digest of an object's state that does not depend on how memory shares its parts, as a pickle's does."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any

import numpy as np

_PLAIN = (type(None), bool, int, float, complex, str, bytes)


def digest(value: Any) -> str | None:
    """Return the SHA-256 of an object's type and state, all parts included.

    Returns
    -------
    str or None
        None for an object that cannot be taken apart, as one that holds a lock or an open file.

    Examples
    --------
    >>> digest({"coef": np.ones(3)}) == digest({"coef": np.ones(3)})
    True
    >>> digest({"coef": np.ones(3)}) == digest({"coef": np.zeros(3)})
    False
    """
    sha = hashlib.sha256()
    try:
        for part in _parts(value, ()):
            sha.update(len(part).to_bytes(8, "big"))
            sha.update(part)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return None
    return f"state-sha256:{sha.hexdigest()}"


class _Counter:
    """A file that keeps nothing of what is written but its length."""

    size = 0

    def write(self, part: Any) -> int:
        self.size += memoryview(part).nbytes
        return memoryview(part).nbytes


def pickled_size(value: Any) -> int | None:
    """Return the bytes of an object's pickle (protocol 5); None for one that cannot be pickled.

    Examples
    --------
    >>> pickled_size(b"x" * 1000) - len(pickle.dumps(b"x" * 1000, 5))
    0
    """
    counter = _Counter()
    try:
        pickle.Pickler(counter, 5).dump(value)
    except Exception:  # noqa: BLE001 - classes of users say what they like here
        return None
    return counter.size


def _parts(value: Any, above: tuple[int, ...]) -> Iterator[bytes]:
    yield type(value).__qualname__.encode()
    if isinstance(value, _PLAIN):
        yield repr(value).encode()
    elif id(value) in above:
        yield b"cycle"
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype.str}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    else:
        for item in _inside(value):
            yield from _parts(item, (*above, id(value)))


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, map(digest, value)))
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, np.ndarray):
        return [str(value.shape), *value.ravel().tolist()]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_consts, value.co_names]
    if isinstance(value, FunctionType):
        return [value.__module__, value.__qualname__, value.__code__]
    if isinstance(value, (type, BuiltinFunctionType)):
        return [value.__module__, value.__qualname__]
    return _reduced(value)


def _reduced(value: Any) -> list[Any]:
    """Take an object apart the way pickle does."""
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return [type(value).__module__, reduced]
    return [list(part) if isinstance(part, Iterator) else part for part in reduced]
