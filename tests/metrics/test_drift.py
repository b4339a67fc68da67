"""The population stability index: bins of the reference, missing values, slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiqa import metric
from aiqa.declare.metric import Metric
from aiqa.errors import MetricError
from aiqa.metrics import drift
from aiqa.scan.execute import execute
from aiqa.stats.distances import psi

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
    for rows, high in ((1, np.inf), (299, np.inf), (300, 0.0)):
        counts = drift.binned(np.ones(rows), np.ones(1000), 10)
        assert psi(*counts, 0).estimate().high == high


def test_infinities_fall_into_the_outer_bins() -> None:
    own = np.array([-np.inf, 1.0, np.inf, np.inf])
    counted = [part.tolist() for part in drift.binned(own, np.array([1.0, 2.0, 3.0, np.inf]), 2)]
    assert counted == [[2, 2], [2, 2]]
