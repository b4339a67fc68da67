"""The cases: in which form, and in which kind of data, each metric is studied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from aiqa.declare.metric import OF_RESOURCES, Metric
from aiqa.declare.metrics import METRIC_NAMES
from aiqa.declare.metrics import metric as namespace
from aiqa.metrics import catalogue
from benchmarks.coverage.kinds import CLUSTERED, KINDS, WEIGHTED, Setting
from benchmarks.coverage.worlds import Array, Columns


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One form of a metric, in one kind of data.

    Parameters
    ----------
    name : str
    kind : str
    of : callable
        From the rows of a sample to the declaration (a budget grows with them).
    only, but : tuple of str
        The settings that it is studied in (all, where empty), and those that it cannot be studied in.
    truth : callable, optional
        From the population's columns to the value, where the metric's own value there is not the truth.
    truth_by : str, optional
        The method whose value on the population is the truth, where that of the default is not.
    like : bool
        Whether its bounds are made as those of another case: one size a world is then enough.
    slow : bool
        Whether a comparison takes long: it is studied at small sizes only.
    directed : bool
        Whether one end is the better one, so that models can be compared by it.
    """

    name: str
    kind: str
    of: Callable[[int], Metric]
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    truth: Callable[[Columns], float] | None = None
    truth_by: str | None = None
    like: bool = False
    slow: bool = False
    directed: bool = True

    @property
    def metric(self) -> str:
        """The catalogue's name."""
        return self.of(100).name

    @property
    def needs_champion(self) -> bool:
        """Whether it is a metric of two models itself."""
        return self.of(100).needs_champion

    @property
    def has_point(self) -> bool:
        """Whether it is at an operating point."""
        return bool(self.of(100).point.items)

    @property
    def settings(self) -> Iterator[Setting]:
        """The worlds that it is studied in."""
        for setting in KINDS[self.kind].settings:
            if setting.name not in self.but and (not self.only or setting.name in self.only):
                yield setting


def fixed(metric: Metric, kind: str, name: str | None = None, **told: Any) -> Case:
    """Return the case of a metric that is the same at any size."""
    return Case(name or repr(metric), kind, lambda _: metric, **told)


NOT_STUDIED: dict[str, str] = {
    **dict.fromkeys(
        ("spiegelhalter_z", "hosmer_lemeshow"),
        "is the statistic of a test, known without error: it has no bounds",
    ),
    **dict.fromkeys(OF_RESOURCES, "is measured on the model itself: see `benchmarks/latency.py`"),
}
"""Metrics without a case, and why."""
_LIKE = """
approval_rate hamming_loss jaccard npv specificity positive_flips fbeta
mse mape smape mean_error pinball median_absolute_error
calibration_intercept brier_uncertainty brier_resolution
interval_coverage interval_width winkler
"""
LIKE = frozenset(_LIKE.split())
"""Metrics whose bounds are made as those of others that are studied at all sizes."""


# Metrics that need to be told more than their name.


def _ece() -> list[Case]:
    ece = namespace.ece
    return [
        fixed(ece, "scores", truth_by="plain"),
        fixed(ece(binning="quantile"), "scores", truth_by="plain", like=True),
        fixed(ece, "classes", truth_by="plain", like=True),
    ]


def _mce() -> list[Case]:
    """Return the largest gap where all bins hold rows: otherwise a sample cannot know the worst one."""
    filled = ("half positive", "mixture", "ties", WEIGHTED)
    return [
        fixed(namespace.mce, "scores", only=filled),
        fixed(namespace.mce(binning="quantile"), "scores", like=True),
    ]


def _brier_part(name: str) -> list[Case]:
    return [fixed(getattr(namespace, name), "scores", truth_by="plain", like=name in LIKE)]


def _naive_share(columns: Columns) -> float:
    """Return what mase is where rows come in any order: the naive forecast is then another row's truth."""
    truth = np.sort(columns["truth"])
    n = len(truth)
    apart = 2 * float(((2 * np.arange(1, n + 1) - n - 1) * truth).sum()) / n**2
    return float(np.abs(columns["truth"] - columns["predicted"]).mean()) / apart


def _mase() -> list[Case]:
    return [fixed(namespace.mase, "values", but=(CLUSTERED, WEIGHTED), truth=_naive_share)]


def _of_intervals(name: str) -> list[Case]:
    ends = {"lower": "low", "upper": "high", "champion": {"lower": "old_low", "upper": "old_high"}}
    more = {"alpha": 0.2} if name == "winkler" else {}
    return [fixed(getattr(namespace, name)(**ends, **more), "forecasts", name, like=name in LIKE)]


def _crps() -> list[Case]:
    normal = namespace.crps(scale="sigma", champion={"scale": "old_sigma"})
    levels = {"low": 0.1, "predicted": 0.5, "high": 0.9}
    old = {f"old_{name}": level for name, level in levels.items()}
    quantiles = namespace.crps(quantiles=levels, champion={"quantiles": old})
    return [
        fixed(normal, "forecasts", "crps(scale)"),
        fixed(quantiles, "forecasts", "crps(quantiles)", like=True),
    ]


def _by_query(name: str) -> list[Case]:
    metric = getattr(namespace, name)
    k = {} if name in ("mrr", "mean_average_precision") else {"k": 3}
    graded = [fixed(metric(query="unit", **k), "grades", f"{name}, graded")] if name == "ndcg" else []
    return [fixed(metric(query="unit", **k), "queries", name), *graded]


def bias(y_true: Array, y_pred: Array) -> float:
    """A user's metric: by how much predictions are too large, relative to the truth."""
    return float((y_pred - y_true).sum() / y_true.sum())


