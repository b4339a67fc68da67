"""What ``metric.*`` and ``expect.*`` build, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import aiqa
from aiqa import expect, metric
from aiqa.declare.expect import EXPECTATION_NAMES
from aiqa.declare.gate import INHERIT, Gate, Policy
from aiqa.declare.metrics import METRIC_NAMES
from aiqa.errors import DeclarationError


@pytest.mark.parametrize(
    ("gate", "text", "id_"),
    [
        (metric.roc_auc >= 0.92, "roc_auc >= 0.92", "roc_auc"),
        (metric.roc_auc > 0.92, "roc_auc > 0.92", "roc_auc"),
        (metric.log_loss <= 0.3, "log_loss <= 0.3", "log_loss"),
        (metric.brier < 0.1, "brier < 0.1", "brier"),
        (metric.precision.at(top=500) >= 0.4, "precision.at(top=500) >= 0.4", "precision-top=500"),
        (
            metric.recall.at(fpr=0.01).by("country") >= 0.5,
            "recall.at(fpr=0.01).by('country') >= 0.5",
            "recall-fpr=0.01-by-country",
        ),
        (metric.f1(average="macro") >= 0.9, "f1(average='macro') >= 0.9", "f1-average=macro"),
        (metric.recall(label="a b/c") >= 0.9, "recall(label='a b/c') >= 0.9", "recall-label=a_b_c"),
        (
            metric.roc_auc.no_worse_than(aiqa.champion, margin=0.005),
            "roc_auc no worse than the champion by more than 0.005",
            "roc_auc-no_worse_than-champion",
        ),
        (metric.psi("amount", reference="r") <= 0.2, None, "psi-column=amount-reference=r"),
        (metric.scorer("f1_macro") >= 0.5, "f1_macro >= 0.5", "f1_macro"),
        (
            metric.mae(method="bca", replicates=5000) <= 3,
            "mae(method='bca', replicates=5000) <= 3",
            "mae",
        ),
    ],
)
def test_a_gate_reads_well_and_has_a_name(gate: Gate, text: str | None, id_: str) -> None:
    assert text is None or repr(gate) == text
    assert gate.id == id_


def test_the_name_of_a_gate_does_not_move_with_its_threshold() -> None:
    assert (metric.recall >= 0.5).id == (metric.recall >= 0.6).id
    between = [expect.column_values_to_be_between("x", 0, high) for high in (1, 2)]
    assert between[0].id == between[1].id


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: metric.roc_auc >= "0.9", "finite number"),  # type: ignore[operator]
        (lambda: metric.roc_auc >= True, "finite number"),
        (lambda: metric.roc_auc >= float("nan"), "finite number"),
        (lambda: metric.recall >= 90, "lies between 0 and 1"),
        (lambda: metric.mae(replicates=10), "from 100 up"),
        (lambda: metric.mae <= -1, "lies between 0 and inf"),
        (lambda: bool(metric.roc_auc >= 0.9), "neither true nor false"),
        (lambda: 0.1 <= metric.roc_auc <= 0.9, "between"),
        (lambda: metric.roc_auc.between(0.9, 0.1), "low <= high"),
        (lambda: metric.recall.at(), "exactly one of"),
        (lambda: metric.recall.at(fpr=0.1, top=5), "exactly one of"),
        (lambda: metric.recall.at(speed=3), "exactly one of"),
        (lambda: metric.recall.at(fpr=1.5), "share from 0 to 1"),
        (lambda: metric.recall.at(top=0), "number of rows"),
        (lambda: metric.recall.at(fpr=0.1, per="day"), "per= goes with top="),
        (lambda: metric.recall.by(), "names of columns"),
        (lambda: metric.roc_auc.no_worse_than(0.9), "aiqa.champion"),  # type: ignore[arg-type]
        (lambda: metric.roc_auc.no_worse_than(aiqa.champion, margin=-1), "negative"),
        (lambda: metric.roc_auc.within(aiqa.champion, margin=0), "margin above 0"),
        (lambda: metric.roc_auc(method=0.95), "name of a method"),  # type: ignore[arg-type]
        (lambda: metric.psi("amount", "orders"), "psi takes its options by name"),
        (lambda: metric.f1("macro"), "f1 takes its options by name"),
        (lambda: metric.f1(averag="macro"), "no option 'averag'; did you mean 'average'"),
        (lambda: metric.f1(average="mean"), "average= must be one of"),
        (lambda: metric.mae(label=1), "mae has no option 'label'"),
        (lambda: metric("roc_auc"), "takes a function"),  # type: ignore[call-overload]
        (lambda: metric(metric.roc_auc), "takes a function"),  # type: ignore[arg-type]
        (lambda: metric(len, needs="probability"), "needs= must be one of"),
        (lambda: metric(len)([1, 2]), "len is a metric now"),
        (lambda: metric(len, speed=1), "no option 'speed'"),
        (lambda: metric.latency(quantile=95), "share between 0 and 1"),
        (lambda: metric.latency(rows=0), "rows= is a whole number from 1"),
        (lambda: metric.latency(calls=True), "calls= is a whole number"),
        (lambda: metric.throughput(seconds=0), "seconds= is a time above 0"),
        (lambda: metric.throughput(seconds="10"), "seconds= is a time above 0"),
        (lambda: metric.throughput(quantile=0.5), "throughput has no option 'quantile'"),
        (lambda: metric.latency(method="bca"), "takes no method="),
        (lambda: metric.latency(0.95), "latency takes its options by name"),
        (lambda: metric.latency.by("country"), "latency has no slices"),
        (lambda: metric.model_size.at(top=5), "model_size has no operating point"),
        (lambda: metric.latency <= -1, "lies between 0 and inf"),
        (lambda: metric.scorer(3), "name of a scikit-learn scorer"),  # type: ignore[arg-type]
        (lambda: (metric.mae <= 1).policy(confidence=0.4), "above 0.5"),
        (lambda: (metric.mae <= 1).policy(severity="fatal"), "severity must be one of"),
        (lambda: (metric.mae <= 1).policy(inconclusive="pass"), "inconclusive must be one of"),
        (lambda: (metric.mae <= 1).policy(min_support=0), "whole number"),
        (lambda: (metric.mae <= 1).policy(anytime="daily"), "the n at which its bounds are sharpest"),
        (lambda: (metric.mae <= 1).policy(anytime=0), "the n at which its bounds are sharpest"),
        (lambda: (metric.mae <= 1).policy(colour="red"), "no policy setting 'colour'"),
        (lambda: expect.column_values_to_be_between("x"), "min_value"),
        (lambda: expect.column_values_to_be_in_set("x", "abc"), "list or a set"),
        (lambda: expect.column_values_to_not_be_null("x", mostly=1.1), "share from 0 to 1"),
        (lambda: expect.column_to_exist("x", severity="high"), "severity= must be one of"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_decided_is_refused_at_once(wrong: Callable[[], Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        wrong()


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="did you mean 'roc_auc'"):
        metric.roc_acu  # noqa: B018
    with pytest.raises(AttributeError, match="column_values_to_not_be_null"):
        expect.column_values_to_not_be_nul  # noqa: B018


def test_every_name_can_be_completed_by_an_editor() -> None:
    assert set(METRIC_NAMES) <= set(dir(metric))
    assert set(EXPECTATION_NAMES) <= set(dir(expect))


def test_a_policy_inherits_field_by_field() -> None:
    project = Policy(confidence=0.95, severity="block", inconclusive="warn", min_support=1)
    check = Policy(inconclusive="block")
    gate = Policy(confidence=None)
    assert gate.over(check).over(project) == Policy(None, "block", "block", 1)
    assert Policy().severity == INHERIT
    assert Policy(anytime=False).over(Policy(anytime=5000)).anytime is False
    assert Policy().over(Policy(anytime=5000)).anytime == 5000


def test_severities_of_gx_become_ours() -> None:
    assert expect.column_to_exist("a").gate().own_policy == Policy()
    assert expect.column_to_exist("a", severity="warning").gate().own_policy.severity == "warn"
    stricter = expect.column_to_exist("a", severity="info").policy(severity="block")
    assert stricter.own_policy.severity == "block"
