"""Random tables and random expectations of every type, for the oracle."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pandas as pd
from hypothesis import strategies as st

Kwargs = dict[str, Any]

NUMBERS = st.one_of(
    st.none(),
    st.integers(-20, 20).map(lambda k: k / 4),
    st.sampled_from([0.1, 1e-9, 1e12, math.nan, math.inf, -math.inf, -0.0]),
)
FINITE = st.one_of(st.none(), st.integers(-20, 20).map(lambda k: k / 4))
WHOLE = st.one_of(st.integers(-5, 5), st.sampled_from([2**53, 2**53 + 1, 2**62, -(2**62)]))
TEXTS = st.one_of(
    st.none(),
    st.text("ab1é _%.\n", max_size=4),
    st.sampled_from(["a", "b", "2026-01-31", "31/01/2026", '{"a": 1}', "[1", "3", "ß", "日本", "A"]),
)
FIRST, LAST = dt.datetime(1999, 1, 1), dt.datetime(2027, 1, 1)  # noqa: DTZ001 - the columns have no zone
MOMENTS = st.one_of(st.none(), st.datetimes(FIRST, LAST).map(lambda moment: moment.replace(microsecond=0)))
DECIMALS = st.one_of(st.none(), st.integers(-300, 300).map(lambda k: Decimal(k) / 100))
MIXED = st.one_of(st.none(), st.integers(-2, 2), st.sampled_from(["a", "1", "2"]), st.just(1.5))
LIKE = ("x", "f", "k", "m", "s", "b", "t", "z", "d", "c", "o")


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Of every kind of column: x any floats, f finite ones, k whole, m whole or missing, s texts, o mixed."""
    rows = draw(st.sampled_from([0, 1, 2, 3, 5, 8, 12]))

    def values(strategy: st.SearchStrategy[Any]) -> list[Any]:
        # Few different values, so that some repeat.
        pool = draw(st.lists(strategy, min_size=1, max_size=6))
        return draw(st.lists(st.sampled_from(pool), min_size=rows, max_size=rows))

    moments = values(MOMENTS)
    return pd.DataFrame(
        {
            "x": pd.Series(values(NUMBERS), dtype="float64"),
            "f": pd.Series(values(FINITE), dtype="float64"),
            "k": pd.Series(values(WHOLE), dtype="int64"),
            "m": pd.Series(values(st.one_of(st.none(), st.integers(-5, 5))), dtype="float64"),
            "s": pd.Series(values(TEXTS), dtype=draw(st.sampled_from(["object", "str"]))),
            "b": pd.Series(values(st.booleans()), dtype="bool"),
            "t": pd.Series(moments, dtype="datetime64[us]"),
            "z": pd.Series(moments, dtype="datetime64[us]").dt.tz_localize("UTC"),
            "d": pd.Series(values(DECIMALS), dtype="object"),
            "c": pd.Series(values(st.sampled_from(["u", "v", None])), dtype="category"),
            "o": pd.Series(values(MIXED), dtype="object"),
        }
    )


def _share() -> st.SearchStrategy[float]:
    return st.sampled_from([1.0, 0.9, 0.75, 0.5, 0.3, 0.0])


def _bounds(*between: Any, strict: bool = True) -> st.SearchStrategy[Kwargs]:
    """Two bounds in order, or one."""
    pairs = st.tuples(st.sampled_from(between), st.sampled_from(between)).map(sorted)
    names = st.sampled_from([("min_value", "max_value"), ("min_value",), ("max_value",)])

    def made(pair: list[Any], named: tuple[str, ...], low: bool, high: bool) -> Kwargs:
        kwargs = {
            name: value for name, value in zip(("min_value", "max_value"), pair, strict=True) if name in named
        }
        return kwargs | ({"strict_min": low, "strict_max": high} if strict else {})

    return st.builds(made, pairs, names, st.booleans(), st.booleans())


