"""How far a feature is from a reference, by counts in bins: what queries by hand need before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.workloads.data import NUMBERS
from benchmarks.workloads.declared import Numbers

Array = NDArray[Any]
FINE = 1000
"""Bins of the Kolmogorov-Smirnov distance, which is then at most a thousandth too small."""
FLOOR = 1e-4
"""What the share of an empty bin counts as in the stability index."""


@dataclass(frozen=True)
class Cuts:
    """Upper ends of bins: those of the stability index are among the fine ones."""

    fine: Array
    tenths: Array

    @classmethod
    def of(cls, values: Array) -> Cuts:
        tenths, fine = (np.quantile(values, np.linspace(0, 1, n + 1)[1:-1]) for n in (10, FINE))
        return cls(np.unique(np.concatenate([tenths, fine])), np.unique(tenths))

    def by_tenths(self, counts: Array) -> Array:
        tenth = np.searchsorted(self.tenths, np.append(self.fine, np.inf))
        return np.bincount(tenth, counts, minlength=len(self.tenths) + 1)


def cuts(reference: pl.LazyFrame) -> dict[str, Cuts]:
    """Cut numbers and times at the reference's quantiles, a column at a time to hold little memory."""
    found = {}
    for name in (*NUMBERS, "seen_at"):
        values = reference.select(pl.col(name).drop_nulls()).collect()[name].to_physical()
        found[name] = Cuts.of(values.to_numpy())
    return found


def bin_of(value: pl.Expr, cuts: Cuts) -> pl.Expr:
    def place(values: pl.Series) -> pl.Series:
        bins = np.searchsorted(cuts.fine, values.to_numpy()).astype(np.uint16)
        return pl.Series(bins).set(values.is_null(), None)

    return value.to_physical().map_batches(place, return_dtype=pl.UInt16, is_elementwise=True)


def numbers(name: str, own: pl.DataFrame, reference: pl.DataFrame, cuts: Cuts | None) -> Numbers:
    """Return the distances of a feature from counts (``n``) by ``bin``; null is a bin of its own."""
    if cuts is None:
        both = own.join(reference, on="bin", how="full", nulls_equal=True).fill_null(0)
        return {f"psi({name})": stability_index(both["n"].to_numpy(), both["n_right"].to_numpy())}
    pair = [_dense(part, len(cuts.fine) + 1) for part in (own, reference)]
    present = [counts[:-1] for counts in pair]
    tenths = [np.append(cuts.by_tenths(counts[:-1]), counts[-1]) for counts in pair]
    found = {f"psi({name})": stability_index(*tenths)}
    if name in NUMBERS:
        found[f"ks({name})"] = float(np.abs(np.subtract(*(p.cumsum() / p.sum() for p in present))).max())
    return found


def _dense(counted: pl.DataFrame, size: int) -> Array:
    made = np.zeros(size + 1)
    made[counted["bin"].fill_null(size).cast(pl.Int64).to_numpy()] = counted["n"].to_numpy()
    return made


def stability_index(own: Array, reference: Array) -> float:
    seen = (own + reference) > 0
    p, q = (np.maximum(part[seen] / part.sum(), FLOOR) for part in (own, reference))
    return float(((p - q) * np.log(p / q)).sum())
