"""A declared model, loaded: it scores a table in batches, and says which model it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from aiqa.declare.source import (
    Column,
    Dataset,
    Estimator,
    Function,
    MlflowUri,
    Model,
    ModelSource,
    SkopsFile,
)
from aiqa.errors import AiqaError, ModelError, nearest
from aiqa.scan.blame import raised_at
from aiqa.scan.execute import schema_of
from aiqa.scan.frames import is_pandas, on_spark, to_polars
from aiqa.scan.models.scorer import Scorer
from aiqa.scan.predictions import Predictions, joined
from aiqa.scan.source import Table

BATCH = 65_536
"""Rows that a model scores at a time: what bounds the memory."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model that is ready to score.

    Parameters
    ----------
    model : Model
        The declaration.
    source : MlflowUri, SkopsFile, Estimator, Function or Column
        Which of its sources this is: the challenger's or the champion's.
    scorer : Scorer
        What answers.
    """

    model: Model
    source: ModelSource
    scorer: Scorer

    @property
    def address(self) -> str:
        """Where the model comes from, for evidence."""
        match self.source:
            case MlflowUri(uri):
                return uri
            case SkopsFile(path):
                return path
            case Estimator(inner) | Function(inner):
                return repr(inner)
            case Column():
                return repr(self.source)

    @property
    def fingerprint(self) -> str | None:
        """Digest of the model's content; None where it has none of its own (a column)."""
        return self.scorer.identity.fingerprint

    @property
    def record(self) -> dict[str, str]:
        """Its place in MLflow: ``mlflow_model_id``, ``mlflow_run_id``, ``mlflow_version``, where known."""
        return self.scorer.identity.mlflow

    @property
    def size(self) -> int:
        """Bytes of its files (skops, MLflow's folder); of an estimator in memory, of its pickle.

        Raises
        ------
        ModelError
            If it is stored nowhere: a function, a column, an estimator that cannot be pickled.
        """
        size = self.scorer.identity.size
        if size is None and isinstance(self.source, Estimator):
            from aiqa.scan.models.digest import pickled_size

            size = pickled_size(self.source.estimator.value)
        if size is None:
            raise ModelError(
                f"model {self.model.name!r} ({self.address}) is stored nowhere, so that its size is not "
                "known: save it (skops, MLflow) and declare its address"
            )
        return size

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels that the model knows, in its own order; empty where it cannot tell."""
        return self.scorer.classes

    @property
    def probabilistic(self) -> bool:
        """Whether scores may be read as probabilities; of a ``decision_function`` they only rank."""
        return self.scorer.probabilistic

    def predict(
        self, table: Any, dataset: Dataset | None = None, progress: Callable[[int], None] | None = None
    ) -> Predictions:
        """Score every row, 65,536 at a time.

        Parameters
        ----------
        table : Table or frame
            The rows.
        dataset : Dataset, optional
            Says which columns are no features: the label and the weight.
        progress : callable, optional
            Is told after each batch how many rows are done.

        Raises
        ------
        ModelError
            If the model raises (the rows of the batch are named, and the line of one's own code), lacks a
            column, or answers in a shape or a number of rows that does not fit.
        """
        return joined(self.answers(table, dataset, progress))

    def answers(
        self,
        table: Any,
        dataset: Dataset | None = None,
        progress: Callable[[int], None] | None = None,
        *,
        rows: pl.LazyFrame | None = None,
        start: int = 0,
    ) -> list[Predictions]:
        """Score batches of rows; see :meth:`predict`.

        Parameters
        ----------
        table, dataset, progress
            As there.
        rows : polars.LazyFrame, optional
            Some rows of the table. Default: all.
        start : int, default 0
            The place of the first of them in the table, for errors and progress.
        """
        frame, pandas = _rows(table, _name_of(dataset))
        frame = frame if rows is None else rows
        scorer = self.answering(pandas=pandas)
        parts: list[Predictions] = []
        done = start
        for batch in _batches(table, self.input(frame, dataset)):
            parts.append(self._scored(scorer, batch, done))
            done += batch.height
            if progress is not None:
                progress(done)
        return parts

    def answering(self, *, pandas: bool) -> Scorer:
        """Return what answers, which for a function depends on the frames that the user works in."""
        from aiqa.scan.models.function import FunctionScorer

        of = self.scorer
        return FunctionScorer(of.function, of.model, pandas) if isinstance(of, FunctionScorer) else of

    def input(self, frame: pl.LazyFrame, dataset: Dataset | None = None) -> pl.LazyFrame:
        """Return the columns that the model takes.

        Raises
        ------
        ModelError
            If one is not there; names the nearest.
        """
        return frame.select(self.features_in(frame, dataset))

    def answer(self, batch: pl.DataFrame) -> Predictions:
        """Score one batch of the columns that :meth:`features_in` names."""
        return self._scored(self.scorer, batch, 0)

    def features_in(self, frame: Any, dataset: Dataset | None) -> list[str]:
        """Return the columns of a table, of any engine, that the model is given.

        Raises
        ------
        ModelError
            If it needs one that is not there.
        """
        there = schema_of(frame)
        wanted = (
            self.scorer.features
            if isinstance(self.source, Column)
            else self.model.features or self.scorer.features
        )
        for name in wanted:
            if name not in there:
                raise ModelError(
                    f"model {self.model.name!r} needs the column {name!r}, which dataset "
                    f"{_name_of(dataset)!r} has not{nearest(name, there)}",
                    column=name,
                )
        no_features = () if dataset is None else (*dataset.labels, dataset.weight)
        return list(wanted) or [name for name in there if name not in no_features]

    def _scored(self, scorer: Scorer, batch: pl.DataFrame, start: int) -> Predictions:
        rows = f"rows {start} to {start + batch.height - 1}"
        try:
            return scorer.answer(batch)
        except ModelError as error:
            if error.row is not None:
                error.row += start
            raise
        except AiqaError:
            raise
        except Exception as error:
            raise self.failure(error, rows) from error

    def failure(self, error: Exception, rows: str) -> ModelError:
        """Return what to tell of an error that the model raised on these rows, and where in one's code."""
        where = raised_at(error)
        return ModelError(
            f"model {self.model.name!r} raised {type(error).__name__} on {rows}: {error}"
            f"{f' ({where})' if where else ''}"
        )


def load_model(
    source: ModelSource, model: Model, root: Path, *, tracking_uri: str | None = None
) -> LoadedModel:
    """Load one source of a declared model: ``model.source``, or ``model.champion``.

    Parameters
    ----------
    source : ModelSource
    model : Model
        Says the task, the classes and the features.
    root : Path
        The project's root, where relative paths start.
    tracking_uri : str, optional
        MLflow's address; default: what the environment says.

    Raises
    ------
    ModelError
        If it cannot be found or read, or knows other classes than declared.
    MissingExtraError
        If what it needs is not installed.

    Examples
    --------
    >>> import aiqa, polars as pl
    >>> data = aiqa.dataset("d", pl.DataFrame({"x": [1.0, 2.0]}))
    >>> double = aiqa.model("double", lambda frame: frame["x"] * 2, task="regression")
    >>> load_model(double.source, double, Path()).predict(data.source.frame.value, data).prediction
    array([2., 4.])
    """
    return LoadedModel(model, source, _scorer(source, model, root, tracking_uri))


def _scorer(source: ModelSource, model: Model, root: Path, tracking_uri: str | None) -> Scorer:
    match source:
        case MlflowUri():
            from aiqa.scan.models.mlflow import load_mlflow

            return load_mlflow(source, model, tracking_uri)
        case SkopsFile():
            from aiqa.scan.models.skops import load_skops

            return load_skops(source, model, root)
        case Estimator():
            from aiqa.scan.models.estimator import EstimatorScorer

            return EstimatorScorer(source.estimator.value, model)
        case Function():
            from aiqa.scan.models.function import FunctionScorer

            return FunctionScorer(source.function.load(), model)
        case Column():
            from aiqa.scan.models.column import ColumnScorer

            return ColumnScorer(source, model)


def _rows(table: Any, name: str) -> tuple[pl.LazyFrame, bool]:
    if isinstance(table, Table):
        return table.frame, table.pandas
    if on_spark(table):
        raise ModelError(
            "a frame of Spark is not fetched to be scored: give predict() a part of it, as "
            "frame.limit(1000).toArrow(); gates score all of it where it is"
        )
    return to_polars(table, name), is_pandas(table)


def _name_of(dataset: Dataset | None) -> str:
    return "frame" if dataset is None else dataset.name


def _batches(table: Any, lazy: pl.LazyFrame) -> Any:
    try:
        yield from lazy.collect_batches(chunk_size=BATCH, maintain_order=True, engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise (table.explained(error) if isinstance(table, Table) else ModelError(str(error))) from error
