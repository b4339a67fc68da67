"""Digests of data: equal for equal content, types and column order; different for anything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from aiqa.scan.literals import family_of

CHUNK = 1 << 20
"""Rows of a column at a time."""


def of_file(file: Path) -> str:
    """Return the SHA-256 of the bytes of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def of_frame(frame: pl.DataFrame, schema: Mapping[str, str]) -> str:
    """Return the SHA-256 of a frame's content and schema.

    However the frame came about: chunks, and what memory holds under a null, do not count.
    """
    columns = (block for column in frame.iter_columns() for block in _column(column))
    return _digest({"rows": str(frame.height), **{f"column {k}": v for k, v in schema.items()}}, columns)


def of_texts(texts: Iterable[str], schema: Mapping[str, str]) -> str:
    """Return the SHA-256 of texts that tell a content, and of its schema."""
    return _digest(schema, (text.encode() for text in texts))


def _digest(schema: Mapping[str, str], blocks: Iterable[bytes]) -> str:
    sha = hashlib.sha256(json.dumps(list(schema.items())).encode())
    for block in blocks:
        sha.update(block)
    return sha.hexdigest()


def _column(column: pl.Series) -> Iterator[bytes]:
    for start in range(0, len(column), CHUNK):
        values = column.slice(start, CHUNK).to_physical()
        yield np.packbits(values.is_null().to_numpy()).tobytes()
        yield from _present(values.drop_nulls())


def _present(values: pl.Series) -> Iterator[bytes]:
    wide = values.dtype in (pl.Int128, pl.UInt128)  # what decimals are made of, which NumPy has not
    if not wide and family_of(str(values.dtype)) in ("boolean", "integer", "float"):
        yield values.to_numpy().tobytes()
    elif values.dtype == pl.String:
        yield values.str.len_bytes().to_numpy().tobytes()
        yield "".join(values).encode()
    else:  # lists, structures, decimals and the like, as Arrow writes them
        frame = values.rename("").to_frame().rechunk()
        yield frame.write_ipc_stream(None, compat_level=pl.CompatLevel.oldest()).getvalue()
