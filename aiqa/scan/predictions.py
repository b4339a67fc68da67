"""What a model answers for a table, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
