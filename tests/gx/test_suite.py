"""Suites: read as Great Expectations wrote them, written so that it reads and runs them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import aiqa
from aiqa import expect
from aiqa.declare.expectation import Expectation
from aiqa.errors import DeclarationError
from aiqa.gx import Suite, suite

SUITE: dict[str, Any] = {
    "name": "orders",
    "id": "5c1e4d52-6d0f-4d8e-9f57-0b5b7c7a1111",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "n", "min_value": 0, "max_value": 9, "mostly": 0.6},
            "meta": {"owner": "ann"},
            "severity": "warning",
            "notes": "from the contract",
            "id": "5c1e4d52-6d0f-4d8e-9f57-0b5b7c7a2222",
        },
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "name"}, "meta": {}},
        {
            "type": "expect_column_max_to_be_between",
            "kwargs": {"column": "n", "max_value": {"$PARAMETER": "most"}},
        },
    ],
    "meta": {"great_expectations_version": "1.24.1"},
    "notes": None,
}
FRAME = pd.DataFrame({"n": [1, 2, 30], "name": ["Ann", "Bob", "Cas"]})


def test_a_suite_is_validated_as_it_is() -> None:
    report = aiqa.validate(FRAME, suite(SUITE), parameters={"most": 10})
    assert [found["success"] for found in report.results] == [True, True, False]
    document = report.to_json()
    assert (document["suite_name"], document["suite_parameters"]) == ("orders", {"most": 10})
    assert document["results"][0]["expectation_config"]["severity"] == "warning"
    assert document["results"][0]["expectation_config"]["meta"] == {"owner": "ann"}


def test_a_suite_comes_back_as_it_was(tmp_path: Path) -> None:
    read = suite(SUITE)
    read.save(tmp_path / "orders.json")
    written = json.loads((tmp_path / "orders.json").read_text())
    assert suite(tmp_path / "orders.json") == read
    assert written["id"] == SUITE["id"]
    for ours, theirs in zip(written["expectations"], SUITE["expectations"], strict=True):
        assert {key: ours[key] for key in theirs} == theirs


def test_version_0_18_is_read() -> None:
    old = {
        "expectation_suite_name": "old",
        "expectations": [{"expectation_type": "expect_column_to_exist", "kwargs": {"column": "n"}}],
    }
    read = suite(old)
    assert (read.name, list(read)) == ("old", [expect.column_to_exist("n")])


def test_what_is_wrong_is_one_expectations_error() -> None:
    wrong = {
        "name": "wrong",
        "expectations": [
            {"type": "expect_column_values_to_be_unqiue", "kwargs": {"column": "n"}},
            {"type": "expect_column_values_to_be_unique", "kwargs": {"colum": "n"}},
            {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "name", "regex": "("}},
            {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "n"}},
        ],
    }
    report = aiqa.validate(FRAME, suite(wrong))
    assert [found["success"] for found in report.results] == [False, False, False, True]
    messages = [found["exception_info"]["exception_message"] for found in report.results]
    assert "did you mean 'expect_column_values_to_be_unique'" in messages[0]
    assert "did you mean 'column'" in messages[1]
    assert "regular expression" in messages[2]
    assert repr(report).splitlines()[1].startswith("  error column_values_to_be_unqiue")


@pytest.mark.parametrize("source", [{"expectations": 5}, {}, 5, [5], "nowhere.json"])
def test_what_is_no_suite(source: Any) -> None:
    with pytest.raises(DeclarationError):
        suite(source)


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "suite.json").write_text("{")
    with pytest.raises(DeclarationError, match="no JSON"):
        suite(tmp_path / "suite.json")


@pytest.mark.filterwarnings("ignore")
def test_great_expectations_reads_and_runs_ours(gx: Any) -> None:
    from aiqa.gx.native import quiet_context

    ours = suite(
        [
            expect.column_values_to_be_between("n", 0, 9, mostly=0.6, severity="info"),
            expect.column_values_to_be_in_set("name", ["Ann", "Bob"]),
            expect.column_quantile_values_to_be_between(
                "n", {"quantiles": [0.5], "value_ranges": [[1, 3]]}, description="in the middle"
            ),
            expect.table_row_count_to_equal(3),
            expect.column_values_to_be_unique("n", row_condition="n > 1", condition_parser="pandas"),
        ],
        name="ours",
    )
    read = gx.ExpectationSuite(**json.loads(json.dumps(ours.to_json())))
    with quiet_context() as context:
        asset = context.data_sources.add_pandas("orders").add_dataframe_asset("orders")
        batch = asset.add_batch_definition_whole_dataframe("orders").get_batch({"dataframe": FRAME})
        theirs = {
            result.expectation_config.type: bool(result.success) for result in batch.validate(read).results
        }
    found = {
        result["expectation_config"]["type"]: result["success"]
        for result in aiqa.validate(FRAME, ours).results
    }
    assert found == theirs
    assert suite(read) == ours or list(suite(read)) != []


def test_suites_hold_expectations_of_ours() -> None:
    made = suite([expect.column_to_exist("n")], name="mine")
    assert isinstance(made, Suite)
    assert (len(made), made.name) == (1, "mine")


def test_what_great_expectations_has_not_is_left_out_and_named() -> None:
    made = suite(
        [expect.column_to_exist("n"), expect.column_max_to_be_recent("t", "6h")], name="mine"
    ).to_json()
    assert [one["type"] for one in made["expectations"]] == ["expect_column_to_exist"]
    assert made["meta"]["aiqa_left_out"] == ["column_max_to_be_recent(column='t', within='6h')"]


def test_a_partition_without_an_end_comes_back() -> None:
    bins = {"bins": [float("-inf"), 0, float("inf")], "weights": [0.5, 0.5]}
    made = suite([expect.column_kl_divergence_to_be_less_than("n", bins, 0.1)], name="mine")
    assert suite(json.loads(json.dumps(made.to_json()))).expectations == made.expectations


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("expectation", "left_out"),
    [
        (expect.column_min_to_be_between("n", "x"), True),
        (expect.column_values_to_be_between("n", dt.time(9)), True),
        (expect.column_max_to_be_between("n", "2026-01-31"), False),
        (expect.column_mean_to_be_between("n", "1.5"), False),
        (expect.multicolumn_values_to_be_unique(["n", "name"]), True),
    ],
)
def test_a_suite_that_it_refuses_is_not_written(gx: Any, expectation: Expectation, left_out: bool) -> None:
    written = suite([expect.column_to_exist("n"), expectation]).to_json()
    read = gx.ExpectationSuite(**json.loads(json.dumps(written)))
    assert len(read.expectations) == (1 if left_out else 2)
    assert written["meta"].get("aiqa_left_out", []) == ([repr(expectation)] if left_out else [])


@pytest.mark.filterwarnings("ignore")
def test_custom_expectations_of_a_suite_are_great_expectations_own(gx: Any) -> None:
    import tests.gx.custom as custom

    theirs = gx.ExpectationSuite(name="s", expectations=[custom.ExpectColumnValuesToBeSmall(column="n")])
    for given in (theirs, theirs.to_json_dict()):
        report = aiqa.validate(FRAME, suite(given))
        assert report.results[0]["exception_info"]["raised_exception"] is False


def test_arguments_that_are_no_mapping_are_the_error_of_one() -> None:
    read = suite({"expectations": [{"type": "expect_column_to_exist", "kwargs": ["a"]}]})
    [found] = aiqa.validate(pl.DataFrame({"a": [1]}), read).results
    assert "no argument 'kwargs'" in found["exception_info"]["exception_message"]


@pytest.mark.filterwarnings("ignore")
def test_data_docs_show_our_results(gx: Any) -> None:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    report = aiqa.validate(
        FRAME,
        [
            expect.column_values_to_be_between("n", 5, 9),
            expect.column_values_to_be_between("nn", 5, 9),
            expect.table_row_count_to_equal(3),
        ],
        result_format="COMPLETE",
    ).to_json()
    results = [
        ExpectationValidationResult(
            **{**one, "expectation_config": ExpectationConfiguration(**one["expectation_config"])}
        )
        for one in report["results"]
    ]
    document = ExpectationSuiteValidationResult(
        results=results,
        success=report["success"],
        suite_name="ours",
        statistics=report["statistics"],
        meta={"run_id": {"run_name": "r", "run_time": "2026-01-01T00:00:00+00:00"}},
    )
    html = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(document))
    assert "there is no column" in html
    assert "must be greater than or equal to" in html


def test_a_file_is_looked_for_in_the_projects_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    (tmp_path / "checks").mkdir()
    suite([expect.column_to_exist("n")], name="small").save(tmp_path / "small.json")
    monkeypatch.chdir(tmp_path / "checks")
    assert len(suite("small.json")) == 1
    with pytest.raises(DeclarationError, match=r"no suite at .*none\.json"):
        suite("none.json")
