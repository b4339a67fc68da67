"""Shares, agreement, pairs and independent samples against R's numbers."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

import aiqa
from aiqa import metric
from aiqa.stats.independent import fisher, newcombe, ratio_of_proportions, wald_difference
from aiqa.stats.paired import mcnemar
from tests.statistical.reference import case, columns


def _close(estimate: Any, bounds: dict[str, float], tolerance: float) -> None:
    assert estimate.low == pytest.approx(bounds["lower"], abs=tolerance)
    assert estimate.high == pytest.approx(bounds["upper"], abs=tolerance)


def test_intervals_of_accuracy_by_name() -> None:
    of = case("pima_accuracy_ci")
    data = columns(of)
    for method in ("wilson", "jeffreys", "clopper-pearson"):
        ours = aiqa.evaluate("accuracy", y_true=data["y"], y_score=data["score"], method=method)
        _close(ours, of["expected"][method.replace("-", "_")], 1e-8)
    one = aiqa.evaluate(
        "accuracy", y_true=data["y"], y_score=data["score"], method="wilson", alternative="greater"
    )
    assert one.low == pytest.approx(of["expected"]["one_sided_lower_wilson"], abs=1e-8)


@pytest.mark.parametrize("name", ["precision", "recall", "specificity"])
def test_precision_recall_and_specificity_by_name(name: str) -> None:
    of = case("pima_precision_recall_spec_ci")
    data = columns(of)
    for method in ("wilson", "clopper-pearson"):
        ours = aiqa.evaluate(name, y_true=data["y"], y_score=data["score"], method=method)
        assert ours.value == pytest.approx(of["expected"][name]["point"], abs=1e-12)
        _close(ours, of["expected"][name][method.replace("-", "_")], 1e-8)


def test_f1_by_wilsons() -> None:
    of = case("pima_f1_wilson_indirect")
    data = columns(of)
    ours = aiqa.evaluate("f1", y_true=data["y"], y_score=data["score"], method="wilson")
    _close(ours, of["expected"]["wilson_indirect"], 1e-8)


def test_kappa_and_correlation() -> None:
    of = case("pima_cohen_kappa")
    data = columns(of)
    kappa = aiqa.evaluate(metric.cohen_kappa(method="wald"), y_true=data["y"], y_score=data["score"])
    assert kappa.value == pytest.approx(of["expected"]["kappa"], abs=1e-10)
    assert (kappa.high - kappa.low) / 3.919927969 == pytest.approx(of["expected"]["ase"], abs=1e-7)
    _close(kappa, of["expected"], 1e-7)
    other = {name: of["expected"][f"psych_{name}"] for name in ("lower", "upper")}
    _close(kappa, other, 1e-7)
    mcc = aiqa.evaluate("mcc", y_true=data["y"], y_score=data["score"])
    assert mcc.value == pytest.approx(of["expected"]["mcc"], abs=1e-10)


@pytest.mark.parametrize(
    ("method", "p_value"),
    [("mcnemar", "p_exact"), ("mcnemar-midp", "p_midp"), ("mcnemar-chi2", "p"), ("mcnemar-cc", "p_cc")],
)
def test_mcnemar(method: str, p_value: str) -> None:
    of = case("pima_mcnemar_and_paired_diff")
    data = columns(of)
    ours = aiqa.compare(
        "accuracy", y_true=data["y"], champion=data["score_b"], challenger=data["score_a"], method=method
    )
    assert ours.p_value == pytest.approx(of["expected"][p_value], abs=1e-10)
    _close(ours, of["expected"]["tango"], 1e-7)
    agresti = case("agresti_mcnemar")
    test = {"mcnemar": "exact"}.get(method, method.removeprefix("mcnemar-"))
    p = mcnemar(agresti["inputs"]["b"], agresti["inputs"]["c"], test)  # type: ignore[arg-type]
    assert p == pytest.approx(agresti["expected"][p_value], rel=1e-8)
    if test != "exact" and test != "midp":
        statistic = {"chi2": "chisq", "cc": "chisq_cc"}[test]
        assert stats.chi2.isf(p, 1) == pytest.approx(agresti["expected"][statistic], rel=1e-8)
        assert stats.chi2.isf(ours.p_value, 1) == pytest.approx(of["expected"][statistic], rel=1e-8)


def test_tango_and_bonett_price() -> None:
    of = case("pima_mcnemar_and_paired_diff")
    data = columns(of)
    told: dict[str, Any] = {"y_true": data["y"], "champion": data["score_b"], "challenger": data["score_a"]}
    ours = aiqa.compare("accuracy", method="bonett-price", **told)
    _close(ours, of["expected"]["bonett_price"], 1e-8)
    tango = aiqa.compare("accuracy", method="tango", **told)
    _close(tango, of["expected"]["tango"], 1e-7)
    assert tango.p_value == pytest.approx(of["expected"]["p"], rel=1e-6)


def test_newcombes_table() -> None:
    of = case("newcombe1998_diff_independent")
    inputs, expected = of["inputs"], of["expected"]
    for x1, n1, x2, n2, low, high in zip(
        inputs["x1"],
        inputs["n1"],
        inputs["x2"],
        inputs["n2"],
        expected["lower"],
        expected["upper"],
        strict=True,
    ):
        _close(newcombe((x1, x2), (n1, n2)).estimate(), {"lower": low, "upper": high}, 1e-8)
    published = expected["published"]
    for name in ("lower", "upper"):
        assert published[name] == pytest.approx(expected[name], abs=1e-4)


def test_a_rate_of_failures_from_above() -> None:
    of = case("metamorphic_failure_rate")
    inputs = of["inputs"]
    for failed, n, upper in zip(inputs["failures"], inputs["n"], of["expected"]["upper"], strict=True):
        found = aiqa.evaluate(
            "accuracy", y_true=[1] * n, y_pred=[1] * (n - failed) + [0] * failed, alternative="greater"
        )
        assert 1 - found.low == pytest.approx(upper, abs=1e-8)


def test_newcombe_by_rows_of_their_own() -> None:
    """What `compare` gives two samples, by Wilson's bounds of each, is Newcombe's hybrid."""
    of = case("newcombe1998_diff_independent")
    inputs, expected = of["inputs"], of["expected"]
    x1, n1, x2, n2 = (inputs[key][0] for key in ("x1", "n1", "x2", "n2"))
    ours = aiqa.compare(
        "accuracy",
        y_true=[1] * n1,
        challenger=[1] * x1 + [0] * (n1 - x1),
        champion_y_true=[1] * n2,
        champion=[1] * x2 + [0] * (n2 - x2),
        method="wilson",
    )
    _close(ours, {"lower": expected["lower"][0], "upper": expected["upper"][0]}, 1e-8)


def test_gaps_of_groups() -> None:
    of = case("pima_fairness_differences")
    expected = of["expected"]
    hits, trials = of["inputs"]["tpr_counts"][::2], of["inputs"]["tpr_counts"][1::2]
    counts = (tuple(hits), tuple(trials))
    assert newcombe(*counts).value == pytest.approx(expected["tpr_diff"], abs=1e-10)
    _close(newcombe(*counts).estimate(), expected["newcombe"], 1e-8)
    _close(wald_difference(*counts).estimate(), expected["wald"], 1e-8)
    assert fisher(*counts) == pytest.approx(expected["fisher_p"], abs=1e-10)
    called, rows = of["inputs"]["selection_counts"][::2], of["inputs"]["selection_counts"][1::2]
    ratio = ratio_of_proportions(tuple(called), tuple(rows))
    assert ratio.value == pytest.approx(expected["selection_ratio"], abs=1e-10)
    _close(ratio.estimate(), expected["selection_ratio_wald"], 1e-7)


def test_slices_at_a_floor() -> None:
    """The exact p-values of each slice, which are those of the bounds turned round."""
    of = case("pima_slice_gate")
    p0 = of["inputs"]["p0"]
    for correct, n, greater in zip(
        of["expected"]["correct"], of["expected"]["n"], of["expected"]["p_greater"], strict=True
    ):
        ours = aiqa.stats.proportions.proportion(correct, n).p_value(p0, "greater")
        assert min(ours, 0.5) == pytest.approx(min(greater, 0.5), abs=1e-6)
