"""Patterns that every engine understands alike, against Python's ``re``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiqa.scan.regex import like, portable

ATOMS = st.sampled_from(
    ["a", "b", "é", r"\d", r"\D", r"\w", r"\s", ".", "[ab]", "[^a]", r"[\d_-]", "[a-c&é]", r"[\s.]", r"\.",
     r"\-", "ß", "日", r"\n", "[]]", "[^]a]", r"[\w.]", "~", "#", " "]
)  # fmt: skip
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
    ),
    max_leaves=5,
)
ANCHORED = st.tuples(
    st.sampled_from(["", "^", r"\A", "(?s)"]), PATTERNS, st.sampled_from(["", "$", r"\Z"])
).map("".join)
TEXTS = st.lists(st.text("abAcé1_-. \n\r\x1c\x85&~[]日ß٣#", max_size=6), min_size=1, max_size=8)


@settings(deadline=None, max_examples=200)
@given(pattern=ANCHORED, texts=TEXTS)
def test_engines_find_what_python_finds(pattern: str, texts: list[str]) -> None:
    written = portable(pattern)
    assert written is not None
    expected = [re.search(pattern, text) is not None for text in texts]
    frame = pl.DataFrame({"x": texts})
    assert frame["x"].str.contains(written).to_list() == expected
    relation = duckdb.from_arrow(frame.to_arrow())
    found = relation.project(f"regexp_matches(x, {duckdb_text(written)}) as y").fetchall()
    assert [hit for (hit,) in found] == expected


FOLDED = st.text("aiksABIKS", min_size=1, max_size=3) | st.sampled_from(
    ["[a-k]", "[^i]", "[^ks]s", r"[\wk]", "k|日", "[H-J]", "i{2}", "[!-~]", "[^a-z]"]
)
CASES = st.lists(st.text("aiksAIKS\u0130\u0131\u212a\u017f日é!", max_size=4), min_size=1, max_size=8)


@settings(deadline=None, max_examples=200)
@given(pattern=FOLDED.map("(?i){}".format), texts=CASES)
def test_engines_find_what_python_finds_whatever_the_case(pattern: str, texts: list[str]) -> None:
    written = portable(pattern)
    assert written is not None
    expected = [re.search(pattern, text) is not None for text in texts]
    frame = pl.DataFrame({"x": texts})
    assert frame["x"].str.contains(written).to_list() == expected
    found = duckdb.from_arrow(frame.to_arrow()).project(f"regexp_matches(x, {duckdb_text(written)}) as y")
    assert [hit for (hit,) in found.fetchall()] == expected


def test_what_takes_too_much_room_is_left_to_python() -> None:
    assert portable(r"\w{1,1000}") is None
    assert portable(r"\d{1,1000}") is not None


def duckdb_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_spark_finds_what_python_finds(spark: Callable[[pl.DataFrame], Any]) -> None:
    functions = pytest.importorskip("pyspark.sql.functions")
    patterns = [
        r"^a.b$",
        r"\d+",
        r"^\w+\s",
        r"[^a\n]$",
        r"(?s)a.b",
        r"[a&~]",
        r"\s\Z",
        "日|ß",
        r"^[\w.-]+@x$",
    ]
    texts = ["a\rb", "a\nb", "a b", "٣", "é ", "b\n", "&", "ab", "日", "é.x@x\n", "\x1c", "a\x85b", ""]
    table = spark(pl.DataFrame({"x": texts}))
    for pattern in patterns:
        written = portable(pattern)
        assert written is not None
        rows = table.select(functions.col("x").rlike(written)).collect()
        assert [row[0] for row in rows] == [re.search(pattern, text) is not None for text in texts], pattern


@pytest.mark.parametrize(
    "pattern",
    ["a(?!b)", "(?<=a)b", r"(a)\1", r"\bword", "(?i)é", r"(?i)[a-é]", "(?m)^a", "a$b", "(?:a$)+", "(",
     "a{2000}", "(?P<x>a)(?P=x)",
     "(?>a)b", "a++", "\x00", r"(?i:a)b", r"[^\W]"],
)  # fmt: skip
def test_what_only_python_can_say(pattern: str) -> None:
    assert portable(pattern) is None


@settings(deadline=None)
@given(text=st.text("ab%_\\\n", max_size=5), pattern=st.text("ab%_", max_size=5))
def test_like_is_that_of_sql(text: str, pattern: str) -> None:
    relation = duckdb.from_arrow(pl.DataFrame({"x": [text]}).to_arrow())
    [(expected,)] = relation.project(f"x like {duckdb_text(pattern)}").fetchall()
    assert (re.search(like(pattern), text) is not None) is expected
    assert portable(like(pattern)) is not None


def test_like_with_an_escape() -> None:
    assert re.search(like("100!%", "!"), "100%")
    assert not re.search(like("100!%", "!"), "1000")
    assert re.search(like(r"a\_b"), "a_b")
    assert not re.search(like(r"a\_b"), "axb")
    assert re.search(like("a\\"), "a\\")
