"""What error rates and widths are accepted of a method, and which methods are sound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

EXACT, ASYMPTOTIC = 0.05, 0.065
"""How often a one-sided 95 % gate may pass falsely: exact methods, and all others."""
WIDER = 1.15
"""How much farther from the truth bounds may stay than those of the best sound method in the same cell."""
EXACT_METHODS = frozenset({"clopper-pearson", "order statistics"})
_MEANS = ("mae", "mse", "rmse", "r2", "mape", "mase", "pinball", "crps", "scorer of mae", "f: ")
_ANY = 10**9
LIMITS: tuple[tuple[tuple[str, ...], tuple[str, ...], int, str], ...] = (
    (
        ("mse", "rmse", "r2"),
        ("t3 errors",),
        _ANY,
        "the square of such an error has no variance, and no bound of its mean holds at any size: bound the "
        "loss, or gate a quantile of the errors",
    ),
    (
        _MEANS,
        ("2 % outliers", "lognormal errors", "weighted", "in clusters"),
        200,
        "most of the mean comes from a few rows or clusters, which small samples do not show: take more of "
        "them, bound the loss, or gate a quantile of the errors",
    ),
    (
        ("log_loss",),
        ("rows lost",),
        500,
        "one model knows nothing of some rows, at any price, and small samples have none or few of them",
    ),
)
"""Metrics (by the beginning of their names), the worlds and up to which size no bounds are sound, and why."""
FEW = 1000
"""Fewer samples of a cell say too little of how sound a method is: of 1,000 up to 8.8 % pass for 6.5 %."""
SIDES = ("lower", "upper")
Found = dict[str, dict[str, Any]]
"""The results by name: cells, which have ``methods``, and gates, which have ``rates``."""


def limit(rate: float, replicates: int) -> float:
    """Return what a rate may be found to be in so many replicates: three Monte Carlo errors more."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / replicates)


def is_exact(found: dict[str, Any]) -> bool:
    """Tell whether a method is one that never passes more often than it says."""
    return bool(found.get("made_by")) and set(found["made_by"]) <= EXACT_METHODS


def allowed(found: dict[str, Any]) -> float:
    """Return what the false passes of a method may be found to be."""
    return limit(EXACT if is_exact(found) else ASYMPTOTIC, found["replicates"])


def too_often(found: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each way in which a method was wrong too often in a cell."""
    most = allowed(found)
    told = f"of {found['replicates']:,} (allowed: {most:.1%})"
    for side, rate in zip(SIDES, found["false"], strict=True):
        if rate > most:
            yield f"the {side} bound is wrong in {rate:.1%} {told}"
    if found.get("p", 0.0) > most:
        yield f"of equal models the p-value is at most 5 % in {found['p']:.1%} {told}"


def claim(key: str) -> str:
    """Return what a cell is about: the case and the pairing, without world and size."""
    return " | ".join(key.split(" | ")[:3])


def cells_of(found: Found) -> Found:
    """Return the results that are of cells."""
    return {key: cell for key, cell in found.items() if "methods" in cell}


def sound(found: Found) -> set[tuple[str, str]]:
    """Return the claims with the methods that are wrong too often in none of their cells."""
    tried, failed = set(), set()
    for key, cell in cells_of(found).items():
        for method, one in cell["methods"].items():
            if "false" in one:
                tried.add((claim(key), method))
                if any(too_often(one)):
                    failed.add((claim(key), method))
    return tried - failed


def widths(key: str, cell: dict[str, Any], good: set[tuple[str, str]]) -> dict[str, list[float | None]]:
    """Return how many times as far from the truth each method's bounds stay as those of the best sound one.

    An exact method is compared with exact ones: nothing else gives its guarantee.
    """
    methods = {name: one for name, one in cell["methods"].items() if "distance" in one}
    answer: dict[str, list[float | None]] = {}
    for name, one in methods.items():
        rivals = [
            other
            for rival, other in methods.items()
            if (claim(key), rival) in good
            and (is_exact(other) or not is_exact(one))
            and other["replicates"] >= FEW
        ]
        answer[name] = [_ratio(one, rivals, side) for side in (0, 1)]
    return answer


def _ratio(one: dict[str, Any], rivals: list[dict[str, Any]], side: int) -> float | None:
    own = _over_default(one, side)
    best = min((far for rival in rivals if (far := _over_default(rival, side)) and far > 0), default=None)
    return None if own is None or best is None or len(rivals) < 2 else round(own / best, 3)


def _over_default(one: dict[str, Any], side: int) -> float | None:
    """Return how far a method's bounds stay, in units of the default's of the same samples."""
    told: float | None = one["relative"][side] if "relative" in one else 1.0
    return told


def failures(found: Found) -> Iterator[tuple[str, str]]:
    """Yield where a default is not what it should be, each with a sentence that says why."""
    good = sound(found)
    for key, cell in cells_of(found).items():
        for sentence in _shortcomings(key, cell, good):
            yield key, sentence
    for key, gate in found.items():
        if "rates" in gate and gate["rates"]["gate"] > limit(ASYMPTOTIC, gate["replicates"]):
            yield key, f"wrong in {gate['rates']['gate']:.1%} of {gate['replicates']:,}"


def _shortcomings(key: str, cell: dict[str, Any], good: set[tuple[str, str]]) -> Iterator[str]:
    default = cell["methods"]["default"]
    if default.get("refusal"):
        yield f"no answer: {default['refusal']}"
        return
    if not default["made_by"]:
        yield "not defined on any sample"
    yield from too_often(default)
    for side, ratio in zip(SIDES, widths(key, cell, good)["default"], strict=True):
        if ratio is not None and ratio > WIDER:
            yield f"the {side} bound is {ratio} times as far from the truth as the best sound one"


def known_limit(key: str) -> str | None:
    """Return why no method is right in a cell, where that is known."""
    parts = key.split(" | ")
    for metrics, worlds, most, why in LIMITS:
        if len(parts) == 5 and parts[0].startswith(metrics) and parts[3] in worlds and int(parts[4]) <= most:
            return why
    return None
