"""The page that says what was measured: a table a family, a row a method, its worst cell in each column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.coverage.acceptance import (
    ASYMPTOTIC,
    EXACT,
    FEW,
    WIDER,
    Found,
    allowed,
    cells_of,
    claim,
    failures,
    known_limit,
    sound,
    widths,
)
from benchmarks.coverage.cases import NOT_STUDIED
from benchmarks.coverage.code import ROOT
from benchmarks.coverage.kinds import KINDS
from benchmarks.coverage.plan import cells
from benchmarks.coverage.worlds import SIZE

PAGE = ROOT / "docs" / "explanation" / "coverage.md"
_HEAD = """# How often verdicts are wrong

<!-- Written by `make coverage-study`; edit benchmarks/coverage/report.py. -->

A gate at 95 % confidence must not pass what does not meet it in more than 5 % of the runs. Here that is
measured: in worlds whose truth is known, with the threshold exactly on it, where every pass is a false one.

- **False passes** of `metric >= truth` (the lower bound is above the truth) and of `metric <= truth`, each
  with the cell where they are worst. Exact methods may reach {exact:.1%}, all others {asymptotic:.1%}, plus
  three Monte Carlo errors; what is beyond is **bold**.
- **Holds**: the lowest share of two-sided 95 % intervals that hold the truth.
- **Refuses**: the largest share of samples whose bound says nothing: it is at the end of what is possible, or
  the metric is not defined on them. Such a gate is inconclusive and passes nothing.
- **Width**: how many times as far from the truth the bounds stay, on average and at worst, as those of the
  best sound method in the same cell; up to {wider} is accepted. Exact methods are compared with exact ones.
  Sound is what was right in all cells in which it was tried; methods by name were tried in fewer, so that
  a default which is wider than one of them may have its reason in a world where that was not tried.
  **Over ideal**: the same, as a median over cells, against bounds that know the law of the estimate's error.
- **p**: of two models that are equally good, how often the p-value is at most 5 %.
- **Naive**: the most false passes of a gate that compares the estimate itself with the threshold.

Methods by name are there because people ask for them; not all are sound. Defaults are meant to be.

## How it was made

{cells:,} cells, up to {replicates:,} samples in each (fewer, but at least {least:,}, where they take a method
longer than {seconds:g} s), seed {seed}. Each world is a population of {size:,} rows or so that a seeded
generator made; samples are drawn from it with replacement, so what is true is what the metric says of the
whole population, to the last digit. The samples of a cell are slices of one table, answered by the code that
gates are judged by. `make coverage-study` repeats it and keeps what rests on code that has not changed; all
cells are in `benchmarks/results/coverage.json`.

