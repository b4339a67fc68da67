"""Estimators saved by skops, which loads no code that was not agreed to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from aiqa.declare.source import Model, SkopsFile
from aiqa.errors import ModelError, require_extra
from aiqa.scan.models.estimator import EstimatorScorer
from aiqa.scan.models.scorer import Identity


def load_skops(source: SkopsFile, model: Model, root: Path) -> EstimatorScorer:
    """Load the estimator in a skops file.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or holds types that nobody trusts; they are named.
    MissingExtraError
        If skops is not installed.
    """
    path = root / source.path
    if not path.is_file():
        raise ModelError(f"no such file under the project's root {root.resolve().name!r}", file=source.path)
    content = path.read_bytes()
    identity = Identity(f"sha256:{hashlib.sha256(content).hexdigest()}", size=len(content))
    return EstimatorScorer(_loaded(content, source), model, identity)


def _loaded(content: bytes, source: SkopsFile) -> Any:
    io = require_extra("skops.io", "skops", "loading a .skops file")
    try:
        strange = sorted(set(io.get_untrusted_types(data=content)) - set(source.trusted))
        if not strange:
            return io.loads(content, trusted=list(source.trusted))
    except Exception as error:
        raise ModelError(
            f"not readable as a skops file: {type(error).__name__}: {error}", file=source.path
        ) from error
    raise ModelError(
        f"the file holds types that are not trusted: {', '.join(strange)}; if you know them, declare "
        f"aiqa.model(..., trusted={strange!r})",
        file=source.path,
    )
