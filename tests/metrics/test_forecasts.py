"""Probabilistic forecasts of a number: scores against integrals, pairs and scikit-learn; named columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mean_pinball_loss

import aiqa
from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.declare.values import from_json
from aiqa.errors import MetricError
from aiqa.stats.proportions import proportion
from aiqa.stats.scoring_rules import conformal_coverage, crps_ensemble, crps_normal

_RNG = np.random.default_rng(0)
_N = 402
_LEVELS = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
_MEAN = _RNG.normal(0, 2, _N)
_FRAME = pl.DataFrame(
    {
        "y": _MEAN + _RNG.normal(size=_N),
        "mean": _MEAN,
        "sigma": _RNG.uniform(0.8, 1.2, _N),
        **{name: _MEAN + stats.norm.ppf(level) for name, level in _LEVELS.items()},
        **{f"old_{name}": 3 * stats.norm.ppf(level) + 0 * _MEAN for name, level in _LEVELS.items()},
        **{f"m{k}": _MEAN + _RNG.normal(size=_N) for k in range(5)},
        "customer": np.arange(_N) // 6,
        "weight": _RNG.uniform(0.2, 3, _N),
        "channel": np.array(["app", "web"])[np.arange(_N) % 2],
        "name": ["x"] * _N,
    }
).with_columns(old_sigma=pl.lit(3.0))
_MEMBERS = tuple(f"m{k}" for k in range(5))
_OLD: dict[str, Any] = {"lower": "old_p10", "upper": "old_p90"}
ALL = [
    metric.interval_coverage(lower="p10", upper="p90", champion=_OLD),
    metric.interval_width(lower="p10", upper="p90", champion=_OLD),
    metric.winkler(lower="p10", upper="p90", alpha=0.2, champion=_OLD),
    metric.crps(scale="sigma", champion={"scale": "old_sigma"}),
    metric.crps(members=_MEMBERS, champion={"members": ("old_p10", "old_p50", "old_p90")}),
    metric.crps(members=_MEMBERS, fair=True, champion={"members": ("old_p10", "old_p90")}),
    metric.crps(quantiles=_LEVELS, champion={"quantiles": {f"old_{k}": v for k, v in _LEVELS.items()}}),
]


def _of(of: Metric, frame: Any = _FRAME, **given_: Any) -> Any:
    return aiqa.evaluate(of, frame, **{"y_true": "y", "y_pred": "mean", **given_})


def _losses(of: Metric) -> Any:
    """Return the value of each row, by another way."""
    column = {name: _FRAME[name].to_numpy() for name in _FRAME.columns}
    y, low, high = column["y"], column["p10"], column["p90"]
    option = of.options.as_dict()
    if of.name == "interval_coverage":
        return (np.clip(y, low, high) == y).astype(float)
    if of.name == "interval_width":
        return high - low
    if of.name == "winkler":
        return 2 / 0.2 * (_pinball(y, low, 0.1) + _pinball(y, high, 0.9))
    if "scale" in option:
        return _by_integral(y, column["mean"], column["sigma"])
    if "members" in option:
        members = np.column_stack([column[name] for name in _MEMBERS])
        pairs = np.abs(members[:, :, None] - members[:, None, :]).sum(axis=(1, 2)) / 2
        size = 5 * (4 if option.get("fair") else 5)
        return np.abs(members - y[:, None]).mean(axis=1) - pairs / size
    return np.mean([2 * _pinball(y, column[name], level) for name, level in _LEVELS.items()], axis=0)


def _pinball(y: np.ndarray, said: np.ndarray, level: float) -> np.ndarray:
    return np.array(
        [mean_pinball_loss([one], [other], alpha=level) for one, other in zip(y, said, strict=True)]
    )


def _by_integral(y: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the CRPS by its definition, the squared distance of the two distribution functions."""
    nodes, shares = np.polynomial.legendre.leggauss(400)
    low, high = np.minimum(y, mean) - 12 * scale, np.maximum(y, mean) + 12 * scale
    total = np.zeros(len(y))
    for start, end, function in ((low, y, stats.norm.cdf), (y, high, stats.norm.sf)):
        half = (end - start)[:, None] / 2
        x = start[:, None] + half * (nodes + 1)
        total += (half * shares * function(x, mean[:, None], scale[:, None]) ** 2).sum(axis=1)
    return total


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.id)
def test_values(of: Metric) -> None:
    losses, weight = _losses(of), _FRAME["weight"].to_numpy()
    ours = _of(of)
    assert ours.value == pytest.approx(losses.mean(), abs=1e-9)
    assert _of(of, sample_weight="weight").value == pytest.approx(
        np.average(losses, weights=weight), abs=1e-9
    )
    assert ours.low <= ours.value <= ours.high
    assert ours.n == _N


