"""The same numbers by Polars queries, fused and streamed as an expert would write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.workloads import drift
from benchmarks.workloads.counts import BINS, COARSE, SLICE_BINS, SLICE_COARSE, Counted
from benchmarks.workloads.counts import numbers as finished
from benchmarks.workloads.data import FEATURES
from benchmarks.workloads.declared import GROUPINGS, Numbers, asked, suite

col = pl.col
Asked = tuple[list[list[pl.LazyFrame]], Callable[[list[pl.DataFrame]], Numbers]]
"""Queries in groups that share the reading where that pays, and how their results become numbers."""


def run(workload: str, home: Path) -> Numbers:
    frame, before = (pl.scan_parquet(home / name / "*.parquet") for name in ("orders", "reference"))
    makers = {
        "w1": lambda: expectations(frame),
        "w2": lambda: metrics(frame, [()]),
        "w3": lambda: metrics(frame, GROUPINGS),
        "w4": lambda: moved(frame, before),
    }
    found: Numbers = {}
    for name in makers if workload == "w5" else [workload]:
        groups, finish = makers[name]()
        found |= finish([one for group in groups for one in pl.collect_all(group, engine="streaming")])
    return found


def expectations(frame: pl.LazyFrame) -> Asked:
    """What streams in one query, and what holds a column in memory in others."""
    scalars = {asked(*one): expr for one in suite() if (expr := _scalar(*one)) is not None}
    repeats = {
        asked(*one): frame.group_by(_keys(one[1])).len().select(col("len").filter(col("len") > 1).sum())
        for one in suite()
        if "unique" in one[0] and "count" not in one[0]
    }

    alone = {name: frame.select(scalars.pop(name)) for name in list(scalars) if "median" in name}
    alone |= {
        asked(*one): frame.select(one[1]["column"]).unique().select(pl.len())
        for one in suite()
        if "unique_value_count" in one[0]
    }
    alone |= repeats

    def finish(results: list[pl.DataFrame]) -> Numbers:
        first, *others = results
        found = {name: float(first[name].item()) for name in scalars}
        return found | {name: float(one.item()) for name, one in zip(alone, others, strict=True)}

    streamed = frame.select(expr.alias(name) for name, expr in scalars.items())
    return [[streamed], *([query] for query in alone.values())], finish


def _keys(kwargs: dict[str, Any]) -> list[str]:
    keys: list[str] = kwargs.get("column_list") or [kwargs["column"]]
    return keys


def _scalar(type_: str, kwargs: dict[str, Any]) -> pl.Expr | None:
    value, low, high = col(kwargs.get("column", "")), kwargs.get("min_value"), kwargs.get("max_value")
    made: dict[str, Callable[[], pl.Expr]] = {
        "values_to_not_be_null": value.null_count,
        "values_to_be_in_set": lambda: (~value.is_in(kwargs["value_set"])).sum(),
        "values_to_be_between": lambda: (~value.is_between(low, high)).sum(),
        "values_to_match_regex": lambda: (~value.str.contains(kwargs["regex"])).sum(),
        "value_lengths_to_be_between": lambda: (~value.str.len_chars().is_between(low, high)).sum(),
        "mean_to_be_between": value.mean,
        "stdev_to_be_between": value.std,
        "max_to_be_between": value.max,
        "sum_to_be_between": value.sum,
        "median_to_be_between": value.median,
        "pair_values_a_to_be_greater_than_b": lambda: _pair(kwargs),
    }
    name = type_.removeprefix("expect_column_")
    return pl.len() if type_ == "expect_table_row_count_to_be_between" else made.get(name, lambda: None)()


def _pair(kwargs: dict[str, Any]) -> pl.Expr:
    one, other = col(kwargs["column_A"]), col(kwargs["column_B"])
    return (one < other).sum() if kwargs.get("or_equal") else (one <= other).sum()


def metrics(frame: pl.LazyFrame, groupings: list[tuple[str, ...]]) -> Asked:
    """Four groupings of rows by slice: cells with the sums of losses, two score histograms, a joint one."""
    scored = frame.with_columns(
        y=col("is_fraud"),
        new=col("score") >= 0.5,
        old=col("old_score") >= 0.5,
        **_losses(),
        root=col("score").sqrt(),
        root_old=col("old_score").sqrt(),
    )
    queries = [list(_grouped(scored, by)) for by in groupings]

    def finish(results: list[pl.DataFrame]) -> Numbers:
        found: Numbers = {}
        for k, by in enumerate(groupings):
            found |= finished(Counted(by, *results[4 * k : 4 * k + 4]))
        return found

    return queries, finish


def _losses() -> dict[str, pl.Expr]:
    found: dict[str, pl.Expr] = {}
    for model, score in (("new", col("score")), ("old", col("old_score"))):
        own = pl.when(col("is_fraud")).then(score).otherwise(1 - score)
        found |= {f"log_{model}": -own.log(), f"brier_{model}": (1 - own) ** 2}
    return found


def _grouped(scored: pl.LazyFrame, by: tuple[str, ...]) -> Iterator[pl.LazyFrame]:
    bins, coarse = (SLICE_BINS, SLICE_COARSE) if by else (BINS, COARSE)
    sums = []
    for loss in ("log", "brier"):
        new, old = col(f"{loss}_new"), col(f"{loss}_old")
        sums += [new.sum(), old.sum(), (new * new).sum().alias(f"{loss}_new2")]
        sums += [(old * old).sum().alias(f"{loss}_old2"), (new * old).sum().alias(f"{loss}_both")]

    def binned(name: str, size: int) -> pl.Expr:
        return (col(name) * size).cast(pl.UInt16)

    yield scored.group_by(*by, "y", "new", "old").agg(pl.len().alias("n"), *sums)
    for root in ("root", "root_old"):
        yield scored.group_by(*by, "y", binned(root, bins).alias("bin")).agg(pl.len().alias("n"))
    joint = binned("root", coarse).alias("bin"), binned("root_old", coarse).alias("bin_old")
    yield scored.group_by(*by, "y", *joint).agg(pl.len().alias("n"))


def moved(frame: pl.LazyFrame, before: pl.LazyFrame) -> Asked:
    """Counts in bins that are cut at the reference's quantiles; values counted where they are no numbers."""
    cuts = drift.cuts(before)
    queries = [[_counts(part, name, cuts.get(name))] for part in (frame, before) for name in FEATURES]

    def finish(results: list[pl.DataFrame]) -> Numbers:
        pairs = zip(results[: len(FEATURES)], results[len(FEATURES) :], strict=True)
        found: Numbers = {}
        for name, (own, reference) in zip(FEATURES, pairs, strict=True):
            found |= drift.numbers(name, own, reference, cuts.get(name))
        return found

    return queries, finish


def _counts(frame: pl.LazyFrame, name: str, cuts: drift.Cuts | None) -> pl.LazyFrame:
    value = col(name) if cuts is None else drift.bin_of(col(name), cuts)
    return frame.group_by(value.alias("bin")).agg(pl.len().alias("n"))
