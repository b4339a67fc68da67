from __future__ import annotations

import threading
import time

import pytest

from aiqa.publish.deadline import Deadline, within


def test_the_answer_comes_through() -> None:
    assert within(Deadline(5), lambda: 42) == 42


def test_what_is_raised_is_raised_here() -> None:
    def fail() -> None:
        raise ZeroDivisionError("told")

    with pytest.raises(ZeroDivisionError, match="told"):
        within(Deadline(5), fail)


def test_a_call_that_hangs_is_left_behind_in_time() -> None:
    release = threading.Event()
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.1 s"):
        within(Deadline(0.1), lambda: release.wait(30))
    assert time.monotonic() - began < 5
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "aiqa-publish")
    release.set()


def test_a_deadline_that_has_passed_says_so() -> None:
    Deadline(60).check()
    passed = Deadline(0)
    assert passed.left == 0
    with pytest.raises(TimeoutError):
        passed.check()
