"""The names of types that people write, of Python, NumPy, pandas, Polars, Arrow, SQL and Spark."""

from __future__ import annotations

import re

from aiqa.errors import DeclarationError, nearest
from aiqa.scan.literals import family_of

_BROAD: dict[str, tuple[str, ...]] = {
    "integer": ("int", "long", "integer", "int_", "whole"),
    "float": ("float", "floating", "number", "real", "float_"),
    "boolean": ("bool", "boolean", "bool_", "booleantype", "bit"),
    "string": ("str", "string", "string_types", "unicode", "object", "object_", "o", "utf8", "large_string",
               "varchar", "text", "char", "nvarchar", "clob", "stringtype", "stringdtype", "str_", "chartype",
               "varchartype", "categorical", "categoricaldtype", "category", "enum"),
    "date": ("date", "date32", "datetype"),
    "datetime": ("datetime", "datetime64", "timestamp", "datetimetz", "datetimetzdtype", "timestamptype",
                 "timestampntztype", "timestamptz", "timestamp_ntz"),
    "time": ("time", "timetype"),
    "decimal": ("decimal", "numeric", "decimaltype", "decimal128"),
    "null": ("none", "null", "nulltype", "voidtype", "nonetype"),
}  # fmt: skip
_EXACT: dict[str, tuple[str, ...]] = {
    "Int8": ("int8", "tinyint", "bytetype", "i1"),
    "Int16": ("int16", "smallint", "shorttype", "i2"),
    "Int32": ("int32", "integertype", "i4", "int4"),
    "Int64": ("int64", "bigint", "longtype", "i8", "int64dtype"),
    "UInt8": ("uint8", "utinyint", "uint8dtype"),
    "UInt16": ("uint16", "usmallint", "uint16dtype"),
    "UInt32": ("uint32", "uinteger", "uint32dtype"),
    "UInt64": ("uint64", "ubigint", "uint64dtype"),
    "Int128": ("int128", "hugeint"),
    "UInt128": ("uint128", "uhugeint"),
    "Float32": ("float32", "floattype", "f4", "float32dtype"),
    "Float64": ("float64", "double", "doubletype", "double precision", "f8", "float64dtype"),
}
_ALIASES = {"int8dtype": "int8", "int16dtype": "int16", "int32dtype": "int32"}
_ZONED = {"datetime64": False, "Timestamp": True, "DatetimeTZDtype": True}
"""What pandas calls moments without and with a time zone; other names are of both, also ``timestamp``."""
_FAMILY = {name: family for family, names in _BROAD.items() for name in names}
_TYPE = {name: dtype for dtype, names in _EXACT.items() for name in names}
_OTHERS = ("list", "dict", "bytes", "complex", "struct", "array", "binary", "binarytype", "arraytype",
           "maptype", "structtype", "duration", "interval", "timedelta64", "uuid", "json", "set",
           "tuple")  # fmt: skip
_NUMPY = {"boolean": "bool", "string": "object_", "datetime": "datetime64", "null": "object_",
          "decimal": "object_", "date": "object_", "time": "object_", "other": "object_"}  # fmt: skip
_PANDAS = {"boolean": "bool", "string": "object", "null": "object", "decimal": "object", "date": "object"}


def is_of_type(dtype: str, name: str, *, exactly: bool = False) -> bool:
    """Tell whether a column's type has the name, or belongs to the family that has it.

    Parameters
    ----------
    dtype : str
        The text of the column's type, in Polars' words.
    name : str
        ``int``, ``str``, ``float64``, ``datetime64``, ``IntegerType``, ``VARCHAR(20)`` and so on.
    exactly : bool
        Whether ``int`` and ``float`` mean 64 bits, as NumPy has it, in place of any number of them.

    Raises
    ------
    DeclarationError
        If no type has the name; the nearest is told.

    Examples
    --------
    >>> is_of_type("Int64", "int"), is_of_type("Int32", "BIGINT"), is_of_type("String", "object")
    (True, False, True)
    """
    zoned = _ZONED.get(re.split(r"[(\[]", name.strip(), maxsplit=1)[0])
    if zoned is not None:
        return family_of(dtype) == "datetime" and ("time_zone=None" not in dtype) is zoned
    plain = re.split(r"[(\[]", name.strip().lower(), maxsplit=1)[0].strip()
    plain = _ALIASES.get(plain, plain)
    if plain in _TYPE:
        return dtype == _TYPE[plain]
    family = family_of(dtype)
    if plain in _FAMILY:
        broad = _FAMILY[plain]
        if exactly and broad in ("integer", "float"):
            return dtype in ("Int64", "Float64") and family == broad
        return family == broad
    if plain in _OTHERS:
        return family == "other" and dtype.lower().startswith(plain.removesuffix("type"))
    raise DeclarationError(f"no type is called {name!r}{nearest(plain, [*_FAMILY, *_TYPE, *_OTHERS])}")


def numpy_name(dtype: str) -> str:
    """Return the name of the scalar type of NumPy or pandas, as Great Expectations on pandas reports it."""
    family = family_of(dtype)
    if family == "datetime" and "time_zone=None" not in dtype:
        return "Timestamp"
    return _NUMPY.get(family, dtype.lower())


def pandas_name(dtype: str) -> str:
    """Return the name of the type in pandas."""
    family = family_of(dtype)
    if family == "datetime":
        unit = next((unit for unit in ("ns", "us", "ms") if f"'{unit}'" in dtype), "us")
        zone = re.search(r"time_zone='([^']+)'", dtype)
        return f"datetime64[{unit}, {zone[1]}]" if zone else f"datetime64[{unit}]"
    return _PANDAS.get(family, dtype.lower())
