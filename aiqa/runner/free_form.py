"""What a check that asserts came to, from what it raised."""

from __future__ import annotations

import traceback

from aiqa.verdict import Verdict

_LONGEST = 500


def conclude(error: BaseException | None) -> tuple[Verdict, str]:
    """Return the verdict of a check that raised `error` (None: nothing), and the reason in one line.

    A failed assertion is ``fail``, a skip ``skipped``, and whatever else breaks is ``error``.
    """
    if error is None:
        return Verdict.PASS, "what it asserts holds"
    verdict = _verdict(error)
    if verdict is Verdict.ERROR:
        return verdict, f"{type(error).__name__}: {error}"
    text = str(error).strip()
    if verdict is Verdict.FAIL and (not text or text.startswith("assert ")):
        # pytest's account of a bare assertion shows values, which evidence does not keep.
        return verdict, f"the assertion at line {_line(error)} does not hold"
    return verdict, (text or "skipped").splitlines()[0][:_LONGEST]


def _line(error: BaseException) -> int:
    return traceback.extract_tb(error.__traceback__)[-1].lineno or 0


def is_outcome(error: BaseException) -> bool:
    """Tell what ends a check alone from what ends the run, such as an interrupt."""
    return isinstance(error, Exception) or _verdict(error) is not Verdict.ERROR


def _verdict(error: BaseException) -> Verdict:
    import pytest

    if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
        return Verdict.SKIPPED
    return Verdict.FAIL if isinstance(error, (AssertionError, pytest.fail.Exception)) else Verdict.ERROR
