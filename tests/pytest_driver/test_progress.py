"""The progress bar moves on a terminal, for what takes long, and is gone afterwards."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator

import pytest

from aiqa.pytest_driver import progress
from aiqa.pytest_driver.progress import TerminalProgress, terminal_progress


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TerminalProgress, int]]:
    """Return a bar on a terminal of its own, and the descriptor that sees what it shows."""
    monkeypatch.setenv("TERM", "xterm")
    screen, line = pty.openpty()
    stream = os.fdopen(line, "w")
    yield TerminalProgress(stream), screen
    stream.close()
    os.close(screen)


def seen(screen: int) -> str:
    os.set_blocking(screen, False)
    parts = []
    try:
        while part := os.read(screen, 1 << 20):  # a terminal gives 4,096 bytes at most at a time
            parts.append(part)
    except BlockingIOError:
        pass
    return b"".join(parts).decode()


def test_many_rows_are_shown_at_once(terminal: tuple[TerminalProgress, int]) -> None:
    bar, screen = terminal
    bar("fraud scores [orders]", 0, 2_000_000)
    bar("fraud scores [orders]", 1_000_000, 2_000_000)
    bar("fraud scores [orders]", 2_000_000, 2_000_000)
    text = seen(screen)
    assert "fraud scores [orders] (2,000,000 rows)" in text
    assert "\x1b[2K" in text  # the line is taken away in the end


def test_few_rows_are_shown_only_when_they_take_long(
    terminal: tuple[TerminalProgress, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bar, screen = terminal
    bar("quick", 0, 10)
    bar("quick", 5, 10)
    assert seen(screen) == ""
    monkeypatch.setattr(progress, "LONG", -1.0)
    bar("slow", 5, 10)
    bar("slow", 10, 10)
    assert "slow (10 rows)" in seen(screen)


def test_there_is_no_bar_where_nobody_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a stream is wanted
        monkeypatch.setattr("sys.stderr", nowhere)
        assert terminal_progress() is None
