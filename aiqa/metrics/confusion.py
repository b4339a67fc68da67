"""Metrics of the confusion counts: accuracy, balanced accuracy, precision, recall, F1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.question import (
    CLASSIFICATION,
    Comparison,
    Comparisons,
    Parts,
    Question,
    Spec,
    States,
    compared,
    each_class,
)
from aiqa.metrics.table import TRUTH, ModelColumns
from aiqa.scan.expr import Expr, col
from aiqa.scan.statistics import Counts, CountState, Statistic
from aiqa.stats.bootstrap import from_replicates, resample_cells
from aiqa.stats.inference import Inference
from aiqa.stats.paired import mcnemar, paired_proportions
from aiqa.stats.proportion import effective_trials, f1, proportion

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
_TRIALS_OF = {
    "recall": "rows of the class",
    "precision": "rows called so",
    "f1": "rows of the class or called so",
}


@dataclass(frozen=True, slots=True)
class Cells:
    """The occupied cells of a confusion table of one or two models.

    Parameters
    ----------
    truth : ndarray of int, shape (cells,)
    said : tuple of ndarray of int, each (cells,)
        What each model predicted.
    n : ndarray of int, shape (cells,)
        Rows.
    w, w2 : ndarray of float, shape (cells,)
        Sums of the weights and of their squares.
    classes : int
    """

    truth: Codes
    said: tuple[Codes, ...]
    n: NDArray[np.int64]
    w: Floats
    w2: Floats
    classes: int

    @property
    def rows(self) -> int:
        return int(self.n.sum())


def cells_of(state: dict[tuple[Any, ...], CountState], classes: int) -> Cells:
    """Read the cells from a state of ``Counts``; those without weight tell nothing."""
    occupied = {key: count for key, count in state.items() if count.w > 0}
    if not occupied:
        raise MetricError("all weights are zero")
    keys = np.array([[int(part) for part in key] for key in occupied], dtype=np.int64)
    counts = occupied.values()
    return Cells(
        keys[:, 0],
        tuple(keys[:, 1:].T),
        np.array([count.n for count in counts], dtype=np.int64),
        np.array([count.w for count in counts]),
        np.array([count.w2 for count in counts]),
        classes,
    )


class Confusion:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        if not _is_averaged(question) and question.option.get("average") != "each":
            _code(question)
        said = [_said(question, model) for model in question.models(versus_champion=versus_champion)]
        return (Counts((col(TRUTH), *said), question.weight),)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        cells = cells_of(states[0], len(question.table.classes))
        if _is_averaged(question):
            return {(): _infer_average(question, cells, seed)}
        if question.option.get("average") == "each":
            return each_class(
                question.table.classes, lambda code: _infer_share(question.name, cells, code, question)
            )
        return {(): _infer_share(question.name, cells, _code(question), question)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        cells = cells_of(states[0], len(question.table.classes))
        if question.option.get("average") == "each":
            return each_class(question.table.classes, lambda code: _compare_one(question, cells, code, seed))
        if _is_averaged(question):
            return {(): _compare_average(_average(question), cells, seed)}
        return {(): _compare_one(question, cells, _code(question), seed)}


def _said(question: Question, model: ModelColumns) -> Expr:
    threshold = question.point.get("threshold")
    if threshold is None:
        return col(model.prediction or "")
    return col(model.score[0]) >= float(threshold)


def _is_averaged(question: Question) -> bool:
    return question.name == "balanced_accuracy" or question.option.get("average") in ("macro", "weighted")


def _code(question: Question) -> int | None:
    """The class asked about; None for accuracy, which the micro average of the others equals."""
    if question.name == "accuracy" or question.option.get("average") == "micro":
        return None
    return question.label_code()


# One share: accuracy, or one class's precision, recall or F1.


def _trials(name: str, cells: Cells, said: Codes, code: int | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return which cells are successes and which are trials."""
    if code is None:
        return said == cells.truth, np.ones(len(said), dtype=bool)
    truly, called = cells.truth == code, said == code
    trials = {"recall": truly, "precision": called, "f1": truly | called}[name]
    return truly & called, trials


