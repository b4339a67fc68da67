"""How far a data set is worn that decides about model after model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import aiqa
from aiqa import expect, metric
from aiqa.config import HoldoutSettings, parse_config
from aiqa.declare.check import Check
from aiqa.declare.gate import Gate, Policy
from aiqa.errors import ConfigError
from aiqa.judge.holdout import Wear, hypotheses, tighten, tightened
from aiqa.stats.proportions import proportion

MODEL = aiqa.model("fraud", aiqa.column(score="p"), task="binary")
CHECK = Check("ranks", model=MODEL, dataset=aiqa.dataset("orders", "orders.parquet"))


def worn(uses: int, first_pass: int | None = None, **settings: Any) -> Wear:
    return Wear("orders", uses, first_pass, HoldoutSettings(**settings), 0.95)


def test_a_fresh_budget_says_nothing() -> None:
    wear = worn(3, budget=10)
    assert (wear.left, wear.message(3)) == (7, None)
    assert wear.confidence_left == pytest.approx(0.85)


def test_a_spent_budget_asks_for_fresh_rows_and_an_exceeded_one_takes_the_verdict_back() -> None:
    spent, exceeded = worn(10, budget=10), worn(11, budget=10)
    assert "the next model takes fresh rows" in str(spent.message(10))
    assert not spent.exceeded(10)
    assert exceeded.exceeded(11)
    assert not exceeded.exceeded(10)
    assert "this run decided on it was use 11, beyond" in str(exceeded.message(11))


def test_with_first_change_a_pass_ends_it() -> None:
    wear = worn(4, first_pass=4, budget=10, adaptivity="first-change")
    assert wear.left == 0
    assert "a model passed on it at use 4" in str(wear.message(4))
    assert worn(4, first_pass=4, budget=10).left == 6


def test_confidence_adds_up_over_the_uses_and_forks_where_models_adapt() -> None:
    assert worn(5, adaptivity="full").confidence_left == 0
    assert worn(2, adaptivity="full").confidence_left == pytest.approx(1 - 3 * 0.05)
    tight = worn(32, budget=32, tighten=True)
    assert tight.confidence_left == pytest.approx(0.95)
    assert worn(32, budget=32, tighten=True, adaptivity="full").confidence_left == pytest.approx(
        0.95, abs=1e-4
    )
    assert Wear("orders", 5, None, HoldoutSettings(), None).confidence_left is None
    assert "no confidence at all" in str(worn(40).message(40))


@pytest.mark.parametrize(
    ("settings", "confidence"),
    [
        ({"tighten": True, "budget": 10}, 0.995),
        ({"tighten": True, "budget": 10, "adaptivity": "first-change"}, 0.995),
        ({"tighten": True, "budget": 3, "adaptivity": "full"}, 1 - 0.05 / 8),
        ({"budget": 10}, 0.95),
    ],
)
def test_each_use_is_judged_at_its_part_of_alpha(settings: dict[str, Any], confidence: float) -> None:
    assert tightened(0.95, HoldoutSettings(**settings)) == pytest.approx(confidence)
    assert tightened(None, HoldoutSettings(**settings)) is None


@pytest.mark.parametrize(
    ("gate", "confidence"),
    [
        (metric.roc_auc >= 0.9, 0.995),
        (metric.psi("amount", reference="orders") <= 0.2, 0.95),
        (expect.column_values_to_not_be_null("y").gate(), 0.95),
    ],
)
def test_only_gates_on_models_are_tightened(gate: Gate, confidence: float) -> None:
    policy = Policy(0.95, "block", "warn", 1, False)
    settings = HoldoutSettings(tighten=True, budget=10)
    assert tighten(policy, CHECK, gate, settings).confidence == pytest.approx(confidence)


def test_of_many_models_at_the_threshold_some_passes_as_often_as_the_budget_says() -> None:
    """Ten useless changes on one test set: judged singly one passes too often, tightened it does not."""
    rng, runs, n = np.random.default_rng(7), 1500, 400
    right = rng.binomial(n, 0.9, size=(runs, 10))
    bounds = {
        alpha: {int(x): proportion(int(x), n).lower(alpha) for x in np.unique(right)}
        for alpha in (0.05, 1 - float(tightened(0.95, HoldoutSettings(tighten=True, budget=10)) or 0))
    }
    some = [
        np.mean([any(bound[int(x)] >= 0.9 for x in models) for models in right]) for bound in bounds.values()
    ]
    assert some[0] > 0.2
    assert some[1] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_hypotheses_of_adaptive_models_are_a_tree() -> None:
    assert [hypotheses(uses, "full") for uses in (1, 2, 3)] == [1, 1 + 2, 1 + 2 + 4]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"budget": 0}, "holdout.budget = 0"),
        ({"adaptivity": "some"}, "holdout.adaptivity = 'some'"),
        ({"tighten": True, "adaptivity": "full", "budget": 60}, "at most 35"),
        ({"bugdet": 3}, "no key 'holdout.bugdet'; did you mean 'budget'"),
    ],
)
def test_impossible_settings_are_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config({"holdout": table}, "pyproject.toml")
