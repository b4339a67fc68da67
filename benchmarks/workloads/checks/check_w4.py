"""W4: drift of 20 features."""

from collections.abc import Iterator

import aiqa
from aiqa import metric
from benchmarks.workloads.declared import DRIFT
from benchmarks.workloads.subjects import orders, reference


@aiqa.check(orders)
def orders_are_as_they_were() -> Iterator[object]:
    """How far each feature is from what it was in the reference."""
    for name, column in DRIFT:
        yield getattr(metric, name)(column, reference=reference) <= 0.2
