"""Metrics with intervals from counts, sums and score histograms, as an expert finishes a query by hand.

All slices of a grouping at once. Intervals are normal, by the delta method (DeLong's for areas); correlations
of two models' areas come from coarser joint bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.workloads.declared import Numbers, of

Array = NDArray[Any]
Z = 1.6448536269514722
"""Of a bound that holds with 95 % on its side."""
BINS, COARSE = 4096, 64
SLICE_BINS, SLICE_COARSE = 1024, 32
"""Bins of the whole table, and of slices, by the root of the score: there are many small scores."""
SUMS = ["log_new", "log_new2", "log_old", "log_old2", "log_both"]
SUMS += [name.replace("log", "brier") for name in SUMS]


@dataclass(frozen=True)
class Counted:
    """What a query found of one grouping.

    Parameters
    ----------
    by : tuple of str
    cells : polars.DataFrame
        The grouping's columns, ``y``, ``new``, ``old``, ``n`` and the sums of losses.
    new, old : polars.DataFrame
        The grouping's columns, ``y``, ``bin`` and ``n``.
    joint : polars.DataFrame
        The grouping's columns, ``y``, ``bin``, ``bin_old`` and ``n``.
    """

    by: tuple[str, ...]
    cells: pl.DataFrame
    new: pl.DataFrame
    old: pl.DataFrame
    joint: pl.DataFrame


def numbers(found: Counted) -> Numbers:
    slices = found.cells.select(found.by).unique(maintain_order=True) if found.by else pl.DataFrame({"": [0]})
    keys = [tuple(zip(found.by, row, strict=False)) for row in slices.iter_rows()]
    bins, coarse = (SLICE_BINS, SLICE_COARSE) if found.by else (BINS, COARSE)

    def dense(frame: pl.DataFrame, *axes: tuple[str, int], value: str = "n") -> Array:
        if found.by:
            index = frame.join(slices.with_row_index("slice"), on=found.by, how="left", maintain_order="left")
            place = [index["slice"].to_numpy()]
        else:
            place = [np.zeros(len(frame), int)]
        made = np.zeros((len(keys), *(size for _, size in axes)))
        made[(*place, *(frame[name].cast(pl.Int64).to_numpy() for name, _ in axes))] = frame[value].to_numpy()
        return made

    cells = [("y", 2), ("new", 2), ("old", 2)]
    counts = dense(found.cells, *cells)
    estimates = _of_cells(counts)
    sums = {name: dense(found.cells, *cells, value=name).sum((1, 2, 3)) for name in SUMS}
    for loss, name in (("log", "log_loss"), ("brier", "brier")):
        estimates |= _of_loss(name, counts.sum((1, 2, 3)), *(sums[f"{loss}{end}"] for end in _ENDS))
    fine = [dense(frame, ("y", 2), ("bin", bins)) for frame in (found.new, found.old)]
    both = dense(found.joint, ("y", 2), ("bin", coarse), ("bin_old", coarse))
    estimates |= _of_ranks(fine, both)
    return {
        of(name, key): float(value)
        for name, values in estimates.items()
        for key, value in zip(keys, values, strict=True)
    }


_ENDS = ("_new", "_new2", "_old", "_old2", "_both")


def _bounds(name: str, value: Array, variance: Array) -> dict[str, Array]:
    reach = Z * np.sqrt(variance)
    return {name: value, f"{name}.low": value - reach, f"{name}.high": value + reach}


_MEASURES: dict[str, Any] = {
    "accuracy": lambda tn, fp, fn, tp: (tp + tn) / (tp + tn + fp + fn),
    "precision": lambda tn, fp, fn, tp: tp / (tp + fp) + 0 * tn * fn,
    "recall": lambda tn, fp, fn, tp: tp / (tp + fn) + 0 * tn * fp,
    "specificity": lambda tn, fp, fn, tp: tn / (tn + fp) + 0 * tp * fn,
    "f1": lambda tn, fp, fn, tp: 2 * tp / (2 * tp + fp + fn) + 0 * tn,
    "mcc": lambda tn, fp, fn, tp: (
        (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    ),
}


def _of_cells(counts: Array) -> dict[str, Array]:
    """Counts are by slice, truth, the new model's label and the old one's."""
    found: dict[str, Array] = {}
    tables = [counts.sum(3), counts.sum(2)]
    for name, measure in _MEASURES.items():
        (new, new_slope), (old, old_slope) = (_with_slope(measure, table) for table in tables)
        variance = (tables[0] * new_slope**2).sum((1, 2))
        apart = new_slope[:, :, :, None] - old_slope[:, :, None, :]
        found |= _bounds(name, new, variance)
        found |= _bounds(f"{name}.gain", new - old, (counts * apart**2).sum((1, 2, 3)))
    return found


def _with_slope(measure: Any, table: Array) -> tuple[Array, Array]:
    """Return a measure and its derivative by each cell, by the complex step."""
    cells = table.reshape(len(table), 4).T
    slopes = [measure(*(cells + 1e-20j * np.eye(4)[k][:, None])).imag / 1e-20 for k in range(4)]
    return measure(*cells), np.stack(slopes, axis=1).reshape(table.shape)


def _of_loss(
    name: str, n: Array, new: Array, new2: Array, old: Array, old2: Array, both: Array
) -> dict[str, Array]:
    gain, gain2 = (old - new) / n, (new2 - 2 * both + old2) / n
    found = _bounds(name, new / n, (new2 / n - (new / n) ** 2) / n)
    return found | _bounds(f"{name}.gain", gain, (gain2 - gain**2) / n)


def _of_ranks(fine: list[Array], both: Array) -> dict[str, Array]:
    """Histograms are by slice, truth and bin; the joint one by the bins of both models."""
    found: dict[str, Array] = {}
    coarse = [both.sum(3), both.sum(2)]
    for name, ranked in (("roc_auc", _area), ("average_precision", _precision)):
        values, variances, alike = [], [], []
        for counts, rough in zip(fine, coarse, strict=True):
            value, moves = ranked(counts)
            values.append(value)
            variances.append((counts * moves**2).sum((1, 2)))
            alike.append(ranked(rough)[1])
        shared = (both * alike[0][:, :, :, None] * alike[1][:, :, None, :]).sum((1, 2, 3))
        spread = [(rough * moves**2).sum((1, 2)) for rough, moves in zip(coarse, alike, strict=True)]
        covariance = shared / np.sqrt(spread[0] * spread[1]) * np.sqrt(variances[0] * variances[1])
        found |= _bounds(name, values[0], variances[0])
        found |= _bounds(f"{name}.gain", values[0] - values[1], variances[0] + variances[1] - 2 * covariance)
    return found


def _area(counts: Array) -> tuple[Array, Array]:
    """Return the area under the ROC curve, and what a row of each class and bin adds to its error."""
    negative, positive = counts[:, 0], counts[:, 1]
    n, p = negative.sum(1, keepdims=True), positive.sum(1, keepdims=True)
    below = (negative.cumsum(1) - negative / 2) / n
    above = (p - positive.cumsum(1) + positive / 2) / p
    area = (positive * below).sum(1, keepdims=True) / p
    return area[:, 0], np.stack([(above - area) / n, (below - area) / p], axis=1)


def _precision(counts: Array) -> tuple[Array, Array]:
    """Return average precision, the step-wise sum, and what a row of each class and bin moves it by."""
    negative, positive = counts[:, 0, ::-1], counts[:, 1, ::-1]
    fp, tp = negative.cumsum(1), positive.cumsum(1)
    p, called = tp[:, -1:], np.maximum(tp + fp, 1)
    step = positive / p
    value = (step * tp / called).sum(1, keepdims=True)

    def later(values: Array) -> Array:
        return values[:, ::-1].cumsum(1)[:, ::-1]

    of_negative = -later(step * tp / called**2)
    of_positive = (tp / called - value) / p + later(step * fp / called**2)
    return value[:, 0], np.stack([of_negative, of_positive], axis=1)[:, :, ::-1]
