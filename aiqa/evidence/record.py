"""The evidence of a run: what was claimed, of which model on which data, and what came of it.

Never holds values of rows or secrets. The models below are the schema: ``aiqa schema`` prints it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aiqa.declare.folded import OTHER
from aiqa.verdict import Verdict

SCHEMA_VERSION = "1.0"


class Record(BaseModel):
    """Base of all records: immutable, closed, finite numbers only."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        protected_namespaces=(),
        json_schema_serialization_defaults_required=True,
    )


class EstimateRecord(Record):
    """A value with its interval; see :class:`aiqa.Estimate`. A bound that does not exist is null."""

    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    confidence: float | None
    alternative: str
    unit: str = Field(default="", description="of the value and its bounds; empty for a plain number")
    n_of: str = Field(default="rows", description="what n counts")


class ErrorRecord(Record):
    """Why something could not be decided, and where."""

    type: str
    message: str
    file: str | None = None
    column: str | None = None
    row: int | None = None


class OtherRecord(Record):
    """All values of a column that :func:`aiqa.folded` put together: no value, so that none equals it."""

    other: Literal[True] = True

    def __str__(self) -> str:
        return str(OTHER)


class PartRecord(Record):
    """One slice (or class) of a gate."""

    slice: dict[str, str | int | float | bool | OtherRecord | None]
    verdict: Verdict
    reason: str
    estimate: EstimateRecord | None = None


class UsualRecord(Record):
    """Where earlier runs put the value of a gate, and how many they were."""

    low: float
    high: float
    runs: int


class GateRecord(Record):
    """One gate and its verdict.

    ``estimate`` is of the metric, or for a comparison of the challenger's gain on the champion, with the
    two values in ``challenger`` and ``champion``. ``threshold`` is what `estimate` was judged against.
    ``result`` is an expectation's result in Great Expectations' shape, without values of rows.
    """

    id: str
    claim: str
    kind: Literal["metric", "comparison", "expectation", "free-form"]
    declaration: dict[str, Any]
    verdict: Verdict
    blocks: bool = Field(description="whether this verdict stops the run, by the gate's policy")
    severity: Literal["block", "warn"]
    inconclusive: Literal["warn", "block", "allow"]
    reason: str
    advice: str | None = Field(default=None, description="what to look at, for the person on call")
    threshold: float | None = None
    estimate: EstimateRecord | None = None
    usual: UsualRecord | None = Field(
        default=None, description="what is usual of `estimate`, where that is required of it"
    )
    challenger: float | None = None
    champion: float | None = None
    p_value: float | None = None
    parts: tuple[PartRecord, ...] = Field(default=(), description="the worst of its slices, worst first")
    more_parts: dict[Verdict, int] = Field(
        default={}, description="how many slices came to each verdict beyond those in `parts`"
    )
    result: dict[str, Any] | None = None
    error: ErrorRecord | None = None
    node: str | None = Field(default=None, description="pytest's node id")
    rerun: str | None = Field(
        default=None, description="the command that decides it again, on the same model"
    )
    seconds: float = Field(default=0.0, description="its share of the time, scans and scores included")


class CheckRecord(Record):
    """One check with its gates."""

    name: str
    doc: str
    owner: str | None
    tier: str
    file: str
    line: int
    model: str | None = None
    dataset: str | None = None
    gates: tuple[GateRecord, ...] = ()


class DatasetRecord(Record):
    """Which data it was: where from, its columns, how many rows, and a digest of the content.

    ``immature`` rows were too young for their label to be known, and left out of metrics.
    """

    name: str
    source: str
    rows: int | None = None
    columns: dict[str, str] = {}
    fingerprint: str | None = None
    immature: int | None = None


class ScanRecord(Record):
    """One pass over a data set: what it answered, what it read for that, and how long it took."""

    dataset: str
    number: int = Field(description="from 1, within the data set")
    statistics: int
    kept: int = Field(description="statistics kept by an earlier run, counted for each part of the data")
    columns: tuple[str, ...]
    queries: int
    rows: int | None = Field(default=None, description="of the data set")
    bytes: int | None = Field(default=None, description="of the files or frames that were read")
    seconds: float


class ModelRecord(Record):
    """Which model it was."""

    name: str
    role: Literal["challenger", "champion"]
    source: str
    task: str
    fingerprint: str | None = None
    mlflow_model_id: str | None = None
    mlflow_run_id: str | None = None
    mlflow_version: str | None = None


class HoldoutRecord(Record):
    """How worn a data set is that this run decided about models on; null where it could not be counted."""

    dataset: str
    fingerprint: str
    use: int | None = Field(default=None, description="which of its uses this run was: the last, if several")
    uses: int | None = Field(default=None, description="how many times it has decided")
    left: int | None = Field(default=None, description="uses left of the budget")
    budget: int
    adaptivity: Literal["none", "full", "first-change"]
    confidence_left: float | None = Field(
        default=None, description="with which all verdicts so far hold together, by the union bound"
    )
    blocks: bool = Field(default=False, description="whether this stops the run, by [tool.aiqa.holdout]")
    message: str | None = Field(default=None, description="what is wrong with deciding on it")
    problem: str | None = Field(
        default=None, description="what is wrong with the ledger; no verdict depends on it"
    )


class GitRecord(Record):
    """The commit that the code was at."""

    commit: str
    branch: str | None
    dirty: bool


class CiRecord(Record):
    """The pipeline that ran it."""

    provider: str
    url: str | None


class EnvironmentRecord(Record):
    """Where it ran: what a second run needs to be the same."""

    python: str
    platform: str
    libraries: dict[str, str]
    command: tuple[str, ...]
    seed: int
    git: GitRecord | None = None
    ci: CiRecord | None = None


class LoggedRecord(Record):
    """A number that a plain test recorded with ``aiqa.log``."""

    node: str
    name: str
    value: float


class Evidence(Record):
    """All of one run."""

    schema_version: str = SCHEMA_VERSION
    run_id: str = Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")
    started: str = Field(description="ISO 8601, UTC")
    seconds: float
    project: str
    tier: str
    verdict: Verdict
    environment: EnvironmentRecord
    datasets: tuple[DatasetRecord, ...] = ()
    models: tuple[ModelRecord, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    logged: tuple[LoggedRecord, ...] = ()
    scans: tuple[ScanRecord, ...] = ()
    holdouts: tuple[HoldoutRecord, ...] = ()

    @property
    def gates(self) -> tuple[tuple[CheckRecord, GateRecord], ...]:
        """Every gate with its check, in the order that they ran."""
        return tuple((check, gate) for check in self.checks for gate in check.gates)

    @property
    def stops(self) -> bool:
        """Whether this run must stop what it guards: something blocks, or nothing was decided."""
        blocked = any(gate.blocks for _, gate in self.gates) or any(one.blocks for one in self.holdouts)
        return self.verdict is Verdict.ERROR or blocked

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.counts().items() if count)
        return f"<Evidence {self.run_id}: {self.verdict}; {counts or 'no gate'}>"

    def __str__(self) -> str:
        lines = [f"{gate.verdict:<13} {check.name}: {gate.claim}" for check, gate in self.gates]
        return "\n".join([repr(self), *lines])

    def counts(self) -> dict[str, int]:
        """Return how many gates came to each verdict, all five named."""
        counts = dict.fromkeys(map(str, Verdict), 0)
        for _, gate in self.gates:
            counts[gate.verdict] += 1
        return counts
