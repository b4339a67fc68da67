"""``expect.*``: all types, their arguments as Great Expectations has them, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from inspect import Parameter, getdoc
from typing import Any

import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa import expect
from aiqa.declare.expect import BEYOND_GX, EXPECTATION_NAMES
from aiqa.declare.expectation import Expectation, check, defaults_of, expectation_of, problem, type_of
from aiqa.declare.values import Live
from aiqa.errors import DeclarationError

X = {"column": "x"}
AB = {"column_A": "a", "column_B": "b"}
ABC = {"column_list": ["a", "b", "c"]}
BINS = {"bins": [-math.inf, 0.0, 1.0, math.inf], "weights": [0.25, 0.5, 0.25]}
SCHEMA = {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "required": ["a"]}
MINIMAL: dict[str, dict[str, Any]] = {
    "column_distinct_values_to_be_in_set": {**X, "value_set": [1, 2]},
    "column_distinct_values_to_contain_set": {**X, "value_set": []},
    "column_distinct_values_to_equal_set": {**X, "value_set": ["a"]},
    "column_kl_divergence_to_be_less_than": X,
    "column_max_to_be_between": X,
    "column_mean_to_be_between": X,
    "column_median_to_be_between": X,
    "column_min_to_be_between": X,
    "column_most_common_value_to_be_in_set": {**X, "value_set": [1]},
    "column_pair_values_a_to_be_greater_than_b": AB,
    "column_pair_values_to_be_equal": AB,
    "column_pair_values_to_be_in_set": {**AB, "value_pairs_set": [[1, None], [2, 3]]},
    "column_proportion_of_non_null_values_to_be_between": X,
    "column_proportion_of_unique_values_to_be_between": X,
    "column_quantile_values_to_be_between": {
        **X,
        "quantile_ranges": {"quantiles": [0.5, 0.9], "value_ranges": [[1, 2], [None, 9]]},
    },
    "column_stdev_to_be_between": X,
    "column_sum_to_be_between": X,
    "column_to_exist": X,
    "column_type_to_be": {**X, "type_": "int64"},
    "column_unique_value_count_to_be_between": X,
    "column_value_lengths_to_be_between": {**X, "min_value": 1},
    "column_value_lengths_to_equal": {**X, "value": 3},
    "column_value_z_scores_to_be_less_than": {**X, "threshold": 3, "double_sided": True},
    "column_values_to_be_between": {**X, "max_value": 9},
    "column_values_to_be_dateutil_parseable": X,
    "column_values_to_be_decreasing": X,
    "column_values_to_be_in_set": {**X, "value_set": [1, 2.5]},
    "column_values_to_be_in_type_list": X,
    "column_values_to_be_increasing": X,
    "column_values_to_be_json_parseable": X,
    "column_values_to_be_null": X,
    "column_values_to_be_of_type": {**X, "type_": "str"},
    "column_values_to_be_unique": X,
    "column_values_to_match_json_schema": {**X, "json_schema": SCHEMA},
    "column_values_to_match_like_pattern": {**X, "like_pattern": "a%"},
    "column_values_to_match_like_pattern_list": {**X, "like_pattern_list": ["a%", "_b"]},
    "column_values_to_match_regex": X,
    "column_values_to_match_regex_list": {**X, "regex_list": ["^a", "b$"]},
    "column_values_to_match_strftime_format": {**X, "strftime_format": "%Y-%m-%d"},
    "column_values_to_not_be_in_set": {**X, "value_set": []},
    "column_values_to_not_be_null": X,
    "column_values_to_not_be_outliers": X,
    "column_values_to_not_match_like_pattern": {**X, "like_pattern": "a%"},
    "column_values_to_not_match_like_pattern_list": {**X, "like_pattern_list": ["a%"]},
    "column_values_to_not_match_regex": {**X, "regex": "a"},
    "column_values_to_not_match_regex_list": {**X, "regex_list": ["a"]},
    "compound_columns_to_be_unique": ABC,
    "multicolumn_sum_to_equal": {**ABC, "sum_total": 1},
    "multicolumn_values_to_be_equal": ABC,
    "multicolumn_values_to_be_unique": ABC,
    "query_results_to_match_comparison": {
        "base_query": "SELECT 1",
        "comparison_data_source_name": "other",
        "comparison_query": "SELECT 2",
    },
    "select_column_values_to_be_unique_within_record": ABC,
    "table_column_count_to_be_between": {},
    "table_column_count_to_equal": {"value": 3},
    "table_columns_to_match_ordered_list": {},
    "table_columns_to_match_set": {},
    "table_row_count_to_be_between": {},
    "table_row_count_to_equal": {"value": 3},
    "table_row_count_to_equal_other_table": {"other_table_name": "t"},
    "unexpected_rows_expectation": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE x < 0"},
}
RUNNABLE = sorted(set(MINIMAL) - {"multicolumn_values_to_be_unique"})


def declare(name: str, **kwargs: Any) -> Expectation:
    made = getattr(expect, name)(**kwargs)
    assert isinstance(made, Expectation)
    return made


def again(expectation: Expectation) -> Any:
    return aiqa.from_json(json.loads(json.dumps(expectation.to_json(), allow_nan=False)))


@pytest.fixture(scope="module")
def classes(gx: Any) -> Mapping[str, Any]:
    """Great Expectations' classes by type."""
    core = gx.expectations.core
    found = {one.__name__: one for one in vars(core).values() if isinstance(one, type)}
    by_name = {name.lower(): one for name, one in found.items()}
    return {name: by_name[type_of(name).replace("_", "").lower()] for name in MINIMAL}


