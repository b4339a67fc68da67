"""Every habit of pytest's users works on checks."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.pytest_driver.conftest import evidence_of, verdicts_of

NODES = [
    "checks/check_orders.py::complete[column_values_to_not_be_null-id]",
    "checks/check_orders.py::ranks_first[roc_auc]",
    "checks/check_orders.py::ranks_first[roc_auc-2]",
    "checks/check_orders.py::ranks_first[accuracy]",
    "checks/check_orders.py::ranks_first[roc_auc-no_worse_than-champion]",
    "checks/check_orders.py::sane",
]


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("--aiqa", *arguments)


def test_a_run_counts_every_verdict_and_fails_for_the_blocking_one(checked: pytest.Pytester) -> None:
    result = run(checked)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.re_match_lines([r"=+ 1 failed, 4 passed, 1 inconclusive in .*"])
    assert verdicts_of(checked) == {
        "complete[column_values_to_not_be_null-id]": "pass",
        "ranks_first[roc_auc]": "pass",
        "ranks_first[roc_auc-2]": "fail",
        "ranks_first[accuracy]": "inconclusive",
        "ranks_first[roc_auc-no_worse_than-champion]": "pass",
        "sane[sane]": "pass",
    }


def test_without_aiqa_nothing_is_collected(checked: pytest.Pytester) -> None:
    assert checked.runpytest_subprocess().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not (checked.path / ".aiqa").exists()


def test_the_plugin_can_be_left_out(checked: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")
    result = checked.runpytest_subprocess("-p", "no:aiqa", "-p", "no:randomly")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    refused = checked.runpytest_subprocess("-p", "no:aiqa", "--aiqa")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR


def test_collect_only_lists_gates_without_reading_data(checked: pytest.Pytester) -> None:
    (checked.path / "orders.parquet").unlink()
    result = run(checked, "--co", "-q")
    assert result.ret == pytest.ExitCode.OK
    assert [line for line in result.outlines if "::" in line] == NODES
    assert not (checked.path / ".aiqa").exists()


@pytest.mark.parametrize(
    ("arguments", "nodes"),
    [
        (("-k", "ranks_first"), NODES[1:5]),
        (("-k", "champion"), NODES[4:5]),
        (("-k", "ranks_first and not roc_auc"), NODES[3:4]),
        (("-k", "not ranks_first"), [NODES[0], NODES[5]]),
        ((NODES[1],), NODES[1:2]),
        (("checks/check_orders.py::ranks_first",), NODES[1:5]),
        (("checks",), NODES),
    ],
)
def test_selection(checked: pytest.Pytester, arguments: tuple[str, ...], nodes: list[str]) -> None:
    result = run(checked, "--co", "-q", *arguments)
    assert [line for line in result.outlines if "::" in line] == nodes


def test_k_sees_no_attribute_of_ours(checked: pytest.Pytester) -> None:
    assert run(checked, "--co", "-q", "-k", "aiqa").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_marks_select_and_skip(project: pytest.Pytester, write_checks: object) -> None:
    write_checks(  # type: ignore[operator]
        """
@pytest.mark.slow
@aiqa.check(orders)
def slow():
    yield expect.column_to_exist("id")

@pytest.mark.skip(reason="not today")
@aiqa.check(orders)
def skipped():
    yield expect.column_to_exist("id")

@pytest.mark.xfail(reason="known")
@aiqa.check(orders)
def known():
    yield expect.column_to_exist("nothing")
"""
    )
    project.makepyprojecttoml('[tool.pytest.ini_options]\nmarkers = ["slow"]\n[tool.aiqa]\n')
    assert run(project, "-m", "slow").parseoutcomes() == {"passed": 1, "deselected": 2}
    result = run(project)
    assert result.ret == pytest.ExitCode.OK
    assert result.parseoutcomes() == {"passed": 1, "skipped": 1, "xfailed": 1}
    verdicts = verdicts_of(project)
    assert verdicts["skipped[column_to_exist-id]"] == "skipped"
    assert verdicts["known[column_to_exist-nothing]"] == "fail"


def test_stop_at_the_first_failure(checked: pytest.Pytester) -> None:
    result = run(checked, "-x")
    assert result.parseoutcomes() == {"passed": 2, "failed": 1}
    assert evidence_of(checked)["verdict"] == "fail"


def test_maxfail(checked: pytest.Pytester) -> None:
    assert run(checked, "--maxfail=1").parseoutcomes() == {"passed": 2, "failed": 1}


def test_last_failed_runs_only_what_failed(project: pytest.Pytester, checked: pytest.Pytester) -> None:
    run(checked)
    again = run(checked, "--lf")
    assert again.parseoutcomes() == {"failed": 1}
    first = run(checked, "--ff", "-v")
    assert "roc_auc-2" in next(line for line in first.outlines if "check_orders.py::" in line)


def test_last_failed_survives_a_new_threshold(checked: pytest.Pytester) -> None:
    run(checked)
    file = checked.path / "checks" / "check_orders.py"
    file.write_text(file.read_text().replace("0.999", "0.72"))
    assert run(checked, "--lf").parseoutcomes() == {"passed": 1}


def test_verbose_names_each_verdict(checked: pytest.Pytester) -> None:
    result = run(checked, "-v")
    result.stdout.fnmatch_lines(
        [
            f"{glob(NODES[1])} PASSED*",
            f"{glob(NODES[2])} FAILED*",
            f"{glob(NODES[3])} INCONCLUSIVE*",
        ]
    )


def glob(node: str) -> str:
    return node.replace("[", "[[]")


def test_quiet_shows_letters(checked: pytest.Pytester) -> None:
    result = run(checked, "-q")
    result.stdout.re_match_lines([r"\.\.F\?\.\. .*"])


def test_durations(checked: pytest.Pytester) -> None:
    result = run(checked, "--durations=3", "-vv")
    result.stdout.fnmatch_lines(["*slowest 3 durations*"])


def test_junit_carries_the_numbers(checked: pytest.Pytester) -> None:
    run(checked, "--junitxml=junit.xml")
    root = ET.parse(checked.path / "junit.xml").getroot()
    cases = {case.get("name"): case for case in root.iter("testcase")}
    failed = cases["ranks_first[roc_auc-2]"]
    failure = failed.find("failure")
    assert failure is not None
    assert "n 2,000: roc_auc >= 0.999 fails" in (failure.get("message") or "")
    properties = {p.get("name"): p.get("value") for p in failed.iter("property")}
    assert properties["aiqa.verdict"] == "fail"
    assert properties["aiqa.owner"] == "@ds-fraud"
    assert float(properties["aiqa.low"] or 0) < float(properties["aiqa.value"] or 0) < 0.999
    inconclusive = {p.get("name"): p.get("value") for p in cases["ranks_first[accuracy]"].iter("property")}
    assert inconclusive["aiqa.verdict"] == "inconclusive"


@pytest.mark.parametrize("dist", [("-n", "2"), ("-n", "2", "--dist=loadfile"), ("-n", "auto")])
def test_xdist_gives_the_same_evidence_in_the_same_order(
    checked: pytest.Pytester, dist: tuple[str, ...]
) -> None:
    run(checked)
    alone = evidence_of(checked)
    result = run(checked, *dist)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes() == {"failed": 1, "passed": 4, "inconclusive": 1}
    together = evidence_of(checked)
    for evidence in (alone, together):
        for check in evidence["checks"]:
            for gate in check["gates"]:
                del gate["seconds"]
    assert together["checks"] == alone["checks"]
    assert together["datasets"] == alone["datasets"]
    assert together["models"] == alone["models"]
    assert not (checked.path / ".aiqa" / "shared").exists()


def test_a_worker_that_dies_is_an_error_not_a_silence(project: pytest.Pytester, write_checks: object) -> None:
    write_checks(  # type: ignore[operator]
        """
