"""Metrics of rankings: a value a query, and their mean over queries, which are what varies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError, nearest
from aiqa.metrics.hits import METHODS, Hits
from aiqa.metrics.named import codes, required
from aiqa.metrics.question import Comparisons, Parts, Question, Spec, States, compared
from aiqa.metrics.rows import Columns, Floats, columns_of, rows_statistic
from aiqa.scan.statistics import Statistic
from aiqa.stats.functional import Functional, difference, infer, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.queries import BY_QUERY, Rankings, rankings, worst

GAINS = ("linear", "exponential")
_NEEDS_K = ("hit_rate", "precision_at", "recall_at")
_NEVER_NOTHING = ("ndcg", "mean_average_precision")
"""Even the worst order of a query's rows is worth something."""


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """The queries of a slice that have relevant rows: their values by model, weights and clusters.

    Parameters
    ----------
    values : tuple of ndarray of float, each (queries,)
    weight : ndarray of float, shape (queries,), or None
    cluster : ndarray of int, shape (queries,), or None
    rows : int
        Of the slice.
    left_out : int
        Queries without relevant rows.
    least : ndarray of float, shape (queries,), or None
        What each could have at least, where that is far from 0.
    """

    values: tuple[Floats, ...]
    weight: Floats | None
    cluster: NDArray[np.int64] | None
    rows: int
    left_out: int
    least: Floats | None

    def functional(self, model: int) -> Functional:
        """Return the mean over queries."""
        mean = mean_of(self.values[model], self.weight, domain=(0.0, 1.0))
        if self.least is None:
            return mean
        return replace(mean, reach=(float(np.average(self.least, weights=self.weight)), 1.0), firm=False)

    @property
    def number(self) -> int:
        """How many have weight."""
        weight = self.weight
        return len(self.values[0]) if weight is None else int(np.count_nonzero(weight))

    @property
    def hits(self) -> Hits:
        """The queries as hits and misses, which their values say."""
        return Hits(tuple(of == 1 for of in self.values), self.weight, self.cluster)

    def answers(self, method: str | None) -> bool:
        """Tell whether the queries are hits or misses, and asked about as such.

        Raises
        ------
        MetricError
            If the method is one of shares, and scores that tie leave some queries in between.
        """
        if not self.hits.answers(method):
            return False
        shares = all(bool(((of == 0) | (of == 1)).all()) for of in self.values)
        if not shares and method is not None:
            raise MetricError(f"{method} is of hits and misses, and some queries have a value in between")
        return shares

    def told(self, inference: Inference) -> Inference:
        """Say what was counted: the queries, and how many were left out."""
        method = inference.method
        if self.left_out:
            method = f"{method}, {self.left_out:,} queries without relevant rows left out"
        return replace(inference, method=method, n=self.rows, support=self.number, support_of="queries")


class RankingOfQueries:
    """The family; see :class:`~aiqa.metrics.question.Family`."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        _check_options(question)
        for model in question.models(versus_champion=versus_champion):
            if question.binary and not model.score:
                raise MetricError(f"{question.name} needs scores: {model.called.labels_only}")
        query = required(question, [question.option["query"]])
        return rows_statistic(question, versus_champion=versus_champion, scores=question.binary, extra=query)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        queries = _queries(question, columns_of(question, states, versus_champion=False))
        if queries.answers(question.method):
            return {(): queries.told(queries.hits.infer(question.method))}
        found = infer(queries.functional(0), clusters=queries.cluster, seed=seed, **question.how)
        return {(): queries.told(found)}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        queries = _queries(question, columns_of(question, states, versus_champion=True))
        if queries.answers(question.method):
            found = queries.hits.compare(question.method)
            return {(): replace(found, gain=queries.told(found.gain))}
        models = [queries.functional(model) for model in (0, 1)]
        gain = infer(difference(*models), clusters=queries.cluster, seed=seed, **question.how)
        return {(): compared(queries.told(gain), *(model.value(model.weight) for model in models))}


def _check_options(question: Question) -> None:
    option = question.option
    if "query" not in option:
        raise MetricError(
            f"{question.name} needs query=: the column that says which rows are one query's, as in "
            f"{question.name}(query='query_id')"
        )
    k = option.get("k")
    if k is None and question.name in _NEEDS_K:
        raise MetricError(f"{question.name} needs k=: how many of the first rows count")
    if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 1):
        raise MetricError(f"{question.name}: k= is a number of rows, from 1 up, not {k!r}")
    if option.get("gain", "linear") not in GAINS:
        raise MetricError(
            f"{question.name} has no gain {option['gain']!r}{nearest(str(option['gain']), GAINS)}"
        )


def _queries(question: Question, columns: Columns) -> Queries:
    name = question.option["query"]
    query, relevance = codes(question, columns, name), _relevance(question, columns)
    answers = columns.scores if question.binary else columns.predictions
    ranked = [rankings(query, answer, relevance) for answer in answers]
    first = ranked[0]
    counts = first.found > 0
    if not counts.any():
        raise MetricError(f"{question.name} is not defined: no query has a relevant row")
    weight = _of_query(question, columns.weight, first, "the weight differs", "give all its rows one weight")
    cluster = _of_query(
        question, columns.cluster, first, "rows are of several clusters", "a query belongs to one cluster"
    )
    if weight is not None and not weight[counts].any():
        raise MetricError(f"{question.name} is not defined: no query with a relevant row has weight")
    return Queries(
        tuple(_values(question, of)[counts] for of in ranked),
        None if weight is None else weight[counts],
        None if cluster is None else cluster[counts],
        len(query),
        int((~counts).sum()),
        _values(question, worst(first))[counts] if question.name in _NEVER_NOTHING else None,
    )


def _values(question: Question, ranked: Rankings) -> Floats:
    options = {key: value for key, value in question.option.items() if key != "query"}
    return BY_QUERY[question.name](ranked, **options)


def _relevance(question: Question, columns: Columns) -> Floats:
    if question.binary:
        return np.asarray(columns.truth == 1, dtype=float)
    if (columns.truth < 0).any():
        raise MetricError(f"{question.name} needs relevance from 0 up as truth, and it is negative")
    return np.asarray(columns.truth, dtype=float)


def _of_query(
    question: Question, values: NDArray[Any] | None, ranked: Rankings, problem: str, advice: str
) -> NDArray[Any] | None:
    """Return each query's value, which all of its rows must share."""
    if values is None:
        return None
    own = values[ranked.order]
    low, high = (reduce.reduceat(own, ranked.start) for reduce in (np.minimum, np.maximum))
    if (low != high).any():
        row = int(ranked.order[ranked.start[int(np.argmax(low != high))]])
        query = question.option["query"]
        raise MetricError(
            f"{question.name}: {problem} within a query of column {query!r}: {advice}",
            column=query,
            row=None if question.metric.slices else row,
        )
    return np.asarray(low)


SPECS = {
    name: Spec(
        ("binary", "regression"),
        "prediction",
        higher_is_better=True,
        family=RankingOfQueries(),
        methods=METHODS if name == "hit_rate" else (),
    )
    for name in BY_QUERY
}
