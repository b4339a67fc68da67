"""The kinds of data, and the worlds of each with the sizes at which they are studied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from benchmarks.coverage import worlds
from benchmarks.coverage.worlds import World

Sizes = tuple[int, ...]
CLUSTERED, WEIGHTED, EQUAL = "in clusters", "weighted", "equally good"


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A world by its name, and the sizes (rows; in clusters, clusters) at which it is studied.

    Parameters
    ----------
    name : str
    build : callable
    alone, paired, unpaired : tuple of int
        Sizes for one model, for two on the same rows, and for two on rows of their own.
    methods : {"default", "own", "all"}
        Which are studied: the default; also the metric's own by name; also those that every metric has.
    """

    name: str
    build: Callable[[], World]
    alone: Sizes = ()
    paired: Sizes = ()
    unpaired: Sizes = ()
    methods: Literal["default", "own", "all"] = "default"


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One form of data.

    Parameters
    ----------
    task : str
    answers : dict
        By which arguments :func:`aiqa.evaluate` is given the challenger's columns.
    pair : tuple
        The challenger's and the champion's columns, for :func:`aiqa.compare`.
    settings : tuple of Setting
    truth : str or list of str
        The column (or columns) of the truth.
    classes : tuple
    """

    task: str
    answers: dict[str, Any]
    pair: tuple[Any, Any]
    settings: tuple[Setting, ...]
    truth: str | list[str] = "truth"
    classes: tuple[Any, ...] = ()


def _equal(build: Callable[..., World], *told: Any, **how: Any) -> Callable[[], World]:
    """Return the builder of a world in which champion and challenger are equally good."""
    return lambda: build(*told, **how).balanced()


_LABELS = (
    Setting(
        "half positive",
        partial(worlds.labels, 0.5, 0.9, 0.9),
        (50, 200, 1000, 5000, 50_000),
        (50, 200, 2000, 50_000),
        (200,),
        "all",
    ),
    Setting(
        "nearly right", partial(worlds.labels, 0.5, 0.99, 0.99), (50, 200, 1000), (200, 2000), (200,), "own"
    ),
    Setting(
        "5 % positive", partial(worlds.labels, 0.05, 0.7, 0.6), (200, 1000, 5000), (1000,), (1000,), "own"
    ),
    Setting("few positives", partial(worlds.labels, 0.05, 0.8, 0.8), (200,), (200,), (), "all"),
    Setting("0.5 % positive", partial(worlds.labels, 0.005, 0.6, 0.3), (1000, 5000, 50_000), (5000,)),
    Setting("no better than chance", partial(worlds.labels, 0.3, 0.3, 0.3), (100, 1000), (200,), (), "all"),
    Setting(EQUAL, _equal(worlds.labels, 0.3, 0.8, 0.8), (), (50, 500), (), "own"),
    Setting(CLUSTERED, partial(worlds.labels, 0.4, 0.8, 0.8, clustered=True), (20, 50, 400), (50,), (50,)),
    Setting(WEIGHTED, partial(worlds.labels, 0.4, 0.8, 0.8, weighted=True), (100, 1000), (500,)),
)
_SCORES = (
    Setting(
        "half positive",
        partial(worlds.scores, 0.5),
        (50, 200, 1000, 5000, 50_000),
        (50, 200, 1000, 20_000),
        (200,),
        "all",
    ),
    Setting("5 % positive", partial(worlds.scores, 0.05), (200, 1000, 5000), (1000,), (), "own"),
    Setting("0.5 % positive", partial(worlds.scores, 0.005), (1000, 5000, 50_000), (5000,)),
    Setting(
        "unequal variances",
        partial(worlds.scores, 0.2, spread=2.5),
        (100, 1000, 5000),
        (200, 1000),
        (),
        "all",
    ),
    Setting("unequal, rare", partial(worlds.scores, 0.02, shift=2.5, spread=2.5), (1000, 5000), (2000,)),
    Setting("narrow positives", partial(worlds.scores, 0.2, shift=2.0, spread=0.4), (100, 1000)),
    Setting(
        "mixture", partial(worlds.scores, 0.2, shift=3.0, hard=0.3), (100, 1000), (200, 1000), (200,), "own"
    ),
    Setting("few positives", partial(worlds.scores, 0.08, shift=2.0), (200,), (), (), "all"),
    Setting("rows lost", partial(worlds.scores, 0.2, shift=3.0, lost=0.04), (), (200, 500), (), "all"),
    Setting("heavy tails", partial(worlds.scores, 0.2, heavy=True), (100, 1000), (200,), (), "own"),
    Setting("ties", partial(worlds.scores, 0.2, graded=True), (100, 1000, 5000), (200,)),
    Setting("nearly right", partial(worlds.scores, 0.2, shift=4.0), (100, 1000), (500,)),
    Setting(EQUAL, _equal(worlds.scores, 0.3), (), (50, 500), (), "own"),
    Setting(CLUSTERED, partial(worlds.scores, 0.3, clustered=True), (20, 50, 400), (50,), (50,)),
    Setting(WEIGHTED, partial(worlds.scores, 0.3, weighted=True), (100, 1000), (500,)),
)
_CLASSES = (
    Setting(
        "three classes", partial(worlds.classes, (0.5, 0.3, 0.2)), (100, 1000, 20_000), (200, 2000), (), "own"
    ),
    Setting("a rare class", partial(worlds.classes, (0.7, 0.25, 0.05)), (100, 1000), (500,)),
    Setting("a very rare class", partial(worlds.classes, (0.8, 0.19, 0.01), shift=3.0), (500, 5000), (2000,)),
    Setting(WEIGHTED, partial(worlds.classes, (0.5, 0.3, 0.2), weighted=True), (200,)),
)
_VALUES = (
    Setting(
        "normal errors", worlds.values, (50, 200, 1000, 5000, 50_000), (50, 200, 2000, 50_000), (200,), "all"
    ),
    Setting("t3 errors", partial(worlds.values, "t3"), (50, 200, 1000, 5000), (50, 200, 2000), (200,), "own"),
    Setting(
        "lognormal errors", partial(worlds.values, "lognormal"), (50, 200, 1000, 5000), (200,), (), "all"
    ),
    Setting("2 % outliers", partial(worlds.values, "outliers"), (50, 200, 1000, 5000), (200,), (), "own"),
    Setting("mostly no error", partial(worlds.values, "mostly none"), (50, 200, 1000), (200,)),
    Setting("ties", partial(worlds.values, "rounded"), (50, 200, 1000), (200,)),
    Setting("uneven errors", partial(worlds.values, uneven=True), (50, 200, 1000), (200,)),
    Setting(EQUAL, _equal(worlds.values, "t3"), (), (50, 500), (), "own"),
    Setting(CLUSTERED, partial(worlds.values, clustered=True), (20, 50, 400), (50,), (50,)),
    Setting(WEIGHTED, partial(worlds.values, "lognormal", weighted=True), (100, 1000), (500,)),
)
_FORECASTS = (
    Setting("normal errors", worlds.forecasts, (50, 200, 5000), (200,), (200,)),
    Setting("t3 errors", partial(worlds.forecasts, "t3"), (50, 200, 1000), (200,)),
    Setting("lognormal errors", partial(worlds.forecasts, "lognormal"), (50, 200, 1000), (200,)),
    Setting("uneven errors", partial(worlds.forecasts, uneven=True), (200,), (200,)),
    Setting(CLUSTERED, partial(worlds.forecasts, clustered=True), (50,)),
    Setting(WEIGHTED, partial(worlds.forecasts, "lognormal", weighted=True), (200,)),
)
# Sizes are queries.
_QUERIES = (
    Setting("easy and hard", worlds.queries, (30, 200, 5000), (50, 200), (200,)),
    Setting("nearly always found", partial(worlds.queries, found=8.0), (50, 200), (200,)),
    Setting(EQUAL, _equal(worlds.queries), (), (50,)),
)
_GRADES = (
    Setting("four grades", partial(worlds.queries, grades=4), (30, 200), (100,)),
    Setting("nearly always found", partial(worlds.queries, grades=4, found=8.0), (50, 200)),
)
_TAGS = (
    Setting("three labels a row", worlds.tags, (50, 200, 1000), (200,)),
    Setting(CLUSTERED, partial(worlds.tags, clustered=True), (50,)),
)

_MOVED = (
    Setting("10 categories", worlds.columns, (200, 1000, 5000), methods="own"),
    Setting("hardly moved", partial(worlds.columns, moved=0.02), (200, 1000, 20_000)),
    Setting("rare categories", partial(worlds.columns, steep=4.0), (200, 1000)),
)

_NUMBERS = (
    Setting("moved numbers", worlds.numbers, (50, 200, 1000, 5000)),
    Setting("numbers that have not moved", partial(worlds.numbers, moved=0.0), (50, 200, 1000)),
    Setting("moved amounts", partial(worlds.numbers, law="lognormal"), (50, 200, 1000)),
    Setting("moved counts", partial(worlds.numbers, moved=1.0, law="counts"), (50, 200, 1000)),
)

_SCORED = {"y_score": "score"}, ("score", "old_score")
_SAID = {"y_pred": "predicted"}, ("predicted", "old_predicted")
_EACH = ["p0", "p1", "p2"], ["old_p0", "old_p1", "old_p2"]
KINDS: dict[str, Kind] = {
    "labels": Kind("binary", *_SAID, _LABELS, classes=(0, 1)),
    "scores": Kind("binary", *_SCORED, _SCORES, classes=(0, 1)),
    "classes": Kind("multiclass", {"y_score": _EACH[0]}, _EACH, _CLASSES, classes=(0, 1, 2)),
    "values": Kind("regression", *_SAID, _VALUES),
    "forecasts": Kind("regression", *_SAID, _FORECASTS),
    "queries": Kind("binary", *_SCORED, _QUERIES, classes=(0, 1)),
    "grades": Kind("regression", {"y_pred": "score"}, _SCORED[1], _GRADES),
    "tags": Kind("multilabel", {"y_score": _EACH[0]}, _EACH, _TAGS, truth=["tag0", "tag1", "tag2"]),
    # Of data alone: what a column is now, and what it was in the reference.
    "columns": Kind("data", {}, ("now", "before"), _MOVED, truth=[]),
    "numbers": Kind("data", {}, ("now", "before"), _NUMBERS, truth=[]),
}
