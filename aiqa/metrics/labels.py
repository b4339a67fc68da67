"""Labels and their codes: which classes there are, in which order, and which row breaks them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.source import Model
from aiqa.errors import DataError, MetricError
from aiqa.scan.predictions import Predictions

_CLOSE = 2**16


def classes_of(model: Model, label: pl.Series, given: Predictions) -> tuple[Any, ...]:
    """Return the labels by code: declared, or the model's own, or those found; binary: the positive last.

    Raises
    ------
    DataError
        If a binary task does not have two labels, or `positive` is not one of them.
    """
    if model.task == "regression":
        return ()
    found = tuple(model.classes or given.classes or _found(label, given, binary=model.task == "binary"))
    if model.task == "multiclass":
        return found
    if len(found) == 1:
        found = _with_other(found[0], model.positive)
    if len(set(found)) != 2:
        raise DataError(
            f"a binary task has two labels, not {len(found)}: declare classes= or task='multiclass'",
            column=label.name,
        )
    return _positive_last(found, model.positive, label.name)


def _found(label: pl.Series, given: Predictions, *, binary: bool) -> tuple[Any, ...]:
    labels = set(distinct(label))
    if given.prediction is not None and not (binary and len(labels) == 2):
        labels |= set(distinct(series_of(given.prediction)))
    return tuple(sorted(labels, key=lambda value: (isinstance(value, str), value)))


def series_of(values: Any) -> pl.Series:
    """Return predictions as a column named ``prediction``.

    Raises
    ------
    MetricError
        If they are not of one type.
    """
    array = np.asarray(values)
    try:
        return pl.Series("prediction", array.tolist() if array.dtype == object else array)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise MetricError("predictions are not of one type", column="prediction") from error


def distinct(labels: pl.Series) -> list[Any]:
    """Return the labels that occur; null and NaN are none."""
    known = labels.drop_nulls()
    span = _span(known)
    if span is not None:
        values = known.to_numpy().astype(np.int64, copy=False)
        counts = np.bincount(values if span[0] == 0 else values - span[0])
        return [int(place) + span[0] for place in np.flatnonzero(counts)]
    return (known.drop_nans() if known.dtype.is_float() else known).unique().to_list()


def _span(labels: pl.Series) -> tuple[int, int] | None:
    """Return the least and the largest of whole numbers that lie close together; of any others nothing."""
    if not labels.dtype.is_integer() or labels.is_empty() or labels.null_count():
        return None
    low, high = int(labels.min()), int(labels.max())  # type: ignore[arg-type]
    return (low, high) if high - low < _CLOSE and max(-low, high) < 2**62 else None


def _with_other(label: Any, positive: Any) -> tuple[Any, ...]:
    """Complete the one label that the data hold, where it is plain what the other one is."""
    if positive is not None and positive != label:
        return (label, positive)
    if isinstance(label, bool):
        return (False, True)
    return (0, 1) if label in (0, 1) else (label,)


def _positive_last(found: tuple[Any, ...], positive: Any, column: str) -> tuple[Any, ...]:
    chosen = max(found) if positive is None else positive
    if chosen not in found:
        raise DataError(f"positive={positive!r} is not one of the classes {found!r}", column=column)
    return (*(label for label in found if label != chosen), chosen)


def codes_of(
    labels: pl.Series, classes: tuple[Any, ...], what: str, error: type[DataError], **where: Any
) -> NDArray[np.int64]:
    """Return the position in `classes` of each label; 1, 1.0 and True are the same label.

    Raises
    ------
    DataError
        Of the type `error`, if a label is null, NaN or none of the classes, with the first such row.
    """
    coded = _coded(labels, {label: code for code, label in enumerate(classes)})
    if coded.min(initial=0) < 0:
        row = int(np.argmax(coded < 0))
        value = labels[row]
        missing = value is None or value != value
        raise error(none_of(what, classes, missing=missing), row=row, **where)
    return coded


def none_of(what: str, classes: tuple[Any, ...], *, missing: bool) -> str:
    """Say what is wrong with a label."""
    problem = "is missing" if missing else f"is none of the classes {_some(classes)}"
    return f"the label of {what} {problem}" if what.startswith("col") else f"{what} {problem}"


def _coded(labels: pl.Series, positions: dict[Any, int]) -> NDArray[np.int64]:
    """Return the position of each label, -1 where it has none."""
    span = _span(labels)
    if span is not None:
        codes = np.array([positions.get(label, -1) for label in range(span[0], span[1] + 1)])
        values = labels.to_numpy().astype(np.int64, copy=False)
        known = span[0] == 0 and (codes == np.arange(len(codes))).all()
        return values if known else codes[values - span[0]]
    if labels.dtype in (pl.Categorical, pl.Enum):
        labels = labels.cast(pl.String)
    if labels.dtype == pl.String:
        return _coded_texts(labels, positions)
    found = labels.unique()
    places = [positions.get(label, -1) for label in found.to_list()]
    return labels.replace_strict(found, places, return_dtype=pl.Int64).to_numpy()


def _coded_texts(labels: pl.Series, positions: dict[Any, int]) -> NDArray[np.int64]:
    """Tell texts apart once, as categories."""
    found = labels.unique().drop_nulls()
    places = np.array([*(positions.get(label, -1) for label in found.to_list()), -1])
    numbers = labels.cast(pl.Enum(found)).to_physical().cast(pl.Int64).fill_null(len(found))
    codes: NDArray[np.int64] = places[numbers.to_numpy()]
    return codes


def _some(classes: tuple[Any, ...]) -> str:
    shown = ", ".join(map(repr, classes[:10]))
    return f"({shown}{', ...' if len(classes) > 10 else ''})"
