"""Datasets opened from files, frames and functions, and what is said when one cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from aiqa import dataset
from aiqa.errors import DataError
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.statistics import Count, Request

FRAME = pl.DataFrame({"amount": [1.5, None, 3.0], "country": ["BR", "PT", None], "n": [1, 2, 3]})


def _open(root: Path, source: Any, **roles: Any) -> Table:
    return open_dataset(dataset("orders", source, **roles), root)


def _error(root: Path, source: Any, **roles: Any) -> DataError:
    with pytest.raises(DataError) as raised:
        _open(root, source, **roles)
    return raised.value


def _write_tsv(frame: pl.DataFrame, path: Path) -> None:
    frame.write_csv(path, separator="\t")


WRITERS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "parquet": pl.DataFrame.write_parquet,
    "csv": pl.DataFrame.write_csv,
    "tsv": _write_tsv,
    "arrow": pl.DataFrame.write_ipc,
    "feather": pl.DataFrame.write_ipc,
    "jsonl": pl.DataFrame.write_ndjson,
}


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format_by_path_and_by_glob(tmp_path: Path, ending: str) -> None:
    WRITERS[ending](FRAME, tmp_path / f"a.{ending}")
    single = _open(tmp_path, f"a.{ending}")
    assert single.frame.collect().equals(FRAME)
    assert (single.rows, list(single.columns)) == (3, FRAME.columns)
    WRITERS[ending](FRAME.reverse(), tmp_path / f"b.{ending}")
    both = _open(tmp_path, f"*.{ending}")
    assert both.frame.collect().equals(pl.concat([FRAME, FRAME.reverse()]))
    assert [Path(file.place).name for file in both.contents] == [f"a.{ending}", f"b.{ending}"]
    assert both.address == f"*.{ending}"


def test_an_absolute_path_and_a_name_like_a_pattern(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "data[1].parquet")
    assert _open(Path("/nowhere"), tmp_path / "data[1].parquet").rows == 3


def test_whole_numbers_in_one_csv_and_fractions_in_another(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("y,x\n4,3.5\n")
    (tmp_path / "c.csv").write_text("x,y\n")
    assert _open(tmp_path, "*.csv").frame.collect().rows() == [(1.0, 2), (3.5, 4)]


@pytest.mark.parametrize(
    "convert",
    [pl.DataFrame.clone, pl.DataFrame.lazy, pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, nw.from_native],
)
def test_frames_of_several_libraries(tmp_path: Path, convert: Callable[[pl.DataFrame], Any]) -> None:
    table = _open(tmp_path, convert(FRAME))
    assert table.frame.collect().equals(FRAME)
    assert table.pandas == (convert is pl.DataFrame.to_pandas)


def test_missing_is_null_in_pandas_and_nan_stays_nan_in_polars(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan], 7: [1, 2]})
    assert _open(tmp_path, frame).frame.collect().rows() == [(1.0, 1), (None, 2)]
    assert _open(tmp_path, pl.DataFrame({"x": [float("nan")]})).frame.collect()["x"].is_nan().all()


def test_a_function_is_called_once(tmp_path: Path) -> None:
    calls: list[int] = []

    def load() -> pd.DataFrame:
        calls.append(1)
        return FRAME.to_pandas()

    table = _open(tmp_path, load)
    assert (table.rows, len(table.fingerprint), list(table.columns), table.pandas) == (
        3,
        64,
        FRAME.columns,
        True,
    )
    assert len(calls) == 1
    assert table.address.endswith("load")


def test_statistics_of_a_table(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "a.parquet")
    request = Request(Count(), ("country",))
    answers = _open(tmp_path, "a.parquet").answers([request])
    assert answers[request] == {(("country", "BR"),): 1, (("country", "PT"),): 1, (("country", None),): 1}


# Fingerprints


@pytest.mark.parametrize(
    "same",
    [
        pl.concat([FRAME[:1], FRAME[1:]], rechunk=False),
        pl.concat([FRAME, FRAME])[3:],
        FRAME.with_columns(pl.when(pl.col("amount") != 99).then("amount").alias("amount")),
        FRAME.to_arrow(),
        FRAME.lazy(),
    ],
    ids=["chunks", "slice", "rubbish under nulls", "arrow", "lazy"],
)
def test_equal_content_has_one_fingerprint(tmp_path: Path, same: Any) -> None:
    assert _open(tmp_path, same).fingerprint == _open(tmp_path, FRAME).fingerprint


@pytest.mark.parametrize(
    "other",
    [
        FRAME.reverse(),
        FRAME.rename({"n": "m"}),
        FRAME.with_columns(pl.col("n").cast(pl.Int32)),
        FRAME.fill_null(0.0),
        FRAME.with_columns(country=pl.Series(["B", "RPT", None])),
        FRAME.select("country", "amount", "n"),
        FRAME.with_columns(pl.Series("l", [[1], [2], None])),
    ],
)
def test_other_content_has_another(tmp_path: Path, other: pl.DataFrame) -> None:
    assert _open(tmp_path, other).fingerprint != _open(tmp_path, FRAME).fingerprint
    assert _open(tmp_path, other).fingerprint == _open(tmp_path, other.clone()).fingerprint


def test_fingerprint_of_files_is_of_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    one = _open(tmp_path, "a.csv").fingerprint
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    assert _open(tmp_path, "b.csv").fingerprint == one
    (tmp_path / "b.csv").write_text("x\n2\n")
    assert _open(tmp_path, "b.csv").fingerprint != one


# What may be wrong


def test_a_missing_file_says_where_was_looked(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("x\n1\n")
    error = _error(tmp_path, "order.csv")
    where = f"no such file under the project's root '{tmp_path.name}'"
    assert str(error) == f"{where}; did you mean 'orders.csv'? (file order.csv)"
    assert "folder is missing" in str(_error(tmp_path, "data/orders.csv"))
    assert "no file matches" in str(_error(tmp_path, "data/*.csv"))
    (tmp_path / "parts.csv").mkdir()
    assert "write parts.csv/*" in str(_error(tmp_path, "parts.csv"))


@pytest.mark.parametrize(
    ("name", "content", "row", "told"),
    [
        ("a.csv", b"x,y\n1,2\n3,4,5\n", 1, "more fields"),
        ("a.csv", b"x,y\n1,2\n3,\xff\xfe\n", 1, "not readable as csv"),
        ("a.tsv", b"x\ty\n1\t2\t3\n", 0, "not readable as tsv"),
        ("a.csv", b"x,x\n1,2\n", None, "same name"),
        ("a.csv", b"", None, "empty"),
        ("a.csv", b"x,y\n", None, "no rows"),
        ("a.parquet", b"PAR1 and no more", None, "not readable as parquet"),
        ("a.arrow", b"ARROW1 and no more", None, "not readable as arrow"),
        ("a.jsonl", b'{"x": 1}\n{bad\n', None, "not readable as jsonl"),
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, name: str, content: bytes, row: int | None, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    error = _error(tmp_path, name)
    assert told in str(error)
    assert (error.file, error.row) == (name, row)


def test_the_damaged_one_of_several_files_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in "abc":
        pl.DataFrame({"x": rng.normal(size=5000)}).write_parquet(
            tmp_path / f"{name}.parquet", compression="zstd"
        )
    content = bytearray((tmp_path / "b.parquet").read_bytes())
    content[100:8000] = bytes(7900)
    (tmp_path / "b.parquet").write_bytes(content)
    table = _open(tmp_path, "*.parquet")
    from aiqa.scan.expr import col
    from aiqa.scan.statistics import Moments

    with pytest.raises(DataError, match="not readable as parquet") as raised:
        table.answers([Request(Moments(col("x")))])
    assert raised.value.file == "b.parquet"


def test_files_of_different_columns_or_types(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "a.parquet")
    FRAME.drop("n").write_parquet(tmp_path / "b.parquet")
    error = _error(tmp_path, "*.parquet")
    assert (error.file, error.column) == ("b.parquet", "n")
    assert "a.parquet has 'n', b.parquet has not" in str(error)
    FRAME.with_columns(pl.col("n").cast(pl.String)).write_parquet(tmp_path / "b.parquet")
    error = _error(tmp_path, "*.parquet")
    assert (error.file, error.column) == ("b.parquet", "n")


def test_a_function_that_breaks_or_gives_no_frame(tmp_path: Path) -> None:
    def broken() -> pl.DataFrame:
        raise RuntimeError("no connection")

    error = _error(tmp_path, broken)
    assert "raised RuntimeError: no connection" in str(error)
    assert isinstance(error.__cause__, RuntimeError)
    assert "no frame of pandas, Polars or Arrow, but a int" in str(_error(tmp_path, lambda: 5))


def test_frames_that_no_typed_table_holds(tmp_path: Path) -> None:
    assert _error(tmp_path, pd.DataFrame({"a": [1, "x"]}), label="a").column == "a"
    assert "same name" in str(_error(tmp_path, pd.DataFrame([[1, 2]], columns=["a", "a"])))
    assert "no rows" in str(_error(tmp_path, FRAME[:0]))


def test_columns_of_several_types_are_told_by_name(tmp_path: Path) -> None:
    for frame in (pd.DataFrame({"a": [1, 2], "b": [object(), 1]}), pd.DataFrame({"b": [1, "x"]})):
        table = open_dataset(dataset("mixed", frame), tmp_path)
        assert table.rows == 2
        assert table.columns["b"] == "Object"
        assert list(table.columns) == list(frame.columns)


@pytest.mark.parametrize("role", ["label", "weight", "time", "slices"])
def test_declared_columns_must_be_there(tmp_path: Path, role: str) -> None:
    given: Any = ["contry"] if role == "slices" else "contry"
    error = _error(tmp_path, FRAME, **{role: given})
    assert f"declared as its {role.rstrip('s')}; did you mean 'country'?" in str(error)
    assert error.column == "contry"


def test_decimals_have_a_fingerprint(tmp_path: Path) -> None:
    cents = pl.DataFrame({"amount": ["1.25", None, "7.50"]}).cast(pl.Decimal(9, 2))
    digests = [_open(tmp_path, frame).fingerprint for frame in (cents, cents.clone(), cents.reverse())]
    assert digests[0] == digests[1] != digests[2]
