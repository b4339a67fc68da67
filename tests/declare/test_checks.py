"""``@aiqa.check`` and what its body may yield."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import aiqa
from aiqa import expect, metric
from aiqa.declare.check import Check, check_of, gates_of, is_free_form, refuse_doubles
from aiqa.declare.expectation import problem
from aiqa.declare.parametrize import argument_sets
from aiqa.declare.source import declared_dataset
from aiqa.errors import DeclarationError

ORDERS = aiqa.dataset("orders-for-checks", "orders.parquet", label="y")
FRAUD = aiqa.model("fraud", "fraud.skops", task="binary")


def test_a_check_knows_its_sentence_owner_and_place() -> None:
    @aiqa.check(FRAUD, ORDERS, owner="@ds", tier="smoke", severity="warn")
    def ranks_first() -> Iterator[Any]:
        """Fraud comes first."""
        yield metric.roc_auc >= 0.9

    declared = check_of(ranks_first)
    assert declared is not None
    assert (declared.name, declared.doc, declared.owner) == ("ranks_first", "Fraud comes first.", "@ds")
    assert (declared.model, declared.dataset, declared.tier) == (FRAUD, ORDERS, "smoke")
    assert declared.own_policy.severity == "warn"
    assert declared.file == __file__
    assert not is_free_form(ranks_first)


def test_the_function_stays_itself() -> None:
    def plain() -> None:
        """Assert."""

    assert aiqa.check(ORDERS)(plain) is plain
    assert vars(plain) == {}
    assert is_free_form(plain)


def test_gates_are_named_once_each() -> None:
    @aiqa.check(ORDERS)
    def twice() -> Iterator[Any]:
        yield metric.roc_auc >= 0.9
        yield metric.roc_auc <= 0.999
        yield expect.column_to_exist("a")

    assert list(gates_of(twice)) == ["roc_auc", "roc_auc-2", "column_to_exist-a"]


@pytest.mark.parametrize(
    ("yielded", "message"),
    [
        (0.3, "yields 0.3 at position 2, which is no gate"),
        (metric.roc_auc, "compare it, as in 'roc_auc >= 0.9'"),
        (None, "yields None"),
        ("roc_auc >= 0.9", "which is no gate"),
    ],
)
def test_what_is_no_gate_is_named(yielded: Any, message: str) -> None:
    @aiqa.check(ORDERS)
    def wrong() -> Iterator[Any]:
        yield metric.roc_auc >= 0.9
        yield yielded

    with pytest.raises(DeclarationError, match=message):
        gates_of(wrong)


def test_a_body_that_raises_is_named() -> None:
    @aiqa.check(ORDERS)
    def wrong() -> Iterator[Any]:
        yield metric.roc_auc >= 1 / 0

    with pytest.raises(DeclarationError, match=r"wrong\(\) raised ZeroDivisionError.*runs at collection"):
        gates_of(wrong)


def test_a_check_without_gates_is_refused() -> None:
    @aiqa.check(ORDERS)
    def empty() -> Iterator[Any]:
        yield from ()

    with pytest.raises(DeclarationError, match="yields no gate"):
        gates_of(empty)


@pytest.mark.parametrize(
    ("subjects", "settings", "message"),
    [
        (("orders",), {}, "not 'orders'"),
        ((ORDERS, ORDERS), {}, "one dataset"),
        ((FRAUD, FRAUD), {}, "one model"),
        ((ORDERS,), {"tier": "nightly"}, "tier= must be one of"),
        ((ORDERS,), {"sevrity": "warn"}, "no policy setting 'sevrity'"),
        ((ORDERS,), {"onwer": "@me"}, "no 'onwer'; did you mean 'owner'"),
        ((ORDERS,), {"owner": ["@ann", "@bob"]}, "owner= must be text"),
        ((ORDERS,), {"name": " "}, "name= must be text"),
    ],
)
def test_wrong_checks_are_refused(subjects: Any, settings: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        aiqa.check(*subjects, **settings)


def test_a_bare_decorator_is_explained() -> None:
    with pytest.raises(DeclarationError, match="with parentheses"):

        @aiqa.check
        def wrong() -> None: ...


def test_only_functions_are_checks() -> None:
    with pytest.raises(DeclarationError, match="above a function"):

        @aiqa.check(ORDERS)
        class Wrong: ...


def test_two_checks_of_one_name_are_refused_wherever_they_are() -> None:
    @aiqa.check(ORDERS, name="same")
    def one() -> None: ...

    @aiqa.check(ORDERS, name="same")
    def other() -> None: ...

    homes: dict[str, str] = {}
    for function in (one, one):
        refuse_doubles(_declared(function), function, homes)
    with pytest.raises(DeclarationError, match="named same is already in"):
        refuse_doubles(_declared(other), other, homes)


def _declared(function: object) -> Check:
    declared = check_of(function)
    assert declared is not None
    return declared


def test_parametrize_is_read_in_all_its_forms() -> None:
    @pytest.mark.parametrize("country", ["BR", pytest.param("PT", id="pt")])
    @pytest.mark.parametrize(("low", "high"), [(0, 1), pytest.param(2, 3)])
    @aiqa.check(ORDERS)
    def many(country: str, low: int, high: int) -> Iterator[Any]:
        yield metric.roc_auc.between(low, high)

    sets = argument_sets(many)
    assert len(sets) == 4
    assert {"country": "PT", "low": 2, "high": 3} in sets
    assert repr(gates_of(many, sets[0])["roc_auc"]) == "roc_auc in [0, 1]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", "a.csv"), "needs a name"),
        (("d", "data.xlsx"), "cannot tell the format"),
        (("d", 3), "not from a int"),
    ],
)
def test_wrong_datasets_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        aiqa.dataset(*arguments)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label": 3}, "label= is the name of a column"),
        ({"label": ["y", 3]}, "label= is the name of a column"),
        ({"cluster": ["customer"]}, "cluster= is the name of a column"),
        ({"slices": "country"}, "slices= is a list of names"),
        ({"format": "parket"}, "no format 'parket'; did you mean 'parquet'"),
    ],
)
def test_wrong_settings_of_datasets_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        aiqa.dataset("d", "a.csv", **settings)


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        ("model.pkl", {"task": "binary"}, "pickle, which runs any code"),
        ("somewhere", {"task": "binary"}, "not the address of a model"),
        (3, {"task": "binary"}, "not a int"),
        ("m.skops", {"task": "ranking"}, "task= must be one of"),
        ("m.skops", {"task": "binary", "threshold": "high"}, "threshold= must be a finite number"),
        ("m.skops", {"task": "multiclass", "classes": {"a", "b"}}, "classes= has an order"),
        ("m.skops", {"task": "binary", "features": "amount"}, "features= is a list of names"),
    ],
)
def test_wrong_models_are_refused(source: Any, settings: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        aiqa.model("m", source, **settings)


def test_a_column_needs_a_column() -> None:
    with pytest.raises(DeclarationError, match="needs a column"):
        aiqa.column()


def test_datasets_are_found_by_name() -> None:
    assert declared_dataset("orders-for-checks") == ORDERS
    with pytest.raises(DeclarationError, match="no dataset 'orders-for-check' is declared; did you mean"):
        declared_dataset("orders-for-check")


def test_a_body_that_skips_is_named() -> None:
    def later() -> Iterator[Any]:
        if metric.roc_auc.slices == ():
            pytest.skip("not yet")
        yield metric.roc_auc >= 0.9

    with pytest.raises(DeclarationError, match=r"the body of later\(\) raised Skipped: not yet"):
        gates_of(later)


def test_what_is_wrong_with_an_expectation_is_its_own_error() -> None:
    def many():  # type: ignore[no-untyped-def]
        yield expect.column_to_exist("a")
        yield expect.column_values_to_match_regex("a", "(")
        yield expect.column_to_exit("a")
        yield expect.column_to_exist("b")

    gates = gates_of(many)
    assert len(gates) == 4
    problems = [problem(gate.claim) for gate in gates.values()]  # type: ignore[arg-type]
    assert problems[0] is problems[3] is None
    assert "no regular expression" in str(problems[1])
    assert "did you mean 'expect_column_to_exist'" in str(problems[2])
    with pytest.raises(AttributeError, match="did you mean 'column_to_exist'"):
        expect.column_to_exit("a")
    with pytest.raises(DeclarationError, match="column_values_to_match_regex: regex="):
        expect.column_values_to_match_regex("a", "(")
