"""What models answer, in all its shapes, brought to one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from aiqa.declare.source import Model
from aiqa.errors import ModelError
from aiqa.scan.predictions import Predictions

Array = np.ndarray[Any, Any]


def interpret(answer: Any, model: Model, rows: int) -> Predictions:
    """Bring the answer of a function or a generic model to labels, values and scores.

    Parameters
    ----------
    answer : array_like, frame or Predictions
        Of shape (rows,): for a binary model floats are scores of the positive class and anything else
        labels; for a multi-class model labels; for a regression values. Of shape (rows, k): a score a
        class, in the order of the declared classes (binary without declared classes: the positive class
        is the last); for a multi-label model a score a label, or 0 and 1. A frame with columns named
        ``prediction`` and ``score`` says what is what.
    model : Model
        The declaration.
    rows : int
        The rows of the batch.

    Raises
    ------
    ModelError
        If the shape or the length fits none of these, or scores are no numbers.
    """
    if isinstance(answer, Predictions):
        return _checked(answer, rows)
    named = _named_columns(answer)
    if named is not None:
        return _checked(named, rows)
    values = squeezed(answer)
    if values.ndim == 2 and model.task == "multilabel" and values.dtype.kind != "f":
        return _checked(Predictions(prediction=values), rows)
    if values.ndim == 2 and model.task != "regression":
        return _checked(_scores(values, model), rows)
    if values.ndim != 1:
        raise ModelError(f"a {model.task} model answered in shape {values.shape}; {_expected(model, rows)}")
    if model.task == "binary" and values.dtype.kind == "f":
        return _checked(Predictions(score=values), rows)
    if model.task == "regression":
        return _checked(Predictions(prediction=numbers(values, "values")), rows)
    return _checked(Predictions(prediction=values), rows)


def squeezed(answer: Any) -> Array:
    """Return an answer as an array, a single column as one dimension."""
    values = np.asarray(answer.to_numpy() if hasattr(answer, "to_numpy") else answer)
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def numbers(values: Array, what: str) -> Array:
    """Return values as floats.

    Raises
    ------
    ModelError
        If they are none.
    """
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ModelError(f"the model's {what} are no numbers but {values.dtype}: {error}") from error


def _named_columns(answer: Any) -> Predictions | None:
    names = [str(name) for name in getattr(answer, "columns", ())]
    if not {"prediction", "score"} & set(names):
        return None
    found = {name: squeezed(answer[name]) for name in ("prediction", "score") if name in names}
    return Predictions(found.get("prediction"), found.get("score"))


def _scores(values: Array, model: Model) -> Predictions:
    if model.task == "binary" and values.shape[1] == 2:
        labels = model.classes
        positive = labels.index(model.positive) if model.positive in labels else 1
        return Predictions(score=values[:, positive])
    if model.task == "binary" or (model.classes and values.shape[1] != len(model.classes)):
        k = 2 if model.task == "binary" else len(model.classes)
        raise ModelError(f"the model gave {values.shape[1]} scores a row; there are {k} classes")
    return Predictions(score=values)


def _expected(model: Model, rows: int) -> str:
    shapes = {
        "binary": f"expected ({rows},) scores or labels, or ({rows}, 2) probabilities",
        "multiclass": f"expected ({rows},) labels, or ({rows}, k) probabilities for k classes",
        "multilabel": f"expected ({rows}, k) scores, or 0 and 1, for k labels",
        "regression": f"expected ({rows},) values",
    }
    return shapes[model.task]


def _checked(answer: Predictions, rows: int) -> Predictions:
    prediction, score = answer.prediction, answer.score
    for what, values in (("predictions", prediction), ("scores", score)):
        if values is not None and len(values) != rows:
            raise ModelError(f"the model gave {len(values)} {what} for {rows} rows")
    if prediction is None and score is None:
        raise ModelError("the model gave neither predictions nor scores")
    return replace(answer, score=None if score is None else numbers(score, "scores"))
