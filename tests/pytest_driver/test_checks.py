"""Parametrised checks, free-form checks, plain tests, checks beside model code, policies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pytest_driver.conftest import evidence_of, verdicts_of

Checks = Callable[[str], Path]


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_inprocess("--aiqa", "-p", "no:randomly", *arguments)


def nodes(result: pytest.RunResult) -> list[str]:
    return [line.partition("::")[2] for line in result.outlines if "::" in line]


def test_a_parametrised_check_has_its_own_gates_for_each_value(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    write_checks(
        """
@pytest.mark.parametrize("low", [0.6, pytest.param(0.9999, id="high")])
@aiqa.check(scores, orders)
def ranks(low):
    yield metric.roc_auc >= low
    if low < 0.7:
        yield metric.accuracy >= low
"""
    )
    assert nodes(run(project, "--co", "-q")) == [
        "ranks[0.6-roc_auc]",
        "ranks[0.6-accuracy]",
        "ranks[high-roc_auc]",
    ]
    run(project)
    assert verdicts_of(project) == {
        "ranks[0.6-roc_auc]": "pass",
        "ranks[0.6-accuracy]": "pass",
        "ranks[high-roc_auc]": "fail",
    }


def test_a_free_form_check_asserts_with_fixtures_of_conftest(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    project.makeconftest("import pytest\n\n@pytest.fixture\ndef limit():\n    return 0.5\n")
    write_checks(
        """
@pytest.mark.parametrize("column", ["p", "old"])
@aiqa.check(scores, orders, owner="@ds")
def few_positives(column, limit, data):
    assert (data[column] > 0.5).mean() < limit

@aiqa.check(scores, orders)
def wrong(model, data):
    assert model.predict(data).score.mean() > 2

@aiqa.check(scores, orders, severity="warn")
def only_warns(data):
    assert len(data) == 0

@aiqa.check(scores, orders)
def broken(data):
    data["nothing"]

@aiqa.check(scores, orders)
def later(data):
    pytest.skip("not yet")
"""
    )
    result = run(project)
    result.assert_outcomes(passed=2, failed=1, errors=1, skipped=1)
    assert result.parseoutcomes()["warned"] == 1
    assert verdicts_of(project) == {
        "few_positives[p]": "pass",
        "few_positives[old]": "pass",
        "wrong[wrong]": "fail",
        "only_warns[only_warns]": "fail",
        "broken[broken]": "error",
        "later[later]": "skipped",
    }
    evidence = evidence_of(project)
    assert evidence["datasets"][0]["rows"] == 2000
    assert evidence["models"][0]["name"] == "scores"


def test_a_check_without_a_subject_says_so(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks(
        """
@aiqa.check(orders)
def no_model():
    yield metric.roc_auc >= 0.5

@aiqa.check(scores)
def no_data():
    yield metric.roc_auc >= 0.5

@aiqa.check(orders)
def asks(model):
    pass
"""
    )
    result = run(project)
    text = " ".join(result.stdout.str().split())
    assert set(verdicts_of(project).values()) == {"error"}
    assert "is about no model" in text
    assert "is about no dataset" in text


def test_plain_tests_stand_beside_checks(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks(
        """
def test_plain(aiqa):
    aiqa.log("auc", 0.75)

def test_required(aiqa):
    estimate = aiqa.require(metric.accuracy >= 0.5, [0, 1] * 50, [0, 1] * 50)
    assert estimate.value == 1
    aiqa.require(metric.roc_auc >= 0.8, [0, 1] * 200, [0.1, 0.9] * 200)

def test_refused(aiqa):
    aiqa.require(metric.accuracy >= 0.9, [0, 1] * 50, [1, 0] * 50)

def test_undefined(aiqa):
    aiqa.require(metric.roc_auc >= 0.9, [1] * 50, [0.5] * 50)

def test_not_a_number(aiqa):
    aiqa.log("auc", float("nan"))
"""
    )
    result = run(project)
    result.assert_outcomes(passed=2, failed=3)
    evidence = evidence_of(project)
    assert [(one["name"], one["value"]) for one in evidence["logged"]] == [("auc", 0.75)]
    assert verdicts_of(project) == {
        "test_required[accuracy]": "pass",
        "test_required[roc_auc]": "pass",
        "test_refused[accuracy]": "fail",
        "test_undefined[roc_auc]": "error",
    }
    assert "0 [0, 0.02951], n 100: accuracy >= 0.9 fails" in result.stdout.str()


def test_the_fixture_works_without_aiqa(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_plain="""
from aiqa import metric

