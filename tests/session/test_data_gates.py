"""Gates on data in a run: which rows, how many by slice, personal data, mature labels, other tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import aiqa
from aiqa import expect, metric
from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation
from aiqa.declare.source import Dataset
from aiqa.errors import DeclarationError
from aiqa.evidence.outcome import Outcome
from aiqa.publish.terminal import failure_text
from aiqa.session import Case, Session

ORDERS = pl.DataFrame(
    {
        "order_id": ["o1", "o2", "o3", "o4"],
        "email": ["ann@x.org", "no mail", "cas@x.org", None],
        "amount": [1.0, -2.0, -3.0, 4.0],
        "country": ["BR", "BR", "PT", "PT"],
    }
)


def _decide(
    dataset: Dataset, *expectations: Expectation, root: Path = Path(), **config: Any
) -> list[Outcome]:
    check = Check("orders are fine", dataset=dataset)
    session = Session(root, Config(project="test", **config))
    return session.decide([Case(check, one.id, one.gate()) for one in expectations])


def _result(outcome: Outcome) -> dict[str, Any]:
    assert outcome.gate.result is not None, outcome.gate.error
    found: dict[str, Any] = outcome.gate.result["result"]
    return found


NEGATIVE = expect.column_values_to_be_between("amount", 0)
MAIL = expect.column_values_to_match_regex("email", "@")


def test_unexpected_rows_are_told_by_their_keys_and_slices() -> None:
    orders = aiqa.dataset("orders", ORDERS, keys=["order_id"], slices=["country"])
    [outcome] = _decide(orders, NEGATIVE)
    found = _result(outcome)
    assert found["partial_unexpected_index_list"] == [{"order_id": ["o2", "o3"]}]
    assert found["unexpected_by_slice"]["country"] == [
        {"value": "BR", "element_count": 2, "unexpected_count": 1},
        {"value": "PT", "element_count": 2, "unexpected_count": 1},
    ]
    assert "most where" not in outcome.gate.reason  # each has its part
    skewed = ORDERS.with_columns(country=pl.Series(["BR", "PT", "PT", "BR"]))
    [outcome] = _decide(aiqa.dataset("orders", skewed, slices=["country"]), NEGATIVE)
    assert "most where country is 'PT': 2 of 2" in outcome.gate.reason
    assert "-2" not in str(outcome.gate.result)


def test_values_are_told_only_where_that_is_allowed_and_never_personal_ones() -> None:
    orders = aiqa.dataset("orders", ORDERS, keys=["order_id", "email"], pii=["email"], slices=["email"])
    hidden = _decide(orders, NEGATIVE, MAIL)
    shown = _decide(orders, NEGATIVE, MAIL, show_values=True)
    assert "partial_unexpected_list" not in _result(hidden[0])
    assert _result(shown[0])["partial_unexpected_list"] == [-2.0, -3.0]
    for outcome in (*hidden, *shown):
        assert "@" not in str(outcome.gate.result).replace("'@'", "")
        assert "no mail" not in str(outcome.gate)
    assert _result(shown[1])["partial_unexpected_index_list"] == [{"order_id": ["o2"]}]


@pytest.mark.parametrize(
    "expectation",
    [
        expect.column_distinct_values_to_be_in_set("email", ["x"]),
        expect.column_most_common_value_to_be_in_set("email", ["x"]),
        expect.column_max_to_be_between("email", "a", "b"),
        expect.column_values_to_be_in_set("email", ["x"]),
        expect.column_kl_divergence_to_be_less_than("email", {"values": ["x"], "weights": [1.0]}, 0.1),
        expect.column_pair_values_to_be_equal("email", "order_id"),
        expect.compound_columns_to_be_unique(["email", "country"]),
    ],
)
@pytest.mark.parametrize("show_values", [True, False])
def test_personal_data_stay_in_the_process(expectation: Expectation, show_values: bool) -> None:
    orders = aiqa.dataset("orders", ORDERS, pii=["email"], keys=["order_id"])
    [outcome] = _decide(orders, expectation, show_values=show_values)
    assert "x.org" not in outcome.model_dump_json()


def test_values_of_columns_are_not_told_as_observed() -> None:
    [outcome] = _decide(
        aiqa.dataset("orders", ORDERS), expect.column_distinct_values_to_be_in_set("country", ["BR"])
    )
    assert "observed_value" not in _result(outcome)
    assert outcome.gate.reason == "1 unexpected"


def test_parameters_come_from_the_configuration() -> None:
    least = expect.column_values_to_be_between("amount", {"$PARAMETER": "least - 1"})
    [outcome] = _decide(aiqa.dataset("orders", ORDERS), least, parameters={"least": -2})
    assert str(outcome.gate.verdict) == "pass"
    [missing] = _decide(aiqa.dataset("orders", ORDERS), least, parameters={"most": 1})
    assert missing.gate.error is not None
    assert "least" in missing.gate.error.message


def test_a_foreign_key_to_another_declared_data_set() -> None:
    aiqa.dataset("countries", pl.DataFrame({"code": ["BR"]}))
    orders = aiqa.dataset("orders", ORDERS)
    outcomes = _decide(
        orders,
        expect.column_values_to_refer_to("country", "countries", "code"),
        expect.table_row_count_to_equal_other_table("countries"),
        expect.column_values_to_refer_to("country", "contries", "code"),
    )
    assert [str(outcome.gate.verdict) for outcome in outcomes] == ["fail", "fail", "error"]
    assert outcomes[2].gate.error is not None
    assert "did you mean 'countries'" in outcomes[2].gate.error.message


def test_a_relation_of_duckdb_is_a_data_set() -> None:
    orders = aiqa.dataset("orders", duckdb.from_arrow(ORDERS.to_arrow()), keys=["order_id"])
    [outcome] = _decide(orders, NEGATIVE)
    assert _result(outcome)["unexpected_count"] == 2
    assert outcome.datasets[0].rows == 4
    assert outcome.datasets[0].fingerprint


DAYS = [dt.datetime(2026, 1, 1) + dt.timedelta(days=day) for day in range(100)]  # noqa: DTZ001
LABELLED = pl.DataFrame({"at": DAYS, "y": [0, 1] * 50, "score": [0.1, 0.9] * 40 + [0.9, 0.1] * 10})


def _accuracy(frame: pl.DataFrame, **told: Any) -> Outcome:
    data = aiqa.dataset("labelled", frame, label="y", time="at", **told)
    model = aiqa.model("m", lambda rows: rows["score"].to_numpy(), task="binary")
    gate = metric.accuracy >= 0.5
    check = Check("good", model=model, dataset=data)
    [outcome] = Session(Path(), Config(project="test")).decide([Case(check, "accuracy", gate)])
    return outcome


def test_immature_labels_are_left_out_and_counted() -> None:
    every = _accuracy(LABELLED)
    mature = _accuracy(LABELLED, label_maturity="20d", as_of=dt.datetime(2026, 4, 10))  # noqa: DTZ001
    assert every.gate.estimate is not None
    assert mature.gate.estimate is not None
    assert (every.gate.estimate.value, mature.gate.estimate.value) == (0.8, 1.0)
    assert (every.gate.estimate.n, mature.gate.estimate.n) == (100, 80)
    assert (every.datasets[0].immature, mature.datasets[0].immature) == (None, 20)


def test_dates_and_zones_mature_too() -> None:
    day = LABELLED.with_columns(pl.col("at").dt.date())
    zoned = LABELLED.with_columns(pl.col("at").dt.replace_time_zone("UTC"))
    for frame in (day, zoned):
        found = _accuracy(frame, label_maturity="20d", as_of=dt.date(2026, 4, 10))
        assert found.datasets[0].immature == 20


def test_without_a_mature_label_there_is_an_error() -> None:
    found = _accuracy(LABELLED, label_maturity="900d", as_of=dt.date(2026, 4, 10))
    assert found.gate.error is not None
    assert "no label is known yet" in found.gate.error.message
    assert found.datasets[0].immature == 100
    texts = _accuracy(LABELLED.with_columns(pl.col("at").cast(pl.String)), label_maturity="9d")
    assert texts.gate.error is not None
    assert "dates or moments" in texts.gate.error.message


def test_maturity_needs_a_time() -> None:
    with pytest.raises(DeclarationError, match="declare time="):
        aiqa.dataset("labelled", LABELLED, label="y", label_maturity="9d")
    with pytest.raises(DeclarationError, match="no length of time"):
        aiqa.dataset("labelled", LABELLED, label="y", time="at", label_maturity="soon")


@pytest.mark.filterwarnings("ignore")
def test_values_stay_out_of_evidence_also_in_errors(gx: Any) -> None:
    import pandas as pd

    born = pd.to_datetime(["1980-05-17"] * 2)
    mixed = pd.DataFrame({"n": [1, 2], "email": ["ann@example.org", 5], "born": born})
    people = aiqa.dataset("people", mixed, pii=["email"])
    outcomes = _decide(
        people,
        expect.column_mean_to_be_between("email", 0, 1),
        expect.column_values_to_be_between("n", 0, 9),
        expect.column_max_to_be_recent("born", "1d"),
        expect.column_max_to_be_between("born", "2000-01-01"),
        expect.column_kl_divergence_to_be_less_than("n", {"values": [7], "weights": [1]}, 1),
    )
    assert [str(outcome.gate.verdict) for outcome in outcomes] == ["error", "pass", "fail", "fail", "fail"]
    told = "".join(outcome.gate.model_dump_json() for outcome in outcomes)
    assert "ann@" not in told
    assert "1980" not in told
    assert "not told, as it is a value of the data, age" in outcomes[2].gate.reason
    assert "values were seen that have no weight" in outcomes[4].gate.reason


def test_a_table_that_great_expectations_reads_has_personal_data_too() -> None:
    people = aiqa.gx.dataset(
        "people", data_source="s", asset="a", batch_definition="all", pii=["email"], keys=["id"]
    )
    assert (people.pii, people.keys) == (("email",), ("id",))


@pytest.mark.filterwarnings("ignore")
def test_what_great_expectations_tells_of_rows_holds_their_keys_alone(gx: Any) -> None:
    from aiqa.gx.declare import expectation

    people = aiqa.dataset("people", ORDERS, keys=["order_id"], pii=["email"])
    asked = expectation("expect_column_values_to_match_regex", column="email", regex="@")
    [outcome] = _decide(people, asked)
    assert _result(outcome)["partial_unexpected_index_list"] == [{"order_id": "o2"}]
    assert "no mail" not in outcome.gate.model_dump_json()
    [outcome] = _decide(aiqa.dataset("people", ORDERS, pii=["email"]), asked)
    assert _result(outcome)["partial_unexpected_index_list"] == [1]


def test_people_read_which_rows_and_what_the_author_noted() -> None:
    orders = aiqa.dataset("orders", ORDERS, keys=["order_id"])
    noted = expect.column_values_to_be_between("amount", 0, notes="Refunds are in a table of their own.")
    [outcome] = _decide(orders, noted)
    told = failure_text(outcome.check, outcome.gate)
    assert "order_id o2, o3" in told
    assert "Refunds are in a table of their own." in told
    assert "-2.0" not in told
    [outcome] = _decide(aiqa.dataset("orders", ORDERS), noted, show_values=True)
    told = failure_text(outcome.check, outcome.gate)
    assert "number 1, 2" in told
    assert "-2.0, -3.0" in told
    pair = aiqa.dataset("orders", ORDERS, keys=["order_id", "country"])
    [outcome] = _decide(pair, noted)
    assert "order_id=o2 country=BR, order_id=o3 country=PT" in failure_text(outcome.check, outcome.gate)


def test_a_line_with_too_many_fields_is_an_error_whatever_is_read(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("a,b\n" + "1,2\n" * 3000 + "1,2,3\n" + "1,2\n")
    [outcome] = _decide(
        aiqa.dataset("orders", "orders.csv"), expect.column_values_to_be_between("a", 0), root=tmp_path
    )
    assert outcome.gate.verdict == "error"


@pytest.mark.filterwarnings("ignore")
def test_of_a_custom_expectation_nobody_knows_which_columns_it_shows(gx: Any) -> None:
    from aiqa.gx.declare import expectation

    rows = expectation("expect_column_values_to_be_in_set", column="country", value_set=["BR"])
    unknown = expectation("expect_table_row_count_to_equal", value=3)
    people = aiqa.dataset("people", ORDERS, pii=["email"])
    told = [_result(outcome) for outcome in _decide(people, rows, unknown, show_values=True)]
    assert told[0]["partial_unexpected_list"]
    assert told[1]["observed_value"] == 4


def test_what_great_expectations_raises_costs_only_what_it_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    from aiqa.gx import native

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("in somebody's metric")

    monkeypatch.setattr(native, "results_of", broken)
    custom = aiqa.gx.expectation("expect_something_of_ours", column="amount")
    theirs, ours = aiqa.validate(ORDERS, [custom, NEGATIVE]).results
    assert theirs["exception_info"]["exception_message"] == "ZeroDivisionError: in somebody's metric"
    assert ours["result"]["unexpected_count"] == 2
