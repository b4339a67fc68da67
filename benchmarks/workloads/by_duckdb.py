"""The same numbers by SQL on DuckDB, as an expert would write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import duckdb
import numpy as np
import polars as pl

from benchmarks.workloads import drift
from benchmarks.workloads.counts import BINS, COARSE, SLICE_BINS, SLICE_COARSE, Counted
from benchmarks.workloads.counts import numbers as finished
from benchmarks.workloads.data import FEATURES, NUMBERS
from benchmarks.workloads.declared import GROUPINGS, Numbers, asked, suite

_TIMES = ("seen_at",)


def run(workload: str, home: Path) -> Numbers:
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    for name in ("orders", "reference"):
        database.execute(f"CREATE VIEW {name} AS FROM read_parquet('{home / name}/*.parquet')")
    jobs = {
        "w1": expectations,
        "w2": lambda database: metrics(database, [()]),
        "w3": lambda database: metrics(database, GROUPINGS),
        "w4": moved,
    }
    found: Numbers = {}
    for name in jobs if workload == "w5" else [workload]:
        found |= jobs[name](database)
    return found


def expectations(database: duckdb.DuckDBPyConnection) -> Numbers:
    scalars = {asked(*one): sql for one in suite() if (sql := _scalar(*one))}
    row = database.sql(f"SELECT {', '.join(scalars.values())} FROM orders").fetchall()[0]
    found = {name: float(value) for name, value in zip(scalars, row, strict=True)}
    for type_, kwargs in suite():
        if "unique" in type_ and "count" not in type_:
            keys = ", ".join(kwargs.get("column_list") or [kwargs["column"]])
            repeated = f"SELECT count(*) AS n FROM orders GROUP BY {keys} HAVING n > 1"
            counted = database.sql(f"SELECT coalesce(sum(n), 0) FROM ({repeated})").fetchall()[0]
            found[asked(type_, kwargs)] = float(counted[0])
    return found


def _frame(database: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    return cast("pl.DataFrame", pl.from_arrow(database.sql(query).to_arrow_table()))


def _scalar(type_: str, kwargs: dict[str, Any]) -> str | None:
    name, low, high = kwargs.get("column"), kwargs.get("min_value"), kwargs.get("max_value")
    members = ", ".join(f"'{value}'" for value in kwargs.get("value_set", ()))
    one, other = kwargs.get("column_A"), kwargs.get("column_B")
    below = "<" if kwargs.get("or_equal") else "<="
    return {
        "values_to_not_be_null": f"count(*) - count({name})",
        "values_to_be_in_set": f"count_if({name} NOT IN ({members}))",
        "values_to_be_between": f"count_if({name} NOT BETWEEN {low} AND {high})",
        "values_to_match_regex": f"count_if(NOT regexp_matches({name}, '{kwargs.get('regex')}'))",
        "value_lengths_to_be_between": f"count_if(length({name}) NOT BETWEEN {low} AND {high})",
        "mean_to_be_between": f"avg({name})",
        "stdev_to_be_between": f"stddev_samp({name})",
        "max_to_be_between": f"max({name})",
        "sum_to_be_between": f"sum({name})",
        "median_to_be_between": f"median({name})",
        "unique_value_count_to_be_between": f"count(DISTINCT {name})",
        "pair_values_a_to_be_greater_than_b": f"count_if({one} {below} {other})",
        "expect_table_row_count_to_be_between": "count(*)",
    }.get(type_.removeprefix("expect_column_"))


def metrics(database: duckdb.DuckDBPyConnection, groupings: list[tuple[str, ...]]) -> Numbers:
    """Four queries, each over all groupings at once."""
    bins, coarse = (SLICE_BINS, SLICE_COARSE) if groupings[0] else (BINS, COARSE)
    columns = list(dict.fromkeys(name for by in groupings for name in by))
    database.execute(f"""CREATE OR REPLACE TEMP VIEW scored AS SELECT {"".join(f"{c}, " for c in columns)}
        is_fraud::UTINYINT AS y, (score >= 0.5)::UTINYINT AS new, (old_score >= 0.5)::UTINYINT AS old,
        sqrt(score) AS root, sqrt(old_score) AS root_old,
        if(is_fraud, score, 1 - score) AS own, if(is_fraud, old_score, 1 - old_score) AS own_old,
        -ln(own) AS log_n, -ln(own_old) AS log_o,
        (1 - own) * (1 - own) AS brier_n, (1 - own_old) * (1 - own_old) AS brier_o FROM orders""")
    sums = []
    for loss in ("log", "brier"):
        new, old = f"{loss}_n", f"{loss}_o"
        sums += [f"sum({new}) AS {loss}_new", f"sum({old}) AS {loss}_old"]
        sums += [f"sum({new} * {new}) AS {loss}_new2", f"sum({old} * {old}) AS {loss}_old2"]
        sums += [f"sum({new} * {old}) AS {loss}_both"]

    def counted(keys: dict[str, str], *more: str) -> list[pl.DataFrame]:
        sets = ", ".join(f"({', '.join([*by, *keys.values()])})" for by in groupings)
        told = [f"{expr} AS {name}" for name, expr in keys.items()]
        by = f"GROUPING({', '.join(columns)})" if columns else "0"
        shown = ", ".join([*columns, *told, "count(*) AS n", *more, f"{by} AS grouping_"])
        both = _frame(database, f"SELECT {shown} FROM scored GROUP BY GROUPING SETS ({sets})")
        return [both.filter(pl.col("grouping_") == _code(one, columns)) for one in groupings]

    def binned(name: str, size: int) -> str:
        return f"floor({name} * {size})::USMALLINT"

    parts = [
        counted({"y": "y", "new": "new", "old": "old"}, *sums),
        counted({"y": "y", "bin": binned("root", bins)}),
        counted({"y": "y", "bin": binned("root_old", bins)}),
        counted({"y": "y", "bin": binned("root", coarse), "bin_old": binned("root_old", coarse)}),
    ]
    found: Numbers = {}
    for by, *frames in zip(groupings, *parts, strict=True):
        found |= finished(Counted(by, *frames))
    return found


def _code(by: tuple[str, ...], columns: list[str]) -> int:
    """Return what SQL's GROUPING says: a bit for each column that is not grouped by, the first highest."""
    return sum(1 << k for k, name in enumerate(reversed(columns)) if name not in by)


