"""What is asked of the table: 60 expectations, metrics of two models, slices, drift."""

from __future__ import annotations

from numbers import Real
from typing import Any

from benchmarks.workloads.data import (
    CATEGORIES,
    CHANNELS,
    COLUMNS,
    COUNTRIES,
    CURRENCIES,
    DEVICES,
    FEATURES,
    HOLED,
    NUMBERS,
    SHOPS,
)

DOMAIN = r"^mail\d+\.example\.org$"
MEMBERS = {
    "channel": CHANNELS,
    "country": COUNTRIES,
    "category": CATEGORIES,
    "shop": SHOPS,
    "currency": CURRENCIES,
    "device": DEVICES[:7],
}
"""Devices of the eighth kind are unexpected."""
RANGES = {
    "score": (0, 1),
    "old_score": (0, 1),
    "amount": (1, 200),
    "tax": (0, 40),
    "discount": (0, 0.5),
    "seconds": (0, 300),
    "rating": (0.5, 5),
    "risk": (-3, 3),
    "share": (0, 1),
    "quantity": (1, 19),
    "visits": (0, 12),
    "items": (1, 9),
    "returns": (0, 3),
}
LENGTHS = {"currency": (3, 3), "country": (2, 2), "device": (2, 6)}
MEANS, DEVIATIONS = ("amount", "distance", "score", "rating", "speed"), ("risk", "spread", "share")
MAXIMA, TOTALS = ("quantity", "share"), ("items", "amount")
COMPLETE = [name for name in COLUMNS if name not in (*HOLED, *NUMBERS)]
METRICS = [
    *["accuracy", "precision", "recall", "specificity", "f1", "mcc"],
    *["roc_auc", "average_precision", "log_loss", "brier"],
]
LOSSES = ("log_loss", "brier")
GROUPINGS = [
    *[("channel",), ("country",), ("category",), ("shop",)],
    *[("channel", "country"), ("country", "category")],
]
DRIFT = [*(("psi", name) for name in FEATURES), *(("ks", name) for name in NUMBERS)]
Numbers = dict[str, float]
"""What a contestant found, by what was asked: all of them answer in the same words."""


def suite() -> list[tuple[str, dict[str, Any]]]:
    """Return the expectations, in the words of Great Expectations."""
    found: list[tuple[str, dict[str, Any]]] = [
        *(("expect_column_values_to_not_be_null", {"column": name}) for name in COMPLETE),
        *(("expect_column_values_to_not_be_null", {"column": name, "mostly": 0.7}) for name in HOLED),
        *(
            ("expect_column_values_to_be_in_set", {"column": name, "value_set": values, "mostly": 0.5})
            for name, values in MEMBERS.items()
        ),
        *(
            (
                "expect_column_values_to_be_between",
                {"column": name, "min_value": low, "max_value": high, "mostly": 0.9},
            )
            for name, (low, high) in RANGES.items()
        ),
        ("expect_column_values_to_match_regex", {"column": "domain", "regex": DOMAIN}),
        *(
            (
                "expect_column_value_lengths_to_be_between",
                {"column": name, "min_value": low, "max_value": high, "mostly": 0.5},
            )
            for name, (low, high) in LENGTHS.items()
        ),
        *(("expect_column_mean_to_be_between", {"column": name, "min_value": 0}) for name in MEANS),
        *(("expect_column_stdev_to_be_between", {"column": name, "min_value": 0}) for name in DEVIATIONS),
        *(("expect_column_max_to_be_between", {"column": name, "max_value": 100}) for name in MAXIMA),
        *(("expect_column_sum_to_be_between", {"column": name, "min_value": 1}) for name in TOTALS),
        ("expect_column_median_to_be_between", {"column": "seconds", "min_value": 1}),
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_unique_value_count_to_be_between", {"column": "shop", "max_value": 50}),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "ordered_at", "column_B": "seen_at"},
        ),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "basket", "column_B": "amount", "or_equal": True},
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": ["customer", "id"]}),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("expect_table_columns_to_match_set", {"column_set": COLUMNS}),
    ]
    return found


def asked(type_: str, kwargs: dict[str, Any]) -> str:
    """Return the name under which an expectation's number is told."""
    names = [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B")]
    columns = [name for name in (*names, *kwargs.get("column_list", ())) if name]
    return f"{type_.removeprefix('expect_')}({', '.join(columns)})"


def answered(type_: str, kwargs: dict[str, Any], result: dict[str, Any]) -> Numbers:
    """Return the number of an expectation's result: unexpected rows, or what was observed."""
    found = result.get("unexpected_count", result.get("observed_value"))
    return {asked(type_, kwargs): float(found)} if isinstance(found, Real) else {}


def of(name: str, slice_: tuple[tuple[str, Any], ...] = ()) -> str:
    """Return the name under which a metric's number is told, in a slice."""
    return name + "".join(f" {column}={value}" for column, value in slice_)