def _infer_share(name: str, cells: Cells, code: int | None, question: Question) -> Inference:
    hits, trials = _trials(name, cells, cells.said[0], code)
    _require(name, trials, code, question)
    successes, failures = float(cells.w[hits].sum()), float(cells.w[trials & ~hits].sum())
    squares = float(cells.w2[hits].sum()), float(cells.w2[trials & ~hits].sum())
    support = int(cells.n[trials].sum())
    share = proportion(
        successes,
        successes + failures,
        n=cells.rows,
        effective=effective_trials(successes, failures, squares, support) if question.weight else None,
        support=None if code is None else support,
        support_of="rows" if code is None else _TRIALS_OF[name],
    )
    return f1(share) if name == "f1" and code is not None else share


def _require(name: str, trials: NDArray[Any], code: int | None, question: Question) -> None:
    if trials.any():
        return
    label = question.table.classes[code] if code is not None else None
    why = {
        "recall": f"no row is of class {label!r}",
        "precision": f"no row is called {label!r}",
        "f1": f"no row is of class {label!r} or called so",
    }[name]
    raise MetricError(f"{name} is not defined: {why}")


def _compare_one(question: Question, cells: Cells, code: int | None, seed: int) -> Comparison:
    name = question.name
    values = []
    for said in cells.said:
        hits, trials = _trials(name, cells, said, code)
        _require(name, trials, code, question)
        share = float(cells.w[hits].sum() / cells.w[trials].sum())
        values.append(2 * share / (1 + share) if name == "f1" and code is not None else share)
    if code is None or name == "recall":
        return _tango(cells, values, code)
    return _compare_replicated(_one_class(name, code), cells, values, seed)


def _tango(cells: Cells, values: list[float], code: int | None) -> Comparison:
    first, second = (said == cells.truth for said in cells.said)
    trials = np.ones(len(first), dtype=bool) if code is None else cells.truth == code
    total = float(cells.w[trials].sum())
    size = total**2 / float(cells.w2[trials].sum())
    gained = float(cells.w[trials & first & ~second].sum()) / total * size
    lost = float(cells.w[trials & ~first & second].sum()) / total * size
    of = "rows" if code is None else "rows of the class"
    gain = paired_proportions(gained, lost, cells.rows, trials=size, support_of=of)
    return compared(gain, values[0], values[1], mcnemar(gained, lost))


# Averages over classes, whose errors come from resampled cells.

Value = Callable[[Cells, Codes, Floats], Floats]
"""From cells, a model's predictions and weights of shape (..., cells) to values of shape (...)."""


