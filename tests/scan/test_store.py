"""The store: values by key, bounded, for many processes, and never a reason to stop."""

from __future__ import annotations

import datetime as dt
import math
import multiprocessing
import os
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiqa.errors import DataError
from aiqa.scan.coding import packed, told, unpacked
from aiqa.scan.expr import col
from aiqa.scan.lower import Other
from aiqa.scan.states import ExtremesState
from aiqa.scan.statistics import Count, Extremes, Request
from aiqa.scan.store import Store


def test_values_outlive_the_process(tmp_path: Path) -> None:
    Store(tmp_path / "kept").write({"a": b"1", "b": b"2"})
    assert Store(tmp_path / "kept").read(["b", "c", "a"]) == {"a": b"1", "b": b"2"}
    assert Store(tmp_path / "kept").read([f"{i}" for i in range(2000)]) == {}
    assert Store(tmp_path / "none").read(["a"]) == {}
    assert not (tmp_path / "none").exists()
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0


def test_the_least_recently_used_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiqa.scan.store._OFTEN", 0.0)
    store = Store(tmp_path, limit=2000)
    for key in "abc":
        store.write({key: b"x" * 300})
        time.sleep(0.01)
    assert store.read(["a"])
    store.write({"d": b"x" * 300})
    assert sorted(store.read("abcd")) == ["a", "c", "d"]


def _writing(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def test_files_count_too(tmp_path: Path) -> None:
    store = Store(tmp_path, limit=4000)
    store.keep_file("big", _writing(b"x" * 900))
    file = store.file("big")
    assert file is not None
    assert file.stat().st_size == 900
    time.sleep(0.01)
    store.write({str(number): b"x" * 300 for number in range(6)})
    assert store.file("big") is None
    assert not file.exists()
    assert store.read(["0"])


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path)

    def fails(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    store.keep_file("a", fails)
    assert "disk full" in caplog.text
    assert store.file("a") is None
    assert not list(tmp_path.glob("*.part"))
    store.keep_file("b", _writing(b"whole"))
    (tmp_path / "b").write_bytes(b"who")
    assert store.file("b") is None


def test_what_a_killed_process_left_goes_in_time(tmp_path: Path) -> None:
    store = Store(tmp_path, limit=10)
    half, fresh, lost = (tmp_path / name for name in ("old.part", "new.part", "unknown.npy"))
    for file in (half, fresh, lost):
        file.write_bytes(b"half")
    for file in (half, lost):
        os.utime(file, (time.time() - 10**6,) * 2)
    store.write({"a": b"x" * 20})
    assert [file.exists() for file in (half, fresh, lost)] == [False, True, False]


def test_a_damaged_store_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "kept.sqlite").write_bytes(b"this is no database, but it is long enough" * 100)
    store = Store(tmp_path)
    assert store.read(["a"]) == {}
    assert "computed anew" in caplog.text
    store.write({"a": b"1"})
    assert store.read(["a"]) == {"a": b"1"}


def test_a_folder_that_cannot_be_made_holds_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "cache")
    store.write({"a": b"1"})
    assert "cannot be used" in caplog.text
    assert store.read(["a"]) == {}
    assert store.file("a") is None


def _fill(folder: Path, start: int) -> None:
    store = Store(folder)
    for key in range(start, start + 50):
        store.write({str(key): str(key).encode()})


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_fill, args=(tmp_path, 25 * place)) for place in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert Store(tmp_path).read(map(str, range(100))) == {str(key): str(key).encode() for key in range(100)}


VALUES: Any = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.dates(),
        st.times(),
        st.datetimes(),
        st.datetimes(timezones=st.timezones()),
        st.timedeltas(),
        st.decimals(allow_nan=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.builds(ExtremesState, inner, inner),
        st.dictionaries(st.one_of(st.none(), st.text(), st.integers()), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(value=VALUES)
def test_states_come_back_as_they_were(value: Any) -> None:
    again = unpacked(packed(value))
    assert repr(again) == repr(value)


def test_moments_keep_their_zone_and_nan_is_one_object() -> None:
    moment = dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    again = unpacked(packed({(moment, math.nan): np.arange(3.0).reshape(1, 3)}))
    [(key, array)] = again.items()
    assert (key[0], key[0].fold, str(key[0].tzinfo)) == (moment, 1, "Europe/Berlin")
    assert key[1] is math.nan
    assert array.tolist() == [[0.0, 1.0, 2.0]]


@pytest.mark.parametrize(
    "damaged",
    [b"", b"nothing", packed(1)[:-3], packed({"os": 1}).replace(b"x", b"y")[:5]],
)
def test_what_is_no_state_is_refused(damaged: bytes) -> None:
    with pytest.raises(DataError, match="not the states"):
        unpacked(damaged)


@pytest.mark.parametrize(
    "document",
    [
        '{"system": ["ls"]}',
        '{"array": ["|O", [1], "AAAA"]}',
        '{"float": "x"}',
        '{"date": "x", "time": "y"}',
        "{}",
        '{"dict": ' * 20_000 + "1" + "}" * 20_000,
    ],
    ids=["type", "array", "float", "two", "none", "deep"],
)
def test_a_document_of_something_else_is_refused(document: str) -> None:
    import zlib

    with pytest.raises(DataError, match="not the states"):
        unpacked(zlib.compress(document.encode()))


def test_statistics_are_told_apart_by_type_and_value() -> None:
    conditions = [col("x") > limit for limit in (1, 1.0, True, "1", Decimal(1), dt.date(1, 1, 1))]
    assert len({told(Request(Count(one))) for one in conditions}) == len(conditions)
    assert told(Request(Count())) != told(Request(Extremes(col("x"))))
    with pytest.raises(TypeError, match="not kept"):
        told(Other(object(), ("x",)))


def test_other_errors_do_not_empty_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path)
    store.write({"a": b"1"})
    store.write({"b": [1]})  # type: ignore[dict-item]
    assert "cannot be used" in caplog.text
    assert store.read(["a"]) == {"a": b"1"}


def test_a_file_that_goes_meanwhile_is_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep_file("a", _writing(b"whole"))
    (tmp_path / "a").unlink()
    assert store.file("a") is None


def test_a_file_that_is_too_large_takes_no_room(tmp_path: Path) -> None:
    store = Store(tmp_path, limit=1000)
    store.write({"a": b"1"})
    store.keep_file("b", _writing(b"x" * 300))
    assert store.file("b") is None
    assert [file.name for file in tmp_path.iterdir()] == ["kept.sqlite"]
    assert store.read(["a"])
