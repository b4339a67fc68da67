"""The population stability index: bins of the reference, missing values, slices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.metrics import drift
from aiqa.scan.execute import execute
from aiqa.scan.statistics import Rows
from aiqa.stats.distances import (
    chi_square,
    cramers_v,
    js_distance,
    kolmogorov_smirnov,
    ks,
    psi,
    wasserstein,
)

_RNG = np.random.default_rng(0)
_REFERENCE = pl.DataFrame(
    {
        "amount": _RNG.lognormal(size=2000),
        "country": _RNG.choice(["BR", "PT"], 2000),
        "when": pl.Series(range(2000)).cast(pl.Datetime("us")),
    }
)


def _psi(of: Metric, own: pl.DataFrame, reference: pl.DataFrame = _REFERENCE) -> dict[Any, Any]:
    answers = [execute(frame, drift.requests(of)) for frame in (own, reference)]
    return drift.infer(of, answers[0], answers[1], 0)


def test_the_same_data_have_no_drift() -> None:
    for column in _REFERENCE.columns:
        part = _psi(metric.psi(column, reference="r"), _REFERENCE)[()]
        assert part.value == 0.0
        assert part.upper(0.05) < 0.05


def test_a_shift_is_found() -> None:
    moved = _REFERENCE.with_columns(pl.col("amount") * 2)
    part = _psi(metric.psi("amount", reference="r"), moved)[()]
    assert part.lower(0.05) > 0.3
    assert part.n == 2000


@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_bins_follow_the_reference_whatever_its_scale(scale: float, shift: float) -> None:
    rng = np.random.default_rng(1)
    own, reference = rng.normal(0.3, 1, 300), rng.normal(size=400)
    one = drift.binned(own, reference, 8)
    other = drift.binned(own * scale + shift, reference * scale + shift, 8)
    assert one[1].sum() == 400
    assert one[1].max() - one[1].min() <= 1
    assert np.abs(one[0] - other[0]).sum() <= 2


def test_missing_values_are_a_bin() -> None:
    own, reference = drift.binned(np.array([1.0, np.nan, np.nan]), np.array([1.0, 2.0, 3.0, 4.0]), 2)
    assert own.tolist() == [1, 0, 2]
    assert reference.tolist() == [2, 2, 0]
    words = drift.binned(np.array(["a", None], dtype=object), np.array(["a", "b"], dtype=object), 10)
    assert [counts.tolist() for counts in words] == [[1, 1, 0], [0, 1, 1]]


def test_values_that_are_new_count() -> None:
    own = _REFERENCE.with_columns(country=pl.lit("XX"))
    assert _psi(metric.psi("country", reference="r"), own)[()].value > 5


def test_each_slice_against_its_own() -> None:
    of = metric.psi("amount", reference="r").by("country")
    own = _REFERENCE.with_columns(amount=pl.when(pl.col("country") == "BR").then(9.0).otherwise("amount"))
    parts = _psi(of, own)
    assert parts[(("country", "PT"),)].value == 0.0
    assert parts[(("country", "BR"),)].value > 1
    alone = _psi(of, own, _REFERENCE.filter(pl.col("country") == "PT"))
    assert isinstance(alone[(("country", "BR"),)], MetricError)
    assert "no rows where country = 'BR'" in str(alone[(("country", "BR"),)])


def test_wrong_uses_are_named() -> None:
    with pytest.raises(MetricError, match="needs a column"):
        drift.requests(metric.psi)
    with pytest.raises(MetricError, match="two bins or more"):
        drift.requests(metric.psi("amount", reference="r", bins=1))
    words = _REFERENCE.with_columns(amount=pl.lit("a"))
    assert "another type" in str(_psi(metric.psi("amount", reference="r"), words)[()])
    empty = _psi(metric.psi("amount", reference="r"), _REFERENCE.head(0))[()]
    assert isinstance(empty, MetricError)


def test_few_rows_that_are_all_alike_prove_nothing() -> None:
    for rows, high in ((1, np.inf), (366, np.inf), (368, 0.0)):
        counts = drift.binned(np.ones(rows), np.ones(1000), 10)
        assert psi(*counts, 0).estimate().high == high


def test_infinities_fall_into_the_outer_bins() -> None:
    own = np.array([-np.inf, 1.0, np.inf, np.inf])
    counted = [part.tolist() for part in drift.binned(own, np.array([1.0, 2.0, 3.0, np.inf]), 2)]
    assert counted == [[2, 2], [2, 2]]


OTHERS = [metric.js_distance, metric.cramers_v, metric.ks, metric.wasserstein]


@pytest.mark.parametrize("of", OTHERS, ids=lambda of: of.name)
def test_every_distance_is_nothing_of_the_same_and_proven_of_a_shift(of: Metric) -> None:
    asked = of("amount", reference="r")
    same = _psi(asked, _REFERENCE)[()]
    assert same.value == same.lower(0.05) == 0.0
    assert same.upper(0.05) > 0
    half = _REFERENCE.with_columns(amount=_RNG.permutation(_REFERENCE["amount"].to_numpy()) * 1.02)
    assert _psi(asked, half)[()].lower(0.05) == 0.0
    moved = _psi(asked, _REFERENCE.with_columns(pl.col("amount") * 2))[()]
    assert 0 < moved.lower(0.05) < moved.value < moved.upper(0.05)
    assert moved.n == 2000


@given(
    st.lists(st.integers(0, 9), min_size=4, max_size=40), st.lists(st.integers(0, 9), min_size=4, max_size=40)
)
def test_distances_are_scipys(now: list[int], before: list[int]) -> None:
    samples: tuple[Any, Any] = (np.array(now, dtype=float), np.array(before, dtype=float))
    counts: tuple[Any, Any] = (np.bincount(now, minlength=10), np.bincount(before, minlength=10))
    found = kolmogorov_smirnov(*samples)
    assert found.statistic == pytest.approx(stats.ks_2samp(*samples, method="asymp").statistic, abs=1e-12)
    assert wasserstein(*samples, 0).value == pytest.approx(stats.wasserstein_distance(*samples), abs=1e-9)
    expected = jensenshannon(*counts, base=2)
    assert js_distance(*counts, 0).value == pytest.approx(0.0 if np.isnan(expected) else expected, abs=1e-7)
    seen = np.array(counts)[:, np.sum(counts, axis=0) > 0]
    if seen.shape[1] > 1:
        theirs = stats.chi2_contingency(seen, correction=False)
        ours = chi_square(*counts)
        assert ours == pytest.approx((theirs.statistic, theirs.pvalue, theirs.dof), abs=1e-9)
        theirs_v = stats.contingency.association(seen, method="cramer")
        assert cramers_v(*counts, 0).value == pytest.approx(theirs_v, abs=1e-9)


def test_samples_of_one_source_are_rarely_proven_apart() -> None:
    rng = np.random.default_rng(0)
    wrong = np.zeros(2)
    for seed in range(150):
        now, before = rng.normal(size=(2, 120))
        wrong += [found.lower(0.05) > 0 for found in (ks(now, before), wasserstein(now, before, seed))]
    assert (wrong <= 0.05 * 150 + 3 * math.sqrt(0.05 * 0.95 * 150)).all()


def test_values_that_cannot_be_ordered_or_are_missing() -> None:
    def answer(of: Metric, **now: Any) -> Any:
        return _psi(of, pl.DataFrame(now), pl.DataFrame({"x": [1.0, 2.0, None]}))[()]

    assert "needs numbers" in str(answer(metric.ks("x", reference="r"), x=["a", "b"]))
    assert "all are missing" in str(
        answer(metric.ks("x", reference="r"), x=pl.Series([None, None], dtype=pl.Float64))
    )
    assert "finite" in str(answer(metric.wasserstein("x", reference="r"), x=[1.0, float("inf")]))
    assert answer(metric.ks("x", reference="r"), x=[1.0, None, 2.0]).value == 0.0
    assert answer(metric.wasserstein("x", reference="r"), x=[1.0]).upper(0.05) == np.inf


NUMBERS = st.one_of(
    st.none(), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, 2.0]), st.floats(-5, 5)
)
COLUMNS = st.one_of(
    st.tuples(*[st.lists(NUMBERS, min_size=1, max_size=40)] * 2).map(lambda pair: (pl.Float64, pair)),
    st.tuples(*[st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=40)] * 2).map(
        lambda pair: (pl.Int32, pair)
    ),
    st.tuples(*[st.lists(st.sampled_from([None, "a", "b", ""]), min_size=1, max_size=40)] * 2).map(
        lambda pair: (pl.String, pair)
    ),
    st.tuples(*[st.lists(st.sampled_from([None, True, False]), min_size=1, max_size=40)] * 2).map(
        lambda pair: (pl.Boolean, pair)
    ),
)


@settings(deadline=None, max_examples=60)
@given(columns=COLUMNS, name=st.sampled_from(["psi", "js_distance", "cramers_v"]), bins=st.integers(2, 12))
def test_counts_that_add_up_are_those_of_whole_columns(columns: Any, name: str, bins: int) -> None:
    dtype, values = columns
    own, reference = (pl.DataFrame({"x": pl.Series(part, dtype=dtype)}).lazy() for part in values)
    of = getattr(metric, name)("x", reference="r", bins=bins)
    whole = drift.infer(of, execute(own, drift.requests(of)), execute(reference, drift.requests(of)), 0)
    asked = drift.asked(of, str(dtype()), str(dtype()))
    then = asked.then(execute(reference, asked.first))
    assert not any(isinstance(request.statistic, Rows) for request in (*asked.first, *then))
    found = asked.infer(then, execute(own, then), execute(reference, then), 0)
    assert found[()].value == pytest.approx(whole[()].value, rel=1e-12)  # type: ignore[union-attr]
