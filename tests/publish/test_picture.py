from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiqa import metric
from aiqa.evidence.record import GateRecord
from aiqa.publish.picture import Picture, Span, picture
from tests.evidence.factories import (
    a_gate,
    an_estimate,
    broken_gate,
    compared_gate,
    expectation_gate,
    failing_gate,
)


def drawn(gate: GateRecord) -> Picture:
    found = picture(gate)
    assert found is not None
    return found


def right(span: Span | None) -> float:
    assert span is not None
    return span.left + span.width


def test_a_failing_interval_ends_before_the_required_range() -> None:
    found = drawn(failing_gate())
    assert found.interval is not None
    assert found.required is not None
    assert found.interval.left < found.value.at < right(found.interval) < found.required.left
    assert right(found.required) == 100
    assert [mark.text for mark in found.thresholds] == ["0.92"]


def test_at_most_is_required_from_the_left() -> None:
    found = drawn(a_gate(metric.log_loss <= 0.3, estimate=an_estimate(0.2, 0.1, 0.25), threshold=0.3))
    assert found.required is not None
    assert (found.required.left, right(found.required)) == (0, found.thresholds[0].at)
    assert right(found.interval) < found.thresholds[0].at


def test_a_range_has_two_thresholds() -> None:
    gate = a_gate(metric.precision.between(0.2, 0.4), estimate=an_estimate(0.3, 0.25, 0.35), threshold=0.2)
    found = drawn(gate)
    assert found.required is not None
    assert [mark.text for mark in found.thresholds] == ["0.2", "0.4"]
    assert found.required.left == found.thresholds[0].at
    assert right(found.required) == pytest.approx(found.thresholds[1].at)


def test_labels_never_overlap() -> None:
    def labels(*estimate: float) -> list[str]:
        gate = a_gate(metric.precision.between(0.2, 0.4), estimate=an_estimate(*estimate))
        return [mark.text for mark in drawn(gate).labels]

    assert labels(0.3, 0.25, 0.35) == ["0.2", "0.4"]
    assert labels(0.9, 0.8, 0.99) == ["0.2 to 0.4"]
    assert [mark.text for mark in drawn(a_gate()).labels] == ["0.92"]


def test_an_open_side_reaches_the_edge() -> None:
    assert right(drawn(a_gate(estimate=an_estimate(0.94, 0.92, None))).interval) == 100


def test_a_value_without_an_interval_is_a_point() -> None:
    found = drawn(a_gate(estimate=an_estimate(0.94, 0.94, 0.94)))
    assert found.interval is None
    assert found.value.text == "0.94"


def test_a_gain_is_drawn_against_its_margin() -> None:
    found = drawn(compared_gate())
    assert (found.value.text, found.thresholds[0].text) == ("+0.003", "-0.005")
    assert "gain" not in found.description
    assert "required: no worse than the champion by more than 0.005" in found.description


@pytest.mark.parametrize(
    "gate", [broken_gate(), expectation_gate(estimate=an_estimate()), a_gate(declaration={})]
)
def test_nothing_is_drawn_without_numbers(gate: GateRecord) -> None:
    assert picture(gate) is None


@given(*[st.floats(-1e12, 1e12)] * 4)
def test_everything_stays_in_the_picture_and_in_order(a: float, b: float, c: float, threshold: float) -> None:
    low, value, high = sorted((a, b, c))
    found = drawn(
        a_gate(metric(max) >= threshold, estimate=an_estimate(value, low, high), threshold=threshold)
    )
    places = [found.value.at, found.thresholds[0].at]
    if found.interval is not None:
        places += [found.interval.left, right(found.interval)]
        assert found.interval.left - 0.01 <= found.value.at <= right(found.interval) + 0.01
    assert all(0 <= place <= 100.01 for place in places)
    if value > threshold:
        assert found.value.at >= found.thresholds[0].at
