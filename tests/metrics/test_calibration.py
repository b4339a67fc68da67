"""Calibration: values against scikit-learn, statsmodels and loops; bounds, weights, clusters, classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.stats.calibration_error import ece
from aiqa.stats.calibration_tests import hosmer_lemeshow, spiegelhalter_z
from aiqa.stats.murphy import decomposition
from aiqa.stats.reliability import forecasts

Array = NDArray[Any]
_RNG = np.random.default_rng(0)
_N = 400
_LOGIT = _RNG.normal(0, 1.5, _N)
_SAID = expit(_LOGIT)
_CAME = (_RNG.random(_N) < expit(0.7 * _LOGIT + 0.3)).astype(int)
_OTHER = expit(2 * _LOGIT)
_CLUSTER = np.arange(_N) // 5
_THREE = _RNG.dirichlet(np.ones(3), 600)
_CLASS = np.array([_RNG.choice(3, p=p) for p in _THREE])
SMOOTH = ["calibration_slope", "calibration_intercept", "calibration_in_the_large", "brier_skill"]
BINNED = ["ece", "mce", "brier_reliability", "brier_resolution"]
INTERVALS = [*SMOOTH, *BINNED, "brier_uncertainty"]


def _of(metric_: Any, **given_: Any) -> Any:
    return aiqa.evaluate(metric_, y_true=_CAME, y_score=_SAID, **given_)


@dataclass(frozen=True)
class Said:
    truth: Array
    score: Array
    weight: Array


@st.composite
def said(draw: st.DrawFn) -> Said:
    """Forecasts with ties, certain ones among them, and whole weights, some of them 0."""
    n = draw(st.integers(3, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    score = rng.random(n).round(draw(st.sampled_from([1, 2, 6])))
    truth = (rng.random(n) < draw(st.floats(0, 1))).astype(int)
    weight = rng.integers(0, 4, n).astype(float)
    weight[0] = 1.0
    return Said(truth, score, weight)


def _gaps(truth: Array, score: Array, weight: Array, bins: int) -> list[tuple[float, float, float]]:
    """Return share, observed share and mean probability of each bin, by a loop."""
    found = []
    for k in range(bins):
        inside = (score > k / bins) & (score <= (k + 1) / bins) | ((k == 0) & (score == 0))
        total = weight[inside].sum()
        if total > 0:
            found.append(
                (
                    total / weight.sum(),
                    float(np.average(truth[inside], weights=weight[inside])),
                    float(np.average(score[inside], weights=weight[inside])),
                )
            )
    return found


@settings(deadline=None, max_examples=60)
@given(said(), st.sampled_from([1, 4, 10]))
def test_binned_values_are_those_of_a_loop(of: Said, bins: int) -> None:
    asked = {
        name: getattr(metric, name)(bins=bins, **({} if name == "mce" else {"method": "plain"}))
        for name in BINNED
    }
    rows = _gaps(of.truth, of.score, of.weight, bins)
    whole = float(np.average(of.truth, weights=of.weight))
    expected = {
        "ece": sum(share * abs(came - p) for share, came, p in rows),
        "mce": max(abs(came - p) for _, came, p in rows),
        "brier_reliability": sum(share * (came - p) ** 2 for share, came, p in rows),
        "brier_resolution": sum(share * (came - whole) ** 2 for share, came, _ in rows),
    }
    for name, of_metric in asked.items():
        if name == "brier_resolution" and len(rows) == 1:
            continue
        ours = aiqa.evaluate(
            of_metric, y_true=of.truth, y_score=of.score, sample_weight=of.weight, classes=[0, 1]
        )
        assert ours.value == pytest.approx(expected[name], abs=1e-9)
        assert 0 <= ours.low <= ours.value <= ours.high <= 1
        assert np.isfinite([ours.low, ours.high]).all()


@settings(deadline=None, max_examples=40)
@given(said(), st.sampled_from(INTERVALS))
def test_any_forecasts_give_an_honest_interval_or_an_error_that_says_why(of: Said, name: str) -> None:
    given_: dict[str, Any] = {"y_true": of.truth, "y_score": of.score, "sample_weight": of.weight}
    told = r"no logit|one class|only one|separate|all are equal|one bin"
    try:
        ours = aiqa.evaluate(name, **given_, classes=[0, 1])
    except MetricError:
        with pytest.raises(MetricError, match=told):
            aiqa.evaluate(name, **given_, classes=[0, 1])
        return
    assert not np.isnan([ours.value, ours.low, ours.high]).any()
    assert ours.low <= ours.value <= ours.high
    assert name == "brier_uncertainty" or ours.low < ours.high


def test_identity_of_the_parts_of_the_brier_score() -> None:
    score = np.clip(np.round(_SAID, 1), 0.1, 1.0)
    for corrected in (False, True):
        parts = decomposition(forecasts(_CAME, score), bins=10, corrected=corrected)
        total = parts.reliability - parts.resolution + parts.uncertainty
        assert total == pytest.approx(((score - _CAME) ** 2).mean(), abs=1e-12)


def test_corrected_parts_are_unbiased() -> None:
    """Over many samples of a model of known reliability 0, resolution and uncertainty."""
    rng, levels = np.random.default_rng(1), np.array([0.1, 0.3, 0.6, 0.8])
    parts = []
    for _ in range(1500):
        score = rng.choice(levels, 60)
        parts.append(decomposition(forecasts(rng.random(60) < score, score)))
    expected = (0.0, levels.var(), 0.45 * 0.55)
    for column, value in zip(np.array(parts).T, expected, strict=True):
        assert column.mean() == pytest.approx(value, abs=4 * column.std() / 1500**0.5)


def test_the_calibration_error_of_a_calibrated_model_is_nearly_nothing() -> None:
    rng, plain, ours = np.random.default_rng(2), [], []
    for _ in range(300):
        score = rng.random(200)
        of = forecasts(rng.random(200) < score, score)
        plain.append(ece(of, method="plain").value)
        ours.append(ece(of).value)
    assert np.mean(plain) > 0.06
    assert np.mean(ours) < 0.015


def _sandwich(clusters: Array | None) -> tuple[Array, Array]:
    """Return the coefficients and the larger of model and robust standard errors, by statsmodels."""
    design = sm.add_constant(logit(_SAID))
    model = sm.GLM(_CAME, design, family=sm.families.Binomial())
    plain = model.fit(tol=1e-13)
    units = _N if clusters is None else len(np.unique(clusters))
    robust = (
        model.fit(tol=1e-13, cov_type="HC0")
        if clusters is None
        else model.fit(tol=1e-13, cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    )
    return plain.params, np.maximum(plain.bse, robust.bse * np.sqrt(units / (units - 1)))


@pytest.mark.parametrize("clusters", [None, _CLUSTER], ids=["rows", "clusters"])
def test_recalibration_is_that_of_statsmodels(clusters: Array | None) -> None:
    params, errors = _sandwich(clusters)
    units = _N if clusters is None else len(np.unique(clusters))
    reach = stats.t.ppf(0.975, units - 1)
    for which, name in enumerate(["calibration_intercept", "calibration_slope"]):
        ours = _of(name, cluster=clusters)
        assert ours.value == pytest.approx(params[which], abs=1e-8)
        assert ours.high - ours.value == pytest.approx(reach * errors[which], rel=1e-6)
        assert ours.value - ours.low == pytest.approx(reach * errors[which], rel=1e-6)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_recalibration_with_weights_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score = np.clip(rng.random(60), 0.01, 0.99)
    truth = (rng.random(60) < 0.2 + 0.6 * score).astype(int)
    weight = rng.uniform(0.1, 5, 60)
    truth[:4], score[:4] = (0, 1, 0, 1), (0.2, 0.2, 0.8, 0.8)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000)
    model.fit(logit(score)[:, None], truth, sample_weight=weight)
    ours = [
        aiqa.evaluate(name, y_true=truth, y_score=score, sample_weight=weight).value
        for name in ("calibration_intercept", "calibration_slope")
    ]
    assert ours == pytest.approx([model.intercept_[0], model.coef_[0, 0]], abs=1e-5)


def test_in_the_large_is_the_intercept_with_an_offset() -> None:
    model = sm.GLM(_CAME, np.ones((_N, 1)), family=sm.families.Binomial(), offset=logit(_SAID)).fit(tol=1e-13)
    wald = _of(metric.calibration_in_the_large(method="wald"))
    assert wald.value == pytest.approx(model.params[0], abs=1e-9)
    assert (wald.low, wald.high) == pytest.approx(tuple(model.conf_int()[0]), abs=1e-7)
    constant = aiqa.evaluate("calibration_in_the_large", y_true=_CAME, y_score=np.full(_N, 0.5))
    exact = aiqa.evaluate("accuracy", y_true=_CAME, y_pred=np.ones(_N, dtype=int))
    assert expit([constant.low, constant.high]) == pytest.approx([exact.low, exact.high], abs=1e-9)


def test_brier_skill() -> None:
    skill = _of("brier_skill")
    brier = _of("brier").value
    assert skill.value == pytest.approx(1 - brier / (_CAME.mean() * (1 - _CAME.mean())), abs=1e-12)
    wide = aiqa.evaluate("brier_skill", y_true=_CLASS, y_score=_THREE).value
    shares = np.bincount(_CLASS) / len(_CLASS)
    total = aiqa.evaluate("brier", y_true=_CLASS, y_score=_THREE).value
    assert wide == pytest.approx(1 - total / (shares * (1 - shares)).sum(), abs=1e-12)


def test_a_perfect_model_is_not_proven_perfect() -> None:
    ours = aiqa.evaluate("brier_skill", y_true=[0, 1] * 20, y_score=[0.0, 1.0] * 20)
    assert ours.value == 1.0
    assert ours.low < 0.75
    few = aiqa.evaluate("brier_skill", y_true=[0] * 20 + [1], y_score=[0.1] * 20 + [0.3])
    assert few.high == 1.0


def test_the_tests_are_known_statistics() -> None:
    of = forecasts(_CAME, _SAID)
    z, chi = spiegelhalter_z(of), hosmer_lemeshow(of, groups=8)
    assert z.p_value == pytest.approx(2 * stats.norm.sf(abs(z.statistic)), abs=1e-12)
    assert chi.df == 6
    assert chi.p_value == pytest.approx(stats.chi2.sf(chi.statistic, 6), abs=1e-12)
    ours = _of("spiegelhalter_z"), _of(metric.hosmer_lemeshow(groups=8))
    assert [one.value for one in ours] == [abs(z.statistic), chi.statistic]
    assert all(one.low == one.value == one.high for one in ours)
    with pytest.raises(MetricError, match="no interval"):
        _of(metric.spiegelhalter_z(method="bootstrap"))
    with pytest.raises(MetricError, match="statistic of a test"):
        aiqa.compare("hosmer_lemeshow", y_true=_CAME, champion=_OTHER, challenger=_SAID)


def test_repeating_rows_in_clusters_changes_no_test() -> None:
    """Three copies of each row, each row with its copies a cluster, are as much evidence as the rows."""
    three = [np.repeat(values, 3) for values in (_CAME, _SAID, np.arange(_N))]
    alone = forecasts(_CAME, _SAID, None, np.arange(_N))
    again = forecasts(three[0], three[1], None, three[2])
    assert spiegelhalter_z(again).statistic == pytest.approx(spiegelhalter_z(alone).statistic, abs=1e-9)
    assert hosmer_lemeshow(again).statistic == pytest.approx(hosmer_lemeshow(alone).statistic, rel=0.01)


@pytest.mark.parametrize("name", INTERVALS)
def test_clusters_of_copies_count_once(name: str) -> None:
    alone = _of(name, cluster=np.arange(_N))
    again = aiqa.evaluate(
        name, y_true=np.repeat(_CAME, 3), y_score=np.repeat(_SAID, 3), cluster=np.repeat(np.arange(_N), 3)
    )
    assert again.value == pytest.approx(alone.value, abs=0.012)
    assert again.high - again.low == pytest.approx(alone.high - alone.low, rel=0.12)


@pytest.mark.parametrize("name", INTERVALS)
def test_equal_weights_change_nothing(name: str) -> None:
    plain, weighted = _of(name), _of(name, sample_weight=np.full(_N, 2.5))
    for part in ("value", "low", "high"):
        assert getattr(weighted, part) == pytest.approx(getattr(plain, part), abs=1e-9)


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize("method", ["linearised", "t"])
def test_methods_of_all_functionals_are_near_the_own(name: str, method: str) -> None:
    own, other = _of(name), _of(getattr(metric, name)(method=method))
    if name != "mce":  # of which they take the worst bin as given
        assert other.value == pytest.approx(own.value, abs=1e-9)
    assert other.low <= other.value <= other.high
    if name in SMOOTH:
        assert other.high - other.low == pytest.approx(own.high - own.low, rel=0.2)


@pytest.mark.parametrize("name", [*SMOOTH, *BINNED])
@pytest.mark.parametrize("method", ["bca", "percentile", "poisson", "jackknife"])
def test_resamples(name: str, method: str) -> None:
    rows = slice(0, 120)
    asked = getattr(metric, name)(method=method, replicates=200)
    given_: dict[str, Any] = {"y_true": _CAME[rows], "y_score": _SAID[rows], "cluster": _CLUSTER[rows]}
    ours, own = aiqa.evaluate(asked, **given_), aiqa.evaluate(name, **given_)
    assert ours.low <= ours.value <= ours.high
    if name in SMOOTH:
        assert ours.high - ours.low == pytest.approx(own.high - own.low, rel=0.5)


def test_plain_and_debiased_share_what_is_known() -> None:
    plain, ours = _of(metric.ece(method="plain")), _of(metric.ece(method="debiased"))
    assert plain.value > ours.value
    assert plain.low <= ours.low
    assert plain.high >= ours.high
    assert ours == _of("ece")


def test_bins_of_equal_mass() -> None:
    equal = _of(metric.mce(bins=5, binning="quantile"))
    order = np.argsort(_SAID)
    parts = np.array_split(order, 5)
    assert equal.value == pytest.approx(max(abs((_CAME - _SAID)[part].mean()) for part in parts), abs=1e-12)
    for options in ({"binning": "equal"}, {"bins": 0}, {"bins": 2.5}):
        with pytest.raises(MetricError, match=r"must be one of|number of bins"):
            _of(metric.ece(**options))


def test_top_label_and_one_against_the_rest() -> None:
    top = aiqa.evaluate(metric.ece(method="plain"), y_true=_CLASS, y_score=_THREE)
    sure = _THREE.max(axis=1), (_THREE.argmax(axis=1) == _CLASS).astype(int)
    binary = aiqa.evaluate(metric.ece(method="plain"), y_true=sure[1], y_score=sure[0])
    assert top == binary
    each = aiqa.evaluate(metric.ece(average="each", method="plain"), y_true=_CLASS, y_score=_THREE)
    macro = aiqa.evaluate(metric.ece(average="macro", method="plain"), y_true=_CLASS, y_score=_THREE)
    assert list(each) == [0, 1, 2]
    assert macro.value == pytest.approx(np.mean([part.value for part in each.values()]), abs=1e-12)
    assert macro.n == len(_CLASS)
    one = aiqa.evaluate(metric.ece(label=2, method="plain"), y_true=_CLASS, y_score=_THREE)
    assert one == each[2]


def test_macro_slope_is_the_mean_of_the_slopes() -> None:
    each = aiqa.evaluate(metric.calibration_slope(average="each"), y_true=_CLASS, y_score=_THREE)
    macro = aiqa.evaluate(metric.calibration_slope(average="macro"), y_true=_CLASS, y_score=_THREE)
    assert macro.value == pytest.approx(np.mean([part.value for part in each.values()]), abs=1e-9)
    assert macro.high - macro.low < min(part.high - part.low for part in each.values())


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (metric.calibration_slope, "needs label="),
        (metric.mce(average="macro"), "no macro average: use 'each'"),
        (metric.ece(average="micro"), "no micro average: use 'macro' or 'each'"),
        (metric.ece(label=7), "no such class"),
    ],
    ids=str,
)
def test_what_classes_cannot_be_asked(of: Metric, why: str) -> None:
    with pytest.raises(MetricError, match=why):
        aiqa.evaluate(of, y_true=_CLASS, y_score=_THREE)


def test_what_a_recalibration_cannot_do_it_says() -> None:
    truth = np.array([0, 0, 1, 1, 1])
    cases = [
        ([0.1, 0.2, 0.7, 0.8, 0.9], truth, "separate the classes"),
        ([0.4] * 5, truth, "all are equal"),
        ([0.1, 0.2, 0.7, 0.8, 0.9], np.ones(5, dtype=int), "only one"),
        ([0.1, 0.2, 0.0, 0.8, 0.9], truth, "probability of 0 has no logit.*clip="),
    ]
    for score, came, why in cases:
        with pytest.raises(MetricError, match=why):
            aiqa.evaluate("calibration_slope", y_true=came, y_score=score, classes=[0, 1])
    with pytest.raises(MetricError, match="no logit") as caught:
        aiqa.evaluate("calibration_in_the_large", y_true=truth, y_score=cases[3][0])
    assert caught.value.row == 2
    clipped = aiqa.evaluate(metric.calibration_in_the_large(clip=0.01), y_true=truth, y_score=cases[3][0])
    moved = aiqa.evaluate(
        "calibration_in_the_large", y_true=truth, y_score=np.clip(np.array(cases[3][0]), 0.01, 0.99)
    )
    assert clipped == moved
    with pytest.raises(MetricError, match="clip= is a small probability"):
        aiqa.evaluate(metric.calibration_slope(clip=0.6), y_true=truth, y_score=cases[0][0])
    with pytest.raises(MetricError, match="rows as independent"):
        _of(metric.calibration_slope(method="wald"), cluster=_CLUSTER)


def test_calibration_needs_probabilities() -> None:
    with pytest.raises(MetricError, match=r"ece needs probabilities.*outside \[0, 1\]") as caught:
        aiqa.evaluate("ece", y_true=[0, 1, 1], y_score=[0.2, 1.4, 0.3])
    assert caught.value.row == 1


@pytest.mark.parametrize("name", [*SMOOTH, *BINNED])
def test_comparisons_have_the_sign_of_what_is_better(name: str) -> None:
    result = aiqa.compare(name, y_true=_CAME, champion=_OTHER, challenger=_SAID)
    higher = name in ("brier_skill", "brier_resolution")
    assert result.low <= result.difference <= result.high
    assert result.difference == pytest.approx(result.challenger - result.champion, abs=1e-9)
    if name in ("calibration_slope", "brier_skill", "ece"):
        assert (result.low > 0) if higher else (result.high < 0)
    same = aiqa.compare(name, y_true=_CAME, champion=_SAID, challenger=_SAID)
    assert same.difference == 0
    assert same.low <= 0 <= same.high
    swapped = aiqa.compare(name, y_true=_CAME, champion=_SAID, challenger=_OTHER)
    assert swapped.difference == pytest.approx(-result.difference, abs=1e-9)


def test_no_model_changes_the_uncertainty() -> None:
    result = aiqa.compare("brier_uncertainty", y_true=_CAME, champion=_OTHER, challenger=_SAID)
    assert result.difference == result.low == result.high == 0


def test_several_classes_are_compared() -> None:
    flat = (_THREE + 1) / 4
    for of in (metric.ece, metric.ece(average="macro"), metric.brier_skill):
        result = aiqa.compare(of, y_true=_CLASS, champion=flat, challenger=_THREE)
        assert (result.low > 0) if of.name == "brier_skill" else (result.high < 0)
    each = aiqa.compare(
        metric.calibration_slope(average="each"), y_true=_CLASS, champion=flat, challenger=_THREE
    )
    assert set(each) == {0, 1, 2}


def test_slices_are_those_of_their_rows() -> None:
    region = np.array(["north", "south"])[_CLUSTER % 2]
    for name in INTERVALS:
        parts = _of(name, by={"region": region})
        inside = np.equal(region, "south")
        alone = aiqa.evaluate(name, y_true=_CAME[inside], y_score=_SAID[inside])
        assert parts["south"] == alone
    zero = np.where(np.arange(_N) == 300, 0.0, _SAID)
    errors = aiqa.evaluate("calibration_slope", y_true=_CAME, y_score=zero, by={"region": region})
    broken = [part for part in errors.values() if isinstance(part, MetricError)]
    assert len(broken) == 1
    assert broken[0].row is None


def test_one_cluster_tells_nothing() -> None:
    for name, (low, high) in {
        "ece": (0.0, 1.0),
        "brier_reliability": (0.0, 1.0),
        "calibration_slope": (-np.inf, np.inf),
        "calibration_in_the_large": (-np.inf, np.inf),
    }.items():
        ours = _of(name, cluster=np.zeros(_N, dtype=int))
        assert (ours.low, ours.high) == (low, high)


@pytest.mark.parametrize("rows", [1, 2, 19])
def test_few_rows_tell_nothing_of_the_calibration_error(rows: int) -> None:
    """All came that were said to come at 0.9, which is nearly right, and which 19 rows hardly show."""
    told: dict[str, Any] = {"y_true": np.ones(rows, dtype=int), "classes": [0, 1]}
    found = aiqa.evaluate("ece", y_score=np.full(rows, 0.9), **told)
    assert (found.low, found.high) == (0.0, 1.0)
    pair = aiqa.compare("ece", challenger=np.full(rows, 0.9), champion=np.full(rows, 0.5), **told)
    assert (pair.low, pair.high) == (-1.0, 1.0)
