"""Shares, pairs and cells as plain functions, against statsmodels, scipy, definitions and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from aiqa.stats.cells import Cells, CellStatistic, Term, contrast
from aiqa.stats.contingency import (
    JACCARD,
    NPV,
    PRECISION,
    RECALL,
    SPECIFICITY,
    Measure,
    Table,
    accuracy,
    averaged,
    cohen_kappa,
    expected_cost,
    fbeta,
    mapped,
    mcc,
    of_class,
    share_called,
)
from aiqa.stats.effective import effective_size
from aiqa.stats.independent import fisher, independent_difference, newcombe, ratio_of_proportions
from aiqa.stats.inference import Inference
from aiqa.stats.paired import PAIRED, mcnemar, mcnemar_clustered, paired_proportions
from aiqa.stats.proportions import PROPORTIONS, proportion, shrinkage

Floats = NDArray[np.float64]
COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
STATSMODELS = {
    "clopper-pearson": "beta",
    "wilson": "wilson",
    "agresti-coull": "agresti_coull",
    "wald": "normal",
    "jeffreys": "jeffreys",
}


@pytest.mark.parametrize("method", STATSMODELS)
@settings(deadline=None, max_examples=40)
@given(counts=COUNTS, alpha=st.sampled_from([0.1, 0.05, 0.01]))
def test_shares_equal_statsmodels(method: str, counts: tuple[int, int], alpha: float) -> None:
    """But for Jeffreys' at the ends, which would exclude the value itself (Brown, Cai & DasGupta 2001)."""
    x, n = counts
    assume(method != "jeffreys" or 0 < x < n)
    ours = proportion(x, n, method=method).estimate(1 - alpha)
    theirs = proportion_confint(x, n, alpha, method=STATSMODELS[method])
    assert (ours.low, ours.high) == pytest.approx(theirs, abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(counts=COUNTS)
def test_wilson_with_correction_equals_scipy(counts: tuple[int, int]) -> None:
    ours = proportion(*counts, method="wilson-cc").estimate()
    theirs = stats.binomtest(*counts).proportion_ci(0.95, method="wilsoncc")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(counts=COUNTS, alpha=st.floats(1e-4, 0.4))
def test_mid_p_is_its_own_definition(counts: tuple[int, int], alpha: float) -> None:
    x, n = counts
    low = proportion(x, n, method="mid-p").lower(alpha)
    assume(x > 0 and low < x / n)
    binomial = stats.binom(n, low)
    assert binomial.sf(x) + binomial.pmf(x) / 2 == pytest.approx(alpha, abs=1e-8)


@pytest.mark.parametrize(
    ("method", "expected"),
    [("mid-p", (0.2544, 0.3658)), ("wilson-cc", (0.2535, 0.3682))],
)
def test_newcombes_table_of_81_of_263(method: str, expected: tuple[float, float]) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), pages 857 to 872, table I."""
    ours = proportion(81, 263, method=method).estimate()
    assert (ours.low, ours.high) == pytest.approx(expected, abs=6e-5)


def test_arcsine() -> None:
    """With Anscombe's three eighths: sin²(asin(sqrt(p)) ± z / (2 sqrt(n)))."""
    angle, reach = math.asin(math.sqrt(81.375 / 263.75)), 1.959964 / (2 * math.sqrt(263))
    ours = proportion(81, 263, method="arcsine").estimate()
    assert (ours.low, ours.high) == pytest.approx(
        (math.sin(angle - reach) ** 2, math.sin(angle + reach) ** 2), abs=1e-7
    )


@pytest.mark.parametrize("method", PROPORTIONS)
@pytest.mark.parametrize("counts", [(0, 1), (1, 1), (0, 50), (50, 50), (1, 50), (25, 50)])
def test_bounds_of_shares_hold_the_value_and_mirror(method: str, counts: tuple[int, int]) -> None:
    x, n = counts
    one, other = proportion(x, n, method=method), proportion(n - x, n, method=method)
    alphas = [0.5, 0.1, 0.05, 1e-3, 1e-8]
    low, high = [one.lower(alpha) for alpha in alphas], [one.upper(alpha) for alpha in alphas]
    assert low == sorted(low, reverse=True)
    assert high == sorted(high)
    assert 0 <= low[-1] <= low[0] <= one.value <= high[0] <= high[-1] <= 1
    assert low == pytest.approx([1 - other.upper(alpha) for alpha in alphas], abs=1e-12)


