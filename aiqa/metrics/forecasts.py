"""Metrics of probabilistic forecasts of a number, which columns of the data set hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.functional import FunctionalFamily
from aiqa.metrics.hits import METHODS, Hits
from aiqa.metrics.named import first_row, numbers, required
from aiqa.metrics.question import REGRESSION, Comparisons, Parts, Question, Spec, States
from aiqa.metrics.rows import Columns, Floats, columns_of
from aiqa.scan.statistics import Statistic
from aiqa.stats.functional import Functional, mean_of
from aiqa.stats.scoring_rules import crps_ensemble, crps_normal, crps_quantiles, interval_score

Option = Mapping[str, Any]
_ENDS = ("lower", "upper")
_FORMS = ("scale", "members", "quantiles")


def _of_model(question: Question, model: int) -> Option:
    """Return the options of the challenger, or with the champion's own columns in their place."""
    option = question.option
    if model == 0:
        return option
    own = option.get("champion")
    if not isinstance(own, Mapping) or not own:
        raise MetricError(
            f"{question.name} is compared with a champion whose forecast is in columns of its own: name "
            f"them, as in champion={_example(option)}"
        )
    form = any(name in own for name in _FORMS)
    return {name: value for name, value in option.items() if not (form and name in _FORMS)} | dict(own)


def _example(option: Option) -> str:
    named = {name: f"old_{option[name]}" for name in ("scale", *_ENDS) if name in option}
    return repr(named or {"members": ("old_1", "old_2")})


def _also(question: Question) -> tuple[str, ...]:
    models = (0, 1) if "champion" in question.option else (0,)
    named = [
        name for model in models for name in _COLUMNS[question.name](question, _of_model(question, model))
    ]
    return required(question, dict.fromkeys(named))


def _ends(question: Question, option: Option) -> tuple[Any, ...]:
    missing = [end for end in _ENDS if end not in option]
    if missing:
        raise MetricError(
            f"{question.name} needs {missing[0]}=: the column with that end of the interval, as in "
            f"{question.name}(lower='p10', upper='p90')"
        )
    return tuple(option[end] for end in _ENDS)


def _interval(question: Question, columns: Columns, option: Option) -> tuple[Floats, Floats]:
    names = _ends(question, option)
    low, high = (numbers(question, columns, name) for name in names)
    if (low > high).any():
        row = first_row(question, pl.col(names[0]) > pl.col(names[1]))
        raise MetricError(
            f"{question.name}: the interval ends before it begins, as {names[0]!r} is above {names[1]!r}",
            column=names[0],
            row=row,
        )
    return low, high


def _inside(question: Question, columns: Columns, model: int) -> NDArray[np.bool_]:
    low, high = _interval(question, columns, _of_model(question, model))
    return np.asarray((low <= columns.truth) & (columns.truth <= high))


def _coverage(question: Question, columns: Columns, model: int) -> Functional:
    inside = _inside(question, columns, model)
    return mean_of(inside.astype(float), columns.weight, domain=(0.0, 1.0))


def _width(question: Question, columns: Columns, model: int) -> Functional:
    low, high = _interval(question, columns, _of_model(question, model))
    return mean_of(high - low, columns.weight, domain=(0.0, np.inf))


def _winkler(question: Question, columns: Columns, model: int) -> Functional:
    option = _of_model(question, model)
    low, high = _interval(question, columns, option)
    score = interval_score(columns.truth, low, high, _alpha(question))
    return mean_of(score, columns.weight, domain=(0.0, np.inf))


def _alpha(question: Question) -> float:
    alpha = question.option.get("alpha")
    if not _is_share(alpha):
        raise MetricError(
            f"{question.name} needs alpha=, one less the level of the interval, as in alpha=0.2 for one from "
            f"the 10 % to the 90 % quantile, not {alpha!r}"
        )
    return float(question.option["alpha"])


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 < value < 1


def _crps(question: Question, columns: Columns, model: int) -> Functional:
    option = _of_model(question, model)
    score = _CRPS[_form(question, option)](question, columns, model, option)
    return mean_of(score, columns.weight, domain=(0.0, np.inf))


