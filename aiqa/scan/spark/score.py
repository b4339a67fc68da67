"""Models score a table of Spark where it is: ``mapInArrow`` puts their answers beside the columns kept."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pyspark import StorageLevel, cloudpickle
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf
from pyspark.sql import types as st

from aiqa.declare.source import Column, Dataset
from aiqa.errors import DataError, ModelError
from aiqa.scan.blame import is_own
from aiqa.scan.engines.spark import Spark
from aiqa.scan.model import LoadedModel
from aiqa.scan.models.column import ColumnScorer
from aiqa.scan.predictions import AnswerColumns, Predictions
from aiqa.scan.spark.worker import Asked, scoring

PROBED = 100
"""Rows that a model answers first, on the driver: they tell whether it does, and in which form."""
_TYPES = {
    "bool": st.BooleanType(),
    "int64": st.LongType(),
    "float64": st.DoubleType(),
    "string": st.StringType(),
}


def with_answers(
    table: DataFrame, dataset: Dataset, models: Sequence[LoadedModel], kept: Sequence[str], root: Path
) -> tuple[DataFrame, list[AnswerColumns], bool]:
    """Return columns of a table beside the answers of models, still to be computed.

    Parameters
    ----------
    table : pyspark.sql.DataFrame
    dataset : Dataset
        Says which columns are no features.
    models : sequence of LoadedModel
        The challenger, and perhaps the champion.
    kept : sequence of str
        The columns of the table that are wanted beside the answers.
    root : Path
        The project's, whose own modules are sent along.

    Returns
    -------
    frame : pyspark.sql.DataFrame
    answers : list of AnswerColumns
        One a model: where its answers are.
    scored : bool
        Whether a model is asked, so that it pays to keep the table; answers may be columns already.

    Raises
    ------
    ModelError
        If a model lacks a column, fails on the first rows, or cannot be sent to the workers.
    """
    answers: dict[int, AnswerColumns] = {}
    asked: dict[int, Asked] = {}
    for place, loaded in enumerate(models):
        features = loaded.features_in(table, dataset)
        if isinstance(loaded.scorer, ColumnScorer):
            source = loaded.scorer.source
            score = (source.score,) if isinstance(source.score, str) else source.score or ()
            answers[place] = AnswerColumns(source.prediction, score, loaded.classes)
        else:
            asked[place] = _probed(
                table, loaded, features, "aiqa:raw:" if place == 0 else "aiqa:champion:raw:"
            )
            answers[place] = asked[place].answers
    named = [name for of in answers.values() for name in (of.prediction, *of.score) if name is not None]
    wanted = list(dict.fromkeys([*kept, *(name for name in named if name in table.columns)]))
    found = _scored(table, wanted, tuple(asked.values()), root) if asked else _selected(table, wanted)
    return found, [answers[place] for place in range(len(models))], bool(asked)


def keep(table: DataFrame) -> DataFrame:
    """Mark a table to be kept on the cluster once it is computed, in memory or else on disk.

    Raises
    ------
    DataError
        If this Spark cannot keep tables: the model would score the rows again with every pass.
    """
    try:
        return table.persist(StorageLevel.MEMORY_AND_DISK)
    except PySparkException as error:
        raise DataError(
            f"this Spark cannot keep a scored table ({error.getCondition() or type(error).__name__}): write "
            "the model's answers to columns of a table yourself, and declare aiqa.column(...)"
        ) from error


def release(table: DataFrame) -> None:
    """Give back what a kept table takes; where Spark has ended, it has."""
    with suppress(Exception):
        table.unpersist()


def _selected(table: DataFrame, names: Sequence[str]) -> DataFrame:
    engine = Spark()
    return table.select(*(sf.col(engine.quoted(name)) for name in names))


def _probed(table: DataFrame, loaded: LoadedModel, features: Sequence[str], prefix: str) -> Asked:
    """Ask a model about the first rows, here, and name the columns of its answers."""
    engine = Spark()
    [head] = engine.collect([engine.open(_selected(table, features).limit(PROBED))])
    given = loaded.answer(head)
    width = 0 if given.score is None else np.atleast_2d(given.score.T).shape[0]
    names = AnswerColumns(
        None if given.prediction is None else f"{prefix}prediction",
        tuple(f"{prefix}score:{place}" for place in range(width)),
        given.classes,
        given.probabilistic,
    )
    return Asked(loaded.model.name, loaded.scorer, tuple(features), names, _dtype(loaded, given))


def _dtype(loaded: LoadedModel, given: Predictions) -> str | None:
    if given.prediction is None:
        return None
    values = np.asarray(given.prediction)
    if values.ndim != 1:
        raise ModelError(
            f"model {loaded.model.name!r}: a {loaded.model.task} model of several answers a row is not asked "
            "on Spark; score a sample, as a Polars or pandas frame"
        )
    kind = np.asarray(values.tolist()).dtype.kind if values.dtype.kind == "O" else values.dtype.kind
    names = {"b": "bool", "i": "int64", "u": "int64", "f": "float64", "U": "string", "S": "string"}
    if kind not in names:
        raise ModelError(
            f"model {loaded.model.name!r} predicts values of type {values.dtype}: Spark has no such"
        )
    return names[kind]


def _scored(table: DataFrame, kept: Sequence[str], asked: tuple[Asked, ...], root: Path) -> DataFrame:
    read = dict.fromkeys([*kept, *(name for one in asked for name in one.features)])
    fields = [table.schema[name] for name in kept]
    for one in asked:
        if one.answers.prediction is not None:
            fields.append(st.StructField(one.answers.prediction, _TYPES[one.dtype or ""]))
        fields += [st.StructField(name, st.DoubleType()) for name in one.answers.score]
    function = scoring(_pickled(asked, root), tuple(kept))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PySpark's, of a pandas that is not used here
        return _selected(table, list(read)).mapInArrow(function, st.StructType(fields))


def _pickled(asked: tuple[Asked, ...], root: Path) -> bytes:
    """Pickle models with the project's own code, which workers need not have installed."""
    with _by_value(_modules_below(root.resolve())):
        try:
            return bytes(cloudpickle.dumps(tuple(map(_lean, asked))))
        except Exception as error:
            names = " and ".join(repr(one.name) for one in asked)
            raise ModelError(
                f"model {names} cannot be sent to Spark's workers ({type(error).__name__}: {error}); score "
                "the table yourself, with mlflow.pyfunc.spark_udf say, and declare aiqa.column(...)"
            ) from error


def _lean(asked: Asked) -> Asked:
    """Leave out what the declaration holds of models: workers need one scorer, once."""
    scorer: Any = asked.scorer
    return replace(asked, scorer=replace(scorer, model=replace(scorer.model, source=Column(), champion=None)))


def _modules_below(root: Path) -> list[Any]:
    """Return the modules of the project that are imported by their own names, without libraries in it."""
    files = ((module, getattr(module, "__file__", None)) for module in list(sys.modules.values()))
    paths = ((module, Path(file).resolve()) for module, file in files if file is not None)
    own = {module.__name__: module for module, file in paths if file.is_relative_to(root) and is_own(file)}
    return [module for name, module in own.items() if sys.modules.get(name) is module]


@contextmanager
def _by_value(modules: Sequence[Any]) -> Iterator[None]:
    before = cloudpickle.list_registry_pickle_by_value()
    added = [module for module in modules if module.__name__ not in before]
    for module in added:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in added:
            cloudpickle.unregister_pickle_by_value(module)
