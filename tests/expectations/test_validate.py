"""``aiqa.validate``: one scan, one report, errors that stay with their expectation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import polars as pl
import pytest

import aiqa
from aiqa import expect, metric
from aiqa.declare.expectation import expectation_of
from aiqa.errors import DataError, DeclarationError
from aiqa.scan import together
from aiqa.scan.execute import execute

FRAME = pl.DataFrame({"amount": [1.0, 2.0, None, -4.0], "name": ["<b>a</b>", "b", "c", "c"]})


@pytest.mark.parametrize(
    "convert", [pl.DataFrame.clone, pl.DataFrame.lazy, pl.DataFrame.to_pandas, pl.DataFrame.to_arrow]
)
def test_any_frame(convert: Callable[[pl.DataFrame], Any]) -> None:
    report = aiqa.validate(
        convert(FRAME),
        [
            expect.column_values_to_not_be_null("amount", mostly=0.7),
            expect.column_values_to_be_between("amount", 0),
            expect.table_row_count_to_be_between(1, 10),
        ],
    )
    assert [found["success"] for found in report.results] == [True, False, True]
    assert not report.success
    assert report.statistics == {
        "evaluated_expectations": 3,
        "successful_expectations": 2,
        "unsuccessful_expectations": 1,
        "success_percent": pytest.approx(200 / 3),
    }
    assert report.results[1]["result"]["partial_unexpected_list"] == [-4.0]
    assert report.results[1]["result"]["partial_unexpected_index_list"] == [3]


def test_an_error_stays_with_its_expectation() -> None:
    report = aiqa.validate(
        FRAME,
        [
            expect.column_values_to_not_be_null("amonut"),
            expectation_of("expect_column_values_to_match_regex", {"column": "name", "regex": "("}),
            expect.column_values_to_be_between("name", 1, 2),
            expect.column_values_to_not_be_null("name"),
        ],
    )
    assert [found["success"] for found in report.results] == [False, False, False, True]
    infos = [found["exception_info"] for found in report.results]
    assert [info["raised_exception"] for info in infos] == [True, True, True, False]
    assert "did you mean 'amount'" in infos[0]["exception_message"]
    assert "regular expression" in infos[1]["exception_message"]
    assert "cannot be compared with 1" in infos[2]["exception_message"]
    assert report.results[0]["result"] == {}


def test_an_error_of_the_scan_stays_with_its_expectation_too() -> None:
    broken = FRAME.lazy().with_columns(bad=pl.col("name").cast(pl.Int64))
    report = aiqa.validate(
        broken, [expect.column_mean_to_be_between("bad", 0), expect.column_values_to_not_be_null("name")]
    )
    assert [found["success"] for found in report.results] == [False, True]
    message = report.results[0]["exception_info"]["exception_message"]
    assert message.startswith("the scan fails: conversion from `str` to `i64` failed in column 'name'")


def test_one_scan_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[int] = []
    real = execute

    def counted(frame: Any, requests: Any, *more: Any) -> Any:
        scans.append(1)
        return real(frame, requests, *more)

    monkeypatch.setattr(together, "execute", counted)
    aiqa.validate(FRAME, [expect.column_values_to_not_be_null(name) for name in FRAME.columns])
    assert len(scans) == 1


def test_the_report_reads_well() -> None:
    report = aiqa.validate(
        FRAME,
        [
            expect.column_values_to_be_between("amount", 0),
            expect.column_mean_to_be_between("amount", 0),
            expect.column_to_exist("name"),
            expect.column_to_exist("<script>"),
        ],
    )
    assert repr(report).splitlines() == [
        "1 of 4 expectations hold",
        "  FAIL column_values_to_be_between(column='amount', min_value=0): 1 of 4 unexpected (33.3 %)",
        f"  FAIL column_mean_to_be_between(column='amount', min_value=0): observed {-1 / 3}",
        "  pass column_to_exist(column='name')",
        "  FAIL column_to_exist(column='<script>')",
    ]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the base's signature
        self.seen.add(tag)


def test_html_is_escaped() -> None:
    report = aiqa.validate(FRAME, [expect.column_to_exist("<script>alert(1)</script>")])
    parser = _Tags()
    parser.feed(report._repr_html_())
    assert parser.seen == {"p", "table", "tr", "td"}


def test_json_is_plain() -> None:
    frame = pl.DataFrame({"x": [float("nan"), float("inf"), 1.0]}).with_columns(d=pl.date(2026, 1, 2))
    report = aiqa.validate(
        frame,
        [
            expect.column_values_to_be_between("x", 0, 9),
            expect.column_values_to_be_between("d", "2030-01-01"),
        ],
    )
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert document["results"][0]["result"]["partial_unexpected_list"] == ["nan", "inf"]
    assert document["results"][1]["result"]["partial_unexpected_list"] == ["2026-01-02"] * 3
    assert set(document) == {
        "success", "results", "suite_name", "suite_parameters", "statistics", "meta", "id"
    }  # fmt: skip


def test_what_is_no_expectation() -> None:
    with pytest.raises(DeclarationError, match="no expectation to validate"):
        aiqa.validate(FRAME, [])
    with pytest.raises(DeclarationError, match="validate takes expectations"):
        aiqa.validate(FRAME, [metric.accuracy])  # type: ignore[list-item]
    with pytest.raises(DataError, match="no frame"):
        aiqa.validate([1, 2], [expect.column_to_exist("x")])


def test_validating_imports_nothing_heavy() -> None:
    code = (
        "import sys, polars as pl, aiqa; from aiqa import expect;"
        "frame = pl.DataFrame({'x': ['a', None]});"
        "assert aiqa.validate(frame, [expect.column_values_to_match_regex('x', 'a')]).success;"
        "heavy = 'sklearn', 'scipy.stats', 'mlflow', 'pandas', 'pyarrow', 'great_expectations', 'pytest';"
        "print(sorted(set(heavy) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pandas_columns_without_any_value_have_no_type() -> None:
    frame = pd.DataFrame({"none": [None, None], "n": [1, 2]})
    expectations = [
        expect.column_values_to_be_between("none", 0, 3),
        expect.column_mean_to_be_between("n", 0, 3),
    ]
    assert aiqa.validate(frame, expectations).success


@pytest.mark.filterwarnings("ignore")
def test_pandas_columns_of_several_types_are_great_expectations_own() -> None:
    frame = pd.DataFrame({"n": [1, 2, 2], "mixed": pd.Series(["a", 1, None], dtype="object")})
    report = aiqa.validate(
        frame,
        [
            expect.column_values_to_be_in_set("mixed", ["a"]),
            expect.column_values_to_be_unique("n"),
            expect.column_values_to_not_be_null("mixed", row_condition="n == 1", condition_parser="pandas"),
            expect.table_column_count_to_equal(2),
        ],
    )
    assert [found["success"] for found in report.results] == [False, False, True, True]
    assert report.results[0]["result"]["partial_unexpected_list"] == [1]
    assert report.results[1]["result"]["unexpected_count"] == 2


def test_a_frame_with_two_columns_of_one_name() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["n", "n"])
    with pytest.raises(DataError, match="same name"):
        aiqa.validate(frame, [expect.column_to_exist("n")])
