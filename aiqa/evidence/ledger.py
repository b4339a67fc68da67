"""The ledger: which holdout has decided about which model, so that its wear can be counted.

One line of JSON for each decision, only ever appended: whoever reads the lines counts the same decision once.
So reruns, two processes at a time, or two branches that are merged line by line do no harm, and neither does
a line that a crash cut short.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiqa.config import Config, HoldoutSettings
from aiqa.errors import EvidenceError
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import GateRecord, HoldoutRecord, ModelRecord
from aiqa.judge.holdout import Wear, is_of_a_model
from aiqa.verdict import Verdict

LEDGER_FILE = "holdouts.jsonl"
MAX_BYTES = 64 * 2**20
_DECIDED = (Verdict.PASS, Verdict.FAIL)


def ledger_file(root: Path, config: Config) -> Path:
    """Return where a project counts its decisions."""
    told = config.holdout.ledger
    return root / config.out / LEDGER_FILE if told is None else root / told


@dataclass(frozen=True, slots=True)
class Decision:
    """What one run decided about one model on one holdout.

    Parameters
    ----------
    holdout, dataset : str
        The data's fingerprint, and what they are called.
    model, name : str
        The model's fingerprint (its address, where it has none), and what it is called.
    gates : dict of str to str
        Each gate that passed or failed, with a digest of what it claims; thresholds are part of that,
        policies are not.
    passed : bool
        Whether none failed.
    run, at : str
        The first run that decided it, and when that began.
    """

    holdout: str
    dataset: str
    model: str
    name: str
    gates: dict[str, str]
    passed: bool
    run: str
    at: str


@dataclass(slots=True)
class Use:
    """One use of a holdout: a model, judged by one version of its gates."""

    number: int
    model: str
    name: str
    gates: dict[str, str]
    passed: bool
    run: str
    at: str

    def covers(self, decision: Decision) -> bool:
        """Tell whether this use is the same decision: the same model, and no gate that claims otherwise."""
        same = all(self.gates.get(gate, digest) == digest for gate, digest in decision.gates.items())
        return self.model == decision.model and same

    def holds(self, decision: Decision) -> bool:
        """Tell whether the ledger would learn nothing from the decision."""
        return self.covers(decision) and decision.gates.keys() <= self.gates.keys()


@dataclass(slots=True)
class Holdout:
    """A data set that decides about models, and its uses so far, in order."""

    fingerprint: str
    dataset: str
    uses: list[Use] = field(default_factory=list)

    @property
    def first_pass(self) -> int | None:
        """The first use in which a model passed."""
        return next((use.number for use in self.uses if use.passed), None)

    def use_of(self, decision: Decision) -> Use | None:
        """Return the use that a decision is part of, if it is counted already."""
        return next((use for use in reversed(self.uses) if use.covers(decision)), None)

    def count(self, decision: Decision) -> Use:
        """Return the use that a decision is part of, a new one if need be."""
        use = self.use_of(decision)
        if use is None:
            told = asdict(decision)
            del told["holdout"], told["dataset"]
            use = Use(len(self.uses) + 1, **told)
            self.uses.append(use)
        use.gates |= decision.gates
        use.passed = use.passed and decision.passed
        return use


class Ledger:
    """The decisions in a file.

    Parameters
    ----------
    file : Path
        It is made at the first decision.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> told = {"dataset": "orders", "name": "fraud", "passed": True, "run": "r1", "at": "2026-11-23"}
    >>> with TemporaryDirectory() as folder:
    ...     ledger = Ledger(Path(folder, "holdouts.jsonl"))
    ...     for model in ("m1", "m2", "m1"):
    ...         _ = ledger.add([Decision(holdout="d1", model=model, gates={"g": "0"}, **told)])
    ...     [len(holdout.uses) for holdout in ledger.holdouts()]
    [2]
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.damaged = 0

    def holdouts(self) -> list[Holdout]:
        """Return every holdout with its uses, in the order of their first.

        Lines that cannot be read are left out, and counted in ``damaged``.

        Raises
        ------
        EvidenceError
            If the file cannot be read, or is larger than any ledger.
        """
        found: dict[str, Holdout] = {}
        for decision in self._decisions():
            holdout = found.setdefault(decision.holdout, Holdout(decision.holdout, decision.dataset))
            holdout.count(decision)
        return list(found.values())

    def add(self, decisions: Iterable[Decision]) -> list[Holdout]:
        """Append the decisions that are not in the file, and return every holdout, these counted.

        Raises
        ------
        EvidenceError
            If the file cannot be read or written.
        """
        found = {holdout.fingerprint: holdout for holdout in self.holdouts()}
        new = []
        for decision in decisions:
            holdout = found.setdefault(decision.holdout, Holdout(decision.holdout, decision.dataset))
            use = holdout.use_of(decision)
            if use is None or not use.holds(decision):
                new.append(decision)
            holdout.count(decision)
        if new:
            self._append("".join(json.dumps(asdict(decision), sort_keys=True) + "\n" for decision in new))
        return list(found.values())

    def _append(self, lines: str) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            # One write at the end of the file, whoever else writes; a line cut short by a crash stays one.
            descriptor = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, (_break_after(descriptor) + lines).encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise EvidenceError(f"{self.file}: cannot be written: {error.strerror or error}") from error

    def _decisions(self) -> Iterator[Decision]:
        self.damaged = 0
        for line in self._read().splitlines():
            if not line.strip():
                continue
            decision = _decision(line)
            if decision is None:
                self.damaged += 1
            else:
                yield decision

    def _read(self) -> str:
        try:
            if self.file.stat().st_size > MAX_BYTES:
                raise EvidenceError(
                    f"{self.file}: larger than {MAX_BYTES:,} bytes: no ledger that aiqa wrote"
                )
            return self.file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise EvidenceError(f"{self.file}: cannot be read: {error.strerror or error}") from error


