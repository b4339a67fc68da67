"""Where in people's own code an error was raised."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

_PACKAGES = {"site-packages", "dist-packages"}
_AIQA = Path(__file__).parents[1]


def raised_at(error: BaseException) -> str | None:
    """Return file and line of the last call that is neither of a library, of Python nor of aiqa.

    The file is told from the working folder on, or by its name alone where it is elsewhere.

    Examples
    --------
    >>> try:
    ...     sysconfig.get_path("nowhere")
    ... except KeyError as error:
    ...     print(raised_at(error))
    None
    """
    calls = [(Path(call.filename), call.lineno) for call in traceback.extract_tb(error.__traceback__)]
    own = [f"{_shown(file)}, line {line}" for file, line in calls if is_own(file)]
    return own[-1] if own else None


def is_own(file: Path) -> bool:
    """Tell people's code; what was typed or generated, as ``<string>``, has no file to look into."""
    python = Path(sysconfig.get_path("stdlib"))
    foreign = any(file.is_relative_to(folder) for folder in (_AIQA, python))
    return not foreign and not _PACKAGES & set(file.parts) and not file.name.startswith("<")


def _shown(file: Path) -> str:
    here = Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else file.name
