"""W2: metrics of two models, and how much the one gains on the other."""

from collections.abc import Iterator

import aiqa
from aiqa import metric
from benchmarks.workloads.declared import LOSSES, METRICS
from benchmarks.workloads.subjects import fraud, orders


@aiqa.check(fraud, orders)
def fraud_is_found() -> Iterator[object]:
    """Each metric with its interval, and its gain on the champion with its own."""
    for name in METRICS:
        own = getattr(metric, name)
        yield own <= 0.5 if name in LOSSES else own >= 0.1
        yield own.no_worse_than(aiqa.champion, margin=0.01)
