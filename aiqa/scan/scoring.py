"""A table scored by a model, file by file where it is of files; what a run has scored, the next has not to.

The key is all that an answer rests on: the rows, the model's content, what is declared of it, the code that
it runs, and the libraries that are installed. A function has no content of its own, since it may read what it
likes, and columns of answers need no keeping: neither is kept.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aiqa.declare.source import Column, Dataset, Function
from aiqa.errors import DataError
from aiqa.scan import coding
from aiqa.scan.fingerprint import of_file
from aiqa.scan.incremental import code
from aiqa.scan.model import LoadedModel
from aiqa.scan.models.estimator import EstimatorScorer
from aiqa.scan.parted import File, Parted, digest_of
from aiqa.scan.predictions import Predictions, joined
from aiqa.scan.source import Table
from aiqa.scan.store import Store

Progress = Callable[[int], None]


def score(
    loaded: LoadedModel, table: Table, dataset: Dataset, progress: Progress | None = None
) -> Predictions:
    """Return what a model says of every row of a table.

    Parameters
    ----------
    loaded : LoadedModel
    table : Table
        Its store is looked into, and keeps the answers.
    dataset : Dataset
        Says which columns are no features.
    progress : callable, optional
        Is told how many rows are done.

    Raises
    ------
    ModelError
        As :meth:`~aiqa.scan.model.LoadedModel.predict` does.
    """
    of_model = _model_key(loaded) if _may_be_kept(loaded, table, dataset) else None
    if table.store is None or of_model is None:
        return loaded.predict(table, dataset, progress)
    parts: list[Predictions] = []
    done, own = 0, _own_files()
    for content, rows, files in _parts(table):
        key = digest_of([content, of_model, *map(str, table.columns.items()), *_no_features(dataset)])
        found = _kept(table.store, key)
        if found is None:
            answers = loaded.answers(table, dataset, progress, rows=rows, start=done)
            if not answers:  # a file without rows
                continue
            found = joined(answers)
            # What is imported only to answer is not in the key.
            if all(file.unchanged for file in files) and _own_files() == own:
                _keep(table.store, key, found)
        elif progress is not None:
            progress(done + len(found))
        parts.append(found)
        done += len(found)
    return joined(parts)


def _may_be_kept(loaded: LoadedModel, table: Table, dataset: Dataset) -> bool:
    """Tell whether rows have an order that their content tells, and answers tell nothing of personal data."""
    if table.store is None or not (table.contents or isinstance(table.native, (pl.DataFrame, pl.LazyFrame))):
        return False
    return {*loaded.features_in(table.frame, dataset), *dataset.labels}.isdisjoint(dataset.pii)


def _parts(table: Table) -> Iterator[tuple[str, pl.LazyFrame, tuple[File, ...]]]:
    """Yield what the content of each part is known by, its rows, and the files that these come from."""
    scanned = table.scanned
    if isinstance(scanned, Parted):
        yield from ((part.digest, part.frame, part.files) for part in scanned.parts)
    else:
        # Rows whose labels are known are the oldest: how many there are tells which.
        content = digest_of([table.fingerprint, str(table.rows), str(table.dataset.time)])
        yield content, table.frame, table.contents


def _no_features(dataset: Dataset) -> list[str]:
    return [*dataset.labels, str(dataset.weight)]


# What the answers of a model rest on, beside the rows.


def _model_key(loaded: LoadedModel) -> str | None:
    """Return a digest of all that a model's answers rest on; None where that is not known."""
    if isinstance(loaded.source, (Column, Function)) or loaded.fingerprint is None:
        return None
    own = _own_code(loaded)
    if own is None:
        return None
    declared = {
        name: value
        for name, value in loaded.model.to_json().items()
        if name not in ("name", "source", "champion")
    }
    return digest_of([loaded.fingerprint, repr(declared), own, _installed(), code()])


def _own_code(loaded: LoadedModel) -> str | None:
    """Return a digest of the code outside of installed libraries that the model may run; None: not known."""
    if isinstance(loaded.scorer, EstimatorScorer):
        names = _modules_of(loaded.scorer.estimator)
        modules = [sys.modules.get(name) for name in names or () if not _is_fixed(name)]
        if names is None or not all(getattr(module, "__file__", None) for module in modules):
            return None
        if not any(map(_is_own, modules)):
            return ""
    return digest_of([of_file(file) for file in _own_files()])


def _is_fixed(name: str) -> bool:
    """Tell modules without a file that belong to Python, or to what Cython has compiled."""
    return name in sys.builtin_module_names or name.startswith("_cython_")


def _own_files() -> list[Path]:
    files = {Path(str(module.__file__)) for module in list(sys.modules.values()) if _is_own(module)}
    return sorted(file for file in files if file.is_file())


class _Seen(pickle.Pickler):
    """Notes the modules of all types and functions that an object is made of."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), protocol=5)
        self.modules: set[str] = set()

    def reducer_override(self, value: Any) -> Any:
        self.modules |= {type(value).__module__, getattr(value, "__module__", None) or "builtins"}
        return NotImplemented


class _Nowhere(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def _modules_of(value: Any) -> set[str] | None:
    seen = _Seen()
    try:
        seen.dump(value)
    except Exception:  # noqa: BLE001 - code of users says in many ways that it cannot be pickled
        return None
    return seen.modules


def _is_own(module: ModuleType | None) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and not file.startswith(_libraries())


@cache
def _libraries() -> tuple[str, ...]:
    named = sysconfig.get_paths()
    ours = str(Path(__file__).parents[1])  # its code is in the key already
    places = {ours, *(named[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
    return tuple(f"{place}{os.sep}" for place in places)


@cache
def _installed() -> str:
    """Return a digest of what is installed: names and versions, as folders are called, and when."""
    places = {Path(place) for place in sys.path if place.endswith(("site-packages", "dist-packages"))}
    found = {info for place in places if place.is_dir() for info in place.glob("*.dist-info")}
    return digest_of([sys.version, *sorted(f"{info.name} {info.stat().st_mtime_ns}" for info in found)])


# How answers lie in the store: arrays in a file, and beside it what they are.


def _keep(store: Store, key: str, found: Predictions) -> None:
    given = {"prediction": found.prediction, "score": found.score}
    arrays = {name: _plain(array) for name, array in given.items() if array is not None}
    if any(array.dtype.hasobject for array in arrays.values()):
        return

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    store.keep_file(f"{key}.npz", write)
    store.write({key: coding.packed((found.classes, found.probabilistic))})


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return texts as an array of texts, which holds no objects."""
    only_texts = array.dtype.hasobject and all(isinstance(value, str) for value in array.flat)
    return array.astype(str) if only_texts else array


def _kept(store: Store, key: str) -> Predictions | None:
    told, file = store.read([key]).get(key), store.file(f"{key}.npz")
    if told is None or file is None:
        return None
    try:
        classes, probabilistic = coding.unpacked(told)
        with np.load(file, allow_pickle=False) as arrays:
            return Predictions(arrays.get("prediction"), arrays.get("score"), classes, probabilistic)
    except (DataError, ValueError, OSError, zipfile.BadZipFile):
        return None
