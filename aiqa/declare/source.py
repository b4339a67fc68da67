"""Where data and models come from: declared by address, opened later."""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from aiqa.declare.addresses import checked_address, scheme_of
from aiqa.declare.durations import duration
from aiqa.declare.lake import Delta, Iceberg, Sql
from aiqa.declare.values import Declaration, FunctionRef, Live, Pairs, declaration, freeze
from aiqa.errors import DeclarationError, nearest

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
Task = str
TASKS = ("binary", "multiclass", "multilabel", "regression")
PERIODS = {"day": "1d", "week": "1w", "month": "1mo"}
"""Blocks of the time column, by name, as Polars writes them."""


@declaration
class Files(Declaration):
    """Files by path or glob, relative to the project's root, or by an address such as ``s3://...``."""

    pattern: str
    format: str


@declaration
class Frame(Declaration):
    """A pandas, Polars or Arrow frame in memory."""

    frame: Live


@declaration
class Loader(Declaration):
    """A function that returns a frame."""

    function: FunctionRef


@declaration
class GxBatch(Declaration):
    """A batch that Great Expectations reaches; see :func:`aiqa.gx.dataset`."""

    context: str
    data_source: str
    asset: str
    batch_definition: str
    options: Pairs = Pairs()


DataSource = Files | Frame | Loader | GxBatch | Delta | Iceberg | Sql


