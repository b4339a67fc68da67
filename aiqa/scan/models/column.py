"""Columns of the dataset that already hold predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from aiqa.declare.source import Column, Model
from aiqa.errors import ModelError
from aiqa.scan.models.answers import interpret
from aiqa.scan.models.scorer import Identity
from aiqa.scan.predictions import AnswerColumns, Predictions


@dataclass(frozen=True, eq=False)
class ColumnScorer:
    """Reads predictions and scores where they lie; the dataset's fingerprint covers them."""

    source: Column
    model: Model

    def __post_init__(self) -> None:
        scores, classes = self.source.score, self.model.classes
        if isinstance(scores, tuple) and classes and len(scores) != len(classes):
            raise ModelError(f"{len(scores)} columns of scores are declared for {len(classes)} classes")

    @property
    def identity(self) -> Identity:
        return Identity()

    @property
    def classes(self) -> tuple[Any, ...]:
        return self.model.classes

    @property
    def probabilistic(self) -> bool:
        return True

    @property
    def features(self) -> tuple[str, ...]:
        scores = self.source.score or ()
        names = (self.source.prediction, *((scores,) if isinstance(scores, str) else scores))
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def columns(self) -> AnswerColumns:
        """Where its answers are."""
        scores = self.source.score or ()
        return AnswerColumns(
            self.source.prediction, (scores,) if isinstance(scores, str) else tuple(scores), self.classes
        )

    def answer(self, batch: pl.DataFrame) -> Predictions:
        for name in self.features:
            _check_present(batch[name])
        prediction, score = self.source.prediction, self.source.score
        labels = None if prediction is None else batch[prediction].to_numpy()
        return interpret(Predictions(labels, _scores(batch, score)), self.model, batch.height)

    def call(self, batch: pl.DataFrame) -> Callable[[], Any]:  # noqa: ARG002
        raise ModelError(
            f"model {self.model.name!r} is columns of answers, and what these took cannot be measured: "
            "declare the model itself"
        )


def _scores(batch: pl.DataFrame, names: str | tuple[str, ...] | None) -> np.ndarray[Any, Any] | None:
    if names is None:
        return None
    return batch[names].to_numpy() if isinstance(names, str) else batch.select(names).to_numpy()


def _check_present(values: pl.Series) -> None:
    if values.null_count():
        row = values.is_null().arg_true()[0]
        raise ModelError("a prediction is missing", column=values.name, row=int(row))
