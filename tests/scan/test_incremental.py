"""Statistics taken by parts and kept between runs: the same as of the whole, and nothing scanned twice."""

from __future__ import annotations

import math
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aiqa
from aiqa.declare.folded import OTHER
from aiqa.scan import parted
from aiqa.scan.engines.polars import Polars
from aiqa.scan.execute import execute
from aiqa.scan.expr import call, col
from aiqa.scan.plan import exprs_of
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.statistics import (
    Binned,
    Common,
    Count,
    Extremes,
    Frequent,
    Moments,
    Query,
    Request,
    Rows,
    Sample,
    ScoreHistogram,
    Values,
)
from aiqa.scan.store import Store
from aiqa.stats.score_histogram import cuts_of
from tests.scan.cases import ROWS, STATISTICS, TYPES, X, comparable

Scans = list[int]


@pytest.fixture(autouse=True)
def _files_of_any_size_are_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "LEAST", 0)


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> Scans:
    """The number of queries of each scan."""
    counted: Scans = []
    collect = Polars.collect

    def counting(self: Polars, queries: Sequence[Any]) -> list[pl.DataFrame]:
        counted.append(len(queries))
        return collect(self, queries)

    monkeypatch.setattr(Polars, "collect", counting)
    return counted


def _write(folder: Path, parts: Sequence[pl.DataFrame]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts):
        part.write_parquet(folder / f"{number:02}.parquet")


def _open(folder: Path, store: Store | None, **roles: Any) -> Table:
    return open_dataset(aiqa.dataset("parts", str(folder / "*.parquet"), **roles), folder, store)


PARTS = st.lists(st.lists(ROWS, max_size=6), min_size=1, max_size=4).filter(any)
COMMON, RARE = Common("s", col("s"), 3), Common("x", col("x"), 2)
BINNED = Binned("x bin", call("bin", X, (-1.0, 0.0, 2.0)), ("low", "less", "more", "high"))


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(rows=PARTS, by=st.sampled_from([(), ("g",), ("g", "b"), (BINNED,), (COMMON,), (RARE, "b")]))
def test_parts_give_what_the_whole_gives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]], by: tuple[Any, ...]
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    parts = [pl.DataFrame(some, schema=TYPES, orient="row") for some in rows]
    _write(folder, parts)
    # A value that is the mean itself may be above it by the last digit.
    exact = [one for one in STATISTICS if not any(expr.any("answer") for expr in exprs_of(one))]
    requests = [Request(statistic, by) for statistic in exact]
    requests += [Request(Values(X, 3), by), Request(Extremes(col("d")), by)]
    expected = execute(pl.concat(parts), requests)
    store = Store(folder / "cache")
    for _ in range(2):
        found = _open(folder, store).answers(requests)
        for request in requests:
            assert comparable(found[request]) == comparable(expected[request]), request
            assert list(found[request]) == list(expected[request]), request


def test_histograms_of_scores_add_up(tmp_path: Path) -> None:
    frame = pl.DataFrame({"y": [0, 1, 1, 0, 1, 0], "s": [0.1, 0.9, 0.4, 0.3, 0.7, 0.6]})
    _write(tmp_path, [frame[:2], frame[2:]])
    request = Request(ScoreHistogram("y", "s", cuts=cuts_of(frame["s"].to_numpy()).tobytes()))
    store = Store(tmp_path / "cache")
    for _ in range(2):
        [found], [whole] = (
            answers[request].values()
            for answers in (_open(tmp_path, store).answers([request]), execute(frame, [request]))
        )
        assert found.positive.tolist() == whole.positive.tolist()
        assert (found.rows, found.n) == (whole.rows, 6)


ASKED = [
    Request(Count(col("x") > 2)),
    Request(Moments(col("x"))),
    Request(Sample(("x",), col("x") > 8, 3)),
    Request(Count(call("repeated", (col("x"),), None))),
    Request(Query("select * from __aiqa_batch where x > 3")),
]