def test_clusters_shrink_a_share_by_korn_and_graubard() -> None:
    """The formula of R's survey::svyciprop(method = "beta"): n p(1-p) / variance, then the t quantiles."""
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(30), rng.integers(2, 12, 30))
    hit = (rng.random(len(cluster)) < np.repeat(rng.beta(8, 2, 30), np.bincount(cluster))).astype(float)
    n, share = len(hit), hit.mean()
    residuals = np.bincount(cluster, weights=hit - share)
    variance = (residuals @ residuals) / n**2 * 30 / 29
    found = effective_size(hit, np.ones(n), np.ones(n), n, cluster)
    assert found.size == pytest.approx(share * (1 - share) / variance)
    assert found.freedom == 29
    left = found.size * (stats.t.ppf(0.025, n - 1) / stats.t.ppf(0.025, 29)) ** 2
    ours = proportion(hit.sum(), n, effective=found.size, freedom=29).estimate()
    assert ours.low == pytest.approx(stats.beta.ppf(0.025, left * share, left * (1 - share) + 1))
    assert shrinkage(0.05, n, 0) == 0.0
    assert proportion(3, 4, effective=2, freedom=0).lower(0.05) == 0.0


# Pairs.


@pytest.mark.parametrize(
    ("method", "exact", "correction"), [("exact", True, False), ("chi2", False, False), ("cc", False, True)]
)
@settings(deadline=None, max_examples=40)
@given(gained=st.integers(0, 60), lost=st.integers(0, 60))
def test_mcnemar_equals_statsmodels(
    method: str, exact: bool, correction: bool, gained: int, lost: int
) -> None:
    """But for the correction of equal counts, which statsmodels takes beyond 0, and R not at all."""
    assume(gained + lost > 0 and (method != "cc" or gained != lost))
    theirs = statsmodels_mcnemar([[5, gained], [lost, 7]], exact=exact, correction=correction)
    assert mcnemar(gained, lost, method) == pytest.approx(min(1.0, theirs.pvalue), abs=1e-10)  # type: ignore[arg-type]


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_mid_p_value_counts_what_was_seen_half(gained: int, lost: int) -> None:
    exact = mcnemar(gained, lost)
    seen = stats.binom.pmf(min(gained, lost), gained + lost, 0.5)
    assert mcnemar(gained, lost, "midp") == pytest.approx(exact - seen if gained != lost else 1.0)


@pytest.mark.parametrize("method", [None, *PAIRED])
@pytest.mark.parametrize("counts", [(0, 0, 20), (3, 0, 20), (5, 4, 200), (20, 0, 20), (40, 60, 300)])
def test_differences_of_pairs_hold_the_value_and_mirror(
    method: str | None, counts: tuple[int, int, int]
) -> None:
    gained, lost, n = counts
    one, other = (
        paired_proportions(gained, lost, n, method=method),
        paired_proportions(lost, gained, n, method=method),
    )
    for alpha in (0.4, 0.05, 1e-4):
        assert -1 <= one.lower(alpha) <= one.value <= one.upper(alpha) <= 1
        assert one.lower(alpha) == pytest.approx(-other.upper(alpha), abs=1e-9)
        assert method == "wald" or one.lower(alpha) < one.upper(alpha)


def test_tango_is_widened_only_where_models_hardly_disagree() -> None:
    few, many = ((4, 1, 200), (34, 11, 400))
    assert paired_proportions(*few).lower(0.05) < paired_proportions(*few, method="tango").lower(0.05)
    assert paired_proportions(*many).lower(0.05) == paired_proportions(*many, method="tango").lower(0.05)
    with pytest.raises(ValueError, match="no method 'exact'"):
        paired_proportions(1, 2, 30, method="exact")


