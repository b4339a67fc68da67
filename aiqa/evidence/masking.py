"""Secrets are taken out of text before it is stored or shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

MASK = "***"

_NAME = re.compile(
    r"token(?!iz)|secret|passw|pwd|credential|api-?key|(^|[-_.])(key|auth|authorization|pat)($|[-_.])"
    r"|(access|account|private|signing|storage)[-_]?key",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,20}://)[^/?#\s]*@", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"(?P<name>(?:token(?!iz)|secret|passw|pwd|credential|api[-_]?key|access[-_]?key|account[-_]?key"
    r"|(?<![a-z])sig(?![a-z]))[\w.-]{0,40}['\"]?\s{0,4}[=:]\s{0,4})(?:(?:bearer|basic)\s+)?"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s&;,'\"]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?P<scheme>bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_SHAPES = re.compile(
    r"\b(?:gh[a-z]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|dapi[0-9a-f]{16,}|AKIA[0-9A-Z]{16}|xox[a-z]-[\w-]{10,}"
    r"|hf_\w{16,}|sk-[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)


def mask(text: str) -> str:
    """Return `text` with what looks like a secret replaced by ``***``.

    Credentials in addresses, values after names such as ``token=`` or ``password:``, authorization
    headers, and tokens whose shape is known.

    Examples
    --------
    >>> mask("https://ann:s3cret@mlflow.example.org/api?token=abc&page=2")
    'https://***@mlflow.example.org/api?token=***&page=2'
    """
    text = _IN_ADDRESS.sub(rf"\g<scheme>{MASK}@", text)
    text = _IN_TEXT.sub(rf"\g<name>{MASK}", text)
    text = _BEARER.sub(rf"\g<scheme> {MASK}", text)
    return _SHAPES.sub(MASK, text)


def mask_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without its secrets: ``--token=x``, ``--token x``, ``KEY=x``, and :func:`mask`.

    Examples
    --------
    >>> mask_arguments(["pytest", "--aiqa", "-k", "fraud", "--db-password", "hunter2"])
    ('pytest', '--aiqa', '-k', 'fraud', '--db-password', '***')
    """
    masked: list[str] = []
    secret_follows = False
    for argument in arguments:
        hidden = secret_follows and not argument.startswith("--")
        masked.append(MASK if hidden else _mask_argument(argument))
        secret_follows = argument.startswith("--") and "=" not in argument and _is_secret(argument)
    return tuple(masked)


def _mask_argument(argument: str) -> str:
    name, equals, _ = argument.partition("=")
    if equals and _is_secret(name):
        return f"{name}={MASK}"
    return mask(argument)


def _is_secret(name: str) -> bool:
    return " " not in name and _NAME.search(name.lstrip("-")) is not None
