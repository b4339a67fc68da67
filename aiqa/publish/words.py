"""The sentences: how a record of evidence reads to a person, the same in every sink.

Decides nothing: what a verdict is, why, and what to look at, the judge has written into the record.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import VERSUS_CHAMPION, Between, Met, Requirement, Within
from aiqa.declare.values import from_json
from aiqa.errors import DeclarationError
from aiqa.evidence.record import (
    CheckRecord,
    ErrorRecord,
    EstimateRecord,
    Evidence,
    GateRecord,
    HoldoutRecord,
    PartRecord,
    ScanRecord,
)
from aiqa.judge.number import number, percent
from aiqa.stats.inference import ROWS
from aiqa.verdict import Verdict

TEXT_LIMIT = 2000
_FIRST = 5
WORST_FIRST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.SKIPPED, Verdict.PASS)
_SAYS = {
    Verdict.PASS: "passes",
    Verdict.FAIL: "fails",
    Verdict.INCONCLUSIVE: "is inconclusive",
    Verdict.ERROR: "could not be decided",
    Verdict.SKIPPED: "was skipped",
}
# A line of a log that begins so is a command to GitHub's runner.
_RUNNER_COMMAND = re.compile(r"(?<!\S)(?=::|##\[)")


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line of what there is to say about a gate."""

    label: str
    text: str


def plain(text: object, limit: int = TEXT_LIMIT) -> str:
    r"""Return text of unknown origin as one safe line of at most `limit` characters.

    Line breaks become spaces; control characters, terminal escapes and marks that reorder text become
    visible; what a CI runner would take for a command no longer is one.

    Examples
    --------
    >>> plain("two\nlines, \x1b[31mred")
    'two lines, \\x1b[31mred'
    """
    line = " ".join(str(text)[: limit * 2].split())
    line = "".join(_visible(character) for character in line)
    line = _RUNNER_COMMAND.sub("\\\\", line)
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def size(count: int) -> str:
    """Return a number of bytes as people say it.

    Examples
    --------
    >>> size(512), size(3_210_000), size(75 << 30)
    ('512 B', '3.1 MiB', '75.0 GiB')
    """
    amount, unit = float(count), 0
    while amount >= 1023.95 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{count} B"


_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def scan_facts(evidence: Evidence) -> list[Fact]:
    """Return what each data set was scanned for, pass by pass."""
    facts = []
    for name in dict.fromkeys(scan.dataset for scan in evidence.scans):
        passes = [scan for scan in evidence.scans if scan.dataset == name]
        rows = f"{passes[0].rows:,} rows, " if passes[0].rows is not None else ""
        took = duration(sum(scan.seconds for scan in passes))
        facts.append(Fact(plain(name), f"{rows}{_times(len(passes), 'pass', 'passes')}, {took}"))
        facts += [Fact(f"  pass {scan.number}", _scan_text(scan)) for scan in passes]
    return facts


def _scan_text(scan: ScanRecord) -> str:
    told = [
        f"{_times(scan.statistics, 'statistic')} of {_times(len(scan.columns), 'column')}",
        _times(scan.queries, "query", "queries"),
    ]
    if scan.bytes is not None:
        told.append(f"{size(scan.bytes)} read")
    if scan.kept:
        told.append(f"{scan.kept:,} kept from earlier runs")
    return ", ".join([*told, duration(scan.seconds)])


