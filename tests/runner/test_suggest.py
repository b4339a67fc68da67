"""``aiqa suggest``: what is written compiles, holds on rows that were kept apart, and shows nobody's data."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aiqa
from aiqa.cli import main
from aiqa.declare.expectation import Expectation
from aiqa.declare.source import Dataset, Files
from aiqa.errors import ConfigError, DataError, DeclarationError
from aiqa.scan.source import open_dataset
from aiqa.suggest import Suggestion, render, suggest, suggest_file

PEOPLE = ["Ada", "Grace", "Edsger", "Barbara"]


def orders(rows: int = 2000, seed: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "order_id": [f"ORD-{number:06d}" for number in range(rows)],
            "country": rng.choice(["BR", "DE", "NZ"], rows),
            "amount": rng.lognormal(3, 1, rows).round(2),
            "rate": rng.random(rows),
            "items": rng.integers(1, 5, rows),
            "hour": rng.integers(0, 24, rows),
            "paid": rng.random(rows) < 0.9,
            "ordered_at": [start + dt.timedelta(minutes=7 * number) for number in range(rows)],
            "note": [f"note {'x' * int(size)}" for size in rng.integers(0, 40, rows)],
            "shipped": [None if missing else 1.5 for missing in rng.random(rows) < 0.2],
            "customer_name": rng.choice(PEOPLE, rows),
            "birth_year": rng.integers(1931, 1999, rows),
        }
    )


def of(frame: Any, **declared: Any) -> Suggestion:
    return suggest(open_dataset(aiqa.dataset("orders", frame, **declared), Path()))


def in_file(suggestion: Suggestion, name: str = "orders") -> Suggestion:
    """Return the suggestion as of a file, which is what can be rendered."""
    dataset = Dataset(name, Files("data/orders.parquet", "parquet"), pii=suggestion.dataset.pii)
    return Suggestion(
        dataset, suggestion.suggested, suggestion.dropped, suggestion.profile_rows, suggestion.held_out_rows
    )


def about(suggestion: Suggestion, column: str) -> dict[str, dict[str, Any]]:
    """Return the arguments by type, without the column."""
    found = [one for one in suggestion.expectations if column in one.columns]
    return {one.type.removeprefix("expect_"): arguments(one) for one in found}


def arguments(expectation: Expectation) -> dict[str, Any]:
    return {key: value for key, value in expectation.kwargs.as_dict().items() if key != "column"}


@pytest.fixture(scope="module")
def shop() -> Suggestion:
    return of(orders())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MLFLOW_TRACKING_URI", "DD_API_KEY", "DD_DOGSTATSD_URL", "DD_AGENT_HOST"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").write_text('[tool.aiqa]\nproject = "p"\n')
    (tmp_path / "data").mkdir()
    orders().write_parquet(tmp_path / "data" / "orders.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["suggest", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


# What is suggested


def test_a_key_is_unique_and_has_its_form(shop: Suggestion) -> None:
    assert about(shop, "order_id") == {
        "column_values_to_not_be_null": {},
        "column_values_to_be_unique": {},
        "column_values_to_match_regex": {"regex": r"^ORD\-[0-9]{6}$"},
    }


def test_a_category_has_a_set(shop: Suggestion) -> None:
    assert list(about(shop, "country")["column_values_to_be_in_set"]["value_set"]) == ["BR", "DE", "NZ"]


def test_numbers_have_natural_ends(shop: Suggestion) -> None:
    amount = about(shop, "amount")["column_values_to_be_between"]
    assert (amount["min_value"], amount["mostly"]) == (0, 0.99)
    assert about(shop, "rate")["column_values_to_be_between"] == {"min_value": 0, "max_value": 1}
    assert about(shop, "hour")["column_values_to_be_between"] == {"min_value": 0, "max_value": 23}
    assert list(about(shop, "items")["column_values_to_be_in_set"]["value_set"]) == [1, 2, 3, 4]


def test_the_mean_has_a_margin(shop: Suggestion) -> None:
    rate = about(shop, "rate")["column_mean_to_be_between"]
    assert 0.35 < rate["min_value"] <= 0.41
    assert 0.59 <= rate["max_value"] < 0.65


def test_time_has_a_beginning_and_an_order(shop: Suggestion) -> None:
    assert about(shop, "ordered_at")["column_values_to_be_between"] == {"min_value": "2026-02-01"}
    assert "column_values_to_be_increasing" in about(shop, "ordered_at")
    assert shop.dataset.time == "ordered_at"


def test_missing_values_are_allowed_for_with_a_margin(shop: Suggestion) -> None:
    assert 0.65 < about(shop, "shipped")["column_values_to_not_be_null"]["mostly"] < 0.8


def test_prose_has_lengths(shop: Suggestion) -> None:
    assert about(shop, "note")["column_value_lengths_to_be_between"]["min_value"] == 1


def test_columns_and_types_are_one_expectation(shop: Suggestion) -> None:
    (schema,) = (one for one in shop.expectations if one.type == "expect_table_schema_to_be")
    assert dict(arguments(schema)["schema"])["ordered_at"] == "datetime"


@pytest.mark.parametrize(
    ("values", "regex"),
    [
        ([f"{number:08d}" for number in range(200)], "^[0-9]{8}$"),
        ([str(number) for number in range(200)], "^[0-9]+$"),
        ([f"{number:08x}-0000-4000-8000-000000000000" for number in range(200)], "^[0-9a-fA-F]{8}-"),
        ([f"2026-{1 + n % 12:02d}-{1 + n % 27:02d}" for n in range(200)], "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        ([f"mx{number}" for number in range(200)], "^mx[0-9]+$"),
    ],
)
def test_forms_of_texts(values: list[str], regex: str) -> None:
    found = about(of(pl.DataFrame({"code": values})), "code")
    assert found["column_values_to_match_regex"]["regex"].startswith(regex)


def test_a_prefix_that_only_the_ends_have_is_none() -> None:
    values = ["ab1", *(f"abc{number}" for number in range(200)), "ab9"]
    assert "column_values_to_match_regex" not in about(of(pl.DataFrame({"code": values})), "code")


def test_a_random_whole_number_is_no_key() -> None:
    drawn = np.random.default_rng(1).integers(0, 2**60, 500)
    assert "column_values_to_be_unique" not in about(of(pl.DataFrame({"size": drawn})), "size")
    assert "column_values_to_be_unique" in about(of(pl.DataFrame({"place": range(500)})), "place")


def test_a_heavy_tail_has_a_median() -> None:
    drawn = np.random.default_rng(1).pareto(0.7, 2000)
    found = about(of(pl.DataFrame({"loss": drawn})), "loss")
    assert "column_median_to_be_between" in found
    assert "column_mean_to_be_between" not in found


def test_nan_counts_as_a_value_out_of_range() -> None:
    values = [float("nan"), -2.0, -1.0, 2.0] * 100
    found = about(of(pl.DataFrame({"x": values})), "x")
    assert set(found) == {"column_values_to_not_be_null", "column_values_to_be_between"}
    assert found["column_values_to_be_between"]["mostly"] < 0.75


def test_infinity_binds_nothing() -> None:
    found = about(of(pl.DataFrame({"x": [float("inf"), -1.0, 2.0] * 100})), "x")
    assert set(found) == {"column_values_to_not_be_null"}


def test_a_repetition_across_the_parts_is_found_and_told() -> None:
    keys = list(range(500))
    keys[4] = 3  # row 4 is kept apart, so neither part repeats a value
    suggestion = of(pl.DataFrame({"user_id": keys}))
    assert "column_values_to_be_unique" not in about(suggestion, "user_id")
    assert ("column_values_to_be_unique of 'user_id'", "does not hold of 0.4 % of all rows") in [
        (one.about, one.why) for one in suggestion.dropped
    ]


@pytest.mark.parametrize(("every", "kept"), [(125, True), (50, False)])
def test_what_fails_on_rows_kept_apart_is_loosened_or_dropped(every: int, kept: bool) -> None:
    """Outliers stand only where rows are kept apart: 4 % of these, which 0.95 allows for, or 10 %."""
    values = [1000.0 if row % every == 4 else row % 13 - 6.25 for row in range(2000)]
    suggestion = of(pl.DataFrame({"x": values}))
    told = {one.name: one for one in suggestion.suggested}.get("column_values_to_be_between")
    assert (told is not None and told.reason.endswith("loosened, as other rows went beyond")) is kept
    dropped = [one.why for one in suggestion.dropped if "values_to_be_between" in one.about]
    assert dropped == ([] if kept else ["does not hold of 10 % of rows kept apart"])
    assert kept or "does not hold of 10 % of rows kept apart" in render(in_file(suggestion))


# Personal data


def test_personal_columns_show_no_value(shop: Suggestion) -> None:
    assert shop.dataset.pii == ("customer_name", "birth_year")
    assert set(about(shop, "birth_year")) == {"column_values_to_not_be_null"}
    text = render(in_file(shop))
    assert 'pii=["customer_name", "birth_year"]' in text
    assert not any(name in text for name in PEOPLE)


def test_e_mail_addresses_are_personal_whatever_the_column_is_called() -> None:
    suggestion = of(pl.DataFrame({"contact": [f"p{n}@example.org" for n in range(20)] * 10}))
    assert suggestion.dataset.pii == ("contact",)
    assert "example.org" not in render(in_file(suggestion))
    assert "@" in about(suggestion, "contact")["column_values_to_match_regex"]["regex"]


def test_what_is_declared_personal_is() -> None:
    suggestion = of(orders(), pii=["country"])
    assert "column_values_to_be_in_set" not in about(suggestion, "country")
    assert suggestion.dataset.pii[0] == "country"


# Tables that say little


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(DataError, match="has no rows"):
        of(orders().head(0))


def test_one_row_says_what_columns_there_are() -> None:
    types = [one.type for one in of(orders(1)).expectations]
    assert types == ["expect_table_row_count_to_be_between", "expect_table_schema_to_be"]


def test_a_column_without_values_is_left_out_and_told() -> None:
    suggestion = of(pl.DataFrame({"x": range(50), "nothing": [None] * 50}))
    assert about(suggestion, "nothing") == {}
    assert ("column 'nothing'", "it has no value") in [(one.about, one.why) for one in suggestion.dropped]
    compile(render(in_file(suggestion)), "check_x.py", "exec")


def test_columns_of_other_types_are_there_and_not_null() -> None:
    frame = pl.DataFrame(
        {
            "tags": [["a"]] * 50,
            "point": [{"x": 1}] * 50,
            "raw": [b"\0"] * 50,
            "took": [dt.timedelta(seconds=1)] * 50,
            "at": [dt.time(1)] * 50,
            "price": pl.Series([f"{n}.10" for n in range(50)]).cast(pl.Decimal(10, 2)),
            "kind": pl.Series(["a", "b"] * 25, dtype=pl.Categorical),
        }
    )
    suggestion = of(frame)
    assert set(about(suggestion, "tags")) == {"column_values_to_not_be_null"}
    assert list(about(suggestion, "kind")["column_values_to_be_in_set"]["value_set"]) == ["a", "b"]
    assert about(suggestion, "price")["column_values_to_be_between"]["min_value"] == 0
    assert not suggestion.dropped


# The file

HOSTILE = [
    'quote"', "quote'", '"""', "back\\slash", "new\nline", "\r", "\u2028", "\u202eright to left", "naïve ☕",
    "{brace}", "$PARAMETER", "row", "row_", "__row", "", " ", "\\", "# comment", "a\x00b", "import os",
    "::set-output name=x::y",
]  # fmt: skip


