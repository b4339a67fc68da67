"""Tables that are more than files: of a lake, by version or snapshot; what a query of a database gives."""

from __future__ import annotations

import datetime as dt
import os
import re
from typing import Any

from aiqa.declare.addresses import checked_address
from aiqa.declare.values import Declaration, declaration
from aiqa.errors import DeclarationError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL | re.ASCII
)
_READS = re.compile(r"[\s(]*(?:select|with|values|from|table)\b", re.IGNORECASE)


@declaration
class Delta(Declaration):
    """A table of Delta Lake; see :func:`delta`."""

    address: str
    version: int | dt.datetime | None = None


@declaration
class Iceberg(Declaration):
    """A table of Apache Iceberg; see :func:`iceberg`."""

    table: str
    snapshot: int | str | dt.datetime | None = None
    catalog: str | None = None


@declaration
class Sql(Declaration):
    """What a query of a database gives; see :func:`sql`."""

    query: str
    address: str


def delta(address: Any, *, version: int | dt.datetime | None = None) -> Delta:
    """Name a Delta table, for :func:`aiqa.dataset`; nothing is read.

    Parameters
    ----------
    address : path or str
        The table's folder, or its address (``s3://...``, ``abfss://...``); credentials come from the
        environment.
    version : int or datetime, optional
        The version, or the moment whose version it is. Default: the newest when the run begins; evidence says
        which that was.

    Raises
    ------
    DeclarationError
        If the version is neither, or the address holds credentials.

    Examples
    --------
    >>> delta("lake/orders", version=3)
    Delta(address='lake/orders', version=3)
    """
    if not _is_version(version, int, dt.datetime):
        raise DeclarationError(f"version= is a whole number from 0 or a datetime, not {version!r}")
    return Delta(checked_address(os.fspath(address)), version)


def iceberg(
    table: Any, *, snapshot: int | str | dt.datetime | None = None, catalog: str | None = None
) -> Iceberg:
    """Name an Iceberg table, for :func:`aiqa.dataset`; nothing is read.

    Parameters
    ----------
    table : str or path
        Its name in a catalog (``"sales.orders"``), or the path of a metadata file (``...metadata.json``).
    snapshot : int, str or datetime, optional
        The id of a snapshot, the name of a branch or tag, or the moment whose snapshot it is. Default: the
        current one when the run begins; evidence says which that was.
    catalog : str, optional
        The catalog, as ``.pyiceberg.yaml`` or ``PYICEBERG_CATALOG__...`` in the environment configure it.
        Default: the one that these call the default.

    Raises
    ------
    DeclarationError
        If the snapshot is none of these, or the address holds credentials.

    Examples
    --------
    >>> iceberg("sales.orders", snapshot="audited", catalog="prod")
    Iceberg(table='sales.orders', snapshot='audited', catalog='prod')
    """
    if not _is_version(snapshot, int, str, dt.datetime):
        raise DeclarationError(
            f"snapshot= is the id of a snapshot, the name of a branch or tag, or a datetime, not {snapshot!r}"
        )
    return Iceberg(checked_address(os.fspath(table)), snapshot, catalog)


def sql(query: str, address: str) -> Sql:
    """Name what a query of a database gives, for :func:`aiqa.dataset`; nothing is read.

    The query is asked once a run, and what it gives lies in a temporary file on this machine meanwhile. With
    ``order by`` the same rows have the same fingerprint; a database may give them in any other order.

    Parameters
    ----------
    query : str
        One statement that only reads.
    address : str
        The name of an environment variable that holds the address, or an address without credentials:
        ``sqlite:///orders.db`` and ``duckdb:///orders.duckdb`` (paths from the project's root; four slashes
        begin an absolute one), ``postgresql://host/database``.

    Raises
    ------
    DeclarationError
        If there are several statements or one that does not read, or the address holds credentials.

    Examples
    --------
    >>> sql("select * from orders where day = '2026-11-01'", "DATABASE_URL").address
    'DATABASE_URL'
    """
    bare = _QUOTED.sub(" ", query).strip().removesuffix(";")
    if ";" in bare:
        raise DeclarationError("aiqa.sql takes one statement, and this has several")
    if not _READS.match(bare):
        raise DeclarationError(
            "aiqa.sql takes a statement that only reads: one that begins with select or with"
        )
    if not _VARIABLE.fullmatch(address) and "://" not in address:
        raise DeclarationError(
            "the second argument of aiqa.sql is the name of an environment variable, or an address such as "
            "sqlite:///orders.db"
        )
    return Sql(query, checked_address(address))


def _is_version(value: Any, *kinds: type) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, kinds)
        and not isinstance(value, bool)
        and not (isinstance(value, int) and value < 0)
    )
