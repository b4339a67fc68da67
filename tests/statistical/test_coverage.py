"""A small part of the coverage study: gates at 95 % pass what they must not in at most 5 % of the runs.

``make coverage-study`` does all of it; see benchmarks/coverage.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from benchmarks.coverage.acceptance import ASYMPTOTIC, limit, too_often
from benchmarks.coverage.gates import GateStudy, gates
from benchmarks.coverage.kinds import CLUSTERED
from benchmarks.coverage.measure import Effort, measure
from benchmarks.coverage.plan import Cell, cells

MOST = 200
"""Units of a sample, at most."""
EFFORT = Effort(replicates=400, seconds=1e9, named=False)
LITTLE = Effort(replicates=150, seconds=1e9, named=False)
SLOW = ("functions", "operating points")


def _picked() -> Iterator[Cell]:
    """Yield a cell a family and pairing, in clusters and out of them: which one, its name decides."""
    groups: dict[tuple[str, str, bool], list[Cell]] = {}
    for cell in cells():
        dear = cell.family in SLOW or cell.case.slow
        if cell.n <= MOST and (cell.pairing == "alone" or not dear):
            group = cell.family, cell.pairing, cell.setting.name == CLUSTERED
            groups.setdefault(group, []).append(cell)
    for found in groups.values():
        yield min(found, key=lambda cell: zlib.crc32(cell.key.encode()))


PICKED = sorted(_picked(), key=lambda cell: (cell.case.kind, cell.setting.name))


@pytest.mark.parametrize("cell", PICKED, ids=lambda cell: cell.key)
def test_bounds_are_wrong_no_more_often_than_they_say(cell: Cell) -> None:
    effort = LITTLE if cell.family in SLOW else EFFORT
    found = measure(cell, effort)["methods"]["default"]
    assert not found.get("refusal")
    assert not list(too_often(found))


@pytest.mark.parametrize("gate", gates(), ids=lambda gate: gate.key)
def test_gates_over_slices_and_looks(gate: GateStudy) -> None:
    found = gate.measure(Effort(replicates=400, seconds=1e9, least=100))
    assert found["rates"]["gate"] <= limit(ASYMPTOTIC, found["replicates"])
