"""One session: everything is opened once, scanned together, and decided gate by gate."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

import aiqa
from aiqa import expect, metric
from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.declare.expectation import expectation_of
from aiqa.declare.gate import Gate
from aiqa.declare.source import Files
from aiqa.errors import ConfigError
from aiqa.evidence.outcome import Outcome
from aiqa.session import Case, Session
from aiqa.verdict import Verdict

Floats = NDArray[np.float64]


class Shop:
    """A data set and a model that count how often they are asked."""

    def __init__(self, rows: int = 1000) -> None:
        rng = np.random.default_rng(11)
        y = rng.random(rows) < 0.4
        score = np.clip(0.4 + 0.3 * (y - 0.4) + rng.normal(0, 0.15, rows), 0, 1)
        self.frame = pl.DataFrame(
            {"y": y.astype(int), "x": score, "group": rng.choice(["a", "b", "c"], rows)}
        )
        self.loads = 0
        self.rows_scored = 0
        self.data = aiqa.dataset("counted", self.load, label="y")
        self.model = aiqa.model("counted", self.score, task="binary", champion=self.weak, features=["x"])

    def load(self) -> pl.DataFrame:
        self.loads += 1
        return self.frame

    def score(self, frame: pl.DataFrame) -> Floats:
        self.rows_scored += len(frame)
        return frame["x"].to_numpy()

    def weak(self, frame: pl.DataFrame) -> Floats:
        rng = np.random.default_rng(1)
        return np.clip(frame["x"].to_numpy() + rng.normal(0, 0.4, len(frame)), 0, 1)

    def cases(self, *gates: Any, model: bool = True) -> list[Case]:
        check = Check("counted", model=self.model if model else None, dataset=self.data)
        return [Case(check, f"gate{n}", _gate(gate), f"node{n}") for n, gate in enumerate(gates)]


def _gate(gate: Any) -> Gate:
    return gate if isinstance(gate, Gate) else gate.gate()


@pytest.fixture
def shop() -> Shop:
    return Shop()


def session_at(tmp_path: Path, **settings: Any) -> Session:
    return Session(tmp_path, Config(), **settings)


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [str(outcome.gate.verdict) for outcome in outcomes]


def test_data_are_loaded_once_and_scored_once_for_all_gates(tmp_path: Path, shop: Shop) -> None:
    session = session_at(tmp_path)
    gates = (
        expect.column_values_to_not_be_null("y"),
        metric.roc_auc >= 0.6,
        metric.accuracy.by("group") >= 0.5,
        metric.log_loss.no_worse_than(aiqa.champion),
        expect.column_values_to_be_between("x", 0, 1),
    )
    outcomes = session.decide(shop.cases(*gates))
    again = session.decide(shop.cases(*gates))
    assert verdicts(outcomes) == ["pass"] * 5 == verdicts(again)
    assert [outcome.gate.node for outcome in outcomes] == [f"node{n}" for n in range(5)]
    assert shop.loads == 1
    assert shop.rows_scored == 1000


def test_a_gate_that_breaks_leaves_the_others_alone(tmp_path: Path, shop: Shop) -> None:
    def explode(y_true: Floats, y_pred: Floats) -> float:
        raise RuntimeError("no such luck")

    outcomes = session_at(tmp_path).decide(
        shop.cases(
            metric.roc_auc >= 0.6,
            metric(explode) >= 0,
            expectation_of("expect_column_values_to_match_regex", {"column": "group", "regex": "["}),
            metric.recall(label=7) >= 0.1,
            expect.column_values_to_be_in_set("group", ["a", "b", "c"]),
        )
    )
    assert verdicts(outcomes) == ["pass", "error", "error", "error", "pass"]
    assert outcomes[1].gate.error is not None
    assert "no such luck" in outcomes[1].gate.error.message


def test_a_number_that_evidence_refuses_is_its_gates_error(tmp_path: Path, shop: Shop) -> None:
    def endless(y_true: Floats, y_pred: Floats) -> float:
        return float("inf")

    outcomes = session_at(tmp_path).decide(shop.cases(metric(endless) >= 0, metric.roc_auc >= 0.6))
    assert verdicts(outcomes) == ["error", "pass"]


def test_the_records_name_what_was_decided_on(tmp_path: Path, shop: Shop) -> None:
    (outcome,) = session_at(tmp_path).decide(
        shop.cases(metric.roc_auc.no_worse_than(aiqa.champion, margin=0.01))
    )
    assert [(m.name, m.role) for m in outcome.models] == [("counted", "challenger"), ("counted", "champion")]
    assert outcome.datasets[0].rows == 1000
    assert outcome.gate.kind == "comparison"
    assert outcome.gate.threshold == -0.01


def test_progress_is_reported_until_it_is_done(tmp_path: Path, shop: Shop) -> None:
    told: list[tuple[str, int, int]] = []
    session = session_at(tmp_path, progress=lambda *step: told.append(step))
    session.decide(shop.cases(metric.roc_auc >= 0.6))
    assert ("counted scores counted", 1000, 1000) in told
    assert ("scanning counted", 0, 1000) in told
    assert told[-1][1:] == (1000, 1000)


def test_a_model_that_takes_too_long_is_asked_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(150_000)
    clock = itertools.count(step=10)
    monkeypatch.setattr("aiqa.session.subjects.time", SimpleNamespace(monotonic=lambda: next(clock)))
    session = Session(tmp_path, Config(model_timeout=15))
    outcomes = session.decide(shop.cases(metric.roc_auc >= 0.6, metric.accuracy >= 0.5))
    assert verdicts(outcomes) == ["error", "error"]
    assert "has scored 131,072 of 150,000 rows of dataset 'counted' in 15 s" in outcomes[0].gate.reason
    assert shop.rows_scored == 131_072
    patient = Session(tmp_path, Config(model_timeout=100_000)).decide(shop.cases(metric.roc_auc >= 0.6))
    assert verdicts(patient) == ["pass"]


def test_an_expectation_says_how_many_and_how_many_may(tmp_path: Path, shop: Shop) -> None:
    strict, loose, mean = session_at(tmp_path).decide(
        shop.cases(
            expect.column_values_to_be_in_set("group", ["a", "b"]),
            expect.column_values_to_be_in_set("group", ["a", "b"], mostly=0.5),
            expect.column_mean_to_be_between("y", 0.9),
            model=False,
        )
    )
    wrong = int((shop.frame["group"] == "c").sum())
    assert f"{wrong} of 1,000 values" in strict.gate.reason
    assert "none may be" in strict.gate.reason
    assert loose.gate.verdict is Verdict.PASS
    assert "at most 50 % may be" in loose.gate.reason
    assert mean.gate.reason == f"it is {float(shop.frame['y'].to_numpy().mean()):.4g}"


def test_evidence_holds_no_value_of_a_row(tmp_path: Path, shop: Shop) -> None:
    shop.frame = shop.frame.with_columns(group=pl.lit("Ann Example, 12 Main Street"))
    outcomes = session_at(tmp_path).decide(
        shop.cases(
            expect.column_values_to_be_in_set("group", ["a"]),
            expect.column_values_to_match_regex("group", "^a$"),
            expect.column_values_to_be_unique("group"),
        )
    )
    assert verdicts(outcomes) == ["fail"] * 3
    assert "Ann" not in "".join(outcome.model_dump_json() for outcome in outcomes)


def test_no_model_no_data(tmp_path: Path, shop: Shop) -> None:
    nothing = Check("empty")
    outcomes = session_at(tmp_path).decide(
        [
            *shop.cases(metric.roc_auc >= 0.5, metric.psi("x", reference="undeclared") <= 0.1, model=False),
            Case(nothing, "a", metric.roc_auc >= 0.5),
            Case(nothing, "b", expect.column_to_exist("a").gate()),
        ]
    )
    assert verdicts(outcomes) == ["error"] * 4
    reasons = [outcome.gate.reason for outcome in outcomes]
    assert "is about no model" in reasons[0]
    assert "no dataset 'undeclared' is declared" in reasons[1]
    assert all("is about no dataset" in reason for reason in reasons[2:])


def test_psi_compares_with_the_declared_reference(tmp_path: Path, shop: Shop) -> None:
    other = aiqa.dataset("another-month", lambda: shop.frame.with_columns(pl.col("x") + 1), label="y")
    outcomes = session_at(tmp_path).decide(
        shop.cases(
            metric.psi("x", reference=shop.data) <= 0.05,
            metric.psi("x", reference="another-month") <= 0.05,
            metric.psi("nothing", reference=other) <= 0.05,
            model=False,
        )
    )
    assert verdicts(outcomes) == ["pass", "fail", "error"]


def test_psi_needs_a_column_and_a_reference(tmp_path: Path, shop: Shop) -> None:
    outcomes = session_at(tmp_path).decide(shop.cases(metric.psi <= 0.1, metric.psi("x") <= 0.1, model=False))
    assert verdicts(outcomes) == ["error", "error"]
    assert all("psi compares a column with a reference" in outcome.gate.reason for outcome in outcomes)


def test_two_lambdas_are_two_models(tmp_path: Path, shop: Shop) -> None:
    model = aiqa.model("m", lambda f: f["x"], task="binary", champion=lambda f: 1 - f["x"])
    gate = metric.roc_auc.better_than(aiqa.champion, margin=0.1)
    (outcome,) = session_at(tmp_path).decide([Case(Check("c", model=model, dataset=shop.data), "g", gate)])
    assert outcome.gate.verdict == "pass"


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (["nobody=a.skops"], "no check has such a model"),
        (["a.skops"], "needs a name here"),
        (["counted=a.pickle"], "is a pickle"),
    ],
)
def test_models_that_cannot_take_another_place(
    tmp_path: Path, shop: Shop, models: list[str], message: str
) -> None:
    other = Check("other", model=aiqa.model("second", aiqa.column("p"), task="binary"))
    with pytest.raises(ConfigError, match=message):
        session_at(tmp_path, models=models).refuse_unknown_models(
            [shop.cases(metric.mae <= 1)[0].check, other]
        )


def test_a_model_takes_the_place_of_the_declared_one(tmp_path: Path, shop: Shop) -> None:
    (outcome,) = session_at(tmp_path, models=["missing.skops"]).decide(shop.cases(metric.roc_auc >= 0.5))
    assert outcome.gate.verdict is Verdict.ERROR
    assert outcome.models[0].source.endswith("missing.skops')")


def test_evidence_holds_no_secret(tmp_path: Path) -> None:
    address = "https://ann:hunter2@example.org/orders.csv?token=hunter2"

    def load() -> pl.DataFrame:
        raise OSError(f"cannot open {address}")

    gate = expect.column_to_exist("y").gate()
    sources = (load, Files(address, "csv"))  # an address that aiqa.dataset itself would refuse
    checks = [Check("c", dataset=aiqa.dataset("d", source)) for source in sources]
    outcomes = session_at(tmp_path).decide([Case(check, "g", gate) for check in checks])
    assert verdicts(outcomes) == ["error"] * 2
    assert all("hunter2" not in outcome.model_dump_json() for outcome in outcomes)


def test_flips_take_the_champion_and_are_held_against_a_number(tmp_path: Path, shop: Shop) -> None:
    gates = (metric.negative_flips <= 0.5, metric.negative_flips.by("group") <= 0.01, metric.accuracy >= 0.5)
    outcomes = session_at(tmp_path).decide(shop.cases(*gates))
    assert verdicts(outcomes) == ["pass", "fail", "pass"]
    assert shop.rows_scored == len(shop.frame)
    assert [model.role for model in outcomes[0].models] == ["challenger", "champion"]
    estimate = outcomes[0].gate.estimate
    assert estimate is not None
    assert estimate.method == "clopper-pearson"
    assert outcomes[0].gate.champion is None
    right = [(of(shop.frame) >= 0.5) == shop.frame["y"].to_numpy() for of in (shop.score, shop.weak)]
    assert estimate.value == pytest.approx((right[1] & ~right[0]).mean())


def test_flips_without_a_champion_are_an_error(tmp_path: Path, shop: Shop) -> None:
    alone = aiqa.model("alone", shop.score, task="binary", features=["x"])
    case = Case(Check("c", model=alone, dataset=shop.data), "gate", metric.negative_flips <= 0.5)
    (outcome,) = session_at(tmp_path).decide([case])
    assert str(outcome.gate.verdict) == "error"
    assert "champion" in str(outcome.gate.error)


def test_costs_in_a_column_are_read_with_the_data(tmp_path: Path, shop: Shop) -> None:
    by_column = metric.expected_cost(costs={"fn": "x", "fp": 2}) <= 2
    missing = metric.expected_cost(costs={"fn": "amonut"}) <= 2
    outcomes = session_at(tmp_path).decide(shop.cases(by_column, missing))
    assert verdicts(outcomes) == ["pass", "error"]
    assert "amonut" in str(outcomes[1].gate.error)
