from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from aiqa.evidence.record import Evidence
from aiqa.publish.sink import Delivery
from aiqa.publish.terminal import failure_text, render
from aiqa.verdict import Verdict
from tests.evidence.factories import (
    a_check,
    a_gate,
    a_mixed_run,
    a_run,
    broken_gate,
    compared_gate,
    failing_gate,
    skipped_gate,
    sliced_gate,
)
from tests.publish.hostile import a_hostile_run


def shown(
    evidence: Evidence, *deliveries: Delivery, width: int = 80, colour: bool = False, **told: Any
) -> str:
    lines: list[str] = []

    def write(line: str, style: tuple[str, ...]) -> None:
        lines.append(f"<{' '.join(style)}>{line}" if colour and style else line)

    render(evidence, deliveries, write, width=width, **told)
    return "".join(line + "\n" for line in lines)


def words_of(text: str) -> str:
    return " ".join(text.split())


def test_each_check_has_its_sentence_owner_and_gates() -> None:
    text = shown(a_mixed_run())
    assert text.startswith(
        "fraud_ranks_first (@ds-fraud)\n"
        "  Most of the orders that we have time to review are fraud, in every country.\n"
        "  PASS          roc_auc >= 0.92: 0.9412 [0.921, 0.957], n 569\n"
        "  FAIL          roc_auc >= 0.92: 0.872 [0.841, 0.899], n 569\n"
    )
    assert "  SKIPPED       brier <= 0.1\n    because     tier full is not run by pr\n" in text


def test_a_failure_is_explained_and_a_pass_is_not() -> None:
    text = words_of(shown(a_run(a_check(failing_gate(), a_gate(reason="fine")), verdict=Verdict.FAIL)))
    assert "it means The model is worse than promised on this data: do not promote it." in text
    assert "call @ds-fraud claimed in checks/check_fraud.py:12 run again pytest --aiqa" in text
    assert "fine" not in text


def test_the_last_lines_say_what_stops_the_run_and_where_things_are() -> None:
    text = shown(
        a_run(a_check(failing_gate(), compared_gate()), verdict=Verdict.FAIL),
        Delivery("mlflow", sent=True, where="http://mlflow/#/1"),
        Delivery("datadog", sent=False, problem="connection refused", waits=True),
        folder=Path(".aiqa/runs/x"),
    )
    assert text.endswith(
        "\n"
        "FAIL  2 gates of 1 check: 1 fail, 1 inconclusive, in 3.2 s\n"
        "  fraud_ranks_first: roc_auc >= 0.92 fails: 0.872 [0.841, 0.899], n 569; call\n"
        "  @ds-fraud\n"
        "evidence  .aiqa/runs/x/evidence.json\n"
        "sent      mlflow: http://mlflow/#/1\n"
        "not sent  datadog: connection refused\n"
        "          no verdict depends on it; once the other end answers, `aiqa push`\n"
        "          sends it\n"
    )


def test_what_will_never_be_sent_is_not_promised() -> None:
    text = shown(a_run(), Delivery("github", sent=False, problem="the step summary is full"))
    assert "not sent  github: the step summary is full\n" in text
    assert "aiqa push" not in text


def test_warnings_of_a_run_that_passes_are_named_at_the_end() -> None:
    closing = shown(a_run(a_check(a_gate(), compared_gate()))).partition("PASS  2 gates")[2]
    assert "roc_auc no worse than the champion by more than 0.005 is inconclusive" in words_of(closing)


def test_many_failures_are_counted() -> None:
    gates = [failing_gate(id=str(index)) for index in range(12)]
    assert "\n  and 7 more\n" in shown(a_run(a_check(*gates), verdict=Verdict.FAIL))


def test_a_run_that_decided_nothing_says_so() -> None:
    text = words_of(shown(a_run(a_check(skipped_gate()), verdict=Verdict.ERROR)))
    assert "ERROR 1 gate of 1 check: 1 skipped, nothing was decided, so nothing is proven" in text


def test_quiet_shows_only_what_needs_attention() -> None:
    text = shown(a_run(a_check(a_gate()), a_check(broken_gate(), skipped_gate(), name="other")), verbosity=-1)
    assert "fraud_ranks_first" not in text
    assert "ERROR         average_precision" in text
    assert "SKIPPED" not in text
    assert "2 checks: 1 pass" in text


def test_slices_come_worst_first_and_all_of_them_if_asked() -> None:
    evidence = a_run(a_check(sliced_gate(19)), verdict=Verdict.FAIL)
    text, verbose = shown(evidence), shown(evidence, verbosity=1)
    assert text.index("country=C0 fails") < text.index("country=C1 fails") < text.index("and 17 more")
    assert "C2 " not in text
    assert "country=C18 passes" in verbose


@pytest.mark.parametrize("width", [50, 80, 120])
def test_nothing_is_cut_and_lines_fit(width: int) -> None:
    gates = failing_gate(rerun=None), compared_gate(), broken_gate()
    text = shown(a_run(a_check(*gates), verdict=Verdict.FAIL), width=width)
    assert max(map(len, text.splitlines())) <= width
    for gate in gates:
        assert gate.reason in words_of(text)
        assert str(gate.advice) in words_of(text)


def test_colours_change_nothing_but_colours() -> None:
    coloured = shown(a_mixed_run(), colour=True)
    assert "<bold red>  FAIL" in coloured
    assert re.sub("^<[a-z ]+>", "", coloured, flags=re.MULTILINE) == shown(a_mixed_run())


def test_text_of_users_commands_nothing() -> None:
    text = shown(a_hostile_run(), Delivery("x\x1b[2J", sent=False, problem="a\nb ::error::c"), verbosity=1)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert not any(line.lstrip().startswith(("::", "##[")) for line in text.splitlines())
    assert "[bold red]x[/]" in words_of(text)


def test_secrets_in_addresses_are_not_shown() -> None:
    text = shown(a_run(), Delivery("mlflow", sent=True, where="https://ann:hunter2@mlflow/x"))
    assert "hunter2" not in text
    assert "https://***@mlflow/x" in text


def test_the_text_of_one_failure() -> None:
    assert failure_text(a_check(), sliced_gate()) == (
        "worst of 7 slices, country=C0: 0.3 [0.2, 0.4], n 100:\n"
        "  recall.at(fpr=0.01).by('country') >= 0.5 fails\n"
        "  claim       Most of the orders that we have time to review are fraud, in every\n"
        "              country.\n"
        "  because     7 slices: 2 fail, 5 pass; worst country=C0 at 0.3\n"
        "  slices      country=C0 fails: 0.3 [0.2, 0.4], n 100\n"
        "              country=C1 fails: 0.35 [0.25, 0.45], n 101\n"
        "              and 5 more pass\n"
        "  it means    Look at country C0 first.\n"
        "  call        @ds-fraud\n"
        "  claimed in  checks/check_fraud.py:12"
    )
    assert "claim  " not in failure_text(a_check(doc=""), failing_gate())


def test_one_cause_of_many_errors_is_explained_once() -> None:
    gates = [broken_gate(id=f"g{number}", node=f"n{number}") for number in range(3)]
    text = words_of(shown(a_run(a_check(*gates), verdict=Verdict.ERROR)))
    assert text.count("it means") == 1
    assert text.count(words_of(gates[0].reason)) >= 3
