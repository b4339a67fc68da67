"""W3: the same metrics, by 4 slice columns and 2 crosses."""

from collections.abc import Iterator

import aiqa
from aiqa import metric
from benchmarks.workloads.declared import GROUPINGS, LOSSES, METRICS
from benchmarks.workloads.subjects import fraud, orders


@aiqa.check(fraud, orders)
def fraud_is_found_everywhere() -> Iterator[object]:
    """Each metric with its interval, and its gain on the champion with its own, in every slice."""
    for columns in GROUPINGS:
        for name in METRICS:
            own = getattr(metric, name).by(*columns)
            yield own <= 0.5 if name in LOSSES else own >= 0.1
            yield own.no_worse_than(aiqa.champion, margin=0.01)