@aiqa.check(orders)
def fine():
    yield expect.column_to_exist("id")

@aiqa.check(orders)
def deadly():
    import os
    os._exit(3)
"""
    )
    file = project.path / "checks" / "check_orders.py"
    file.write_text(file.read_text().replace("def deadly():", "def deadly(data):"))
    result = run(project, "-n", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    verdicts = verdicts_of(project)
    assert verdicts["fine[column_to_exist-id]"] == "pass"
    assert verdicts["deadly[deadly]"] == "error"


@pytest.mark.parametrize(
    ("option", "checks"),
    [
        ("--aiqa=smoke", {"complete"}),
        ("--aiqa=pr", {"complete", "ranks_first"}),
        ("--aiqa=full", {"complete", "ranks_first", "sane"}),
    ],
)
def test_a_tier_runs_itself_and_the_cheaper_ones(
    checked: pytest.Pytester, option: str, checks: set[str]
) -> None:
    checked.runpytest_subprocess(option)
    assert {name.partition("[")[0] for name in verdicts_of(checked)} == checks
    assert evidence_of(checked)["tier"] == option.partition("=")[2]


def test_an_unknown_tier_is_refused(checked: pytest.Pytester) -> None:
    assert checked.runpytest_subprocess("--aiqa=nightly").ret == pytest.ExitCode.USAGE_ERROR


def test_the_path_after_aiqa_is_a_path(checked: pytest.Pytester) -> None:
    result = checked.runpytest_subprocess("--aiqa", "checks/check_orders.py", "--co", "-q")
    assert [line for line in result.outlines if "::" in line] == NODES


def test_evidence_goes_where_it_is_told(checked: pytest.Pytester) -> None:
    run(checked, "--aiqa-out", "elsewhere")
    assert evidence_of(checked, "elsewhere")["verdict"] == "fail"
    assert not (checked.path / ".aiqa").exists()


def test_another_model_is_checked_by_its_address(
    checked: pytest.Pytester, write_checks: object, tmp_path: Path
) -> None:
    result = run(checked, "--aiqa-model", "scores=missing.skops")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert {v for name, v in verdicts_of(checked).items() if "ranks_first" in name} == {"error"}
    assert verdicts_of(checked)["complete[column_values_to_not_be_null-id]"] == "pass"
    again = f"pytest --aiqa --aiqa-model scores=missing.skops '{NODES[1]}'"
    assert again in " ".join(result.stdout.str().split())
    assert evidence_of(checked)["checks"][1]["gates"][0]["rerun"] == again


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("scoers=m.skops", "no check has such a model; did you mean 'scores'"),
        ("scores=m.pkl", "is a pickle"),
        ("nonsense", "not the address of a model"),
    ],
)
def test_a_wrong_model_is_refused_at_once(checked: pytest.Pytester, value: str, message: str) -> None:
    result = run(checked, "--aiqa-model", value)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str() + result.stdout.str()


def test_a_wrong_model_under_xdist_is_every_gates_error(checked: pytest.Pytester) -> None:
    result = run(checked, "--aiqa-model", "scoers=m.skops", "-n", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str()
    assert {v for name, v in verdicts_of(checked).items() if "sane" not in name} == {"error"}
    assert "did you mean 'scores'" in result.stdout.str()


def test_nothing_is_published_when_told_so(checked: pytest.Pytester) -> None:
    checked.makepyprojecttoml("[tool.aiqa]\n[tool.aiqa.datadog]\n")
    run(checked, "--aiqa-no-publish")
    assert not list(checked.path.rglob("datadog.jsonl"))
    run(checked)
    assert len(list(checked.path.rglob("datadog.jsonl"))) == 1
