"""W1: expectations."""

from collections.abc import Iterator

import aiqa
from aiqa import expect
from benchmarks.workloads.declared import suite
from benchmarks.workloads.subjects import orders


@aiqa.check(orders)
def orders_are_as_expected() -> Iterator[object]:
    """Sixty expectations."""
    for type_, kwargs in suite():
        yield getattr(expect, type_.removeprefix("expect_"))(**kwargs)