@declaration
class Dataset(Declaration):
    """A named table; see :func:`dataset`."""

    name: str
    source: DataSource
    label: str | tuple[str, ...] | None = None
    weight: str | None = None
    time: str | None = None
    slices: tuple[str, ...] = ()
    cluster: str | None = None
    keys: tuple[str, ...] = ()
    pii: tuple[str, ...] = ()
    label_maturity: str | None = None
    as_of: dt.date | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that hold the truth: none, one, or one a label of a multi-label task."""
        return (self.label,) if isinstance(self.label, str) else self.label or ()


_DATASETS: dict[str, Dataset] = {}


def dataset(
    name: str,
    source: Any,
    *,
    label: str | Sequence[str] | None = None,
    weight: str | None = None,
    time: str | None = None,
    slices: Sequence[str] = (),
    cluster: str | None = None,
    keys: Sequence[str] = (),
    pii: Sequence[str] = (),
    label_maturity: str | None = None,
    as_of: dt.date | None = None,
    format: str | None = None,
) -> Dataset:
    """Declare a table of data; nothing is read.

    Parameters
    ----------
    name : str
        What people call it; it names the data in evidence, MLflow and Datadog.
    source : path, glob, address, frame, function, or a table of aiqa.delta, aiqa.iceberg or aiqa.sql
        Files of parquet, CSV, TSV, Arrow IPC or JSON lines (all that match a glob, in sorted order), here or
        at an address (``s3://``, ``gs://``, ``az://``, ``https://``, ``hf://``, and what fsspec knows); a
        pandas, Polars, Arrow, DuckDB or Spark frame; or a function of no arguments that returns one. Relative
        paths start at the project's root (the folder of ``pyproject.toml``).
    label : str or sequence of str, optional
        The column that holds the truth. For a multi-label task a column a label, of 0 and 1.
    weight : str, optional
        The column of sample weights: non-negative, finite.
    time : str, optional
        The column that says when a row happened; ``.at(top=k, per="day")`` needs it.
    slices : sequence of str, optional
        Columns whose values people ask about; documentation for the reader and default of reports.
    cluster : str, optional
        The column whose values say which rows belong together (one customer's, one session's), or
        ``"day"``, ``"week"`` or ``"month"`` of the time column: blocks of time. Rows of one cluster are not
        independent, so every interval then counts clusters, not rows.
    keys : sequence of str, optional
        The columns that name a row: evidence tells unexpected rows by them, in place of their numbers.
    pii : sequence of str, optional
        Columns of personal data: their values stay in this process, whatever is asked for.
    label_maturity : str, optional
        How long a label takes to be known: ``"90d"``. Rows younger than that at `as_of`, by the time column,
        are left out of metrics of models, and counted in evidence; expectations look at them too.
    as_of : date or datetime, optional
        The moment that rows are young at. Default: the one of the run; without a time zone, UTC.
    format : {"parquet", "csv", "tsv", "arrow", "jsonl"}, optional
        Where the file's name does not tell.

    Raises
    ------
    DeclarationError
        If the source is none of these, the format cannot be told, or an address holds credentials.

    Examples
    --------
    >>> dataset("orders", "data/orders/*.parquet", label="is_fraud").source
    Files(pattern='data/orders/*.parquet', format='parquet')
    """
    roles = {"weight": weight, "time": time, "cluster": cluster}
    for role, column_name in roles.items():
        if column_name is not None and not isinstance(column_name, str):
            raise DeclarationError(f"{role}= is the name of a column, not {column_name!r}")
    declared = Dataset(
        _checked_name(name, "a dataset"),
        _data_source(source, format),
        _labels(label),
        weight,
        time,
        _names(slices, "slices="),
        cluster,
        _names(keys, "keys="),
        _names(pii, "pii="),
        _maturity(label_maturity, time),
        as_of,
    )
    _DATASETS[name] = declared
    return declared


def _maturity(given: str | None, time: str | None) -> str | None:
    if given is not None:
        duration(given)
        if time is None:
            raise DeclarationError("label_maturity= goes by the time of a row: declare time= too")
    return given


def declared_dataset(name: str) -> Dataset:
    """Return the data set last declared under `name`, for declarations that refer to it by name.

    Raises
    ------
    DeclarationError
        If there is none; names the nearest.
    """
    if name not in _DATASETS:
        raise DeclarationError(f"no dataset {name!r} is declared{nearest(name, _DATASETS)}")
    return _DATASETS[name]


def declared_names() -> tuple[str, ...]:
    """Return the names of all declared data sets."""
    return tuple(_DATASETS)


def _data_source(source: Any, format: str | None) -> DataSource:
    if isinstance(source, DataSource):
        return source
    if isinstance(source, (str, os.PathLike)):
        pattern = os.fspath(source)
        if format is not None and format not in FORMATS.values():
            raise DeclarationError(f"no format {format!r}{nearest(format, set(FORMATS.values()))}")
        return Files(checked_address(pattern), format or _format_of(pattern))
    if any(hasattr(source, name) for name in ("collect_schema", "columns", "column_names")):
        return Frame(Live.of(source))
    if callable(source):
        return Loader(FunctionRef.of(source))
    raise DeclarationError(
        "a dataset comes from a path, a glob, an address, a frame, a function, aiqa.delta, aiqa.iceberg or "
        f"aiqa.sql, not from a {type(source).__qualname__}"
    )


def _format_of(pattern: str) -> str:
    path = pattern if scheme_of(pattern) is None else pattern.partition("?")[0]
    ending = PurePath(path).suffix.lower()
    if ending not in FORMATS:
        raise DeclarationError(
            f"cannot tell the format of {pattern!r} from its name: "
            f"say format= one of {', '.join(sorted(set(FORMATS.values())))}"
        )
    return FORMATS[ending]


@declaration
class MlflowUri(Declaration):
    """A model in MLflow: ``models:/name@alias``, ``models:/name/3``, ``runs:/id/model``."""

    uri: str


@declaration
class SkopsFile(Declaration):
    """An estimator saved by ``skops.io.dump``."""

    path: str
    trusted: tuple[str, ...] = ()


@declaration
class Estimator(Declaration):
    """A fitted estimator in memory: it has ``predict``."""

    estimator: Live


@declaration
class Function(Declaration):
    """A callable that takes a frame and returns predictions."""

    function: FunctionRef


@declaration
class Column(Declaration):
    """Columns of the data set that already hold predictions; see :func:`column`."""

    prediction: str | None = None
    score: str | tuple[str, ...] | None = None


ModelSource = MlflowUri | SkopsFile | Estimator | Function | Column


def column(prediction: str | None = None, *, score: str | Sequence[str] | None = None) -> Column:
    """Name the columns of the data set that already hold a model's predictions.

    Parameters
    ----------
    prediction : str, optional
        Predicted labels (binary, multi-class) or values (regression).
    score : str or sequence of str, optional
        The probability (or any score) of the positive class; for multi-class one column a class, in the
        order of the model's `classes`.

    Examples
    --------
    >>> column(score="p_fraud")
    Column(score='p_fraud')
    """
    if prediction is None and score is None:
        raise DeclarationError("aiqa.column needs a column: prediction= or score=")
    return Column(prediction, score if score is None or isinstance(score, str) else tuple(score))


@declaration
class Model(Declaration):
    """A named model and the one that serves now; see :func:`model`."""

    name: str
    source: ModelSource
    task: str
    champion: ModelSource | None = None
    classes: tuple[Any, ...] = ()
    positive: Any = None
    threshold: float = 0.5
    features: tuple[str, ...] = ()


def model(
    name: str,
    source: Any,
    *,
    task: Task,
    champion: Any = None,
    classes: Sequence[Any] = (),
    positive: Any = None,
    threshold: float = 0.5,
    features: Sequence[str] = (),
    trusted: Sequence[str] = (),
) -> Model:
    """Declare a model; nothing is loaded.

    Parameters
    ----------
    name : str
        What people call it; it names the model in evidence, MLflow and Datadog.
    source : str, path, estimator, callable or column
        An MLflow address (``models:/...``, ``runs:/...``), a file saved by skops, a fitted estimator,
        a function from a frame to predictions, or :func:`column`.
    task : {"binary", "multiclass", "multilabel", "regression"}
    champion : like `source`, optional
        The model that serves now; ``no_worse_than(aiqa.champion)`` compares with it, on the same rows.
    classes : sequence, optional
        All labels that may occur; others are an error. Multi-class scores are in this order.
    positive : optional
        The label that a binary model looks for. Default: the larger of the two labels (1, True).
    threshold : float, default 0.5
        The score from which on a binary model says `positive`.
    features : sequence of str, optional
        The columns that the model gets, in order. Default: what a fitted estimator remembers
        (``feature_names_in_``), otherwise all but the label and the weight.
    trusted : sequence of str, optional
        Types in a skops file that may be loaded besides skops' own list.

    Raises
    ------
    DeclarationError
        If the task is unknown, the source is none of these, or is a pickle (which runs code on loading).

    Examples
    --------
    >>> model("fraud", "models:/fraud@challenger", task="binary").source
    MlflowUri(uri='models:/fraud@challenger')
    """
    if task not in TASKS:
        raise DeclarationError(f"task= must be one of {', '.join(TASKS)}, not {task!r}")
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not math.isfinite(threshold):
        raise DeclarationError(f"threshold= must be a finite number, not {threshold!r}")
    if isinstance(classes, (str, set, frozenset)):
        raise DeclarationError(f"classes= has an order, so it must be a list, not {classes!r}")
    return Model(
        _checked_name(name, "a model"),
        model_source(source, trusted),
        task,
        None if champion is None else model_source(champion, trusted),
        freeze(list(classes), "classes="),
        freeze(positive, "positive="),
        float(threshold),
        _names(features, "features="),
    )


def model_source(source: Any, trusted: Sequence[str] = ()) -> ModelSource:
    """Tell what kind of model an address or object is; see :func:`model`."""
    if isinstance(source, MlflowUri | SkopsFile | Estimator | Function | Column):
        return source
    if isinstance(source, (str, os.PathLike)):
        return _addressed_model(os.fspath(source), trusted)
    if hasattr(source, "predict"):
        return Estimator(Live.of(source))
    if callable(source):
        return Function(FunctionRef.of(source))
    raise DeclarationError(
        "a model is an MLflow address, a skops file, an estimator, a function or aiqa.column(...), "
        f"not a {type(source).__qualname__}"
    )


def _addressed_model(address: str, trusted: Sequence[str]) -> ModelSource:
    if address.startswith(("models:/", "runs:/", "mlflow-artifacts:/")):
        return MlflowUri(address)
    ending = PurePath(address).suffix.lower()
    if ending == ".skops":
        return SkopsFile(address, _names(trusted, "trusted="))
    if ending in (".pkl", ".pickle", ".joblib"):
        raise DeclarationError(
            f"{address!r} is a pickle, which runs any code that it holds: save the model with "
            "skops.io.dump(model, 'model.skops'), or load it yourself and pass the estimator"
        )
    raise DeclarationError(
        f"not the address of a model: {address!r} (models:/name@alias, runs:/id/model, or a .skops file)"
    )


def _labels(label: Any) -> str | tuple[str, ...] | None:
    if isinstance(label, str | None):
        return label
    if not isinstance(label, (list, tuple)) or not label or not all(isinstance(name, str) for name in label):
        raise DeclarationError(f"label= is the name of a column, or of several, not {label!r}")
    return tuple(label)


def _names(names: Sequence[str], what: str) -> tuple[str, ...]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise DeclarationError(f"{what} is a list of names, not {names!r}")
    return tuple(names)


def _checked_name(name: Any, what: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise DeclarationError(f"{what} needs a name, not {name!r}")
    return name
