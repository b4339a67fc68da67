"""Whether contestants found the same, so that their work is the same."""

from __future__ import annotations

import statistics
from collections import defaultdict

from benchmarks.workloads.declared import Numbers

EXACT = 1e-6
BINNED = {"roc_auc": (1e-5, 1e-2), "average_precision": (1e-3, 5e-2), "ks": (1.5e-3, 1.5e-3)}
"""How far values from bins may be from exact ones: of the whole table, and in slices (of a hundred rows)."""
OF_BOUNDS = (0.1, 0.25)
"""How far apart bounds by different formulas may be, as a part of the interval: of the whole table, and half
of those in slices, where normal intervals are only nearly right."""


def refuse_differences(name: str, found: Numbers, expected: Numbers, *, complete: bool) -> int:
    """Return how many numbers two contestants share.

    Raises
    ------
    SystemExit
        If one is not the same, or the contestant should have all and lacks some.
    """
    shared = found.keys() & expected.keys()
    if complete and (missing := expected.keys() - found.keys()):
        raise SystemExit(f"{name} lacks {len(missing)} numbers: {sorted(missing)[:5]}")
    if not shared:
        raise SystemExit(f"{name} has no number to compare")
    apart: dict[str, list[float]] = defaultdict(list)
    for key in shared:
        what, _, slice_ = key.partition(" ")
        metric, _, end = what.rpartition(".")
        if end in ("low", "high"):
            low, high = (expected[f"{metric}.{side} {slice_}".strip()] for side in ("low", "high"))
            apart[f"{what} in slices" if slice_ else what].append(
                abs(found[key] - expected[key]) / max(high - low, EXACT)
            )
        elif abs(found[key] - expected[key]) > _tolerance(what, bool(slice_)) * max(1, abs(expected[key])):
            raise SystemExit(f"{name}: {key} is {found[key]}, and {expected[key]} by hand")
    for what, distances in apart.items():
        if statistics.median(distances) > OF_BOUNDS["in slices" in what]:
            raise SystemExit(
                f"{name}: {what} is {statistics.median(distances):.2f} of an interval from that by hand"
            )
    return len(shared)


def _tolerance(what: str, sliced: bool) -> float:
    metric = what.partition("(")[0].removesuffix(".gain")
    return BINNED.get(metric, (EXACT, EXACT))[sliced]
