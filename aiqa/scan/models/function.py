"""Functions from a frame to predictions."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from aiqa.declare.source import Model
from aiqa.scan.models.answers import interpret
from aiqa.scan.models.scorer import Identity
from aiqa.scan.predictions import Predictions


@dataclass(frozen=True, eq=False)
class FunctionScorer:
    """A function; it gets the kind of frame that the dataset came as: pandas, otherwise Polars."""

    function: Callable[[Any], Any]
    model: Model
    pandas: bool = False

    @cached_property
    def identity(self) -> Identity:
        return Identity(_source_digest(self.function))

    @property
    def classes(self) -> tuple[Any, ...]:
        return self.model.classes

    @property
    def probabilistic(self) -> bool:
        return True

    @property
    def features(self) -> tuple[str, ...]:
        return ()

    def answer(self, batch: pl.DataFrame) -> Predictions:
        return self.call(batch)()

    def call(self, batch: pl.DataFrame) -> Callable[[], Predictions]:
        rows = batch.to_pandas() if self.pandas else batch
        return lambda: interpret(self.function(rows), self.model, batch.height)


def _source_digest(function: Callable[[Any], Any]) -> str | None:
    """Digest the function's text; what it calls does not count."""
    target: Any = function if inspect.isroutine(function) else type(function)
    try:
        source = inspect.getsource(inspect.unwrap(target))
    except (OSError, TypeError):
        return None
    return f"source-sha256:{hashlib.sha256(source.encode()).hexdigest()}"
