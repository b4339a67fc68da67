"""Declarations compare by value, travel as JSON and refuse what they cannot carry."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aiqa
from aiqa import expect, metric
from aiqa.declare.check import check_of
from aiqa.declare.values import Declaration, Pairs, freeze
from aiqa.errors import DeclarationError


def bias(y_true: Any, y_pred: Any) -> float:
    return float((y_pred - y_true).mean())


def load() -> dict[str, list[int]]:
    return {"a": [1]}


@aiqa.check(aiqa.dataset("orders", "orders.csv"), owner="@ds", tier="smoke", confidence=None)
def complete() -> Any:
    """Orders are complete."""
    yield expect.column_values_to_not_be_null("order_id")


DECLARATIONS: list[Any] = [
    metric.roc_auc,
    metric.roc_auc >= 0.9,
    metric.roc_auc > 0.9,
    metric.log_loss <= 0.3,
    metric.f1(average="macro").by("country", "channel") >= 0.5,
    metric.recall.at(fpr=0.01).between(0.4, 1),
    metric.precision.at(top=500, per="day") >= 0.4,
    metric.roc_auc.no_worse_than(aiqa.champion, margin=0.005),
    metric.recall(method="wilson").within(aiqa.champion, margin=0.02),
    metric.mae.better_than(aiqa.champion),
    metric.scorer("neg_mean_poisson_deviance") >= -1,
    metric.psi("amount", reference="orders-2026-09") <= 0.2,
    metric(bias) <= 0.1,
    (metric.recall >= 0.8).policy(severity="warn", confidence=None, min_support=30, anytime=True),
    aiqa.dataset("orders", "data/*.parquet", label="y", weight="w", time="t", slices=["country"]),
    aiqa.dataset("orders", load),
    aiqa.model("fraud", "models:/fraud@challenger", task="binary", champion="models:/fraud@champion"),
    aiqa.model("iris", "iris.skops", task="multiclass", classes=["a", "b", "c"], trusted=["my.Type"]),
    aiqa.model("old", aiqa.column(score=["p0", "p1"]), task="multiclass", features=["x"]),
    aiqa.model("fn", load, task="regression"),
    expect.column_values_to_be_between("amount", 0, 50_000, mostly=0.999),
    expect.column_values_to_be_between("day", dt.date(2026, 1, 1), dt.datetime(2026, 2, 1, 12)),  # noqa: DTZ001
    expect.column_values_to_be_in_set("price", [Decimal("0.10"), Decimal("2.5")]),
    expect.column_values_to_be_in_set("kind", {"b", "a"}, severity="warning").gate(),
    expect.table_columns_to_match_set(["a", "b"], exact_match=False),
    check_of(complete),
]


@pytest.mark.parametrize("declared", DECLARATIONS, ids=repr)
def test_a_declaration_travels_as_json(declared: Declaration) -> None:
    text = json.dumps(declared.to_json())
    again = aiqa.from_json(json.loads(text))
    assert again == declared
    assert hash(again) == hash(declared)
    assert repr(again) == repr(declared)


def test_declarations_are_told_apart_by_value() -> None:
    told = [json.dumps(declared.to_json()) for declared in DECLARATIONS]
    assert len(set(told)) == len(DECLARATIONS)
    assert (metric.roc_auc >= 0.9) != (metric.roc_auc >= 0.91)
    assert (metric.roc_auc >= 0.9) == (metric.roc_auc >= 0.9)


def test_declarations_are_frozen() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        metric.roc_auc.name = "other"  # type: ignore[misc]


def test_a_function_is_found_again_by_its_address() -> None:
    again = aiqa.from_json((metric(bias) >= 0).to_json())
    assert again.claim.options.as_dict()["of"].load() is bias


def test_an_object_in_memory_is_recorded_but_not_read_back() -> None:
    frame = {"columns": 1}

    class Table:
        columns = ("a",)

    declared = aiqa.dataset("in memory", Table())
    assert "Table" in json.dumps(declared.to_json())
    with pytest.raises(DeclarationError, match="object in memory"):
        aiqa.from_json(declared.to_json())
    assert frame


def test_an_object_in_memory_equals_only_itself() -> None:
    class Table:
        columns = ("a",)

    one, other = Table(), Table()
    assert aiqa.dataset("d", one) == aiqa.dataset("d", one)
    assert aiqa.dataset("d", one) != aiqa.dataset("d", other)


def test_functions_of_one_address_are_told_apart() -> None:
    one, other = ((lambda frame, k=k: frame * k) for k in (1, 2))
    assert aiqa.model("m", one, task="binary") == aiqa.model("m", one, task="binary")
    assert aiqa.model("m", one, task="binary") != aiqa.model("m", other, task="binary")
    assert metric(partial(bias, y_pred=1)) != metric(partial(bias, y_pred=2))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"declares": "Gtae"}, "unknown declaration 'Gtae'; did you mean 'Gate'"),
        ({"declares": "Gate", "claim": 1, "nonsense": 2}, "not a Gate"),
        ({"surprise": 1}, "not a value of a declaration"),
        ([1], "not a declaration"),
        ({"declares": "AtLeast", "threshold": {"decimal": "many"}}, "not a declaration"),
        ({"declares": "AtLeast", "threshold": {"date": "soon"}}, "not a declaration"),
        ({"declares": "AtLeast", "threshold": {"float": "nan"}}, "finite number"),
        ({"declares": ["AtLeast"]}, "not a declaration"),
    ],
)
def test_json_that_is_no_declaration_is_refused(document: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        aiqa.from_json(document)


plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
nested = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(nested)
def test_any_plain_value_is_frozen_and_travels(value: Any) -> None:
    frozen = freeze(value, "it")
    hash(frozen)
    declared = expect.column_values_to_be_in_set("c", [1]).kwargs.__class__((("value", frozen),))
    assert aiqa.from_json(json.loads(json.dumps(declared.to_json()))) == declared


@given(nested)
def test_a_frozen_mapping_is_thawed(value: Any) -> None:
    frozen = freeze({"value": value}, "it")
    assert freeze(frozen.as_dict(), "it") == frozen
    json.dumps(frozen.as_dict())


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, [1.0, math.inf], {"a": [-math.inf]}, Decimal("Infinity")]
)
def test_an_infinity_travels_where_it_is_allowed(value: Any) -> None:
    declared = Pairs((("value", freeze(value, "it", infinite=True)),))
    text = json.dumps(declared.to_json(), allow_nan=False)
    assert aiqa.from_json(json.loads(text)) == declared
    with pytest.raises(DeclarationError, match="it must be a finite number"):
        freeze(value, "it")


class Side(Enum):
    LEFT = "left"


def test_a_member_of_an_enum_is_its_value() -> None:
    assert freeze([Side.LEFT], "side") == ("left",)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), b"bytes", object()])
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(DeclarationError, match="min"):
        freeze(value, "min")


def test_numpy_values_become_plain() -> None:
    assert freeze(np.float64(0.5), "x") == 0.5
    assert type(freeze(np.int64(3), "x")) is int
    assert freeze(np.array([1, 2]), "x") == (1, 2)
