"""What a model takes is measured in fresh processes, which end by themselves or are ended."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import aiqa
from aiqa.errors import ModelError
from aiqa.scan import fresh
from aiqa.scan.fresh import Processes, start_fresh
from aiqa.scan.model import LoadedModel, load_model
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.timing import Measured
from tests.scan import models

FRAME = pl.DataFrame({"row": range(500), "y": [0, 1] * 250})


def _loaded(source: Any, root: Path = Path()) -> LoadedModel:
    declared = aiqa.model("m", source, task="regression", features=["row"])
    return load_model(declared.source, declared, root)


def _table() -> Table:
    return open_dataset(aiqa.dataset("d", FRAME, label="y"), Path())


def _start(*sources: Any, processes: int = 1, seconds: float = 120.0, root: Path = Path()) -> Measured:
    loaded = [_loaded(source, root) for source in sources]
    return start_fresh(loaded, _table(), Processes(1, processes, seconds), 0, root=root)


def test_memory_is_what_the_model_adds_at_its_peak_and_is_gone_after() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("elsewhere an earlier peak hides what is below it")
    found = _start(models.large, models.plain, processes=1).taken["MiB"][0]
    assert 60 < found[0] - found[1] < 90


def test_cold_start_has_all_that_the_first_answer_takes() -> None:
    found = _start(models.sleeping, models.plain, processes=2)
    assert found.taken["s"].shape == (2, 2)
    assert (found.taken["s"][:, 0] >= 0.5).all()
    assert found.n_of == "fresh processes that score 1 row"


def test_estimators_objects_and_files_are_loaded_there(tmp_path: Path) -> None:
    import skops.io

    fitted = LinearRegression().fit(FRAME.select("row").to_pandas(), FRAME["y"].to_numpy())
    skops.io.dump(fitted, tmp_path / "m.skops")
    found = _start(fitted, "m.skops", models.Scaled(3.0), models.Scaled(3.0).method, root=tmp_path)
    assert (found.taken["s"] > 0).all()


def test_a_check_file_that_python_does_not_find_by_name_is_found_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "check_elsewhere.py"
    (tmp_path / "helper_of_elsewhere.py").write_text("ONE = 1.0\n")
    file.write_text(
        "from helper_of_elsewhere import ONE\ndef model(frame):\n    return frame['row'].to_numpy() * ONE\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    spec = importlib.util.spec_from_file_location("aiqa_checks_elsewhere", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["aiqa_checks_elsewhere"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(tmp_path))
    try:
        fitted = LinearRegression().fit(FRAME.select("row").to_pandas(), FRAME["y"].to_numpy())
        found = _start(module.model, fitted).taken["MiB"][0]
        assert found[0] < 20 < found[1]  # the library of an estimator is imported there, and counts
    finally:
        del sys.modules["aiqa_checks_elsewhere"]


def test_what_a_model_prints_is_no_answer() -> None:
    assert (_start(models.chatty).taken["s"] > 0).all()


def _in_a_notebook() -> Any:
    """Return an estimator of a class that another process does not have."""
    cls = type("Mine", (LinearRegression,), {"__module__": "__main__"})
    vars(sys.modules["__main__"])["Mine"] = cls
    return cls().fit(FRAME.select("row").to_pandas(), FRAME["y"].to_numpy())


def test_models_that_another_process_cannot_have_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "Mine", None, raising=False)
    for source in (_in_a_notebook(), lambda frame: frame["row"] * 1.0):
        with pytest.raises(ModelError, match=r"'m' cannot be loaded in a fresh process.*in a module"):
            _start(source)


def test_what_goes_wrong_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"fresh process: model 'm' raised KeyError on .* 'gone'"):
        _start(models.raising)
    with pytest.raises(ModelError, match=r"ended its fresh process \(SIGKILL\)"):
        _start(models.dying)
    file = tmp_path / "gone.skops"
    import skops.io

    skops.io.dump(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]), file)
    model = _loaded("gone.skops", tmp_path)
    file.unlink()
    with pytest.raises(ModelError, match="fresh process: no such file"):
        start_fresh([model], _table(), Processes(1, 1, 60.0), 0, root=tmp_path)


def test_a_process_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "pid"
    monkeypatch.setenv(models.NOTE, str(note))
    seconds = 5.0
    while True:  # a busy machine may need longer to come to the model at all
        with pytest.raises(ModelError, match="was not done in a fresh process after"):
            _start(models.hanging, seconds=seconds)
        if note.exists() or seconds > 60:
            break
        seconds *= 2
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_a_process_whose_parent_is_gone_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(models.NOTE, str(tmp_path / "pid"))
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **told: run(*args, **{**told, "timeout": 100}))
    with pytest.raises(ModelError, match="SIGALRM"):
        _start(models.hanging, seconds=1.0)


def test_no_process_is_started_that_could_not_be_done_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def run(*_: Any) -> dict[str, float]:
        now[0] += 3.0
        return {"s": 3.0, "MiB": 1.0}

    monkeypatch.setattr(fresh, "_run", run)
    monkeypatch.setattr("aiqa.scan.fresh.time.monotonic", lambda: now[0])
    assert len(_start(models.plain, processes=50, seconds=10.0).taken["s"]) == 3
    assert len(_start(models.plain, models.plain, processes=50, seconds=2.0).taken["s"]) == 1
    assert len(_start(models.plain, processes=2, seconds=100.0).taken["s"]) == 2