| data | worlds (rows of a sample; in clusters, clusters) |
|---|---|
{worlds}
"""


_KIND_TOLD = {"classes": ", classes", "tags": ", several labels"}


@dataclass(frozen=True, slots=True)
class Row:
    """One method of one claim, and what was found of it in each cell."""

    claim: str
    method: str
    found: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        case, pairing, kind = self.claim.split(" | ")
        told = f"`{case}`" + _KIND_TOLD.get(kind, "")
        return told if pairing == "alone" else f"{told}, {pairing}"

    def each(self, name: str) -> list[float]:
        """Return what was found under a name in all cells: of each bound, where there are two."""
        told = (of.get(name) for of in self.found.values())
        parts = (part for one in told for part in (one if isinstance(one, list) else [one]))
        return [part for part in parts if part is not None]


def page(results: dict[str, Any]) -> str:
    """Return the page as Markdown."""
    found: Found = results["found"]
    good = sound(found)
    broad = {key: widths(key, cell, good) for key, cell in cells_of(found).items()}
    parts = [_head(results)]
    for family, rows in _families(found).items():
        parts.append(f"## {family.capitalize()}\n\n{_table(rows, good, broad)}")
    return "\n".join([*parts, _gates(found), _failing(found)])


def _head(results: dict[str, Any]) -> str:
    worlds = "\n".join(
        f"| {name} | {'; '.join(f'{s.name} ({_listed(s.alone)})' for s in kind.settings)} |"
        for name, kind in KINDS.items()
    )
    told = {"size": SIZE, "cells": len(cells_of(results["found"])), "worlds": worlds, **results["about"]}
    return _HEAD.format(exact=EXACT, asymptotic=ASYMPTOTIC, wider=WIDER, **told)


def _listed(sizes: Iterable[int]) -> str:
    return ", ".join(f"{n:,}" for n in sizes)


def _families(found: Found) -> dict[str, list[Row]]:
    """Return the rows by family, in the order of the plan."""
    rows: dict[str, dict[tuple[str, str], Row]] = {}
    for cell in cells():
        for method, one in found.get(cell.key, {"methods": {}})["methods"].items():
            if "false" not in one:
                continue
            of = claim(cell.key)
            row = rows.setdefault(cell.family, {}).setdefault((of, method), Row(of, method, {}))
            row.found[cell.key] = one
    return {family: list(of.values()) for family, of in rows.items()}


_COLUMNS = (
    "metric",
    "method",
    "false passes of >=",
    "of <=",
    "holds",
    "refuses",
    "width",
    "over ideal",
    "p",
    "naive",
    "sound",
)


def _table(rows: list[Row], good: set[tuple[str, str]], broad: dict[str, Any]) -> str:
    lines = [_line(_COLUMNS), "|" + "---|" * len(_COLUMNS)]
    for row in rows:
        told = (
            row.name,
            _method(row),
            _worst(row, 0),
            _worst(row, 1),
            _percent(min(row.each("covered"), default=None), 1),
            _percent(max(row.each("refused"), default=None)),
            _width(row, broad),
            _over_ideal(row),
            _percent(max(row.each("p"), default=None), 1),
            _percent(max(row.each("naive"), default=None)),
            _soundness(row, (row.claim, row.method) in good),
        )
        lines.append(_line(told))
    return "\n".join(lines) + "\n"


def _soundness(row: Row, good: bool) -> str:
    if not good:
        return "**no**"
    return "yes" if min(row.each("replicates")) >= FEW else "few samples"


def _line(parts: Iterable[str]) -> str:
    return "| " + " | ".join(parts) + " |"


def _method(row: Row) -> str:
    names = sorted({name for of in row.found.values() for name in of["made_by"]}, key=len)
    if row.method != "default":
        return f"`{row.method}`"
    return "default: " + ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")


def _worst(row: Row, side: int) -> str:
    key, of = max(row.found.items(), key=lambda item: item[1]["false"][side] - allowed(item[1]))
    rate = of["false"][side]
    told = _percent(rate, 1)
    *_, world, n = key.split(" | ")
    where = f"{world}, {int(n):,}"
    return f"**{told}** ({where})" if rate > allowed(of) else f"{told} ({where})"


def _width(row: Row, broad: dict[str, Any]) -> str:
    ratios = [ratio for key in row.found for ratio in broad[key].get(row.method, ()) if ratio is not None]
    if not ratios:
        return ""
    widest = max(ratios)
    return f"**{widest:.2f}**" if widest > WIDER and row.method == "default" else f"{widest:.2f}"


def _over_ideal(row: Row) -> str:
    ratios = [
        own / best
        for of in row.found.values()
        for own, best in zip(of["distance"], of["ideal"], strict=True)
        if own is not None and best
    ]
    return f"{median(ratios):.2f}" if ratios else ""


def _percent(share: float | None, digits: int = 0) -> str:
    return "" if share is None else f"{100 * share:.{digits}f} %"


def _gates(found: Found) -> str:
    lines = [_line(("metric", "gate", "wrong verdict", "rows", "of the gate", "beside it")), "|" + "---|" * 6]
    for key, gate in found.items():
        if "rates" in gate:
            metric, name, wrong, rows = key.split(" | ")
            rates = dict(gate["rates"])
            own = _percent(rates.pop("gate"), 1)
            beside = "; ".join(f"{other}: {_percent(rate)}" for other, rate in rates.items())
            lines.append(_line((f"`{metric}`", name, wrong, rows, own, beside)))
    return "\n".join(["## Gates over slices and looks", "", _GATES, *lines, ""])


_GATES = """All slices, or the one that matters, are exactly on the threshold. Rows are those of a slice, or
those that come between two looks at growing data.
"""


def _failing(found: Found) -> str:
    known: dict[str, list[str]] = {}
    short: list[str] = []
    for key, sentence in failures(found):
        why = known_limit(key)
        line = f"`{key}`: {sentence}"
        known.setdefault(why, []).append(line) if why else short.append(line)
    parts = ["## Defaults that fall short", "", _items(short), ""]
    if known:
        parts += ["## Where no method is right", ""]
    for why, lines in known.items():
        parts += [f"{why[0].upper()}{why[1:]}.", "", _items(lines), ""]
    if NOT_STUDIED:
        parts += ["## Not studied", "", _items(f"`{name}` {why}" for name, why in NOT_STUDIED.items()), ""]
    return "\n".join(parts)


def _items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "None."
