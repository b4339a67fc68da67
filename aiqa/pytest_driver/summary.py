"""The run in words, in pytest's terminal summary."""

from __future__ import annotations

import pytest

from aiqa.publish.terminal import render
from aiqa.runner import Finished


def write_summary(reporter: pytest.TerminalReporter, finished: Finished) -> None:
    """Write what became of each check, and where the evidence is."""
    reporter.section("aiqa", sep="=")
    render(
        finished.evidence,
        finished.deliveries,
        lambda line, style: reporter.write_line(line, **dict.fromkeys(style, True)),
        width=max(reporter.config.get_terminal_writer().fullwidth, 60),
        folder=finished.folder,
        verbosity=reporter.verbosity,
        told=_told_by_pytest(reporter),
        scans=reporter.config.option.aiqa_explain,
    )


def _told_by_pytest(reporter: pytest.TerminalReporter) -> set[str]:
    """Return the nodes that pytest has explained above, in full."""
    if reporter.config.option.tbstyle == "no":
        return set()
    return {report.nodeid for kind in ("failed", "error") for report in reporter.stats.get(kind, ())}