def moved(database: duckdb.DuckDBPyConnection) -> Numbers:
    found: Numbers = {}
    for name in FEATURES:
        binned = name in NUMBERS or name in _TIMES
        value = f"epoch_us({name})" if name in _TIMES else f"{name}::DOUBLE"
        cuts = _cuts(database, value) if binned else None
        parts = [
            _frame(database, f"SELECT {name} AS bin, count(*) AS n FROM {table} GROUP BY ALL")
            if cuts is None
            else _binned(database, table, value, cuts)
            for table in ("orders", "reference")
        ]
        found |= drift.numbers(name, parts[0], parts[1], cuts)
    return found


def _cuts(database: duckdb.DuckDBPyConnection, value: str) -> drift.Cuts:
    shares = [np.linspace(0, 1, n + 1)[1:-1].tolist() for n in (10, drift.FINE)]
    row = database.sql(
        f"SELECT {', '.join(f'quantile_cont({value}, {part})' for part in shares)} FROM reference"
    ).fetchall()[0]
    tenths, fine = (np.array(part, float) for part in row)
    return drift.Cuts(np.unique(np.concatenate([tenths, fine])), np.unique(tenths))


def _binned(database: duckdb.DuckDBPyConnection, table: str, value: str, cuts: drift.Cuts) -> pl.DataFrame:
    """Count in bins that hold their upper end; the last one has none, and missing values have their own."""
    ends = [*cuts.fine.tolist(), float("inf")]
    told = ", ".join(f"{end!r}::DOUBLE" if end != ends[-1] else "'inf'::DOUBLE" for end in ends)
    row = database.sql(
        f"SELECT histogram_exact, missing FROM (SELECT histogram({value}, [{told}]) AS histogram_exact, "
        f"count(*) - count({value}) AS missing FROM {table})"
    ).fetchall()[0]
    counts = np.array([row[0].get(end, 0) for end in ends] + [row[1]])
    bins = pl.Series("bin", [*range(len(ends)), None], dtype=pl.UInt16)
    return pl.DataFrame({"bin": bins, "n": counts})
