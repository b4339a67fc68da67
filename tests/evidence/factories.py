"""Evidence for tests: one run with every kind of gate and verdict."""

from __future__ import annotations

from typing import Any

from aiqa import champion, expect, metric
from aiqa.declare.gate import Gate
from aiqa.evidence.record import (
    CheckRecord,
    DatasetRecord,
    EnvironmentRecord,
    ErrorRecord,
    EstimateRecord,
    Evidence,
    GateRecord,
    GitRecord,
    ModelRecord,
    PartRecord,
)
from aiqa.verdict import Verdict


def an_estimate(
    value: float = 0.9412, low: float | None = 0.921, high: float | None = 0.957, **changes: Any
) -> EstimateRecord:
    told = {"n": 569, "method": "logit-delong", "confidence": 0.95, "alternative": "each-side", **changes}
    return EstimateRecord(value=value, low=low, high=high, **told)


def a_gate(gate: Gate = metric.roc_auc >= 0.92, **changes: Any) -> GateRecord:
    told: dict[str, Any] = {
        "id": gate.id,
        "claim": repr(gate),
        "kind": "metric",
        "declaration": gate.to_json(),
        "verdict": Verdict.PASS,
        "blocks": False,
        "severity": "block",
        "inconclusive": "warn",
        "reason": "with 95% confidence it is at least 0.921, and >= 0.92 is required",
        "threshold": 0.92,
        "estimate": an_estimate(),
        "seconds": 0.01,
    }
    return GateRecord(**told | changes)


def a_check(*gates: GateRecord, **changes: Any) -> CheckRecord:
    told: dict[str, Any] = {
        "name": "fraud_ranks_first",
        "doc": "Most of the orders that we have time to review are fraud, in every country.",
        "owner": "@ds-fraud",
        "tier": "pr",
        "file": "checks/check_fraud.py",
        "line": 12,
        "model": "fraud",
        "dataset": "orders",
        "gates": gates,
    }
    return CheckRecord(**told | changes)


def a_run(*checks: CheckRecord, **changes: Any) -> Evidence:
    told: dict[str, Any] = {
        "run_id": "20261123T154501-4f2c",
        "started": "2026-11-23T15:45:01.000+00:00",
        "seconds": 3.21,
        "project": "payments",
        "tier": "pr",
        "verdict": Verdict.PASS,
        "environment": EnvironmentRecord(
            python="CPython 3.11.7",
            platform="Linux 6.1 x86_64",
            libraries={"numpy": "2.4.6"},
            command=("pytest", "--aiqa"),
            seed=0,
            git=GitRecord(commit="8a1f" * 10, branch="main", dirty=False),
        ),
        "datasets": (
            DatasetRecord(name="orders", source="data/orders/*.parquet", rows=569, fingerprint="ab" * 16),
        ),
        "models": (ModelRecord(name="fraud", role="challenger", source="models:/fraud/3", task="binary"),),
        "checks": checks,
    }
    return Evidence(**told | changes)


def failing_gate(**changes: Any) -> GateRecord:
    told: dict[str, Any] = {
        "verdict": Verdict.FAIL,
        "blocks": True,
        "reason": "with 95% confidence it is at most 0.899, and >= 0.92 is required",
        "advice": "The model is worse than promised on this data: do not promote it.",
        "estimate": an_estimate(0.872, 0.841, 0.899),
        "node": "checks/check_fraud.py::fraud_ranks_first[roc_auc]",
        "rerun": "pytest --aiqa 'checks/check_fraud.py::fraud_ranks_first[roc_auc]'",
    }
    return a_gate(**told | changes)


def sliced_gate(slices: int = 7, **changes: Any) -> GateRecord:
    countries = [f"C{index}" for index in range(slices)]
    parts = tuple(
        PartRecord(
            slice={"country": country},
            verdict=Verdict.FAIL if index < 2 else Verdict.PASS,
            reason="",
            estimate=an_estimate(0.3 + index / 20, 0.2 + index / 20, 0.4 + index / 20, n=100 + index),
        )
        for index, country in enumerate(countries)
    )
    told: dict[str, Any] = {
        "verdict": Verdict.FAIL,
        "blocks": True,
        "threshold": 0.5,
        "estimate": parts[0].estimate,
        "parts": parts,
        "reason": f"{slices} slices: 2 fail, {slices - 2} pass; worst country=C0 at 0.3",
        "advice": "Look at country C0 first.",
    }
    return a_gate(metric.recall.at(fpr=0.01).by("country") >= 0.5, **told | changes)


def compared_gate(**changes: Any) -> GateRecord:
    told: dict[str, Any] = {
        "kind": "comparison",
        "verdict": Verdict.INCONCLUSIVE,
        "threshold": -0.005,
        "estimate": an_estimate(0.003, -0.007, 0.013, method="delong"),
        "challenger": 0.9412,
        "champion": 0.9382,
        "reason": "569 rows cannot tell",
        "advice": "Not proven either way: about 2,410 rows would decide it.",
    }
    return a_gate(metric.roc_auc.no_worse_than(champion, margin=0.005), **told | changes)


def expectation_gate(**changes: Any) -> GateRecord:
    told: dict[str, Any] = {
        "kind": "expectation",
        "threshold": None,
        "estimate": None,
        "result": {
            "element_count": 569,
            "unexpected_count": 3,
            "unexpected_percent": 0.527,
            "missing_count": 0,
        },
        "verdict": Verdict.FAIL,
        "severity": "warn",
        "reason": "3 of 569 values are null, and none may be",
    }
    return a_gate(expect.column_values_to_not_be_null("order_id").gate(), **told | changes)


def broken_gate(**changes: Any) -> GateRecord:
    told: dict[str, Any] = {
        "verdict": Verdict.ERROR,
        "blocks": True,
        "estimate": None,
        "reason": "the score is not a number",
        "advice": "The data could not be used, so nothing is known about the model.",
        "error": ErrorRecord(
            type="DataError", message="the score is not a number", file="orders.csv", column="score", row=17
        ),
    }
    return a_gate(metric.average_precision >= 0.8, **told | changes)


def skipped_gate(**changes: Any) -> GateRecord:
    told: dict[str, Any] = {
        "verdict": Verdict.SKIPPED,
        "estimate": None,
        "reason": "tier full is not run by pr",
    }
    return a_gate(metric.brier <= 0.1, **told | changes)


def a_mixed_run(**changes: Any) -> Evidence:
    """Return a failed run with every kind of gate and every verdict."""
    fraud = a_check(a_gate(), failing_gate(), sliced_gate(), compared_gate(), skipped_gate())
    orders = a_check(
        expectation_gate(),
        broken_gate(),
        name="orders_are_complete",
        doc="Scores are only as good as the orders that we feed them.",
        owner=None,
        model=None,
        line=5,
    )
    return a_run(fraud, orders, **{"verdict": Verdict.FAIL, **changes})