def compiled(suggestion: Suggestion, name: str = "orders") -> list[Expectation]:
    """Run the rendered file and return what its check yields."""
    space: dict[str, Any] = {}
    exec(compile(render(in_file(suggestion, name)), "check_x.py", "exec"), space)
    (check,) = (value for key, value in space.items() if key.endswith("_is_as_profiled"))
    return list(check())


def test_hostile_names_and_values_stay_what_they_are() -> None:
    values = [HOSTILE[place % len(HOSTILE)] for place in range(40 * len(HOSTILE))]
    suggestion = of(pl.DataFrame(dict.fromkeys(HOSTILE, values)))
    assert compiled(suggestion) == list(suggestion.expectations)
    assert list(about(suggestion, "new\nline")["column_values_to_be_in_set"]["value_set"]) == sorted(HOSTILE)


@pytest.mark.parametrize("name", ["class", "aiqa", "expect", "2026", "???", 'x"""\n', "näme", "new-orders"])
def test_any_name_of_a_data_set_will_do(name: str, shop: Suggestion) -> None:
    assert compiled(shop, name) == list(shop.expectations)


def test_the_same_table_gives_the_same_file(shop: Suggestion) -> None:
    assert render(in_file(of(orders()))) == render(in_file(shop))


def test_no_line_is_long(shop: Suggestion) -> None:
    assert max(map(len, render(in_file(shop)).splitlines())) <= 88


