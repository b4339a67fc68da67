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
from aiqa.declare.check import TIERS, Check, check_of
from aiqa.declare.parametrize import argument_sets
from aiqa.errors import ConfigError, DeclarationError


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
    modules = [_import_file(file, root) for file in files]
    if not given:
        modules += [_import_module(name) for name in config.modules]
    allowed = TIERS[: TIERS.index(tier) + 1]
    return [found for module in modules for found in _checks_of(module, root) if found.check.tier in allowed]


def _configured(config: Config, root: Path) -> list[Path]:
    return [root / folder for folder in config.checks if (root / folder).exists()]


def _check_files(path: Path) -> list[Path]:
    if not path.exists():
        raise ConfigError(f"there is no {path}: name a check file or a folder of check_*.py files")
    return [path] if path.is_file() else sorted(path.rglob("check_*.py"))


def _import_file(file: Path, root: Path) -> ModuleType:
    name = "aiqa_checks_" + "_".join(file.resolve().with_suffix("").parts[-3:])
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise DeclarationError(f"{file} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    sys.path[:0] = added = [str(file.resolve().parent), str(root)]
    try:
        spec.loader.exec_module(module)
    except Exception as error:
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
