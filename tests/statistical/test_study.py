"""The coverage study itself: nothing of the catalogue is left out, truths are true, what is wrong is seen."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from aiqa.declare.metrics import METRIC_NAMES
from aiqa.errors import AiqaError
from aiqa.metrics.catalogue import CATALOGUE
from benchmarks.coverage import study
from benchmarks.coverage.acceptance import failures, limit, sound, too_often, widths
from benchmarks.coverage.cases import FORMS, NOT_STUDIED, Case, cases, fixed
from benchmarks.coverage.code import digest
from benchmarks.coverage.kinds import EQUAL, KINDS, WEIGHTED, Setting
from benchmarks.coverage.measure import Effort, answer, truth_of, world_of
from benchmarks.coverage.plan import PAIRINGS, cells, module_of
from benchmarks.coverage.report import page
from benchmarks.coverage.summary import distances, ideal, rates, relative

INFINITE = (-math.inf, math.inf)


# The plan.


def test_every_metric_is_studied_or_says_why_not() -> None:
    studied = {case.metric for case in cases()}
    assert studied | set(NOT_STUDIED) == set(METRIC_NAMES) | {"function", "scorer"}
    assert not studied & set(NOT_STUDIED)
    assert set(FORMS) <= set(CATALOGUE)


def test_every_case_is_studied_small_and_most_at_scale() -> None:
    sizes: dict[str, set[int]] = {}
    for cell in cells():
        sizes.setdefault(cell.case.metric, set()).add(cell.n)
    assert all(min(of) <= 500 for of in sizes.values())
    assert sum(max(of) >= 5000 for of in sizes.values()) > len(sizes) / 2


def test_names_are_unique() -> None:
    keys = [cell.key for cell in cells()]
    assert len(keys) == len(set(keys))


def _method_cases() -> dict[str, list[Case]]:
    """Return by method the cases of metrics that name it."""
    found: dict[str, list[Case]] = {}
    for case in cases():
        for method in CATALOGUE[case.metric].methods:
            found.setdefault(method, []).append(case)
    return found


@pytest.mark.parametrize("method", _method_cases())
def test_every_named_method_is_studied_where_it_answers(method: str) -> None:
    studied = {(cell.case.name, cell.pairing) for cell in cells() if method in cell.methods}
    for case in _method_cases()[method]:
        for pairing in ("alone", "paired"):
            if (case.name, pairing) in studied and _answers(case, pairing, method):
                return
    pytest.fail(f"no cell of the plan gets an answer by {method}")


def _answers(case: Case, pairing: str, method: str) -> bool:
    setting = next(case.settings)
    frames = [world_of(setting).draw(np.random.default_rng(0), 2, 100)]
    try:
        parts = answer(case, setting, pairing, frames, method, 100, seed=0)
    except AiqaError:
        return False
    return not any(isinstance(part, AiqaError) for part in parts.values())


# The worlds.


def _case(name: str) -> Case:
    return next(case for case in cases() if case.name == name)


def _setting(kind: str, name: str) -> Setting:
    return next(setting for setting in KINDS[kind].settings if setting.name == name)


CLOSED_FORMS = [
    ("roc_auc", "scores", "half positive", ndtr(1.5 / math.sqrt(2))),
    ("roc_auc", "scores", "unequal variances", ndtr(1.5 / math.sqrt(1 + 2.5**2))),
    ("roc_auc", "scores", "mixture", 0.7 * ndtr(3 / math.sqrt(2)) + 0.3 * 0.5),
    ("recall", "labels", "5 % positive", 0.7),
    ("precision", "labels", "5 % positive", 0.6),
    ("accuracy", "labels", "half positive", 0.9),
    ("mcc", "labels", "no better than chance", 0.0),
    ("mae", "values", "normal errors", 20 * math.sqrt(2 / math.pi)),
    ("mae", "values", "t3 errors", 20 * 2 / math.pi),
    ("rmse", "values", "normal errors", 20.0),
    ("absolute_error_quantile", "values", "normal errors", 20 * 1.6448536),
    ("r2", "values", "normal errors", 1 - 400 / (math.exp(10.16) * (math.exp(0.16) - 1))),
    ("brier_uncertainty", "scores", "5 % positive", 0.05 * 0.95),
    ("ece", "scores", "half positive", 0.0),
    ("calibration_slope", "scores", "half positive", 1.0),
    ("crps(scale)", "forecasts", "normal errors", 20 / math.sqrt(math.pi)),
]


@pytest.mark.parametrize(("case", "kind", "setting", "told"), CLOSED_FORMS)
def test_worlds_are_what_their_names_say(case: str, kind: str, setting: str, told: float) -> None:
    """The truth is the population's own; it must be near that of the law which the population comes from."""
    truth = truth_of(_case(case), _setting(kind, setting), "alone")
    assert truth == pytest.approx(told, rel=0.015, abs=0.008)


def test_truth_of_a_gain_and_of_equal_models() -> None:
    world = _setting("values", "normal errors")
    assert truth_of(_case("mae"), world, "paired") == pytest.approx(
        0.08 * 20 * math.sqrt(2 / math.pi), rel=0.05
    )
    for case, kind in (("mae", "values"), ("roc_auc", "scores"), ("accuracy", "labels")):
        assert truth_of(_case(case), _setting(kind, EQUAL), "paired") == pytest.approx(0.0, abs=1e-12)


def test_truth_of_mase_is_that_of_rows_in_any_order() -> None:
    own, setting = _case("mase"), _setting("values", "normal errors")
    seen = truth_of(fixed(own.of(0), "values"), setting, "alone")
    assert truth_of(own, setting, "alone") == pytest.approx(seen, rel=0.01)


