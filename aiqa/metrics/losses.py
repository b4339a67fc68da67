"""Metrics that are means of a loss of each row: log loss, Brier, and those of regressions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

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
)
from aiqa.metrics.rows import Columns, columns_of, values_of
from aiqa.metrics.table import TRUTH, ModelColumns
from aiqa.scan.expr import Expr, call, col
from aiqa.scan.states import MomentsState
from aiqa.scan.statistics import Moments, Rows, Sample, Statistic
from aiqa.stats.effective import cluster_sums
from aiqa.stats.functional import Functional, difference, function_of, infer, mean_of
from aiqa.stats.inference import Inference
from aiqa.stats.skewed import Domain, Influences, infer_influences
from aiqa.stats.wilcoxon import signed_rank

Floats = NDArray[np.float64]
Models = tuple[ModelColumns, ...]
KNOWN_FROM = 50
"""So many rows tell what losses rows can have; with fewer only the ends of the domain are known."""
FROM_MOMENTS = (None, "linearised", "t")
"""The methods that need no rows, only their moments."""
_SMALLEST = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0 and 1 in the log loss, as scikit-learn does."""


@dataclass(frozen=True, slots=True)
class MeanLoss:
    """The family; see :class:`~aiqa.metrics.question.Family`.

    One scan for the moments of the losses; their rows only where clusters, resamples, ranks or the
    difference of two roots are asked for.

    Parameters
    ----------
    loss : callable
        The loss of each row, for one model.
    domain : callable
        Where losses can lie.
    possible : callable, optional
        Of one model the least and the largest loss that each row could have had, whichever its class; of the
        challenger and the champion the gains, and how much a row could have differed had one model said the
        opposite. Where rows that were not seen lie is told from them (see :meth:`_reach`), in place of
        the ends of the domain, which are too far away to tell anything; nothing, where they are near enough.
    undefined : Expr, optional
        True for rows on which the loss is not defined.
    root : bool
        Whether the metric is the square root of the mean.
    directed : bool
        Whether smaller is better.
    """

    loss: Callable[[Question, ModelColumns], Expr]
    domain: Callable[[Question], Domain]
    possible: Callable[[Models], tuple[Expr, ...]] = lambda _: ()
    undefined: tuple[Expr, str] | None = None
    root: bool = False
    directed: bool = True

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        self._check(question, versus_champion=versus_champion)
        terms = self._terms(question, versus_champion=versus_champion)
        guards = () if self.undefined is None else (Sample((TRUTH,), self.undefined[0], 1),)
        if not self._needs_rows(question, versus_champion=versus_champion):
            return (*guards, *(Moments(term, question.weight, 4) for term in terms))
        own = [name for name in (question.weight, question.cluster) if name]
        read = {name for term in terms for name in term.columns}
        return (*guards, Rows((TRUTH, *own, *sorted(read - {TRUTH}))))

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        states = self._defined(question, states)
        if self._needs_rows(question, versus_champion=False):
            found = self._of_rows(question, states, seed)
        else:
            found = self._of_moments(question, states, self.domain(question), _finite(self.domain(question)))
        return {(): found.map(_root) if self.root else found}

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        states = self._defined(question, states)
        if self._needs_rows(question, versus_champion=True):
            return {(): self._compare_rows(question, states, seed)}
        challenger, champion, *gain = states
        inference = self._of_moments(question, tuple(gain), _mirrored(self.domain(question)), None)
        return {(): _paired(inference, challenger.mean, champion.mean)}

    def _needs_rows(self, question: Question, *, versus_champion: bool) -> bool:
        by_rows = question.cluster is not None or question.method not in FROM_MOMENTS
        return by_rows or (versus_champion and self.root)

    def _check(self, question: Question, *, versus_champion: bool) -> None:
        if versus_champion and not self.directed:
            raise MetricError(
                f"neither end of {question.name} is the better one: bound it, with .between(low, high), and "
                "compare another metric, such as mae"
            )
        if question.method == "wilcoxon":
            _check_ranks(question, versus_champion=versus_champion)

    def _terms(self, question: Question, *, versus_champion: bool) -> list[Expr]:
        """Return each model's loss, the gain where there are two, and the least and largest possible."""
        models = question.models(versus_champion=versus_champion)
        terms = [self.loss(question, model) for model in models]
        if versus_champion:
            terms.append(terms[1] - terms[0])
        return [*terms, *self.possible(models)]

    def _defined(self, question: Question, states: States) -> States:
        """Return the states that losses come from, if they are defined."""
        if self.undefined is None:
            return states
        if states[0]:
            raise MetricError(f"{question.name} is not defined: {self.undefined[1]}", row=states[0][0][0])
        return states[1:]

    def _of_moments(
        self, question: Question, states: States, domain: Domain, reach: Domain | None
    ) -> Inference:
        state, *possible = states
        if not state.w > 0:
            raise MetricError("all weights are zero")
        of = _influences(state)
        if of.effective < KNOWN_FROM and _finite(domain):
            possible, reach = [], domain
        if possible:
            reach = _reach([(one.mean, one.m2 / one.w) for one in possible], of.effective)
        method = "t" if question.method == "t" else None
        return infer_influences(of, state.n, method=method, domain=domain, reach=reach, firm=not possible)

    def _mean(
        self, terms: list[Floats], columns: Columns, domain: Domain, reach: Domain | None = None
    ) -> Functional:
        """Return the mean of a loss or a gain as a functional, with its possible values, if there are any."""
        losses, *possible = terms
        weight = columns.weight
        if _finite(domain) and _are_few(columns):
            possible, reach = [], domain
        if possible:
            reach = _reach([_moments(of, columns) for of in possible], _units(columns))
        return replace(mean_of(losses, weight, domain=domain), reach=reach, firm=not possible)

    def _of_rows(self, question: Question, states: States, seed: int) -> Inference:
        columns = columns_of(question, states, versus_champion=False)
        terms = self._terms(question, versus_champion=False)
        values, domain = [values_of(term, columns.extra) for term in terms], self.domain(question)
        mean = self._mean(values, columns, domain, _finite(domain))
        return infer(mean, clusters=columns.cluster, seed=seed, **question.how)

    def _compare_rows(self, question: Question, states: States, seed: int) -> Comparison:
        columns = columns_of(question, states, versus_champion=True)
        terms = self._terms(question, versus_champion=True)
        challenger, champion, *gain = (values_of(term, columns.extra) for term in terms)
        domain = self.domain(question)
        each = [mean_of(losses, columns.weight, domain=domain) for losses in (challenger, champion)]
        values = [of.value(of.weight) for of in each]
        if question.method == "wilcoxon":
            pseudo_median, p_value = signed_rank(gain[0])
            return compared(pseudo_median, values[0], values[1], p_value)
        better = self._mean(gain, columns, _mirrored(domain))
        if self.root:
            values = [math.sqrt(value) for value in values]
            better = difference(*(_rooted(of) for of in reversed(each)))
        inference = infer(better, clusters=columns.cluster, seed=seed, **question.how)
        return _paired(inference, values[0], values[1])


