"""Checks found in files, without pytest."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from aiqa.config import Config
from aiqa.declare.check import TIERS, Check, check_of, forget_lines
from aiqa.declare.parametrize import argument_sets
from aiqa.errors import ConfigError, DeclarationError
from aiqa.runner.free_form import conclude, is_outcome
from aiqa.verdict import Verdict

_FOREIGN = ("build", "dist", "node_modules", "venv")


@dataclass(frozen=True, slots=True)
class Found:
    """A check, one set of its arguments, and what names it."""

    check: Check
    function: Callable[..., Any]
    node: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What tells this set of arguments from the others, for the ids of gates."""
        return "".join(f"{value}-" for value in self.arguments.values())


def discover(paths: Iterable[Path], config: Config, root: Path, tier: str) -> list[Found]:
    """Import the check files under `paths` (default: the configured ones) and return their checks.

    Raises
    ------
    ConfigError
        If a path does not exist or a module cannot be found.
    DeclarationError
        If a file cannot be imported.
    """
    given = list(paths)
    files = [file for path in given or _configured(config, root) for file in _check_files(path)]
    once = {file.resolve(): file for file in files}
    modules = [_import_file(file, root) for file in once.values()]
    if not given:
        modules += [_import_module(name) for name in config.modules]
    allowed = TIERS[: TIERS.index(tier) + 1]
    return [found for module in modules for found in _checks_of(module, root) if found.check.tier in allowed]


def _configured(config: Config, root: Path) -> list[Path]:
    return [root / folder for folder in config.checks if (root / folder).exists()]


def _check_files(path: Path) -> list[Path]:
    if not path.exists():
        raise ConfigError(f"there is no {path}: name a check file or a folder of check_*.py files")
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("check_*.py") if not _is_foreign(file.parent, path))


def _is_foreign(folder: Path, top: Path) -> bool:
    """Tell the folders that pytest does not look into either: hidden ones, builds, virtual environments."""
    between = [folder, *folder.parents][: len(folder.relative_to(top).parts)]
    return any(
        part.name.startswith(".") or part.name in _FOREIGN or (part / "pyvenv.cfg").is_file()
        for part in between
    )


def _import_file(file: Path, root: Path) -> ModuleType:
    name = "aiqa_checks_" + "_".join(file.resolve().with_suffix("").parts[-3:])
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise DeclarationError(f"{file} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    forget_lines(str(spec.origin))
    sys.path[:0] = added = [str(file.resolve().parent), str(root)]
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        if not is_outcome(error):
            raise
        if conclude(error)[0] is Verdict.SKIPPED:
            return ModuleType(name)
        raise DeclarationError(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        for path in added:
            sys.path.remove(path)
    return module


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"[tool.aiqa] modules: cannot import {name!r}: {error}") from None


def _checks_of(module: ModuleType, root: Path) -> Iterator[Found]:
    for name, value in vars(module).items():
        check = check_of(value)
        if check is not None and value.__module__ == module.__name__:
            for arguments in argument_sets(value):
                yield Found(check, value, f"{_shown(Path(check.file), root)}::{name}", arguments)


def _shown(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