def test_a_frame_in_memory_has_no_file(shop: Suggestion) -> None:
    with pytest.raises(DeclarationError, match="by path"):
        render(shop)


CELLS = st.one_of(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8),
    st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=8),
    st.lists(st.none() | st.floats(), min_size=1, max_size=8),
    st.lists(st.none() | st.text(max_size=5), min_size=1, max_size=8),
    st.lists(st.none() | st.booleans(), min_size=1, max_size=8),
    st.lists(st.none() | st.dates(), min_size=1, max_size=8),
    st.lists(st.none() | st.datetimes(), min_size=1, max_size=8),
)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Draw a frame whose columns repeat few values, in turn or at random: rare values are the rule."""
    rows = draw(st.integers(1, 300))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    names = draw(st.lists(st.text(max_size=6) | st.just("id"), min_size=1, max_size=4, unique=True))
    columns = {}
    for name in names:
        cells, at_random = draw(CELLS), draw(st.booleans())
        places = rng.integers(0, len(cells), rows) if at_random else np.arange(rows) % len(cells)
        columns[name] = pl.Series(name, [cells[int(place)] for place in places], strict=False)
    return pl.DataFrame(columns)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames())
def test_whatever_the_table_what_is_written_compiles_and_holds(frame: pl.DataFrame) -> None:
    suggestion = of(frame)
    assert compiled(suggestion) == list(suggestion.expectations)
    held_out = frame.gather_every(5, 4)
    on_part = [one for one in suggestion.expectations if "row_count" not in one.type]
    if held_out.height and on_part:
        assert aiqa.validate(held_out, on_part).success
    assert aiqa.validate(frame, suggestion.expectations).success


# The command


def test_the_file_runs_and_passes(project: Path) -> None:
    result = call("data/orders.parquet", "--owner", "@ds", "--label", "paid")
    assert result.exit_code == 0, result.output
    assert "check_orders.py: " in result.output
    assert "may hold personal data: customer_name, birth_year" in result.output
    evidence = aiqa.run("checks")
    assert evidence.verdict == "pass"
    (check,) = evidence.checks
    assert (check.name, check.owner) == ("orders_is_as_profiled", "@ds")


def test_pytest_runs_it(project: Path) -> None:
    call("data/orders.parquet", "--out", "check_mine.py", "--dataset", "mine")
    command = [sys.executable, "-m", "pytest", "--aiqa", "-q", "-p", "no:cacheprovider", "check_mine.py"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_changed_table_does_not_pass(project: Path) -> None:
    call("data/orders.parquet")
    changed = orders().with_columns(pl.lit("XX").alias("country"), pl.col("amount") * 5)
    changed.write_parquet(project / "data" / "orders.parquet")
    failed = [gate.id for _, gate in aiqa.run("checks").gates if gate.verdict == "fail"]
    assert failed == ["column_values_to_be_in_set-country", "column_mean_to_be_between-amount"]


def test_a_file_that_is_there_stays(project: Path) -> None:
    (project / "checks").mkdir()
    file = project / "checks" / "check_orders.py"
    file.write_text("mine = 1\n")
    refused = call("data/orders.parquet")
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert file.read_text() == "mine = 1\n"
    assert call("data/orders.parquet", "--force").exit_code == 0
    assert "orders_is_as_profiled" in file.read_text()


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "arrow"])
def test_every_format(project: Path, ending: str) -> None:
    file, frame = project / f"table.{ending}", orders(400)
    writers: dict[str, Callable[[Path], object]] = {
        "csv": frame.write_csv,
        "tsv": lambda path: frame.write_csv(path, separator="\t"),
        "jsonl": frame.write_ndjson,
        "arrow": frame.write_ipc,
    }
    writers[ending](file)
    assert call(f"table.{ending}").exit_code == 0
    assert aiqa.run("checks").verdict == "pass"


def test_a_glob_from_a_folder_below_is_declared_from_the_root(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders(300, seed=5).write_parquet(project / "data" / "more.parquet")
    monkeypatch.chdir(project / "data")
    result = call("*.parquet", "--dataset", "all")
    assert result.exit_code == 0, result.output
    assert '"data/*.parquet"' in (project / "checks" / "check_all.py").read_text()
    assert aiqa.run(project / "checks", root=project).verdict == "pass"


def test_names_come_from_the_file_or_its_folder(project: Path) -> None:
    config = aiqa.config.Config()
    path, _ = suggest_file("data/*.parquet", root=project, config=config)
    assert path.name == "check_data.py"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["data/none.parquet"], "no such file"),
        (["data/orders.parquet", "--label", "none"], "has no column 'none'"),
        (["data/orders"], "cannot tell the format"),
    ],
)
def test_mistakes_are_told(project: Path, arguments: list[str], told: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert not (project / "checks").exists()


def test_a_folder_that_cannot_be_made_is_told(project: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        suggest_file(
            "data/orders.parquet", root=project, config=aiqa.config.Config(), out="pyproject.toml/x.py"
        )


def test_what_is_unique_and_not_personal_names_rows() -> None:
    rows = 400
    suggestion = of(
        pl.DataFrame(
            {
                "email": [f"ann{number}@example.org" for number in range(rows)],
                "order_id": [f"o{number:05d}" for number in range(rows)],
                "amount": [float(number % 7) for number in range(rows)],
            }
        )
    )
    assert suggestion.keys == ["order_id"]
    assert 'keys=["order_id"], pii=["email"]' in " ".join(render(in_file(suggestion)).split())
