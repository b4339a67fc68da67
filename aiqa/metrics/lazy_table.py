"""The scored table where rows stay where they are: truth, answers and what is wrong with them as expressions.

What :mod:`aiqa.metrics.table` does with arrays at hand is here asked of the engine, in one execution for all
checks. Any engine will do; Spark is the one that needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from aiqa.declare.source import PERIODS, Dataset, Model
from aiqa.errors import DataError, MetricError, nearest
from aiqa.metrics.labels import classes_of, none_of
from aiqa.metrics.table import (
    APART,
    CLUSTER,
    EXTREME,
    HEAVY,
    LARGE,
    SUM_TOLERANCE,
    TOO_LIGHT,
    TRUTH,
    WEIGHT,
    Called,
    ModelColumns,
    ScoredTable,
    improbable,
    named,
    refuse_own_names,
    unusable,
)
from aiqa.scan.engines import engine_of
from aiqa.scan.execute import execute, schema_of
from aiqa.scan.expr import Expr, call, col, compile_expr, joined
from aiqa.scan.literals import family_of
from aiqa.scan.parted import Parted
from aiqa.scan.predictions import AnswerColumns, Predictions
from aiqa.scan.statistics import Answers, Count, Extremes, Request, Sample, Values

MOST_LABELS = 1_000
"""More different labels than these are no classes."""
_NUMBERS = ("integer", "float", "decimal")
_ALL = Request(Count())


def lazy_scored_table(
    frame: Any,
    model: Model,
    dataset: Dataset,
    challenger: AnswerColumns,
    champion: AnswerColumns | None = None,
    *,
    fetch_rows: int | None,
) -> ScoredTable:
    """Put truth and answers next to each other and check them, without fetching rows.

    The same as :func:`~aiqa.metrics.table.scored_table` of a table that holds the answers already.

    Parameters
    ----------
    frame : frame of any engine, or Parted
        The data set with the answers; each of a few passes reads it. By parts, what each says is kept.
    model, dataset
        As for `scored_table`; several labels a row are refused.
    challenger, champion : AnswerColumns
    fetch_rows : int or None
        Up to so many rows metrics that do not add up may fetch the columns that they need; None: of any.

    Raises
    ------
    DataError, MetricError
        As `scored_table` does. Rows are numbered as the engine numbers them.

    Examples
    --------
    >>> import aiqa
    >>> table = lazy_scored_table(
    ...     pl.DataFrame({"y": [0, 1], "p": [0.2, 0.7]}),
    ...     aiqa.model("m", aiqa.column(score="p"), task="binary"),
    ...     aiqa.dataset("d", "d.csv", label="y"),
    ...     AnswerColumns(score=("p",)),
    ...     fetch_rows=0,
    ... )
    >>> table.frame.select("aiqa:truth", "aiqa:prediction").rows()
    [(0, 0), (1, 1)]
    """
    if model.task == "multilabel":
        raise MetricError("several labels a row are not scored on Spark: score a sample, as a Polars frame")
    with named(dataset):
        whole = frame.whole.frame if isinstance(frame, Parted) else frame
        schema = schema_of(whole)
        _check_names(schema, dataset)
        classes = _classes(frame, schema, model, dataset, challenger)
        maker = _Maker(whole, model, dataset, classes, schema)
        maker.add_truth()
        maker.add_weight()
        maker.add_time()
    given = {"challenger": challenger} | ({} if champion is None else {"champion": champion})
    added = {role: maker.add_answers(role, answers) for role, answers in given.items()}
    parted = maker.parted(frame, given.values()) if isinstance(frame, Parted) else None
    with named(dataset):
        answers = execute(maker.frame if parted is None else parted, maker.requests)
        rows = answers[_ALL][()]
        if not rows:
            raise DataError("there are no rows")
        for check in maker.checks:
            check(answers)
    columns = {role: make(answers) for role, make in added.items()}
    return ScoredTable(
        maker.frame,
        rows,
        model.task,
        classes,
        model.threshold,
        WEIGHT if dataset.weight is not None else None,
        dataset.time,
        columns["challenger"],
        columns.get("champion"),
        None if dataset.cluster is None else CLUSTER,
        fetch_rows=fetch_rows,
        parted=parted,
    )


def _check_names(schema: dict[str, str], dataset: Dataset) -> None:
    refuse_own_names(name for name in schema if ":raw:" not in name)
    if dataset.label is None:
        raise DataError("metrics need the truth: declare label=")
    if not isinstance(dataset.label, str):
        raise DataError("several labels are those of a model with task='multilabel'")
    own = dataset.label, dataset.weight, dataset.time
    for name in (name for name in own if name is not None and name not in schema):
        raise DataError(f"no column {name!r}{nearest(name, schema)}", column=name)


def _classes(
    frame: Any, schema: dict[str, str], model: Model, dataset: Dataset, given: AnswerColumns
) -> tuple[Any, ...]:
    """Return the classes: declared, or the model's, or looked up among the labels."""
    label = str(dataset.label)
    if model.task == "regression":
        return ()
    names = () if model.classes or given.classes else (label, given.prediction)
    asked = {name: _values_of(name, schema) for name in names if name is not None}
    answers = execute(frame, asked.values()) if asked else {}
    found = {name: _few(answers[request][()], name) for name, request in asked.items()}
    predicted = found.get(given.prediction) if given.prediction else None
    known = Predictions(
        None if predicted is None else np.array(predicted, dtype=object), classes=given.classes
    )
    return classes_of(model, pl.Series(label, found.get(label, [])), known)