def _moments(values: Floats, columns: Columns) -> tuple[float, float]:
    """Return the mean over rows, and the variance: that of clusters' means where rows belong together."""
    weights = columns.weights
    if columns.cluster is not None:
        sums = cluster_sums(weights * values, columns.cluster, weights)
        weights = cluster_sums(weights, columns.cluster, weights)
        values = sums / weights
    mean = float(np.average(values, weights=weights))
    return mean, float(np.average((values - mean) ** 2, weights=weights))


def _reach(possible: list[tuple[float, float]], units: float) -> Domain:
    """Return where the doubt about rows that were not seen lies, from means and variances.

    Of one model's losses the means. Of gains they are size-biased, E[x²] / E[x], as two models may differ in
    a few rows only; one row more in which one says the opposite of the other keeps them from nothing where
    they differed in none.
    """
    if len(possible) == 2:
        return possible[0][0], possible[1][0]
    (least, below), (most, above), (opposite, _) = possible

    def size_biased(mean: float, variance: float) -> float:
        total = units * mean + opposite
        return (units * (variance + mean**2) + opposite**2) / total if total > 0 else 0.0

    return -size_biased(-least, below), size_biased(most, above)


def _check_ranks(question: Question, *, versus_champion: bool) -> None:
    if not versus_champion:
        raise MetricError(
            "method='wilcoxon' compares two models on the same rows; it is no method of one alone"
        )
    for name, what in ((question.weight, "weights"), (question.cluster, "clusters")):
        if name is not None:
            raise MetricError(f"method='wilcoxon' takes no {what}: leave them out, or the method")


