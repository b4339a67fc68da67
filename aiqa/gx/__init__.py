"""``aiqa.gx``: suites, expectations, data sources and checkpoints of Great Expectations."""

from __future__ import annotations

from aiqa.gx.declare import checkpoint, dataset, expectation
from aiqa.gx.suite import Suite, suite

__all__ = ["Suite", "checkpoint", "dataset", "expectation", "suite"]
