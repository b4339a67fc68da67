"""The five verdicts, shared by judge, evidence, sinks and drivers."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a gate came to."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    SKIPPED = "skipped"
