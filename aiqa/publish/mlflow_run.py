"""What one MLflow run holds of the evidence: plain values, in MLflow's alphabet and within its bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiqa.evidence.history import short
from aiqa.evidence.record import CheckRecord, DatasetRecord, Evidence, GateRecord
from aiqa.publish.facts import distinct_gates, slice_value
from aiqa.publish.names import Names
from aiqa.publish.words import WORST_FIRST, counts_text, measured, needed, plain

RUN_ID_TAG = "aiqa.run_id"
BRANCH_TAG = "mlflow.source.git.branch"
NOTE_TAG = "mlflow.note.content"
MAX_KEY = 250
MAX_METRICS = 1_000
MAX_SLICES = 5
MAX_INPUTS = 40
MAX_NOTE = 7_500
MAX_VALUE = 500
_NOT_ALLOWED = re.compile(r"[^\w.\- :]")
_LEADING_DOTS = re.compile(r"^\.+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~&$])")
_LINK = re.compile(r"https?://[^\s<>\"]{1,500}")


@dataclass(frozen=True, slots=True)
class RunMetric:
    """One number, with the names of the model and of the data set that it is about."""

    key: str
    value: float
    model: str | None = None
    dataset: str | None = None


def metrics(evidence: Evidence) -> list[RunMetric]:
    """Return the metrics of a run, the most telling first; the sink sends the first 1,000 in one request.

    Counts of verdicts, then the value of every gate, then bounds, the two sides of comparisons, the
    worst five slices of each gate, and what plain tests logged. Keys are ``<check>/<gate>``, and below it
    ``low``, ``high``, ``challenger``, ``champion`` and ``<column>:<value>``.
    """
    return list(_metrics(evidence, Names(_path, MAX_KEY)))


def _metrics(evidence: Evidence, name: Names) -> Iterator[RunMetric]:
    # The empty part keeps our own names apart from those of a check that is called aiqa.
    for verdict, count in evidence.counts().items():
        yield RunMetric(name("", "aiqa", verdict), float(count))
    yield RunMetric(name("", "aiqa", "seconds"), evidence.seconds)
    gates = distinct_gates(evidence)
    for numbers in (_value, _bounds, _sides, _slices):
        for check, gate in gates:
            for path, value in numbers(gate):
                yield RunMetric(name(check.name, gate.id, *path), value, check.model, check.dataset)
    for (node, key), value in {(entry.node, entry.name): entry.value for entry in evidence.logged}.items():
        yield RunMetric(name("", "logged", node, key), value)


Numbers = Iterator[tuple[tuple[str, ...], float]]


def _value(gate: GateRecord) -> Numbers:
    if gate.estimate is not None:
        yield (), gate.estimate.value


def _bounds(gate: GateRecord) -> Numbers:
    if gate.estimate is None or gate.estimate.confidence is None:
        return
    for path, bound in (("low", gate.estimate.low), ("high", gate.estimate.high)):
        if bound is not None:
            yield (path,), bound


def _sides(gate: GateRecord) -> Numbers:
    for path, value in (("challenger", gate.challenger), ("champion", gate.champion)):
        if value is not None:
            yield (path,), value


def _slices(gate: GateRecord) -> Numbers:
    # The judge puts the worst first.
    found = [(part.slice, part.estimate.value) for part in gate.parts if part.estimate is not None]
    for of, value in found[:MAX_SLICES]:
        yield (" ".join(f"{column}:{slice_value(each)}" for column, each in of.items()),), value


def params(evidence: Evidence) -> dict[str, str]:
    """Return what went into the run: project, tier, seed, the models and the data sets by address."""
    name = Names(_path, MAX_KEY)
    environment = evidence.environment
    told: dict[tuple[str, ...], str] = {
        ("project",): evidence.project,
        ("tier",): evidence.tier,
        ("seed",): str(environment.seed),
        ("python",): environment.python,
        ("aiqa",): environment.libraries.get("pytest-aiqa", "unknown"),
    }
    told |= {(model.role, model.name): model.source for model in evidence.models[:MAX_INPUTS]}
    told |= {
        (model.role, model.name, "fingerprint"): digest
        for model in evidence.models[:MAX_INPUTS]
        if (digest := short(model.fingerprint))
    }
    told |= {("dataset", data.name): data.source for data in evidence.datasets[:MAX_INPUTS]}
    return {name(*path): plain(value, MAX_VALUE) for path, value in told.items()}


def tags(evidence: Evidence, left_out: int) -> dict[str, str]:
    """Return what people search runs by, and the note that MLflow shows first."""
    told: dict[str, str | None] = {
        RUN_ID_TAG: evidence.run_id,
        "aiqa.verdict": evidence.verdict,
        "aiqa.project": evidence.project,
        "aiqa.tier": evidence.tier,
        "aiqa.metrics_left_out": str(left_out) if left_out else None,
        **_git_tags(evidence),
        **_ci_tags(evidence),
    }
    bounded = {key: plain(value, MAX_VALUE) for key, value in told.items() if value is not None}
    return {**bounded, NOTE_TAG: note(evidence)}


def _git_tags(evidence: Evidence) -> dict[str, str | None]:
    git = evidence.environment.git
    if git is None:
        return {}
    dirty = str(git.dirty).lower()
    return {
        "mlflow.source.git.commit": git.commit,
        BRANCH_TAG: git.branch,
        "aiqa.git.dirty": dirty,
    }


def _ci_tags(evidence: Evidence) -> dict[str, str | None]:
    ci = evidence.environment.ci
    return {} if ci is None else {"aiqa.ci": ci.provider, "aiqa.ci.url": ci.url}


def note(evidence: Evidence) -> str:
    """Return the verdicts as a Markdown table, the worst first, cut where MLflow's bound is."""
    gates = sorted(evidence.gates, key=lambda pair: (not pair[1].blocks, WORST_FIRST.index(pair[1].verdict)))
    lines = [
        f"**{evidence.verdict}**: {_escaped(counts_text(evidence))}{_pipeline(evidence)}",
        "",
        "| verdict | check | gate | found | required | owner |",
        "|---|---|---|---|---|---|",
    ]
    room = MAX_NOTE - sum(len(line) + 1 for line in lines)
    for shown, (check, gate) in enumerate(gates):
        row = _row(check, gate)
        room -= len(row) + 1
        if room < 0:
            return "\n".join([*lines, "", f"and {len(gates) - shown:,} more, in evidence.json"])
        lines.append(row)
    return "\n".join(lines)