def _of(columns: str, **arguments: Any) -> st.SearchStrategy[Kwargs]:
    fixed = {
        name: value if isinstance(value, st.SearchStrategy) else st.just(value)
        for name, value in arguments.items()
    }
    return st.fixed_dictionaries({"column": st.sampled_from(list(columns)), **fixed})


def _joined(*parts: st.SearchStrategy[Kwargs]) -> st.SearchStrategy[Kwargs]:
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})


def _values(columns: str, **arguments: Any) -> st.SearchStrategy[Kwargs]:
    return _of(columns, mostly=_share(), **arguments)


def _aggregate(columns: str, *between: Any) -> st.SearchStrategy[Kwargs]:
    return _joined(_of(columns), _bounds(*between))


def _records(names: str, rules: tuple[str, ...], **arguments: Any) -> st.SearchStrategy[Kwargs]:
    lists = st.lists(st.sampled_from(list(names)), min_size=2, max_size=3, unique=True)
    fixed = {
        key: value if isinstance(value, st.SearchStrategy) else st.just(value)
        for key, value in arguments.items()
    }
    return st.fixed_dictionaries(
        {"column_list": lists, "ignore_row_if": st.sampled_from(rules), "mostly": _share(), **fixed}
    )


def _pairs(names: str, **arguments: Any) -> st.SearchStrategy[Kwargs]:
    rules = ("both_values_are_missing", "either_value_is_missing", "neither")
    fixed = {
        key: value if isinstance(value, st.SearchStrategy) else st.just(value)
        for key, value in arguments.items()
    }
    return st.fixed_dictionaries(
        {
            "column_A": st.sampled_from(list(names)),
            "column_B": st.sampled_from(list(names)),
            "ignore_row_if": st.sampled_from(rules),
            "mostly": _share(),
            **fixed,
        }
    )


RULES = ("all_values_are_missing", "any_value_is_missing", "never")
SMALL = (-3, -1, 0, 0.5, 1, 2.25, 4)
SETS = st.lists(st.sampled_from([-1, 0, 1, 2, 0.25, 2**53]), min_size=1, max_size=4)
TEXT_SETS = st.lists(st.sampled_from(["a", "b", "A", "u", "1", "é"]), min_size=1, max_size=4)
REGEXES = st.sampled_from(
    ["^a", "b$", r"\d", "é|1", "a(?!b)", r"^\w+$", r"\s", "[^a]", "^$", ".", "(a|b){2,}", r"^\d{4}-\d\d"]
)
REGEX_LISTS = st.lists(REGEXES, min_size=1, max_size=3)
COUNTS = (0, 1, 2, 3, 5, 8)
RANGES = st.fixed_dictionaries(
    {
        "quantiles": st.just([0.0, 0.25, 0.5, 0.9, 1.0]),
        "value_ranges": st.lists(
            st.sampled_from([[None, 2], [-1, None], [-5, 5], [0, 0], [-3, 1]]), min_size=5, max_size=5
        ),
    }
)
CATEGORIES = st.sampled_from(
    [
        {"values": ["u", "v"], "weights": [0.5, 0.5]},
        {"values": ["u"], "weights": [1.0]},
        {"values": ["u", "v", "w"], "weights": [0.2, 0.3, 0.5]},
    ]
)
BINS = st.sampled_from(
    [
        {"bins": [-5, 0, 2, 5], "weights": [0.2, 0.3, 0.5]},
        {"bins": [-5.0, 0.0, 5.0], "weights": [0.3, 0.3], "tail_weights": [0.2, 0.2]},
        {"bins": [-math.inf, -1.0, 1.0, math.inf], "weights": [0.25, 0.5, 0.25]},
    ]
)
SCHEMAS = st.sampled_from([{"type": "object"}, {"type": "array"}, {"properties": {"a": {"type": "string"}}}])
TYPES = st.sampled_from(["int", "float", "str", "bool", "int64", "float64", "datetime64", "Timestamp"])

