"""The declared gates, run as ``aiqa.run`` runs a project's checks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.workloads.declared import Numbers, answered, of

if TYPE_CHECKING:
    from aiqa.evidence.record import Evidence, GateRecord

CHECKS = Path(__file__).parent / "checks"


def kept(workload: str, home: Path) -> Evidence:
    """Run with the store as it is, and leave in it what later runs can use."""
    return _run(workload, home, cache=True)


def without_store(workload: str, home: Path) -> Evidence:
    return _run(workload, home, cache=False)


def _run(workload: str, home: Path, *, cache: bool) -> Evidence:
    import aiqa

    names = ["w1", "w2", "w3", "w4"] if workload == "w5" else [workload]
    return aiqa.run([CHECKS / f"check_{name}.py" for name in names], root=home, cache=cache)


def numbers(evidence: Evidence) -> Numbers:
    found: Numbers = {}
    for _, gate in evidence.gates:
        if gate.error is not None:
            raise SystemExit(f"{gate.id}: {gate.error.message}")
        found |= _of_expectation(gate) if gate.kind == "expectation" else _of_metric(gate)
    return found


def _of_expectation(gate: GateRecord) -> Numbers:
    claim = gate.declaration["claim"]
    result = (gate.result or {})["result"]
    return answered(claim["type"], dict(claim["kwargs"]["items"]), result)


def _of_metric(gate: GateRecord) -> Numbers:
    claim = gate.declaration["claim"]
    options = dict(claim.get("options", {"items": ()})["items"])
    name = f"{claim['name']}({options['column']})" if "column" in options else claim["name"]
    name += ".gain" if gate.kind == "comparison" else ""
    parts = [(tuple(part.slice.items()), part.estimate) for part in gate.parts] or [((), gate.estimate)]
    found: Numbers = {}
    for slice_, estimate in parts:
        if estimate is not None:
            bounds = {"": estimate.value, ".low": estimate.low, ".high": estimate.high}
            found |= {of(name + end, slice_): bound for end, bound in bounds.items() if bound is not None}
    return found
