"""What a model takes in a fresh process: seconds to its first answer, memory at its peak.

Each measurement is a new process of the same interpreter. It gets the model and the rows through a pipe, so
that nothing of them is written to disk, and answers in JSON. Interpreter, NumPy, Polars and aiqa are there
before the clock runs and the memory counts; the model's own libraries are not.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from aiqa.declare.source import Estimator, Function, Model
from aiqa.errors import AiqaError, MetricError, ModelError
from aiqa.scan.model import LoadedModel, load_model
from aiqa.scan.source import Table
from aiqa.scan.timing import Draws, Measured, blamed, rows_text, this_machine

BATCHES = 3
"""So many batches a process scores: the first answer may need less memory than the next."""
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    "from aiqa.scan.fresh import answer; answer()"
)
_MIB = 2**20
_ELSEWHERE = (
    "What is defined in a notebook, in __main__ or inside a function does not exist there: define it in a "
    "module, or save the model (skops, MLflow) and declare its address"
)


@dataclass(frozen=True, slots=True)
class Processes:
    """What is measured.

    Parameters
    ----------
    rows : int
        Rows of one call.
    processes : int
        How many fresh processes of each model are enough.
    seconds : float
        What a process has for its answers; and after so long no further one is started that could not be
        done in time.
    """

    rows: int
    processes: int
    seconds: float

    @property
    def n_of(self) -> str:
        """What is counted, for people."""
        return f"fresh processes that score {rows_text(self.rows)}"


@dataclass(frozen=True, slots=True)
class _Task:
    model: bytes
    home: tuple[str, str] | None
    root: Path
    tracking_uri: str | None
    pandas: bool
    batches: tuple[pl.DataFrame, ...]
    seconds: float


def start_fresh(
    models: Sequence[LoadedModel],
    table: Table,
    of: Processes,
    seed: int,
    *,
    root: Path,
    tracking_uri: str | None = None,
) -> Measured:
    """Let fresh processes load models and score rows, in turns.

    Parameters
    ----------
    models : sequence of LoadedModel
        The challenger; then the champion, where they are compared.
    table : Table
        Whose rows they score.
    of : Processes
    seed : int
        Of the rows and of the order.
    root, tracking_uri : optional
        As for :func:`~aiqa.scan.model.load_model`.

    Returns
    -------
    Measured
        Seconds from loading to the first answer, and MiB above those before loading.

    Raises
    ------
    ModelError
        If a model cannot be handed to another process or loaded there, raises, takes longer than
        ``of.seconds``, or ends the process.
    """
    draws = Draws(models, table, seed)
    carried = [_carried(model) for model in models]
    machine, started = this_machine(), time.monotonic()
    rounds: list[list[dict[str, float]]] = []
    longest = 0.0
    while len(rounds) < of.processes and time.monotonic() - started + longest <= of.seconds:
        began = time.monotonic()
        drawn = [draws.next(of.rows) for _ in range(BATCHES)]
        found: list[dict[str, float]] = [{}] * len(models)
        for which in draws.order():
            batches = tuple(batch[which] for batch in drawn)
            task = _Task(*carried[which], root, tracking_uri, table.pandas, batches, of.seconds)
            found[which] = _run(models[which], task, of)
        rounds.append(found)
        longest = max(longest, time.monotonic() - began)
    taken = {unit: np.array([[one[unit] for one in found] for found in rounds]) for unit in ("s", "MiB")}
    return Measured(taken, of.n_of, machine)


def _carried(loaded: LoadedModel) -> tuple[bytes, tuple[str, str] | None]:
    """Return a model as another process can load it, and the module that it comes from."""
    source = loaded.source
    live: Any = None
    if isinstance(source, Estimator):
        live = source.estimator.value
    elif isinstance(source, Function):
        live = source.function.load()
        source = Function(replace(source.function, live=live))
    try:
        pickled = pickle.dumps(replace(loaded.model, source=source, champion=None))
    except Exception as error:
        raise _not_there(loaded.model, f"{type(error).__name__}: {error}") from error
    name = getattr(live, "__module__", None) or type(live).__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    home = None if live is None or file is None or name == "__main__" else (name, file)
    return pickled, home


def _not_there(model: Model, why: str) -> ModelError:
    return ModelError(
        f"model {model.name!r} cannot be loaded in a fresh process, which cold_start and peak_memory take: "
        f"{why}. {_ELSEWHERE}"
    )


def _run(loaded: LoadedModel, task: _Task, of: Processes) -> dict[str, float]:
    name, told = loaded.model.name, json.dumps(sys.path).encode() + b"\n" + pickle.dumps(task)
    try:
        # On a timeout `run` kills the process that it started, and no other.
        done = subprocess.run(  # noqa: S603 - this interpreter, and a fixed program
            [sys.executable, "-c", _BOOT],
            input=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=of.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"model {name!r} was not done in a fresh process after {of.seconds:g} s: let it have more with "
            "seconds=, or fewer rows with rows="
        ) from None
    return _read(loaded.model, done)


def _read(model: Model, done: subprocess.CompletedProcess[bytes]) -> dict[str, float]:
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise ModelError(
            f"model {model.name!r} ended its fresh process ({_ending(done.returncode)}) before it answered: "
            "the machine may lack memory"
        ) from None
    if "lacks" in found:
        raise MetricError(found["lacks"])
    if "elsewhere" in found:
        raise _not_there(model, found["elsewhere"])
    if "error" in found:
        raise ModelError(f"in a fresh process: {found['error']}")
    return {unit: float(value) for unit, value in found.items()}


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


# In the fresh process.


def answer() -> None:
    """Measure the model that stands on the standard input, and leave."""
    reply = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a model prints is no answer
    try:
        told: dict[str, Any] = _measured(pickle.load(sys.stdin.buffer))  # noqa: S301 - by the process that started this one
    except MetricError as error:
        told = {"lacks": str(error)}
    except Exception as error:  # noqa: BLE001 - code of users runs here; the process that asked tells it
        told = {"error": _told(error)}
    with reply:
        json.dump(told, reply)
    os._exit(0)  # threads of a model must not keep the process


def _measured(task: _Task) -> dict[str, Any]:
    if hasattr(signal, "alarm"):  # ends this process, should the one that started it be gone by then
        signal.alarm(math.ceil(task.seconds) + 1)
    memory = _Memory()
    started = time.perf_counter()
    try:
        model = _loaded(task)
    except AiqaError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever its module or its class raises
        return {"elsewhere": _told(error)}
    scorer = model.answering(pandas=task.pandas)
    with blamed(model, task.batches[0].height):
        scorer.call(task.batches[0])()
        seconds = time.perf_counter() - started
        for batch in task.batches[1:]:
            scorer.call(batch)()
    return {"s": seconds, "MiB": memory.grown() / _MIB}


def _loaded(task: _Task) -> LoadedModel:
    if task.home is not None:
        _import(*task.home, task.root)
    model: Model = pickle.loads(task.model)  # noqa: S301 - made by the process that started this one
    return load_model(model.source, model, task.root, tracking_uri=task.tracking_uri)


def _import(name: str, file: str, root: Path) -> None:
    """Import a module by its name, or a check file, which has none that Python finds, by its place."""
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        spec = spec_from_file_location(name, file)
        if error.name != name.partition(".")[0] or spec is None or spec.loader is None:
            raise
        sys.path[:0] = [str(Path(file).parent), str(root)]  # as where check files are discovered
        module = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(module)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, AiqaError) else f"{type(error).__name__}: {error}"


class _Memory:
    """How much the memory of this process has grown at its peak since now, in bytes.

    By Linux' high-water mark of this process, set back first. Elsewhere by the one of ``getrusage``, which
    cannot be: what a model needs below an earlier peak is not seen there.
    """

    def __init__(self) -> None:
        with suppress(OSError):  # then the mark stays, and the growth is at most told too large
            Path("/proc/self/clear_refs").write_text("5")
        self._before = _resident("VmRSS")

    def grown(self) -> int:
        return max(0, _resident("VmHWM") - self._before)


def _resident(field: str) -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return _highest()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field))


def _highest() -> int:
    try:
        import resource
    except ImportError:
        raise MetricError("peak_memory and cold_start are measured on Linux and macOS only") from None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
