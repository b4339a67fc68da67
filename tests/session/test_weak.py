"""Weak slices, against brute force over filtered frames."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, mean_absolute_error, roc_auc_score

import aiqa
from aiqa import metric
from aiqa.config import DEFAULT_POLICY, Config
from aiqa.declare.check import Check
from aiqa.declare.gate import Gate, Policy
from aiqa.errors import DataError, DeclarationError, MetricError
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import GateRecord
from aiqa.judge.plan import Assumptions, plan
from aiqa.judge.weak import MOST
from aiqa.runner.explain import explain_project, lines
from aiqa.scan.halves import halves
from aiqa.session import Case, Session
from aiqa.stats.multiplicity import adjust
from aiqa.verdict import Verdict

N = 6000
LEVELS: dict[str, list[Any]] = {
    "country": list("ABCDE"),
    "channel": ["web", "app", None],
    "shop": [f"s{k}" for k in range(90)],
}


def table(weak: dict[str, Any], share: float, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {name: [values[k] for k in rng.integers(0, len(values), N)] for name, values in LEVELS.items()}
        | {"amount": rng.lognormal(3, 1, N), "y": rng.integers(0, 2, N), "customer": rng.integers(0, 900, N)}
    )
    inside = np.logical_and.reduce([frame[name].to_numpy() == value for name, value in weak.items()])
    right = rng.random(N) < np.where(inside, share, 0.9)
    score = np.where(right, frame["y"], 1 - frame["y"]) * 0.6 + rng.random(N) * 0.4
    return frame.with_columns(p=pl.Series(score))


WEAK_COUNTRY = table({"country": "B"}, 0.7)
UNIFORM = table({"country": "B"}, 0.7).with_columns(y=pl.lit(1))
WEAK_CROSS = table({"country": "B", "channel": "web"}, 0.6)


def keyed(slice_: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(slice_.items())


def rows_of(frame: pl.DataFrame, key: tuple[tuple[str, Any], ...]) -> pl.DataFrame:
    for name, value in key:
        frame = frame.filter(pl.col(name).is_null() if value is None else pl.col(name) == value)
    return frame


def brute_candidates(half: pl.DataFrame, columns: list[str], bound: float, least: int, depth: int) -> Any:
    """Every slice that the half refutes at 5 %, without crosses that are no worse than a part of theirs."""
    weak: dict[Any, tuple[float, float, int]] = {}
    for size in range(1, depth + 1):
        for by in itertools.combinations(columns, size):
            for key in itertools.product(*(LEVELS[name] for name in by)):
                pairs = tuple(zip(by, key, strict=True))
                rows = rows_of(half, pairs)
                if rows.height < least:
                    continue
                right = int((rows["y"] == (rows["p"] >= 0.5)).sum())
                p = float(stats.binom.cdf(right, rows.height, bound))
                if p < 0.05:
                    weak[pairs] = p, right / rows.height, rows.height
    shared = 0.05 / max(1, sum(len(key) > 1 for key in weak))
    kept: list[Any] = []
    for key in sorted(weak, key=len):
        parents = [part for size in range(1, len(key)) for part in itertools.combinations(key, size)]
        _, value, n = weak[key]
        right = round(value * n)
        worse = [
            right < n and stats.beta.ppf(1 - shared, right + 1, n - right) < weak[part][1]
            for part in parents
            if part in kept
        ]
        if all(worse):
            kept.append(key)
    return kept


@pytest.mark.parametrize("correction", ["bh", "holm"])
@pytest.mark.parametrize("frame", [WEAK_COUNTRY, WEAK_CROSS], ids=["slice", "cross"])
def test_candidates_and_verdicts_are_those_of_brute_force(frame: pl.DataFrame, correction: Any) -> None:
    columns = list(LEVELS)
    found = aiqa.weak_slices(
        metric.accuracy >= 0.85,
        frame,
        y_true="y",
        y_score="p",
        by=columns,
        min_support=40,
        correction=correction,
    )
    marked = frame.with_columns(half=pl.Series(halves(pl.DataFrame({"row": range(N)}), 0)))
    searched, tested = marked.filter(pl.col("half") == 0), marked.filter(pl.col("half") == 1)
    expected = brute_candidates(searched, columns, 0.85, 40, 2)
    assert {keyed(one.slice) for one in found.tested} == set(expected)
    p_values = []
    for key in expected:
        rows = rows_of(tested, key)
        right = int((rows["y"] == (rows["p"] >= 0.5)).sum())
        p_values.append(float(stats.binom.cdf(right, rows.height, 0.85)))
    adjusted = adjust(p_values, correction)
    failing = {key for key, p in zip(expected, adjusted, strict=True) if p <= 0.05}
    assert {keyed(one.slice) for one in found.weak} == failing
    assert failing
    assert found.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("gate", "answer", "oracle"),
    [
        (metric.accuracy >= 0.89, "y_score", lambda part: accuracy_score(part["y"], part["p"] >= 0.5)),
        (metric.roc_auc >= 0.9, "y_score", lambda part: roc_auc_score(part["y"], part["p"])),
        (metric.mae <= 0.2, "y_pred", lambda part: mean_absolute_error(part["y"], part["p"])),
    ],
    ids=lambda case: getattr(case, "id", None),
)
def test_each_half_says_what_its_rows_say(gate: Gate, answer: str, oracle: Any) -> None:
    given: dict[str, Any] = {answer: "p"} | ({"task": "regression"} if answer == "y_pred" else {})
    found = aiqa.weak_slices(gate, WEAK_COUNTRY, y_true="y", by=["country", "channel"], **given)
    half = pl.Series(halves(pl.DataFrame({"row": range(N)}), 0))
    assert found.tested
    for one in found.tested:
        for number, estimate in enumerate((one.searched, one.tested)):
            part = rows_of(WEAK_COUNTRY.filter(half == number), keyed(one.slice))
            assert estimate is not None
            assert estimate.n == part.height
            assert estimate.value == pytest.approx(oracle(part))


def test_without_a_bound_a_slice_is_held_against_all_rows_of_the_searched_half() -> None:
    found = aiqa.weak_slices("accuracy", WEAK_COUNTRY, y_true="y", y_score="p", by=["country"])
    half = WEAK_COUNTRY.filter(pl.Series(halves(pl.DataFrame({"row": range(N)}), 0)) == 0)
    whole = accuracy_score(half["y"], half["p"] >= 0.5)
    assert found.claim == f"accuracy.by_any('country') >= {whole:g}"
    assert [one.slice for one in found.weak] == [{"country": "B"}]


def test_rows_that_belong_together_are_in_one_half() -> None:
    found = aiqa.weak_slices(
        metric.accuracy >= 0.85, WEAK_COUNTRY, y_true="y", y_score="p", by="country", cluster="customer"
    )
    half = pl.Series(halves(WEAK_COUNTRY.select("customer"), 0))
    [one] = [one for one in found.tested if one.slice == {"country": "B"}]
    part = rows_of(WEAK_COUNTRY.filter(half == 1), keyed(one.slice))
    assert one.tested is not None
    assert one.tested.n == part.height


def test_numbers_are_cut_at_the_quintiles_of_the_searched_half_alone() -> None:
    half = pl.Series(halves(pl.DataFrame({"row": range(N)}), 0))
    frame = WEAK_COUNTRY.with_columns(
        # The other half has other amounts, which must not move the edges.
        amount=pl.when(half == 1).then(pl.col("amount") * 1000).otherwise("amount"),
        p=pl.when(pl.col("amount") < 10).then(1.0 - pl.col("y")).otherwise(pl.col("y").cast(pl.Float64)),
    )
    found = aiqa.weak_slices(metric.accuracy >= 0.5, frame, y_true="y", y_score="p", by="amount")
    edge = float(f"{np.quantile(frame.filter(half == 0)['amount'].to_numpy(), 0.2):g}")
    assert [one.slice for one in found.tested] == [{"amount": f"< {edge:g}"}]
    declared = aiqa.weak_slices(
        metric.accuracy >= 0.5, frame, y_true="y", y_score="p", by=aiqa.bucket("amount", [10])
    )
    assert [one.slice for one in declared.tested] == [{"amount": "< 10"}]


def test_a_cross_that_is_weak_for_its_parent_is_left_out_and_one_that_is_worse_is_not() -> None:
    by = ["country", "channel"]
    parent = aiqa.weak_slices(metric.accuracy >= 0.85, WEAK_COUNTRY, y_true="y", y_score="p", by=by)
    assert [one.slice for one in parent.weak] == [{"country": "B"}]
    cross = aiqa.weak_slices(metric.accuracy >= 0.85, WEAK_CROSS, y_true="y", y_score="p", by=by)
    assert {"country": "B", "channel": "web"} in [one.slice for one in cross.weak]


def test_folded_rare_and_missing_values_in_a_search() -> None:
    frame = WEAK_COUNTRY.with_columns(
        merchant=pl.when(pl.col("amount") < 8).then(pl.lit(None)).otherwise(pl.col("shop")),
        p=pl.when(pl.col("amount") < 8).then(1.0 - pl.col("y")).otherwise(pl.col("p")),
    )
    gate = metric.accuracy.by_any(aiqa.folded("merchant", min_support=60), min_support=20) >= 0.5
    found = aiqa.weak_slices(gate, frame, y_true="y", y_score="p")
    assert [one.slice for one in found.weak] == [{"merchant": None}]
    bad = frame.with_columns(p=pl.lit(0.5) * (1 - pl.col("y")))
    everywhere = aiqa.weak_slices(gate, bad.with_columns(p=1.0 - pl.col("y")), y_true="y", y_score="p")
    rows = frame["merchant"].value_counts().filter(pl.col("count") >= 60)["merchant"].to_list()
    assert {one.slice["merchant"] for one in everywhere.weak} == {*rows, aiqa.other, None}


@pytest.mark.parametrize("lucky", [False, True])
def test_only_the_surest_are_tested(lucky: bool) -> None:
    half = pl.Series(halves(pl.DataFrame({"row": range(N)}), 0))
    said = half if lucky else half * 0
    frame = UNIFORM.with_columns(each=pl.Series([f"e{k % 150}" for k in range(N)]), p=said)
    found = aiqa.weak_slices(
        metric.accuracy >= 0.2, frame, y_true="y", y_pred="p", by="each", min_support=5, classes=[0, 1]
    )
    assert found.looked > MOST == len(found.tested)
    assert f"of which the {MOST} surest were tested" in found.reason
    # Where those that were tested pass, nobody knows of the others.
    assert found.verdict is (Verdict.INCONCLUSIVE if lucky else Verdict.FAIL)
    assert not lucky or all(one.verdict is Verdict.PASS for one in found.tested)


def test_the_same_rows_and_seed_find_the_same() -> None:
    def search(seed: int, frame: pl.DataFrame = WEAK_CROSS) -> str:
        by = ["country", "channel", "amount"]
        return repr(aiqa.weak_slices("accuracy", frame, y_true="y", y_score="p", by=by, seed=seed))

    assert search(1) == search(1)
    assert search(1) != search(2)


def test_a_report_reads() -> None:
    found = aiqa.weak_slices(metric.accuracy >= 0.85, WEAK_COUNTRY, y_true="y", y_score="p", by="country")
    first, line = repr(found).splitlines()
    assert first == ("accuracy.by_any('country') >= 0.85: 1 weak slice, of 1 that looked weak among 5")
    assert line.startswith("  fail          country=B: 0.7")
    assert "(searched: 0.6" in line or "(searched: 0.7" in line
    assert found._repr_html_().startswith("<pre>accuracy.by_any(&#x27;country&#x27;)")


def test_what_cannot_be_searched_says_so() -> None:
    given: dict[str, Any] = {"y_true": "y", "y_score": "p"}
    with pytest.raises(DataError, match="county") as caught:
        aiqa.weak_slices("accuracy", WEAK_CROSS, by=["county"], **given)
    assert caught.value.column == "county"
    with pytest.raises(DeclarationError, match="by= names"):
        aiqa.weak_slices("accuracy", WEAK_CROSS, **given)
    with pytest.raises(DeclarationError, match="depth="):
        aiqa.weak_slices("accuracy", WEAK_CROSS, by="country", depth=0, **given)
    with pytest.raises(DeclarationError, match="min_support="):
        metric.recall.by_any("country", min_support=0)
    with pytest.raises(DeclarationError, match="correction="):
        aiqa.weak_slices("accuracy", WEAK_CROSS, by="country", correction="none", **given)
    with pytest.raises(DeclarationError, match="data alone"):
        metric.psi.by_any("country")
    with pytest.raises(DeclarationError, match="gate such as"):
        aiqa.weak_slices(metric.recall.no_worse_than(aiqa.champion), WEAK_CROSS, by="country", **given)
    with pytest.raises(DataError, match="belong together"):
        aiqa.weak_slices("accuracy", UNIFORM, by="country", cluster="y", **given)
    with pytest.raises(MetricError, match="call aiqa"):
        aiqa.evaluate(metric.accuracy.by_any("country"), WEAK_CROSS, **given)
    with pytest.raises(MetricError, match="both classes"):
        aiqa.weak_slices(metric.roc_auc >= 0.5, UNIFORM, by="country", classes=[0, 1], **given)
    with pytest.raises(DataError, match="numbers is needed"):
        aiqa.weak_slices("accuracy", WEAK_CROSS, by=aiqa.bucket("country", [1]), **given)


def test_a_slice_without_the_rows_is_not_searched() -> None:
    found = aiqa.weak_slices(
        metric.accuracy >= 0.95,
        WEAK_COUNTRY,
        y_true="y",
        y_score="p",
        by=["country", "shop"],
        min_support=9999,
    )
    assert found.verdict is Verdict.SKIPPED
    assert found.slices == 0
    alone = aiqa.weak_slices(
        "accuracy", WEAK_COUNTRY, y_true="y", y_score="p", by="country", min_support=9999
    )
    assert alone.verdict is Verdict.SKIPPED


MODEL = aiqa.model("m", aiqa.column(score="p"), task="binary", champion=aiqa.column(score="old"))


def decide(
    gate: Gate, frame: pl.DataFrame, root: Path, policy: Policy | None = None, **roles: Any
) -> GateRecord:
    dataset = aiqa.dataset("searched", frame, label="y", **roles)
    check = Check("c", model=MODEL, dataset=dataset, own_policy=policy or Policy())
    [outcome] = Session(root, Config(project="test")).decide([Case(check, gate.id, gate)])
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome
    return outcome.gate


GATE = metric.accuracy.by_any("country", "channel") >= 0.85


def test_a_gate_fails_for_what_the_other_half_shows_and_only_warns(tmp_path: Path) -> None:
    record = decide(GATE, WEAK_COUNTRY, tmp_path)
    assert (record.verdict, record.severity, record.blocks) == (Verdict.FAIL, "warn", False)
    assert [part.slice for part in record.parts] == [{"country": "B"}]
    assert record.reason.startswith("of 23 slices 1 looked weak in the half that was searched")
    report = aiqa.weak_slices(GATE, WEAK_COUNTRY, y_true="y", y_score="p")
    [one] = report.tested
    assert one.tested is not None
    assert record.parts[0].estimate is not None
    assert record.parts[0].estimate.value == one.tested.value


def test_the_gate_or_its_check_may_say_that_it_blocks(tmp_path: Path) -> None:
    assert decide(GATE.policy(severity="block"), WEAK_COUNTRY, tmp_path).blocks
    assert decide(GATE, WEAK_COUNTRY, tmp_path, Policy(severity="block")).blocks


def test_a_gate_passes_where_nothing_looks_weak(tmp_path: Path) -> None:
    record = decide(metric.accuracy.by_any("country") >= 0.5, WEAK_COUNTRY, tmp_path)
    assert record.verdict is Verdict.PASS
    assert record.reason == "none of 5 slices looks weak in the half that was searched"


def test_slices_that_lose_to_the_champion(tmp_path: Path) -> None:
    frame = WEAK_CROSS.with_columns(old=table({}, 0.9, seed=5)["p"])
    frame = frame.with_columns(
        y=pl.col("y"), old=pl.when(pl.col("country") == "B").then(0.9 * pl.col("y")).otherwise(pl.col("p"))
    )
    gate = metric.accuracy.by_any("country", "channel").no_worse_than(aiqa.champion, margin=0.02)
    record = decide(gate, frame, tmp_path)
    assert record.verdict is Verdict.FAIL
    failing = [part.slice for part in record.parts if part.verdict is Verdict.FAIL]
    assert {"country": "B", "channel": "web"} in failing
    assert all(slice_["country"] == "B" for slice_ in failing if "country" in slice_)


def test_the_half_of_a_row_follows_its_cluster_else_its_key(tmp_path: Path) -> None:
    frame = WEAK_COUNTRY.with_columns(order=pl.Series([f"o{k}" for k in range(N)]))
    for roles, name in (({"cluster": "customer"}, "customer"), ({"keys": ["order"]}, "order")):
        record = decide(GATE, frame, tmp_path, **roles)
        tested = pl.Series(halves(frame.select(name), 0)) == 1
        sizes = {part.slice["country"]: part.estimate for part in record.parts}
        assert sizes["B"] is not None
        assert sizes["B"].n == frame.filter(tested & (pl.col("country") == "B")).height
        # So it stays, whatever the order of rows.
        again = decide(GATE, frame.reverse(), tmp_path, **roles)
        assert [part.slice for part in again.parts] == [part.slice for part in record.parts]
    unknown = decide(GATE, frame, tmp_path, keys=["nowhere"])
    assert unknown.error is not None
    assert unknown.error.column == "nowhere"


def test_weeks_are_halved_whole(tmp_path: Path) -> None:
    days = pl.Series([dt.date(2026, 1, 1) + dt.timedelta(k % 300) for k in range(N)])
    frame = WEAK_COUNTRY.with_columns(day_of=days)
    record = decide(GATE, frame, tmp_path, time="day_of", cluster="week")
    weeks = frame.select(pl.col("day_of").dt.truncate("1w"))
    tested = pl.Series(halves(weeks, 0)) == 1
    [one] = [part for part in record.parts if part.slice == {"country": "B"}]
    assert one.estimate is not None
    assert one.estimate.n == frame.filter(tested & (pl.col("country") == "B")).height


def test_each_class_and_each_label_is_searched(tmp_path: Path) -> None:
    frame = WEAK_COUNTRY.with_columns(said=(pl.col("p") >= 0.5).cast(pl.Int64))
    found = aiqa.weak_slices(
        metric.recall(average="each").by_any("country") >= 0.85, frame, y_true="y", y_pred="said"
    )
    assert {keyed(one.slice) for one in found.weak} == {
        (("country", "B"), ("class", 0)),
        (("country", "B"), ("class", 1)),
    }
    truth = np.column_stack([frame["y"], np.ones(N, dtype=int) - frame["y"]])
    said = np.column_stack([frame["said"], 1 - frame["y"]])
    labels = aiqa.weak_slices(
        metric.recall(average="each").by_any("country") >= 0.85,
        y_true=truth,
        y_pred=said,
        classes=["a", "b"],
        by={"country": frame["country"]},
        task="multilabel",
    )
    assert [one.slice for one in labels.weak] == [{"country": "B", "class": "a"}]


def test_a_search_travels_and_has_a_name() -> None:
    gate = metric.recall.by_any("country", aiqa.bucket("amount", [10]), depth=3, min_support=200) >= 0.5
    assert aiqa.from_json(gate.to_json()) == gate
    assert gate.id == "recall-by_any-country-amount"
    assert repr(gate) == (
        "recall.by_any('country', bucket('amount', [10.0]), depth=3, min_support=200) >= 0.5"
    )
    assert metric.recall.by_any("country").by("country") == metric.recall.by("country")
    with pytest.raises(DeclarationError, match="single value"):
        metric.recall.by_any("country").as_usual()


def test_a_plan_says_that_a_search_is_not_planned() -> None:
    assert plan(GATE, DEFAULT_POLICY, Assumptions()).notes == (
        "searched for weak slices: only then it shows which are tested",
    )


def test_what_a_run_would_scan_names_the_search(tmp_path: Path) -> None:
    WEAK_COUNTRY.write_parquet(tmp_path / "orders.parquet")
    file = tmp_path / "check_orders.py"
    file.write_text(
        "import aiqa\n"
        "from aiqa import metric\n"
        "orders = aiqa.dataset('explained', 'orders.parquet', label='y')\n"
        "model = aiqa.model('m', aiqa.column(score='p'), task='binary')\n"
        "@aiqa.check(model, orders)\n"
        "def fine():\n"
        "    yield metric.accuracy.by(aiqa.folded('shop', min_support=60)) >= 0.5\n"
        "    yield metric.accuracy.by_any('country') >= 0.5\n"
    )
    told = "\n".join(lines(explain_project([file], root=tmp_path, config=Config(project="test"), data=True)))
    assert "pass 1\n    scan of shop: 1 statistic\n      rows by shop\n  pass 2" in told
    assert "left out: accuracy-by_any-country: weak slices are searched for in a scan of their own" in told
