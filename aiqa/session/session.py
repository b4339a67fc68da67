"""Gates decided in batches, one a data set.

The table is opened once, each model scores it once, the statistics that the gates need are taken
together, and each gate is then judged from them. Whatever goes wrong with one gate is that gate's
``error``; the others go on.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiqa.config import Config, MlflowSettings
from aiqa.declare.check import Check
from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import Gate, Policy
from aiqa.declare.source import Dataset, Model, ModelSource, SkopsFile, model_source
from aiqa.errors import ConfigError, DeclarationError, nearest
from aiqa.evidence.build import broken_gate_record, check_record, gate_record
from aiqa.evidence.history import EvidenceHistory, History
from aiqa.evidence.masking import mask
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import GateRecord
from aiqa.judge.holdout import tighten
from aiqa.judge.values import Judged
from aiqa.session.answers import answer, judge
from aiqa.session.job import Case, Job
from aiqa.session.jobs import job_of, names_in
from aiqa.session.subjects import Progress, Subjects

if TYPE_CHECKING:
    from aiqa.scan.store import Store
    from aiqa.scan.work import Work


class Session:
    """One run over one project.

    Parameters
    ----------
    root : Path
        The project's folder; relative paths of declarations start here.
    config : Config
    models : sequence of str
        ``[NAME=]MODEL``: models to check in place of the declared ones.
    progress : callable, optional
        Called with what is being done, how many rows are done, and of how many.
    spark : bool, default False
        Whether Spark reads the files of data sets. Frames of Spark stay there anyway.
    """

    def __init__(
        self,
        root: Path,
        config: Config,
        *,
        models: Sequence[str] = (),
        progress: Progress | None = None,
        spark: bool = False,
    ) -> None:
        self.root = root
        self.config = config
        self.subjects = Subjects(
            root,
            progress,
            _tracking_uri(config),
            config.parameters,
            show_values=config.show_values,
            history=_history(config, root),
            branch=config.history.branch,
            store=_store(config, root),
            model_timeout=config.model_timeout,
            spark=config.spark,
            files_on_spark=spark,
        )
        self._models = tuple(models)
        self._spark = spark
        self._replacements = dict(map(_replacement, models))

    def close(self) -> None:
        """Give back what this run holds on Spark; a session that somebody else made goes on."""
        self.subjects.close()

    def check(self, declared: Check) -> Check:
        """Return the check with its model replaced, where ``--aiqa-model`` says so."""
        source = self._replacements.get(None)
        if declared.model is not None:
            source = self._replacements.get(declared.model.name, source)
        if declared.model is None or source is None:
            return declared
        return dataclasses.replace(declared, model=_replaced(declared.model, source))

    def refuse_unknown_models(self, checks: Iterable[Check]) -> None:
        """Refuse a replacement that no check would see.

        Raises
        ------
        ConfigError
            If ``--aiqa-model NAME=...`` names no declared model, or leaves the name open among several.
        """
        names = {check.model.name for check in checks if check.model is not None}
        for name in self._replacements:
            if name is None and len(names) > 1:
                known = ", ".join(sorted(names))
                raise ConfigError(f"--aiqa-model needs a name here, as NAME=MODEL: there are {known}")
            if name is not None and name not in names:
                raise ConfigError(f"--aiqa-model {name}=...: no check has such a model{nearest(name, names)}")

    def outcome(self, check: Check, record: GateRecord) -> Outcome:
        """Return a gate's record with its check, what it was decided on, and how to decide it again."""
        record = self._named(record)
        return Outcome(check=check_record(check, self.root), gate=record, **self.subjects.records(check))

    def _named(self, record: GateRecord) -> GateRecord:
        if record.node is None:
            return record
        options = ["--aiqa-spark"] if self._spark else []
        options += [f"--aiqa-model {shlex.quote(mask(model))}" for model in self._models]
        return record.model_copy(
            update={"rerun": " ".join(["pytest --aiqa", *options, shlex.quote(record.node)])}
        )

    def policy(self, check: Check, gate: Gate | None = None) -> Policy:
        """Return what holds for a gate: its own policy over its check's, its tier's, the project's.

        Where ``[tool.aiqa.holdout]`` says so, at the confidence that many uses of the data leave to each.
        """
        own, of_kind = (Policy(), Policy()) if gate is None else (gate.own_policy, gate.policy_of_kind)
        policy = own.over(check.own_policy).over(of_kind).over(self.config.policy_of(check.tier))
        return policy if gate is None else tighten(policy, check, gate, self.config.holdout)

    def decide(self, cases: Sequence[Case]) -> list[Outcome]:
        """Decide gates and return one outcome each, in the order of `cases`."""
        cases = [dataclasses.replace(case, check=self.check(case.check)) for case in cases]
        batches: dict[Dataset | None, list[int]] = {}
        for index, case in enumerate(cases):
            batches.setdefault(case.check.dataset, []).append(index)
        outcomes: dict[int, Outcome] = {}
        for batch in batches.values():
            outcomes |= zip(batch, self._decide_batch([cases[index] for index in batch]), strict=True)
        return [outcomes[index] for index in range(len(cases))]

    def jobs(self, cases: Sequence[Case]) -> list[Job | Exception]:
        """Return what each gate asks of its data, opened but not scanned, or what is wrong with it."""
        return self._jobs([dataclasses.replace(case, check=self.check(case.check)) for case in cases])

    def broken(self, check: Check, gate_id: str, error: BaseException, *, node: str | None = None) -> Outcome:
        """Return the outcome of a gate that cannot even be asked."""
        record = broken_gate_record(None, gate_id, self.policy(check), error, node=node)
        return Outcome(check=check_record(check, self.root), gate=self._named(record))

    def _decide_batch(self, cases: Sequence[Case]) -> list[Outcome]:
        started = time.perf_counter()
        jobs = self._jobs(cases)
        passes: list[Work] = []
        with self.subjects.scanning(cases[0].check.dataset):
            answers = answer([job for job in jobs if isinstance(job, Job)], passes.append)
        judged = [judge(job, answers.get(id(job))) for job in jobs]
        share = (time.perf_counter() - started) / len(cases)
        outcomes = [self._outcome(case, result, share) for case, result in zip(cases, judged, strict=True)]
        scans = self.subjects.scan_records(cases[0].check.dataset, passes)
        return [outcomes[0].model_copy(update={"scans": scans}), *outcomes[1:]]

    def _jobs(self, cases: Sequence[Case]) -> list[Job | Exception]:
        compared = {case.check.model for case in cases if case.gate.needs_champion}
        named = names_in(cases)
        jobs: dict[int, Job | Exception] = {}
        # Metrics first: expectations then share the scan of the scored table.
        for index in sorted(
            range(len(cases)), key=lambda index: isinstance(cases[index].gate.claim, Expectation)
        ):
            jobs[index] = self._job(cases[index], cases[index].check.model in compared, named)
        return [jobs[index] for index in range(len(cases))]

    def _job(self, case: Case, versus: bool, named: frozenset[str] | None) -> Job | Exception:
        policy = self.policy(case.check, case.gate)
        try:
            told: dict[str, Any] = {"versus": versus, "seed": self.config.seed, "named": named}
            return job_of(case, policy, self.subjects, **told)
        except Exception as error:  # noqa: BLE001 - code of users runs here; the error is this gate's verdict
            return error

    def _outcome(self, case: Case, judged: Judged | Exception, seconds: float) -> Outcome:
        policy = self.policy(case.check, case.gate)
        told: dict[str, Any] = {"node": case.node, "seconds": seconds}
        try:
            if isinstance(judged, Exception):
                raise judged
            record = gate_record(case.gate, case.gate_id, policy, judged, **told)
        except Exception as error:  # noqa: BLE001 - also a number that evidence refuses is this gate's error
            record = broken_gate_record(case.gate, case.gate_id, policy, error, **told)
        return self.outcome(case.check, record)


