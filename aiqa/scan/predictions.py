"""What a model answers for a table, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """A model's answers, in the order of the table's rows.

    Parameters
    ----------
    prediction : ndarray, shape (n,), optional
        Labels as the user writes them, or values of a regression.
    score : ndarray of float, shape (n,) or (n, k), optional
        Binary: of the positive class (or of both, one column each). Multi-class: a column a class.
    classes : tuple, optional
        The labels of the columns of `score` where the model says them (``classes_``); otherwise they are
        in the order of the declared classes, and sorted where none are declared.
    probabilistic : bool
        Whether scores may be read as probabilities. Those of a ``decision_function`` only rank, also where
        they happen to lie in [0, 1].
    """

    prediction: NDArray[Any] | None = None
    score: NDArray[np.floating[Any]] | None = None
    classes: tuple[Any, ...] = ()
    probabilistic: bool = True

    def __len__(self) -> int:
        given = self.score if self.prediction is None else self.prediction
        return 0 if given is None else len(given)


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """The same where they are columns of a table, beside the data.

    Parameters
    ----------
    prediction : str or None
    score : tuple of str
        None, one, or one a class.
    classes, probabilistic
        As of :class:`Predictions`.
    """

    prediction: str | None = None
    score: tuple[str, ...] = ()
    classes: tuple[Any, ...] = ()
    probabilistic: bool = True


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Return the answers for rows that follow each other as one.

    Raises
    ------
    ModelError
        If there are none.
    """
    if not parts:
        raise ModelError("there are no rows to score")
    return Predictions(
        _concatenated([part.prediction for part in parts]),
        _concatenated([part.score for part in parts]),
        parts[0].classes,
        all(part.probabilistic for part in parts),
    )


def _concatenated(arrays: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if len(present) == len(arrays) else None
