"""What an argument of an expectation must be.

These are Great Expectations' own conditions and those whose breach it tells only when it runs. A rule returns
what is wrong with a value, as the end of a sentence, or None.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from string import Formatter
from typing import Any

from aiqa.declare.durations import duration
from aiqa.declare.values import Live, freeze
from aiqa.errors import DeclarationError

Rule = Callable[[Any], str | None]

PARSERS = ("great_expectations", "great_expectations__experimental__", "pandas", "spark")
IGNORED_PAIRS = ("both_values_are_missing", "either_value_is_missing", "neither")
IGNORED_RECORDS = ("all_values_are_missing", "any_value_is_missing", "never")
PARAMETER = "$PARAMETER"


def wrong_argument(type_: str, name: str, value: Any) -> str | None:
    """Say what is wrong with an argument of a type of expectation, as a sentence."""
    if isinstance(value, Live):
        return _wrong_live(name, value)
    if holds_parameter(value):
        return None
    rule = _OF_TYPE.get((type_, name)) or _RULES.get(name)
    wrong = None if rule is None else rule(value)
    return None if wrong is None else f"{name}= {wrong}"


def wrong_together(type_: str, kwargs: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the bounds of an expectation, taken together, as a sentence."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if type_ in _BOUNDED and low is None and high is None:
        return f"{type_.removeprefix('expect_')} needs min_value=, max_value= or both"
    if type_ in _ORDERED and not holds_parameter((low, high)) and _reversed(low, high):
        return f"min_value={low!r} is greater than max_value={high!r}"
    if kwargs.get("ordered") and isinstance(kwargs.get("schema"), Mapping):
        return "ordered=True needs schema= as pairs of a column and its type, which have an order"
    return None


def is_parameter(value: Any) -> bool:
    """Whether a value is a suite parameter, which stands for one that the run brings."""
    return isinstance(value, Mapping) and PARAMETER in value


def holds_parameter(value: Any) -> bool:
    """Whether a value is a suite parameter, or holds one."""
    if isinstance(value, Mapping):
        return PARAMETER in value or any(map(holds_parameter, value.values()))
    return isinstance(value, (tuple, list)) and any(map(holds_parameter, value))


def _wrong_live(name: str, value: Live) -> str | None:
    try:
        freeze(value.value, f"{name}=", infinite=True)
    except DeclarationError as error:
        return str(error)
    return f"{name}= is {value!r}, which cannot be declared"


def _must_be(what: str, holds: Callable[[Any], bool]) -> Rule:
    return lambda value: None if holds(value) else f"must be {what}, not {value!r:.200}"


def one_of(*choices: str) -> Rule:
    """Return the rule that a value is one of the choices."""
    return _must_be(f"one of {', '.join(choices)}", lambda value: value in choices)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value) and value == int(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple)


def _is_pair(value: Any) -> bool:
    return _is_list(value) and len(value) == 2


def _is_range(value: Any) -> bool:
    """Tell whether a value is a pair of bounds, each a number or None for none."""
    numbers = _is_pair(value) and all(end is None or _is_number(end) for end in value)
    return numbers and not _reversed(*value)


def _is_comparable(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, Decimal, dt.date, dt.time))


def _reversed(low: Any, high: Any) -> bool:
    if low is None or high is None:
        return False
    try:
        return bool(low > high)
    except TypeError:
        return False  # a date and a moment, say: the column's type decides


def _optional(rule: Rule) -> Rule:
    return lambda value: None if value is None else rule(value)


def _each(what: str, rule: Rule, least: int = 0) -> Rule:
    """Return the rule that a value is a list of so many, each of a rule."""
    is_list = _must_be(what, lambda value: _is_list(value) and len(value) >= least)
    return lambda value: is_list(value) or next(filter(None, map(rule, value)), None)


def _regex(value: Any) -> str | None:
    if not isinstance(value, str):
        return _text(value)
    try:
        re.compile(value)
    except re.error as error:
        return f"holds {value!r}, which is no regular expression: {error}"
    return None


def _strftime(value: Any) -> str | None:
    """Try the format on a moment, both ways, as Great Expectations does."""
    try:
        told = dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.UTC).strftime(value)
        dt.datetime.strptime(told, value)  # noqa: DTZ007 - only whether it can be read counts
    except (TypeError, ValueError, re.error) as error:
        return f"must be a format of strftime, not {value!r} ({error})"
    return None


def _query(value: Any) -> str | None:
    """Refuse a lone brace: ``{batch}`` is filled in as by ``str.format``."""
    if not _is_name(value):
        return _told(value)
    try:
        list(Formatter().parse(value))
    except ValueError as error:
        return f"must have {{{{ and }}}} for braces that are not of {{batch}} ({error}), not {value!r}"
    return None


def _quantile_ranges(value: Any) -> str | None:
    if not isinstance(value, Mapping) or set(value) != {"quantiles", "value_ranges"}:
        return f"must be a mapping with quantiles and value_ranges, not {value!r:.200}"
    quantiles, ranges = value["quantiles"], value["value_ranges"]
    if not (_is_list(quantiles) and all(_is_number(one) and 0 <= one <= 1 for one in quantiles)):
        return f"needs quantiles from 0 to 1, not {quantiles!r:.200}"
    if not (_is_list(ranges) and all(_is_range(one) for one in ranges)):
        return f"needs value_ranges of pairs of numbers, the lesser bound first, not {ranges!r:.200}"
    return None if len(quantiles) == len(ranges) else "needs as many value_ranges as quantiles"


def _schema(value: Any) -> str | None:
    what = "must be a mapping of columns to names of types, or pairs of these"
    if not (isinstance(value, Mapping) or _is_list(value)) or not value:
        return f"{what}, not {value!r:.200}"
    pairs = tuple(value.items()) if isinstance(value, Mapping) else value
    told = all(_is_pair(pair) and _is_name(pair[0]) and _is_name(pair[1]) for pair in pairs)
    return None if told else f"{what}, not {value!r:.200}"


def _partition(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"must be a mapping, not {value!r:.200}"
    for name in ("bins", "weights", "tail_weights"):
        numbers = value.get(name) or ()
        if not (_is_list(numbers) and all(map(_is_number, numbers))):
            return f"needs {name} that are numbers, not {numbers!r:.200}"
    if value.get("bins") and not any(map(math.isfinite, value["bins"])):
        return "needs bins with at least one finite edge"
    return None


def _duration(value: Any) -> str | None:
    if not isinstance(value, str):
        return _told(value)
    try:
        duration(value)
    except DeclarationError as error:
        return f"is {error}"
    return None


def _gap(value: Any) -> str | None:
    return _duration(value) if isinstance(value, str) else _positive(value)


def _column_or_columns(value: Any) -> str | None:
    return (
        _column(value) if isinstance(value, str) else _each("a list of names of columns", _column, 1)(value)
    )


_text = _must_be("a string", lambda value: isinstance(value, str))
_told = _must_be("a string that is not empty", _is_name)
_flag = _must_be("True or False", lambda value: isinstance(value, bool))
_number = _must_be("a number", _is_number)
_whole = _must_be("a whole number", _is_whole)
_share = _must_be("a share from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
_positive = _must_be("a number from 0 up", lambda value: _is_number(value) and value >= 0)
_mapping = _must_be("a mapping", lambda value: isinstance(value, Mapping))
_column = _must_be("the name of a column", _is_name)
_values = _must_be("a list or a set", _is_list)
_names = _each("a list or a set of names of columns", _column)
_columns = _each("a list of two or more names of columns", _column, least=2)
_bound = _must_be("a number, a date, a time or a string", _is_comparable)
_pairs = _each("a list of pairs", _must_be("pairs of values", _is_pair))

_RULES: dict[str, Rule] = {
    "allow_relative_error": _must_be("True, False or a name", lambda value: isinstance(value, (bool, str))),
    "base_query": _told,
    "bucketize_data": _flag,
    "column": _column,
    "column_A": _column,
    "column_B": _column,
    "column_index": _optional(
        _must_be("a whole number from 0", lambda value: _is_whole(value) and value >= 0)
    ),
    "column_list": _columns,
    "column_set": _optional(_names),
    "comparison_data_source_name": _told,
    "comparison_query": _told,
    "condition_parser": _optional(one_of(*PARSERS)),
    "double_sided": _flag,
    "gap": _gap,
    "escape": _optional(_must_be("a single character", lambda value: _is_name(value) and len(value) == 1)),
    "exact_match": _optional(_flag),
    "ignore_row_if": one_of(*IGNORED_RECORDS),
    "internal_weight_holdout": _share,
    "json_schema": _mapping,
    "like_pattern": _text,
    "like_pattern_list": _each("a list of one or more patterns", _text, least=1),
    "match_on": one_of("any", "all"),
    "max_value": _bound,
    "method": one_of("iqr", "std"),
    "min_value": _bound,
    "missing_columns": one_of("allow", "refuse"),
    "mostly": _share,
    "multiplier": _positive,
    "new_columns": one_of("allow", "refuse"),
    "now": _optional(_must_be("a moment", lambda value: isinstance(value, (str, dt.date)))),
    "or_equal": _optional(_flag),
    "ordered": _flag,
    "other_column": _optional(_column_or_columns),
    "other_table_name": _told,
    "partition_object": _optional(_partition),
    "quantile_ranges": _quantile_ranges,
    "regex": _regex,
    "regex_list": _each("a list of one or more regular expressions", _regex, least=1),
    "row_condition": _optional(
        _must_be("a string or a mapping", lambda value: isinstance(value, (str, Mapping)))
    ),
    "schema": _schema,
    "strftime_format": _strftime,
    "strict_max": _flag,
    "strict_min": _flag,
    "strictly": _optional(_flag),
    "sum_total": _number,
    "table": _told,
    "tail_weight_holdout": _share,
    "threshold": _number,
    "ties_okay": _optional(_flag),
    "type_": _told,
    "type_list": _optional(_each("a list of names of types", _told)),
    "unexpected_rows_query": _query,
    "value": _whole,
    "value_pairs_set": _pairs,
    "value_set": _values,
    "wider_types": one_of("allow", "refuse"),
    "within": _duration,
}
_OF_TYPE: dict[tuple[str, str], Rule] = {
    ("expect_column_values_to_refer_to", "column"): _column_or_columns,
    ("expect_column_distinct_values_to_be_in_set", "value_set"): _each(
        "a list or a set of one or more values", lambda _: None, least=1
    ),
    ("expect_column_kl_divergence_to_be_less_than", "threshold"): _optional(_positive),
    ("expect_column_value_lengths_to_equal", "value"): _number,
    ("expect_table_columns_to_match_ordered_list", "column_list"): _optional(_names),
    **{
        (f"expect_column_pair_values_{what}", "ignore_row_if"): one_of(*IGNORED_PAIRS)
        for what in ("a_to_be_greater_than_b", "to_be_equal", "to_be_in_set")
    },
    **{
        (f"expect_{what}_to_be_between", bound): _optional(rule)
        for what, rule in (
            ("column_proportion_of_non_null_values", _number),
            ("column_proportion_of_unique_values", _number),
            ("column_stdev", _number),
            ("column_unique_value_count", _whole),
            ("column_value_lengths", _whole),
            ("table_column_count", _number),
            ("table_row_count", _whole),
        )
        for bound in ("min_value", "max_value")
    },
}
_BOUNDED = ("expect_column_value_lengths_to_be_between", "expect_column_values_to_be_between")
_ORDERED = ("expect_column_values_to_be_between", "expect_table_row_count_to_be_between")
