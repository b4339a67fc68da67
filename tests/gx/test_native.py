"""What Great Expectations decides itself, named in checks: the real library, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import aiqa
from aiqa import expect
from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation, expectation_of
from aiqa.declare.source import Dataset
from aiqa.errors import DataError, DeclarationError
from aiqa.evidence.outcome import Outcome
from aiqa.gx.native import quiet_context, results_of, run_checkpoint
from aiqa.session import Case, Session

pytestmark = pytest.mark.filterwarnings("ignore")
FRAME = pd.DataFrame({"n": [1, 2, 30], "name": ["Ann", "Bob", None]})


@pytest.fixture(scope="module")
def context(gx: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A context of files with a CSV as data source, and a checkpoint over it."""
    root = tmp_path_factory.mktemp("project")
    (root / "data").mkdir()
    FRAME.to_csv(root / "data" / "orders.csv", index=False)
    opened = gx.get_context(mode="file", context_root_dir=str(root / "gx"))
    source = opened.data_sources.add_pandas_filesystem("files", base_directory=root / "data")
    definition = source.add_csv_asset("orders").add_batch_definition_path("all", path="orders.csv")
    suite = gx.ExpectationSuite(name="small")
    suite.add_expectation(gx.expectations.ExpectColumnValuesToBeBetween(column="n", min_value=0, max_value=9))
    suite.add_expectation(gx.expectations.ExpectColumnValuesToNotBeNull(column="n"))
    opened.suites.add(suite)
    validation = opened.validation_definitions.add(
        gx.ValidationDefinition(name="small", data=definition, suite=suite)
    )
    opened.checkpoints.add(gx.Checkpoint(name="nightly", validation_definitions=[validation]))
    return root


def _decide(root: Path, dataset: Dataset | None, *expectations: Expectation) -> list[Outcome]:
    check = Check("orders are fine", dataset=dataset)
    session = Session(root, Config(project="test"))
    return session.decide([Case(check, one.id, one.gate()) for one in expectations])


def test_engine_gx_forces_it() -> None:
    [ours] = aiqa.validate(FRAME, [expect.column_values_to_be_between("n", 0, 9)]).results
    [theirs] = aiqa.validate(FRAME, [expect.column_values_to_be_between("n", 0, 9)], engine="gx").results
    for key in ("element_count", "unexpected_count", "missing_count", "partial_unexpected_list"):
        assert ours["result"][key] == theirs["result"][key]
    assert set(ours) == set(theirs)
    assert ours["exception_info"] == theirs["exception_info"]


def test_engine_gx_takes_any_frame_and_parameters() -> None:
    expectations = [
        expectation_of(
            "expect_column_values_to_be_between", {"column": "n", "max_value": {"$PARAMETER": "most"}}
        ),
        expect.column_values_to_be_unique("name"),
    ]
    frames = (FRAME, pl.from_pandas(FRAME), pl.from_pandas(FRAME).lazy(), pl.from_pandas(FRAME).to_arrow())
    for frame in frames:
        report = aiqa.validate(frame, expectations, engine="gx", parameters={"most": 9})
        assert [found["success"] for found in report.results] == [False, True]


def test_errors_stay_with_their_expectation() -> None:
    report = aiqa.validate(
        FRAME,
        [
            expectation_of("expect_column_values_to_be_nice", {"column": "n"}),
            expect.column_values_to_not_be_null("nn"),
            expect.column_values_to_not_be_null("n"),
        ],
        engine="gx",
    )
    assert [found["success"] for found in report.results] == [False, False, True]
    messages = [found["exception_info"]["exception_message"] for found in report.results]
    assert "Great Expectations refuses" in messages[0]
    assert "nn" in messages[1]
    assert messages[2] is None


def test_the_users_own_context_stays_the_current_one(gx: Any) -> None:
    from great_expectations.data_context.data_context.context_factory import project_manager

    own = gx.get_context(mode="ephemeral")
    results_of(FRAME, [expect.column_to_exist("n")], {"result_format": "BASIC"})
    assert project_manager.get_current_project() is own


def test_a_custom_expectation_runs_in_a_check(gx: Any, tmp_path: Path) -> None:
    from tests.gx.custom import ExpectColumnValuesToBeSmall

    small = aiqa.gx.expectation(ExpectColumnValuesToBeSmall(column="n", mostly=0.5))
    strict = aiqa.gx.expectation(ExpectColumnValuesToBeSmall, column="n")
    assert small.native == "tests.gx.custom"
    assert aiqa.from_json(small.to_json()) == small
    outcomes = _decide(tmp_path, aiqa.dataset("orders", FRAME), small, strict, expect.column_to_exist("n"))
    assert [str(outcome.gate.verdict) for outcome in outcomes] == ["pass", "fail", "pass"]
    assert "1 of 3 values" in outcomes[1].gate.reason
    assert "30" not in str(outcomes[1].gate.result)


def test_custom_expectations_that_are_none() -> None:
    with pytest.raises(DeclarationError, match="no expectation of Great Expectations"):
        aiqa.gx.expectation(5)


