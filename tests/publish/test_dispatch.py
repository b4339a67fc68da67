from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pytest

from aiqa.publish import Outbox, publish, push
from aiqa.publish.sink import UndeliverableError
from tests.publish.factories import Recorder, as_sink, stored


def test_every_sink_gets_the_run_and_says_where_it_went(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    sinks = [as_sink(Recorder("report")), as_sink(Recorder("mlflow"))]
    deliveries = publish(evidence, folder, sinks, Outbox(tmp_path))
    assert [(d.sink, d.sent, d.where) for d in deliveries] == [
        ("report", True, f"report: {evidence.run_id}"),
        ("mlflow", True, f"mlflow: {evidence.run_id}"),
    ]
    assert Outbox(tmp_path).waiting() == []


@pytest.mark.parametrize(
    "error", [OSError("refused"), KeyError("x"), RecursionError("deep"), AssertionError()]
)
def test_a_sink_that_raises_keeps_no_other_from_sending_and_waits(tmp_path: Path, error: Exception) -> None:
    evidence, folder = stored(tmp_path)
    after = Recorder("after")
    deliveries = publish(evidence, folder, [Recorder("broken", error), after], Outbox(tmp_path))
    assert [(d.sink, d.sent, d.waits) for d in deliveries] == [
        ("broken", False, True),
        ("after", True, False),
    ]
    assert after.got == [evidence.run_id]
    assert [(e.run_id, e.sink) for e in Outbox(tmp_path).waiting()] == [(evidence.run_id, "broken")]


def test_an_interrupt_is_not_swallowed(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        publish(evidence, folder, [Recorder(error=KeyboardInterrupt())], Outbox(tmp_path))


def test_what_can_never_be_sent_does_not_wait(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    outbox = Outbox(tmp_path)
    outbox.put(evidence.run_id, "datadog", "refused")
    too_old = Recorder("datadog", UndeliverableError("too old"))
    (delivery,) = publish(evidence, folder, [too_old], outbox)
    assert (delivery.sent, delivery.waits, delivery.problem) == (False, False, "too old")
    assert outbox.waiting() == []


def test_a_problem_is_one_bounded_line_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    evidence, folder = stored(tmp_path)
    text = "GET https://ann:s3cret@host/x\n\x1b[31mkey 0123456789abcdef\r\npassword was hunter2 " + "x" * 1000
    (delivery,) = publish(evidence, folder, [Recorder(error=OSError(text))], Outbox(tmp_path))
    assert delivery.problem is not None
    assert len(delivery.problem) == 300
    assert delivery.problem.isprintable()
    for secret in ("s3cret", "0123456789abcdef", "hunter2"):
        assert secret not in delivery.problem
        assert secret not in Outbox(tmp_path).waiting()[0].problem


def test_credentials_in_the_place_are_masked(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    (delivery,) = publish(evidence, folder, [Recorder("https://ann:s3cret@host")], Outbox(tmp_path))
    assert delivery.where == f"https://***@host: {evidence.run_id}"


def test_an_error_without_words_is_named(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    (delivery,) = publish(evidence, folder, [Recorder(error=ZeroDivisionError())], Outbox(tmp_path))
    assert delivery.problem == "ZeroDivisionError"


def test_a_broken_outbox_is_reported_and_ends_nothing(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    outbox = Outbox(tmp_path)
    outbox.file.write_bytes(b"no database" * 100)
    first, second = publish(evidence, folder, [Recorder("a", OSError("refused")), Recorder("b")], outbox)
    assert first.problem is not None
    assert first.problem.startswith("refused; ")
    assert "the outbox cannot be used" in first.problem
    assert not first.waits
    assert second.sent


def test_push_sends_what_waits_and_clears_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    evidence, folder = stored(tmp_path)
    publish(evidence, folder, [Recorder("mlflow", OSError("refused"))], outbox)
    mended = Recorder("mlflow")
    (delivery,) = push([mended], outbox)
    assert (delivery.sent, delivery.run_id) == (True, evidence.run_id)
    assert mended.got == [evidence.run_id]
    assert push([mended], outbox) == []


def test_push_tries_a_sink_that_is_down_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    for _ in range(3):
        evidence, folder = stored(tmp_path)
        publish(evidence, folder, [Recorder("mlflow", OSError("refused")), Recorder("x", OSError())], outbox)
    down, up = Recorder("mlflow", OSError("still refused")), Recorder("x")
    deliveries = push([down, up], outbox)
    assert len(down.got) == 1
    assert len(up.got) == 3
    left = [d.problem for d in deliveries if not d.sent]
    assert left == ["still refused", *["not tried: mlflow failed just before"] * 2]
    assert {entry.sink for entry in outbox.waiting()} == {"mlflow"}


def test_push_leaves_what_no_sink_here_takes(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    evidence, folder = stored(tmp_path)
    publish(evidence, folder, [Recorder("mlflow", OSError("refused"))], outbox)
    (delivery,) = push([], outbox)
    assert delivery.problem == "not tried: mlflow is not turned on here"
    assert delivery.waits
    assert len(outbox.waiting()) == 1


def test_push_gives_up_a_run_whose_evidence_is_gone(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    evidence, folder = stored(tmp_path)
    publish(evidence, folder, [Recorder("mlflow", OSError("refused"))], outbox)
    rmtree(folder)
    (delivery,) = push([Recorder("mlflow")], outbox)
    assert delivery.problem is not None
    assert delivery.problem.startswith("given up: ")
    assert outbox.waiting() == []


def test_push_leaves_alone_what_another_process_is_sending(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    evidence, folder = stored(tmp_path)
    publish(evidence, folder, [Recorder("mlflow", OSError("refused"))], outbox)
    outbox.claim(outbox.waiting()[0])
    mended = Recorder("mlflow")
    assert push([mended], outbox) == []
    assert mended.got == []
