from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from datadog_api_client.v2.model.metric_payload import MetricPayload
from hypothesis import given
from hypothesis import strategies as st

from aiqa.config import Config, DatadogSettings
from aiqa.evidence.record import PartRecord
from aiqa.publish import enabled_sinks
from aiqa.publish.datadog.series import Point, series
from aiqa.publish.datadog.transport import FILE, MAX_BYTES, payloads
from aiqa.verdict import Verdict
from tests.evidence.factories import a_check, a_gate, a_mixed_run, a_run, an_estimate, sliced_gate
from tests.publish.factories import stored
from tests.publish.hostile import a_hostile_run
from tests.publish.receivers import check_series_body

PLAIN = DatadogSettings()
RUN_TAGS = ("project:payments", "tier:pr")
GATE_TAGS = (
    *RUN_TAGS,
    "check:fraud_ranks_first",
    "gate:roc_auc",
    "model:fraud",
    "dataset:orders",
    "owner:ds-fraud",
)


def test_a_gate_becomes_gauges_and_a_count() -> None:
    points = series(a_run(a_check(a_gate())), PLAIN)
    assert {(p.metric, p.type, p.value, p.tags) for p in points if p.metric.startswith("aiqa.gate")} == {
        ("aiqa.gate.value", "gauge", 0.9412, GATE_TAGS),
        ("aiqa.gate.low", "gauge", 0.921, GATE_TAGS),
        ("aiqa.gate.high", "gauge", 0.957, GATE_TAGS),
        ("aiqa.gate.threshold", "gauge", 0.92, GATE_TAGS),
        ("aiqa.gate.verdict", "count", 1, (*GATE_TAGS, "verdict:pass")),
    }


def test_a_run_becomes_its_duration_and_counts_of_all_verdicts() -> None:
    points = [p for p in series(a_mixed_run(), PLAIN) if ".run." in p.metric]
    counts = {p.tags[-1]: p.value for p in points if p.metric == "aiqa.run.gates"}
    assert counts == {
        "verdict:pass": 1,
        "verdict:fail": 3,
        "verdict:inconclusive": 1,
        "verdict:error": 1,
        "verdict:skipped": 1,
    }
    assert [p.value for p in points if p.metric == "aiqa.run.seconds"] == [3.21]
    assert [p.tags for p in points if p.metric == "aiqa.run.verdict"] == [(*RUN_TAGS, "verdict:fail")]


def test_points_are_of_the_end_of_the_run() -> None:
    points = series(a_run(started="2026-11-23T15:45:01.000+00:00", seconds=3.21), PLAIN)
    assert {p.timestamp for p in points} == {1_795_448_704}


def test_nothing_that_changes_from_run_to_run_is_a_tag() -> None:
    run = a_mixed_run()
    assert run.environment.git is not None
    text = " ".join(tag for point in series(run, PLAIN) for tag in point.tags)
    for changing in (run.run_id, run.environment.git.commit, "checks/check_fraud.py", "2026"):
        assert changing.lower() not in text


def test_the_value_of_a_gate_stays_in_its_series_when_its_verdict_changes() -> None:
    def tags(verdict: Verdict) -> set[tuple[str, ...]]:
        points = series(a_run(a_check(a_gate(verdict=verdict))), PLAIN)
        return {p.tags for p in points if p.metric == "aiqa.gate.value"}

    assert tags(Verdict.PASS) == tags(Verdict.FAIL)


def test_slices_are_sent_only_by_columns_that_are_allowed() -> None:
    run = a_run(a_check(sliced_gate(slices=3)))
    assert not [p for p in series(run, PLAIN) if p.metric == "aiqa.gate.slice_value"]
    allowed = series(run, DatadogSettings(slices=("country",)))
    found = [(p.tags[-1], p.value) for p in allowed if p.metric == "aiqa.gate.slice_value"]
    assert found == [("slice_country:c0", 0.3), ("slice_country:c1", 0.35), ("slice_country:c2", 0.4)]