def test_clustered_mcnemar_of_single_rows_is_near_mcnemar() -> None:
    gained, lost = np.repeat([1.0, 0.0], [40, 260]), np.repeat([0.0, 1.0, 0.0], [40, 22, 238])
    expected = mcnemar(40, 22, "chi2")
    for method in ("obuchowski", "durkalski"):
        ours = mcnemar_clustered(gained, lost, np.ones(300), method)
        assert ours == pytest.approx(expected, rel=0.02)
    assert mcnemar_clustered(np.zeros(5), np.zeros(5), np.ones(5)) == 1.0


# Rows of their own.


def test_ratios_without_successes() -> None:
    none = ratio_of_proportions((0, 5), (20, 20))
    assert (none.value, none.lower(0.05), none.upper(0.05)) == (0.0, 0.0, math.inf)
    with pytest.raises(ValueError, match="second sample"):
        ratio_of_proportions((5, 0), (20, 20))


@given(st.integers(0, 30), st.integers(0, 30))
def test_independent_differences_mirror(x: int, y: int) -> None:
    one, other = newcombe((x, y), (30, 30)), newcombe((y, x), (30, 30))
    assert one.lower(0.05) == pytest.approx(-other.upper(0.05))
    assert -1 <= one.lower(0.05) <= one.value <= one.upper(0.05) <= 1
    assert 0 < fisher((x, y), (30, 30)) <= 1
    exact = independent_difference(proportion(x, 30), proportion(y, 30))
    assert exact.lower(0.05) <= one.lower(0.05) + 1e-12


# Cells.

COSTS = np.array([[0.0, 1.0, 4.0], [2.0, -1.0, 1.0], [9.0, 3.0, 0.0]])
MEASURES: dict[str, Measure] = {
    "accuracy": accuracy,
    "hamming": mapped(accuracy, lambda x: 1 - x, lambda _: -1.0),
    "called": share_called(2),
    "mcc": mcc,
    "kappa": cohen_kappa(),
    "linear": cohen_kappa("linear"),
    "quadratic": cohen_kappa("quadratic"),
    "cost": expected_cost(COSTS),
    **{
        f"{name} of one": of_class(ratio, 1)
        for name, ratio in {
            "precision": PRECISION,
            "recall": RECALL,
            "specificity": SPECIFICITY,
            "npv": NPV,
            "jaccard": JACCARD,
            "f2": fbeta(2),
        }.items()
    },
    **{
        f"{kind} {name}": averaged(ratio, kind)
        for kind in ("macro", "weighted", "balanced")
        for name, ratio in {"f1": fbeta(1), "precision": PRECISION, "npv": NPV}.items()
    },
}


def _cells(matrix: Floats, scale: float = 1.0) -> Cells:
    table = Table.of(matrix)
    return Cells(
        table.truth, (table.said,), table.weight.astype(int), table.weight * scale, table.weight * scale**2, 3
    )


@pytest.mark.parametrize("name", MEASURES)
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_slopes_are_the_derivatives(name: str, seed: int) -> None:
    measure, rng = MEASURES[name], np.random.default_rng(seed)
    table = Table.of(rng.gamma(2, 10, (3, 3)))
    value, slopes = measure(table)
    at = slopes.at(table.truth, table.said)
    assert at @ table.weight == pytest.approx(0, abs=1e-9)
    for cell in range(9):
        more = table.plus(int(table.truth[cell]), int(table.said[cell]), 1e-5)
        assert (measure(more)[0] - value) / 1e-5 == pytest.approx(at[cell], abs=1e-4)
    for side in (-1, 1):
        said, furthest = slopes.furthest(side)
        assert side * furthest == pytest.approx((side * at.reshape(3, 3)).max(axis=1))
        assert furthest == pytest.approx(at.reshape(3, 3)[np.arange(3), said])


@pytest.mark.parametrize("name", MEASURES)
def test_a_further_row_is_a_further_row(name: str) -> None:
    matrix = np.array([[20.0, 3, 1], [4, 11, 0], [0, 2, 6]])
    more = matrix.copy()
    more[2, 0] += 2.5
    value, slopes = MEASURES[name](Table.of(matrix).plus(2, 0, 2.5))
    expected, other = MEASURES[name](Table.of(more))
    assert value == pytest.approx(expected)
    codes = np.arange(3)
    assert slopes.at(codes, codes) == pytest.approx(other.at(codes, codes))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.2, 0.05, 0.01]))
