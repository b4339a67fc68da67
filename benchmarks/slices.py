"""What thousands of slices cost: each part of a gate over a group-by by hand that gives the bare values.

``python -m benchmarks.slices [ROWS] [RUNS]``: medians of runs in turns, of a column of 5,000 values and of a
cross of 60 by 20, for five metrics held against a bound that is about what they are: the costliest place.
Kept in ``benchmarks/results/slices.json``, by number of rows.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import aiqa
from aiqa import metric
from aiqa.config import DEFAULT_POLICY
from aiqa.declare.gate import Gate
from aiqa.evidence.build import gate_record
from aiqa.judge.values import judge_values
from aiqa.metrics.catalogue import infer, requests
from aiqa.metrics.table import ScoredTable, scored_table
from aiqa.scan.execute import execute
from aiqa.scan.predictions import Predictions

RESULTS = Path(__file__).parent / "results" / "slices.json"
STEPS = ("scan", "inference", "judging", "evidence")
SLICED: tuple[tuple[str, ...], ...] = (("shop",), ("country", "channel"))
HIT, SCORE, OTHER = pl.col("score") >= 0.5, pl.col("score"), 1 - pl.col("score")
BY_HAND: dict[str, Callable[[], pl.Expr]] = {
    "accuracy": lambda: ((pl.col("y") == 1) == HIT).mean(),
    "recall": lambda: (HIT & (pl.col("y") == 1)).sum() / pl.col("y").sum(),
    "roc_auc": lambda: _area(pl.col("y") == 1),
    "log_loss": lambda: -pl.when(pl.col("y") == 1).then(SCORE.log()).otherwise(OTHER.log()).mean(),
    "mae": lambda: (pl.col("v") - pl.col("said")).abs().mean(),
}
GATES = (
    metric.accuracy >= 0.86,
    metric.recall >= 0.71,
    metric.roc_auc >= 0.86,
    metric.log_loss <= 0.5,
    metric.mae <= 0.8,
)


def _area(positive: pl.Expr) -> pl.Expr:
    """Mann and Whitney's, by the ranks within a slice."""
    n, ranks = positive.sum(), SCORE.rank().filter(positive).sum()
    return (ranks - n * (n + 1) / 2) / (n * (pl.len() - n))


def frame_of(rows: int) -> pl.DataFrame:
    """Return truth, scores and three columns to slice by."""
    rng = np.random.default_rng(0)

    def names(prefix: str, count: int) -> Any:
        return np.array([f"{prefix}{k:04}" for k in range(count)])[rng.integers(0, count, rows)]

    truth, v = (rng.random(rows) < 0.3).astype(np.int64), rng.normal(size=rows)
    return pl.DataFrame(
        {
            "y": truth,
            "score": 0.3 * truth + 0.001 + 0.69 * rng.random(rows),
            "v": v,
            "said": v + rng.normal(size=rows),
            "shop": names("s", 5000),
            "country": names("c", 60),
            "channel": names("h", 20),
        }
    )


def table_of(frame: pl.DataFrame, task: str) -> ScoredTable:
    """Return the scored table of a task, which all gates of a run share."""
    if task == "regression":
        model = aiqa.model("r", aiqa.column("said"), task="regression")
        return scored_table(
            frame, model, aiqa.dataset("r", frame, label="v"), Predictions(frame["said"].to_numpy())
        )
    model = aiqa.model("m", aiqa.column(score="score"), task="binary")
    answers = Predictions(score=frame["score"].to_numpy())
    return scored_table(frame, model, aiqa.dataset("m", frame, label="y"), answers)


def steps(gate: Gate, by: tuple[str, ...], table: ScoredTable) -> Iterator[float]:
    """Yield the seconds of each step of a gate."""
    of = gate.claim.by(*by)  # type: ignore[attr-defined]
    clock = [time.perf_counter()]
    answers = execute(table.frame, requests(of, table, versus_champion=False))
    clock.append(time.perf_counter())
    found = infer(of, table, answers, 0)
    clock.append(time.perf_counter())
    judged = judge_values(gate.requirement, found, DEFAULT_POLICY)
    clock.append(time.perf_counter())
    gate_record(gate, "g", DEFAULT_POLICY, judged, node=None, seconds=0.0).model_dump_json()
    clock.append(time.perf_counter())
    yield from np.diff(clock).tolist()


def searched(rows: int) -> Iterator[dict[str, Any]]:
    """Search ten columns, one of 5,000 values, and all their pairs; fold a column of many values."""
    rng = np.random.default_rng(1)
    counts = {"a": 4, "b": 6, "c": 10, "d": 20, "e": 50, "f": 5000}
    values = {name: pl.Series(rng.integers(0, count, rows)).cast(pl.String) for name, count in counts.items()}
    numbers = {name: rng.normal(size=rows) for name in ("g", "h")}
    few = {"i": rng.integers(0, 7, rows), "j": rng.integers(18, 90, rows)}
    columns = {**values, **numbers, **few}
    truth = rng.integers(0, 2, rows)
    merchant = pl.Series((rng.pareto(1, rows) * 300).astype(np.int64)).cast(pl.String)
    frame = pl.DataFrame(
        {**columns, "y": truth, "score": 0.4 * truth + 0.6 * rng.random(rows), "merchant": merchant}
    )
    for of in (metric.accuracy, metric.roc_auc, metric.log_loss):
        start = time.perf_counter()
        found = aiqa.weak_slices(of, frame, y_true="y", y_score="score", by=list(columns))
        yield {"search": of.name, "slices": found.slices, "seconds": round(time.perf_counter() - start, 2)}
    start = time.perf_counter()
    by = aiqa.folded("merchant", min_support=200)
    slices = aiqa.evaluate(metric.accuracy.by(by), frame, y_true="y", y_score="score")
    taken = round(time.perf_counter() - start, 2)
    yield {"folded": merchant.n_unique(), "slices": len(slices), "seconds": taken}


def main(rows: int = 1_000_000, runs: int = 3) -> None:
    """Measure, print and keep."""
    frame = frame_of(rows)
    tables = {task: table_of(frame, task) for task in ("binary", "regression")}
    kept = []
    for by in SLICED:
        for gate in GATES:
            name = gate.claim.name  # type: ignore[attr-defined]
            table = tables["regression" if name == "mae" else "binary"]
            hand, ours = [], []
            for round_ in range(runs + 1):
                start = time.perf_counter()
                slices = frame.lazy().group_by(*by).agg(BY_HAND[name]().alias("value")).collect().height
                taken = time.perf_counter() - start
                parts = list(steps(gate, by, table))
                if round_:
                    hand.append(taken)
                    ours.append(parts)
            seconds = dict(zip(STEPS, np.median(ours, axis=0).tolist(), strict=True))
            by_hand = statistics.median(hand)
            row = {"by": ", ".join(by), "metric": name, "slices": slices, "by hand": by_hand, **seconds}
            kept.append(
                {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
            )
            ratios = ", ".join(f"{step} {value / by_hand:.1f}" for step, value in seconds.items())
            print(f"{row['by']:17} {name:9} {slices:5,} slices: {sum(seconds.values()):.2f} s; by hand "
                  f"{by_hand:.3f} s, of which {ratios}", flush=True)  # fmt: skip
    for figure in searched(rows):
        kept.append(figure)
        print(figure, flush=True)
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**known, str(rows): kept}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
