"""Whatever is wrong is one gate's error, says where, and the other checks go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aiqa.config import read_config
from aiqa.errors import ConfigError
from tests.pytest_driver.conftest import evidence_of, orders, verdicts_of

Checks = Callable[[str], Path]

GOOD = """
good_orders = aiqa.dataset("good", "good.parquet", label="y")

@aiqa.check(good_orders)
def good():
    yield expect.column_to_exist("id")
"""


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    orders(10).write_parquet(project.path / "good.parquet")
    return project.runpytest_inprocess("--aiqa", "-p", "no:randomly", *arguments)


def error_of(project: pytest.Pytester, check: str) -> dict[str, Any]:
    (gate,) = (
        gate
        for record in evidence_of(project)["checks"]
        if record["name"] == check
        for gate in record["gates"]
    )
    assert gate["verdict"] == "error"
    assert gate["blocks"]
    return dict(gate["error"])


FRAME = orders(200)

BAD_DATA: dict[str, tuple[Callable[[], pl.DataFrame | None], str, dict[str, Any], str]] = {
    "missing file": (lambda: None, "roc_auc >= 0.5", {"file": "orders.parquet"}, "orders.parquet"),
    "missing label": (lambda: FRAME.drop("y"), "roc_auc >= 0.5", {"column": "y"}, "'y'"),
    "missing score": (lambda: FRAME.drop("p"), "roc_auc >= 0.5", {"column": "p"}, "'p'"),
    "missing slice": (
        lambda: FRAME,
        "recall.by('contry') >= 0",
        {"column": "contry"},
        "did you mean 'country'",
    ),
    "no rows": (lambda: FRAME.clear(), "roc_auc >= 0.5", {}, "no rows"),
    "one class": (lambda: FRAME.with_columns(y=pl.lit(1)), "roc_auc >= 0.5", {}, "class"),
    "null label": (
        lambda: FRAME.with_columns(y=pl.when(pl.col("id") == 7).then(None).otherwise("y")),
        "roc_auc >= 0.5",
        {"column": "y", "row": 7},
        "y",
    ),
    "NaN score": (
        lambda: FRAME.with_columns(p=pl.when(pl.col("id") == 5).then(float("nan")).otherwise("p")),
        "roc_auc >= 0.5",
        {"row": 5},
        "NaN|finite",
    ),
    "infinite score": (
        lambda: FRAME.with_columns(p=pl.when(pl.col("id") == 6).then(float("inf")).otherwise("p")),
        "roc_auc >= 0.5",
        {"row": 6},
        "inf|finite",
    ),
    "unknown label": (
        lambda: FRAME.with_columns(y=pl.when(pl.col("id") == 3).then(2).otherwise("y")),
        "roc_auc >= 0.5",
        {},
        "label|classes",
    ),
    "scores that are words": (
        lambda: FRAME.with_columns(p=pl.lit("high")),
        "roc_auc >= 0.5",
        {},
        "p|number|numeric|float",
    ),
    "no probabilities": (
        lambda: FRAME.with_columns(p=pl.col("p") * 3),
        "log_loss <= 0.5",
        {},
        "probabilit",
    ),
    "unknown class": (lambda: FRAME, "recall(label=9) >= 0.5", {}, "9|no such class"),
    "metric of another task": (lambda: FRAME, "mae <= 1", {}, "regression"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_is_that_gates_error(project: pytest.Pytester, write_checks: Checks, name: str) -> None:
    make, gate, place, message = BAD_DATA[name]
    frame = make()
    file = project.path / "orders.parquet"
    file.unlink()
    if frame is not None:
        frame.write_parquet(file)
    write_checks(f"{GOOD}\n@aiqa.check(scores, orders)\ndef bad():\n    yield metric.{gate}\n")
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts_of(project)["good[column_to_exist-id]"] == "pass"
    error = error_of(project, "bad")
    for key, value in place.items():
        assert error[key] == value
    result.stdout.re_match_lines([f".*({message})"])


BAD_MODELS = {
    "raises": ("def score(frame):\n    raise KeyError('amount')\n", "amount"),
    "too short": ("def score(frame):\n    return [0.5]\n", "200|rows|length"),
    "three columns": ("def score(frame):\n    return [[0.2, 0.3, 0.5]] * len(frame)\n", "shape|column"),
    "words": ("def score(frame):\n    return ['x'] * len(frame)\n", "label|numeric|number|score"),
    "nothing": ("def score(frame):\n    return None\n", r"shape \(\)"),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_a_bad_model_is_its_gates_error(project: pytest.Pytester, write_checks: Checks, name: str) -> None:
    code, message = BAD_MODELS[name]
    FRAME.write_parquet(project.path / "orders.parquet")
    write_checks(
        f"{GOOD}\n{code}\nmine = aiqa.model('mine', score, task='binary')\n"
        "@aiqa.check(mine, orders)\ndef bad():\n    yield metric.roc_auc >= 0.5\n"
        "@aiqa.check(orders)\ndef data_is_fine():\n    yield expect.column_to_exist('id')\n"
    )
    result = run(project)
    verdicts = verdicts_of(project)
    assert verdicts["good[column_to_exist-id]"] == "pass"
    assert verdicts["data_is_fine[column_to_exist-id]"] == "pass"
    assert error_of(project, "bad")["type"]
    result.stdout.re_match_lines([f".*({message})"])


def test_a_champion_that_fails_spoils_only_the_comparison(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    write_checks(
        """
halved = aiqa.model("halved", aiqa.column(score="p"), task="binary", champion="gone.skops")