@settings(deadline=None, max_examples=40)
@given(st.floats(-30, 30), st.floats(-3, 3), st.floats(0.05, 5))
def test_the_closed_form_is_the_integral(y: float, mean: float, scale: float) -> None:
    row = np.array([y]), np.array([mean]), np.array([scale])
    assert crps_normal(*row) == pytest.approx(_by_integral(*row), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12), st.floats(-100, 100))
def test_an_ensemble_is_the_integral_over_its_steps(members: list[float], y: float) -> None:
    steps = np.sort([*members, y])
    shares = np.array([(np.array(members) <= x).mean() for x in steps[:-1]])
    expected = float((np.diff(steps) * (shares - (steps[:-1] >= y)) ** 2).sum())
    ours = crps_ensemble(np.array([y]), np.array([members]))
    assert ours[0] == pytest.approx(expected, abs=1e-9)


def test_the_fair_score_does_not_depend_on_the_size_of_the_ensemble() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=20_000)
    small, large = (crps_ensemble(y, rng.normal(size=(20_000, size)), fair=True).mean() for size in (2, 20))
    assert small == pytest.approx(large, abs=0.02)
    assert crps_ensemble(y, rng.normal(size=(20_000, 2))).mean() > large + 0.2


def test_coverage_is_a_share_with_exact_bounds() -> None:
    of = metric.interval_coverage(lower="p10", upper="p90")
    inside = float(_losses(of).sum())
    ours, exact = _of(of), proportion(inside, _N).estimate()
    assert (ours.value, ours.low, ours.high) == pytest.approx((exact.value, exact.low, exact.high), abs=1e-9)
    clustered = _of(of, cluster="customer")
    assert clustered.value == ours.value
    assert clustered.high - clustered.low > 0.7 * (ours.high - ours.low)
    wilson = proportion(inside, _N, method="wilson").estimate()
    assert _of(of(method="wilson")).low == pytest.approx(wilson.low, abs=1e-12)
    certain = _FRAME.with_columns(p10=pl.lit(-100.0), p90=pl.lit(100.0))
    assert _of(of, certain).low == pytest.approx(0.025 ** (1 / _N), abs=1e-9)


def test_a_constant_width_is_no_proof_with_few_rows_and_known_with_many() -> None:
    of = metric.interval_width(lower="p10", upper="p90")
    few, many = _of(of, _FRAME.head(20)), _of(of, pl.concat([_FRAME] * 4))
    assert (few.low, few.high) == (0.0, np.inf)
    assert many.low == pytest.approx(many.value) == many.high


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.id)
def test_the_champion_has_columns_of_its_own(of: Metric) -> None:
    result = aiqa.compare(
        of, _FRAME.with_columns(zero=pl.lit(0.0)), y_true="y", champion="zero", challenger="mean"
    )
    assert result.challenger == pytest.approx(_of(of).value, abs=1e-12)
    assert result.low <= result.difference <= result.high
    assert result.difference == pytest.approx(result.challenger - result.champion, abs=1e-9)
    option = of.options.as_dict()
    if of.name != "interval_coverage" and "fair" not in option:
        assert result.high < 0
    bare = getattr(metric, of.name)(**{k: v for k, v in option.items() if k != "champion"})
    with pytest.raises(MetricError, match="columns of its own: name them, as in champion="):
        aiqa.compare(bare, _FRAME, y_true="y", champion="p50", challenger="mean")


def test_coverage_is_compared_on_the_same_rows() -> None:
    of = ALL[0]
    frame = _FRAME.with_columns(zero=pl.lit(0.0))
    result = aiqa.compare(of, frame, y_true="y", champion="zero", challenger="mean")
    old = _of(metric.interval_coverage(**_OLD))
    assert "tango" in result.method
    assert result.champion == old.value
    clustered = aiqa.compare(of, frame, y_true="y", champion="zero", challenger="mean", cluster="customer")
    assert clustered.difference == pytest.approx(result.difference, abs=1e-12)
    assert "tango" not in clustered.method
    with pytest.raises(MetricError, match="of one share, and not of a difference"):
        aiqa.compare(of(method="wilson"), frame, y_true="y", champion="zero", challenger="mean")