def _replaced(model: Model, source: ModelSource) -> Model:
    """Return the model with another source, which is trusted as far as the declared one."""
    if isinstance(source, SkopsFile) and isinstance(model.source, SkopsFile):
        source = dataclasses.replace(source, trusted=model.source.trusted)
    return dataclasses.replace(model, source=source)


def _store(config: Config, root: Path) -> Store | None:
    from aiqa.scan.store import Store

    return Store(root / config.out / "cache", int(config.cache * 2**30)) if config.cache else None


def _history(config: Config, root: Path) -> History:
    if config.history.source == "evidence":
        return EvidenceHistory(root / config.out)
    from aiqa.publish.mlflow import MlflowSink
    from aiqa.publish.mlflow_history import MlflowHistory

    settings = config.mlflow or MlflowSettings()
    return MlflowHistory(MlflowSink.of(settings, os.environ, project=config.project, out=root / config.out))


def _tracking_uri(config: Config) -> str | None:
    """Return where models are, as publishing sees it; None where MLflow itself knows."""
    if os.environ.get("MLFLOW_TRACKING_URI") or config.mlflow is None:
        return None
    return config.mlflow.tracking_uri


def _replacement(text: str) -> tuple[str | None, ModelSource]:
    name, equals, address = text.partition("=")
    named = bool(equals) and "/" not in name and ":" not in name
    try:
        return (name, model_source(address)) if named else (None, model_source(text))
    except DeclarationError as error:
        raise ConfigError(f"--aiqa-model {text}: {error}") from None
