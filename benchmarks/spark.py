"""Wall time of a run on Spark against the number of rows: two expectations and four metrics of a model.

``python -m benchmarks.spark [ROWS ...]``: each size is a process of its own on ``local[2]``, data in parquet
files of half a million rows. The model is a logistic regression of scikit-learn, which scores by mapInArrow.
The second run in the same session shows what is left when Spark has compiled its queries.
"""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

RESULTS = Path(__file__).parent / "results" / "spark.json"
SIZES = (100_000, 1_000_000, 10_000_000)
FILE_ROWS = 500_000
FEATURES = [f"x{k}" for k in range(8)]
CHECKS = """
import aiqa
from aiqa import expect, metric
import train

orders = aiqa.dataset("orders", "data/*.parquet", label="y", slices=["country"])
model = aiqa.model("model", train.fitted(), task="binary")

@aiqa.check(orders)
def complete():
    yield expect.column_values_to_not_be_null("id")
    yield expect.column_values_to_be_between("x0", -50, 50)

@aiqa.check(model, orders)
def ranks():
    yield metric.accuracy >= 0.5
    yield metric.roc_auc >= 0.5
    yield metric.log_loss <= 1
    yield metric.accuracy.by("country") >= 0.5
"""
TRAIN = f"""
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

def fitted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, {len(FEATURES)}))
    y = rng.random(2000) < 1 / (1 + np.exp(-x.sum(axis=1)))
    return LogisticRegression().fit(pd.DataFrame(x, columns={FEATURES!r}), y.astype(int))
"""


def part(rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, len(FEATURES)))
    y = (rng.random(rows) < 1 / (1 + np.exp(-x.sum(axis=1)))).astype(np.int64)
    columns: dict[str, Any] = dict(zip(FEATURES, x.T, strict=True))
    more = {f"more{k}": rng.normal(size=rows) for k in range(10)}
    country = np.array(["BR", "PT", "DE", "FR"])[rng.integers(0, 4, rows)]
    return pl.DataFrame({"id": np.arange(rows), "y": y, "country": country, **columns, **more})


def project(folder: Path, rows: int) -> None:
    for name in ("data", "checks"):
        (folder / name).mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "bench"\n[tool.aiqa.spark]\nfetch_rows = 0\n')
    (folder / "checks" / "check_orders.py").write_text(CHECKS)
    (folder / "train.py").write_text(TRAIN)
    for seed, start in enumerate(range(0, rows, FILE_ROWS)):
        size = min(FILE_ROWS, rows - start)
        part(size, seed).write_parquet(folder / "data" / f"part-{seed:03}.parquet")


def measured(folder: Path, where: str) -> dict[str, Any]:
    """Run twice in this process, and tell the times by the clock."""
    import aiqa
    from aiqa.config import SparkSettings
    from aiqa.scan.spark.session import SparkHolder

    sys.path.insert(0, str(folder))
    told: dict[str, Any] = {}
    started = time.perf_counter()
    holder = SparkHolder(SparkSettings().settings | {"spark.master": "local[2]", "spark.driver.memory": "3g"})
    if where == "spark":
        holder.session()
        told["session"] = time.perf_counter() - started
    for name in ("cold", "warm"):
        started = time.perf_counter()
        evidence = aiqa.run(root=folder, spark=where == "spark")
        told[name] = time.perf_counter() - started
        if evidence.verdict != "pass":
            raise SystemExit(str([gate.reason for check in evidence.checks for gate in check.gates]))
    gates = [gate for check in evidence.checks for gate in check.gates]
    told["estimates"] = {gate.id: gate.estimate.value for gate in gates if gate.estimate is not None}
    told["driver_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    holder.stop()
    return told


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(Path(sys.argv[2]), sys.argv[3])))
        return
    found = []
    for rows in tuple(map(int, sys.argv[1:])) or SIZES:
        with tempfile.TemporaryDirectory() as name:
            project(Path(name), rows)
            for where in ("spark", "polars"):
                command = [sys.executable, "-m", "benchmarks.spark", "--one", name, where]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise SystemExit(done.stderr)
                told = json.loads(done.stdout.splitlines()[-1])
                found.append({"rows": rows, "where": where, **told})
                print({key: value for key, value in found[-1].items() if key != "estimates"}, flush=True)
    about = {"python": platform.python_version(), "cores": 2, "master": "local[2]"}
    RESULTS.write_text(json.dumps({"about": about, "runs": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
