"""Where the rows of a data set lie."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import polars as pl

from aiqa.errors import DataError
from aiqa.scan.parted import File
from aiqa.scan.store import Store

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that a store, a catalogue or a database may take until it answers at all."""


class Origin(Protocol):
    """Rows in files, here or elsewhere, each known by its content."""

    address: str
    """What was read, so that a run can be repeated."""

    @property
    def first(self) -> str:
        """The name of the first file, for people."""

    def frame(self, files: Sequence[File] | None = None) -> pl.LazyFrame:
        """Return the rows of some files, or of all: always in the order of the files.

        Raises
        ------
        DataError
            If they cannot be read.
        """

    def contents(self, store: Store | None) -> tuple[File, ...]:
        """Return the files with what their content is known by, in the order of the rows."""

    def blamed(self, error: Exception) -> DataError | None:
        """Return why the data cannot be read, where one file by itself cannot."""


def within(seconds: float, ask: Callable[[], T], whom: str, progress: Callable[[], int] | None = None) -> T:
    """Return what `ask` answers, or stop waiting: libraries may wait for ever for a network that hangs.

    Parameters
    ----------
    seconds : float
    ask : callable
    whom : str
        For the error.
    progress : callable, optional
        How far it is: as long as that changes, it may take its time.

    Raises
    ------
    DataError
        If there is no answer, nor progress, in time.
    """
    answers: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # noqa: BLE001 - raised below, to whom it concerns
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name=f"aiqa asks {whom}")
    thread.start()
    far = -1
    while thread.is_alive():
        thread.join(seconds)
        now = far if progress is None else progress()
        if thread.is_alive() and now == far:
            raise DataError(f"no answer within {seconds:g} seconds: is the network there?", file=whom)
        far = now
    if errors:
        raise errors[0]
    return answers[0]