def _times(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(0.0421), duration(3.21), duration(75)
    ('42 ms', '3.2 s', '1 min 15 s')
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def sentence(check: CheckRecord) -> str:
    """Return what a check claims, in its author's words: the first paragraph of its docstring."""
    return plain(check.doc.strip().split("\n\n")[0])


def claim(gate: GateRecord) -> str:
    """Return what a gate claims, so that a verb can follow."""
    return plain(gate.claim.removesuffix(f" {Met()}"))


def requirement_of(gate: GateRecord) -> Requirement | None:
    """Read the requirement that a gate declares; None for a check that asserts."""
    try:
        found = from_json(gate.declaration["requirement"])
    except (KeyError, TypeError, DeclarationError):
        return None
    return found if isinstance(found, Requirement) else None


def is_gain(gate: GateRecord) -> bool:
    """Tell whether the estimate is the gain on the champion, not a value of the metric."""
    return isinstance(requirement_of(gate), VERSUS_CHAMPION)


def needed(gate: GateRecord) -> str | None:
    """Return the requirement, as ``>= 0.92``; None where it has no number (an expectation holds or not)."""
    requirement = requirement_of(gate)
    if gate.usual is not None:
        return f"{requirement}, in [{number(gate.usual.low)}, {number(gate.usual.high)}]"
    if requirement is not None and not isinstance(requirement, Met):
        return str(requirement)
    return None if gate.threshold is None else number(gate.threshold)


def measured(gate: GateRecord) -> str | None:
    """Return what was found: value, interval and n; None where nothing could be measured."""
    found = _found(gate)
    if found is None or not gate.parts:
        return found
    slices = slices_of(gate)
    worst = f"worst of {slices:,} slices, " if slices > 1 else ""
    return f"{worst}{slice_name(gate.parts[0])}: {found}"


def _found(gate: GateRecord) -> str | None:
    if is_gain(gate) and gate.estimate is not None:
        return _compared(gate, gate.estimate)
    if gate.result is not None:
        return _counted(gate.result) or _estimated(gate) or plain(gate.reason, 300)
    return _estimated(gate)


def _estimated(gate: GateRecord) -> str | None:
    return None if gate.estimate is None else estimate_text(gate.estimate, bounds_of(gate))


def bounds_of(gate: GateRecord) -> tuple[float, ...]:
    """Return the numbers that the estimate is judged against: one, or both ends of a range."""
    requirement = requirement_of(gate)
    if gate.usual is not None:
        return gate.usual.low, gate.usual.high
    if isinstance(requirement, Between):
        return requirement.low, requirement.high
    if isinstance(requirement, Within):
        return -requirement.margin, requirement.margin
    return () if gate.threshold is None else (gate.threshold,)


def estimate_text(estimate: EstimateRecord, beside: Iterable[float] = (), signed: bool = False) -> str:
    """Return ``0.9412 [0.921, 0.957], n 569``, precise enough to be told from the numbers `beside` it."""
    beside = tuple(beside)
    value = number(estimate.value, beside, signed)
    told = (value, estimate.unit, interval_text(estimate, beside, signed))
    counted = "" if estimate.n_of == ROWS else f" {plain(estimate.n_of)}"
    return f"{' '.join(filter(None, told))}, n {estimate.n:,}{counted}"


def interval_text(estimate: EstimateRecord, beside: Iterable[float] = (), signed: bool = False) -> str:
    """Return the interval in brackets, ``...`` for a side without a bound; nothing for an exact number."""
    if estimate.confidence is None or estimate.low == estimate.high:
        return ""
    beside = tuple(beside)
    ends = ("..." if end is None else number(end, beside, signed) for end in (estimate.low, estimate.high))
    return f"[{', '.join(ends)}]"


def _compared(gate: GateRecord, gain: EstimateRecord) -> str:
    text = f"gain {estimate_text(gain, bounds_of(gate), signed=True)}"
    if gate.challenger is None or gate.champion is None:
        return text
    unit = f" {gain.unit}" if gain.unit else ""
    challenger = number(gate.challenger, [gate.champion]) + unit
    champion = number(gate.champion, [gate.challenger]) + unit
    return f"{challenger} against the champion's {champion}, {text}"


def _counted(result: dict[str, Any]) -> str | None:
    details = result.get("result", result)
    unexpected, total = details.get("unexpected_count"), details.get("element_count")
    if isinstance(unexpected, int) and isinstance(total, int):
        return _share(unexpected, total - (details.get("missing_count") or 0))
    observed = details.get("observed_value")
    if isinstance(observed, (int, float)):
        return f"observed {number(observed)}"
    return None


def _share(unexpected: int, of: int) -> str:
    if not unexpected or not of:
        return f"all {of:,} values are as expected" if of else "there are no values"
    are = "is" if unexpected == 1 else "are"
    return (
        f"{unexpected:,} of {of:,} values {are} not as expected ({number(100 * unexpected / of, [100.0])} %)"
    )


def confidence_text(estimate: EstimateRecord) -> str:
    """Return how the interval was made, for readers who ask."""
    if estimate.confidence is None:
        return "the value alone, without an interval"
    if estimate.low == estimate.high:
        return f"{plain(estimate.method)}: the whole table was counted"
    each = "each bound at " if estimate.alternative == "each-side" else ""
    return f"{plain(estimate.method)}, {each}{percent(estimate.confidence)[:-1]} % confidence"


def says(gate: GateRecord) -> str:
    """Return the verdict as a verb, with whether it stops the run where that is not obvious."""
    if gate.verdict == Verdict.FAIL and not gate.blocks:
        return "fails (warns only)"
    if gate.verdict == Verdict.INCONCLUSIVE and gate.blocks:
        return "is inconclusive (stops the run)"
    return _SAYS[gate.verdict]


def headline(check: CheckRecord, gate: GateRecord) -> str:
    """Return the one line that says it all: which check, what it claims, its verdict, what was found."""
    return f"{plain(check.name)}: {claim(gate)} {says(gate)}: {measured(gate) or plain(gate.reason)}"


def finding(gate: GateRecord) -> str:
    """Return the headline where the check is named already: what was found comes first, as lines are cut."""
    return f"{measured(gate) or plain(gate.reason)}: {claim(gate)} {says(gate)}"


def facts(check: CheckRecord, gate: GateRecord, slices: Iterable[str] = ()) -> list[Fact]:
    """Return what a person who was woken needs to know of a gate, in the order of reading.

    ``slices`` are the lines of :func:`slice_lines` to tell with them.
    """
    told = (
        ("because", gate.reason),
        ("rows", rows_text(gate)),
        ("values", values_text(gate)),
        *zip(itertools.chain(["slices"], itertools.repeat("")), slices, strict=False),
        ("where", _where(gate.error)),
        ("noted", notes(gate)),
        ("it means", gate.advice),
        ("call", check.owner),
        ("claimed in", f"{check.file}:{check.line}" if check.file else None),
        ("run again", gate.rerun),
    )
    return [Fact(label, plain(text)) for label, text in told if text]


def rows_text(gate: GateRecord) -> str | None:
    """Return which rows are unexpected, the first of them: by their keys, or by number."""
    result = (gate.result or {}).get("result", {})
    rows = result.get("partial_unexpected_index_list") or ()
    names = result.get("unexpected_index_column_names") or ()
    if not rows or not result.get("unexpected_count"):
        return None
    if not names:
        return _first_of("number", list(map(str, rows)), result["unexpected_count"])
    if isinstance(rows[0].get(names[0]), list):  # ours has the keys by column
        rows = [dict(zip(names, each, strict=True)) for each in zip(*rows[0].values(), strict=True)]
    if len(names) == 1:
        return _first_of(names[0], [str(row.get(names[0])) for row in rows], result["unexpected_count"])
    told = [" ".join(f"{name}={row.get(name)}" for name in names) for row in rows]
    return _first_of("", told, result["unexpected_count"])


def values_text(gate: GateRecord) -> str | None:
    """Return the first unexpected values, which evidence holds where it may."""
    result = (gate.result or {}).get("result", {})
    values = result.get("partial_unexpected_list") or ()
    return _first_of("", list(map(str, values)), result.get("unexpected_count") or 0) if values else None


def _first_of(what: str, told: list[str], of: int) -> str:
    shown = ", ".join(plain(one, 60) for one in told[:_FIRST])
    left = of - min(len(told), _FIRST)
    more = f" and {left:,} more" if left > 0 else ""
    return f"{what} {shown}{more}".strip()


def notes(gate: GateRecord) -> str | None:
    """Return what the author of an expectation says beside it: its description and notes."""
    try:
        claimed = from_json(gate.declaration["claim"])
    except (KeyError, TypeError, DeclarationError):
        return None
    details = claimed.details.as_dict() if isinstance(claimed, Expectation) else {}
    parts = [details.get("description"), details.get("notes")]
    told = [" ".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in parts if part]
    return ". ".join(told) or None


def _where(error: ErrorRecord | None) -> str | None:
    if error is None:
        return None
    places = (("file", error.file), ("column", error.column), ("row", error.row))
    return ", ".join(f"{name} {place}" for name, place in places if place is not None) or None


def slice_name(part: PartRecord) -> str:
    """Return the rows that a part is about, as ``country=BR, channel=web``."""
    return ", ".join(f"{plain(key, 100)}={plain(value, 100)}" for key, value in part.slice.items())


def slice_text(gate: GateRecord, part: PartRecord) -> str:
    """Return one line on a slice: its name, verdict and numbers."""
    signed = is_gain(gate)
    found = f": {estimate_text(part.estimate, bounds_of(gate), signed)}" if part.estimate else ""
    return f"{slice_name(part)} {_SAYS[part.verdict]}{found or ': ' + plain(part.reason)}"


def slices_of(gate: GateRecord) -> int:
    """Return how many slices a gate has, those that are only counted too."""
    return len(gate.parts) + sum(gate.more_parts.values())


def slices_left(gate: GateRecord, told: Sequence[PartRecord]) -> str | None:
    """Return how many slices there are beyond those `told`, by verdict; None where there are none."""
    counts = Counter(part.verdict for part in gate.parts) + Counter(gate.more_parts)
    counts -= Counter(part.verdict for part in told)
    if len(counts) == 1:
        return f"and {counts.total():,} more {next(iter(counts))}"
    by_verdict = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in WORST_FIRST if counts[verdict])
    return f"and {counts.total():,} more: {by_verdict}" if by_verdict else None


