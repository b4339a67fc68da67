"""The ledger counts decisions, each once, whatever happens to its file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiqa.config import Config, HoldoutSettings
from aiqa.errors import EvidenceError
from aiqa.evidence.ledger import Decision, Ledger, count, decisions_of, ledger_file
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import DatasetRecord, GateRecord, ModelRecord
from aiqa.verdict import Verdict
from tests.evidence.factories import a_check, a_gate, compared_gate, expectation_gate, failing_gate


def a_decision(model: str = "m1", **changes: Any) -> Decision:
    told: dict[str, Any] = {
        "holdout": "d1",
        "dataset": "orders",
        "model": model,
        "name": "fraud",
        "gates": {"ranks[roc_auc]": "aa"},
        "passed": True,
        "run": "r1",
        "at": "2026-11-23T10:00:00+00:00",
    }
    return Decision(**told | changes)


def uses(ledger: Ledger) -> int:
    return sum(len(holdout.uses) for holdout in ledger.holdouts())


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "kept" / "holdouts.jsonl")


def test_the_same_decision_again_is_no_use(ledger: Ledger) -> None:
    for run in ("r1", "r2", "r3"):
        ledger.add([a_decision(run=run)])
    assert uses(ledger) == 1
    assert len(ledger.file.read_text().splitlines()) == 1
    assert ledger.holdouts()[0].uses[0].run == "r1"


def test_another_model_is_a_use(ledger: Ledger) -> None:
    ledger.add([a_decision("m1"), a_decision("m2")])
    ledger.add([a_decision("m1", holdout="d2")])
    assert [len(holdout.uses) for holdout in ledger.holdouts()] == [2, 1]


def test_a_gate_that_claims_something_else_is_a_use_and_a_further_gate_is_none(ledger: Ledger) -> None:
    ledger.add([a_decision(gates={"a": "1", "b": "1"})])
    ledger.add([a_decision(gates={"a": "1"})])
    ledger.add([a_decision(gates={"c": "1"})])
    assert uses(ledger) == 1
    ledger.add([a_decision(gates={"a": "2"})])
    assert uses(ledger) == 2
    ledger.add([a_decision(gates={"c": "1", "b": "1"})])
    assert uses(ledger) == 2
    assert Ledger(ledger.file).holdouts() == ledger.holdouts()


def test_the_first_pass_is_known(ledger: Ledger) -> None:
    ledger.add([a_decision("m1", passed=False), a_decision("m2"), a_decision("m3")])
    assert ledger.holdouts()[0].first_pass == 2


def test_a_line_cut_short_costs_itself_alone(ledger: Ledger) -> None:
    ledger.add([a_decision("m1")])
    with ledger.file.open("a") as stream:
        stream.write('{"holdout": "d1", "data')
    ledger.add([a_decision("m2")])
    assert uses(ledger) == 2
    assert ledger.damaged == 1


@pytest.mark.parametrize("line", ["[]", "3", "{}", '{"holdout": 3}', "\x00\x01", json.dumps({"gates": []})])
def test_lines_of_others_are_counted_and_left_out(ledger: Ledger, line: str) -> None:
    ledger.add([a_decision("m1")])
    with ledger.file.open("a") as stream:
        stream.write(line + "\n")
    assert uses(ledger) == 1
    assert ledger.damaged == 1


def test_branches_merged_line_by_line_count_each_decision_once(ledger: Ledger, tmp_path: Path) -> None:
    other = Ledger(tmp_path / "other.jsonl")
    ledger.add([a_decision("m1"), a_decision("m2")])
    other.add([a_decision("m2"), a_decision("m3")])
    merged = Ledger(tmp_path / "merged.jsonl")
    merged.file.write_text(other.file.read_text() + ledger.file.read_text())
    assert uses(merged) == 3


def test_many_processes_lose_nothing(ledger: Ledger) -> None:
    code = (
        "import sys; from pathlib import Path; from aiqa.evidence.ledger import Decision, Ledger\n"
        "for turn in range(20):\n"
        "    Ledger(Path(sys.argv[1])).add(Decision('d', 'orders', model, 'f', {'g': '1'}, True, 'r', 't')\n"
        "        for model in (f'm{sys.argv[2]}-{turn}', 'shared'))"
    )
    jobs = [subprocess.Popen([sys.executable, "-c", code, str(ledger.file), str(job)]) for job in range(3)]
    assert [job.wait(60) for job in jobs] == [0, 0, 0]
    assert uses(ledger) == 61
    assert ledger.damaged == 0


def test_a_ledger_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(EvidenceError, match="cannot be"):
        Ledger(tmp_path / "taken" / "holdouts.jsonl").add([a_decision()])
    with pytest.raises(EvidenceError, match="cannot be read"):
        Ledger(tmp_path).holdouts()


def an_outcome(gate: GateRecord, model: str | None = "m1", **changes: Any) -> Outcome:
    told = {"name": "fraud", "role": "challenger", "source": "models:/fraud/3", "task": "binary"}
    fields: dict[str, Any] = {
        "check": a_check(),
        "gate": gate,
        "datasets": (DatasetRecord(name="orders", source="orders.parquet", fingerprint="d1"),),
        "models": (ModelRecord.model_validate({**told, "fingerprint": model}),),
    }
    return Outcome(**fields | changes)


def test_what_a_run_decides_about_a_model_is_one_decision() -> None:
    gates = a_gate(), failing_gate(id="recall"), a_gate(id="brier", verdict=Verdict.INCONCLUSIVE)
    (decision,) = decisions_of([an_outcome(gate) for gate in gates], "r1", "now")
    assert decision.gates.keys() == {"fraud_ranks_first[roc_auc]", "fraud_ranks_first[recall]"}
    assert not decision.passed
    assert (decision.holdout, decision.model, decision.run) == ("d1", "m1", "r1")


@pytest.mark.parametrize(
    "outcome",
    [
        an_outcome(expectation_gate()),
        an_outcome(a_gate(declaration={"claim": {"name": "psi"}})),
        an_outcome(a_gate(verdict=Verdict.INCONCLUSIVE)),
        an_outcome(a_gate(verdict=Verdict.ERROR)),
        an_outcome(a_gate(), models=()),
        an_outcome(a_gate(), datasets=()),
        an_outcome(a_gate(), datasets=(DatasetRecord(name="orders", source="orders.parquet"),)),
    ],
)
def test_data_without_a_verdict_on_a_model_do_not_wear(outcome: Outcome) -> None:
    assert not decisions_of([outcome], "r1", "now")


def test_a_model_without_a_fingerprint_is_known_by_its_address() -> None:
    (decision,) = decisions_of([an_outcome(a_gate(), None)], "r1", "now")
    assert decision.model == "fraud from models:/fraud/3"


def test_against_another_champion_it_is_another_claim() -> None:
    def against(champion: str) -> Decision:
        outcome = an_outcome(compared_gate(verdict=Verdict.PASS))
        other = ModelRecord(name="fraud", role="champion", source="x", task="binary", fingerprint=champion)
        (decision,) = decisions_of(
            [outcome.model_copy(update={"models": (*outcome.models, other)})], "r", "t"
        )
        return decision

    assert against("c1").gates != against("c2").gates
    assert against("c1").gates == against("c1").gates


def counted(file: Path, model: str, **settings: Any) -> Any:
    (record,) = count(
        [an_outcome(a_gate(), model)],
        file,
        HoldoutSettings(**settings),
        0.95,
        run_id=f"r-{model}",
        started="now",
    )
    return record


def test_a_run_is_told_which_use_it_was(tmp_path: Path) -> None:
    file = tmp_path / "holdouts.jsonl"
    first = counted(file, "m1", budget=2)
    assert (first.use, first.uses, first.left, first.message) == (1, 1, 1, None)
    spent = counted(file, "m2", budget=2)
    assert (spent.use, spent.left, spent.blocks) == (2, 0, False)
    assert "fresh rows" in spent.message
    beyond = counted(file, "m3", budget=2, when_spent="block")
    assert (beyond.use, beyond.blocks) == (3, True)
    again = counted(file, "m1", budget=2, when_spent="block")
    assert (again.use, again.uses, again.blocks) == (1, 3, False)


def test_a_broken_ledger_changes_no_verdict_but_is_told(tmp_path: Path) -> None:
    record = counted(tmp_path, "m1", when_spent="block")
    assert (record.uses, record.blocks, record.message) == (None, False, None)
    assert "this use was not counted" in record.problem


def test_the_ledger_lies_with_the_evidence_or_where_one_says(tmp_path: Path) -> None:
    assert ledger_file(tmp_path, Config()) == tmp_path / ".aiqa" / "holdouts.jsonl"
    told = Config(holdout=HoldoutSettings(ledger="checks/holdouts.jsonl"))
    assert ledger_file(tmp_path, told) == tmp_path / "checks" / "holdouts.jsonl"
