"""The plan: which metric is studied in which worlds, at which sizes, by which methods.

It grows by itself: every metric of the catalogue is studied in the worlds of its task, alone and against a
champion, by every method that its :class:`~aiqa.metrics.question.Spec` names. What a metric needs beyond
that (a column, an operating point) is said in ``FORMS``; what cannot be studied, in ``NOT_STUDIED``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, Literal

import numpy as np

from aiqa.declare.metric import _KINDS, METRIC_NAMES, Metric
from aiqa.declare.metric import metric as namespace
from aiqa.metrics import catalogue
from aiqa.stats.functional import METHODS
from benchmarks.coverage.kinds import CLUSTERED, KINDS, WEIGHTED, Setting
from benchmarks.coverage.worlds import Array

Pairing = Literal["alone", "paired", "unpaired"]
SMALL = 1000
"""Methods by name, and cases that are slow, are studied up to so many units."""
TINY = 200
"""Resampling methods, up to so many."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One form of a metric, in one kind of data.

    Parameters
    ----------
    name : str
    kind : str
    of : callable
        From the rows of a sample to the declaration (a budget grows with them).
    only : tuple of str
        The settings that it is studied in; all, where empty.
    but : tuple of str
        Settings that it cannot be studied in.
    given : dict
        What else :func:`aiqa.evaluate` is told, beside the columns' roles.
    truth : callable, optional
        From the population's columns to the value, where the metric's own value there is not the truth.
    slow : bool
        Whether it is studied at few sizes, by its default alone.
    """

    name: str
    kind: str
    of: Callable[[int], Metric]
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    given: dict[str, Any] = field(default_factory=dict)
    truth: Callable[[dict[str, Array]], float] | None = None
    slow: bool = False

    @property
    def metric(self) -> str:
        """The catalogue's name."""
        return self.of(100).name

    @property
    def settings(self) -> Iterator[Setting]:
        """The worlds that it is studied in."""
        for setting in KINDS[self.kind].settings:
            if setting.name not in self.but and (not self.only or setting.name in self.only):
                yield setting


def fixed(metric: Metric, kind: str, name: str | None = None, **told: Any) -> Case:
    """Return the case of a metric that is the same at any size."""
    return Case(name or repr(metric), kind, lambda _: metric, **told)


def _budget(metric: Metric, share: float) -> Case:
    name = f"{metric!r}.at(top={share:.0%})"
    return Case(name, "scores", lambda n: metric.at(top=max(1, round(share * n))), but=(CLUSTERED,))


def _operating_points() -> list[Case]:
    recall, precision, f1, accuracy = (
        getattr(namespace, name) for name in ("recall", "precision", "f1", "accuracy")
    )
    plain = [
        recall.at(threshold=0.3),
        recall.at(fpr=0.05),
        precision.at(recall=0.5),
        recall.at(precision=0.6),
        accuracy.at(fpr=0.1),
    ]
    return [
        *(fixed(point, "scores") for point in plain),
        _budget(precision, 0.1),
        _budget(recall, 0.1),
        _budget(f1, 0.2),
        fixed(precision.at(top=2, per="unit"), "scores", only=(CLUSTERED,)),
    ]


def bias(y_true: Array, y_pred: Array) -> float:
    """A user's metric: by how much predictions are too large, relative to the truth."""
    return float((y_pred - y_true).sum() / y_true.sum())


def promised(y_true: Array, y_score: Array) -> float:
    """A user's metric of scores: events promised to events that came."""
    return float(y_score.sum() / y_true.sum()) if y_true.any() else float("nan")


def ninetieth(y_true: Array, y_pred: Array) -> float:
    """A user's metric that is not smooth: the ninth decile of the absolute errors."""
    return float(np.quantile(np.abs(y_true - y_pred), 0.9))


def _of_labels() -> list[Case]:
    """Return metrics of several labels a row: each label a row of its own, in clusters."""
    f1, recall, area = (getattr(namespace, name) for name in ("f1", "recall", "roc_auc"))
    forms = (f1(average="micro"), recall(average="micro"), area(average="micro"))
    return [fixed(form, "tags") for form in forms]