def _numbered(files: int, rows: int = 4) -> list[pl.DataFrame]:
    return [pl.DataFrame({"x": [float(x) for x in range(i * rows, (i + 1) * rows)]}) for i in range(files)]


def test_what_is_unchanged_is_not_scanned_again(tmp_path: Path, scans: Scans) -> None:
    _write(tmp_path, _numbered(3))
    store = Store(tmp_path / "cache")
    first = _open(tmp_path, store).answers(ASKED[:4])
    scans.clear()
    again = _open(tmp_path, store).answers(ASKED[:4])
    assert again == first
    assert first[ASKED[2]] == {(): [(9, 9.0), (10, 10.0), (11, 11.0)]}
    assert sum(scans) == 1, "rows are looked for, since their values are not kept"


def test_a_new_file_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, _numbered(3))
    store = Store(tmp_path / "cache")
    _open(tmp_path, store).answers(ASKED[:2])
    _write(tmp_path, _numbered(4))
    for old in range(3):  # the same content, which is found by its digest
        os.utime(tmp_path / f"{old:02}.parquet")
    table = _open(tmp_path, store)
    scanned: list[str] = []
    collect = Polars.collect

    def counting(self: Polars, queries: Sequence[Any]) -> list[pl.DataFrame]:
        scanned.extend(query.to_native().explain() for query in queries)
        return collect(self, queries)

    monkeypatch.setattr(Polars, "collect", counting)
    found = table.answers(ASKED[:2])
    assert scanned
    assert all("03.parquet" in query for query in scanned), "only the new file is read"
    assert found[ASKED[0]] == {(): 13}


@pytest.mark.parametrize(
    "change",
    [
        lambda file: pl.DataFrame({"x": [100.0, 5.0, 6.0, 7.0]}).write_parquet(file),
        lambda file: pl.DataFrame({"x": [4.0, 5.0]}).write_parquet(file),
        lambda file: file.unlink(),
    ],
    ids=["another value", "fewer rows", "no file"],
)
def test_a_change_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    _write(tmp_path, _numbered(3))
    store = Store(tmp_path / "cache")
    _open(tmp_path, store).answers(ASKED)
    change(tmp_path / "01.parquet")
    left = pl.concat([pl.read_parquet(file) for file in sorted(tmp_path.glob("*.parquet"))])
    found, expected = _open(tmp_path, store).answers(ASKED), execute(left, ASKED)
    assert comparable(list(found.values())) == comparable(list(expected.values()))


def test_the_same_time_and_size_do_not_hide_a_change(tmp_path: Path) -> None:
    file = tmp_path / "00.parquet"
    _write(tmp_path, [pl.DataFrame({"x": [1.0, 2.0]})])
    os.utime(file, (time.time() - 60,) * 2)
    store = Store(tmp_path / "cache")
    assert _open(tmp_path, store).answers(ASKED[:1])[ASKED[0]] == {(): 0}
    told = file.stat()
    pl.DataFrame({"x": [1.0, 3.0]}).write_parquet(file)
    os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert file.stat().st_size == told.st_size
    assert _open(tmp_path, store).answers(ASKED[:1])[ASKED[0]] == {(): 1}


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, _numbered(1))
    store = Store(tmp_path / "cache")
    table = _open(tmp_path, store)
    assert table.contents
    collect = Polars.collect

    def late(self: Polars, queries: Sequence[Any]) -> list[pl.DataFrame]:
        results = collect(self, queries)
        pl.DataFrame({"x": [7.0]}).write_parquet(tmp_path / "00.parquet")
        return results

    monkeypatch.setattr(Polars, "collect", late)
    table.answers(ASKED[:1])
    monkeypatch.setattr(Polars, "collect", collect)
    _write(tmp_path, _numbered(1))
    assert _open(tmp_path, store).answers(ASKED[:1])[ASKED[0]] == {(): 1}


