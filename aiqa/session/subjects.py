"""What a run is about: each data set opened once, each model loaded and asked once."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aiqa.config import SparkSettings
from aiqa.declare.check import Check
from aiqa.declare.source import Column, Dataset, Model, ModelSource, declared_dataset, declared_names
from aiqa.errors import DataError, DeclarationError, ModelError
from aiqa.evidence.history import EvidenceHistory, History, Subject, short
from aiqa.evidence.masking import mask
from aiqa.evidence.record import DatasetRecord, ModelRecord, ScanRecord

if TYPE_CHECKING:
    from aiqa.metrics.resources import Shape
    from aiqa.metrics.table import ScoredTable
    from aiqa.scan.model import LoadedModel
    from aiqa.scan.models.column import ColumnScorer
    from aiqa.scan.predictions import Predictions
    from aiqa.scan.source import Table
    from aiqa.scan.spark.session import SparkHolder
    from aiqa.scan.store import Store
    from aiqa.scan.timing import Measured
    from aiqa.scan.work import Work

T = TypeVar("T")
Progress = Callable[[str, int, int], None]


class Subjects:
    """The tables and models of a run, each made at its first use; what failed once fails again at once."""

    def __init__(
        self,
        root: Path,
        progress: Progress | None = None,
        tracking_uri: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        show_values: bool = False,
        history: History | None = None,
        branch: str | None = None,
        store: Store | None = None,
        model_timeout: float | None = None,
        spark: SparkSettings | None = None,
        files_on_spark: bool = False,
    ) -> None:
        self.root = root
        self.tracking_uri = tracking_uri
        self.progress = progress
        self.parameters = parameters or {}
        self.tables = _Tables(self)
        self.show_values = show_values
        self.history = history or EvidenceHistory(root / ".aiqa")
        self.branch = branch
        self.store = store
        self.model_timeout = model_timeout
        self.now = dt.datetime.now(dt.UTC)
        self.compared: set[Hashable] = set()
        """Measurements that some gate of the run takes of the champion too."""
        self._made: dict[Hashable, object] = {}
        self._spark_settings = spark or SparkSettings()
        self._files_on_spark = files_on_spark
        self._holder: SparkHolder | None = None
        self._kept: list[Any] = []

    def spark(self) -> Any:
        """Return the session of Spark: the active one, or one of this run, which ends with :meth:`close`."""
        from aiqa.scan.spark.session import SparkHolder

        if self._holder is None:
            self._holder = SparkHolder(self._spark_settings.settings)
        return self._holder.session()

    @property
    def fetch_rows(self) -> int:
        """Up to how many rows of Spark columns are fetched for what does not add up."""
        return self._spark_settings.fetch_rows

    def close(self) -> None:
        """Give back what this run keeps on Spark, and the session that it made."""
        if self._kept:
            from aiqa.scan.spark.score import release

            for table in self._kept:
                release(table)
            self._kept.clear()
        if self._holder is not None:
            self._holder.stop()

    def table(self, dataset: Dataset) -> Table:
        """Return an open data set."""
        from aiqa.scan.source import open_dataset

        spark = self.spark if self._files_on_spark else None
        return self._once(("table", dataset), lambda: open_dataset(dataset, self.root, self.store, spark))

    def labelled(self, dataset: Dataset) -> Table:
        """Return the rows of a data set that models are judged by: those whose label is known by now."""
        return self._once(("labelled", dataset), lambda: self.table(dataset).matured(self.now))

    def model(self, model: Model, source: ModelSource | None = None) -> LoadedModel:
        """Return a loaded model (`source`: the champion's, say)."""
        from aiqa.scan.model import load_model

        source = source or model.source
        return self._once(
            ("model", model, source),
            lambda: load_model(source, model, self.root, tracking_uri=self.tracking_uri),
        )

    def predictions(self, dataset: Dataset, model: Model, source: ModelSource) -> Predictions:
        """Return what a model says of every row."""
        from aiqa.scan.scoring import score

        def predict() -> Predictions:
            table = self.labelled(dataset)
            loaded = self.model(model, source)
            return score(loaded, table, dataset, self._report(model, table))

        return self._once(("predictions", dataset, model, source), predict)

    def scored(
        self, dataset: Dataset, model: Model, *, versus: bool, named: frozenset[str] | None = None
    ) -> ScoredTable:
        """Return truth and predictions next to each other (`versus`: the champion's too).

        On Spark only the columns with a role are kept beside them, and those that `named` has; where that is
        None, all.
        """
        from aiqa.metrics.table import scored_table

        def score() -> ScoredTable:
            if self.labelled(dataset).on_spark:
                return self._scored_on_spark(dataset, model, versus=versus, named=named)
            by_parts = self._scored_by_parts(dataset, model, versus=versus)
            if by_parts is not None:
                return by_parts
            challenger = self.predictions(dataset, model, model.source)
            champion = self.predictions(dataset, model, _champion(model)) if versus else None
            return scored_table(self.labelled(dataset).frame, model, dataset, challenger, champion)

        key = named if self.table(dataset).on_spark else None
        return self._once(("scored", dataset, model, versus, key), score)

    def _scored_by_parts(self, dataset: Dataset, model: Model, *, versus: bool) -> ScoredTable | None:
        """Return the scored table by parts, of many rows in files that hold the answers too."""
        from aiqa.metrics.lazy_table import lazy_scored_table
        from aiqa.metrics.table import KEPT_ROWS
        from aiqa.scan.parted import Parted

        sources = [model.source, *([_champion(model)] if versus else [])]
        table = self.labelled(dataset)
        columns = all(isinstance(source, Column) for source in sources)
        simple = columns and model.task != "multilabel" and dataset.cluster is None
        if not simple or not isinstance(table.scanned, Parted) or table.rows <= KEPT_ROWS:
            return None
        answers = []
        for source in sources:
            loaded = self.model(model, source)
            loaded.features_in(table.frame, dataset)
            answers.append(cast("ColumnScorer", loaded.scorer).columns)
        return lazy_scored_table(table.scanned, model, dataset, *answers, fetch_rows=None)

    def _scored_on_spark(
        self, dataset: Dataset, model: Model, *, versus: bool, named: frozenset[str] | None
    ) -> ScoredTable:
        from aiqa.metrics.lazy_table import lazy_scored_table
        from aiqa.metrics.table import refuse_own_names
        from aiqa.scan.spark import score

        table = self.labelled(dataset)
        refuse_own_names(table.columns)
        models = [
            self.model(model, source) for source in (model.source, *([_champion(model)] if versus else []))
        ]
        roles = {*dataset.labels, *dataset.slices, dataset.weight, dataset.time, dataset.cluster}
        kept = [name for name in table.columns if named is None or name in roles | named]
        frame, answers, asked = score.with_answers(table.native, dataset, models, kept, self.root)
        if asked:
            frame = score.keep(frame)
            self._kept.append(frame)
        return lazy_scored_table(frame, model, dataset, *answers, fetch_rows=self.fetch_rows)

    def measured(
        self, dataset: Dataset | None, model: Model, shape: Shape, seed: int, *, versus: bool
    ) -> Measured:
        """Return what a model takes (`versus`: and the champion, in turns), measured once for all gates."""
        from aiqa.metrics.resources import measure

        def make() -> Measured:
            sources = [model.source, *([_champion(model)] if versus else [])]
            models = [self.model(model, source) for source in sources]
            table = None if dataset is None else self.table(dataset)
            return measure(shape, models, table, seed, root=self.root, tracking_uri=self.tracking_uri)

        return self._once(("measured", dataset, model, shape, versus), make)

    def widest_frame(self, dataset: Dataset) -> Any:
        """Return the scored table of a data set where there is one, else the table: one scan for both.

        That of a multi-label model has every row several times over and is not the data set's. Where
        statistics are kept by files, they are taken of these; on Spark of the table, since a scored one has
        few columns.
        """
        table = self.table(dataset)
        if table.on_spark or (self.store is not None and table.origin is not None):
            return table.scanned
        scored: list[Any] = [made for key, made in self._made.items() if _is_scored(key, dataset, made)]
        scored = [made for made in scored if not made.labels and dataset.label_maturity is None]
        return scored[-1].frame if scored else table.native

    def data_of(self, check: Check) -> Any:
        """Return the rows that a free-form check is about: as a Polars frame, or on Spark as its DataFrame.

        Raises
        ------
        DeclarationError
            If it is about no data set.
        """
        if check.dataset is None:
            raise DeclarationError(f"{check.name} asks for data, but is about no dataset")
        table = self.table(check.dataset)
        return table.native if table.on_spark else table.collect(table.frame)

    def model_of(self, check: Check) -> LoadedModel:
        """Return the model that a free-form check is about.

        Raises
        ------
        DeclarationError
            If it is about no model.
        """
        if check.model is None:
            raise DeclarationError(f"{check.name} asks for a model, but is about none")
        return self.model(check.model)

    def subject(self, check: Check) -> Subject:
        """Return which data and which model a check is about, as far as they can be told from others."""
        data = None if check.dataset is None else self._dataset_record(check.dataset).fingerprint
        models = () if check.model is None else self._model_records(check.model)
        return Subject(short(data), short(models[0].fingerprint) if models else None)

    def records(self, check: Check) -> dict[str, Any]:
        """Return the records of what a check is about, as far as it could be opened."""
        datasets = () if check.dataset is None else (self._dataset_record(check.dataset),)
        models = () if check.model is None else self._model_records(check.model)
        return {"datasets": datasets, "models": models}

    def scan_records(self, dataset: Dataset | None, passes: Sequence[Work]) -> tuple[ScanRecord, ...]:
        """Return the records of the passes that were made over a data set."""
        if dataset is None or not passes:
            return ()
        rows = self._dataset_record(dataset).rows
        size = None if rows is None else self.table(dataset).bytes
        return tuple(
            ScanRecord(
                dataset=dataset.name,
                number=number,
                statistics=work.statistics,
                kept=work.kept,
                columns=work.columns,
                queries=work.queries,
                rows=rows,
                bytes=size if work.bytes is None else work.bytes,
                seconds=round(work.seconds, 6),
            )
            for number, work in enumerate(passes, start=1)
        )

    def _report(self, model: Model, table: Table) -> Callable[[int], None] | None:
        progress, limit = self.progress, self.model_timeout
        if progress is None and limit is None:
            return None
        started = time.monotonic()

        def report(done: int) -> None:
            if progress is not None:
                progress(f"{model.name} scores {table.dataset.name}", done, table.rows)
            if limit is not None and done < table.rows and time.monotonic() - started > limit:
                raise ModelError(
                    f"model {model.name!r} has scored {done:,} of {table.rows:,} rows of dataset "
                    f"{table.dataset.name!r} in {limit:g} s, all that [tool.aiqa] model_timeout allows"
                )

        return report

    @contextmanager
    def scanning(self, dataset: Dataset | None) -> Iterator[None]:
        """Report that a data set is being scanned, which takes as long as it takes."""
        made = self._made.get(("table", dataset))
        if self.progress is None or made is None or isinstance(made, Exception):
            yield
            return
        rows = cast("Table", made).rows
        self.progress(f"scanning {cast('Table', made).dataset.name}", 0, rows)
        try:
            yield
        finally:
            self.progress("", rows, rows)

    def _dataset_record(self, dataset: Dataset) -> DatasetRecord:
        def describe() -> DatasetRecord:
            table = self.table(dataset)
            return DatasetRecord(
                name=dataset.name,
                source=mask(table.address),
                rows=table.rows,
                columns=table.columns,
                fingerprint=table.fingerprint,
                immature=self._immature(dataset, table),
            )

        try:
            return self._once(("dataset record", dataset), describe)
        except Exception:  # noqa: BLE001 - the gates tell what is wrong; here it is only named
            return DatasetRecord(name=dataset.name, source=mask(repr(dataset.source)))

    def _immature(self, dataset: Dataset, table: Table) -> int | None:
        if dataset.label_maturity is None:
            return None
        try:
            return table.rows - self.labelled(dataset).rows
        except DataError:
            return table.rows

    def _model_records(self, model: Model) -> tuple[ModelRecord, ...]:
        records = [self._model_record(model, model.source, "challenger")]
        if model.champion is not None and ("model", model, model.champion) in self._made:
            records.append(self._model_record(model, model.champion, "champion"))
        return tuple(records)

    def _model_record(self, model: Model, source: ModelSource, role: str) -> ModelRecord:
        common: dict[str, Any] = {"name": model.name, "role": role, "task": model.task}
        try:
            loaded = self.model(model, source)
            told = {"source": mask(loaded.address), "fingerprint": loaded.fingerprint, **loaded.record}
            return ModelRecord.model_validate({**common, **told})
        except Exception:  # noqa: BLE001 - the gates tell what is wrong; here it is only named
            return ModelRecord(**common, source=mask(repr(source)))

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._made:
            try:
                self._made[key] = make()
            except Exception as error:  # noqa: BLE001 - kept, and raised to everybody who asks
                self._made[key] = error
        made = self._made[key]
        if isinstance(made, Exception):
            raise made
        return cast("T", made)


def _champion(model: Model) -> ModelSource:
    if model.champion is None:
        raise DeclarationError(f"model {model.name!r} has no champion: declare aiqa.model(..., champion=...)")
    return model.champion


class _Tables(Mapping[str, Any]):
    """The declared data sets by name, opened when an expectation names one."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects

    def __getitem__(self, name: str) -> Any:
        try:
            dataset = declared_dataset(name)
        except DeclarationError:
            raise KeyError(name) from None
        return self._subjects.table(dataset).native

    def __iter__(self) -> Iterator[str]:
        return iter(declared_names())

    def __len__(self) -> int:
        return len(declared_names())


def _is_scored(key: Hashable, dataset: Dataset, made: object) -> bool:
    return isinstance(key, tuple) and key[:2] == ("scored", dataset) and not isinstance(made, Exception)
