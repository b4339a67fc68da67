"""The errors that aiqa raises, each a sentence a person can act on.

::

    AiqaError
    ├── DeclarationError   a check, gate, metric or expectation is written wrongly
    ├── ConfigError        [tool.aiqa] or a command-line option is wrong
    ├── DataError          a data set cannot be read or holds what it must not (file, column, row)
    ├── ModelError         a model cannot be loaded, raises, or answers in the wrong shape
    ├── MetricError        a metric is not defined on these numbers (one class only, no rows, ...)
    │   └── SizeError      a metric needs more rows in one place than may be fetched there
    ├── EvidenceError      a stored run is missing or damaged
    └── MissingExtraError  an optional dependency is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


class AiqaError(Exception):
    """Base of every error that aiqa raises on purpose."""


class DeclarationError(AiqaError, ValueError):
    """A declaration is wrong; nothing has been read yet."""


class ConfigError(AiqaError, ValueError):
    """A setting is wrong; the message names the key, the file and what was expected."""


class DataError(AiqaError, ValueError):
    """Data cannot be read, or holds what it must not.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    file, column, row : optional
        Where it is: the file, the column, and the first offending row,
        counted from 0.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        column: str | None = None,
        row: int | None = None,
    ) -> None:
        super().__init__(message)
        self.file = file
        self.column = column
        self.row = row

    def __str__(self) -> str:
        places = (("file", self.file), ("column", self.column), ("row", self.row))
        where = ", ".join(f"{name} {value}" for name, value in places if value is not None)
        message = super().__str__()
        return f"{message} ({where})" if where else message


class ModelError(DataError):
    """A model cannot be loaded, raises, or answers in the wrong shape."""


class MetricError(DataError):
    """A metric is not defined on these numbers; never answered with a NaN."""


class SizeError(MetricError):
    """A metric needs more rows in one place than may be fetched there; the message says what to do."""


class EvidenceError(AiqaError):
    """A stored run is missing, damaged, or of a version that this aiqa cannot read."""


class MissingExtraError(AiqaError, ImportError):
    """An optional dependency is not installed; the message is the command that installs it."""


class UndecidedWarning(UserWarning):
    """A gate that a plain test requires could not be decided, and its policy only warns."""


def require_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency at its first use.

    Parameters
    ----------
    module : str
        What to import, dotted.
    extra : str
        The extra of ``pytest-aiqa`` that brings it.
    purpose : str
        What the user wanted, for the message.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise
        raise MissingExtraError(
            f"{purpose} needs {module.partition('.')[0]}: pip install 'pytest-aiqa[{extra}]'"
        ) from error


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, as the end of an error message.

    Examples
    --------
    >>> nearest("roc_acu", ["roc_auc", "recall"])
    "; did you mean 'roc_auc'?"
    >>> nearest("zzz", ["roc_auc", "recall"])
    '; known: recall, roc_auc'
    """
    names = sorted(known)
    same = [known_ for known_ in names if known_.casefold() == name.casefold()]
    close = same or difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
