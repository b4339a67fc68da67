"""The hooks: collect checks, decide their gates, keep and send the evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from aiqa.config import Config, read_config
from aiqa.declare.check import TIERS
from aiqa.errors import AiqaError, ConfigError
from aiqa.pytest_driver import collect
from aiqa.pytest_driver.collected import Collected
from aiqa.pytest_driver.decide import Decider
from aiqa.pytest_driver.fixtures import SubjectFixtures
from aiqa.pytest_driver.outcome import attach, teststatus, told_by
from aiqa.pytest_driver.progress import terminal_progress
from aiqa.runner import Finished, finish
from aiqa.session import Session


def register(config: pytest.Config) -> None:
    """Read the settings and register the plugin.

    Raises
    ------
    pytest.UsageError
        If the configuration or an option is wrong.
    """
    try:
        plugin = AiqaPlugin(config)
    except AiqaError as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(plugin, "aiqa-session")
    config.pluginmanager.register(SubjectFixtures(), "aiqa-fixtures")


class AiqaPlugin:
    """One pytest session with ``--aiqa``; under xdist one in each process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.started = dt.datetime.now(dt.UTC)
        self.settings = _settings(config)
        self.tier = config.option.aiqa or self.settings.tier
        self.session = Session(
            config.rootpath,
            self.settings,
            models=config.option.aiqa_model,
            progress=None if self.is_worker else terminal_progress(),
            spark=config.option.aiqa_spark,
        )
        self.decider = Decider(config, self.session)
        self.collected = Collected()
        self.finished: Finished | None = None
        self.problem = ""
        config.addinivalue_line("python_files", "check_*.py")
        # A file that does not import is an error of its own; the checks of the others go on.
        config.option.continue_on_collection_errors = True
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args[:] = _default_paths(config, self.settings)

    @property
    def is_worker(self) -> bool:
        """Whether this is a worker of xdist, whose controller keeps the evidence."""
        return hasattr(self.config, "workerinput")

    def pytest_sessionstart(self) -> None:
        option = self.config.option
        idle = option.collectonly or (getattr(option, "dist", "no") != "no" and not self.is_worker)
        if option.aiqa_spark and not idle:
            try:
                self.session.subjects.spark()  # before check files that want a session are imported
            except AiqaError as error:
                raise pytest.UsageError(str(error)) from None

    def pytest_unconfigure(self) -> None:
        self.session.close()

    # Collection

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module:
        module: pytest.Module = collect.CheckModule.from_parent(parent, path=module_path)
        return module

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(
        self, collector: pytest.Module | pytest.Class, name: str, obj: object
    ) -> Any:
        collect.refuse_methods(name, obj)
        if collect.is_imported_check(collector, obj):
            return []
        if not isinstance(collector, pytest.Module) or not collect.is_yielding_check(obj):
            return None
        stood_for = collect.stand_in(obj)  # type: ignore[arg-type]
        return collector.ihook.pytest_pycollect_makeitem(collector=collector, name=name, obj=stood_for)

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        body = collect.body_of(metafunc.function)
        if body is not None:
            ids = collect.gate_ids(body)
            metafunc.parametrize(collect.GATE, ids, ids=ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not collect.is_void(item)]
        allowed = TIERS[: TIERS.index(self.tier) + 1]
        costly = {
            item: None
            for item in items
            if (check := collect.item_check(item)) is not None and check.tier not in allowed
        }
        if costly:
            config.hook.pytest_deselected(items=list(costly))
            items[:] = [item for item in items if item not in costly]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.decider.see(session.items)

    # Deciding

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> object | None:
        outcome = self.decider.outcome(pyfuncitem)
        if outcome is None:
            collect.watch_returned(pyfuncitem)
            return None
        attach(pyfuncitem, outcome)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        told = told_by(item, call, report, self.session)
        if told:
            vars(report).update(told, aiqa_position=self.decider.position(item))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        return teststatus(report)

    # Evidence

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self.is_worker:
            self.collected.add(report, self.session)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not self.is_worker and report.failed:
            self.collected.add_broken_file(report, self.session)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.is_worker or self.config.option.collectonly:
            return
        self.decider.close()
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        try:
            self.finished = self._finish()
        except (AiqaError, OSError) as error:
            self.problem = f"the evidence could not be kept: {error}"
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            return
        if self.finished.evidence.stops and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.problem:
            terminalreporter.write_line(f"aiqa: {self.problem}", red=True)
        if self.finished is not None:
            from aiqa.pytest_driver.summary import write_summary

            write_summary(terminalreporter, self.finished)

    def _finish(self) -> Finished:
        return finish(
            self.collected.outcomes(),
            self.session,
            started=self.started,
            tier=self.tier,
            command=("pytest", *self.config.invocation_params.args),
            logged=self.collected.logged,
            publish=not self.config.option.aiqa_no_publish,
        )


def _settings(config: pytest.Config) -> Config:
    settings = read_config(config.rootpath)
    told: dict[str, Any] = {"cache": 0.0} if config.option.aiqa_no_cache else {}
    if config.option.aiqa_out is not None:
        told["out"] = str(Path(config.invocation_params.dir, config.option.aiqa_out))
    return settings.model_copy(update=told)


def _default_paths(config: pytest.Config, settings: Config) -> list[str]:
    folders = [config.rootpath / folder for folder in settings.checks]
    missing = [folder for folder in folders if not folder.exists()]
    if missing and not settings.modules:
        raise ConfigError(
            f"there is no {missing[0].relative_to(config.rootpath)}/ in {config.rootpath}: write checks "
            "there, or name their folder in [tool.aiqa] checks or on the command line"
        )
    modules = [_module_file(name) for name in settings.modules]
    return [str(path) for path in folders if path.exists()] + modules


def _module_file(name: str) -> str:
    try:
        spec = find_spec(name)
    except ImportError as error:
        raise ConfigError(f"[tool.aiqa] modules: cannot import {name!r}: {error}") from None
    if spec is None or spec.origin is None:
        raise ConfigError(f"[tool.aiqa] modules: there is no module {name!r} on the path")
    return spec.origin
