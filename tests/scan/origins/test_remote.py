"""Files elsewhere: over HTTP, by fsspec, and in an object store that Polars reads."""

from __future__ import annotations

import gc
import hashlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import polars as pl
import pytest

import aiqa
from aiqa.errors import AiqaError, DataError, MissingExtraError
from aiqa.scan.expr import col
from aiqa.scan.origins import origin, remote
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.statistics import Count, Request
from aiqa.scan.store import Store
from tests.scan.origins.conftest import ROWS, Judge

COUNT = Request(Count(col("x") > 2))
Objects = dict[str, bytes]


class Server:
    """Objects by path, as a web server and as an object store of S3's kind has them; it listens here only."""

    def __init__(self) -> None:
        self.objects: Objects = {}
        self.hangs = threading.Event()
        self.asked: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.answer(self)

            do_HEAD = do_GET  # noqa: N815 - the name that the library looks for

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        self.asked.append(asked.path)
        parts = urlsplit(asked.path)
        key = unquote(parts.path).lstrip("/")
        if key.startswith("hangs"):
            self.hangs.wait(30)
            asked.close_connection = True
        elif "list-type" in parts.query:
            self._list(asked, key, parse_qs(parts.query).get("prefix", [""])[0])
        elif key not in self.objects:
            self._send(asked, 404, b"")
        else:
            self._object(asked, self.objects[key], cut=key.startswith("cut"))

    def _list(self, asked: BaseHTTPRequestHandler, bucket: str, prefix: str) -> None:
        bucket = bucket.rstrip("/") + "/"
        found = [key.removeprefix(bucket) for key in sorted(self.objects) if key.startswith(bucket + prefix)]
        items = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(self.objects[bucket + key])}</Size>"
            "<LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>x</ETag></Contents>"
            for key in found
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{items}</ListBucketResult>"
        self._send(asked, 200, body.encode())

    def _object(self, asked: BaseHTTPRequestHandler, data: bytes, *, cut: bool) -> None:
        wanted = asked.headers.get("Range")
        if wanted is None:
            return self._send(asked, 200, data, cut=cut)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(data) - int(last))
        stop = min(int(last) + 1, len(data)) if first and last else len(data)
        return self._send(asked, 206, data[start:stop], f"bytes {start}-{stop - 1}/{len(data)}")

    def _send(
        self,
        asked: BaseHTTPRequestHandler,
        code: int,
        body: bytes,
        part: str | None = None,
        *,
        cut: bool = False,
    ) -> None:
        asked.send_response(code)
        asked.send_header("Content-Length", str(len(body) + cut))
        asked.send_header("ETag", f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')
        asked.send_header("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT")
        if part is not None:
            asked.send_header("Content-Range", part)
        asked.end_headers()
        if asked.command != "HEAD":
            asked.wfile.write(body)
        asked.close_connection = cut


@pytest.fixture(scope="module")
def only_server() -> Iterator[Server]:
    """Return one server for all tests: Polars goes on asking the one that it has found for a bucket."""
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def server(only_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return a server without objects, which is an object store for who asks for s3://."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    only_server.objects.clear()
    only_server.asked.clear()
    told = {"ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s3cret", "REGION": "us-east-1"}
    told |= {"DEFAULT_REGION": "us-east-1", "ENDPOINT_URL": only_server.url, "ALLOW_HTTP": "true"}
    for name, value in told.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return only_server


@pytest.fixture
def memory() -> Iterator[Any]:
    """Return fsspec's files in memory."""
    files = pytest.importorskip("fsspec").filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def _bytes(frame: pl.DataFrame, format_: str = "parquet") -> bytes:
    data = BytesIO()
    writer: dict[str, Callable[[BytesIO], Any]] = {
        "parquet": frame.write_parquet,
        "csv": frame.write_csv,
        "ndjson": frame.write_ndjson,
        "arrow": frame.write_ipc,
    }
    writer[format_](data)
    return data.getvalue()


def _open(address: str, store: Store | None = None, **roles: Any) -> Table:
    return open_dataset(aiqa.dataset("remote", address, **roles), Path("/nowhere"), store)


def _error(address: str, **roles: Any) -> str:
    with pytest.raises(AiqaError) as raised:
        _open(address, **roles)
    return str(raised.value)


FORMATS = ["parquet", "csv", "ndjson", "arrow"]


# By HTTP.


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_over_http(server: Server, expected: list[Any], judged: Judge, format_: str) -> None:
    server.objects[f"data/rows.{format_}"] = _bytes(ROWS, format_)
    found = judged(repr(f"{server.url}/data/rows.{format_}?page=1"))
    assert found == expected
    assert set(server.asked) == {f"/data/rows.{format_}?page=1"}
    assert len(server.asked) == 1, "it is fetched once a run"


def test_what_a_web_server_says(server: Server, tmp_path: Path) -> None:
    server.objects |= {"cut.csv": b"x\n1\n", "bad.csv": b"x\n1\n2,3\n"}
    assert _error(f"{server.url}/no.csv").startswith("the server answers 404")
    assert "cut short" in _error(f"{server.url}/cut.csv")
    assert "(file bad.csv, row 1)" in _error(f"{server.url}/bad.csv")
    assert "does not list its files" in _error(f"{server.url}/*.csv")
    assert "cannot be reached" in _error("http://127.0.0.1:1/a.csv")
    gc.collect()  # errors hold what they happened to
    assert list((tmp_path / "temporary").iterdir()) == [], "nothing is left behind"


def test_a_web_server_that_hangs(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PATIENCE", 0.3)
    told = _error(f"{server.url}/hangs.csv")
    assert "timed out" in told or "no answer within 0.3 seconds" in told


_HANGING = """
import os, sys
from pathlib import Path
import aiqa
from aiqa.errors import AiqaError
from aiqa.scan.origins import remote
from aiqa.scan.source import open_dataset

remote.PATIENCE = 0.3
for address in sys.argv[1:]:
    try:
        open_dataset(aiqa.dataset("remote", address), Path("/nowhere"))
    except AiqaError as error:
        print(error, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("address", ["s3://hangs/a.parquet", "s3://hangs/*.csv"])
def test_an_object_store_that_hangs(server: Server, address: str) -> None:
    # In a process of its own: Polars goes on asking, in threads that read the environment.
    assert server.url
    done = subprocess.run(
        [sys.executable, "-c", _HANGING, address], stdout=subprocess.PIPE, text=True, timeout=60, check=True
    )
    assert "timed out" in done.stdout or "no answer within 0.3 seconds" in done.stdout


def test_work_that_gets_on_may_take_its_time() -> None:
    done: list[int] = []
    pause = threading.Event()

    def work() -> str:
        for step in range(5):
            pause.wait(0.15)
            done.append(step)
        return "done"

    assert origin.within(0.4, work, "it", lambda: len(done)) == "done"
    with pytest.raises(DataError, match="no answer"):
        origin.within(0.2, lambda: pause.wait(2), "it")


# By fsspec.


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_by_fsspec(memory: Any, expected: list[Any], judged: Judge, format_: str) -> None:
    for number, rows in enumerate((ROWS[:25], ROWS[25:])):
        memory.pipe(f"/lake/{number}.{format_}", _bytes(rows, format_))
    assert judged(repr(f"memory://lake/*.{format_}")) == expected


def test_a_new_file_by_fsspec_costs_only_itself(memory: Any, tmp_path: Path, scanned: list[str]) -> None:
    store = Store(tmp_path / "cache")
    for number in range(2):
        memory.pipe(f"/lake/{number}.parquet", _bytes(pl.DataFrame({"x": [number, number + 2]})))
    assert _open("memory://lake/*.parquet", store).answers([COUNT])[COUNT] == {(): 1}
    memory.pipe("/lake/2.parquet", _bytes(pl.DataFrame({"x": [7]})))
    scanned.clear()
    assert _open("memory://lake/*.parquet", store).answers([COUNT])[COUNT] == {(): 2}
    assert ["lake/2.parquet" in plan for plan in scanned] == [True]


def test_what_fsspec_does_not_find(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.pipe("/lake/bad.csv", b"x\n1\n2,3\n")
    assert _error("memory://lake/no.csv") == "no such file (file memory://lake/no.csv)"
    assert _error("memory://lake/no*.csv") == "no file matches (file memory://lake/no*.csv)"
    assert "(file lake/bad.csv, row 1)" in _error("memory://lake/bad.csv")
    assert "Protocol not known: nowhere" in _error("nowhere://lake/a.csv")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-aiqa\[remote\]'"):
        _open("memory://lake/a.csv")


# In an object store.


@pytest.fixture
def etags(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Return what sets which ETags fsspec tells: those that s3fs would, or one for all, or none."""
    fsspec = pytest.importorskip("fsspec")
    told: list[str | None] = ["own"]

    class Tags:
        def invalidate_cache(self) -> None:
            pass

        def info(self, path: str) -> dict[str, Any]:
            data = server.objects.get(path.removeprefix("s3://"))
            if data is None:
                raise FileNotFoundError(path)
            own = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
            return {"size": len(data), "ETag": own if told[0] == "own" else told[0]}

    monkeypatch.setattr(fsspec, "filesystem", lambda _: Tags())
    return lambda tag: told.__setitem__(0, tag)


def _put(server: Server, *frames: pl.DataFrame, format_: str = "parquet") -> None:
    server.objects |= {
        f"lake/{number}.{format_}": _bytes(frame, format_) for number, frame in enumerate(frames)
    }


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("tag", ["own", None, 'W/"weak"'])
def test_the_same_in_an_object_store(
    server: Server, etags: Any, expected: list[Any], judged: Judge, format_: str, tag: str | None
) -> None:
    etags(tag)
    _put(server, ROWS[:25], ROWS[25:], format_=format_)
    assert judged(repr(f"s3://lake/*.{format_}")) == expected


def test_a_new_object_costs_only_itself(
    server: Server, etags: Any, tmp_path: Path, scanned: list[str]
) -> None:
    numbers = [pl.DataFrame({"x": [number, number + 2]}) for number in range(3)]
    _put(server, *numbers[:2])
    store = Store(tmp_path / "cache")
    before = _open("s3://lake/*.parquet", store)
    assert before.answers([COUNT])[COUNT] == {(): 1}
    _put(server, *numbers)
    scanned.clear()
    after = _open("s3://lake/*.parquet", store)
    assert after.answers([COUNT])[COUNT] == {(): 2}
    assert ["lake/2.parquet" in plan for plan in scanned] == [True]
    assert before.fingerprint != after.fingerprint


def test_an_object_that_changes_meanwhile_is_not_kept(server: Server, etags: Any, tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    _put(server, pl.DataFrame({"x": [1, 2]}))
    table = _open("s3://lake/0.parquet", store)
    assert [file.unchanged for file in table.contents] == [True]
    _put(server, pl.DataFrame({"x": [5, 6]}))
    assert [file.unchanged for file in table.contents] == [False]
    table.answers([COUNT])
    _put(server, pl.DataFrame({"x": [1, 2]}))
    assert _open("s3://lake/0.parquet", store).answers([COUNT])[COUNT] == {(): 0}


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_rows_without_etags_are_those_that_were_fetched(server: Server, etags: Any, tag: str | None) -> None:
    etags(tag)
    _put(server, pl.DataFrame({"x": [1, 2]}))
    table = _open("s3://lake/0.parquet")
    _put(server, pl.DataFrame({"x": [5, 6]}))
    assert table.answers([COUNT])[COUNT] == {(): 0}
    assert table.fingerprint != _open("s3://lake/0.parquet").fingerprint


def test_what_an_object_store_has_not(server: Server, etags: Any) -> None:
    _put(server, pl.DataFrame({"x": [1, 2]}))
    server.objects |= {"lake/b.csv": b"x\n1\n", "lake/c.csv": b"x,x\n1,2\n", "lake/d.csv": b"x\n1\n2,3\n"}
    assert _error("s3://lake/no.parquet") == "no such file (file s3://lake/no.parquet)"
    assert _error("s3://lake/no*.parquet") == "no file matches (file s3://lake/no*.parquet)"
    assert "two columns have the same name (file s3://lake/c.csv, column x)" in _error("s3://lake/*.csv")
    assert "(file s3://lake/d.csv)" in _error("s3://lake/[bd].csv")
    assert "no column 'y', declared as its weight" in _error("s3://lake/0.parquet", weight="y")
