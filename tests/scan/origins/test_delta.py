"""Delta tables: the rows of one version, known by its log."""

from __future__ import annotations

import base64
import datetime as dt
import json
import struct
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aiqa
from aiqa.errors import DataError, MissingExtraError
from aiqa.scan.expr import col
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.statistics import Count, Moments, Request
from aiqa.scan.store import Store
from tests.scan.origins.conftest import ROWS, Judge, Run

deltalake = pytest.importorskip("deltalake")

ASKED = [Request(Count(col("x") > 2)), Request(Moments(col("x")))]


def _open(lake: Path, version: Any = None, store: Store | None = None) -> Table:
    return open_dataset(aiqa.dataset("lake", aiqa.delta(lake, version=version)), lake.parent, store)


def _numbers(lake: Path, *numbers: int, **options: Any) -> None:
    pl.DataFrame({"x": numbers}).write_delta(lake, mode="append", **options)


def test_the_same_as_parquet(tmp_path: Path, expected: list[Any], judged: Judge) -> None:
    lake = tmp_path / "lake"
    for start in (0, 25, 40):
        ROWS[start : {0: 25, 25: 40, 40: 60}[start]].write_delta(lake, mode="append")
    assert judged(f"aiqa.delta({str(lake)!r})") == expected
    assert judged(f"aiqa.delta({str(lake)!r})") == expected, "from what is kept"


def test_partitions_are_columns(tmp_path: Path, expected: list[Any], judged: Judge) -> None:
    lake = tmp_path / "lake"
    ROWS.write_delta(lake, delta_write_options={"partition_by": ["country", "day"]})
    table = _open(lake)
    assert dict(zip(ROWS.columns, map(str, ROWS.dtypes), strict=True)) == table.columns
    assert table.frame.collect().sort("id").equals(ROWS)
    found = judged(f"aiqa.delta({str(lake)!r})")
    assert [gate[:4] for gate in found] == [gate[:4] for gate in expected]


def test_an_address_names_the_version_that_was_read(tmp_path: Path, ran: Run) -> None:
    lake = tmp_path / "lake"
    ROWS.write_delta(lake)
    [data] = ran(f"aiqa.delta({str(lake)!r})").datasets
    assert data.source == f"Delta(address={str(lake)!r}, version=0)"
    ROWS.write_delta(lake, mode="append")
    again = _open(lake, 0)
    assert str(data.fingerprint).endswith(again.fingerprint)
    assert _open(lake).fingerprint != again.fingerprint


def test_only_the_new_file_is_scanned(tmp_path: Path, scanned: list[str]) -> None:
    lake, store = tmp_path / "lake", Store(tmp_path / "cache")
    for number in range(3):
        _numbers(lake, number, number + 1)
    first = _open(lake, store=store).answers(ASKED)
    assert first[ASKED[0]] == {(): 1}
    known = {file.place for file in _open(lake).contents}
    _numbers(lake, 7, 8)
    scanned.clear()
    second = _open(lake, store=store).answers(ASKED)
    assert second[ASKED[0]] == {(): 3}
    taken = [plan for plan in scanned if "SCAN" in plan]
    [new] = {file.place for file in _open(lake).contents} - known
    assert taken
    assert all(new in plan for plan in taken)
    assert not any(old in plan for old in known for plan in taken)


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(-9, 9) | st.none(), st.sampled_from(["a b", "ü=/", "", "%20", None])),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_partitions_are_called(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[tuple[Any, Any]]]
) -> None:
    lake = tmp_path_factory.mktemp("lakes") / "lake"
    for rows in commits:
        frame = pl.DataFrame(rows, schema={"x": pl.Int64, "g": pl.String}, orient="row")
        frame.write_delta(lake, mode="append", delta_write_options={"partition_by": ["g"]})
    table = _open(lake)
    own, polars = table.frame.collect(), pl.scan_delta(str(lake)).collect()
    assert own.sort("x", "g").equals(polars.sort("x", "g"))
    parts = [table.origin.frame([file]).collect() for file in table.contents]  # type: ignore[union-attr]
    assert pl.concat(parts).equals(own), "parts have the order of the whole: answers of models are joined so"


