"""What each metric of the confusion cells is: its measure, and where it is a share of rows, which rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from aiqa.errors import MetricError
from aiqa.metrics.question import Question
from aiqa.metrics.shares import Share
from aiqa.stats.cells import Cells
from aiqa.stats.contingency import (
    FPR,
    JACCARD,
    NPV,
    PRECISION,
    RECALL,
    SPECIFICITY,
    Measure,
    Ratio,
    accuracy,
    averaged,
    cohen_kappa,
    fbeta,
    mapped,
    mcc,
    of_class,
    share_called,
)
from aiqa.stats.skewed import Domain

_SHARE: Domain = (0.0, 1.0)
_SIGNED: Domain = (-1.0, 1.0)
Scale = tuple[Callable[[float], float], Callable[[float], float]]
_F1_OF_JACCARD: Scale = (lambda share: 2 * share / (1 + share), lambda share: 2 / (1 + share) ** 2)
_JACCARD_OF_ACCURACY: Scale = (lambda share: share / (2 - share), lambda share: 2 / (2 - share) ** 2)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a metric is on the cells of truth and answers.

    Parameters
    ----------
    measure : callable
    share : Share, optional
        Where it is a share of rows.
    domain : (float, float)
        Its values.
    classes : bool
        Whether it takes rows of two classes or more, and the rarest decides its precision.
    undefined : str
        Why it has no value, where it has none.
    gap : callable, optional
        Of an average over classes: from the cells and the number of the model to why one of the classes
        has no value, or None.
    """

    measure: Measure
    share: Share | None = None
    domain: Domain = _SHARE
    classes: bool = False
    undefined: str = ""
    gap: Callable[[Cells, int], str | None] = lambda *_: None

    def support(self, cells: Cells) -> tuple[int | None, str]:
        """Return the count that limits precision, and of what it is."""
        if self.classes:
            rows = np.bincount(cells.truth, weights=cells.n)
            return int(rows[rows > 0].min()), "rows of the rarest class"
        if self.share is None or self.share.trials is None:
            return None, "rows"
        return int(cells.n[self.share.among(cells, 0)[1]].sum()), self.share.of

    def require(self, name: str, cells: Cells) -> None:
        """Refuse cells on which it is not defined for one of the models.

        Raises
        ------
        MetricError
            Saying why.
        """
        if self.classes and len(np.unique(cells.truth)) < 2:
            raise MetricError(f"{name} needs rows of two classes or more, and there is only one")
        for model in range(len(cells.said)):
            if self.share is not None and not self.share.among(cells, model)[1].any():
                raise MetricError(f"{name} is not defined: {self.undefined}")
            gap = self.gap(cells, model)
            if gap is not None:
                raise MetricError(f"{name} has no average over classes: {gap}")


def definition(question: Question, code: int | None) -> Definition:
    """Return what the metric of a question is, of one class or of all.

    Raises
    ------
    MetricError
        If an option is missing or impossible.
    """
    if question.name in _WHOLE:
        return _WHOLE[question.name](question)
    if code is not None:
        return _of_class(question, code)
    kind = question.option["average"]
    if kind == "micro":
        return _micro(question)
    if kind == "weighted" and question.name == "recall":
        return _accuracy(question)
    return Definition(averaged(_ratio(question), kind), classes=True, gap=partial(_gap, question))


def _gap(question: Question, cells: Cells, model: int) -> str | None:
    """Return which class that is there has no precision or no recall, as no row is called so, or is it."""
    said = set(cells.said[model].tolist()), "no row is called {!r}, which some are"
    true = (
        set(cells.truth.tolist()),
        "no row is of class {!r}, which some are called; balanced_accuracy leaves it out",
    )
    if question.name not in ("precision", "recall"):
        return None
    (trials, told), (others, _) = (said, true) if question.name == "precision" else (true, said)
    missing = sorted(others - trials)
    return told.format(question.table.classes[missing[0]]) if missing else None


def _accuracy(question: Question) -> Definition:  # noqa: ARG001 - the form of all such functions
    return Definition(accuracy, Share(lambda truth, said: truth == said))