@aiqa.check(halved, orders)
def compared():
    yield metric.roc_auc >= 0.5
    yield metric.roc_auc.no_worse_than(aiqa.champion)
"""
    )
    run(project)
    assert verdicts_of(project) == {
        "compared[roc_auc]": "pass",
        "compared[roc_auc-no_worse_than-champion]": "error",
    }


def test_wrong_declarations_are_errors_of_their_own(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks(
        GOOD
        + """
@aiqa.check(orders)
def no_gate():
    yield 0.3

@aiqa.check(orders)
def raises():
    yield metric.roc_auc >= 1 / 0

@aiqa.check(orders)
def nothing():
    yield from ()

@aiqa.check(orders)
def twice():
    yield expect.column_to_exist("id")

@aiqa.check(orders)
def twice():
    yield expect.column_to_exist("y")

@aiqa.check(orders)
def forgot_to_yield():
    metric.recall >= 0.99

@aiqa.check(orders)
def compared():
    yield metric.roc_auc == 0.8

@aiqa.check(orders)
def bad_regex():
    yield expect.column_values_to_match_regex("country", "(")

@aiqa.check(orders)
def bad_columns():
    yield expect.column_values_to_be_between("country", 0, 1)
    yield expect.column_values_to_not_be_null("countri")
"""
    )
    result = run(project)
    verdicts = verdicts_of(project)
    assert verdicts.pop("good[column_to_exist-id]") == "pass"
    assert set(verdicts.values()) == {"error"}
    assert len(verdicts) == 9
    text = " ".join(result.stdout.str().split())
    for message in (
        "yields 0.3",
        "write 'yield'",
        "'==' compares declarations",
        "ZeroDivisionError",
        "yields no gate",
        "two checks are named twice",
        "country",
    ):
        assert message in text


def test_two_files_with_a_check_of_one_name(project: pytest.Pytester, write_checks: Checks) -> None:
    file = write_checks("@aiqa.check(orders)\ndef same():\n    yield expect.column_to_exist('id')\n")
    (project.path / "checks" / "check_second.py").write_text(file.read_text())
    run(project)
    verdicts = [gate["verdict"] for check in evidence_of(project)["checks"] for gate in check["gates"]]
    assert verdicts == ["pass", "error"]


def test_a_file_that_does_not_import_is_pytests_error(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks("import nothing_of_this_name\n")
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "nothing_of_this_name" in result.stdout.str()
    assert evidence_of(project)["verdict"] == "error"


def test_a_file_that_does_not_import_is_in_the_evidence_of_those_that_do(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    write_checks(GOOD)
    (project.path / "checks" / "check_broken.py").write_text("import nothing_of_this_name\n")
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert evidence_of(project)["verdict"] == "error"
    assert verdicts_of(project)["good[column_to_exist-id]"] == "pass"
    assert verdicts_of(project)["checks/check_broken.py[collection]"] == "error"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("sede = 1", "has no key 'sede'; did you mean 'seed'"),
        ("seed = -1", "seed = -1: input should be greater than or equal to 0"),
        ("confidence = 1.5", "confidence must be a number above 0.5"),
        ('tier = "nightly"', "tier = 'nightly'"),
        ("[tool.aiqa.mlflow]\ntimout = 3", "has no key 'mlflow.timout'; did you mean 'timeout'"),
        ('[tool.aiqa.tiers.pr]\nseverity = "fatal"', "tiers.pr.severity = 'fatal'"),
        ("seed = ", "not valid TOML"),
        ('modules = ["no_such_module_here"]', "no module 'no_such_module_here'"),
    ],
)
def test_a_wrong_setting_is_named(project: pytest.Pytester, table: str, message: str) -> None:
    project.makepyprojecttoml(f"[tool.aiqa]\n{table}\n")
    result = project.runpytest_subprocess("--aiqa", "-c", "none.ini", "--rootdir", ".")
    (project.path / "none.ini").write_text("[pytest]\n")
    result = project.runpytest_subprocess("--aiqa", "-c", "none.ini", "--rootdir", ".")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = " ".join((result.stderr.str() + result.stdout.str()).split())
    assert message in text
    assert "pyproject.toml" in text or "modules" in text


@pytest.mark.parametrize("text", ["[tool]\naiqa = 3\n", "project = 3\n"])
def test_a_table_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match="must be tables"):
        read_config(tmp_path)


def test_no_checks_folder_is_explained(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--aiqa")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "write checks there" in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize(
    "body",
    [
        "@pytest.mark.skip(reason='all')\n"
        "@aiqa.check(orders)\ndef skipped():\n    yield expect.column_to_exist('id')\n",
        "@aiqa.check(scores, orders, min_support=10**6)\n"
        "def small():\n    yield metric.recall.by('country') >= 0.1\n",
    ],
)
def test_a_run_that_decided_nothing_is_not_green(
    project: pytest.Pytester, write_checks: Checks, body: str
) -> None:
    write_checks(body)
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert evidence_of(project)["verdict"] == "error"


def test_a_selection_of_nothing_keeps_pytests_exit_code(checked: pytest.Pytester) -> None:
    assert run(checked, "-k", "nothing_like_this").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_evidence_that_cannot_be_written_fails_the_run(checked: pytest.Pytester) -> None:
    (checked.path / "taken").write_text("a file")
    file = checked.path / "checks" / "check_orders.py"
    file.write_text(file.read_text().replace("0.999", "0.5"))
    result = run(checked, "--aiqa-out", "taken")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "evidence" in result.stdout.str()
