"""Rows that share their keys, by hashes: exact numbers, whatever the hashes are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aiqa
from aiqa.scan import narrowing, parted
from aiqa.scan.engines.polars import Polars
from aiqa.scan.execute import execute
from aiqa.scan.expr import Expr, col
from aiqa.scan.source import open_dataset
from aiqa.scan.states import RepeatsState
from aiqa.scan.statistics import Quantiles, Repeats, Request
from aiqa.scan.store import Store

KEYS = st.tuples(st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.5, float("nan")])), st.integers(0, 40))
NAMES: Any = {"x": pl.Float64, "k": pl.Int64}


def _expected(rows: Sequence[tuple[Any, ...]]) -> RepeatsState:
    counted = Counter(tuple("nan" if value != value else value for value in row) for row in rows)
    shared = sum(count for count in counted.values() if count > 1)
    return RepeatsState(len(rows), len(counted), shared)


def _weak_hash(monkeypatch: pytest.MonkeyPatch, buckets: int) -> None:
    """Let many keys that differ have one hash."""
    batch = Polars.batch

    def weak(self: Polars, table: Any, value: nw.Expr, name: str, expr: Expr) -> Any:
        if expr.op not in ("hash", "hash_in"):
            return batch(self, table, value, name, expr)
        found = batch(self, table, value, name, Expr("hash", expr.args[:1])).to_native()
        found = found.with_columns(pl.col(name) % buckets)
        if expr.op == "hash_in":
            some = np.frombuffer(expr.args[1], dtype=np.uint64).tolist()
            found = found.with_columns(pl.col(name).is_in(some))
        return nw.from_native(found)

    monkeypatch.setattr(Polars, "batch", weak)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(KEYS, max_size=20),
    keys=st.sampled_from([("x",), ("k",), ("x", "k")]),
    where=st.sampled_from([None, col("k") > 20, ~col("x").is_null()]),
    buckets=st.sampled_from([1, 7, 2**60]),
    many=st.sampled_from([0, 2, 1000]),
)
def test_numbers_are_exact_with_any_hash(
    rows: list[tuple[Any, ...]],
    keys: tuple[str, ...],
    where: Expr | None,
    buckets: int,
    many: int,
) -> None:
    frame = pl.DataFrame(rows, schema=NAMES, orient="row")
    kept = (
        frame
        if where is None
        else frame.filter(pl.col("k") > 20)
        if "k" in where.columns
        else (frame.filter(pl.col("x").is_not_null()))
    )
    request = Request(Repeats(tuple(map(col, keys)), where))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(narrowing, "MANY", many)
        _weak_hash(patched, buckets)
        [found] = execute(frame, [request])[request].values()
    assert found == _expected(kept.select(keys).rows())


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets an entry for every query of hashes."""
    hashed: list[str] = []
    original = Polars.batch

    def counting(self: Polars, table: Any, value: nw.Expr, name: str, expr: Expr) -> Any:
        hashed.extend([name] if expr.op == "hash" else [])
        return original(self, table, value, name, expr)

    monkeypatch.setattr(Polars, "batch", counting)
    return hashed


def test_few_values_are_grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = _counted(monkeypatch)
    request = Request(Repeats((col("country"),)))
    frame = pl.DataFrame({"country": ["BR", "PT"] * 50})
    assert execute(frame, [request])[request] == {(): RepeatsState(100, 2, 100)}
    assert not hashed


def test_hashes_of_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "LEAST", 0)
    request, store = Request(Repeats((col("id"),))), Store(tmp_path / "cache")

    def found(*parts: list[int]) -> RepeatsState:
        for number, ids in enumerate(parts):
            pl.DataFrame({"id": ids}).write_parquet(tmp_path / f"{number}.parquet")
        table = open_dataset(aiqa.dataset("d", str(tmp_path / "*.parquet")), tmp_path, store)
        [state] = table.answers([request])[request].values()
        assert isinstance(state, RepeatsState)
        return state

    assert found([1, 2, 3], [4, 5]) == RepeatsState(5, 5, 0)
    hashed = _counted(monkeypatch)
    assert found([1, 2, 3], [4, 5], [6, 7]) == RepeatsState(7, 7, 0)
    assert len(hashed) == 1, "only those of the new file are computed"
    assert found([1, 2, 3], [4, 5], [6, 4]) == RepeatsState(7, 6, 2)
    assert len(list(tmp_path.glob("cache/*.npy"))) == 4


def test_damaged_hashes_are_made_anew(tmp_path: Path) -> None:
    request, store = Request(Repeats((col("id"),))), Store(tmp_path / "cache")
    file = tmp_path / "0.parquet"
    for number in (5, 6):  # another file beside it, so that the whole is not kept
        pl.DataFrame({"id": [1, 2, 3]}).write_parquet(file)
        pl.DataFrame({"id": [number]}).write_parquet(tmp_path / "1.parquet")
        table = open_dataset(aiqa.dataset("d", str(tmp_path / "*.parquet")), tmp_path, store)
        assert table.answers([request])[request] == {(): RepeatsState(4, 4, 0)}
        for kept in tmp_path.glob("cache/*.npy"):
            kept.write_bytes(b"x" * kept.stat().st_size)


NUMBERS = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, 1.0625, -1.0, 5e-324, -5e-324, 1.7e308]),
)


@settings(deadline=None, max_examples=80)
@given(
    values=st.one_of(
        st.lists(st.one_of(st.none(), NUMBERS), max_size=30).map(lambda x: pl.Series(x, dtype=pl.Float64)),
        st.lists(st.one_of(st.none(), NUMBERS), max_size=30).map(
            lambda x: pl.Series(x, dtype=pl.Float64).cast(pl.Float32)
        ),
        st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=30).map(
            lambda x: pl.Series(x, dtype=pl.Int64)
        ),
        st.lists(st.integers(2**62, 2**62 + 50), max_size=30).map(lambda x: pl.Series(x, dtype=pl.UInt64)),
    ),
    probabilities=st.lists(st.floats(0, 1), min_size=1, max_size=4).map(tuple),
)
def test_quantiles_are_those_of_sorted_values(values: pl.Series, probabilities: tuple[float, ...]) -> None:
    frame = pl.DataFrame({"x": values})
    request = Request(Quantiles(col("x"), probabilities))
    [found] = execute(frame, [request])[request].values()
    there = sorted(value for value in values.to_list() if value is not None and value == value)
    assert found.n == len(there)
    ends = [p * (len(there) - 1) for p in probabilities] if there else []
    assert found.below == tuple(there[math.floor(end)] for end in ends)
    assert found.above == tuple(there[math.ceil(end)] for end in ends)


def test_a_quantile_looks_at_few_values(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[int] = []
    collect = Polars.collect

    def counting(self: Polars, queries: Sequence[Any]) -> list[pl.DataFrame]:
        results = collect(self, queries)
        fetched.extend(result.height for result in results)
        return results

    monkeypatch.setattr(Polars, "collect", counting)
    request = Request(Quantiles(col("x"), (0.1, 0.5)))
    frame = pl.DataFrame({"x": [i / 1000 for i in range(1, 100_001)]})
    [found] = execute(frame, [request])[request].values()
    assert (found.linear(0), found.linear(1)) == pytest.approx((10.0009, 50.0005))
    assert max(fetched) < 10_000


def test_numbers_wider_than_numpy_s_are_sorted_whole() -> None:
    frame = pl.DataFrame({"x": pl.Series([3, 1, 2], dtype=pl.Int128)})
    [found] = execute(frame, [Request(Quantiles(col("x"), (0.5,)))]).popitem()[1].values()
    assert found.below == (2,)