def test_types_of_another_file_change_what_is_kept(tmp_path: Path) -> None:
    _write(tmp_path, [pl.DataFrame({"x": [1, 2]})])
    store, extremes = Store(tmp_path / "cache"), Request(Extremes(col("x")))
    [found] = _open(tmp_path, store).answers([extremes])[extremes].values()
    assert isinstance(found.max, int)
    _write(tmp_path, [pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"x": [0.5]})])
    [found] = _open(tmp_path, store).answers([extremes])[extremes].values()
    assert (found.min, found.max) == (0.5, 2.0)
    assert isinstance(found.max, float)


def test_values_of_personal_columns_are_not_kept(tmp_path: Path) -> None:
    frame = pl.DataFrame({"email": ["ann@example.org", "bob@example.org"], "x": [1.0, 2.0]})
    _write(tmp_path, [frame])
    store = Store(tmp_path / "cache")
    asked = [
        Request(Extremes(col("email"))),
        Request(Values(col("email"))),
        Request(Count(), by=("email",)),
        Request(Sample(("email",), col("x") > 1)),
        Request(Count(call("contains", col("email"), "ann"))),
    ]
    found = _open(tmp_path, store, pii=["email"]).answers(asked)
    assert found == execute(frame, asked)
    assert _kept(store)
    assert not any(b"ann@" in value for value in _kept(store))
    _open(tmp_path, store).answers(asked)
    assert any(b"ann@" in value for value in _kept(store)), "but for those of other columns they are"


def _kept(store: Store) -> list[bytes]:
    with closing(sqlite3.connect(store.folder / "kept.sqlite")) as kept:
        return [zlib.decompress(value) for (value,) in kept.execute("select value from kept")]


def test_other_code_keeps_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scans: Scans) -> None:
    from aiqa.scan import incremental

    _write(tmp_path, _numbered(1))
    store = Store(tmp_path / "cache")
    _open(tmp_path, store).answers(ASKED[:1])
    monkeypatch.setattr(incremental, "code", lambda: "another version")
    scans.clear()
    _open(tmp_path, store).answers(ASKED[:1])
    assert sum(scans) == 1


def test_what_depends_on_the_day_is_not_kept(tmp_path: Path, scans: Scans) -> None:
    pl.DataFrame({"s": ["31", "1"]}).write_parquet(tmp_path / "00.parquet")
    store = Store(tmp_path / "cache")
    for one in (
        Count(call("parses", col("s"), "dateutil", None)),
        Query("select * from __aiqa_batch where random() < 2"),
    ):
        for _ in range(2):
            scans.clear()
            _open(tmp_path, store).answers([Request(one)])
            assert sum(scans) >= 1


def test_whole_columns_are_not_kept(tmp_path: Path, scans: Scans) -> None:
    _write(tmp_path, _numbered(2))
    store, rows = Store(tmp_path / "cache"), Request(Rows(("x",)))
    for _ in range(2):
        scans.clear()
        [found] = _open(tmp_path, store).answers([rows])[rows].values()
        assert found["x"].tolist() == list(range(8))
        assert sum(scans) == 1


def test_many_files_are_few_parts_and_a_new_one_leaves_most_as_they_were(tmp_path: Path) -> None:
    files = [parted.File(f"{i}", parted.digest_of([str(i)]), 10) for i in range(2000)]
    before, after = list(parted.groups(files[:-1])), list(parted.groups(files))
    assert len(before) < 4 * parted.MOST
    assert [file for group in before for file in group] == files[:-1]
    old = {tuple(file.digest for file in group) for group in before}
    assert sum(tuple(file.digest for file in group) not in old for group in after) == 1


def test_small_files_share_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scans: Scans) -> None:
    monkeypatch.setattr(parted, "LEAST", 16 << 20)
    _write(tmp_path, _numbered(12))
    found = _open(tmp_path, Store(tmp_path / "cache")).answers(ASKED[:2])
    assert found[ASKED[0]] == {(): 45}
    assert sum(scans) <= 3


