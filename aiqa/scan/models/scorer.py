"""What every kind of model becomes once it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from aiqa.scan.predictions import Predictions


@dataclass(frozen=True)
class Identity:
    """Which model it is: a digest of its content, and its place in MLflow where it has one."""

    fingerprint: str | None = None
    mlflow: dict[str, str] = field(default_factory=dict)


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
