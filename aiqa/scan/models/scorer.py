"""What every kind of model becomes once it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiqa.scan.predictions import Predictions


@dataclass(frozen=True)
class Identity:
    """Which model it is: a digest of its content, its place in MLflow and its bytes where it is stored."""

    fingerprint: str | None = None
    mlflow: dict[str, str] = field(default_factory=dict)
    size: int | None = None


class Scorer(Protocol):
    """A loaded model that answers a batch of rows at a time."""

    @property
    def identity(self) -> Identity:
        """Which model it is."""

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels that it knows; empty where it cannot tell."""

    @property
    def probabilistic(self) -> bool:
        """Whether its scores may be read as probabilities; otherwise they only rank."""

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that it wants, in order; empty where it cannot tell."""

    def answer(self, batch: Any) -> Predictions:
        """Score the rows of a Polars frame of its columns."""

    def call(self, batch: Any) -> Callable[[], Any]:
        """Return the one call by which a server scores such rows, what it takes made ready."""
