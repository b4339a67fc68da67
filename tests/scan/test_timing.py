"""Calls are timed in turns, on rows that are drawn anew, until there are enough or the time is up."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import aiqa
from aiqa.errors import ModelError
from aiqa.scan import timing
from aiqa.scan.model import LoadedModel, load_model
from aiqa.scan.source import Table, open_dataset
from aiqa.scan.timing import Calls, Measured, time_calls

FRAME = pl.DataFrame({"row": range(500), "y": [0, 1] * 250})
MS = 1_000_000


class Log(list[tuple[float, list[int]]]):
    """Which model scored which rows."""


class Clock:
    """A clock that goes only when somebody works."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def _loaded(source: Any, task: str = "regression", **told: Any) -> LoadedModel:
    declared = aiqa.model("m", source, task=task, **told)
    return load_model(declared.source, declared, Path())


def _table(frame: Any = FRAME) -> Table:
    return open_dataset(aiqa.dataset("d", frame, label="y"), Path())


def _works(clock: Clock, ms: float, log: Log | None = None) -> Callable[..., Any]:
    def answer(frame: Any) -> Any:
        clock.now += int(ms * MS)
        if log is not None:
            log.append((ms, frame["row"].to_list()))
        return frame["row"].to_numpy() * 1.0

    return answer


def _time(clock: Clock, *sources: Any, rows: int = 1, calls: int = 40, seconds: float = 100.0) -> Measured:
    models = [_loaded(source) for source in sources]
    return time_calls(models, _table(), Calls(rows, calls, seconds), 7, clock)


def test_each_call_takes_what_its_model_takes() -> None:
    clock = Clock()
    found = _time(clock, _works(clock, 3), _works(clock, 0.5))
    np.testing.assert_allclose(found.taken["ms"], np.tile([3.0, 0.5], (40, 1)))
    assert found.n_of == "calls of 1 row"
    assert "core" in found.machine


def test_both_models_score_the_same_rows_in_random_order_and_new_ones_each_time() -> None:
    clock, log = Clock(), Log()
    _time(clock, _works(clock, 2, log), _works(clock, 1, log), rows=5)
    rounds = [log[at : at + 2] for at in range(2, len(log), 2)]  # after the answers that are looked at
    assert all(one[1] == other[1] and len(one[1]) == 5 for one, other in rounds)
    firsts = [one[0] for one, _ in rounds]
    assert 10 < firsts.count(2) < len(rounds) - 10
    assert len({tuple(one[1]) for one, _ in rounds}) == len(rounds)


def test_the_rows_and_the_order_are_those_of_the_seed() -> None:
    logs = [Log(), Log()]
    for log in logs:
        clock = Clock()
        _time(clock, _works(clock, 2, log), _works(clock, 1, log))
    assert logs[0] == logs[1]


def test_no_call_begins_after_the_time_is_up_but_one_is_always_made() -> None:
    clock = Clock()
    found = _time(clock, _works(clock, 100), calls=1000, seconds=1.0)
    assert found.taken["ms"].shape == (10, 1)
    slow = Clock()
    assert _time(slow, _works(slow, 5000), seconds=0.1).taken["ms"].shape == (1, 1)


def test_warming_up_is_bounded_and_not_counted() -> None:
    clock = Clock()
    times = iter([1000.0] * 3 + [1.0] * 1000)

    def cold(frame: pl.DataFrame) -> Any:
        clock.now += int(next(times) * MS)
        return frame["row"].to_numpy() * 1.0

    found = _time(clock, cold, calls=20, seconds=100.0)
    assert (found.taken["ms"] == 1.0).all()


def test_more_rows_than_there_are_can_be_scored_and_of_many_a_part_is_drawn_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, log = Clock(), Log()
    _time(clock, _works(clock, 1, log), rows=2000, calls=3)
    assert len(log[-1][1]) == 2000
    monkeypatch.setattr(timing, "POOL", 100)
    log.clear()
    _time(clock, _works(clock, 1, log), rows=50)
    assert {row % 5 for _, rows in log for row in rows} == {0}
    assert len({row for _, rows in log for row in rows}) > 90