def test_an_infinite_value_in_one_part(tmp_path: Path) -> None:
    request = Request(Moments(col("x")))
    for values in (
        (1.0, math.inf),
        (math.inf, 1.0),
        (math.inf, -math.inf),
        (math.nan, 1.0),
        (-math.inf, math.nan),
    ):
        folder = tmp_path / str(values[0]) / str(values[1])
        _write(folder, [pl.DataFrame({"x": [value]}) for value in values])
        [found] = _open(folder, Store(folder / "cache")).answers([request])[request].values()
        [whole] = execute(pl.DataFrame({"x": values}), [request])[request].values()
        told = [[getattr(one, name) for name in ("n", "mean", "m2", "min", "max")] for one in (found, whole)]
        assert comparable(told[0]) == comparable(told[1])


def test_what_is_folded_is_kept_and_follows_the_rows_of_all_files(tmp_path: Path, scans: Scans) -> None:
    days = [pl.DataFrame({"s": ["a", "b", None], "x": [1.0, 2.0, 3.0]}) for _ in range(2)]
    _write(tmp_path, days)
    store = Store(tmp_path / "cache")
    request = Request(Moments(X), (Common("s", col("s"), 3),))

    def slices() -> dict[Any, int]:
        answers = _open(tmp_path, store).answers([request])[request]
        return {key[0][1]: state.n for key, state in answers.items()}

    assert slices() == {OTHER: 4, None: 2}
    scans.clear()
    assert slices() == {OTHER: 4, None: 2}
    assert not scans
    # With another day both values are frequent, in the files of the days before too.
    _write(tmp_path, [*days, pl.DataFrame({"s": ["a", "b", "c"], "x": [4.0, 5.0, 6.0]})])
    assert slices() == {"a": 3, "b": 3, OTHER: 1, None: 2}


def test_text_files_without_rows_are_left_out(tmp_path: Path) -> None:
    for name, content in (("0.csv", "x\n1\n2\n"), ("1.csv", "z\n"), ("2.csv", "x\n5\n"), ("3.csv", "")):
        (tmp_path / name).write_text(content)
    data = aiqa.dataset("d", str(tmp_path / "*.csv"))
    for store in (None, Store(tmp_path / "cache"), Store(tmp_path / "cache")):
        table = open_dataset(data, tmp_path, store)
        assert table.answers(ASKED[:1])[ASKED[0]] == {(): 1}
        assert table.rows == 3


def test_values_that_are_lists_are_not_kept(tmp_path: Path) -> None:
    _write(tmp_path, [pl.DataFrame({"l": [[1], [2], [1]]})])
    request = Request(Frequent(col("l")))
    for _ in range(2):
        [found] = _open(tmp_path, Store(tmp_path / "cache")).answers([request])[request].values()
        assert found == (([1], 2),)


def test_moments_of_personal_columns_are_not_kept(tmp_path: Path) -> None:
    _write(tmp_path, [pl.DataFrame({"salary": [123456.5, 2.0]})])
    store = Store(tmp_path / "cache")
    _open(tmp_path, store, pii=["salary"]).answers([Request(Moments(col("salary"))), Request(Count())])
    assert not any(b"123456.5" in value for value in _kept(store))


def test_many_slices_are_kept_of_the_whole(tmp_path: Path, scans: Scans) -> None:
    parts = [pl.DataFrame({"x": [float(i) for i in range(400)], "g": list(range(400))})] * 3
    _write(tmp_path, parts)
    request, store = Request(Moments(col("x")), by=("g",)), Store(tmp_path / "cache")
    expected = execute(pl.concat(parts), [request])[request]
    assert comparable(_open(tmp_path, store).answers([request])[request]) == comparable(expected)
    scans.clear()
    assert comparable(_open(tmp_path, store).answers([request])[request]) == comparable(expected)
    assert not scans