def test_clusters_are_drawn_whole() -> None:
    world = world_of(_setting("values", "in clusters"))
    assert world.sizes is not None
    frame = world.draw(np.random.default_rng(1), 3, 40)
    sizes = frame.group_by("replicate", "unit").len()
    assert len(sizes) == 120
    assert set(sizes["len"].to_list()) <= set(world.sizes.tolist())
    ends = np.cumsum(world.sizes)
    first = frame.filter(replicate=0, unit=0)["truth"].to_numpy()
    starts = np.flatnonzero(world.columns["truth"] == first[0])
    assert any(
        start in ends - world.sizes
        and np.array_equal(world.columns["truth"][start : start + len(first)], first)
        for start in starts
    )


def test_weights_matter() -> None:
    setting = _setting("labels", WEIGHTED)
    columns = world_of(setting).columns
    plain = float((columns["truth"] == columns["predicted"]).mean())
    assert truth_of(_case("accuracy"), setting, "alone") > plain + 0.01


# What is measured.


def _table(truth: float, reach: float, replicates: int = 4000) -> Any:
    """Return the answers of a normal method whose bounds are `reach` standard errors away."""
    value = np.random.default_rng(0).normal(truth, 1.0, replicates)
    two = reach * 1.96 / 1.645
    p = 2 * ndtr(-np.abs(value))
    return np.column_stack([value, value - reach, value + reach, value - two, value + two, p])


def test_a_sound_method_is_found_sound_and_a_narrow_one_not() -> None:
    right = {"made_by": ["t"], **rates(_table(0.0, 1.645), 0.0, INFINITE)}
    narrow = {"made_by": ["t"], **rates(_table(0.0, 1.3), 0.0, INFINITE)}
    assert right["false"] == pytest.approx([0.05, 0.05], abs=0.01)
    assert right["covered"] == pytest.approx(0.95, abs=0.01)
    assert right["naive"] == pytest.approx([0.5, 0.5], abs=0.03)
    assert right["p"] == pytest.approx(0.05, abs=0.01)
    assert not list(too_often(right))
    assert len(list(too_often(narrow))) == 2
    cells = {"a | alone | x | world | 9": {"methods": {"default": right, "wald": narrow}}}
    assert sound(cells) == {("a | alone | x", "default")}


def test_what_is_not_defined_or_says_nothing_passes_nothing() -> None:
    table = _table(0.5, 1.645)
    table[:1000] = math.nan
    table[1000:2000, 1:] = [0.0, 1.0, 0.0, 1.0, 1.0]
    found = rates(table, 0.5, (0.0, 1.0))
    assert found["refused"][0] > 0.5
    assert max(found["false"]) < 0.06
    assert distances(table, 0.5, (0.0, 1.0)) == [None, None]


def test_wide_bounds_are_measured_against_the_best_sound_ones() -> None:
    tables = {"default": _table(0.0, 1.9), "t": _table(0.0, 1.645, 1900), "wald": _table(0.0, 1.0)}
    methods = {
        name: {
            "made_by": [name],
            **rates(table, 0.0, INFINITE),
            "distance": distances(table, 0.0, INFINITE),
            "ideal": ideal(table, 0.0),
            **({} if name == "default" else {"relative": relative(table, tables["default"], 0.0, INFINITE)}),
        }
        for name, table in tables.items()
    }
    assert methods["t"]["distance"] == pytest.approx(methods["t"]["ideal"], rel=0.12)
    cells = {"a | alone | x | world | 9": {"methods": methods}}
    ((key, cell),) = cells.items()
    assert widths(key, cell, sound(cells))["default"] == pytest.approx([1.9 / 1.645] * 2, rel=0.1)
    assert len(list(failures(cells))) == 2


def test_limits_leave_room_for_chance() -> None:
    assert limit(0.05, 4000) == pytest.approx(0.05 + 3 * 0.003446, abs=1e-5)


# The run.


def test_results_are_kept_until_the_code_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, effort = tmp_path / "coverage.json", Effort(40, 1e9, 10)
    todo = study.planned("mae | alone | values | ties | 50")
    assert len(todo) == 1
    study.run(todo, effort, 1, file)
    study.run(todo, effort, 1, file)
    assert "1 known, 0 to measure" in capsys.readouterr().out
    study.run(todo, Effort(80, 1e9, 10), 1, file)
    assert "0 known, 1 to measure" in capsys.readouterr().out
    results = json.loads(file.read_text())
    results["found"][todo[0].key]["code"] = "of yesterday"
    study.save(results, file)
    study.run(todo, effort, 1, file)
    assert "0 known, 1 to measure" in capsys.readouterr().out


def test_a_result_depends_on_the_code_that_it_comes_from() -> None:
    losses, ranks = (digest((module_of(name).__name__,), "") for name in ("mae", "roc_auc"))
    assert losses != ranks
    assert losses != digest((module_of("mae").__name__,), "another cell")


def test_the_page_has_a_row_a_method_and_says_what_falls_short(tmp_path: Path) -> None:
    todo = study.planned("accuracy | alone | labels | half positive | 50")[:1]
    results = study.run(todo, Effort(60, 1e9, 10), 1, tmp_path / "coverage.json")
    (cell,) = results["found"].values()
    cell["methods"]["wald"]["false"] = [0.3, 0.02]
    text = page(results)
    assert "| `accuracy` | default: clopper-pearson |" in text
    assert "**30.0 %** (half positive, 50)" in text
    cell["methods"]["default"]["false"] = [0.02, 0.3]
    assert "the upper bound is wrong in 30.0%" in page(results)


def test_all_pairings_are_planned() -> None:
    assert {cell.pairing for cell in cells()} == set(PAIRINGS)