def test_logged(aiqa):
    aiqa.log("auc", 0.75)
    aiqa.require(metric.accuracy >= 0.5, [0, 1] * 50, [0, 1] * 50)

def test_refused(aiqa):
    aiqa.require(metric.accuracy >= 0.9, [0, 1] * 50, [1, 0] * 50)

def test_undecided(aiqa):
    aiqa.require(metric.accuracy >= 0.9, [0, 1] * 5, [0, 1] * 5)
"""
    )
    result = project.runpytest_inprocess("--junitxml=junit.xml", "-p", "no:randomly", "-W", "default")
    result.assert_outcomes(passed=2, failed=1, warnings=1)
    result.stdout.fnmatch_lines(["*UndecidedWarning: 1 [[]*accuracy >= 0.9 is inconclusive*"])
    assert 'name="aiqa.auc" value="0.75"' in (project.path / "junit.xml").read_text()
    assert not (project.path / ".aiqa").exists()


def test_model_fixtures_are_not_for_plain_tests(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks("def test_plain(data):\n    pass\n")
    result = run(project)
    assert "a plain test needs its own" in result.stdout.str()


def test_checks_beside_model_code_are_found(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks("@aiqa.check(orders)\ndef complete():\n    yield expect.column_to_exist('id')\n")
    body = (project.path / "checks" / "check_orders.py").read_text()
    project.makepyfile(shop_model=body.replace("def complete", "def sold"))
    project.makepyprojecttoml('[tool.aiqa]\nmodules = ["shop_model"]\n')
    project.syspathinsert()
    run(project)
    assert set(verdicts_of(project)) == {"complete[column_to_exist-id]", "sold[column_to_exist-id]"}


def test_policies_come_from_gate_check_tier_and_project(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    write_checks(
        """
@aiqa.check(scores, orders)
def by_tier():
    yield metric.accuracy >= 0.895

@aiqa.check(scores, orders, inconclusive="allow")
def by_check():
    yield metric.accuracy >= 0.895
    yield (metric.roc_auc >= 0.9999).policy(severity="warn")
    yield (metric.recall >= 0.01).policy(confidence=None)
"""
    )
    project.makepyprojecttoml('[tool.aiqa]\n[tool.aiqa.tiers.pr]\ninconclusive = "block"\n')
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    gates = {
        g["id"]: g for c in evidence_of(project)["checks"] if c["name"] == "by_check" for g in c["gates"]
    }
    blocking = {g["id"] for c in evidence_of(project)["checks"] for g in c["gates"] if g["blocks"]}
    assert blocking == {"accuracy"}
    assert not gates["accuracy"]["blocks"]
    assert gates["roc_auc"]["verdict"] == "fail"
    assert gates["recall"]["estimate"]["method"] == "point estimate"


def test_an_imported_check_runs_where_it_is_declared(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks("@aiqa.check(orders)\ndef complete():\n    yield expect.column_to_exist('id')\n")
    (project.path / "checks" / "check_second.py").write_text("from check_orders import complete\n")
    assert nodes(run(project, "--co", "-q")) == ["complete[column_to_exist-id]"]


def test_a_bare_assertion_keeps_its_values_out_of_the_evidence(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    write_checks("@aiqa.check(orders)\ndef secretive(data):\n    assert data['country'][0] == 'Ann'\n")
    run(project)
    reason = evidence_of(project)["checks"][0]["gates"][0]["reason"]
    assert reason.startswith("the assertion at line ")


def test_slices_are_judged_together(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks(
        """
@aiqa.check(scores, orders)
def everywhere():
    yield metric.recall.by("country") >= 0.5
    yield (metric.recall.by("country") >= 0.5).policy(min_support=10_000)
    yield metric.psi("p", reference=orders) <= 0.01