def test_a_column_that_was_added_later(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    _numbers(lake, 1, 2)
    before = {file.digest for file in _open(lake).contents}
    frame = pl.DataFrame({"x": [3], "y": ["new"]})
    frame.write_delta(lake, mode="append", delta_write_options={"schema_mode": "merge"})
    table = _open(lake)
    assert table.frame.collect().rows() == [(1, None), (2, None), (3, "new")]
    assert before.isdisjoint(file.digest for file in table.contents), "the same files are other rows"
    assert _open(lake, 0).columns == {"x": "Int64"}


def test_rows_that_are_marked_as_deleted(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    told = {"delta.enableDeletionVectors": "true"}
    _numbers(lake, *range(10), delta_write_options={"configuration": told})
    _mark_deleted(lake, 1, [3])
    _mark_deleted(lake, 2, [3, 4])
    store = Store(tmp_path / "cache")
    found = [_open(lake, version, store) for version in range(3)]
    assert [table.frame.collect()["x"].to_list() for table in found] == [
        [x for x in range(10) if x not in gone] for gone in ([], [3], [3, 4])
    ]
    assert [table.answers(ASKED)[ASKED[0]][()] for table in found] == [7, 6, 5]
    assert len({table.fingerprint for table in found}) == 3


def _mark_deleted(lake: Path, version: int, rows: list[int]) -> None:
    """Commit a deletion vector as other writers do, inline; deltalake itself writes files anew."""
    pyroaring = pytest.importorskip("pyroaring")
    log = (lake / f"_delta_log/{version - 1:020}.json").read_text().splitlines()
    add = next(action["add"] for action in map(json.loads, log) if "add" in action)
    data = struct.pack("<iqi", 1681511377, 1, 0) + pyroaring.BitMap(rows).serialize()
    ours = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    inline = base64.b85encode(data + b"\0" * (-len(data) % 4)).decode().translate(str.maketrans(ours, z85))
    vector = {
        "storageType": "i",
        "pathOrInlineDv": inline,
        "sizeInBytes": len(data),
        "cardinality": len(rows),
    }
    old = {"path": add["path"], "dataChange": True, "deletionTimestamp": add["modificationTime"]}
    old |= {"deletionVector": add["deletionVector"]} if "deletionVector" in add else {}
    actions = [{"commitInfo": {"timestamp": add["modificationTime"] + version, "operation": "DELETE"}}]
    actions += [{"remove": old}, {"add": {**add, "deletionVector": vector}}]
    (lake / f"_delta_log/{version:020}.json").write_text("\n".join(map(json.dumps, actions)))


def test_a_version_by_its_moment(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    _numbers(lake, 1)
    _numbers(lake, 2)
    assert _open(lake, dt.datetime(2999, 1, 1, tzinfo=dt.UTC)).address.endswith("version=1)")
    with pytest.raises(DataError, match="no version at 2020-01-01"):
        _open(lake, dt.datetime(2020, 1, 1, tzinfo=dt.UTC))


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = tmp_path / "lake"
    with pytest.raises(DataError, match=r"no Delta table \(file .*lake\)"):
        _open(lake)
    _numbers(lake, 1)
    with pytest.raises(DataError, match=r"no version 9 .any more.: the newest is 0"):
        _open(lake, 9)
    with pytest.raises(DataError, match="no column 'y', declared as its weight"):
        open_dataset(aiqa.dataset("lake", aiqa.delta(lake), weight="y"), tmp_path)
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-aiqa\[delta\]'"):
        _open(lake)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for number in range(2):
        _numbers(lake, number)
    table = _open(lake)
    lost = Path(table.contents[1].place)
    lost.unlink()
    with pytest.raises(DataError, match=lost.name):
        table.answers(ASKED)


def test_a_table_without_rows(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    _numbers(lake, 1)
    deltalake.DeltaTable(lake).delete()
    with pytest.raises(DataError, match="has no rows"):
        _open(lake)
