"""The published JSON Schema of the evidence, made from the records themselves."""

from __future__ import annotations

from typing import Any

from aiqa.evidence.record import SCHEMA_VERSION, Evidence

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema of every document that this version of aiqa writes, in JSON Schema 2020-12.

    Every field is required, those without a value being null or empty: readers need no defaults.

    Examples
    --------
    >>> json_schema()["title"]
    'aiqa evidence'
    """
    schema = Evidence.model_json_schema(mode="serialization")
    schema["properties"]["schema_version"] |= {"const": SCHEMA_VERSION}
    return {"$schema": DIALECT, **schema, "title": "aiqa evidence", "description": _DESCRIPTION}


_DESCRIPTION = (
    "One run of aiqa: what was claimed, of which model on which data, and what came of it. Holds no values "
    "of rows and no secrets."
)
