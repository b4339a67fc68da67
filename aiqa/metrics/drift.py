"""Metrics of two data sets: how far a column is from what it is in a reference.

Counts by bin add up over files and take no memory: the reference tells its quantiles first, and both data
sets are counted in the bins that these cut. Slices, times and distances of single values take whole columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.metrics.question import Spec, slicer
from aiqa.scan.expr import Expr, call, col, when
from aiqa.scan.literals import family_of
from aiqa.scan.states import CountState
from aiqa.scan.statistics import Answers, Counts, Quantiles, Request, Rows, SliceKey
from aiqa.stats.distances import cramers_v, js_distance, ks, psi, wasserstein
from aiqa.stats.inference import Inference

Array = NDArray[Any]
_OF_COUNTS: dict[str, Callable[[Array, Array, int], Inference]] = {
    "psi": psi,
    "js_distance": js_distance,
    "cramers_v": cramers_v,
}
_OF_VALUES: dict[str, Callable[[Array, Array, int], Inference]] = {
    "ks": lambda own, reference, _: ks(own, reference),
    "wasserstein": wasserstein,
}


Found = dict[SliceKey, Inference | MetricError]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What must be asked, and what the answers come to.

    Parameters
    ----------
    first : tuple of Request
        Of the reference, before anything else.
    then : callable
        Takes their answers, and returns what to ask of both data sets.
    infer : callable
        Takes what was asked of both, the answers of the data set and of its reference, and a seed.
    """

    first: tuple[Request, ...]
    then: Callable[[Answers], tuple[Request, ...]]
    infer: Callable[[tuple[Request, ...], Answers, Answers, int], Found]


def asked(metric: Metric, own: str, reference: str) -> Asked:
    """Return what to ask for a metric of a whole column, by the texts of its types in both data sets.

    Raises
    ------
    MetricError
        As :func:`requests` does.

    Examples
    --------
    >>> from aiqa import metric
    >>> of = asked(metric.psi("amount", reference="before", bins=4), "Float64", "Int64")
    >>> of.first[0].statistic.probabilities
    (0.25, 0.5, 0.75)
    """
    whole = requests(metric)
    families = {family_of(own), family_of(reference)}
    counted = metric.name in _OF_COUNTS
    if counted and families <= {"integer", "float"}:
        return _by_quantiles(metric)
    if counted and families <= {"string", "boolean"}:
        values = Request(Counts((_column(metric),)))
        told = partial(_told, metric, key=lambda value: None if value is None else str(value))
        return Asked((), lambda _: (values,), told)
    return Asked((), lambda _: whole, lambda _, own, reference, seed: infer(metric, own, reference, seed))


def _column(metric: Metric) -> Expr:
    return col(metric.options.as_dict()["column"])


def _by_quantiles(metric: Metric) -> Asked:
    column, bins = _column(metric), int(metric.options.as_dict().get("bins", 10))
    shares = tuple(np.linspace(0, 1, bins + 1)[1:-1].tolist())
    quantiles = Request(Quantiles(when(call("is_finite", column), column), shares))

    def then(answers: Answers) -> tuple[Request, ...]:
        [state] = answers[quantiles].values() if answers else [None]
        known = [state.linear(place) for place in range(len(shares))] if state and state.n else []
        # Bins are closed at the right: the next value after a cut is the first above it.
        edges = np.nextafter(np.unique(np.array(known, dtype=float)), np.inf)
        return (Request(Counts((call("bin", column, tuple(edges.tolist())),))),)

    return Asked((quantiles,), then, partial(_told, metric, key=lambda value: value))


def _told(
    metric: Metric,
    requests: tuple[Request, ...],
    own: Answers,
    reference: Answers,
    seed: int,
    *,
    key: Callable[[Any], Any],
) -> Found:
    column = metric.options.as_dict()["column"]
    [request] = requests
    counts, expected = (_by_key(answers[request][()], key) for answers in (own, reference))
    if not expected:
        return {(): MetricError("the reference has no rows", column=column)}
    if not counts:
        return {(): MetricError(f"{metric.name} needs rows", column=column)}
    keys = sorted({*counts, *expected}, key=lambda value: (value is None, value))
    first, second = (np.array([part.get(key, 0) for key in keys]) for part in (counts, expected))
    return {(): _OF_COUNTS[metric.name](first, second, seed)}


def _by_key(state: dict[tuple[Any, ...], CountState], key: Callable[[Any], Any]) -> dict[Any, int]:
    counted: dict[Any, int] = {}
    for (value,), count in state.items():
        counted[key(value)] = counted.get(key(value), 0) + count.n
    return counted


def requests(metric: Metric) -> tuple[Request, ...]:
    """Return the whole columns that may be asked of the data set and, likewise, of its reference.

    Parameters
    ----------
    metric : Metric
        Such as ``metric.psi(column, reference=..., bins=10)``.

    Raises
    ------
    MetricError
        If it names no column, or fewer than two bins.
    """
    options = metric.options.as_dict()
    if "column" not in options:
        raise MetricError(
            f"{metric.name} needs a column: metric.{metric.name}('amount', reference='orders-2026-09')"
        )
    bins = options.get("bins", 10)
    if not isinstance(bins, int) or bins < 2:
        raise MetricError(f"{metric.name} needs two bins or more, not bins={bins!r}")
    return (Request(Rows((options["column"],)), tuple(map(slicer, metric.slices))),)