def _influences(state: MomentsState) -> Influences:
    """Return the moments of what each row contributes.

    A weighted mean is a ratio, and so curved, where weights and losses go together: at x standard errors
    along the influences the sum of the weights has changed by x times `tied`.
    """
    w, error = state.w, math.sqrt(state.spread2) / state.w
    tied = state.cross2 / w**2 / error if error > 0 else 0.0
    displaced = tuple(state.mean + x * error / (1 + x * tied) for x in (-0.5, 0.5))
    moments = state.spread2 / w**2, state.cubes[3] / w**3, state.fourths[4] / w**4
    return Influences(state.mean, w**2 / state.w2, *moments, displaced=(displaced[0], displaced[1]))


def _root(value: float) -> float:
    return math.sqrt(max(0.0, value))


def _rooted(mean: Functional) -> Functional:
    return function_of(_root, (mean,), lambda value: (0.5 / math.sqrt(value) if value > 0 else 0.0,))


def _paired(gain: Inference, challenger: float, champion: float) -> Comparison:
    return compared(replace(gain, method=f"paired {gain.method}"), challenger, champion)


def _finite(domain: Domain) -> Domain | None:
    return domain if math.isfinite(domain[1] - domain[0]) else None


def _are_few(columns: Columns) -> bool:
    """Tell whether there are fewer rows or clusters than tell what losses rows can have."""
    if columns.cluster is not None:
        return len(np.unique(columns.cluster)) < KNOWN_FROM
    return _units(columns) < KNOWN_FROM


def _units(columns: Columns) -> float:
    """Return the effective number of rows, or of clusters."""
    weights = columns.weights
    if columns.cluster is not None:
        weights = cluster_sums(weights, columns.cluster, weights)
    return float(weights.sum() ** 2 / (weights @ weights))


def _mirrored(domain: Domain) -> Domain:
    width = domain[1] - domain[0]
    return -width, width


def _own(question: Question, model: ModelColumns) -> Expr:
    """Return the probability of the true class."""
    if model.improbable is not None:
        problem = model.improbable
        raise MetricError(f"{question.name} {problem.args[0]}", column=problem.column, row=problem.row)
    return col(model.own or "")


def _log(probability: Expr) -> Expr:
    return call("log", call("clip", probability, _SMALLEST, 1 - _SMALLEST))


def _log_loss(question: Question, model: ModelColumns) -> Expr:
    return -_log(_own(question, model))


def _probabilities(model: ModelColumns) -> list[Expr]:
    scores = [col(name) for name in model.score]
    return [1 - scores[0], *scores] if len(scores) == 1 else scores


def _possible_log_losses(models: Models) -> tuple[Expr, ...]:
    """Return what is lost if the likeliest class comes, and if the next does; of two models, what is gained.

    Of more than two classes the least likely are too unlikely to tell of what may come.
    """
    if models[0].second is None:
        losses = [[-_log(probability) for probability in _probabilities(model)] for model in models]
        return _possible_gains(losses) if len(models) == 2 else _ends(losses[0])
    if len(models) == 2:
        return ()
    return -_log(call("greatest", *_probabilities(models[0]))), -_log(col(models[0].second))


def _ends(terms: list[Expr]) -> tuple[Expr, ...]:
    return call("least", *terms), call("greatest", *terms)


def _possible_gains(losses: list[list[Expr]]) -> tuple[Expr, ...]:
    gains = [old - new for new, old in zip(*losses, strict=True)]
    apart = [call("greatest", *one) - call("least", *one) for one in losses]
    return *_ends(gains), call("greatest", *apart)


def _brier(question: Question, model: ModelColumns) -> Expr:
    return _brier_of(_own(question, model), model)


def _brier_of(probability: Expr, model: ModelColumns) -> Expr:
    if model.squares is None:
        return (1 - probability) * (1 - probability)
    return col(model.squares) - 2 * probability + 1


def _briers(model: ModelColumns) -> list[Expr]:
    return [_brier_of(probability, model) for probability in _probabilities(model)]


def _possible_briers(models: Models) -> tuple[Expr, ...]:
    return _possible_gains([_briers(model) for model in models]) if len(models) == 2 else ()


LOG_LOSS = MeanLoss(_log_loss, lambda _: (0.0, -math.log(_SMALLEST)), _possible_log_losses)
BRIER = MeanLoss(_brier, lambda question: (0.0, 1.0 if question.binary else 2.0), _possible_briers)
SPECS = {
    name: Spec(CLASSIFICATION, "score", higher_is_better=False, family=family, methods=("wilcoxon",))
    for name, family in (("log_loss", LOG_LOSS), ("brier", BRIER))
}