@pytest.mark.parametrize("method", ["bca", "percentile", "poisson", "jackknife"])
def test_methods_of_all_functionals(method: str) -> None:
    for of in ALL[:4]:
        own, other = _of(of, cluster="customer"), _of(of(method=method, replicates=300), cluster="customer")
        assert other.value == pytest.approx(own.value, abs=1e-12)
        assert of.name == "interval_width" or other.low < own.value < other.high


def test_slices_are_those_of_their_rows() -> None:
    for of in ALL:
        parts = _of(of, by="channel")
        assert parts["web"] == _of(of, _FRAME.filter(channel="web"))


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (metric.interval_coverage(lower="p10"), "needs upper="),
        (metric.interval_coverage(lower="p1", upper="p90"), "no column 'p1'; did you mean 'p10'"),
        (metric.interval_coverage(lower="name", upper="p90"), "needs numbers in column 'name'"),
        (metric.winkler(lower="p10", upper="p90"), "needs alpha="),
        (metric.winkler(lower="p10", upper="p90", alpha=20), "not 20"),
        (metric.crps, "exactly one of scale="),
        (metric.crps(scale="sigma", members=_MEMBERS), "exactly one of scale="),
        (metric.crps(scale="sigma", fair=True), "fair= goes with members="),
        (metric.crps(members=("m0",), fair=True), "takes 2 or more columns"),
        (metric.crps(members="m0"), "takes 1 or more columns"),
        (metric.crps(quantiles={"p10": 10}), "the level of each column"),
        (metric.crps(quantiles=("p10", "p90")), "the level of each column"),
        (metric.crps(scale=7), "the name of a column, not 7"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(of: Metric, why: str) -> None:
    with pytest.raises(MetricError, match=why):
        _of(of)


@pytest.mark.parametrize(
    ("value", "why"),
    [(None, "null, NaN or infinite"), (np.nan, "null, NaN or infinite"), (1e9, "ends before")],
)
def test_unusable_rows_are_named(value: float | None, why: str) -> None:
    broken = _FRAME.with_columns(
        p10=pl.when(pl.int_range(pl.len()) == 17).then(pl.lit(value, pl.Float64)).otherwise(pl.col("p10"))
    )
    with pytest.raises(MetricError, match=why) as caught:
        _of(metric.interval_width(lower="p10", upper="p90"), broken)
    assert (caught.value.column, caught.value.row) == ("p10", 17)
    parts = _of(metric.interval_width(lower="p10", upper="p90"), broken, by="channel")
    assert isinstance(parts["web"], MetricError)
    assert parts["web"].row == 17
    assert parts["app"].value > 0


def test_a_standard_deviation_is_not_negative() -> None:
    with pytest.raises(MetricError, match="standard deviation is negative") as caught:
        _of(metric.crps(scale="sigma"), _FRAME.with_columns(sigma=pl.col("sigma") * -1))
    assert (caught.value.column, caught.value.row) == ("sigma", 0)


def test_declarations_hold_their_columns() -> None:
    of = metric.crps(quantiles=_LEVELS)
    assert from_json((of <= 2.0).to_json()) == (of <= 2.0)
    assert of.id == "crps-quantiles=_p10_0.1_p50_0.5_p90_0.9_"
    assert repr(of <= 2.0) == "crps(quantiles={'p10': 0.1, 'p50': 0.5, 'p90': 0.9}) <= 2"


def test_conformal_coverage_is_beta_binomial() -> None:
    """Against the definition: coverage at the rank that calibration scores give, simulated."""
    rng = np.random.default_rng(2)
    ranked = np.sort(rng.random((20_000, 19)), axis=1)[:, 17]
    covered = rng.binomial(40, ranked)
    for count in (30, 34, 38):
        test = conformal_coverage(count, 40, 19, 0.1)
        assert (test.a, test.b) == (18, 2)
        assert test.p_value == pytest.approx((covered <= count).mean(), abs=0.012)
    for wrong in ((5, 4, 19, 0.1), (3, 4, 8, 0.1)):
        with pytest.raises(ValueError, match=r"needs 0 <= covered|too few"):
            conformal_coverage(*wrong)
