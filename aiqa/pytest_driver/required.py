"""``aiqa.require``: one gate on arrays, inside a plain test."""

from __future__ import annotations

import time
import warnings
from typing import Any

import pytest

from aiqa.config import Config
from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import AsUsual, Gate, Policy
from aiqa.declare.metric import Metric
from aiqa.errors import AiqaError, DeclarationError, UndecidedWarning
from aiqa.evidence.build import broken_gate_record, check_record, gate_record
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import GateRecord
from aiqa.judge.values import Judged, judge_values
from aiqa.metrics.catalogue import needs_score
from aiqa.metrics.evaluate import infer_arrays
from aiqa.publish.terminal import failure_text
from aiqa.publish.words import finding
from aiqa.pytest_driver.outcome import keep_required, properties
from aiqa.stats.inference import Estimate
from aiqa.verdict import Verdict


def require(item: pytest.Item, gate: Gate, y_true: Any, answers: Any, **data: Any) -> Estimate:
    """Decide, record and enforce a gate; see :meth:`Recorder.require`."""
    if not isinstance(gate, Gate) or gate.needs_champion or isinstance(gate.claim, Expectation):
        raise DeclarationError(f"aiqa.require takes a gate such as metric.roc_auc >= 0.9, not {gate!r}")
    policy = _policy(item, gate)
    started = time.perf_counter()
    try:
        judged = _judged(gate, policy, y_true, answers, data)
    except AiqaError as error:
        _record(item, broken_gate_record(gate, gate.id, policy, error, node=item.nodeid))
        raise
    seconds = time.perf_counter() - started
    record = gate_record(gate, gate.id, policy, judged, node=item.nodeid, seconds=seconds)
    outcome = _record(item, record)
    if record.verdict is Verdict.INCONCLUSIVE and record.inconclusive == "warn":
        warnings.warn(finding(record), UndecidedWarning, stacklevel=4)
    if record.blocks:
        pytest.fail(failure_text(outcome.check, record), pytrace=False)
    if judged.judgement.estimate is None:
        raise DeclarationError(f"{gate!r} has no single estimate; look at its slices in the evidence")
    return judged.judgement.estimate


def _policy(item: pytest.Item, gate: Gate) -> Policy:
    plugin: Any = item.config.pluginmanager.get_plugin("aiqa-session")
    config = plugin.settings if plugin is not None else Config()
    return gate.own_policy.over(config.policy_of("pr"))


def _judged(gate: Gate, policy: Policy, y_true: Any, answers: Any, data: dict[str, Any]) -> Judged:
    metric = gate.claim
    if not isinstance(metric, Metric):
        raise DeclarationError(f"{gate!r} is about no metric")
    if isinstance(gate.requirement, AsUsual):
        raise DeclarationError(f"{gate!r} is for checks: a plain test has no earlier runs to be held against")
    if answers is not None:
        data = {"y_score" if needs_score(metric) else "y_pred": answers, **data}
    (found,) = infer_arrays([metric], y_true=y_true, **data).values()
    return judge_values(gate.requirement, found, policy)


def _record(item: pytest.Item, record: GateRecord) -> Outcome:
    """Keep the outcome under the test's own name: the test is the check."""
    _, line, name = item.location
    doc = getattr(getattr(item, "function", None), "__doc__", None) or ""
    check = Check(name, doc.strip(), file=str(item.path), line=(line or 0) + 1)
    outcome = Outcome(check=check_record(check, item.config.rootpath), gate=record)
    keep_required(item, outcome)
    item.user_properties += properties(outcome)
    return outcome
