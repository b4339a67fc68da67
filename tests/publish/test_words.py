from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiqa import champion, metric
from aiqa.evidence.record import GateRecord
from aiqa.judge.number import number
from aiqa.publish import words
from aiqa.publish.words import Fact, plain
from aiqa.verdict import Verdict
from tests.evidence.factories import (
    a_check,
    a_gate,
    a_mixed_run,
    a_run,
    an_estimate,
    broken_gate,
    compared_gate,
    expectation_gate,
    failing_gate,
    skipped_gate,
    sliced_gate,
)
from tests.publish.hostile import TEXT

numbers = st.floats(-1e300, 1e300)


@given(st.text())
def test_plain_text_is_one_line_without_commands_to_anything(text: str) -> None:
    line = plain(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert not any(word.startswith(("::", "##[")) for word in line.split())


def test_plain_text_keeps_what_people_write() -> None:
    assert (
        plain("roc_auc >= 0.92 für 漢字, check_fraud.py::ranks[a]")
        == "roc_auc >= 0.92 für 漢字, check_fraud.py::ranks[a]"
    )
    assert "\x1b" not in plain(TEXT)


def test_plain_text_is_bounded() -> None:
    assert plain("a" * 10_000_000, 50) == "a" * 47 + "..."


@given(numbers)
def test_numbers_are_short_and_near(value: float) -> None:
    assert math.isclose(float(number(value).replace(",", "")), value, rel_tol=6e-4, abs_tol=0)


@given(numbers, numbers)
def test_numbers_stay_on_their_side(value: float, other: float) -> None:
    shown = float(number(value, beside=[other]).replace(",", ""))
    assert (shown > other, shown < other) == (value > other, value < other)


@given(st.floats(0.9, 1, exclude_max=True), st.floats(-1e-3, 1e-3))
def test_near_misses_never_look_like_hits(threshold: float, off: float) -> None:
    value = threshold + off
    shown = float(number(value, beside=[threshold]))
    assert (shown >= threshold) == (value >= threshold)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (0.0, "0"),
        (12.0, "12"),
        (-0.003, "-0.003"),
        (1234567.0, "1,234,567"),
        (2.5e-9, "2.5e-09"),
    ],
)
def test_numbers_as_people_write_them(value: float, text: str) -> None:
    assert number(value) == text


def test_almost_perfect_is_not_perfect() -> None:
    assert number(0.999999) == "0.999999"


def test_gains_have_a_sign() -> None:
    assert (number(0.003, signed=True), number(-0.003, signed=True), number(0.0, signed=True)) == (
        "+0.003",
        "-0.003",
        "0",
    )


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        (a_gate(), "0.9412 [0.921, 0.957], n 569"),
        (
            failing_gate(estimate=an_estimate(0.91999, 0.91996, 0.919996)),
            "0.91999 [0.91996, 0.919996], n 569",
        ),
        (a_gate(estimate=an_estimate(0.9412, 0.921, None)), "0.9412 [0.921, ...], n 569"),
        (a_gate(estimate=an_estimate(0.9412, 0.9412, 0.9412, n=12_345)), "0.9412, n 12,345"),
        (a_gate(estimate=an_estimate(0.9412, confidence=None)), "0.9412, n 569"),
        (
            compared_gate(),
            "0.9412 against the champion's 0.9382, gain +0.003 [-0.007, +0.013], n 569",
        ),
        (
            a_gate(estimate=an_estimate(6.2, 6.1, 6.3, unit="ms", n_of="calls of 1 row")),
            "6.2 ms [6.1, 6.3], n 569 calls of 1 row",
        ),
        (
            compared_gate(estimate=an_estimate(-0.3, -0.5, -0.1, unit="ms"), challenger=5.3, champion=5.0),
            "5.3 ms against the champion's 5 ms, gain -0.3 ms [-0.5, -0.1], n 569",
        ),
        (compared_gate(champion=None), "gain +0.003 [-0.007, +0.013], n 569"),
        (sliced_gate(), "worst of 7 slices, country=C0: 0.3 [0.2, 0.4], n 100"),
        (expectation_gate(), "3 of 569 values are not as expected (0.5272 %)"),
        (expectation_gate(result={"observed_value": 3.14159265}), "observed 3.142"),
        (expectation_gate(result={"observed_value": ["a"]}, reason="found a, b"), "found a, b"),
        (expectation_gate(result={"result": {"observed_value": 52893}, "success": True}), "observed 52,893"),
        (
            expectation_gate(result={"element_count": 10, "missing_count": 10, "unexpected_count": 0}),
            "there are no values",
        ),
        (
            expectation_gate(result={"element_count": 2010, "missing_count": 10, "unexpected_count": 0}),
            "all 2,000 values are as expected",
        ),
        (broken_gate(), None),
        (skipped_gate(), None),
    ],
)
def test_what_was_measured(gate: GateRecord, text: str | None) -> None:
    assert words.measured(gate) == text


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        (a_gate(metric.roc_auc >= 0.92), ">= 0.92"),
        (a_gate(metric.log_loss < 0.3), "< 0.3"),
        (a_gate(metric.precision.between(0.2, 0.4)), "in [0.2, 0.4]"),
        (compared_gate(), "no worse than the champion by more than 0.005"),
        (a_gate(metric.r2.better_than(champion, margin=0.01)), "better than the champion by at least 0.01"),
        (expectation_gate(), None),
        (a_gate(declaration={}, threshold=None, kind="free-form"), None),
        (a_gate(declaration={"requirement": {"declares": "Nonsense"}}), "0.92"),
        (a_gate(declaration={"requirement": {"declares": "AtLeast", "wrong": 1}}), "0.92"),
        (a_gate(declaration={"requirement": "text"}), "0.92"),
    ],
)
def test_what_is_needed(gate: GateRecord, text: str | None) -> None:
    assert words.needed(gate) == text


