"""Adjusted p-values against statsmodels and SciPy."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from aiqa.stats.multiplicity import Correction, Stepwise, adjust, rejected

NAMES: dict[Correction, str] = {
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "bh": "fdr_bh",
    "by": "fdr_by",
}
P_VALUES = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=20)


@pytest.fixture(scope="module", autouse=True)
def quick_statsmodels() -> Iterator[None]:
    """Its Holm collects garbage at each call, which takes a hundred times what it computes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gc.collect", lambda: 0)
        yield


@pytest.mark.parametrize("method", get_args(Correction))
@given(p_values=P_VALUES)
def test_they_are_those_of_statsmodels(method: Correction, p_values: list[float]) -> None:
    expected = multipletests(p_values, method=NAMES[method])[1]
    assert adjust(p_values, method) == pytest.approx(list(expected), rel=1e-9, abs=1e-300)


@given(p_values=P_VALUES)
def test_the_false_discovery_rates_are_those_of_scipy(p_values: list[float]) -> None:
    assert adjust(p_values, "bh") == pytest.approx(list(false_discovery_control(p_values)), abs=1e-12)
    found = false_discovery_control(p_values, method="by")
    assert adjust(p_values, "by") == pytest.approx(list(found), abs=1e-12)


@given(p_values=P_VALUES)
def test_stronger_procedures_reject_more(p_values: list[float]) -> None:
    adjusted = {method: np.array(adjust(p_values, method)) for method in get_args(Correction)}
    order = ("bh", "hommel", "hochberg", "holm", "bonferroni")
    for strong, weak in itertools.pairwise(order):
        assert (adjusted[strong] <= adjusted[weak] * (1 + 1e-9)).all()
    assert (adjusted["by"] >= adjusted["bh"] * (1 - 1e-9)).all()


def test_nothing_is_adjusted_to_nothing() -> None:
    assert adjust([]) == []


def test_impossible_p_values_and_unknown_procedures_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjust([0.1, float("nan")])
    with pytest.raises(ValueError, match="method must be one of"):
        adjust([0.1], "fisher")  # type: ignore[arg-type]


@given(
    p_values=st.lists(st.one_of(st.floats(0, 0.1), st.floats(0, 1)), max_size=40),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
    method=st.sampled_from(["holm", "bh"]),
)
def test_tests_at_single_error_rates_reject_what_adjusted_p_values_do(
    p_values: list[float], alpha: float, method: Stepwise
) -> None:
    asked = [p for p in p_values if p <= alpha]
    tests = [lambda level, p=p: p <= level for p in asked]
    found = {asked[place] for place in rejected(tests, alpha, method, of=len(p_values))}
    adjusted = dict(zip(p_values, adjust(p_values, method), strict=True))
    on_the_edge = {p for p, one in adjusted.items() if one == pytest.approx(alpha, rel=1e-9)}
    assert found - on_the_edge == {p for p, one in adjusted.items() if one <= alpha} - on_the_edge