def _pipeline(evidence: Evidence) -> str:
    ci = evidence.environment.ci
    return f" (<{ci.url}>)" if ci and ci.url and _LINK.fullmatch(ci.url) else ""


def _row(check: CheckRecord, gate: GateRecord) -> str:
    cells = (gate.verdict, check.name, gate.claim, measured(gate), needed(gate), check.owner)
    return f"| {' | '.join(_escaped(plain(cell or '', 120)) for cell in cells)} |"


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def digest(dataset: DatasetRecord) -> str | None:
    """Return the digest of a data set's content as MLflow takes it: at most 36 characters.

    Examples
    --------
    >>> digest(DatasetRecord(name="orders", source="orders.csv", fingerprint="sha256:" + 64 * "a"))
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
    """
    return short(dataset.fingerprint)


def metric_key(check: str, gate: str) -> str:
    """Return the key under which the value of a gate is kept."""
    return Names(_path, MAX_KEY)(check, gate)


def fingerprint_key(model: str) -> str:
    """Return the key under which the digest of a challenger is kept."""
    return Names(_path, MAX_KEY)("challenger", model, "fingerprint")


def _path(first: str, *rest: str) -> str:
    told = rest if rest and not first else (first, *rest)
    return "/".join(map(_segment, told))


def _segment(part: str) -> str:
    # MLflow reads keys as paths, in which dots at the beginning may lead elsewhere.
    return _LEADING_DOTS.sub("_", _NOT_ALLOWED.sub("_", part)) or "_"
