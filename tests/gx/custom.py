"""An expectation of somebody's own, as Great Expectations' documentation makes one."""

from __future__ import annotations

from great_expectations.expectations import ExpectColumnValuesToBeBetween


class ExpectColumnValuesToBeSmall(ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Values from 0 to 10."""

    min_value: float = 0
    max_value: float = 10
