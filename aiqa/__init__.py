"""aiqa: say next to the model what good means, prove it in CI, publish it.

Everything here is loaded at its first use: importing aiqa costs milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiqa import gx, stats
    from aiqa.declare.bucket import bucket
    from aiqa.declare.check import check
    from aiqa.declare.expect import expect
    from aiqa.declare.folded import folded, other
    from aiqa.declare.gate import champion
    from aiqa.declare.lake import delta, iceberg, sql
    from aiqa.declare.metrics import metric
    from aiqa.declare.source import column, dataset, model
    from aiqa.declare.values import from_json
    from aiqa.evidence.record import Evidence
    from aiqa.expectations.validate import validate
    from aiqa.metrics.compare import compare
    from aiqa.metrics.evaluate import evaluate
    from aiqa.metrics.skew import skew
    from aiqa.runner import run
    from aiqa.session.weak import weak_slices
    from aiqa.stats import power
    from aiqa.stats.inference import Estimate

__version__ = "0.1.0"

_HOME = {
    "Estimate": "aiqa.stats.inference",
    "Evidence": "aiqa.evidence.record",
    "bucket": "aiqa.declare.bucket",
    "champion": "aiqa.declare.gate",
    "check": "aiqa.declare.check",
    "column": "aiqa.declare.source",
    "compare": "aiqa.metrics.compare",
    "dataset": "aiqa.declare.source",
    "delta": "aiqa.declare.lake",
    "evaluate": "aiqa.metrics.evaluate",
    "expect": "aiqa.declare.expect",
    "folded": "aiqa.declare.folded",
    "from_json": "aiqa.declare.values",
    "gx": "aiqa",
    "iceberg": "aiqa.declare.lake",
    "metric": "aiqa.declare.metrics",
    "model": "aiqa.declare.source",
    "other": "aiqa.declare.folded",
    "power": "aiqa.stats",
    "run": "aiqa.runner",
    "skew": "aiqa.metrics.skew",
    "sql": "aiqa.declare.lake",
    "stats": "aiqa",
    "validate": "aiqa.expectations.validate",
    "weak_slices": "aiqa.session.weak",
}

_MODULES = ("gx", "power", "stats")

__all__ = [
    "Estimate",
    "Evidence",
    "bucket",
    "champion",
    "check",
    "column",
    "compare",
    "dataset",
    "delta",
    "evaluate",
    "expect",
    "folded",
    "from_json",
    "gx",
    "iceberg",
    "metric",
    "model",
    "other",
    "power",
    "run",
    "skew",
    "sql",
    "stats",
    "validate",
    "weak_slices",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'aiqa' has no attribute {name!r}")
    home = _HOME[name]
    value = import_module(f"{home}.{name}") if name in _MODULES else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