def _form(question: Question, option: Option) -> str:
    forms = [form for form in _FORMS if form in option]
    if len(forms) != 1:
        raise MetricError(
            f"{question.name} needs exactly one of scale= (a column of standard deviations), members= "
            "(columns of an ensemble) and quantiles= (columns and their levels)"
        )
    if "fair" in option and forms != ["members"]:
        raise MetricError(f"{question.name}: fair= goes with members=")
    return forms[0]


def _normal(question: Question, columns: Columns, model: int, option: Option) -> Floats:
    scale = numbers(question, columns, option["scale"])
    if (scale < 0).any():
        row = first_row(question, pl.col(option["scale"]) < 0)
        raise MetricError("a standard deviation is negative", column=option["scale"], row=row)
    return crps_normal(columns.truth, columns.predictions[model], scale)


def _ensemble(question: Question, columns: Columns, model: int, option: Option) -> Floats:  # noqa: ARG001
    members = np.column_stack([numbers(question, columns, name) for name in option["members"]])
    return crps_ensemble(columns.truth, members, fair=bool(option.get("fair", False)))


def _by_quantiles(question: Question, columns: Columns, model: int, option: Option) -> Floats:  # noqa: ARG001
    levels = option["quantiles"]
    said = np.column_stack([numbers(question, columns, name) for name in levels])
    return crps_quantiles(columns.truth, said, list(levels.values()))


_CRPS: dict[str, Callable[[Question, Columns, int, Option], Floats]] = {
    "scale": _normal,
    "members": _ensemble,
    "quantiles": _by_quantiles,
}


def _crps_columns(question: Question, option: Option) -> tuple[Any, ...]:
    form = _form(question, option)
    given = option[form]
    if form == "scale":
        return (given,)
    if form == "members":
        least = 2 if option.get("fair") else 1
        if not isinstance(given, tuple) or len(given) < least:
            raise MetricError(f"{question.name}: members= takes {least} or more columns, not {given!r}")
        return given
    if not isinstance(given, Mapping) or not given or not all(map(_is_share, given.values())):
        raise MetricError(
            f"{question.name}: quantiles= says the level of each column, as in {{'p10': 0.1}}, not {given!r}"
        )
    return tuple(given)


def _winkler_columns(question: Question, option: Option) -> tuple[Any, ...]:
    _alpha(question)
    return _ends(question, option)


_COLUMNS: dict[str, Callable[[Question, Option], tuple[Any, ...]]] = {
    "interval_coverage": _ends,
    "interval_width": _ends,
    "winkler": _winkler_columns,
    "crps": _crps_columns,
}
_PREPARE: dict[str, Callable[[Question, Columns, int], Functional]] = {
    "interval_width": _width,
    "winkler": _winkler,
    "crps": _crps,
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """A share of rows, with the methods of shares; see :class:`~aiqa.metrics.question.Family`."""

    rows: FunctionalFamily

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        return self.rows.statistics(question, versus_champion=versus_champion)

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        hits = _hits(question, columns_of(question, states, versus_champion=False), (0,))
        if hits.answers(question.method):
            return {(): hits.infer(question.method)}
        return self.rows.infer(question, states, seed)

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        hits = _hits(question, columns_of(question, states, versus_champion=True), (0, 1))
        if hits.answers(question.method):
            return {(): hits.compare(question.method)}
        return self.rows.compare(question, states, seed)


def _hits(question: Question, columns: Columns, models: tuple[int, ...]) -> Hits:
    inside = tuple(_inside(question, columns, model) for model in models)
    return Hits(inside, columns.weight, columns.cluster)


def _spec(name: str) -> Spec:
    family = FunctionalFamily(_PREPARE[name], higher_is_better=False, also=_also)
    return Spec(REGRESSION, "prediction", higher_is_better=False, family=family)


SPECS = {
    "interval_coverage": Spec(
        REGRESSION,
        "prediction",
        higher_is_better=True,
        family=Coverage(FunctionalFamily(_coverage, higher_is_better=True, also=_also)),
        methods=METHODS,
    ),
    **{name: _spec(name) for name in _PREPARE},
}
