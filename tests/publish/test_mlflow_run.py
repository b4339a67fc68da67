from __future__ import annotations

import posixpath
import re

from hypothesis import example, given
from hypothesis import strategies as st

from aiqa import metric
from aiqa.evidence.record import CiRecord, DatasetRecord, Evidence, LoggedRecord, PartRecord
from aiqa.publish import mlflow_run
from aiqa.verdict import Verdict
from tests.evidence.factories import a_check, a_gate, a_mixed_run, a_run, an_estimate, sliced_gate
from tests.publish.hostile import a_hostile_run

# MLflow's own rule, as its validation states it.
ALLOWED = re.compile(r"^[/\w.\- :]*$")


def accepted_by_mlflow(key: str) -> bool:
    norm = posixpath.normpath(key)
    unique = norm == key and norm != "." and not norm.startswith(("..", "/"))
    return bool(ALLOWED.match(key)) and unique and len(key) <= 250


def values(evidence: Evidence) -> dict[str, float]:
    return {found.key: found.value for found in mlflow_run.metrics(evidence)}


def test_a_gate_becomes_its_value_and_its_bounds() -> None:
    assert values(a_run(a_check(a_gate()))) == {
        "aiqa/pass": 1,
        "aiqa/fail": 0,
        "aiqa/inconclusive": 0,
        "aiqa/error": 0,
        "aiqa/skipped": 0,
        "aiqa/seconds": 3.21,
        "fraud_ranks_first/roc_auc": 0.9412,
        "fraud_ranks_first/roc_auc/low": 0.921,
        "fraud_ranks_first/roc_auc/high": 0.957,
    }


def test_a_bound_that_does_not_exist_is_left_out() -> None:
    one_sided = a_gate(estimate=an_estimate(0.5, 0.4, None))
    exact = a_gate(metric.recall >= 0.5, estimate=an_estimate(0.7, 0.7, 0.7, confidence=None))
    keys = values(a_run(a_check(one_sided, exact)))
    assert "fraud_ranks_first/roc_auc/low" in keys
    assert "fraud_ranks_first/roc_auc/high" not in keys
    assert not {"fraud_ranks_first/recall/low", "fraud_ranks_first/recall/high"} & set(keys)


def test_a_comparison_has_both_sides() -> None:
    found = values(a_mixed_run())
    base = "fraud_ranks_first/roc_auc-no_worse_than-champion"
    assert (found[f"{base}/challenger"], found[f"{base}/champion"]) == (0.9412, 0.9382)


def test_only_the_worst_slices_are_sent() -> None:
    found = values(a_run(a_check(sliced_gate(slices=2_000))))
    slices = [key for key in found if "/country:" in key]
    assert [key.rpartition(":")[2] for key in slices] == ["C0", "C1", "C2", "C3", "C4"]


def test_two_gates_of_one_name_stay_two() -> None:
    found = values(a_run(a_check(a_gate()), a_check(a_gate(estimate=an_estimate(0.5)))))
    assert found["fraud_ranks_first/roc_auc"] == 0.9412
    assert found["fraud_ranks_first/roc_auc-2"] == 0.5


def test_a_check_called_as_ours_does_not_hide_our_counts() -> None:
    found = mlflow_run.metrics(a_run(a_check(a_gate(id="pass"), name="aiqa")))
    keys = [each.key for each in found]
    assert len({key.casefold() for key in keys}) == len(keys)
    assert found[0].key == "aiqa/pass"
    assert found[0].value == 1


def test_numbers_of_plain_tests_are_there() -> None:
    logged = LoggedRecord(node="tests/test_x.py::test_auc[a]", name="auc", value=0.8)
    assert values(a_run(logged=(logged,)))["logged/tests_test_x.py::test_auc_a_/auc"] == 0.8


name = st.one_of(
    st.text(max_size=300), st.sampled_from([".", "..", "/", "a/../b", "a//b", "%", "[x]", "é" * 300])
)


@given(st.lists(st.tuples(name, name, name), min_size=1, max_size=8))
@example([("", "", ""), ("", "", ""), ("", "..", ""), ("", "..", "")])
def test_every_key_is_one_that_mlflow_takes_and_no_two_are_one(texts: list[tuple[str, str, str]]) -> None:
    checks = [
        a_check(
            a_gate(
                id=gate,
                parts=(
                    PartRecord(slice={part: part}, verdict=Verdict.PASS, reason="", estimate=an_estimate()),
                ),
            ),
            name=check,
        )
        for check, gate, part in texts
    ]
    keys = [found.key for found in mlflow_run.metrics(a_run(*checks))]
    assert [key for key in keys if not accepted_by_mlflow(key)] == []
    assert len({key.casefold() for key in keys}) == len(keys)


def test_params_say_what_went_in() -> None:
    assert mlflow_run.params(a_mixed_run()) == {
        "project": "payments",
        "tier": "pr",
        "seed": "0",
        "python": "CPython 3.11.7",
        "aiqa": "unknown",
        "challenger/fraud": "models:/fraud/3",
        "dataset/orders": "data/orders/*.parquet",
    }


def test_params_are_bounded() -> None:
    datasets = tuple(DatasetRecord(name=f"{n}" * 300, source="x" * 10_000) for n in range(500))
    params = mlflow_run.params(a_run(datasets=datasets))
    assert len(params) <= 100
    assert all(accepted_by_mlflow(key) and len(value) <= 500 for key, value in params.items())


def test_tags_find_the_run_and_its_commit() -> None:
    tags = mlflow_run.tags(a_mixed_run(), left_out=7)
    assert tags["aiqa.run_id"] == "20261123T154501-4f2c"
    assert tags["aiqa.verdict"] == "fail"
    assert tags["mlflow.source.git.commit"] == "8a1f" * 10
    assert tags["aiqa.git.dirty"] == "false"
    assert tags["aiqa.metrics_left_out"] == "7"


def test_the_note_is_a_table_with_the_worst_first() -> None:
    note = mlflow_run.note(a_mixed_run())
    rows = [line.split(" | ")[0].removeprefix("| ") for line in note.splitlines() if line.startswith("| ")]
    assert rows == ["verdict", "error", "fail", "fail", "fail", "inconclusive", "skipped", "pass"]
    assert r"0.872 \[0.841, 0.899\], n 569" in note


def test_text_of_users_stays_text_in_the_note() -> None:
    note = mlflow_run.note(a_hostile_run())
    rows = [line for line in note.splitlines() if line.startswith("| ")]
    assert len(rows) == 3
    for row in rows[1:]:
        assert len(re.findall(r"(?<!\\)\|", row)) == 7
        assert not re.search(r"(?<!\\)[<`*\[]", row)


def test_a_long_note_is_cut_at_a_row_and_says_how_much_is_left() -> None:
    note = mlflow_run.note(a_run(a_check(*(a_gate(id=f"g{i}") for i in range(1_000)))))
    assert len(note) < 8_000
    shown = sum(line.startswith("| pass") for line in note.splitlines())
    assert note.endswith(f"\nand {1_000 - shown} more, in evidence.json")


def test_the_note_links_to_the_pipeline_only_where_that_is_an_address() -> None:
    def linked(url: str) -> str:
        run = a_run()
        environment = run.environment.model_copy(update={"ci": CiRecord(provider="x", url=url)})
        return mlflow_run.note(run.model_copy(update={"environment": environment})).splitlines()[0]

    assert linked("https://ci.example.org/7").endswith("(<https://ci.example.org/7>)")
    assert "javascript" not in linked("javascript:alert(1)")
    assert "<" not in linked("https://x> <script>")