def test_a_call_is_at_least_as_long_as_the_model_sleeps() -> None:
    def sleeps(frame: pl.DataFrame) -> Any:
        time.sleep(0.002)
        return frame["row"].to_numpy() * 1.0

    found = time_calls([_loaded(sleeps)], _table(), Calls(1, 20, 10.0), 0)
    assert (found.taken["ms"] >= 2.0).all()


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_on_during_calls_and_spared_the_rest(was_on: bool) -> None:
    clock, seen = Clock(), []

    def looks(frame: pl.DataFrame) -> Any:
        clock.now += 1
        seen.append((gc.isenabled(), gc.get_freeze_count() > 1000))
        return frame["row"].to_numpy() * 1.0

    try:
        if not was_on:
            gc.disable()
        _time(clock, looks, calls=3)
        assert set(seen) == {(True, True)}
        assert (gc.isenabled(), gc.get_freeze_count()) == (was_on, 0)
    finally:
        gc.enable()


class Counting(LogisticRegression):  # type: ignore[misc]
    """Remembers by which methods it was asked."""

    def predict(self, features: Any) -> Any:
        self.asked_.append("predict")
        return super().predict(features)

    def predict_proba(self, features: Any) -> Any:
        self.asked_.append("predict_proba")
        return super().predict_proba(features)


def test_of_an_estimator_one_call_is_timed_not_the_two_that_checks_need() -> None:
    x = FRAME.select("row").to_pandas()
    classifier = Counting().fit(x, FRAME["y"].to_numpy())
    classifier.asked_ = []
    time_calls([_loaded(classifier, "binary")], _table(), Calls(1, 5, 10.0), 0)
    assert classifier.asked_.count("predict") == 1  # the answer that was looked at
    assert classifier.asked_.count("predict_proba") > 5
    regression = _loaded(LinearRegression().fit(x, FRAME["y"].to_numpy()))
    assert (time_calls([regression], _table(), Calls(1, 5, 10.0), 0).taken["ms"] > 0).all()


def test_functions_get_the_frames_that_the_user_works_in() -> None:
    kinds = []

    def looks(frame: Any) -> Any:
        kinds.append(type(frame))
        return np.asarray(frame["row"], dtype=float)

    time_calls([_loaded(looks)], _table(FRAME.to_pandas()), Calls(1, 3, 10.0), 0)
    assert set(kinds) == {pd.DataFrame}


def test_what_a_model_raises_is_its_own_error_also_in_the_middle() -> None:
    clock = Clock()
    calls = iter(range(100))

    def breaks(frame: pl.DataFrame) -> Any:
        clock.now += MS
        if next(calls) == 25:
            raise KeyError("gone")
        return frame["row"].to_numpy() * 1.0

    with pytest.raises(ModelError, match=r"'m' raised KeyError on a call of 3 rows: 'gone' .*test_timing.py"):
        _time(clock, breaks, rows=3)
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (lambda _: np.ones(7), "gave 7 predictions for 2 rows"),
        (aiqa.column("row"), "is columns of answers"),
    ],
)
def test_what_is_no_model_that_answers_is_refused(source: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        time_calls([_loaded(source)], _table(), Calls(2, 5, 1.0), 0)


def test_sizes_are_those_of_what_is_stored(tmp_path: Path) -> None:
    import pickle

    import skops.io

    fitted = LinearRegression().fit(FRAME.select("row").to_pandas(), FRAME["y"].to_numpy())
    assert _loaded(fitted).size == len(pickle.dumps(fitted, 5))
    skops.io.dump(fitted, tmp_path / "m.skops")
    assert _loaded(tmp_path / "m.skops").size == (tmp_path / "m.skops").stat().st_size
    for stored_nowhere in (lambda frame: frame["row"], aiqa.column("row")):
        with pytest.raises(ModelError, match="stored nowhere"):
            _loaded(stored_nowhere).size  # noqa: B018
    fitted.hook_ = lambda: None
    with pytest.raises(ModelError, match="stored nowhere"):
        _loaded(fitted).size  # noqa: B018
