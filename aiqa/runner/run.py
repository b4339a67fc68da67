"""``aiqa.run``: the same checks, decided by the same session, without pytest."""

from __future__ import annotations

import datetime as dt
import inspect
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from aiqa.config import Config, find_root, read_config
from aiqa.declare.check import gates_of, is_free_form, refuse_doubles, refuse_idle, refuse_returned
from aiqa.errors import AiqaError, DeclarationError
from aiqa.evidence.build import free_form_record
from aiqa.evidence.outcome import Outcome
from aiqa.evidence.record import Evidence
from aiqa.runner.discover import Found, discover
from aiqa.runner.finish import Finished, finish
from aiqa.runner.free_form import conclude, is_outcome
from aiqa.session import Case, Session

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def run(
    paths: Paths = (),
    *,
    tier: str | None = None,
    models: Sequence[str] = (),
    root: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    publish: bool = False,
    cache: bool = True,
    spark: bool = False,
) -> Evidence:
    """Run checks and return the evidence, which is also written.

    Parameters
    ----------
    paths : path or sequence of paths, optional
        Check files, or folders of ``check_*.py``. Default: ``[tool.aiqa] checks`` and ``modules``.
    tier : {"smoke", "pr", "full"}, optional
        Run the checks of this tier and cheaper ones. Default: ``[tool.aiqa] tier``.
    models : sequence of str
        ``[NAME=]MODEL`` to check in place of the declared ones.
    root : path, optional
        The project's folder. Default: the nearest one upwards that has a ``pyproject.toml``, or else the
        working folder.
    out : path, optional
        The folder of evidence. Default: ``[tool.aiqa] out``.
    publish : bool, default False
        Whether to send the evidence to the configured sinks.
    cache : bool, default True
        Whether to use what earlier runs kept of the same data, and to keep what later ones can use.
    spark : bool, default False
        Whether Spark reads the files of data sets: in the active session, or in a local one for this run.

    Returns
    -------
    Evidence
        Its ``verdict`` is "pass" only if nothing blocks and something was decided.

    Raises
    ------
    ConfigError, DeclarationError
        If a path or a setting is wrong, or a check file cannot be imported.
    """
    told: dict[str, Any] = {"root": root, "out": out, "publish": publish, "cache": cache, "spark": spark}
    return run_project(paths, tier=tier, models=models, **told).evidence


def run_project(
    paths: Paths = (),
    *,
    tier: str | None = None,
    models: Sequence[str] = (),
    root: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    publish: bool = False,
    cache: bool = True,
    spark: bool = False,
) -> Finished:
    """Run checks as :func:`run` does, and return besides where the evidence lies and what was sent."""
    started = dt.datetime.now(dt.UTC)
    home = Path(root).resolve() if root is not None else find_root(Path.cwd())
    config = _settled(read_config(home), tier, out, cache=cache)
    session = Session(home, config, models=models, spark=spark)
    told: dict[str, Any] = {"started": started, "tier": config.tier, "command": sys.argv, "publish": publish}
    with closing(session):
        if spark:
            session.subjects.spark()  # before check files that want a session are imported
        found = discover(_as_paths(paths), config, home, config.tier)
        session.refuse_unknown_models([item.check for item in found])
        return finish(_outcomes(found, session), session, **told)


def _settled(config: Config, tier: str | None, out: str | os.PathLike[str] | None, *, cache: bool) -> Config:
    said: dict[str, Any] = {"tier": tier, "out": None if out is None else str(Path(out).resolve())}
    said |= {} if cache else {"cache": 0.0}
    return config.model_copy(update={key: value for key, value in said.items() if value is not None})


def _as_paths(paths: Paths) -> list[Path]:
    return [Path(paths)] if isinstance(paths, (str, os.PathLike)) else [Path(path) for path in paths]


def _outcomes(found: Sequence[Found], session: Session) -> list[Outcome]:
    """Decide all gates together, and put their outcomes where their checks stand among the others."""
    homes: dict[str, str] = {}
    entries = [entry for item in found for entry in _entries(item, homes, session)]
    decided = iter(session.decide([entry for entry in entries if isinstance(entry, Case)]))
    return [next(decided) if isinstance(entry, Case) else entry for entry in entries]


def _entries(item: Found, homes: dict[str, str], session: Session) -> Sequence[Case | Outcome]:
    try:
        refuse_doubles(item.check, item.function, homes)
        refuse_idle(item.check, item.function)
        return [_free_form(item, session)] if is_free_form(item.function) else _cases(item)
    except AiqaError as error:
        return [session.broken(item.check, "declaration", error, node=item.node)]


def _cases(item: Found) -> list[Case]:
    return [
        Case(item.check, item.prefix + gate_id, gate, f"{item.node}[{item.prefix}{gate_id}]")
        for gate_id, gate in gates_of(item.function, item.arguments).items()
    ]


def _free_form(item: Found, session: Session) -> Outcome:
    check = session.check(item.check)
    started = time.perf_counter()
    error: BaseException | None = None
    try:
        _call(item, session)
    except BaseException as raised:
        if not is_outcome(raised):
            raise
        error = raised
    verdict, reason = conclude(error)
    gate = free_form_record(
        f"{item.prefix}{item.check.name}",
        session.policy(check),
        verdict,
        reason,
        node=item.node + (f"[{item.prefix.rstrip('-')}]" if item.prefix else ""),
        seconds=time.perf_counter() - started,
        error=error,
    )
    return session.outcome(check, gate)


def _call(item: Found, session: Session) -> None:
    if inspect.iscoroutinefunction(item.function) or inspect.isasyncgenfunction(item.function):
        raise DeclarationError(f"{item.check.name} is async: only pytest, with a plugin, can run it")
    returned: object = item.function(**item.arguments, **_fixtures(item, session))
    refuse_returned(item.check, returned)


def _fixtures(item: Found, session: Session) -> dict[str, object]:
    wanted = {
        name
        for name, parameter in inspect.signature(item.function).parameters.items()
        if parameter.default is parameter.empty and name not in item.arguments
    }
    unknown = sorted(wanted - {"model", "data"})
    if unknown:
        raise DeclarationError(
            f"{item.check.name} asks for the fixture {unknown[0]!r}: only pytest has it; run pytest --aiqa"
        )
    check = session.check(item.check)
    makers = {"model": session.subjects.model_of, "data": session.subjects.data_of}
    return {name: makers[name](check) for name in wanted}