def slice_lines(gate: GateRecord, most: int, *, passing: bool = False) -> list[str]:
    """Return a line for each of at most `most` slices, as the judge ordered them (worst first).

    A last line counts those left out, which are all that pass unless `passing`.
    """
    told = [part for part in gate.parts if passing or part.verdict != Verdict.PASS][:most]
    left = slices_left(gate, told)
    lines = [slice_text(gate, part) for part in told]
    return [*lines, left] if left and lines else lines


def needs_attention(gate: GateRecord) -> bool:
    """Tell the gates that a person should read about from those that are as they should be."""
    return gate.verdict in (Verdict.ERROR, Verdict.FAIL) or (
        gate.verdict == Verdict.INCONCLUSIVE and gate.inconclusive != "allow"
    )


def attention(evidence: Evidence) -> Iterator[tuple[CheckRecord, GateRecord]]:
    """Yield the gates that a person should read about: those that stop the run first, then the worst."""
    found = [pair for pair in evidence.gates if needs_attention(pair[1])]
    yield from sorted(found, key=lambda pair: (not pair[1].blocks, WORST_FIRST.index(pair[1].verdict)))


def holdout_facts(evidence: Evidence) -> list[Fact]:
    """Return what is wrong with the data that this run decided on, or with counting how often."""
    found = []
    for holdout in evidence.holdouts:
        stops = " (stops the run)" if holdout.blocks else ""
        told = [f"{holdout.message}{stops}" if holdout.message else None, holdout.problem]
        found += [Fact("holdout", plain(text)) for text in told if text]
    return found


def holdout_text(holdout: HoldoutRecord) -> str:
    """Return one line on how worn a holdout is."""
    if holdout.uses is None:
        return plain(f"{holdout.dataset}: {holdout.problem}")
    told = [f"{holdout.uses:,} of {holdout.budget:,} uses", f"{holdout.left or 0:,} left"]
    if holdout.confidence_left is not None:
        told.append(f"all verdicts together hold with {percent(holdout.confidence_left)} confidence")
    return f"{plain(holdout.dataset)}: {', '.join(told)}"


def counts_text(evidence: Evidence) -> str:
    """Return ``12 gates of 4 checks: 9 pass, 2 fail, 1 inconclusive``."""
    counts = evidence.counts()
    told = [f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]]
    gates, checks = len(evidence.gates), len(evidence.checks)
    decided = gates > counts[Verdict.SKIPPED]
    told += [] if decided else ["nothing was decided, so nothing is proven"]
    return f"{gates} {_plural('gate', gates)} of {checks} {_plural('check', checks)}: {', '.join(told)}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