def test_slices_are_bounded() -> None:
    points = series(a_run(a_check(sliced_gate(slices=500))), DatadogSettings(slices=("country",)))
    assert Counter(p.metric for p in points)["aiqa.gate.slice_value"] == 100


def test_a_slice_by_a_column_that_is_not_allowed_too_is_left_out() -> None:
    part = PartRecord(
        slice={"country": "BR", "user": 17}, verdict=Verdict.PASS, reason="", estimate=an_estimate()
    )
    points = series(a_run(a_check(a_gate(parts=(part,)))), DatadogSettings(slices=("country",)))
    assert "user" not in str(points)


def test_a_missing_value_and_a_value_called_missing_are_two_slices() -> None:
    parts = tuple(
        PartRecord(slice={"c": value}, verdict=Verdict.PASS, reason="", estimate=an_estimate())
        for value in (None, "missing", "MISSING", "(missing)")
    )
    points = series(a_run(a_check(a_gate(parts=parts))), DatadogSettings(slices=("c",)))
    tags = {p.tags[-1] for p in points if p.metric == "aiqa.gate.slice_value"}
    assert len(tags) == 4
    assert "slice_c:missing" in tags


def test_prefix_and_tags_of_the_project_and_of_the_environment_are_used() -> None:
    settings = DatadogSettings(prefix="ml.qa", tags=("Team:Fraud", "no|good\n"))
    point = series(a_run(), settings, ["env:CI", "service:x"])[0]
    assert point.metric == "ml.qa.run.seconds"
    assert point.tags == (*RUN_TAGS, "team:fraud", "no_good", "env:ci", "service:x")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_never_sent(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Point("aiqa.gate.value", "gauge", value, 0, ())


def test_every_body_is_what_datadog_takes() -> None:
    for run in (a_mixed_run(), a_hostile_run(), a_run()):
        bodies = list(payloads(series(run, DatadogSettings(slices=("country",)), ["env:ci"])))
        assert len(bodies) == 1
        assert len(check_series_body(bodies[0])) >= 7


def test_datadogs_own_client_reads_every_series() -> None:
    (body,) = payloads(series(a_mixed_run(), PLAIN))
    for element in json.loads(body)["series"]:
        assert element["type"] in (1, 3)
    typed = MetricPayload(**json.loads(body), _configuration=None, _check_type=True)
    assert not typed._unparsed


text = st.text(max_size=250)


@given(st.lists(st.tuples(text, text), min_size=1, max_size=6))
def test_two_gates_never_share_a_series(texts: list[tuple[str, str]]) -> None:
    run = a_run(*(a_check(a_gate(id=gate), name=check) for check, gate in texts))
    points = series(run, PLAIN)
    identities = Counter((p.metric, frozenset(p.tags)) for p in points)
    assert identities.most_common(1)[0][1] == 1
    for body in payloads(points):
        check_series_body(body)


def test_many_series_are_split_into_bodies_that_datadog_takes_and_none_is_lost() -> None:
    points = series(a_run(a_check(*(a_gate(id=f"gate-{i}") for i in range(1_000)))), PLAIN)
    bodies = list(payloads(points))
    assert len(bodies) > 1
    assert all(len(body) <= MAX_BYTES + 100 for body in bodies)
    sent = [element for body in bodies for element in check_series_body(body)]
    assert sent == [point.payload() for point in points]


def test_without_key_and_agent_the_payloads_go_into_a_file(tmp_path: Path) -> None:
    evidence, folder = stored(tmp_path)
    (sink,) = enabled_sinks(Config(datadog=PLAIN), {"DD_ENV": "ci", "DD_VERSION": "1.2"}, tmp_path)
    assert sink.send(evidence, folder) == str(folder / FILE)
    first = (folder / FILE).read_bytes()
    sink.send(evidence, folder)
    assert (folder / FILE).read_bytes() == first
    expected = list(payloads(series(evidence, PLAIN, ["env:ci", "version:1.2"])))
    assert first.splitlines() == expected
