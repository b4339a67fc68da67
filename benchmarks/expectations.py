"""Forty-three expectations on a table of 20 columns: ours, a hand-written query, and the peers, in one run.

``python -m benchmarks.expectations [ROWS] [RUNS] [CONTESTANT ...]``. Each contestant is a process of its own,
started in turns; what is compared is the CPU time of the whole process, imports and reading included, and
that of the work alone. The figures are kept in ``benchmarks/results/expectations.json``, by number of rows.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / ".aiqa" / "benchmarks"
RESULTS = Path(__file__).parent / "results" / "expectations.json"
COUNTRIES = ["BR", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "PT", "US"]
CHANNELS = ["app", "phone", "store", "web"]
STATUSES = ["cancelled", "paid", "returned", "shipped"]
CURRENCIES = ["BRL", "EUR", "GBP", "INR", "JPY", "USD"]
ORDER_NO, ZIP, EMAIL = r"^O\d{8}$", r"^\d{5}$", r"^[a-z0-9.]+@[a-z]+\.[a-z]{2,3}$"
COMPLETE = [
    "id",
    "customer",
    "order_no",
    "country",
    "channel",
    "email",
    "status",
    "amount",
    "ordered_at",
    "is_fraud",
]
COLUMNS = [
    *COMPLETE,
    *["tax", "total", "quantity", "discount", "score", "rating", "shipped_at", "zip", "currency", "note"],
]


OPEN = ExitStack()
"""Contexts of Great Expectations, which last as long as the process."""


def table(rows: int) -> Path:
    """Write the table once."""
    import numpy as np
    import polars as pl

    path = DATA / f"orders-{rows}.parquet"
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    number = pl.int_range(rows, eager=True)
    amount = np.round(rng.lognormal(3, 1, rows), 2)
    customer = rng.integers(0, 100_000, rows)
    seconds = np.sort(rng.integers(1_700_000_000, 1_760_000_000, rows))
    ordered = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))
    frame = pl.DataFrame(
        {
            "id": number,
            "customer": customer,
            "order_no": "O" + number.cast(pl.String).str.zfill(8),
            "country": pl.Series(COUNTRIES)[rng.integers(0, 10, rows)],
            "channel": pl.Series(CHANNELS)[rng.integers(0, 4, rows)],
            "email": "user" + pl.Series(customer).cast(pl.String) + "@example.org",
            "status": pl.Series(STATUSES)[rng.integers(0, 4, rows)],
            "amount": amount,
            "ordered_at": ordered,
            "is_fraud": rng.random(rows) < 0.01,
            "tax": np.round(amount * 0.2, 2),
            "total": np.round(amount * 1.2, 2),
            "quantity": rng.integers(1, 20, rows),
            "discount": pl.Series(rng.random(rows) * 0.5).set(pl.Series(rng.random(rows) < 0.1), None),
            "score": rng.random(rows),
            "rating": pl.Series(rng.integers(1, 6, rows)).set(pl.Series(rng.random(rows) < 0.2), None),
            "shipped_at": ordered + pl.Series(rng.integers(1, 10**12, rows)).cast(pl.Duration("us")),
            "zip": pl.Series(rng.integers(10_000, 99_999, rows)).cast(pl.String),
            "currency": pl.Series(CURRENCIES)[rng.integers(0, 6, rows)],
            "note": pl.Series(["gift", "fragile", None])[rng.integers(0, 3, rows)],
        }
    ).select(COLUMNS)
    # As narrow as a warehouse has them.
    narrow = {
        "customer": pl.Int32,
        "quantity": pl.Int16,
        "rating": pl.Int8,
        "score": pl.Float32,
        "discount": pl.Float32,
    }
    frame = frame.cast(narrow)  # type: ignore[arg-type]
    DATA.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)
    return path


def suite() -> list[tuple[str, dict[str, Any]]]:
    """Return the forty-three, as Great Expectations configures them."""
    found: list[tuple[str, dict[str, Any]]] = [
        ("expect_column_values_to_not_be_null", {"column": name}) for name in COMPLETE
    ]
    found += [
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_values_to_be_unique", {"column": "order_no"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["customer", "id"]}),
        *(
            ("expect_column_values_to_be_in_set", {"column": name, "value_set": values})
            for name, values in (
                ("country", COUNTRIES),
                ("channel", CHANNELS),
                ("status", STATUSES),
                ("currency", CURRENCIES),
            )
        ),
        ("expect_column_values_to_not_be_in_set", {"column": "note", "value_set": ["?", "n/a"]}),
        *(
            (
                "expect_column_values_to_be_between",
                {"column": name, "min_value": low, "max_value": high, **more},
            )
            for name, low, high, more in (
                ("amount", 0, 10_000, {"mostly": 0.999}),
                ("tax", 0, 2_000, {"mostly": 0.999}),
                ("total", 0, 12_000, {"mostly": 0.999}),
                ("quantity", 1, 19, {}),
                ("discount", 0, 0.5, {}),
                ("score", 0, 1, {}),
                ("rating", 1, 5, {}),
                ("customer", 0, None, {}),
            )
        ),
        *(
            ("expect_column_values_to_match_regex", {"column": name, "regex": regex})
            for name, regex in (("order_no", ORDER_NO), ("zip", ZIP), ("email", EMAIL))
        ),
        ("expect_column_value_lengths_to_equal", {"column": "currency", "value": 3}),
        ("expect_column_value_lengths_to_be_between", {"column": "note", "min_value": 1, "max_value": 10}),
        ("expect_column_mean_to_be_between", {"column": "amount", "min_value": 20, "max_value": 50}),
        ("expect_column_mean_to_be_between", {"column": "quantity", "min_value": 9, "max_value": 11}),
        ("expect_column_stdev_to_be_between", {"column": "score", "min_value": 0.1, "max_value": 0.5}),
        ("expect_column_min_to_be_between", {"column": "quantity", "min_value": 1, "max_value": 1}),
        ("expect_column_max_to_be_between", {"column": "quantity", "min_value": 19, "max_value": 19}),
        ("expect_column_sum_to_be_between", {"column": "quantity", "min_value": 1}),
        ("expect_column_median_to_be_between", {"column": "score", "min_value": 0.4, "max_value": 0.6}),
        (
            "expect_column_unique_value_count_to_be_between",
            {"column": "country", "min_value": 10, "max_value": 10},
        ),
        ("expect_column_distinct_values_to_be_in_set", {"column": "status", "value_set": STATUSES}),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "shipped_at", "column_B": "ordered_at"},
        ),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("expect_table_columns_to_match_set", {"column_set": COLUMNS}),
    ]
    return found


def ours(path: Path, engine: str = "auto") -> Callable[[], bool]:
    import polars as pl

    from aiqa.expectations.validate import validate
    from aiqa.gx.suite import suite as read

    configs = [{"type": type_, "kwargs": kwargs} for type_, kwargs in suite()]
    expectations = list(read({"name": "orders", "expectations": configs}))
    frame: Any = pl.scan_parquet(path)
    if engine == "duckdb":
        import duckdb

        frame = duckdb.read_parquet(str(path))
    elif engine == "spark":
        frame = _spark().read.parquet(str(path))
    return lambda: validate(frame, expectations).success


def by_hand(path: Path) -> Callable[[], bool]:
    """The aggregates that the forty-three need, each once, fused as one would by hand."""
    import polars as pl

    def there(name: str, condition: pl.Expr) -> pl.Expr:
        return (~condition).sum().alias(f"{name} unexpected")

    col = pl.col
    members = {"country": COUNTRIES, "channel": CHANNELS, "status": STATUSES, "currency": CURRENCIES}
    ranges = {"amount": (0, 10_000), "tax": (0, 2_000), "total": (0, 12_000), "quantity": (1, 19)}
    ranges |= {"discount": (0, 0.5), "score": (0, 1), "rating": (1, 5)}  # type: ignore[dict-item]
    texts = {"order_no": ORDER_NO, "zip": ZIP, "email": EMAIL}
    scalars = [
        pl.len(),
        *(col(name).null_count().alias(f"{name} missing") for name in COLUMNS),
        *(there(name, col(name).is_in(values)) for name, values in members.items()),
        there("note", ~col("note").is_in(["?", "n/a"])),
        *(there(name, (col(name) >= low) & (col(name) <= high)) for name, (low, high) in ranges.items()),
        there("customer", col("customer") >= 0),
        *(there(name, col(name).str.contains(regex)) for name, regex in texts.items()),
        there("currency length", col("currency").str.len_chars() == 3),
        there("note length", col("note").str.len_chars().is_between(1, 10)),
        there("shipped above", col("shipped_at") > col("ordered_at")),
        col("amount").mean(),
        col("quantity").mean().alias("quantity mean"),
        col("score").std(),
        col("quantity").min().alias("least"),
        col("quantity").max().alias("most"),
        col("quantity").sum().alias("sum"),
    ]
    frame = pl.scan_parquet(path)
    repeated = (
        frame.group_by(keys).len().select(col("len").filter(col("len") > 1).sum())
        for keys in (["id"], ["order_no"], ["customer", "id"])
    )
    queries = [
        frame.select(scalars),
        frame.select(col("score").median()),
        frame.select(col("country").unique()),
        frame.select(col("status").unique()),
        *repeated,
    ]
    return lambda: len(pl.collect_all(queries, engine="streaming")) == len(queries)


def spark_by_hand(path: Path) -> Callable[[], bool]:
    """The same on Spark: one job of aggregates, one for each kind of distinct values."""
    from pyspark.sql import functions as sf

    frame = _spark().read.parquet(str(path))
    members = {"country": COUNTRIES, "channel": CHANNELS, "status": STATUSES, "currency": CURRENCIES}
    ranges = {"amount": (0, 10_000), "tax": (0, 2_000), "total": (0, 12_000), "quantity": (1, 19)}
    ranges |= {"discount": (0, 0.5), "score": (0, 1), "rating": (1, 5)}  # type: ignore[dict-item]
    texts = {"order_no": ORDER_NO, "zip": ZIP, "email": EMAIL}
    scalars = [
        sf.count("*"),
        *(sf.count(name) for name in COLUMNS),
        *(sf.count_if(~sf.col(name).isin(values)) for name, values in members.items()),
        sf.count_if(sf.col("note").isin("?", "n/a")),
        *(sf.count_if(~sf.col(name).between(low, high)) for name, (low, high) in ranges.items()),
        sf.count_if(sf.col("customer") < 0),
        *(sf.count_if(~sf.col(name).rlike(regex)) for name, regex in texts.items()),
        sf.count_if(sf.length("currency") != 3),
        sf.count_if(~sf.length("note").between(1, 10)),
        sf.count_if(sf.col("shipped_at") <= sf.col("ordered_at")),
        *(sf.mean("amount"), sf.mean("quantity"), sf.stddev("score")),
        *(sf.min("quantity"), sf.max("quantity"), sf.sum("quantity")),
    ]

    def repeated(*keys: str) -> Any:
        rows = sf.col("count")
        return frame.groupBy(*keys).count().agg(sf.sum(sf.when(rows > 1, rows)), sf.count("*"))

    def run() -> bool:
        jobs = [
            frame.agg(*scalars),
            *(repeated("id"), repeated("order_no"), repeated("customer", "id")),
            frame.agg(sf.percentile("score", 0.5)),
            *(frame.select(name).distinct() for name in ("country", "status")),
        ]
        with ThreadPoolExecutor(len(jobs)) as pool:
            return all(pool.map(lambda job: job.collect(), jobs))

    return run


def great_expectations(path: Path, fast: bool = False) -> Callable[[], bool]:
    import pandas as pd

    from aiqa.gx.native import quiet_context

    frame: Any = pd.read_parquet(path)
    if fast:  # what it compares without a Python call a row
        wide = {"datetime": "datetime64[ns]", "integer": "int64", "floating": "float64"}
        for kind, dtype in wide.items():
            frame = frame.astype(dict.fromkeys(frame.select_dtypes(kind).columns, dtype))
    return _gx(quiet_context(), frame)


def great_expectations_on_spark(path: Path) -> Callable[[], bool]:
    from aiqa.gx.native import quiet_context

    return _gx(quiet_context(), _spark().read.parquet(str(path)))


def _gx(opened: Any, frame: Any) -> Callable[[], bool]:
    from aiqa.gx.native import great_expectations as library

    gx = library()
    context = OPEN.enter_context(opened)
    spark = type(frame).__module__.startswith("pyspark")
    source = context.data_sources.add_spark("orders") if spark else context.data_sources.add_pandas("orders")
    asset = source.add_dataframe_asset("orders").add_batch_definition_whole_dataframe("orders")

    def run() -> bool:
        made = gx.ExpectationSuite(name="orders")
        for type_, kwargs in suite():
            name = "".join(word.title() for word in type_.split("_"))
            made.add_expectation(getattr(gx.expectations, name)(**kwargs))
        return bool(asset.get_batch({"dataframe": frame}).validate(made).success)

    return run


def pandera(path: Path) -> Callable[[], bool]:
    """The same claims in its own words; those that it has none for, as checks of aggregates."""
    import pandera.polars as pa
    import polars as pl

    def within(low: float, high: float) -> Any:
        return pa.Check.in_range(low, high)

    def column(*checks: Any, nullable: bool = True, **more: Any) -> Any:
        return pa.Column(checks=list(checks), nullable=nullable, **more)

    def total(check: Callable[[pl.LazyFrame, str], pl.LazyFrame]) -> Any:
        return pa.Check(lambda data: check(data.lazyframe, data.key))

    def aggregate(expr: Callable[[pl.Expr], pl.Expr]) -> Any:
        return total(lambda frame, key: frame.select(expr(pl.col(key))))

    given = {name: {"nullable": False} for name in COMPLETE}
    schema = pa.DataFrameSchema(
        {
            "id": column(unique=True, **given["id"]),
            "customer": column(pa.Check.ge(0), **given["customer"]),
            "order_no": column(pa.Check.str_matches(ORDER_NO), unique=True, **given["order_no"]),
            "country": column(
                pa.Check.isin(COUNTRIES), aggregate(lambda x: x.n_unique() == 10), **given["country"]
            ),
            "channel": column(pa.Check.isin(CHANNELS), **given["channel"]),
            "email": column(pa.Check.str_matches(EMAIL), **given["email"]),
            "status": column(pa.Check.isin(STATUSES), **given["status"]),
            "amount": column(
                within(0, 1e6), aggregate(lambda x: x.mean().is_between(20, 50)), **given["amount"]
            ),
            "ordered_at": column(**given["ordered_at"]),
            "is_fraud": column(**given["is_fraud"]),
            "tax": column(within(0, 1e6)),
            "total": column(within(0, 1e6)),
            "quantity": column(
                within(1, 19),
                aggregate(lambda x: x.min() == 1),
                aggregate(lambda x: x.max() == 19),
                aggregate(lambda x: x.sum() >= 1),
                aggregate(lambda x: x.mean().is_between(9, 11)),
            ),
            "discount": column(within(0, 0.5)),
            "score": column(
                within(0, 1),
                aggregate(lambda x: x.std().is_between(0.1, 0.5)),
                aggregate(lambda x: x.median().is_between(0.4, 0.6)),
            ),
            "rating": column(within(1, 5)),
            "shipped_at": column(),
            "zip": column(pa.Check.str_matches(ZIP)),
            "currency": column(pa.Check.isin(CURRENCIES), pa.Check.str_length(3, 3)),
            "note": column(pa.Check.notin(["?", "n/a"]), pa.Check.str_length(1, 10)),
        },
        checks=[
            pa.Check(lambda data: data.lazyframe.select(pl.col("shipped_at") > pl.col("ordered_at"))),
        ],
        unique=["customer", "id"],
        strict=True,
    )

    def run() -> bool:
        schema.validate(pl.read_parquet(path), lazy=True)
        return True

    return run


def _spark() -> Any:
    from pyspark.sql import SparkSession

    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.driver.memory": "4g"}
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


CONTESTANTS: dict[str, Callable[[Path], Callable[[], bool]]] = {
    "aiqa": ours,
    "polars by hand": by_hand,
    "aiqa on duckdb": lambda path: ours(path, "duckdb"),
    "pandera on polars": pandera,
    "gx on pandas, fast dtypes": lambda path: great_expectations(path, fast=True),
    "gx on pandas": great_expectations,
    "aiqa on spark": lambda path: ours(path, "spark"),
    "spark by hand": spark_by_hand,
    "gx on spark": great_expectations_on_spark,
}


def child(name: str, rows: int) -> None:
    """Run one contestant, and print what its work alone took."""
    warnings.simplefilter("ignore")
    run = CONTESTANTS[name](table(rows))
    wall, cpu = time.perf_counter(), time.process_time()
    success = run()
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({"success": success, **took}))


def measure(name: str, rows: int) -> dict[str, float]:
    """Run one contestant in a process of its own: seconds of CPU and wall, peak memory in MB."""
    import subprocess

    command = [sys.executable, "-m", "benchmarks.expectations", "--child", name, str(rows)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        output, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"{name}: {errors[-2000:]}")
    told = json.loads(output.strip().splitlines()[-1])
    if not told["success"]:
        print(f"{name}: an expectation does not hold")
    return {"process wall": time.perf_counter() - started, "work wall": told["wall"], "work cpu": told["cpu"]}


def main(rows: int, runs: int, names: list[str]) -> None:
    import statistics  # here, as contestants would pay for it

    table(rows)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            before = os.times()
            figures = measure(name, rows)
            after = os.times()
            figures["process cpu"] = (after.children_user + after.children_system) - (
                before.children_user + before.children_system
            )
            found[name].append(figures)
    medians = {
        name: {key: statistics.median(one[key] for one in figures) for key in figures[0]}
        for name, figures in found.items()
    }
    _print(medians, rows)
    _keep(medians, rows, runs)


def _print(medians: dict[str, dict[str, float]], rows: int) -> None:
    base = medians.get("aiqa") or next(iter(medians.values()))
    print(f"{len(suite())} expectations, {rows:,} rows; seconds, and times aiqa")
    for name, figures in medians.items():
        cells = [f"{key} {value:.2f} ({value / base[key]:.2f})" for key, value in figures.items()]
        print(f"  {name:28} {'  '.join(cells)}")


def _keep(medians: dict[str, dict[str, float]], rows: int, runs: int) -> None:
    import platform
    from importlib.metadata import version

    libraries = ("polars", "duckdb", "great-expectations", "pandera", "pandas", "pyspark")
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    same = kept.get(str(rows), {}).get("medians", {})
    kept[str(rows)] = {
        "runs": runs,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in libraries},
        "medians": same | medians,
    }
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]))
    else:
        rows, runs, *chosen = [*sys.argv[1:], "1000000", "3"][:2] + sys.argv[3:]
        main(int(rows), int(runs), chosen or [name for name in CONTESTANTS if "spark" not in name])
