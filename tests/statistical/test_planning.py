"""Planning, watching and many hypotheses: our numbers against R's and the papers'."""

from __future__ import annotations

import numpy as np
import pytest

from aiqa import metric
from aiqa.errors import MetricError
from aiqa.judge.family import SliceKey, decide_family
from aiqa.stats.inference import Inference
from aiqa.stats.multiplicity import Correction, adjust
from aiqa.stats.proportion import proportion
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
