"""Clients of others write to the terminal, log and warn; what matters of it, a delivery says."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def quiet(variables: Mapping[str, str] | None = None) -> Iterator[None]:
    """Silence logs and warnings of this process and set environment variables; put all back after."""
    variables = variables or {}
    before = {name: os.environ.get(name) for name in variables}
    disabled = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        os.environ.update(variables)
        try:
            yield
        finally:
            logging.disable(disabled)
            _restore(before)


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
