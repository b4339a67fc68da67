"""What is left of a data set that decides about model after model.

A gate at 95 % passes one model in twenty that it must not, if each meets rows of its own. Of several models
on the same rows the chances add up; of models that were made knowing earlier verdicts they add up over all
that might have been made. The rules are those of ease.ml/ci (Renggli et al., MLSys 2019): a budget of uses K,
of which each is judged at alpha / K, or where developers adapt to the verdicts at alpha / 2^K; "first-change"
costs no more than not adapting, if the data are replaced once a model has passed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import cast

from aiqa.config import HoldoutSettings
from aiqa.declare.check import Check
from aiqa.declare.gate import Gate, Policy
from aiqa.declare.metric import Metric
from aiqa.judge.number import percent


@dataclass(frozen=True, slots=True)
class Wear:
    """How far a holdout is worn.

    Parameters
    ----------
    name : str
        Of the data set, for the message.
    uses : int
        How many times it has decided.
    first_pass : int or None
        The first use in which a model passed.
    settings : HoldoutSettings
    confidence : float or None
        Of the project's gates; None where they compare the value alone.
    """

    name: str
    uses: int
    first_pass: int | None
    settings: HoldoutSettings
    confidence: float | None

    @property
    def limit(self) -> int:
        """How many uses the budget covers."""
        if self.settings.adaptivity == "first-change" and self.first_pass is not None:
            return min(self.settings.budget, self.first_pass)
        return self.settings.budget

    @property
    def left(self) -> int:
        """How many uses of the budget are left."""
        return max(0, self.limit - self.uses)

    @property
    def confidence_left(self) -> float | None:
        """With which all verdicts so far hold together, by the union bound; at least 0."""
        if self.confidence is None:
            return None
        alpha = 1 - cast("float", tightened(self.confidence, self.settings))
        return max(0.0, 1 - hypotheses(self.uses, self.settings.adaptivity) * alpha)

    def exceeded(self, use: int) -> bool:
        """Tell whether a use is beyond what the budget covers."""
        return use > self.limit

    def message(self, use: int) -> str | None:
        """Say what is wrong with deciding on it, at a use of so high a number; None where nothing is."""
        if self.left and not self.exceeded(use):
            return None
        why = f"its budget is {self.settings.budget}"
        if self.limit < self.settings.budget:
            why = f'a model passed on it at use {self.limit}, and adaptivity is "first-change"'
        worth = (
            ""
            if self.confidence_left is None
            else f" (together they hold with {_told(self.confidence_left)})"
        )
        if self.exceeded(use):
            found = f"what this run decided on it was use {use:,}, beyond what its verdicts can promise"
        else:
            found = "the next model takes fresh rows"
        times = "once" if self.uses == 1 else f"{self.uses:,} times"
        return f"{self.name} has decided {times}{worth}, and {why}: {found}"


def _told(confidence: float) -> str:
    return percent(confidence) if confidence > 0 else "no confidence at all"


def hypotheses(uses: int, adaptivity: str) -> int:
    """Return of how many models, made or possible, so many uses are: each verdict of an adaptive use forks.

    Examples
    --------
    >>> [hypotheses(uses, "none") for uses in (1, 2, 5)], [hypotheses(uses, "full") for uses in (1, 2, 5)]
    ([1, 2, 5], [1, 3, 31])
    """
    return 2**uses - 1 if adaptivity == "full" else uses


def tightened(confidence: float | None, settings: HoldoutSettings) -> float | None:
    """Return the confidence at which each use is judged, so that all of the budget hold together.

    Examples
    --------
    >>> tightened(0.95, HoldoutSettings(budget=10, tighten=True))
    0.995
    """
    if confidence is None or not settings.tighten:
        return confidence
    parts = 2**settings.budget if settings.adaptivity == "full" else settings.budget
    return 1 - (1 - confidence) / parts


def tighten(policy: Policy, check: Check, gate: Gate, settings: HoldoutSettings) -> Policy:
    """Return a gate's policy with the confidence that many uses of its data leave to each."""
    if not settings.tighten or not wears(check, gate):
        return policy
    return dataclasses.replace(
        policy, confidence=tightened(cast("float | None", policy.confidence), settings)
    )


def wears(check: Check, gate: Gate) -> bool:
    """Tell whether a gate decides about a model, and so tells its makers something of the rows."""
    return check.model is not None and isinstance(gate.claim, Metric) and is_of_a_model(gate.claim.name)


def is_of_a_model(metric: str) -> bool:
    """Tell a metric of a model from one of data alone, such as ``psi``."""
    from aiqa.metrics.catalogue import CATALOGUE

    return metric not in CATALOGUE or bool(CATALOGUE[metric].tasks)
