"""Halves of the rows: what belongs together stays together, and nothing else decides."""

from __future__ import annotations

import datetime as dt
import zlib
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiqa.scan.halves import halves

KEYS = st.lists(st.tuples(st.integers(-5, 2**40), st.sampled_from(["a", "b", "é", None])), min_size=1)


@settings(deadline=None)
@given(rows=KEYS, seed=st.integers(0, 2**32))
def test_a_row_s_half_depends_on_its_values_alone(rows: list[tuple[Any, ...]], seed: int) -> None:
    frame = pl.DataFrame(rows, schema={"k": pl.Int64, "s": pl.String}, orient="row")
    found = halves(frame, seed)
    alone = [int(halves(frame[[row]], seed)[0]) for row in range(frame.height)]
    assert found.tolist() == alone


def mixed(word: int) -> int:
    z = (word + 0x9E3779B97F4A7C15) % 2**64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
    return z ^ (z >> 31)


def test_splitmix_gives_its_published_numbers() -> None:
    # The first two of seed 0, as the reference implementation in C prints them.
    assert mixed(0) == 0xE220A8397B1DCDAF
    assert mixed(0x9E3779B97F4A7C15) == 0x6E789E6AA1B965F4


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_they_are_splitmix_of_numbers_and_of_checksums_of_texts(seed: int) -> None:
    rows = [(k * 10**15 - 7, None if k == 5 else f"é{k}") for k in range(50)]
    frame = pl.DataFrame(rows, schema={"k": pl.Int64, "s": pl.String}, orient="row")
    expected = []
    for number, text in rows:
        word = mixed(mixed(seed) ^ (number % 2**64))
        expected.append(mixed(word ^ (0 if text is None else zlib.crc32(text.encode()) + 1)) >> 63)
    assert halves(frame, seed).tolist() == expected


@pytest.mark.parametrize(
    "values",
    [
        range(20_000),
        range(0, 2_000_000, 100),
        [f"customer-{k}" for k in range(20_000)],
        [dt.date(1970, 1, 1) + dt.timedelta(k) for k in range(20_000)],
        [k / 7 for k in range(20_000)],
        [None, *range(19_999)],
    ],
    ids=["numbers", "steps", "texts", "days", "floats", "nulls"],
)
def test_they_are_halves_and_those_of_two_seeds_know_nothing_of_each_other(values: Any) -> None:
    frame = pl.DataFrame({"x": values})
    one, other = halves(frame, 0), halves(frame, 1)
    # Five standard errors of 20,000 fair coins.
    for share in (one.mean(), other.mean(), (one == other).mean(), (one[1:] == one[:-1]).mean()):
        assert abs(share - 0.5) < 5 * 0.5 / np.sqrt(20_000)
