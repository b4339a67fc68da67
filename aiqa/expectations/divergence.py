"""The expectation on how far a column's distribution is from a partition: Kullback-Leibler divergence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import DeclarationError
from aiqa.expectations.kind import NUMBERS, Claim, Found, Question
from aiqa.scan.expr import call
from aiqa.scan.statistics import Answers, Count, Counts, Request

Weights = NDArray[np.float64]


def divergence(question: Question) -> Claim:
    """Claim that the divergence is at most the threshold.

    A partition is of categories (``values``, ``weights``) or of bins (``bins``, ``weights`` and, where
    values may lie outside, ``tail_weights``). Without one the column is compared with itself.
    """
    partition = question.kwargs.get("partition_object")
    if partition is None:
        return _with_itself(question)
    if _is_categorical(partition):
        return _categories(question, partition)
    if not _is_continuous(partition):
        raise DeclarationError(
            "partition_object needs values and weights, or one more of bins than of weights; weights sum to 1"
        )
    if question.kwargs.get("bucketize_data") is False:
        raise DeclarationError("a partition of bins needs bucketize_data=True")
    return _bins(question, partition)


def _with_itself(question: Question) -> Claim:
    question.read(question.column)
    return Claim((), lambda _: (True, {"observed_value": 0.0}))


def _is_categorical(partition: Mapping[str, Any]) -> bool:
    values, weights = partition.get("values"), partition.get("weights")
    if values is None or weights is None:
        return False
    return len(values) == len(weights) and bool(np.allclose(sum(weights), 1))


def _is_continuous(partition: Mapping[str, Any]) -> bool:
    bins, weights, tails = (partition.get(name) for name in ("bins", "weights", "tail_weights"))
    if bins is None or weights is None or len(tails or (0, 0)) != 2:
        return False
    rising = bool(np.all(np.diff(np.asarray(bins, dtype=np.float64)) > 0))
    return len(bins) == len(weights) + 1 and rising and bool(np.allclose(sum(weights) + sum(tails or ()), 1))


def _holdouts(question: Question) -> tuple[float, float]:
    tail, internal = (question.kwargs.get(f"{name}_weight_holdout", 0) or 0 for name in ("tail", "internal"))
    return float(tail), float(internal)


def _found(question: Question, observed: Weights, expected: Weights, details: dict[str, Any]) -> Found:
    distance = _entropy(observed, expected)
    threshold = question.kwargs.get("threshold")
    holds = threshold is None or bool(distance <= threshold)
    return holds, {"observed_value": distance if math.isfinite(distance) else None, "details": details}


def _entropy(observed: Weights, expected: Weights) -> float:
    """Return sum p log(p / q) of both, each divided by its sum (Kullback & Leibler 1951)."""
    if not observed.sum() or not expected.sum():
        return math.nan
    p, q = observed / observed.sum(), expected / expected.sum()
    seen = p > 0
    if np.any(q[seen] == 0):
        return math.inf
    return float(np.sum(p[seen] * np.log(p[seen] / q[seen])))


def _categories(question: Question, partition: Mapping[str, Any]) -> Claim:
    tail, internal = _holdouts(question)
    if internal:
        raise DeclarationError("internal_weight_holdout is for bins, not for categories")
    request = Request(Counts((question.value,)))

    def conclude(answers: Answers) -> Found:
        counts = {key: state.n for (key,), state in answers[request][()].items() if key is not None}
        rows = sum(counts.values())
        unforeseen = [value for value in counts if value not in partition["values"]]
        names = [*partition["values"], *unforeseen]
        observed = np.array([counts.get(name, 0) / rows if rows else 0.0 for name in names])
        weights = np.asarray(partition["weights"], dtype=np.float64) * (1 - tail if unforeseen else 1)
        expected = np.concatenate((weights, [tail / len(unforeseen)] * len(unforeseen) if unforeseen else []))
        details = _partitions(observed, expected, values=names)
        return _found(question, observed, expected, details)

    return Claim((request,), conclude)


def _bins(question: Question, partition: Mapping[str, Any]) -> Claim:
    question.require("have no bins", *NUMBERS)
    edges = [float(edge) for edge in partition["bins"]]
    finite = tuple(edge for edge in edges if math.isfinite(edge))
    binned = Request(Counts((call("bin", question.value, finite),)))
    # The last bin holds its upper edge.
    at_end = Request(Count(call("to_float", question.value).eq(finite[-1])))

    def conclude(answers: Answers) -> Found:
        counts = {key: state.n for (key,), state in answers[binned][()].items() if key is not None}
        rows = [counts.get(place, 0) for place in range(len(finite) + 1)]
        if math.isfinite(edges[-1]):
            moved = answers[at_end][()]
            rows[-1] -= moved
            rows[-2] += moved
        seen = np.array(rows, dtype=np.float64) / max(sum(rows), 1)
        return _compared(question, partition, edges, seen)

    return Claim((binned, at_end), conclude)


def _compared(question: Question, partition: Mapping[str, Any], edges: list[float], seen: Weights) -> Found:
    tail, internal = _holdouts(question)
    endless = [not math.isfinite(edge) for edge in (edges[0], edges[-1])]
    tails = partition.get("tail_weights")
    _check_tails(tail, tails, endless)
    weights = _filled(np.asarray(partition["weights"], dtype=np.float64) * (1 - tail - internal), internal)
    outer = list(tails) if tails is not None else [tail / 2 if not any(endless) else tail] * 2
    head = [] if endless[0] else outer[:1]
    end = [] if endless[1] else outer[1:]
    expected = np.concatenate((head, weights, end))
    inner = [edge for edge in edges if math.isfinite(edge)]
    details = _partitions(seen[1:-1], expected[1:-1], bins=inner)
    for name, all_weights in (("observed_partition", seen), ("expected_partition", expected)):
        details[name]["tail_weights"] = [float(all_weights[0]), float(all_weights[-1])]
    return _found(question, seen, expected, details)


def _check_tails(tail: float, tails: Sequence[float] | None, endless: list[bool]) -> None:
    if tails is not None and (tail or any(endless)):
        raise DeclarationError("tail_weights go with neither tail_weight_holdout nor bins without an end")
    if all(endless) and tail:
        raise DeclarationError("tail_weight_holdout is not for bins without an end at both sides")


def _filled(weights: Weights, internal: float) -> Weights:
    """Share the weight held out among the bins that have none."""
    empty = weights == 0
    return np.where(empty, internal / empty.sum(), weights) if internal and empty.any() else weights


def _partitions(observed: Weights, expected: Weights, **named: list[Any]) -> dict[str, Any]:
    return {
        "observed_partition": {**named, "weights": observed.tolist()},
        "expected_partition": {**named, "weights": expected.tolist()},
    }
