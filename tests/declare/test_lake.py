"""Tables of lakes and databases, and addresses: what may be written, and that no credentials are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import aiqa
from aiqa.declare.source import Files
from aiqa.errors import DeclarationError


@pytest.mark.parametrize(
    "source",
    [
        aiqa.delta("lake/orders"),
        aiqa.delta(Path("lake/orders"), version=3),
        aiqa.delta(
            "abfss://orders@account.dfs.core.windows.net/x", version=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        ),
        aiqa.iceberg("sales.orders", snapshot=7, catalog="prod"),
        aiqa.iceberg("sales.orders", snapshot="audited"),
        aiqa.sql("select 1", "DATABASE_URL"),
    ],
)
def test_they_travel_as_json(source: Any) -> None:
    declared = aiqa.dataset("orders", source)
    assert declared.source == source
    assert aiqa.from_json(declared.to_json()) == declared


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/a/*.parquet",
        "https://host/a.parquet?page=2",
        "memory://a.parquet",
        "hf://datasets/a/b.parquet",
    ],
)
def test_files_by_address(address: str) -> None:
    assert aiqa.dataset("orders", address).source == Files(address, "parquet")


@pytest.mark.parametrize(
    "address",
    [
        "https://ann:s3cret@host/a.csv",
        "https://host/a.csv?X-Amz-Signature=s3cret",
        "https://account.blob.core.windows.net/a.csv?sv=1&sig=s3cret",
        "s3://key:s3cret@bucket/a.csv",
        "https://host/a.csv?api_key=s3cret",
    ],
)
@pytest.mark.parametrize(
    "declare",
    [
        lambda address: aiqa.dataset("orders", address),
        aiqa.delta,
        aiqa.iceberg,
        lambda address: aiqa.sql("select 1", address),
    ],
)
def test_credentials_are_refused_and_not_repeated(declare: Any, address: str) -> None:
    with pytest.raises(DeclarationError, match="leave it to the environment") as raised:
        declare(address)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "query",
    [
        "select * from orders",
        "  SELECT 1;",
        "with a as (select 1) select * from a",
        "(select 1) union (select 2)",
        "select ';' as a, \"b;\" from c -- d; e\n",
        "select /* ; */ $$;$$, $x$ ; $x$",
        "-- a comment; first\nselect 1",
        "select 'it''s; so'",
    ],
)
def test_statements_that_read(query: str) -> None:
    assert aiqa.sql(query, "DB").query == query


@pytest.mark.parametrize(
    "query",
    [
        "",
        "delete from orders",
        "select 1; drop table orders",
        "select '1'; drop table orders --'",
        "create table a as select 1",
        "copy orders to 'a.csv'",
        "attach 'a.db'",
        "/* select */ drop table orders",
        "selection",
    ],
)
def test_statements_that_do_more(query: str) -> None:
    with pytest.raises(DeclarationError, match=r"aiqa\.sql takes"):
        aiqa.sql(query, "DB")


@pytest.mark.parametrize("version", [True, -1, 1.5, "3", dt.date(2026, 1, 1)])
def test_no_versions(version: Any) -> None:
    with pytest.raises(DeclarationError, match="version="):
        aiqa.delta("lake/orders", version=version)
    with pytest.raises(DeclarationError, match="snapshot="):
        aiqa.iceberg("orders", snapshot=[version])  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["", "orders.db", "two words"])
def test_no_addresses(address: str) -> None:
    with pytest.raises(DeclarationError, match="the name of an environment variable, or an address"):
        aiqa.sql("select 1", address)
