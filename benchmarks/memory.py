"""Peak memory of a scan of parquet files, for statistics that add up over parts.

``python -m benchmarks.memory [MILLIONS ...]``. Each size is a process of its own; what is told is the most
memory that it ever held (resident set), in MiB, and is kept in ``benchmarks/results/memory.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parents[1] / ".aiqa" / "benchmarks"
RESULTS = Path(__file__).parent / "results" / "memory.json"
MILLION = 1_000_000


def table(millions: int) -> Path:
    """Write the table once, a million rows at a time."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = DATA / f"memory-{millions}.parquet"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    countries = np.array(["BR", "DE", "ES", "FR", "PT", "US"])
    writer = None
    for part in range(millions):
        amount = rng.lognormal(3, 1, MILLION)
        columns = pa.table(
            {
                "id": np.arange(part * MILLION, (part + 1) * MILLION),
                "amount": pa.array(amount, mask=rng.random(MILLION) < 0.01),
                "quantity": rng.integers(1, 9, MILLION),
                "score": rng.random(MILLION),
                "country": countries[rng.integers(0, 6, MILLION)],
                "paid": rng.random(MILLION) < 0.9,
            }
        )
        writer = writer or pq.ParquetWriter(path, columns.schema)
        writer.write_table(columns, row_group_size=MILLION // 4)
    if writer is not None:
        writer.close()
    return path


def scan(millions: int) -> None:
    """Hold the table against expectations whose statistics add up over parts."""
    import polars as pl

    import aiqa
    from aiqa import expect

    report = aiqa.validate(
        pl.scan_parquet(table(millions)),
        [
            expect.table_row_count_to_equal(millions * MILLION),
            expect.column_values_to_not_be_null("amount", mostly=0.98),
            expect.column_values_to_be_between("amount", 0),
            expect.column_values_to_be_between("score", 0, 1),
            expect.column_values_to_be_in_set("country", ["BR", "DE", "ES", "FR", "PT", "US"]),
            expect.column_values_to_match_regex("country", "^[A-Z]{2}$"),
            expect.column_mean_to_be_between("amount", 10, 90),
            expect.column_stdev_to_be_between("score", 0.2, 0.4),
            expect.column_sum_to_be_between("quantity", 1),
            expect.column_min_to_be_between("id", 0, 0),
            expect.column_max_to_be_between("quantity", 8, 8),
            expect.column_pair_values_a_to_be_greater_than_b("quantity", "score"),
        ],
    )
    assert report.success, report


def peak(millions: int) -> float:
    """Return the most memory that a process held which scans the table, in MiB."""
    table(millions)
    child = subprocess.Popen([sys.executable, "-m", "benchmarks.memory", "scan", str(millions)])
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"the scan of {millions} million rows fails")
    return usage.ru_maxrss / 1024


def main(arguments: list[str]) -> None:
    """Scan each size, and tell how memory grows."""
    if arguments[:1] == ["scan"]:
        scan(int(arguments[1]))
        return
    sizes = sorted(map(int, arguments or ["10", "50"]))
    found = {size: round(peak(size), 1) for size in sizes}
    first = found[sizes[0]]
    for size, most in found.items():
        print(f"{size:4} million rows: {most:8.1f} MiB, {most / first:.2f} times")
    RESULTS.write_text(json.dumps({str(size): most for size, most in found.items()}, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
