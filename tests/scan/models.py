"""Models that fresh processes load, in a module that imports little."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

NOTE = "AIQA_TEST_NOTE"
LARGE = 64 * 2**20


def plain(frame: pl.DataFrame) -> Any:
    return frame["row"].to_numpy() * 1.0


def large(frame: pl.DataFrame) -> Any:
    passing = np.ones(LARGE, dtype=np.uint8)
    return plain(frame) + passing[-1]


def sleeping(frame: pl.DataFrame) -> Any:
    time.sleep(0.5)
    return plain(frame)


def chatty(frame: pl.DataFrame) -> Any:
    sys.stdout.write("{")
    sys.stdout.flush()
    os.write(1, b"not JSON")
    return plain(frame)


def hanging(frame: pl.DataFrame) -> Any:
    Path(os.environ[NOTE]).write_text(str(os.getpid()))
    time.sleep(600)
    return plain(frame)


def dying(frame: pl.DataFrame) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)
    return plain(frame)


def raising(frame: pl.DataFrame) -> Any:
    raise KeyError("gone")


class Scaled:
    """A callable object whose state goes with it."""

    def __init__(self, by: float) -> None:
        self.by = by

    def __call__(self, frame: pl.DataFrame) -> Any:
        if self.by != 3.0:
            raise ValueError("another state")
        return plain(frame) * self.by

    def method(self, frame: pl.DataFrame) -> Any:
        return self(frame)
