"""The plan: which metric is studied in which worlds, at which sizes, by which methods.

It grows by itself: every metric of the catalogue is studied in the worlds of its task, alone and against a
champion, by every method that its :class:`~aiqa.metrics.question.Spec` names. Metrics that need to be told
more than their name have their cases in ``benchmarks/coverage/cases.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Literal

from aiqa.metrics import catalogue
from aiqa.stats.functional import METHODS
from benchmarks.coverage.cases import Case, cases
from benchmarks.coverage.kinds import KINDS, Setting

Pairing = Literal["alone", "paired", "unpaired"]
PAIRINGS: tuple[Pairing, ...] = ("alone", "paired", "unpaired")
SMALL = 1000
"""Methods by name are studied up to so many units."""
_RESAMPLED = (100, 200)
"""The sizes at which the methods that any metric has are studied."""
_QUICK = 500
"""Comparisons that take long are studied up to so many units."""
_TYPICAL = 100
"""A case that is like another is studied at one size: the first from here up."""


@cache
def module_of(name: str) -> ModuleType:
    """Return the module of the catalogue in which a metric is."""
    rooms = (value for value in vars(catalogue).values() if isinstance(value, ModuleType))
    return next(room for room in rooms if name in getattr(room, "SPECS", {}))


@dataclass(frozen=True, slots=True)
class Cell:
    """One case in one world at one size: alone, or against a champion."""

    case: Case
    setting: Setting
    pairing: Pairing
    n: int

    @property
    def key(self) -> str:
        """Its name in the results."""
        return " | ".join([self.case.name, self.pairing, self.case.kind, self.setting.name, str(self.n)])

    @property
    def family(self) -> str:
        """The heading that it is reported under."""
        if self.case.has_point:
            return "operating points"
        return module_of(self.case.metric).__name__.rpartition(".")[2]

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of aiqa that its result comes from."""
        point = ("aiqa.metrics.operating",) if self.case.has_point else ()
        return module_of(self.case.metric).__name__, *point

    @property
    def methods(self) -> tuple[str | None, ...]:
        """The methods that it is studied by; None is the default."""
        studied = self.setting.methods
        if studied == "default" or self.case.like or self.n > SMALL or self.pairing == "unpaired":
            return (None,)
        own = catalogue.CATALOGUE[self.case.metric].methods
        generic = METHODS if studied == "all" and self.n in _RESAMPLED else ()
        return tuple(dict.fromkeys((None, *own, *generic)))


def cells() -> Iterator[Cell]:
    """Yield the whole plan."""
    for case in cases():
        for setting in case.settings:
            for pairing in PAIRINGS:
                for n in _sizes(case, setting, pairing):
                    yield Cell(case, setting, pairing, n)


def _sizes(case: Case, setting: Setting, pairing: Pairing) -> tuple[int, ...]:
    sizes: tuple[int, ...] = getattr(setting, pairing)
    if (case.needs_champion and pairing != "paired") or not (case.directed or pairing == "alone"):
        return ()
    if case.like:
        first = setting is KINDS[case.kind].settings[0] or case.needs_champion
        return _typical(sizes) if pairing == "alone" or (pairing == "paired" and first) else ()
    return tuple(n for n in sizes if n <= _QUICK) if case.slow and pairing != "alone" else sizes


def _typical(sizes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in sizes if n >= _TYPICAL)[:1] or sizes[-1:]
