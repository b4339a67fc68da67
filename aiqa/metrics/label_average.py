"""Averages over the labels of a multi-label task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aiqa.errors import MetricError
from aiqa.metrics.functional import FunctionalFamily
from aiqa.metrics.multilabel import LABEL
from aiqa.metrics.question import Question
from aiqa.metrics.rows import Columns, Floats
from aiqa.stats.functional import Functional, average, embedded


def over_labels(family: FunctionalFamily, *, weighted: bool) -> FunctionalFamily:
    """Return the family of the mean over labels: each alike, or weighted by its positive rows."""

    def prepare(question: Question, columns: Columns, model: int) -> Functional:
        parts = [
            _of_label(family, question, columns, model, code) for code in range(len(question.table.labels))
        ]
        shares = _shares(question, columns) if weighted else np.full(len(parts), 1 / len(parts))
        first = parts[0]
        return average(parts, shares.tolist(), domain=first.domain, scale=first.scale)

    return replace(family, prepare=prepare, also=lambda question: (*family.also(question), LABEL))


def _of_label(
    family: FunctionalFamily, question: Question, columns: Columns, model: int, code: int
) -> Functional:
    rows = np.flatnonzero(columns.extra[LABEL] == code)
    try:
        functional = family.prepare(question, columns.taken(rows), model)
    except MetricError as error:
        raise MetricError(f"label {question.table.labels[code]!r}: {error.args[0]}") from error
    return embedded(functional, rows, columns.weights)


def _shares(question: Question, columns: Columns) -> Floats:
    positives = columns.weights * (columns.truth == 1)
    support = np.bincount(columns.extra[LABEL], weights=positives, minlength=len(question.table.labels))
    if not support.any():
        raise MetricError(f"{question.name} has no weighted average: no row has any of the labels")
    shares: Floats = support / support.sum()
    return shares
