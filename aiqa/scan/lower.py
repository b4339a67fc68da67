"""What looks beyond a row, or differs between engines, replaced by columns before the queries are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import narwhals as nw

from aiqa.scan.engines.engine import ROW, Engine, Joining
from aiqa.scan.expr import LOWERED, Expr, Schema, call, col, compile_expr
from aiqa.scan.literals import family_of, zone_of
from aiqa.scan.regex import portable
from aiqa.scan.statistics import Request, Sample


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """Columns of another table, a native frame, that keys are looked up in; equal only to itself."""

    table: Any
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A table with the columns that stand for such operations, and the requests over it."""

    table: nw.LazyFrame[Any]
    schema: Schema
    requests: tuple[Request, ...]
    original: dict[Request, Request]


def lower(engine: Engine, table: nw.LazyFrame[Any], schema: Schema, requests: Sequence[Request]) -> Lowered:
    """Replace every lowered operation of the requests by a column of the same values, still unread."""
    columns: dict[Expr, str] = {}
    original = {_replaced(request, columns): request for request in requests}
    types = dict(schema)
    joined = any(expr.op == "found_in" for expr in columns)
    if (joined or not engine.ordered) and _ask_for_order(columns, requests):
        table = engine.numbered(table)  # before a window loses the order
        types[ROW] = "Int64"
    for expr, name in columns.items():
        table = _added(engine, table, types, expr, name)
        types[name] = str(table.collect_schema()[name])
    return Lowered(table, types, tuple(original), original)


def _ask_for_order(columns: dict[Expr, str], requests: Sequence[Request]) -> bool:
    samples = any(isinstance(request.statistic, Sample) for request in requests)
    return samples or any(expr.op == "previous" for expr in columns)


def simplified(value: Any, schema: Schema) -> Any:
    """Write regular expressions that all engines understand alike as an ordinary operation."""
    if not isinstance(value, Expr):
        return rebuilt(value, lambda part: simplified(part, schema))
    if not value.any("matches"):
        return value
    inner = Expr(value.op, simplified(value.args, schema))
    if inner.op != "matches" or not _is_text(inner.args[0], schema):
        return inner
    pattern = portable(inner.args[1])
    return inner if pattern is None else call("contains", inner.args[0], pattern)


def rebuilt(value: Any, change: Any) -> Any:
    """Return a request, statistic, tuple or expression with `change` applied to each part of it."""
    if isinstance(value, tuple):
        return tuple(change(item) for item in value)
    if isinstance(value, Expr):
        return Expr(value.op, change(value.args))
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, Other):
        return replace(value, **{f.name: change(getattr(value, f.name)) for f in fields(value)})
    return value


def _is_text(value: Any, schema: Schema) -> bool:
    if not isinstance(value, Expr):
        return value is None or isinstance(value, str)
    if value.op == "col":
        return family_of(schema[value.args[0]]) == "string"
    if value.op == "if":
        return all(_is_text(branch, schema) for branch in value.args[1:])
    return value.op == "to_text"


def _replaced(value: Any, columns: dict[Expr, str]) -> Any:
    """Walk requests, statistics, tuples and expressions; innermost operations first."""
    if isinstance(value, Expr) and not value.any(*LOWERED):
        return value
    inner = rebuilt(value, lambda part: _replaced(part, columns))
    if not isinstance(value, Expr) or inner.op not in LOWERED:
        return inner
    return col(columns.setdefault(inner, f"__aiqa_low{len(columns)}"))


def _added(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, expr: Expr, name: str
) -> nw.LazyFrame[Any]:
    if expr.op == "repeated":
        return _repeated(table, schema, expr, name)
    if expr.op == "found_in":
        return _found_in(engine, table, schema, expr, name)
    first = expr.args[0]
    value = _together(first, schema) if isinstance(first, tuple) else compile_expr(first, schema)
    if expr.op == "previous":
        return engine.previous(table, value, name)
    if expr.op == "wide":
        return table.with_columns(value.cast(engine.widest).alias(name))
    return engine.batch(table, value, name, expr)


def _together(keys: Sequence[Expr], schema: Schema) -> nw.Expr:
    return nw.struct(*(compile_expr(key, schema).alias(f"{place}") for place, key in enumerate(keys)))


def _found_in(
    engine: Engine, table: nw.LazyFrame[Any], schema: Schema, expr: Expr, name: str
) -> nw.LazyFrame[Any]:
    keys, other = expr.args
    adopted = cast("Joining", engine).adopt(other.table, other.columns)
    types = engine.schema(adopted)
    own, theirs = {}, []
    for place, (key, column) in enumerate(zip(keys, other.columns, strict=True)):
        kinds = schema[key.args[0]], types[column]
        mine, its = (
            _comparable(value, kinds[side], kinds, engine)
            for side, value in enumerate((compile_expr(key, schema), nw.col(column)))
        )
        own[f"{name}_{place}"] = mine
        theirs.append(its.alias(f"{name}_{place}"))
    known = adopted.select(*theirs).unique().with_columns(nw.lit(value=True).alias(name))
    joined = table.with_columns(**own).join(known, on=list(own), how="left")
    return joined.with_columns(nw.col(name).fill_null(value=False))


def common_type(one: str, other: str) -> str | None:
    """Return the family in which values of two types can be equal; None where none are.

    Examples
    --------
    >>> common_type("Int64", "Float64"), common_type("Int64", "String")
    ('float', None)
    """
    families = {family_of(one), family_of(other)}
    if len(families) == 1 and families != {"decimal"}:
        return families.pop()
    if "null" in families:
        return "string"
    if families <= {"integer", "boolean"}:
        return "integer"
    if families <= {"integer", "boolean", "decimal", "float"}:
        return "float"
    return "datetime" if families == {"date", "datetime"} else None


def _comparable(value: nw.Expr, dtype: str, kinds: tuple[str, str], engine: Engine) -> nw.Expr:
    """Bring a column to the type in which its values are compared with another's."""
    family = common_type(*kinds)
    if kinds[0] == kinds[1] or family is None:
        return value
    if family == "datetime":
        moment = value.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone_of(dtype) else value
        return moment.cast(nw.Datetime("us"))
    types = {"integer": engine.widest, "float": nw.Float64(), "string": nw.String()}
    return value.cast(types[family]) if family in types else value


def _repeated(table: nw.LazyFrame[Any], schema: Schema, expr: Expr, name: str) -> nw.LazyFrame[Any]:
    keys, where = expr.args
    asked = nw.lit(value=True) if where is None else compile_expr(where, schema).fill_null(value=False)
    named = {f"{name}_{place}": compile_expr(key, schema) for place, key in enumerate(keys)}
    there = f"{name}_there"
    keyed = table.with_columns(**named, **{there: asked})
    return keyed.with_columns((nw.col(there) & (nw.len().over(*named, there) > 1)).alias(name))
