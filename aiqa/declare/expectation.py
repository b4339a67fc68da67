"""``expect.*``: claims about data, in Great Expectations' names and arguments."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from aiqa.declare.gate import Gate, Met, Policy, make_policy
from aiqa.declare.values import Declaration, Pairs, declaration, freeze
from aiqa.errors import DeclarationError, nearest

SEVERITY_OF_GX = {"critical": "block", "warning": "warn", "info": "warn"}


@declaration
class Expectation(Declaration):
    """A claim about a table, named and parametrised as in Great Expectations.

    ``kwargs`` are GX's, without those that still have GX's default.
    """

    type: str
    kwargs: Pairs = Pairs()
    severity: str = "critical"

    @property
    def id(self) -> str:
        """A stable name: the type and the columns, never the bounds."""
        kwargs = self.kwargs.as_dict()
        columns = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
        columns += list(kwargs.get("column_list", ()))
        return re.sub(r"[^\w.=+-]+", "_", "-".join([self.type.removeprefix("expect_"), *map(str, columns)]))

    @property
    def needs_champion(self) -> bool:
        """Never: it is about data."""
        return False

    def gate(self) -> Gate:
        """Return the gate that requires this."""
        severity = SEVERITY_OF_GX[self.severity]
        return Gate(self, Met(), Policy() if severity == "block" else Policy(severity=severity))

    def policy(self, **settings: Any) -> Gate:
        """Return the gate that requires this, with its own policy; see :meth:`Gate.policy`."""
        gate = self.gate()
        return Gate(self, gate.requirement, make_policy(**settings).over(gate.own_policy))

    def __repr__(self) -> str:
        told = ", ".join(f"{key}={value!r}" for key, value in self.kwargs.as_dict().items())
        return f"{self.type.removeprefix('expect_')}({told})"


def _expectation(
    type_: str, severity: str, required: dict[str, Any], optional: dict[str, Any]
) -> Expectation:
    """Build one, leaving out the optional arguments that are at GX's default."""
    if severity not in SEVERITY_OF_GX:
        raise DeclarationError(f"severity= must be one of {', '.join(SEVERITY_OF_GX)}, not {severity!r}")
    mostly = optional.get("mostly", 1.0)
    if isinstance(mostly, bool) or not isinstance(mostly, (int, float)) or not 0 <= mostly <= 1:
        raise DeclarationError(f"mostly= is a share from 0 to 1, not {mostly!r}")
    if not isinstance(required.get("column", ""), str):
        raise DeclarationError(f"column= must be the name of a column, not {required['column']!r}")
    told = required | {key: value for key, value in optional.items() if value != _DEFAULTS.get(key)}
    return Expectation(f"expect_{type_}", freeze(told, type_), severity)


_DEFAULTS = {"mostly": 1.0, "strict_min": False, "strict_max": False, "exact_match": True}
_MAY_BE_UNBOUNDED = ("column_mean_to_be_between", "table_row_count_to_be_between")
_ORDERED = ("column_values_to_be_between", "table_row_count_to_be_between")


