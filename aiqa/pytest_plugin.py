"""The pytest plugin's shell: options, and the real plugin once ``--aiqa`` is given.

Loaded by every pytest run of an environment that has aiqa, so it imports nothing but pytest, and asks
pytest not to rewrite it: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aiqa.pytest_driver.fixtures import Recorder

_TIERS = ("smoke", "pr", "full")


class _TierAction(argparse.Action):
    """``--aiqa`` or ``--aiqa=TIER``, never taking the next word: that is a path to collect."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse says so
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,  # noqa: ARG002
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, (option_string or "").partition("=")[2])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; all else waits for ``--aiqa``."""
    group = parser.getgroup("aiqa", "quality checks of models and data")
    group.addoption(
        "--aiqa",
        *(f"--aiqa={tier}" for tier in _TIERS),
        action=_TierAction,
        nargs=0,
        dest="aiqa",
        default=None,
        help="Run the checks (check_*.py) of this tier and cheaper ones. Default: the configured tier.",
    )
    group.addoption(
        "--aiqa-model",
        action="append",
        default=[],
        metavar="[NAME=]MODEL",
        help="Check this model (an MLflow address or a .skops file) in place of the declared one.",
    )
    group.addoption(
        "--aiqa-out", default=None, metavar="DIR", help="Folder of the evidence. Default: [tool.aiqa] out."
    )
    group.addoption(
        "--aiqa-no-publish",
        action="store_true",
        help="Keep the evidence here: send nothing anywhere.",
    )
    group.addoption(
        "--aiqa-explain",
        action="store_true",
        help="Show the passes over each data set: statistics, bytes, rows and time.",
    )
    group.addoption(
        "--aiqa-no-cache",
        action="store_true",
        help="Scan and score everything anew, and keep nothing for later runs.",
    )
    group.addoption(
        "--aiqa-spark",
        action="store_true",
        help="Let Spark read the files of data sets, in the active session or a local one.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the real plugin, if it is wanted."""
    if config.option.aiqa is not None:
        from aiqa.pytest_driver.plugin import register

        register(config)


@pytest.fixture
def aiqa(request: pytest.FixtureRequest) -> Recorder:
    """Record numbers of a plain test (``aiqa.log``) and gate on them (``aiqa.require``)."""
    from aiqa.pytest_driver.fixtures import Recorder

    return Recorder(request.node)
