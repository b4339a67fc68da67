"""The values that a declaration may hold, and how declarations travel as JSON.

A declaration is a frozen dataclass whose fields are plain values, other declarations, or references to
functions. It is written as ``{"declares": "Gate", ...fields that differ from their default}``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from importlib import import_module
from operator import itemgetter
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

from aiqa.errors import DeclarationError, nearest

D = TypeVar("D", bound="type[Declaration]")
_CLASSES: dict[str, type[Declaration]] = {}
_TIMES: dict[str, Any] = {"datetime": dt.datetime, "date": dt.date, "time": dt.time}
_SEVERAL = (Mapping, Sequence, AbstractSet, ValuesView)


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def declaration(cls: D) -> D:
    """Make a frozen dataclass of `cls` and let its JSON form be read back."""
    frozen = dataclasses.dataclass(frozen=True, repr=False)(cls)
    _CLASSES[cls.__name__] = frozen
    return cast("D", frozen)


class Declaration:
    """What every declaration can do: compare by value, print itself, travel as JSON."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, complete enough for :func:`from_json`.

        Objects that live in memory only (a frame, an estimator) are named by their type: such a
        declaration can be recorded but not read back.
        """
        return {"declares": type(self).__name__} | {
            field.name: _encode(getattr(self, field.name)) for field in self._told_fields()
        }

    def _told_fields(self) -> list[dataclasses.Field[Any]]:
        return [
            field
            for field in dataclasses.fields(cast("Any", self))
            if not _is_default(field, getattr(self, field.name))
        ]

    def __repr__(self) -> str:
        told = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in self._told_fields())
        return f"{type(self).__name__}({told})"


def from_json(document: Mapping[str, Any]) -> Any:
    """Read a declaration back from what :meth:`Declaration.to_json` gave.

    Raises
    ------
    DeclarationError
        If the document is no declaration, names an unknown one, or held an object in memory.

    Examples
    --------
    >>> from aiqa import metric
    >>> gate = metric.roc_auc >= 0.9
    >>> from_json(gate.to_json()) == gate
    True
    """
    try:
        value = _decode(document)
    except (ValueError, TypeError, ArithmeticError) as error:
        if isinstance(error, DeclarationError):
            raise
        raise DeclarationError(f"not a declaration: {error}") from error
    if not isinstance(value, Declaration):
        raise DeclarationError(f"not a declaration: {document!r}")
    return value


@declaration
class FunctionRef(Declaration):
    """A function by its address, so that it compares by value and travels as JSON.

    Two lambdas, closures or callable objects may share an address: at hand, they are told apart.
    """

    address: str
    live: Any = dataclasses.field(default=None, compare=False)

    @classmethod
    def of(cls, function: Callable[..., Any]) -> FunctionRef:
        name = getattr(function, "__qualname__", type(function).__qualname__)
        module = getattr(function, "__module__", None) or "__main__"
        return cls(f"{module}:{name}", function)

    def load(self) -> Callable[..., Any]:
        """Return the function, importing its module where it is not at hand.

        Raises
        ------
        DeclarationError
            If the address leads nowhere.
        """
        if self.live is not None:
            return cast("Callable[..., Any]", self.live)
        module, _, path = self.address.partition(":")
        try:
            found: Any = import_module(module)
            for name in path.split("."):
                found = getattr(found, name)
        except (ImportError, AttributeError) as error:
            raise DeclarationError(f"no function at {self.address!r}: {error}") from error
        return cast("Callable[..., Any]", found)

    def to_json(self) -> dict[str, Any]:
        return {"declares": "FunctionRef", "address": self.address}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FunctionRef) or self.address != other.address:
            return False
        return self.live is None or other.live is None or bool(self.live == other.live)

    def __repr__(self) -> str:
        return self.address


@declaration
class Live(Declaration):
    """An object in memory: equal only to itself, recorded by its type."""

    type_name: str
    value: Any = dataclasses.field(default=None, compare=False)
    identity: int = 0

    @classmethod
    def of(cls, value: Any) -> Live:
        kind = type(value)
        return cls(f"{kind.__module__}.{kind.__qualname__}", value, id(value))

    def to_json(self) -> dict[str, Any]:
        return {"declares": "Live", "type_name": self.type_name}

    def __repr__(self) -> str:
        return f"<{self.type_name} in memory>"


_PLAIN = (str, bool, int, dt.date, dt.time, Declaration)


def freeze(value: Any, what: str, *, infinite: bool = False) -> Any:
    """Return `value` in a form that is hashable and fits JSON, or say why it cannot be declared.

    Lists, sets and series become tuples (sets sorted), mappings :class:`Pairs`, functions
    :class:`FunctionRef`.

    Parameters
    ----------
    value
        To be held by a declaration.
    what : str
        Names the argument in the error.
    infinite : bool, optional
        Whether an infinity will do.

    Raises
    ------
    DeclarationError
        For a NaN, an infinity or an object that JSON cannot carry.
    """
    if isinstance(value, Enum):
        return freeze(value.value, what, infinite=infinite)
    if isinstance(value, (float, Decimal)):
        return _frozen_number(value, what, infinite=infinite)
    if value is None or isinstance(value, _PLAIN):
        return value
    for listing in ("tolist", "to_list"):  # arrays, scalars and series of NumPy, pandas and Polars
        if hasattr(value, listing):
            return freeze(getattr(value, listing)(), what, infinite=infinite)
    if isinstance(value, _SEVERAL) and not isinstance(value, (bytes, bytearray)):
        return _frozen_items(value, what, infinite=infinite)
    if callable(value):
        return FunctionRef.of(value)
    raise DeclarationError(f"{what} cannot be a {type(value).__qualname__}: {value!r}")


def _frozen_number(value: float | Decimal, what: str, *, infinite: bool) -> float | Decimal:
    nan = value.is_nan() if isinstance(value, Decimal) else math.isnan(value)
    if nan or (math.isinf(value) and not infinite):
        raise DeclarationError(f"{what} must be a finite number, not {value}")
    # NumPy's float64 is a float, and says when printed that it is NumPy's.
    return value if isinstance(value, Decimal) else float(value)


def _frozen_items(value: Collection[Any], what: str, *, infinite: bool) -> Any:
    if isinstance(value, Mapping):
        pairs = ((str(key), freeze(item, what, infinite=infinite)) for key, item in value.items())
        return Pairs(tuple(sorted(pairs, key=itemgetter(0))))
    items = [freeze(item, what, infinite=infinite) for item in value]
    return tuple(sorted(items, key=repr)) if isinstance(value, AbstractSet) else tuple(items)


@declaration
class Pairs(Declaration):
    """A mapping as a declaration holds it: sorted pairs, hashable."""

    items: tuple[tuple[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the mapping, and those within it, as dicts; lists are tuples."""
        return {key: _thaw(value) for key, value in self.items}

    def __repr__(self) -> str:
        return repr(self.as_dict())