def _of_users() -> list[Case]:
    return [
        fixed(namespace(bias), "values", but=(WEIGHTED,)),
        fixed(namespace(ninetieth), "values", but=(WEIGHTED,)),
        fixed(namespace(promised, needs="score"), "scores", but=(WEIGHTED,)),
    ]


def _of_scorers() -> list[Case]:
    mae, area = (namespace.scorer(name) for name in ("neg_mean_absolute_error", "roc_auc"))
    return [
        fixed(mae, "values", "scorer of mae", only=("normal errors", "lognormal errors"), slow=True),
        fixed(area, "scores", "scorer of roc_auc", only=("half positive", "mixture"), slow=True),
    ]


FORMS: dict[str, Callable[[], list[Case]]] = {
    "function": _of_users,
    "scorer": _of_scorers,
    "psi": lambda: [fixed(namespace.psi("column", reference="before"), "columns", "psi")],
}
"""The cases of metrics that need to be told more than their name."""
NOT_STUDIED: dict[str, str] = {}
"""Metrics without a case here, and why."""


def cases_of(name: str) -> list[Case]:
    """Return the cases of a metric of the catalogue."""
    if name in FORMS:
        return FORMS[name]()
    metric, spec = getattr(namespace, name), catalogue.CATALOGUE[name]
    averaged = "average" in _KINDS[name][1]
    found = []
    if "binary" in spec.tasks:
        found.append(fixed(metric, "scores" if spec.needs == "score" else "labels"))
    if "multiclass" in spec.tasks:
        forms = [metric(average=kind) for kind in ("macro", "weighted")] if averaged else [metric]
        found += [fixed(form, "classes") for form in forms]
    if "regression" in spec.tasks:
        found.append(fixed(metric, "values"))
    return found


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases: the catalogue's in its order, then of several labels and operating points."""
    names = [name for name in (*METRIC_NAMES, "function", "scorer") if name not in NOT_STUDIED]
    return (*(case for name in names for case in cases_of(name)), *_of_labels(), *_operating_points())


def module_of(name: str) -> ModuleType:
    """Return the module of the catalogue in which a metric is."""
    rooms = (value for value in vars(catalogue).values() if isinstance(value, ModuleType))
    return next(room for room in rooms if name in getattr(room, "SPECS", {}))


@dataclass(frozen=True, slots=True)
class Cell:
    """One case in one world at one size: alone, or against a champion."""

    case: Case
    setting: Setting
    pairing: Pairing
    n: int

    @property
    def key(self) -> str:
        """Its name in the results."""
        return " | ".join([self.case.name, self.pairing, self.case.kind, self.setting.name, str(self.n)])

    @property
    def family(self) -> str:
        """The heading that it is reported under."""
        if self.case.of(100).point.items:
            return "operating points"
        return module_of(self.case.metric).__name__.rpartition(".")[2]

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of aiqa that its result comes from."""
        point = ("aiqa.metrics.operating",) if self.case.of(100).point.items else ()
        return module_of(self.case.metric).__name__, *point

    @property
    def methods(self) -> tuple[str | None, ...]:
        """The methods that it is studied by; None is the default."""
        studied = self.setting.methods
        if studied == "default" or self.case.slow or self.n > SMALL or self.pairing == "unpaired":
            return (None,)
        own = catalogue.CATALOGUE[self.case.metric].methods
        generic = METHODS if studied == "all" and self.n <= TINY else ()
        return tuple(dict.fromkeys((None, *own, *generic)))


def cells() -> Iterator[Cell]:
    """Yield the whole plan."""
    pairings: tuple[Pairing, ...] = ("alone", "paired", "unpaired")
    for case in cases():
        for setting in case.settings:
            for pairing in pairings:
                for n in getattr(setting, pairing):
                    if n <= SMALL or not case.slow:
                        yield Cell(case, setting, pairing, n)
