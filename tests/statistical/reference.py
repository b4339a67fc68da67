"""Reference cases, computed with R or taken from papers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

_PROJECT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("AIQA_REFERENCE", _PROJECT / "../shared/reference")) / "stats"


def case(name: str) -> dict[str, Any]:
    """Return one reference case, or skip where the cases are not at hand."""
    file = FOLDER / f"{name}.json"
    if not file.is_file():
        pytest.skip("no reference cases: set AIQA_REFERENCE to their folder")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def columns(of: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that a case names, as arrays; missing values left out of each by itself."""
    frame = pl.read_csv(FOLDER / of["inputs"]["csv"], null_values="NA", infer_schema_length=None)
    return {name: frame[column].drop_nulls().to_numpy() for name, column in of["inputs"]["columns"].items()}
