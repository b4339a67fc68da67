"""Our numbers against R's."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import aiqa
from aiqa import metric
from aiqa.metrics import drift
from aiqa.metrics.drift import binned
from aiqa.scan.execute import execute
from aiqa.stats.approximate_bootstrap import abc
from aiqa.stats.calibration_tests import hosmer_lemeshow, spiegelhalter_z
from aiqa.stats.distances import chi_square, js_divergence, kolmogorov_smirnov, stability_index
from aiqa.stats.functional import function_of, infer, mean_of
from aiqa.stats.paired import mcnemar, paired_proportions
from aiqa.stats.partial_roc import partial_auc
from aiqa.stats.precision_recall import AVERAGE_PRECISION
from aiqa.stats.proportions import proportion
from aiqa.stats.quantiles import quantile
from aiqa.stats.ranked import measure
from aiqa.stats.reliability import forecasts
from aiqa.stats.roc import area_of
from aiqa.stats.roc_difference import auc_difference, auc_difference_unpaired
from aiqa.stats.scoring_rules import conformal_coverage
from aiqa.stats.steps import steps_of
from tests.statistical.reference import case, columns


def _close(estimate: Any, bounds: dict[str, float], tolerance: float) -> None:
    assert estimate.low == pytest.approx(bounds["lower"], abs=tolerance)
    assert estimate.high == pytest.approx(bounds["upper"], abs=tolerance)


def test_single_proportions() -> None:
    of = case("newcombe1998_single_proportion")
    for index, (x, n) in enumerate(zip(of["inputs"]["x"], of["inputs"]["n"], strict=True)):
        _close(proportion(x, n, method="wilson").estimate(), of["expected"]["wilson"][index], 1e-8)
        _close(proportion(x, n).estimate(), of["expected"]["clopper_pearson"][index], 1e-8)


def test_accuracy_and_its_one_sided_bound() -> None:
    of = case("pima_accuracy_ci")
    data = columns(of)
    both = aiqa.evaluate("accuracy", y_true=data["y"], y_score=data["score"])
    assert both.value == pytest.approx(of["expected"]["point"], abs=1e-12)
    _close(both, of["expected"]["clopper_pearson"], 1e-8)
    one = aiqa.evaluate("accuracy", y_true=data["y"], y_score=data["score"], alternative="greater")
    assert one.low == pytest.approx(of["expected"]["one_sided_lower_cp"], abs=1e-8)


@pytest.mark.parametrize("name", ["precision", "recall"])
def test_precision_and_recall(name: str) -> None:
    of = case("pima_precision_recall_spec_ci")
    data = columns(of)
    estimate = aiqa.evaluate(name, y_true=data["y"], y_score=data["score"])
    assert estimate.value == pytest.approx(of["expected"][name]["point"], abs=1e-12)
    _close(estimate, of["expected"][name]["clopper_pearson"], 1e-8)


def test_specificity_is_the_recall_of_the_other_label() -> None:
    of = case("pima_precision_recall_spec_ci")
    data = columns(of)
    estimate = aiqa.evaluate(metric.recall(label=0), y_true=data["y"], y_score=data["score"])
    _close(estimate, of["expected"]["specificity"]["clopper_pearson"], 1e-8)


def test_f1_through_its_share() -> None:
    of = case("pima_f1_wilson_indirect")
    data = columns(of)
    estimate = aiqa.evaluate("f1", y_true=data["y"], y_score=data["score"])
    assert estimate.value == pytest.approx(of["expected"]["point"], abs=1e-12)
    _close(estimate, of["expected"]["clopper_pearson_indirect"], 1e-8)


@pytest.mark.parametrize("name", ["asah_auc_ndka", "asah_auc_s100b", "asah_auc_wfns", "pima_auc_delong_ci"])
def test_delong(name: str) -> None:
    of = case(name)
    data, expected = columns(of), of["expected"]
    score = {"y_true": data["y"], "y_score": data["score"]}
    estimate = aiqa.evaluate("roc_auc", **score, method="delong")
    assert estimate.value == pytest.approx(expected["auc"], abs=1e-8)
    _close(estimate, expected, 1e-8)
    area = area_of(steps_of(data["y"] == 1, data["score"].astype(float)))
    assert area.variance == pytest.approx(expected["variance"], abs=1e-12)
    if "one_sided_lower" in expected:
        one = aiqa.evaluate("roc_auc", **score, method="delong", alternative="greater")
        assert one.low == pytest.approx(expected["one_sided_lower"], abs=1e-8)
    # The default is on the logit scale, where an area near 1 leaves more room below than above.
    default = aiqa.evaluate("roc_auc", **score)
    assert estimate.low - 0.025 < default.low < estimate.low


@pytest.mark.parametrize(
    "name",
    [
        "asah_paired_delong_s100b_ndka",
        "asah_paired_delong_wfns_ndka",
        "asah_paired_delong_wfns_s100b",
        "pima_auc_paired_delong",
    ],
)
def test_paired_and_unpaired_delong(name: str) -> None:
    of = case(name)
    data, expected = columns(of), of["expected"]
    scores = {"challenger": data["score_a"].astype(float), "champion": data["score_b"].astype(float)}
    pair = aiqa.compare("roc_auc", y_true=data["y"], **scores, method="delong")
    assert pair.difference == pytest.approx(expected["diff"], abs=1e-8)
    assert (pair.challenger, pair.champion) == pytest.approx((expected["auc_a"], expected["auc_b"]), abs=1e-8)
    assert pair.p_value == pytest.approx(expected["p_value"], abs=1e-8)
    _close(pair, expected, 1e-8)
    truth = data["y"] == 1
    found = auc_difference(truth, *scores.values(), method="delong")
    se = (found.value - found.lower(0.025)) / 1.959963984540054
    assert (se, found.value / se) == pytest.approx((expected["se"], expected["z"]), abs=1e-8)
    first, second = (area_of(steps_of(truth, score)) for score in scores.values())
    assert (first.variance + second.variance - se**2) / 2 == pytest.approx(expected["cov"], abs=1e-8)
    default = aiqa.compare("roc_auc", y_true=data["y"], **scores)
    assert expected["lower"] - 0.02 < default.low < expected["lower"]
    if "unpaired_p" in expected:
        apart = auc_difference_unpaired(
            truth, scores["challenger"], truth, scores["champion"], method="delong"
        )
        p_value = 2 * min(apart.p_value(0.0, "greater"), apart.p_value(0.0, "less"))
        assert p_value == pytest.approx(expected["unpaired_p"], abs=1e-8)
        t = stats.t.isf(p_value / 2, expected["unpaired_df"])
        assert t == pytest.approx(expected["unpaired_D"], abs=1e-6)
    if "noninferiority" in expected:
        margin = expected["noninferiority"]
        assert found.lower(0.05) == pytest.approx(margin["one_sided_lower"], abs=1e-8)
        assert found.p_value(-margin["margin"], "greater") == pytest.approx(margin["p_value"], abs=1e-8)


def test_partial_area() -> None:
    of = case("asah_partial_auc")
    data, max_fpr = columns(of), of["inputs"]["max_fpr"]
    score = data["score"].astype(float)
    raw = partial_auc(data["y"] == 1, score, max_fpr, standardised=False)
    assert raw.value == pytest.approx(of["expected"]["pauc"], abs=1e-8)
    estimate = aiqa.evaluate(metric.roc_auc(max_fpr=max_fpr), y_true=data["y"], y_score=score)
    assert estimate.value == pytest.approx(of["expected"]["pauc_mcclish"], abs=1e-8)
    # One is a multiple of the other, and so are their bounds.
    share = (raw.lower(0.025) - raw.value) / (estimate.low - estimate.value)
    assert share == pytest.approx((max_fpr - max_fpr**2 / 2) / 0.5)


def test_two_areas_under_the_precision_recall_curve() -> None:
    of = case("pima_prauc_definitions")
    data = columns(of)
    found = aiqa.evaluate(["average_precision", "pr_auc"], y_true=data["y"], y_score=data["score"])
    step, trapezoid = found["average_precision"], found["pr_auc"]
    assert step.value == pytest.approx(of["expected"]["average_precision_step"], abs=1e-6)
    assert trapezoid.value == pytest.approx(of["expected"]["prauc_trapezoid_rocr"], abs=1e-6)


def test_tango_and_mcnemar() -> None:
    of = case("pima_mcnemar_and_paired_diff")
    b, c, n = (of["inputs"][key] for key in ("b_a_only_correct", "c_b_only_correct", "n"))
    _close(paired_proportions(b, c, n).estimate(), of["expected"]["tango"], 1e-7)
    assert mcnemar(b, c) == pytest.approx(of["expected"]["p_exact"], abs=1e-10)
    data = columns(of)
    result = aiqa.compare("accuracy", y_true=data["y"], champion=data["score_b"], challenger=data["score_a"])
    assert result.difference == pytest.approx(of["expected"]["diff"], abs=1e-12)
    _close(result, of["expected"]["tango"], 1e-7)
    assert result.p_value == pytest.approx(of["expected"]["p_exact"], abs=1e-10)


def test_agresti() -> None:
    of = case("agresti_mcnemar")
    inputs = of["inputs"]
    total = sum(inputs[key] for key in "abcd")
    _close(paired_proportions(inputs["b"], inputs["c"], total).estimate(), of["expected"]["tango"], 1e-7)
    assert mcnemar(inputs["b"], inputs["c"]) == pytest.approx(of["expected"]["p_exact"], rel=1e-6)
    gain = paired_proportions(inputs["b"], inputs["c"], total).value
    assert gain == pytest.approx(of["expected"]["diff"], abs=1e-12)


def test_mean_absolute_error_alone_and_paired() -> None:
    of = case("boston_mae_t")
    data = columns(of)
    alone = aiqa.evaluate("mae", y_true=data["y"], y_pred=data["pred_a"], method="t")
    assert alone.value == pytest.approx(of["expected"]["mae"], abs=1e-10)
    _close(alone, of["expected"]["t_ci"], 1e-8)
    models = {"champion": data["pred_b"], "challenger": data["pred_a"]}
    pair = aiqa.compare("mae", y_true=data["y"], **models, method="t")
    assert pair.difference == pytest.approx(of["expected"]["paired"]["diff"], abs=1e-10)
    _close(pair, of["expected"]["paired"], 1e-8)
    assert pair.p_value == pytest.approx(of["expected"]["paired"]["p_value"], rel=1e-4)
    t = stats.t.isf(pair.p_value / 2, len(data["y"]) - 1)
    assert t == pytest.approx(-of["expected"]["paired"]["t"], abs=1e-6)
    margin, bound = of["inputs"]["margin"], of["expected"]["noninferiority"]
    one = aiqa.compare("mae", y_true=data["y"], **models, method="t", alternative="less")
    assert one.high == pytest.approx(bound["one_sided_upper"], abs=1e-8)
    gains = np.abs(data["y"] - data["pred_b"]) - np.abs(data["y"] - data["pred_a"])
    no_worse = infer(mean_of(gains), method="t").p_value(-margin, "greater")
    assert no_worse == pytest.approx(bound["p_value"], rel=1e-5)


def test_mean_absolute_error_by_default_is_longer_where_errors_are() -> None:
    of = case("boston_mae_t")
    data = columns(of)
    estimate = aiqa.evaluate("mae", y_true=data["y"], y_pred=data["pred_a"])
    t = of["expected"]["t_ci"]
    assert estimate.method == "hall"
    assert t["lower"] < estimate.low < t["lower"] + 0.1
    assert t["upper"] < estimate.high < t["upper"] + 0.2


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_regression(name: str) -> None:
    """The default is wider than BCa on these heavy tails, on the long side above all."""
    of = case(f"boston_{name}_bootstrap")
    data = columns(of)
    estimate = aiqa.evaluate(name, y_true=data["y"], y_pred=data["pred"])
    bca, value = of["expected"]["bca"], of["expected"]["point"]
    assert estimate.value == pytest.approx(value, abs=1e-10)
    below, above = (
        (value - estimate.low) / (value - bca["lower"]),
        (estimate.high - value) / (bca["upper"] - value),
    )
    assert 1 < below < 1.7
    assert 1 < above < 1.7


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_bca_of_regression(name: str) -> None:
    of = case(f"boston_{name}_bootstrap")
    data = columns(of)
    estimate = aiqa.evaluate(name, y_true=data["y"], y_pred=data["pred"], method="bca")
    _close(estimate, of["expected"]["bca"], of["tolerance"]["abs"])


def test_bca_of_a_ratio() -> None:
    of = case("city_ratio_bca")
    data = columns(of)
    means = mean_of(data["num"].astype(float)), mean_of(data["den"].astype(float))
    ratio = function_of(lambda a, b: a / b, means, lambda a, b: (1 / b, -a / b**2))
    inference = infer(ratio, method="bca", seed=1)
    assert inference.value == pytest.approx(of["expected"]["point"], abs=1e-12)
    _close(inference.estimate(), of["expected"]["bca"], of["tolerance"]["abs"])
    percentile = infer(ratio, method="percentile", seed=1)
    _close(percentile.estimate(), of["expected"]["percentile"], of["tolerance"]["abs"])
    linear = ratio.linear().moment(2) ** 0.5
    assert linear == pytest.approx(of["expected"]["se"], rel=0.2)  # ten rows, with the error of the bootstrap
    without = case("city_ratio_abc")
    drawn = abc(ratio)
    assert drawn.value == pytest.approx(without["expected"]["point"], abs=1e-12)
    _close(drawn.estimate(), without["expected"], 1e-6)


_RESAMPLED: dict[str, tuple[Any, str]] = {
    "boston_mae_bootstrap": (metric.mae, "pred"),
    "boston_rmse_bootstrap": (metric.rmse, "pred"),
    "boston_r2_bootstrap": (metric.r2, "pred"),
    "pima_f1_bootstrap": (metric.f1, "score"),
    "pima_average_precision_bootstrap": (metric.scorer("average_precision"), "score"),
}


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("name", _RESAMPLED)
def test_bootstraps(name: str, method: str) -> None:
    of = case(name)
    data = columns(of)
    wanted, answers = _RESAMPLED[name]
    given = {"y_score" if answers == "score" else "y_pred": data[answers]}
    estimate = aiqa.evaluate(wanted(method=method, replicates=2000), y_true=data["y"], **given)
    assert estimate.value == pytest.approx(of["expected"]["point"], abs=1e-10)
    _close(estimate, of["expected"][method], of["tolerance"]["abs"])
    # Of the percentiles of a nearly normal value, the width tells the standard error.
    if method == "percentile":
        assert (estimate.high - estimate.low) / 3.92 == pytest.approx(of["expected"]["se"], rel=0.1)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_bootstraps_of_a_difference(method: str) -> None:
    of = case("boston_mae_paired_diff_bootstrap")
    data = columns(of)
    of_mae = metric.mae(method=method, replicates=5000)
    found = aiqa.compare(of_mae, y_true=data["y"], champion=data["pred_b"], challenger=data["pred_a"])
    assert found.difference == pytest.approx(of["expected"]["point"], abs=1e-10)
    assert (found.high - found.low) / 3.92 == pytest.approx(of["expected"]["se"], rel=0.1)
    _close(found, of["expected"][method], of["tolerance"]["abs"])


def test_average_precision_error() -> None:
    of = case("pima_average_precision_bootstrap")
    data = columns(of)
    score = {"y_true": data["y"], "y_score": data["score"]}
    estimate = aiqa.evaluate("average_precision", **score)
    assert estimate.value == pytest.approx(of["expected"]["point"], abs=1e-10)
    ranked = measure(AVERAGE_PRECISION, steps_of(data["y"] == 1, data["score"]))
    assert ranked.variance**0.5 == pytest.approx(of["expected"]["se"], rel=0.12)
    # The bootstrap's bounds, which are not sound, lie within: the upper one, but for its own error.
    assert estimate.low < of["expected"]["bca"]["lower"]
    assert estimate.high > of["expected"]["bca"]["upper"] - of["tolerance"]["abs"]
    for name in ("percentile", "bca"):
        _close(
            aiqa.evaluate("average_precision", **score, method=name),
            of["expected"][name],
            of["tolerance"]["abs"],
        )


def test_quantile_by_order_statistics() -> None:
    of = case("boston_abs_error_quantile_ci")
    data = columns(of)
    errors = np.abs(data["y"] - data["pred"])
    inference = quantile(float(np.quantile(errors, 0.9)), errors, None, 0.9)
    assert inference.value == pytest.approx(of["expected"]["point_type7"], abs=1e-8)
    _close(inference.estimate(), of["expected"], 1e-8)
    ranks = [of["expected"][name] for name in ("lower_rank", "upper_rank")]
    assert np.sort(errors)[[rank - 1 for rank in ranks]].tolist() == [
        inference.lower(0.025),
        inference.upper(0.025),
    ]


def test_distances_of_two_samples() -> None:
    of = case("airquality_drift")
    data, expected = columns(of), of["expected"]
    now, before = (data[name].astype(float) for name in ("current", "reference"))
    counts = binned(now, before, of["inputs"]["bins"])
    assert float(stability_index(*counts)) == pytest.approx(expected["psi"], abs=1e-7)
    assert float(js_divergence(*counts)) == pytest.approx(expected["js_divergence_nats"], abs=1e-7)
    tested = chi_square(*counts)
    assert tested[:2] == pytest.approx((expected["chisq"], expected["chisq_p"]), abs=1e-7)
    found = _moved(now, before, of["inputs"]["bins"])
    assert found == pytest.approx({name: expected[_DISTANCES[name]] for name in _DISTANCES}, abs=1e-7)
    whole = kolmogorov_smirnov(now, before)
    assert whole.statistic == pytest.approx(expected["ks_statistic"], abs=1e-9)
    assert whole.p_value == pytest.approx(expected["ks_p_asymptotic"], abs=1e-7)


_DISTANCES = {
    "psi": "psi",
    "js_distance": "js_distance_base2",
    "cramers_v": "cramers_v",
    "ks": "ks_statistic",
    "wasserstein": "wasserstein_1",
}


def _moved(now: Any, before: Any, bins: int) -> dict[str, float]:
    """Return what gates on these metrics are judged by."""
    frames = [pl.DataFrame({"x": values}) for values in (now, before)]
    found = {}
    for name in _DISTANCES:
        options = {"bins": bins} if name in ("psi", "js_distance", "cramers_v") else {}
        of = getattr(metric, name)("x", reference="r", **options)
        answers = [execute(frame.lazy(), drift.requests(of)) for frame in frames]
        found[name] = drift.infer(of, answers[0], answers[1], 0)[()].value  # type: ignore[union-attr]
    return found


def test_losses() -> None:
    of = case("pima_calibration")
    data = columns(of)
    estimates = aiqa.evaluate(["brier", "log_loss"], y_true=data["y"], y_score=data["score"])
    assert estimates["brier"].value == pytest.approx(of["expected"]["brier"], abs=1e-9)
    assert estimates["log_loss"].value == pytest.approx(of["expected"]["log_loss"], abs=1e-9)


def test_calibration() -> None:
    of = case("pima_calibration")
    data, expected = columns(of), of["expected"]
    given = {"y_true": data["y"], "y_score": data["score"]}
    for name in ("calibration_slope", "calibration_intercept", "calibration_in_the_large"):
        assert aiqa.evaluate(name, **given).value == pytest.approx(expected[name], abs=1e-6)
    _close(aiqa.evaluate(metric.calibration_slope(method="wald"), **given), expected["slope_wald_ci"], 1e-6)
    error = aiqa.evaluate(metric.ece(bins=of["inputs"]["ece_bins"], method="plain"), **given)
    assert error.value == pytest.approx(expected["ece_equal_width_10"], abs=1e-6)
    z, chi = spiegelhalter_z(forecasts(data["y"], data["score"])), expected["hosmer_lemeshow"]
    assert z == pytest.approx((expected["spiegelhalter_z"], expected["spiegelhalter_p"], None), abs=1e-6)
    tested = hosmer_lemeshow(forecasts(data["y"], data["score"]), groups=of["inputs"]["g"])
    assert tested == pytest.approx((chi["chisq"], chi["p_value"], chi["df"]), abs=1e-6)


def test_conformal_coverage() -> None:
    of = case("conformal_coverage")
    inputs, expected = of["inputs"], of["expected"]
    test = conformal_coverage(inputs["covered"], inputs["n"], inputs["n_cal"], inputs["alpha_level"])
    assert (test.a, test.b) == (expected["beta_a"], expected["beta_b"])
    assert test.p_value == pytest.approx(expected["betabinom_p_less"], abs=1e-7)
    covered = proportion(inputs["covered"], inputs["n"])
    assert covered.p_value(inputs["target"], "less") == pytest.approx(expected["p_less_fixed"], abs=1e-8)
    rows = {
        "y": [0.0] * inputs["n"],
        "low": [-1.0] * inputs["covered"] + [1.0] * (inputs["n"] - inputs["covered"]),
    }
    frame = rows | {"high": [2.0] * inputs["n"]}
    share = aiqa.evaluate(
        metric.interval_coverage(lower="low", upper="high"), frame, y_true="y", y_pred="high"
    )
    _close(share, expected["cp"], 1e-7)