def _hamming_loss(question: Question) -> Definition:  # noqa: ARG001
    measure = mapped(accuracy, lambda share: 1 - share, lambda _: -1.0)
    return Definition(measure, Share(lambda truth, said: truth != said))


def _kappa(question: Question) -> Definition:
    weights = question.option.get("weights")
    if weights not in (None, "linear", "quadratic"):
        raise MetricError(f"cohen_kappa: weights= is 'linear' or 'quadratic', not {weights!r}")
    return Definition(cohen_kappa(weights), domain=_SIGNED, classes=True)


_WHOLE: dict[str, Callable[[Question], Definition]] = {
    "accuracy": _accuracy,
    "hamming_loss": _hamming_loss,
    "balanced_accuracy": lambda _: Definition(averaged(RECALL, "balanced"), classes=True),
    "mcc": lambda _: Definition(mcc, domain=_SIGNED, classes=True),
    "cohen_kappa": _kappa,
}
WHOLE = frozenset(_WHOLE)
"""The metrics that are of no class in particular."""


def _beta(question: Question) -> float:
    beta = question.option.get("beta")
    if isinstance(beta, bool) or not isinstance(beta, (int, float)) or beta <= 0:
        raise MetricError(f"fbeta needs beta=, by how much recall counts more than precision, not {beta!r}")
    return float(beta)


def _ratio(question: Question) -> Ratio:
    ratios = {
        "precision": PRECISION,
        "recall": RECALL,
        "specificity": SPECIFICITY,
        "npv": NPV,
        "fpr": FPR,
        "jaccard": JACCARD,
    }
    if question.name in ratios:
        return ratios[question.name]
    return fbeta(1.0 if question.name == "f1" else _beta(question))


def _micro(question: Question) -> Definition:
    """Return the metric of all classes' counts together, which is a function of accuracy."""
    if question.name == "fpr":
        raise MetricError("fpr has no micro average: take that of specificity")
    classes = len(question.table.classes)
    scales: dict[str, Scale] = {
        "jaccard": _JACCARD_OF_ACCURACY,
        **dict.fromkeys(
            ("specificity", "npv"),
            (lambda share: (classes - 2 + share) / (classes - 1), lambda _: 1 / (classes - 1)),
        ),
    }
    _ratio(question)
    made, scale = _accuracy(question), scales.get(question.name)
    if scale is None or made.share is None:
        return made
    share = Share(made.share.hits, fixed=False, scale=scale)
    return Definition(mapped(accuracy, *scale), share)


def _of_class(question: Question, code: int) -> Definition:
    if question.name == "approval_rate":
        return Definition(share_called(code), Share(lambda _, said: said == code))
    label = question.table.classes[code]
    measure = of_class(_ratio(question), code)
    undefined = {
        "recall": f"no row is of class {label!r}",
        "precision": f"no row is called {label!r}",
        "specificity": f"every row is of class {label!r}",
        "fpr": f"every row is of class {label!r}",
        "npv": f"every row is called {label!r}",
    }.get(question.name, f"no row is of class {label!r} or called so")
    share = _share_of_class(question, code)
    return Definition(measure, share, undefined=undefined)


def _share_of_class(question: Question, code: int) -> Share | None:
    """Return the share that it is; F-beta, which is none unless beta is 1, has the trials of F1."""
    match question.name:
        case "recall":
            return Share(lambda _, said: said == code, lambda truth, _: truth == code, "rows of the class")
        case "precision":
            return Share(
                lambda truth, _: truth == code, lambda _, said: said == code, "rows called so", fixed=False
            )
        case "specificity":
            return Share(
                lambda _, said: said != code, lambda truth, _: truth != code, "rows of other classes"
            )
        case "fpr":
            return Share(
                lambda _, said: said == code, lambda truth, _: truth != code, "rows of other classes"
            )
        case "npv":
            return Share(
                lambda truth, _: truth != code,
                lambda _, said: said != code,
                "rows not called so",
                fixed=False,
            )
    return Share(
        lambda truth, said: (truth == code) & (said == code),
        lambda truth, said: (truth == code) | (said == code),
        "rows of the class or called so",
        fixed=False,
        scale=None if question.name == "jaccard" else _F1_OF_JACCARD,
        exact=question.name != "fbeta" or _beta(question) == 1,
    )
