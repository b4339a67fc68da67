"""Shares of rows (or queries) that are hits or misses: the intervals and comparisons of shares, by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiqa.errors import MetricError
from aiqa.metrics.question import Comparison, compared
from aiqa.metrics.shares import Share
from aiqa.stats.cells import Cells
from aiqa.stats.inference import Inference
from aiqa.stats.paired import PAIRED
from aiqa.stats.proportions import PROPORTIONS

METHODS = tuple(dict.fromkeys((*PROPORTIONS, *PAIRED)))
_SHARE = Share(lambda _, said: said == 1)


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Which rows each model hits.

    Parameters
    ----------
    hits : tuple of ndarray of bool, each (n,)
        One a model, challenger first.
    weight : ndarray of float, shape (n,), or None
    cluster : ndarray of int, shape (n,), or None
    """

    hits: tuple[NDArray[np.bool_], ...]
    weight: NDArray[np.float64] | None
    cluster: NDArray[np.int64] | None

    def answers(self, method: str | None) -> bool:
        """Tell whether this method is one of shares; by default it is where rows stand by themselves."""
        return method in METHODS or (method is None and self.cluster is None)

    def infer(self, method: str | None) -> Inference:
        """Infer the share of the challenger's hits; exactly where no method is named."""
        if method is not None and method not in PROPORTIONS:
            raise MetricError(f"{method} compares two models on the same rows, and is no method of one alone")
        told = method or "clopper-pearson"
        return _SHARE.infer(self._cells, weighted=self.weight is not None, method=told)

    def compare(self, method: str | None) -> Comparison:
        """Compare the shares of both models; by Tango's interval where no method is named."""
        if method is not None and method not in PAIRED:
            raise MetricError(f"{method} is of one share, and not of a difference: {', '.join(PAIRED)} are")
        gain, p_value = _SHARE.compare(self._cells, method)
        challenger, champion = (float(np.average(of, weights=self.weight)) for of in self.hits)
        return compared(gain, challenger, champion, p_value)

    @property
    def _cells(self) -> Cells:
        ones = np.ones(len(self.hits[0]))
        weight = ones if self.weight is None else self.weight
        heavy = weight > 0
        said = tuple(of[heavy].astype(np.int64) for of in self.hits)
        n, w = ones[heavy].astype(np.int64), weight[heavy]
        return Cells(n, said, n, w, w**2, 2, None if self.cluster is None else self.cluster[heavy])
