from __future__ import annotations

import io
import re
import sys
from html import unescape
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from aiqa.publish.github import (
    ANNOTATIONS,
    COMMENT_LIMIT,
    SUMMARY_LIMIT,
    GithubSink,
    markdown,
    workflow_commands,
)
from aiqa.publish.sink import UndeliverableError
from aiqa.publish.words import plain
from tests.evidence.factories import a_check, a_gate, a_mixed_run, a_run, compared_gate, failing_gate
from tests.publish.hostile import TEXT, a_hostile_run


def rendered(text: str) -> str:
    """Return the HTML that a CommonMark renderer with GitHub's tables makes of it."""
    return str(MarkdownIt("commonmark").enable("table").render(text))


def tables(text: str) -> list[list[list[str]]]:
    found = re.findall(r"<table>.*?</table>", rendered(text), re.DOTALL)
    return [[cells(row) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)] for table in found]


def cells(row: str) -> list[str]:
    inner = re.findall(r"<t[hd]>(.*?)</t[hd]>", row, re.DOTALL)
    return [unescape(re.sub(r"</?(?:code|strong)>|<!-- -->", "", cell)) for cell in inner]


def test_what_needs_attention_comes_first_and_the_rest_is_folded() -> None:
    text = markdown(a_mixed_run())
    worst, every = tables(text)
    assert text.index("ERROR") < text.index("<details>") < text.index("PASS")
    assert [row[0] for row in worst] == ["verdict", "ERROR", "FAIL", "FAIL", "FAIL", "INCONCLUSIVE"]
    assert worst[2] == [
        "FAIL",
        "fraud_ranks_first",
        "roc_auc >= 0.92",
        "0.872 [0.841, 0.899], n 569",
        "with 95% confidence it is at most 0.899, and >= 0.92 is required<br>"
        "The model is worse than promised on this data: do not promote it.",
        "@ds-fraud",
    ]
    assert len(every) == 1 + 7
    assert every[1] == [
        "PASS",
        "fraud_ranks_first",
        "roc_auc >= 0.92",
        "0.9412 [0.921, 0.957], n 569",
        ">= 0.92",
    ]


def test_only_what_stops_the_run_is_bold() -> None:
    assert "| **FAIL** |" in markdown(a_run(a_check(failing_gate())))
    assert "**" not in markdown(a_run(a_check(failing_gate(blocks=False, severity="warn"))))


def test_a_run_that_passes_has_one_table() -> None:
    text = markdown(a_run(a_check(a_gate())))
    assert "## aiqa: PASS (payments)" in text
    assert len(tables(text)) == 1


def test_text_of_users_stays_text_in_its_cell() -> None:
    text = markdown(a_hostile_run())
    page = rendered(text)
    assert not re.search(r"<(script|img|a|em)\b", page)
    worst, every = tables(text)
    assert {len(row) for row in worst} == {6}
    assert {len(row) for row in every} == {5}
    assert worst[1][1] == plain(TEXT, 500)
    assert "<!-- --> -->" in worst[1][1]


def test_nobody_is_called_from_prose() -> None:
    text = markdown(a_run(a_check(failing_gate(reason="ask @everyone"))))
    assert "@everyone" not in text
    assert "ask @<!-- -->everyone" in text


@pytest.mark.parametrize("limit", [SUMMARY_LIMIT, COMMENT_LIMIT])
def test_it_never_outgrows_its_bound(limit: int) -> None:
    check = a_check(*[failing_gate(id=str(index), reason="<ü漢" * 500) for index in range(3000)])
    text = markdown(a_run(check), limit)
    assert 0.9 * limit < len(text.encode()) <= limit
    kept = len(tables(text)[0]) - 1
    assert f"and {3000 - kept:,} more in the evidence" in text
    assert text.count("<details>") == text.count("</details>") == 1


def test_the_sink_appends_once(tmp_path: Path) -> None:
    summary, stream = tmp_path / "summary.md", io.StringIO()
    summary.write_text("before\n")
    sink = GithubSink(summary, stream)
    assert sink.send(a_mixed_run(), tmp_path) == "the step summary"
    once = summary.read_text(), stream.getvalue()
    sink.send(a_mixed_run(), tmp_path)
    assert (summary.read_text(), stream.getvalue()) == once
    assert once[0] == "before\n" + markdown(a_mixed_run())
    sink.send(a_mixed_run(run_id="another"), tmp_path)
    assert summary.read_text().count("## aiqa: FAIL") == 2


def test_annotations_are_printed_where_the_runner_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.stdout.write("...F  [100%]")
    GithubSink(tmp_path / "summary.md").send(a_mixed_run(), tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("::error file=checks/check_fraud.py,line=") for line in lines) == 3


def test_a_full_summary_is_not_tried_again(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_bytes(b"x" * (SUMMARY_LIMIT - 100))
    with pytest.raises(UndeliverableError, match="full"):
        GithubSink(summary).send(a_mixed_run(), tmp_path)
    assert summary.stat().st_size == SUMMARY_LIMIT - 100


def test_a_summary_that_is_gone_is_not_tried_again(tmp_path: Path) -> None:
    with pytest.raises(UndeliverableError, match="cannot be written: No such file"):
        GithubSink(tmp_path / "gone" / "summary.md").send(a_mixed_run(), tmp_path)


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does: properties first, then the message, then unescape."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match is not None
    properties = dict(item.split("=", 1) for item in match[2].split(","))
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        properties = {key: value.replace(code, character) for key, value in properties.items()}
    message = match[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return match[1], properties, message


def test_an_annotation_says_what_failed_and_where() -> None:
    level, properties, message = parsed(next(workflow_commands(a_run(a_check(failing_gate())))))
    assert level == "error"
    assert properties == {"file": "checks/check_fraud.py", "line": "12", "title": "fraud_ranks_first"}
    assert message.startswith("fraud_ranks_first: roc_auc >= 0.92 fails: 0.872 [0.841, 0.899], n 569\n")
    assert "with 95% confidence" in message


def test_what_only_warns_is_a_warning() -> None:
    assert parsed(next(workflow_commands(a_run(a_check(compared_gate())))))[0] == "warning"


def test_annotations_are_few_and_the_worst() -> None:
    gates = [compared_gate(id=str(index)) for index in range(20)]
    lines = list(workflow_commands(a_run(a_check(*gates, failing_gate()))))
    assert len(lines) == ANNOTATIONS
    assert lines[0].startswith("::error ")


def test_text_of_users_cannot_end_an_annotation() -> None:
    for line in workflow_commands(a_hostile_run()):
        level, properties, _ = parsed(line)
        assert level == "error"
        assert set(properties) == {"file", "line", "title"}
        assert properties["title"] == plain(TEXT)
        assert len(line.splitlines()) == 1


def test_files_are_named_from_the_top_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "models" / "fraud"
    project.mkdir(parents=True)
    monkeypatch.chdir(project)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    for file in ("checks/check_fraud.py", str(project / "checks/check_fraud.py")):
        line = next(workflow_commands(a_run(a_check(failing_gate(), file=file))))
        assert parsed(line)[1]["file"] == "models/fraud/checks/check_fraud.py"
