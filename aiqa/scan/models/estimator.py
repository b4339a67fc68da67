"""Fitted estimators with scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from aiqa.declare.source import Model
from aiqa.errors import ModelError
from aiqa.scan.models.answers import interpret, squeezed
from aiqa.scan.models.digest import digest
from aiqa.scan.models.scorer import Identity
from aiqa.scan.predictions import Predictions

Array = np.ndarray[Any, Any]
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class EstimatorScorer:
    """An estimator that answers by ``predict_proba``, else ``decision_function``, and ``predict``."""

    estimator: Any
    model: Model
    given: Identity | None = None

    def __post_init__(self) -> None:
        own, declared = self._own_classes, self.model.classes
        if self.model.task == "regression" or not own:
            return
        if self.model.task == "binary" and len(own) != 2:
            raise ModelError(
                f"a binary model must know two classes; this one knows {len(own)}: {_listed(own)}"
            )
        if declared and set(own) != set(declared):
            raise ModelError(
                f"the model was fitted on the classes {_listed(own)}; declared are {_listed(declared)}"
            )
        if self.model.positive is not None and self.model.positive not in own:
            raise ModelError(
                f"positive={self.model.positive!r} is none of the model's classes {_listed(own)}"
            )

    @cached_property
    def identity(self) -> Identity:
        return self.given or Identity(digest(self.estimator))

    @cached_property
    def _own_classes(self) -> tuple[Any, ...]:
        if self.model.task == "multilabel":
            return ()
        return tuple(np.asarray(getattr(self.estimator, "classes_", ())).tolist())

    @property
    def classes(self) -> tuple[Any, ...]:
        return self._own_classes

    @property
    def probabilistic(self) -> bool:
        return hasattr(self.estimator, "predict_proba")

    @cached_property
    def features(self) -> tuple[str, ...]:
        return tuple(map(str, getattr(self.estimator, "feature_names_in_", ())))

    def answer(self, batch: pl.DataFrame) -> Predictions:
        features = self._input(batch)
        if self.model.task == "multilabel":
            return interpret(self._labels(features), self.model, batch.height)
        if self.model.task == "regression" or not self._own_classes:
            return interpret(self.estimator.predict(features), self.model, batch.height)
        scores = self._scores(features, batch.height)
        keeps_labels = scores is None or self.model.threshold == DEFAULT_THRESHOLD
        labels = squeezed(self.estimator.predict(features)) if keeps_labels else None
        columns = self._own_classes if scores is not None and scores.ndim == 2 else ()
        return interpret(Predictions(labels, scores, columns, self.probabilistic), self.model, batch.height)

    def call(self, batch: pl.DataFrame) -> Callable[[], Any]:
        task = self.model.task
        scores = task == "multilabel" or (task != "regression" and self._own_classes)
        names = ("predict_proba", "decision_function", "predict") if scores else ("predict",)
        answer = next(getattr(self.estimator, name) for name in names if hasattr(self.estimator, name))
        return partial(answer, self._input(batch))

    def _labels(self, features: Any) -> Predictions:
        """Several labels a row: of shape (rows, labels), or a list of a pair of columns a label."""
        prediction = np.asarray(self.estimator.predict(features))
        if not self.probabilistic:
            return Predictions(prediction)
        scores = self.estimator.predict_proba(features)
        if isinstance(scores, list):
            scores = np.column_stack([np.asarray(of_label)[:, -1] for of_label in scores])
        return Predictions(prediction, np.asarray(scores))

    def _input(self, batch: pl.DataFrame) -> Any:
        """Give what it was fitted on: named columns, or a plain array."""
        wanted = getattr(self.estimator, "n_features_in_", batch.width)
        if wanted != batch.width:
            raise ModelError(
                f"the model was fitted on {wanted} features and would get {batch.width}: "
                f"{_listed(batch.columns)}; say which with aiqa.model(..., features=[...])"
            )
        if not self.features:
            return batch.to_numpy()
        return batch.to_pandas() if find_spec("pandas") else batch

    def _scores(self, features: Any, rows: int) -> Array | None:
        method = "predict_proba" if self.probabilistic else "decision_function"
        if not hasattr(self.estimator, method):
            return None
        scores = np.asarray(getattr(self.estimator, method)(features), dtype=np.float64)
        if self.model.task == "binary":
            return self._of_positive(scores)
        return scores if scores.shape == (rows, len(self._own_classes)) else None

    def _of_positive(self, scores: Array) -> Array:
        positive = max(self._own_classes) if self.model.positive is None else self.model.positive
        place = self._own_classes.index(positive)
        if scores.ndim == 2:
            return scores[:, place]
        return scores if place == 1 else -scores


def _listed(names: Any) -> str:
    shown = [repr(name) for name in list(names)[:12]]
    return ", ".join([*shown, "..."] if len(names) > 12 else shown)