def _values_of(name: str, schema: dict[str, str]) -> Request:
    value = col(name)
    if family_of(schema[name]) == "float":
        value = call("if", call("is_nan", value), None, value)
    return Request(Values(value, MOST_LABELS + 1))


def _few(values: Sequence[Any], name: str) -> list[Any]:
    if len(values) > MOST_LABELS:
        raise DataError(
            f"more than {MOST_LABELS:,} different labels are no classes: is it the label?", column=name
        )
    return list(values)


Check = Callable[[Answers], None]


@dataclass(slots=True)
class _Maker:
    """Adds columns to a table, and gathers what must be asked to know that they can be used."""

    frame: Any
    model: Model
    dataset: Dataset
    classes: tuple[Any, ...]
    schema: dict[str, str]
    requests: list[Request] = field(default_factory=lambda: [_ALL])
    checks: list[Check] = field(default_factory=list)
    steps: list[dict[str, nw.Expr]] = field(default_factory=list)

    def parted(self, table: Parted, answers: Iterable[AnswerColumns]) -> Parted:
        """Return the same columns added to each part of a table."""

        def change(frame: pl.LazyFrame) -> pl.LazyFrame:
            for step in self.steps:
                frame = nw.from_native(frame).with_columns(**step).to_native()
            return frame

        declared = self.model.to_json() | {"source": None, "champion": None}
        given = tuple(answers)
        roles = (self.dataset.label, self.dataset.weight, self.dataset.time)
        read = {*roles, *(name for of in given for name in (of.prediction, *of.score))}
        personal = [] if table.personal.isdisjoint(read) else [name for step in self.steps for name in step]
        return table.mapped(change, repr((declared, roles, self.classes, given)), personal)

    def _read(self, name: str) -> nw.Expr:
        """Read a column of the data set, by whatever name it has."""
        return nw.col(engine_of(self.frame).quoted(name))

    def _with(self, **columns: nw.Expr) -> None:
        self.steps.append(columns)
        self.frame = nw.from_native(self.frame).with_columns(**columns).to_native()
        self.schema = schema_of(self.frame)

    def _ask(self, request: Request) -> Request:
        self.requests.append(request)
        return request

    def _refuse(self, where: Expr, shown: Sequence[str], error: Callable[..., Exception]) -> None:
        """Raise the error of the first row where this holds, made from the row's number and values shown."""
        asked = self._ask(Request(Sample(tuple(shown), where, 1)))

        def check(answers: Answers) -> None:
            if answers[asked][()]:
                raise error(*answers[asked][()][0])

        self.checks.append(check)

    # Truth, weight, time and cluster.

    def add_truth(self) -> None:
        label = str(self.dataset.label)
        if self.classes:
            what = f"column {label!r}"
            self._add_codes(TRUTH, label, what, DataError, label)
        else:
            self._add_numbers(
                TRUTH, label, "the truth", DataError, label, wrong="a regression needs numbers as truth"
            )

    def add_weight(self) -> None:
        name = self.dataset.weight
        if name is None:
            return
        self._add_numbers(
            WEIGHT, name, "the weight", DataError, name, limit=math.inf, wrong="weights must be numbers"
        )
        weight = col(WEIGHT)
        extreme = (weight > 0) & ((weight < 1 / HEAVY) | (weight > HEAVY))
        self._refuse(weight < 0, (), lambda row: DataError("the weight is negative", column=name, row=row))
        self._refuse(extreme, (), lambda row: DataError(EXTREME, column=name, row=row))
        ends = self._ask(Request(Extremes(call("if", weight > 0, weight, None))))

        def check(answers: Answers) -> None:
            state = answers[ends][()]
            if state.max is None:
                raise DataError("all weights are zero", column=name)
            if state.max > state.min * APART:
                raise DataError(TOO_LIGHT, column=name)

        self.checks.append(check)

    def add_time(self) -> None:
        time, cluster = self.dataset.time, self.dataset.cluster
        dated = time is not None and family_of(self.schema[time]) in ("date", "datetime")
        if time is not None and dated:
            moment = self._read(time)
            self._with(**{"aiqa:day": moment.dt.truncate("1d"), "aiqa:month": moment.dt.truncate("1mo")})
            self._with(**{"aiqa:week": _week(moment)})
        if cluster is not None:
            self._add_cluster(cluster, dated)

    def _add_cluster(self, name: str, dated: bool) -> None:
        if name in PERIODS and name not in self.schema:
            if not dated:
                time = self.dataset.time
                why = "declare time=" if time is None else f"column {time!r} holds no dates"
                raise DataError(f"cluster={name!r} takes blocks of time: {why}", column=time)
            of = f"aiqa:{name}"
        elif name in self.schema:
            of = name
        else:
            raise DataError(f"no column {name!r}{nearest(name, self.schema)}", column=name)
        missing = col(of).is_null() | call("is_nan", col(of))
        self._refuse(missing, (), lambda row: DataError("the cluster is missing", column=name, row=row))
        self._with(**{CLUSTER: self._read(of).rank("dense").cast(nw.Int64) - 1})

    # What models answer.

    def add_answers(self, role: str, given: AnswerColumns) -> Callable[[Answers], ModelColumns]:
        """Add one model's columns, and return what makes their description once the checks are answered."""
        called, prefix = Called.of(role), "aiqa:" if role == "challenger" else f"aiqa:{role}:"
        name, scores = f"{prefix}prediction", self._scores(called, prefix, given) if self.classes else ()
        self._add_prediction(called, name, given, scores)
        if not scores:
            return lambda _: ModelColumns(called, name)
        return self._with_scores(called, prefix, name, scores, given.probabilistic)

    def _add_prediction(
        self, called: Called, name: str, given: AnswerColumns, scores: tuple[str, ...]
    ) -> None:
        by_threshold = len(scores) == 1 and self.model.threshold != 0.5
        labels = given.prediction if given.prediction is not None and not by_threshold else None
        if labels is None and not scores and given.score:
            labels = given.score[0]
        if labels is not None and self.classes:
            self._add_codes(name, labels, called.prediction, MetricError, "prediction")
        elif labels is not None:
            wrong = f"{called.prediction} must be a number"
            self._add_numbers(name, labels, called.prediction, MetricError, "prediction", wrong=wrong)
        elif len(scores) == 1:
            self._add_flag(name, col(scores[0]) >= self.model.threshold)
        else:
            self._add_largest(name, scores)

    def _scores(self, called: Called, prefix: str, given: AnswerColumns) -> tuple[str, ...]:
        """Add the scores in the order of the classes; of two classes that of the positive one."""
        if not given.score:
            return ()
        order = given.classes or self.model.classes or tuple(sorted(self.classes))
        chosen = given.score
        if not (len(self.classes) == 2 and len(given.score) == 1):
            if len(order) != len(given.score) or set(order) != set(self.classes):
                raise MetricError(
                    f"{called.score} has {len(given.score)} columns and classes {order!r}, where the classes "
                    f"are {self.classes!r}: one column a class is needed",
                    column="score",
                )
            chosen = tuple(given.score[order.index(label)] for label in self.classes)
            chosen = chosen[1:] if len(self.classes) == 2 else chosen
        for name in chosen:
            if family_of(self.schema[name]) not in _NUMBERS:
                raise MetricError(f"{called.score} holds no numbers, but {self.schema[name]}", column="score")
        names = (
            (f"{prefix}score",)
            if len(chosen) == 1
            else tuple(f"{prefix}score:{k}" for k in range(len(chosen)))
        )
        self._with(**{name: self._read(of).cast(nw.Float64) for name, of in zip(names, chosen, strict=True)})
        bad = _any(call("if", call("is_finite", col(name)), False, True) for name in names)
        told = f"{called.score} is NaN or infinite"
        self._refuse(bad, (), lambda row: MetricError(told, column="score", row=row))
        return names

    def _with_scores(
        self, called: Called, prefix: str, name: str, scores: tuple[str, ...], probabilistic: bool
    ) -> Callable[[Answers], ModelColumns]:
        own, squares, second = f"{prefix}own", f"{prefix}squares", f"{prefix}second"
        values = [col(score) for score in scores]
        outside = self._ask(Request(Sample((), _any((of < 0) | (of > 1) for of in values), 1)))
        if len(scores) == 1:
            self._with_expr(own, call("if", col(TRUTH).eq(1), values[0], 1 - values[0]))
            off = None
        else:
            apart = abs(_sum(values) - 1) > SUM_TOLERANCE
            off = self._ask(Request(Sample((), apart, 1)))
            self._with_expr(own, _sum(_where(k, of) for k, of in enumerate(values)))
            self._with_expr(squares, _sum(of * of for of in values))
            self._add_second(second, scores, prefix)

        def make(answers: Answers) -> ModelColumns:
            rows = [None if one is None else answers[one][()] for one in (outside, off)]
            firsts = [found[0][0] if found else None for found in rows]
            problem = improbable(called, firsts[0], firsts[1], probabilistic=probabilistic)
            several = (squares, problem, second) if len(scores) > 1 else (None, problem, None)
            return ModelColumns(called, name, scores, own, *several)

        return make

    # Columns of each kind.

    def _with_expr(self, name: str, expr: Expr) -> None:
        self._with(**{name: compile_expr(expr, self.schema)})

    def _add_flag(self, name: str, where: Expr) -> None:
        self._with_expr(name, call("to_int", call("if", where, 1, 0)))

    def _add_numbers(
        self,
        name: str,
        of: str,
        what: str,
        error: type[DataError],
        column: str,
        *,
        wrong: str,
        limit: float = LARGE,
    ) -> None:
        dtype = self.schema[of]
        if family_of(dtype) not in _NUMBERS:
            raise error(f"{wrong}, not {dtype}", column=column)
        self._with(**{name: self._read(of).cast(nw.Float64)})
        usable = call("is_finite", col(name)) & (abs(col(name)) <= limit)
        self._refuse(
            call("if", usable, False, True),
            (name,),
            lambda row, value: unusable(what, value, error, column=column, row=row),
        )

    def _add_codes(self, name: str, of: str, what: str, error: type[DataError], column: str) -> None:
        """Add the position of each label among the classes; a row of none is refused."""
        found = [_is_label(self._read(of), self.schema[of], label) for label in self.classes]
        hits = [nw.when(hit).then(nw.lit(code + 1)).otherwise(nw.lit(0)) for code, hit in enumerate(found)]
        self._with(**{name: (nw.sum_horizontal(*hits) - 1).cast(nw.Int64)})
        missing = col(of).is_null() | call("is_nan", col(of))

        def refused(row: int, value: Any) -> Exception:
            none = value is None or value != value
            return error(none_of(what, self.classes, missing=none), column=column, row=row)

        self._refuse(missing | (col(name) < 0), (of,), refused)

    def _add_largest(self, name: str, scores: Sequence[str]) -> None:
        """Add the first class of the largest score."""
        top = nw.max_horizontal(*scores)
        size = len(scores)
        first = [
            nw.when(nw.col(of) == top).then(nw.lit(k)).otherwise(nw.lit(size)) for k, of in enumerate(scores)
        ]
        self._with(**{name: nw.min_horizontal(*first).cast(nw.Int64)})

    def _add_second(self, name: str, scores: Sequence[str], prefix: str) -> None:
        likeliest = f"{prefix}likeliest"
        self._add_largest(likeliest, scores)
        others = [
            nw.when(nw.col(likeliest) == k).then(nw.lit(-math.inf)).otherwise(nw.col(of))
            for k, of in enumerate(scores)
        ]
        self._with(**{name: nw.max_horizontal(*others)})


def _week(moment: nw.Expr) -> nw.Expr:
    """Count weeks, as narwhals truncates to none, from the first day of the calendar on: a Monday."""
    years = moment.dt.year().cast(nw.Int64) - 1
    leap = years // 4 - years // 100 + years // 400
    return (365 * years + leap + moment.dt.ordinal_day().cast(nw.Int64) - 1) // 7


def _any(conditions: Iterable[Expr]) -> Expr:
    return joined("or", conditions)


def _sum(terms: Iterable[Expr]) -> Expr:
    return reduce(add, terms)


def _where(code: int, value: Expr) -> Expr:
    return call("if", col(TRUTH).eq(code), value, 0.0)


def _is_label(value: nw.Expr, dtype: str, label: Any) -> nw.Expr:
    """Tell where a column holds a label; 1, 1.0 and True are the same."""
    family = family_of(dtype)
    text = isinstance(label, str)
    if text != (family == "string") or family not in ("string", "boolean", *_NUMBERS):
        return nw.lit(value=False)
    if family == "boolean":
        value = value.cast(nw.Int64)
    return value == (int(label) if isinstance(label, bool) else label)
