"""The terminal: what happened, for somebody who did not write the checks, at any hour."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiqa.evidence.masking import mask
from aiqa.evidence.record import CheckRecord, Evidence, GateRecord
from aiqa.evidence.store import EVIDENCE_FILE
from aiqa.publish import words
from aiqa.publish.sink import Delivery
from aiqa.publish.words import Fact
from aiqa.verdict import Verdict

Style = tuple[str, ...]
Write = Callable[[str, Style], None]
SLICES = 5
ALL_SLICES = 200
NAMED_IN_CLOSING = 5
_LABEL = len("claimed in") + 2
_VERDICT = len(Verdict.INCONCLUSIVE) + 2
_STYLES: dict[str, Style] = {
    Verdict.PASS: ("green",),
    Verdict.FAIL: ("bold", "red"),
    Verdict.INCONCLUSIVE: ("yellow",),
    Verdict.ERROR: ("bold", "red"),
    Verdict.SKIPPED: ("cyan",),
}


def render(
    evidence: Evidence,
    deliveries: Iterable[Delivery],
    write: Write,
    *,
    width: int = 80,
    folder: Path | None = None,
    verbosity: int = 0,
    told: Container[str | None] = (),
    scans: bool = False,
) -> None:
    """Print a run.

    Parameters
    ----------
    evidence : Evidence
    deliveries : iterable of Delivery
        What became of sending it.
    write : callable
        Takes a line, and words for its style: "bold" and at most one of "red", "green", "yellow", "cyan".
        Control characters are escaped already; markup of any kind is not meant as such.
    width : int, default 80
        Lines are of about this many characters; they are cut nowhere but between words.
    folder : Path, optional
        Where the evidence lies, for the closing lines.
    verbosity : int, default 0
        Below 0: what needs attention, and the closing lines. 0: every gate, with its failures explained.
        Above 0: every gate explained, with all its slices.
    told : container of str, optional
        Nodes of gates that are explained on the same screen already: they get their line, no more.
    scans : bool, default False
        Whether to show the passes over each data set.
    """
    page = _Page(write, width)
    for check in evidence.checks:
        _check(page, check, verbosity, told)
    facts = words.scan_facts(evidence) if scans else []
    widest = max((len(fact.label) for fact in facts), default=0) + 2
    for fact in facts:
        page.fact(fact, label=widest)
    if facts:
        page.line("", ())
    _closing(page, evidence, tuple(deliveries), folder, told)


def failure_text(check: CheckRecord, gate: GateRecord, width: int = 80) -> str:
    """Return what there is to say about one gate, as plain lines of about `width` characters.

    The first line says it all; the others say what it means, what to look at and whom to call.
    """
    lines = _wrapped(words.finding(gate), width, "", "  ")
    said = {"because"} if words.measured(gate) is None else set()
    for fact in (fact for fact in (*_claim(check), *_explained(check, gate)) if fact.label not in said):
        lines += _laid_out(fact, width, indent=2)
    return "\n".join(lines)


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    # Words stay whole, so that an address or a command can be copied.
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _laid_out(fact: Fact, width: int, indent: int, label: int = _LABEL) -> list[str]:
    return _wrapped(fact.text, width, f"{'':{indent}}{fact.label:{label}}", " " * (indent + label))


def _claim(check: CheckRecord) -> list[Fact]:
    said = words.sentence(check)
    return [Fact("claim", said)] if said else []


def _explained(check: CheckRecord, gate: GateRecord, verbosity: int = 0) -> list[Fact]:
    every = verbosity > 0
    slices = words.slice_lines(gate, ALL_SLICES if every else SLICES, passing=every)
    return words.facts(check, gate, slices)


@dataclass(frozen=True, slots=True)
class _Page:
    line: Write
    width: int

    def fact(self, fact: Fact, *, indent: int = 0, label: int = _LABEL, style: Style = ()) -> None:
        for line in _laid_out(fact, self.width, indent, label):
            self.line(line, style)


def _check(page: _Page, check: CheckRecord, verbosity: int, told: Container[str | None]) -> None:
    gates = [gate for gate in check.gates if verbosity >= 0 or words.needs_attention(gate)]
    if not gates:
        return
    owner = f" ({words.plain(check.owner)})" if check.owner else ""
    page.line(f"{words.plain(check.name)}{owner}", ("bold",))
    said = words.sentence(check)
    if said:
        page.fact(Fact("", said), label=2)
    explained: set[str] = set()
    for gate in gates:
        # One cause breaks many gates, and is explained once.
        again = gate.verdict == Verdict.ERROR and gate.reason in explained
        explained.add(gate.reason)
        _gate(page, check, gate, verbosity, explain=gate.node not in told and not again)
    page.line("", ())


def _gate(page: _Page, check: CheckRecord, gate: GateRecord, verbosity: int, *, explain: bool) -> None:
    unexplained = gate.verdict == Verdict.ERROR and not explain
    found = words.measured(gate) or (words.plain(gate.reason) if unexplained else None)
    line = f"{words.claim(gate)}: {found}" if found else words.claim(gate)
    page.fact(
        Fact(gate.verdict.upper(), line + _effect(gate)),
        indent=2,
        label=_VERDICT,
        style=_STYLES[gate.verdict],
    )
    if not explain:
        return
    if verbosity > 0 or words.needs_attention(gate):
        for fact in _explained(check, gate, verbosity):
            page.fact(fact, indent=4)
    elif gate.verdict == Verdict.SKIPPED:
        page.fact(Fact("because", words.plain(gate.reason)), indent=4)


def _effect(gate: GateRecord) -> str:
    if gate.verdict == Verdict.FAIL and not gate.blocks:
        return " (warns only)"
    return " (stops the run)" if gate.verdict == Verdict.INCONCLUSIVE and gate.blocks else ""


def _closing(
    page: _Page,
    evidence: Evidence,
    deliveries: Sequence[Delivery],
    folder: Path | None,
    told: Container[str | None],
) -> None:
    verdict = evidence.verdict
    summary = f"{words.counts_text(evidence)}, in {words.duration(evidence.seconds)}"
    page.fact(Fact(verdict.upper(), summary), label=len(verdict) + 2, style=_STYLES[verdict])
    for line, style in _worst(evidence, told):
        page.fact(Fact("", line), label=2, style=style)
    for fact in words.holdout_facts(evidence):
        page.fact(fact, label=_CLOSING_LABEL, style=_STYLES[Verdict.INCONCLUSIVE])
    for fact in _whereabouts(deliveries, folder):
        page.fact(fact, label=_CLOSING_LABEL)


_CLOSING_LABEL = len("evidence") + 2


def _worst(evidence: Evidence, told: Container[str | None]) -> list[tuple[str, Style]]:
    blocking = evidence.verdict != Verdict.PASS
    found = [
        pair
        for pair in words.attention(evidence)
        if (pair[1].blocks or not blocking) and pair[1].node not in told
    ]
    lines = [
        (words.headline(check, gate) + _caller(check), _STYLES[gate.verdict])
        for check, gate in found[:NAMED_IN_CLOSING]
    ]
    left = len(found) - len(lines)
    return [*lines, (f"and {left:,} more", ())] if left else lines


def _caller(check: CheckRecord) -> str:
    return f"; call {words.plain(check.owner)}" if check.owner else ""


def _whereabouts(deliveries: Sequence[Delivery], folder: Path | None) -> list[Fact]:
    facts = [Fact("evidence", str(folder / EVIDENCE_FILE))] if folder else []
    facts += [Fact("sent", _said(delivery.sink, delivery.where)) for delivery in deliveries if delivery.sent]
    missed = [delivery for delivery in deliveries if not delivery.sent]
    facts += [Fact("not sent", _said(delivery.sink, delivery.problem)) for delivery in missed]
    if any(delivery.waits for delivery in missed):
        facts.append(Fact("", "no verdict depends on it; once the other end answers, `aiqa push` sends it"))
    return facts


def _said(sink: str, text: str | None) -> str:
    return f"{words.plain(sink)}: {words.plain(mask(text))}" if text else words.plain(sink)
