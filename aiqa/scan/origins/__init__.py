"""One file a kind of place where rows lie."""

from __future__ import annotations

from pathlib import Path

from aiqa.declare.addresses import scheme_of
from aiqa.declare.lake import Delta, Iceberg, Sql
from aiqa.declare.source import Files
from aiqa.scan.origins.origin import Origin

Addressed = Files | Delta | Iceberg | Sql


def origin_of(source: Addressed, root: Path) -> Origin:
    """Find where the rows of a data set lie; paths begin at the project's root.

    Raises
    ------
    DataError
        If they are not there, or whoever holds them does not answer.
    MissingExtraError
        If the library that reaches them is not installed.
    """
    if isinstance(source, Delta):
        from aiqa.scan.origins.delta import open_delta

        return open_delta(source, root)
    if isinstance(source, Iceberg):
        from aiqa.scan.origins.iceberg import open_iceberg

        return open_iceberg(source, root)
    if isinstance(source, Sql):
        from aiqa.scan.origins.database import open_query

        return open_query(source, root)
    if scheme_of(source.pattern) is not None:
        from aiqa.scan.origins.remote import open_remote

        return open_remote(source)
    from aiqa.scan.files import find
    from aiqa.scan.origins.local import LocalFiles

    return LocalFiles(find(source, root), source.format, root, source.pattern)