def test_a_column_of_several_types_is_decided_in_a_check(tmp_path: Path) -> None:
    mixed = pd.DataFrame({"o": [1, "a", 2], "n": [1, 2, 3]})
    outcomes = _decide(
        tmp_path,
        aiqa.dataset("mixed", mixed),
        expect.column_values_to_be_in_set("o", [1, 2, "a"]),
        expect.column_values_to_be_in_set("o", [1]),
        expect.column_values_to_be_unique("n"),
    )
    assert [str(outcome.gate.verdict) for outcome in outcomes] == ["pass", "fail", "pass"]


def test_a_data_source_of_great_expectations(context: Path) -> None:
    orders = aiqa.gx.dataset("orders", data_source="files", asset="orders", batch_definition="all")
    assert aiqa.from_json(orders.to_json()) == orders
    outcomes = _decide(
        context,
        orders,
        expect.column_values_to_be_between("n", 0, 9),
        expect.column_values_to_not_be_null("n"),
        expect.table_row_count_to_equal(3),
    )
    assert [str(outcome.gate.verdict) for outcome in outcomes] == ["fail", "pass", "pass"]
    assert outcomes[0].gate.result is not None
    assert outcomes[0].gate.result["result"]["unexpected_count"] == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"context": "nowhere"}, "no folder 'nowhere'"),
        ({"data_source": "warehouse"}, "cannot open"),
        ({"batch_definition": "some"}, "cannot open"),
    ],
)
def test_what_is_not_in_the_context(context: Path, wrong: dict[str, str], message: str) -> None:
    named = {"data_source": "files", "asset": "orders", "batch_definition": "all", **wrong}
    [outcome] = _decide(context, aiqa.gx.dataset("orders", **named), expect.column_to_exist("n"))  # type: ignore[arg-type]
    assert str(outcome.gate.verdict) == "error"
    assert outcome.gate.error is not None
    assert message in outcome.gate.error.message


def test_metrics_need_the_rows(context: Path) -> None:
    orders = aiqa.gx.dataset("orders", data_source="files", asset="orders", batch_definition="all")
    drift = aiqa.metric.psi("n", reference=orders) <= 0.2
    check = Check("orders stay as they were", dataset=orders)
    [outcome] = Session(context, Config(project="test")).decide([Case(check, "psi", drift)])
    assert outcome.gate.error is not None
    assert "its rows are not read" in outcome.gate.error.message


def test_a_checkpoint_is_a_gate(context: Path) -> None:
    nightly = aiqa.gx.checkpoint("nightly")
    missing = aiqa.gx.checkpoint("weekly")
    outcomes = _decide(context, None, nightly, missing)
    assert [str(outcome.gate.verdict) for outcome in outcomes] == ["fail", "error"]
    reason = "1 of 2 expectations hold; not: column_values_to_be_between(n): 1 unexpected"
    assert outcomes[0].gate.reason == reason
    assert run_checkpoint("nightly", context / "gx")["success"] is False
    with pytest.raises(DataError, match="does not run"):
        run_checkpoint("weekly", context / "gx")


def test_without_great_expectations_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "great_expectations", None)
    with pytest.raises(DeclarationError, match=r"pip install 'pytest-aiqa\[gx\]'"), quiet_context():
        pass


def test_spark_frames_stay_where_they_are(spark: Callable[[pl.DataFrame], Any]) -> None:
    frame = spark(pl.DataFrame({"n": [1, 2, 30]}))
    [found] = aiqa.validate(frame, [expect.column_values_to_be_between("n", 0, 9)], engine="gx").results
    assert found["result"]["unexpected_count"] == 1


def test_without_great_expectations_only_what_needs_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "great_expectations", None)
    frame = pd.DataFrame({"mixed": [1, "a", None], "n": [1, 2, 3]})
    expectations = [
        expect.column_values_to_be_in_set("mixed", [1]),
        expect.column_max_to_be_between("n", 0, 5),
    ]
    mixed, whole = aiqa.validate(frame, expectations).results
    assert "pip install 'pytest-aiqa[gx]'" in mixed["exception_info"]["exception_message"]
    assert whole["success"]


def test_a_checkpoint_takes_the_parameters_of_the_run(context: Path, gx: Any) -> None:
    opened = gx.get_context(mode="file", context_root_dir=str(context / "gx"))
    suite = gx.ExpectationSuite(name="asked")
    suite.add_expectation(
        gx.expectations.ExpectColumnValuesToBeBetween(column="n", max_value={"$PARAMETER": "most"})
    )
    opened.suites.add(suite)
    definition = opened.data_sources.get("files").get_asset("orders").get_batch_definition("all")
    validation = opened.validation_definitions.add(
        gx.ValidationDefinition(name="asked", data=definition, suite=suite)
    )
    opened.checkpoints.add(gx.Checkpoint(name="asked", validation_definitions=[validation]))
    assert run_checkpoint("asked", context / "gx", {"most": 99})["success"] is True
    assert run_checkpoint("asked", context / "gx", {"most": 2})["success"] is False
