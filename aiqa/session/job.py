"""A gate to decide, and what deciding it takes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import Gate
from aiqa.declare.source import Dataset, Model
from aiqa.errors import DeclarationError
from aiqa.judge.values import Judged

if TYPE_CHECKING:
    from aiqa.scan.statistics import Answers, Request


@dataclass(frozen=True, slots=True)
class Case:
    """One gate to decide: of which check, under which id, and what the driver calls it."""

    check: Check
    gate_id: str
    gate: Gate
    node: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Statistics of one table, and what to make of them."""

    frame: Any
    requests: tuple[Request, ...]
    conclude: Callable[[Any], Judged]
    gx: GxAsk | None = None
    reference: Reference | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Another table, which is asked `first`; what it answers says what to ask `then`, of both tables.

    The job's own requests are those that are known before.
    """

    frame: Any
    first: tuple[Request, ...]
    then: Callable[[Answers], tuple[Request, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class GxAsk:
    """What Great Expectations decides itself: `run` decides all that have the same `where` together."""

    expectation: Expectation
    where: Hashable
    run: Callable[[list[Expectation]], list[Any]]


class Both(NamedTuple):
    """What was asked of a table and of its reference, and what each answered."""

    requests: tuple[Request, ...]
    own: Answers
    reference: Answers


def dataset_of(case: Case) -> Dataset:
    """Return the data set that a gate is about; without one the declaration is wrong."""
    if case.check.dataset is None:
        raise DeclarationError(
            f"{case.check.name} gates on {case.gate.claim}, but is about no dataset: @aiqa.check(dataset)"
        )
    return case.check.dataset


def model_of(case: Case) -> Model:
    """Return the model that a gate is about; without one the declaration is wrong."""
    if case.check.model is None:
        raise DeclarationError(
            f"{case.check.name} gates on {case.gate.claim}, but is about no model: @aiqa.check(model, ...)"
        )
    return case.check.model