class ExpectationNamespace:
    """The expectations by name, each with Great Expectations' arguments."""

    def column_values_to_not_be_null(
        self, column: str, *, mostly: float = 1.0, severity: str = "critical"
    ) -> Expectation:
        """Expect at least `mostly` of the values of `column` not to be null."""
        return _expectation("column_values_to_not_be_null", severity, {"column": column}, {"mostly": mostly})

    def column_values_to_be_unique(
        self, column: str, *, mostly: float = 1.0, severity: str = "critical"
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to occur once."""
        return _expectation("column_values_to_be_unique", severity, {"column": column}, {"mostly": mostly})

    def column_values_to_be_between(
        self,
        column: str,
        min_value: Any = None,
        max_value: Any = None,
        *,
        mostly: float = 1.0,
        strict_min: bool = False,
        strict_max: bool = False,
        severity: str = "critical",
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to lie in [min_value, max_value].

        A bound that is None does not bind; a strict bound excludes itself. Numbers, dates and strings.
        """
        return _bounded(
            "column_values_to_be_between",
            severity,
            column,
            min_value,
            max_value,
            strict_min,
            strict_max,
            mostly,
        )

    def column_values_to_be_in_set(
        self, column: str, value_set: Collection[Any], *, mostly: float = 1.0, severity: str = "critical"
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to be in `value_set`."""
        return _expectation(
            "column_values_to_be_in_set",
            severity,
            {"column": column, "value_set": _collection("value_set", value_set)},
            {"mostly": mostly},
        )

    def column_values_to_match_regex(
        self, column: str, regex: str, *, mostly: float = 1.0, severity: str = "critical"
    ) -> Expectation:
        """Expect at least `mostly` of the non-null values of `column` to contain a match of `regex`.

        As Python's ``re.search`` finds it, on every engine.
        """
        if not isinstance(regex, str):
            raise DeclarationError(f"regex= must be a string, not {regex!r}")
        return _expectation(
            "column_values_to_match_regex", severity, {"column": column, "regex": regex}, {"mostly": mostly}
        )

    def column_value_lengths_to_be_between(
        self,
        column: str,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        mostly: float = 1.0,
        strict_min: bool = False,
        strict_max: bool = False,
        severity: str = "critical",
    ) -> Expectation:
        """Expect at least `mostly` of the non-null strings of `column` to have so many characters."""
        return _bounded(
            "column_value_lengths_to_be_between",
            severity,
            column,
            _whole("min_value", min_value),
            _whole("max_value", max_value),
            strict_min,
            strict_max,
            mostly,
        )

    def column_mean_to_be_between(
        self,
        column: str,
        min_value: float | None = None,
        max_value: float | None = None,
        *,
        strict_min: bool = False,
        strict_max: bool = False,
        severity: str = "critical",
    ) -> Expectation:
        """Expect the mean of the non-null values of `column` to lie in [min_value, max_value].

        Without bounds: expect that there is a mean.
        """
        return _bounded(
            "column_mean_to_be_between", severity, column, min_value, max_value, strict_min, strict_max
        )

    def table_row_count_to_be_between(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        strict_min: bool = False,
        strict_max: bool = False,
        severity: str = "critical",
    ) -> Expectation:
        """Expect the table to have so many rows."""
        return _bounded(
            "table_row_count_to_be_between",
            severity,
            None,
            _whole("min_value", min_value),
            _whole("max_value", max_value),
            strict_min,
            strict_max,
        )

    def column_to_exist(
        self, column: str, column_index: int | None = None, *, severity: str = "critical"
    ) -> Expectation:
        """Expect the table to have `column` (at position `column_index`, from 0, where given)."""
        if (_whole("column_index", column_index) or 0) < 0:
            raise DeclarationError(f"column_index= counts from 0, not {column_index!r}")
        return _expectation("column_to_exist", severity, {"column": column}, {"column_index": column_index})

    def table_columns_to_match_set(
        self, column_set: Collection[str] | None, *, exact_match: bool = True, severity: str = "critical"
    ) -> Expectation:
        """Expect the table to have these columns, in any order (and no others, if `exact_match`).

        None stands for no column, as in Great Expectations.
        """
        return _expectation(
            "table_columns_to_match_set",
            severity,
            {"column_set": None if column_set is None else _collection("column_set", column_set)},
            {"exact_match": exact_match},
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"no expectation {name!r}{nearest(name, EXPECTATION_NAMES)}")


EXPECTATION_NAMES = tuple(
    sorted(n for n in vars(ExpectationNamespace) if n.startswith(("column_", "table_")))
)
expect = ExpectationNamespace()


def _bounded(
    type_: str,
    severity: str,
    column: str | None,
    min_value: Any,
    max_value: Any,
    strict_min: bool,
    strict_max: bool,
    mostly: float = 1.0,
) -> Expectation:
    if min_value is None and max_value is None and type_ not in _MAY_BE_UNBOUNDED:
        raise DeclarationError(f"{type_} needs min_value=, max_value= or both")
    _check_order(type_, min_value, max_value)
    return _expectation(
        type_,
        severity,
        {} if column is None else {"column": column},
        {
            "min_value": min_value,
            "max_value": max_value,
            "mostly": mostly,
            "strict_min": strict_min,
            "strict_max": strict_max,
        },
    )


def _check_order(type_: str, low: Any, high: Any) -> None:
    """Refuse bounds that no value meets, where Great Expectations does."""
    if low is None or high is None or type_ not in _ORDERED:
        return
    try:
        wrong = low > high
    except TypeError:
        return  # a date and a moment, say: the column's type decides
    if wrong:
        raise DeclarationError(f"{type_}: min_value={low!r} is greater than max_value={high!r}")


def _whole(name: str, value: int | None) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise DeclarationError(f"{name}= must be a whole number, not {value!r}")
    return value


def _collection(name: str, value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Collection):
        raise DeclarationError(f"{name}= must be a list or a set, not {value!r}")
    return sorted(value, key=repr) if isinstance(value, (set, frozenset)) else list(value)