def test_the_headline_says_it_all() -> None:
    check = a_check(failing_gate())
    assert words.headline(check, check.gates[0]) == (
        "fraud_ranks_first: roc_auc >= 0.92 fails: 0.872 [0.841, 0.899], n 569"
    )
    assert words.headline(check, broken_gate()) == (
        "fraud_ranks_first: average_precision >= 0.8 could not be decided: the score is not a number"
    )
    assert "not_be_null(column='order_id') fails (warns only): 3 of" in words.headline(
        check, expectation_gate()
    )


def test_an_inconclusive_gate_that_stops_the_run_says_so() -> None:
    assert words.says(compared_gate(blocks=True)) == "is inconclusive (stops the run)"
    assert words.says(compared_gate()) == "is inconclusive"


def test_facts_are_those_that_there_are() -> None:
    gate = failing_gate(reason="r", advice=None, rerun=None)
    found = {fact.label: fact.text for fact in words.facts(a_check(owner=None, file=""), gate)}
    assert found == {"because": "r"}
    told = {
        fact.label: fact.text
        for fact in words.facts(a_check(), broken_gate(rerun="pytest --aiqa 'a b::c[d]'"))
    }
    assert told["where"] == "file orders.csv, column score, row 17"
    assert told["run again"] == "pytest --aiqa 'a b::c[d]'"
    assert told["call"] == "@ds-fraud"


def test_slices_that_pass_are_counted() -> None:
    lines = words.slice_lines(sliced_gate(19), 5)
    assert lines[0] == "country=C0 fails: 0.3 [0.2, 0.4], n 100"
    assert (len(lines), lines[-1]) == (3, "and 17 more pass")
    assert len(words.slice_lines(sliced_gate(19), 50, passing=True)) == 19
    assert words.slice_lines(a_gate(), 5) == []


@pytest.mark.parametrize(
    ("gate", "needs"),
    [
        (a_gate, False),
        (skipped_gate, False),
        (failing_gate, True),
        (broken_gate, True),
        (expectation_gate, True),
        (compared_gate, True),
        (lambda: compared_gate(inconclusive="allow"), False),
    ],
)
def test_who_needs_attention(gate: Callable[[], GateRecord], needs: bool) -> None:
    assert words.needs_attention(gate()) is needs


def test_what_stops_the_run_comes_first() -> None:
    told = [(gate.blocks, gate.verdict) for _, gate in words.attention(a_mixed_run())]
    assert told == [
        (True, Verdict.ERROR),
        (True, Verdict.FAIL),
        (True, Verdict.FAIL),
        (False, Verdict.FAIL),
        (False, Verdict.INCONCLUSIVE),
    ]


def test_the_counts() -> None:
    assert words.counts_text(a_mixed_run()) == (
        "7 gates of 2 checks: 1 pass, 3 fail, 1 inconclusive, 1 error, 1 skipped"
    )
    assert words.counts_text(a_run(a_check(a_gate()))) == "1 gate of 1 check: 1 pass"
    assert words.counts_text(a_run()) == "0 gates of 0 checks: nothing was decided, so nothing is proven"
    assert words.counts_text(a_run(a_check(skipped_gate()))).endswith(
        "1 skipped, nothing was decided, so nothing is proven"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ms"), (0.9996, "1.0 s"), (59.96, "1 min 0 s"), (119.7, "2 min 0 s"), (3661.0, "61 min 1 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_how_an_interval_was_made() -> None:
    assert words.confidence_text(an_estimate()) == "logit-delong, each bound at 95 % confidence"
    assert words.confidence_text(an_estimate(alternative="two-sided")) == "logit-delong, 95 % confidence"
    assert (
        words.confidence_text(an_estimate(1.0, 1.0, 1.0, method="exact"))
        == "exact: the whole table was counted"
    )
    assert words.confidence_text(an_estimate(confidence=None)) == "the value alone, without an interval"


def test_a_file_is_named_with_its_line() -> None:
    check = a_check(file="checks/check_a.py", line=3)
    assert Fact("claimed in", "checks/check_a.py:3") in words.facts(check, a_gate())


def test_a_value_that_needs_the_champion_is_no_gain() -> None:
    gate = a_gate(
        metric.negative_flips <= 0.02,
        kind="comparison",
        threshold=0.02,
        estimate=an_estimate(0.01, 0.0, 0.03),
    )
    assert words.measured(gate) == "0.01 [0, 0.03], n 569"
