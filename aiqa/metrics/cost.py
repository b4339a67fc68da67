"""Expected cost: what each truth and answer costs, in numbers or in columns of the data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError, nearest
from aiqa.metrics.cells import answers_of, answers_statistic, cells_of, cells_statistics
from aiqa.metrics.confusion import WALD, infer_cells
from aiqa.metrics.question import CLASSIFICATION, Comparisons, Parts, Question, Spec, States, compared
from aiqa.metrics.table import TRUTH
from aiqa.scan.statistics import Statistic
from aiqa.stats.cells import CellStatistic, Term, contrast
from aiqa.stats.contingency import Codes, Floats, expected_cost
from aiqa.stats.functional import infer, mean_of
from aiqa.stats.gaffke import METHOD as GAFFKE
from aiqa.stats.gaffke import typical
from aiqa.stats.inference import Inference

Costs = list[list[float | str]]
"""By truth and answer, in the order of the classes: numbers, and names of columns."""
_BINARY = {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1)}


class Cost:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        columns = _columns(costs_of(question))
        if not columns:
            return cells_statistics(question, versus_champion=versus_champion)
        models = question.models(versus_champion=versus_champion)
        return (answers_statistic(question, models, *columns),)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        costs = costs_of(question)
        if _columns(costs):
            return {(): _Rows(question, states, costs, versus_champion=False).infer(1.0, seed)}
        matrix = np.array(costs, dtype=float)
        cells = cells_of(question, states, versus_champion=False)
        statistic = CellStatistic(cells, (Term(expected_cost(matrix)),), _range(matrix))
        return {(): infer_cells(question, statistic, seed)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        costs = costs_of(question)
        if _columns(costs):
            rows = _Rows(question, states, costs, versus_champion=True)
            return {(): compared(rows.infer(-1.0, seed), rows.mean(0), rows.mean(1))}
        matrix = np.array(costs, dtype=float)
        cells = cells_of(question, states, versus_champion=True)
        low, high = _range(matrix)
        measure = expected_cost(matrix)
        statistic = CellStatistic(cells, contrast(measure, -1.0), (low - high, high - low))
        gain = infer_cells(question, statistic, seed)
        return {(): compared(gain, *(measure(cells.table(model))[0] for model in (0, 1)))}


def costs_of(question: Question) -> Costs:
    """Read ``costs=``.

    Raises
    ------
    MetricError
        If they are missing, or name what is no class, or are neither numbers nor names.
    """
    given, classes = question.option.get("costs"), question.table.classes
    if isinstance(given, Mapping) and question.binary and set(given) <= set(_BINARY):
        cells: Mapping[tuple[int, int], Any] = {_BINARY[name]: cost for name, cost in given.items()}
    elif isinstance(given, Mapping):
        cells = {
            (_class(classes, truth), _class(classes, said)): cost
            for truth, row in given.items()
            for said, cost in _row(truth, row).items()
        }
    else:
        cells = _in_order(given, len(classes))
    return [
        [_cost(cells.get((truth, said), 0.0)) for said in range(len(classes))]
        for truth in range(len(classes))
    ]


def _in_order(given: Any, size: int) -> dict[tuple[int, int], Any]:
    rows = given if isinstance(given, tuple) else ()
    if len(rows) != size or any(not isinstance(row, tuple) or len(row) != size for row in rows):
        raise MetricError(
            'expected_cost needs costs=: {"fn": 5, "fp": 1}, a mapping of each true label to a mapping of '
            f"predicted ones, or {size} rows of {size} costs, in the order of the classes"
        )
    return {(truth, said): cost for truth, row in enumerate(rows) for said, cost in enumerate(row)}


def _row(truth: str, row: Any) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise MetricError(f"costs=: what {truth!r} costs is a mapping of predicted labels, not {row!r}")
    return row


def _class(classes: tuple[Any, ...], label: str) -> int:
    names = [str(known) for known in classes]
    if label not in names:
        raise MetricError(f"costs=: there is no class {label!r}{nearest(label, names)}")
    return names.index(label)


def _cost(given: Any) -> float | str:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise MetricError(f"costs=: a cost is a number or the name of a column, not {given!r}")
    return given if isinstance(given, str) else float(given)


def _columns(costs: Costs) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cost for row in costs for cost in row if isinstance(cost, str)))


def _range(matrix: Floats) -> tuple[float, float]:
    return float(matrix.min()), float(matrix.max())


class _Rows:
    """The costs of rows, where they differ from row to row."""

    def __init__(self, question: Question, states: States, costs: Costs, *, versus_champion: bool) -> None:
        arrays = states[0]
        self._question, self._arrays, self._costs = question, arrays, costs
        self._truth: Codes = arrays[TRUTH]
        self._said = answers_of(question, arrays, question.models(versus_champion=versus_champion))
        self._weight: Floats = arrays[question.weight] if question.weight else np.ones(len(self._truth))
        if not self._weight.any():
            raise MetricError("all weights are zero")
        self._paid = [self._of(said) for said in self._said]

    def mean(self, model: int) -> float:
        """Return what a row costs with one model."""
        return float(self._weight @ self._paid[model]) / float(self._weight.sum())

    def infer(self, sign: float, seed: int) -> Inference:
        """Infer the mean cost (or, with two models, by how much the first costs more) times a sign."""
        question = self._question
        values = sign * (self._paid[0] - self._paid[1] if len(self._paid) > 1 else self._paid[0])
        clusters = self._arrays[question.cluster] if question.cluster else None
        method = {GAFFKE: None, WALD: "t"}.get(question.method or GAFFKE, question.method)
        how = {**question.how, "method": method}
        reach = self._reach(values, sign)
        functional = replace(mean_of(values, self._weight), reach=reach, firm=False)
        return infer(functional, clusters=clusters, seed=seed, **how)

    def _of(self, said: Codes) -> Floats:
        paid = np.zeros(len(self._truth))
        for truth, row in enumerate(self._costs):
            for answer, cost in enumerate(row):
                where = (self._truth == truth) & (said == answer)
                paid[where] = self._told(cost, where)
        unknown = np.isnan(paid)
        if unknown.any():
            raise MetricError("the cost is missing", row=int(unknown.argmax()))
        return paid

    def _told(self, cost: float | str, where: NDArray[np.bool_]) -> Any:
        if not isinstance(cost, str):
            return cost
        column = self._arrays[cost]
        if column.dtype.kind not in "iuf":
            raise MetricError("costs must be numbers", column=cost)
        if np.isinf(column).any():
            raise MetricError("a cost is infinite", column=cost, row=int(np.isinf(column).argmax()))
        return column[where].astype(float)

    def _reach(self, values: Floats, sign: float) -> tuple[float, float]:
        """Return how far down and up costs of rows reach, as is typical of what may happen."""
        mean = float(self._weight @ values) / float(self._weight.sum())
        ends = [mean, mean]
        for truth in np.unique(self._truth):
            where = self._truth == truth
            for possible in self._possible(where, self._costs[truth]):
                apart = np.broadcast_to(sign * possible - mean, int(where.sum()))
                for side, end in enumerate((-1, 1)):
                    known = (end * apart > 0) & np.isfinite(apart)
                    far = typical(apart[known], self._weight[where][known])
                    ends[side] = end * max(end * ends[side], end * mean + far)
        return ends[0], ends[1]

    def _possible(self, where: NDArray[np.bool_], row: list[float | str]) -> list[Any]:
        """Return what rows of one class may cost, or by how much two models may differ there."""
        paid = [self._told(cost, where) for cost in row]
        if len(self._paid) == 1:
            return paid
        return [one - other for one in paid for other in paid]


SPECS = {
    "expected_cost": Spec(
        CLASSIFICATION, "prediction", higher_is_better=False, family=Cost(), methods=(GAFFKE, WALD)
    )
}
