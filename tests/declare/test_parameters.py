"""Suite parameters: what an expression is worth, and what is refused."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiqa import expect
from aiqa.declare.expectation import problem
from aiqa.declare.parameters import evaluated, resolved
from aiqa.errors import DeclarationError

MOMENT = dt.datetime(2026, 1, 31)  # noqa: DTZ001 - as Great Expectations, without a zone
GIVEN: dict[str, Any] = {
    "x": 100,
    "half": 0.5,
    "text": "2.5",
    "today": "2026-01-31",
    "opened": dt.date(2026, 1, 31),
    "names": ["a", "b"],
    "a$b": 3,
    "with-dash": 8,
    "e": 9,
}
NUMERIC = [
    ("x", 100),
    ("+x", 100),
    ("-x", -100),
    ("x + 1 - 2 * 3", 95),
    ("x / 8", 12.5),
    ("(x + 1) * 2", 202),
    ("x * (1 + half)", 150.0),
    ("text * 2", 5.0),
    ("x + text", 102.5),
    ("a$b + 1", 4),
    ("2^3", 8),
    ("2^3^2", 512),
    ("2^-2", 0.25),
    ("-2^2", 4),
    ("-(2^2)", -4),
    ("3 - 2^2", -1),
    ("-x^2 / 2", 5000.0),
    ("2 * PI", 2 * math.pi),
    ("E ^ 1", math.e),
    ("abs(-x)", 100),
    ("round(x / 3)", 33),
    ("round(x / 3, 1)", 33.3),
    ("trunc(-x / 3)", -33),
    ("sgn(-x)", -1),
    ("sgn(0.0)", 0),
    ("exp(0) + sin(0) + cos(0) + tan(0)", 2.0),
]
MOMENTS = [
    ("datetime(2026, 1, 31)", MOMENT),
    ("datetime(year=2026, month=1, day=31)", MOMENT),
    ("today - timedelta(weeks=1)", MOMENT - dt.timedelta(weeks=1)),
    ("opened + timedelta(days=1, hours=x / 50)", MOMENT + dt.timedelta(days=1, hours=2)),
    ("datetime(2026, 1, 31) - timedelta(1)", MOMENT - dt.timedelta(1)),
]
WHOLE = [("names", ["a", "b"]), ("today", "2026-01-31")]
BEYOND_GX = [
    ("5", 5),
    ("1.5e1", 15.0),
    ("x % 7", 2),
    ("2**3", 8),
    ("-2**2", -4),
    ("pi", math.pi),
    ("e + 1", 10),
    ("sqrt(x)", 10.0),
    ("with-dash", 8),
    ("'a^b'", "a^b"),
]


@pytest.mark.parametrize(("expression", "value"), [*NUMERIC, *MOMENTS, *WHOLE, *BEYOND_GX])
def test_an_expression_has_a_value(expression: str, value: Any) -> None:
    found = evaluated(expression, GIVEN)
    assert found == pytest.approx(value) if isinstance(value, float) else found == value


def test_now_is_now() -> None:
    before = dt.datetime.now()  # noqa: DTZ005 - as Great Expectations, without a zone
    found = evaluated("now() - timedelta(hours=1)", {})
    assert abs(found - before + dt.timedelta(hours=1)) < dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("y", "no suite parameter 'y'"),
        ("todya", "no suite parameter 'todya'; did you mean 'today'"),
        ("2 * halv", "no suite parameter 'halv'; did you mean 'half'"),
        ("a$c + 1", r"no suite parameter 'a\$c'; did you mean 'a\$b'"),
        ("roud(x)", "no function 'roud' in suite parameters; did you mean 'round'"),
        ("__import__('os')", "no function '__import__'"),
        ("x +", "has no value"),
        ("", "has no value"),
        ("x y", "has no value"),
        ("x.real", "none of the language's forms"),
        ("x[0]", "none of the language's forms"),
        ("(lambda: 1)()", "none of the language's forms"),
        ("x if x else 1", "none of the language's forms"),
        ("abs(*names)", "none of the language's forms"),
        ("abs(**names)", "which has no arithmetic"),
        ("not x", "none of the language's forms"),
        ("x // 2", "none of the language's forms"),
        ("names * 2", "names is .* which has no arithmetic"),
        ("'a' * 1000", "neither a number nor a moment"),
        ("None", "neither a number nor a string"),
        ("1 / 0", "division by zero"),
        ("9^9^9", "power is too large"),
        ("2.0^99999", "out of range"),
        ("(-8)^0.5", "not real"),
        ("sqrt(-1)", "math domain error|nonnegative"),
        ("round(x, digits=1)", "digits"),
        ("today + today", "unsupported operand"),
        ("(" * 900 + "1" + ")" * 900, "has no value"),
        ("-" * 1900 + "1", "has no value"),
        ("1" * 2001, "at most 2000 characters"),
    ],
)
def test_what_has_no_value_is_refused(expression: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        evaluated(expression, GIVEN)


numbers = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_nan=False)


@given(numbers, numbers, st.sampled_from("+-*/"))
@example(0.1, 0.2, "+")
def test_arithmetic_is_that_of_numbers(a: float, b: float, sign: str) -> None:
    expression = f"a {sign} (b)"
    if sign == "/" and b == 0:
        with pytest.raises(DeclarationError, match="by zero"):
            evaluated(expression, {"a": a, "b": b})
        return
    expected = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[sign]()
    assert evaluated(expression, {"a": a, "b": b}) == expected
    assert evaluated(f"({a!r}) {sign} ({b!r})", {}) == expected


@given(st.text(alphabet="ab1.0+-*/^%() ,=_$'\"[]{}:\n", max_size=30))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    try:
        evaluated(text, {"a": 2, "b": 0.5})
    except DeclarationError:
        return


def test_an_expectation_takes_its_values_from_the_run() -> None:
    declared = expect.column_values_to_be_between(
        "x", {"$PARAMETER": "low"}, {"$PARAMETER": "2 * low"}, mostly={"$PARAMETER": "share"}
    )
    found = resolved(declared, {"low": 3, "share": 0.9})
    assert found == expect.column_values_to_be_between("x", 3, 6, mostly=0.9)
    assert declared.kwargs.as_dict()["min_value"] == {"$PARAMETER": "low"}


def test_parameters_are_replaced_at_any_depth() -> None:
    ranges = {"quantiles": [0.5], "value_ranges": [[{"$PARAMETER": "low"}, {"$PARAMETER": "low + 1"}]]}
    found = resolved(expect.column_quantile_values_to_be_between("x", ranges), {"low": 3})
    assert found.kwargs.as_dict()["quantile_ranges"]["value_ranges"] == ((3, 4),)
    found = resolved(expect.column_values_to_be_in_set("x", {"$PARAMETER": "names"}), GIVEN)
    assert found == expect.column_values_to_be_in_set("x", ["a", "b"])


def test_an_expectation_without_parameters_is_itself() -> None:
    declared = expect.column_to_exist("x")
    assert resolved(declared, {}) is declared


def test_what_is_not_about_the_data_stays() -> None:
    declared = expect.table_row_count_to_equal({"$PARAMETER": "n"}, severity="info", meta={"a": 1})
    found = resolved(declared, {"n": 3})
    assert (found.severity, found.details) == ("info", declared.details)


def test_a_parameter_may_carry_its_value() -> None:
    own = {"$PARAMETER": "n", "$PARAMETER.n": 7}
    assert resolved(expect.table_row_count_to_equal(own), {"n": 3}) == expect.table_row_count_to_equal(7)


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("rows", "value=: no suite parameter 'rows'; did you mean 'row'"),
        ("row / 0", "value=: suite parameter 'row / 0' has no value: .*division"),
        ("1e999 - 1e999", "value=: the value must be a finite number, not nan"),
        ("timedelta(1)", "value=: the value cannot be a timedelta"),
        (5, r"value=: \$PARAMETER is a name or an expression, not 5"),
    ],
)
def test_a_refusal_names_the_argument(parameter: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        resolved(expect.table_row_count_to_equal({"$PARAMETER": parameter}), {"row": 3})


def test_a_value_that_does_not_fit_is_found_by_the_check() -> None:
    found = resolved(expect.table_row_count_to_equal({"$PARAMETER": "n / 2"}), {"n": 3})
    assert problem(found) == "value= must be a whole number, not 1.5"


@pytest.fixture(scope="module")
def parse(gx: Any) -> Any:
    """Great Expectations' own reading of an expression."""
    return gx.core.suite_parameters.parse_suite_parameter


@pytest.mark.parametrize("expression", [expression for expression, _ in [*NUMERIC, *MOMENTS, *WHOLE]])
def test_great_expectations_finds_the_same(expression: str, parse: Any) -> None:
    found = evaluated(expression, GIVEN)
    told = found.isoformat() if isinstance(found, dt.datetime) else found
    assert parse(expression, dict(GIVEN)) == told
