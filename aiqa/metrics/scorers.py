"""scikit-learn's scorers by name: the function inside, and what it must be given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiqa.errors import MetricError, nearest


@dataclass(frozen=True, slots=True)
class Scorer:
    """The parts of a scorer, which can be called on answers that are there already.

    Parameters
    ----------
    name : str
    function : callable
        ``f(y_true, answers, **settings)``.
    sign : int
        -1 for a loss.
    settings : mapping
    scores, probabilities : bool
        Whether the answers are scores, and whether these must be probabilities.
    regression : bool
        Whether it is one of a regression.
    """

    name: str
    function: Callable[..., Any]
    sign: int
    settings: Mapping[str, Any]
    scores: bool
    probabilities: bool
    regression: bool

    def takes(self, parameter: str) -> bool:
        """Tell whether the function has a parameter."""
        return parameter in inspect.signature(self.function).parameters


def names() -> list[str]:
    """Return the names of scikit-learn's scorers."""
    from sklearn.metrics import get_scorer_names

    return list(get_scorer_names())


def of(name: str) -> Scorer:
    """Return a scorer by its name.

    Raises
    ------
    MetricError
        If there is none.

    Examples
    --------
    >>> of("neg_brier_score").sign
    -1
    """
    from sklearn.metrics import get_scorer

    if name not in names():
        raise MetricError(f"scikit-learn has no scorer {name!r}{nearest(name, names())}")
    scorer = get_scorer(name)
    # A scorer calls an estimator; its parts alone can be called on answers that are there already.
    function, response = scorer._score_func, scorer._response_method  # noqa: SLF001
    return Scorer(
        name,
        function,
        scorer._sign,  # noqa: SLF001
        scorer._kwargs,  # noqa: SLF001
        response != "predict",
        response == "predict_proba",
        "regression" in function.__module__,
    )