def test_of_a_share_gaffkes_bound_is_clopper_and_pearsons(right: int, wrong: int, alpha: float) -> None:
    n = right + wrong
    assume(n > 3)
    cells = _occupied(_cells(np.array([[right, wrong, 0.0], [0, 0, 0], [0, 0, 0]])))
    ours = CellStatistic(cells, (Term(accuracy),), (0.0, 1.0)).infer()
    exact = proportion(right, n)
    for end in ("lower", "upper"):
        far, expected = (abs(getattr(of, end)(alpha) - exact.value) for of in (ours, exact))
        assert far == pytest.approx(expected, rel=0.15, abs=0.03 / n)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 60), min_size=9, max_size=9))
def test_kappas_error_is_that_of_fleiss_cohen_and_everitt(counts: list[int]) -> None:
    matrix = np.array(counts, dtype=float).reshape(3, 3)
    for weights in (None, "linear", "quadratic"):
        statistic = CellStatistic(_cells(matrix), (Term(cohen_kappa(weights)),), (-1.0, 1.0))
        theirs = cohens_kappa(matrix, wt=weights)
        assert statistic.functional().linear().value == pytest.approx(theirs.kappa, abs=1e-10)
        assert statistic.functional().linear().moment(2) == pytest.approx(theirs.var_kappa, rel=1e-8)
        wald = statistic.wald().estimate()
        assert (wald.low, wald.high) == pytest.approx(
            (max(-1.0, theirs.kappa_low), min(1.0, theirs.kappa_upp)), abs=1e-8
        )


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(
    "matrix",
    [
        [[50, 0, 0], [0, 30, 0], [0, 0, 20]],
        [[0, 50, 0], [0, 0, 30], [20, 0, 0]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[900, 30, 2], [40, 800, 0], [0, 1, 2]],
        [[40, 0, 0], [30, 0, 0], [20, 0, 0]],
    ],
)
def test_bounds_are_finite_and_ordered(name: str, matrix: list[list[int]]) -> None:
    table = np.array(matrix, dtype=float)
    cells = _occupied(_cells(table))
    statistic = CellStatistic(cells, (Term(MEASURES[name]),), (-10.0, 10.0))
    if math.isnan(statistic.value(cells.w)):
        return
    _require_ordered(statistic.infer())
    both = Cells(cells.truth, (cells.said[0], cells.truth), cells.n, cells.w, cells.w2, 3)
    _require_ordered(CellStatistic(both, contrast(MEASURES[name]), (-20.0, 20.0)).infer())


def _occupied(cells: Cells) -> Cells:
    seen = cells.w > 0
    return Cells(cells.truth[seen], (cells.said[0][seen],), cells.n[seen], cells.w[seen], cells.w2[seen], 3)


def _require_ordered(inference: Inference) -> None:
    alphas = [0.5, 0.2, 0.05, 1e-3, 1e-6, 1e-12]
    low, high = [inference.lower(alpha) for alpha in alphas], [inference.upper(alpha) for alpha in alphas]
    assert all(map(math.isfinite, low + high))
    assert low == sorted(low, reverse=True)
    assert high == sorted(high)
    assert low[0] <= inference.value <= high[0]
    assert low[2] < high[2]


def test_one_cluster_tells_nothing() -> None:
    cells = _occupied(_cells(np.array([[9.0, 1, 0], [2, 8, 0], [0, 0, 5]])))
    together = Cells(cells.truth, cells.said, cells.n, cells.w, cells.w2, 3, np.zeros(len(cells.w), int))
    inference = CellStatistic(together, (Term(mcc),), (-1.0, 1.0)).infer()
    assert (inference.lower(0.05), inference.upper(0.05)) == (-1.0, 1.0)


def test_the_scale_of_weights_does_not_matter() -> None:
    matrix = np.array([[90.0, 5, 2], [8, 60, 3], [1, 4, 12]])
    for measure in MEASURES.values():
        one, other = (
            CellStatistic(_occupied(_cells(matrix, scale)), (Term(measure),), (-10.0, 10.0)).infer()
            for scale in (1.0, 40.0)
        )
        assert other.lower(0.05) == pytest.approx(one.lower(0.05), abs=1e-10)