def infer(metric: Metric, own: Answers, reference: Answers, seed: int) -> Found:
    """Infer the distance in each slice, from the same slice of the reference.

    For psi, js_distance and cramers_v numbers and times are put into bins of equal frequency in the
    reference, cut at its quantiles, open at both ends and closed at the right; other columns have a bin for
    each value. Missing values (null and NaN) have a bin of their own. For ks and wasserstein the column holds
    numbers, and missing values are left out. Rows count once: there are no weights.

    Parameters
    ----------
    metric : Metric
    own, reference : Answers
        Answers to :func:`requests` on the data set and on its reference.
    seed : int
    """
    (request,) = requests(metric)
    return {
        key: _one(metric, key, state, reference[request].get(key), seed)
        for key, state in own[request].items()
    }


def _one(
    metric: Metric, key: SliceKey, own: dict[str, Array], reference: dict[str, Array] | None, seed: int
) -> Inference | MetricError:
    options = metric.options.as_dict()
    column = options["column"]
    if reference is None or not len(reference[column]):
        where = " and ".join(f"{name} = {value!r}" for name, value in key)
        return MetricError(f"the reference has no rows{' where ' + where if where else ''}", column=column)
    if not len(own[column]):
        return MetricError(f"{metric.name} needs rows", column=column)
    try:
        if metric.name in _OF_VALUES:
            samples = _numbers(metric.name, own[column], reference[column])
            return _OF_VALUES[metric.name](samples[0], samples[1], seed)
        counts = binned(own[column], reference[column], int(options.get("bins", 10)))
    except TypeError:
        return MetricError("the column has another type in the reference", column=column)
    except MetricError as error:
        error.column = column
        return error
    return _OF_COUNTS[metric.name](*counts, seed)


def _numbers(name: str, *samples: Array) -> list[Array]:
    """Return the values that are there, of two columns of numbers."""
    if any(sample.dtype.kind not in "iuf" for sample in samples):
        raise MetricError(f"{name} needs numbers; psi, js_distance and cramers_v take any column")
    present = [sample[~np.isnan(sample)] for sample in (part.astype(float) for part in samples)]
    if not all(map(len, present)):
        raise MetricError(f"{name} needs values: all are missing")
    if not all(np.isfinite(sample).all() for sample in present):
        raise MetricError(f"{name} needs finite numbers")
    return present


def binned(own: Array, reference: Array, bins: int) -> tuple[Array, Array]:
    """Count two samples in the same bins; see :func:`infer`.

    Raises
    ------
    TypeError
        If one holds numbers and the other does not.

    Examples
    --------
    >>> own, reference = binned(np.array([1.0, 2.0, 9.0]), np.array([1.0, 2.0, 3.0, 4.0]), 2)
    >>> own.tolist(), reference.tolist()
    ([2, 1], [2, 2])
    """
    samples = _comparable(own), _comparable(reference)
    if (samples[0].dtype.kind == "f") != (samples[1].dtype.kind == "f"):
        raise TypeError("numbers against other values")
    if samples[1].dtype.kind == "f":
        present = samples[1][~np.isnan(samples[1])]
        codes = _number_codes(samples, present, bins)
    else:
        codes = _value_codes(samples)
    size = 1 + max(int(code.max()) for code in codes)
    counts = [np.bincount(code, minlength=size) for code in codes]
    occupied = (counts[0] + counts[1]) > 0
    return counts[0][occupied], counts[1][occupied]


def _comparable(values: Array) -> Array:
    """Return floats (missing: NaN) for numbers and times, strings otherwise (missing: "")."""
    if values.dtype.kind in "mM":
        return np.where(np.isnat(values), np.nan, values.astype(np.int64).astype(float))
    if values.dtype.kind in "iuf":
        return values.astype(float)
    return np.array(["" if value is None else f"={value}" for value in values.tolist()])


def _number_codes(samples: tuple[Array, Array], present: Array, bins: int) -> list[Array]:
    finite = present[np.isfinite(present)]  # infinities fall into the open bins at both ends
    cuts = np.unique(np.quantile(finite, np.linspace(0, 1, bins + 1)[1:-1])) if len(finite) else np.empty(0)
    return [
        np.where(np.isnan(values), len(cuts) + 1, np.searchsorted(cuts, values, side="left"))
        for values in samples
    ]


def _value_codes(samples: tuple[Array, Array]) -> list[Array]:
    _, codes = np.unique(np.concatenate(samples), return_inverse=True)
    return list(np.split(codes, [len(samples[0])]))


SPECS = {
    name: Spec((), "prediction", higher_is_better=False, family=None) for name in (*_OF_COUNTS, *_OF_VALUES)
}