def _totals(cells: Cells, said: Codes, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the weights right, truly and called, by class: shape (..., classes)."""
    hit = np.where(said == cells.truth, weights, 0.0)
    eye = np.eye(cells.classes)
    truly, called = eye[cells.truth], eye[said]
    return hit @ truly, weights @ truly, weights @ called


def _by_class(name: str, cells: Cells, said: Codes, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each class's value (0 where it has no trials), its true weight, and its presence."""
    hits, truly, called = _totals(cells, said, weights)
    trials = {"recall": truly, "precision": called, "f1": (truly + called) / 2}[name]
    values = np.divide(hits, trials, out=np.zeros_like(hits), where=trials > 0)
    return values, truly, ((truly > 0) | (called > 0)).astype(float)


def _average(question: Question) -> Value:
    kind = question.option.get("average", "macro")
    name = "recall" if question.name == "balanced_accuracy" else question.name

    def value(cells: Cells, said: Codes, weights: Floats) -> Floats:
        values, truly, present = _by_class(name, cells, said, weights)
        balanced = question.name == "balanced_accuracy"
        shares = truly if kind == "weighted" else (truly > 0).astype(float) if balanced else present
        averaged: Floats = (values * shares).sum(axis=-1) / shares.sum(axis=-1)
        return averaged

    return value


def _one_class(name: str, code: int) -> Value:
    def value(cells: Cells, said: Codes, weights: Floats) -> Floats:
        values: Floats = _by_class(name, cells, said, weights)[0][..., code]
        return values

    return value


def _infer_average(question: Question, cells: Cells, seed: int) -> Inference:
    seen = np.unique(cells.truth)
    if len(seen) < 2:
        raise MetricError(f"{question.name} needs rows of two classes or more, and there is only one")
    value = _average(question)
    better, worse = _with_doubt(cells, lambda truth: (truth,)), _with_doubt(cells, _others(cells))
    drawn = [_replicates(value, table, extra, seed)[0] for table, extra in (worse, better)]
    return from_replicates(
        float(value(cells, cells.said[0], cells.w)),
        drawn[0],
        cells.rows,
        f"gamma bootstrap of confusion counts ({len(drawn[0])} resamples)",
        upper=drawn[1],
        domain=(0.0, 1.0),
        support=min(int(cells.n[cells.truth == code].sum()) for code in seen),
        support_of="rows of the rarest class",
    )


def _others(cells: Cells) -> Callable[[int], tuple[int, ...]]:
    return lambda truth: tuple(code for code in range(cells.classes) if code != truth)


def _with_doubt(cells: Cells, said: Callable[[int], tuple[int, ...]]) -> tuple[Cells, Floats]:
    """Add one row of doubt in all, spread over the classes present, that was `said` so by every model."""
    present = np.unique(cells.truth)
    doubts = [(truth, code, 1 / len(present) / len(said(truth))) for truth in present for code in said(truth)]
    return _extended(cells, [(t, (s,) * len(cells.said), extra) for t, s, extra in doubts])


def _extended(cells: Cells, doubts: list[tuple[int, tuple[int, ...], float]]) -> tuple[Cells, Floats]:
    """Append empty cells that hold pseudo-counts alone."""
    none = np.zeros(len(doubts))
    truth = np.array([doubt[0] for doubt in doubts], dtype=np.int64)
    said = np.array([doubt[1] for doubt in doubts], dtype=np.int64)
    table = Cells(
        np.concatenate([cells.truth, truth]),
        tuple(np.concatenate([old, new]) for old, new in zip(cells.said, said.T, strict=True)),
        np.concatenate([cells.n, none.astype(np.int64)]),
        np.concatenate([cells.w, none]),
        np.concatenate([cells.w2, none]),
        cells.classes,
    )
    extra = np.concatenate([np.zeros(len(cells.truth)), [doubt[2] for doubt in doubts]])
    return table, extra


def _resamples(cells: Cells) -> int:
    return int(np.clip(4_000_000 // len(cells.truth), 250, 2000))


def _replicates(value: Value, cells: Cells, extra: Floats, seed: int) -> list[Floats]:
    drawn = resample_cells(cells.w, cells.w2, extra, _resamples(cells), np.random.default_rng(seed))
    return [value(cells, said, drawn) for said in cells.said]


def _compare_average(value: Value, cells: Cells, seed: int) -> Comparison:
    if len(np.unique(cells.truth)) < 2:
        raise MetricError("an average over classes needs rows of two classes or more, and there is only one")
    values = [float(value(cells, said, cells.w)) for said in cells.said]
    return _compare_replicated(value, cells, values, seed)


def _compare_replicated(value: Value, cells: Cells, values: list[float], seed: int) -> Comparison:
    """Compare by resampled joint counts, with one row of doubt that one model alone had right."""
    gains = []
    for right in (1, 0):
        doubts = _disagreements(cells, right)
        first, second = _replicates(value, *_extended(cells, doubts), seed)
        gains.append(first - second)
    gain = from_replicates(
        values[0] - values[1],
        gains[0],
        cells.rows,
        f"gamma bootstrap of joint confusion counts ({len(gains[0])} resamples)",
        upper=gains[1],
        domain=(-1.0, 1.0),
    )
    return compared(gain, values[0], values[1])


def _disagreements(cells: Cells, right: int) -> list[tuple[int, tuple[int, ...], float]]:
    present = np.unique(cells.truth)
    doubts: list[tuple[int, tuple[int, ...], float]] = []
    for truth in present:
        others = _others(cells)(int(truth))
        for other in others:
            said = (other, int(truth)) if right else (int(truth), other)
            doubts.append((int(truth), said, 1 / len(present) / len(others)))
    return doubts


SPECS = dict.fromkeys(
    ("accuracy", "balanced_accuracy", "precision", "recall", "f1"),
    Spec(CLASSIFICATION, "prediction", higher_is_better=True, family=Confusion()),
)