def test_great_expectations_sixty_types_are_there() -> None:
    assert set(EXPECTATION_NAMES) - BEYOND_GX == set(MINIMAL)
    assert len(MINIMAL) == 60
    assert list(EXPECTATION_NAMES) == sorted(EXPECTATION_NAMES)
    assert aiqa.expect is expect


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_every_type_is_declared_with_as_little_as_it_needs(name: str) -> None:
    made = declare(name, **MINIMAL[name])
    assert made.type in (f"expect_{name}", name)
    assert again(made) == made
    assert hash(again(made)) == hash(made)
    assert made == expectation_of(made.type, MINIMAL[name])
    assert problem(made) is None
    assert made.gate().claim == made
    assert (getdoc(getattr(expect, name)) or "").startswith("Expect ")


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_what_is_at_the_default_is_left_out(name: str) -> None:
    defaults = defaults_of(type_of(name)) or {}
    told = {key: value for key, value in defaults.items() if value is not Parameter.empty}
    assert declare(name, **told | MINIMAL[name]) == declare(name, **MINIMAL[name])


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_any_value_may_be_a_suite_parameter(name: str) -> None:
    for argument in defaults_of(type_of(name)) or {}:
        made = declare(name, **MINIMAL[name] | {argument: {"$PARAMETER": "later"}})
        assert made.kwargs.as_dict()[argument] == {"$PARAMETER": "later"}
        assert again(made) == made


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_every_type_says_how_bad_and_why(name: str) -> None:
    meta = {"ticket": 7, "owners": [{"name": "ann"}]}
    made = declare(name, **MINIMAL[name], severity="warning", description="d", notes=["n"], meta=meta)
    plain = declare(name, **MINIMAL[name])
    assert made.severity == "warning"
    assert made.details.as_dict() == {
        "description": "d",
        "meta": {**meta, "owners": ({"name": "ann"},)},
        "notes": ("n",),
    }
    assert (made.id, repr(made)) == (plain.id, repr(plain))
    assert again(made) == made


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_arguments_and_defaults_are_those_of_great_expectations(
    name: str, classes: Mapping[str, Any]
) -> None:
    of_every_type = set(classes["table_column_count_to_equal"].__fields__) - {"value"}
    fields = {
        key: Parameter.empty if field.required else field.default
        for key, field in classes[name].__fields__.items()
        if key not in of_every_type | {"library_metadata"}
    }
    if name == "multicolumn_values_to_be_unique":
        fields.pop("column")  # it is a slip of theirs, with which it cannot run
    assert dict(defaults_of(type_of(name)) or {}) == fields


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", RUNNABLE)
def test_great_expectations_takes_what_is_declared(name: str, classes: Mapping[str, Any]) -> None:
    made = classes[name](**declare(name, **MINIMAL[name]).kwargs.as_dict())
    assert made.expectation_type == type_of(name)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("column_values_to_be_between", X),
        ("column_value_lengths_to_be_between", X),
        ("column_values_to_be_between", {**X, "min_value": 1, "mostly": 1.5}),
        ("column_distinct_values_to_be_in_set", {**X, "value_set": []}),
        ("column_values_to_be_in_set", {**X, "value_set": "abc"}),
        ("column_values_to_match_regex_list", {**X, "regex_list": []}),
        ("column_values_to_match_regex_list", {**X, "regex_list": ["a"], "match_on": "some"}),
        ("column_values_to_match_like_pattern", {**X, "like_pattern": "a", "escape": "!!"}),
        ("column_values_to_not_be_outliers", {**X, "multiplier": -1}),
        ("column_values_to_not_be_outliers", {**X, "method": "mad"}),
        ("column_values_to_match_strftime_format", {**X, "strftime_format": "%Q"}),
        ("column_values_to_match_json_schema", {**X, "json_schema": "{}"}),
        ("column_values_to_be_in_type_list", {**X, "type_list": "int"}),
        ("table_row_count_to_be_between", {"min_value": 2, "max_value": 1}),
        ("column_stdev_to_be_between", {**X, "min_value": dt.date(2026, 1, 1)}),
        ("compound_columns_to_be_unique", {"column_list": ["a"]}),
        ("multicolumn_sum_to_equal", {**ABC, "sum_total": 1, "ignore_row_if": "neither"}),
        ("column_pair_values_to_be_equal", {**AB, "ignore_row_if": "never"}),
        ("column_pair_values_to_be_in_set", {**AB, "value_pairs_set": [[1, 2, 3]]}),
        ("column_kl_divergence_to_be_less_than", {**X, "tail_weight_holdout": 2}),
        ("column_values_to_not_be_null", {**X, "condition_parser": "polars"}),
        ("table_columns_to_match_set", {"column_set": "ab"}),
        ("column_to_exist", {"column": ""}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT {"}),
        ("column_values_to_be_unique", {**X, "mostyl": 0.5}),
        ("column_to_exist", {**X, "row_condition": "a > 1"}),
    ],
)
def test_what_great_expectations_refuses_is_refused(
    name: str, kwargs: dict[str, Any], classes: Mapping[str, Any]
) -> None:
    with pytest.raises(DeclarationError):
        declare(name, **kwargs)
    with pytest.raises(ValueError, match="validation error"):
        classes[name](**kwargs)


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        (
            "column_to_exist",
            {**X, "colunm_index": 1},
            "no argument 'colunm_index'; did you mean 'column_index'",
        ),
        ("column_to_exist", {**X, "row_condition": "a"}, "column_to_exist has no argument 'row_condition'"),
        ("column_to_exist", {**X, "id": "7"}, "no argument 'id'"),
        ("column_to_exist", {"column": 5}, "column= must be the name of a column, not 5"),
        ("column_to_exist", {**X, "column_index": -1}, "column_index= must be a whole number from 0"),
        ("column_values_to_be_null", {**X, "mostly": True}, "mostly= must be a share from 0 to 1, not True"),
        ("column_values_to_be_null", {**X, "mostly": "1"}, "share from 0 to 1, not '1'"),
        ("column_values_to_be_null", {**X, "mostly": float("nan")}, "mostly= must be a finite number"),
        (
            "column_values_to_be_null",
            {**X, "severity": "high"},
            "severity= must be one of critical, warning, info, not 'high'",
        ),
        (
            "column_values_to_match_regex",
            {**X, "regex": "(a"},
            r"regex= holds '\(a', which is no regular expression: missing \)",
        ),
        ("column_values_to_match_regex", {**X, "regex": 5}, "regex= must be a string, not 5"),
        (
            "column_values_to_not_match_regex_list",
            {**X, "regex_list": ["a", "["]},
            "no regular expression: unterminated",
        ),
        (
            "column_values_to_match_regex_list",
            {**X, "regex_list": "abc"},
            "list of one or more regular expressions, not 'abc'",
        ),
        (
            "column_values_to_be_between",
            {**X, "min_value": 2, "max_value": 1},
            "min_value=2 is greater than max_value=1",
        ),
        (
            "column_values_to_be_between",
            {**X, "min_value": [1]},
            "min_value= must be a number, a date, a time or a string",
        ),
        (
            "column_values_to_be_between",
            {**X, "min_value": 1, "strict_min": "yes"},
            "strict_min= must be True or False, not 'yes'",
        ),
        (
            "column_values_to_be_in_set",
            {**X, "value_set": None},
            "value_set= must be a list or a set, not None",
        ),
        (
            "column_values_to_be_in_set",
            {**X, "value_set": [math.nan]},
            "value_set= must be a finite number, not nan",
        ),
        ("column_values_to_be_in_set", {**X, "value_set": [object()]}, "value_set= cannot be a object"),
        (
            "column_value_lengths_to_be_between",
            {**X, "min_value": 1.5},
            "min_value= must be a whole number, not 1.5",
        ),
        (
            "column_unique_value_count_to_be_between",
            {**X, "max_value": math.inf},
            "max_value= must be a whole number, not inf",
        ),
        (
            "column_quantile_values_to_be_between",
            {**X, "quantile_ranges": {}},
            "mapping with quantiles and value_ranges",
        ),
        (
            "column_quantile_values_to_be_between",
            {**X, "quantile_ranges": {"quantiles": [1.5], "value_ranges": [[1, 2]]}},
            "quantiles from 0 to 1",
        ),
        (
            "column_quantile_values_to_be_between",
            {**X, "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[2, 1]]}},
            "the lesser bound first",
        ),
        (
            "column_quantile_values_to_be_between",
            {**X, "quantile_ranges": {"quantiles": [0.5], "value_ranges": []}},
            "as many value_ranges as quantiles",
        ),
        (
            "column_quantile_values_to_be_between",
            {**MINIMAL["column_quantile_values_to_be_between"], "allow_relative_error": 3},
            "allow_relative_error= must be",
        ),
        (
            "column_kl_divergence_to_be_less_than",
            {**X, "threshold": -1},
            "threshold= must be a number from 0 up, not -1",
        ),
        (
            "column_kl_divergence_to_be_less_than",
            {**X, "internal_weight_holdout": None},
            "share from 0 to 1, not None",
        ),
        (
            "column_value_z_scores_to_be_less_than",
            {**X, "threshold": "3", "double_sided": True},
            "threshold= must be a number",
        ),
        (
            "multicolumn_sum_to_equal",
            {"column_list": "ab", "sum_total": 1},
            "column_list= must be a list of two or more names of columns",
        ),
        (
            "multicolumn_sum_to_equal",
            {"column_list": ["a", 5], "sum_total": 1},
            "column_list= must be the name of a column, not 5",
        ),
        (
            "column_values_to_be_unique",
            {**X, "condition_parser": "polars"},
            "condition_parser= must be one of great_expectations",
        ),
        (
            "column_values_to_be_unique",
            {**X, "row_condition": 5},
            "row_condition= must be a string or a mapping",
        ),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "SELECT }"},
            "braces that are not of {batch}",
        ),
        (
            "query_results_to_match_comparison",
            {"base_query": "", "comparison_data_source_name": "d", "comparison_query": "q"},
            "base_query= must be a string that is not empty",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong(name: str, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        declare(name, **kwargs)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (expectation_of("expect_column_to_exists", X), "did you mean 'expect_column_to_exist'"),
        (expectation_of("expect_column_to_exist", {}), "column_to_exist needs column="),
        (expectation_of("expect_column_to_exist", X, "high"), "severity= must be one of"),
    ],
)
def test_what_came_from_elsewhere_is_checked_alike(kept: Expectation, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        check(kept)


@pytest.mark.parametrize(
    ("type_", "kwargs", "message"),
    [
        ("expect_my_own", {"a": [1, {"b": None}]}, "no expectation"),
        ("expect_column_to_exist", {"column": "x", "extra": {"deep": [1]}}, "has no argument 'extra'"),
        ("expect_column_values_to_be_between", {**X, "min_value": math.nan}, "finite number, not nan"),
        (
            "expect_column_values_to_be_in_set",
            {**X, "value_set": [object()]},
            "value_set= cannot be a object",
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": 5}, "two or more names of columns, not 5"),
    ],
)
def test_what_is_wrong_is_kept_until_it_is_asked_for(
    type_: str, kwargs: dict[str, Any], message: str
) -> None:
    kept = expectation_of(type_, kwargs, "unheard of" if not kwargs else "critical", id="7")
    assert set(kept.kwargs.as_dict()) == set(kwargs)
    assert kept.details.as_dict() == {"id": "7"}
    assert message in str(problem(kept))
    assert kept.id.startswith(type_.removeprefix("expect_"))
    assert kept.gate().own_policy.severity == "inherit"


def test_an_object_in_memory_is_refused_also_when_it_is_lost() -> None:
    kept = expectation_of("expect_column_to_exist", {"column": Live("my.Type")})
    assert problem(kept) == "column= is <my.Type in memory>, which cannot be declared"


def test_settings_of_a_run_in_a_suite_are_no_errors() -> None:
    kwargs = {**X, "batch_id": "b", "result_format": "BASIC", "catch_exceptions": False}
    assert problem(expectation_of("expect_column_values_to_be_unique", kwargs)) is None


def test_parameters_deep_within_a_value_pass() -> None:
    ranges = {"quantiles": [0.5], "value_ranges": [[{"$PARAMETER": "low"}, 1]]}
    made = expect.column_quantile_values_to_be_between("x", ranges)
    assert again(made).kwargs.as_dict()["quantile_ranges"]["value_ranges"] == (({"$PARAMETER": "low"}, 1),)
    assert problem(expect.column_values_to_be_between("x", {"$PARAMETER": "low"}, 1)) is None


def test_nested_values_come_back_as_they_were() -> None:
    made = expect.column_values_to_match_json_schema("x", SCHEMA)
    assert json.loads(json.dumps(again(made).kwargs.as_dict()["json_schema"])) == SCHEMA
    partition = again(expect.column_kl_divergence_to_be_less_than("x", BINS)).kwargs.as_dict()
    assert partition["partition_object"] == {key: tuple(value) for key, value in BINS.items()}


def test_values_come_from_any_collection() -> None:
    expected = expect.column_values_to_be_in_set("x", [1, 2])
    for values in ((1, 2), {2, 1}, range(1, 3), {1: "a", 2: "b"}.keys(), np.array([1, 2]), pl.Series([1, 2])):
        assert expect.column_values_to_be_in_set("x", values) == expected


def test_bounds_of_whole_numbers_may_be_written_as_floats() -> None:
    counted = expectation_of("expect_table_row_count_to_be_between", {"min_value": 3.0})
    assert problem(counted) is None


def test_a_condition_made_by_great_expectations_is_a_mapping(classes: Mapping[str, Any]) -> None:
    from great_expectations.expectations.row_conditions import Column

    condition = (Column("a") > 3) & Column("b").is_not_null()
    made = expect.column_values_to_be_unique("x", row_condition=condition)
    assert again(made) == made
    told = classes["column_values_to_be_unique"](**made.kwargs.as_dict())
    assert told.row_condition == condition


def test_names_that_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="did you mean 'unexpected_rows_expectation'"):
        _ = expect.unexpected_row_expectation
    assert defaults_of("expect_nothing") is None
    assert not hasattr(expect, "__wrapped__")