def _break_after(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    if not size:
        return ""
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return "" if os.read(descriptor, 1) == b"\n" else "\n"


def _decision(line: str) -> Decision | None:
    try:
        told = json.loads(line)
        decision = Decision(**told)
    except (ValueError, TypeError):
        return None
    texts = all(isinstance(getattr(decision, name), str) for name in _TEXTS)
    gates = isinstance(decision.gates, dict) and all(isinstance(v, str) for v in decision.gates.values())
    return decision if texts and gates and isinstance(decision.passed, bool) else None


_TEXTS = ("holdout", "dataset", "model", "name", "run", "at")


def decisions_of(outcomes: Sequence[Outcome], run_id: str, started: str) -> list[Decision]:
    """Return what a run decided about models, one decision for each model on each holdout.

    Gates that came to no verdict say nothing; neither do gates on data alone.
    """
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.gate.verdict in _DECIDED and _wears(outcome):
            key = str(outcome.datasets[0].fingerprint), _identity(_challenger(outcome))
            groups.setdefault(key, []).append(outcome)
    return [
        Decision(
            holdout=holdout,
            dataset=group[0].datasets[0].name,
            model=model,
            name=_challenger(group[0]).name,
            gates={f"{one.check.name}[{one.gate.id}]": _digest(one) for one in group},
            passed=not any(one.gate.verdict is Verdict.FAIL for one in group),
            run=run_id,
            at=started,
        )
        for (holdout, model), group in groups.items()
    ]


def _wears(outcome: Outcome) -> bool:
    known = bool(outcome.models and outcome.datasets and outcome.datasets[0].fingerprint)
    return known and outcome.gate.kind != "expectation" and is_of_a_model(_metric(outcome.gate))


def _metric(gate: GateRecord) -> str:
    claim: Any = gate.declaration.get("claim", {})
    return str(claim.get("name", "")) if isinstance(claim, dict) else ""


def _challenger(outcome: Outcome) -> ModelRecord:
    return next(model for model in outcome.models if model.role == "challenger")


def _identity(model: ModelRecord) -> str:
    return model.fingerprint or f"{model.name} from {model.source}"


def _digest(outcome: Outcome) -> str:
    """Return a digest of what a gate claims, and against which champion."""
    claimed = {key: outcome.gate.declaration.get(key) for key in ("claim", "requirement")}
    compared = outcome.gate.kind == "comparison"
    against = [_identity(model) for model in outcome.models if model.role == "champion" and compared]
    return hashlib.sha256(json.dumps([claimed, against], sort_keys=True).encode()).hexdigest()[:16]


def count(
    outcomes: Sequence[Outcome],
    file: Path,
    settings: HoldoutSettings,
    confidence: float | None,
    *,
    run_id: str,
    started: str,
) -> tuple[HoldoutRecord, ...]:
    """Count what a run decided, and return how far each holdout that it decided on is worn.

    A ledger that cannot be used changes no verdict: the records say what is wrong with it.
    """
    decisions = decisions_of(outcomes, run_id, started)
    if not decisions:
        return ()
    ledger = Ledger(file)
    try:
        holdouts = {holdout.fingerprint: holdout for holdout in ledger.add(decisions)}
    except EvidenceError as error:
        return tuple(
            _uncounted(fingerprint, name, settings, str(error)) for fingerprint, name in _on(decisions)
        )
    return tuple(
        record_of(holdouts[fingerprint], settings, confidence, decisions, ledger.damaged)
        for fingerprint, _ in _on(decisions)
    )


def _on(decisions: Iterable[Decision]) -> list[tuple[str, str]]:
    return list({decision.holdout: (decision.holdout, decision.dataset) for decision in decisions}.values())


def record_of(
    holdout: Holdout,
    settings: HoldoutSettings,
    confidence: float | None,
    decisions: Iterable[Decision] = (),
    damaged: int = 0,
) -> HoldoutRecord:
    """Return how far a holdout is worn, and what decisions on it are worth by that."""
    wear = Wear(holdout.dataset, len(holdout.uses), holdout.first_pass, settings, confidence)
    found = [holdout.use_of(decision) for decision in decisions if decision.holdout == holdout.fingerprint]
    use = max((one.number for one in found if one is not None), default=None)
    exceeded = use is not None and wear.exceeded(use)
    return HoldoutRecord(
        dataset=holdout.dataset,
        fingerprint=holdout.fingerprint,
        use=use,
        uses=wear.uses,
        left=wear.left,
        budget=settings.budget,
        adaptivity=settings.adaptivity,
        confidence_left=wear.confidence_left,
        blocks=exceeded and settings.when_spent == "block",
        message=wear.message(use or wear.uses),
        problem=f"the ledger has {damaged:,} lines that cannot be read" if damaged else None,
    )


def _uncounted(fingerprint: str, dataset: str, settings: HoldoutSettings, problem: str) -> HoldoutRecord:
    return HoldoutRecord(
        dataset=dataset,
        fingerprint=fingerprint,
        budget=settings.budget,
        adaptivity=settings.adaptivity,
        problem=f"this use was not counted: {problem}",
    )
