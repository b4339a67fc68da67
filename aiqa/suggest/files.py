"""``aiqa suggest``: from the path of data to the path of a check file."""

from __future__ import annotations

import glob
import os
from pathlib import Path, PurePath

from aiqa.config import Config
from aiqa.declare.source import dataset
from aiqa.errors import ConfigError
from aiqa.scan.source import open_dataset
from aiqa.suggest.names import identifier
from aiqa.suggest.settle import suggest
from aiqa.suggest.source import render
from aiqa.suggest.suggested import Suggestion


def suggest_file(
    data: str,
    *,
    root: Path,
    config: Config,
    out: str | None = None,
    name: str | None = None,
    owner: str | None = None,
    label: str | None = None,
    force: bool = False,
) -> tuple[Path, Suggestion]:
    """Suggest expectations of the data at a path or glob, and write them as a check file.

    Parameters
    ----------
    data : str
        Relative to the working folder.
    root, config
        Of the project.
    out : str, optional
        A file, or a folder that is there. Default: the project's folder of checks.
    name : str, optional
        Of the data set. Default: that of the file, or of the folder where the file's name is a pattern.
    owner, label : str, optional
        Whom to call; the column that holds the truth.
    force : bool, default False
        Whether a file that is there already is written anew.

    Raises
    ------
    ConfigError
        If the file is there already, or cannot be written.
    DataError, DeclarationError
        If the data cannot be read, or the format cannot be told.
    """
    name = name or _name(data)
    path = _target(name, root / next(iter(config.checks), "checks"), out)
    if path.exists() and not force:
        raise _there_already(path)
    declared = dataset(name, _from_root(data, root), label=label)
    suggestion = suggest(open_dataset(declared, root))
    write(render(suggestion, owner=owner), path, force=force)
    return path, suggestion


def write(text: str, path: Path, *, force: bool = False) -> None:
    """Write a file; one that is there already stays, unless `force`.

    Raises
    ------
    ConfigError
        If it is there, or cannot be written.
    """
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        if isinstance(error, FileExistsError) and path.exists():
            raise _there_already(path) from None
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _there_already(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} is there already: name another file with --out, or write it anew with --force"
    )


def _target(name: str, folder: Path, out: str | None) -> Path:
    file = f"check_{identifier(name)}.py"
    if out is None:
        return folder / file
    return Path(out) / file if Path(out).is_dir() else Path(out)


def _name(data: str) -> str:
    """Return the last part of a path that says something."""
    path = PurePath(data)
    parts = [path.stem, *reversed(path.parts[:-1])]
    return next((part for part in parts if part.strip("./\\") and not glob.has_magic(part)), "table")


def _from_root(data: str, root: Path) -> str:
    """Return the path as a declaration has it: relative to the root, where it lies below."""
    path = Path(os.path.normpath(Path.cwd() / data))
    home = root.resolve()
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