def _thaw(value: Any) -> Any:
    if isinstance(value, Pairs):
        return value.as_dict()
    return tuple(map(_thaw, value)) if isinstance(value, tuple) else value


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    return field.default is not dataclasses.MISSING and bool(field.default == value)


def _encode(value: Any) -> Any:
    if isinstance(value, Declaration):
        return value.to_json()
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, float) and math.isinf(value):
        return {"float": str(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    for name, kind in _TIMES.items():
        if isinstance(value, kind):
            return {name: value.isoformat()}
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item) for item in value)
    if not isinstance(value, Mapping):
        return value
    if "declares" in value:
        return _decode_declaration(value)
    if "decimal" in value:
        return Decimal(value["decimal"])
    if "float" in value:
        return _frozen_number(float(value["float"]), "a number", infinite=True)
    for name, kind in _TIMES.items():
        if name in value:
            return kind.fromisoformat(value[name])
    raise DeclarationError(f"not a value of a declaration: {value!r}")


def _decode_declaration(document: Mapping[str, Any]) -> Declaration:
    name = document["declares"]
    if name == "Live":
        raise DeclarationError(
            f"this declaration holds an object in memory ({document.get('type_name')}), which JSON cannot "
            "carry: declare a path, an address or a function instead"
        )
    if name not in _CLASSES:
        raise DeclarationError(f"unknown declaration {name!r}{nearest(str(name), _CLASSES)}")
    fields = {key: _decode(item) for key, item in document.items() if key != "declares"}
    try:
        return _CLASSES[name](**fields)
    except TypeError as error:
        raise DeclarationError(f"not a {name}: {error}") from error