"""
    )
    result = run(project)
    gates = evidence_of(project)["checks"][0]["gates"]
    assert [part["slice"]["country"] for part in gates[0]["parts"]] != []
    assert gates[0]["verdict"] == "pass"
    assert gates[1]["verdict"] == "skipped"
    assert result.parseoutcomes()["skipped"] == 1


def test_evidence_names_everything_it_rests_on(checked: pytest.Pytester) -> None:
    run(checked)
    evidence = evidence_of(checked)
    (dataset,) = evidence["datasets"]
    assert dataset["columns"]["country"] == "String"
    assert len(dataset["fingerprint"]) == 64
    assert {model["role"] for model in evidence["models"]} == {"challenger", "champion"}
    assert evidence["environment"]["command"][:2] == ["pytest", "--aiqa"]
    gate = evidence["checks"][1]["gates"][3]
    assert gate["challenger"] - gate["champion"] == pytest.approx(gate["estimate"]["value"])


def test_the_same_data_and_seed_give_the_same_numbers(checked: pytest.Pytester) -> None:
    estimates = []
    for _ in range(2):
        run(checked)
        checks = evidence_of(checked)["checks"]
        estimates.append([gate["estimate"] for check in checks for gate in check["gates"]])
    assert estimates[0] == estimates[1]


def test_what_a_check_returns_is_refused(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks("@aiqa.check(scores, orders)\ndef forgot(data):\n    return metric.roc_auc >= 0.9999\n")
    result = run(project)
    assert verdicts_of(project) == {"forgot[forgot]": "error"}
    result.stdout.fnmatch_lines(["*forgot returns roc_auc >= 0.9999: a check yields its gates, or asserts*"])
    assert result.ret == 1


def test_a_strict_xfail_that_passes_fails(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks(
        """
@pytest.mark.xfail(strict=True, reason="known")
@aiqa.check(scores, orders)
def ranks():
    yield metric.roc_auc >= 0.5
    yield metric.roc_auc >= 0.9999
"""
    )
    result = run(project)
    result.assert_outcomes(failed=1, xfailed=1)
    assert result.ret == 1


def test_objects_that_claim_every_attribute_are_left_alone(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    write_checks(
        """
from unittest.mock import call
from polars import col

@aiqa.check(orders)
def good():
    yield expect.column_to_exist("id")
"""
    )
    run(project, "-W", "error").assert_outcomes(passed=1)


def test_a_check_in_a_class_is_not_lost(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks(
        """
class TestOrders:
    @aiqa.check(orders)
    def complete(self):
        yield expect.column_to_exist("nothing")
"""
    )
    result = run(project)
    result.stdout.fnmatch_lines(["*the check complete is in the class TestOrders*move it out*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_teardown_that_breaks_is_told(project: pytest.Pytester, write_checks: Checks) -> None:
    write_checks(
        """
@pytest.fixture(autouse=True)
def breaks():
    yield
    raise OSError("disk full")

@aiqa.check(scores, orders)
def close():
    yield metric.accuracy >= 0.895
"""
    )
    result = run(project)
    result.stdout.fnmatch_lines(["*disk full*"])
    assert result.parseoutcomes() == {"inconclusive": 1, "errors": 1}


RERUN = """
import pytest

class Again:
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        from _pytest.runner import runtestprotocol
        first = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in first:
            if report.failed:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        item._initrequest()
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            item.ihook.pytest_runtest_logreport(report=report)
        return True

def pytest_configure(config):
    config.pluginmanager.register(Again())
"""


def test_a_rerun_takes_the_place_of_what_it_runs_again(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    project.makeconftest(RERUN)
    write_checks(
        """
runs = []

def test_flaky(aiqa):
    runs.append(1)
    aiqa.log("runs", len(runs))
    aiqa.require(metric.accuracy >= 0.5, [0, 1] * 50, [0, len(runs) - 1] * 50)
"""
    )
    assert run(project).ret == 0
    evidence = evidence_of(project)
    assert [entry["value"] for entry in evidence["logged"]] == [2.0]
    assert [gate["verdict"] for check in evidence["checks"] for gate in check["gates"]] == ["pass"]


def test_the_body_of_a_check_runs_as_often_with_many_gates(
    project: pytest.Pytester, write_checks: Checks
) -> None:
    write_checks(
        """
@aiqa.check(orders)
def many():
    with open("runs.txt", "a") as file:
        file.write("run ")
    for low in range(20):
        yield expect.column_values_to_be_between("id", low - 20, 5000)
"""
    )
    run(project).assert_outcomes(passed=20)
    assert len((project.path / "runs.txt").read_text().split()) == 2
