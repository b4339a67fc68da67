"""Metrics that are shares of rows: their exact intervals, and two models compared on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aiqa.errors import MetricError
from aiqa.stats.cells import Cells
from aiqa.stats.contingency import Bools, Codes, Floats
from aiqa.stats.effective import Effective, cluster_sums, effective_size
from aiqa.stats.inference import Inference
from aiqa.stats.paired import mcnemar, mcnemar_clustered, paired_proportions
from aiqa.stats.proportions import proportion

_TESTS: dict[str, Literal["exact", "midp", "chi2", "cc"]] = {
    "mcnemar": "exact",
    "mcnemar-midp": "midp",
    "mcnemar-chi2": "chi2",
    "mcnemar-cc": "cc",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A share of rows, of all or of some.

    Parameters
    ----------
    hits : callable
        From truth and answers to which cells count.
    trials : callable, optional
        From truth and answers to which cells may. Default: all.
    of : str
        What the trials are, as a plural noun.
    fixed : bool
        Whether the trials are the same rows for any model.
    scale : (callable, callable), optional
        An increasing function of the share that is the metric, and its derivative.
    exact : bool
        Whether it is the metric; otherwise it says only which rows the metric is of.
    """

    hits: Callable[[Codes, Codes], Bools]
    trials: Callable[[Codes, Codes], Bools] | None = None
    of: str = "rows"
    fixed: bool = True
    scale: tuple[Callable[[float], float], Callable[[float], float]] | None = None
    exact: bool = True

    def among(self, cells: Cells, model: int) -> tuple[Bools, Bools]:
        """Return which cells are successes and which are trials."""
        said = cells.said[model]
        trials = np.ones(len(said), dtype=bool) if self.trials is None else self.trials(cells.truth, said)
        return self.hits(cells.truth, said) & trials, trials

    def infer(self, cells: Cells, *, weighted: bool, method: str) -> Inference:
        """Infer it from the cells of one model, by one of the intervals of a share."""
        hits, trials = self.among(cells, 0)
        support = int(cells.n[trials].sum())
        total = float(cells.w[trials].sum())
        effective = None
        if weighted or cells.cluster is not None:
            effective = _effective(hits[trials].astype(float), cells, trials)
        inference = proportion(
            min(total, float(cells.w[hits].sum())),
            total,
            n=cells.rows,
            effective=None if effective is None else effective.size,
            freedom=None if effective is None else effective.freedom,
            support=None if self.trials is None else support,
            support_of=self.of,
            method=method,
        )
        return inference if self.scale is None else inference.map(self.scale[0])

    def compare(self, cells: Cells, method: str | None) -> tuple[Inference, float | None]:
        """Infer by how much it is larger for the first model than for the second, and test it.

        Raises
        ------
        MetricError
            If the test has no form for rows that belong together.
        """
        trials = self.among(cells, 0)[1]
        gain = (_right(self, cells, 0) - _right(self, cells, 1))[trials]
        effective = _effective(gain, cells, trials)
        weight = cells.w[trials] * effective.size / cells.w[trials].sum()
        gained, lost = float(weight[gain > 0].sum()), float(weight[gain < 0].sum())
        inference = paired_proportions(
            gained,
            lost,
            cells.rows,
            trials=effective.size,
            support_of=self.of,
            method=method,
            freedom=effective.freedom,
        )
        if method in _TESTS and cells.cluster is not None:
            return inference, _clustered(method or "", gain, cells, trials)
        test = _TESTS.get(method or "mcnemar")
        return inference, None if test is None else mcnemar(gained, lost, test)


def _right(share: Share, cells: Cells, model: int) -> Floats:
    return share.among(cells, model)[0].astype(float)


def _effective(values: Floats, cells: Cells, trials: Bools) -> Effective:
    cluster = None if cells.cluster is None else cells.cluster[trials]
    return effective_size(values, cells.w[trials], cells.w2[trials], int(cells.n[trials].sum()), cluster)


def _clustered(method: str, gain: Floats, cells: Cells, trials: Bools) -> float:
    if method != "mcnemar" or cells.cluster is None:
        raise MetricError(f"{method} has no form for rows that belong together: mcnemar has (Obuchowski's)")
    weight, cluster = cells.w[trials], cells.cluster[trials]
    gained, lost, sizes = (
        cluster_sums(weight * part, cluster, weight) for part in (gain > 0, gain < 0, np.ones(len(gain)))
    )
    return mcnemar_clustered(gained, lost, sizes)
