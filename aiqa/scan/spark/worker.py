"""What runs on Spark's workers: models answer batches of Arrow, and their answers go beside the rows."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from aiqa.errors import AiqaError, ModelError
from aiqa.scan.blame import raised_at
from aiqa.scan.models.scorer import Scorer
from aiqa.scan.predictions import AnswerColumns, Predictions


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One model: what answers, from which columns, and into which its answers go."""

    name: str
    scorer: Scorer
    features: tuple[str, ...]
    answers: AnswerColumns
    dtype: str | None
    """Of the predictions: "bool", "int64", "float64" or "string"."""


Batches = Iterator[pa.RecordBatch]


def scoring(payload: bytes, kept: tuple[str, ...]) -> Callable[[Batches], Batches]:
    """Return a function for ``mapInArrow``: the kept columns and the answers of all models.

    Parameters
    ----------
    payload : bytes
        A pickled tuple of :class:`Asked`.
    kept : tuple of str
    """

    def score(batches: Batches) -> Batches:
        from pyspark import TaskContext

        asked: tuple[Asked, ...] = pickle.loads(payload)  # noqa: S301 - written by the driver of this run
        context = TaskContext.get()
        part = context.partitionId() if context is not None else 0
        done = 0
        for batch in batches:
            where = f"rows {done} to {done + batch.num_rows - 1} of Spark's partition {part}"
            columns = {name: batch.column(name) for name in kept}
            for one in asked:
                columns |= _answered(one, batch, where)
            done += batch.num_rows
            yield pa.RecordBatch.from_pydict(columns)

    return score


def _answered(one: Asked, batch: pa.RecordBatch, where: str) -> dict[str, pa.Array]:
    try:
        frame = pl.DataFrame(pl.from_arrow(batch.select(list(one.features))))
        return _columns(one, one.scorer.answer(frame))
    except AiqaError as error:
        raise ModelError(f"model {one.name!r} on {where}: {error.args[0]}") from None
    except Exception as error:  # noqa: BLE001 - told without its message, which may hold values
        at = raised_at(error)
        raise ModelError(
            f"model {one.name!r} raised {type(error).__name__} on {where}"
            f"{f' ({at})' if at else ''}; its message may hold values of rows and stays there"
        ) from None


def _columns(one: Asked, given: Predictions) -> dict[str, pa.Array]:
    """Name the answers; they must have the form that they had on the first rows."""
    names, found = one.answers, {}
    if (names.prediction is None) != (given.prediction is None):
        raise ModelError("it gives predictions for some batches, and for others none")
    if names.prediction is not None:
        found[names.prediction] = _cast(given.prediction, one.dtype)
    scores = np.empty((0, 0)) if given.score is None else np.atleast_2d(given.score.T)
    if len(scores) != len(names.score):
        raise ModelError(
            f"it gives {len(scores)} scores a row, and gave {len(names.score)} for the first rows"
        )
    return found | {
        name: pa.array(np.ascontiguousarray(of), pa.float64())
        for name, of in zip(names.score, scores, strict=True)
    }


def _cast(prediction: Any, dtype: str | None) -> pa.Array:
    values = np.asarray(prediction)
    try:
        return pa.array(values.tolist() if values.dtype.kind in "OUS" else values).cast(dtype)
    except (pa.ArrowException, TypeError) as error:
        raise ModelError(
            f"its predictions are {dtype} for the first rows, and for others not ({type(error).__name__})"
        ) from None
