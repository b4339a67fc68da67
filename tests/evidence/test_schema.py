from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from aiqa.evidence.record import Evidence
from aiqa.evidence.schema import json_schema
from tests.evidence.factories import a_mixed_run, a_run

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "evidence.schema.json"


def validate(evidence: Evidence, **changes: object) -> None:
    Draft202012Validator(json_schema()).validate(json.loads(evidence.model_dump_json()) | changes)


def test_the_published_schema_is_that_of_the_records() -> None:
    assert json.loads(PUBLISHED.read_text()) == json_schema(), (
        "run: aiqa schema > docs/reference/evidence.schema.json"
    )


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert "$id" not in json_schema()


def test_what_aiqa_writes_is_valid() -> None:
    validate(a_mixed_run())
    validate(a_run())


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": "2.0"},
        {"verdict": "green"},
        {"run_id": "../x"},
        {"rows": []},
        {"checks": [{"name": "x"}]},
    ],
)
def test_what_aiqa_does_not_write_is_not(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        validate(a_mixed_run(), **changes)


def test_every_field_is_required_of_writers() -> None:
    schema = json_schema()
    for name, record in schema["$defs"].items():
        if record["type"] == "object":
            assert set(record["required"]) == set(record["properties"]), name
