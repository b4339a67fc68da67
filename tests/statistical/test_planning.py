"""Planning, watching and many hypotheses: our numbers against R's and the papers'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aiqa import metric, power
from aiqa.errors import MetricError
from aiqa.judge.family import SliceKey, decide_family
from aiqa.stats.inference import Inference
from aiqa.stats.multiplicity import Correction, adjust
from aiqa.stats.proportions import proportion
from aiqa.stats.sequential import beta_binomial_interval, sprt
from aiqa.verdict import Verdict
from tests.statistical.reference import case, columns

CORRECTIONS: dict[str, Correction] = {
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "hochberg",
    "hommel": "hommel",
    "BH": "bh",
    "BY": "by",
}


@pytest.mark.parametrize(("theirs", "ours"), CORRECTIONS.items())
def test_adjusted_p_values(theirs: str, ours: Correction) -> None:
    of = case("bh1995_p_adjust")
    assert adjust(of["inputs"]["p"], ours) == pytest.approx(of["expected"][theirs], abs=1e-10)


def test_a_gate_over_slices() -> None:
    of = case("pima_slice_gate")
    data, expected = columns(of), of["expected"]
    right = (data["score"] >= of["inputs"]["threshold"]) == (data["y"] == 1)
    slices: dict[SliceKey, Inference | MetricError] = {}
    inferred = []
    for name in expected["slices"]:
        rows = data["slice"] == name
        inferred.append(proportion(int(right[rows].sum()), int(rows.sum())))
        slices[("age_band", name),] = inferred[-1]
    lower = [inference.lower(0.05 / 4) for inference in inferred]
    assert lower == pytest.approx(expected["bonferroni_cp_lower"], abs=1e-8)
    p0 = of["inputs"]["p0"]
    greater = [inference.p_value(p0, "greater") for inference in inferred]
    # Ours are 1 where not even half of the runs would prove it.
    assert greater == pytest.approx(
        np.where(np.array(expected["p_greater"]) > 0.5, 1, expected["p_greater"]), abs=1e-8
    )
    adjusted = np.where(np.array(expected["holm_greater"]) > 0.5, 1, expected["holm_greater"])
    assert adjust(greater, "holm") == pytest.approx(adjusted, abs=1e-8)
    less = [inference.p_value(p0, "less") for inference in inferred]
    assert less == pytest.approx(
        np.where(np.array(expected["p_less"]) > 0.5, 1, expected["p_less"]), abs=1e-8
    )
    assert adjust(expected["p_less"], "holm") == pytest.approx(expected["holm_less"], abs=1e-8)
    judged, parts = decide_family(slices, (metric.accuracy >= p0).requirement, 0.95, 1)
    assert judged.verdict is Verdict.INCONCLUSIVE
    verdicts = {part.slice[0][1]: part.judgement.verdict for part in parts}
    assert verdicts == {
        name: Verdict.PASS if p < 0.05 else Verdict.INCONCLUSIVE
        for name, p in zip(expected["slices"], expected["p_greater"], strict=True)
    }


def test_a_confidence_sequence_of_a_share() -> None:
    of = case("beta_binomial_confidence_sequence")
    counts = zip(of["inputs"]["successes"], of["inputs"]["n"], strict=True)
    for (x, n), expected in zip(counts, of["expected"]["intervals"], strict=True):
        low, high = beta_binomial_interval(x, n, of["inputs"]["alpha"])
        assert low == pytest.approx(expected["lower"], abs=1e-7)
        assert high == pytest.approx(expected["upper"], abs=1e-7)


def test_walds_ratio() -> None:
    of = case("wald_sprt")
    told = {"null": of["inputs"]["p0"], "truth": of["inputs"]["p1"]}
    rates = {key: of["inputs"][key] for key in ("alpha", "beta")}
    for x, n, llr in zip(of["inputs"]["x"], of["inputs"]["n"], of["expected"]["llr"], strict=True):
        found = sprt(x, n, **told, **rates)
        assert found.llr == pytest.approx(llr, abs=1e-9)
        assert found.upper == pytest.approx(of["expected"]["upper"], abs=1e-9)
        assert found.lower == pytest.approx(of["expected"]["lower"], abs=1e-9)


def test_the_exact_plan_of_a_share() -> None:
    of = case("exact_binomial_gate_plan")
    told = {key: of["inputs"][key] for key in ("alpha", "power")}
    plan = power.proportion(of["inputs"]["p0"], of["inputs"]["p1"], **told)
    assert (plan.count, plan.passes_from) == (of["expected"]["n"], of["expected"]["min_successes"])
    for rate, n in of["expected"]["zero_failure"].items():
        assert power.zero_failures(float(rate), of["inputs"]["alpha"]) == n


def test_plans_of_shares_and_means() -> None:
    expected = case("power_proportions")["expected"]
    both: dict[str, Any] = {"alternative": "two-sided"}
    found = {
        "prop_2sided_50_75_p90": power.two_proportions(0.5, 0.75, power=0.9, **both),
        "prop_1sided_92_94_p80": power.two_proportions(0.92, 0.94, power=0.8),
        "one_sample_h_92_94_p80": power.proportion(0.92, 0.94, power=0.8, method="arcsine"),
        "two_sample_h_92_94_p80": power.two_proportions(0.92, 0.94, power=0.8, method="arcsine", **both),
        "paired_t": power.paired_means(0.5, sd=2, correlation=0.5, power=0.9, **both),
    }
    assert {name: plan.n for name, plan in found.items()} == pytest.approx(expected, abs=1e-3)


def test_plans_of_an_area() -> None:
    of = case("auc_sample_size")
    inputs, other = of["inputs"], of["inputs"]["q2"]
    told: dict[str, Any] = {"alpha": inputs["sig_level"], "alternative": "two-sided"}
    plan = power.auc(0.5, inputs["auc"], power=inputs["power"], negatives=inputs["kappa"], **told)
    assert plan.n == pytest.approx(of["expected"]["ncases"], abs=1e-4)
    assert plan.n * inputs["kappa"] == pytest.approx(of["expected"]["ncontrols"], abs=1e-4)
    ratio = other["ncontrols"] / other["ncases"]
    found = power.auc(0.5, other["auc"], n=other["ncases"], negatives=ratio, **told)
    assert found.power == pytest.approx(of["expected"]["q2_power"], abs=1e-4)


def test_sizes_of_easeml_ci() -> None:
    of = case("easeml_ci_sample_sizes")
    steps = of["inputs"]["steps"]
    for row in of["expected"]["table"]:
        conditions = {"F1": f"n > 0.8 +/- {row['eps']}", "F2": f"n - o > 0.02 +/- {row['eps']}"}
        for form, condition in conditions.items():
            for adaptivity in ("none", "full"):
                size = power.condition_size(
                    condition,
                    reliability=1 - row["delta"],
                    steps=steps,
                    adaptivity=adaptivity,
                )
                assert size.labelled == row[f"{form}_{adaptivity}"], (row, form, adaptivity)


def test_sizes_of_easeml_ci_where_predictions_rarely_differ() -> None:
    of = case("easeml_ci_sample_sizes")["expected"]
    bennett, notebook = of["bennett"], of["notebook"]
    condition = f"d < {bennett['p']} +/- 0.01 /\\ n - o > 0.02 +/- {bennett['eps']}"
    told = {"reliability": 1 - bennett["delta"], "disagreement": bennett["p"]}
    assert power.condition_size(condition, **told).labelled == bennett["none"]
    assert power.condition_size(condition, adaptivity="full", **told).labelled == bennett["full"]
    size = power.condition_size(
        notebook["condition"], reliability=notebook["reliability"], adaptivity=notebook["adaptivity"]
    )
    assert size.labelled == notebook["n"]