def promised_to_came(y_true: Array, y_score: Array) -> float:
    """A user's metric of scores: events promised to events that came."""
    return float(y_score.sum() / y_true.sum()) if y_true.any() else float("nan")


def ninetieth(y_true: Array, y_pred: Array) -> float:
    """A user's metric that is not smooth: the ninth decile of the absolute errors."""
    return float(np.quantile(np.abs(y_true - y_pred), 0.9))


def _of_users() -> list[Case]:
    return [
        fixed(namespace(bias), "values", "f: a ratio of sums", but=(WEIGHTED,), slow=True),
        fixed(namespace(ninetieth), "values", "f: a quantile", but=(WEIGHTED,), slow=True),
        fixed(
            namespace(promised_to_came, needs="score"), "scores", "f: of scores", but=(WEIGHTED,), slow=True
        ),
    ]


def _of_scorers() -> list[Case]:
    mae, area = (namespace.scorer(name) for name in ("neg_mean_absolute_error", "roc_auc"))
    return [
        fixed(
            mae, "values", "scorer of mae", only=("normal errors", "lognormal errors"), like=True, slow=True
        ),
        fixed(area, "scores", "scorer of roc_auc", only=("half positive", "mixture"), like=True, slow=True),
    ]


def _told(metric: Metric, kind: str, **how: Any) -> Callable[[], list[Case]]:
    return lambda: [fixed(metric, kind, **how)]


def _of_data(name: str, kind: str) -> Callable[[], list[Case]]:
    return _told(getattr(namespace, name)("column", reference="before"), kind, name=name)


def _each(make: Callable[[str], list[Case]], *names: str) -> dict[str, Callable[[], list[Case]]]:
    return {name: partial(make, name) for name in names}


FORMS: dict[str, Callable[[], list[Case]]] = {
    "expected_cost": _told(namespace.expected_cost(costs={"fn": 5, "fp": 1}), "labels", name="expected_cost"),
    "fbeta": _told(namespace.fbeta(beta=2), "labels", like=True),
    "mean_error": _told(namespace.mean_error, "values", like=True, directed=False),
    "pinball": _told(namespace.pinball(q=0.9), "values", like=True),
    "absolute_error_quantile": _told(namespace.absolute_error_quantile, "values", slow=True),
    "calibration_slope": _told(namespace.calibration_slope, "scores", slow=True),
    "ece": _ece,
    "mce": _mce,
    **_each(_brier_part, "brier_reliability", "brier_resolution", "brier_uncertainty"),
    "mase": _mase,
    **_each(_of_intervals, "interval_coverage", "interval_width", "winkler"),
    "crps": _crps,
    **_each(_by_query, "ndcg", "mean_average_precision", "mrr", "hit_rate", "precision_at", "recall_at"),
    "function": _of_users,
    "scorer": _of_scorers,
    **{name: _of_data(name, "columns") for name in ("psi", "js_distance", "cramers_v")},
    **{name: _of_data(name, "numbers") for name in ("ks", "wasserstein")},
}
"""The cases of metrics that need to be told more than their name."""


# Forms beside the plain one.


def _of_classes() -> list[Case]:
    m = namespace
    full = (m.accuracy, m.f1(average="macro"), m.roc_auc(average="macro"), m.log_loss)
    like = (
        *(m.balanced_accuracy, m.cohen_kappa, m.mcc, m.brier, m.brier_skill),
        *(m.f1(average="weighted"), m.recall(average="macro"), m.precision(average="macro")),
        *(m.roc_auc(average="weighted"), m.average_precision(average="macro")),
        m.cohen_kappa(weights="quadratic"),
    )
    return [
        *(fixed(form, "classes") for form in full),
        *(fixed(form, "classes", like=True) for form in like),
    ]


def _of_labels() -> list[Case]:
    """Return metrics of several labels a row: each label a row of its own, in clusters."""
    f1, recall, area = (getattr(namespace, name) for name in ("f1", "recall", "roc_auc"))
    forms = (f1(average="micro"), recall(average="micro"), area(average="micro"))
    return [fixed(form, "tags") for form in forms]


def _budget(metric: Metric, share: float, *, like: bool = False) -> Case:
    name = f"{metric!r}.at(top={share:.0%})"
    return Case(
        name, "scores", lambda n: metric.at(top=max(1, round(share * n))), but=(CLUSTERED,), like=like
    )


def _operating_points() -> list[Case]:
    recall, precision, f1, accuracy = (
        getattr(namespace, name) for name in ("recall", "precision", "f1", "accuracy")
    )
    like = (
        *(recall.at(threshold=0.3), recall.at(precision=0.6)),
        *(precision.at(recall=0.5), accuracy.at(fpr=0.1)),
    )
    return [
        fixed(recall.at(fpr=0.05), "scores", slow=True),
        _budget(precision, 0.1),
        _budget(recall, 0.1),
        _budget(f1, 0.2),
        *(fixed(point, "scores", like=True) for point in like),
        fixed(precision.at(top=2, per="unit"), "scores", only=(CLUSTERED,)),
    ]


def cases_of(name: str) -> list[Case]:
    """Return the cases of a metric of the catalogue."""
    if name in FORMS:
        return FORMS[name]()
    spec, metric = catalogue.CATALOGUE[name], getattr(namespace, name)
    if "binary" in spec.tasks:
        kind = "scores" if spec.needs == "score" else "labels"
    else:
        kind = "classes" if "multiclass" in spec.tasks else "values"
    return [fixed(metric, kind, like=name in LIKE)]


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases: the catalogue's, then those of classes, of several labels, of operating points."""
    names = [name for name in (*METRIC_NAMES, "function", "scorer") if name not in NOT_STUDIED]
    plain = (case for name in names for case in cases_of(name))
    return (*plain, *_of_classes(), *_of_labels(), *_operating_points())
