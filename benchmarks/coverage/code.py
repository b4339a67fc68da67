"""Which code a result depends on: the modules that others import, as one digest."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_STUDY = ("measure.py", "summary.py", "worlds.py")


def digest(modules: Sequence[str], told: str) -> str:
    """Return a digest of `told` and of the code of `modules`, of all that they import, and of the study."""
    return hashlib.sha256((_code(tuple(modules)) + told).encode()).hexdigest()[:16]


@cache
def _code(modules: tuple[str, ...]) -> str:
    reached: set[str] = set()
    for module in modules:
        _reach(module, reached)
    files = [*(_file(module) for module in sorted(reached)), *(Path(__file__).parent / own for own in _STUDY)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _reach(module: str, reached: set[str]) -> None:
    if module not in reached and _file(module).is_file():
        reached.add(module)
        for name in _imports(module):
            _reach(name, reached)


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _imports(module: str) -> tuple[str, ...]:
    return tuple(name for name in _named(ast.parse(_file(module).read_text())) if name.startswith("aiqa."))


def _named(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