ARGUMENTS: dict[str, st.SearchStrategy[Kwargs]] = {
    "column_values_to_be_between": st.one_of(
        _joined(_values("xfkmb"), _bounds(*SMALL)),
        _joined(_values("t"), _bounds(dt.datetime(2001, 1, 1), dt.datetime(2020, 5, 5))),  # noqa: DTZ001
        _joined(_values("d"), _bounds(-1, 0, 1)),
    ),
    "column_values_to_be_in_set": st.one_of(
        _values("xfkm", value_set=SETS), _values("sc", value_set=TEXT_SETS)
    ),
    "column_values_to_not_be_in_set": st.one_of(
        _values("xfkm", value_set=SETS), _values("sc", value_set=TEXT_SETS)
    ),
    "column_values_to_be_null": _values("".join(LIKE)),
    "column_values_to_not_be_null": _values("".join(LIKE)),
    "column_values_to_be_unique": _values("".join(LIKE)),
    "column_values_to_be_of_type": _of("xkbt", type_=TYPES),
    "column_values_to_be_in_type_list": _of("xkb", type_list=st.lists(TYPES, min_size=1, max_size=3)),
    "column_values_to_be_increasing": _values("fkmt", strictly=st.booleans()),
    "column_values_to_be_decreasing": _values("fkmt", strictly=st.booleans()),
    "column_values_to_be_dateutil_parseable": _values("s"),
    "column_values_to_be_json_parseable": _values("sx"),
    "column_values_to_match_json_schema": _values("s", json_schema=SCHEMAS),
    "column_values_to_match_strftime_format": _values(
        "s", strftime_format=st.sampled_from(["%Y-%m-%d", "%d/%m/%Y"])
    ),
    "column_values_to_match_regex": _values("s", regex=REGEXES),
    "column_values_to_not_match_regex": _values("s", regex=REGEXES),
    "column_values_to_match_regex_list": _values(
        "s", regex_list=REGEX_LISTS, match_on=st.sampled_from(["any", "all"])
    ),
    "column_values_to_not_match_regex_list": _values("s", regex_list=REGEX_LISTS),
    "column_values_to_not_be_outliers": st.one_of(
        _values("fkm", method="iqr", multiplier=st.sampled_from([0, 0.5, 1.5])),
        _values("fkm", method="std", multiplier=st.sampled_from([0, 0.5, 1, 2])),
    ),
    "column_value_lengths_to_equal": _values("s", value=st.sampled_from([0, 1, 2, 3])),
    "column_value_lengths_to_be_between": _joined(_values("s"), _bounds(0, 1, 2, 3)),
    "column_value_z_scores_to_be_less_than": _values(
        "fm", threshold=st.sampled_from([0.3, 1, 1.4, 2]), double_sided=st.booleans()
    ),
    "column_pair_values_a_to_be_greater_than_b": st.one_of(
        _pairs("xfkm", or_equal=st.booleans()), _pairs("t", or_equal=st.booleans())
    ),
    "column_pair_values_to_be_equal": _pairs("xfkmso"),
    "column_pair_values_to_be_in_set": _pairs(
        "km", value_pairs_set=st.just([[1, 1], [0, 2], [None, 1], [3, 4]])
    ),
    "compound_columns_to_be_unique": _records("kmsb", RULES),
    "multicolumn_sum_to_equal": _records("fmk", RULES, sum_total=st.sampled_from([0, 1, 3])),
    "multicolumn_values_to_be_equal": _records("kms", RULES),
    "select_column_values_to_be_unique_within_record": _records("fkm", RULES),
    "column_min_to_be_between": st.one_of(
        _aggregate("xfkm", *SMALL),
        _aggregate("t", dt.datetime(2001, 1, 1), dt.datetime(2020, 5, 5)),  # noqa: DTZ001
    ),
    "column_max_to_be_between": _aggregate("xfkm", *SMALL),
    "column_mean_to_be_between": _aggregate("xfmb", *SMALL),
    "column_median_to_be_between": _aggregate("xfm", *SMALL),
    "column_stdev_to_be_between": _aggregate("xfm", *SMALL),
    "column_sum_to_be_between": _aggregate("xfmb", *SMALL),
    "column_quantile_values_to_be_between": _of("fm", quantile_ranges=RANGES),
    "column_unique_value_count_to_be_between": _aggregate("xfkmsbtdc", *COUNTS),
    "column_proportion_of_unique_values_to_be_between": _aggregate("xfkmsbtdc", 0, 0.25, 0.5, 1),
    "column_proportion_of_non_null_values_to_be_between": _aggregate("xfkmsbtdco", 0, 0.25, 0.5, 1),
    "column_distinct_values_to_be_in_set": st.one_of(
        _of("fkm", value_set=SETS), _of("sc", value_set=TEXT_SETS)
    ),
    "column_distinct_values_to_contain_set": st.one_of(
        _of("fkm", value_set=SETS), _of("sc", value_set=TEXT_SETS)
    ),
    "column_distinct_values_to_equal_set": st.one_of(
        _of("fkm", value_set=SETS), _of("sc", value_set=TEXT_SETS)
    ),
    "column_most_common_value_to_be_in_set": st.one_of(
        _of("fkm", value_set=SETS, ties_okay=st.booleans()),
        _of("s", value_set=TEXT_SETS, ties_okay=st.booleans()),
    ),
    "column_kl_divergence_to_be_less_than": st.one_of(
        _of("c", partition_object=CATEGORIES, threshold=st.sampled_from([0.0, 0.2, 1.0])),
        _of("f", partition_object=BINS, threshold=st.sampled_from([0.0, 0.2, 1.0])),
    ),
    "table_row_count_to_be_between": _bounds(*COUNTS),
    "table_row_count_to_equal": st.fixed_dictionaries({"value": st.sampled_from(COUNTS)}),
    "table_column_count_to_be_between": _bounds(10, 11, 12, strict=False),
    "table_column_count_to_equal": st.fixed_dictionaries({"value": st.sampled_from([10, 11])}),
    "table_columns_to_match_set": st.fixed_dictionaries(
        {"column_set": st.sampled_from([list(LIKE), ["x", "f"], ["x", "y"]]), "exact_match": st.booleans()}
    ),
    "table_columns_to_match_ordered_list": st.fixed_dictionaries(
        {"column_list": st.sampled_from([list(LIKE), list(LIKE)[::-1], ["x"]])}
    ),
    "column_to_exist": _of("xkq", column_index=st.sampled_from([None, 2, 9])),
    "column_type_to_be": _of("xkbt", type_=st.sampled_from(["int64", "float64", "bool", "datetime64[us]"])),
}
CONDITIONS = st.sampled_from(
    [
        None,
        None,
        None,
        "f > 0",
        "k <= 1 and f < 3",
        "(s == 'a') | (m >= 0)",
        "f.notnull()",
        "k in [0, 1, 2]",
        "not b",
    ]
)
WITHOUT_CONDITION = ("table_column", "column_to_exist", "column_type_to_be", "column_values_to_be_of_type",
                     "column_values_to_be_in_type_list")  # fmt: skip


def questions(type_: str) -> st.SearchStrategy[tuple[pd.DataFrame, Kwargs]]:
    """Return tables with arguments of an expectation of this type, now and then of some rows only."""
    if type_.startswith(WITHOUT_CONDITION):
        return st.tuples(frames(), ARGUMENTS[type_])

    def with_condition(kwargs: Kwargs, condition: str | None) -> Kwargs:
        return (
            kwargs
            if condition is None
            else kwargs | {"row_condition": condition, "condition_parser": "pandas"}
        )

    return st.tuples(frames(), st.builds(with_condition, ARGUMENTS[type_], CONDITIONS))
