"""``expect.*``: claims about data, in Great Expectations' names and arguments."""

from __future__ import annotations

from typing import Any

from aiqa.declare.expect.beyond import Beyond
from aiqa.declare.expect.columns import ColumnAggregates
from aiqa.declare.expect.records import Records
from aiqa.declare.expect.tables import Tables
from aiqa.declare.expect.values import ColumnValues
from aiqa.declare.expectation import misspelt


class ExpectationNamespace(ColumnValues, ColumnAggregates, Records, Tables, Beyond):
    """The expectations by name, each with Great Expectations' arguments.

    Any value may be a suite parameter, ``{"$PARAMETER": "name or expression"}``, which the run fills in.
    Every expectation takes ``severity`` (``"critical"``, ``"warning"`` or ``"info"``), ``description``,
    ``notes`` and ``meta``. Those on rows also take ``row_condition`` and ``condition_parser``, and look at
    the rows that meet the condition.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return misspelt(name)


EXPECTATION_NAMES = tuple(sorted(name for name in dir(ExpectationNamespace) if not name.startswith("_")))
BEYOND_GX = frozenset(name for name in vars(Beyond) if not name.startswith("_"))
"""Names of the expectations that Great Expectations has not."""
expect = ExpectationNamespace()
